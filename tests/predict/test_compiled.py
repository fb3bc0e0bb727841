"""The compiled engine against physics, against ngspice, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.constants import Boltzmann, e
from scipy.optimize import brentq

from realnet_hw.board import Board, load_board
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export import deck as decks
from realnet_hw.export.deck import Deck, Source, deck_from
from realnet_hw.export.netlist import Netlist, from_board
from realnet_hw.predict import faults
from realnet_hw.predict.asking import Fired, asking_of
from realnet_hw.predict.compiled import cards, expressions
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from tests.predict.circuits import ASKED, EXACT, networks

DIVIDER = Deck(
    "* divider", ("v_in a 0 10", "r1 a b 1e3", "r2 b 0 3e3", "c1 b 0 1e-6"), nodes={"A": "a"}
)
# Within a microvolt and a millionth, as far apart as two simulators may be.
ABSOLUTE_V, RELATIVE = 1e-6, 1e-6


@pytest.fixture(scope="module")
def compiled() -> CompiledEngine:
    return CompiledEngine()


def agree(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=RELATIVE, atol=ABSOLUTE_V)


# ----------------------------------------------------------------------------------------- physics


def test_divider_and_current(compiled: CompiledEngine) -> None:
    sets = [{}, {"r1": 3e3}, {"v_in": -4.0}]
    found = compiled.operating_point(DIVIDER, sets, ["b", "0", "a", "i(v_in)"])
    expected = [[7.5, 0, 10, -2.5e-3], [5, 0, 10, -10 / 6e3], [-3, 0, -4, 1e-3]]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    assert compiled.operating_point(DIVIDER, [], ["b"]).shape == (0, 1)
    assert compiled.operating_point(DIVIDER, [{}], []).shape == (1, 0)
    swept = compiled.sweep(DIVIDER, [{}, {"r1": 3e3}], ["b"], source="v_in", values=[0, 4])
    np.testing.assert_allclose(swept[:, :, 0], [[0, 3], [0, 2]], rtol=1e-12, atol=1e-15)


def test_diode_obeys_shockley(compiled: CompiledEngine) -> None:
    ohm, saturation_A, slope_V, gmin_S = 1e4, 3e-9, 1.8 * Boltzmann * 300.15 / e, 1e-12
    deck = Deck("* diode", ("v_in a 0 1", f"r1 a b {ohm}", "d1 b 0 plain"),
                models=".model plain d(is=3e-9 n=1.8)")  # fmt: skip

    def excess_A(volts: float, source_V: float) -> float:
        diode_A = saturation_A * math.expm1(volts / slope_V) + gmin_S * volts
        return diode_A - (source_V - volts) / ohm

    sources_V = [0.05, 0.6, 5.0, 40.0]
    found = compiled.sweep(deck, [{}], ["b"], source="v_in", values=sources_V)[0, :, 0]
    for volts, source_V in zip(found, sources_V, strict=True):
        expected_V = brentq(excess_A, -1, 2, args=(source_V,), xtol=1e-12)
        # SPICE's constants are those of 2014.
        assert volts == pytest.approx(expected_V, rel=1e-6)


def test_transistor_obeys_the_square_law(compiled: CompiledEngine) -> None:
    deck = Deck(
        "* mosfet",
        ("v_d d 0 5", "v_g g 0 3", "m1 d g 0 0 square w=2e-5 l=1e-5"),
        models=".model square nmos(vto=1 kp=1e-3)",
    )
    sets = [{}, {"v_d": 0.5}, {"v_g": 0.5}, {"m1 w": 4e-5}]
    found = -compiled.operating_point(deck, sets, ["i(v_d)"])[:, 0]
    expected = [2e-3 / 2 * 4, 2e-3 * (2 - 0.25) * 0.5, 0.0, 4e-3 / 2 * 4]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=3e-11)


def test_capacitor_charges_and_crosses_in_its_time(compiled: CompiledEngine) -> None:
    tau_s = 1e-6 / (1 / 1e3 + 1 / 3e3)
    times_s = np.arange(0, 101) * 5e-5
    found = compiled.transient(
        DIVIDER, [{}], ["b", "a"], end_s=5e-3, step_s=5e-5, use_initial_conditions=True
    )
    np.testing.assert_allclose(found[0, :, 0], 7.5 * (1 - np.exp(-times_s / tau_s)), atol=1e-3)
    half = [("b", 3.75), ("b", 7.0), ("b", 8.0)]
    ((first, second, never),) = compiled.crossings(
        DIVIDER, [{}], half, end_s=5e-3, use_initial_conditions=True
    )
    assert first == pytest.approx([tau_s * math.log(2)], abs=6e-7)
    assert second == pytest.approx([tau_s * math.log(15)], abs=6e-7)
    assert never == []


def test_inductor_and_waveforms(compiled: CompiledEngine) -> None:
    deck = Deck(
        "* waves",
        ("v_s s 0 sin(1 2 1e3)", "v_p p 0 pulse(0 5 1e-4 1e-5 2e-5 2e-4 5e-4)",
         "v_l l 0 pwl(0 0 1e-9 1 1 1)", "l1 l m 1e-2", "r1 m 0 1e2"),
    )  # fmt: skip
    found = compiled.transient(deck, [{}], ["s", "p", "m"], end_s=1e-3, step_s=1e-5)[0]
    times_s = np.arange(101) * 1e-5
    np.testing.assert_allclose(found[:, 0], 1 + 2 * np.sin(2e3 * np.pi * times_s), atol=2e-4)
    since_s = np.maximum(times_s - 1e-4, 0) % 5e-4
    pulse = np.interp(since_s, [0, 1e-5, 2.1e-4, 2.3e-4], [0, 5, 5, 0])
    np.testing.assert_allclose(found[:, 1], pulse, atol=2e-4)
    np.testing.assert_allclose(found[1:, 2], 1 - np.exp(-times_s[1:] / 1e-4), atol=1e-3)


def test_what_holds_no_charge_turns_where_it_must(compiled: CompiledEngine) -> None:
    """A limited voltage leaves no curve through the points before its corner beyond the limit."""
    deck = Deck(
        "* limited",
        ("v_in a 0 pulse(0 1 1e-4 1e-6 1e-6 1 2)", "r1 a b 1e3", "c1 b 0 1e-6",
         "b1 y 0 v=min(5, 40*v(b))", "r2 y 0 1e3"),
    )  # fmt: skip
    found = compiled.transient(deck, [{}], ["b", "y"], end_s=5e-3, step_s=2.5e-6)[0]
    np.testing.assert_allclose(found[:, 1], np.minimum(5.0, 40 * found[:, 0]), atol=1e-2)
    times_s = np.linspace(0, 5e-3, 2001)
    risen = -np.expm1(-np.maximum(times_s - 1.005e-4, 0) / 1e-3)
    np.testing.assert_allclose(found[:, 0], risen, atol=1e-3)


def test_a_wave_goes_on_where_another_ended(compiled: CompiledEngine) -> None:
    whole = compiled.wave(DIVIDER, {}, end_s=2e-3, step_s=1e-4, start_V={"b": 2.0})
    first = compiled.wave(DIVIDER, {}, end_s=8e-4, step_s=1e-4, start_V={"b": 2.0})
    state_V = {node: float(volts[-1]) for node, volts in first.volts.items()}
    second = compiled.wave(DIVIDER, {}, end_s=1.2e-3, step_s=1e-4, start_V=state_V)
    assert set(whole.volts) == {"a", "b"}
    assert whole.volts["b"][0] == 2.0
    assert np.all(np.diff(whole.times_s) > 0)
    assert second.volts["b"][-1] == pytest.approx(whole.volts["b"][-1], abs=2e-4)
    assert whole.volts["b"][-1] == pytest.approx(7.5 - 5.5 * math.exp(-2e-3 / 7.5e-4), abs=3e-4)


# ----------------------------------------------------------------------------------------- ngspice


@pytest.mark.parametrize("name", ["xor_opamp", "xor_realnet", "xor_single_supply"])
def test_boards(name: str, compiled: CompiledEngine, engine: NgspiceEngine) -> None:
    """Every node and supply current: each case, drawn boards, two temperatures, some faults."""
    board = load_board(name)
    deck = deck_from(from_board(board), board)
    nodes = [*deck.nodes.values(), *(f"i({s.element})" for s in deck.supplies.values())]
    cases = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    drawn = [{**one, **case} for one in draw(deck.spreads, 2, 7) for case in cases]
    for temperature_C in (27.0, -20.0):
        there = deck if temperature_C == 27.0 else deck.with_temperature(temperature_C)
        agree(
            compiled.operating_point(there, [*cases, *drawn], nodes),
            engine.operating_point(there, [*cases, *drawn], nodes),
        )
    known = faults.single_faults(deck)
    tried = ("R2 short", "D1 reversed", "U1 missing", f"{next(iter(deck.supplies))} missing")
    for fault in (fault for fault in tried if fault in known):
        faulty = faults.apply(deck, fault)
        agree(
            compiled.operating_point(faulty, cases[-1:], nodes),
            engine.operating_point(faulty, cases[-1:], nodes),
        )


def test_a_board_of_timers(compiled: CompiledEngine, engine: NgspiceEngine) -> None:
    """The widths of its pulses within a microsecond, its outputs within a millivolt."""
    board = load_board("nand_555")
    deck = deck_from(from_board(board), board)
    asking = asking_of(board, deck)
    assert isinstance(asking, Fired)
    case = board.cases[0]
    put = {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
    (drawn,) = draw(deck.spreads, 1, 3)
    sets = [{**drawn, **put}]
    ours, theirs = (asking.answers(deck, one, sets)[0] for one in (compiled, engine))
    volts = len(asking.voltages)
    np.testing.assert_allclose(ours[:volts], theirs[:volts], atol=1e-3)
    np.testing.assert_allclose(ours[volts:], theirs[volts:], atol=1e-6)
    assert min(theirs[volts:]) > 1e-3
    # Found inside the steps, the same as by the stopwatch in the deck.
    watches = [(watch.node, watch.level_V) for watch in asking.stopwatches.values()]
    (crossings,) = compiled.crossings(
        asking.deck(deck), sets, watches, end_s=asking.end_s, use_initial_conditions=True
    )
    for times_s, width_s in zip(crossings, ours[volts:], strict=True):
        up_s, down_s = [time for time in times_s if abs(time) > asking.start_s]
        assert -down_s - up_s == pytest.approx(width_s, abs=2e-6)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(deck=networks())
def test_generated_networks(compiled: CompiledEngine, engine: NgspiceEngine, deck: Deck) -> None:
    ours = compiled.operating_point(deck, [{}], ASKED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decks, "OPTIONS", EXACT)
        agree(ours, engine.operating_point(deck, [{}], ASKED))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2^3^2", 64.0), ("-2^2", -4.0), ("(-2)^3", 8.0), ("2**-1", 0.5), ("pwr(-2,3)", -8.0),
        ("2-3-4+8/2/2", -3.0), ("u(-2)", 0.0), ("u(0)", 0.5), ("log(100)", math.log(100)),
        ("log10(100)", 2.0), ("2>1 ? 4 : 5", 4.0), ("(2>1)&&(1>2)", 0.0), ("1k", 1e3),
        ("2.5meg", 2.5e6), ("10uf", 1e-5), ("max(1,-2)+min(3,4)", 4.0), ("sgn(-7)", -1.0),
        ("2>=2", 1.0), ("1<=0.5||0", 0.0), ("-3+uramp(2)", -1.0),
    ],
)  # fmt: skip
def test_arithmetic_is_that_of_ngspice(text: str, value: float) -> None:
    """The values were computed by ngspice 46; what ``^`` does is not what Python does."""
    assert expressions.value(text, {}) == pytest.approx(value)


def test_answers_depend_on_nothing_else_that_is_asked(
    compiled: CompiledEngine, xor: tuple[Board, Netlist, Deck]
) -> None:
    board, _, deck = xor
    nodes = [deck.nodes[port.net] for port in board.outputs]
    sets = [{**one, "v_x1": 5.0} for one in draw(deck.spreads, 11, 1)]
    together = compiled.operating_point(deck, sets, nodes)
    alone = [CompiledEngine().operating_point(deck, [one], nodes)[0] for one in sets[::-1]]
    assert np.array_equal(together, np.array(alone)[::-1])


def test_bound(
    compiled: CompiledEngine, engine: NgspiceEngine, xor: tuple[Board, Netlist, Deck]
) -> None:
    """A resistor, a diode's area, an offset and an input change: as if each was asked alone."""
    board, _, deck = xor
    nodes = [deck.nodes[port.net] for port in board.outputs]
    changing = ["r3", "d1 area", "v.xu1.vos2", "v_x1"]
    others = {"v_x2": 5.0, "r5": 9.7e3}
    random = np.random.default_rng(5)
    values = np.column_stack([random.uniform(low, high, 11) for low, high in
                              [(8e3, 12e3), (0.5, 2), (-3e-3, 3e-3), (0, 5)]])  # fmt: skip
    bound = compiled.bound(deck, others, changing=changing, nodes=nodes)
    together = bound.operating_points(values)
    sets = [{**others, **dict(zip(changing, row, strict=True))} for row in values.tolist()]
    agree(together, engine.operating_point(deck, sets, nodes))
    agree(together, engine.bound(deck, others, changing=changing, nodes=nodes)
          .operating_points(values))  # fmt: skip
    # Whatever was asked before, a pattern without a solution included.
    with pytest.raises(SimulationFailed, match="r3 = 0"):
        bound.operating_points(np.array([[0.0, 1.0, 0.0, 0.0]]))
    alone = [bound.operating_points(row[np.newaxis])[0] for row in values[::-1]]
    assert np.array_equal(together, np.array(alone)[::-1])


def test_what_can_not_be_bound(compiled: CompiledEngine) -> None:
    with pytest.raises(InputError, match="'r1' is to change twice"):
        compiled.bound(DIVIDER, {}, changing=["r1", "v_in", "r1"], nodes=["b"])
    with pytest.raises(InputError, match="'r7'"):
        compiled.bound(DIVIDER, {}, changing=["r7"], nodes=["b"])
    bound = compiled.bound(DIVIDER, {}, changing=["r1", "v_in"], nodes=["b"])
    for values in ([[1.0]], [1.0, 2.0], [[math.nan, 1.0]]):
        with pytest.raises(InputError):
            bound.operating_points(np.array(values))


# ----------------------------------------------------------------------------------- sensitivities


def test_sensitivities_of_a_divider(compiled: CompiledEngine) -> None:
    names = ["r2", "v_in", "r1"]
    found = compiled.sensitivities(DIVIDER, [{}, {"v_in": 4.0}], ["b", "a", "0"], names=names)
    for volts, slopes in zip((10.0, 4.0), found, strict=True):
        expected = [volts * 1e3 / 4e3**2, 0.75, -volts * 3e3 / 4e3**2]
        np.testing.assert_allclose(slopes[0], expected, rtol=1e-6)
        np.testing.assert_allclose(slopes[1:], [[0, 1, 0], [0, 0, 0]], atol=1e-7)
    with pytest.raises(InputError, match="twice"):
        compiled.sensitivities(DIVIDER, [{}], ["b"], names=["r1", "r1"])


@pytest.mark.parametrize("name", ["xor_opamp", "xor_single_supply"])
def test_sensitivities_are_those_of_ngspice(
    name: str, compiled: CompiledEngine, engine: NgspiceEngine
) -> None:
    """Every spread parameter against differences of ngspice, within a thousandth of its effect."""
    board = load_board(name)
    deck = deck_from(from_board(board), board)
    nodes = [deck.nodes[port.net] for port in board.outputs]
    names = [spread.parameter for spread in deck.spreads]
    (drawn,) = draw(deck.spreads, 1, 4)
    case = {deck.inputs[name].element: volts for name, volts in board.cases[1].inputs.items()}
    sets = [{**drawn, **case}]
    ours = compiled.sensitivities(deck, sets, nodes, names=names)
    theirs = engine.sensitivities(deck, sets, nodes, names=names)
    reach = np.array([spread.high - spread.low for spread in deck.spreads]) / 2
    np.testing.assert_allclose(ours * reach, theirs * reach, rtol=1e-3, atol=2e-6)
    assert np.abs(ours * reach).max() > 1e-2


# --------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("q1 a b 0 npn", "'Q'"),
        ("s1 a b a 0 sw", "'S'"),
        ("r1 a b 1e3 tc=1e-3", "'tc'"),
        ("c1 a b 1e-6 ic=2", "ic=2"),
        ("d1 a b nowhere", "nowhere"),
        ("d1 a b odd", "'ikf'"),
        ("m1 a b 0 0 mos3", "level 3"),
        ("m1 a b 0 0 mos1 ad=1e-12", "'ad'"),
        ("b1 a 0 v=ddt(v(b))", "ddt"),
        ("b1 a 0 i=v(b)^v(b)", "exponent"),
        ("b1 a 0 i=i(v_none)", "v_none"),
        ("e1 a 0 poly(1) b 0 0 1", "poly"),
        ("v2 b 0 ac 1", "ac 1"),
        ("v2 b 0 exp(0 1)", "exp"),
        ("x1 a b nothing", "nothing"),
        ("x1 a b small gain=2", "'gain'"),
        (".include other.lib", ".include"),
        (".options rshunt=1e9", "rshunt"),
        ("r1 a b 0", "not 0"),
    ],
)
def test_what_is_not_known_is_refused_by_name(
    compiled: CompiledEngine, line: str, said: str
) -> None:
    models = """
.model odd d(is=1e-14 ikf=1)
.model mos1 nmos(vto=1)
.model mos3 nmos(level=3)
.subckt small p m
rs p m 1e3
.ends small"""
    deck = Deck("* refused", ("v_in a 0 1", "r9 a b 1e3", "r8 b 0 1e3", line), models=models)
    with pytest.raises(InputError) as refused:
        compiled.operating_point(deck, [{}], ["a", "b"])
    assert said in str(refused.value)


def test_parameters_and_nodes_that_are_not_there(compiled: CompiledEngine) -> None:
    for parameters, nodes, said in [
        ({"r7": 1.0}, ["b"], "'r7'"),
        ({"r1": math.inf}, ["b"], "finite"),
        ({}, ["c"], "'c'"),
        ({}, ["i(v_out)"], "'v_out'"),
    ]:
        with pytest.raises(InputError, match=said):
            compiled.operating_point(DIVIDER, [parameters], nodes)
    with pytest.raises(InputError, match="0 < step <= end"):
        compiled.transient(DIVIDER, [{}], ["b"], end_s=1.0, step_s=2.0)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("v_a a 0 1", "v_b a 0 2", "r1 a 0 1e3"), "v_b"),
        (("v_a a 0 1", "c1 a x 1e-6", "c2 x 0 1e-6"), "'x'"),
        (("i_a 0 x 1e-3", "c1 x 0 1e-6"), "'x'"),
        # It would be its own output plus one.
        (("v_a a 0 1", "b1 y 0 v=v(y)+v(a)", "r2 y 0 1e3"), "b1"),
    ],
)
def test_a_circuit_without_a_solution_is_said_with_its_place(
    compiled: CompiledEngine, lines: tuple[str, ...], said: str
) -> None:
    node = "y" if said == "b1" else "x" if said == "'x'" else "a"
    with pytest.raises(SimulationFailed) as failed:
        compiled.operating_point(Deck("* hopeless", lines), [{}], [node])
    assert said in str(failed.value)
    assert failed.value.mend


def test_reading_a_deck() -> None:
    flat = cards.read(
        "* title\n.param half=0.5\n.subckt pair a b r=1k\nr1 a m {r*half}\nr2 m b {r}\n.ends\n"
        "X1 IN out pair r=2k ; comment\nV1 IN 0\n+ dc 5\n.ic v(out)=1.5\n.options temp=40\n.end\n"
    )
    values = {element.name: (element.nodes, element.value) for element in flat.elements}
    assert values == {
        "r.x1.r1": (("in", "x1.m"), 1e3),
        "r.x1.r2": (("x1.m", "out"), 2e3),
        "v1": (("in", "0"), 5.0),
    }
    assert flat.initial_V == {"out": 1.5}
    assert (flat.temperature_C, flat.title) == (40.0, "title")


def test_initial_conditions_of_the_deck(compiled: CompiledEngine) -> None:
    deck = Deck("* charged", ("r1 a 0 1e3", "c1 a 0 1e-6", ".ic v(a)=2"),
                inputs={"X": Source("v_x", "x", 0.0)})  # fmt: skip
    found = compiled.transient(
        deck, [{}], ["a"], end_s=1e-3, step_s=5e-4, use_initial_conditions=True
    )
    np.testing.assert_allclose(found[0, :, 0], 2 * np.exp([0, -0.5, -1]), atol=1e-4)
