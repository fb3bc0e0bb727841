"""The drawn schematic of a board as a ``.kicad_sch`` file.

The nets come from what the cells drew: wires, labels and power symbols. Nothing here copies them
from the circuit, so that the comparison of the two netlists is a real proof.

Ref: KiCad documentation, "Schematic File Format" (dev-docs.kicad.org/en/file-formats).
"""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from realnet_hw.board import Board
from realnet_hw.drawing import sexpr, symbols, text
from realnet_hw.drawing.geometry import Point
from realnet_hw.drawing.pad import Drawing, Label, PlacedSymbol, Wire
from realnet_hw.drawing.sexpr import Node, Quoted, number
from realnet_hw.export import bom
from realnet_hw.export.netlist import STANDARD_FIELDS, Netlist
from realnet_hw.export.page_layout import (
    FORMULA_SIZE_mm,
    Layout,
    PlacedBlock,
    TITLE_SIZE_mm,
    arrange,
)

_NAMESPACE = uuid.UUID("b5e0a3a4-6a0c-5d3e-9a53-7265616c6e65")
_FORMAT_VERSION = "20250114"
_INK = ("20", "50", "120", "1")
_FRAME_INK = ("110", "130", "170", "1")
_PAPER = ("255", "255", "255", "0.6")


def schematic_text(board: Board, netlist: Netlist) -> str:
    """Return a board's schematic.

    Args:
        board: a board of cells.
        netlist: of its SKiDL circuit; gives the parts' footprints and fields, not the nets.
    """
    return sexpr.write(_Sheet(board, netlist, arrange(board)).node())


class _Sheet:
    """The one sheet of a schematic."""

    def __init__(self, board: Board, netlist: Netlist, layout: Layout) -> None:
        self.board = board
        self.netlist = netlist
        self.layout = layout
        self.uuid = self.identity("sheet")
        self._seen: Counter[str] = Counter()

    def identity(self, *what: str) -> str:
        """Return a UUID that depends on nothing but the board's name and ``what``."""
        return str(uuid.uuid5(_NAMESPACE, "/".join((self.board.name, *what))))

    def tag(self, kind: str, *what: str) -> Node:
        """Return the uuid node of an object; alike objects are told apart by their count."""
        key = "/".join((kind, *what))
        self._seen[key] += 1
        return ["uuid", Quoted(self.identity(key, str(self._seen[key])))]

    def node(self) -> Node:
        """Return the whole file."""
        drawing = _joined(placed.drawing for placed in self.layout.blocks)
        named = _numbered(drawing.symbols)
        used = sorted({symbol.lib_id for symbol in named})
        return [
            "kicad_sch",
            ["version", _FORMAT_VERSION],
            ["generator", Quoted("realnet_hw")],
            ["generator_version", Quoted("9.0")],
            ["uuid", Quoted(self.uuid)],
            ["paper", Quoted(self.layout.paper)],
            self._title_block(),
            ["lib_symbols", *(_library_entry(lib_id) for lib_id in used)],
            *(self._no_connect(point) for point in drawing.no_connects),
            *self._wiring(drawing, named),
            *(item for placed in self.layout.blocks for item in self._block(placed)),
            *(self._label(label) for label in drawing.labels),
            *(self._symbol(symbol) for symbol in named),
            ["sheet_instances", ["path", Quoted("/"), ["page", Quoted("1")]]],
            ["embedded_fonts", "no"],
        ]

    def _title_block(self) -> Node:
        comments: list[Node] = [
            ["comment", str(i), Quoted(note)] for i, note in enumerate(self.board.notes[:4], 1)
        ]
        return [
            "title_block",
            ["title", Quoted(self.board.title)],
            ["rev", Quoted(self.netlist.sha256()[:8])],
            ["company", Quoted("realnet_hw")],
            *comments,
        ]

    def _block(self, placed: PlacedBlock) -> list[Node]:
        """Return a block's frame, title and formula."""
        frame, block = placed.frame, placed.block
        name = block.cell.name
        box: Node = [
            "rectangle",
            ["start", *_xy(frame.left, frame.top)],
            ["end", *_xy(frame.right, frame.bottom)],
            ["stroke", ["width", "0.15"], ["type", "dash"], ["color", *_FRAME_INK]],
            ["fill", ["type", "color"], ["color", *_PAPER]],
            self.tag("frame", name),
        ]
        left = frame.left + 1.905
        title = self._text(
            block.cell.title, Point(left, frame.top + 3.81), TITLE_SIZE_mm, bold=True
        )
        lines = [
            self._text(line, Point(left, frame.bottom - 1.27 - 2.54 * above), FORMULA_SIZE_mm)
            for above, line in enumerate(reversed(block.formula))
        ]
        return [box, title, *reversed(lines)]

    def _text(self, words: str, at: Point, size: float, *, bold: bool = False) -> Node:
        font: Node = ["font", ["size", number(size), number(size)]]
        if bold:
            font.append(["bold", "yes"])
        font.append(["color", *_INK])
        return [
            "text",
            Quoted(words),
            ["exclude_from_sim", "no"],
            ["at", *_xy(*at), "0"],
            ["effects", font, ["justify", "left", "bottom"]],
            self.tag("text", words),
        ]

    def _label(self, label: Label) -> Node:
        size = number(label.size)
        side = "left" if label.side == "right" else "right"
        return [
            "label",
            Quoted(label.net),
            ["at", *_xy(*label.at), "0" if label.side == "right" else "180"],
            ["effects", ["font", ["size", size, size]], ["justify", side, "bottom"]],
            self.tag("label", label.net),
        ]

    def _no_connect(self, point: Point) -> Node:
        return ["no_connect", ["at", *_xy(*point)], self.tag("no_connect", *_xy(*point))]

    def _wiring(self, drawing: Drawing, placed: Sequence[PlacedSymbol]) -> list[Node]:
        """Return junctions and wires; KiCad joins wires at their ends alone, so they are split."""
        junctions = _junctions(drawing.wires, placed)
        nodes: list[Node] = [
            [
                "junction",
                ["at", *_xy(*point)],
                ["diameter", "0"],
                ["color", "0", "0", "0", "0"],
                self.tag("junction", *_xy(*point)),
            ]
            for point in junctions
        ]
        for wire in _split(drawing.wires, junctions):
            start, end = _xy(*wire.start), _xy(*wire.end)
            nodes.append(
                [
                    "wire",
                    ["pts", ["xy", *start], ["xy", *end]],
                    ["stroke", ["width", "0"], ["type", "default"]],
                    self.tag("wire", *start, *end),
                ]
            )
        return nodes

    def _symbol(self, placed: PlacedSymbol) -> Node:
        """Return one placed symbol."""
        symbol = symbols.load(placed.lib_id)
        own = self.netlist.parts.get(placed.reference)
        fields = dict(own.fields) if own else {}
        in_simulation = fields.pop("Sim.Enable", "1") != "0"
        identity = (placed.reference, str(placed.unit))
        node: Node = [
            "symbol",
            ["lib_id", Quoted(placed.lib_id)],
            ["at", *_xy(*placed.at), str(placed.rotation)],
        ]
        if placed.mirror:
            node.append(["mirror", placed.mirror])
        bought = own is not None and bom.is_bought(own)
        node += [
            ["unit", str(placed.unit)],
            ["exclude_from_sim", "no" if in_simulation else "yes"],
            ["in_bom", "yes" if bought else "no"],
            ["on_board", "no" if symbol.is_power else "yes"],
            ["dnp", "no"],
            self.tag("symbol", *identity),
            _field(placed, "Reference", placed.reference, placed.reference_at),
            _field(placed, "Value", placed.value, placed.value_at),
            _field(placed, "Footprint", own.footprint if own else "", None),
            _field(placed, "Datasheet", bom.datasheet(own) if own else "", None),
            _field(placed, "Description", bom.description(own) if own else "", None),
            *(
                _field(placed, name, value, None)
                for name, value in sorted(fields.items())
                if name not in STANDARD_FIELDS
            ),
            *(
                ["pin", Quoted(pin), self.tag("pin", *identity, pin)]
                for pin in symbol.pin_numbers()
            ),
        ]
        instance: Node = [
            "path",
            Quoted(f"/{self.uuid}"),
            ["reference", Quoted(placed.reference)],
            ["unit", str(placed.unit)],
        ]
        node.append(["instances", ["project", Quoted(self.board.name), instance]])
        return node


def _xy(x: float, y: float) -> tuple[str, str]:
    return number(x), number(y)


def _joined(drawings: Iterable[Drawing]) -> Drawing:
    whole = Drawing()
    for drawing in drawings:
        whole.symbols += drawing.symbols
        whole.wires += drawing.wires
        whole.labels += drawing.labels
        whole.no_connects += drawing.no_connects
    return whole


def _numbered(placed: Sequence[PlacedSymbol]) -> list[PlacedSymbol]:
    """Give power symbols and flags their numbers in drawing order."""
    counts: Counter[str] = Counter()
    numbered = []
    for symbol in placed:
        if symbol.reference.startswith("#"):
            counts[symbol.reference] += 1
            reference = f"{symbol.reference}{counts[symbol.reference]:02d}"
            numbered.append(replace(symbol, reference=reference))
        else:
            numbered.append(symbol)
    return numbered


def _library_entry(lib_id: str) -> Node:
    """Return a symbol's definition as a schematic carries it: under its full name."""
    node = symbols.load(lib_id).node
    return [node[0], Quoted(lib_id), *node[2:]]


def _field(placed: PlacedSymbol, name: str, value: str, at: Point | None) -> Node:
    """Return a field; its angle is relative to the symbol's, so that it always reads level."""
    size = number(text.SIZE_mm)
    effects: Node = ["effects", ["font", ["size", size, size]]]
    if at is None:
        effects.append(["hide", "yes"])
    angle = "90" if placed.rotation in (90, 270) else "0"
    return [
        "property",
        Quoted(name),
        Quoted(value),
        ["at", *_xy(*(at or placed.at)), angle],
        effects,
    ]


def _junctions(wires: Sequence[Wire], placed: Sequence[PlacedSymbol]) -> list[Point]:
    """Return where three or more wires or pins meet, or where one ends on another wire."""
    ends = Counter(point for wire in wires for point in (wire.start, wire.end))
    for symbol in placed:
        ends.update(symbol.pins().values())
    return sorted(
        point
        for point, count in ends.items()
        if count >= 3 or any(wire.holds(point) for wire in wires)
    )


def _split(wires: Sequence[Wire], junctions: Sequence[Point]) -> list[Wire]:
    pieces = []
    for wire in wires:
        stops = sorted([wire.start, wire.end, *(p for p in junctions if wire.holds(p))])
        pieces += [Wire(start, end) for start, end in itertools.pairwise(stops)]
    return pieces
