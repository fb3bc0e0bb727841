"""Which circuit of a 555 neuron tells its patterns apart, and on how many boards.

A neuron of two equal inputs, NAND, by several circuits. Each gets the same draws of its parts, is
asked its truth table, and the noise case: 8 V and 9 V, which must count as two high levels. Run it
to write the table of docs/explanation/threshold-neurons.md:

    python sim/experiments/timer_margins.py [BOARDS]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.technology import timer_laws as laws
from realnet_hw.technology.timer_margins import Corner, Task
from realnet_hw.technology.timer_neuron import RAIL_V, Source, TimerNeuron
from realnet_hw.technology.timer_parts import Parts, capacitor_F
from realnet_hw.technology.timer_values import chosen

Floats = npt.NDArray[np.float64]

# (5 V, 10 V) must not fire, (10 V, 5 V) must not, (10 V, 10 V) must, and so must the noise case.
LEVELS_V = np.array([[5.0, 5.0], [5.0, 10.0], [10.0, 5.0], [10.0, 10.0], [8.0, 9.0]])
FIRES = np.array([False, False, False, True, True])
NOISE = 4
TOLERANCES = (0.01, 0.05)
BOARDS = 4000
# Two transistors that were not measured: how far their base-emitter voltages differ, and what the
# resistors in their emitters drop.
MIRROR_V, EMITTER_V, BASE_V = 5e-3, 1.0, 0.65


@dataclass(frozen=True)
class Row:
    """A circuit's margins in volts, and the shares of boards that are right.

    Args:
        name: of the circuit.
        truth_V, noise_V: the least margin of the truth table's patterns and that of the noise case.
        truth, noise: by tolerance, the share of boards with the truth table, and with both.
        supply: the share with both at 1 % and a supply anywhere within 5 %.
    """

    name: str
    truth_V: float
    noise_V: float
    truth: tuple[float, ...]
    noise: tuple[float, ...]
    supply: float


Margins = Callable[[Parts, laws.Floats], Floats]
"""Margins in volts of every pattern, boards x patterns, of parts at a rail."""


def bipolar(threshold_V: float) -> Margins:
    """Return the original circuit: NE555, 105 kohm behind a diode, 100 kohm elsewhere."""

    def margins(parts: Parts, rail_V: laws.Floats) -> Floats:
        leak_A = parts.spread("ne555", "ithreshold") + parts.spread("ne555", "ileakage")
        start_V = laws.diode_V(1.5e-3, parts.area())
        total_s: laws.Floats = 0.0
        for index, (ohm, begin_V) in enumerate(((105e3, start_V), (100e3, 0.0))):
            tau_s = ohm * parts.resistor() * capacitor_F() * parts.capacitor()
            level_V = LEVELS_V[None, :, index] + parts.spread("ne555", "vthreshold")
            total_s = total_s + laws.pulse_s(tau_s, 1.0, level_V, rail_V - leak_A * ohm, begin_V)
        drive = laws.drive(
            rail_V - parts.spread("ne555", "vhigh"),
            10.0,
            pulldown_ohm=100e3 * parts.resistor(),
            series_ohm=100e3 * parts.resistor(),
            middle_V=threshold_V / 2,
            area=parts.area(),
        )
        tau_s = (100e3 * parts.resistor() + drive.ohm) * capacitor_F() * parts.capacitor()
        reached_V = laws.charged_V(drive.volts - leak_A * 100e3, total_s, tau_s)
        return signed(reached_V - divided_V(parts, rail_V, threshold_V / RAIL_V, "ne555"))

    return margins


def cmos(neuron: TimerNeuron, *, from_rail: bool) -> Margins:
    """Return a circuit of CMOS timers, its threshold from the rail or from a reference."""

    def margins(parts: Parts, rail_V: laws.Floats) -> Floats:
        corner = Corner(task(), neuron.ohm, rail_V=rail_V, parts=parts)
        if not from_rail:
            return corner.margins_V(neuron)
        reached_V = corner.reached_V(neuron.integrator_ohm, neuron.threshold_V / 2)
        return signed(reached_V - divided_V(parts, rail_V, neuron.threshold_V / RAIL_V, "tlc555"))

    return margins


def mirror(threshold_V: float) -> Margins:
    """Return CMOS timers that gate a current mirror onto the integrator's capacitor.

    The current is set by a resistor from the rail, and copied by two transistors whose emitter
    resistors make up for most of their difference.
    """
    middle_s = float(np.sqrt(np.prod([nominal_s(1), nominal_s(NOISE)])))
    ohm = (RAIL_V - BASE_V - EMITTER_V) * middle_s / (capacitor_F() * threshold_V)

    def margins(parts: Parts, rail_V: laws.Floats) -> Floats:
        corner = Corner(task(), (100e3, 100e3), rail_V=rail_V, parts=parts)
        set_A = (rail_V - BASE_V - EMITTER_V) / (ohm * parts.resistor())
        apart_V = MIRROR_V * (2 * parts.uniform() - 1)
        copied_A = set_A * parts.resistor() / parts.resistor() * (1 + apart_V / EMITTER_V)
        farad = capacitor_F() * parts.capacitor()
        reached_V = laws.ramp_V(copied_A, farad, corner.summed_s)
        return signed(reached_V - divided_V(parts, rail_V, threshold_V / RAIL_V, "tlc555"))

    return margins


def divided_V(parts: Parts, rail_V: laws.Floats, share: float, timer: str) -> Floats:
    """Return a buffered share of the rail, with the offset of the timer that compares with it."""
    upper, lower = (1 - share) * parts.resistor(), share * parts.resistor()
    offset_V = parts.offset_V() + parts.spread(timer, "vthreshold")
    return np.asarray(rail_V * lower / (upper + lower) + offset_V)


def signed(above_V: laws.Floats) -> Floats:
    """Return by how much each pattern is right."""
    return np.where(FIRES, above_V, -above_V)


def task() -> Task:
    """Return what the neuron must tell apart."""
    return Task((Source("X1"), Source("X2")), LEVELS_V, FIRES)


def truth_table() -> Task:
    """Return the same without the noise case."""
    return Task(task().sources, LEVELS_V[:NOISE], FIRES[:NOISE])


def nominal_s(pattern: int) -> float:
    """Return the sum of a pattern's pulses with 100 kohm."""
    return float(sum(laws.pulse_s(100e3, capacitor_F(), v, RAIL_V) for v in LEVELS_V[pattern]))


def circuits() -> dict[str, Margins]:
    """Return the circuits by name."""
    ohm = (100e3, 100e3)
    best = chosen(ohm, task())
    # R C of the integrator as of the monostables: its threshold is then deep in the exponential.
    fast_V = float(laws.charged_V(14.46, np.sqrt(nominal_s(1) * nominal_s(NOISE)), 100.3e3 * 1e-7))
    lower = 120e3 * fast_V / 10
    fast = TimerNeuron(best.sources, ohm, 100e3, 120e3 - lower, lower)
    rail = "threshold from the rail"
    return {
        "NE555, 10.09 V": bipolar(10.09),
        "NE555, 10.48 V": bipolar(10.48),
        f"CMOS, fast integrator, {rail}": cmos(fast, from_rail=True),
        f"CMOS, best integrator, {rail}": cmos(best, from_rail=True),
        "CMOS, best integrator, threshold from a reference": cmos(best, from_rail=False),
        "the same for the truth table alone": cmos(chosen(ohm, truth_table()), from_rail=False),
        f"CMOS, current mirror, {rail}": mirror(best.threshold_V),
    }


def row(name: str, margins: Margins, boards: int) -> Row:
    """Return what a circuit does on so many boards."""
    nominal_V = margins(Parts(), RAIL_V)[0]
    truth, noise = [], []
    for tolerance in TOLERANCES:
        right = margins(Parts(boards, tolerance=tolerance), RAIL_V) > 0
        truth.append(float(right[:, :NOISE].all(axis=1).mean()))
        noise.append(float(right.all(axis=1).mean()))
    rails_V = RAIL_V * (0.95 + 0.1 * np.random.default_rng(1).random((boards, 1)))
    right = margins(Parts(boards, tolerance=TOLERANCES[0]), rails_V) > 0
    supply = float(right.all(axis=1).mean())
    least_V = float(nominal_V[:NOISE].min())
    return Row(name, least_V, float(nominal_V[NOISE]), tuple(truth), tuple(noise), supply)


def rows(boards: int = BOARDS) -> list[Row]:
    """Return the table."""
    return [row(name, margins, boards) for name, margins in circuits().items()]


def table(found: list[Row]) -> str:
    """Return the table as Markdown."""
    heads = (
        "circuit",
        "margin, truth table",
        "margin, noise case",
        "truth table, 1 % parts",
        "noise case too",
        "truth table, 5 % parts",
        "noise case too",
        "1 % parts, noise case, supply ±5 %",
    )
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for each in found:
        shares = (each.truth[0], each.noise[0], each.truth[1], each.noise[1], each.supply)
        cells = [f"{volts * 1e3:.0f} mV" for volts in (each.truth_V, each.noise_V)]
        lines.append("| " + " | ".join([each.name, *cells, *(f"{s:.3f}" for s in shares)]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table(rows(int(sys.argv[1]) if len(sys.argv) > 1 else BOARDS)) + "\n")
