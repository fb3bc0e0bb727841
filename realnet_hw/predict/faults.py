"""Single faults of a board as changes to its deck.

A fault is spelled as on a repair slip::

    R3 +20 %        D1 reversed     R3 R4 swapped           U1.3 open
    R3 -50 %        D1 missing      inputs X1 X2 swapped    U1.3 open low
    R3 open         D1 short        input X1 missing        U1.1 stuck high
    R3 short        U1 missing      +12V missing            R3.2 at VREF
    R3 is 4.7k      C3 missing      C3 short                H1 VREF bridged
    C3 -90 %                                                W1_0_0 not written
                                                            U1.1 offset -40 mV
                                                            U1.1 weak 4.7k

What a pin's number stands for is the part's own; the last column's faults are in ``miswired``.

A faulty deck keeps every parameter of the sound one, so that the same drawn board can be tried with
and without a fault; where the fault decides a value, its spread is narrowed to it.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from realnet_hw import units
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, Spread, number
from realnet_hw.predict import miswired
from realnet_hw.predict.miswired import OPEN_OHM, SHORT_OHM

_RESISTOR_KINDS = ("open", "short", "+20 %", "-20 %", "+50 %", "-50 %")
_KINDS = {
    "r": _RESISTOR_KINDS,
    "d": ("reversed", "missing", "short"),
    "c": ("missing", "short"),
    "x": ("missing",),
}
# Where capacitors make times, and each fault takes a transient to compute: fewer of a kind. The
# decade below is the wrong capacitor that is taken most easily.
_TIMING_KINDS = {
    "r": ("open", "short", "+20 %"),
    "d": ("reversed", "missing"),
    "c": ("missing", "short", "+20 %", "-90 %"),
    "x": ("missing",),
}
# A diode that is not there has this share of a junction.
_ABSENT_AREA = 1e-9

_PART = re.compile(r"([A-Z]+[0-9]+) (open|short|reversed|missing|[+-][0-9]+(?:\.[0-9]+)? ?%)")
_SWAPPED_PARTS = re.compile(r"([RD][0-9]+) ([RD][0-9]+) swapped")
_SWAPPED = re.compile(r"inputs (\S+) (\S+) swapped")
_MISSING = re.compile(r"(\S+) missing")
_OTHER_VALUE = re.compile(r"([RC][0-9]+) is (\S+)")
_INPUT_MISSING = re.compile(r"input (\S+) missing")
_BRIDGED = re.compile(r"(\S+) (\S+) bridged")
_PIN_OPEN = re.compile(r"([A-Z]+[0-9]+)\.(\w+) open(?: (low|high))?")
_STUCK = re.compile(r"([A-Z]+[0-9]+)\.(\w+) stuck (low|high)")
_OFFSET = re.compile(r"([A-Z]+[0-9]+)\.(\w+) offset ([+-]?[0-9]+(?:\.[0-9]+)?) ?mV")
_WEAK = re.compile(r"([A-Z]+[0-9]+)\.(\w+) weak (\S+)")
_NOT_WRITTEN = re.compile(r"(\S+(?: \S+)*) not written")
_MOVED = re.compile(r"([A-Z]+[0-9]+)\.(\w+) at (\S+)")


def apply(deck: Deck, fault: str) -> Deck:
    """Return the deck of a board with one fault.

    Raises:
        InputError: a spelling that is none of those above, a part, supply or input that the deck
            does not have, a fault that this kind of part can't have, or a short across sources,
            which are ideal here: what theirs would do is up to the current that the bench limits.
    """
    text = " ".join(fault.split())
    if match := _SWAPPED.fullmatch(text):
        return _swap_inputs(deck, match.group(1), match.group(2), fault)
    if match := _SWAPPED_PARTS.fullmatch(text):
        return _swap_parts(deck, match.group(1), match.group(2), fault)
    if (match := _MISSING.fullmatch(text)) and match.group(1) in deck.supplies:
        return _lose_supply(deck, match.group(1))
    if match := _PART.fullmatch(text):
        return _spoil_part(deck, match.group(1), match.group(2), fault)
    if match := _OTHER_VALUE.fullmatch(text):
        return _other_value(deck, match.group(1), match.group(2), fault)
    for pattern, change in _MISWIRED:
        if match := pattern.fullmatch(text):
            return change(deck, *(word for word in match.groups() if word is not None))
    raise _unknown(deck, fault)


_MISWIRED: Sequence[tuple[re.Pattern[str], Callable[..., Deck]]] = (
    (_INPUT_MISSING, miswired.input_missing),
    (_BRIDGED, miswired.bridged),
    (_PIN_OPEN, miswired.pin_open),
    (_STUCK, miswired.stuck),
    (_OFFSET, miswired.offset),
    (_WEAK, miswired.weak),
    (_MOVED, miswired.leg_moved),
    (_NOT_WRITTEN, miswired.not_written),
)


def apply_all(deck: Deck, faults: Sequence[str]) -> Deck:
    """Return the deck of a board with several faults, applied in their order.

    Raises:
        InputError: as :func:`apply`.
    """
    for fault in faults:
        deck = apply(deck, fault)
    return deck


def single_faults(deck: Deck) -> list[str]:
    """Return every single fault that a prediction of steady voltages computes.

    Resistors open, short, 20 % and 50 % off either way; diodes reversed, missing and short;
    resistors and diodes of successive references in each other's place, where they differ;
    capacitors missing and short, packages missing, each pair of inputs swapped, each supply
    missing. A short across sources is left out, see ``apply``. No direct voltage shows that a
    capacitor is missing: that is listed so that whoever reads which faults stay unseen finds it
    there.
    """
    return _single_faults(deck, _KINDS)


def timing_faults(deck: Deck) -> list[str]:
    """Return every single fault that a prediction of a board with a firing computes.

    Fewer of a kind than ``single_faults``, as each takes long: resistors open, short and 20 % too
    large, diodes reversed and missing; but capacitors also 20 % too large and of the decade below,
    where no sources hold both of their ends.
    """
    return _single_faults(deck, _TIMING_KINDS)


def _single_faults(deck: Deck, kinds: Mapping[str, Sequence[str]]) -> list[str]:
    faults = []
    for line in deck.elements:
        name = line.split(None, 1)[0]
        if name[0] not in kinds or not re.search(r"[0-9]$", name):
            continue
        reference = name.upper().removeprefix("X")
        held = _is_across_sources(deck, line)
        faults += [
            f"{reference} {kind}"
            for kind in kinds[name[0]]
            if not held or (kind != "short" and not (name[0] == "c" and kind.endswith("%")))
        ]
    faults += [f"{one} {two} swapped" for one, two in _neighbours(deck)]
    faults += [f"inputs {one} {two} swapped" for one, two in itertools.combinations(deck.inputs, 2)]
    faults += [f"{net} missing" for net in deck.supplies]
    return faults


def _neighbours(deck: Deck) -> list[tuple[str, str]]:
    """Return the resistors and the diodes whose references follow each other and that differ."""
    kinds = {line.split()[0]: line.split()[3] for line in deck.elements if line[0] in "rd"}
    pairs = []
    for name, kind in kinds.items():
        if re.fullmatch(r"[rd][0-9]+", name):
            following = f"{name[0]}{int(name[1:]) + 1}"
            if kinds.get(following, kind) != kind:
                pairs.append((name.upper(), following.upper()))
    return pairs


def is_held(deck: Deck, reference: str) -> bool:
    """Return whether sources hold both ends of a part with two pins."""
    return _is_across_sources(deck, deck.element(reference.lower()))


def _is_across_sources(deck: Deck, line: str) -> bool:
    """Whether sources hold both ends of a part with two pins."""
    return miswired.held(deck).issuperset(line.split()[1:3])


def _unknown(deck: Deck, fault: str) -> InputError:
    return InputError(
        f"{fault!r} is no fault of this board",
        where=deck.title.removeprefix("* "),
        allowed="'R1 +20 %', 'R1 open', 'R1 short', 'D1 reversed', 'D1 missing', 'D1 short', "
        "'R1 is 4.7k', 'C1 -90 %', 'C1 missing', 'C1 short', 'U1 missing', 'R1 R2 swapped', "
        "'inputs A B swapped', 'input A missing', '+12V missing', 'H1 Y bridged', 'U1.3 open', "
        "'U1.1 stuck high', 'U1.1 offset -40 mV', 'U1.1 weak 4.7k' or 'R1.2 at Y', with this "
        "board's names",
    )


def _spoil_part(deck: Deck, reference: str, kind: str, fault: str) -> Deck:
    names = {line.split(None, 1)[0] for line in deck.elements}
    name = reference.lower()
    name = name if name in names else f"x{name}"
    if name not in names:
        raise _unknown(deck, fault)
    if kind == "short" and _is_across_sources(deck, deck.element(name)):
        raise miswired.dead_short(deck, fault)
    match name[0], kind:
        case "r", "open" | "missing":
            return _set_value(deck, name, OPEN_OHM)
        case "r", "short":
            return _set_value(deck, name, SHORT_OHM)
        case (("r" | "c"), _) if kind.endswith("%"):
            return _scale_value(deck, name, 1 + float(kind.removesuffix("%")) / 100, fault)
        case "d", "reversed":
            words = deck.element(name).split()
            words[1], words[2] = words[2], words[1]
            return deck.with_element(name, " ".join(words))
        case "d", "missing":
            # The area is a parameter of the sound deck: it stays one, with this value.
            line = f"{deck.element(name)} area={number(_ABSENT_AREA)}"
            return _fixed(deck.with_element(name, line), f"{name} area", _ABSENT_AREA)
        case (("d" | "c"), "short"):
            line = deck.element(name)
            one, two = line.split()[1:3]
            bridge = f"r_{name}_short {one} {two} {number(SHORT_OHM)}"
            return deck.with_element(name, line, bridge)
        case "c", "missing" | "open":
            return _set_value(deck, name, 1e-15)
        case "x", "missing":
            return _lose_package(deck, name)
    raise _unknown(deck, fault)


def _set_value(deck: Deck, name: str, value: float) -> Deck:
    """Give a resistor or capacitor another value, whatever is drawn."""
    one, two = deck.element(name).split()[1:3]
    return _fixed(deck.with_element(name, f"{name} {one} {two} {number(value)}"), name, value)


def _scale_value(deck: Deck, name: str, factor: float, fault: str) -> Deck:
    """Scale a resistor's or capacitor's value and its spread."""
    if factor <= 0:
        raise InputError(f"{fault!r} leaves nothing", where=deck.title, allowed="above -100 %")
    one, two, value = deck.element(name).split()[1:4]
    scaled = deck.with_element(name, f"{name} {one} {two} {number(float(value) * factor)}")
    return _spreads_of(
        scaled,
        name,
        lambda spread: dataclasses.replace(
            spread,
            nominal=spread.nominal * factor,
            low=spread.low * factor,
            high=spread.high * factor,
            sigma=spread.sigma * factor,
        ),
    )


def _other_value(deck: Deck, reference: str, text: str, fault: str) -> Deck:
    """Put a part of another value in a part's place, of the same tolerance."""
    name = reference.lower()
    if name not in {line.split(None, 1)[0] for line in deck.elements}:
        raise _unknown(deck, fault)
    value = units.parse(text, "ohm" if name[0] == "r" else "F")
    percent = 100 * (value / float(deck.element(name).split()[3]) - 1)
    return _spoil_part(deck, reference, f"{percent!r} %", fault)


def _lose_package(deck: Deck, name: str) -> Deck:
    """Take a package out of its socket: its pins go nowhere, its pads leak to ground."""
    words = deck.element(name).split()
    pads = dict.fromkeys(node for node in words[1:-1] if node != "0")
    pins = [f"{name}_pin{pin}" for pin in range(1, len(words) - 1)]
    lines = [" ".join([name, *pins, words[-1]])]
    lines += [f"r_{pin} {pin} 0 {number(OPEN_OHM)}" for pin in pins]
    lines += [f"r_{name}_{pad} {pad} 0 {number(OPEN_OHM)}" for pad in pads]
    return deck.with_element(name, *lines)


def _lose_supply(deck: Deck, net: str) -> Deck:
    """Take a supply's wire off: the source stays, behind a leak."""
    source = deck.supplies[net]
    inner = f"{source.node}_supply"
    words = deck.element(source.element).split()
    words[1] = inner
    leak = f"r_{source.element}_open {inner} {source.node} {number(OPEN_OHM)}"
    return deck.with_element(source.element, " ".join(words), leak)


def _swap_parts(deck: Deck, one: str, two: str, fault: str) -> Deck:
    """Put each of two parts in the other's place, with its value and its spread."""
    names = {line.split(None, 1)[0] for line in deck.elements}
    first, second = one.lower(), two.lower()
    if first == second or first[0] != second[0] or not {first, second} <= names:
        raise _unknown(deck, fault)
    sound = deck
    for name, other in ((first, second), (second, first)):
        pins, kind = sound.element(name).split()[:3], sound.element(other).split()[3:]
        deck = deck.with_element(name, " ".join([*pins, *kind]))
    spreads = {spread.parameter: spread for spread in sound.spreads}
    for name, other in ((first, second), (second, first)):
        for suffix in ("", " area"):
            theirs, own = spreads.get(f"{other}{suffix}"), spreads.get(f"{name}{suffix}")
            if theirs is not None and own is not None:
                deck = _with_spread(
                    deck,
                    dataclasses.replace(theirs, parameter=own.parameter, reference=own.reference),
                )
    return deck


def _with_spread(deck: Deck, spread: Spread) -> Deck:
    """Put a spread in the place of that of the same parameter."""
    return _spreads_of(deck, spread.parameter, lambda _: spread)


def _swap_inputs(deck: Deck, one: str, two: str, fault: str) -> Deck:
    """Put each of two inputs' sources on the other's node."""
    if one not in deck.inputs or two not in deck.inputs or one == two:
        raise _unknown(deck, fault)
    swapped = dict(deck.inputs)
    for name, other in ((one, two), (two, one)):
        source, node = deck.inputs[name], deck.inputs[other].node
        words = deck.element(source.element).split()
        words[1] = node
        deck = deck.with_element(source.element, " ".join(words))
        swapped[name] = dataclasses.replace(source, node=node)
    return dataclasses.replace(deck, inputs=swapped)


def _fixed(deck: Deck, parameter: str, value: float) -> Deck:
    """Narrow a parameter's spread to one value."""
    return _spreads_of(
        deck,
        parameter,
        lambda spread: dataclasses.replace(spread, nominal=value, low=value, high=value),
    )


def _spreads_of(deck: Deck, parameter: str, change: Callable[[Spread], Spread]) -> Deck:
    """Change the spread of a parameter, if it has one."""
    spreads = (
        change(spread) if spread.parameter == parameter else spread for spread in deck.spreads
    )
    return dataclasses.replace(deck, spreads=tuple(spreads))
