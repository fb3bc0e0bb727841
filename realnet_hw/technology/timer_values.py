"""The resistors of a 555 neuron: weights, the integrator's, and the threshold's divider.

A weight's monostable gets a resistor in proportion to it. The integrator's resistor and the
threshold are then chosen together, so that the pattern nearest to the threshold, counted in
standard deviations of what the parts may do to it, is as far from it as can be.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import part_type
from realnet_hw.preferred_values import values
from realnet_hw.technology.timer_laws import HIGH_UNITS, LOW_UNITS, pulse_s
from realnet_hw.technology.timer_margins import (
    CORNERS,
    HOLDS,
    Corner,
    Margins,
    Task,
    margins,
)
from realnet_hw.technology.timer_neuron import RAIL_V, REFERENCE_V, TimerNeuron
from realnet_hw.technology.timer_parts import (
    CAPACITOR,
    RESISTOR,
    TIMER,
    bound_of,
    capacitor_F,
    spread_rule,
)

# A pulse's resistor. The least keeps the current of the discharge pin and delays small; all of a
# neuron's together are bounded by how long a monostable can be made to wait for them.
LEAST_OHM, GREATEST_SUM_OHM, GREATEST_OHM = 10e3, 750e3, 1e6
# The greatest weight has this one where there is room for it.
_USUAL_OHM = 100e3
# How far an integrator is charged at its threshold, in time constants.
_LEAST_CHARGE, _GREATEST_CHARGE = 0.5, 1.4
# What a fixture can still read.
_GREATEST_V = 10.0
_BOARDS = 200
# Every so many E96 resistors are tried for the integrator: the divider does the rest.
_STRIDE = 2

# What is tried before a network is refused.
_TRIES = 32
_LEAST_SHARE = 0.1
_TOLERANCES = (0.005, 0.0025, 0.001)

_Floats = npt.NDArray[np.float64]


def weight_ohms(magnitudes: Sequence[float], where: str) -> tuple[float, ...]:
    """Return the monostables' resistors for a neuron's weights.

    Args:
        magnitudes: of the weights, none of them 0.
        where: what a refusal names.

    Raises:
        CircuitRefused: they are too different in size.
    """
    shares = [each / max(magnitudes) for each in magnitudes]
    top_ohm = max(min(_USUAL_OHM, GREATEST_SUM_OHM / sum(shares)), LEAST_OHM / min(shares))
    if top_ohm * sum(shares) > GREATEST_SUM_OHM * 1.001:
        raise CircuitRefused(
            f"a weight of {min(magnitudes):.3g} beside {max(magnitudes):.3g}",
            where=where,
            allowed=f"{LEAST_OHM / GREATEST_SUM_OHM:.3f} of all weights' sum, or 0",
            mend="train with weight decay, or make the small weight 0",
        )
    return tuple(nearest(top_ohm * each) for each in shares)


def _series() -> str:
    return part_type(RESISTOR).series or "E96"


def nearest(ohm: float) -> float:
    """Return the resistor that is nearest on a logarithmic scale."""
    series = values(_series(), ohm / 1.2, ohm * 1.2)
    return min(series, key=lambda each: abs(np.log(each / ohm)))


def chosen(ohm: tuple[float, ...], task: Task) -> TimerNeuron:
    """Return the neuron with the best integrator and threshold.

    The same boards are drawn for every choice, so that choices differ by nothing else.

    Args:
        ohm: the monostables' resistors.
        task: what it must tell apart; some patterns fire and some don't.
    """
    nominal = Corner(task, ohm)
    corners = [Corner.drawn(task, ohm, corner, _BOARDS) for corner in CORNERS]
    middle_s = float(np.sqrt(_least(nominal, task.fires) * _greatest(nominal, task.fires)))
    series = values(
        _series(),
        middle_s / capacitor_F() / _GREATEST_CHARGE,
        min(GREATEST_OHM, middle_s / capacitor_F() / _LEAST_CHARGE),
    )
    best = max(
        (_threshold(each, corners, task) for each in series[::_STRIDE]), key=lambda one: one[0]
    )
    _, integrator_ohm, upper_ohm, lower_ohm = best
    return TimerNeuron(task.sources, ohm, integrator_ohm, upper_ohm, lower_ohm)


def delay_ohm(longest_s: float) -> float:
    """Return the resistor of a monostable with an open CONT that surely lasts longer than a time.

    Its level is that of the timer's own divider.

    Args:
        longest_s: in seconds.

    Raises:
        CircuitRefused: there is none.
    """
    least, _ = delay_bounds()
    fitting = [ohm for ohm in values(_series(), LEAST_OHM, GREATEST_OHM) if ohm * least > longest_s]
    if not fitting:
        raise CircuitRefused(
            f"a layer's pulses last up to {longest_s * 1e3:.0f} ms",
            allowed=f"{GREATEST_OHM * least * 1e3:.0f} ms",
            mend="train with fewer inputs a neuron",
        )
    return fitting[0]


def delay_bounds() -> tuple[float, float]:
    """Return the shortest and the longest pulse per ohm with an open CONT, in seconds."""
    divider = spread_rule(part_type(TIMER), "rtop")
    lower_ohm = 2 * part_type(TIMER).limits["divider_ohm"]
    off = (1 + bound_of(RESISTOR)) * (1 + bound_of(CAPACITOR))
    found = []
    for top_ohm, scale in ((divider.high or 0.0, 1 / off), (divider.low or 0.0, off)):
        level_V = RAIL_V * lower_ohm / (lower_ohm + top_ohm)
        found.append(scale * float(pulse_s(1.0, capacitor_F(), level_V, RAIL_V)))
    return found[0], found[1]


def _least(nominal: Corner, fires: npt.NDArray[np.bool_]) -> float:
    return float(nominal.summed_s[0][fires].min())


def _greatest(nominal: Corner, fires: npt.NDArray[np.bool_]) -> float:
    return float(nominal.summed_s[0][~fires].max())


def _threshold(
    integrator_ohm: float, corners: Sequence[Corner], task: Task
) -> tuple[float, float, float, float]:
    """Return the best divider for an integrator: least margin in sigmas, and the three resistors.

    The error of the threshold hardly depends on where it is: it is drawn once, at two thirds.
    """
    source_V = RAIL_V if corners[0].circuit.is_inner else REFERENCE_V
    shares, uppers, lowers = _dividers()
    sigmas = np.full(len(shares), np.inf)
    for corner in corners:
        middle_V = source_V * 0.3
        error_V = corner.circuit.threshold_V(2 / 3)
        moved_V = corner.reached_V(integrator_ohm, middle_V) - (error_V - error_V.mean())
        mean_V, spread_V = moved_V.mean(axis=0), moved_V.std(axis=0)
        sign = np.where(task.fires, 1.0, -1.0)
        threshold_V = shares[:, None] * source_V * corner.scale
        sigmas = np.minimum(sigmas, (sign * (mean_V - threshold_V) / spread_V).min(axis=1))
    sigmas = np.where(shares * source_V <= _GREATEST_V, sigmas, -np.inf)
    best = int(np.argmax(sigmas))
    return float(sigmas[best]), integrator_ohm, float(uppers[best]), float(lowers[best])


@functools.cache
def _dividers() -> tuple[_Floats, _Floats, _Floats]:
    """Return the shares from 0.3 to 0.92 that two resistors make, and both resistors.

    Together they have about 120 kohm: many such dividers load a reference little, and what an
    amplifier's input takes is lost in its offset.
    """
    many = np.array(values(_series(), LEAST_OHM, 118e3))
    upper, lower = (each.ravel() for each in np.meshgrid(many, many))
    total = upper + lower
    share = lower / total
    fitting = (total >= 107e3) & (total <= 133e3) & (share > 0.3) & (share < 0.92)
    return share[fitting], upper[fitting], lower[fitting]


def refuse_narrow(neuron: TimerNeuron, task: Task, weights: Sequence[float], where: str) -> Margins:
    """Return a neuron's margins, or refuse it.

    Args:
        neuron: as chosen.
        task: what it must tell apart.
        weights: their magnitudes, as the network has them.
        where: what a refusal names.

    Raises:
        CircuitRefused: the tolerances need more than there is; says which pattern, and which weight
            or tolerance would do.
    """
    found = margins(neuron, task)
    if found.sigmas >= HOLDS:
        return found
    pattern = ", ".join(
        f"{source.net} {'high' if each else 'low'}"
        for source, each in zip(task.sources, task.is_high[found.worst], strict=True)
    )
    raise CircuitRefused(
        f"with {pattern}, its sum is {found.volts[found.worst] * 1e3:.0f} mV from the threshold",
        where=where,
        allowed=f"the {found.needed_V[found.worst] * 1e3:.0f} mV that tolerances take, or more",
        mend=_would_do(neuron, task, weights),
    )


def _would_do(neuron: TimerNeuron, task: Task, weights: Sequence[float]) -> str:
    """Say which weights, or which tolerance, leave enough margin for the same patterns."""
    better = [max(weights) * each for each in best_weights(task)]
    other = chosen(weight_ohms(better, ""), task)
    if margins(other, task).sigmas >= HOLDS:
        nets = [source.net for source in task.sources]
        now = ", ".join(f"{weight:.3g}" for weight in weights)
        then = ", ".join(f"{weight:.3g}" for weight in better)
        return f"weights of the size {then} instead of {now} for {', '.join(nets)} would do"
    for tolerance in _TOLERANCES:
        if margins(neuron, task, tolerance=tolerance).sigmas >= HOLDS:
            return f"resistors and capacitors of {tolerance * 100:g} % would do"
    return "train until the neuron's sums are further apart, with fewer inputs a neuron"


def best_weights(task: Task) -> list[float]:
    """Return the weights, 1 the greatest, that tell a task's patterns apart best.

    What counts is the ratio of the least sum of pulses that fires to the greatest that does not.
    It is quasi-concave in the weights, the least of linear functions over the greatest of others,
    so that a search that only ever goes up ends near the top.
    """
    units = np.where(task.is_high, HIGH_UNITS, LOW_UNITS)
    random = np.random.Generator(np.random.PCG64(0))

    def ratios(tried: _Floats) -> _Floats:
        sums = tried @ units.T
        return np.asarray(sums[:, task.fires].min(axis=1) / sums[:, ~task.fires].max(axis=1))

    best = np.ones((1, units.shape[1]))
    step = 0.5
    while step > 1e-3:
        tried = best * np.exp(step * random.standard_normal((_TRIES, units.shape[1])))
        tried = np.maximum(tried / tried.max(axis=1, keepdims=True), _LEAST_SHARE)
        found = ratios(tried)
        if found.max() > ratios(best)[0]:
            best = tried[[int(found.argmax())]]
        else:
            step *= 0.8
    return [float(each) for each in np.round(best[0], 2)]
