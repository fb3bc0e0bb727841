"""How fast and how alike the engines are: naive PySpice, ngspice through our binding, compiled.

``python tests/benchmarks/run.py engines``; ``... engines 20`` solves twenty times as many boards.
Every ratio is of processor times measured one after another in this run, kernels warm. Naive is
what PySpice's documentation shows: a new circuit and a new simulator for every board.
"""

from __future__ import annotations

import ctypes.util
import dataclasses
import functools
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

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
from realnet_hw.predict.tolerances import draw
from tests.predict.circuits import ASKED, EXACT, networks

NAIVE_BOARDS, NGSPICE_BOARDS, COMPILED_BOARDS = 10, 50, 1000
TIMER_NGSPICE, TIMER_COMPILED = 4, 64
NETWORKS = 200
SIZES = (4, 16, 64, 256, 1024)
# Times as fast as naive PySpice, and as ngspice on a board of timers.
LEAST_DIRECT, LEAST_TIMER = 250.0, 15.0
MOST_START_s = 3.0


def report(arguments: Sequence[str]) -> bool:
    """Print what was measured; return whether it is within its bounds.

    Args:
        arguments: by how much there is to be more of everything; 1 if empty.
    """
    times = int(arguments[0]) if arguments else 1
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return all([direct(times), timers(times), alike(NETWORKS * times), starts(), grows()])


def cpu_s(work: Callable[[], object]) -> float:
    """The processor time of some work."""
    started = time.process_time()
    work()
    return time.process_time() - started


# ------------------------------------------------------------------------------------- direct


def direct(times: int) -> bool:
    """XOR with op-amps: every case of drawn boards."""
    deck, cases, nodes = _xor()
    ngspice, compiled = NgspiceEngine(), CompiledEngine()

    def solve(engine: Engine, boards: int) -> float:
        drawn = draw(deck.spreads, boards, 1)
        sets = [{**one, **case} for one in drawn for case in cases]
        engine.operating_point(deck, sets[:1], nodes)
        return cpu_s(lambda: engine.operating_point(deck, sets, nodes)) / boards

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        naive_s, answers = pool.submit(naive, NAIVE_BOARDS * times).result()
    ngspice_s = solve(ngspice, NGSPICE_BOARDS * times)
    compiled_s = solve(compiled, COMPILED_BOARDS * times)
    sets = [{**one, **case} for one in draw(deck.spreads, NAIVE_BOARDS, 1) for case in cases]
    ours = compiled.operating_point(deck, sets, nodes)
    off_V = np.abs(ours - ngspice.operating_point(deck, sets, nodes)).max()
    naive_off_V = np.abs(ours[:, 0] - answers[: len(ours)]).max()
    print(f"xor_opamp, {len(cases)} cases a board")
    for name, each_s in (("naive PySpice", naive_s), ("ngspice", ngspice_s),
                         ("compiled", compiled_s)):  # fmt: skip
        print(f"  {name:14} {1 / each_s:10.0f} boards/s {naive_s / each_s:8.1f} x naive")
    print(f"  apart: {off_V:.1e} V from ngspice, {naive_off_V:.1e} V from naive")
    return bool(naive_s / compiled_s >= LEAST_DIRECT and off_V < 1e-6)


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


def timers(times: int) -> bool:
    """A board of 555 timers, fired at every case: widths and voltages."""
    board = load_board("nand_555")
    deck = deck_from(from_board(board), board)
    asking = asking_of(board, deck)
    cases = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    ngspice, compiled = NgspiceEngine(), CompiledEngine()
    drawn = draw(deck.spreads, TIMER_COMPILED * times, 1)
    sets = [{**one, **case} for one in drawn for case in cases]
    few = sets[: TIMER_NGSPICE * len(cases)]
    asking.answers(deck, compiled, sets[:1])
    ngspice_s = cpu_s(lambda: asking.answers(deck, ngspice, few)) / len(few)
    compiled_s = cpu_s(lambda: asking.answers(deck, compiled, sets)) / len(sets)
    apart = np.abs(asking.answers(deck, compiled, few) - asking.answers(deck, ngspice, few))
    volts = len(asking.voltages)
    widths_s, off_V = apart[:, volts:].max(), apart[:, :volts].max()
    print(f"{board.name}: ngspice {ngspice_s * 1e3:.1f} ms a firing, compiled "
          f"{compiled_s * 1e3:.1f} ms, {ngspice_s / compiled_s:.1f} x; apart: widths "
          f"{widths_s * 1e6:.2f} us, outputs {off_V * 1e6:.2f} uV")  # fmt: skip
    return bool(ngspice_s / compiled_s >= LEAST_TIMER and widths_s < 1e-6 and off_V < 1e-3)


# -------------------------------------------------------------------------------------- alike


def alike(count: int) -> bool:
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

    @settings(max_examples=count, deadline=None, derandomize=True, database=None,
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
        sets = [{"v_in0": 0.1 * index} for index in range(16)]
        solve = functools.partial(compiled.operating_point, deck, sets, [f"y{neurons - 1}"])
        built_s = cpu_s(solve)
        each_s[neurons] = cpu_s(lambda solve=solve: [solve() for _ in range(5)]) / 5 / len(sets)
        print(
            f"{neurons:5} neurons: {each_s[neurons] * 1e6:9.1f} us a point, "
            f"{each_s[neurons] / neurons * 1e6:6.2f} us a neuron; tables {built_s:.2f} s"
        )
    first, last = each_s[SIZES[1]] / SIZES[1], each_s[SIZES[-1]] / SIZES[-1]
    return last < 3 * first


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
