"""What all records are made of."""

from __future__ import annotations

from typing import Literal

import msgspec


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything inside a record."""


class Thresholds(Frozen, frozen=True, kw_only=True):
    """Below ``low_V`` an output is 0, above ``high_V`` it is 1."""

    low_V: float
    high_V: float


class RecordBase(Frozen, frozen=True, kw_only=True, tag_field="record"):
    """What every record begins with: its version, the circuit it is about, and its origin.

    ``made_from`` names what it was made from, each with its SHA-256.
    """

    version: Literal[1] = 1
    board: str
    title: str
    circuit_sha256: str
    made_from: dict[str, str]
