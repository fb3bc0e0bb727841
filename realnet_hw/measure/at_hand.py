"""A board on the bench that is asked case by case, for somebody who decides what to ask next.

What is read goes into a journal, like a procedure's; the outputs are grounded on every way out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.measure import assemble, bench, codes, procedure, terminals
from realnet_hw.measure import station as stations
from realnet_hw.measure.fixture import UNATTENDED_S
from realnet_hw.measure.fixture_specification import Clock
from realnet_hw.measure.journal import SUFFIX, Journal, Point
from realnet_hw.records import Component, FixtureCalibration, MeasuredCase

NAME = "diagnose"
"""In place of a procedure's name."""


@dataclass
class AtHand:
    """A board on the bench.

    Args:
        run: what reads it.
        clock: of the fixture's controller.
        calibrated: the budgets of its channels.
        range_V: readings reach from minus that to that.
        calibration: that counts for the fixture, None where none does; the first time that inputs
            are set, what they become is compared with it.
        unattended_s: inputs that nobody reads at for so long need not stay on.
    """

    run: procedure.Run
    clock: Clock
    calibrated: assemble.Calibrated
    range_V: float
    calibration: FixtureCalibration | None = None
    unattended_s: float = UNATTENDED_S
    _held_V: dict[str, float] = field(default_factory=dict, init=False)
    _is_confirmed: bool = field(default=False, init=False)

    @property
    def wiring(self) -> Mapping[str, str]:
        """Terminal to channel."""
        return self.run.wiring

    def case(
        self, inputs: Mapping[str, float]
    ) -> tuple[MeasuredCase, Mapping[str, Sequence[Component]]]:
        """Set the inputs, fire a board of pulses, read everything that is wired, and ground all.

        Args:
            inputs: volts by port.

        Returns:
            What was read, and the budgets of the channels.

        Raises:
            InputError, BenchError, LinkLost: as ``Run.point``.
        """
        run = self.run
        settings = ", ".join(f"{name} = {volts:g} V" for name, volts in inputs.items())
        self._set_up()
        point = run.point(f"{len(run.journal.points)}: {settings}", inputs)
        run.fixture.output(False)
        channels = assemble.budgets(run.wiring, run.journal.points, self.clock, self.calibrated)
        return assemble.case(run.board, run.wiring, point, channels), channels

    def hold(self, inputs: Mapping[str, float]) -> None:
        """Set the inputs for somebody who reads the board by hand, until ``rest``.

        From now on the fixture has to hear from us.

        Raises:
            InputError, BenchError, LinkLost: as ``confirm_held`` and the fixture.
        """
        run = self.run
        self._set_up()
        run.fixture.source({run.wiring[name]: volts for name, volts in inputs.items()})
        self._held_V = dict(inputs)
        run.fixture.wait(run.reading.settle_s)
        self.confirm_held()

    def _set_up(self) -> None:
        run = self.run
        # A shield is not changed with the fixture open, and it takes seconds to look.
        calibration = None if self._is_confirmed else self.calibration
        bench.set_up(run.board, run.wiring, run.fixture, calibration)
        self._is_confirmed = True

    @property
    def holds(self) -> bool:
        """Whether inputs are held."""
        return bool(self._held_V)

    def confirm_held(self) -> None:
        """Make sure that what was just read by hand was read at the inputs that are held.

        Raises:
            BenchError: an input is not what it was set to, or outputs are off; LinkLost and others
                as the fixture.
        """
        read_V = self.run.fixture.read_all()
        self.run.fixture.confirm_on()
        arrived = {name: [read_V[at]] for name, at in self.wiring.items() if at in read_V}
        terminals.check_delivered(self.wiring, self._held_V, arrived)

    def rest(self) -> None:
        """Ground the outputs.

        Raises:
            BenchError, LinkLost: as the fixture.
        """
        self.run.fixture.output(False)
        self._held_V = {}

    @property
    def patience_s(self) -> float:
        """The fixture grounds its outputs when it has not heard from us for so long."""
        return self.run.fixture.heartbeat_s

    def beat(self) -> None:
        """Let the fixture hear from us, and hear from it that what it holds is still there.

        Raises:
            BenchError: outputs went off; LinkLost and others as the fixture.
        """
        if self.holds:
            self.run.fixture.confirm_on()
        else:
            self.run.fixture.ask("*OPC?")


@contextlib.contextmanager
def board_at_hand(
    board: Board,
    circuit_sha256: str,
    station_file: Path,
    out_dir: Path,
    *,
    board_path: str | None = None,
) -> Iterator[AtHand]:
    """Give a board on a station's fixture, its outputs grounded as long as nothing is asked.

    Args:
        board: what is on the bench.
        circuit_sha256: of its netlist.
        station_file: which fixture, and how it is wired.
        out_dir: for the journal; is made if needed.
        board_path: how the virtual bench finds the board, when not by its name.

    Raises:
        InputError: a bad station file or wiring.
        BenchError: the fixture did not do as told.
        LinkLost: it does not answer.
    """
    station = stations.load(station_file)
    wiring = stations.wiring_for(station, board, where=str(station_file))
    started = datetime.now(UTC)
    path = out_dir / f"{board.name}-{NAME}-{started:%Y%m%dT%H%M%S%f}Z{SUFFIX}"
    with bench.fixture_at(station, station_file, board_path or board.name) as fixture:
        calibration = bench.calibration_of(fixture, station)
        header = bench.header_of(
            board,
            circuit_sha256,
            station,
            fixture,
            calibration,
            started,
            procedure_name=NAME,
            procedure_sha256="",
        )
        journal: Journal[Point] = Journal.begin(path, header)
        with journal:
            fixture.average(station.reading.average)
            run = procedure.Run(
                board, wiring, fixture, journal, station.reading, lambda _done, _total, _next: None
            )
            held = fixture.corrections()
            reach_V = codes.reach_V(held[name] for name in wiring.values() if name in held)
            yield AtHand(run, station.clock, calibration.components, reach_V, calibration.record)
            fixture.output(False)
