"""Each fault changes what it should, seen at the electrical answer."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import faults
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw

INPUTS = {"v_x1": 1.0, "v_x2": -3.0}
SOUND_V = -20e3 * (1.0 / 10e3 - 3.0 / 40e3)


def out(engine: NgspiceEngine, deck: Deck, node: str = "out", **volts: float) -> float:
    return float(engine.operating_point(deck, [{**INPUTS, **volts}], [node])[0, 0])


def test_without_a_fault(engine: NgspiceEngine, summer: Deck) -> None:
    assert out(engine, summer) == pytest.approx(SOUND_V, abs=1e-3)


@pytest.mark.parametrize(
    ("fault", "expected_V"),
    [
        ("R1 +20 %", -20e3 * (1 / 12e3 - 3 / 40e3)),
        ("R1 -20 %", -20e3 * (1 / 8e3 - 3 / 40e3)),
        ("R3 +5%", 1.05 * SOUND_V),
        ("R2  -2.5 %", -20e3 * (1 / 10e3 - 3 / 39e3)),
        ("R1 open", 20e3 * 3 / 40e3),
        ("R2 missing", -20e3 / 10e3),
        ("R3 short", 0.0),
        ("R1 -50 %", -20e3 * (1 / 5e3 - 3 / 40e3)),
        ("R1 R2 swapped", -20e3 * (1 / 40e3 - 3 / 10e3)),
        ("R2 R1 swapped", -20e3 * (1 / 40e3 - 3 / 10e3)),
        ("R2 R3 swapped", -40e3 * (1 / 10e3 - 3 / 20e3)),
        ("inputs X1 X2 swapped", -20e3 * (-3 / 10e3 + 1 / 40e3)),
    ],
)
def test_linear_faults(engine: NgspiceEngine, summer: Deck, fault: str, expected_V: float) -> None:
    assert out(engine, faults.apply(summer, fault)) == pytest.approx(expected_V, abs=1e-3)


def test_feedback_open_leaves_a_comparator(engine: NgspiceEngine, summer: Deck) -> None:
    assert out(engine, faults.apply(summer, "R3 open")) < -10


def test_diode_faults(engine: NgspiceEngine, summer: Deck) -> None:
    def held(fault: str, x1: float) -> float:
        deck = faults.apply(summer, fault) if fault else summer
        return out(engine, deck, "hold", v_x1=x1, v_x2=0.0)

    # At x1 = -2 V the output is +4 V, at 2 V it is -4 V.
    assert held("", -2.0) == pytest.approx(4 - 0.5, abs=0.15)
    assert held("", 2.0) == pytest.approx(0, abs=0.01)
    assert held("D1 reversed", -2.0) == pytest.approx(0, abs=0.01)
    assert held("D1 reversed", 2.0) == pytest.approx(-4 + 0.5, abs=0.15)
    assert held("D1 missing", -2.0) == pytest.approx(0, abs=0.01)
    assert held("D1 short", -2.0) == pytest.approx(4, abs=0.01)
    assert held("D1 short", 2.0) == pytest.approx(-4, abs=0.01)


def test_capacitor_faults(engine: NgspiceEngine, summer: Deck) -> None:
    """The peak detector's capacitor: discharge through 100 kohm is 0.1 ms at 1 nF."""

    def left(fault: str) -> float:
        deck = faults.apply(summer, fault) if fault else summer
        deck = deck.with_waveform("v_x1", [(0, -2), (1e-4, -2), (1.01e-4, 2)])
        volts = engine.transient(deck, [{}], ["hold"], end_s=3.01e-4, step_s=1e-6)[0, :, 0]
        return float(volts[301] / volts[101])

    assert left("") == pytest.approx(np.exp(-2.0), rel=0.05)
    assert left("C1 +100 %") == pytest.approx(np.exp(-1.0), rel=0.05)
    assert abs(left("C1 open")) < 0.01
    assert out(engine, faults.apply(summer, "C1 short"), "hold", v_x1=-2.0) < 0.01


@pytest.mark.parametrize(("fault", "sign"), [("+12V missing", -1), ("-12V missing", 1)])
def test_a_missing_supply_leaves_the_output_at_the_other(
    engine: NgspiceEngine, summer: Deck, fault: str, sign: int
) -> None:
    deck = faults.apply(summer, fault)
    for x1 in (-2.0, 2.0):
        assert 2 < sign * out(engine, deck, v_x1=x1) < 12.1


def test_a_missing_package_leaves_its_passive_parts(engine: NgspiceEngine, summer: Deck) -> None:
    """What remains is a divider: x1 and x2 through R1 and R2, then R3 to nowhere."""
    deck = faults.apply(summer, "U1 missing")
    expected_V = (1.0 / 10e3 - 3.0 / 40e3) / (1 / 10e3 + 1 / 40e3)
    assert out(engine, deck, "sum") == pytest.approx(expected_V, abs=2e-3)


def test_several_faults(engine: NgspiceEngine, summer: Deck) -> None:
    deck = faults.apply_all(summer, ["R1 open", "R3 +20 %"])
    assert out(engine, deck) == pytest.approx(24e3 * 3 / 40e3, abs=1e-3)
    assert faults.apply_all(summer, []) == summer


@pytest.mark.parametrize(
    "fault",
    [
        "",
        "R9 open",
        "R1",
        "R1 reversed",
        "R1 +20",
        "R1 -100 %",
        "r1 open",
        "D1 open",
        "D1 +20 %",
        "U1 short",
        "X1 missing",
        "inputs X1 X1 swapped",
        "R1 R1 swapped",
        "R1 D1 swapped",
        "R1 R9 swapped",
        "U1 U2 swapped",
        "inputs X1 X9 swapped",
        "+5V missing",
        "V_X1 open",
    ],
)
def test_bad_spellings_are_refused(summer: Deck, fault: str) -> None:
    with pytest.raises(InputError):
        faults.apply(summer, fault)


@pytest.mark.parametrize("ends", ["p12v 0", "0 n12v", "p12v n12v", "x1 0"])
@pytest.mark.parametrize("part", ["c9 {} 1e-6", "r9 {} 1000"])
def test_a_short_across_ideal_sources_is_neither_listed_nor_applied(
    summer: Deck, part: str, ends: str
) -> None:
    line = part.format(ends)
    deck = dataclasses.replace(summer, elements=(line, *summer.elements))
    reference = line.split()[0].upper()
    assert f"{reference} short" not in faults.single_faults(deck)
    with pytest.raises(InputError, match=r"dead short .* ohmmeter"):
        faults.apply(deck, f"{reference} short")


def test_steady_voltages_do_not_show_a_missing_capacitor_but_a_short_one(
    engine: NgspiceEngine, xor: tuple[Board, Netlist, Deck]
) -> None:
    _, _, deck = xor
    listed = [fault for fault in faults.single_faults(deck) if fault.startswith("C")]
    assert listed == [*(f"C{n} missing" for n in (1, 2)), "C3 missing", "C3 short",
                      *(f"C{n} missing" for n in (4, 5))]  # fmt: skip
    sound = engine.operating_point(deck, [{}], ["vref", "y"])
    for fault in listed:
        faulty = engine.operating_point(faults.apply(deck, fault), [{}], ["vref", "y"])
        if fault == "C3 short":
            assert abs(faulty[0, 0]) < 1e-3  # the reference is bridged to ground
        else:
            assert np.allclose(faulty, sound, rtol=0, atol=1e-6)


KINDS = ("open", "short", "+20 %", "-20 %", "+50 %", "-50 %")
# R1 to R4 are 10, 40, 20 and 100 kohm.
SWAPPED = ("R1 R2 swapped", "R2 R3 swapped", "R3 R4 swapped")


def test_every_single_fault_is_listed_once(summer: Deck) -> None:
    listed = faults.single_faults(summer)
    assert len(set(listed)) == len(listed)
    assert set(listed) == {
        *(f"R{n} {kind}" for n in range(1, 5) for kind in KINDS),
        *SWAPPED,
        *(f"D1 {kind}" for kind in ("reversed", "missing", "short")),
        "C1 missing",
        "C1 short",
        "U1 missing",
        "inputs X1 X2 swapped",
        "+12V missing",
        "-12V missing",
    }


def test_faulty_boards_can_be_drawn_and_solved(
    engine: NgspiceEngine, xor: tuple[Board, Netlist, Deck]
) -> None:
    """Every parameter of the sound board is one of the faulty board, drawn to the same value."""
    _, _, deck = xor
    sound = draw(deck.spreads, 2, 5)[1]
    for fault in faults.single_faults(deck):
        faulty = faults.apply(deck, fault)
        drawn = draw(faulty.spreads, 2, 5)[1]
        assert drawn.keys() == sound.keys()
        changed = {name for name in drawn if drawn[name] != sound[name]}
        parts = [word.lower() for word in fault.split()[:2]]
        assert changed <= {*parts, *(f"{part} area" for part in parts)}
        assert np.all(np.isfinite(engine.operating_point(faulty, [drawn], ["y"])))


def test_parts_alike_are_not_swapped_and_parts_swapped_take_their_tolerance_along(
    xor: tuple[Board, Netlist, Deck],
) -> None:
    _, _, deck = xor
    swapped = [fault for fault in faults.single_faults(deck) if re.match("[RD].* swapped", fault)]
    assert "R1 R2 swapped" in swapped
    assert "R2 R3 swapped" not in swapped  # alike
    assert not any(fault.startswith("D") for fault in swapped)
    spreads = {s.parameter: s for s in faults.apply(deck, "R1 R2 swapped").spreads}
    was = {s.parameter: s for s in deck.spreads}
    assert (spreads["r1"].low, spreads["r1"].high) == (was["r2"].low, was["r2"].high)
    assert (spreads["r2"].low, spreads["r2"].high) == (was["r1"].low, was["r1"].high)
    assert spreads["r1"].reference == "R1"


def test_diodes_of_two_kinds_are_swapped(engine: NgspiceEngine, summer: Deck) -> None:
    kind = summer.element("d1").split()[3]
    other = "d2 hold 0 dleaky"
    models = f"{summer.models}\n.model dleaky d(is=1u n=1)\n"
    deck = dataclasses.replace(summer, elements=(other, *summer.elements), models=models)
    assert "D1 D2 swapped" in faults.single_faults(deck)
    faulty = faults.apply(deck, "D1 D2 swapped")
    assert faulty.element("d1").split()[3] == "dleaky"
    assert faulty.element("d2").split()[3] == kind
    assert np.isfinite(out(engine, faulty, "hold", v_x1=-2.0))


def test_a_fault_outlasts_the_draw(engine: NgspiceEngine, summer: Deck) -> None:
    for fault, expected_V in (("R1 open", 1.5), ("R3 +20 %", 1.2 * SOUND_V)):
        deck = faults.apply(summer, fault)
        for board in draw(deck.spreads, 20, 1):
            answer = out(engine, deck, **board)
            assert answer == pytest.approx(expected_V, rel=0.05, abs=0.06)
