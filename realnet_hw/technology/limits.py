"""Closed-form limits of summers: what amplifiers, resistors and fixture can do.

Ref: Texas Instruments SLOS080, TL074 datasheet (output swing into 10 kohm and 2 kohm, bias current,
slew rate, unity-gain bandwidth); Microchip DS20001733, MCP6004 datasheet (the same); Texas
Instruments SLOS456, LM4040 datasheet (least and greatest cathode current).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from realnet_hw.board import Logic
from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import PartType
from realnet_hw.preferred_values import values
from realnet_hw.technology.summer import Summer

# The reference keeps at least this for itself, ten times what it needs to regulate.
_REFERENCE_KEEPS_A = 1e-3
_INPUT_MAX_A = 10e-3
_BIAS_ERROR_MAX_V = 1e-3
_SETTLE_MAX_S = 5e-3
# ln(1e5): the time constants after which a first-order step is within 10 ppm.
_SETTLE_CONSTANTS = 11.5
_SMALLER = "train with weight decay, or with fewer neurons a layer"


def saturation_V(amplifier: PartType, current_A: float) -> float:
    """Return how far from its rail an amplifier's output may stop.

    Between the two loads that the datasheet states, the distance is taken as linear in the current.

    Args:
        amplifier: the package.
        current_A: what the output delivers, up to the part's ``output_A``.
    """
    figures = amplifier.limits
    light_A, full_A = figures["light_output_A"], figures["output_A"]
    share = min(1.0, max(0.0, (current_A - light_A) / (full_A - light_A)))
    light_V, full_V = figures["light_saturation_V"], figures["full_saturation_V"]
    return light_V + share * (full_V - light_V)


def load_S(summers: Sequence[Summer]) -> dict[str, float]:
    """Return by net the conductance of all summing resistors that it feeds, in siemens."""
    found: dict[str, float] = {}
    for summer in summers:
        for net, ohm in summer.cell.inputs.items():
            found[net] = found.get(net, 0.0) + 1.0 / ohm
    return found


def check_summers(
    summers: Sequence[Summer],
    inputs: Sequence[str],
    *,
    logic: Logic,
    rail_V: float,
    amplifier: PartType,
    resistor: PartType,
    diode: PartType | None = None,
    node_V: float = 0.0,
) -> float:
    """Refuse what can't be done; return the time to settle in seconds.

    The time to settle is slewing through the whole swing plus a first-order step at ``GBW / noise
    gain``, summed along the longest path.

    Args:
        summers: from the inputs to the outputs.
        inputs: nets that the fixture drives.
        logic: the board's levels.
        rail_V: magnitude of the lowest rail allowed.
        amplifier, resistor: the parts used.
        diode: the one in a rectifier's output, if there is one.
        node_V: the greatest voltage at which summing resistors end; 0 at a virtual ground.

    Raises:
        CircuitRefused: says which net, what it would have to do, and what is allowed.
    """
    figures = amplifier.limits
    margin_V = (logic.threshold_high_V - logic.threshold_low_V) / 2
    loads_S = load_S(summers)
    for net in inputs:
        current_A = max(logic.high_V, node_V) * loads_S.get(net, 0.0)
        refuse_above(_INPUT_MAX_A, current_A, "draws {:.2g} A", net)
    arrival_s: dict[str, float] = {}
    for summer in summers:
        cell, net = summer.cell, summer.cell.output
        current_A = max(summer.peak_V, node_V) * (loads_S.get(net, 0.0) + 1.0 / cell.feedback_ohm)
        refuse_above(figures["output_A"], current_A, "must deliver {:.2g} A", net)
        pin_V = summer.peak_V
        if diode and cell.polarity:
            pin_V += diode.limits["forward_V"]
        reached_V = rail_V - saturation_V(amplifier, current_A)
        refuse_above(reached_V, pin_V, "needs {:.2f} V at its amplifier", net)
        noise_gain = cell.noise_gain()
        refuse_above(margin_V, figures["offset_V"] * noise_gain, "has {:.2g} V of offset", net)
        bias_V = figures["bias_A"] * cell.feedback_ohm
        refuse_above(_BIAS_ERROR_MAX_V, bias_V, "has {:.2g} V from the bias current", net)
        power_W = reached_V**2 / min(cell.inputs.values())
        refuse_above(
            resistor.limits["max_W"] / 2, power_W, "has a resistor that takes {:.2g} W", net
        )
        step_s = 2 * rail_V / figures["slew_V_per_s"]
        step_s += _SETTLE_CONSTANTS * noise_gain / (2 * math.pi * figures["gbw_Hz"])
        arrival_s[net] = step_s + max(arrival_s.get(source, 0.0) for source in cell.inputs)
        refuse_above(_SETTLE_MAX_S, arrival_s[net], "settles only after {:.2g} s", net)
    return max(arrival_s.values())


def refuse_above(limit: float, value: float, what: str, net: str) -> None:
    """Refuse a value beyond its limit; ``what`` is a template that says it."""
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

    Args:
        load_A: what is taken from the reference, the same at all times.
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
