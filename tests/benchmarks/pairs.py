"""How often an UNO on another shield than its own is noticed, and its own is refused.

    python tests/benchmarks/run.py pairs [--fixtures N]

Drawn fixtures are calibrated, each UNO is put on every shield, its own among them, a year later and
in another room, and asked what ``realnet measure`` asks: the mid reference, and sources of which a
sense reads the terminal, set to 0 V.

Exit status 1 where two inputs tell less than 95 of 100 pairs apart, or more than one in a hundred
of the right ones is refused.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from realnet_hw.emulate.truths import FIXTURES
from realnet_hw.measure.calibration.mid import moved
from realnet_hw.measure.calibration.pair import Driven, moved_V, read_then
from realnet_hw.measure.calibration.procedure import Plan
from realnet_hw.measure.fixture_specification import DAC_CHANNELS
from realnet_hw.records import FixtureCalibration
from tests.bench.calibrated import moments, record
from tests.bench.simulated import Terminals

PLAN = Plan(average=16)
LEAST_TOLD, MOST_REFUSED = 0.95, 0.01
_AT_s, _READING_s, _AVERAGE, _READINGS = 20.0, 2.5e-3, 64, 8
_MID, _MID_READINGS = 7, 9
INPUTS = (0, 1, 2, 3, len(DAC_CHANNELS))


@dataclass(frozen=True)
class Drawn:
    """A fixture: its calibration, what its mid reference read then, and itself now."""

    record: FixtureCalibration
    mid_V: list[float]
    now: Terminals


def drawn(seed: int, truth: str) -> Drawn:
    """Calibrate a fixture, and let a year pass."""
    then, now = moments(seed, truth)
    new = Terminals(seed, truth, then)
    return Drawn(record(seed, new, PLAN), _mid_V(new), Terminals(seed, truth, now))


def _mid_V(terminals: Terminals) -> list[float]:
    at_s = (_AT_s + _READING_s * index for index in range(_MID_READINGS))
    return [terminals.read_V(_MID, 0.0, each_s, _AVERAGE) for each_s in at_s]


def seen(uno: Drawn, shield: Drawn) -> list[bool]:
    """Whether the mid reference shows that it is another shield, and then each source."""
    found = [moved(uno.mid_V, _mid_V(shield.now)) is not None]
    for number, source in enumerate(DAC_CHANNELS):
        then = read_then(uno.record, Driven(source, f"adc{number}", 0.0))
        assert then is not None
        true_V = shield.now.delivered_V(number, then.given_V, _AT_s)
        true_V += shield.now.lifted_V(number, {number: true_V}, {number: true_V})
        times_s = (_AT_s + _READING_s * index for index in range(_READINGS))
        read_V = [shield.now.read_V(number, true_V, each_s, _AVERAGE) for each_s in times_s]
        found.append(moved_V(then, read_V) is not None)
    return found


def report(arguments: Sequence[str]) -> bool:
    """Print a line for each kind of fixture; return whether all are good enough."""
    parser = argparse.ArgumentParser(prog="pairs")
    parser.add_argument("--fixtures", type=int, default=20)
    count = parser.parse_args(arguments).fixtures
    print(f"{'':>10}  told apart by the mid reference and so many inputs       right ones refused")
    print(f"{'fixtures':>10}" + "".join(f"{inputs:>10}" for inputs in INPUTS) + "      of inputs")
    is_good = True
    for truth in FIXTURES:
        every = [drawn(seed, truth) for seed in range(count)]
        others = [seen(a, b) for a in every for b in every if a is not b]
        own = [flag for each in every for flag in seen(each, each)[1:]]
        told = [sum(any(row[: 1 + n]) for row in others) / len(others) for n in INPUTS]
        refused = sum(own) / len(own)
        print(
            f"{truth:>10}" + "".join(f"{100 * share:>8.1f} %" for share in told)
            + f"{100 * refused:>11.1f} %"
        )  # fmt: skip
        is_good &= told[INPUTS.index(2)] >= LEAST_TOLD and refused <= MOST_REFUSED
    return is_good
