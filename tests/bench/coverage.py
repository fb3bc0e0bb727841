"""How often a stated uncertainty holds: channels of drawn fixtures, uncalibrated and calibrated.

Fixtures are drawn as ``emulate.truths`` has them, none of which the budgets assume. A calibrated
one is compared, by the program's own assessment, with a meter whose error lies anywhere within its
specification, and drifts afterwards by anything within what its budget allows.
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
from realnet_hw.measure.calibration.budget import DRIFT_SHARE, components
from realnet_hw.measure.calibration.levels import levels_V
from realnet_hw.measure.calibration.procedure import NOISE, Plan, TakenPoint
from realnet_hw.measure.calibration.standards import DmmTable, standard_of
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.fixture_specification import (
    ADC_GAIN_BOUND,
    ADC_OFFSET_BOUND_V,
    DAC_CHANNELS,
    DAC_GAIN_BOUND,
    DAC_OFFSET_BOUND_V,
    REFERENCE_AGEING,
    ROOM_BOUND_K,
    SENSE_CHANNELS,
    REFERENCE_DRIFT_per_K,
)
from realnet_hw.measure.journal import Point
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.records import FixtureCalibration, Prediction
from realnet_hw.uncertainty import expanded_uncertainty
from tests.bench import runs, simulated
from tests.bench.runs import Drawn
from tests.bench.simulated import Terminals

AVERAGE, REPEATS = 8, 3
LEVELS = 4
"""So many readings of each channel, from which the scatter is pooled."""
_METER = standard_of(DmmTable(driver="keysight_344xx"), "meter", "34461A", where="study")
_WARM_s, _READING_s = 10.0, 8e-3


@dataclass(frozen=True)
class Found:
    """An error, and the U (k = 2) that was stated with it, volts."""

    error_V: float
    U_V: float


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
        found["sense"].append(Found(value_V - level_V, U_V))
        correction = held.get(dac, Correction())
        asked_V = level_V * (1 + correction.gain_ppm / 1e6) + correction.offset_V
        arrives_V = terminals.delivered_V(int(dac[3:]), asked_V, at_s)
        arrives_V += drift.gain[dac] * level_V + drift.offset_V[dac]
        U_V = expanded_uncertainty(budgets[dac], level_V)
        found["source"].append(Found(level_V - arrives_V, U_V))
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
    """Draw what may change until a calibration expires: the reference once, each channel's own."""
    source = random.Random(f"drift since {seed}")
    within = outer_tenth if truth == "at_bounds" else uniform
    warmth = within(source, REFERENCE_DRIFT_per_K * ROOM_BOUND_K)
    age = within(source, REFERENCE_AGEING)
    gain, offset_V = {}, {}
    for channel in (*SENSE_CHANNELS, *DAC_CHANNELS):
        is_source = channel in DAC_CHANNELS
        gain_bound = DAC_GAIN_BOUND if is_source else ADC_GAIN_BOUND
        offset_bound_V = DAC_OFFSET_BOUND_V if is_source else ADC_OFFSET_BOUND_V
        # A higher reference lets a source deliver more and a sense show less.
        common = (warmth + age) * (1 if is_source else -1)
        gain[channel] = common + within(source, DRIFT_SHARE * gain_bound)
        offset_V[channel] = within(source, DRIFT_SHARE * offset_bound_V)
    return Drift(gain, offset_V)


def _record(seed: int, terminals: Terminals, plan: Plan) -> FixtureCalibration:
    """Calibrate a fixture against a drawn meter."""
    source = random.Random(f"meter {seed}")
    of_reading = uniform(source, _METER.of_reading)
    of_range_V = uniform(source, _METER.of_range_V)
    points = list(_points(terminals, plan, lambda v: v * (1 + of_reading) + of_range_V))
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
    for record, true_V in simulated.measurements(
        board, deck, netlist.sha256(), CompiledEngine(), wiring, reading, boards
    ):
        for outputs, case_V in zip(judge.judge(record).outputs, true_V, strict=True):
            found += [
                Found(output.value_V - case_V[name], output.U_V)
                for name, output in outputs.items()
                if output is not None
            ]
    return found


@dataclass(frozen=True)
class Cover:
    """How a kind of channel is covered.

    Args:
        count: of errors.
        inside: share of them within their U.
        U_V: mean U.
        wide: mean U over the U of one size that would have held exactly 95 % of them.
    """

    count: int
    inside: float
    U_V: float
    wide: float

    @classmethod
    def of(cls, found: Sequence[Found]) -> Cover:
        """Return how a kind is covered."""
        errors_V = np.abs([each.error_V for each in found])
        stated_V = np.array([each.U_V for each in found])
        return cls(
            count=len(found),
            inside=float((errors_V <= stated_V).mean()),
            U_V=float(stated_V.mean()),
            wide=float(stated_V.mean() / np.quantile(errors_V, 0.95)),
        )
