"""What is expected of sound boards that rest at corners, against boards that are drawn."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from realnet_hw.diagnose.dictionary import dictionary
from realnet_hw.diagnose.inference import Predicted, Predictor
from realnet_hw.diagnose.readings import Probe
from realnet_hw.diagnose.responses import Responder
from realnet_hw.diagnose.universe import Fault, Hypothesis, Universe
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.tolerances import draw
from tests.bench import runs

CASE = {"X": 0.0, "Y": 5.0}
NETS = ("A2", "H1")
BOARDS, OFF_V = 400, 0.03 * 3**0.5


@dataclass(frozen=True)
class Expected:
    """Expectations and boards, in volts; boards by nets."""

    said: Predicted
    shares: NDArray[np.float64]
    drawn_V: NDArray[np.float64]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """A board whose diodes at H1 may or may not conduct, at inputs that are off by millivolts."""
    _, _, deck = runs.described("xor_realnet")
    engine = CompiledEngine()
    nodes = [deck.nodes[net] for net in NETS]
    sound = Universe((Fault("healthy", "healthy"),), (Hypothesis(0, ""),))
    folder: Path = tmp_path_factory.mktemp("dictionary")
    book = dictionary(Responder(deck, engine, [CASE], nodes), sound, folder=folder)
    probes = [Probe("volt", tuple(CASE.items()), net) for net in NETS]
    ways = book.universe.hypotheses
    chance = random.Random(3)
    sets = [
        {
            **board,
            **{
                deck.inputs[name].element: volts + chance.uniform(-OFF_V, OFF_V)
                for name, volts in CASE.items()
            },
        }
        for board in draw(deck.spreads, BOARDS, 3)
    ]
    return Expected(
        Predictor(deck, book).predicted(probes, range(len(ways))),
        np.array([way.share for way in ways]),
        engine.operating_point(deck, sets, nodes),
    )


def test_as_many_boards_are_expected_to_rest_as_do(expected: Expected) -> None:
    said = expected.said
    sigma_V = np.sqrt((said.linear[:, 1] ** 2).sum(-1) + said.own[:, 1])
    rest_V = 0.015
    at_rest = norm.cdf(rest_V, said.mean[:, 1], sigma_V) - norm.cdf(
        -rest_V, said.mean[:, 1], sigma_V
    )
    share = float(np.mean(np.abs(expected.drawn_V[:, 1]) < rest_V))
    assert 0.5 < share < 0.97  # else there is no corner here
    assert float(expected.shares @ at_rest) == pytest.approx(share, abs=0.1)


def test_a_voltage_that_no_package_is_fed_by_moves_as_its_tolerance_lets_it(
    expected: Expected,
) -> None:
    """A2 is biased from +5V, which feeds no op-amp: 0.4 V more of it would double its spread."""
    said = expected.said
    sigma_V = np.sqrt((said.linear[0, 0] ** 2).sum() + said.own[0, 0])
    # Of the fixture's inputs nothing is in what parts do.
    inputs_V = np.abs(said.slopes[:, 0, 0]).mean(axis=0) * OFF_V / 3**0.5
    assert np.hypot(sigma_V, np.hypot(*inputs_V)) == pytest.approx(
        expected.drawn_V[:, 0].std(), rel=0.15
    )
