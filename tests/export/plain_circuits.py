"""Random circuits in plain SKiDL: any symbols, any connections, no thought of how they look."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from realnet_hw.board import Board, Logic, Port, Supply

RAILS = ("+12V", "-12V", "GND")
# Symbols by how many pins a random net may end on; their footprint does not matter here.
FOOTPRINT = "Resistor_THT:R_Axial_DIN0207_L6.3mm_D2.5mm_P10.16mm_Horizontal"
PAIRS = (
    ("Device", "R"),
    ("Device", "C"),
    ("Device", "C_Polarized"),
    ("Device", "D"),
    ("Device", "LED"),
    ("Device", "D_Zener"),
    ("Device", "L"),
    ("Device", "Crystal"),
)
OTHERS = (
    ("Amplifier_Operational", "TL072"),
    ("Amplifier_Operational", "TL074"),
    ("Amplifier_Operational", "TL071"),
    ("Transistor_BJT", "BC547"),
    ("Transistor_BJT", "BC557"),
    ("Transistor_FET", "2N7000"),
    ("Device", "R_Potentiometer"),
    ("Timer", "NE555P"),
    ("Regulator_Linear", "L7805"),
    ("Switch", "SW_SPDT"),
    ("Connector", "Screw_Terminal_01x03"),
    ("Connector_Generic", "Conn_02x03_Odd_Even"),
)
VALUES = ("1k", "100n", "4.7k", "A value that is rather long", "10u", "1N5711", "47")


def random_circuit(seed: int, size: int = 1) -> Board:
    """Return a board whose parts and connections are drawn by chance; every net has two pins.

    Args:
        seed: of the draw.
        size: how many times as many parts as usual.
    """

    def describe(circuit: Any) -> None:
        from skidl import Net, Part

        draw = random.Random(seed)
        names = [f"N{number}" for number in range(size * draw.randint(4, 16))]
        names[0], names[1] = "IN", "OUT"
        names += [f"A_NET_WITH_A_NAME_{draw.randint(0, 9)}", *RAILS]
        nets = {name: Net(name) for name in names}
        free: list[Any] = []
        for _ in range(size * draw.randint(2, 9)):
            library, name = draw.choice(OTHERS)
            part = Part(library, name, footprint=FOOTPRINT, value=draw.choice(VALUES))
            part.fields["Sim.Enable"] = "0"
            free += [pin for pin in part.pins if pin.func.name != "NOCONNECT"]
        for _ in range(size * draw.randint(3, 30)):
            library, name = draw.choice(PAIRS)
            part = Part(library, name, footprint=FOOTPRINT, value=draw.choice(VALUES))
            part.fields["Sim.Enable"] = "0"
            free += part.pins
        header = Part("Connector_Generic", "Conn_01x05", footprint=FOOTPRINT)
        header[1, 2, 3, 4, 5] += [nets[name] for name in ("IN", "OUT", *RAILS)]
        draw.shuffle(free)
        unused, free = free[: len(free) // 20], free[len(free) // 20 :]
        for pin in unused:
            circuit.NC.connect(pin)
        for index, pin in enumerate(free):
            name = names[index % len(names)] if index < 2 * len(names) else draw.choice(names)
            nets[name].connect(pin)
        for _ in range(draw.randint(0, 4)):
            point = Part("Connector", "TestPoint", footprint=FOOTPRINT)
            point[1] += nets[draw.choice(names)]

    return plain_board(f"random{seed}", describe)


def plain_board(name: str, describe: Callable[[Any], None], **changes: Any) -> Board:
    """Return a board with an input IN, an output OUT and two supplies around a plain circuit."""
    given: dict[str, Any] = {
        "ports": (Port("IN", "IN", "input"), Port("OUT", "OUT", "output")),
        "supplies": (Supply("+12V", 12.0, 0.05, 0.1), Supply("-12V", -12.0, 0.05, 0.1)),
    }
    return Board(
        name=name,
        title="A plain circuit",
        technology="plain_skidl",
        test_points=(),
        cases=(),
        logic=Logic(0.0, 5.0, 1.5, 3.5),
        plain_circuit=describe,
        **(given | changes),
    )
