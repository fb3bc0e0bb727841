"""Bytes that are nearly right for everything that reads what others wrote.

``make bench BENCH=parsers`` or ``python tests/benchmarks/run.py parsers [--count N] [--only
NAME]``: so many mutations each. ``--guided SECONDS`` lets atheris (``pip install atheris``) look
for what reaches new code, so long for each. A finding is printed with its bytes.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.parsers.mutations import mutated
from tests.parsers.targets import TARGETS, refuses, seeds

_GUIDED = """
import sys, warnings
import atheris
with atheris.instrument_imports(include=["realnet_hw"]):
    from tests.parsers.targets import TARGETS, refuses
warnings.simplefilter("error")
target = TARGETS[sys.argv.pop(1)]
atheris.Setup(sys.argv, lambda data: refuses(target, data) and None)
atheris.Fuzz()
"""


def report(arguments: Sequence[str]) -> bool:
    """Run the campaign; whether nothing was found."""
    parser = argparse.ArgumentParser(prog="parsers")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--guided", type=int, metavar="SECONDS")
    parser.add_argument("--corpus", type=Path, default=Path("build/parsers"))
    asked = parser.parse_args(arguments)
    names = [asked.only] if asked.only else list(TARGETS)
    if asked.guided:
        return all(_guided(name, asked.guided, asked.corpus / name) for name in names)
    return all(_mutations(name, asked.count) for name in names)


def _mutations(name: str, count: int) -> bool:
    draw, found = random.Random(f"campaign {name}"), seeds()[name]
    taken, started_s = 0, time.monotonic()
    for number in range(count):
        data = mutated(draw, found)
        try:
            taken += refuses(TARGETS[name], data) is None
        except Exception:
            print(f"{name}, number {number}: {data!r}")
            raise
    spent_s = time.monotonic() - started_s
    print(f"{name:20} {count} inputs, {taken} taken, {count / spent_s:.0f} a second", flush=True)
    return True


def _guided(name: str, seconds: int, corpus: Path) -> bool:
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()[name]):
        (corpus / f"seed{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4000"]
    done = subprocess.run(
        [sys.executable, "-c", _GUIDED, name, *options, f"-artifact_prefix={corpus}-", str(corpus)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.splitlines()
    last = [line for line in lines if "DONE" in line or "cov:" in line][-1:] or lines[-5:]
    print(f"{name:20} {last[0] if last else ''}", flush=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-3000:], sep="\n")
    return done.returncode == 0
