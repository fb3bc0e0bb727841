"""How many NAND neurons of 555 timers answer right, by the closed formulas: the table of the docs.

``python tests/benchmarks/run.py timer_yields`` draws 200 000 boards of each kind and prints which
share shows the truth table, and which also the case that noise has brought down to (8 V, 9 V). What
differs from piece to piece is the catalogue's; resistors that make V3 are 1 % throughout.

Its page: docs/explanation/timer-neuron.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.parts.catalogue import part_type

DRAWN = 200_000
CASES = {(5.0, 5.0): 1, (5.0, 10.0): 1, (10.0, 5.0): 1, (10.0, 10.0): 0, (8.0, 9.0): 0}
NOISE = (8.0, 9.0)
FARAD = 100e-9
THERMAL_V = 0.0465  # the 1N4148 card's N times kT/q
_Drawn = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """A kind of neuron.

    Args:
        timer: its key in the catalogue.
        first_ohm, second_ohm, integrator_ohm: of both weights and the sum.
        first_drop_V: what a diode leaves on the first capacitor.
        threshold_V: V3.
        source_V: what V3 is divided from; 15 V is the rail itself.
        rail_tolerance: of the supply.
    """

    timer: str
    first_ohm: float
    second_ohm: float
    integrator_ohm: float
    first_drop_V: float
    threshold_V: float
    source_V: float
    rail_tolerance: float


PUBLISHED = Kind("ne555", 105e3, 100e3, 100e3, 0.5, 10.4, 15.0, 0.01)
KINDS = {
    "NE555 as published, V3 = 10.40 V": PUBLISHED,
    "TLC555, V3 from 15 V, 1 %": Kind("tlc555", 100e3, 100e3, 182e3, 0.0, 8.44, 15.0, 0.01),
    "TLC555, V3 from 15 V, 5 %": Kind("tlc555", 100e3, 100e3, 182e3, 0.0, 8.44, 15.0, 0.05),
    "TLC555, V3 from a reference, 5 %": Kind("tlc555", 100e3, 100e3, 182e3, 0.0, 8.44, 10.0, 0.05),
}


def report(arguments: Sequence[str]) -> bool:
    """Print the table; return whether CMOS and a reference keep the noise case at 1 % parts.

    Args:
        arguments: none are known.
    """
    shares = {name: [share(kind, parts) for parts in (0.01, 0.05)] for name, kind in KINDS.items()}
    print("share right: table, with noise at 1 % parts; the same at 5 %")
    for name, ((table, noise), (table5, noise5)) in shares.items():
        print(f"  {name:33} {table:.3f} {noise:.3f}  {table5:.3f} {noise5:.3f}")
    return list(shares.values())[-1][0][1] > 0.95


def share(kind: Kind, parts: float, seed: int = 1) -> tuple[float, float]:
    """Return which share shows the table, and the table and the noise case.

    Args:
        kind: of neuron.
        parts: tolerance of resistors and capacitors, as a fraction.
        seed: of the draws.
    """
    drawn = np.random.default_rng(seed)

    def within(value: float, tolerance: float) -> _Drawn:
        return value * (1 + tolerance * drawn.uniform(-1, 1, DRAWN))

    limits = part_type(kind.timer).limits
    rail_V = within(15.0, kind.rail_tolerance)
    ohms = (kind.first_ohm, kind.second_ohm, kind.integrator_ohm)
    first_s, second_s, sum_s = (within(ohm, parts) * within(FARAD, parts) for ohm in ohms)
    # A reference of 0.1 % behind a gain of two made of 1 % resistors.
    source_V = rail_V if kind.source_V == 15.0 else within(within(1, 5e-3) * kind.source_V, 1e-3)
    upper, lower = within(kind.source_V - kind.threshold_V, 0.01), within(kind.threshold_V, 0.01)
    offsets_V = np.clip(drawn.normal(0, 10e-3, (3, DRAWN)), -30e-3, 30e-3)
    threshold_V = source_V * lower / (upper + lower) + drawn.normal(0, 3e-3, DRAWN) - offsets_V[2]

    def height_V() -> _Drawn:
        """A pulse behind its diode, at a tenth of a milliampere."""
        diode_V = 0.49 - THERMAL_V * np.log(drawn.uniform(0.5, 2.0, DRAWN))
        if "output_drop_V" in limits:
            low, high = limits["output_drop_min_V"], limits["output_drop_max_V"]
            return rail_V - drawn.uniform(low, high, DRAWN) - diode_V
        low, high = limits["output_high_min_ohm"], limits["output_high_max_ohm"]
        return rail_V - 1e-4 * drawn.uniform(low, high, DRAWN) - diode_V

    heights_V = height_V(), height_V()
    left_V = (
        0.0 if kind.first_drop_V == 0 else kind.first_drop_V + drawn.uniform(-0.03, 0.03, DRAWN)
    )
    current_A = drawn.uniform(0, limits.get("threshold_max_A", 0.0), DRAWN)
    lost_V = 0.8 * kind.integrator_ohm * current_A
    right = {}
    for (a, b), shown in CASES.items():
        t1 = first_s * np.log((rail_V - left_V) / (rail_V - a + offsets_V[0]))
        t2 = second_s * np.log(rail_V / (rail_V - b + offsets_V[1]))
        sum_V = heights_V[0] * -np.expm1(-t1 / sum_s)
        sum_V = heights_V[1] + (sum_V - heights_V[1]) * np.exp(-t2 / sum_s)
        right[a, b] = (sum_V - lost_V < threshold_V) == bool(shown)
    table = np.logical_and.reduce([right[case] for case in CASES if case != NOISE])
    return float(table.mean()), float((table & right[NOISE]).mean())
