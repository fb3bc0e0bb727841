"""Taking the points of a calibration.

All senses are joined by one wire, and one lead puts that wire on a source, on ground or on the
reference. A meter on the wire tells what is there. So one reading of it serves a source and every
sense at once; where a person has to read it, it is asked for on one source only, and the senses,
which are known then, measure the others.

Readings are the converters' own codes, before any correction, so that nothing need be cleared
beforehand: what the controller holds stays as it is until a whole new calibration is there.

Every point is on the disk before the next is taken. Outputs are grounded while a lead is moved.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.levels import levels_V
from realnet_hw.measure.calibration.line import line_through
from realnet_hw.measure.calibration.mid import moved, read_mid_V
from realnet_hw.measure.calibration.person import Hands
from realnet_hw.measure.calibration.standards import REFERENCE_V, Meter
from realnet_hw.measure.calibration.stored import GAIN_MAX_PPM, OFFSET_MAX_V, undone
from realnet_hw.measure.codes import Correction, terminal_V
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.fixture_specification import (
    DAC_CHANNELS,
    DAC_INL_BOUND_V,
    LSB_V,
    MID_CHANNEL,
    SENSE_CHANNELS,
    SOURCE_REACH_V,
)
from realnet_hw.measure.journal import Entry, Journal
from realnet_hw.measure.procedure import Progress, utc_now
from realnet_hw.measure.station import SENSE_SUFFIX
from realnet_hw.measure.terminals import check_delivered, check_no_board

GROUND, REFERENCE = "GND", "REF"
NOISE = "noise"
"""Key of the point that noise is told from: single conversions, outputs grounded."""
MID = "mid"
"""Key of the point that the shield is known by: its mid reference."""
AGAIN = " again"
"""Behind the key of a point that was taken a second time: the first does not count then."""
CHECK = "check"

OUTLIER_V = 3 * LSB_V
"""So far off a straight line is no point of a sense that works: 1 LSB, noise and a step come up."""

Kind = Literal["meter", "typed", "reference"]


@dataclass(frozen=True)
class Plan:
    """How many points, and how each is read.

    Args:
        asked: levels of a source that a meter is asked at.
        typed: levels that a person reads it at, on the first source alone.
        unasked: levels of a source that the senses alone measure.
        fixed: readings of ground and of the reference, where there is no meter.
        checks: fresh levels afterwards; of typed ones as many as ``typed_checks``.
        rounds: readings of every sense at a level, half before and half after the meter's.
        average: conversions in each.
        singles: single conversions that noise is told from.
        settle_s: from setting a source to reading.
    """

    asked: int = 41
    typed: int = 11
    unasked: int = 41
    fixed: int = 9
    checks: int = 5
    typed_checks: int = 3
    rounds: int = 4
    average: int = 64
    singles: int = 32
    settle_s: float = 0.02


@dataclass(frozen=True)
class _Pass:
    """Points on one lead, in the order to take them.

    Args:
        name: that their keys begin with.
        lead: where the senses are.
        levels_V: of the source; None where there is none.
        is_asked: whether the meter is.
    """

    name: str
    lead: str
    levels_V: Sequence[float | None]
    is_asked: bool = False


class TakenPoint(Entry, frozen=True, kw_only=True):
    """A point of a calibration; see ``records.CalibrationReading``."""

    lead: str
    set_V: float | None
    standard_V: float | None
    readings_V: dict[str, list[float]]


@dataclass
class Bench:
    """What a calibration works with.

    Args:
        fixture: open, outputs off.
        meter: on the wire that joins the senses; None to compare with the own reference.
        kind: how that meter is read, or that there is none.
        hands: who moves the lead.
        journal: of this run.
        held: the corrections that the controller holds, by channel.
        plan: how many points.
        progress: told before each point.
    """

    fixture: Fixture
    meter: Meter | None
    kind: Kind
    hands: Hands
    journal: Journal[TakenPoint]
    held: Mapping[str, Correction]
    plan: Plan
    progress: Progress

    def __post_init__(self) -> None:
        self._lead = ""
        self._done = 0
        self._total = 1 + sum(len(each.levels_V) for each in self._passes())

    # ------------------------------------------------------------------------------------- points

    def take(self) -> list[TakenPoint]:
        """Take every point that is not in the journal yet; return those that count.

        Raises:
            BenchError: points that do not lie on a line, or another shield than that of the points
                that are in the journal; as fixture and meter.
            LinkLost: as these.
        """
        self._same_shield()
        self._noise()
        for each in self._passes():
            self._pass(each)
        self.fixture.output(False)
        return self.taken()

    def taken(self) -> list[TakenPoint]:
        """Return the points in the journal that count for the lines."""
        return [
            each
            for each in counting(self.journal.points)
            if each.point != MID and not each.point.startswith(CHECK)
        ]

    @property
    def is_whole(self) -> bool:
        """Whether no point is missing but those of the check."""
        passes = ((each.name, len(each.levels_V)) for each in self._passes())
        keys = [NOISE, *(_key(name, index) for name, count in passes for index in range(count))]
        return all(self.journal.get(key) is not None for key in keys)

    @property
    def mid_V(self) -> list[float]:
        """What the mid reference read before the first point; nothing before that."""
        known = self.journal.get(MID)
        return known.readings_V[MID_CHANNEL] if known else []

    def _same_shield(self) -> None:
        """Read what this shield is known by, or compare it with that of the points there are."""
        read_V, known = read_mid_V(self.fixture), self.journal.get(MID)
        if known is None:
            self.journal.record(
                TakenPoint(
                    point=MID,
                    time_utc=utc_now(),
                    lead=MID_CHANNEL,
                    set_V=None,
                    standard_V=None,
                    readings_V={MID_CHANNEL: read_V},
                )
            )
            return
        if words := moved(known.readings_V[MID_CHANNEL], read_V):
            raise BenchError(
                f"this is another shield than the calibration was begun with: {words}",
                where=self.fixture.address,
                mend="put that one back, or begin anew, without --resume",
            )

    def _passes(self) -> list[_Pass]:
        plan, first = self.plan, DAC_CHANNELS[0]
        if self.kind == "meter":
            return [
                _Pass(lead, lead, levels_V(plan.asked, start=number), is_asked=True)
                for number, lead in enumerate(DAC_CHANNELS)
            ]
        passes = [
            _Pass(lead, lead, levels_V(plan.unasked, start=number))
            for number, lead in enumerate(DAC_CHANNELS)
        ]
        if self.kind == "typed":
            typed = levels_V(plan.typed, start=len(DAC_CHANNELS))
            return [_Pass("meter", first, typed, is_asked=True), *passes]
        fixed = [_Pass(lead, lead, [None] * plan.fixed) for lead in (GROUND, REFERENCE)]
        return [*fixed, *passes]

    def _noise(self) -> None:
        """Read single conversions of a source at 0 V."""
        self._tell(NOISE)
        if self.journal.get(NOISE) is not None:
            return
        self.put(DAC_CHANNELS[0])
        self._record(NOISE, DAC_CHANNELS[0], None, None, self._raw(self.plan.singles, 1))

    def _pass(self, each: _Pass) -> None:
        keys = [_key(each.name, index) for index in range(len(each.levels_V))]
        taken = [self._point(each, key, n) for n, key in enumerate(keys)]
        if not each.is_asked:
            return
        for point in outliers(taken):
            self._point(each, point.point + AGAIN, keys.index(point.point))
        both = {*keys, *(key + AGAIN for key in keys)}
        strange = outliers(counting([p for p in self.journal.points if p.point in both]))
        if strange:
            raise BenchError(
                f"at {', '.join(point.point for point in strange)} the meter and the senses do not "
                "lie on one straight line",
                where=self.fixture.address,
                allowed=f"within {OUTLIER_V * 1e3:.0f} mV",
                mend="check the leads and the meter's range, then start anew",
            )

    def _point(self, each: _Pass, key: str, index: int) -> TakenPoint:
        """Take a point of a pass, unless it is in the journal."""
        if not key.endswith(AGAIN):
            self._tell(key)
        known = self.journal.get(key)
        if known is not None:
            return known
        lead, level_V = each.lead, each.levels_V[index]
        self.put(lead)
        if level_V is not None:
            self.fixture.source({lead: undone(self.held[lead], level_V)})
            self.fixture.wait(self.plan.settle_s)
        rounds = self.plan.rounds
        rows = self._raw(rounds // 2, self.plan.average)
        standard_V = {GROUND: 0.0, REFERENCE: REFERENCE_V}.get(lead)
        if self.meter is not None and each.is_asked:
            expected_V = statistics.fmean(volts for row in rows for volts in row)
            within_V = abs(expected_V) * GAIN_MAX_PPM / 1e6 + OFFSET_MAX_V + OUTLIER_V
            again = AGAIN if key.endswith(AGAIN) else ""
            what = f"{index + 1} of {len(each.levels_V)}{again}: {lead} at {level_V:.2f} V"
            standard_V = self.meter.read(what, expected_V, within_V)
        rows += self._raw(rounds - rounds // 2, self.plan.average)
        self.fixture.confirm_on()
        if level_V is not None:
            arrived = {f"{lead}{SENSE_SUFFIX}": [volts for row in rows for volts in row]}
            check_delivered({lead: lead}, {lead: level_V}, arrived)
        return self._record(key, lead, level_V, standard_V, rows)

    def _record(
        self,
        key: str,
        lead: str,
        level_V: float | None,
        standard_V: float | None,
        rows: Sequence[Sequence[float]],
    ) -> TakenPoint:
        columns = zip(*rows, strict=True)
        point = TakenPoint(
            point=key,
            time_utc=utc_now(),
            lead=lead,
            set_V=level_V,
            standard_V=standard_V,
            readings_V={
                channel: list(column)
                for channel, column in zip(SENSE_CHANNELS, columns, strict=True)
            },
        )
        self.journal.record(point)
        return point

    def _tell(self, key: str) -> None:
        self.progress(self._done, self._total, key)
        self._done += 1

    # ------------------------------------------------------------------------------------ terminals

    def put(self, lead: str) -> None:
        """Have the senses on a lead, outputs grounded meanwhile; no other source is driven.

        Raises:
            BenchError: a board is there, or the lead is elsewhere; as fixture and hands.
        """
        if lead == self._lead:
            return
        self.fixture.source(dict.fromkeys(DAC_CHANNELS, 0.0))
        self.fixture.output(False)
        driven = {lead: (-SOURCE_REACH_V, SOURCE_REACH_V)} if lead in DAC_CHANNELS else {}
        self.fixture.limit(driven)
        self.hands.lead(lead)
        if driven:
            check_no_board(SENSE_CHANNELS, self.fixture)
        self.fixture.output(True)
        self._lead = lead

    def _raw(self, rounds: int, average: int) -> list[list[float]]:
        """Read every sense some times over; return volts without correction, a row a round."""
        codes = self.fixture.read_codes(SENSE_CHANNELS, rounds, average=average)
        columns = [[terminal_V(code) for code in codes[channel]] for channel in SENSE_CHANNELS]
        return [list(row) for row in zip(*columns, strict=True)]

    # --------------------------------------------------------------------------------------- check

    def check(self) -> list[TakenPoint]:
        """Take fresh points on the last lead, with the corrections that are in use now.

        What they hold is corrected: readings as the controller gives them, the source as set.

        Raises:
            BenchError, LinkLost: as fixture and meter.
        """
        lead, plan = DAC_CHANNELS[-1], self.plan
        by_hand = self.kind == "typed"
        count = plan.typed_checks if by_hand else plan.checks
        self.put(lead)
        self.fixture.average(plan.average)
        self.fixture.output(True)
        taken = []
        for index, level_V in enumerate(levels_V(count, start=len(DAC_CHANNELS) + 1)):
            known = self.journal.get(_key(CHECK, index))
            if known is not None:
                taken.append(known)
                continue
            self.fixture.source({lead: level_V})
            self.fixture.wait(plan.settle_s)
            rows = self._corrected(plan.rounds)
            standard_V = None
            if self.meter is not None:
                expected_V = statistics.fmean(volts for row in rows for volts in row)
                what = f"check {index + 1} of {count}: {lead} at {level_V:.2f} V"
                standard_V = self.meter.read(what, expected_V, OFFSET_MAX_V + DAC_INL_BOUND_V)
            self.fixture.confirm_on()
            taken.append(self._record(_key(CHECK, index), lead, level_V, standard_V, rows))
        self.fixture.output(False)
        return taken

    def _corrected(self, rounds: int) -> list[list[float]]:
        read = [self.fixture.read_all() for _ in range(rounds)]
        return [[each[channel] for channel in SENSE_CHANNELS] for each in read]


def counting(points: Sequence[TakenPoint]) -> list[TakenPoint]:
    """Return the points that count: the second where one was taken twice."""
    keys = {point.point for point in points}
    return [point for point in points if point.point + AGAIN not in keys]


def outliers(points: Sequence[TakenPoint]) -> list[TakenPoint]:
    """Return points whose standard does not lie on one line with what the senses read.

    The point that is furthest off is taken out, and the rest judged anew, until none is: a wrong
    one bends the line.
    """
    left, found = list(points), list[TakenPoint]()
    while len(left) > max(2, len(points) // 2):
        means = [_mean_V(point) for point in left]
        known = [0.0 if point.standard_V is None else point.standard_V for point in left]
        residuals = line_through(known, means, OUTLIER_V).residuals_V
        worst = max(range(len(left)), key=lambda index: abs(residuals[index]))
        if abs(residuals[worst]) <= OUTLIER_V:
            break
        found.append(left.pop(worst))
    return found


def _mean_V(point: TakenPoint) -> float:
    return statistics.fmean(volts for read in point.readings_V.values() for volts in read)


def _key(lead: str, index: int) -> str:
    return f"{lead}/{index + 1:02d}"
