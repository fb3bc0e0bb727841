"""The blocks of a plain circuit, each with its drawing."""

from __future__ import annotations

from collections.abc import Iterator

from realnet_hw.board import Board
from realnet_hw.cells.cell import Cell
from realnet_hw.drawing import symbols
from realnet_hw.drawing.pad import GROUND, POWER_LIBRARY, Drawing, Pad, PadPart
from realnet_hw.errors import InputError
from realnet_hw.export.netlist import Netlist, from_board
from realnet_hw.export.plain.block import PlainBlock
from realnet_hw.export.plain.groups import grouped


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
    for number, group in enumerate(groups, 1):
        block = PlainBlock(f"block{number}", group, volts)
        pad = Pad(parts, {}, [], with_symbol)
        block.draw(pad)
        yield block, pad.drawing


def _has_power_symbol(net: str) -> bool:
    """Whether KiCad has a power symbol of a rail's name; other rails carry their name."""
    try:
        return symbols.load(f"{POWER_LIBRARY}:{net}").is_power
    except InputError:
        return False
