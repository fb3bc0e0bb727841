"""How often a stated uncertainty holds: channels of drawn fixtures, uncalibrated and calibrated.

Fixtures are drawn as ``emulate.truths`` has them; the budgets assume the first, ``even``. They are
used when they are a year old, in a room of 20 to 30 degrees, while a board has other voltages at
the other terminals.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realnet_hw.compare.verdict import Judge
from realnet_hw.errors import BenchError
from realnet_hw.measure import assemble
from realnet_hw.measure.calibration.procedure import Plan
from realnet_hw.measure.fixture_specification import DAC_CHANNELS, SENSE_CHANNELS
from realnet_hw.measure.journal import Point
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.records import Prediction
from realnet_hw.uncertainty import expanded_uncertainty
from tests.bench import runs, simulated
from tests.bench.calibrated import CalibratedTerminals, READING_s, WARM_s, moments, within
from tests.bench.runs import Drawn
from tests.bench.simulated import Terminals

INSIDE, WIDE = 0.93, 1.3
AVERAGE, REPEATS = 8, 3
LEVELS = 4
"""So many readings of each channel, from which the scatter is pooled."""
# What a board has at its terminals: a level of its own, and what each terminal differs from it.
_LEVEL_V, _DIFFERENCE_V = 5.0, 5.0


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


def uncalibrated(seed: int, truth: str) -> dict[str, list[Found]]:
    """Return what is found of a sense and of a source of one fixture, as it was built."""
    return _found(seed, truth, Terminals(seed, truth, moments(seed, truth)[1]))


def calibrated(
    seed: int, truth: str, plan: Plan, *, reads_room: bool = False
) -> dict[str, list[Found]]:
    """Return what is found after a calibration against a meter, some time later.

    Nothing is found of a fixture that is further off than its controller can correct: calibrating
    it is refused.
    """
    try:
        return _found(seed, truth, CalibratedTerminals(seed, truth, plan, reads_room=reads_room))
    except BenchError:
        return {}


def _found(seed: int, truth: str, terminals: Terminals) -> dict[str, list[Found]]:
    source = random.Random(f"coverage {seed}")
    sense, dac = source.choice(SENSE_CHANNELS), source.choice(DAC_CHANNELS)
    number = int(sense[3:])
    levels = [source.uniform(-10.0, 10.0) for _ in range(LEVELS)]
    at_s, readings, delivered_V = WARM_s + 100.0, [], []
    draw = within(truth)
    for level_V in levels:
        at_s += 0.02
        board_V = draw(source, _LEVEL_V)
        sensed_V, sourced_V = (
            {other: board_V + draw(source, _DIFFERENCE_V) for other in range(count)}
            for count in (len(SENSE_CHANNELS), len(DAC_CHANNELS))
        )
        seen_V = level_V + terminals.lifted_V(number, sensed_V | {number: level_V}, sourced_V)
        readings.append(
            [
                terminals.read_V(number, seen_V, at_s + repeat * READING_s, AVERAGE)
                for repeat in range(REPEATS)
            ]
        )
        delivered_V.append(terminals.delivered_V(int(dac[3:]), level_V, at_s))
    points = [
        Point(point=str(i), time_utc="", set_V={}, readings_V={"Y": row})
        for i, row in enumerate(readings)
    ]
    budgets = assemble.budgets({"X": dac, "Y": sense}, points, calibrated=terminals.components)
    found: dict[str, list[Found]] = {"sense": [], "source": []}
    for level_V, row, arrives_V in zip(levels, readings, delivered_V, strict=True):
        value_V = statistics.fmean(row)
        U_V = expanded_uncertainty(budgets[sense], value_V)
        found["sense"].append(Found(value_V - level_V, U_V, seed))
        U_V = expanded_uncertainty(budgets[dac], level_V)
        found["source"].append(Found(level_V - arrives_V, U_V, seed))
    return found


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
