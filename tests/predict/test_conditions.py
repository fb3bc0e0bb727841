"""Other temperatures and supplies: the diode's law, the datasheets' drifts, what is refused."""

from __future__ import annotations

import math

import pytest

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, model_card
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.conditions import of, supplies_from, under
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.prediction import predict

Xor = tuple[Board, Netlist, Deck]


@pytest.mark.parametrize("temperature_C", [-40.0, 0.0, 27.0, 85.0])
@pytest.mark.parametrize("amperes", [1e-5, 1e-3])
def test_a_diode_s_forward_voltage(
    engine: NgspiceEngine, temperature_C: float, amperes: float
) -> None:
    """Shockley's equation with the saturation current's own law, for the 1N4148's card.

    Ref: G. Massobrio, P. Antognetti, Semiconductor Device Modeling with SPICE, 2nd ed. (1993), 1.6:
    EG 1.11 eV and XTI 3 where a card does not say.
    """
    deck = Deck(
        "* diode", (f"i1 0 a {amperes}", "d1 a 0 d1n4148"), models=model_card("1n4148.lib")
    ).with_temperature(temperature_C)
    kelvin, nominal_K, ideality = temperature_C + 273.15, 300.15, 1.8
    thermal_V = 1.380649e-23 * kelvin / 1.602176634e-19
    ratio = kelvin / nominal_K
    saturation_A = 3e-9 * ratio ** (3 / ideality)
    saturation_A *= math.exp((ratio - 1) * 1.11 / (ideality * thermal_V))
    expected_V = ideality * thermal_V * math.log1p(amperes / saturation_A) + 0.6 * amperes
    found_V = engine.operating_point(deck, [{}], ["a"])[0, 0]
    assert found_V == pytest.approx(expected_V, abs=2e-4)


@pytest.mark.parametrize(
    ("model", "elements", "node"),
    [
        ("tl074.lib", ("xu1 o m in p 0 f2 f2 f3 f3 0 n 0 f4 f4 tl074", "r1 o 0 1e4"), "o"),
        ("lm4040_5v0.lib", ("r1 p o 3740", "xu1 o 0 lm4040_5v0"), "o"),
    ],
)
@pytest.mark.parametrize("volts", [-1.0, 1.0])
def test_macromodels_keep_their_figures(
    engine: NgspiceEngine, model: str, elements: tuple[str, ...], node: str, volts: float
) -> None:
    """The diodes inside stand for swings and slopes, which no junction's temperature moves."""
    sources = ("v_p p 0 12", "v_n n 0 -12", f"v_in in 0 {volts}", "v_m m 0 0")
    deck = Deck("* model", (*elements, *sources), models=model_card(model))
    usual, hot = (
        engine.operating_point(one, [{}], [node])[0, 0]
        for one in (deck, deck.with_temperature(70.0))
    )
    assert abs(usual) > 4
    assert hot == pytest.approx(usual, abs=1e-5)


def test_parts_spread_by_their_drift(xor: Xor) -> None:
    """100 ppm/K for resistors and the reference, 18 uV/K for the amplifiers."""
    board, netlist, deck = xor
    hot = under(deck, netlist, board, temperature_C=67.0)
    usual = {spread.parameter: spread for spread in deck.spreads}
    spreads = {spread.parameter: spread for spread in hot.spreads}
    assert list(spreads) == list(usual)
    ohm = usual["r2"].nominal
    assert spreads["r2"].nominal == ohm
    assert (spreads["r2"].low, spreads["r2"].high) == pytest.approx((ohm * 0.986, ohm * 1.014))
    offset = spreads["v.xu1.vos1"]
    assert offset.sigma == pytest.approx(math.hypot(3e-3, 40 * 18e-6))
    # The datasheet's greatest offset is 10 mV at 25 C and 13 mV from 0 to 70 C.
    assert 10e-3 < offset.high < 13e-3
    assert spreads["v.xu2.vref"].high == pytest.approx(5.005 + 40 * 500e-6)
    assert spreads["d1 area"] == usual["d1 area"]
    assert spreads["v_p12v"] == usual["v_p12v"]
    # Cold spreads parts as heat does.
    cold = {one.parameter: one for one in under(deck, netlist, board, temperature_C=0.0).spreads}
    assert cold["r2"].high == pytest.approx(ohm * 1.0127)


def test_usual_conditions_change_nothing(xor: Xor) -> None:
    board, netlist, deck = xor
    assert under(deck, netlist, board, temperature_C=27.0, supplies_V={}) == deck
    assert under(deck, netlist, board, supplies_V={"+12V": 12.0}) == deck
    assert of(deck) == records.Conditions(
        temperature_C=27.0, supplies_V={"+12V": 12.0, "-12V": -12.0}
    )


def test_a_rail_at_another_voltage(engine: NgspiceEngine, xor: Xor) -> None:
    board, netlist, deck = xor
    low = under(deck, netlist, board, supplies_V={"+12V": 10.0, "-12V": -11.0})
    found = engine.operating_point(low, [{}], ["p12v", "n12v", "vref"])[0]
    assert found[:2] == pytest.approx([10.0, -11.0])
    # The reference still has its current, and with it its voltage.
    assert found[2] == pytest.approx(-5.0, abs=5e-3)
    spreads = {spread.parameter: spread for spread in low.spreads}
    for parameter, volts in (("v_p12v", (9.5, 10.0, 10.5)), ("v_n12v", (-11.55, -11.0, -10.45))):
        rail = spreads[parameter]
        assert (rail.low, rail.nominal, rail.high) == pytest.approx(volts)
    assert of(low).supplies_V == {"+12V": 10.0, "-12V": -11.0}


def test_a_record_says_under_which_conditions(engine: NgspiceEngine, xor: Xor) -> None:
    board, netlist, deck = xor
    usual = predict(board, deck, netlist, engine, samples=20, seed=1)
    other = under(deck, netlist, board, temperature_C=60.0, supplies_V={"+12V": 11.0})
    hot = predict(board, other, netlist, engine, samples=20, seed=1)
    assert hot.conditions == records.Conditions(
        temperature_C=60.0,
        supplies_V={"+12V": 11.0, "-12V": -12.0},
        no_drift=[name for name in netlist.parts if name.startswith("C")],
    )
    assert usual.conditions.no_drift == []
    assert hot.circuit_sha256 == usual.circuit_sha256
    assert hot.made_from["circuit"] == usual.made_from["circuit"]
    assert hot.made_from["deck"] != usual.made_from["deck"]
    assert records.decode(records.encode(hot)) == hot
    assert "temp=60" in other.text()
    assert "v_p12v p12v 0 11" in other.text()
    widths_V = []
    for one, two in zip(usual.cases, hot.cases, strict=True):
        first, second = one.outputs["Y"], two.outputs["Y"]
        # Diodes are inside the feedback: heat moves a nominal board's output by a millivolt or two.
        assert second.nominal_V == pytest.approx(first.nominal_V, abs=2e-3)
        widths_V.append((first.high_V - first.low_V, second.high_V - second.low_V))
    # The same boards, spread wider: by a third where resistors decide.
    assert all(wider > usual_V for usual_V, wider in widths_V)
    usual_V, wider_V = max(widths_V)
    assert wider_V == pytest.approx(1.33 * usual_V, rel=0.05)


@pytest.mark.parametrize("temperature_C", [-1.0, 70.5, math.nan, math.inf])
def test_temperatures_that_a_part_is_not_made_for_are_refused(
    xor: Xor, temperature_C: float
) -> None:
    """TL074CN: 0 to 70 C."""
    board, netlist, deck = xor
    with pytest.raises(InputError, match=r"is made for \(allowed: 0 to 70 C\)"):
        under(deck, netlist, board, temperature_C=temperature_C)


def test_the_part_that_is_not_made_for_it_is_named(xor: Xor) -> None:
    board, netlist, deck = xor
    with pytest.raises(InputError, match=r"xor_opamp: 75 C is beyond what U1 \(TL074\)"):
        under(deck, netlist, board, temperature_C=75.0)


@pytest.mark.parametrize(
    ("supplies_V", "reason"),
    [
        ({"+5V": 5.0}, r"no supply '\+5V' \(allowed: \+12V, -12V\)"),
        ({"+12V": 15.0}, r"15 V on \+12V \(allowed: 6 to 14.4 V\)"),
        ({"+12V": -12.0}, "6 to 14.4 V"),
        ({"-12V": -5.0}, "-14.4 to -6 V"),
        ({"-12V": math.nan}, "-14.4 to -6 V"),
    ],
)
def test_rails_that_a_board_can_t_have_are_refused(
    xor: Xor, supplies_V: dict[str, float], reason: str
) -> None:
    board, netlist, deck = xor
    with pytest.raises(InputError, match=reason):
        under(deck, netlist, board, supplies_V=supplies_V)


def test_a_deck_is_heated_once(xor: Xor) -> None:
    hot = xor[2].with_temperature(40.0)
    with pytest.raises(InputError, match="already"):
        hot.with_temperature(50.0)
    with pytest.raises(InputError, match="no supply 'VCC'"):
        hot.with_supply("VCC", 5.0)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("+5V=4.75", {"+5V": 4.75}),
        ("-12V=-11", {"-12V": -11.0}),
        (" VDD = 3.3", None),
        ("VDD=3.3 V", {"VDD": 3.3}),
        ("A=B=1", {"A=B": 1.0}),
        ("VDD=+.5", {"VDD": 0.5}),
    ],
)
def test_supplies_are_read(word: str, expected: dict[str, float] | None) -> None:
    if expected is None:
        with pytest.raises(InputError, match="sets no supply"):
            supplies_from([word])
    else:
        assert supplies_from([word]) == expected


@pytest.mark.parametrize("word", ["", "+5V", "=5", "+5V=", "+5V=five", "+5V=nan", "+5V=1e999"])
def test_what_sets_no_supply_is_refused(word: str) -> None:
    with pytest.raises(InputError, match=r"allowed: NET=VOLTS"):
        supplies_from([word])


def test_a_rail_set_twice_is_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        supplies_from(["+5V=5", "+5V=4"])
