"""The virtual bench as a process: a fixture on a pseudo-terminal, in real time.

Virtual time follows the clock on the wall and is never ahead of it, so that the firmware's watchdog
and heartbeat mean what they mean on a real bench. On a machine that can't keep up it falls behind
and stays there: no heartbeat is lost because the simulator was slow. While the host waits for an
answer there is nothing to catch up with: it waits for nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import sys
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from realnet_hw.emulate.array_plant import ArrayPlant
from realnet_hw.emulate.eeprom import keep, restore
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.plant import Plant, SpicePlant, drawn
from realnet_hw.emulate.scopes.virtual_scope import Wanted, scopes_on
from realnet_hw.emulate.timed_plant import TimedPlant
from realnet_hw.emulate.truths import draw_circuit, draw_errors
from realnet_hw.emulate.wiring import Wiring
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.export.deck import Deck
    from realnet_hw.measure.station import VirtualBench
    from realnet_hw.predict.engine import Engine

# Bytes that come before the firmware has switched its receiver on would be lost.
_BOOT_s = 0.05
# Between two looks at the wire: while bytes fly, and while nothing happens.
_BUSY_SLICE_s = 0.5e-3
_IDLE_SLICE_s = 20e-3
_BUSY_AFTER_BYTE_s = 0.05
# More delay than this is forgiven: a quarter of the shortest heartbeat that is in common use.
_LAG_MAX_s = 0.25
# A host that has written waits no longer for virtual time to catch up, which goes in slices.
_PATIENCE_s, _CATCH_UP_SLICE_s = 0.05, 5e-3
# The board has been switched on so long before the fixture.
_SWITCHED_ON_s = 0.2
# A firing is simulated in so many steps at least.
_STEPS = 400
# What a host that reads nothing can leave behind, as in a serial adapter's buffer.
_UNREAD_bytes = 65_536


class BenchServer:
    """Serves a fixture on a pseudo-terminal of its own until it is stopped or left alone.

    ``run`` blocks; it may run in a thread while another looks at the fixture's terminals and calls
    ``stop``.

    Args:
        fixture: powered, its CPU not yet run.
        idle_s: without a byte for so long, ...
        abandoned: ... and when this says so, ``run`` ends.
    """

    def __init__(
        self,
        fixture: VirtualFixture,
        *,
        idle_s: float = 30.0,
        abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        fixture.run_for(_BOOT_s)
        self.fixture = fixture
        self._idle_s, self._abandoned = idle_s, abandoned
        # Our own hold on the other end keeps the line up between two hosts.
        self._line, self._other_end = pty.openpty()
        tty.setraw(self._other_end)
        os.set_blocking(self._line, False)
        self._bell, self._bell_rope = os.pipe()
        self._stopping = False
        self._unread = bytearray()

    @property
    def address(self) -> str:
        """The VISA resource name of the fixture."""
        return f"ASRL{os.ttyname(self._other_end)}::INSTR"

    def stop(self) -> None:
        """Make ``run`` end soon; may be called from a signal handler or another thread."""
        self._stopping = True
        os.write(self._bell_rope, b"!")

    def close(self) -> None:
        """Take the pseudo-terminal away, after ``run`` has ended."""
        for handle in (self._line, self._other_end, self._bell, self._bell_rope):
            os.close(handle)

    def run(self) -> None:
        """Serve.

        Raises:
            BenchError: the firmware crashed.
            SimulationFailed: SPICE found no operating point of the board.
        """
        fixture = self.fixture
        started_s = time.monotonic() - fixture.now_s
        last_byte_s = last_host_s = time.monotonic()
        awaited = False
        while not self._stopping:
            now_s = time.monotonic()
            behind_s = now_s - started_s - fixture.now_s
            busy = now_s - last_byte_s < _BUSY_AFTER_BYTE_s
            slice_s = _BUSY_SLICE_s if busy else _IDLE_SLICE_s
            data = self._read(max(0.0, slice_s - behind_s))

            now_s = time.monotonic()
            behind_s = now_s - started_s - fixture.now_s
            if behind_s > _LAG_MAX_s:
                started_s += behind_s - _LAG_MAX_s
                behind_s = _LAG_MAX_s
            awaited = awaited or bool(data)
            # Up to now first: the host may have waited for something to settle before it wrote.
            used_s = time.thread_time()
            run_s = self._catch_up(behind_s if data else min(behind_s, slice_s))
            if awaited:
                started_s += max(0.0, time.thread_time() - used_s - run_s)
            if data:
                fixture.send(data)
                last_host_s = now_s
            answer = fixture.receive()
            self._write(answer)
            if answer.endswith(b"\n"):
                awaited = False
            if data or answer:
                last_byte_s = now_s
            if now_s - last_host_s > self._idle_s and self._abandoned():
                return

    def _catch_up(self, behind_s: float) -> float:
        """Let virtual time pass, and return how much: less where the simulator is too slow."""
        begun_s, left_s = time.monotonic(), behind_s
        while left_s > 0 and time.monotonic() - begun_s < _PATIENCE_s:
            self.fixture.run_for(min(left_s, _CATCH_UP_SLICE_s))
            left_s -= _CATCH_UP_SLICE_s
        return behind_s - max(0.0, left_s)

    def _read(self, wait_s: float) -> bytes:
        writing = [self._line] if self._unread else []
        ready, _, _ = select.select([self._line, self._bell], writing, [], wait_s)
        return os.read(self._line, 4096) if self._line in ready else b""

    def _write(self, data: bytes) -> None:
        self._unread += data
        if self._unread:
            with contextlib.suppress(BlockingIOError):
                del self._unread[: os.write(self._line, self._unread)]
            del self._unread[:-_UNREAD_bytes]


def virtual_fixture(
    board: Board,
    deck: Deck,
    *,
    firmware: Path,
    wiring: Mapping[str, str],
    seed: int = 0,
    faults: Sequence[str] = (),
    noise: bool = True,
    truth: str = "even",
    parts: str = "mixed",
    mismatch_V: float | None = None,
    engine: Engine | None = None,
) -> VirtualFixture:
    """Put a drawn board behind a drawn fixture.

    Args:
        board: for the names of its ports and test points.
        deck: the board's deck.
        firmware: the ELF file of the fixture's firmware.
        wiring: ``{"X1": "dac0", "X1.sense": "adc0", "Y": "adc2"}``.
        seed: of the board's parts and of the fixture's errors.
        faults: of the board, such as ``"R3 +20 %"``.
        noise: whether conversions have any.
        truth: how the fixture's errors are drawn, a key of ``truths.FIXTURES``.
        parts: how the board's parts are drawn, a key of ``predict.lots.LOTS``.
        mismatch_V: of the thresholds on a die of a board that learns; the catalogue's if None.
        engine: what solves the board; the usual one for it when left out.

    Raises:
        InputError: a wiring or fault that this board can't have.
        SimulationFailed: the board has no operating point with its inputs at 0 V.
        ToolMissing: libsimavr is not installed.
    """
    if engine is None:
        from realnet_hw.predict.engines import ENGINES, usual_for

        engine = ENGINES[usual_for(board)]()

    def node_of(net: str) -> str:
        if net not in deck.nodes:
            raise InputError(f"the deck has no node for the net {net!r}", where=board.name)
        return deck.nodes[net]

    steady = [point for point in board.test_points if point.kind == "voltage"]
    pulses = [point for point in board.test_points if point.kind == "pulse"]
    open_inputs = {port.name: node_of(port.net) for port in board.inputs if port.safe == "open"}
    wires = Wiring.of(
        wiring,
        inputs=[port.name for port in board.driven],
        nodes={port.name: node_of(port.net) for port in board.outputs}
        | {point.name: node_of(point.net) for point in steady},
        pulses={point.name: node_of(point.net) for point in pulses},
        roles={port.name: port.role for port in board.ports if port.role in ("trigger", "reset")},
        lines=[port.name for port in board.lines],
        open_inputs=open_inputs,
    )
    plant: Plant
    if board.synapses is not None:
        plant = ArrayPlant(
            board, deck, engine, seed=seed, faults=faults, parts=parts, mismatch_V=mismatch_V
        )
    elif board.firing is None:
        plant = SpicePlant(deck, engine, seed=seed, faults=faults, parts=parts)
    else:
        plant = TimedPlant(
            deck,
            engine,
            seed=seed,
            open_inputs=open_inputs,
            step_s=board.firing.read_after_s / _STEPS,
            faults=faults,
            parts=parts,
        )
    # The first solution takes longest: before the bench is ready, not in the first measurement.
    plant.advance(_SWITCHED_ON_s, {})
    for node in list(wires.nodes.values())[:1]:
        plant.read(node)
    return VirtualFixture(
        firmware,
        plant=plant,
        wiring=wires,
        errors=draw_errors(seed, truth=truth, noise=noise),
        circuit=draw_circuit(seed, truth=truth, engine=engine.name),
    )


def serve(
    board: Board,
    deck: Deck,
    *,
    firmware: Path,
    wiring: Mapping[str, str],
    table: VirtualBench,
    idle_s: float = 30.0,
    scopes: Mapping[str, Wanted] | None = None,
    eeprom: Path | None = None,
) -> None:
    """Serve a virtual bench until SIGINT or SIGTERM, or until it is idle and its parent is gone.

    Prints one line of JSON with the address when it is ready, and afterwards, on stderr, the bus
    rules that the firmware broke.

    The parent counts as gone, too, if it was process 1 from the start, or if nobody holds the other
    end of the pipe or terminal at standard input any more.

    Args:
        board, deck, firmware, wiring: as in ``virtual_fixture``.
        table: how fixture and board are drawn, and what simulates the board.
        idle_s: seconds without a byte after which it ends if the parent process is gone.
        scopes: those that are emulated, by name.
        eeprom: file that keeps what the controller's EEPROM holds from one run to the next.

    Raises:
        InputError: a wiring or fault that this board can't have.
        SimulationFailed: the board has no operating point.
        BenchError: the firmware crashed.
        ToolMissing: libsimavr is not installed.
    """
    from realnet_hw.predict.engines import ENGINES, usual_for

    parent = os.getppid()
    chosen = table.engine or usual_for(board)
    simulator = ENGINES[chosen]()
    fixture = virtual_fixture(
        board,
        deck,
        firmware=firmware,
        wiring=wiring,
        seed=table.seed,
        faults=table.faults,
        noise=table.noise,
        truth=table.truth,
        parts=table.parts,
        mismatch_V=table.mismatch_V,
        engine=simulator,
    )
    faulty, parameters = drawn(deck, seed=table.seed, faults=table.faults, parts=table.parts)
    emulated = scopes_on(
        fixture,
        board,
        faulty,
        simulator,
        parameters,
        wiring=wiring,
        wanted=scopes or {},
        seed=table.seed,
    )
    restore(fixture.controller, eeprom)
    server = BenchServer(fixture, idle_s=idle_s, abandoned=lambda: abandoned(parent))
    ready = {
        "fixture": server.address,
        "scopes": {name: scope.addresses for name, scope in emulated.items()},
        "board": board.name,
        "wiring": dict(wiring),
        "seed": table.seed,
        "faults": table.faults,
        "noise": table.noise,
        "truth": table.truth,
        "parts": table.parts,
        "mismatch_V": table.mismatch_V,
        "engine": chosen,
        "pid": os.getpid(),
    }
    try:
        run_until_stopped(server, ready)
    finally:
        keep(fixture.controller, eeprom)
        for scope in emulated.values():
            scope.close()
    for rule in fixture.violations.rules:
        sys.stderr.write(f"{firmware.name}: bus rule broken: {rule}\n")


def run_until_stopped(server: BenchServer, ready: Mapping[str, object]) -> None:
    """Print what says that a bench is ready, serve it until it is stopped, and close it.

    Args:
        server: not yet run.
        ready: the line of JSON that is printed.

    Raises:
        BenchError: the firmware crashed.
        SimulationFailed: the board has no operating point.
    """
    try:
        with _stopped_by_signals(server):
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
            server.run()
    finally:
        server.close()


def abandoned(parent: int) -> bool:
    """Whether the process that started this one is gone.

    A parent that died while this process started left it to process 1, or to another that adopts
    orphans (a session manager), which no pid tells from a parent: then only the pipe does.
    """
    if parent == 1 or os.getppid() != parent:
        return True
    poll = select.poll()
    poll.register(0, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


@contextlib.contextmanager
def _stopped_by_signals(server: BenchServer) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        server.stop()

    kept = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
