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


def covariance(
    readings: Sequence[tuple[str, float]], budgets: Mapping[str, Sequence[Component]]
) -> NDArray[np.float64]:
    """Return the covariance of the errors of n readings, n x n, in products of their units.

    A component with ``shared="channel"`` is one error for all readings of its channel. One with
    ``shared="fixture"`` is one error for all readings of all channels that list a fixture
    component of the same name (the reference voltage, say).

    Args:
        readings: channel and value, in order.
        budgets: the components of every channel that occurs.

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
    # One row per reading, one column per independent effect of one standard uncertainty: the sum
    # of outer products is then a covariance by construction, whatever the budgets say.
    columns: dict[tuple[str, ...], NDArray[np.float64]] = {}
    for i, (channel, value) in enumerate(readings):
        _finite(value, where=channel)
        for c in budgets[channel]:
            scope = {"reading": (f"{i}", channel), "channel": ("", channel), "fixture": ("", "")}
            sizes = {"V": c.u_V, "s": c.u_s, "relative": c.u_relative * value}
            for part, size in sizes.items():
                effect = (*scope[c.shared], c.name, part)
                columns.setdefault(effect, np.zeros(len(readings)))[i] = size
    if not columns:
        return np.zeros((len(readings), len(readings)))
    effects = np.column_stack(list(columns.values()))
    result: NDArray[np.float64] = effects @ effects.T
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
        for size in (c.u_V, c.u_s, c.u_relative):
            if not (math.isfinite(size) and size >= 0):
                raise InputError(f"component {c.name!r} is {size}", where=where, allowed=">= 0")
    names = [c.name for c in components]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"two components are named {name!r}", where=where, allowed="one of each name"
            )


def _finite(value: float, *, where: str = "reading") -> None:
    if not math.isfinite(value):
        raise InputError(f"the reading is {value}", where=where, allowed="a finite one")
