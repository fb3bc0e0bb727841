"""Sweeps: what one is, how a long one is cut into parts, and what its block of data means.

Ref: firmware/fixture/PROTOCOL.md, SENSe:SWEep? and Block data.
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from realnet_hw.errors import BenchError
from realnet_hw.measure.codes import terminal_V

_T = TypeVar("_T")


@dataclass(frozen=True)
class Sweep:
    """Readings of some channels while one source steps.

    Args:
        source_V: what was set at each of n points.
        codes: channel to its n readings, sixteenths of a step.
    """

    source_V: tuple[float, ...]
    codes: Mapping[str, tuple[int, ...]]

    @property
    def volts(self) -> dict[str, list[float]]:
        """Channel to its n readings at the terminal, uncorrected."""
        return {name: [terminal_V(code) for code in codes] for name, codes in self.codes.items()}


def sweep_codes(block: bytes, points: int, channels: int, *, where: str) -> tuple[int, ...]:
    """Return the readings in a block, channel by channel within each point, 1/16 LSB.

    Raises:
        BenchError: another length than promised, or the checksum does not fit: it was cut short
            or the line disturbed.

    Ref: firmware/fixture/PROTOCOL.md, Block data; CRC-16/XMODEM.
    """
    count = points * channels
    if len(block) != 2 * count + 2:
        raise BenchError(
            f"the block has {len(block)} bytes", where=where, allowed=f"{2 * count + 2}"
        )
    data, (checksum,) = block[:-2], struct.unpack(">H", block[-2:])
    if binascii.crc_hqx(data, 0) != checksum:
        raise BenchError(
            "the block's checksum does not fit its data", where=where, mend="try again"
        )
    return struct.unpack(f">{count}H", data)


def even_parts(items: Sequence[_T], most: int) -> list[Sequence[_T]]:
    """Cut into as few parts of at most ``most`` (3 or more) as can be, none of one item alone."""
    count = -(-len(items) // most)
    cuts = [len(items) * index // count for index in range(count + 1)]
    return [items[start:end] for start, end in pairwise(cuts)]
