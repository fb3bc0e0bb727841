"""The engine under test: ngspice itself."""

from __future__ import annotations

import pytest

from realnet_hw.predict.ngspice import NgspiceEngine


@pytest.fixture(scope="session")
def engine() -> NgspiceEngine:
    return NgspiceEngine()
