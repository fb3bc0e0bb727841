"""The SPICE deck of a board, made from its netlist and the ``Sim.*`` fields of its parts.

Names are ``[a-z0-9_]``, numbers are plain exponents (SPICE reads ``M`` as milli), model cards are
written into the deck: it is one file that any SPICE3 descendant runs.

Ref: KiCad 9 documentation, "Schematic editor: Simulator" (``Sim.*`` fields); ngspice 46 user
manual, chapters 2 to 5 (elements), 15 (options).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from realnet_hw import project, units
from realnet_hw.board import Board, reference_order
from realnet_hw.errors import InputError
from realnet_hw.export.netlist import Netlist, NetlistPart
from realnet_hw.parts.catalogue import SpreadRule, part_type
from realnet_hw.parts.skidl_parts import is_no_element
from realnet_hw.parts.tolerance import fraction

# What models and nominal values hold at; SPICE's own nominal temperature.
NOMINAL_C = 27.0

# ngspice's default tolerances end pulses of timing circuits too early; with these they agree with
# a solver of our own and they resolve a microvolt.
OPTIONS = ".options tnom=27 reltol=1e-5 abstol=1e-12 vntol=1e-8 chgtol=1e-16"


# A saturated transistor that pulls a trigger or reset low: 75 mV at the 1.5 mA of a 10k pull-up.
_DRIVER_ohm = 50.0


@dataclass(frozen=True)
class Source:
    """A voltage source of the test bench around a board: its element, its node, its volts."""

    element: str
    node: str
    volts: float


@dataclass(frozen=True)
class Spread:
    """How one parameter of a deck differs from board to board.

    Args:
        parameter: as ngspice's ``alter`` takes it: ``"r1"``, ``"d3 area"``, ``"v.xu1.vos1"``.
        reference: the part, or the net of the supply, that it belongs to.
        nominal: its value in the deck.
        distribution: uniform between ``low`` and ``high``, or normal around ``nominal`` with
            ``sigma``, truncated there.
        low: least value.
        high: greatest value.
        sigma: standard deviation of the normal distribution before truncation; 0 if uniform.
        drift_per_K: by how much pieces drift apart per kelvin: the greatest drift if uniform, its
            standard deviation if normal.
    """

    parameter: str
    reference: str
    nominal: float
    distribution: Literal["uniform", "normal"]
    low: float
    high: float
    sigma: float = 0.0
    drift_per_K: float = 0.0

    def at(self, temperature_C: float) -> Spread:
        """Return the spread at another temperature than the models' 27 C.

        A uniform one is wider by the greatest drift on each side. A normal one has the drift's
        standard deviation added in quadrature, and bounds three of them further out.
        """
        drift = self.drift_per_K * abs(temperature_C - NOMINAL_C)
        if self.distribution == "uniform":
            return dataclasses.replace(self, low=self.low - drift, high=self.high + drift)
        sigma = math.hypot(self.sigma, drift)
        return dataclasses.replace(
            self, low=self.low - 3 * drift, high=self.high + 3 * drift, sigma=sigma
        )


@dataclass(frozen=True)
class Deck:
    """A circuit that SPICE can run, with what may be changed in it.

    Args:
        title: first line of the deck.
        elements: element lines, the test bench's sources last.
        models: text of the model cards used.
        supplies: by the supply's net.
        inputs: by the input port's name.
        drivers: by the name of a trigger or reset port: the source that tells its open collector
            to pull low, at 1 V, or to let go, at 0 V.
        nudges: by the name of a nudge port.
        writers: by the name of a line or data port.
        held: by net: the source in place of the bench that refreshes a capacitor there.
        nodes: public net name to node.
        pins: by element: the pin numbers of its part, in the order of the element's nodes.
        spreads: in the order of references.
        temperature_C: of the whole board.
        no_drift: references of the parts that temperature leaves as they are, as neither a drift
            is known of them nor are they a junction, which the simulator knows.
        reltol: of simulators, where a quick answer will do; else the usual one.
    """

    title: str
    elements: tuple[str, ...]
    models: str = ""
    supplies: Mapping[str, Source] = field(default_factory=dict)
    inputs: Mapping[str, Source] = field(default_factory=dict)
    drivers: Mapping[str, Source] = field(default_factory=dict)
    nudges: Mapping[str, Source] = field(default_factory=dict)
    writers: Mapping[str, Source] = field(default_factory=dict)
    held: Mapping[str, Source] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    pins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spreads: tuple[Spread, ...] = ()
    temperature_C: float = NOMINAL_C
    no_drift: tuple[str, ...] = ()
    reltol: float | None = None

    def text(self) -> str:
        """Return the whole deck, models included; it computes its operating point when run."""
        models = [self.models.strip()] if self.models else []
        temperature = f".options temp={number(self.temperature_C)}"
        options = [temperature, OPTIONS]
        if self.reltol is not None:
            options.append(f".options reltol={number(self.reltol)}")
        lines = [self.title, *models, *self.elements, *options, ".op", ".end"]
        return "\n".join(lines) + "\n"

    @property
    def bench(self) -> frozenset[str]:
        """The names of the elements that belong to the test bench around the board."""
        sources = (
            *self.supplies.values(),
            *self.inputs.values(),
            *self.drivers.values(),
            *self.nudges.values(),
            *self.writers.values(),
            *self.held.values(),
        )
        pulls = (f"b_{source.node}" for source in self.drivers.values())
        return frozenset((*(source.element for source in sources), *pulls))

    def element(self, name: str) -> str:
        """Return the line of an element.

        Raises:
            InputError: the deck has no such element.
        """
        return self.elements[self._index(name)]

    def with_element(self, name: str, *lines: str) -> Deck:
        """Return the deck with these lines in place of an element's.

        Raises:
            InputError: the deck has no such element.
        """
        index = self._index(name)
        elements = (*self.elements[:index], *lines, *self.elements[index + 1 :])
        return dataclasses.replace(self, elements=elements)

    def with_temperature(self, temperature_C: float) -> Deck:
        """Return the deck at another temperature, its parts spread by their drift.

        Junctions follow the simulator's laws, everything else keeps its nominal value.

        Raises:
            InputError: the deck is not at 27 C any more, from where drift counts.
        """
        if self.temperature_C != NOMINAL_C:
            raise InputError(f"the deck is at {self.temperature_C:g} C already", where=self.title)
        spreads = tuple(spread.at(temperature_C) for spread in self.spreads)
        return dataclasses.replace(self, temperature_C=temperature_C, spreads=spreads)

    def with_supply(self, net: str, volts: float) -> Deck:
        """Return the deck with a rail at another nominal voltage, its tolerance in proportion.

        Raises:
            InputError: the deck has no such rail.
        """
        if net not in self.supplies:
            known = ", ".join(self.supplies)
            raise InputError(f"no supply {net!r}", where=self.title, allowed=known)
        source = self.supplies[net]
        ratio = volts / source.volts
        line = f"{source.element} {source.node} 0 {number(volts)}"
        spreads = tuple(
            dataclasses.replace(
                spread, nominal=volts, low=spread.low * ratio, high=spread.high * ratio
            )
            if spread.parameter == source.element
            else spread
            for spread in self.spreads
        )
        return dataclasses.replace(
            self.with_element(source.element, line),
            supplies={**self.supplies, net: dataclasses.replace(source, volts=volts)},
            spreads=spreads,
        )

    def with_waveform(self, element: str, points: Sequence[tuple[float, float]]) -> Deck:
        """Return the deck with a source that follows (seconds, volts) points in a transient.

        Between the points it is linear, after the last one constant.

        Raises:
            InputError: no such source, no points, or times that don't rise from 0 or later.
        """
        times = [time for time, _ in points]
        if not times or times[0] < 0 or any(b <= a for a, b in itertools.pairwise(times)):
            raise InputError(f"times {times} of a waveform", where=element, allowed="0 <= t1 < t2")
        name, plus, minus, *_ = self.element(element).split()
        pairs = " ".join(f"{number(time)} {number(volts)}" for time, volts in points)
        first = number(points[0][1])
        return self.with_element(element, f"{name} {plus} {minus} dc {first} pwl({pairs})")

    def _index(self, name: str) -> int:
        for index, line in enumerate(self.elements):
            if line.split(None, 1)[0] == name:
                return index
        raise InputError(f"no element {name!r} in the deck", where=self.title)


def number(value: float) -> str:
    """Print a number for SPICE: shortest form that reads back the same, never an SI suffix.

    Raises:
        InputError: not a finite number.
    """
    if not math.isfinite(value):
        raise InputError(f"{value} in a SPICE deck", allowed="finite numbers")
    return repr(float(value)).removesuffix(".0")


# ------------------------------------------------------------------------------------------- names


def node_names(nets: Iterable[str]) -> dict[str, str]:
    """Return a SPICE node ``[a-z0-9_]`` for every net: GND is 0, ``+12V`` p12v, ``/X1`` x1.

    Nets whose names come out alike get ``_2``, ``_3``, ... in alphabetical order.
    """
    names: dict[str, str] = {}
    taken = {"0"}
    for net in sorted(nets):
        if net.upper() in ("GND", "GNDA", "0"):
            names[net] = "0"
            continue
        signed = re.sub(r"^/+", "", net)
        signed = re.sub(r"^\+(?=[0-9])", "p", signed)
        signed = re.sub(r"^-(?=[0-9])", "n", signed)
        base = re.sub(r"[^a-z0-9]+", "_", signed.lower()).strip("_") or "node"
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        names[net] = name
    return names


# ------------------------------------------------------------------------------------ model cards


def model_card(library: str) -> str:
    """Return the text of a model library that ``Sim.Library`` names, found by its file name.

    Raises:
        InputError: there is no such file in ``sim/models``, the user's or ours.
    """
    files = project.model_files()
    path = files.get(Path(library).name)
    if path is None:
        raise InputError(
            f"no model library {library!r}",
            allowed=", ".join(f"models/{name}" for name in sorted(files)),
            mend="put it into the folder sim/models of your project",
        )
    return _text(path)


@functools.cache
def _text(path: Path) -> str:
    return path.read_text("utf-8")


def subcircuit_ports(card: str, name: str) -> tuple[str, ...]:
    """Return the ports of a subcircuit in their order.

    Raises:
        InputError: the card defines no such subcircuit.
    """
    joined = re.sub(r"\n\+", " ", card)
    match = re.search(
        rf"^\s*\.subckt\s+{re.escape(name)}\s+(.*)$", joined, re.IGNORECASE | re.MULTILINE
    )
    if match is None:
        raise InputError(f"no subcircuit {name!r} in the model card")
    ports = re.split(r"\bparams:", match.group(1), flags=re.IGNORECASE)[0]
    return tuple(word.lower() for word in ports.split() if "=" not in word)


# --------------------------------------------------------------------------------------- elements

_UNITS = {"R": "ohm", "C": "F"}
_TWO_PINS = {"R": ("+", "-"), "C": ("+", "-"), "D": ("A", "K")}


_NO_MODEL = "give its fields Sim.Device {}, Sim.Library, Sim.Name and Sim.Pins"


def _pin_map(part: NetlistPart, ports: Sequence[str]) -> dict[str, str]:
    """Return port name (lower case) to pin number, from ``Sim.Pins`` or in the pins' order."""
    written = part.fields.get("Sim.Pins", "")
    if not written:
        return {port.lower(): str(pin) for pin, port in enumerate(ports, 1)}
    pairs = (word.split("=", 1) for word in written.split())
    return {port.lower(): pin for pin, port in pairs}


def _device(part: NetlistPart) -> str:
    """Return a part's ``Sim.Device``, or what KiCad infers for a resistor or capacitor."""
    device = part.fields.get("Sim.Device", "")
    letter = re.sub("[0-9]+", "", part.reference)
    if device or letter not in _UNITS or not set(part.pins) <= {"1", "2"}:
        return device
    return letter


def element_name(reference: str, device: str) -> str:
    """Return the SPICE element of a part: R1 is r1, U1 (a subcircuit) xu1."""
    letter = {"SUBCKT": "x"}.get(device, device.lower())
    name = reference.lower()
    return name if name.startswith(letter) else letter + name


def _element(
    part: NetlistPart, device: str, nodes: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """Return the element line of a part, and its pins in the order of the line's nodes.

    Raises:
        InputError: a device, value, model or pin that can't be put into a deck.
    """
    name = part.fields.get("Sim.Name", "").lower()
    if device in ("D", "SUBCKT") and not (name and part.fields.get("Sim.Library")):
        raise InputError(
            f"{part.symbol} has no model", where=part.reference, mend=_NO_MODEL.format(device)
        )
    if device == "D" and not re.search(
        rf"^\s*\.model\s+{re.escape(name)}\s",
        model_card(part.fields["Sim.Library"]),
        re.IGNORECASE | re.MULTILINE,
    ):
        raise InputError(f"no model {name!r} in {part.fields['Sim.Library']}", where=part.reference)
    if device == "SUBCKT":
        ports: Sequence[str] = subcircuit_ports(
            model_card(part.fields.get("Sim.Library", "")), name
        )
    elif device in _TWO_PINS:
        ports = _TWO_PINS[device]
    else:
        raise InputError(
            f"no SPICE model for {part.symbol} (Sim.Device {device!r})",
            where=part.reference,
            allowed="R, C, D, SUBCKT",
            mend=_NO_MODEL.format("D or SUBCKT"),
        )
    by_port = _pin_map(part, ports)
    connected, pins = [], []
    for port in ports:
        pin = by_port.get(port.lower())
        if pin is None:
            raise InputError(f"port {port} has no pin in Sim.Pins", where=part.reference)
        pins.append(pin)
        net = part.pins.get(pin)
        connected.append(nodes[net] if net else f"nc_{part.reference.lower()}_{pin.lower()}")
    if device in _UNITS:
        value = number(units.parse(part.value, _UNITS[device]))
    else:
        value = " ".join([name, *_parameters(part)])
    return " ".join([element_name(part.reference, device), *connected, value]), tuple(pins)


def _parameters(part: NetlistPart) -> list[str]:
    """Return ``Sim.Params`` ("gain=2e5 vos=1m") with plain numbers."""
    written = (word.split("=", 1) for word in part.fields.get("Sim.Params", "").split())
    return [f"{name.lower()}={number(units.parse(value))}" for name, value in written]


# ------------------------------------------------------------------------------------------ spread


def _spread(rule: SpreadRule, part: NetlistPart, value: float | None) -> Spread:
    """Return the spread that a rule of the catalogue gives a part.

    Raises:
        InputError: the rule lacks bounds, or is relative on a part without a value.
    """
    parameter = rule.parameter.format(ref=part.reference.lower())
    drift_per_K = rule.drift_at(value)
    if rule.relative is not None and value is not None:
        nominal, low, high = value, value * (1 - rule.relative), value * (1 + rule.relative)
        drift_per_K *= value
    elif rule.nominal is not None and rule.low is not None and rule.high is not None:
        nominal, low, high = rule.nominal, rule.low, rule.high
    else:
        raise InputError(f"spread {rule.parameter!r} has no bounds", where=part.reference)
    return Spread(
        parameter,
        part.reference,
        nominal,
        rule.distribution,
        low,
        high,
        sigma=rule.sigma or 0.0,
        drift_per_K=drift_per_K,
    )


def _part_spreads(part: NetlistPart, device: str) -> list[Spread]:
    """Return how a part differs from piece to piece.

    Raises:
        InputError: a resistor or capacitor without a tolerance, or another part with one, outside
            the catalogue; a tolerance that is none.
    """
    key, written = part.fields.get("Catalogue", ""), part.fields.get("Tolerance", "")
    value = units.parse(part.value, _UNITS[device]) if device in _UNITS else None
    if not key and written:
        if value is None:
            raise InputError(
                f"what a tolerance of {written} spreads is not known",
                where=part.reference,
                allowed="a tolerance on resistors and capacitors, or a part of the catalogue",
            )
        bound = fraction(written, part.reference)
        rule = SpreadRule(parameter="{ref}", distribution="uniform", relative=bound)
        return [_spread(rule, part, value)]
    if not key:
        if value is not None or re.sub("[0-9]+", "", part.reference) in _UNITS:
            raise InputError(
                "no tolerance, so no spread could be predicted",
                where=part.reference,
                mend='give it Tolerance="5 %" ("0 %" if it is exact)',
            )
        return []
    return [_spread(rule, part, value) for rule in part_type(key).spreads]


# -------------------------------------------------------------------------------------------- deck


def _refuse_equal_names(elements: Iterable[str], board: str) -> None:
    """Refuse two elements of one name: SPICE would take one of them, or stop without a word."""
    seen: set[str] = set()
    for line in elements:
        name = line.split(None, 1)[0]
        if name in seen:
            raise InputError(
                f"two parts, or two sources on one net, would be {name} in the deck",
                where=board,
                mend="give one another reference, or the port a net of its own",
            )
        seen.add(name)


def deck_from(netlist: Netlist, board: Board) -> Deck:
    """Return the deck of a board's netlist with sources on its supplies and inputs.

    Resistors and capacitors take their value; every other part needs KiCad's ``Sim.*`` fields.
    ``Sim.Enable`` 0 leaves a connector, test point or mounting hole out, and chips that the
    catalogue says are logic: what these drive is a port's or a resistor's. Inputs, nudges, lines
    and data are at 0 V, and each trigger and reset port has an open collector, let go.

    Raises:
        InputError: a part without a model or left out that carries current, a resistor or
            capacitor without a tolerance, a value that is none, a port or supply on no net, two
            elements of one name.
    """
    nodes = node_names(netlist.nets())
    elements: list[str] = []
    pins: dict[str, tuple[str, ...]] = {}
    libraries: dict[str, None] = {}
    spreads: list[Spread] = []
    no_drift: list[str] = []
    for part in sorted(netlist.parts.values(), key=lambda part: reference_order(part.reference)):
        if part.fields.get("Sim.Enable") == "0":
            key = part.fields.get("Catalogue", "")
            if not is_no_element(part.symbol) and not (key and part_type(key).is_logic):
                raise InputError(
                    f"Sim.Enable 0 leaves {part.symbol} out of the prediction, not off the board",
                    where=part.reference,
                    allowed="on symbols of KiCad's libraries Connector* and Mechanical",
                    mend="give it a model, or take it out of the circuit",
                )
            continue
        device = _device(part)
        line, order = _element(part, device, nodes)
        elements.append(line)
        pins[element_name(part.reference, device)] = order
        if library := part.fields.get("Sim.Library", ""):
            libraries[library] = None
        own = _part_spreads(part, device)
        spreads += own
        if device != "D" and not any(spread.drift_per_K for spread in own):
            no_drift.append(part.reference)

    def source(net: str, volts: float) -> Source:
        if net not in nodes:
            raise InputError(f"nothing is connected to {net!r}", where=board.name)
        made = Source(f"v_{nodes[net]}", nodes[net], volts)
        elements.append(f"{made.element} {made.node} 0 {number(volts)}")
        return made

    def driver(net: str) -> Source:
        if net not in nodes:
            raise InputError(f"nothing is connected to {net!r}", where=board.name)
        node = nodes[net]
        made = Source(f"v_{node}_pull", f"{node}_pull", 0.0)
        elements.append(f"{made.element} {made.node} 0 0")
        conducts = f"v({node})*v({made.node})/{number(_DRIVER_ohm)}"
        elements.append(f"b_{node}_pull {node} 0 i={conducts}")
        return made

    supplies = {supply.net: source(supply.net, supply.volts) for supply in board.supplies}
    inputs = {port.name: source(port.net, 0.0) for port in board.inputs}
    nudges = {port.name: source(port.net, 0.0) for port in board.ports if port.role == "nudge"}
    writing = [port for port in board.ports if port.role in ("line", "data")]
    writers = {port.name: source(port.net, 0.0) for port in writing}
    held = {net: source(net, volts) for net, volts in board.held_V.items()}
    fired = [port for port in board.ports if port.role in ("trigger", "reset")]
    drivers = {port.name: driver(port.net) for port in fired}
    for supply in board.supplies:
        low, high = sorted(supply.volts * (1 + sign * supply.tolerance) for sign in (-1, 1))
        element = supplies[supply.net].element
        spreads.append(Spread(element, supply.net, supply.volts, "uniform", low, high))
    _refuse_equal_names(elements, board.name)
    return Deck(
        title=" ".join(f"* {board.name}: {board.title}".split()),
        elements=tuple(elements),
        models="\n".join(model_card(library).strip() for library in libraries),
        supplies=supplies,
        inputs=inputs,
        drivers=drivers,
        nudges=nudges,
        writers=writers,
        held=held,
        nodes=nodes,
        pins=pins,
        spreads=tuple(spreads),
        no_drift=tuple(no_drift),
    )
