"""A board of one pulse whose laws are known: a capacitor charges to the input's level.

The trigger empties C1; from its end on C1 charges through R1 towards 15 V, and the pulse lasts
until it has reached the input's voltage v: trigger + R1 C1 ln(15 / (15 - v)). While it lasts, C2
charges through R2 towards the same 15 V; the output is high where C2 got beyond 5 V. The reset
empties C2. An open input is at 10 V, as an open CONT pin.
"""

from __future__ import annotations

import math

from realnet_hw.board import Board, Case, Firing, Logic, Port, Supply, TestPoint
from realnet_hw.export.deck import Deck, Source, Spread

R1_ohm, C1_F, R2_ohm, C2_F, RAIL_V = 100e3, 10e-9, 20e3, 100e-9, 15.0
FIRING = Firing(reset_s=200e-6, recover_s=100e-6, trigger_s=100e-6, read_after_s=3e-3)

DECK = Deck(
    title="* one_shot",
    elements=(
        "r1 p15v c 100e3",
        "c1 c 0 10e-9",
        "r3 p15v x 5e3",
        "r4 x 0 1e4",
        "r5 p15v trig 1e4",
        "r6 p15v rst 1e4",
        "r2 drive hold 2e4",
        "c2 hold 0 100e-9",
        "bempty c 0 i=0.1*tanh(v(c))*(0.5-0.5*tanh(10*v(trig)-20))",
        "bpulse swift 0 v=7.5+7.5*tanh((v(x)-v(c))/2e-3)",
        # Edges that the simulator has to follow step by step.
        "r7 swift p 1e3",
        "c7 p 0 1e-10",
        # Only upwards: what C2 has, it keeps.
        "bdrive drive 0 v=v(hold)+(15-v(hold))*(v(p)/15)",
        "bclear hold 0 i=0.1*tanh(v(hold))*(0.5-0.5*tanh(10*v(rst)-20))",
        "by y 0 v=2.5+2.5*tanh((v(hold)-5)/1e-2)",
        "v_p15v p15v 0 15",
        "v_x x 0 0",
        "v_trig_pull trig_pull 0 0",
        "b_trig_pull trig 0 i=v(trig)*v(trig_pull)/50",
        "v_rst_pull rst_pull 0 0",
        "b_rst_pull rst 0 i=v(rst)*v(rst_pull)/50",
    ),
    supplies={"P15V": Source("v_p15v", "p15v", 15.0)},
    inputs={"X": Source("v_x", "x", 0.0)},
    drivers={
        "TRIG": Source("v_trig_pull", "trig_pull", 0.0),
        "RST": Source("v_rst_pull", "rst_pull", 0.0),
    },
    nodes={"X": "x", "Y": "y", "P": "p", "C": "c", "HOLD": "hold", "P15V": "p15v"},
    spreads=(
        Spread("r1", "R1", 100e3, "uniform", 99e3, 101e3),
        Spread("c1", "C1", 10e-9, "uniform", 9.5e-9, 10.5e-9),
    ),
)

BOARD = Board(
    name="one_shot",
    title="one pulse",
    technology="plain",
    plain_circuit=lambda _circuit: None,
    ports=(
        Port("X", "X", "input", min_V=0.0, max_V=10.0, safe="open"),
        Port("TRIG", "TRIG", "trigger", kind="pulse", max_V=15.0),
        Port("RST", "RST", "reset", kind="pulse", max_V=15.0),
        Port("Y", "Y", "output", max_V=5.0),
    ),
    supplies=(Supply("P15V", 15.0, 0.0, 0.1),),
    test_points=(
        TestPoint("P", "P", kind="pulse", level_V=6.0),
        TestPoint("HOLD", "HOLD"),
    ),
    cases=(Case({"X": 5.0}, {"Y": 0}), Case({"X": 10.0}, {"Y": 1})),
    logic=Logic(0.0, 5.0, 1.0, 4.0),
    firing=FIRING,
)
WIRING = {
    "X": "dac0",
    "X.sense": "adc0",
    "Y": "adc1",
    "HOLD": "adc2",
    "P": "pulse0",
    "TRIG": "trigger",
    "RST": "reset",
}


def width_s(input_V: float, r1_ohm: float = R1_ohm, c1_F: float = C1_F) -> float:
    """How long the pulse lasts from the trigger's start."""
    return FIRING.trigger_s + r1_ohm * c1_F * math.log(RAIL_V / (RAIL_V - input_V))


def held_V(input_V: float) -> float:
    """What C2 has at the end, without what the edges take."""
    return RAIL_V * -math.expm1(-width_s(input_V) / (R2_ohm * C2_F))
