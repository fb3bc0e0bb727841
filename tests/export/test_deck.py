"""The deck that a netlist gives: names, numbers, models, sources, spreads."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw.board import Board, Case, Logic, Port, Supply, reference_order
from realnet_hw.errors import InputError
from realnet_hw.export.deck import (
    Deck,
    Source,
    Spread,
    deck_from,
    model_card,
    node_names,
    number,
    subcircuit_ports,
)
from realnet_hw.export.netlist import Netlist, NetlistPart

NODE = re.compile(r"[a-z0-9_]+")


def part(reference: str, value: str, pins: dict[str, str], **fields: str) -> NetlistPart:
    named = {key.replace("_", "."): text for key, text in fields.items()}
    return NetlistPart(reference, value, f"Test:{reference[0]}", "", named, pins)


def resistor(reference: str, value: str, one: str, two: str) -> NetlistPart:
    return part(reference, value, {"1": one, "2": two}, Catalogue="resistor")


def board(*, supplies: tuple[Supply, ...] = (), title: str = "A test") -> Board:
    return Board(
        name="test",
        title=title,
        technology="none",
        ports=(Port("X1", "IN", "input"), Port("Y", "OUT", "output")),
        supplies=supplies,
        test_points=(),
        cases=(Case({"X1": 5.0}, {"Y": None}),),
        logic=Logic(0.0, 5.0, 1.5, 3.5),
        plain_circuit=lambda _: None,
    )


def netlist(*parts: NetlistPart) -> Netlist:
    ordered = sorted(parts, key=lambda one: reference_order(one.reference))
    return Netlist({one.reference: one for one in ordered})


DIVIDER = (resistor("R1", "4k7", "IN", "OUT"), resistor("R2", "10k", "OUT", "GND"))


def test_divider() -> None:
    deck = deck_from(netlist(*DIVIDER), board())
    assert deck.elements == ("r1 in out 4700", "r2 out 0 10000", "v_in in 0 0")
    assert deck.inputs == {"X1": Source("v_in", "in", 0.0)}
    assert deck.nodes == {"IN": "in", "OUT": "out", "GND": "0"}
    assert deck.spreads == (
        Spread("r1", "R1", 4700.0, "uniform", 4653.0, 4747.0, drift_per_K=4700.0 * 100e-6),
        Spread("r2", "R2", 10e3, "uniform", 9900.0, 10100.0, drift_per_K=10e3 * 100e-6),
    )


def test_text_is_one_deck_without_suffixes_or_includes() -> None:
    lines = deck_from(netlist(*DIVIDER), board()).text().splitlines()
    assert lines[0] == "* test: A test"
    assert lines[-1] == ".end"
    assert any(line.startswith(".options") and "reltol=1e-5" in line for line in lines)
    assert not [line for line in lines if line.startswith((".include", ".lib"))]


def test_a_title_of_any_language_stays_on_its_line() -> None:
    deck = deck_from(netlist(*DIVIDER), board(title="Un r9 in 0 1 \N{GREEK SMALL LETTER MU}"))
    assert deck.text().splitlines()[0] == "* test: Un r9 in 0 1 \N{GREEK SMALL LETTER MU}"
    assert deck.text().splitlines()[1] == "r1 in out 4700"


def test_supplies_come_with_their_tolerance() -> None:
    rails = (Supply("+12V", 12.0, 0.05, 0.1), Supply("-12V", -12.0, 0.05, 0.1, 1))
    loads = (resistor("R3", "1k", "+12V", "GND"), resistor("R10", "1k", "-12V", "GND"))
    deck = deck_from(netlist(*DIVIDER, *loads), board(supplies=rails))
    assert deck.supplies == {
        "+12V": Source("v_p12v", "p12v", 12.0),
        "-12V": Source("v_n12v", "n12v", -12.0),
    }
    assert "v_n12v n12v 0 -12" in deck.elements
    # References in people's order, supplies after them.
    assert [one.reference for one in deck.spreads] == ["R1", "R2", "R3", "R10", "+12V", "-12V"]
    low, high = deck.spreads[-1].low, deck.spreads[-1].high
    assert (low, high) == pytest.approx((-12.6, -11.4))


def test_subcircuits_follow_their_own_port_order() -> None:
    """Pins 2 and 3 of the package are the reference's ports k and a, which stand as k a."""
    fields = {"Sim_Device": "SUBCKT", "Sim_Library": "models/lm4040_5v0.lib"}
    reference = part(
        "U1", "LM4040", {"2": "IN", "3": "OUT"},
        **fields, Sim_Name="lm4040_5v0", Sim_Pins="3=a 2=k", Catalogue="lm4040_5v0",
    )  # fmt: skip
    deck = deck_from(netlist(*DIVIDER, reference), board())
    assert "xu1 in out lm4040_5v0" in deck.elements
    assert ".subckt lm4040_5v0" in deck.models
    assert deck.spreads[-1] == Spread(
        "v.xu1.vref", "U1", 5.0, "uniform", 4.995, 5.005, drift_per_K=500e-6
    )


def test_diodes_by_pin_name_and_unconnected_pins() -> None:
    fields = {"Sim_Device": "D", "Sim_Library": "1n4148.lib", "Sim_Name": "D1N4148"}
    one = part("D1", "1N4148", {"1": "IN", "2": "OUT"}, **fields, Sim_Pins="1=K 2=A")
    two = part("D2", "1N4148", {"2": "OUT"}, **fields, Sim_Pins="1=K 2=A")
    elements = deck_from(netlist(*DIVIDER, one, two), board()).elements
    assert "d1 out in d1n4148" in elements
    assert "d2 out nc_d2_1 d1n4148" in elements


@pytest.mark.parametrize(
    ("key", "value", "ppm_per_K"),
    [
        ("resistor", "10k", 100),
        ("resistor_5pct", "10k", 500),
        ("resistor_5pct", "100k", 700),
        ("resistor_5pct", "470k", 700),
        ("resistor_5pct", "2M2", 1500),
        ("resistor_5pct_smd", "1M", 200),
        ("resistor_5pct_smd", "1M1", 400),
    ],
)
def test_resistors_drift_by_their_datasheet(key: str, value: str, ppm_per_K: float) -> None:
    """Ref: Yageo CFR, table 1 (CFR-25); KOA RK73B, ratings (2A)."""
    one = part("R1", value, {"1": "IN", "2": "OUT"}, Catalogue=key)
    usual = deck_from(netlist(one), board())
    hot = usual.with_temperature(37.0)
    assert (usual.no_drift, hot.no_drift) == ((), ())
    (at_27C,), (at_37C,) = usual.spreads, hot.spreads
    bound = 0.01 if key == "resistor" else 0.05
    assert at_27C.high / at_27C.nominal == pytest.approx(1 + bound)
    assert at_37C.high / at_37C.nominal == pytest.approx(1 + bound + 10 * ppm_per_K * 1e-6)
    assert at_37C.low / at_37C.nominal == pytest.approx(1 - bound - 10 * ppm_per_K * 1e-6)


def test_parts_without_a_drift_are_named() -> None:
    """A plain resistor and a capacitor; a diode follows its own law."""
    sim = {"Sim_Device": "D", "Sim_Library": "models/1n4148.lib", "Sim_Name": "d1n4148"}
    pins = {"1": "IN", "2": "OUT"}
    plain = part("R9", "1k", pins, Tolerance="5 %")
    diode = part("D1", "1N4148", pins, Catalogue="diode_1n4148", Sim_Pins="1=K 2=A", **sim)
    capacitor = part("C1", "100n", pins, Catalogue="capacitor_ceramic")
    deck = deck_from(netlist(*DIVIDER, plain, diode, capacitor), board())
    assert set(deck.no_drift) == {"R9", "C1"}


def test_model_cards_are_written_once() -> None:
    fields = {"Sim_Device": "D", "Sim_Library": "1n4148.lib", "Sim_Name": "d1n4148"}
    diodes = [part(f"D{n}", "", {"1": "IN", "2": "OUT"}, **fields) for n in (1, 2)]
    deck = deck_from(netlist(*DIVIDER, *diodes), board())
    assert deck.text().count(".model d1n4148") == 1


def test_parameters_of_models_are_plain_numbers() -> None:
    fields = {"Sim_Device": "D", "Sim_Library": "1n4148.lib", "Sim_Name": "d1n4148"}
    diode = part("D1", "", {"1": "IN", "2": "OUT"}, **fields, Sim_Params="area=2 M=1k")
    elements = deck_from(netlist(*DIVIDER, diode), board()).elements
    assert "d1 in out d1n4148 area=2 m=1000" in elements


def test_disabled_parts_are_left_out() -> None:
    connector = part("J1", "Conn", {"1": "IN", "2": "OUT"}, Sim_Enable="0")
    connector = dataclasses.replace(connector, symbol="Connector_Generic:Conn_01x02")
    assert deck_from(netlist(*DIVIDER, connector), board()) == deck_from(netlist(*DIVIDER), board())


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (part("Q1", "BC547", {"1": "IN"}), "Q1.*no SPICE model"),
        (part("R9", "4,7k", {"1": "IN", "2": "OUT"}), "4,7k"),
        (part("D1", "", {"1": "IN"}, Sim_Device="D", Sim_Library="no.lib", Sim_Name="d"), "no.lib"),
        (
            part("U1", "", {"1": "IN"}, Sim_Device="SUBCKT", Sim_Library="tl074.lib", Sim_Name="x"),
            "no subcircuit 'x'",
        ),
        (
            part(
                "U1", "", {"1": "IN"}, Sim_Device="SUBCKT", Sim_Library="tl074.lib",
                Sim_Name="tl074", Sim_Pins="1=out1",
            ),
            "U1: port in1m",
        ),
    ],
)  # fmt: skip
def test_parts_that_cannot_be_simulated_are_refused(wrong: NetlistPart, match: str) -> None:
    with pytest.raises(InputError, match=match):
        deck_from(netlist(*DIVIDER, wrong), board())


def test_ports_on_no_net_are_refused() -> None:
    with pytest.raises(InputError, match="'IN'"):
        deck_from(netlist(DIVIDER[1]), board())


@given(st.sets(st.text(min_size=1, max_size=8), max_size=20))
def test_node_names_are_plain_and_distinct(nets: set[str]) -> None:
    names = node_names(nets)
    assert names.keys() == nets
    assert all(NODE.fullmatch(node) for node in names.values())
    others = [names[net] for net in nets if net.upper() not in ("GND", "GNDA", "0")]
    assert len(set(others)) == len(others)
    assert "0" not in others
    assert node_names(sorted(nets, reverse=True)) == names


@pytest.mark.parametrize(
    ("net", "node"),
    [
        ("GND", "0"),
        ("+12V", "p12v"),
        ("-12V", "n12v"),
        ("/X1", "x1"),
        ("H1_SUM", "h1_sum"),
        ("Net-(U1A--)", "net_u1a"),
        ("+", "node"),
    ],
)
def test_node_names(net: str, node: str) -> None:
    assert node_names([net]) == {net: node}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_the_same_and_have_no_suffix(value: float) -> None:
    text = number(value)
    assert float(text) == value
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?", text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        number(value)


def test_elements_can_be_replaced() -> None:
    deck = deck_from(netlist(*DIVIDER), board())
    assert deck.element("r2") == "r2 out 0 10000"
    changed = deck.with_element("r2", "r2 out 0 1", "r2b out 0 2")
    assert changed.elements == ("r1 in out 4700", "r2 out 0 1", "r2b out 0 2", "v_in in 0 0")
    for refused in (deck.element, deck.with_element):
        asked: Callable[[str], object] = refused
        with pytest.raises(InputError, match="no element 'r'"):
            asked("r")


def test_waveform() -> None:
    deck = Deck("* t", ("v_in in 0 3",)).with_waveform("v_in", [(0.0, 1.0), (1e-6, -2.5)])
    assert deck.elements == ("v_in in 0 dc 1 pwl(0 1 1e-06 -2.5)",)


@pytest.mark.parametrize("points", [[], [(-1.0, 0.0)], [(0.0, 0.0), (0.0, 1.0)]])
def test_impossible_waveforms_are_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(InputError, match="times"):
        Deck("* t", ("v_in in 0 3",)).with_waveform("v_in", points)


def test_ports_of_a_subcircuit() -> None:
    card = "* x\n.SUBCKT Amp in\n+ OUT vcc gain=2\n.ends\n"
    assert subcircuit_ports(card, "amp") == ("in", "out", "vcc")
    assert subcircuit_ports(model_card("models/tl074.lib"), "tl074")[3] == "vcc"
