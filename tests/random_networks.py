"""Random networks of the size that trained ones have, made into boards and simulated."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from realnet_hw.board import Board
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.network.network import Activation, Layer, Network
from realnet_hw.parts import skidl_parts
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.technology.cases import Answer, Inputs
from realnet_hw.technology.registry import TECHNOLOGIES, compiler

COUNT = 50
WIDEST = 12
ACCURACY = 0.01
"""How far a nominal output may be from the ideal network's, as a share of full scale."""

_ANSWERS: tuple[Answer, ...] = ("value", "largest", "level")
_INPUTS: tuple[Inputs, ...] = ("bits", "analogue")


@dataclass(frozen=True)
class Wish:
    """A network and what is asked of its board."""

    seed: int
    network: Network
    technology: str
    answer: Answer
    inputs: Inputs

    def __str__(self) -> str:
        shape = "-".join(map(str, self.network.shape))
        return f"{self.seed} {shape} {self.technology} {self.answer} {self.inputs}"


def wishes(widest: int = WIDEST) -> list[Wish]:
    """Return the random networks, each with what is asked of it."""
    return [_wish(seed, widest) for seed in range(COUNT)]


def _wish(seed: int, widest: int) -> Wish:
    technology = sorted(TECHNOLOGIES)[seed % 2]
    answer = _ANSWERS[seed // 2 % 3]
    rng = np.random.default_rng(seed)
    if answer == "level":
        return Wish(seed, _that_answers_levels(rng, widest), technology, answer, "bits")
    widths = rng.integers(1, widest + 1, size=rng.integers(2, 5)).tolist()
    if answer == "largest":
        widths[-1] = max(2, widths[-1])
    last: Activation = "relu" if rng.random() < 0.3 else "linear"
    network = _named([*_layers(rng, widths[:-1], "relu"), *_layers(rng, widths[-2:], last)])
    return Wish(seed, network, technology, answer, _INPUTS[seed // 6 % 2])


def _layers(rng: np.random.Generator, widths: list[int], activation: Activation) -> list[Layer]:
    """Return layers with weights of either sign as they are before and after training.

    Ref: X. Glorot, Y. Bengio, AISTATS 2010, section 4.2 (normalised initialisation).
    """
    made = []
    for before, after in itertools.pairwise(widths):
        limit = math.sqrt(6 / (before + after))
        made.append(
            Layer(
                tuple(map(tuple, rng.uniform(-limit, limit, (after, before)).tolist())),
                tuple(rng.uniform(-0.3, 0.3, after).tolist()),
                activation,
            )
        )
    return made


def _that_answers_levels(rng: np.random.Generator, widest: int) -> Network:
    """Return random hidden layers with output weights fitted to a random truth table."""
    count = int(rng.integers(1, 4))
    widths = [count, *rng.integers(min(6, widest), widest + 1, size=rng.integers(1, 3)).tolist()]
    layers = _layers(rng, widths, "relu")
    corners = list(itertools.product((0.0, 1.0), repeat=count))
    hidden = []
    for corner in corners:
        values: tuple[float, ...] = corner
        for layer in layers:
            values = layer.forward(values)
        hidden.append([*values, 1.0])
    outputs = int(rng.integers(1, 4))
    table = rng.integers(0, 2, (len(corners), outputs)).astype(float)
    table[0], table[-1] = 0.0, 1.0
    matrix = np.array(hidden)
    # A little ridge keeps the weights as small as training would.
    normal = matrix.T @ matrix + 1e-3 * np.eye(matrix.shape[1])
    fitted = np.linalg.solve(normal, matrix.T @ table).T
    last = Layer(
        tuple(map(tuple, fitted[:, :-1].tolist())), tuple(fitted[:, -1].tolist()), "linear"
    )
    return _named([*layers, last])


def _named(layers: list[Layer]) -> Network:
    inputs = tuple(f"X{i + 1}" for i in range(len(layers[0].weight[0])))
    outputs = tuple(f"Y{i + 1}" for i in range(layers[-1].width))
    return Network("realnet-network", 1, inputs, outputs, tuple(layers))


def board_of(wish: Wish) -> Board | CircuitRefused:
    """Return the board of a network, or why there is none."""
    try:
        return compiler(wish.technology)(
            wish.network, f"random_{wish.seed}", str(wish), answer=wish.answer, inputs=wish.inputs
        )
    except CircuitRefused as refusal:
        return refusal


def worst_error(board: Board, engine: NgspiceEngine) -> float:
    """Return how far a simulated output is from the ideal network's at most, of full scale.

    Raises:
        AssertionError: the circuit breaks electrical rules.
    """
    circuit = board.circuit()
    violations = skidl_parts.electrical_rules(circuit)
    assert not violations, violations
    deck = deck_from(netlist.from_skidl(circuit), board)
    sets = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    volts = engine.operating_point(deck, sets, [deck.nodes[port.net] for port in board.outputs])
    ideal = np.array([[case.ideal_V[port.name] for port in board.outputs] for case in board.cases])
    unit_V, zero_V = board.outputs[0].unit_V, board.outputs[0].zero_V
    assert unit_V
    full_V = max(unit_V, float(np.abs(ideal - zero_V).max()))
    return float(np.abs(volts - ideal).max()) / full_V
