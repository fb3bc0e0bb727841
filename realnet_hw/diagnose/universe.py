"""What can be wrong with a board: every single fault, derived from the board itself.

A fault is one thing that a person can mend. What it does may be uncertain: a resistor of another
value may have any value, a floating input drifts one way or the other. So a fault has one or more
*hypotheses*, each of which predicts readings; how probable a fault is, is the sum over them.

Wrong values are covered from a fortieth to forty times the right one, in steps that touch: within a
step the value is spread evenly, as a tolerance is. Steps in which one of the usual slips lies are
more probable: a multiplier band misread, the next value of E24, the value of another resistor on
the board. Which of them it is, is found once the value is estimated.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from realnet_hw import preferred_values
from realnet_hw.diagnose.twins import AMPLIFIER_STEP
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, subcircuit_ports
from realnet_hw.predict import faults, miswired

Kind = Literal[
    "healthy",
    "open",
    "short",
    "wrong value",
    "swapped",
    "reversed",
    "missing",
    "bridge",
    "stuck",
    "offset",
    "weak",
    "misplaced",
    "not written",
]

# A wrong value differs by more than tolerances leave open, and is neither open nor short. What a
# board of pulses answers takes long, and an array has many resistors: their steps are wider.
_NEAREST, _FARTHEST, _RATIO, _WIDE_RATIO = 1.035, 40.0, 1.14, 1.6
# By so much more probable a usual slip makes the step in which it lies. The commonest are a band
# or a digit that is misread.
_USUAL = 4.0
_DECADES = 0.1, 10.0
# How often faults of a kind happen, against each other: an even guess, with exceptions. Pairs of
# nets and holes are many, and each is less probable than a bad joint; amplifiers that live on with
# a damage are rare.
_WEIGHTS: Mapping[Kind, float] = {"bridge": 0.5, "misplaced": 0.5, "offset": 0.5, "weak": 0.5}
# From beyond what a sound amplifier has to where it sits at one end, and from a resistance beside
# which joints are nothing to where the output is as good as open; in steps that touch.
_OFFSETS_V, _WEAK_OHM = (0.025, 0.8), (300.0, 6e4)


AND = " + "
"""Between the spellings of two faults that a board has at once."""


@dataclass(frozen=True)
class Fault:
    """One thing that may be wrong.

    Args:
        name: as one says it: "R3 open", "R3 wrong value", "H1 VREF bridged".
        kind: of fault.
        parts: references of the parts that one looks at.
        nets: that it is about, where it is about nets.
        weight: how probable it is before anything is read, against other faults.
    """

    name: str
    kind: Kind
    parts: tuple[str, ...] = ()
    nets: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True)
class Hypothesis:
    """One way in which a fault shows.

    Args:
        fault: number of the fault among those of the universe.
        spelling: as ``predict.faults`` takes it; empty for a sound board.
        share: of the fault's probability.
        factors: from which to which multiple of its value a wrong part may be, else None.
    """

    fault: int
    spelling: str
    share: float = 1.0
    factors: tuple[float, float] | None = None


@dataclass(frozen=True)
class Universe:
    """Every single fault of a board with its hypotheses; the first of both is the sound board."""

    faults: tuple[Fault, ...]
    hypotheses: tuple[Hypothesis, ...]

    def of(self, numbers: Sequence[int], shares: Sequence[float]) -> Universe:
        """Return the universe of some hypotheses, and the faults that these are of.

        Args:
            numbers: of the hypotheses; one may be there several times.
            shares: what part of each is meant.
        """
        kept = [self.hypotheses[number] for number in numbers]
        left = dict.fromkeys(hypothesis.fault for hypothesis in kept)
        place = {fault: number for number, fault in enumerate(left)}
        return Universe(
            tuple(self.faults[fault] for fault in left),
            tuple(
                dataclasses.replace(one, fault=place[one.fault], share=one.share * share)
                for one, share in zip(kept, shares, strict=True)
            ),
        )


def universe(
    deck: Deck,
    bridges: Sequence[tuple[str, str]] = (),
    legs: Sequence[tuple[str, str, str]] = (),
    stores: Sequence[tuple[str, Sequence[str]]] = (),
) -> Universe:
    """Return what can be wrong with a board.

    Args:
        deck: of the board.
        bridges: pairs of nets that solder may join.
        legs: reference, pin number and the net into whose hole that leg may have been put.
        stores: of a board whose weights are charges: a weight, or a port that writes several, and
            the nets of its capacitors.
    """
    every: list[tuple[Fault, list[Hypothesis]]] = [
        (Fault("healthy", "healthy", weight=0.0), [Hypothesis(0, "")])
    ]

    def add(fault: Fault, *ways: Hypothesis) -> None:
        weight = _WEIGHTS.get(fault.kind, 1.0)
        whole = sum(way.share for way in ways)
        made = [dataclasses.replace(way, fault=len(every), share=way.share / whole) for way in ways]
        every.append((dataclasses.replace(fault, weight=weight), made))

    for fault, ways in _of_parts(deck):
        add(fault, *ways)
    for fault in _of_connections(deck, bridges, legs):
        add(fault, Hypothesis(0, fault.name))
    for name, nets in stores:
        fault = Fault(f"{name} not written", "not written", nets=tuple(nets))
        add(fault, Hypothesis(0, f"{' '.join(nets)} not written"))
    return Universe(
        tuple(fault for fault, _ in every), tuple(way for _, ways in every for way in ways)
    )


def _of_parts(deck: Deck) -> Iterator[tuple[Fault, list[Hypothesis]]]:
    for spelling in faults.single_faults(deck):
        if spelling.endswith("%"):
            continue
        parts = tuple(re.findall(r"\b[A-Z]+[0-9]+\b", spelling))
        kind: Kind = next(
            kind for kind in ("open", "short", "swapped", "reversed", "missing")
            if spelling.endswith(kind)
        )  # fmt: skip
        if parts and kind in ("missing", "swapped") and not _is_part(deck, parts[0]):
            parts = ()
        yield Fault(spelling, kind, parts), [Hypothesis(0, spelling)]
        # Of a capacitor's value only pulses tell, and none does where sources hold both ends.
        is_timed = kind == "missing" and spelling[0] == "C" and deck.drivers
        if kind == "open" or (is_timed and not faults.is_held(deck, parts[0])):
            yield (
                Fault(f"{parts[0]} wrong value", "wrong value", parts),
                _wrong_values(deck, parts[0]),
            )
    for name in deck.inputs:
        yield Fault(f"input {name} missing", "missing"), [Hypothesis(0, f"input {name} missing")]
    for name in deck.pins:
        if name.startswith("x"):
            yield from _of_package(deck, name)


def _wrong_values(deck: Deck, reference: str) -> list[Hypothesis]:
    usual = slips(deck, reference)
    spans = dict.fromkeys(steps(_RATIO if _is_small(deck) else _WIDE_RATIO), 1.0)
    if not _is_small(deck):
        # In a wide step a decade is lost: what fits it well fits the step badly. And no step
        # reaches a capacitor marked 104 in the place of a 102.
        least, most = min(low for low, _ in spans), max(high for _, high in spans)
        alone = [slip for slip in usual if slip in _DECADES or not least <= slip < most]
        usual = [slip for slip in usual if slip not in alone]
        spans |= {(slip / _NEAREST, slip * _NEAREST): _USUAL for slip in alone}
    return [
        Hypothesis(
            0,
            f"{reference} wrong value",
            share=share + _USUAL * sum(low <= slip < high for slip in usual),
            factors=(low, high),
        )
        for (low, high), share in sorted(spans.items())
    ]


def slips(deck: Deck, reference: str) -> list[float]:
    """Return by what a part's value is multiplied by each of the usual slips."""
    values = values_alike(deck, reference)
    right = values[reference.lower()]
    series = preferred_values.values("E24", right / 1.3, right * 1.3)
    found = [*_DECADES]
    found += [max(value for value in series if value < right / _NEAREST) / right]
    found += [min(value for value in series if value > right * _NEAREST) / right]
    others = {value / right for value in values.values()}
    return found + sorted(x for x in others if not 1 / _NEAREST < x < _NEAREST)


def values_alike(deck: Deck, reference: str) -> dict[str, float]:
    """Return the values of a part and of all others of its kind: ohms or farads by element."""
    return {
        line.split()[0]: float(line.split()[3])
        for line in deck.elements
        if line[0] == reference[0].lower() and line.split()[0][1:].isdigit()
    }


def _is_small(deck: Deck) -> bool:
    """Return whether a board's every fault can be solved in detail: no pulses, no array."""
    return not deck.drivers and not deck.held


def _is_part(deck: Deck, reference: str) -> bool:
    return bool({reference.lower(), f"x{reference.lower()}"} & deck.pins.keys())


def _of_package(deck: Deck, name: str) -> Iterator[tuple[Fault, list[Hypothesis]]]:
    """Yield what can be wrong with a package's pins: joints, and outputs that have failed."""
    reference = name.removeprefix("x").upper()
    ports = subcircuit_ports(deck.models, deck.element(name).split()[-1])
    for pin, port in zip(deck.pins[name], ports, strict=True):
        ways = [f"{reference}.{pin} open"]
        if port.startswith("in"):
            drifts = [f"{reference}.{pin} open {drift}" for drift in ("low", "high")]
            # An amplifier whose input hangs on a surface swings: minutes of computing a firing.
            ways = drifts if deck.drivers else ways + drifts
        yield (
            Fault(f"{reference}.{pin} open", "open", (reference,)),
            [Hypothesis(0, way) for way in ways],
        )
        if port.startswith("out"):
            for level in ("low", "high"):
                fault = f"{reference}.{pin} stuck {level}"
                yield Fault(fault, "stuck", (reference,)), [Hypothesis(0, fault)]
            if _is_small(deck):
                yield from _of_output(deck, reference, pin)


def _of_output(deck: Deck, reference: str, pin: str) -> Iterator[tuple[Fault, list[Hypothesis]]]:
    """Yield how an amplifier lives on with a damage: with an offset, or a weak output."""
    try:
        miswired.amplifier(deck, reference, pin)
    except InputError:
        return
    name = f"{reference}.{pin} offset"
    ways = [f"{name} {sign}{1e3 * volt:.3g} mV" for volt in _middles(*_OFFSETS_V) for sign in "+-"]
    yield Fault(name, "offset", (reference,)), [Hypothesis(0, way) for way in ways]
    name = f"{reference}.{pin} weak"
    ways = [f"{name} {ohm:.3g}" for ohm in _middles(*_WEAK_OHM)]
    yield Fault(name, "weak", (reference,)), [Hypothesis(0, way) for way in ways]


def _middles(low: float, high: float) -> list[float]:
    """Return the middles of steps that cover a range."""
    count = math.ceil(math.log(high / low) / (2 * math.log(AMPLIFIER_STEP)))
    return [low * AMPLIFIER_STEP ** (2 * number + 1) for number in range(count)]


def _of_connections(
    deck: Deck, bridges: Sequence[tuple[str, str]], legs: Sequence[tuple[str, str, str]]
) -> Iterator[Fault]:
    held = miswired.held(deck)
    for one, other in bridges:
        ends = {deck.nodes[one], deck.nodes[other]}
        if len(ends) == 2 and not ends <= held:
            yield Fault(f"{one} {other} bridged", "bridge", nets=(one, other))
    for reference, pin, net in legs:
        try:
            miswired.leg_moved(deck, reference, pin, net)
        except InputError:
            continue
        yield Fault(f"{reference}.{pin} at {net}", "misplaced", (reference,), (net,))


def steps(ratio: float = _RATIO) -> list[tuple[float, float]]:
    """Return the steps of wrong values, as multiples of the right one, rising.

    Args:
        ratio: from the lower to the upper end of each.
    """
    above = [_NEAREST]
    while above[-1] < _FARTHEST:
        above.append(above[-1] * ratio)
    up = list(itertools.pairwise(above))
    return [(1 / high, 1 / low) for low, high in reversed(up)] + up
