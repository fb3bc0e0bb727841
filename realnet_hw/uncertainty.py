"""Measurement uncertainty: budgets, coverage, what readings have in common, and guard bands.

A budget is a list of ``records.Component``: each names one independent effect, as a standard
uncertainty, and says which readings it moves together. The absolute and the proportional part of a
component are two independent effects: an offset of +1 u moves every reading up, a gain error of
+1 u moves positive readings up and negative readings down. Readings are voltages or the widths of
pulses, in volts or seconds: a channel has one of both.

Ref: JCGM 100:2008 (GUM) 5.1.2 (combination), 5.2 (correlation), 6.2 (expanded uncertainty);
JCGM 106:2012 8.3 (guard bands).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realnet_hw.errors import InputError
from realnet_hw.records import Component, Thresholds

COVERAGE_FACTOR = 2.0


def standard_uncertainty(components: Sequence[Component], value: float) -> float:
    """Return the combined standard uncertainty of one reading, in the reading's unit.

    Args:
        components: the budget of the reading's channel.
        value: the reading, finite, volts or seconds.

    Raises:
        InputError: a component or the reading is negative where it can't be, or not finite.

    Ref: JCGM 100:2008 5.1.2.
    """
    check_budget(components)
    _finite(value)
    return math.hypot(*(x for c in components for x in (c.u_V, c.u_s, c.u_relative * value)))


def expanded_uncertainty(
    components: Sequence[Component], value: float, k: float = COVERAGE_FACTOR
) -> float:
    """Return the expanded uncertainty U = k u of one reading; k = 2 covers about 95 %.

    Raises:
        InputError: as ``standard_uncertainty``, or k is not positive.

    Ref: JCGM 100:2008 6.2.1.
    """
    if not (math.isfinite(k) and k > 0):
        raise InputError(f"coverage factor {k}", allowed="positive")
    return k * standard_uncertainty(components, value)


@dataclass(frozen=True)
class Effect:
    """An independent effect of one standard uncertainty, and what it does to some readings.

    Args:
        component: that it comes from, as the first reading that it moves has it.
        part: of the component: "V", "s", "relative" or "A".
        channel: whose error it is; empty where it is the whole fixture's.
        sizes: in the readings' units, one for each reading.
    """

    component: Component
    part: str
    channel: str
    sizes: NDArray[np.float64]


def effects(
    readings: Sequence[tuple[str, float]],
    budgets: Mapping[str, Sequence[Component]],
    source_ohm: Sequence[float] = (),
) -> list[Effect]:
    """Return the independent effects behind the errors of n readings.

    A component with ``shared="channel"`` is one error for all readings of its channel. One with
    ``shared="fixture"`` is one error for all readings of all channels that list a fixture
    component of the same name (the reference voltage, say).

    Args:
        readings: channel and value, in order.
        budgets: the components of every channel that occurs.
        source_ohm: resistance of the node behind each reading, for what the terminal's current
            does there; none of it is counted when left out.

    Raises:
        InputError: a channel without budget, or a budget or reading as in
            ``standard_uncertainty``.

    Ref: JCGM 100:2008 5.2.2 and F.1.2.3 (correlation through common effects).
    """
    for channel in dict.fromkeys(channel for channel, _ in readings):
        if channel not in budgets:
            raise InputError(
                "this channel has no uncertainty budget",
                where=channel,
                allowed=", ".join(sorted(budgets)) or "no channel has one",
            )
        check_budget(budgets[channel], where=channel)
    found: dict[tuple[str, ...], Effect] = {}
    for i, (channel, value) in enumerate(readings):
        _finite(value, where=channel)
        ohm = source_ohm[i] if source_ohm else 0.0
        for c in budgets[channel]:
            scope = {"reading": (f"{i}", channel), "channel": ("", channel), "fixture": ("", "")}
            sizes = {"V": c.u_V, "s": c.u_s, "relative": c.u_relative * value, "A": c.u_A * ohm}
            for part, size in sizes.items():
                key = (*scope[c.shared], c.name, part)
                if size and key not in found:
                    found[key] = Effect(c, part, key[1], np.zeros(len(readings)))
                if size:
                    found[key].sizes[i] = size
    return list(found.values())


def covariance(
    readings: Sequence[tuple[str, float]], budgets: Mapping[str, Sequence[Component]]
) -> NDArray[np.float64]:
    """Return the covariance of the errors of n readings, n x n, in products of their units.

    Args and errors raised are those of ``effects``. A sum of outer products is a covariance by
    construction, whatever the budgets say.
    """
    return covariance_of(effects(readings, budgets), len(readings))


def covariance_of(found: Sequence[Effect], count: int) -> NDArray[np.float64]:
    """Return the covariance of ``count`` readings from the effects behind their errors."""
    if not found:
        return np.zeros((count, count))
    sizes = np.column_stack([effect.sizes for effect in found])
    result: NDArray[np.float64] = sizes @ sizes.T
    return result


def difference_uncertainty(
    one: tuple[str, float, float],
    other: tuple[str, float, float],
    budgets: Mapping[str, Sequence[Component]],
) -> float:
    """Return the standard uncertainty of the difference of two readings, volts.

    What the budgets say that both have in common cancels as far as it does. What was stated with
    the readings beyond their budgets, all of it where a channel has none, may be of one sign or
    the other on both: its sizes are added.

    Args:
        one, other: channel, value in volts, and the standard uncertainty stated with it.
        budgets: the components of the channels, as far as they are known.

    Raises:
        InputError: a budget or reading as in ``standard_uncertainty``.

    Ref: JCGM 100:2008 5.2.2 (with correlation +1 and -1 as the bounds) and F.1.2.3.
    """
    known = {channel: budgets.get(channel, ()) for channel, _, _ in (one, other)}
    errors_V2 = covariance([(one[0], one[1]), (other[0], other[1])], known)
    unexplained_V = sum(
        math.sqrt(max(0.0, stated_V**2 - float(errors_V2[i, i])))
        for i, (_, _, stated_V) in enumerate((one, other))
    )
    both_V2 = errors_V2[0, 0] + errors_V2[1, 1] - 2 * errors_V2[0, 1]
    return math.sqrt(max(0.0, float(both_V2)) + unexplained_V**2)


def effective_degrees_of_freedom(parts: Sequence[tuple[float, float | None]]) -> float:
    """Return the degrees of freedom of a combined standard uncertainty; infinite if all are exact.

    Args:
        parts: size and degrees of freedom of each component, None where its size is exact.

    Ref: JCGM 100:2008 G.4.1 (Welch-Satterthwaite).
    """
    whole = sum(size**2 for size, _ in parts)
    doubt = sum(size**4 / freedom for size, freedom in parts if freedom is not None)
    return whole**2 / doubt if doubt else math.inf


def guarded_level(value_V: float, U_V: float, thresholds: Thresholds) -> int | None:
    """Return the logic level that a reading shows beyond doubt, or None.

    Args:
        value_V: the reading.
        U_V: its expanded uncertainty, which is the width of the guard band.
        thresholds: 0 is below ``low_V``, 1 is above ``high_V``.

    Ref: JCGM 106:2012 8.3.2 (guarded acceptance, w = U).
    """
    if value_V + U_V < thresholds.low_V:
        return 0
    if value_V - U_V > thresholds.high_V:
        return 1
    return None


def check_budget(components: Sequence[Component], *, where: str = "uncertainty budget") -> None:
    """Refuse a budget with a negative or infinite component or with two of the same name.

    Raises:
        InputError: such a component, or a budget of volts and of seconds.
    """
    if any(c.u_V for c in components) and any(c.u_s for c in components):
        raise InputError("components in volts and in seconds", where=where, allowed="one of both")
    for c in components:
        for size in (c.u_V, c.u_s, c.u_relative, c.u_A):
            if not (math.isfinite(size) and size >= 0):
                raise InputError(f"component {c.name!r} is {size}", where=where, allowed=">= 0")
        if c.degrees_of_freedom is not None and not c.degrees_of_freedom > 0:
            raise InputError(
                f"component {c.name!r} has {c.degrees_of_freedom} degrees of freedom",
                where=where,
                allowed="above 0",
            )
    names = [c.name for c in components]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"two components are named {name!r}", where=where, allowed="one of each name"
            )


def _finite(value: float, *, where: str = "reading") -> None:
    if not math.isfinite(value):
        raise InputError(f"the reading is {value}", where=where, allowed="a finite one")
