"""From the records of a scope to a firing as measured: mean waves, and shapes with uncertainty."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from realnet_hw import edges, shapes
from realnet_hw.board import Firing
from realnet_hw.edges import Array
from realnet_hw.measure.assemble_edges import ABOVE_NOISE, mean_wave, rounded, volts_of
from realnet_hw.measure.journal import Point, TakenWave
from realnet_hw.measure.scopes.drivers import driver_named
from realnet_hw.measure.scopes.scope import Scope
from realnet_hw.records import Figure, MeasuredFiring, MeasuredShape, MeasuredWave
from realnet_hw.shapes import Shape
from realnet_hw.uncertainty import COVERAGE_FACTOR, standard_uncertainty


def firings_of(points: Sequence[Point], firing: Firing | None) -> list[MeasuredFiring]:
    """Return the records of those points that a scope saw fired."""
    seen = [point for point in points if point.firing is not None]
    return [_fired(point, firing) for point in seen if firing is not None]


def _fired(point: Point, firing: Firing) -> MeasuredFiring:
    taken = point.firing
    assert taken is not None
    driver = driver_named(taken.driver, where=point.point)
    waves = {name: mean_wave(wave, driver) for name, wave in taken.waves.items()}
    begun_s = _begun_s(taken.waves[taken.trigger])
    return MeasuredFiring(
        set_V=point.set_V,
        trigger=taken.trigger,
        scope=taken.scope,
        records=len(begun_s),
        waves=waves,
        shapes={
            name: _shape(wave, waves[name], begun_s, firing, driver)
            for name, wave in taken.waves.items()
            if name != taken.trigger and None not in begun_s
        },
    )


def _times_s(wave: TakenWave, record: int) -> Array:
    return wave.starts_s[record] + wave.step_s * np.arange(len(wave.codes[record]), dtype=float)


def _begun_s(trigger: TakenWave) -> list[float | None]:
    """Return when each record's trigger was pulled, None where that is not seen."""
    return [
        shapes.trigger_s(_times_s(trigger, index), volts)
        for index, volts in enumerate(volts_of(trigger))
    ]


def _shape(
    wave: TakenWave,
    mean: MeasuredWave,
    begun_s: Sequence[float | None],
    firing: Firing,
    driver: type[Scope],
) -> MeasuredShape:
    window_s = shapes.window_s(firing.read_after_s)

    def shape(times_s: Array, volts: Array) -> Shape:
        # No earlier than resets have ended, no later than the board is read.
        kept = (times_s > -firing.recover_s / 2) & (times_s <= firing.read_after_s)
        least_V = ABOVE_NOISE * mean.noise_V
        return shapes.shape(times_s[kept], volts[kept], window_s=window_s, least_V=least_V)

    found = [
        shape(_times_s(wave, index) - (begun or 0.0), volts)
        for index, (begun, volts) in enumerate(zip(begun_s, volts_of(wave), strict=True))
    ]
    whole = shape(_times_s(wave, 0) - float(np.mean([at or 0.0 for at in begun_s])),
                  np.array(mean.volts_V))  # fmt: skip

    def timed(get: Callable[[Shape], float | None]) -> Figure:
        values = [get(one) for one in found]
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values):
            return Figure()
        value = math.fsum(known) / len(known)
        # A mean with each record left out: what a jackknife takes.
        without = [(math.fsum(known) - one) / max(1, len(known) - 1) for one in known]
        # Both ends lie anywhere between two samples.
        between_s = wave.step_s / math.sqrt(6)
        clock_s = abs(value) * driver.specification.clock_error
        u_s = math.hypot(edges.jackknifed(without) or 0.0, between_s, clock_s)
        return Figure(value=rounded(value), U=rounded(COVERAGE_FACTOR * u_s))

    def level(value_V: float) -> Figure:
        u_V = math.hypot(standard_uncertainty(mean.components, value_V), mean.noise_V)
        return Figure(value=rounded(value_V), U=rounded(COVERAGE_FACTOR * u_V))

    return MeasuredShape(
        delay_s=timed(lambda one: one.delay_s),
        width_s=timed(lambda one: one.width_s),
        passage_s=timed(lambda one: one.passage_s),
        low_V=level(whole.low_V),
        high_V=level(whole.high_V),
    )
