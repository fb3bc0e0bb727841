"""What protects an array's transistors and charges when its bench does not behave.

Ref: Advanced Linear Devices, ALD114804/ALD114904 datasheet (2016), another quad array of the maker:
10.6 V between drain and source and between gate and source, every pin between V- and V+ at all
times; the ALD1106's own sheet was not at hand. Texas Instruments SLOS456, LM4040: 15 mA.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from realnet_hw.board import Board
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.parts.catalogue import part_type
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.technology.array_2t1c import (
    COLUMNS_MAX,
    STORE_MAX_V,
    STORE_MIN_V,
    PULSE_LIMIT_s,
    Shape,
    WRITE_s,
    array_board,
)

SHAPE = Shape(inputs=1, hidden=0, outputs=1)
LINES = 4
SOURCE_MAX_V = 10.24
"""What the fixture's sources can do at most, whatever a board declares."""
STEP_s = 2e-6
EDGE_s = 1e-7

Volts = npt.NDArray[np.float64]
Course = list[tuple[float, float]]


@pytest.fixture(scope="module")
def board() -> Board:
    return array_board("array", "Array under test", SHAPE, stored_V=[[[2.5] * 2] * 4])


@pytest.fixture(scope="module")
def deck(board: Board) -> Deck:
    """The board with its capacitors left to themselves."""
    made = deck_from(from_board(board), board)
    for source in made.held.values():
        made = made.with_element(source.element)
    return made


def course(deck: Deck, nets: list[str], end_s: float) -> dict[str, Volts]:
    nodes = [deck.nodes[net] for net in nets]
    volts = NgspiceEngine().transient(deck, [{}], nodes, end_s=end_s, step_s=STEP_s)[0]
    return dict(zip(nets, volts.T, strict=True))


def at(volts: Volts, time_s: float) -> float:
    return float(volts[round(time_s / STEP_s)])


def high(*spans: tuple[float, float]) -> Course:
    """A logic line that is high from one time to another."""
    return [
        (0.0, 0.0),
        *itertools.chain(
            *([(a, 0.0), (a + EDGE_s, 5.0), (b, 5.0), (b + EDGE_s, 0.0)] for a, b in spans)
        ),
    ]


def test_a_line_that_stays_high_is_closed(deck: Deck) -> None:
    """The capacitor then keeps what it had, whatever the data line does."""
    start_s, moved_s, released_s, again_s = 2e-5, 3e-4, 4e-4, 4.2e-4
    line, data = deck.writers["LINE0"].element, deck.writers["DATA1"].element
    stuck = deck.with_waveform(line, high((start_s, released_s), (again_s, again_s + WRITE_s)))
    stuck = stuck.with_waveform(
        data, [(0.0, 4.0), (moved_s, 4.0), (moved_s + EDGE_s, 1.5), (5e-4, 1.5)]
    )
    found = course(stuck, ["WL0", "W1_0_0"], 5e-4)
    open_s = float((found["WL0"][: round(released_s / STEP_s)] > 3.75).sum()) * STEP_s
    assert open_s == pytest.approx(PULSE_LIMIT_s, rel=0.1)
    assert at(found["W1_0_0"], moved_s - STEP_s) == pytest.approx(4.0, abs=0.01)
    assert at(found["W1_0_0"], again_s - STEP_s) == pytest.approx(4.0, abs=0.01)
    # Once it has been low, it writes again.
    assert at(found["W1_0_0"], 5e-4 - STEP_s) == pytest.approx(1.5, abs=0.01)


def test_lines_that_take_turns_are_never_closed(deck: Deck) -> None:
    """A refresh: each line is open for as long as a write takes, five microseconds apart."""
    turn_s = WRITE_s + 5e-6
    for line in range(LINES):
        element = deck.writers[f"LINE{line}"].element
        deck = deck.with_waveform(element, high((line * turn_s + EDGE_s, line * turn_s + WRITE_s)))
    deck = deck.with_waveform(deck.writers["DATA2"].element, [(0.0, 3.0), (EDGE_s, 3.0)])
    stores = [f"W1_{row}_1" for row in range(LINES)]
    found = course(deck, [*stores, "VTH"], LINES * turn_s)
    assert (found["VTH"] < 2.6).all()
    assert [found[store][-1] for store in stores] == pytest.approx([3.0] * LINES, abs=0.01)


def test_every_pin_stays_between_its_packages_rails_while_power_comes(deck: Deck) -> None:
    """-12 V, then +12 V, each within a millisecond, then the inputs, as the bench does."""
    ramps: dict[str, Course] = {
        deck.supplies["-12V"].element: [(0.0, 0.0), (1e-3, -12.0)],
        deck.supplies["+12V"].element: [(0.0, 0.0), (1e-3, 0.0), (2e-3, 12.0)],
        deck.inputs["X1"].element: [(0.0, 0.0), (2.5e-3, 0.0), (2.6e-3, -1.0), (3e-3, -1.0)],
        deck.nudges["N1P"].element: [(0.0, 0.0), (2.5e-3, 0.0), (2.6e-3, 1.0), (3e-3, 1.0)],
        deck.writers["DATA1"].element: [(0.0, 0.0), (2.5e-3, 0.0), (2.6e-3, 5.0), (3e-3, 5.0)],
    }
    for element, points in ramps.items():
        deck = deck.with_waveform(element, points)
    words = [f"WL{line}" for line in range(LINES)]
    stores = [f"W1_{row}_{column}" for row in range(4) for column in range(2)]
    pins = [*SHAPE.rows, *SHAPE.output_columns, "D1", "D2", *words, *stores]
    found = course(deck, [*pins, "VDD", "VSS"], 3e-3)
    most_V = part_type("ald1106").limits["rail_to_rail_V"]
    assert (found["VDD"] - found["VSS"]).max() < most_V
    for pin in pins:
        assert (found[pin] - found["VSS"]).min() > -0.3, pin
        assert (found[pin] - found["VDD"]).max() < 0.3, pin
    assert max(found[word].max() for word in words) < 0.1


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("supply", [0.95, 1.05])
def test_sources_at_their_limits_harm_nothing(deck: Deck, sign: int, supply: float) -> None:
    """Rows and columns stay well within the rails, references within their currents.

    One output only: with four, B's amplifier is at its short-circuit current.
    """
    references = {
        name: line.split()
        for line in deck.elements
        if "lm4040" in line
        for name in [line.split()[0]]
    }
    for name, (_, cathode, anode, model) in references.items():
        deck = deck.with_element(
            name, f"v_{name} {cathode} {name}_k 0", f"{name} {name}_k {anode} {model}"
        )
    driven = [
        *deck.inputs.values(),
        *deck.nudges.values(),
        *(deck.writers[name] for name in ("DATA1", "DATA2")),
    ]
    parameters = {source.element: sign * SOURCE_MAX_V for source in driven}
    parameters |= {source.element: source.volts * supply for source in deck.supplies.values()}
    nets = [*SHAPE.rows, *SHAPE.output_columns]
    data = ["D1", "D2"]
    asked = [*(deck.nodes[net] for net in [*nets, *data]), *(f"i(v_{name})" for name in references)]
    volts = NgspiceEngine().operating_point(deck, [parameters], asked)[0]
    assert abs(volts[: len(nets)]).max() < 1.6
    clamped = volts[len(nets) : len(nets) + 2]
    assert clamped.min() > -0.6
    assert clamped.max() < 5.6
    currents_A = volts[len(nets) + 2 :]
    assert currents_A.min() > 89e-6
    assert currents_A.max() < 15e-3


@pytest.mark.parametrize("volts", [-1.0, 1.0])
@pytest.mark.parametrize("open_rail", ["-12V", "+12V"])
def test_a_supply_that_is_open_takes_no_pin_past_its_rails(
    deck: Deck, open_rail: str, volts: float
) -> None:
    """The amplifiers' supply current moves an open rail across ground, as far as its diode lets."""
    supply = deck.supplies[open_rail].element
    _, plus, minus, *_ = deck.element(supply).split()
    opened = deck.with_element(supply, f"r_open {plus} {minus} 1e7")
    driven = [*deck.inputs.values(), *deck.nudges.values()]
    nets = [open_rail, "VSS", "VDD", *SHAPE.rows, *SHAPE.output_columns, "D1", "D2", "WL0"]
    found = NgspiceEngine().operating_point(
        opened, [{source.element: volts for source in driven}], [deck.nodes[net] for net in nets]
    )[0]
    rail, substrate, positive = found[:3]
    assert abs(rail) < 0.4
    assert found[3:].min() > substrate - 0.3
    assert found[3:].max() < positive + 0.3


def test_a_row_carries_its_heaviest_load() -> None:
    """Rows that conduct take turns with rows that do not, on transistors of the lowest threshold:
    every column is far from its row, and rows are still what they should be within 2 mV.
    Four columns more, and the bias row is at its amplifier's short-circuit current."""
    shape = Shape(inputs=7, hidden=0, outputs=COLUMNS_MAX // 2)
    stored = [
        [[STORE_MIN_V if row % 2 else STORE_MAX_V] * COLUMNS_MAX for row in range(len(shape.rows))]
    ]
    loaded = array_board("array", "Array under load", shape, stored_V=stored)
    deck = deck_from(from_board(loaded), loaded)
    low = {s.parameter: s.low for s in deck.spreads if s.parameter.endswith(".vlot")}
    assert low
    nets = ["X1", "X1N", "B", "BN"]
    bias_V = 5.0 * 10 / 50.2
    for volts in (-1.0, 1.0):
        driven = [*deck.inputs.values(), *deck.nudges.values()]
        parameters = {**low, **{source.element: volts for source in driven}}
        rows = NgspiceEngine().operating_point(deck, [parameters], [deck.nodes[n] for n in nets])[0]
        assert rows[0] == pytest.approx(volts, abs=2e-3)
        assert rows[1] == pytest.approx(-volts, abs=2e-3)
        assert rows[2] == pytest.approx(bias_V, abs=2e-3)
        assert rows[3] == pytest.approx(-bias_V, abs=2e-3)
