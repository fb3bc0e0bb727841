"""Boards of 555 neurons compiled from threshold networks, by their laws and by the simulator."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.cells.timer import TimerCell
from realnet_hw.cells.timer_inverter import TimerInverter
from realnet_hw.cells.timer_monostable import Monostable
from realnet_hw.cells.timer_threshold import TimerThreshold
from realnet_hw.cells.timer_trigger_edge import TriggerEdge
from realnet_hw.cli import main
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.network.network import Layer, Network
from realnet_hw.predict.asking import Fired, asking_of
from realnet_hw.predict.levels import sources
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.technology.timer_555 import compile_network
from realnet_hw.technology.timer_tasks import neuron_tasks
from tests.technology.networks import network_of

# Both of A and B, or C but not A: two layers, three inputs, weights of both signs.
EITHER = {
    "format": "realnet-network",
    "version": 1,
    "inputs": ["A", "B", "C"],
    "outputs": ["Y"],
    "layers": [
        {"weight": [[1, 1, 0], [-1, 0, 1]], "bias": [-1.5, -0.5], "activation": "threshold"},
        {"weight": [[1, 1]], "bias": [-0.5], "activation": "threshold"},
    ],
}


def steps(*rows: tuple[float, ...], bias: tuple[float, ...]) -> Layer:
    return Layer(rows, bias, "threshold")


def by_law(board: Board, volts: dict[str, float], rail_V: float = 15.0) -> dict[str, int]:
    """What a board of ideal parts shows, cell by cell; a drive half a volt below the rail."""
    nets = dict(volts)
    cells = [cell for cell in board.cells if hasattr(cell, "output")]
    while missing := [cell for cell in cells if cell.output not in nets]:
        for cell in missing:
            try:
                nets[cell.output] = _shown(cell, nets, rail_V)
            except KeyError:
                continue
    return {name: int(nets[name] > rail_V / 6) for name in board.network.outputs}


def _shown(cell, nets: dict[str, float], rail_V: float) -> float:
    match type(cell).__name__:
        case "DoubledReference":
            return 10.0
        case "BufferedDivider":
            return float(cell.law(rail_V if cell.source == "+15V" else nets[cell.source]))
        case "Monostable":
            return float(cell.width_s(nets[cell.level] if cell.level else 10.0, rail_V))
        case "TriggerEdge":
            return 0.0
        case "LevelShift":
            return float(cell.law(nets[cell.source], rail_V))
        case "LevelComplement":
            return float(cell.law(nets[cell.source], nets[cell.middle]))
        case "TimerInverter":
            return rail_V - nets[cell.source]
        case "OutputDivider":
            return float(cell.law(nets[cell.source]))
        case "TimerThreshold":
            reached_V = cell.reached_V([nets[pulse] for pulse in cell.pulses], rail_V - 0.53)
            return 0.0 if reached_V > nets[cell.level] else rail_V
    raise AssertionError(type(cell))


def threshold_network(seed: int) -> Network:
    """Small whole weights of both signs, biases half way between whole numbers."""
    rng = np.random.default_rng(seed)
    widths = [3, int(rng.integers(2, 4)), int(rng.integers(1, 3))]
    layers = []
    for before, after in itertools.pairwise(widths):
        weight = rng.integers(-2, 3, size=(after, before)).astype(float)
        bias = rng.integers(-2, 2, size=after) + 0.5
        layers.append(steps(*map(tuple, weight.tolist()), bias=tuple(bias.tolist())))
    return network_of(*layers)


# Most random networks answer the same to everything, and are refused. These don't.
@pytest.mark.parametrize("seed", [1, 2, 6, 12])
def test_random_networks_show_their_truth_table_at_every_rail(seed: int) -> None:
    board = compile_network(threshold_network(seed), "random", "Random")
    assert len({tuple(case.expected.values()) for case in board.cases}) > 1
    for case, rail_V in itertools.product(board.cases, (14.25, 15.0, 15.75)):
        assert by_law(board, dict(case.inputs), rail_V) == case.expected


def test_xor_has_nine_timers_of_neurons_and_margins_of_100_mV() -> None:
    board = load_board("xor_555")
    assert [case.expected["Y"] for case in board.cases] == [0, 1, 1, 0]
    kinds = [type(cell) for cell in board.cells if isinstance(cell, TimerCell)]
    waits = [cell for cell in board.cells if isinstance(cell, Monostable) and not cell.level]
    assert kinds.count(Monostable) - len(waits) + kinds.count(TimerThreshold) == 9
    # One negative weight, one complement.
    assert kinds.count(TimerInverter) == 1
    assert board.network is not None
    weights = [w for layer in board.network.layers for row in layer.weight for w in row]
    assert sum(weight < 0 for weight in weights) == 1
    assert board.limits["margin_V"] > 0.1


def test_an_inverter_at_the_output_saves_complements_of_all_inputs() -> None:
    board = load_board("majority_555")
    assert [case.expected["Y"] for case in board.cases] == [0, 0, 0, 1, 0, 1, 1, 1]
    assert sum(isinstance(cell, TimerInverter) for cell in board.cells) == 1
    assert {type(cell).__name__ for cell in board.cells}.isdisjoint({"LevelComplement"})


def test_what_takes_no_part_has_no_monostable() -> None:
    # A weight of 0, a neuron that is always on, and one that nobody listens to.
    network = network_of(
        steps((1.0, 0.0), (1.0, 1.0), (1.0, 1.0), bias=(-0.5, 5.0, -0.5)),
        steps((1.0, 1.0, 0.0), bias=(-1.5,)),
    )
    tasks = neuron_tasks(network, list(itertools.product((0.0, 1.0), repeat=2)))
    assert [(task.name, [source.net for source in task.task.sources]) for task in tasks] == [
        ("H1", ["X1"]),
        ("Y1", ["H1"]),
    ]
    board = compile_network(network, "some", "Some")
    assert sum(isinstance(cell, Monostable) and bool(cell.level) for cell in board.cells) == 2


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (network_of(Layer(((1.0,),), (0.0,), "relu")), {}, "layer 1 is relu .*threshold"),
        (network_of(steps((1.0,), bias=(-0.5,))), {"answer": "value"}, "read as value"),
        (network_of(steps((1.0,), bias=(-0.5,))), {"inputs": "analogue"}, "analogue inputs"),
        (network_of(steps((1.0,) * 9, bias=(-0.5,))), {}, "9 inputs .*up to 8"),
        (network_of(steps((1.0,), bias=(0.5,))), {}, "Y1: is 1 whatever the inputs are"),
        (network_of(steps((1.0, 0.9, 0.15), bias=(-0.97,))), {}, "Y1: with X1 .* would do"),
        (network_of(steps((1.0,), bias=(-0.5,)), inputs=("TRIG",)), {}, "TRIG would name a net"),
        (network_of(steps((1.0,), bias=(-0.5,)), inputs=("Y1_P1",)), {}, "Y1_P1 would name"),
    ],
)
def test_refuses_what_it_can_not_make(network: Network, options: dict, message: str) -> None:
    with pytest.raises(CircuitRefused, match=message):
        compile_network(network, "refused", "Refused", **options)


def test_a_board_is_read_after_the_last_pulse_and_triggers_in_time() -> None:
    board = load_board("xor_555")
    firing = board.firing
    assert firing is not None
    cells = [cell for cell in board.cells if isinstance(cell, Monostable)]
    for layer in ("H1", "H2"):
        longest_s = sum(
            cell.width_s(10.0, 14.25) for cell in cells if cell.name.startswith(f"{layer}_P")
        )
        # The delay with its divider at the bound, all else as it should be, is longer.
        wait = next(cell for cell in cells if not cell.level)
        assert wait.width_s(9.45, 15.0) > 1.01 * longest_s
    last_s = sum(cell.width_s(10.0, 15.0) for cell in cells if cell.name.startswith("Y_P"))
    assert firing.read_after_s > wait.width_s(10.55, 15.0) + 1.02 * last_s
    assert firing.trigger_s < min(cell.width_s(5.0, 15.75) for cell in cells if cell.level)
    assert {point.kind for point in board.test_points} == {"pulse", "voltage"}


def test_what_starts_a_pulse_takes_no_more_current_than_a_timer_delivers() -> None:
    """TLC555: 10 mA out of OUT (15 mA at most); it is triggered below half of CONT."""
    edges = [cell for cell in load_board("xor_555").cells if isinstance(cell, TriggerEdge)]
    assert len(edges) == 4
    for edge in edges:
        assert 15.75 / edge.series_ohm < 10e-3
        left_V = 15.75 * edge.series_ohm / (edge.resistor_ohm + edge.series_ohm)
        assert left_V < 0.8 * 5.0 / 2


def test_a_board_from_a_file_alone_shows_its_truth_table_in_the_simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "boards").mkdir()
    (tmp_path / "either.json").write_text(json.dumps(EITHER), "utf-8")
    monkeypatch.chdir(tmp_path)
    command = ["new", "either", "--network", "either.json", "--technology", "timer_555", "--json"]
    assert main(command) == 0
    assert json.loads(capfd.readouterr().out)["technology"] == "timer_555"
    board = load_board("either")
    deck = deck_from(netlist.from_board(board), board)
    asking = asking_of(board, deck)
    assert isinstance(asking, Fired)
    cases = [case for case in board.cases if case.inputs["A"] > 7 > case.inputs["C"]]
    assert [case.expected["Y"] for case in cases] == [0, 1]
    found = asking.answers(deck, NgspiceEngine(), [sources(deck, case.inputs) for case in cases])
    names = [*asking.voltages, *asking.pulses]
    for case, row in zip(cases, found, strict=True):
        shown = dict(zip(names, row, strict=True))
        assert case.shown_by({"Y": shown["Y"]}, board.logic), case
        for cell in board.cells:
            if isinstance(cell, Monostable) and cell.level:
                level_V = shown.get(cell.level, case.inputs.get(cell.level))
                width_s = cell.width_s(level_V, 15.0)
                assert shown[cell.output] == pytest.approx(width_s, rel=0.01), cell.name
