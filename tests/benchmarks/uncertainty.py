"""Do stated uncertainties hold, and are they no wider than need be? Counted against hidden truths.

``make bench BENCH=uncertainty`` or ``python tests/benchmarks/run.py uncertainty [OPTIONS]``.

1. Channels: errors of readings and of sources on fixtures of every truth of ``emulate.truths``,
   uncalibrated and calibrated against a meter, against the U (k = 2) stated with them.
2. Outputs: what a board's outputs are judged by, the reading moved to the inputs as set, against
   what they are there in truth.

Required are 93 % or more within U, and a mean U of at most 1.3 times the one of one size that would
have held exactly 95 %. Whether each truth by itself has that is said; the result is that of all
truths together but ``even``, which is what the budgets assume.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterable, Sequence

from realnet_hw.emulate.truths import FIXTURES
from realnet_hw.measure.calibration.procedure import Plan
from tests.bench import coverage, runs
from tests.bench.coverage import Cover, Found
from tests.bench.runs import Drawn

_APART = 100_000
"""Seeds from one truth to the next: each has fixtures of its own."""


def report(arguments: Sequence[str]) -> bool:
    """Print the counts, and return whether every requirement is met.

    Args:
        arguments: of the command line.
    """
    options = _options(arguments)
    met = True
    plan = Plan(average=options.average)
    for title, take in (
        ("uncalibrated", coverage.uncalibrated),
        ("calibrated", functools.partial(coverage.calibrated, plan=plan)),
        (
            "calibrated, room read",
            functools.partial(coverage.calibrated, plan=plan, reads_room=True),
        ),
    ):
        every: dict[str, list[Found]] = {}
        for number, truth in enumerate(FIXTURES):
            own: dict[str, list[Found]] = {}
            for seed in range(options.fixtures):
                for kind, found in take(number * _APART + seed, truth).items():
                    own.setdefault(kind, []).extend(found)
            for kind, found in own.items():
                if truth != "even":
                    every.setdefault(kind, []).extend(found)
                _print(f"{kind}, {title}, {truth}", found)
        for kind, found in every.items():
            met &= _print(f"{kind}, {title}, all but even", found)
    for name in options.boards:
        predicted = runs.prediction(name)
        for parts in ("mixed", "sorted_out"):
            boards = [
                Drawn(seed, truth=truth, parts=parts)
                for seed in range(options.draws)
                for truth in FIXTURES
            ]
            _print(f"{name}, {parts}", coverage.judged(predicted, boards))
    return met


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=uncertainty", description=__doc__)
    parser.add_argument(
        "boards", nargs="*", default=["xor_opamp", "xor_single_supply", "xor_realnet"]
    )
    parser.add_argument("--fixtures", type=int, default=42, help="of each truth")
    parser.add_argument("--draws", type=int, default=50, help="boards of each truth")
    parser.add_argument("--average", type=int, default=16, help="conversions, when calibrating")
    return parser.parse_args(arguments)


def _print(title: str, found: Iterable[Found]) -> bool:
    cover = Cover.of(list(found))
    print(
        f"{title:42} {cover.count:6} of {cover.fixtures} (as {cover.effective:.0f} independent "
        f"ones): within U {cover.inside:7.2%}, mean U {1e3 * cover.U_V:6.2f} mV, {cover.wide:5.2f} "
        f"times what would do: {'as required' if cover.holds else 'MISSED'}",
        flush=True,
    )
    return cover.holds
