"""A sweep's block is taken only whole and with its checksum."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw.errors import BenchError
from realnet_hw.measure.sweep import even_parts, sweep_codes


def crc16_xmodem(data: bytes) -> int:
    """Return CRC-16/XMODEM bit by bit: polynomial 0x1021, start 0, no reflection."""
    register = 0
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return register


def test_the_checksum_is_the_catalogues() -> None:
    # Ref: the CRC catalogue's check value of CRC-16/XMODEM for "123456789".
    assert crc16_xmodem(b"123456789") == 0x31C3


blocks = st.lists(st.lists(st.integers(0, 65535), min_size=2, max_size=2), min_size=1, max_size=40)


def packed(rows: list[list[int]]) -> bytes:
    data = b"".join(struct.pack(">2H", *row) for row in rows)
    return data + struct.pack(">H", crc16_xmodem(data))


@given(rows=blocks)
def test_codes_come_back_as_sent(rows: list[list[int]]) -> None:
    codes = sweep_codes(packed(rows), len(rows), 2, where="here")
    assert list(codes) == [code for row in rows for code in row]


@given(rows=blocks, bit=st.integers(min_value=0))
def test_any_flipped_bit_is_noticed(rows: list[list[int]], bit: int) -> None:
    block = bytearray(packed(rows))
    bit %= 8 * len(block)
    block[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BenchError, match="checksum"):
        sweep_codes(bytes(block), len(rows), 2, where="here")


def test_the_inverted_checksum_of_an_aborted_sweep_is_noticed() -> None:
    block = packed([[1, 2], [3, 4]])
    aborted = block[:-2] + bytes(byte ^ 0xFF for byte in block[-2:])
    with pytest.raises(BenchError, match="checksum"):
        sweep_codes(aborted, 2, 2, where="here")


def test_a_short_block_is_noticed() -> None:
    with pytest.raises(BenchError, match=r"6 bytes \(allowed: 10\)"):
        sweep_codes(packed([[1, 2]]), 2, 2, where="here")


@given(count=st.integers(2, 500), most=st.integers(3, 50))
def test_a_long_sweep_is_cut_into_parts_that_the_firmware_takes(count: int, most: int) -> None:
    parts = even_parts(range(count), most)
    assert [item for part in parts for item in part] == list(range(count))
    assert all(2 <= len(part) <= most for part in parts)
    assert len(parts) == -(-count // most)
