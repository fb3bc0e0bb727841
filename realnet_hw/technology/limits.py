"""Closed-form limits of inverting summers: what amplifiers, resistors and fixture can do.

Ref: Texas Instruments SLOS080, TL074 datasheet (output swing into 10 kohm and 2 kohm, bias current,
slew rate, unity-gain bandwidth); SLOS456, LM4040 datasheet (least and greatest cathode current).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from realnet_hw.board import Logic
from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import PartType
from realnet_hw.preferred_values import values
from realnet_hw.technology.summers import Summer

# The reference keeps at least this for itself, ten times what it needs to regulate.
_REFERENCE_KEEPS_A = 1e-3
_INPUT_MAX_A = 10e-3
_BIAS_ERROR_MAX_V = 1e-3
_SETTLE_MAX_S = 5e-3
# ln(1e5): the time constants after which a first-order step is within 10 ppm.
_SETTLE_CONSTANTS = 11.5
_SMALLER = "train with weight decay, or with fewer neurons a layer"


def swing_V(amplifier: PartType, rail_V: float, current_A: float) -> float:
    """Return the magnitude that an amplifier's output surely reaches.

    Between the two loads that the datasheet states, the distance to the rail is taken as linear in
    the current.

    Args:
        amplifier: the package.
        rail_V: magnitude of the lowest rail allowed.
        current_A: what the output delivers, up to the part's ``output_A``.
    """
    figures = amplifier.limits
    light_A, full_A = figures["light_output_A"], figures["output_A"]
    share = min(1.0, max(0.0, (current_A - light_A) / (full_A - light_A)))
    light_V, full_V = figures["light_saturation_V"], figures["full_saturation_V"]
    return rail_V - light_V - share * (full_V - light_V)


def check_summers(
    summers: Sequence[Summer],
    inputs: Sequence[str],
    *,
    logic: Logic,
    rail_V: float,
    amplifier: PartType,
    diode: PartType,
    resistor: PartType,
) -> float:
    """Refuse what can't be done; return the time to settle in seconds.

    The time to settle is slewing through the whole swing plus a first-order step at ``GBW / noise
    gain``, summed along the longest path.

    Args:
        summers: from the inputs to the outputs.
        inputs: nets that the fixture drives.
        logic: the board's levels.
        rail_V: magnitude of the lowest rail allowed.
        amplifier, diode, resistor: the parts used.

    Raises:
        CircuitRefused: says which net, what it would have to do, and what is allowed.
    """
    figures = amplifier.limits
    margin_V = (logic.threshold_high_V - logic.threshold_low_V) / 2
    load_S: dict[str, float] = {}
    for summer in summers:
        for net, ohm in summer.cell.inputs.items():
            load_S[net] = load_S.get(net, 0.0) + 1.0 / ohm
    for net in inputs:
        current_A = logic.high_V * load_S.get(net, 0.0)
        _refuse_above(_INPUT_MAX_A, current_A, "draws {:.2g} A", net)
    arrival_s: dict[str, float] = {}
    for summer in summers:
        cell, net = summer.cell, summer.cell.output
        current_A = summer.peak_V * (load_S.get(net, 0.0) + 1.0 / cell.feedback_ohm)
        _refuse_above(figures["output_A"], current_A, "must deliver {:.2g} A", net)
        pin_V = summer.peak_V
        if cell.rectifier != "none":
            pin_V += diode.limits["forward_V"]
        reached_V = swing_V(amplifier, rail_V, current_A)
        _refuse_above(reached_V, pin_V, "needs {:.2f} V at its amplifier", net)
        noise_gain = cell.noise_gain()
        _refuse_above(margin_V, figures["offset_V"] * noise_gain, "has {:.2g} V of offset", net)
        bias_V = figures["bias_A"] * cell.feedback_ohm
        _refuse_above(_BIAS_ERROR_MAX_V, bias_V, "has {:.2g} V from the bias current", net)
        power_W = reached_V**2 / min(cell.inputs.values())
        _refuse_above(
            resistor.limits["max_W"] / 2, power_W, "has a resistor that takes {:.2g} W", net
        )
        step_s = 2 * rail_V / figures["slew_V_per_s"]
        step_s += _SETTLE_CONSTANTS * noise_gain / (2 * math.pi * figures["gbw_Hz"])
        arrival_s[net] = step_s + max(arrival_s.get(source, 0.0) for source in cell.inputs)
        _refuse_above(_SETTLE_MAX_S, arrival_s[net], "settles only after {:.2g} s", net)
    return max(arrival_s.values())


def _refuse_above(limit: float, value: float, what: str, net: str) -> None:
    if value > limit:
        raise CircuitRefused(
            what.format(value), where=net, allowed=f"up to {limit:.3g}", mend=_SMALLER
        )


def series_ohm(
    load_A: float,
    rail_V: float,
    rail_tolerance: float,
    *,
    reference: PartType,
    resistor: PartType,
) -> float:
    """Return a shunt reference's series resistor: the largest that carries load and reference.

    The load is constant: every bias resistor ends at a virtual ground.

    Args:
        load_A: what the bias resistors take.
        rail_V: magnitude of the rail.
        rail_tolerance: of the rail, as a fraction.
        reference, resistor: the parts used.

    Raises:
        CircuitRefused: no resistor keeps the reference between its least and greatest current.
    """
    limits = reference.limits
    spare_V = rail_V * (1 - rail_tolerance) - limits["volts"]
    most_ohm = spare_V / (load_A + _REFERENCE_KEEPS_A) / (1 + (resistor.tolerance or 0.0))
    series = resistor.series or "E96"
    fitting = [ohm for ohm in values(series, 100.0, 1e6) if ohm <= most_ohm]
    if fitting:
        greatest_A = (rail_V * (1 + rail_tolerance) - limits["volts"]) / fitting[-1]
        power_W = greatest_A**2 * fitting[-1]
        if greatest_A < limits["max_A"] and power_W < resistor.limits["max_W"] / 2:
            return fitting[-1]
    raise CircuitRefused(
        f"the biases take {load_A * 1e3:.1f} mA from the reference",
        allowed=f"less than {limits['max_A'] * 1e3:g} mA through its resistor",
        mend="train with smaller biases",
    )


def check_margins(
    summers: Sequence[Summer],
    known: Mapping[str, tuple[float, float]],
    expected: Mapping[str, int | None],
    *,
    logic: Logic,
    amplifier: PartType,
    resistor: PartType,
) -> None:
    """Refuse a case in which an output would not clear its threshold on nearly every board.

    Errors are propagated to first order as if independent: every resistor ratio, every offset and
    the reference at their bounds, added as squares. A uniform error's bound is 1.7 standard
    deviations, so 1.5 times that sum holds about 99 of 100 boards.

    Args:
        summers: from the inputs to the outputs.
        known: net to volts and bound of their error, for the inputs and the reference.
        expected: the level of each output; None where any will do.
        logic: the board's levels.
        amplifier, resistor: the parts used.

    Raises:
        CircuitRefused: names the output and what it would show.

    Ref: JCGM 100:2008, 5.1.2 (law of propagation).
    """
    volts = {net: value for net, (value, _) in known.items()}
    errors_V = {net: error for net, (_, error) in known.items()}
    ratio_error = math.sqrt(2) * (resistor.tolerance or 0.0)
    offset_V = amplifier.limits["offset_V"]
    for summer in summers:
        cell = summer.cell
        volts[cell.output] = cell.law(volts)
        gains = {net: cell.feedback_ohm / ohm for net, ohm in cell.inputs.items()}
        parts_V = [gain * errors_V[net] for net, gain in gains.items()]
        parts_V += [gain * volts[net] * ratio_error for net, gain in gains.items()]
        parts_V.append(offset_V * cell.noise_gain())
        errors_V[cell.output] = math.hypot(*parts_V)
    for net, level in expected.items():
        margin_V = 1.5 * errors_V[net]
        high_V, low_V = volts[net] + margin_V, volts[net] - margin_V
        if (level == 0 and high_V > logic.threshold_low_V) or (
            level == 1 and low_V < logic.threshold_high_V
        ):
            raise CircuitRefused(
                f"would show {volts[net]:.2f} V ± {margin_V:.2f} V where a {level} is due",
                where=net,
                allowed=f"below {logic.threshold_low_V:g} V or above {logic.threshold_high_V:g} V",
                mend="train until the answers are near 0 and 1, with weight decay",
            )
