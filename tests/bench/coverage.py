"""How often a stated uncertainty holds: channels of drawn fixtures, uncalibrated and calibrated.

Fixtures are drawn as ``emulate.truths`` has them; the budgets assume the first, ``even``. A
calibrated one is compared, by the program's own assessment, with a meter, and drifts afterwards.
How wrong the meter is, and how far a fixture drifts, is written here in figures of its own parts,
not taken from the budget that is to be tested.
"""

from __future__ import annotations

import functools
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realnet_hw.compare.verdict import Judge
from realnet_hw.emulate.truths import outer_tenth, uniform
from realnet_hw.errors import BenchError
from realnet_hw.measure import assemble
from realnet_hw.measure.calibration.assess import assess, figures
from realnet_hw.measure.calibration.budget import components
from realnet_hw.measure.calibration.levels import levels_V
from realnet_hw.measure.calibration.procedure import NOISE, Plan, TakenPoint
from realnet_hw.measure.calibration.standards import DmmTable, standard_of
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.fixture_specification import DAC_CHANNELS, SENSE_CHANNELS
from realnet_hw.measure.journal import Point
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.records import FixtureCalibration, Prediction
from realnet_hw.uncertainty import expanded_uncertainty
from tests.bench import runs, simulated
from tests.bench.runs import Drawn
from tests.bench.simulated import Terminals

INSIDE, WIDE = 0.93, 1.3
AVERAGE, REPEATS = 8, 3
LEVELS = 4
"""So many readings of each channel, from which the scatter is pooled."""
_METER = standard_of(DmmTable(driver="keysight_344xx"), "meter", "34461A", where="study")
_WARM_s, _READING_s = 10.0, 8e-3
# A meter of 35 ppm and 50 uV, half as wrong again as its data sheet allows.
_METER_GAIN, _METER_OFFSET_V = 52e-6, 75e-6
# A room of 20 to 30 degrees, once when calibrating and once when used; the LM4040's 100 ppm/K, and
# its typical 120 ppm in 1000 hours, which after a year are three times as much.
_ROOM_K, _REFERENCE_per_K, _AGEING = 5.0, 100e-6, 360e-6
# Ratios of resistors of 25 ppm/K each, in the worst case 50. At a channel's offset a ratio stands
# with 10.24 V; amplifiers add 2 uV/K, times 6.
_RATIO_per_K, _LEVEL_V, _AMPLIFIER_V_per_K = 50e-6, 10.24, 12e-6


@dataclass(frozen=True)
class Found:
    """An error, and the U (k = 2) that was stated with it, volts.

    Args:
        error_V, U_V: see above.
        fixture: the seed of the fixture.
    """

    error_V: float
    U_V: float
    fixture: int


@dataclass(frozen=True)
class Drift:
    """What changed since the calibration: of every channel its gain and offset."""

    gain: Mapping[str, float]
    offset_V: Mapping[str, float]


def uncalibrated(seed: int, truth: str) -> dict[str, list[Found]]:
    """Return what is found of a sense and of a source of one fixture, as it was built."""
    return _found(seed, Terminals(seed, truth), {}, _still(), assemble.uncalibrated)


def calibrated(seed: int, truth: str, plan: Plan) -> dict[str, list[Found]]:
    """Return what is found after a calibration against a meter, some time later.

    Nothing is found of a fixture that is further off than its controller can correct: calibrating
    it is refused.
    """
    terminals = Terminals(seed, truth)
    try:
        record = _record(seed, terminals, plan)
    except BenchError:
        return {}
    held = {
        name: Correction(gain_ppm=each.correction_ppm, offset_V=each.correction_V)
        for name, each in record.channels.items()
    }
    budget = functools.partial(components, record)
    return _found(seed, terminals, held, _drift(seed, truth), budget)


def _found(
    seed: int,
    terminals: Terminals,
    held: Mapping[str, Correction],
    drift: Drift,
    budget: assemble.Calibrated,
) -> dict[str, list[Found]]:
    source = random.Random(f"coverage {seed}")
    sense, dac = source.choice(SENSE_CHANNELS), source.choice(DAC_CHANNELS)
    levels = [source.uniform(-10.0, 10.0) for _ in range(LEVELS)]
    at_s, readings = _WARM_s + 100.0, []
    for level_V in levels:
        at_s += 0.02
        shown = [
            _read_V(terminals, sense, level_V, at_s + repeat * _READING_s, held)
            for repeat in range(REPEATS)
        ]
        readings.append([v + drift.gain[sense] * v + drift.offset_V[sense] for v in shown])
    points = [
        Point(point=str(i), time_utc="", set_V={}, readings_V={"Y": row})
        for i, row in enumerate(readings)
    ]
    budgets = assemble.budgets({"X": dac, "Y": sense}, points, calibrated=budget)
    found: dict[str, list[Found]] = {"sense": [], "source": []}
    for level_V, row in zip(levels, readings, strict=True):
        value_V = statistics.fmean(row)
        U_V = expanded_uncertainty(budgets[sense], value_V)
        found["sense"].append(Found(value_V - level_V, U_V, seed))
        correction = held.get(dac, Correction())
        asked_V = level_V * (1 + correction.gain_ppm / 1e6) + correction.offset_V
        arrives_V = terminals.delivered_V(int(dac[3:]), asked_V, at_s)
        arrives_V += drift.gain[dac] * level_V + drift.offset_V[dac]
        U_V = expanded_uncertainty(budgets[dac], level_V)
        found["source"].append(Found(level_V - arrives_V, U_V, seed))
    return found


def _read_V(
    terminals: Terminals,
    channel: str,
    volts: float,
    at_s: float,
    held: Mapping[str, Correction],
    average: int = AVERAGE,
) -> float:
    raw_V = terminals.read_V(int(channel[3:]), volts, at_s, average)
    correction = held.get(channel, Correction())
    return raw_V * (1 + correction.gain_ppm / 1e6) + correction.offset_V


def _still() -> Drift:
    channels = (*SENSE_CHANNELS, *DAC_CHANNELS)
    return Drift(dict.fromkeys(channels, 0.0), dict.fromkeys(channels, 0.0))


def _drift(seed: int, truth: str) -> Drift:
    """Draw what changes until a calibration expires: the reference once, each channel's own."""
    source = random.Random(f"drift since {seed}")
    within = outer_tenth if truth == "at_bounds" else uniform
    warmer_K = within(source, _ROOM_K) - within(source, _ROOM_K)
    reference = within(source, _REFERENCE_per_K) * warmer_K + within(source, _AGEING)
    gain, offset_V = {}, {}
    for channel in (*SENSE_CHANNELS, *DAC_CHANNELS):
        # A higher reference lets a source deliver more and a sense show less.
        common = reference if channel in DAC_CHANNELS else -reference
        gain[channel] = common + within(source, _RATIO_per_K) * warmer_K
        ratio_V_per_K = within(source, _RATIO_per_K) * _LEVEL_V
        offset_V[channel] = (ratio_V_per_K + within(source, _AMPLIFIER_V_per_K)) * warmer_K
    return Drift(gain, offset_V)


def _record(seed: int, terminals: Terminals, plan: Plan) -> FixtureCalibration:
    """Calibrate a fixture against a drawn meter."""
    source = random.Random(f"meter {seed}")
    of_reading = uniform(source, _METER_GAIN)
    off_V = uniform(source, _METER_OFFSET_V)
    points = list(_points(terminals, plan, lambda v: v * (1 + of_reading) + off_V))
    none = dict.fromkeys((*SENSE_CHANNELS, *DAC_CHANNELS), Correction())
    return FixtureCalibration(
        made_from={}, station="study", path="none", firmware="none", standard=_METER,
        method="study", started_utc="", finished_utc="", date="2026-01-01", expires="2027-01-01",
        channels=figures(assess(points), _METER, none), readings=[], checks=[],
    )  # fmt: skip


def _points(
    terminals: Terminals, plan: Plan, shown_V: Callable[[float], float]
) -> Iterator[TakenPoint]:
    at_s = _WARM_s
    for number, lead in enumerate(DAC_CHANNELS):
        for index, level_V in enumerate([0.0, *levels_V(plan.asked, start=number)]):
            if index == 0 and number:
                continue
            is_noise = index == 0
            at_s += plan.settle_s
            true_V = terminals.delivered_V(number, level_V, at_s)
            rounds, average = (plan.singles, 1) if is_noise else (plan.rounds, plan.average)
            read: dict[str, list[float]] = {channel: [] for channel in SENSE_CHANNELS}
            for _ in range(rounds):
                at_s += _READING_s
                for channel, row in read.items():
                    row.append(_read_V(terminals, channel, true_V, at_s, {}, average))
            yield TakenPoint(
                point=NOISE if is_noise else f"{lead} {index}",
                time_utc="",
                lead=lead,
                set_V=None if is_noise else level_V,
                standard_V=None if is_noise else shown_V(true_V),
                readings_V=read,
            )


def judged(predicted: Prediction, boards: Sequence[Drawn]) -> list[Found]:
    """Return what is found of the outputs of boards, at the inputs as set."""
    judge = Judge(predicted)
    board, netlist, deck = runs.described(predicted.board)
    reading, wiring = runs.reading().reading, runs.wired(predicted.board)
    found = []
    measured = simulated.measurements(
        board, deck, netlist.sha256(), CompiledEngine(), wiring, reading, boards
    )
    for drawn, (record, true_V) in zip(boards, measured, strict=True):
        for outputs, case_V in zip(judge.judge(record).outputs, true_V, strict=True):
            found += [
                Found(output.value_V - case_V[name], output.U_V, drawn.seed)
                for name, output in outputs.items()
                if output is not None
            ]
    return found


@dataclass(frozen=True)
class Cover:
    """How a kind of channel is covered.

    Args:
        count: of errors.
        fixtures: of how many fixtures they are.
        effective: as many independent errors would say as much about ``inside``; errors of one
            fixture are alike. As many as fixtures where all are inside, or none.
        inside: share of them within their U.
        U_V: mean U.
        wide: mean U over the U of one size that would have held exactly 95 % of them.
    """

    count: int
    fixtures: int
    effective: float
    inside: float
    U_V: float
    wide: float

    @classmethod
    def of(cls, found: Sequence[Found]) -> Cover:
        """Return how a kind is covered."""
        errors_V = np.abs([each.error_V for each in found])
        stated_V = np.array([each.U_V for each in found])
        held = errors_V <= stated_V
        inside = float(held.mean())
        fixture = np.array([each.fixture for each in found])
        # The variance of a share of clusters, as for a ratio.
        away = [float((held[fixture == one] - inside).sum()) for one in np.unique(fixture)]
        fixtures = len(away)
        squares = sum(one**2 for one in away) * fixtures / max(1, fixtures - 1)
        return cls(
            count=len(found),
            fixtures=fixtures,
            effective=len(found) ** 2 * inside * (1 - inside) / squares if squares else fixtures,
            inside=inside,
            U_V=float(stated_V.mean()),
            wide=float(stated_V.mean() / np.quantile(errors_V, 0.95)),
        )

    @property
    def holds(self) -> bool:
        """Whether it is as required: 93 % inside, and U no wider than 1.3 times what would do."""
        return self.inside >= INSIDE and self.wide <= WIDE
