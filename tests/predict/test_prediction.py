"""The prediction of ``xor_opamp``: against the ideal law, the draw and itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.board import Board, Case, Logic, TestPoint
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import faults
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.prediction import predict
from realnet_hw.predict.tolerances import draw

Xor = tuple[Board, Netlist, Deck]
SAMPLES = 60


@pytest.fixture(scope="module")
def prediction(engine: NgspiceEngine, xor: Xor) -> records.Prediction:
    board, netlist, deck = xor
    return predict(board, deck, netlist, engine, samples=SAMPLES, seed=4)


def nominal(prediction: records.Prediction) -> dict[str, float]:
    return {
        f"{index}.{name}": value.nominal_V
        for index, case in enumerate(prediction.cases)
        for name, value in {**case.outputs, **case.nodes}.items()
    }


def test_truth_table(prediction: records.Prediction, xor: Xor) -> None:
    board = xor[0]
    assert [case.inputs["X1"].set_V for case in prediction.cases] == [
        case.inputs["X1"] for case in board.cases
    ]
    for case in prediction.cases:
        ones = sum(value.set_V > 2.5 for value in case.inputs.values())
        assert case.outputs["Y"].expected == ones % 2
        assert case.outputs["Y"].logic == ones % 2


def test_prediction_is_the_ideal_law_plus_the_offsets(
    prediction: records.Prediction, xor: Xor
) -> None:
    """Within 1 mV, with the reference as predicted and each amplifier's 0.1 mV amplified."""
    board = xor[0]
    neurons = [cell for cell in board.cells if isinstance(cell, SummingNeuron)]
    assert len(neurons) >= 3
    offset_V = 1e-4
    for case in prediction.cases:
        values = {**case.outputs, **case.nodes}
        volts = {port.net: case.inputs[port.name].set_V for port in board.inputs}
        volts |= {point.net: values[point.name].nominal_V for point in board.test_points
                  if point.name == "VREF"}  # fmt: skip
        effect_V = dict.fromkeys(volts, 0.0)
        for neuron in neurons:
            volts[neuron.output] = neuron.law(volts)
            gains = {net: neuron.feedback_ohm / ohm for net, ohm in neuron.inputs.items()}
            effect_V[neuron.output] = offset_V * neuron.noise_gain() + sum(
                gain * effect_V[net] for net, gain in gains.items()
            )
        names = {port.net: port.name for port in board.outputs}
        names |= {point.net: point.name for point in board.test_points}
        for neuron in neurons:
            predicted_V = values[names[neuron.output]].nominal_V
            within_V = 1e-3 + effect_V[neuron.output]
            assert predicted_V == pytest.approx(volts[neuron.output], abs=within_V)


def test_bands_hold_nominal_and_drawn_values(prediction: records.Prediction) -> None:
    columns = dict(
        zip(prediction.statistics.keys, np.array(prediction.statistics.boards_V).T, strict=True)
    )
    for index, case in enumerate(prediction.cases):
        for name, value in {**case.outputs, **case.nodes}.items():
            drawn = columns[f"{index}.{name}"]
            assert value.low_V <= value.nominal_V <= value.high_V
            assert value.low_V <= drawn.min() + 1e-6
            assert value.high_V >= drawn.max() - 1e-6


def test_statistics_are_the_drawn_boards(
    engine: NgspiceEngine, prediction: records.Prediction, xor: Xor
) -> None:
    board, _, deck = xor
    nodes = [deck.nodes[port.net] for port in board.outputs]
    nodes += [deck.nodes[point.net] for point in board.test_points]
    cases = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    for index, drawn in enumerate(draw(deck.spreads, 3, 4)):
        volts = engine.operating_point(deck, [{**drawn, **case} for case in cases], nodes)
        np.testing.assert_allclose(
            prediction.statistics.boards_V[index], volts.ravel(), rtol=0, atol=0.6e-6
        )


def test_slopes_are_those_of_the_law(prediction: records.Prediction, xor: Xor) -> None:
    """A hidden neuron's slope is its gain where it conducts and zero where it is cut off."""
    board = xor[0]
    hidden = {cell.output: cell for cell in board.cells
              if isinstance(cell, SummingNeuron) and set(cell.inputs) & {"X1", "X2"}}  # fmt: skip
    for net, neuron in hidden.items():
        gain = -neuron.feedback_ohm / neuron.inputs["X1"]
        for index, case in enumerate(prediction.cases):
            place = prediction.statistics.keys.index(f"{index}.{net}")
            conducts = abs(case.nodes[net].nominal_V) > 0.5
            for slopes in (prediction.statistics.slope_below, prediction.statistics.slope_above):
                expected = gain if conducts else 0.0
                assert slopes["X1"][place] == pytest.approx(expected, abs=2e-3)


def test_slopes_differ_at_a_rectifier_s_corner(engine: NgspiceEngine, xor: Xor) -> None:
    """With X1 just where the second hidden neuron turns off, one side is flat, one is not."""
    board, netlist, deck = xor
    neuron = next(cell for cell in board.cells
                  if isinstance(cell, SummingNeuron) and cell.output == "H2")  # fmt: skip
    current_A = 5.0 / neuron.inputs["VREF"]
    corner_V = current_A * neuron.inputs["X1"]
    case = Case(inputs={"X1": corner_V, "X2": 0.0}, expected={"Y": None})
    found = predict(dataclasses.replace(board, cases=(case,)), deck, netlist, engine, samples=2)
    place = found.statistics.keys.index("0.H2")
    gain = -neuron.feedback_ohm / neuron.inputs["X1"]
    assert found.statistics.slope_below["X1"][place] == pytest.approx(gain, rel=0.02)
    assert found.statistics.slope_above["X1"][place] == pytest.approx(0, abs=0.02)
    assert found.cases[0].outputs["Y"].expected is None
    # Nothing is asked of the output: no board is good or bad.
    assert found.yield_ is None
    assert '"yield": null' in records.encode(found)
    assert records.decode(records.encode(found)) == found


def test_the_record_says_where_its_terminals_are(engine: NgspiceEngine, xor: Xor) -> None:
    """A port may be called as it likes, even as another port's net."""
    board, netlist, deck = xor
    ports = {port.name: port for port in board.ports}
    crossed = dataclasses.replace(
        board,
        ports=(
            dataclasses.replace(ports["X1"], net="X2"),
            dataclasses.replace(ports["X2"], net="X1"),
            ports["Y"],
        ),
        test_points=(TestPoint("first", "H1"),),
    )
    inputs = {"X1": deck.inputs["X2"], "X2": deck.inputs["X1"]}
    found = predict(crossed, dataclasses.replace(deck, inputs=inputs), netlist, engine, samples=2)
    assert found.nets == {"X1": "X2", "X2": "X1", "Y": "Y", "first": "H1"}


def test_every_single_fault_has_a_signature(prediction: records.Prediction, xor: Xor) -> None:
    assert [fault.fault for fault in prediction.faults] == faults.single_faults(xor[2])
    values = nominal(prediction)
    length = len(prediction.statistics.keys)
    assert all(len(fault.values_V) == length for fault in prediction.faults)
    assert list(values) == prediction.statistics.keys
    by_name = {fault.fault: fault.values_V for fault in prediction.faults}
    healthy = list(values.values())
    # A symmetric function: swapping its inputs is the fault that no measurement can see.
    np.testing.assert_allclose(by_name["inputs X1 X2 swapped"], healthy, atol=1e-3)
    for fault in ("D1 reversed", "D1 missing", "+12V missing", "U1 missing"):
        assert np.abs(np.array(by_name[fault]) - healthy).max() > 1.0


def test_traceable(prediction: records.Prediction, xor: Xor) -> None:
    board, netlist, _ = xor
    assert prediction.circuit_sha256 == netlist.sha256()
    assert prediction.made_from["circuit"] == netlist.sha256()
    assert board.network is not None
    assert prediction.made_from["network"] == board.network.sha256()
    assert prediction.engine.startswith("ngspice ")
    assert (prediction.samples, prediction.seed) == (SAMPLES, 4)


def test_same_seed_same_record(
    engine: NgspiceEngine, prediction: records.Prediction, xor: Xor
) -> None:
    board, netlist, deck = xor
    again = predict(board, deck, netlist, engine, samples=SAMPLES, seed=4)
    assert records.encode(again) == records.encode(prediction)
    other = predict(board, deck, netlist, engine, samples=SAMPLES, seed=5)
    assert other.statistics.boards_V != prediction.statistics.boards_V
    assert nominal(other) == nominal(prediction)


def test_record_survives_the_disk(prediction: records.Prediction) -> None:
    assert records.decode(records.encode(prediction)) == prediction


def test_yield_counts_the_boards_with_every_level_right(engine: NgspiceEngine, xor: Xor) -> None:
    """With a threshold amid the spread of the ones, about half of the boards fail."""
    board, netlist, deck = xor
    strict = dataclasses.replace(
        board, logic=Logic(low_V=0.0, high_V=5.0, threshold_low_V=2.0, threshold_high_V=4.978)
    )
    found = predict(strict, deck, netlist, engine, samples=SAMPLES, seed=4)
    rows = np.array(found.statistics.boards_V)
    column = [found.statistics.keys.index(f"{index}.Y") for index in range(4)]
    ones = [index for index, case in enumerate(board.cases) if case.expected["Y"]]
    good = np.all(rows[:, [column[index] for index in ones]] >= 4.978, axis=1)
    assert found.yield_ is not None
    assert 0 < found.yield_.good < SAMPLES
    assert found.yield_.good == pytest.approx(good.sum(), abs=1)
    assert found.yield_.low < found.yield_.value < found.yield_.high


def test_progress_counts_boards_and_faults(engine: NgspiceEngine, xor: Xor) -> None:
    board, netlist, deck = xor
    seen: list[tuple[int, int]] = []
    predict(board, deck, netlist, engine, samples=2, progress=lambda *now: seen.append(now))
    total = 2 + len(faults.single_faults(deck))
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_impossible_requests_are_refused(engine: NgspiceEngine, xor: Xor) -> None:
    board, netlist, deck = xor
    with pytest.raises(InputError, match="2 or more"):
        predict(board, deck, netlist, engine, samples=1)
    with pytest.raises(InputError, match="cases"):
        predict(dataclasses.replace(board, cases=()), deck, netlist, engine)
    lost = dataclasses.replace(board, test_points=(TestPoint("TP9", "NOWHERE"),))
    with pytest.raises(InputError, match="NOWHERE"):
        predict(lost, deck, netlist, engine)


def test_each_fault_is_put_into_the_first_boards_drawn(
    engine: NgspiceEngine, prediction: records.Prediction, xor: Xor
) -> None:
    board, _, deck = xor
    nodes = [deck.nodes[net] for net in [*(p.net for p in board.outputs), *_points(board)]]
    cases = [{deck.inputs[n].element: v for n, v in case.inputs.items()} for case in board.cases]
    sound_V = np.array(prediction.statistics.boards_V)
    for signature in prediction.faults:
        assert len(signature.boards_V) >= 2
        # A part that does nothing to a steady voltage leaves every board as it was.
        if signature.fault.startswith("C") and signature.fault.endswith("missing"):
            found = np.array(signature.boards_V)
            assert np.allclose(found, sound_V[: len(found)], rtol=0, atol=2e-6)
    (fault,) = (each for each in prediction.faults if each.fault == "R2 +20 %")
    faulty = faults.apply(deck, fault.fault)
    second = draw(faulty.spreads, 2, prediction.seed)[1]
    solved = engine.operating_point(faulty, [{**second, **case} for case in cases], nodes)
    assert np.allclose(fault.boards_V[1], solved.ravel(), rtol=0, atol=1e-6)


def _points(board: Board) -> list[str]:
    return [point.net for point in board.test_points]
