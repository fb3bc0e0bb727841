"""Fuzzed lines for the fixture's firmware in the simulator: how many, how fast, what they raised.

``make bench BENCH=fuzz`` or ``python tests/benchmarks/run.py fuzz [--lines N] [--seed S]``. What
may never happen ends it at once, with the seed and the session that show it again: ``--from
SESSION``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from realnet_hw import project
from tests.firmware.fuzz import campaign

_TOLD_EVERY_s = 60.0


def report(arguments: Sequence[str]) -> bool:
    """Run the campaign; whether nothing happened that may not."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="SESSION")
    asked = parser.parse_args(arguments)
    started_s = told_s = time.monotonic()

    def tell(tally: campaign.Tally) -> None:
        nonlocal told_s
        if time.monotonic() - told_s > _TOLD_EVERY_s:
            told_s = time.monotonic()
            print(
                f"{tally.lines} lines, {tally.lines / (told_s - started_s):.0f} lines/s", flush=True
            )

    sessions = -(-asked.lines // campaign.SESSION_lines)
    try:
        tally = campaign.run(
            project.firmware(), asked.seed, range(asked.first, asked.first + sessions), tell
        )
    except AssertionError as error:
        print(error)
        return False
    spent_s = time.monotonic() - started_s
    print(f"seed {asked.seed}, sessions {asked.first} to {asked.first + sessions - 1}")
    print(f"{tally.lines} lines in {spent_s:.0f} s, {tally.lines / spent_s:.0f} lines/s")
    print(f"{tally.updates} updates of the DACs, none beyond its limits; no hang, no reset")
    print(f"{tally.replies} lines answered; {tally.cut} commands cut short; ", end="")
    print(f"{tally.least_ram} bytes of RAM never used")
    for number, count in sorted(tally.errors.items()):
        print(f"    error {number}: {count} times seen")
    return True
