"""Procedures: how a board is measured, one file each in bench/procedures.

A procedure's file declares one ``PROCEDURE``. What it does is written against ``Run``: for each
point it asks for the settings and readings; a point that the journal has already is not taken
again. It never sees where the fixture is, whether it is real, or how a run is resumed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from realnet_hw import project
from realnet_hw.board import Board, Firing
from realnet_hw.errors import InputError
from realnet_hw.measure import terminals
from realnet_hw.measure.codes import terminal_V
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.fixture_specification import ADC_CHANNELS, PULSE_CHANNELS
from realnet_hw.measure.journal import Journal, Point
from realnet_hw.measure.probes import Probe
from realnet_hw.measure.scopes.scope import Scope
from realnet_hw.measure.station import Reading

Progress = Callable[[int, int, str], None]
"""Called with how many points are done, how many there are, and what comes next."""


@dataclass(frozen=True)
class Run:
    """What a procedure works with.

    Args:
        board: the board on the bench.
        wiring: terminal to channel.
        fixture: with outputs on, within the board's limits.
        journal: of this run.
        reading: how each point is read.
        progress: to be told of every point.
        scopes: by name; none where the procedure needs none.
        scope_drivers: by name, what they are driven by.
        probes: by terminal, which channel of which scope is on it.
    """

    board: Board
    wiring: Mapping[str, str]
    fixture: Fixture
    journal: Journal[Point]
    reading: Reading
    progress: Progress
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    scope_drivers: Mapping[str, str] = field(default_factory=dict)
    probes: Mapping[str, Probe] = field(default_factory=dict)

    def point(self, key: str, set_V: Mapping[str, float], *, repeats: int | None = None) -> Point:
        """Set the inputs, wait, read every wired terminal, and return it when it is on disk.

        A board of pulses is fired for each reading: once for each pulse that is wired, for the
        fixture times one at a time.

        Args:
            key: unique within the run.
            set_V: input terminal to volts.
            repeats: how often it is read; as the station says when left out.

        Raises:
            InputError: a voltage that the board does not allow.
            BenchError, LinkLost: as the fixture.
        """
        known = self.journal.get(key)
        if known is not None:
            return known
        self.fixture.source({self.wiring[name]: volts for name, volts in set_V.items()})
        self.fixture.wait(self.reading.settle_s)
        senses = self._wired_to(ADC_CHANNELS)
        pulses = self._wired_to(PULSE_CHANNELS)
        count = self.reading.repeats if repeats is None else repeats
        if self.board.firing is not None:
            taken = self._fired(self.board.firing, senses, pulses, count)
        elif gives_codes(self.board) and senses:
            taken = self._steady(senses, count)
        else:
            taken = _Taken(self._held(senses, count))
        self.fixture.confirm_on()
        terminals.check_delivered(self.wiring, set_V, taken.readings_V)
        point = Point(
            point=key,
            time_utc=utc_now(),
            set_V=dict(set_V),
            readings_V=taken.readings_V,
            widths_s=taken.widths_s,
            untimed=taken.untimed,
            codes=taken.codes,
        )
        self.journal.record(point)
        return point

    def _wired_to(self, channels: Collection[str]) -> dict[str, str]:
        return {terminal: name for terminal, name in self.wiring.items() if name in channels}

    def _steady(self, senses: Mapping[str, str], count: int) -> _Taken:
        """Read a board at rest."""
        average, corrections = self.reading.average, self.journal.header.corrections
        read = self.fixture.read_codes(list(senses.values()), count, average=average)
        return _Taken(
            {
                terminal: [terminal_V(code, corrections[channel]) for code in read[channel]]
                for terminal, channel in senses.items()
            },
            codes={terminal: read[channel] for terminal, channel in senses.items()},
        )

    def _held(self, senses: Mapping[str, str], count: int) -> dict[str, list[float]]:
        """Read a board whose weights are refreshed meanwhile."""
        read = [self.fixture.read_all() for _ in range(count)]
        return {terminal: [each[name] for each in read] for terminal, name in senses.items()}

    def _fired(
        self, firing: Firing, senses: Mapping[str, str], pulses: Mapping[str, str], count: int
    ) -> _Taken:
        """Fire a board for each reading, once for each pulse that is wired."""
        readings: dict[str, list[float]] = {terminal: [] for terminal in senses}
        widths: dict[str, list[float]] = {terminal: [] for terminal in pulses}
        untimed: dict[str, str] = {}
        for _ in range(count):
            for timed in pulses or [None]:
                seen = self.fixture.fire(firing, list(senses.values()), timed and pulses[timed])
                for terminal, channel in senses.items():
                    readings[terminal].append(seen.volts[channel])
                if timed and seen.width_s is not None:
                    widths[timed].append(seen.width_s)
                elif timed and seen.untimed is not None:
                    untimed[timed] = seen.untimed
        known = {name: of for name, of in widths.items() if name not in untimed}
        return _Taken(readings, known, untimed)


def gives_codes(board: Board) -> bool:
    """Whether a board is read as codes: not while it is fired, nor while weights are refreshed."""
    return board.firing is None and board.synapses is None


@dataclass(frozen=True)
class _Taken:
    """What was read at a point: as ``Point`` has it."""

    readings_V: dict[str, list[float]]
    widths_s: dict[str, list[float]] = field(default_factory=dict)
    untimed: dict[str, str] = field(default_factory=dict)
    codes: dict[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Procedure:
    """A way to measure a board.

    Args:
        name: as ``realnet measure --procedure`` takes it: its file's name.
        doc: one sentence.
        measure: takes the points; returns one for each of the board's cases, in their order, and
            those of edges.
        needs_scope: whether it works with the station's oscilloscopes.
    """

    name: str
    doc: str
    measure: Callable[[Run], list[Point]]
    needs_scope: bool = False


def load(name: str) -> tuple[Procedure, str]:
    """Find a procedure by name: the user's own project first, then the bundle.

    Returns:
        The procedure and the SHA-256 of its file.

    Raises:
        InputError: there is no such procedure, or its file does not declare one of its name.
    """
    files = project.procedure_files()
    if name not in files:
        raise InputError(
            f"no procedure {name!r}",
            allowed=", ".join(sorted(files)) or "none is here",
            mend="a procedure is a file in bench/procedures",
        )
    return read(files[name])


def read(path: Path) -> tuple[Procedure, str]:
    """Read a procedure's file; returns and raises as ``load``."""
    module = project.load_module(path)
    procedure = getattr(module, "PROCEDURE", None)
    if not isinstance(procedure, Procedure) or procedure.name != path.stem:
        raise InputError(
            "no PROCEDURE of this name is declared",
            where=str(path),
            mend=f"declare PROCEDURE = Procedure(name={path.stem!r}, doc=..., measure=...)",
        )
    return procedure, hashlib.sha256(path.read_bytes()).hexdigest()


def utc_now() -> str:
    """Return the time as ISO 8601 to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
