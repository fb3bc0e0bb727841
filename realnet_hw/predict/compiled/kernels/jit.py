"""Compiles the engine's kernels and keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from realnet_hw import machine_code

_HERE = Path(__file__).parent
_SOURCES = (*sorted(_HERE.glob("*.py")), _HERE.parent / "tapes.py", _HERE.parent / "expressions.py")

kernel = machine_code.compiler(
    "kernels",
    _SOURCES,
    "Compiling the simulator, once: a minute or more",
    nogil=True,
    error_model="numpy",
    fastmath={"contract"},
)
"""Compiles a function at its first call, or takes it from the cache."""


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into whatever calls it."""
    return numba.njit(inline="always")(function)


# A constant handed from kernel to kernel would have the one called compiled for it alone.
integer: Any = np.int64
truth: Any = np.bool_
