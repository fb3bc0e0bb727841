"""Faulty boards as parameters of one deck, so that a simulator reads one deck for all of them.

What a fault does is said in ``predict.faults``, which makes a deck of its own for it. Where that
differs from the sound deck in values alone, these values are the fault. For broken joints, bridges,
failed outputs, misplaced legs and diodes the deck is *grown*: it gets elements that do nothing
until a parameter wakes them. What can't be said so keeps its own deck.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.export.deck import Deck, Spread, number
from realnet_hw.predict import faults
from realnet_hw.predict.miswired import OPEN_OHM, SHORT_OHM, amplifier

AMPLIFIER_STEP = 1.8
"""An offset or a weak output stands for all up to that many times as large, or as small."""
# Beside every resistance and leak of a board, nothing; less would cost digits.
_NOTHING_OHM = 1e14
_NO_AREA = 1e-9


@dataclass(frozen=True)
class Twin:
    """A faulty board.

    Args:
        deck: that it is a board of.
        fixed: the parameters that the fault sets.
        spreads: of its parts.
    """

    deck: Deck
    fixed: Mapping[str, float]
    spreads: tuple[Spread, ...]


def twins(deck: Deck, spellings: Sequence[str]) -> dict[str, Twin]:
    """Return the faulty board of each spelling.

    Raises:
        InputError: a fault that this deck can't have.
    """
    found: dict[str, Twin] = {}
    grown = _Grown(deck)
    awake: dict[str, dict[str, float]] = {}
    faulty = {spelling: faults.apply(deck, spelling) for spelling in spellings if spelling}
    for spelling, own in faulty.items():
        if " offset " in spelling:
            found[spelling] = _offset(deck, spelling)
            continue
        changed = changed_values(deck, own)
        if changed is not None:
            found[spelling] = Twin(deck, changed, own.spreads)
            continue
        woken = grown.take(spelling, own)
        if woken is None:
            found[spelling] = Twin(own, {}, own.spreads)
        else:
            awake[spelling] = woken
    whole = grown.deck()
    for spelling, woken in awake.items():
        found[spelling] = Twin(whole, woken, grown.spreads(faulty[spelling], woken))
    found[""] = Twin(deck, {}, deck.spreads)
    return found


def both(sound: Deck, whole: Deck, one: Twin, other: Twin) -> Twin:
    """Return the board with the faults of two others.

    Args:
        sound: deck of the sound board.
        whole: a deck that can be woken to both faults.
        one, other: with a fault each, which set no parameter in common.
    """
    usual = {spread.parameter: spread for spread in sound.spreads}
    spreads = dict(usual)
    for twin in (one, other):
        own = {spread.parameter: spread for spread in twin.spreads}
        for name in usual.keys() - own.keys():
            spreads.pop(name, None)
        spreads |= {
            name: spread
            for name, spread in own.items()
            if spread is not usual.get(name) and spread != usual.get(name)
        }
    return Twin(whole, {**one.fixed, **other.fixed}, tuple(spreads.values()))


def _offset(deck: Deck, spelling: str) -> Twin:
    """Return the boards of which an amplifier has about that offset."""
    subject, _, millivolts, _ = spelling.split()
    _, parameter = amplifier(deck, *subject.split("."))
    middle_V = 1e-3 * float(millivolts)
    low_V, high_V = sorted((middle_V / AMPLIFIER_STEP, middle_V * AMPLIFIER_STEP))
    return _within(deck, parameter, low_V, middle_V, high_V)


def wrong_value(deck: Deck, element: str, factors: tuple[float, float]) -> Twin:
    """Return the boards on which one resistor is that much off.

    Args:
        deck: of the sound board.
        element: the resistor's.
        factors: the least and the greatest multiple of its value.
    """
    value = float(deck.element(element).split()[3])
    low, high = (value * factor for factor in factors)
    return _within(deck, element, low, math.sqrt(low * high), high)


def _within(deck: Deck, parameter: str, low: float, middle: float, high: float) -> Twin:
    """Return the boards of which one parameter lies in a range of its own."""
    spreads = tuple(
        dataclasses.replace(spread, nominal=middle, distribution="uniform", low=low, high=high)
        if spread.parameter == parameter
        else spread
        for spread in deck.spreads
    )
    return Twin(deck, {parameter: middle}, spreads)


def changed_values(sound: Deck, faulty: Deck) -> dict[str, float] | None:
    """Return the parameters in which a deck differs, None if it does in anything else."""
    if len(sound.elements) != len(faulty.elements):
        return None
    values: dict[str, float] = {}
    for line, other in zip(sound.elements, faulty.elements, strict=True):
        if line == other:
            continue
        words, others = line.split(), other.split()
        name = words[0]
        if others[:-1] == words and others[-1].startswith("area="):
            values[f"{name} area"] = float(others[-1].removeprefix("area="))
        elif name[0] in "rc" and words[:3] == others[:3] and len(words) == len(others) == 4:
            values[name] = float(others[3])
        else:
            return None
    return values


class _Grown:
    """A deck that gets more elements, each asleep."""

    def __init__(self, deck: Deck) -> None:
        self._sound = deck
        self._lines = {line.split(None, 1)[0]: line.split() for line in deck.elements}
        self._more: dict[str, str] = {}
        # A copy's parameter to that of the part whose place it takes.
        self._awake_for: dict[str, str] = {}

    def deck(self) -> Deck:
        """Return the deck with what it was given so far."""
        lines = (" ".join(words) for words in self._lines.values())
        return dataclasses.replace(self._sound, elements=(*lines, *self._more.values()))

    def spreads(self, faulty: Deck, woken: Mapping[str, float]) -> tuple[Spread, ...]:
        """Return a faulty deck's spreads as the grown one has them: with the part that is awake."""
        named = {self._awake_for.get(name): name for name in woken if name in self._awake_for}
        kept = tuple(
            dataclasses.replace(spread, parameter=named[spread.parameter])
            if spread.parameter in named
            else spread
            for spread in faulty.spreads
        )
        weak = (
            Spread(name, "", ohm, "uniform", ohm / AMPLIFIER_STEP, ohm * AMPLIFIER_STEP)
            for name, ohm in woken.items()
            if name.endswith("_joint") and ohm < OPEN_OHM
        )
        return (*kept, *weak)

    def take(self, spelling: str, faulty: Deck) -> dict[str, float] | None:
        """Grow what a fault needs and return the parameters that wake it, None if it can't be."""
        words = spelling.split()
        subject, _, pin = words[0].partition(".")
        match words[1:]:
            case ["open", *_] | ["stuck", _] if pin:
                return self._pin(faulty, subject, pin)
            case ["weak", _]:
                return self._pin(faulty, subject, pin)
            case ["at", net] if pin and subject[0] in "RD":
                return self._moved(faulty, subject.lower(), pin, net)
            case ["short"] if subject[0] in "DC":
                return self._bridge(f"r_{subject.lower()}_short", *self._ends(subject.lower()))
            case ["reversed"]:
                return self._reversed(subject.lower())
            case [other, "bridged"]:
                one, two = self._sound.nodes[words[0]], self._sound.nodes[other]
                return self._bridge(f"r_bridge_{one}_{two}", one, two)
        return None

    def _ends(self, name: str) -> tuple[str, str]:
        words = self._sound.element(name).split()
        return words[1], words[2]

    def _sleeping(self, name: str, one: str, other: str, value: str) -> None:
        self._more.setdefault(name, f"{name} {one} {other} {value}")

    def _bridge(self, name: str, one: str, other: str, ohm: float = SHORT_OHM) -> dict[str, float]:
        self._sleeping(name, one, other, number(_NOTHING_OHM))
        return {name: ohm}

    def _reversed(self, name: str) -> dict[str, float]:
        anode, cathode = self._ends(name)
        twin = f"{name}_reversed"
        model = self._sound.element(name).split()[3]
        self._sleeping(twin, cathode, anode, f"{model} area={number(_NO_AREA)}")
        self._awake_for[f"{twin} area"] = f"{name} area"
        return {f"{name} area": _NO_AREA, f"{twin} area": 1.0}

    def _moved(self, faulty: Deck, name: str, pin: str, net: str) -> dict[str, float]:
        words = faulty.element(name).split()
        copy = f"{name}_{pin}_at_{self._sound.nodes[net]}"
        if name[0] == "d":
            self._sleeping(copy, words[1], words[2], f"{words[3]} area={number(_NO_AREA)}")
            self._awake_for[f"{copy} area"] = f"{name} area"
            return {f"{name} area": _NO_AREA, f"{copy} area": 1.0}
        self._sleeping(copy, words[1], words[2], number(_NOTHING_OHM))
        self._awake_for[copy] = name
        return {name: _NOTHING_OHM, copy: float(words[3])}

    def _pin(self, faulty: Deck, reference: str, pin: str) -> dict[str, float]:
        """Lift a pin, and drive the pin or its pad as the faulty deck does."""
        name = reference.lower()
        name = name if name in self._lines else f"x{name}"
        words = self._lines[name]
        place = 1 + self._sound.pins[name].index(pin)
        pad = self._sound.element(name).split()[place]
        inner = words[place] = f"{name}_pin{pin.lower()}"
        joint = f"r_{inner}_joint"
        self._sleeping(joint, inner, pad, number(SHORT_OHM))
        woken = {joint: _NOTHING_OHM}
        was = {line.split(None, 1)[0] for line in self._sound.elements}
        for line in faulty.elements:
            element, one, other, value = (*line.split(), "", "", "")[:4]
            if element in was:
                continue
            if {one, other} == {inner, pad}:
                woken[joint] = float(value)
                continue
            if element[0] == "r":
                self._sleeping(element, one, other, number(_NOTHING_OHM))
            else:
                self._sleeping(element, one, other, "0")
            woken[element] = float(value)
        return woken
