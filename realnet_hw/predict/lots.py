"""Where within its tolerance a part lies: lots of parts, by name.

A tolerance is a bound; how the parts of a delivery lie within it no datasheet says. ``mixed`` is
what the catalogue assumes. The others are deliveries that one may as well get, for a virtual bench
to try a verdict on: all of their parts meet their specification, too.

A lot turns the uniform numbers of a draw, one column a parameter, into others between 0 and 1: the
share of the parameter's distribution that lies below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Shares = npt.NDArray[np.float64]

Lot = Callable[[Sequence[str], Shares], Shares]
"""References of the columns and uniform numbers, boards x columns, to shares of the same shape."""

# A bound is taken as three standard deviations.
_CENTRED = NormalDist(0.5, 1 / 6)


def mixed(_references: Sequence[str], uniform: Shares) -> Shares:
    """As the catalogue says, uniform within the bounds where it says nothing else."""
    return uniform


def centred(_references: Sequence[str], uniform: Shares) -> Shares:
    """Normal about the nominal value, with the bounds at three standard deviations."""
    safe = np.clip(uniform, 1e-12, 1 - 1e-12)
    normal = np.vectorize(_CENTRED.inv_cdf, otypes=[float])(safe)
    return np.asarray(np.clip(normal, 0.0, 1.0))


def sorted_out(_references: Sequence[str], uniform: Shares) -> Shares:
    """The better half was sold to somebody else: nothing within half of the tolerance."""
    return np.where(uniform < 0.5, uniform / 2, (uniform + 1) / 2)


def one_side(references: Sequence[str], uniform: Shares) -> Shares:
    """Each kind of part, all resistors say, is from one lot beside one bound: in its last fifth."""
    kinds = [re.sub(r"[0-9].*", "", reference) for reference in references]
    first = [kinds.index(kind) for kind in kinds]
    upper = uniform[:, first] >= 0.5
    return np.where(upper, 0.8 + uniform / 5, uniform / 5)


LOTS: Mapping[str, Lot] = {lot.__name__: lot for lot in (mixed, centred, sorted_out, one_side)}
"""Name to lot, as a station's ``parts`` key gives it."""
