"""The 555 neuron as it was published, with a threshold that real diodes leave right: NAND.

Two monostables fire one after the other, each as long as its input's level says. Joined by diodes,
their pulses charge a capacitor, and a third timer latches low if it gets above V3.
"""

from __future__ import annotations

from realnet_hw.board import Board, Case, Firing, Logic, Port, Supply, TestPoint
from realnet_hw.cells.buffered_divider import BufferedDivider
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.output_divider import OutputDivider
from realnet_hw.cells.pull_ups import PullUps
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.cells.timer_isolated_monostable import IsolatedMonostable
from realnet_hw.cells.timer_monostable import Monostable
from realnet_hw.cells.timer_threshold import TimerThreshold
from realnet_hw.cells.timer_trigger_edge import TriggerEdge

# 10.40 V. Between them the truth table and the noise case are right from 10.2 V to 10.5 V.
UPPER_ohm, LOWER_ohm = 10e3, 22.6e3


def board() -> Board:
    """Return the board."""
    return neuron(
        "nand_555",
        "NAND of three NE555, threshold corrected",
        UPPER_ohm,
        LOWER_ohm,
        notes=("V3 = 10.40 V, in place of the published 10.09 V, which real diodes make too low",),
    )


def neuron(
    name: str, title: str, upper_ohm: float, lower_ohm: float, notes: tuple[str, ...]
) -> Board:
    """Return the neuron with the published values and a threshold of its own.

    Args:
        name, title: of the board.
        upper_ohm, lower_ohm: of the divider that makes V3 of 15 V.
        notes: what its drawing says.
    """
    return Board(
        name=name,
        title=title,
        technology="timer_555",
        ports=(
            *(
                Port(net, net, "input", max_V=10.0, safe="open", zero_V=5.0, unit_V=5.0)
                for net in ("A", "B")
            ),
            Port("TRIGGER", "TRIGGER", "trigger", "pulse", max_V=15.0),
            Port("RESET", "RESET", "reset", "pulse", max_V=15.0),
            Port("OUT", "OUT", "output", max_V=5.25),
        ),
        supplies=(Supply("+15V", 15.0, 0.01, 0.1),),
        test_points=(
            TestPoint("P1", "P1", "pulse", 6.0),
            TestPoint("P2", "P2", "pulse", 6.0),
            TestPoint("V3", "V3"),
        ),
        cases=(
            *(
                Case({"A": a, "B": b}, {"OUT": 0 if a == b == 10.0 else 1})
                for a in (5.0, 10.0)
                for b in (5.0, 10.0)
            ),
            # Two ones that noise has brought down.
            Case({"A": 8.0, "B": 9.0}, {"OUT": 0}),
        ),
        logic=Logic(low_V=0.0, high_V=4.5, threshold_low_V=1.5, threshold_high_V=3.0),
        cells=_cells(upper_ohm, lower_ohm),
        firing=Firing(
            reset_s=1e-3,
            recover_s=1e-3,
            trigger_s=1e-4,
            read_after_s=30e-3,
            thresholds={"SUM_C": "V3"},
        ),
        notes=(
            *notes,
            "0 is 5 V, 1 is 10 V at the inputs; their sources carry the 3.3 kohm of CONT",
            "Published values but for C of the trigger edge: 10n, as 1n does not trigger",
        ),
    )


def _cells(upper_ohm: float, lower_ohm: float) -> tuple[Cell, ...]:
    return (
        Connector("INPUTS", "Inputs", nets=("A", "B"), side="left", test_points=True),
        Connector("CONTROL", "Control", nets=("TRIGGER", "RESET"), side="left"),
        SupplyEntry("SUPPLY", "Supply", rails=("+15V", "GND")),
        PullUps("PULL_UPS", "Pull-ups", nets=("TRIGGER", "RESET")),
        IsolatedMonostable(
            "FIRST",
            "First input",
            output="P1",
            level="A",
            trigger="TRIGGER",
            reset="RESET",
            edge="EDGE",
            resistor_ohm=105e3,
            timer="ne555",
            formula="t = RC ln((15 - v_d) / (15 - A)), v_d = 0.5 V",
            layer=1,
        ),
        TriggerEdge(
            "NEXT",
            "Second trigger",
            source="EDGE",
            output="TRIGGER2",
            capacitor="capacitor_c0g_10n",
            formula="low where EDGE falls",
            layer=1,
        ),
        Monostable(
            "SECOND",
            "Second input",
            output="P2",
            level="B",
            trigger="TRIGGER2",
            reset="RESET",
            resistor_ohm=100e3,
            timer="ne555",
            formula="t = RC ln(15 / (15 - B))",
            layer=1,
        ),
        BufferedDivider(
            "THRESHOLD",
            "Threshold",
            output="V3",
            source="+15V",
            upper_ohm=upper_ohm,
            lower_ohm=lower_ohm,
            formula=f"V3 = {15 * lower_ohm / (upper_ohm + lower_ohm):.2f} V",
            layer=2,
        ),
        TimerThreshold(
            "SUM",
            "Sum and threshold",
            output="FIRED",
            pulses=("P1", "P2"),
            threshold="V3",
            trigger="TRIGGER",
            reset="RESET",
            integrator_ohm=100e3,
            filter="capacitor_c0g_1n",
            timer="ne555",
            formula="v = V_o (1 - exp(-(t1 + t2) / RC)), V_o = 13.0 V; low where v > V3",
            layer=2,
        ),
        OutputDivider(
            "OUTPUT",
            "Output",
            source="FIRED",
            output="OUT",
            formula="OUT = FIRED / 3",
            layer=3,
        ),
        Connector("OUTPUTS", "Outputs", nets=("OUT",), side="right", layer=3),
    )
