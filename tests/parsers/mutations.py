"""Bytes that are nearly right: what was right, changed here and there."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

WORDS = (
    *(
        b"0",
        b"-0",
        b"1e400",
        b"-1e400",
        b"1e-400",
        b"nan",
        b"NaN",
        b"inf",
        b"-inf",
        b"1_0",
        b"0x10",
    ),
    *(b"", b"-", b".", b"1e", b"9" * 30, b"4294967296", b"-1", b"9.9E37", b"1e308", b"1.5e-320"),
    *(
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'""',
        b"[[[[",
        b"\xff",
        b"\x00",
        b"\xe2\x80\xae",
        b"\r",
        b"\n",
    ),
    *(b"#0", b"#10", b"#9999999999", b"#1:", b"#", b",", b";", b'"', b"\\u0000", b"\\ud800"),
)
"""What is put in the place of something that was right."""


def mutated(draw: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with one to four changes."""
    data = draw.choice(seeds)
    for _ in range(draw.choice((1, 1, 2, 4))):
        data = _changed(draw, data, seeds)
    return data


def _changed(draw: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = draw.randrange(len(data) + 1)
    end = min(len(data), at + draw.choice((1, 2, 5, 20)))
    kind = draw.randrange(7)
    if kind == 0:
        return data[:at] + draw.randbytes(1) + data[at + 1 :]
    if kind == 1:
        return data[:at] + data[end:]
    if kind == 2:
        return data[:end] + data[at:end] * draw.choice((1, 3)) + data[end:]
    if kind == 3:
        return data[:at]
    if kind == 4:
        other = draw.choice(seeds)
        return data[:at] + other[draw.randrange(len(other) + 1) :]
    if kind == 5:
        return data[:at] + draw.choice(WORDS) + data[at:]
    fields = list(_fields(data))
    if not fields:
        return data
    start, stop = draw.choice(fields)
    return data[:start] + draw.choice(WORDS) + data[stop:]


def _fields(data: bytes) -> Iterator[tuple[int, int]]:
    """Where numbers and words stand, between commas, colons and the like."""
    start = None
    for at, byte in enumerate(data[:4000]):
        inside = chr(byte).isalnum() or byte in b"+-._"
        if inside and start is None:
            start = at
        if not inside and start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, len(data)
