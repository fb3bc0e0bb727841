"""Which sheets a board's schematic has, and what stands on each.

One page is best as long as it can be read and printed: A4, else A3. A board that needs more gets a
sheet for each stage of the signal's way (a network's layer), in two or more parts where one A3
is too small. The root sheet shows how the signal flows through them, with the connectors and the
supply around it. It may take a larger page, as may a block that alone would not fit A3. Signals
enter and leave a sheet at ports that say where from and where to.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.board import Board
from realnet_hw.cells.cell import Cell
from realnet_hw.drawing.pad import Pad
from realnet_hw.errors import CircuitRefused
from realnet_hw.export.overview import Member, overview
from realnet_hw.export.page_layout import PAGES, READABLE, Block, Layout, draw_cells, fit, measured

_DIGITS = re.compile(r"(\d+)")
_REFERENCE = re.compile(r"^[QU]\d+")
_LAWS = {"relu": "max(0, {})", "linear": "{}", "threshold": "1 where {} > 0"}
_MOST_ROWS = 4
_LEGEND = (
    "Each box is a sheet. Wires and equal names are the signals between them; supply rails join "
    "by their symbols."
)


@dataclass(frozen=True)
class Page:
    """A sheet of a schematic.

    Args:
        name: "" for the root sheet; else as the sheet above calls it.
        file: its file's name.
        number: of the page, from 1.
        layout: what stands where.
    """

    name: str
    file: str
    number: int
    layout: Layout


def pages(board: Board) -> tuple[Page, ...]:
    """Draw a board and return its sheets, the root first.

    Raises:
        CircuitRefused: a block is larger than a page, or the overview is.
    """
    blocks = draw_cells(board)
    layout = fit(blocks)
    if layout is None and board.plain_circuit is not None:
        # Its columns say less than a network's layers: mixed ones are better than a second sheet.
        layout = fit(blocks, mixed=True)
    if layout is not None:
        return (Page("", sheet_file(board.name, "", "kicad_sch"), 1, layout),)
    return _Hierarchy(board, blocks).pages()


class Port(Cell):
    """The signals that enter a sheet from one place, or leave it for some: drawing without parts.

    Args:
        nets: in order.
        enters: whether they come in.
    """

    def __init__(self, title: str, *, nets: Sequence[str], enters: bool, layer: int) -> None:
        super().__init__(title, title, layer=layer)
        self.nets = tuple(nets)
        self.enters = enters

    def draw(self, pad: Pad) -> None:
        """Draw a flag for every signal, with a wire to its name on this sheet."""
        for index, net in enumerate(self.nets):
            y = index * 2.54
            pad.wire((0, y), (7.62, y))
            if self.enters:
                pad.port(net, 0, y, "left", "input")
                pad.label(net, 7.62, y, "right")
            else:
                pad.port(net, 7.62, y, "right", "output")
                pad.label(net, 0, y, "left")


class Overview(Cell):
    """A block that shows sheets; there are no parts in it, and its drawing is made from them."""

    def draw(self, pad: Pad) -> None:
        """Draw nothing."""


class SupplyOverview(Overview):
    """A block that shows a sheet of supplies, beside the signal's way."""

    in_signal_path = False


@dataclass(frozen=True)
class _Sheet:
    """A sheet below the root: its name, its step of the signal's way, its blocks."""

    name: str
    stage: int | None
    blocks: Sequence[Block]


class _Signals:
    """Which nets go from place to place; a place is a sheet or a block of the root.

    A net comes from the first place that has it, in the order of the signal.
    """

    def __init__(
        self, places: Sequence[tuple[str, Sequence[Block]]], rails: Collection[str]
    ) -> None:
        inside: dict[str, list[Block]] = {}
        for name, blocks in places:
            inside.setdefault(name, []).extend(blocks)
        self._nets = {name: _nets_of(blocks, rails) for name, blocks in inside.items()}
        self._origin: dict[str, str] = {}
        for name, nets in self._nets.items():
            for net in nets:
                self._origin.setdefault(net, name)

    def enters(self, place: str) -> dict[str, str]:
        """Return the nets that a place takes from elsewhere, and from where."""
        origins = {net: self._origin[net] for net in self._nets[place]}
        return {net: origin for net, origin in origins.items() if origin != place}

    def leaves(self, place: str) -> dict[str, str]:
        """Return the nets that a place hands to others, and to which."""
        found = {}
        for net in self._nets[place]:
            takers = [name for name, nets in self._nets.items() if name != place and net in nets]
            if takers and self._origin[net] == place:
                found[net] = ", ".join(takers)
        return found


class _Hierarchy:
    """A board's blocks divided among a root sheet and those below it."""

    def __init__(self, board: Board, blocks: Sequence[Block]) -> None:
        self.board = board
        self.rails = board.rail_nets
        path = [block for block in blocks if block.cell.in_signal_path]
        self.terminals = [block for block in path if block.cell.is_terminal]
        inner = sorted(
            (block for block in path if not block.cell.is_terminal),
            key=lambda block: block.cell.layer,
        )
        others = [block for block in blocks if not block.cell.in_signal_path]
        own = {cell.name for cell in board.cells}
        uses = Counter(net for block in blocks for net in block.cell.used_nets() - self.rails)
        own |= {b.cell.name for b in others if any(uses[net] > 1 for net in b.cell.used_nets())}
        self.others = [block for block in others if block.cell.name in own]
        self.supplies = [block for block in others if block.cell.name not in own]
        self.stages = sorted({block.cell.stage for block in inner})
        self.by_stage = {
            stage: [block for block in inner if block.cell.stage == stage] for stage in self.stages
        }
        if not inner:
            raise self._refusal("a circuit without cells between its terminals")
        self.first_layer = inner[0].cell.layer

    def pages(self) -> tuple[Page, ...]:
        """Return the sheets, the root first, on as small a page as there is a way to."""
        below = self._below()
        ways: list[tuple[Sequence[_Sheet], Sequence[Block]]] = [
            (below, [*self.others, *self.supplies]),
            ([*below, *self._supply_sheets()], self.others),
        ]
        for paper in PAGES:
            for rows in range(1, min(_MOST_ROWS, len(self.stages)) + 1):
                for sheets, around in ways:
                    root = self._root(sheets, around, rows, paper)
                    if root is not None:
                        return self._numbered(root, sheets)
        raise self._refusal("the overview of its sheets", list(PAGES)[-1])

    def _numbered(self, root: Layout, sheets: Sequence[_Sheet]) -> tuple[Page, ...]:
        signals = self._signals(sheets)
        found = [Page("", self._file(""), 1, root)]
        for number, sheet in enumerate(sheets, 2):
            layout = self._on_page(sheet, signals)
            assert layout is not None
            found.append(Page(sheet.name, self._file(sheet.name), number, layout))
        return tuple(found)

    def _file(self, name: str) -> str:
        return sheet_file(self.board.name, name, "kicad_sch")

    def _refusal(self, what: str, paper: str = READABLE[-1]) -> CircuitRefused:
        return CircuitRefused(
            f"{what} is too large for a page",
            where=self.board.name,
            allowed=f"what fits {paper}",
            mend="use fewer or smaller layers",
        )

    def _below(self) -> list[_Sheet]:
        """Return the sheets of the signal's way: as few for each stage as pages hold it."""
        for block in (block for blocks in self.by_stage.values() for block in blocks):
            if fit([block], list(PAGES)) is None:
                raise self._refusal(block.cell.title, list(PAGES)[-1])
        count = dict.fromkeys(self.stages, 1)
        while True:
            sheets = [sheet for stage in self.stages for sheet in self._parts(stage, count[stage])]
            signals = self._signals(sheets)
            crowded = {s.stage for s in sheets if self._on_page(s, signals) is None}
            if not crowded:
                return sheets
            for stage, blocks in self.by_stage.items():
                count[stage] += stage in crowded
                if count[stage] > len(blocks):
                    raise self._refusal(f"{blocks[0].cell.title} with its signals")

    def _parts(self, stage: int, count: int) -> list[_Sheet]:
        name = self.board.sheets.get(stage, f"Layer {self.stages.index(stage) + 1}")
        return [
            _Sheet(f"{name}{letter}", stage, group)
            for letter, group in _lettered(_shares(self.by_stage[stage], count))
        ]

    def _supply_sheets(self) -> list[_Sheet]:
        """Return the sheets of what the amplifiers need besides signals."""
        for count in range(1, len(self.supplies) + 1):
            groups = _shares(self.supplies, count)
            if all(fit(group) for group in groups):
                name = "Package supplies"
                return [
                    _Sheet(f"{name}{x and ' '}{x}", None, group) for x, group in _lettered(groups)
                ]
        return []

    def _on_page(self, sheet: _Sheet, signals: _Signals) -> Layout | None:
        """Place a sheet's blocks and its ports."""
        first = min(block.cell.layer for block in sheet.blocks) - 1
        last = max(block.cell.layer for block in sheet.blocks) + 1
        ports = [
            *(
                Port(f"From {place}", nets=nets, enters=True, layer=first)
                for place, nets in _by_place(signals.enters(sheet.name)).items()
            ),
            *(
                Port(f"To {place}", nets=nets, enters=False, layer=last)
                for place, nets in _by_place(signals.leaves(sheet.name)).items()
            ),
        ]
        drawn = []
        for port in ports:
            pad = Pad({}, {}, (), self.rails)
            port.draw(pad)
            drawn.append(measured(port, pad.drawing))
        large = any(fit([block]) is None for block in sheet.blocks)
        return fit([*drawn, *sheet.blocks], list(PAGES) if large else READABLE, mixed=True)

    def _signals(self, sheets: Sequence[_Sheet]) -> _Signals:
        first = [block for block in self.terminals if block.cell.layer <= self.first_layer]
        last = [block for block in self.terminals if block.cell.layer > self.first_layer]
        names = {sheet.name for sheet in sheets}

        def on_root(block: Block) -> tuple[str, list[Block]]:
            title = block.cell.title
            return (f"{title} on the root sheet" if title in names else title, [block])

        places = [
            *map(on_root, (*first, *self.others)),
            *((sheet.name, sheet.blocks) for sheet in sheets),
            *map(on_root, last),
        ]
        return _Signals(places, self.rails)

    def _root(
        self,
        sheets: Sequence[_Sheet],
        around: Sequence[Block],
        rows: int,
        paper: str,
    ) -> Layout | None:
        """Place the overview with the connectors beside it and the rest below."""
        signals = self._signals(sheets)
        members = {
            sheet.name: Member(
                sheet.name,
                self._file(sheet.name),
                number,
                self._described(sheet),
                tuple(signals.enters(sheet.name)),
                tuple(signals.leaves(sheet.name)),
            )
            for number, sheet in enumerate(sheets, 2)
        }
        stages = [
            [members[sheet.name] for sheet in sheets if sheet.stage == stage]
            for stage in self.stages
        ]
        named = {net for block in (*self.terminals, *around) for net in block.cell.used_nets()}
        network = self.board.network
        of = f" of the {'-'.join(map(str, network.shape))} network" if network else ""
        flow = Overview("_flow", f"Signal flow{of}", formula=_LEGEND, layer=self.first_layer)
        beside = [
            measured(
                SupplyOverview(sheet.name, "Sheet of supplies"),
                overview([[members[sheet.name]]], 1, ()),
            )
            for sheet in sheets
            if sheet.stage is None
        ]
        shown = measured(flow, overview(stages, rows, named))
        return fit([*self.terminals, shown, *around, *beside], [paper])

    def _described(self, sheet: _Sheet) -> tuple[str, ...]:
        """Return what the overview says of a sheet: its blocks by kind, its law, its parts."""
        titles = [block.cell.title.removesuffix(block.cell.name).strip() for block in sheet.blocks]
        if sheet.stage is None:
            titles = [_REFERENCE.sub("Package", title) for title in titles]
        lines = [
            f"{count} \N{MULTIPLICATION SIGN} {kind}" for kind, count in Counter(titles).items()
        ]
        if sheet.stage is not None:
            lines += self._law(self.stages.index(sheet.stage))
        parts = sum(len(block.cell.parts) for block in sheet.blocks)
        amplifiers = sum(len(block.cell.amplifiers) for block in sheet.blocks)
        counts = ((parts, "part"), (amplifiers, "amplifier"))
        shown = [f"{count} {name}{'s' * (count != 1)}" for count, name in counts if count]
        return (*lines, ", ".join(shown))

    def _law(self, index: int) -> list[str]:
        """Return the equation of a layer where every stage is one."""
        network = self.board.network
        if network is None or len(network.layers) != len(self.stages):
            return []
        layer = network.layers[index]
        shape = f"W: {layer.width} \N{MULTIPLICATION SIGN} {len(layer.weight[0])}"
        return [_LAWS[layer.activation].format("W x + b") + f", {shape}"]


def sheet_file(stem: str, sheet: str, ending: str) -> str:
    """Return the name of a sheet's file, "xor_layer_1.svg"; the root sheet's is the stem alone."""
    marked = re.sub(r"[^a-z0-9]+", "_", f" {sheet}".lower()) if sheet else ""
    return f"{stem}{marked}.{ending}"


def _nets_of(blocks: Sequence[Block], rails: Collection[str]) -> list[str]:
    """Return the nets of blocks that are no rails, X2 before X10."""
    nets = {net for block in blocks for net in block.cell.used_nets()}
    return sorted(nets - set(rails), key=_counting)


def _counting(net: str) -> list[tuple[int, str]]:
    return [(int(piece or -1) if piece.isdigit() else -1, piece) for piece in _DIGITS.split(net)]


def _by_place(nets: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for net, place in nets.items():
        groups.setdefault(place, []).append(net)
    return groups


def _lettered(groups: Sequence[Sequence[Block]]) -> Iterator[tuple[str, Sequence[Block]]]:
    """Yield groups with letters to tell them apart, none for a single one."""
    letters = string.ascii_lowercase if len(groups) > 1 else [""]
    return zip(letters, groups, strict=False)


def _shares(blocks: Sequence[Block], count: int) -> list[list[Block]]:
    """Divide blocks into groups of alike area, in order."""
    total = sum(block.width * block.height for block in blocks)
    groups: list[list[Block]] = [[] for _ in range(count)]
    done = 0.0
    for block in blocks:
        area = block.width * block.height
        groups[min(count - 1, int((done + area / 2) / total * count))].append(block)
        done += area
    return [group for group in groups if group]
