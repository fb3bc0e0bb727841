"""A network that trains itself: all of equilibrium propagation in one transient, no computer in it.

Every synapse is a pair of transistors on one capacitor. One is in a network that answers, the
other in its twin, whose outputs are nudged towards the target all the time. What the two ends of
the pair have between them tells how the weight should move, and a current moves it::

    C dV_G/dt = -I tanh((u_nudged^2 - u_free^2) / scale)

Run it to train, one line an initialisation:

    python sim/experiments/analog_training.py TASK [ENGINE [SEEDS [FIRST]]]

TASK is one of xor, sine and wide, ENGINE ngspice or compiled. With ``limits`` as TASK it sweeps
what real parts have, mismatch and noise, on XOR with a stronger nudge.

The circuit is a deck of the study's own and not a board's: two multipliers and a transconductor a
synapse are behavioural here, and nobody would solder 32 of each. Transistors and diodes are the
model cards of the array's board, word for word. docs/explanation/learning-array.md names the part
that would do what each behavioural element does.

Ref: B. Scellier, Y. Bengio, Front. Comput. Neurosci. 11:24 (2017); J. Kendall et al., arXiv
2006.01981 (2020).
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from realnet_hw.export.deck import Deck, model_card, number
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.engines import ENGINES

Floats = npt.NDArray[np.float64]

OPTIONS = ".options tnom=27 temp=27 reltol=1e-3 abstol=1e-10 vntol=1e-6 gmin=1e-13"
INTEGRATION = ".options method=gear maxord=2"
_EDGE = 0.01
_SAMPLES = 4
_BOUND_SOFT_V = 0.1


@dataclass(frozen=True)
class Task:
    """What is learned: one output of some inputs.

    Args:
        inputs_V: presented while it learns, shape (patterns, inputs).
        targets_V: of these, shape (patterns).
        asked_V: presented afterwards, shape (questions, inputs).
        wanted_V: of these, shape (questions).
        epochs: how often it sees all patterns.
        shuffled: whether each epoch has an order of its own.
    """

    inputs_V: Floats
    targets_V: Floats
    asked_V: Floats
    wanted_V: Floats
    epochs: int
    shuffled: bool


@dataclass(frozen=True)
class Parts:
    """What real parts add to the ideal circuit.

    Args:
        threshold_V: standard deviation of the synapses' thresholds, alike in both twins.
        twin_V: standard deviation by which the thresholds of two twins differ.
        offset_V2: standard deviation of the error of a difference of squares.
        white_V2: white noise of a difference of squares, rms of samples two a pattern: what is
            faster than that the capacitor averages out.
        flicker_V: noise by which the thresholds of two twins differ, its power as 1/f, rms from
            once in the whole training up to two samples a pattern.
    """

    threshold_V: float = 0.0
    twin_V: float = 0.0
    offset_V2: float = 0.0
    white_V2: float = 0.0
    flicker_V: float = 0.0


@dataclass(frozen=True)
class Circuit:
    """The network and its learning rule.

    Args:
        hidden: columns of the first layer.
        outputs: columns of the second, in pairs; the output is the sum of their differences.
        rates_V: layer by layer, by how much the full current moves a gate in one pattern.
        start_V: bounds of the first gate voltages.
        substrate_V: of the transistors.
        bias_V: on the rows of either sign, or with ``inverse_bias`` false on one row alone.
        scale_V2: of the tanh.
        nudge_S: amperes into an output column for a volt of error.
        bounds_V: of the gate voltages.
        pattern_s: how long a pattern is presented.
        store_F: a synapse's capacitor.
        column_F: of a column against ground.
        parts: what they add.
    """

    hidden: int
    outputs: int = 2
    rates_V: tuple[float, float] = (0.4, 0.04)
    start_V: tuple[float, float] = (1.5, 3.5)
    substrate_V: float = -2.5
    bias_V: float = 1.0
    inverse_bias: bool = True
    scale_V2: float = 8e-3
    nudge_S: float = 2e-4
    bounds_V: tuple[float, float] = (0.6, 5.0)
    pattern_s: float = 1e-4
    store_F: float = 1e-9
    column_F: float = 2e-11
    parts: Parts = field(default_factory=Parts)


def xor() -> tuple[Task, Circuit]:
    """Return XOR of two inputs of 1 V, with 4 hidden columns: 32 synapses."""
    inputs_V = np.array(list(itertools.product([-1.0, 1.0], repeat=2)))
    targets_V = -0.1 * inputs_V.prod(axis=1)
    return Task(inputs_V, targets_V, inputs_V, targets_V, 400, shuffled=False), Circuit(hidden=4)


def hardened() -> tuple[Task, Circuit]:
    """Return XOR in half of the epochs, with 6 hidden columns and a nudge five times as strong.

    What the twins differ by counts less where the nudge makes them differ more.
    """
    task, circuit = xor()
    return replace(task, epochs=200), replace(circuit, hidden=6, nudge_S=1e-3, scale_V2=4e-2)


def sine() -> tuple[Task, Circuit]:
    """Return sin(8 x) of x from 0 to 1, learned at 16 points, asked at 50: 4-12-2, 72 synapses."""
    circuit = Circuit(
        hidden=12, rates_V=(0.8, 0.4), start_V=(1.8, 3.8), substrate_V=-4.0, bias_V=1.0
    )
    return _sine_task(), circuit


def wide() -> tuple[Task, Circuit]:
    """Return the same with 3 rows, 32 hidden columns and 4 output columns: 224 synapses."""
    task, circuit = sine()
    return task, replace(circuit, hidden=32, outputs=4, inverse_bias=False)


def _sine_task() -> Task:
    learned, asked = np.linspace(0, 1, 16), np.linspace(0, 1, 50)

    def inputs_V(x: Floats) -> Floats:
        return 2.0 * (2 * x - 1)[:, None]

    def targets_V(x: Floats) -> Floats:
        return 0.05 * np.sin(8 * x)

    return Task(
        inputs_V(learned), targets_V(learned), inputs_V(asked), targets_V(asked), 300, shuffled=True
    )


TASKS: dict[str, Callable[[], tuple[Task, Circuit]]] = {"xor": xor, "sine": sine, "wide": wide}


# ------------------------------------------------------------------------------------- the circuit


@dataclass(frozen=True)
class TrainingDeck(Deck):
    """A deck with the tolerances of this study, which are looser than those of a prediction."""

    def text(self) -> str:
        """Return the whole deck."""
        lines = [self.title, self.models, *self.elements, OPTIONS, ".op", ".end"]
        return "\n".join(lines) + "\n"


def _card(library: str, model: str) -> str:
    """Return one model of a card, from inside of its subcircuit if it is there."""
    match = re.search(rf"^\.model {model} .*$", model_card(library), re.MULTILINE)
    if match is None:
        raise LookupError(f"no {model} in {library}")
    return match.group(0)


def deck(task: Task, circuit: Circuit, seed: int) -> tuple[TrainingDeck, int]:
    """Return the deck of a training, begun at random, and how many patterns it presents.

    Nodes: rows ``x1``, ``x1n``, ..., ``b``, ``bn``; columns ``h1_free``, ``h1_nudged``, ...; the
    output's columns ``o1_free``, ...; gates ``g1_2_3`` (layer, row, column); ``learns`` is 1 V
    while it learns.
    """
    random = np.random.default_rng(seed)
    # Its own, so that noise does not change where the weights begin.
    noise = np.random.default_rng([seed, 1])
    count = len(task.inputs_V)
    epochs = [
        random.permutation(count) if task.shuffled else np.arange(count) for _ in range(task.epochs)
    ]
    order = np.concatenate(epochs)
    inputs_V = np.vstack([task.inputs_V[order], task.asked_V])
    targets_V = np.concatenate([task.targets_V[order], 0 * task.wanted_V])
    learns_V = np.concatenate([np.ones(len(order)), np.zeros(len(task.asked_V))])
    patterns = len(inputs_V)

    lines = [f"v_sub sub 0 {number(circuit.substrate_V)}"]
    rows = []
    for index, volts in enumerate(inputs_V.T, 1):
        lines.append(f"v_x{index} x{index} 0 {_steps(volts, circuit.pattern_s)}")
        lines.append(f"e_x{index}n x{index}n 0 x{index} 0 -1")
        rows += [f"x{index}", f"x{index}n"]
    lines.append(f"v_b b 0 {number(circuit.bias_V)}")
    rows.append("b")
    if circuit.inverse_bias:
        lines.append("e_bn bn 0 b 0 -1")
        rows.append("bn")
    lines.append(f"v_target target 0 {_steps(targets_V, circuit.pattern_s)}")
    lines.append(f"v_learns learns 0 {_steps(learns_V, circuit.pattern_s)}")

    hidden = [f"h{index}" for index in range(1, circuit.hidden + 1)]
    outputs = [f"o{index}" for index in range(1, circuit.outputs + 1)]
    begins = []
    for layer, (above, below) in enumerate([(rows, hidden), (hidden, outputs)], 1):
        for row, column in itertools.product(range(len(above)), range(len(below))):
            gate = f"g{layer}_{row + 1}_{column + 1}"
            begins.append(f"v({gate})={number(round(random.uniform(*circuit.start_V), 6))}")
            ends = [
                (above[row] if layer == 1 else f"{above[row]}_{twin}", f"{below[column]}_{twin}")
                for twin in ("free", "nudged")
            ]
            rate_V = circuit.rates_V[layer - 1]
            lines += _synapse(gate, ends, circuit, rate_V, random, noise, patterns)
    for twin in ("free", "nudged"):
        lines += _columns(hidden, outputs, twin, circuit)
    lines += _nudges(outputs, circuit)
    lines += [f".ic {' '.join(begins)}", INTEGRATION]
    models = [_card("ald1106.lib", "ald1106_nmos"), _card("1n5711.lib", "d1n5711")]
    title = f"* a network that trains itself, initialisation {seed}"
    return TrainingDeck(title, tuple(lines), models="\n".join(models)), patterns


def _steps(volts: Floats, pattern_s: float) -> str:
    """Return a wave that has one value a pattern."""
    points = [(0.0, float(volts[0]))]
    for index in np.flatnonzero(np.diff(volts)):
        start_s = (index + 1) * pattern_s
        points.append((start_s, float(volts[index])))
        points.append((start_s + _EDGE * pattern_s, float(volts[index + 1])))
    pairs = " ".join(f"{time_s:.9g} {volt:.9g}" for time_s, volt in points)
    return f"pwl({pairs})"


def _synapse(
    gate: str,
    ends: Sequence[tuple[str, str]],
    circuit: Circuit,
    rate_V: float,
    random: np.random.Generator,
    noise: np.random.Generator,
    patterns: int,
) -> Iterator[str]:
    """Yield a synapse: its capacitor, its two transistors and what moves its charge."""
    parts = circuit.parts
    common_V = random.normal(0.0, parts.threshold_V)
    apart_V = common_V + random.normal(0.0, parts.twin_V)
    gates = {"free": gate, "nudged": gate}
    if common_V:
        gates["free"] = f"{gate}_free"
        yield f"v_{gate}_free {gate}_free {gate} {number(common_V)}"
    if apart_V or parts.flicker_V:
        gates["nudged"] = f"{gate}_nudged"
        volts = apart_V + parts.flicker_V * _flicker(2 * patterns, noise)
        yield f"v_{gate}_nudged {gate}_nudged {gate} {_noise(volts, circuit.pattern_s / 2)}"
    for twin, (row, column) in zip(gates, ends, strict=True):
        yield f"m_{gate}_{twin} {row} {gates[twin]} {column} sub ald1106_nmos w=1e-5 l=1e-5"
    free, nudged = (f"v({row},{column})" for row, column in ends)
    squares = f"{nudged}*{nudged}-{free}*{free}"
    offset_V2 = random.normal(0.0, parts.offset_V2)
    if offset_V2:
        squares += f"+{number(offset_V2)}"
    if parts.white_V2:
        wave = parts.white_V2 * noise.standard_normal(2 * patterns)
        yield f"v_{gate}_squares {gate}_squares 0 {_noise(wave, circuit.pattern_s / 2)}"
        squares += f"+v({gate}_squares)"
    full_A = rate_V * circuit.store_F / circuit.pattern_s
    low_V, high_V = circuit.bounds_V
    bounds = "+".join(f"tanh((v({gate})-{volts:g})/{_BOUND_SOFT_V})" for volts in (low_V, high_V))
    moves = f"tanh(({squares})/{number(circuit.scale_V2)})+{bounds}"
    yield f"b_{gate} {gate} 0 i={number(full_A)}*v(learns)*({moves})"
    yield f"c_{gate} {gate} 0 {number(circuit.store_F)}"


def _noise(volts: Floats, sample_s: float) -> str:
    """Return a wave through samples; one value where they are all alike."""
    if np.ptp(volts) == 0:
        return number(float(volts[0]))
    pairs = " ".join(f"{index * sample_s:.9g} {volt:.6g}" for index, volt in enumerate(volts))
    return f"pwl({pairs})"


def _flicker(samples: int, random: np.random.Generator) -> Floats:
    """Return noise whose power falls as 1/f, with an rms of 1."""
    shares = np.fft.rfft(random.standard_normal(samples))
    shares[1:] /= np.sqrt(np.arange(1, len(shares)))
    shares[0] = 0.0
    noise = np.fft.irfft(shares, samples)
    return np.asarray(noise / noise.std())


def _columns(
    hidden: Sequence[str], outputs: Sequence[str], twin: str, circuit: Circuit
) -> Iterator[str]:
    """Yield what hangs on a twin's columns."""
    for index, column in enumerate(hidden):
        node = f"{column}_{twin}"
        anode, cathode = (node, "0") if index % 2 == 0 else ("0", node)
        yield f"d_{node} {anode} {cathode} d1n5711"
    for column in (*hidden, *outputs):
        yield f"c_{column}_{twin} {column}_{twin} 0 {number(circuit.column_F)}"


def _nudges(outputs: Sequence[str], circuit: Circuit) -> Iterator[str]:
    """Yield the output, a difference, and the currents that push the twin's outputs."""
    pairs = zip(outputs[0::2], outputs[1::2], strict=True)
    output = "+".join(f"v({plus}_free,{minus}_free)" for plus, minus in pairs)
    yield f"b_y y 0 v={output}"
    for index, column in enumerate(outputs):
        sign = "-" if index % 2 == 0 else ""
        current = f"{sign}{number(circuit.nudge_S)}*v(learns)*v(y,target)"
        yield f"b_nudge_{column} 0 {column}_nudged i={current}"


# ------------------------------------------------------------------------------------ the training


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Args:
        seed: of its beginning.
        answers_V: to the questions, after it.
        wanted_V: what they should be.
        losses: mean squared error an epoch, over the targets' variance.
        wall_s, processor_s: how long it took.
    """

    seed: int
    answers_V: Floats
    wanted_V: Floats
    losses: Floats
    wall_s: float
    processor_s: float

    @property
    def nmse(self) -> float:
        """Mean squared error of the answers over the variance of what was wanted."""
        return float(np.mean((self.answers_V - self.wanted_V) ** 2) / np.var(self.wanted_V))

    @property
    def margin_V(self) -> float:
        """The least answer in the direction that was wanted; below 0 one is wrong."""
        return float((self.answers_V * np.sign(self.wanted_V)).min())


def train(task: Task, circuit: Circuit, seed: int, engine: Engine) -> Trained:
    """Return what comes of one initialisation."""
    made, patterns = deck(task, circuit, seed)
    wall_s, processor_s = time.perf_counter(), time.process_time()
    volts = engine.transient(
        made,
        [{}],
        ["y", "target"],
        end_s=patterns * circuit.pattern_s,
        step_s=circuit.pattern_s / _SAMPLES,
        use_initial_conditions=True,
    )[0]
    wall_s, processor_s = time.perf_counter() - wall_s, time.process_time() - processor_s
    # The last sample before a pattern's end: by then the columns have settled.
    outputs, targets = volts[_SAMPLES - 1 :: _SAMPLES][:patterns].T
    learned = task.epochs * len(task.targets_V)
    errors = ((outputs - targets)[:learned] ** 2).reshape(task.epochs, -1).mean(axis=1)
    return Trained(
        seed,
        outputs[learned:],
        task.wanted_V,
        errors / float(np.var(task.targets_V)),
        wall_s,
        processor_s,
    )


# -------------------------------------------------------------------------------------- the limits


def limits() -> Iterator[tuple[str, Parts]]:
    """Yield what is swept, one after the other."""
    yield "nothing", Parts()
    for volts in (2e-3, 5e-3, 10e-3):
        yield f"thresholds, twin against twin: {volts * 1e3:g} mV", Parts(twin_V=volts)
    yield "thresholds, both twins alike: 100 mV", Parts(threshold_V=0.1)
    for squares in (1e-3, 5e-3):
        yield f"offset of the squares: {squares * 1e3:g} mV V", Parts(offset_V2=squares)
    yield "white noise of the squares: 10 mV V", Parts(white_V2=1e-2)
    yield "1/f noise, twin against twin: 2 mV", Parts(flicker_V=2e-3)


def _described(engine: Engine) -> str:
    options = f"{OPTIONS.removeprefix('.options ')} {INTEGRATION.removeprefix('.options ')}"
    stepping = "" if engine.name == "ngspice" else "; its own steps, which no option changes"
    return f"{engine.name} {engine.version}, {options}{stepping}"


def _line(trained: Trained) -> str:
    return (
        f"initialisation {trained.seed}: NMSE {trained.nmse:.5f}, answers {_answers(trained)} mV, "
        f"{trained.wall_s:.0f} s wall, {trained.processor_s:.0f} s CPU"
    )


def _answers(trained: Trained) -> str:
    """Return the answers in mV, every eighth where there are many."""
    volts = trained.answers_V[:: 8 if len(trained.answers_V) > 8 else 1]
    return ", ".join(f"{volt * 1e3:.0f}" for volt in volts)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(name: str, engine: Engine, seeds: Sequence[int]) -> None:
    """Train a task from several beginnings, or sweep the limits, and print what came of it."""
    _say(f"{name} with {_described(engine)}")
    if name == "limits":
        task, circuit = hardened()
        for title, parts in limits():
            found = [train(task, replace(circuit, parts=parts), seed, engine) for seed in seeds]
            margins = ", ".join(f"{each.margin_V * 1e3:.0f}" for each in found)
            right = sum(each.margin_V > 0 for each in found)
            _say(f"{title}: {right} of {len(found)} right, least margins {margins} mV")
        return
    task, circuit = TASKS[name]()
    found = []
    for seed in seeds:
        found.append(train(task, circuit, seed, engine))
        _say(_line(found[-1]))
    median = statistics.median(each.nmse for each in found)
    _say(f"median NMSE of {len(found)}: {median:.5f}")
    if name == "xor":
        right = sum(each.margin_V > 0 for each in found)
        least_V = min(each.margin_V for each in found)
        _say(f"{right} of {len(found)} right, least margin {least_V * 1e3:.1f} mV")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a network within one transient.")
    parser.add_argument("task", choices=[*TASKS, "limits"])
    parser.add_argument("engine", choices=[*ENGINES], nargs="?", default="ngspice")
    parser.add_argument("seeds", type=int, nargs="?", default=5)
    parser.add_argument("first", type=int, nargs="?", default=0)
    asked = parser.parse_args()
    main(asked.task, ENGINES[asked.engine](), range(asked.first, asked.first + asked.seeds))
