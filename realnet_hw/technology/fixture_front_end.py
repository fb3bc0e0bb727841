"""The bench fixture's analogue front end: its references, its sources, its sense channels.

A source is ``V = 5 (V_dac - 2.048 V)`` and a sense channel the same backwards. Both are made with
amplifiers that take their gain against 2.56 V: ``V = 5 V_dac - 4 2.56 V`` needs two resistors where
a subtractor needs four, and loads no converter. All three voltages are shares of one reference, so
that its error is an error of gain alone.
"""

from __future__ import annotations

from realnet_hw.board import Board, Case, Logic, Port, Supply, TestPoint
from realnet_hw.cells.buffered_divider import BufferedDivider
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.sense_channel import SenseChannel
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.source_channel import SourceChannel

POSITIVE, NEGATIVE, LOGIC = "+15V", "-15V", "+5V"
RAIL_V, LOGIC_V, RAIL_TOLERANCE = 15.0, 5.0, 0.05
"""A terminal's 10.24 V and 10 mA take 11.3 V from the amplifier, behind its 100 ohm. Rails of 12 V
are 11.4 V at worst, and it stays 2.5 V off its rails at such a current: 15 V have 0.4 V left."""

REFERENCE, MIDDLE, SHIFT, RELAYS = "VREF", "VMID", "VSHIFT", "RELAYS"
REFERENCE_V, MIDDLE_V, SHIFT_V = 4.096, 2.048, 2.56

SUPPLIES = (
    Supply(NEGATIVE, -RAIL_V, RAIL_TOLERANCE, 0.25, order=0),
    Supply(POSITIVE, RAIL_V, RAIL_TOLERANCE, 0.4, order=0),
    Supply(LOGIC, LOGIC_V, RAIL_TOLERANCE, 0.1, order=1),
)


def references() -> list[Cell]:
    """Return the cells of the reference and of its two shares."""
    return [
        ShuntReference(
            REFERENCE,
            "Reference",
            output=REFERENCE,
            rail=POSITIVE,
            series_ohm=4.99e3,
            reference="lm4040_4v1",
        ),
        BufferedDivider(
            MIDDLE,
            "Middle of the converters' range",
            output=MIDDLE,
            source=REFERENCE,
            upper_ohm=10e3,
            lower_ohm=10e3,
            amplifier="opa4134",
            resistor="resistor_precise",
            formula="VMID = VREF / 2",
        ),
        BufferedDivider(
            SHIFT,
            "What gains are taken against",
            output=SHIFT,
            source=REFERENCE,
            upper_ohm=12e3,
            lower_ohm=20e3,
            amplifier="opa4134",
            resistor="resistor_precise",
            formula="VSHIFT = 0.625 VREF",
        ),
    ]


def source(number: int, *, layer: int = 0) -> SourceChannel:
    """Return the cell of a source, from net ``VDACn`` to net ``DACn``; n is 0 to 5."""
    return SourceChannel(
        f"SOURCE{number}",
        f"Source {number + 1}",
        input=f"VDAC{number}",
        terminal=f"DAC{number}",
        middle=MIDDLE,
        shift=SHIFT,
        coil=(POSITIVE, RELAYS),
        layer=layer,
    )


def sense(number: int, *, layer: int = 0) -> SenseChannel:
    """Return the cell of a sense channel, from net ``ADCn`` to net ``VADCn``; n is 0 to 6."""
    return SenseChannel(
        f"SENSE{number}",
        f"Sense {number + 1}",
        terminal=f"ADC{number}",
        output=f"VADC{number}",
        shift=SHIFT,
        rails=(POSITIVE, NEGATIVE),
        logic_rail=LOGIC,
        layer=layer,
    )


def front_end_board() -> Board:
    """Return one source and one sense channel with their references, as a board of their own.

    Its inputs are the converter's output VDAC0, the terminal ADC0 that is sensed, and RELAYS, the
    lower end of the relay's coil: 0 V operates the relay, 15 V releases it. Its outputs are the
    terminal DAC0 and the other converter's input VADC0.
    """
    inputs = {"VDAC0": REFERENCE_V, "ADC0": 12.0, RELAYS: RAIL_V}
    outputs = ("DAC0", "VADC0")
    return Board(
        name="fixture_front_end",
        title="One source and one sense channel of the bench fixture",
        technology="fixture",
        ports=(
            *(
                Port(name, name, "input", min_V=-12.0 if name == "ADC0" else 0.0, max_V=most_V)
                for name, most_V in inputs.items()
            ),
            *(Port(name, name, "output", min_V=-RAIL_V, max_V=RAIL_V) for name in outputs),
        ),
        supplies=SUPPLIES,
        test_points=tuple(TestPoint(net, net) for net in (REFERENCE, MIDDLE, SHIFT)),
        cases=tuple(
            Case(
                {"VDAC0": dac_V, "ADC0": 5 * (dac_V - MIDDLE_V), RELAYS: 0.0},
                dict.fromkeys(outputs),
            )
            for dac_V in (0.0, MIDDLE_V, REFERENCE_V)
        ),
        logic=Logic(0.0, RAIL_V, -0.1, 0.1),
        cells=(*references(), source(0), sense(0)),
    )
