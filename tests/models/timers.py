"""Circuits around a timer that the datasheets' tables and the tests of both cards share."""

from __future__ import annotations

import numpy as np

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.engine import Volts
from realnet_hw.predict.ngspice import NgspiceEngine
from tests.models import transistor_timer

SUPPLY_V = 15.0


def timer(kind: str, pins: dict[str, str], *elements: str, supply_V: float = SUPPLY_V) -> Deck:
    """Put a timer on its supply; pins that are not named get nodes of their own.

    Args:
        kind: "ne555", "tlc555", or "transistors" for the twin of both.
        pins: nodes by gnd, trig, out, rst, cont, thr, dis, vcc.
        elements: further elements.
        supply_V: of the supply ``v_p`` on the node p.
    """
    wired = {"gnd": "0", "vcc": "p", "rst": "p", **pins}
    order = ("gnd", "trig", "out", "rst", "cont", "thr", "dis", "vcc")
    nodes = " ".join(wired.get(pin, f"open_{pin}") for pin in order)
    models = transistor_timer.CARD if kind == "transistors" else model_card(f"{kind}.lib")
    supply = f"v_p p 0 {supply_V}"
    return Deck(f"* {kind} under test", (f"xu1 {nodes} {kind}", supply, *elements), models)


def held(kind: str, output: str, *elements: str, supply_V: float = SUPPLY_V) -> Deck:
    """A timer whose output is held high or low by its inputs."""
    trigger, threshold = (0.0, 0.0) if output == "high" else (supply_V, supply_V)
    pins = {"trig": "t", "thr": "h", "out": "out", "dis": "dis", "cont": "cont"}
    sources = (f"v_t t 0 {trigger}", f"v_h h 0 {threshold}")
    return timer(kind, pins, *sources, *elements, supply_V=supply_V)


def monostable(kind: str, level_V: float | None, *elements: str, resistor_ohm: float = 1e5) -> Deck:
    """The datasheet's monostable with 100 nF, reset, and triggered after 0.2 ms for 50 us."""
    pins = {"trig": "t", "out": "out", "rst": "r", "cont": "cont", "thr": "c", "dis": "c"}
    level = f"v_cont cont 0 {level_V}" if level_V is not None else "c_cont cont 0 1e-8"
    parts = (f"r_t p c {resistor_ohm}", "c_t c 0 1e-7", "r_l out 0 1e6")
    deck = timer(kind, pins, "v_t t 0 0", "v_r r 0 0", level, *parts, *elements)
    points = [(0.0, 15.0), (2e-4, 15.0), (2.01e-4, 0.0), (2.5e-4, 0.0), (2.51e-4, 15.0)]
    deck = deck.with_waveform("v_r", [(0.0, 0.0), (1e-4, 0.0), (1.01e-4, 15.0)])
    return deck.with_waveform("v_t", points)


def widths_s(volts: Volts, step_s: float, level_V: float) -> list[float]:
    """Return how long each pulse of a trace is above a level, crossings interpolated."""
    high = volts > level_V
    bends = np.flatnonzero(high[:-1] != high[1:])
    crossings = [
        float(step_s * (at + (level_V - volts[at]) / (volts[at + 1] - volts[at]))) for at in bends
    ]
    return [end - start for start, end in zip(crossings[::2], crossings[1::2], strict=True)]


def width_s(engine: NgspiceEngine, deck: Deck, parameters: dict[str, float] | None = None) -> float:
    """Return the width of a monostable's pulse."""
    step_s = 2e-6
    volts = engine.transient(
        deck, [parameters or {}], ["out"], end_s=14e-3, step_s=step_s, use_initial_conditions=True
    )
    (width,) = widths_s(volts[0, :, 0], step_s, 6.0)
    return width


def truth(engine: NgspiceEngine, kind: str) -> list[int]:
    """Return OUT for the rows of the datasheets' function table, gone through in this order.

    Rows: triggered; both inputs between their levels (keeps high); above both levels; between
    again (keeps low); triggered with the threshold exceeded too; reset while triggered; reset;
    let go of (keeps low).
    """
    rows = [
        (2.0, 2.0, 15.0),
        (7.0, 7.0, 15.0),
        (7.0, 12.0, 15.0),
        (7.0, 7.0, 15.0),
        (2.0, 12.0, 15.0),
        (2.0, 7.0, 0.0),
        (7.0, 7.0, 0.0),
        (7.0, 7.0, 15.0),
    ]
    pins = {"trig": "t", "thr": "h", "rst": "r", "out": "out", "dis": "dis"}
    sources = ("v_t t 0 15", "v_h h 0 0", "v_r r 0 0")
    deck = timer(kind, pins, *sources, "r_l out 0 1e5", "r_d p dis 1e4")
    row_s, edge_s = 1e-4, 1e-6
    for index, element in enumerate(("v_t", "v_h", "v_r")):
        points = [(0.0, rows[0][index])]
        for number, row in enumerate(rows):
            points += [(number * row_s + edge_s, row[index]), ((number + 1) * row_s, row[index])]
        deck = deck.with_waveform(element, points)
    volts = engine.transient(
        deck,
        [{}],
        ["out", "dis"],
        end_s=len(rows) * row_s,
        step_s=1e-6,
        use_initial_conditions=True,
    )[0]
    late = [round((number + 0.9) * 100) for number in range(len(rows))]
    out = [int(volts[at, 0] > 6.0) for at in late]
    discharging = [int(volts[at, 1] < 0.5) for at in late]
    assert discharging == [1 - high for high in out]
    return out


FUNCTION_TABLE = [1, 1, 0, 0, 1, 0, 0, 0]
