"""The verdict on boards whose truth is known: good boards pass, faulty boards don't.

Every board is drawn within its parts' tolerances, hangs on a fixture with errors of its own, and is
measured through the real firmware.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest

from realnet_hw import records


def _load_runs():
    # The processes of the pool import it by this name.
    path = Path(__file__).with_name("runs.py")
    spec = importlib.util.spec_from_file_location("runs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["runs"] = module
    spec.loader.exec_module(module)
    return module
