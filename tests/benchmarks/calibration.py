"""How often a calibration holds the truth: drawn fixtures, the real firmware, a drawn meter.

``make bench BENCH=calibration`` or ``python tests/benchmarks/run.py calibration [SEEDS [KIND
[TRUTH ...]]]``.

Seeds take the truths in turn, all of them where none is named. Each fixture is calibrated by the
very procedure of ``realnet calibrate``, in this process, with fewer points than that takes by
itself, which is the harder case. Gain and offset of each of the 13 channels are then compared with
the straight line through what the channel truly does. What is printed: of the 26 hidden parameters
the one that was held least often by its expanded uncertainty (k = 2), how often all together were,
the mean of these uncertainties, and the share of 2100 fresh, corrected levels a fixture that are
held by what the record states of a single one.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realnet_hw import project
from realnet_hw.emulate.front_end import FrontEnd
from realnet_hw.emulate.hidden import sense_line, source_line
from realnet_hw.emulate.truths import FIXTURES
from realnet_hw.emulate.unrest import still
from realnet_hw.measure.calibration.assess import assess, figures
from realnet_hw.measure.calibration.budget import stated_V
from realnet_hw.measure.calibration.procedure import Plan
from realnet_hw.measure.calibration.standards import DmmTable
from realnet_hw.measure.fixture_specification import (
    DAC_CHANNELS,
    LSB_V,
    RANGE_V,
    SENSE_CHANNELS,
)
from realnet_hw.records import ChannelCalibration
from tests.measure.calibration.emulated import KEYSIGHT, OnBench, on_bench

PLAN = Plan(asked=8, typed=8, unasked=16, fixed=4, rounds=4, average=8, settle_s=2e-3)
HANDHELD = DmmTable(
    driver="typed", model="handheld", percent_of_reading=0.02, percent_of_range=0.004, range_V=50
)
TABLES = {"meter": KEYSIGHT, "typed": HANDHELD, "reference": None}
LEVELS = 162
# Of a hundred fixtures so many at least hold each parameter.
REQUIRED = 0.89


@dataclass(frozen=True)
class Judged:
    """A calibration against the truth.

    Args:
        held: of every parameter, gain and offset of a channel in turn, whether it is.
        U_gain, U_offset_V: of every channel.
        fresh: the share of fresh levels that are held.
    """

    held: list[bool]
    U_gain: list[float]
    U_offset_V: list[float]
    fresh: float


def one(kind: str, truth: str, seed: int) -> Judged:
    """Calibrate one fixture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        on_bench(
            project.firmware(), Path(folder), seed=seed, truth=truth, plan=PLAN, table=TABLES[kind],
            warm_s=10.0, meter_cycles=10.0,
        ) as on,
    ):  # fmt: skip
        points = on.calibrating.take()
        found = figures(assess(points), on.standard, on.calibrating.held)
        return judged(on, found)


def judged(on: OnBench, found: dict[str, ChannelCalibration]) -> Judged:
    """Compare what was found with the truth."""
    own = on.virtual.front_end
    # Hum is no property of a channel.
    quiet = FrontEnd(dataclasses.replace(own.errors, hum=still), own.circuit)
    now_s = on.virtual.now_s
    held, fresh = list[bool](), list[bool]()
    draws = random.Random(f"levels {own.errors.noise_seed}")
    for name, each in found.items():
        number, is_source = int(name[3:]), name in DAC_CHANNELS
        true = (source_line if is_source else sense_line)(quiet, number, now_s)
        held.append(abs(each.gain - true.gain) <= each.U_gain)
        held.append(abs(each.offset_V - true.offset_V) <= each.U_offset_V)
        for _ in range(LEVELS):
            level_V = draws.uniform(-10.0, 10.0)
            off_V = _corrected_V(quiet, name, each, level_V, now_s) - level_V
            fresh.append(abs(off_V) <= stated_V(on.standard, each, level_V))
    return Judged(
        held,
        [each.U_gain for each in found.values()],
        [each.U_offset_V for each in found.values()],
        statistics.fmean(fresh),
    )


def _corrected_V(
    quiet: FrontEnd, name: str, each: ChannelCalibration, level_V: float, now_s: float
) -> float:
    """Return what a channel makes of a level with its correction, noise and steps left out."""
    scale, number = 1 + each.correction_ppm / 1e6, int(name[3:])
    if name not in DAC_CHANNELS:
        return quiet.indicated_V(number, level_V, now_s) * scale + each.correction_V
    wanted_V = level_V * scale + each.correction_V
    code = round((wanted_V + RANGE_V) / LSB_V)
    rounded_V = code * LSB_V - RANGE_V - wanted_V
    return quiet.delivered_V(number, code, now_s) - rounded_V


def report(arguments: Sequence[str]) -> bool:
    """Print a line a truth; return whether each parameter was held as often as is required."""
    parser = argparse.ArgumentParser(prog="calibration")
    parser.add_argument("seeds", nargs="?", type=int, default=100)
    parser.add_argument("kind", nargs="?", choices=TABLES, default="meter")
    parser.add_argument("truths", nargs="*", default=list(FIXTURES))
    given = parser.parse_args(arguments)
    print(f"{given.kind}: {given.seeds} seeds, {PLAN}", flush=True)
    rows = dict[str, list[Judged]]()
    for seed in range(given.seeds):
        truth = given.truths[seed % len(given.truths)]
        rows.setdefault(truth, []).append(one(given.kind, truth, seed))
        sys.stderr.write(f"\r{seed + 1} of {given.seeds}")
    sys.stderr.write("\n")
    for truth, its in rows.items():
        print(_line(truth, its))
    every = [row for its in rows.values() for row in its]
    print(_line("together", every))
    return min(_times(every)) >= REQUIRED * given.seeds


def _times(rows: Sequence[Judged]) -> list[int]:
    """Return how often each parameter was held."""
    return [sum(column) for column in zip(*(row.held for row in rows), strict=True)]


def _line(truth: str, rows: Sequence[Judged]) -> str:
    times = _times(rows)
    senses, sources = slice(None, len(SENSE_CHANNELS)), slice(len(SENSE_CHANNELS), None)
    said = [
        f"{1e6 * statistics.fmean(u for row in rows for u in row.U_gain[kind]):.0f} ppm "
        f"{1e3 * statistics.fmean(u for row in rows for u in row.U_offset_V[kind]):.2f} mV"
        for kind in (senses, sources)
    ]
    return (
        f"{truth:10} least {min(times)} of {len(rows)}, "
        f"all {statistics.fmean(times) / len(rows):.1%}; U of senses {said[0]}, "
        f"of sources {said[1]}; fresh levels {statistics.fmean(row.fresh for row in rows):.1%}"
    )
