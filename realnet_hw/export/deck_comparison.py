"""Whether our deck and KiCad's SPICE export of the drawn schematic are the same circuit.

They are made by two programs from two files, so they are spelled differently; compared is their
canonical form: elements unordered, values as numbers, nodes through the public net names, model
files by name.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, model_card
from realnet_hw.export.lvs import public_name

# Ref: ngspice 46 user manual, 2.3.1 (scale factors; what follows them is ignored).
_SUFFIXES = (
    ("meg", 1e6), ("mil", 25.4e-6), ("t", 1e12), ("g", 1e9), ("k", 1e3), ("m", 1e-3), ("u", 1e-6),
    ("n", 1e-9), ("p", 1e-12), ("f", 1e-15), ("a", 1e-18),
)  # fmt: skip
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)([a-z]*)")
_INCLUDE = re.compile(
    r"^\s*\.(?:include|lib)\s+\"?([^\"\n]+?)\"?\s*$", re.IGNORECASE | re.MULTILINE
)
_NODES = {"r": 2, "c": 2, "l": 2, "d": 2, "v": 2, "i": 2, "q": 3, "j": 3, "m": 4}
_EQUAL = 1e-9


@dataclass(frozen=True)
class Element:
    """An element in canonical form.

    Args:
        name: in lower case.
        nodes: as spelled in its deck.
        value: a number, or the model's name in lower case.
        parameters: what follows, ``name=value``.
    """

    name: str
    nodes: tuple[str, ...]
    value: float | str
    parameters: Mapping[str, float | str]


def spice_value(text: str) -> float | str:
    """Read a value as SPICE does ("4.7k", "1Meg", "10n"); anything else is a name in lower case."""
    lowered = text.lower()
    match = _NUMBER.fullmatch(lowered)
    if match is None:
        return lowered
    mantissa, tail = match.groups()
    for suffix, factor in _SUFFIXES:
        if tail.startswith(suffix):
            return float(mantissa) * factor
    return float(mantissa)


def canonical(text: str) -> dict[str, Element]:
    """Return the elements of a flat deck by name; titles, comments and commands are left out.

    Raises:
        InputError: an element twice, one of an unknown kind, or one that ends early.
    """
    elements: dict[str, Element] = {}
    for line in _lines(text):
        words = line.split()
        name = words[0].lower()
        parameters = {
            key.lower(): spice_value(value)
            for key, value in (word.split("=", 1) for word in words if "=" in word)
        }
        plain = [word for word in words[1:] if "=" not in word]
        count = len(plain) - 1 if name[0] == "x" else _NODES.get(name[0], -1)
        if count < 0 or len(plain) <= count:
            raise InputError(f"{line!r} is no element that can be compared", where="deck")
        if name in elements:
            raise InputError(f"{words[0]} stands twice", where="deck")
        elements[name] = Element(name, tuple(plain[:count]), spice_value(plain[count]), parameters)
    return elements


def included_files(text: str) -> list[str]:
    """Return the file names, without folders, that a deck includes."""
    found = _INCLUDE.findall(text)
    return sorted(PurePath(path).name for path in found)


def differences(ours: Deck, kicads: str) -> list[str]:
    """Return in words how a deck and KiCad's export differ; an empty list says they don't.

    The sources of the test bench around the board are ours alone, and left out.

    Args:
        ours: the deck, made from the same netlist.
        kicads: what ``kicad-cli sch export netlist --format spice`` wrote.

    Raises:
        InputError: KiCad's text is no deck that can be compared.
    """
    lines = [line for line in ours.elements if line.split(None, 1)[0] not in ours.bench]
    left, right = canonical("\n".join(lines)), canonical(kicads)
    nodes = _node_map(ours, left, right)
    return [
        *_model_differences(ours, kicads),
        *_joined_nodes(nodes),
        *_element_differences(left, right, nodes),
    ]


def _lines(text: str) -> Iterator[str]:
    """Return the element lines with continuation lines joined."""
    for line in re.sub(r"\n\+", " ", text).splitlines():
        stripped = line.split(";", 1)[0].strip()
        if stripped and stripped[0] not in "*.":
            yield stripped


def _node_map(
    ours: Deck, left: Mapping[str, Element], right: Mapping[str, Element]
) -> dict[str, str]:
    """Return KiCad's node to ours: by the public name, or where KiCad made one up, by most pins."""
    votes: dict[str, Counter[str]] = {}
    for name, element in right.items():
        partner = left.get(name)
        mine = partner.nodes if partner else ()
        for index, node in enumerate(element.nodes):
            votes.setdefault(node, Counter()).update(mine[index : index + 1])
    found = {}
    for node, counter in votes.items():
        public = public_name(node)
        if public in ours.nodes:
            found[node] = ours.nodes[public]
        else:
            found[node] = counter.most_common(1)[0][0] if counter else node
    return found


def _joined_nodes(nodes: Mapping[str, str]) -> Iterator[str]:
    """Tell of nodes that are one in our deck and several in KiCad's."""
    groups: dict[str, list[str]] = {}
    for theirs, mine in nodes.items():
        groups.setdefault(mine, []).append(theirs)
    for mine, several in sorted(groups.items()):
        if len(several) > 1:
            yield f"our node {mine} is {' and '.join(sorted(several))} in KiCad's deck"


def _model_differences(ours: Deck, kicads: str) -> Iterator[str]:
    rest = ours.models
    for file in included_files(kicads):
        card = model_card(file).strip()
        if card not in rest:
            yield f"{file} is in KiCad's deck but not in ours"
        rest = rest.replace(card, "", 1)
    if rest.strip():
        yield f"our deck has models that KiCad's does not: {rest.strip().splitlines()[0]}"


def _element_differences(
    left: Mapping[str, Element], right: Mapping[str, Element], nodes: Mapping[str, str]
) -> Iterator[str]:
    for name in sorted(left.keys() | right.keys()):
        mine, other = left.get(name), right.get(name)
        if mine is None or other is None:
            owner = "KiCad's" if mine is None else "our"
            yield f"{name} is in {owner} deck alone"
            continue
        mapped = tuple(nodes[node] for node in other.nodes)
        if mine.nodes != mapped:
            yield f"{name} is on {' '.join(mine.nodes)} in ours, {' '.join(mapped)} in KiCad's"
        if not _same(mine.value, other.value):
            yield f"{name} is {mine.value} in ours, {other.value} in KiCad's"
        keys = mine.parameters.keys() | other.parameters.keys()
        for key in sorted(keys):
            one, two = mine.parameters.get(key, "unset"), other.parameters.get(key, "unset")
            if not _same(one, two):
                yield f"{name} has {key} {one} in ours, {two} in KiCad's"


def _same(one: float | str, two: float | str) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=_EQUAL)
    return one == two
