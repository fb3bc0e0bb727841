"""A scope's screen as a picture: grid and traces, without text. PNG and BMP, written here."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from realnet_hw.emulate.scopes.digitiser import Digitiser

_WIDTH, _HEIGHT = 800, 480
_DIVISIONS_UP = 8
_GRID = (60, 60, 60)
_COLOURS = ((255, 220, 0), (0, 220, 255), (255, 90, 200), (90, 140, 255))

Picture = NDArray[np.uint8]


def drawn(scope: Digitiser) -> Picture:
    """Return the screen, shape (rows, columns, red green blue), rows from the top."""
    screen = np.zeros((_HEIGHT, _WIDTH, 3), dtype=np.uint8)
    across = np.linspace(0, _WIDTH - 1, scope.model.divisions + 1).astype(int)
    up = np.linspace(0, _HEIGHT - 1, _DIVISIONS_UP + 1).astype(int)
    screen[:, across] = _GRID
    screen[up] = _GRID
    scope.refresh()
    taken = scope.record.taken if scope.record else {}
    for number in taken:
        volts = scope.volts(number)
        channel = scope.channels[number]
        assert volts is not None
        places = (np.arange(_WIDTH) * (len(volts) / _WIDTH)).astype(int)
        heights = (volts[places] - channel.centre_V) / channel.volts_a_division / _DIVISIONS_UP
        rows = np.clip(((0.5 - heights) * (_HEIGHT - 1)).round(), 0, _HEIGHT - 1).astype(int)
        for column, (one, other) in enumerate(zip(rows, [rows[0], *rows[:-1]], strict=True)):
            screen[min(one, other) : max(one, other) + 1, column] = _COLOURS[(number - 1) % 4]
    return screen


def png(picture: Picture) -> bytes:
    """Return a picture as PNG.

    Ref: W3C, Portable Network Graphics (PNG) Specification, 5 (chunks), 9 (filter 0).
    """
    rows, columns, _ = picture.shape
    lines = b"".join(b"\0" + picture[row].tobytes() for row in range(rows))
    header = struct.pack("!IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def bmp(picture: Picture) -> bytes:
    """Return a picture as a bitmap of 24 bits: rows from the bottom, blue first."""
    rows, columns, _ = picture.shape
    pixels = picture[::-1, :, ::-1].tobytes()  # its rows are a multiple of four bytes long
    size = 54 + len(pixels)
    return (
        struct.pack("<2sIHHI", b"BM", size, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, columns, rows, 1, 24, 0, len(pixels), 2835, 2835, 0, 0)
        + pixels
    )
