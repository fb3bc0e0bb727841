"""The blocks of a plain circuit, each with its drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from realnet_hw.board import Board
from realnet_hw.cells.cell import Cell
from realnet_hw.drawing import symbols
from realnet_hw.drawing.pad import GROUND, POWER_LIBRARY, Drawing, Pad, PadPart
from realnet_hw.errors import InputError
from realnet_hw.export.netlist import Netlist, from_board
from realnet_hw.export.plain.block import PlainBlock
from realnet_hw.export.plain.group import Group
from realnet_hw.export.plain.groups import grouped

_SHEET_BLOCKS = 8


def draw_plain(board: Board) -> Iterator[tuple[Cell, Drawing]]:
    """Yield the blocks of a board that is given as a plain circuit, with their drawings."""
    netlist: Netlist = from_board(board)
    volts = {GROUND: 0.0, **{supply.net: supply.volts for supply in board.supplies}}
    groups = grouped(
        netlist,
        volts,
        inputs=[port.net for port in board.inputs],
        outputs=[port.net for port in board.outputs],
    )
    parts = {
        part.reference: PadPart(part.reference, part.symbol, part.value)
        for part in netlist.parts.values()
    }
    with_symbol = {net for net in volts if _has_power_symbol(net)}
    stages = _stages(groups)
    for number, group in enumerate(groups, 1):
        block = PlainBlock(f"block{number}", group, volts, stages[group.layer])
        pad = Pad(parts, {}, [], with_symbol)
        block.draw(pad)
        yield block, pad.drawing


def _stages(groups: Sequence[Group]) -> dict[int, int]:
    """Return a stage for every column: as many columns as fill a sheet make one."""
    wide = Counter(group.layer for group in groups if group.in_signal_path)
    stages: dict[int, int] = {}
    stage = filled = 0
    for layer in sorted({group.layer for group in groups}):
        if filled and filled + wide[layer] > _SHEET_BLOCKS:
            stage, filled = stage + 1, 0
        stages[layer] = stage
        filled += wide[layer]
    return stages


def _has_power_symbol(net: str) -> bool:
    """Whether KiCad has a power symbol of a rail's name; other rails carry their name."""
    try:
        return symbols.load(f"{POWER_LIBRARY}:{net}").is_power
    except InputError:
        return False
