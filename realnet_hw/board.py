"""A board: cells or a plain SKiDL circuit, with its ports, supplies, test points and cases.

The SKiDL circuit that :meth:`Board.circuit` returns is the only description of the circuit:
schematic, SPICE deck and bill of materials are derived from it and proved equal to it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from realnet_hw import project
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.package_supply import PackageSupply
from realnet_hw.cells.spare_units import spare
from realnet_hw.errors import InputError
from realnet_hw.parts.catalogue import PartType, part_type

if TYPE_CHECKING:
    from realnet_hw.network.network import Network

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Logic:
    """The voltages that stand for 0 and 1, and the thresholds that an output is judged by."""

    low_V: float
    high_V: float
    threshold_low_V: float
    threshold_high_V: float

    def level(self, volts: float) -> int | None:
        """Return the logic level of a voltage, None from one threshold to the other."""
        if volts < self.threshold_low_V:
            return 0
        return 1 if volts > self.threshold_high_V else None


@dataclass(frozen=True)
class Port:
    """A terminal of the board.

    Args:
        name: how people call it.
        net: its net.
        role: what it is for. A ``line``, 0 or 5 V, opens a row of stored weights to the ``data``
            ports; a ``nudge`` pushes an output while the board learns.
        kind: a steady voltage or a pulse.
        min_V, max_V: what it may carry; an input never gets more from the fixture.
        safe: what the fixture shall do with it when outputs are off.
        zero_V, unit_V: the voltage of the network's 0, and the volts of one logic unit; ``unit_V``
            is None where no network stands behind the board.
    """

    name: str
    net: str
    role: Literal["input", "output", "trigger", "reset", "line", "data", "nudge"]
    kind: Literal["voltage", "pulse"] = "voltage"
    min_V: float = 0.0
    max_V: float = 5.0
    safe: Literal["0V", "open"] = "0V"
    zero_V: float = 0.0
    unit_V: float | None = None

    def volts(self, value: float) -> float:
        """Return the voltage that stands for a value in logic units.

        Raises:
            InputError: no network stands behind the port.
        """
        if self.unit_V is None:
            raise InputError("has no logic unit", where=self.name, mend="give the port a unit_V")
        return self.zero_V + self.unit_V * value


@dataclass(frozen=True)
class Supply:
    """A rail: its net, voltage, tolerance as a fraction, greatest current, and switch-on order."""

    net: str
    volts: float
    tolerance: float
    max_A: float
    order: int = 0


@dataclass(frozen=True)
class TestPoint:
    """A net that can be measured: its voltage, or how long a pulse on it lasts.

    Args:
        name: how people call it.
        net: its net.
        kind: a steady voltage, or the width of the pulse that the board's firing makes.
        level_V: between which crossings a pulse is timed: upwards, then downwards.
    """

    name: str
    net: str
    kind: Literal["voltage", "pulse"] = "voltage"
    level_V: float = 0.0

    __test__ = False  # not a test class, whatever pytest thinks of its name


@dataclass(frozen=True)
class Firing:
    """How a board of pulses is asked: its inputs are set, it is reset, triggered, and read.

    Its trigger and reset ports are pulled low by open collectors and released to the board's own
    pull-ups.

    Args:
        reset_s: how long the reset is held low.
        recover_s: from the end of the reset to the start of the trigger.
        trigger_s: how long the trigger is held low.
        read_after_s: from the start of the trigger until every output has its answer; it holds the
            answer from then on.
        thresholds: net of each integrator's capacitor to the net of the voltage that it is compared
            with: what is shown over time beside the pulses.
    """

    reset_s: float
    recover_s: float
    trigger_s: float
    read_after_s: float
    thresholds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Synapse:
    """A conductance between two nets, set by a voltage that the bench keeps on a capacitor.

    Args:
        row, column: the nets that it lies between.
        store: the capacitor's net.
        line: the port that opens it.
        data: the port whose voltage is then written.
    """

    row: str
    column: str
    store: str
    line: str
    data: str


@dataclass(frozen=True)
class Synapses:
    """The weights of a board that learns, and how the bench writes, nudges and reads it.

    Args:
        layers: layer by layer, row after row.
        nudges: the net of each output column, in pairs, to the port that pushes it.
        senses: the net of each hidden and output column to the output or test point that shows it.
        sense_gain: volts there a volt on the column.
        nudge_ohm: between a nudge port and its column.
        low_V, high_V: what a weight may be.
        write_s: how long a line is opened.
    """

    layers: tuple[tuple[tuple[Synapse, ...], ...], ...]
    nudges: Mapping[str, str]
    senses: Mapping[str, str]
    sense_gain: float
    nudge_ohm: float
    low_V: float
    high_V: float
    write_s: float


@dataclass(frozen=True)
class Case:
    """One row of the truth table: volts on each input port, and what the outputs should show.

    Args:
        inputs: volts by input port.
        expected: the level that each output should show; None where it is not judged as a level.
        ideal_V: what the ideal network answers at each output, in volts; empty if none is known.
        windows_V: where an output is judged as a value: between which voltages it should lie.
        largest: where outputs are judged against each other: the one that should be the greatest.
    """

    inputs: Mapping[str, float]
    expected: Mapping[str, int | None]
    ideal_V: Mapping[str, float] = field(default_factory=dict)
    windows_V: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    largest: str | None = None

    @property
    def asks(self) -> bool:
        """Whether anything is asked of the outputs."""
        levels = any(level is not None for level in self.expected.values())
        return levels or bool(self.windows_V) or self.largest is not None

    def shown_by(self, volts: Mapping[str, float], logic: Logic) -> bool:
        """Return whether these output voltages are what the case asks for.

        Args:
            volts: of every output.
            logic: the thresholds that levels are judged by.
        """
        levels = all(
            level is None or logic.level(volts[name]) == level
            for name, level in self.expected.items()
        )
        values = all(low <= volts[name] <= high for name, (low, high) in self.windows_V.items())
        others = [v for name, v in volts.items() if name != self.largest and name in self.expected]
        greatest = self.largest is None or all(volts[self.largest] > other for other in others)
        return levels and values and greatest


@dataclass(frozen=True)
class BoardPart:
    """A part with its reference.

    Args:
        reference: "R7".
        type: its key in the parts catalogue.
        value: as printed.
        pins: pin number to net name.
    """

    reference: str
    type: str
    value: str
    pins: Mapping[str, str]


@dataclass(frozen=True)
class Assembly:
    """Cells with packages filled and references given.

    Args:
        cells: the board's own cells and those made for the packages, in drawing order.
        parts: by reference, in the order of references.
        references: (cell name, part key) to reference.
        units: (cell name, key of an amplifier or transistor) to (reference of its package, its
            index there from 0).
        packages: references of these packages, by their index.
    """

    cells: tuple[Cell, ...]
    parts: Mapping[str, BoardPart]
    references: Mapping[tuple[str, str], str]
    units: Mapping[tuple[str, str], tuple[str, int]]
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """Everything about a board that its files, its prediction and its measurement are made from.

    Exactly one of ``cells`` and ``plain_circuit`` is given; the latter is called with a fresh
    SKiDL circuit to fill. ``rails`` gives the positive and negative rail of a type of package
    where these are not the outermost supplies. ``held_V`` are nets whose voltage the bench holds,
    such as the capacitors that it refreshes; ``synapses`` tells how those are written and learn.
    ``sheets`` names the schematic's sheets by their stage where they are no layers of a network.
    ``procedures`` are those that measure it; the fixture has none, for it measures. ``wide_nets``
    have tracks much wider than the rails': what many parts measure against may not drop on its way.

    Raises:
        InputError: a name that is not ``[a-z][a-z0-9_]*``, both or neither description, a case or
            test point that speaks of something the board does not have.
    """

    name: str
    title: str
    technology: str
    ports: tuple[Port, ...]
    supplies: tuple[Supply, ...]
    test_points: tuple[TestPoint, ...]
    cases: tuple[Case, ...]
    logic: Logic
    cells: tuple[Cell, ...] = ()
    plain_circuit: Callable[[Any], None] | None = None
    network: Network | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    procedures: tuple[str, ...] = ("truth_table",)
    firing: Firing | None = None
    rails: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    held_V: Mapping[str, float] = field(default_factory=dict)
    synapses: Synapses | None = None
    sheets: Mapping[int, str] = field(default_factory=dict)
    wide_nets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse_bad_name(self.name)
        if bool(self.cells) == (self.plain_circuit is not None):
            raise InputError("give either cells or a plain circuit", where=self.name)
        for text in (self.title, self.technology, *self.notes):
            if not text.isprintable() or "${" in text:
                raise InputError(
                    f"{text!r} can't stand on a drawing",
                    where=self.name,
                    allowed="one line of printable characters, without ${",
                )
        inputs = {port.name for port in self.inputs}
        outputs = {port.name for port in self.outputs}
        roles = {port.role for port in self.ports}
        if (self.firing is not None) != bool(roles & {"trigger", "reset"}):
            raise InputError(
                "a board is fired through its trigger and reset ports",
                where=self.name,
                mend="give both a firing and such ports, or neither",
            )
        for case in self.cases:
            if set(case.inputs) != inputs or set(case.expected) != outputs:
                raise InputError(
                    f"a case has inputs {sorted(case.inputs)} and outputs {sorted(case.expected)}",
                    where=self.name,
                    allowed=f"inputs {sorted(inputs)} and outputs {sorted(outputs)}",
                )
            named = {*case.ideal_V, *case.windows_V, *({case.largest} - {None})}
            if not named <= outputs:
                raise InputError(
                    f"a case judges {', '.join(sorted(map(str, named - outputs)))}",
                    where=self.name,
                    allowed=f"outputs {sorted(outputs)}",
                )

    @property
    def inputs(self) -> tuple[Port, ...]:
        """The ports that the fixture drives."""
        return tuple(port for port in self.ports if port.role == "input")

    @property
    def driven(self) -> tuple[Port, ...]:
        """The ports that take a source each: inputs, nudges, data, in this order."""
        roles = ("input", "nudge", "data")
        ports = (port for port in self.ports if port.role in roles)
        return tuple(sorted(ports, key=lambda port: roles.index(port.role)))

    @property
    def lines(self) -> tuple[Port, ...]:
        """The ports that open a row of stored weights."""
        return tuple(port for port in self.ports if port.role == "line")

    @property
    def outputs(self) -> tuple[Port, ...]:
        """The ports that carry the answer."""
        return tuple(port for port in self.ports if port.role == "output")

    def net_of(self, name: str) -> str:
        """Return the net of a port or test point; another name is that of a net."""
        nets = {port.name: port.net for port in self.ports}
        return (nets | {point.name: point.net for point in self.test_points}).get(name, name)

    def levels_V(self, port: Port) -> tuple[float, float]:
        """Return the volts of an input's 0 and 1, the lower first.

        Without a network behind the port these are the least and greatest that a case puts on it,
        and where that is always the same, the ends of what the port may carry.
        """
        if port.unit_V is not None:
            low, high = sorted((port.volts(0.0), port.volts(1.0)))
            return max(low, port.min_V), min(high, port.max_V)
        tried = [case.inputs[port.name] for case in self.cases]
        if not tried or min(tried) == max(tried):
            return port.min_V, port.max_V
        return min(tried), max(tried)

    @functools.cached_property
    def assembly(self) -> Assembly:
        """The cells with packages filled and references given.

        Raises:
            InputError: the board has no cells.
        """
        if not self.cells:
            raise InputError("this board has no cells", where=self.name)
        return _assemble(self.cells, self.supplies, self.rails)

    @property
    def rail_nets(self) -> set[str]:
        """Ground and the nets that supply its packages, whether from outside or made on board."""
        made = {net for rails in self.rails.values() for net in rails}
        return {"GND", *(supply.net for supply in self.supplies), *made}

    @property
    def part_count(self) -> int:
        """How many parts it has, test points included."""
        return len(self.assembly.parts if self.cells else self.circuit().parts)

    def circuit(self) -> Any:
        """Return the SKiDL circuit with KiCad's ``Sim.*`` fields: a ``skidl.Circuit``.

        Raises:
            InputError: a plain circuit that can't become a board; says which part or net.
            ToolMissing: KiCad's symbol libraries are not installed.
        """
        from realnet_hw.parts import plain, skidl_parts

        supply_nets = self.rail_nets
        if self.plain_circuit is not None:
            return plain.fill(self.plain_circuit, supply_nets, self.name)
        return skidl_parts.connect(
            [
                (part.reference, part.type, part.value, part.pins)
                for part in self.assembly.parts.values()
            ],
            supply_nets,
        )


def refuse_bad_name(name: str) -> None:
    """Refuse a name that a board can't have: it is that of a folder, of files and of a net list.

    Raises:
        InputError: says which names there may be.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:60]!r} is no board name", allowed="a letter a-z, then up to 39 of a-z, 0-9, _"
        )


def load_board(name: str) -> Board:
    """Run a board.py and return its board.

    A board.py is a program: run only those that you would run by hand.

    Args:
        name: a board's name, its folder, or the path of its board.py.

    Raises:
        InputError: there is no such board, its file has no ``def board() -> Board``, or it lies in
            a ``boards`` folder under another name than its own.
    """
    from realnet_hw.parts import skidl_parts

    path = project.board_file(name)
    skidl_parts.imported_quietly(path)
    make = getattr(project.load_module(path), "board", None)
    if not callable(make):
        raise InputError("no function `board`", where=str(path), mend="define board() -> Board")
    with project.running(path):
        board = make()
    if not isinstance(board, Board):
        raise InputError(f"board() returned a {type(board).__name__}", where=str(path))
    folder = path.parent
    if folder.parent.name == "boards" and board.name != folder.name:
        # Its files and records go by either: those of two boards would be mixed up.
        raise InputError(
            f"says that its name is {board.name}, its folder is {folder.name}",
            where=str(path),
            mend="make them the same",
        )
    return board


def _assemble(
    cells: Sequence[Cell], supplies: Sequence[Supply], rails: Mapping[str, tuple[str, str]]
) -> Assembly:
    """Fill packages in the order of the cells and number every part."""
    lowest = min(supplies, key=lambda supply: supply.volts)
    outermost = (
        max(supplies, key=lambda supply: supply.volts).net,
        lowest.net if lowest.volts < 0 else "GND",
    )

    counts: dict[str, int] = {}

    def number(prefix: str) -> str:
        counts[prefix] = counts.get(prefix, 0) + 1
        return f"{prefix}{counts[prefix]}"

    own = list(cells)
    wanted: dict[str, list[tuple[Cell, str]]] = {}
    for cell in own:
        for key, request in cell.units.items():
            wanted.setdefault(request.type, []).append((cell, key))

    units: dict[tuple[str, str], tuple[str, int]] = {}
    packages: list[str] = []
    package_parts: list[BoardPart] = []
    made: list[Cell] = []
    last = max(cell.layer for cell in own)
    for type_key, users in wanted.items():
        kind = part_type(type_key)
        size = len(kind.units)
        own_rails = rails.get(type_key, outermost)
        for start in range(0, len(users), size):
            reference = number(kind.prefix)
            index = len(packages)
            packages.append(reference)
            inside = users[start : start + size]
            for unused in range(len(inside), size):
                name = f"{reference}_SPARE{unused + 1}"
                cell = spare(name, type=type_key, rails=own_rails, layer=last)
                made.append(cell)
                inside.append((cell, next(iter(cell.units))))
            supply = PackageSupply(
                f"{reference}_SUPPLY",
                f"{reference} supply",
                package=index,
                type=type_key,
                positive=own_rails[0],
                negative=own_rails[1],
                layer=last,
            )
            made.append(supply)
            package_parts.append(_package(kind, type_key, reference, inside, own_rails))
            for unit, (cell, key) in enumerate(inside):
                units[cell.name, key] = (reference, unit)

    parts = {part.reference: part for part in package_parts}
    references: dict[tuple[str, str], str] = {}
    for cell in [*own, *made]:
        for key, part in cell.parts.items():
            kind = part_type(part.type)
            reference = number(kind.prefix)
            references[cell.name, key] = reference
            parts[reference] = BoardPart(reference, part.type, part.value or kind.value, part.pins)
    ordered = dict(sorted(parts.items(), key=lambda item: reference_order(item[0])))
    return Assembly((*own, *made), ordered, references, units, tuple(packages))


def _package(
    kind: PartType,
    type_key: str,
    reference: str,
    inside: Sequence[tuple[Cell, str]],
    rails: tuple[str, str],
) -> BoardPart:
    """Return a package's part: the pins of all its units and its supply pins."""
    pins = {kind.supply_pins["positive"]: rails[0], kind.supply_pins["negative"]: rails[1]}
    for (cell, key), numbers in zip(inside, kind.units, strict=True):
        own = zip(numbers, cell.units[key].nets, strict=True)
        pins |= {number: net for number, net in own if net}
    return BoardPart(reference, type_key, kind.value, pins)


def reference_order(reference: str) -> tuple[str, int, str]:
    """Return a sort key that puts R2 before R10: prefix, number, rest."""
    match = re.fullmatch(r"([A-Za-z_#]+)([0-9]*)(.*)", reference)
    if match is None:
        return (reference, 0, "")
    prefix, number, rest = match.groups()
    return (prefix, int(number or 0), rest)
