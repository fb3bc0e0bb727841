"""From the records of a scope to an edge as measured: mean waves, and figures with uncertainty."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from realnet_hw import edges
from realnet_hw.edges import Array, Figures
from realnet_hw.measure.journal import Point, TakenWave
from realnet_hw.measure.scopes.drivers import driver_named
from realnet_hw.measure.scopes.scope import Scope
from realnet_hw.records import EdgeFigures, Figure, MeasuredEdge, MeasuredWave
from realnet_hw.uncertainty import COVERAGE_FACTOR

Chosen: TypeAlias = NDArray[np.intp]

# A figure is one of a movement only where that is so many times the noise of a point.
ABOVE_NOISE = 8.0
# A level within the band of settling is told from noise where that is so many times smaller.
_WITHIN_BAND = 3.0


def edge(point: Point, outputs: Sequence[str]) -> MeasuredEdge:
    """Return the record of an edge.

    Args:
        point: with an edge.
        outputs: names of the board's outputs.
    """
    taken = point.edge
    assert taken is not None
    driver = driver_named(taken.driver, where=point.point)
    waves = {name: mean_wave(wave, driver) for name, wave in taken.waves.items()}
    inputs = _Inputs(taken.waves[taken.input])
    return MeasuredEdge(
        input=taken.input,
        from_V=taken.from_V,
        to_V=taken.to_V,
        held_V={name: volts for name, volts in point.set_V.items() if name != taken.input},
        scope=taken.scope,
        records=len(taken.waves[taken.input].codes),
        passage_s=inputs.passage_s,
        waves=waves,
        figures={
            name: _figures(taken.waves[name], inputs, waves[name].noise_V, driver)
            for name in outputs
            if name in taken.waves
        },
    )


def volts_of(wave: TakenWave) -> Array:
    """Return the volts of all records of a wave, shape (records, samples)."""
    return (np.array(wave.codes, dtype=np.float64) - wave.zero) * wave.step_V


def mean_wave(wave: TakenWave, driver: type[Scope]) -> MeasuredWave:
    """Return the mean of all records.

    They are one sample apart at most, for the sampling clock knows nothing of the trigger.
    """
    volts = volts_of(wave)
    count = len(volts)
    scatter_V = float(np.sqrt(volts.var(axis=0, ddof=1).mean() / count)) if count > 1 else 0.0
    return MeasuredWave(
        channel=wave.channel,
        start_s=float(np.mean(wave.starts_s)),
        step_s=wave.step_s,
        volts_V=[round(value, 6) for value in volts.mean(axis=0).tolist()],
        noise_V=round(max(scatter_V, wave.step_V / math.sqrt(12 * count)), 9),
        components=driver.components(wave.volts_a_division),
    )


class _Inputs:
    """The input's own waves, whose middle all times count from."""

    def __init__(self, wave: TakenWave) -> None:
        self._volts = volts_of(wave)
        self.times_s: Array = np.mean(wave.starts_s) + wave.step_s * np.arange(
            self._volts.shape[1], dtype=np.float64
        )
        self.passage_s = edges.passage_s(self.times_s, self._volts.mean(axis=0))

    def moved_s(self, kept: Chosen) -> float | None:
        """Return when the input is half-way in the mean of some of the records."""
        return edges.middle_s(self.times_s, self._volts[kept].mean(axis=0))


def _figures(wave: TakenWave, inputs: _Inputs, noise_V: float, driver: type[Scope]) -> EdgeFigures:
    volts = volts_of(wave)
    count = len(volts)

    def seen(kept: Chosen) -> Figures:
        moved_s = inputs.moved_s(kept)
        if moved_s is None:
            return Figures(None, None, None, None)
        return edges.figures(
            inputs.times_s, volts[kept].mean(axis=0), moved_s, least_V=ABOVE_NOISE * noise_V
        )

    everything = np.arange(count)
    whole = seen(everything)
    without = [seen(np.delete(everything, index)) for index in range(count)]
    moved_s = inputs.moved_s(everything)
    way_V = abs(edges.levels(volts.mean(axis=0), inputs.times_s, moved_s or 0.0).way_V)
    # Both crossings of a time lie anywhere between two samples, one clock drives them all.
    between_s = wave.step_s / math.sqrt(12)
    share = noise_V / way_V if way_V else math.inf

    def timed(get: Callable[[Figures], float | None]) -> Figure:
        value, scatter_s = get(whole), edges.jackknifed([get(one) for one in without])
        if value is None or scatter_s is None:
            return Figure()
        u_s = math.hypot(scatter_s, between_s, abs(value) * driver.specification.clock_error)
        return Figure(value=rounded(value), U=rounded(COVERAGE_FACTOR * u_s))

    overshoot = whole.overshoot
    above = edges.jackknifed([one.overshoot for one in without])
    is_quiet = _WITHIN_BAND * share < edges.SETTLED
    return EdgeFigures(
        delay_s=timed(lambda figures: figures.delay_s),
        passage_s=timed(lambda figures: figures.passage_s),
        # The greatest of many noisy points lies above the greatest of what they are of.
        overshoot=Figure(
            value=rounded(overshoot),
            U=rounded(COVERAGE_FACTOR * math.hypot(above, share * _greatest(volts.shape[1]))),
        )
        if overshoot is not None and above is not None
        else Figure(),
        settling_s=timed(lambda figures: figures.settling_s) if is_quiet else Figure(),
    )


def _greatest(count: int) -> float:
    """Return about how many deviations the greatest of so many normal values lies above 0.

    Ref: extreme value theory, sqrt(2 ln n) as its leading term.
    """
    return math.sqrt(2 * math.log(max(2, count)))


def rounded(value: float) -> float:
    """Return a value to six digits, enough for what a scope tells."""
    return float(f"{value:.6g}")


def edges_of(points: Sequence[Point], outputs: Sequence[str]) -> list[MeasuredEdge]:
    """Return the records of those points that are edges."""
    return [edge(point, outputs) for point in points if point.edge is not None]
