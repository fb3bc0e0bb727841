"""The fixture's source and sense channel against their laws, loads, limits and bad corners."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from realnet_hw.cells.sense_channel import SenseChannel
from realnet_hw.cells.source_channel import SourceChannel
from realnet_hw.export import netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.technology import fixture_front_end as front_end

STEP_V = 5e-3
"""What a step of a converter is at a terminal."""


@pytest.fixture(scope="module")
def engine() -> NgspiceEngine:
    return NgspiceEngine()


@pytest.fixture(scope="module")
def deck() -> Deck:
    board = front_end.front_end_board()
    return deck_from(netlist.from_board(board), board)


def asked(
    deck: Deck, *, dac_V: float = 2.048, sensed_V: float = 0.0, on: bool = True
) -> dict[str, float]:
    volts = {"VDAC0": dac_V, "ADC0": sensed_V, "RELAYS": 0.0 if on else front_end.RAIL_V}
    return {deck.inputs[port].element: value for port, value in volts.items()}


def found(
    engine: NgspiceEngine, deck: Deck, sets: Sequence[Mapping[str, float]], *nets: str
) -> np.ndarray:
    return engine.operating_point(deck, sets, [deck.nodes[net] for net in nets])


def loaded(deck: Deck, element: str) -> Deck:
    return dataclasses.replace(deck, elements=(*deck.elements, element))


def test_source_is_five_times_the_distance_from_the_middle(
    engine: NgspiceEngine, deck: Deck
) -> None:
    levels_V = np.linspace(0.0, 4.096, 9)
    sets = [asked(deck, dac_V=level) for level in levels_V]
    terminal_V, shift_V = found(engine, deck, sets, "DAC0", "VSHIFT").T
    cell = front_end.source(0)
    assert isinstance(cell, SourceChannel)
    law_V = [cell.law(*pair) for pair in zip(levels_V, shift_V, strict=True)]
    # The offset of a nominal amplifier is 0.1 mV, five times that at the terminal.
    assert terminal_V - law_V == pytest.approx(np.full(9, -0.5e-3), abs=0.1e-3)
    assert terminal_V == pytest.approx(5 * (levels_V - front_end.MIDDLE_V), abs=STEP_V)


def test_sense_is_a_fifth_above_the_middle(engine: NgspiceEngine, deck: Deck) -> None:
    levels_V = np.linspace(-10.24, 10.24, 9)
    sets = [asked(deck, sensed_V=level) for level in levels_V]
    converted_V, shift_V = found(engine, deck, sets, "VADC0", "VSHIFT").T
    cell = front_end.sense(0)
    assert isinstance(cell, SenseChannel)
    law_V = [cell.law(*pair) for pair in zip(levels_V, shift_V, strict=True)]
    # A fifth of a step of the converter is what the Schottky diodes leak, at the lower end.
    assert converted_V == pytest.approx(np.array(law_V), abs=0.2e-3)
    assert converted_V == pytest.approx(levels_V / 5 + front_end.MIDDLE_V, abs=STEP_V / 5)


def test_divider_charges_the_converter_in_its_sampling_time() -> None:
    """MCP3208: 1 kohm and 20 pF inside, 0.75 us at 2 MHz; a quarter of a step of 12 bit."""
    source_ohm = front_end.sense(0).source_ohm
    assert source_ohm <= 1e3
    assert np.exp(-0.75e-6 / ((source_ohm + 1e3) * 20e-12)) < 0.25 / 4096


@pytest.mark.parametrize("dac_V", [0.0, 4.096])
def test_ten_milliamperes_cost_nothing_with_the_lowest_supply(
    engine: NgspiceEngine, deck: Deck, dac_V: float
) -> None:
    """Both ends of the range, away from ground, rails at their least, 5 % off."""
    low = deck
    for supply in front_end.SUPPLIES:
        low = low.with_supply(supply.net, supply.volts * (1 - supply.tolerance))
    low = loaded(low, "i_load dac0 0 0")
    pulled_A = 10e-3 if dac_V > 2 else -10e-3
    sets = [{**asked(low, dac_V=dac_V), "i_load": load_A} for load_A in (0.0, pulled_A)]
    free_V, pulled_V = found(engine, low, sets, "DAC0")[:, 0]
    assert abs(free_V) > 10.23
    # The reference's own resistance moves with what the shift's divider draws: not the load's.
    assert pulled_V == pytest.approx(free_V, abs=0.1 * STEP_V)


def test_output_resistance_is_that_of_no_contact(engine: NgspiceEngine, deck: Deck) -> None:
    own = loaded(deck, "i_load dac0 0 0")
    sets = [{**asked(own), "i_load": load_A} for load_A in (-10e-3, 10e-3)]
    volts = found(engine, own, sets, "DAC0")[:, 0]
    assert abs(volts[1] - volts[0]) / 20e-3 < 5e-3


def test_short_circuit_is_survived(engine: NgspiceEngine, deck: Deck) -> None:
    """The amplifier's own limit, and what that makes of 100 ohm."""
    own = loaded(deck, "v_short dac0 0 0")
    current_A = engine.operating_point(own, [asked(own, dac_V=4.096)], ["i(v_short)"])[0, 0]
    assert 30e-3 < current_A < 45e-3
    assert current_A**2 * 100.0 < 0.25


@pytest.mark.parametrize("dac_V", [0.0, 2.048, 4.096])
def test_released_the_terminal_is_grounded_and_the_amplifier_ready(
    engine: NgspiceEngine, deck: Deck, dac_V: float
) -> None:
    own = loaded(deck, "i_load 0 dac0 1e-3")
    terminal_V, held_V = found(
        engine, own, [asked(own, dac_V=dac_V, on=False)], "DAC0", "DAC0_HELD"
    )[0]
    assert terminal_V == pytest.approx(1e-3 * 100.0, rel=0.01)
    assert held_V == pytest.approx(5 * (dac_V - 2.048), rel=0.01, abs=0.02)


def test_without_its_jumper_a_released_terminal_is_open(engine: NgspiceEngine, deck: Deck) -> None:
    own = loaded(deck.with_element("xjp1", "r_open dac0_rest dac0_load 1e12"), "i_load 0 dac0 1e-9")
    assert found(engine, own, [asked(own, on=False)], "DAC0")[0, 0] > 10.0


def test_a_sense_takes_less_than_a_nanoampere(engine: NgspiceEngine, deck: Deck) -> None:
    """A hundredth of a step across the 100 kohm, wherever the terminal is."""
    sets = [asked(deck, sensed_V=level) for level in (-10.0, 0.0, 10.0)]
    currents_A = engine.operating_point(deck, sets, ["i(v_adc0)"])[:, 0]
    assert np.all(np.abs(currents_A) < 1e-9)


def test_over_range_is_told_by_every_board(engine: NgspiceEngine, deck: Deck) -> None:
    """Beyond 10.4 V either way the converter sees less than 0 V or more than its reference.

    10.24 V and what gains and offsets may be off together, 0.3 % and 15 mV, are 10.29 V. With drawn
    parts, rails 5 % low, and up to 15 V at the terminal.
    """
    low = deck
    for supply in front_end.SUPPLIES:
        low = low.with_supply(supply.net, supply.volts * (1 - supply.tolerance))
    rails = {low.supplies[supply.net].element for supply in front_end.SUPPLIES}
    boards = draw(tuple(s for s in low.spreads if s.parameter not in rails), 20, seed=7)
    levels_V = (-15.0, -12.0, -10.4, 10.4, 12.0, 15.0)
    sets = [{**board, **asked(low, sensed_V=level)} for board in boards for level in levels_V]
    volts = found(engine, low, sets, "VADC0", "VREF").reshape(len(boards), len(levels_V), 2)
    below, above = volts[:, :3, 0], volts[:, 3:, 0] - volts[:, 3:, 1]
    assert np.all(below < 0.0)
    assert np.all(above > 0.0)
    # MCP3208, absolute maximum ratings: 0.6 V beyond its supply and ground.
    assert np.all(below > -0.6)
    assert np.all(volts[:, 3:, 0] < front_end.LOGIC_V * 0.95 + 0.6)


def test_drawn_boards_keep_the_stated_bounds(engine: NgspiceEngine, deck: Deck) -> None:
    """Gain and offset of 40 fixtures are within docs/reference/fixture.md, converters left out."""
    boards = draw(deck.spreads, 40, seed=3)
    levels_V = np.array([0.048, 2.048, 4.048])
    sets = [
        {**board, **asked(deck, dac_V=level, sensed_V=5 * (level - 2.048))}
        for board in boards
        for level in levels_V
    ]
    volts = found(engine, deck, sets, "DAC0", "VADC0", "VREF").reshape(len(boards), 3, 3)
    ideal_V = 5 * (levels_V - 2.048)
    reference = volts[:, :1, 2] / 4.096
    # A converter gives a share of the reference and reads one.
    source_V = volts[:, :, 0] + 5 * (reference - 1) * levels_V
    sense_V = 5 * (volts[:, :, 1] / reference - 2.048)
    for shown_V, gain, offset_V in ((source_V, 5e-3, 20e-3), (sense_V, 3e-3, 15e-3)):
        slope = (shown_V[:, 2] - shown_V[:, 0]) / (ideal_V[2] - ideal_V[0])
        assert np.max(np.abs(slope - 1)) < gain
        assert np.max(np.abs(shown_V[:, 1])) < offset_V


@pytest.mark.parametrize("load_F", [1e-12, 1e-9])
def test_a_full_step_settles_before_the_firmware_looks(
    engine: NgspiceEngine, deck: Deck, load_F: float
) -> None:
    """30 us are waited; the DAC ramps 0.55 V/us, 7.5 us long, and takes 4.5 us more to settle."""
    ramp_s = 4.096 / 0.55e6
    own = loaded(deck, f"c_load dac0 0 {load_F}").with_waveform(
        deck.inputs["VDAC0"].element, [(0.0, 0.0), (ramp_s, 4.096)]
    )
    operated = {deck.inputs["RELAYS"].element: 0.0}
    shown = engine.transient(own, [operated], ["dac0"], end_s=60e-6, step_s=1e-7)[0, :, 0]
    off = np.nonzero(np.abs(shown - shown[-1]) > STEP_V / 2)[0]
    assert (off[-1] + 1) * 1e-7 < 30e-6 - 4.5e-6
    assert shown.max() < shown[-1] + STEP_V / 2
