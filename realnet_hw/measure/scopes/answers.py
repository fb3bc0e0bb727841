"""Answers that are not lines: blocks of data and pictures, read piece by piece to their own end.

On a raw socket nothing else says where an answer ends: what is read too little stays for the next
answer, what is read too much is waited for in vain.

Ref: IEEE 488.2-1992 8.7.9 and 8.7.10 (blocks); W3C, Portable Network Graphics, 5.2 and 5.3 (chunks,
     IEND); the size in a bitmap's header is from memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from realnet_hw.errors import BenchError

Read = Callable[[int], bytes]
"""Gives so many bytes, no more and no fewer."""

_LONGEST_heading = 64
_LONGEST_block = 1 << 30
_PNG = b"\x89PNG\r\n\x1a\n"


def read_block(read: Read) -> bytes:
    """Return the content of a block, definite in length, whatever heading stands before it.

    Raises:
        BenchError: no block comes.
    """
    heading = b""
    while not heading.endswith(b"#"):
        if len(heading) >= _LONGEST_heading:
            raise BenchError(f"{heading[:40]!r} came where a block should begin")
        letter = read(1)
        if letter == b"\n" and heading.strip():
            raise BenchError(f"{heading.strip()!r} came where a block should begin")
        heading += letter
    return _content(read)


def _content(read: Read) -> bytes:
    """Return what follows the ``#`` of a block."""
    digits = read(1)
    if not digits.isdigit() or digits == b"0":
        raise BenchError(f"a block begins with #{digits.decode('latin-1')}", allowed="#1 to #9")
    length = read(int(digits))
    if not length.isdigit() or int(length) > _LONGEST_block:
        raise BenchError(f"a block of {length.decode('latin-1')!r} bytes")
    return read(int(length))


def read_picture(read: Read) -> bytes:
    """Return a picture: PNG or bitmap, bare or in a block.

    Raises:
        BenchError: something else comes.
    """
    first = read(1)
    while first in b"\r\n":
        first = read(1)
    if first == b"#":
        content = _content(read)
        if not content.startswith((_PNG, b"BM")):
            raise BenchError(f"{content[:8]!r} is no picture", allowed="PNG or BMP")
        return content
    if first == _PNG[:1]:
        return _png(first + read(len(_PNG) - 1), read)
    if first == b"B":
        header = first + read(5)
        size = int.from_bytes(header[2:6], "little")
        if header[:2] == b"BM" and 54 <= size <= _LONGEST_block:
            return header + read(size - len(header))
    raise BenchError(f"{first!r} came where a picture should begin", allowed="PNG or BMP")


def _png(data: bytes, read: Read) -> bytes:
    if data != _PNG:
        raise BenchError(f"{data!r} came where a picture should begin", allowed="PNG or BMP")
    while True:
        header = read(8)
        (length,) = struct.unpack("!I", header[:4])
        if length > _LONGEST_block:
            raise BenchError(f"a chunk of {length} bytes in a picture")
        data += header + read(length + 4)
        if header[4:] == b"IEND":
            return data
