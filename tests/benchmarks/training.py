"""What training with the resistors' tolerance is worth: Iris, 4-6-3, resistors E24 of 5 %.

``python tests/benchmarks/run.py training``; ``... training 200`` draws fewer boards than 1000.
Plain training is least squares towards 0 and 1 with Adam, without noise or decay. Each network is
made into a board by its technology, of which boards are drawn and asked the 48 flowers held out; a
good one gets 93 % right. A network that the technology refuses has no good board. Of the first
network of each kind 40 boards are asked in ngspice, too: how many answers differ, and by how much.

Its page: docs/how-to/train.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realnet_hw.board import Board
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.learn import data_set, mlp, proof
from realnet_hw.learn.array.adam import Adam
from realnet_hw.learn.data_set import DataSet
from realnet_hw.network.network import Layer, Network
from realnet_hw.predict.asking import Settled
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.monte_carlo import monte_carlo
from realnet_hw.predict.ngspice import NgspiceEngine

HIDDEN, STEPS, LIMIT, RESISTOR = 6, 3000, 0.93, "resistor_5pct"
SEEDS = 5
COMPARED = 40


def report(arguments: Sequence[str]) -> bool:
    """Print a line a network; return whether all boards trained so are good in balanced_summer.

    Args:
        arguments: the number of boards, or nothing for 1000.
    """
    samples = int(arguments[0]) if arguments else 1000
    data, engine = data_set.load("iris"), CompiledEngine()
    shares: dict[tuple[str, str], list[float]] = {}
    for technology in ("balanced_summer", "inverting_summer"):
        for seed in range(SEEDS):
            wish = mlp.Wish(technology, RESISTOR, HIDDEN, seed, LIMIT, samples)
            aware = mlp.trained(data, wish, engine)
            made = {"aware": aware.network, "plain": plain(data, seed)}
            for kind, network in made.items():
                good, told = 0.0, ""
                try:
                    board = proof.board_of(network, data, technology, RESISTOR)
                    found = proof.accuracies(
                        board, data, engine, examples=data.judged, samples=samples, seed=seed
                    )
                    share = proof.Share.of(found, LIMIT)
                    good = share.value
                    told = f"mean {share.mean:.3f}, 95 of 100 at {share.most:.3f} or more"
                    told += compared(board, data, engine) if seed == 0 else ""
                except CircuitRefused as why:
                    told = f"refused: {why}"
                shares.setdefault((technology, kind), []).append(good)
                print(f"  {technology:17} {kind} seed {seed}: {good:6.1%} good; {told}", flush=True)
    for (technology, kind), each in shares.items():
        print(f"{technology:17} {kind}: {np.mean(each):6.1%} of boards above {LIMIT:.0%}")
    return min(shares["balanced_summer", "aware"]) >= 0.99


def plain(data: DataSet, seed: int) -> Network:
    """Return a network trained as one does without a circuit in mind."""
    random = np.random.default_rng(seed)
    inputs, wanted = data.values[~data.held_out], data.wanted[~data.held_out]
    fan, outputs = inputs.shape[1], wanted.shape[1]
    weights = (
        random.normal(0, np.sqrt(2 / fan), (HIDDEN, fan)),
        np.zeros(HIDDEN),
        random.normal(0, np.sqrt(2 / HIDDEN), (outputs, HIDDEN)),
        np.zeros(outputs),
    )
    adam = Adam(0.01, -np.inf, np.inf)
    for _ in range(STEPS):
        hidden = np.maximum(0.0, inputs @ weights[0].T + weights[1])
        error = 2 * (hidden @ weights[2].T + weights[3] - wanted) / wanted.size
        back = (error @ weights[2]) * (hidden > 0)
        slopes = (back.T @ inputs, back.sum(axis=0), error.T @ hidden, error.sum(axis=0))
        weights, adam = adam.step(weights, slopes)
    layers = (
        Layer(tuple(map(tuple, weights[0].tolist())), tuple(weights[1].tolist()), "relu"),
        Layer(tuple(map(tuple, weights[2].tolist())), tuple(weights[3].tolist()), "linear"),
    )
    return Network("realnet-network", 1, data.inputs, data.outputs, layers)


def compared(board: Board, data: DataSet, engine: Engine) -> str:
    """Say how far ngspice is from this engine on the first boards of the draw."""
    deck = deck_from(netlist.from_board(board), board)
    asking = Settled({port.name: deck.nodes[port.net] for port in board.outputs})
    cases = [
        {
            deck.inputs[port.name].element: port.volts(value)
            for port, value in zip(board.inputs, row, strict=True)
        }
        for row in data.values[data.judged].tolist()
    ]
    both = [
        monte_carlo(deck, each, asking, cases, samples=COMPARED, seed=0)
        for each in (engine, NgspiceEngine())
    ]
    logic = board.logic
    right = [
        data.right(each, data.judged, logic.threshold_low_V, logic.threshold_high_V)
        for each in both
    ]
    differ = int((right[0] != right[1]).sum())
    return (
        f"; ngspice on {COMPARED} boards: {differ} of {right[0].size} answers differ, "
        f"{np.abs(both[0] - both[1]).max() * 1e6:.2g} uV at most"
    )
