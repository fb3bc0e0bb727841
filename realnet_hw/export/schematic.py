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
from realnet_hw.drawing.pad import Drawing, Label, PlacedSymbol, SheetBox, SheetPin, Wire
from realnet_hw.drawing.sexpr import Node, Quoted, number
from realnet_hw.export import bom
from realnet_hw.export.netlist import STANDARD_FIELDS, Netlist
from realnet_hw.export.page_layout import FORMULA_SIZE_mm, PlacedBlock, TITLE_SIZE_mm
from realnet_hw.export.sheets import Page, pages

_NAMESPACE = uuid.UUID("b5e0a3a4-6a0c-5d3e-9a53-7265616c6e65")
_FORMAT_VERSION = "20250114"
_INK = ("20", "50", "120", "1")
_FRAME_INK = ("110", "130", "170", "1")
_PAPER = ("255", "255", "255", "0.6")
_SHEET_PAPER = ("255", "255", "194", "1")


def schematic_files(board: Board, netlist: Netlist) -> dict[str, str]:
    """Return the text of a board's sheets by their files' names, the root sheet first.

    Args:
        board: a board of cells.
        netlist: of its SKiDL circuit; gives the parts' symbols, footprints and fields, not the
            nets.

    Raises:
        CircuitRefused: something is too large for a page.
    """
    drawn = pages(board)
    aids: Counter[str] = Counter()
    sheets = [_Sheet(board, netlist, page, len(drawn), aids) for page in drawn]
    return {sheet.page.file: sexpr.write(sheet.node()) for sheet in sheets}


class _Sheet:
    """One sheet of a schematic.

    Args:
        board, netlist: what is drawn.
        page: the sheet.
        count: how many sheets there are.
        aids: how many power symbols and flags the sheets before it have; grows.
    """

    def __init__(
        self, board: Board, netlist: Netlist, page: Page, count: int, aids: Counter[str]
    ) -> None:
        self.board = board
        self.netlist = netlist
        self.page = page
        self.count = count
        self.root_uuid = self._identity("sheet")
        self._aids = aids
        self._seen: Counter[str] = Counter()

    def _identity(self, *what: str) -> str:
        """Return a UUID that depends on nothing but the board's name and ``what``."""
        return str(uuid.uuid5(_NAMESPACE, "/".join((self.board.name, *what))))

    def tag(self, kind: str, *what: str) -> Node:
        """Return the uuid node of an object; alike objects are told apart by their count."""
        key = "/".join((*([self.page.name] if self.page.name else []), kind, *what))
        self._seen[key] += 1
        return ["uuid", Quoted(self._identity(key, str(self._seen[key])))]

    def _box_uuid(self, name: str) -> str:
        """Return the identity of the box by which the root sheet shows another one."""
        return self._identity("box", name)

    @property
    def path(self) -> str:
        """The sheet's place in the hierarchy, as instances of symbols name it."""
        root = f"/{self.root_uuid}"
        return f"{root}/{self._box_uuid(self.page.name)}" if self.page.name else root

    def node(self) -> Node:
        """Return the whole file."""
        layout, name = self.page.layout, self.page.name
        drawing = _joined(placed.drawing for placed in layout.blocks)
        named = self._numbered(drawing.symbols)
        used = sorted({symbol.lib_id for symbol in named})
        pages: list[Node] = [["sheet_instances", ["path", Quoted("/"), ["page", Quoted("1")]]]]
        return [
            "kicad_sch",
            ["version", _FORMAT_VERSION],
            ["generator", Quoted("realnet_hw")],
            ["generator_version", Quoted("9.0")],
            ["uuid", Quoted(self._identity("file", name) if name else self.root_uuid)],
            ["paper", Quoted(layout.paper)],
            self._title_block(),
            ["lib_symbols", *(_library_entry(lib_id) for lib_id in used)],
            *(self._no_connect(point) for point in drawing.no_connects),
            *self._wiring(drawing, named),
            *(item for placed in layout.blocks for item in self._block(placed)),
            *(
                self._text(words.text, words.at, words.size, bold=words.bold)
                for words in drawing.words
            ),
            *(self._label(label) for label in drawing.labels),
            *(self._symbol(symbol) for symbol in named),
            *(self._box(sheet) for sheet in drawing.sheets),
            *(pages if not name else []),
            ["embedded_fonts", "no"],
        ]

    def _title_block(self) -> Node:
        comments: list[Node] = [
            ["comment", str(i), Quoted(note)] for i, note in enumerate(self.board.notes[:4], 1)
        ]
        name = self.page.name
        return [
            "title_block",
            ["title", Quoted(f"{self.board.title}: {name}" if name else self.board.title)],
            ["rev", Quoted(self.netlist.sha256()[:8])],
            ["company", Quoted("realnet_hw")],
            *comments,
        ]

    def _block(self, placed: PlacedBlock) -> list[Node]:
        """Return a block's frame, title and formula."""
        frame, block = placed.frame, placed.block
        name = block.cell.name
        # KiCad paints a frame over the sheets inside it.
        paper: Node = [["type", "color"], ["color", *_PAPER]]
        box: Node = [
            "rectangle",
            ["start", *_xy(frame.left, frame.top)],
            ["end", *_xy(frame.right, frame.bottom)],
            ["stroke", ["width", "0.15"], ["type", "dash"], ["color", *_FRAME_INK]],
            ["fill", *([["type", "none"]] if block.drawing.sheets else paper)],
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
        kind = "hierarchical_label" if label.flow else "label"
        shape: list[Node] = [["shape", label.flow]] if label.flow else []
        justify: Node = ["justify", side] if label.flow else ["justify", side, "bottom"]
        return [
            kind,
            Quoted(label.net),
            *shape,
            ["at", *_xy(*label.at), "0" if label.side == "right" else "180"],
            ["effects", ["font", ["size", size, size]], justify],
            self.tag(kind, label.net),
        ]

    def _no_connect(self, point: Point) -> Node:
        return ["no_connect", ["at", *_xy(*point)], self.tag("no_connect", *_xy(*point))]

    def _box(self, sheet: SheetBox) -> Node:
        """Return the box by which this sheet shows another one."""
        box = sheet.box
        instance: Node = ["path", Quoted(self.path), ["page", Quoted(str(sheet.page))]]
        return [
            "sheet",
            ["at", *_xy(box.left, box.top)],
            ["size", *_xy(box.width, box.height)],
            ["exclude_from_sim", "no"],
            ["in_bom", "yes"],
            ["on_board", "yes"],
            ["dnp", "no"],
            ["stroke", ["width", "0.2"], ["type", "solid"], ["color", *_INK]],
            ["fill", ["color", *_SHEET_PAPER]],
            ["uuid", Quoted(self._box_uuid(sheet.name))],
            _sheet_field(
                "Sheetname", sheet.name, Point(box.left, box.top - 1.0), TITLE_SIZE_mm, "bottom"
            ),
            _sheet_field("Sheetfile", sheet.file, sheet.file_at, text.SIZE_mm, "bottom"),
            *(self._sheet_pin(sheet, pin) for pin in sheet.pins),
            ["instances", ["project", Quoted(self.board.name), instance]],
        ]

    def _sheet_pin(self, sheet: SheetBox, pin: SheetPin) -> Node:
        size = number(text.SIZE_mm)
        angle, justify = {
            "left": ("180", "left"),
            "right": ("0", "right"),
            "down": ("270", "left"),
        }[pin.side]
        return [
            "pin",
            Quoted(pin.net),
            pin.flow,
            ["at", *_xy(*pin.at), angle],
            self.tag("sheet_pin", sheet.name, pin.net),
            ["effects", ["font", ["size", size, size]], ["justify", justify]],
        ]

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

    def _numbered(self, placed: Sequence[PlacedSymbol]) -> list[PlacedSymbol]:
        """Give power symbols and flags their numbers in drawing order, parts their own symbols."""
        numbered = []
        for symbol in placed:
            if symbol.reference.startswith("#"):
                self._aids[symbol.reference] += 1
                reference = f"{symbol.reference}{self._aids[symbol.reference]:02d}"
                numbered.append(replace(symbol, reference=reference))
            else:
                # Another way of assembly may call for another symbol; its pins lie in the same
                # places.
                own = self.netlist.parts.get(symbol.reference)
                numbered.append(replace(symbol, lib_id=own.symbol) if own else symbol)
        return numbered

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
            Quoted(self.path),
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
        whole.words += drawing.words
        whole.sheets += drawing.sheets
        whole.no_connects += drawing.no_connects
    return whole


def _library_entry(lib_id: str) -> Node:
    """Return a symbol's definition as a schematic carries it: under its full name."""
    node = symbols.load(lib_id).node
    return [node[0], Quoted(lib_id), *node[2:]]


def _sheet_field(name: str, value: str, at: Point, size_mm: float, justify: str) -> Node:
    size = number(size_mm)
    return [
        "property",
        Quoted(name),
        Quoted(value),
        ["at", *_xy(*at), "0"],
        ["effects", ["font", ["size", size, size]], ["justify", "left", justify]],
    ]


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
    lines: dict[tuple[str, float], list[Wire]] = {}
    for wire in wires:
        lines.setdefault(_line(wire), []).append(wire)
    return sorted(
        point
        for point, count in ends.items()
        if count >= 3
        or any(
            wire.holds(point)
            for line in (("across", point.y), ("down", point.x))
            for wire in lines.get(line, ())
        )
    )


def _line(wire: Wire) -> tuple[str, float]:
    """Return the straight line that a wire lies on."""
    level = wire.start.y == wire.end.y
    return ("across", wire.start.y) if level else ("down", wire.start.x)


def _split(wires: Sequence[Wire], junctions: Sequence[Point]) -> list[Wire]:
    lines: dict[tuple[str, float], list[Point]] = {}
    for point in junctions:
        lines.setdefault(("across", point.y), []).append(point)
        lines.setdefault(("down", point.x), []).append(point)
    pieces = []
    for wire in wires:
        between = (point for point in lines.get(_line(wire), ()) if wire.holds(point))
        stops = sorted([wire.start, wire.end, *between])
        pieces += [Wire(start, end) for start, end in itertools.pairwise(stops)]
    return pieces
