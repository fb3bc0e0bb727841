"""Drawing an error within a bound: in which way, by name."""

from __future__ import annotations

import random
from collections.abc import Callable

Within = Callable[[random.Random, float], float]
"""Draws an error within plus and minus a bound."""


def uniform(source: random.Random, bound: float) -> float:
    """Draw anywhere within a bound."""
    return source.uniform(-bound, bound)


def outer_tenth(source: random.Random, bound: float) -> float:
    """Draw beside a bound, the lower or the upper one."""
    return source.choice((-1, 1)) * source.uniform(0.9, 1.0) * bound
