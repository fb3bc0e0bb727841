"""Measure how fast things are, as ratios to work that any machine can do, and how right.

``make bench`` or ``python tests/benchmarks/run.py [NAME]``. Seconds say little about another
machine; a ratio to a piece of plain Python measured just before says more. Each benchmark is a file
beside this one with ``measure() -> list[Ratio]``; one that counts, and takes its time, has
``report(arguments) -> bool`` instead and is run by its name alone, with its own options behind it.
Exit status 1 where a ratio is over its limit, or a count.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
COUNTING = {
    *("build", "calibration", "diagnosis", "engines", "fuzz", "networks", "parsers", "pcb"),
    *("pairs", "sweep", "timer_yields", "timers", "training", "uncertainty", "verdict", "yields"),
}
REPEATS = 7


@dataclass(frozen=True)
class Ratio:
    """One result: the time of something over the time of something known.

    Args:
        name: what was timed, and over what.
        seconds: its time on this machine.
        known_s: the time of the known thing on this machine.
        limit: the ratio that is still accepted.
    """

    name: str
    seconds: float
    known_s: float
    limit: float

    @property
    def value(self) -> float:
        """The ratio."""
        return self.seconds / self.known_s


def fastest_s(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The shortest of several times: the one that other programs disturbed least."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def command_s(*command: str) -> float:
    """The shortest of several times of a command."""
    return fastest_s(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def million_additions_s() -> float:
    """The known piece of work: a million additions in plain Python."""

    def add() -> int:
        total = 0
        for number in range(1_000_000):
            total += number
        return total

    return statistics.median(fastest_s(add, 3) for _ in range(3))


def main(names: list[str]) -> int:
    """Run the benchmarks named, or all; return the exit status."""
    files = {path.stem: path for path in sorted(HERE.glob("*.py")) if path.stem != "run"}
    if names and names[0] in COUNTING:
        return 0 if __import__(names[0]).report(names[1:]) else 1
    unknown = [name for name in names if name not in files]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are {', '.join(files)}", file=sys.stderr)
        return 2
    within = True
    for name in names or files.keys() - COUNTING:
        module = __import__(name)
        for ratio in module.measure():
            good = ratio.value <= ratio.limit
            within &= good
            print(
                f"{name:18} {ratio.name:52} {ratio.seconds * 1e3:9.2f} ms {ratio.value:8.2f} x"
                f"  (limit {ratio.limit:g} x){'' if good else '  OVER'}",
                flush=True,
            )
    return 0 if within else 1


if __name__ == "__main__":
    sys.modules["run"] = sys.modules[__name__]
    # What counts shares the tests' own bench; its processes find it by this path too.
    sys.path.append(str(HERE.parents[1]))
    sys.exit(main(sys.argv[1:]))
