"""The technologies by name, for those who choose one when they make a board."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from realnet_hw.board import Board
from realnet_hw.errors import InputError

TECHNOLOGIES = {
    "balanced_summer": "one rail-to-rail op-amp a neuron, single 5 V supply, no diodes",
    "inverting_summer": "op-amp summers with precision rectifiers, ±12 V",
    "timer_555": "threshold neurons of 555 timers, +15 V",
}
"""Each is a module beside this one that has ``compile_network(network, name, title, *, answer,
inputs, at) -> Board``."""

OF_SUMMERS = ("balanced_summer", "inverting_summer")
"""Those whose weights are resistors: their ``compile_network`` also takes which, ``resistor``."""


def compiler(technology: str) -> Callable[..., Board]:
    """Return the ``compile_network`` of a technology.

    Raises:
        InputError: there is no such technology.
    """
    if technology not in TECHNOLOGIES:
        raise InputError(f"no technology {technology!r}", allowed=", ".join(TECHNOLOGIES))
    module = importlib.import_module(f"realnet_hw.technology.{technology}")
    made: Callable[..., Board] = module.compile_network
    return made
