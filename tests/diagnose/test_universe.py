"""What can be wrong with a board, and its faulty twins on one deck."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from realnet_hw import project
from realnet_hw.diagnose import diagnosis, neighbours, universe
from realnet_hw.diagnose.responses import Responder
from realnet_hw.diagnose.twins import twins
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.predict import faults
from realnet_hw.predict.compiled.engine import CompiledEngine
from tests.bench import runs
from tests.diagnose.conftest import Looked


def test_steps_of_wrong_values_touch_and_leave_out_the_right_one() -> None:
    steps = universe.steps()
    above = [step for step in steps if step[0] > 1]
    assert [low for low, _ in above[1:]] == pytest.approx([high for _, high in above[:-1]])
    assert above[0][0] < 1.05  # the next value of E24 is 1.07 or more away
    assert above[-1][1] > 30
    below = [step for step in steps if step[1] < 1]
    mirrored = sorted((1 / high, 1 / low) for low, high in below)
    assert np.allclose(mirrored, above)
    assert len(below) + len(above) == len(steps)


def test_every_part_that_carries_a_signal_can_be_wrong(xor: Looked) -> None:
    suspected = {part for fault in xor.universe.faults for part in fault.parts}
    placed = {name for name in xor.netlist.parts if name[0] in "RDCU"}
    assert placed == suspected
    names = [fault.name for fault in xor.universe.faults]
    assert len(names) == len(set(names))
    for number in range(len(names)):
        shares = [h.share for h in xor.universe.hypotheses if h.fault == number]
        assert sum(shares) == pytest.approx(1)


def test_neighbours_of_a_package_are_those_along_its_sides() -> None:
    """TL074, DIP-14: pins 1 to 7 on one side, 8 to 14 on the other."""
    _, netlist, deck = runs.described("xor_opamp")
    pins = netlist.parts["U1"].pins
    sides = [*itertools.pairwise(range(1, 8)), *itertools.pairwise(range(8, 15))]
    beside = {frozenset((pins[str(a)], pins[str(b)])) for a, b in sides}
    found = {frozenset(pair) for pair in neighbours.package_pairs(netlist)}
    assert {pair for pair in beside if len(pair) == 2} <= found
    assert frozenset((pins["7"], pins["8"])) not in found
    assert neighbours.distinct(iter([("H1", "H2"), ("H2", "H1"), ("H1", "?")]), deck.nodes) == [
        ("H1", "H2")
    ]


def test_the_copper_says_the_same_of_a_package_as_its_pins() -> None:
    """Pads of a DIP are 2.54 mm apart, the closest there are on this board."""
    _, netlist, _ = runs.described("xor_opamp")
    folder = project.board_file("xor_opamp").parent / "generated"
    on_copper = {frozenset(p) for p in neighbours.pcb_pairs(folder / "xor_opamp.kicad_pcb")}
    by_pins = {frozenset(p) for p in neighbours.package_pairs(netlist)}
    of_package = {p for p in by_pins if p <= set(netlist.parts["U1"].pins.values())}
    assert of_package <= on_copper
    with pytest.raises(InputError):
        list(neighbours.pcb_pairs(Path("nowhere.kicad_pcb")))


def test_an_offset_is_amplified_as_noise_is_and_a_weak_output_divides() -> None:
    """H2 sums over 2 x 18.7k and 26.1k with 26.1k of feedback; beyond its swing Y is a divider."""
    _, _, deck = runs.described("xor_opamp")
    engine = CompiledEngine()
    node = [deck.nodes["H2"]]
    sound, off = (
        float(engine.operating_point(each, [{}], node)[0, 0])
        for each in (deck, faults.apply(deck, "U1.7 offset +40 mV"))
    )
    gain = 1 + 26.1e3 * (2 / 18.7e3 + 1 / 26.1e3)
    assert off - sound == pytest.approx(-0.040 * gain, rel=1e-3)
    at = {deck.inputs["X2"].element: 5.0}
    weak = faults.apply(deck, "U1.14 weak 1M")
    # Y_SUM is no virtual ground any more: H2 is off, NH1 pulls Y down through R12 + R14.
    nh1, y, y_sum = engine.operating_point(
        weak, [at], [deck.nodes[net] for net in ("NH1", "Y", "Y_SUM")]
    )[0]
    h2, high = 0.0, 12.0 - 1.33
    current = (high - float(y)) / 1e6
    assert (float(y) - float(y_sum)) / 24.9e3 == pytest.approx(current, rel=0.02)
    assert float(nh1) < float(y_sum) < h2
    for spelling in ("U2.3 offset 9 mV", "R1.1 offset 9 mV", "U1.3 offset 9 mV", "U1.7 weak 1V"):
        with pytest.raises(InputError):
            faults.apply(deck, spelling)


def test_twins_on_one_deck_are_the_decks_that_faults_make() -> None:
    """But for comparators, whose side a leak may decide."""
    board, netlist, deck = runs.described("xor_opamp")
    wrong = diagnosis.universe_of(board, netlist, deck)
    legs = [("R6", "1", "X2"), ("D3", "2", "Y_SUM"), ("R12", "2", "NH1_SUM")]
    moved = [f"{reference}.{pin} at {net}" for reference, pin, net in legs]
    spellings = [one.spelling for one in wrong.hypotheses if one.spelling and not one.factors]
    found = twins(deck, [*spellings, *moved])
    own_decks = {id(twin.deck) for twin in found.values()}
    assert len(own_decks) < 12  # of 96
    engine = CompiledEngine()
    nodes = [node for node in deck.nodes.values() if node != "0"]
    case = {"X1": 5.0, "X2": 0.0}
    responder = Responder(deck, engine, [case], nodes)
    apart = {}
    for spelling in (*spellings[::3], *moved):
        faulty = faults.apply(deck, spelling)
        inputs = {faulty.inputs[name].element: volts for name, volts in case.items()}
        expected = engine.operating_point(faulty, [inputs], nodes)[0]
        try:
            read = responder.means(found[spelling], [{}])[0, 0]
        except SimulationFailed:
            continue
        apart[spelling] = float(np.abs(read - expected).max())
    assert len(apart) > 25
    assert sum(volts > 0.02 for volts in apart.values()) <= 1, apart


@pytest.mark.parametrize("name", ["xor_opamp", "xor_single_supply", "xor_realnet"])
def test_every_board_of_steady_voltages_has_a_universe(name: str) -> None:
    board, netlist, deck = runs.described(name)
    wrong = diagnosis.universe_of(board, netlist, deck)
    resistors = [part for part in netlist.parts if part[0] == "R"]
    assert len(wrong.faults) > 3 * len(resistors)
