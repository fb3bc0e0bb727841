"""The whole fixture: its controller's pins, its rails, and what it bears without them."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping

import numpy as np
import pytest

from realnet_hw import project
from realnet_hw.board import Board, load_board
from realnet_hw.cli import guidance
from realnet_hw.drawing import symbols
from realnet_hw.emulate import fixture as emulated
from realnet_hw.errors import InputError
from realnet_hw.export import bom, netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.schematic import schematic_files
from realnet_hw.parts.catalogue import part_type
from realnet_hw.predict.engines import usual_for
from realnet_hw.predict.ngspice import NgspiceEngine

TERMINALS = (
    *(f"ADC{i}" for i in range(7)),
    *(f"PULSE{i}" for i in range(8)),
    *(f"LINE{i}" for i in range(16)),
    "TRIGGER",
    "RESET",
    "REF",
)
PIN_LIMIT_A = 2e-3


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board("fixture_shield")


@pytest.fixture(scope="module")
def connected(board: Board) -> Netlist:
    return netlist.from_board(board)


@pytest.fixture(scope="module")
def deck(board: Board, connected: Netlist) -> Deck:
    return deck_from(connected, board)


@pytest.fixture(scope="module")
def engine() -> NgspiceEngine:
    return NgspiceEngine()


def arduino(pin: str) -> str:
    """Return what an Arduino calls a pin of the controller: PB1 is D9."""
    first = {"B": "D8", "C": "A0", "D": "D0"}[pin[1]]
    return f"{first[0]}{int(first[1:]) + int(pin[2])}"


def controller_nets(board: Board) -> dict[str, str]:
    """Return the nets of the Arduino's pins by the names that are printed on it."""
    names = {pin.number: pin.name for pin in symbols.load("MCU_Module:Arduino_UNO_R3").pins(1)}
    pins = board.assembly.parts["A1"].pins.items()
    return {name: net for number, net in pins for name in names[number].split("/")}


def parts_on(board: Board, net: str, kind: str) -> list[set[str]]:
    """Return the other nets of all parts of a kind that are on a net."""
    found = (part for part in board.assembly.parts.values() if part.type == kind)
    return [set(part.pins.values()) - {net} for part in found if net in part.pins.values()]


def chips(board: Board, kind: str) -> list[Mapping[str, str]]:
    return [part.pins for part in board.assembly.parts.values() if part.type == kind]


def test_pins_and_pulls_are_those_of_the_firmware(board: Board) -> None:
    """The virtual bench's pulls are the protocol's; here each is a resistor of 10 kohm."""
    nets = controller_nets(board)
    for pin, level in emulated.PULLS.items():
        net = nets[arduino(pin)]
        pulls = {rail for rails in parts_on(board, net, "resistor") for rail in rails}
        assert ("+5V" if level else "GND") in pulls, pin
    assert nets[arduino(emulated.OUTPUT_ENABLE)] == "OUTPUT_ENABLE"
    assert nets[arduino(emulated.CAPTURE)] == "PULSE"
    assert nets[arduino(emulated.WATCH)] == "RELAYS_WATCH"
    assert parts_on(board, nets[arduino(emulated.TRIGGER)], "resistor")


def test_converters_have_the_channels_that_the_firmware_gives_them(board: Board) -> None:
    """DS22250: A is pin 14, B pin 10; DS21298: CH0 to CH7 are pins 1 to 8."""
    nets = controller_nets(board)
    for index, pins in enumerate(chips(board, "mcp4922")):
        assert pins["3"] == nets[arduino(emulated.DAC_SELECTS[index])]
        assert pins["9"] == nets[arduino(emulated.DAC_SHUTDOWN)]
        assert pins["8"] == nets[arduino(emulated.LDAC)]
        assert (pins["14"], pins["10"]) == (f"VDAC{2 * index}", f"VDAC{2 * index + 1}")
    (adc,) = chips(board, "mcp3208")
    assert [adc[str(pin)] for pin in range(1, 9)] == [*(f"VADC{i}" for i in range(7)), "VMID"]
    assert adc["10"] == nets[arduino(emulated.ADC_SELECT)]
    for bus, pin in (("SCK", "PB5"), ("MISO", "PB4"), ("MOSI", "PB3")):
        assert nets[arduino(pin)] == bus


def test_the_bits_sent_last_are_the_lowest_lines(board: Board) -> None:
    """The firmware sends the high byte first: it ends in the second register."""
    first, second = chips(board, "hc595")
    assert first["14"] == "MOSI"
    assert first["9"] == second["14"]
    assert [first["15"], *(first[str(i)] for i in range(1, 8))] == [f"Q{i}" for i in range(8)]
    assert [second["15"], *(second[str(i)] for i in range(1, 8))] == [f"Q{i}" for i in range(8, 16)]
    (selector,) = chips(board, "hc4051")
    assert [selector[pin] for pin in ("11", "10", "9")] == ["Q13", "Q14", "Q15"]
    inputs = ("13", "14", "15", "12", "1", "5", "2", "4")
    assert [selector[pin] for pin in inputs] == [f"PULSE{i}_IN" for i in range(8)]


def asked(
    deck: Deck, *, dac_V: float = 2.048, sensed_V: float = 0.0, enable_V: float = 5.0
) -> dict[str, float]:
    values = {"VDAC": dac_V, "ADC": sensed_V, "OUTPUT_ENABLE": enable_V}
    return {
        source.element: values[re.sub("[0-9]+$", "", port)] for port, source in deck.inputs.items()
    }


def test_every_channel_follows_its_own_converter(engine: NgspiceEngine, deck: Deck) -> None:
    dacs_V = np.linspace(0.5, 3.5, 6)
    sensed_V = np.linspace(-9.0, 9.0, 7)
    values = {f"VDAC{i}": float(v) for i, v in enumerate(dacs_V)}
    values |= {f"ADC{i}": float(v) for i, v in enumerate(sensed_V)} | {"OUTPUT_ENABLE": 5.0}
    sets = [{deck.inputs[port].element: volts for port, volts in values.items()}]
    nets = [*(f"DAC{i}" for i in range(6)), *(f"VADC{i}" for i in range(7)), "REF"]
    found = engine.operating_point(deck, sets, [deck.nodes[net] for net in nets])[0]
    assert found[:6] == pytest.approx(5 * (dacs_V - 2.048), abs=5e-3)
    assert found[6:13] == pytest.approx(sensed_V / 5 + 2.048, abs=1e-3)
    assert found[13] == pytest.approx(4.096, abs=1e-3)


@pytest.mark.parametrize(
    ("rails", "enable_V", "operated"),
    [
        ({}, 5.0, True),
        ({}, 0.0, False),
        ({"+15V": 12.5}, 5.0, False),
        ({"-15V": -12.5}, 5.0, False),
        ({"-15V": -0.01}, 5.0, False),
        ({"+15V": 14.25, "-15V": -14.25, "+5V": 4.75}, 3.5, True),
    ],
)
def test_relays_operate_only_while_the_rails_are_there(
    engine: NgspiceEngine,
    deck: Deck,
    rails: Mapping[str, float],
    enable_V: float,
    operated: bool,
) -> None:
    """Between 1.2 V and 9.6 V on a coil of 12 V nobody knows; it is never left there.

    The controller sees which of both it is, where it has told them to.
    """
    own = deck
    for net, volts in rails.items():
        own = own.with_supply(net, volts)
    nodes = [own.nodes[net] for net in ("RELAYS", "RELAYS_WATCH")]
    low_V, seen_V = engine.operating_point(own, [asked(own, enable_V=enable_V)], nodes)[0]
    coil_V = rails.get("+15V", 15.0) - low_V
    assert seen_V > emulated.BASE_V if operated else seen_V < emulated.HELD_V
    limits = part_type("relay_12v").limits
    assert limits["operate_V"] < coil_V < limits["most_V"] if operated else coil_V < 0.1


def hot(deck: Deck, ambient_C: float, *, beta: float = 150.0) -> Deck:
    """Return the shield with the 2N3904 of the least V_BE that is promised: 0.65 V at 10 mA.

    The model's is 0.73 V: its emitter's current is greater by what 80 mV make.
    """
    emitter_A = 6.8e-15 * math.exp(0.08 / 0.02585)
    models = deck.models
    for was, now in (
        ("emitter d(is=6.8e-15)", f"emitter d(is={emitter_A:.3e})"),
        ("i=0.99338*i(vf)", f"i={beta / (beta + 1):.6f}*i(vf)"),
    ):
        assert models.count(was) == 1
        models = models.replace(was, now)
    return dataclasses.replace(deck, models=models).with_temperature(ambient_C)


def with_elements(deck: Deck, *lines: str) -> Deck:
    return dataclasses.replace(deck, elements=(*deck.elements, *lines))


@pytest.fixture(scope="module")
def threshold_V() -> tuple[float, float]:
    """Between what the firmware calls conducting and held, with every controller.

    ATmega328P: the internal reference is 1.0 to 1.2 V, the converter is within 2 of its 1024 steps.
    """
    source = (project.bundle() / "firmware" / "fixture" / "rails.c").read_text("utf-8")
    (least,) = re.findall(r"LEAST = ([0-9]+),", source)
    share, error = int(least) / 256, 2 / 1024
    return (share - error) * 1.0, (share + error) * 1.2


@pytest.mark.parametrize("ambient_C", [0.0, 50.0])
@pytest.mark.parametrize("leakage_A", [-1e-6, 1e-6])
def test_the_watch_tells_conducting_from_held_with_a_leaking_pin(
    engine: NgspiceEngine,
    deck: Deck,
    threshold_V: tuple[float, float],
    ambient_C: float,
    leakage_A: float,
) -> None:
    """ATmega328P: 1 uA at most, either way. LM339: 0.4 V at most at 4 mA, 25 C; it sinks 3.2 mA."""
    own = with_elements(hot(deck, ambient_C), f"i_leak 0 {deck.nodes['RELAYS_WATCH']} {leakage_A}")
    held = with_elements(own, "v_held relays_base 0 0.4")
    for net, volts in {"+15V": 14.25, "-15V": -14.25, "+5V": 4.75}.items():
        own = own.with_supply(net, volts)
    nodes = [own.nodes[net] for net in ("RELAYS", "RELAYS_WATCH")]
    _, conducting_V = engine.operating_point(own, [asked(own, enable_V=3.5)], nodes)[0]
    _, held_V = engine.operating_point(held, [asked(held, enable_V=5.25)], nodes)[0]
    seen_low_V, seen_conducting_V = threshold_V
    # Between each and the threshold is what the virtual bench puts there.
    assert held_V < emulated.HELD_V < seen_low_V - 0.015
    assert conducting_V > emulated.BASE_V > seen_conducting_V + 0.03


def test_a_comparator_of_the_worst_kind_still_releases_the_relays(
    engine: NgspiceEngine, deck: Deck
) -> None:
    """LM339: 0.7 V at 4 mA from 0 to 70 C, so some 0.56 V at 3.2 mA. The watch may miss it."""
    own = with_elements(hot(deck, 50.0, beta=300.0), "v_held relays_base 0 0.56")
    (low_V,) = engine.operating_point(own, [asked(own)], [own.nodes["RELAYS"]])[0]
    assert own.supplies["+15V"].volts - low_V < part_type("relay_12v").limits["release_V"]


@pytest.mark.parametrize("ambient_C", [0.0, 50.0])
def test_the_pin_that_watches_the_relays_cannot_operate_them(
    engine: NgspiceEngine, deck: Deck, ambient_C: float
) -> None:
    """A firmware gone astray, or another program, may drive it high; a coil lets go below 1.2 V.

    A program that leaves the output enable to its resistor as well lets some current through: by
    the greatest h_FE, 300, less than half of what a coil must have to operate.
    """
    limits = part_type("relay_12v").limits
    node, enable = deck.nodes["RELAYS_WATCH"], deck.inputs["OUTPUT_ENABLE"]
    own = with_elements(hot(deck, ambient_C, beta=300.0), f"v_astray {node} 0 5.5")
    relays = [own.nodes["RELAYS"]]
    (low_V,) = engine.operating_point(own, [asked(own, enable_V=0.0)], relays)[0]
    assert own.supplies["+15V"].volts - low_V < 0.1
    left = dataclasses.replace(own.with_element(enable.element), inputs={})
    (low_V,) = engine.operating_point(left, [{}], relays)[0]
    assert own.supplies["+15V"].volts - low_V < limits["operate_V"] / 2


def unpowered(
    board: Board, deck: Deck, rail_ohm: float, terminal_V: float
) -> tuple[Deck, list[str]]:
    """Return the fixture without supplies, a voltage on every terminal, and its chips' pins.

    Each pin of a chip that is not simulated is at ground, as if nothing inside it limited a
    current; the sources that keep it there are returned.
    """
    kinds = ("mcp4922", "mcp3208", "hc595", "hc4051", "lm311", "arduino_uno")
    pins = {net for kind in kinds for part in chips(board, kind) for net in part.values()}
    driven = {source.node for source in deck.inputs.values()}
    own = sorted(
        {deck.nodes[net] for net in pins - {"VREF", "VMID"} - set(board.rail_nets)} - driven
    )
    elements = [line for line in deck.elements if line.split()[0] not in deck.bench]
    elements += [f"r_{net} {deck.nodes[net]} 0 {rail_ohm}" for net in ("+15V", "-15V", "+5V")]
    elements += [f"v_{node} {node} 0 0" for node in own]
    elements += [f"v_dac_{i} vdac{i} 0 0" for i in range(6)] + ["v_enable output_enable 0 0"]
    elements += [f"v_at_{net.lower()} {deck.nodes[net]} 0 {terminal_V}" for net in TERMINALS]
    elements += [f"v_at_dac{i} dac{i} 0 {terminal_V}" for i in range(6)]
    names = [*(f"v_{node}" for node in own), *(f"v_dac_{i}" for i in range(6)), "v_enable"]
    # Without a supply there is nothing that its sources could hold.
    return dataclasses.replace(deck, elements=tuple(elements), supplies={}, inputs={}), names


@pytest.mark.parametrize("rail_ohm", [1e-3, 1e6])
@pytest.mark.parametrize("terminal_V", [12.0, -12.0])
def test_no_pin_gets_more_than_two_milliamperes_without_supplies(
    engine: NgspiceEngine, board: Board, deck: Deck, rail_ohm: float, terminal_V: float
) -> None:
    own, pins = unpowered(board, deck, rail_ohm, terminal_V)
    through_A = engine.operating_point(own, [{}], [f"i({name})" for name in pins])[0]
    assert len(pins) > 40
    assert np.max(np.abs(through_A)) < PIN_LIMIT_A
    # And out of the terminals: 100 ohm of a grounded source bears it, the rest takes little.
    taken_A = engine.operating_point(
        own,
        [{}],
        [f"i(v_at_{net.lower()})" for net in (*TERMINALS, *(f"DAC{i}" for i in range(6)))],
    )[0]
    assert np.max(np.abs(taken_A[:-6])) < PIN_LIMIT_A
    rest = part_type("resistor_2w")
    assert np.max(taken_A[-6:] ** 2) * 100.0 < rest.limits["max_W"]
    # What converters take from the references: none of it is beyond their supply.
    nets = ["VREF", "VMID", "+5V"]
    *shared_V, logic_V = engine.operating_point(own, [{}], [own.nodes[net] for net in nets])[0]
    assert np.all(np.array(shared_V) < max(logic_V, 0.0) + 0.6)
    assert np.all(np.array(shared_V) > -0.6)


@pytest.mark.parametrize("sensed_V", [12.0, -12.0])
def test_a_converter_without_supply_is_kept_from_what_senses_carry(
    engine: NgspiceEngine, deck: Deck, sensed_V: float
) -> None:
    """The amplifiers on, 5 V off: MCP3208 and MCP4922 bear 0.6 V beyond their supply."""
    own = deck.with_supply("+5V", 0.01)
    nets = [*(f"VADC{i}" for i in range(7)), "VREF", "VMID"]
    asked_for = [*(own.nodes[net] for net in nets), f"i({own.supplies['+5V'].element})"]
    sets = [asked(own, sensed_V=sensed_V, enable_V=0.0, dac_V=0.0)]
    *volts, through_A = engine.operating_point(own, sets, asked_for)[0]
    assert np.all(np.abs(volts) < 0.6)
    # Into the 5 V, as docs/how-to/build-the-fixture.md says.
    assert abs(through_A) < 20e-3


def test_supplies_carry_what_the_board_takes(
    engine: NgspiceEngine, board: Board, deck: Deck
) -> None:
    """All sources at 10 mA and the relays operated: less than what the board asks supplies for."""
    loads = [f"i_load{i} dac{i} 0 10e-3" for i in range(6)]
    own = dataclasses.replace(deck, elements=(*deck.elements, *loads))
    elements = [own.supplies[supply.net].element for supply in board.supplies]
    sets = [asked(own, dac_V=4.0, sensed_V=-10.0)]
    taken_A = engine.operating_point(own, sets, [f"i({name})" for name in elements])[0]
    for supply, current_A in zip(board.supplies, taken_A, strict=True):
        assert abs(current_A) < supply.max_A, supply.net


@pytest.mark.parametrize("terminal", ["TRIGGER", "RESET"])
def test_open_collectors_reset_a_timer(engine: NgspiceEngine, deck: Deck, terminal: str) -> None:
    """An NE555's reset is low below 0.3 V at least; a board pulls up with 10 kohm to 15 V."""
    own = dataclasses.replace(
        deck,
        elements=(
            *deck.elements,
            f"r_up p15v {terminal.lower()} 10000",
            f"v_on {deck.nodes[f'{terminal}_ON']} 0 0",
        ),
    )
    sets = [{**asked(own, enable_V=0.0), "v_on": volts} for volts in (0.0, 4.5)]
    let_go_V, pulled_V = engine.operating_point(own, sets, [terminal.lower()])[:, 0]
    assert let_go_V > 14.5
    assert pulled_V < 0.3


def test_committed_files_are_of_this_circuit(board: Board, connected: Netlist, deck: Deck) -> None:
    """Drawing, deck and parts as made now; tests of fabrication compare the copper with it."""
    folder = project.bundle() / "boards" / board.name / "generated"
    made = {
        **schematic_files(board, connected),
        f"{board.name}.cir": deck.text(),
        "bom.csv": bom.bom_text(connected),
        "bom_order.csv": bom.order_text(connected),
    }
    stale = [name for name, text in made.items() if (folder / name).read_text("utf-8") != text]
    assert stale == []


def test_the_bench_is_not_measured_like_a_board(board: Board) -> None:
    with pytest.raises(InputError, match="realnet calibrate --station FILE"):
        guidance.refuse_the_bench(board)
    guidance.refuse_the_bench(load_board("xor_opamp"))
    assert "measure" not in " ".join(guidance.after_predicting(board.name, None, is_measured=False))


def test_a_large_board_is_left_to_the_compiled_engine(board: Board) -> None:
    assert usual_for(board) == "compiled"


def test_only_logic_of_the_catalogue_may_be_left_out_of_a_deck(
    board: Board, connected: Netlist
) -> None:
    def changed(reference: str, **fields: str) -> Netlist:
        part = connected.parts[reference]
        own = dataclasses.replace(part, fields={**part.fields, **fields})
        return dataclasses.replace(connected, parts={**connected.parts, reference: own})

    amplifier = next(name for name in board.assembly.packages if name != "U1")
    with pytest.raises(InputError, match="leaves Amplifier_Operational:OPA4134 out"):
        deck_from(changed(amplifier, **{"Sim.Enable": "0"}), board)
    converter = next(r for r, p in board.assembly.parts.items() if p.type == "mcp3208")
    with pytest.raises(InputError, match="leaves Analog_ADC:MCP3208 out"):
        deck_from(changed(converter, Catalogue=""), board)
