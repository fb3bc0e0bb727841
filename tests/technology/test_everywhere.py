"""What a board promises holds at every corner and between them, not only at its cases."""

from __future__ import annotations

import itertools
import re
from types import ModuleType

import numpy as np
import pytest

from realnet_hw.board import Board
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Layer, Network
from realnet_hw.technology import balanced_summer, inverting_summer
from realnet_hw.technology.cases import points
from tests.random_networks import ideal_V, law_V
from tests.technology.networks import network_of

BOTH = pytest.mark.parametrize("technology", [balanced_summer, inverting_summer])


def dense(seed: int, *widths: int) -> Network:
    rng = np.random.default_rng(seed)
    layers = [
        Layer(
            tuple(map(tuple, (rng.normal(size=(after, before)) / np.sqrt(before)).tolist())),
            tuple(rng.normal(0, 0.3, after).tolist()),
            "relu",
        )
        for before, after in itertools.pairwise(widths)
    ]
    return network_of(*layers[:-1], Layer(layers[-1].weight, layers[-1].bias, "linear"))


def unclear_at(pattern: tuple[float, ...]) -> Network:
    """Half a logic unit at one pattern of its inputs, 0 at all others."""
    weights = tuple(1.0 if bit else -1.0 for bit in pattern)
    return network_of(
        Layer((weights,), (1.0 - sum(pattern),), "relu"), Layer(((0.5,),), (0.0,), "linear")
    )


def untried(count: int) -> tuple[float, ...]:
    """Return a pattern that is no case of a board with so many inputs."""
    tried = {*points(count)}
    return next(bits for bits in itertools.product((0.0, 1.0), repeat=count) if bits not in tried)


def full_scale(board: Board, network: Network) -> float:
    """Return the full scale, in logic units, that a board's windows were made from."""
    (low_V, high_V), port = next(iter(board.cases[0].windows_V.values())), board.outputs[0]
    assert port.unit_V
    return (high_V - low_V) / 2 / 0.05 / port.unit_V


@BOTH
@pytest.mark.parametrize("seed", [0, 1])
def test_values_are_right_at_all_corners_and_between(technology: ModuleType, seed: int) -> None:
    network = dense(seed, 6, 8, 3)
    board = technology.compile_network(network, "all", "All", answer="value", inputs="analogue")
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=6)))
    inside = np.random.default_rng(99).random((500, 6))
    answers = [abs(value) for corner in corners for value in network.forward(corner)]
    full = max(1.0, *answers)
    assert full_scale(board, network) >= full * (1 - 1e-9)
    where = np.vstack([corners, inside])
    off_V = np.abs(law_V(board, where) - ideal_V(board, where))
    assert off_V.max() < 0.01 * full * (board.outputs[0].unit_V or 0.0)
    assert len(board.cases) == 64


@BOTH
def test_values_of_many_bits_are_right_at_every_pattern(technology: ModuleType) -> None:
    network = dense(0, 10, 4, 2)
    board = technology.compile_network(network, "bits", "Bits", answer="value")
    where = np.array(list(itertools.product((0.0, 1.0), repeat=10)))
    full_V = full_scale(board, network) * (board.outputs[0].unit_V or 0.0)
    assert np.abs(law_V(board, where) - ideal_V(board, where)).max() < 0.01 * full_V
    assert "64 of 1024 patterns are its cases" in board.notes


@BOTH
@pytest.mark.parametrize("count", [10, 14])
def test_an_answer_that_is_no_level_at_an_untried_pattern(
    technology: ModuleType, count: int
) -> None:
    network = unclear_at(untried(count))
    with pytest.raises(CircuitRefused, match=r"Y1: would show .* where a 0 is due"):
        technology.compile_network(network, "unclear", "Unclear")
    # Whoever names the patterns may know that the others never come.
    board = technology.compile_network(network, "unclear", "Unclear", at=points(count)[:20])
    (note,) = [note for note in board.notes if "cases" in note]
    assert note.startswith(f"20 of {2**count} patterns are its cases")
    assert re.search(r"answers may be wrong at 1 of \d+ other points$", note)
    assert ("patterns were checked" in note) == (count > 12)


@BOTH
def test_an_output_that_is_hardly_ever_a_level(technology: ModuleType) -> None:
    def two(weight: float, bias: float) -> Network:
        return network_of(Layer(((0.1, 0.0), (0.0, weight)), (0.0, bias), "linear"))

    # From 0.4 to 0.6, always between the thresholds at 0.3 and 0.7, while the other is always 0.
    with pytest.raises(CircuitRefused, match="Y2: 64 of 64 cases are too close to call"):
        technology.compile_network(two(0.2, 0.4), "hollow", "Hollow", inputs="analogue")
    # From 0 to 0.4: clear up to somewhat less than 0.3.
    board = technology.compile_network(two(0.4, 0.0), "some", "Some", inputs="analogue")
    unasked = sum(case.expected["Y2"] is None for case in board.cases)
    assert 64 / 4 <= unasked <= 64 / 2
    assert f"too close to call, of 64 points: Y2 {unasked}" in board.notes
    assert {case.expected["Y1"] for case in board.cases} == {0}
