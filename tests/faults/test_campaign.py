"""Faults of host, cable, fixture and inputs: what becomes of the board, what the person is told.

The real firmware serves in real time, the host is the real program. After each fault the terminals
are grounded in the time that docs/explanation/safety.md promises, one line says what to do, and
``--resume`` then completes the measurement, point by point the same as undisturbed.
"""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.emulate.front_end import RELAY_MAX_s
from realnet_hw.emulate.mcu import ResetCause
from realnet_hw.emulate.plant import Cable as Wire
from realnet_hw.emulate.wiring import LOOPBACK, Wiring
from realnet_hw.errors import BenchError, LinkLost
from realnet_hw.export import netlist
from realnet_hw.measure import bench as measuring
from realnet_hw.measure import journal
from realnet_hw.measure.fixture import Fixture
from realnet_hw.records import Measurement
from tests.faults.conftest import BOARD
from tests.faults.desk import Desk, NotedFixture, desk

HEARTBEAT_s = 1.0
# The clock's millisecond, at which the firmware looks.
TICK_s = 1e-3
HANG_LIMIT_s = 0.25
# The firmware looks at its rails once a millisecond, and judges what it began at the last look.
_RAILS_LOST_s = 2.2e-3

Disturb = Callable[[Desk], None]


@functools.cache
def circuit() -> str:
    """What says which circuit was measured, as the program itself has it."""
    return netlist.from_board(load_board(BOARD)).sha256()


def measured(board: Board, desk: Desk, folder: Path, disturb: Disturb, *, at: int) -> Measurement:
    """Measure, with a disturbance after so many points."""
    station = desk.station(folder)

    def told(done: int, _total: int, _next: str) -> None:
        if done == at:
            disturb(desk)

    return measuring.measure(board, circuit(), station, folder / "out", progress=told)


def goes_on(board: Board, desk: Desk, folder: Path) -> None:
    """One command, and the measurement is complete."""
    station, out = folder / "station.toml", folder / "out"
    check(board, desk, measuring.measure(board, circuit(), station, out, resume=True))


def check(board: Board, desk: Desk, record: Measurement) -> None:
    """Every case is there once, every input arrived as it was set, and outputs are off."""
    assert [{n: v.set_V for n, v in case.inputs.items()} for case in record.cases] == [
        dict(case.inputs) for case in board.cases
    ]
    for case in record.cases:
        for given in case.inputs.values():
            assert given.value_V == pytest.approx(given.set_V, abs=0.003)
    assert not desk.fixture.connected


def points_kept(folder: Path) -> int:
    """How many points the journal holds; none while there is no journal."""
    found = [path.read_bytes() for path in (folder / "out").glob("*.jsonl")]
    return len(journal.parse(found[0], journal.Point, where="")[1]) if found and found[0] else 0


# -------------------------------------------------------------------------------------- the host


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_host_ended(
    board: Board, bench: Desk, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    station = bench.station(tmp_path, settle_s=0.4)
    command = [sys.executable, "-m", "realnet_hw", "measure", BOARD, "--station", str(station)]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True
    ) as process:
        bench.wait_until(lambda: process.poll() is not None or points_kept(tmp_path) > 0)
        assert bench.fixture.connected
        process.send_signal(number)
        told = process.communicate(timeout=20)[1]
    assert process.returncode == status
    assert "Traceback" not in told
    bench.wait_until_grounded()
    with Fixture(bench.cable.address) as fixture:
        by_heartbeat = any(notice.startswith("101 ") for notice in fixture.notices)
    if number == signal.SIGKILL:
        assert by_heartbeat
        silent_s = bench.fixture.switched[-1][0] - bench.fixture.heard_s
        # It may have been in the middle of the wait that it is fed in.
        assert silent_s <= HEARTBEAT_s + TICK_s
    else:
        assert not by_heartbeat, "the program itself grounded them"
    kept = points_kept(tmp_path)
    goes_on(board, bench, tmp_path)
    assert points_kept(tmp_path) == len(board.cases) >= kept


# ------------------------------------------------------------------------------------- the cable


def test_cable_out_in_mid_sweep(bench: Desk, tmp_path: Path) -> None:
    timer = threading.Timer(0.25, bench.cable.pull_out)

    def sweep() -> None:
        with Fixture(bench.cable.address) as fixture:
            fixture.limit({"dac0": (0.0, 5.0)})
            fixture.output(True)
            timer.start()
            fixture.sweep("dac0", 0.0, 5.0, 2000, ["adc0"], settle_s=5e-3)

    with pytest.raises(LinkLost, match=r"grounds the outputs 1 s after the last word; check the"):
        sweep()
    timer.join()
    bench.wait_until_grounded()
    assert bench.fixture.grounded_s - bench.fixture.heard_s <= HEARTBEAT_s + TICK_s + RELAY_MAX_s
    bench.cable.plug_in()
    assert "outputs are grounded" in measuring.safe(bench.station(tmp_path))


def test_cable_out_between_two_points(board: Board, bench: Desk, tmp_path: Path) -> None:
    with pytest.raises(LinkLost, match=r"go on with --resume"):
        measured(board, bench, tmp_path, lambda desk: desk.cable.pull_out(), at=2)
    bench.wait_until_grounded()
    assert points_kept(tmp_path) == 2
    bench.cable.plug_in()
    goes_on(board, bench, tmp_path)


_NOISE = bytes(range(256)).replace(b"\n", b"").replace(b"\x03", b"")


@pytest.mark.parametrize(
    "disturb",
    [
        pytest.param(lambda desk: desk.cable.to_fixture(_NOISE), id="garbage to the fixture"),
        pytest.param(
            lambda desk: desk.cable.to_host(_NOISE + b"\n1.5\n"), id="garbage to the host"
        ),
        pytest.param(lambda desk: desk.cable.to_fixture(b"SOUR1:VOLT 9;:OUT"), id="half a command"),
        pytest.param(lambda desk: desk.cable.to_fixture(b"MEAS:VOLT:ALL?\n" * 300), id="a flood"),
        pytest.param(lambda desk: desk.cable.to_fixture(b"\x03"), id="a device clear"),
        pytest.param(lambda desk: desk.cable.to_fixture(b"OUTP OFF\n"), id="another program"),
    ],
)
def test_line_disturbed(board: Board, bench: Desk, tmp_path: Path, disturb: Disturb) -> None:
    """Either nothing comes of it, or the run ends with a line that says what to do."""
    try:
        record = measured(board, bench, tmp_path, disturb, at=1)
    except BenchError as error:
        told = str(error)
    else:
        told = ""
        check(board, bench, record)
    assert "\n" not in told
    bench.wait_until_grounded()
    if told:
        goes_on(board, bench, tmp_path)
    assert points_kept(tmp_path) == len(board.cases)
    assert bench.fixture.controller.resets == 0


# ----------------------------------------------------------------------------------- the fixture


def test_firmware_hung(board: Board, bench: Desk, tmp_path: Path) -> None:
    hung_s = []

    def hang(desk: Desk) -> None:
        with desk.fixture.held():
            hung_s.append(desk.fixture.now_s)
            desk.fixture.force_hang()

    with pytest.raises(BenchError, match=r"102 Watchdog reset; .*outputs are grounded; .*--resume"):
        measured(board, bench, tmp_path, hang, at=1)
    bench.wait_until_grounded()
    released_s = next(at_s for at_s, level in bench.fixture.switched if at_s > hung_s[0])
    assert released_s + RELAY_MAX_s - hung_s[0] < HANG_LIMIT_s
    assert points_kept(tmp_path) == 1
    goes_on(board, bench, tmp_path)


@pytest.mark.parametrize(
    ("at", "starts_s", "told"),
    [
        (0, 0.1, r"went off by themselves; check the fixture's supply, then go on with --resume"),
        (2, 0.1, r"went off by themselves; check the fixture's supply, then go on with --resume"),
        # What is sent while it starts is lost, or half of it.
        (2, 0.0, r"go on with --resume"),
    ],
)
def test_fixture_loses_its_supply(
    board: Board, bench: Desk, tmp_path: Path, at: int, starts_s: float, told: str
) -> None:
    """At 0 before the first point: the limits that the firmware was told are forgotten with it."""

    with pytest.raises(BenchError, match=told):
        measured(board, bench, tmp_path, lambda desk: desk.restart(starts_s), at=at)
    bench.wait_until_grounded()
    assert points_kept(tmp_path) == at
    goes_on(board, bench, tmp_path)


@pytest.mark.parametrize(
    ("at", "back"), [(0, True), (2, True), (2, False)], ids=["at once", "a moment", "for good"]
)
def test_fixture_loses_its_rails(
    board: Board, bench: Desk, tmp_path: Path, at: int, *, back: bool
) -> None:
    """Sources and senses go on as if nothing were, and no input is read back where it matters."""

    def lose(desk: Desk) -> None:
        with desk.fixture.held():
            desk.fixture.supply(is_there=False)
            desk.fixture.run_for(_RAILS_LOST_s)
            desk.fixture.supply(is_there=back)

    with pytest.raises(BenchError, match=r"106 Analogue supply lost; .*\+15 V or -15 V .*--resume"):
        measured(board, bench, tmp_path, lose, at=at)
    bench.wait_until_grounded()
    bench.fixture.supply(is_there=True)
    bench.wait_until_grounded()
    assert points_kept(tmp_path) == at
    goes_on(board, bench, tmp_path)


def test_limits_forgotten_before_outputs_go_on(bench: Desk) -> None:
    with Fixture(bench.cable.address) as fixture:
        fixture.limit({"dac0": (0.0, 5.0)})
        bench.fixture.reset(ResetCause.POWER_ON)
        with pytest.raises(BenchError, match="forgotten the limits"):
            fixture.output(True)
    assert bench.fixture.switched == []


# ------------------------------------------------------------------------------------- the board


def test_input_shorted(board: Board, bench: Desk, tmp_path: Path) -> None:
    """The source gives what it can, and the sense at the terminal tells that it does not arrive."""
    with pytest.raises(
        BenchError, match=r"X2 at dac1: 5 V is set and 0\.\d\d V arrives .*look for a short at X2"
    ):
        measured(board, bench, tmp_path, lambda desk: desk.fixture.load(1, 4.0), at=0)
    bench.wait_until_grounded()
    assert points_kept(tmp_path) == 1, "with X2 at 0 V a short changes nothing"
    bench.fixture.load(1, float("inf"))
    goes_on(board, bench, tmp_path)


class _Driven(Wire):
    """A board whose input is on its supply."""

    def read(self, node: str) -> float:
        return 4.7


def test_input_driven_by_something_else(board: Board, firmware: Path, tmp_path: Path) -> None:
    """Wired wrongly, or another board: outputs are not even switched on."""
    wires = Wiring(LOOPBACK.inputs, {0: "X1"}, {n: n for n in range(1, 6)})
    with desk(NotedFixture(firmware, plant=_Driven(), wiring=wires), tmp_path) as bench:
        with pytest.raises(BenchError, match=r"X1 at adc0: 4\.70 V is there while outputs are off"):
            measured(board, bench, tmp_path, lambda _desk: None, at=0)
        assert bench.fixture.switched == []
