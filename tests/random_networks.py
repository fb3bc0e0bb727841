"""Random networks of the size that trained ones have, made into boards and simulated."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Board
from realnet_hw.cells.buffered_reference import BufferedReference
from realnet_hw.cells.neuron import Neuron
from realnet_hw.cells.shunt_reference import ShuntReference
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

REFERENCE_V = {"balanced_summer": 2.5, "inverting_summer": 5.0}

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
    network = random_network(rng, widths, last)
    return Wish(seed, network, technology, answer, _INPUTS[seed // 6 % 2])


def random_network(
    rng: np.random.Generator, widths: list[int], last: Activation = "linear"
) -> Network:
    """Return a network of these widths, inputs first."""
    return _named([*_layers(rng, widths[:-1], "relu"), *_layers(rng, widths[-2:], last)])


def shaped(seed: int, widths: list[int]) -> Wish:
    """Return a random network of given widths, inputs first, whose outputs are asked as values."""
    rng = np.random.default_rng(seed)
    layers = [*_layers(rng, widths[:-1], "relu"), *_layers(rng, widths[-2:], "linear")]
    return Wish(seed, _named(layers), sorted(TECHNOLOGIES)[seed % 2], "value", "bits")


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


def fresh_points(wish: Wish, most: int) -> npt.NDArray[np.float64]:
    """Return input vectors, points x inputs, that no resistor was chosen by: corners, and between.

    Corners are all, or as many as asked for at random; between them are as many again where inputs
    are analogue.
    """
    rng = np.random.default_rng(wish.seed + 1_000_000)
    count = len(wish.network.inputs)
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=count)))
    chosen = rng.permutation(corners)[:most]
    inside = rng.random((most if wish.inputs == "analogue" else 0, count))
    return np.vstack([chosen, inside])


def ideal_V(board: Board, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the ideal network's outputs in volts, as far as the board's outputs can go."""
    assert board.network
    columns = np.array([board.network.forward(point) for point in points.tolist()]).T
    return np.stack(
        [
            np.clip(np.vectorize(port.volts)(values), port.min_V, port.max_V)
            for port, values in zip(board.outputs, columns, strict=True)
        ],
        axis=1,
    )


def law_V(board: Board, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the outputs in volts by the laws of the board's cells."""
    volts = {
        port.net: values * board.logic.high_V
        for port, values in zip(board.inputs, points.T, strict=True)
    }
    for cell in board.cells:
        if isinstance(cell, ShuntReference | BufferedReference):
            sign = -1.0 if cell.rail.startswith("-") else 1.0
            volts[cell.output] = np.full(len(points), sign * REFERENCE_V[board.technology])
    neurons = [cell for cell in board.cells if isinstance(cell, Neuron)]
    for cell in sorted(neurons, key=lambda cell: cell.layer):
        sum_V = np.asarray(cell.sum_V(volts))
        volts[cell.output] = (
            cell.polarity * np.maximum(0.0, cell.polarity * sum_V) if cell.polarity else sum_V
        )
    return np.stack([volts[port.net] for port in board.outputs], axis=1)


def _share(
    board: Board, shown_V: npt.NDArray[np.float64], points: npt.NDArray[np.float64]
) -> float:
    """Return how far outputs are from the ideal network's at most, of full scale."""
    assert board.network
    corners = itertools.product((0.0, 1.0), repeat=len(board.inputs))
    full = max(1.0, *(abs(value) for point in corners for value in board.network.forward(point)))
    unit_V = board.outputs[0].unit_V
    assert unit_V
    return float(np.abs(shown_V - ideal_V(board, points)).max()) / (full * unit_V)


def worst_law_error(wish: Wish, board: Board) -> float:
    """Return how far an output is from the ideal network's at most by the cells' laws."""
    points = fresh_points(wish, 500)
    return _share(board, law_V(board, points), points)


def worst_error(wish: Wish, board: Board, engine: NgspiceEngine) -> float:
    """Return how far a simulated output is from the ideal network's at most, of full scale.

    Raises:
        AssertionError: the circuit breaks electrical rules.
    """
    circuit = board.circuit()
    violations = skidl_parts.electrical_rules(circuit)
    assert not violations, violations
    deck = deck_from(netlist.from_skidl(circuit), board)
    points = fresh_points(wish, 32)
    sets = [
        {
            deck.inputs[port.name].element: value * board.logic.high_V
            for port, value in zip(board.inputs, point, strict=True)
        }
        for point in points.tolist()
    ]
    volts = engine.operating_point(deck, sets, [deck.nodes[port.net] for port in board.outputs])
    return _share(board, volts, points)
