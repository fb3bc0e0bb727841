"""Options of pytest. They stand in the root, for pytest looks here before it knows its options."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where the tests of hardware run: ``-m hardware --station FILE [--board NAME]``."""
    group = parser.getgroup("hardware")
    group.addoption("--station", help="station file with a fixture; the virtual bench if left out")
    group.addoption("--board", default="xor_opamp", help="the board on it, with its supply on")
