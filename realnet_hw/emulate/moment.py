"""When a fixture is looked at: in what room, how old; and what of its parts has changed by then.

How far a part drifts per kelvin is its data sheet's, as the catalogue has it. How it ages is
assumed: a reference by its typical 120 ppm in a thousand hours, slower and slower; a precise
resistor by 60 ppm in a year, an amplifier's offset by 50 uV.

Ref: Texas Instruments LM4040 (long-term stability), from memory.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.emulate.within import Within
from realnet_hw.export.deck import Spread

_REFERENCE_AGEING, _RESISTOR_AGEING, _OFFSET_AGEING_V = 355e-6, 60e-6, 50e-6
_CONVERTER_GAIN_per_K, _CONVERTER_OFFSET_V_per_K = 5e-6, 50e-6
_CONVERTER_GAIN_AGEING, _CONVERTER_OFFSET_AGEING_V = 50e-6, 0.5e-3
_YEAR_days = 365.0
_LEAKS_TWICE_K = 10.0


@dataclass(frozen=True)
class Moment:
    """When a fixture is looked at.

    Args:
        warmer_K: than the room that its specification is for.
        days: since it was new.
    """

    warmer_K: float = 0.0
    days: float = 0.0

    @property
    def aged(self) -> float:
        """What it has aged, in that of a year: with the root of time."""
        return math.sqrt(self.days / _YEAR_days)


NEW = Moment()
"""In the room that the specification is for."""


def changed(
    channels: Sequence[Mapping[str, float]],
    spreads: Sequence[Spread],
    seed: int,
    at: Moment,
    within: Within,
) -> list[dict[str, float]]:
    """Return what parts have become, channel by channel.

    Args:
        channels: the parts of each when new.
        spreads: of these parts.
        seed: of how each drifts and ages; the same at every moment.
        at: the moment.
        within: how drifts and ageings lie within their bounds.
    """
    source = random.Random(f"parts later {seed}")

    def later(spread: Spread, value: float) -> float:
        value += within(source, spread.drift_per_K) * at.warmer_K
        value += within(source, _ageing(spread)) * at.aged
        # A diode leaks by its area.
        is_diode = spread.parameter.endswith(" area")
        return value * 2 ** (at.warmer_K / _LEAKS_TWICE_K) if is_diode else value

    return [
        {**own, **{s.parameter: later(s, own[s.parameter]) for s in spreads}} for own in channels
    ]


def _ageing(spread: Spread) -> float:
    """Return how far a part may age in a year, in the parameter's unit."""
    if spread.reference.startswith("R"):
        return _RESISTOR_AGEING * spread.nominal
    if spread.parameter.endswith("vref"):
        return _REFERENCE_AGEING * spread.nominal
    return _OFFSET_AGEING_V if ".vos" in spread.parameter else 0.0


def converter_change(source: random.Random, at: Moment, within: Within) -> tuple[float, float]:
    """Return by how much a converter's gain and offset, volts at the terminal, have changed.

    No data sheet of these converters bounds it: some steps of its last bit.
    """
    gain = within(source, _CONVERTER_GAIN_per_K) * at.warmer_K
    gain += within(source, _CONVERTER_GAIN_AGEING) * at.aged
    offset_V = within(source, _CONVERTER_OFFSET_V_per_K) * at.warmer_K
    return gain, offset_V + within(source, _CONVERTER_OFFSET_AGEING_V) * at.aged
