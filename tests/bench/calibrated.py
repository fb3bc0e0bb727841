"""Drawn fixtures that were calibrated against a drawn meter, and are used some time later.

How wrong the meter is and in what rooms the fixture is, is written here, not taken from the budget
that is to be tested; how its parts drift is the catalogue's, see ``emulate.moment``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import msgspec

from realnet_hw.emulate.moment import Moment
from realnet_hw.emulate.within import Within, outer_tenth, uniform
from realnet_hw.measure.calibration.assess import assess, figures
from realnet_hw.measure.calibration.budget import components
from realnet_hw.measure.calibration.levels import levels_V
from realnet_hw.measure.calibration.procedure import NOISE, Plan, TakenPoint
from realnet_hw.measure.calibration.standards import DmmTable, standard_of
from realnet_hw.measure.calibration.stored import corrections_of
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.fixture_specification import DAC_CHANNELS, SENSE_CHANNELS
from realnet_hw.records import CalibrationReading, Component, FixtureCalibration
from tests.bench.runs import Drawn
from tests.bench.simulated import Terminals

PLAN = Plan(asked=21, average=16)
"""Half of the levels that ``realnet calibrate`` takes, and a quarter of the conversions."""
WARM_s, READING_s = 10.0, 8e-3
_METER = standard_of(DmmTable(driver="keysight_344xx"), "meter", "34461A", where="study")
# A meter of 35 ppm and 50 uV, half as wrong again as its data sheet allows.
_METER_GAIN, _METER_OFFSET_V = 52e-6, 75e-6
# A room of 20 to 30 degrees.
_ROOM_K, _YEAR_days = 5.0, 365.0
_SPECIFIED_C, _THERMOMETER_K = 25.0, 1.0


def within(truth: str) -> Within:
    """Return how anything lies within its bound, where a fixture is drawn so."""
    return outer_tenth if truth == "at_bounds" else uniform


def moments(seed: int, truth: str) -> tuple[Moment, Moment]:
    """Return when a fixture is calibrated, new, and when it is used, a year old."""
    source = random.Random(f"rooms {seed}")
    then_K, now_K = (within(truth)(source, _ROOM_K) for _ in range(2))
    return Moment(then_K), Moment(now_K, _YEAR_days)


class CalibratedTerminals(Terminals):
    """A fixture with its corrections, as it is a year after its calibration.

    Args:
        seed, truth: as of ``Terminals``.
        plan: of the calibration.
        reads_room: whether somebody looked at a thermometer then.

    ``record`` is what that calibration found.

    Raises:
        BenchError: it is further off than its controller can correct.
    """

    def __init__(
        self, seed: int, truth: str, plan: Plan = PLAN, *, reads_room: bool = False
    ) -> None:
        then, now = moments(seed, truth)
        self.record = record(seed, Terminals(seed, truth, then), plan)
        if reads_room:
            off_K = uniform(random.Random(f"thermometer {seed}"), _THERMOMETER_K)
            room_C = _SPECIFIED_C + then.warmer_K + off_K
            self.record = msgspec.structs.replace(self.record, room_C=room_C)
        self._held = corrections_of(self.record.channels)
        super().__init__(seed, truth, now)

    def components(self, channel: str) -> list[Component] | None:
        """What the calibration says of a channel."""
        return components(self.record, channel)

    def delivered_V(self, channel: int, set_V: float, at_s: float) -> float:
        asked_V = _corrected_V(set_V, self._held[f"dac{channel}"])
        return super().delivered_V(channel, asked_V, at_s)

    def read_V(self, channel: int, terminal_V: float, at_s: float, average: int) -> float:
        """Read a voltage, with what it is lifted by."""
        raw_V = super().read_V(channel, terminal_V, at_s, average)
        return _corrected_V(raw_V, self._held[f"adc{channel}"])


def calibrated(drawn: Drawn) -> Terminals:
    """Return the fixture that a board hangs on, a year after its calibration."""
    return CalibratedTerminals(drawn.seed, drawn.truth)


def _corrected_V(volts: float, correction: Correction) -> float:
    return volts * (1 + correction.gain_ppm / 1e6) + correction.offset_V


def record(seed: int, terminals: Terminals, plan: Plan) -> FixtureCalibration:
    """Calibrate a fixture against a drawn meter.

    Raises:
        BenchError: it is further off than its controller can correct.
    """
    source = random.Random(f"meter {seed}")
    of_reading = uniform(source, _METER_GAIN)
    off_V = uniform(source, _METER_OFFSET_V)
    points = list(_points(terminals, plan, lambda v: v * (1 + of_reading) + off_V))
    none = dict.fromkeys((*SENSE_CHANNELS, *DAC_CHANNELS), Correction())
    return FixtureCalibration(
        made_from={}, station="study", path="none", firmware="none", standard=_METER,
        method="study", started_utc="", finished_utc="", date="2026-01-01", expires="2027-01-01",
        channels=figures(assess(points), _METER, none), checks=[],
        readings=[
            CalibrationReading(
                key=point.point, lead=point.lead, set_V=point.set_V,
                standard_V=point.standard_V, readings_V=point.readings_V, time_utc="",
            )
            for point in points
        ],
    )  # fmt: skip


def _points(
    terminals: Terminals, plan: Plan, shown_V: Callable[[float], float]
) -> Iterator[TakenPoint]:
    at_s = WARM_s
    for number, lead in enumerate(DAC_CHANNELS):
        for index, level_V in enumerate([0.0, *levels_V(plan.asked, start=number)]):
            if index == 0 and number:
                continue
            is_noise = index == 0
            at_s += plan.settle_s
            true_V = terminals.delivered_V(number, level_V, at_s)
            wire_V = dict.fromkeys(range(len(SENSE_CHANNELS)), true_V)
            seen_V = [
                true_V + terminals.lifted_V(sense, wire_V, {number: true_V}) for sense in wire_V
            ]
            rounds, average = (plan.singles, 1) if is_noise else (plan.rounds, plan.average)
            read: dict[str, list[float]] = {channel: [] for channel in SENSE_CHANNELS}
            for _ in range(rounds):
                at_s += READING_s
                for sense, row in enumerate(read.values()):
                    row.append(terminals.read_V(sense, seen_V[sense], at_s, average))
            yield TakenPoint(
                point=NOISE if is_noise else f"{lead} {index}",
                time_utc="",
                lead=lead,
                set_V=None if is_noise else level_V,
                standard_V=None if is_noise else shown_V(true_V),
                readings_V=read,
            )
