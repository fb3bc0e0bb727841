"""Blocks and pictures: whatever is in them is read whole, and not a byte of what follows."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyvisa.util import from_ieee_block, to_ieee_block

from realnet_hw.emulate.scopes import screen
from realnet_hw.emulate.scopes.scpi import block
from realnet_hw.errors import BenchError
from realnet_hw.measure.scopes.answers import read_block, read_picture


class Stream:
    """Gives what is asked for, and never more than is there."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, count: int) -> bytes:
        data = self._data.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def rest(self) -> bytes:
        return self._data.read()


headings = st.sampled_from([b"", b"\n", b"C1:WF ALL,", b"DAT2,", b":CURVE "])


@given(content=st.binary(max_size=3000), heading=headings, after=st.binary(max_size=9))
def test_a_block_is_read_whole_and_no_further(content: bytes, heading: bytes, after: bytes) -> None:
    stream = Stream(heading + block(content, 9) + after)
    assert read_block(stream.read) == content
    assert stream.rest() == after


@given(values=st.lists(st.integers(0, 255), max_size=500))
def test_blocks_are_those_of_pyvisa(values: list[int]) -> None:
    theirs = bytes(to_ieee_block(values, "B"))
    assert read_block(Stream(theirs).read) == bytes(values)
    assert from_ieee_block(bytearray(block(bytes(values))), "B", container=list) == values


@given(st.binary(min_size=1, max_size=80))
def test_what_is_no_block_is_refused_or_asks_for_more(data: bytes) -> None:
    stream = Stream(data)
    try:
        found = read_block(stream.read)
    except (BenchError, EOFError):
        return
    assert b"#" in data
    assert found in data


@pytest.mark.parametrize("data", [b"#0data\n", b'-113,"Undefined header"\n', b"#a123", b"#3x12abc"])
def test_other_answers_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BenchError) as told:
        read_block(Stream(data).read)
    assert "\n" not in str(told.value)


def _picture() -> screen.Picture:
    return np.arange(4 * 8 * 3, dtype=np.uint8).reshape(4, 8, 3)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_a_picture_ends_where_it_says(kind: str, wrapped: bool) -> None:
    picture = screen.png(_picture()) if kind == "png" else screen.bmp(_picture())
    stream = Stream((block(picture, 9) if wrapped else b"\n" + picture) + b"\nnext")
    assert read_picture(stream.read) == picture
    assert stream.rest() == b"\nnext"


def test_what_is_no_picture_is_refused() -> None:
    for data in (b"no", b"\x89PNX\r\n\x1a\n" + bytes(20), b"BM" + bytes(9), b"BX" + bytes(9)):
        with pytest.raises(BenchError, match="where a picture should begin"):
            read_picture(Stream(data).read)


def test_pictures_hold_what_was_drawn() -> None:
    """Read back by the formats' own rules."""
    picture = _picture()
    png = screen.png(picture)
    width, height = struct.unpack("!II", png[16:24])
    assert (height, width) == picture.shape[:2]
    start = png.index(b"IDAT")
    (length,) = struct.unpack("!I", png[start - 4 : start])
    lines = zlib.decompress(png[start + 4 : start + 4 + length])
    rows = np.frombuffer(lines, np.uint8).reshape(height, 1 + 3 * width)
    assert np.array_equal(rows[:, 1:].reshape(picture.shape), picture)
    bmp = screen.bmp(picture)
    pixels = np.frombuffer(bmp[54:], np.uint8).reshape(picture.shape)
    assert np.array_equal(pixels[::-1, :, ::-1], picture)
