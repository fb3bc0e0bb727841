"""Of what uncertainties are made: every contribution to the U of every value, by its source.

What was measured, moved to the inputs as set, is as uncertain as the reading, the inputs, and what
the fixture draws from the node make it: independent effects, which add in squares. Those of one
source are put together, so that one line says what one thing in the world contributes. An effect
that reaches a value twice, a reference by which both the value and an input are read, say, counts
with its sign once.

What the prediction leaves open are the parts, the rails, the temperature and the simulator.

Ref: JCGM 100:2008 (GUM) 5.1.2 and 5.2.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from realnet_hw.compare.agreement import BOARD_BOUND_K, BOARD_u_K, Moved
from realnet_hw.compare.drawn import Drawn
from realnet_hw.compare.readings import Readings
from realnet_hw.records import Component, PartSlopes, Prediction, Source

# Parts that contribute most are named, so many of them.
_NAMED = 3
# Contributions below this share of the variance are left out.
_LEAST = 1e-4


@dataclass
class Contributions:
    """Collects contributions and their sources.

    Args:
        prediction: of the board.
        drawn: of the prediction.
        readings: what was read.
        moved: what the inputs make of it.
    """

    prediction: Prediction
    drawn: Drawn
    readings: Readings
    moved: Moved
    sources: dict[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._place = {reading.key: j for j, reading in enumerate(self.readings.values)}
        self._column = {key: j for j, key in enumerate(self.drawn.keys)}
        inputs = {delivery.channel: delivery.name for delivery in self.readings.deliveries}
        self._names = [
            self._input(inputs[effect.channel], effect.channel)
            if effect.channel in inputs
            else self._component(effect.component, effect.channel)
            for effect in self.moved.effects
        ]
        sizes = [effect.sizes for effect in self.moved.effects]
        count = len(self.readings.values)
        self._sizes = self.moved.onto @ np.column_stack(sizes) if sizes else np.zeros((count, 0))

    def measured(self, key: str, U: float | None) -> dict[str, float]:
        """Return what makes the uncertainty of a value at the inputs as set.

        Args:
            key: of the value.
            U: its expanded uncertainty, as it was found; what the sources do not explain of it is a
                contribution, too. None where it is what the sources make it.
        """
        if key not in self._place:
            return {}
        j = self._place[key]
        squares: dict[str, float] = {}
        for name, size in zip(self._names, self._sizes[j].tolist(), strict=True):
            squares[name] = squares.get(name, 0.0) + size**2
        if knee := float(self.moved.knee[j, j]):
            squares[self._fixed("slopes")] = knee
        rest = (U / 2) ** 2 - sum(squares.values()) if U is not None else 0.0
        if rest > _LEAST * sum(squares.values()):
            squares[self._fixed("common, not relied on")] = rest
        return _roots(squares)

    def predicted(self, key: str) -> dict[str, float]:
        """Return what the prediction leaves open of a value."""
        column = self._column[key]
        slopes = self.prediction.statistics.slopes
        squares: dict[str, float] = {}
        parts: list[tuple[float, PartSlopes]] = []
        for part in slopes.parts:
            square = (part.slopes[column] * part.deviation) ** 2
            if part.is_rail:
                squares[self._rail(part)] = square
            else:
                parts.append((square, part))
        parts.sort(key=lambda one: -one[0])
        for square, part in parts[:_NAMED]:
            name = self._part(part)
            squares[name] = squares.get(name, 0.0) + square
        if len(parts) > _NAMED:
            squares[self._fixed("other parts")] = sum(square for square, _ in parts[_NAMED:])
        if not slopes.parts:
            squares[self._fixed("parts and rails")] = float(self.drawn.values[:, column].var())
        squares[self._fixed("temperature")] = float(self.drawn.per_K[column] * BOARD_u_K) ** 2
        squares[self._fixed("simulator")] = float(self.drawn.solver_u[column]) ** 2
        return _roots(squares)

    def _component(self, component: Component, channel: str) -> str:
        """Return the name of a component's source, with the channel where others differ from it."""
        source = Source(
            kind=component.kind,
            distribution=component.distribution,
            degrees_of_freedom=component.degrees_of_freedom,
            shared=component.shared,
            source=component.source,
        )
        if self.sources.setdefault(component.name, source) == source:
            return component.name
        name = f"{component.name}, {channel}" if channel else component.name
        self.sources.setdefault(name, source)
        return name

    def _input(self, terminal: str, channel: str) -> str:
        name = f"input {terminal}"
        self.sources[name] = Source(
            kind="B",
            shared="reading",
            source=f"what arrives at {terminal}, known by {channel}, times the value's slope",
        )
        return name

    def _rail(self, part: PartSlopes) -> str:
        name = f"rail {part.part}"
        share = (part.high - part.low) / 2 / abs(part.nominal)
        self.sources[name] = Source(
            kind="B",
            distribution="rectangular",
            shared="board",
            source=f"{part.nominal:g} V ± {100 * share:.3g} %",
        )
        return name

    def _part(self, part: PartSlopes) -> str:
        self.sources[part.part] = Source(
            kind="B", shared="board", source="its tolerance, times the value's slope"
        )
        return part.part

    def _fixed(self, name: str) -> str:
        self.sources[name] = _FIXED[name]
        return name


_FIXED: Mapping[str, Source] = {
    "slopes": Source(
        kind="B",
        shared="reading",
        source="how an output follows its inputs differs from board to board, most at rectifiers",
    ),
    "common, not relied on": Source(
        kind="B",
        shared="reading",
        source="stated with the reading beyond its budget, or common to reading and inputs and not "
        "counted on",
    ),
    "other parts": Source(
        kind="B", shared="board", source="their tolerances, times the value's slopes"
    ),
    "parts and rails": Source(kind="B", shared="board", source="their tolerances, as drawn"),
    "temperature": Source(
        kind="B",
        distribution="rectangular",
        shared="board",
        source=f"board within {BOARD_BOUND_K:g} K of the temperature predicted at",
    ),
    "simulator": Source(kind="B", shared="reading", source="what its tolerances leave"),
}


def _roots(squares: Mapping[str, float]) -> dict[str, float]:
    """Return standard uncertainties, the largest first, without those that do not matter."""
    whole = sum(squares.values())
    ordered = sorted(squares.items(), key=lambda item: -item[1])
    return {
        name: float(f"{math.sqrt(square):.4g}")
        for name, square in ordered
        if square > _LEAST * whole
    }


def total(contributions: Mapping[str, float]) -> float:
    """Return the standard uncertainty that contributions add up to."""
    return math.hypot(*contributions.values())


def freedom(
    contributions: Mapping[str, float], sources: Mapping[str, Source]
) -> Sequence[tuple[float, float | None]]:
    """Return sizes and degrees of freedom, as ``effective_degrees_of_freedom`` takes them."""
    return [(u, sources[name].degrees_of_freedom) for name, u in contributions.items()]
