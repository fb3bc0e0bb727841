"""The original Realnet circuit, XOR with six op-amps and three diodes, in plain SKiDL.

Values and wiring are the published ones. Two inverting summers make a neuron, and a diode behind
the second one is its ReLU. The feedback ends before the diode, so that every neuron loses the
diode's forward voltage: the network that the resistors stand for answers 0, 2.99, 5.05 and 0 V, the
circuit 0, 3.12, 4.54 and 0.08 V.
"""

from __future__ import annotations

from typing import Any

from skidl import Net

from realnet_hw.board import Board, Logic, Port, Supply, TestPoint
from realnet_hw.network.network import Layer, Network
from realnet_hw.parts.skidl_parts import catalogue_part
from realnet_hw.technology.cases import cases, points

# TL074, DIP-14: non-inverting input, inverting input and output of each amplifier.
AMPLIFIERS = ((3, 2, 1), (5, 6, 7), (10, 9, 8), (12, 13, 14))


def board() -> Board:
    """Return the board."""
    network = ideal_network()
    ports = (
        Port("X", "X", "input", unit_V=5.0),
        Port("Y", "Y", "input", unit_V=5.0),
        Port("OUT", "OUT", "output", min_V=-1.0, max_V=12.0, unit_V=5.0),
    )
    return Board(
        name="xor_realnet",
        title="The original Realnet XOR, 6 op-amps",
        technology="plain_skidl",
        ports=ports,
        supplies=(
            Supply("+15V", 15.0, 0.05, 0.1, 0),
            Supply("-15V", -15.0, 0.05, 0.1, 0),
            Supply("+5V", 5.0, 0.01, 0.05, 1),
        ),
        test_points=tuple(
            TestPoint(net, net) for net in ("H1", "H2", "A2", "A4", "A6", "A1", "A3", "A5")
        ),
        cases=cases(network, ports, points(2), "level"),
        # 2 V apart. Of all such pairs this one lets most boards pass whose parts are off by 5 %.
        logic=Logic(low_V=0.0, high_V=5.0, threshold_low_V=0.6, threshold_high_V=2.6),
        plain_circuit=circuit,
        network=network,
        notes=(
            "The original's values: 480, 710, 990, 1.4k and 2.1k are not made in 5 %",
            "Inputs must source 7.4 mA (X) and 6.0 mA (Y) at 5 V",
            "U1A delivers 12 mA at X = Y = 5 V: TL074 typically limits at 26 mA",
            "Logic below 0.6 V / above 2.6 V, supplies ±15 V and 5 V bias",
        ),
    )


def circuit(circuit: Any) -> None:
    """Fill a SKiDL circuit."""
    gnd, bias, x, y, h1, h2, out = map(Net, ("GND", "+5V", "X", "Y", "H1", "H2", "OUT"))
    sums = [Net(f"S{number}") for number in range(1, 7)]
    answers = [Net(f"A{number}") for number in range(1, 7)]
    s1, s2, s3, s4, s5, s6 = sums
    a1, a2, a3, a4, a5, a6 = answers
    resistors = (
        ("1.3k", x, s1), ("2.1k", y, s1), ("1k", s1, a1),
        ("1k", a1, s2), ("1k", s2, a2), ("2.1k", bias, s2),
        ("1.4k", bias, s3), ("1k", s3, a3),
        ("1k", a3, s4), ("1k", s4, a4), ("1.4k", x, s4), ("1.4k", y, s4),
        ("480", h2, s6), ("710", h1, s6),
        ("990", bias, s5), ("1k", s5, a5),
        ("1k", a5, s6), ("1k", s6, a6), ("1k", out, gnd),
    )  # fmt: skip
    for number, (value, one, two) in enumerate(resistors, 1):
        part = catalogue_part(circuit, "resistor_5pct", f"R{number}", value)
        part[1, 2] += one, two
    for number, (anode, cathode) in enumerate(((a2, h1), (a4, h2), (a6, out)), 1):
        part = catalogue_part(circuit, "diode_1n5711", f"D{number}")
        part["A", "K"] += anode, cathode

    packages = [catalogue_part(circuit, "tl074", f"U{number}") for number in (1, 2)]
    places = [(package, pins) for package in packages for pins in AMPLIFIERS]
    for (package, pins), minus, output in zip(places, sums, answers, strict=False):
        package[pins] += gnd, minus, output
    for package, (plus, minus, output) in places[6:]:
        package[plus] += gnd
        package[minus] += package[output]

    positive, negative = Net("+15V"), Net("-15V")
    for package in packages:
        package[4, 11] += positive, negative
    rails = [(positive, gnd), (gnd, negative)]
    for number, (upper, lower) in enumerate(2 * rails, 1):
        catalogue_part(circuit, "capacitor_ceramic", f"C{number}")[1, 2] += upper, lower
    for number, (upper, lower) in enumerate((*rails, (bias, gnd)), 5):
        catalogue_part(circuit, "capacitor_electrolytic", f"C{number}")[1, 2] += upper, lower

    catalogue_part(circuit, "connector_3", "J1", "INPUTS")[1, 2, 3] += x, y, gnd
    catalogue_part(circuit, "connector_2", "J2", "OUTPUTS")[1, 2] += out, gnd
    supply = catalogue_part(circuit, "connector_4", "J3", "SUPPLY")
    supply[1, 2, 3, 4] += positive, bias, gnd, negative
    for number, net in enumerate((h1, h2, *answers), 1):
        catalogue_part(circuit, "test_point", f"TP{number}", net.name)[1] += net


def ideal_network() -> Network:
    """Return the network that the resistors stand for, with 5 V as one."""
    hidden = Layer(
        weight=((1 / 1.3, 1 / 2.1), (-1 / 1.4, -1 / 1.4)),
        bias=(-1 / 2.1, 1 / 1.4),
        activation="relu",
    )
    last = Layer(weight=((-1 / 0.71, -1 / 0.48),), bias=(1 / 0.99,), activation="relu")
    return Network(
        format="realnet-network",
        version=1,
        inputs=("X", "Y"),
        outputs=("OUT",),
        layers=(hidden, last),
    )
