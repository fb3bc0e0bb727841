"""Elements as what the kernels know: transfers, storages, junctions, channels, drives, formulas.

Unknowns and equations go by the same words: a node's name stands for its voltage and for the sum of
the currents out of it; ``i(v1)`` for the current through a source and for the source's own law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from realnet_hw.predict.compiled import junctions
from realnet_hw.predict.compiled.cards import GROUND, Element, FlatDeck, Wave
from realnet_hw.predict.compiled.expressions import Expression

Pair = tuple[str, str]
UNIT = ""
"""The parameter that is 1 and that nobody can set."""


@dataclass(frozen=True)
class Transfer:
    """Adds ``factor * (of[0] - of[1])`` to the first equation and takes it from the second.

    Args:
        into: equations; ground for none.
        of: unknowns.
        parameter: what the factor is proportional to, or its reciprocal.
        share: the rest of the factor.
        reciprocal: whether the factor is ``share / parameter``.
    """

    into: Pair
    of: Pair
    parameter: str = UNIT
    share: float = 1.0
    reciprocal: bool = False


@dataclass(frozen=True)
class Diode:
    """A junction from ``nodes[0]`` to ``nodes[1]``; ``area`` is a parameter."""

    name: str
    nodes: Pair
    junction: junctions.Junction
    area: str


@dataclass(frozen=True)
class Transistor:
    """A channel; nodes are drain, gate, source, bulk."""

    name: str
    nodes: tuple[str, str, str, str]
    channel: junctions.Channel
    width: str
    length: str


@dataclass(frozen=True)
class Formula:
    """Adds an expression to the first equation and takes it from the second."""

    name: str
    into: Pair
    expression: Expression


@dataclass(frozen=True)
class Drive:
    """Adds ``sign`` times a source to an equation."""

    into: str
    source: str
    sign: float


@dataclass
class Parts:
    """A deck as what the kernels know."""

    parameters: dict[str, float] = field(default_factory=lambda: {UNIT: 1.0})
    waves: dict[str, Wave] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    storages: list[Transfer] = field(default_factory=list)
    diodes: list[Diode] = field(default_factory=list)
    transistors: list[Transistor] = field(default_factory=list)
    formulas: list[Formula] = field(default_factory=list)
    drives: list[Drive] = field(default_factory=list)
    # Sources of voltage that give no equation of their own: name to nodes.
    held: dict[str, Pair] = field(default_factory=dict)
    # Nodes inside elements, and the node that each is at where there is no current.
    inner: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, None] = field(default_factory=dict)


def current(source: str) -> str:
    """Return the word for the current through a source."""
    return f"i({source})"


def parts(deck: FlatDeck, measured: Iterable[str]) -> Parts:
    """Return the parts of a deck.

    Args:
        deck: without subcircuits.
        measured: sources whose current is an unknown; all others only hold two nodes apart.

    Raises:
        InputError: a model that is not known.
    """
    found = Parts()
    kept = set(measured)
    for element in deck.elements:
        found.nodes |= dict.fromkeys(node for node in element.nodes if node != GROUND)
        if element.kind == "v" and element.name not in kept:
            found.held[element.name] = (element.nodes[0], element.nodes[1])
            _record_source(element, found)
        else:
            _ADDERS[element.kind](element, deck, found)
    return found


def _record_source(element: Element, found: Parts) -> None:
    found.parameters[element.name] = element.value
    if element.wave is not None:
        found.waves[element.name] = element.wave


def _resistor(element: Element, _deck: FlatDeck, found: Parts) -> None:
    found.parameters[element.name] = element.value
    ends = (element.nodes[0], element.nodes[1])
    found.transfers.append(Transfer(ends, ends, element.name, reciprocal=True))


def _capacitor(element: Element, _deck: FlatDeck, found: Parts) -> None:
    found.parameters[element.name] = element.value
    ends = (element.nodes[0], element.nodes[1])
    found.storages.append(Transfer(ends, ends, element.name))


def _branch(element: Element, found: Parts) -> str:
    """Give an element a current of its own, and the equation that its voltage begins."""
    word = current(element.name)
    ends = (element.nodes[0], element.nodes[1])
    found.transfers.append(Transfer(ends, (word, GROUND)))
    found.transfers.append(Transfer((word, GROUND), ends))
    return word


def _inductor(element: Element, _deck: FlatDeck, found: Parts) -> None:
    found.parameters[element.name] = element.value
    word = _branch(element, found)
    found.storages.append(Transfer((word, GROUND), (word, GROUND), element.name, -1.0))


def _voltage_source(element: Element, _deck: FlatDeck, found: Parts) -> None:
    _record_source(element, found)
    found.drives.append(Drive(_branch(element, found), element.name, -1.0))


def _current_source(element: Element, _deck: FlatDeck, found: Parts) -> None:
    _record_source(element, found)
    for node, sign in zip(element.nodes, (1.0, -1.0), strict=True):
        found.drives.append(Drive(node, element.name, sign))


def _voltage_amplifier(element: Element, _deck: FlatDeck, found: Parts) -> None:
    found.parameters[element.name] = element.value
    word = _branch(element, found)
    control = (element.nodes[2], element.nodes[3])
    found.transfers.append(Transfer((word, GROUND), control, element.name, -1.0))


def _transconductor(element: Element, _deck: FlatDeck, found: Parts) -> None:
    found.parameters[element.name] = element.value
    ends, control = (element.nodes[0], element.nodes[1]), (element.nodes[2], element.nodes[3])
    found.transfers.append(Transfer(ends, control, element.name))


def _diode(element: Element, deck: FlatDeck, found: Parts) -> None:
    assert element.model is not None
    anode, cathode = element.nodes
    area = f"{element.name} area"
    found.parameters[area] = element.figures["area"]
    temperature_C = element.figures.get("temp", deck.temperature_C)
    junction = junctions.diode(
        element.model, element.figures["area"], temperature_C, deck.nominal_C
    )
    if ohm := junctions.resistance_ohm(element.model):
        inner = _inner(element, "anode", anode, found)
        ends = (anode, inner)
        found.transfers.append(Transfer(ends, ends, area, 1 / ohm))
        anode = inner
    found.diodes.append(Diode(element.name, (anode, cathode), junction, area))


def _inner(element: Element, what: str, outer: str, found: Parts) -> str:
    """Return a node inside an element, behind a resistance."""
    name = f"{element.name}#{what}"
    found.nodes[name] = None
    found.inner[name] = outer
    return name


def _mosfet(element: Element, deck: FlatDeck, found: Parts) -> None:
    assert element.model is not None
    drain, gate, source, bulk = element.nodes
    width, length = f"{element.name} w", f"{element.name} l"
    found.parameters[width], found.parameters[length] = (
        element.figures["w"],
        element.figures["l"],
    )
    temperature_C = element.figures.get("temp", deck.temperature_C)
    channel = junctions.mosfet(element.model, temperature_C, deck.nominal_C)
    if channel.drain_ohm:
        inner = _inner(element, "drain", drain, found)
        found.transfers.append(
            Transfer((drain, inner), (drain, inner), share=1 / channel.drain_ohm)
        )
        drain = inner
    if channel.source_ohm:
        inner = _inner(element, "source", source, found)
        ends = (source, inner)
        found.transfers.append(Transfer(ends, ends, share=1 / channel.source_ohm))
        source = inner
    nodes = (drain, gate, source, bulk)
    found.transistors.append(Transistor(element.name, nodes, channel, width, length))
    overlaps = zip((source, drain, bulk), channel.overlap_F_m, (width, width, length), strict=True)
    for other, farad, extent in overlaps:
        if farad:
            found.storages.append(Transfer((gate, other), (gate, other), extent, farad))
    for other, junction in ((drain, channel.bulk_drain), (source, channel.bulk_source)):
        ends = (bulk, other) if channel.polarity > 0 else (other, bulk)
        if bulk != other:
            found.diodes.append(Diode(element.name, ends, junction, UNIT))


def _behavioural(element: Element, _deck: FlatDeck, found: Parts) -> None:
    assert element.expression is not None
    into = (element.nodes[0], element.nodes[1])
    if element.output == "v":
        into = (GROUND, _branch(element, found))
    found.formulas.append(Formula(element.name, into, element.expression))


_ADDERS: Mapping[str, Callable[[Element, FlatDeck, Parts], None]] = {
    "r": _resistor,
    "c": _capacitor,
    "l": _inductor,
    "v": _voltage_source,
    "i": _current_source,
    "e": _voltage_amplifier,
    "g": _transconductor,
    "d": _diode,
    "m": _mosfet,
    "b": _behavioural,
}


def representative(transfer: Transfer, parameters: Mapping[str, float]) -> float:
    """Return a transfer's factor in the deck as written."""
    value = parameters[transfer.parameter]
    return transfer.share / value if transfer.reciprocal else transfer.share * value
