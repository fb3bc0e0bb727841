"""How fast and how alike the engines are: naive PySpice, ngspice through our binding, compiled.

``python tests/benchmarks/run.py engines`` does it all, ``... engines direct million`` some of it.
Every ratio is of processor times measured one after another in this run, kernels warm. Naive is
what PySpice's documentation shows: a new circuit and a new simulator for every board. The picture
of the growth is drawn into docs/pictures.
"""

from __future__ import annotations

import ctypes.util
import dataclasses
import functools
import importlib
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from realnet_hw.board import load_board
from realnet_hw.errors import SimulationFailed
from realnet_hw.export import deck as decks
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.predict.asking import asking_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw, drawn_boards
from tests.predict.circuits import ASKED, EXACT, networks

NAIVE_BOARDS, NGSPICE_BOARDS, COMPILED_BOARDS = 10, 50, 1000
TIMER_NGSPICE, TIMER_COMPILED = 4, 64
PATTERNS_NGSPICE, PATTERNS_COMPILED = 20, 2000
MILLION, CHUNK = 1_000_000, 5000
NETWORKS = 200
SIZES, POINTS = (4, 16, 64, 256, 1024), 256
REPEATS = 5
# Times as fast as naive PySpice; as ngspice: firing a board of timers, asking an array that learns,
# a training in one transient.
LEAST_DIRECT, LEAST_TIMER, LEAST_LEARNING, LEAST_TWINS = 1000.0, 25.0, 15.0, 4.0
MOST_MILLION_s, MOST_GROWTH_MB = 60.0, 50.0
MOST_START_s = 3.0
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "compiled-growth.svg"


def report(arguments: Sequence[str]) -> bool:
    """Print what was measured; return whether it is within its bounds.

    Args:
        arguments: names of what is measured; all of it if empty.
    """
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    results = [MEASUREMENTS[name]() for name in arguments or MEASUREMENTS]
    return all(results)


def cpu_s(work: Callable[[], object]) -> float:
    """The processor time of some work."""
    started = time.process_time()
    work()
    return time.process_time() - started


# ------------------------------------------------------------------------------------- direct


def direct() -> bool:
    """XOR with op-amps: every case of drawn boards."""
    deck, cases, nodes = _xor()
    ngspice, compiled = NgspiceEngine(), CompiledEngine()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        naive_s, answers = pool.submit(naive, NAIVE_BOARDS).result()
    sets = [{**one, **case} for one in draw(deck.spreads, NGSPICE_BOARDS, 1) for case in cases]
    theirs = ngspice.operating_point(deck, sets, nodes)
    ngspice_s = cpu_s(lambda: ngspice.operating_point(deck, sets, nodes)) / NGSPICE_BOARDS
    drawn = drawn_boards(deck.spreads, range(COMPILED_BOARDS), 1)

    def solve() -> np.ndarray:
        bound = [compiled.bound(deck, case, changing=drawn.names, nodes=nodes) for case in cases]
        return np.stack([one.operating_points(drawn.values) for one in bound], axis=1)

    ours = solve().reshape(-1, len(nodes))
    compiled_s = min(cpu_s(solve) for _ in range(REPEATS)) / COMPILED_BOARDS
    off_V = np.abs(ours[: len(theirs)] - theirs).max()
    naive_off_V = np.abs(ours[: len(answers), 0] - answers).max()
    print(f"xor_opamp, {len(cases)} cases a board")
    for name, each_s in (("naive PySpice", naive_s), ("ngspice", ngspice_s),
                         ("compiled", compiled_s)):  # fmt: skip
        print(f"  {name:14} {1 / each_s:10.0f} boards/s {naive_s / each_s:8.1f} x naive")
    print(f"  apart: {off_V:.1e} V from ngspice, {naive_off_V:.1e} V from naive")
    return bool(naive_s / compiled_s >= LEAST_DIRECT and off_V < 1e-6)


def million() -> bool:
    """A million boards at every case, as a prediction draws and asks them."""
    board = load_board("xor_opamp")
    deck, cases, _ = _xor()
    engine, asking = CompiledEngine(), asking_of(board, deck)
    before_MB, good = 0.0, 0

    def solve(boards: range) -> int:
        drawn = drawn_boards(deck.spreads, boards, 1)
        volts = asking.of_boards(deck, engine, drawn, cases)[:, :, 0]
        high = np.array([False, True, True, False])
        return int(((volts > 2.5) == high).all(axis=1).sum())

    solve(range(CHUNK))
    before_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall_s = time.perf_counter()
    for start in range(0, MILLION, CHUNK):
        good += solve(range(start, start + CHUNK))
    wall_s = time.perf_counter() - wall_s
    grown_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_MB
    print(f"{MILLION} boards at {len(cases)} cases, drawing them included: {wall_s:.0f} s by the "
          f"clock, {grown_MB:.0f} MB more than for {CHUNK}; {good} answer right")  # fmt: skip
    return wall_s <= MOST_MILLION_s and grown_MB <= MOST_GROWTH_MB


def _xor() -> tuple[Deck, list[dict[str, float]], list[str]]:
    board = load_board("xor_opamp")
    deck = deck_from(from_board(board), board)
    cases = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    return deck, cases, [deck.nodes[port.net] for port in board.outputs]


def naive(boards: int) -> tuple[float, list[float]]:
    """Return a board's processor time by PySpice alone, and its first output at every case."""
    deck, cases, nodes = _xor()
    answers: list[float] = []

    def solve() -> None:
        for drawn in draw(deck.spreads, boards, 1):
            answers.extend(_naive_board(deck, drawn, cases, nodes[0]))

    return cpu_s(solve) / boards, answers


def _naive_board(
    deck: Deck, drawn: Mapping[str, float], cases: Sequence[Mapping[str, float]], node: str
) -> list[float]:
    import logging

    logging.getLogger("PySpice").setLevel(logging.CRITICAL)
    from PySpice.Spice.Netlist import Circuit
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

    NgSpiceShared.LIBRARY_PATH = ctypes.util.find_library("ngspice")
    circuit = Circuit(deck.title)
    made = {}
    models = deck.models
    for section in range(1, 5):
        line = f"vos{section} in{section}p p{section} "
        models = models.replace(f"{line}1e-4", f"{line}{drawn[f'v.xu1.vos{section}']!r}")
    models = models.replace("vref k s 5.0", f"vref k s {drawn['v.xu2.vref']!r}")
    circuit.raw_spice = models
    for element in deck.elements:
        name, *words = element.split()
        values = [circuit.gnd if word == "0" else word for word in words]
        match name[0]:
            case "x":
                circuit.X(name[1:], values[-1], *values[:-1])
            case "d":
                circuit.D(name[1:], *values[:2], model=values[2], area=drawn[f"{name} area"])
            case _:
                value = drawn.get(name, float(words[2]))
                add = getattr(circuit, name[0].upper())
                made[name] = add(name[1:], *values[:2], value)
    found = []
    for case in cases:
        for source, volts in case.items():
            made[source].dc_value = volts
        simulator = circuit.simulator(temperature=27, nominal_temperature=27)
        found.append(float(simulator.operating_point()[node][0]))
    return found


# ------------------------------------------------------------------------------------- timers


def timers() -> bool:
    """A board of 555 timers, fired at every case: widths and voltages."""
    board = load_board("nand_555")
    deck = deck_from(from_board(board), board)
    asking = asking_of(board, deck)
    cases = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    ngspice, compiled = NgspiceEngine(), CompiledEngine()
    drawn = draw(deck.spreads, TIMER_COMPILED, 1)
    sets = [{**one, **case} for one in drawn for case in cases]
    few = sets[: TIMER_NGSPICE * len(cases)]
    asking.answers(deck, compiled, sets[:1])
    # The shortest of several, as other programs disturb either.
    ngspice_s = min(cpu_s(lambda: asking.answers(deck, ngspice, few)) for _ in range(2)) / len(few)
    compiled_s = min(cpu_s(lambda: asking.answers(deck, compiled, sets)) for _ in range(3))
    compiled_s /= len(sets)
    apart = np.abs(asking.answers(deck, compiled, few) - asking.answers(deck, ngspice, few))
    volts = len(asking.voltages)
    widths_s, off_V = apart[:, volts:].max(), apart[:, :volts].max()
    print(f"{board.name}: ngspice {ngspice_s * 1e3:.1f} ms a firing, compiled "
          f"{compiled_s * 1e3:.1f} ms, {ngspice_s / compiled_s:.1f} x; apart: widths "
          f"{widths_s * 1e6:.2f} us, outputs {off_V * 1e6:.2f} uV")  # fmt: skip
    return bool(ngspice_s / compiled_s >= LEAST_TIMER and widths_s < 1e-6 and off_V < 1e-3)


# ------------------------------------------------------------------------------------- learning


def learning() -> bool:
    """The array that learns: patterns at weights that are new for every one."""
    board = load_board("array_2t1c")
    deck = deck_from(from_board(board), board)
    sources = [source.element for source in (*deck.held.values(), *deck.inputs.values())]
    nodes = [deck.nodes[port.net] for port in board.outputs]
    random = np.random.default_rng(1)
    own = np.array([source.volts for source in (*deck.held.values(), *deck.inputs.values())])
    values = own + random.uniform(-0.5, 0.5, (PATTERNS_COMPILED, len(own)))
    ours = CompiledEngine().bound(deck, {}, changing=sources, nodes=nodes)
    theirs = NgspiceEngine().bound(deck, {}, changing=sources, nodes=nodes)
    few = values[:PATTERNS_NGSPICE]
    off_V = np.abs(ours.operating_points(few) - theirs.operating_points(few)).max()
    ngspice_s = cpu_s(lambda: theirs.operating_points(few)) / len(few)
    compiled_s = cpu_s(lambda: ours.operating_points(values)) / len(values)
    alone_s = cpu_s(lambda: [ours.operating_points(row[np.newaxis]) for row in few]) / len(few)
    print(f"{board.name}, a pattern: ngspice {ngspice_s * 1e3:.2f} ms, compiled "
          f"{compiled_s * 1e6:.0f} us, {ngspice_s / compiled_s:.0f} x; one at a time "
          f"{alone_s * 1e6:.0f} us, {ngspice_s / alone_s:.0f} x; apart {off_V:.1e} V")  # fmt: skip
    return bool(ngspice_s / alone_s >= LEAST_LEARNING and off_V < 1e-5)


def twins() -> bool:
    """A network that trains itself, a tenth of its transient, at tolerances that agree."""
    sys.path.append(str(Path(__file__).parents[2] / "sim" / "experiments"))
    study = importlib.import_module("analog_training")
    task, circuit = study.xor()
    made, patterns = study.deck(task, circuit, 1)
    exact = Deck(made.title, made.elements, models=made.models)

    def run(engine: Engine) -> np.ndarray:
        end_s = patterns * circuit.pattern_s / 10
        volts = engine.transient(exact, [{}], ["y"], end_s=end_s, step_s=circuit.pattern_s / 4,
                                 use_initial_conditions=True)  # fmt: skip
        # Where a pattern has settled, not in the edge to the next one.
        return volts[0, 3::4, 0]

    ngspice, compiled = NgspiceEngine(), CompiledEngine()
    off_V = np.abs(run(compiled) - run(ngspice)).max()
    compiled_s, ngspice_s = cpu_s(lambda: run(compiled)), cpu_s(lambda: run(ngspice))
    print(f"training in one transient: ngspice {ngspice_s:.2f} s, compiled {compiled_s:.2f} s, "
          f"{ngspice_s / compiled_s:.1f} x; apart {off_V * 1e6:.0f} uV")  # fmt: skip
    return bool(ngspice_s / compiled_s >= LEAST_TWINS)


# -------------------------------------------------------------------------------------- alike


def alike() -> bool:
    """Generated networks: both engines within a microvolt and a millionth, or both without one."""
    ngspice, compiled = NgspiceEngine(), CompiledEngine()
    seen = {
        "alike": 0,
        "with two solutions": 0,
        "apart": 0,
        "only ngspice": 0,
        "only compiled": 0,
        "neither": 0,
    }

    def solved(engine: Engine, deck: Deck) -> np.ndarray | None:
        try:
            return engine.operating_point(deck, [{}], ASKED)
        except SimulationFailed:
            return None

    @settings(max_examples=NETWORKS, deadline=None, derandomize=True, database=None,
              phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(deck=networks())
    def compare(deck: Deck) -> None:
        ours, theirs = solved(compiled, deck), solved(ngspice, deck)
        if ours is None or theirs is None:
            lacks = {(True, True): "neither", (True, False): "only ngspice"}
            lack = lacks.get((ours is None, theirs is None), "only compiled")
            seen[lack] += 1
            print(lack, *deck.elements, sep="\n  ")
            return
        if np.allclose(ours, theirs, rtol=1e-6, atol=1e-6):
            seen["alike"] += 1
            return
        # A latch has two solutions: ngspice is shown ours.
        hints = [f".nodeset v({node})={volts!r}" for node, volts in
                 zip(ASKED[:-1], ours[0].tolist(), strict=False)]  # fmt: skip
        shown = dataclasses.replace(deck, elements=(*deck.elements, *hints))
        other = solved(ngspice, shown)
        both = other is not None and np.allclose(ours, other, rtol=1e-6, atol=1e-6)
        seen["with two solutions" if both else "apart"] += 1
        if not both:
            print(f"apart by {np.abs(ours - theirs).max():.1e}:", *deck.elements, sep="\n  ")

    usual, decks.OPTIONS = decks.OPTIONS, EXACT
    try:
        compare()
    finally:
        decks.OPTIONS = usual
    print("generated networks:", ", ".join(f"{number} {name}" for name, number in seen.items()))
    return seen["apart"] == seen["only ngspice"] == 0


# -------------------------------------------------------------------------------- start, growth


def starts() -> bool:
    """How long a new process takes to its first answer, kernels in the cache."""
    script = (
        "from tests.benchmarks import engines; "
        "from realnet_hw.predict.compiled.engine import CompiledEngine; import time; "
        "deck, cases, nodes = engines._xor(); begun = time.perf_counter(); "
        "CompiledEngine().operating_point(deck, cases, nodes); "
        "print(time.perf_counter() - begun)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    seconds = float(done.stdout.split()[-1])
    print(f"a new process has its first answer {seconds:.2f} s after it asks")
    return seconds < MOST_START_s


def grows() -> bool:
    """Time of an operating point against the number of neurons: summers with rectifiers."""
    compiled = CompiledEngine()
    each_s = {}
    for neurons in SIZES:
        deck = _layers(neurons)
        values = np.linspace(0.0, 0.4, POINTS)[:, np.newaxis]
        nodes = [f"y{neurons - 1}"]
        built_s = cpu_s(lambda deck=deck, nodes=nodes: compiled.operating_point(deck, [{}], nodes))
        bound = compiled.bound(deck, {}, changing=["v_in0"], nodes=nodes)
        solve = functools.partial(bound.operating_points, values)
        each_s[neurons] = min(cpu_s(solve) for _ in range(REPEATS)) / POINTS
        print(
            f"{neurons:5} neurons: {each_s[neurons] * 1e6:9.1f} us a point, "
            f"{each_s[neurons] / neurons * 1e6:6.2f} us a neuron; tables {built_s:.2f} s"
        )
    _draw(each_s)
    first, last = each_s[SIZES[1]] / SIZES[1], each_s[SIZES[-1]] / SIZES[-1]
    return last < 3 * first


def _draw(each_s: Mapping[int, float]) -> None:
    """Draw an operating point's time against the number of neurons."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "growth", "svg.fonttype": "none"}):
        figure = Figure(figsize=(5.0, 3.2), layout="constrained")
        axes = figure.add_subplot()
        sizes = np.array(list(each_s))
        times_us = np.array(list(each_s.values())) * 1e6
        axes.loglog(sizes, times_us, "o", color="#1f5fbf", label="measured")
        axes.loglog(sizes, times_us[-1] * sizes / sizes[-1], "--", color="#888888",
                    label="in proportion")  # fmt: skip
        axes.set_xlabel("neurons")
        axes.set_ylabel("an operating point (\N{MICRO SIGN}s)")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.grid(color="#e4e4e4")
        axes.legend(frameon=False)
        figure.savefig(PICTURE, metadata={"Date": None})


def _layers(neurons: int) -> Deck:
    """Layers of four, each neuron an ideal summer of the last layer and a rectifier."""
    lines = [f"v_in{index} y_in{index} 0 {0.1 * index}" for index in range(4)]
    for number in range(neurons):
        layer = number // 4
        for index in range(4):
            source = f"y_in{index}" if layer == 0 else f"y{4 * (layer - 1) + index}"
            lines.append(f"r{number}_{index} {source} s{number} {1e4 * (1 + index + number % 3)}")
        lines += [
            f"rf{number} s{number} z{number} 2e4",
            f"e{number} o{number} 0 0 s{number} 1e5",
            f"d{number} o{number} z{number} d1",
            f"dn{number} s{number} o{number} d1",
            f"rl{number} z{number} 0 1e4",
            f"ey{number} y{number} 0 0 z{number} -1",
        ]
    return Deck("* layers", tuple(lines), models=".model d1 d(is=3e-9 n=1.8)")


MEASUREMENTS: Mapping[str, Callable[[], bool]] = {
    one.__name__: one for one in (direct, million, timers, learning, twins, alike, starts, grows)
}
