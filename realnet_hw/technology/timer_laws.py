"""The laws of a neuron made of 555 timers: pulses, their sum on a capacitor, its threshold.

One monostable a weight turns the level at its CONT pin into the width of a pulse. The pulses come
one after another; a diode of each leads them to one resistor, through which they charge one
capacitor. A last timer's output falls, and stays low, as soon as the capacitor is above the level
at its own CONT pin.

In units of t1H, the pulse of a level of two thirds of the rail, a level of one third makes a pulse
of ln 1.5 / ln 3 = 0.369: two inputs make 0.74, 1.37 or 2 units. With R C of the integrator equal to
R C of the monostables and the threshold at 1.5 units, it stands at
1 - exp(-1.5 ln 3) = 1 - 3^-1.5 = 0.8075 of the voltage that charges the capacitor.

Everything here takes numbers or arrays, which are broadcast.

Ref: Texas Instruments SLFS043, TLC555 datasheet, and SLFS022, xx555 datasheet, "Monostable
operation": a capacitor charged through R towards the rail passes the voltage at CONT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = float | npt.NDArray[np.float64]

HIGH_UNITS = 1.0
LOW_UNITS = float(np.log(1.5) / np.log(3.0))
"""Widths of the pulses of two thirds and of one third of the rail, in units of t1H."""

NOMINAL_C = 27.0
_KELVIN = 273.15
# k/q in volts per kelvin (SI, exact), the band gap of silicon and the exponent of temperature that
# SPICE's diode has where its card says nothing.
_BOLTZMANN_V_PER_K = 1.380649e-23 / 1.602176634e-19
_GAP_V = 1.11
_EXPONENT = 3.0
# The diode of sim/models/1n4148.lib.
_SATURATION_A, _EMISSION, _SERIES_OHM = 3.0e-9, 1.8, 0.6


def pulse_s(
    ohm: Floats, farad: Floats, level_V: Floats, rail_V: Floats, start_V: Floats = 0.0
) -> Floats:
    """Return how long a monostable's pulse lasts, in seconds.

    The capacitor is let go at ``start_V`` and charged through R towards the rail, so that
    ``rail - v = (rail - start) exp(-t/RC)``; the pulse ends where v is the level at CONT:

        t = R C ln((Vcc - Vstart) / (Vcc - V))

    From 0 V this is t1H = R C ln 3 at two thirds of the rail and t1L = R C ln 1.5 at one third.
    Where a diode lies between capacitor and discharge pin, the start is its forward voltage Vd:
    with 0.5 V of 15 V the pulses are shorter by 1 - ln 2.9/ln 3 = 3.1 % and by
    1 - ln 1.45/ln 1.5 = 8.4 %, which is why the original has 105 kohm there and 100 kohm elsewhere.

    Args:
        ohm: R; the rail less the drop of a leakage current is given as ``rail_V``.
        farad: C.
        level_V: at CONT, above ``start_V`` and below the rail.
        rail_V: what R charges towards.
        start_V: 0 with the discharge pin at the capacitor, Vd behind a diode.
    """
    return ohm * farad * np.log((rail_V - start_V) / (rail_V - level_V))


def charged_V(drive_V: Floats, time_s: Floats, tau_s: Floats) -> Floats:
    """Return the integrator's voltage after pulses of ``time_s`` in all.

    Charged from 0 V through R towards the voltage of the pulses, ``dv/dt = (Vo - v)/RC`` while one
    of them is there and 0 between them (the diodes block), so that only their sum counts:

        V(C) = Vo (1 - exp(-(t1 + t2 + ...)/RC))

    Args:
        drive_V: Vo, the voltage behind the diodes without load.
        time_s: the sum of the pulses.
        tau_s: R C, the resistance of the drive in R.
    """
    return -drive_V * np.expm1(-time_s / tau_s)


def charging_s(drive_V: Floats, level_V: Floats, tau_s: Floats) -> Floats:
    """Return how long the pulses must last for a level: :func:`charged_V` the other way round.

    The relative change of this time with a relative change of V/Vo is (e^x - 1)/x, x = t/RC, and
    with an error of V as a share of Vo it is e^x/x: the first is 1 where the integrator is slow and
    2.5 at the original's V = 0.8075 Vo, the second is least, e, at x = 1.
    """
    return -tau_s * np.log1p(-level_V / drive_V)


def ramp_V(current_A: Floats, farad: Floats, time_s: Floats) -> Floats:
    """Return the voltage of a capacitor that a constant current charges: I t / C.

    The time to a level changes as the level does, whatever the level: what the exponential
    comes to where it is slow.
    """
    return current_A * time_s / farad


def diode_V(current_A: Floats, area: Floats = 1.0, temperature_C: float = NOMINAL_C) -> Floats:
    """Return the forward voltage of a 1N4148, by the diode of its model card.

    Args:
        current_A: above 0.
        area: by which factor its saturation current differs from the card's.
        temperature_C: of the junction; at 0.2 mA the voltage falls by some 2 mV/K.

    Ref: sim/models/1n4148.lib; ngspice manual, "Diode model equations" (temperature).
    """
    ratio = (temperature_C + _KELVIN) / (NOMINAL_C + _KELVIN)
    thermal_V = _EMISSION * _BOLTZMANN_V_PER_K * (temperature_C + _KELVIN)
    growth = (ratio - 1.0) * _GAP_V / thermal_V + _EXPONENT / _EMISSION * np.log(ratio)
    saturation_A = area * _SATURATION_A * np.exp(growth)
    return np.asarray(
        thermal_V * np.log1p(current_A / saturation_A) + _SERIES_OHM / area * current_A
    )


@dataclass(frozen=True)
class Drive:
    """What charges the integrator while a pulse is there, behind the diode.

    Args:
        volts: without load.
        ohm: in series with the integrator's resistor.
    """

    volts: Floats
    ohm: Floats


def drive(
    high_V: Floats,
    high_ohm: Floats,
    *,
    pulldown_ohm: Floats,
    series_ohm: Floats,
    middle_V: Floats,
    area: Floats = 1.0,
    temperature_C: float = NOMINAL_C,
) -> Drive:
    """Return the voltage and resistance that charge the integrator.

    The timer's output stands at ``high_V`` behind ``high_ohm``; then come the diode, a resistor to
    ground that empties the integrator after the pulses, and the integrator's own resistor. The
    diode is its tangent at the current that flows while the capacitor is at ``middle_V``, half of
    its threshold; Thevenin's theorem does the rest.

    Args:
        high_V: of the output without load.
        high_ohm: its resistance.
        pulldown_ohm: from behind the diodes to ground.
        series_ohm: the integrator's R.
        middle_V: at which its capacitor is taken to be.
        area, temperature_C: of the diode.
    """
    node_V = np.asarray(high_V) - 0.5
    for _ in range(4):
        current_A = node_V / pulldown_ohm + (node_V - middle_V) / series_ohm
        node_V = high_V - high_ohm * current_A - diode_V(current_A, area, temperature_C)
    thermal_V = _EMISSION * _BOLTZMANN_V_PER_K * (temperature_C + _KELVIN)
    source_ohm = high_ohm + thermal_V / current_A + _SERIES_OHM / area
    source_V = node_V + source_ohm * current_A
    share = pulldown_ohm / (pulldown_ohm + source_ohm)
    return Drive(source_V * share, source_ohm * share)
