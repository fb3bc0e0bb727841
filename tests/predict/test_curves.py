"""Transfer curves and surfaces: against the cells' law, and their bands against other boards."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from realnet_hw import records
from realnet_hw.board import Board, Port
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, Spread
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import ngspice
from realnet_hw.predict.curves import curve, curves_shown, surface
from realnet_hw.predict.levels import sources
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from tests.predict.boards import board_of, deck_of

Xor = tuple[Board, Netlist, Deck]
BOARDS = 120
# Turns on at 3 V and off at 2 V.
LATCH = deck_of(
    ["X1"], ["Y"], "b1 y 0 v=2.5+2.5*tanh(20*(v(x1)+0.2*v(y)-3))", "c1 y 0 1e-9"
)  # fmt: skip


@pytest.fixture(scope="module")
def curves(engine: NgspiceEngine, xor: Xor) -> list[records.Curve]:
    board, _, deck = xor
    drawn = draw(deck.spreads, BOARDS, 1)
    return [curve(board, deck, engine, drawn, one) for one in curves_shown(board, deck, engine)]


def law(board: Board, inputs_V: dict[str, float], reference_V: float) -> tuple[float, float]:
    """Return the output by the cells' laws, and what a 0.1 mV offset everywhere can add to it."""
    (port,) = board.outputs
    volts = dict(inputs_V)
    offset_V = dict.fromkeys(volts, 0.0)
    neurons = [cell for cell in board.cells if isinstance(cell, SummingNeuron)]
    for net in {net for cell in neurons for net in cell.inputs} - {cell.output for cell in neurons}:
        volts.setdefault(net, reference_V)
        offset_V.setdefault(net, 0.0)
    for cell in neurons:
        volts[cell.output] = cell.law(volts)
        gains = (cell.feedback_ohm / ohm * offset_V[net] for net, ohm in cell.inputs.items())
        offset_V[cell.output] = 1e-4 * cell.noise_gain() + sum(gains)
    return volts[port.net], offset_V[port.net]


def test_both_curves_of_each_input(curves: list[records.Curve], xor: Xor) -> None:
    """Of an exclusive or: the output rises with one input low, and falls with it high."""
    assert [one.input for one in curves] == ["X1", "X1", "X2", "X2"]
    for rising, falling in (curves[:2], curves[2:]):
        assert [*rising.held_V.values(), *falling.held_V.values()] == [0.0, 5.0]
        assert rising.outputs["Y"].nominal_V[0] < 0.1 < 4.5 < rising.outputs["Y"].nominal_V[-1]
        assert falling.outputs["Y"].nominal_V[0] > 4.5 > 0.1 > falling.outputs["Y"].nominal_V[-1]


def test_nominal_curves_are_the_cells_law(
    curves: list[records.Curve], engine: NgspiceEngine, xor: Xor
) -> None:
    """At every point, within 1 mV and what offsets make of it."""
    board, _, deck = xor
    reference_V = float(engine.operating_point(deck, [{}], ["vref"])[0, 0])
    for one in curves:
        for volts, found_V in zip(one.input_V, one.outputs["Y"].nominal_V, strict=True):
            expected_V, offset_V = law(board, {**one.held_V, one.input: volts}, reference_V)
            assert found_V == pytest.approx(expected_V, abs=1e-3 + offset_V)


def test_ideal_curves_are_the_network_s(curves: list[records.Curve], xor: Xor) -> None:
    """Computed again from the weights, with numpy."""
    network = xor[0].network
    assert network is not None
    for one in curves:
        names = list(network.inputs)
        volts = np.array(
            [[{**one.held_V, one.input: volt}[name] for name in names] for volt in one.input_V]
        )
        values = volts / 5.0
        for layer in network.layers:
            sums = values @ np.array(layer.weight).T + np.array(layer.bias)
            values = np.maximum(sums, 0) if layer.activation == "relu" else sums
        assert one.outputs["Y"].ideal_V == pytest.approx(values[:, 0] * 5.0, abs=1e-6)


def test_bands_hold_other_boards(
    curves: list[records.Curve], engine: NgspiceEngine, xor: Xor
) -> None:
    """Of boards from another draw at most 5 % of points lie outside a band made for 1 %."""
    deck = xor[2]
    one = curves[0]
    line = one.outputs["Y"]
    drawn = [
        {**parameters, **sources(deck, one.held_V)} for parameters in draw(deck.spreads, 20, 9)
    ]
    others = engine.sweep(deck, drawn, ["y"], source="v_x1", values=one.input_V)[:, :, 0]
    outside = (others < np.array(line.low_V)) | (others > np.array(line.high_V))
    assert outside.mean() < 0.05
    assert one.boards == BOARDS
    # One per cent resistors with gains of two and three: tenths of a volt, not more.
    width_V = np.array(line.high_V) - line.low_V
    assert 0.1 < width_V.max() < 2.0
    assert np.all(np.array(line.low_V) <= line.nominal_V)
    assert np.all(np.array(line.nominal_V) <= line.high_V)


def test_boards_that_are_outermost_at_coarse_points_make_the_band(
    curves: list[records.Curve], engine: NgspiceEngine, xor: Xor
) -> None:
    """Of the very boards, all solved at every point, hardly one lies outside, and by little."""
    deck = xor[2]
    one = curves[1]
    low_V, high_V = (np.array(side) for side in (one.outputs["Y"].low_V, one.outputs["Y"].high_V))
    drawn = [{**each, **sources(deck, one.held_V)} for each in draw(deck.spreads, BOARDS, 1)]
    volts = engine.sweep(deck, drawn, ["y"], source="v_x1", values=one.input_V)[:, :, 0]
    np.testing.assert_allclose(low_V[::10], volts.min(axis=0)[::10], rtol=0, atol=2e-6)
    np.testing.assert_allclose(high_V[::10], volts.max(axis=0)[::10], rtol=0, atol=2e-6)
    outside = (volts < low_V - 2e-6) | (volts > high_V + 2e-6)
    assert outside.mean(axis=0).max() < 0.01
    beyond_V = np.maximum(low_V - volts, volts - high_V).max()
    assert beyond_V < 0.01 * (high_V - low_V).max()


def test_boards_that_bend_or_cross_between_coarse_points_are_in_the_band(
    engine: NgspiceEngine,
) -> None:
    """Rectifiers turn on anywhere and with any slope; solved at every point, not one is outside."""
    deck = deck_of(
        ["X1"],
        ["Y"],
        "b1 y 0 v=v(g)*max(v(x1)-v(k),0)-v(x1)",
        "v_k k 0 2",
        "v_g g 0 2",
        spreads=[
            Spread("v_k", "K", 2.0, "uniform", 1.0, 4.0),
            Spread("v_g", "G", 2.0, "uniform", 1.0, 3.0),
        ],
    )
    board = board_of(["X1"], ["Y"])
    drawn = draw(deck.spreads, BOARDS, 1)
    (shown,) = curves_shown(board, deck, engine)
    line = curve(board, deck, engine, drawn, shown).outputs["Y"]
    x_V = np.linspace(0, 5, 101)
    volts = np.array([one["v_g"] * np.maximum(x_V - one["v_k"], 0) - x_V for one in drawn])
    np.testing.assert_allclose(line.low_V, np.minimum(volts.min(axis=0), line.nominal_V), atol=2e-6)
    np.testing.assert_allclose(
        line.high_V, np.maximum(volts.max(axis=0), line.nominal_V), atol=2e-6
    )


def test_a_surface_s_rows_are_transfer_curves(
    curves: list[records.Curve], engine: NgspiceEngine, xor: Xor
) -> None:
    board, _, deck = xor
    made = surface(board, deck, engine, draw(deck.spreads, 3, 1), "X1", "X2")
    sheet = made.outputs["Y"]
    assert np.shape(sheet.nominal_V) == (len(made.up_V), len(made.across_V))
    assert sheet.ideal_V is not None
    for one, row in ((curves[0], 0), (curves[1], -1)):
        line = one.outputs["Y"]
        assert made.up_V[row] == one.held_V["X2"]
        assert line.ideal_V is not None
        for values, rows in ((line.nominal_V, sheet.nominal_V), (line.ideal_V, sheet.ideal_V)):
            between = np.interp(made.across_V, one.input_V, values)
            # A corner between two points of the curve is cut off: 2 V/V over a hundredth of 5 V.
            assert rows[row] == pytest.approx(between, abs=0.05)
    # The function is symmetric, and so is the board.
    assert np.array(sheet.nominal_V) == pytest.approx(np.array(sheet.nominal_V).T, abs=5e-3)
    assert np.all(np.array(sheet.low_V) <= np.array(sheet.high_V))


def test_a_board_without_network_has_no_ideal(engine: NgspiceEngine) -> None:
    board = board_of(["X1", "X2"], ["Y", "Z"])
    deck = deck_of(["X1", "X2"], ["Y", "Z"], "b1 y 0 v=v(x1)*v(x2)/5", "b2 z 0 v=v(x1)-v(x2)")
    made = surface(board, deck, engine, [{}, {}], "X2", "X1")
    assert made.outputs["Y"].ideal_V is None
    across, up = np.meshgrid(made.across_V, made.up_V)
    assert np.array(made.outputs["Y"].nominal_V) == pytest.approx(across * up / 5, abs=1e-6)
    assert np.array(made.outputs["Z"].nominal_V) == pytest.approx(up - across, abs=1e-6)


def test_a_sweep_of_a_latch_does_not_depend_on_its_direction(
    engine: NgspiceEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ngspice's own sweep would follow the latch up to its upper threshold."""
    values = np.linspace(0, 5, 51).tolist()
    sets: list[dict[str, float]] = [{"c1": capacity} for capacity in (1e-9, 2e-9, 3e-9)]

    def swept(values: list[float]) -> npt.NDArray[np.float64]:
        return engine.sweep(LATCH, sets, ["y"], source="v_x1", values=values)[:, :, 0]

    assert swept(values) == pytest.approx(swept(values[::-1])[:, ::-1], abs=1e-4)
    alone = engine.operating_point(LATCH, [{"v_x1": volts} for volts in values], ["y"])
    assert swept(values)[0] == pytest.approx(alone[:, 0], abs=1e-4)
    monkeypatch.setattr(ngspice, "_FOLLOWED_WITHIN_V", np.inf)
    assert np.abs(swept(values) - swept(values[::-1])[:, ::-1]).max() > 4


def test_following_a_sweep_gives_what_solving_anew_gives(engine: NgspiceEngine, xor: Xor) -> None:
    deck = xor[2]
    drawn = draw(deck.spreads, 4, 2)
    for values in (np.linspace(0, 5, 37).tolist(), np.linspace(5, 0, 12).tolist()):
        followed = engine.sweep(deck, drawn, ["y", "h1"], source="v_x1", values=values)
        anew = [
            engine.sweep(deck, [one], ["y", "h1"], source="v_x1", values=values)[0] for one in drawn
        ]
        np.testing.assert_allclose(followed, anew, rtol=0, atol=1e-6)


def test_a_port_without_range_is_refused(engine: NgspiceEngine) -> None:
    board = board_of(["X1"], ["Y"])
    port = Port("X1", "X1", "input", min_V=2.0, max_V=2.0)
    stuck = dataclasses.replace(board, ports=(port, *board.outputs))
    deck = deck_of(["X1"], ["Y"], "b1 y 0 v=v(x1)")
    (shown,) = curves_shown(stuck, deck, engine)
    with pytest.raises(InputError, match="2 to 2 V"):
        curve(stuck, deck, engine, [{}, {}], shown)
