"""Raw codes of the fixture's readings, what makes volts of them, and the file that keeps them all.

A code is the mean of some conversions in sixteenths of a step. What is in a journal besides follows
from its codes and its header's corrections; so does the file of arrays, which is made anew at any
time.

Ref: firmware/fixture/PROTOCOL.md, SENSe:SWEep? and CALibration:SENSe.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from realnet_hw.measure.fixture_specification import CODES, LSB_V, RANGE_V

if TYPE_CHECKING:
    from realnet_hw.measure.journal import Point, TakenWave

SUFFIX = ".npz"


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the controller holds of a sense channel: v = reading * (1 + gain) + offset."""

    gain_ppm: float = 0.0
    offset_V: float = 0.0


def terminal_V(code: int, correction: Correction | None = None) -> float:
    """Return the voltage at a terminal that a code stands for, volts."""
    read_V = code / 16 * LSB_V - RANGE_V
    if correction is None:
        return read_V
    return read_V * (1 + correction.gain_ppm / 1e6) + correction.offset_V


def reach_V(corrections: Iterable[Correction]) -> float:
    """Return how far readings reach on both sides of 0 V, volts: at the last code they may end.

    What lies further out reads as the last code, and a correction makes another voltage of that:
    without minding it, a node at 12 V would look like one at 10.15 V.

    Args:
        corrections: of the channels that were read.
    """
    ends = (0, 16 * (CODES - 1))
    every = [terminal_V(code, each) for each in corrections for code in ends]
    return min((abs(volts) for volts in every), default=terminal_V(ends[1]))


def arrays(points: Sequence[Point]) -> bytes:
    """Return an ``.npz`` file of all codes in a journal's points.

    Of n points at rest: ``points`` (n keys), ``set_V/X1`` (n) volts, ``codes/Y`` (n x readings);
    NaN and -1 where there is none. Of step number 0, 1 and so on ``edge0`` (its key), and of a
    terminal and each record ``edge0/Y/codes0`` (samples) and ``edge0/Y/scale0``: zero, step_V,
    start_s and step_s, with volts = (code - zero) * step_V. Of firings ``firing0`` and so on.
    """
    import numpy as np

    steady = [point for point in points if not point.is_seen]
    found: dict[str, Any] = {"points": np.array([point.point for point in steady], np.str_)}
    for name in _names(point.set_V for point in steady):
        found[f"set_V/{name}"] = np.array([point.set_V.get(name, np.nan) for point in steady])
    most = max((len(each) for point in steady for each in point.codes.values()), default=0)
    for name in _names(point.codes for point in steady):
        rows = np.full((len(steady), most), -1, np.int32)
        for row, point in zip(rows, steady, strict=True):
            taken = point.codes.get(name, [])
            row[: len(taken)] = taken
        found[f"codes/{name}"] = rows
    edges = [(point.point, point.edge.waves) for point in points if point.edge]
    firings = [(point.point, point.firing.waves) for point in points if point.firing]
    for kind, seen in (("edge", edges), ("firing", firings)):
        for number, (key, waves) in enumerate(seen):
            found[f"{kind}{number}"] = np.array(key, np.str_)
            for terminal, wave in waves.items():
                found |= _records(f"{kind}{number}/{terminal}", wave)
    file = io.BytesIO()
    np.savez_compressed(file, **found)
    return file.getvalue()


def _records(name: str, wave: TakenWave) -> dict[str, Any]:
    """Return codes and scale of every record of a wave."""
    import numpy as np

    found: dict[str, Any] = {}
    for index, (start_s, codes) in enumerate(zip(wave.starts_s, wave.codes, strict=True)):
        found[f"{name}/codes{index}"] = np.array(codes, np.int32)
        found[f"{name}/scale{index}"] = np.array((wave.zero, wave.step_V, start_s, wave.step_s))
    return found


def _names(tables: Iterable[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(name for table in tables for name in table))
