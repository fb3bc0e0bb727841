"""How long a build takes, step by step: XOR, a network of 4-6-3 and one of 16-16-10.

``python tests/benchmarks/run.py build``; ``... build 4-6-3`` takes that one alone. The wall's time
is what a person waits; the processor's says what another load of the machine cannot change.
"""

from __future__ import annotations

import itertools
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realnet_hw.board import Board, load_board
from realnet_hw.export.build import build
from realnet_hw.export.profile import DEFAULT
from realnet_hw.technology.registry import compiler
from tests.random_networks import random_network

LIMITS_s = {"xor_opamp": 15.0, "4-6-3": 30.0, "16-16-10": 90.0}
"""Of the wall's time, on two cores that do nothing else."""


@dataclass(frozen=True)
class Moment:
    """Seconds so far: on the wall, of this process and of all that it has run."""

    wall_s: float
    own_s: float
    children_s: float

    @classmethod
    def now(cls) -> Moment:
        own, children = (
            usage.ru_utime + usage.ru_stime
            for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        )
        return cls(time.perf_counter(), own, children)

    def since(self, before: Moment) -> str:
        return (
            f"{self.wall_s - before.wall_s:7.1f} s, processor {self.own_s - before.own_s:6.1f} s"
            f" here and {self.children_s - before.children_s:6.1f} s in other programs"
        )


def report(arguments: Sequence[str]) -> bool:
    """Print the times of each step; return whether every build was proved and in time.

    Args:
        arguments: which of them; empty for all.
    """
    in_time = True
    for name in arguments or LIMITS_s:
        in_time &= _built_in_time(name)
    return in_time


def _built_in_time(name: str) -> bool:
    board = load_board(name) if name == "xor_opamp" else network(name)
    print(f"{name}, load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    moments: list[tuple[str, Moment]] = []
    begun = Moment.now()
    with tempfile.TemporaryDirectory() as folder:
        result = build(
            board,
            Path(folder) / "built",
            profile=DEFAULT,
            progress=lambda _number, _count, what: moments.append((what, Moment.now())),
        )
    moments.append(("", Moment.now()))
    for (what, started), (_, ended) in itertools.pairwise(moments):
        print(f"  {what:45}{ended.since(started)}")
    done = moments[-1][1]
    taken_s = done.wall_s - begun.wall_s
    print(
        f"  {f'{result.parts} parts, limit {LIMITS_s[name]:g} s':45}{done.since(begun)}", flush=True
    )
    return not result.violations and taken_s <= LIMITS_s[name]


def network(shape: str) -> Board:
    """A random network of some widths, as "4-6-3", on balanced summers."""
    widths = [int(width) for width in shape.split("-")]
    network = random_network(np.random.default_rng(1), widths)
    return compiler("balanced_summer")(
        network, "network", f"A network of {shape}", answer="value", inputs="bits"
    )
