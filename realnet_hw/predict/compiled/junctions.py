"""Model cards of diodes and transistors, at a temperature.

Ref: ngspice 46 user manual, chapters 8 (diode) and 11 (MOSFET level 1); the temperature laws are
those of SPICE3: T. L. Quarles, UCB/ERL M89/42 (1989), appendix.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from realnet_hw.errors import InputError
from realnet_hw.predict.compiled.cards import Model

# CODATA 2014, as in ngspice: today's would move a diode's volts by 3e-7 of themselves.
_BOLTZMANN = 1.38064852e-23
_CHARGE = 1.6021766208e-19
_ZERO_C_K = 273.15
_REFERENCE_K = 300.15
# What SPICE3 has for silicon: the gap at the reference temperature and its law.
_GAP_eV = 1.1150877
_FORWARD_SHARE = 0.5
_STEEPEST_GRADING = 0.9
_DIODE = {
    "level": 1.0, "is": 1e-14, "n": 1.0, "rs": 0.0, "bv": math.inf, "ibv": 1e-3, "nbv": math.nan,
    "cjo": 0.0, "cj0": 0.0, "vj": 1.0, "m": 0.5, "tt": 0.0, "eg": 1.11, "xti": 3.0,
}  # fmt: skip
_MOSFET = {
    "level": 1.0, "vto": 0.0, "kp": 2e-5, "lambda": 0.0, "gamma": 0.0, "phi": 0.6, "rd": 0.0,
    "rs": 0.0, "cgso": 0.0, "cgdo": 0.0, "cgbo": 0.0, "cbd": 0.0, "cbs": 0.0, "is": 1e-14,
    "pb": 0.8, "mj": 0.5,
}  # fmt: skip


@dataclass(frozen=True)
class Junction:
    """A junction at its temperature, for an area of 1.

    Args:
        saturation_A: saturation current.
        slope_V: emission coefficient times thermal voltage.
        breakdown_V: infinity where the card has none.
        breakdown_slope_V: of the current in breakdown.
        breakdown_shift_V: by which ``breakdown_V`` moves for e times the area.
        capacitance_F: at 0 V.
        potential_V: of the junction.
        grading: exponent of its capacitance.
        transit_s: charge stored for each ampere.
        leaks: 1 where the reverse current approaches saturation slowly, as a diode's; 0 for bulk.
    """

    saturation_A: float
    slope_V: float
    breakdown_V: float = math.inf
    breakdown_slope_V: float = 1.0
    breakdown_shift_V: float = 0.0
    capacitance_F: float = 0.0
    potential_V: float = 1.0
    grading: float = 0.5
    transit_s: float = 0.0
    leaks: float = 1.0

    @property
    def stores(self) -> bool:
        """Whether it holds charge."""
        return self.capacitance_F > 0 or self.transit_s > 0

    def figures(self) -> tuple[float, ...]:
        """Return the figures in the order that the kernels have them."""
        part, grading = _FORWARD_SHARE, self.grading
        return (
            self.saturation_A,
            self.slope_V,
            self.breakdown_V,
            self.breakdown_slope_V,
            self.breakdown_shift_V,
            self.capacitance_F,
            self.potential_V,
            grading,
            part * self.potential_V,
            self.potential_V * (1 - (1 - part) ** (1 - grading)) / (1 - grading),
            (1 - part) ** (1 + grading),
            1 - part * (1 + grading),
            self.transit_s,
            self.leaks,
        )


@dataclass(frozen=True)
class Channel:
    """A MOSFET of level 1 at its temperature.

    Args:
        polarity: 1 for an n-channel, -1.
        threshold_V: without body effect.
        transconductance_A_V2: for a square channel.
        modulation_per_V: of the channel's length.
        body_sqrt_V: body effect.
        surface_V: surface potential.
        drain_ohm: in series, 0 for none.
        source_ohm: in series, 0 for none.
        overlap_F_m: gate to source, drain and bulk, for each metre of width (bulk: length).
        bulk_drain: junction.
        bulk_source: junction.
    """

    polarity: float
    threshold_V: float
    transconductance_A_V2: float
    modulation_per_V: float
    body_sqrt_V: float
    surface_V: float
    drain_ohm: float
    source_ohm: float
    overlap_F_m: tuple[float, float, float]
    bulk_drain: Junction
    bulk_source: Junction

    def figures(self) -> tuple[float, ...]:
        """Return the figures in the order that the kernels have them."""
        return (
            self.polarity,
            self.threshold_V,
            self.transconductance_A_V2,
            self.modulation_per_V,
            self.body_sqrt_V,
            self.surface_V,
        )


def thermal_V(temperature_C: float) -> float:
    """Return kT/q."""
    return _BOLTZMANN * (temperature_C + _ZERO_C_K) / _CHARGE


def diode(model: Model, area: float, temperature_C: float, nominal_C: float) -> Junction:
    """Return a diode's junction for an area of 1; its resistance is ``resistance_ohm``.

    Raises:
        InputError: a parameter that is not known.
    """
    card = _card(model, _DIODE)
    kelvin, nominal = temperature_C + _ZERO_C_K, nominal_C + _ZERO_C_K
    thermal = thermal_V(temperature_C)
    slope = card["n"] * thermal
    growth = (kelvin / nominal - 1) * card["eg"] / slope
    growth += card["xti"] / card["n"] * math.log(kelvin / nominal)
    saturation = card["is"] * math.exp(growth)
    grading = min(card["m"], _STEEPEST_GRADING)
    zero_bias = card["cjo"] or card["cj0"]
    capacitance, potential = _at(zero_bias, card["vj"], grading, kelvin, nominal)
    breakdown_slope = (card["n"] if math.isnan(card["nbv"]) else card["nbv"]) * thermal
    breakdown, shift = _breakdown(card, saturation * area, thermal, breakdown_slope)
    return Junction(
        saturation,
        slope,
        breakdown - shift * math.log(area) if shift else breakdown,
        breakdown_slope,
        shift,
        capacitance,
        potential,
        grading,
        card["tt"],
    )


def resistance_ohm(model: Model) -> float:
    """Return a diode's series resistance for an area of 1."""
    return model.figures.get("rs", 0.0)


def mosfet(model: Model, temperature_C: float, nominal_C: float) -> Channel:
    """Return a MOSFET's channel and junctions.

    Raises:
        InputError: a parameter, or another level than 1.
    """
    card = _card(model, _MOSFET)
    polarity = 1.0 if model.kind == "nmos" else -1.0
    kelvin, nominal = temperature_C + _ZERO_C_K, nominal_C + _ZERO_C_K
    shift, nominal_shift = _potential_shift(kelvin), _potential_shift(nominal)
    surface = kelvin / _REFERENCE_K * (card["phi"] - nominal_shift) / (nominal / _REFERENCE_K)
    surface += shift
    flat = card["vto"] - polarity * card["gamma"] * math.sqrt(card["phi"])
    flat += 0.5 * (_gap(nominal) - _gap(kelvin)) + polarity * 0.5 * (surface - card["phi"])
    warm = math.exp(-_gap(kelvin) / thermal_V(temperature_C) + _gap(nominal) / thermal_V(nominal_C))

    def bulk(capacitance_F: float) -> Junction:
        capacitance, potential = _at(capacitance_F, card["pb"], card["mj"], kelvin, nominal)
        return Junction(
            card["is"] * warm,
            thermal_V(temperature_C),
            capacitance_F=capacitance,
            potential_V=potential,
            grading=card["mj"],
            leaks=0.0,
        )

    return Channel(
        polarity,
        flat + polarity * card["gamma"] * math.sqrt(surface),
        card["kp"] / (kelvin / nominal) ** 1.5,
        card["lambda"],
        card["gamma"],
        surface,
        card["rd"],
        card["rs"],
        (card["cgso"], card["cgdo"], card["cgbo"]),
        bulk(card["cbd"]),
        bulk(card["cbs"]),
    )


def _card(model: Model, known: Mapping[str, float]) -> dict[str, float]:
    """Return a card with its defaults.

    Raises:
        InputError: a parameter that is not known, a level other than 1.
    """
    if unknown := sorted(model.figures.keys() - known.keys()):
        raise InputError(
            f"parameter {unknown[0]!r} is not known here",
            where=f".model {model.name}",
            allowed=", ".join(known),
        )
    card = {**known, **model.figures}
    if card["level"] != 1:
        raise InputError(f"level {card['level']:g}", where=f".model {model.name}", allowed="1")
    return card


def _gap(kelvin: float) -> float:
    """Return silicon's gap in eV."""
    return 1.16 - 7.02e-4 * kelvin * kelvin / (kelvin + 1108)


def _potential_shift(kelvin: float) -> float:
    """Return by how much a junction's potential moves with temperature, beside its proportion."""
    thermal = _BOLTZMANN * kelvin / _CHARGE
    gap = (-_gap(kelvin) / kelvin + _GAP_eV / _REFERENCE_K) / 2 * _CHARGE / _BOLTZMANN
    return -2 * thermal * (1.5 * math.log(kelvin / _REFERENCE_K) + gap)


def _at(
    capacitance_F: float, potential_V: float, grading: float, kelvin: float, nominal: float
) -> tuple[float, float]:
    """Return a junction's capacitance and potential at a temperature."""
    base = (potential_V - _potential_shift(nominal)) / (nominal / _REFERENCE_K)
    potential = _potential_shift(kelvin) + kelvin / _REFERENCE_K * base

    def factor(at_V: float, at_K: float) -> float:
        return 1 + grading * (400e-6 * (at_K - _REFERENCE_K) - (at_V - base) / base)

    return capacitance_F / factor(potential_V, nominal) * factor(potential, kelvin), potential


def _breakdown(
    card: Mapping[str, float], saturation_A: float, thermal: float, slope: float
) -> tuple[float, float]:
    """Return where breakdown begins, so that ``ibv`` flows at ``bv``, and its shift with area."""
    volts = card["bv"]
    if math.isinf(volts):
        return volts, 0.0
    if card["ibv"] < saturation_A * volts / thermal:
        return volts, 0.0
    found = volts - slope * math.log(1 + card["ibv"] / saturation_A)
    for _ in range(25):
        found = volts - slope * math.log(card["ibv"] / saturation_A + 1 - found / thermal)
    return found, slope
