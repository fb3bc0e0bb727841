"""The bench fixture: an Arduino UNO's shield with six sources, seven senses, lines and pulses."""

from realnet_hw.board import Board, Case, Logic, Port, TestPoint
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.chip import Chip
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.controller import Controller
from realnet_hw.cells.line_register import LineRegister
from realnet_hw.cells.open_collector import OpenCollector
from realnet_hw.cells.pulse_comparator import PulseComparator
from realnet_hw.cells.pulse_input import PulseInput
from realnet_hw.cells.rail_clamp import RailClamp
from realnet_hw.cells.reference_output import ReferenceOutput
from realnet_hw.cells.relay_driver import RelayDriver
from realnet_hw.cells.reset_state import ResetState
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.cells.supply_clamp import SupplyClamp
from realnet_hw.technology.fixture_front_end import (
    LOGIC,
    MIDDLE,
    MIDDLE_V,
    NEGATIVE,
    POSITIVE,
    RAIL_V,
    REFERENCE,
    REFERENCE_V,
    RELAYS,
    SHIFT,
    SUPPLIES,
    references,
    sense,
    source,
)

SOURCES, SENSES, LINES, PULSES = 6, 7, 16, 8
REF = "REF"
ENABLE = "OUTPUT_ENABLE"
WATCH = "RELAYS_WATCH"
SELECTS = ("CS_DAC_A", "CS_DAC_B", "CS_DAC_C")
# By the number of KiCad's symbol: the pins of firmware/fixture/PROTOCOL.md.
CONTROLLER = {
    "5": LOGIC,
    "6": "GND",
    "7": "GND",
    "29": "GND",
    "9": SELECTS[0],
    "10": SELECTS[1],
    "11": "CS_ADC",
    "12": SELECTS[2],
    "13": WATCH,
    "18": "DAC_ON",
    "19": ENABLE,
    "20": "LINES_OFF",
    "21": "LDAC",
    "22": "LATCH",
    "23": "PULSE",
    "24": "TRIGGER_ON",
    "25": "RESET_ON",
    "26": "MOSI",
    "27": "MISO",
    "28": "SCK",
}
# The steps of the signal's way, each a sheet of the schematic.
INPUT, SENSING, TIMING, CONTROL, CONVERSION, DRIVING, SWITCHING, OUTPUT = range(8)
SHEETS = {
    SENSING: "Senses",
    TIMING: "Pulses",
    CONTROL: "Controller",
    CONVERSION: "Converters",
    DRIVING: "Sources",
    SWITCHING: "Lines",
}


def board() -> Board:
    """Return the board."""
    dacs = [f"VDAC{number}" for number in range(SOURCES)]
    sensed = [f"ADC{number}" for number in range(SENSES)]
    terminals = [f"DAC{number}" for number in range(SOURCES)]
    converted = [f"VADC{number}" for number in range(SENSES)]
    return Board(
        name="fixture_shield",
        title="Bench fixture on an Arduino UNO",
        technology="fixture",
        ports=(
            *(Port(net, net, "input", max_V=REFERENCE_V) for net in dacs),
            *(Port(net, net, "input", min_V=-12.0, max_V=12.0) for net in sensed),
            Port(ENABLE, ENABLE, "input", max_V=5.0),
            *(Port(net, net, "output", min_V=-RAIL_V, max_V=RAIL_V) for net in terminals),
            *(Port(net, net, "output", min_V=-0.5, max_V=5.0) for net in converted),
        ),
        supplies=SUPPLIES,
        test_points=tuple(TestPoint(net, net) for net in (REFERENCE, MIDDLE, SHIFT, REF)),
        cases=tuple(
            Case(
                {
                    **dict.fromkeys(dacs, dac_V),
                    **dict.fromkeys(sensed, 5 * (dac_V - MIDDLE_V)),
                    ENABLE: enable_V,
                },
                dict.fromkeys((*terminals, *converted)),
            )
            for dac_V, enable_V in ((MIDDLE_V, 0.0), (0.048, 5.0), (MIDDLE_V, 5.0), (4.048, 5.0))
        ),
        logic=Logic(0.0, RAIL_V, -0.1, 0.1),
        wide_nets=(SHIFT,),
        cells=(
            *_supplies(),
            *_controller(),
            *_converters(dacs, converted),
            *(source(number, layer=DRIVING) for number in range(SOURCES)),
            Connector(
                "SOURCES",
                "Sources",
                nets=[*terminals, REF],
                side="right",
                kind="terminal",
                layer=OUTPUT,
            ),
            *references(),
            *(sense(number, layer=SENSING) for number in range(SENSES)),
            ReferenceOutput(REF, "Reference at a terminal", source=REFERENCE, terminal=REF),
            Connector("SENSES", "Senses", nets=sensed, side="left", kind="terminal", layer=INPUT),
            *_lines(),
            *_pulses(),
        ),
        procedures=(),
        rails={"lm339": (LOGIC, "GND")},
        sheets=SHEETS,
    )


def _supplies() -> list[Cell]:
    return [
        SupplyEntry("SUPPLY", "Supply", rails=(POSITIVE, "GND", NEGATIVE)),
        SupplyClamp("SUPPLY_CLAMP", "Clamp of the supply", upper=POSITIVE, lower=NEGATIVE),
        RailClamp(
            "REFERENCE_CLAMP",
            "Clamp of the reference",
            net=REFERENCE,
            upper=LOGIC,
            lower="GND",
            layer=CONTROL,
        ),
    ]


def _controller() -> list[Cell]:
    """Return the UNO, what holds its lines at reset, and the relays' driver."""
    return [
        Controller("UNO", "Controller", type="arduino_uno", pins=CONTROLLER, layer=CONTROL),
        ResetState(
            "PULLS",
            "State at reset",
            high=[*SELECTS, "CS_ADC", "LDAC", "LINES_OFF"],
            low=["DAC_ON", ENABLE, "LATCH", "TRIGGER_ON", "RESET_ON"],
            rail=LOGIC,
            layer=CONTROL,
        ),
        RelayDriver(
            "RAILS",
            "Driver of the relays",
            input=ENABLE,
            output=RELAYS,
            watch=WATCH,
            rails=(POSITIVE, NEGATIVE),
            reference=REFERENCE,
            middle=MIDDLE,
            layer=CONTROL,
        ),
    ]


def _converters(dacs: list[str], converted: list[str]) -> list[Cell]:
    common = {"1": LOGIC, "12": "GND", "4": "SCK", "5": "MOSI", "8": "LDAC", "9": "DAC_ON"}
    return [
        *(
            Chip(
                f"DAC_{letter}",
                f"Converter of sources {2 * index + 1} and {2 * index + 2}",
                type="mcp4922",
                pins={
                    **common,
                    "3": SELECTS[index],
                    "11": REFERENCE,
                    "13": REFERENCE,
                    "14": dacs[2 * index],
                    "10": dacs[2 * index + 1],
                },
                layer=CONVERSION,
            )
            for index, letter in enumerate("ABC")
        ),
        Chip(
            "ADC",
            "Converter of the senses",
            type="mcp3208",
            pins={
                **{str(number): net for number, net in enumerate([*converted, MIDDLE], 1)},
                "9": "GND",
                "14": "GND",
                "15": REFERENCE,
                "16": LOGIC,
                "10": "CS_ADC",
                "11": "MOSI",
                "12": "MISO",
                "13": "SCK",
            },
            room_mm=7.62,
            layer=CONVERSION,
        ),
    ]


def _lines() -> list[Cell]:
    lines = [f"LINE{number}" for number in range(LINES)]
    common = {
        "8": "GND",
        "16": LOGIC,
        "10": LOGIC,
        "11": "SCK",
        "12": "LATCH",
        "13": "LINES_OFF",
    }
    chain = ({"14": "MOSI", "9": "CHAIN"}, {"14": "CHAIN"})
    return [
        *(
            LineRegister(
                f"LINES{8 * index}",
                f"Lines {8 * index} to {8 * index + 7}",
                control={**common, **joined},
                outputs=[f"Q{number}" for number in range(8 * index, 8 * index + 8)],
                lines=lines[8 * index : 8 * index + 8],
                layer=SWITCHING,
            )
            for index, joined in enumerate(chain)
        ),
        Connector("LINES", "Lines", nets=lines, side="right", layer=OUTPUT),
    ]


def _pulses() -> list[Cell]:
    terminals = [f"PULSE{number}" for number in range(PULSES)]
    divided = [f"{net}_IN" for net in terminals]
    inputs = ("13", "14", "15", "12", "1", "5", "2", "4")
    return [
        Connector(
            "PULSES", "Pulses", nets=[*terminals, "TRIGGER", "RESET"], side="left", layer=INPUT
        ),
        *(
            PulseInput(
                name, f"Pulse {number}", terminal=name, output=output, rail=LOGIC, layer=TIMING
            )
            for number, (name, output) in enumerate(zip(terminals, divided, strict=True))
        ),
        Chip(
            "SELECTOR",
            "Choice of a pulse",
            type="hc4051",
            pins={
                **dict(zip(inputs, divided, strict=True)),
                "3": "CHOSEN",
                "11": "Q13",
                "10": "Q14",
                "9": "Q15",
                "6": "GND",
                "7": "GND",
                "8": "GND",
                "16": LOGIC,
            },
            mirrored=True,
            layer=TIMING,
        ),
        PulseComparator(
            "COMPARATOR",
            "Comparator of pulses",
            input="CHOSEN",
            threshold=MIDDLE,
            output="PULSE",
            rails=(POSITIVE, NEGATIVE),
            logic_rail=LOGIC,
            layer=TIMING,
        ),
        *(
            OpenCollector(
                f"{net}_DRIVER", f"Driver of {net}", input=f"{net}_ON", output=net, layer=SWITCHING
            )
            for net in ("TRIGGER", "RESET")
        ),
    ]
