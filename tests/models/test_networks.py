"""The resistor networks: every pin's resistance to where it should lead, and to nothing else."""

from __future__ import annotations

import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.parts.catalogue import part_type
from realnet_hw.predict.ngspice import NgspiceEngine

CARD = model_card("networks_bourns.lib")


def currents_A(engine: NgspiceEngine, nodes: str, subcircuit: str) -> list[float]:
    """Return what each of the pins 1 to 8 takes at as many volts; grounded are those named 0."""
    sources = [f"v_{pin} p{pin} 0 {pin}" for pin in range(1, 9)]
    deck = Deck("* network", (f"xrn1 {nodes} {subcircuit}", *sources), models=CARD)
    found = engine.operating_point(deck, [{}], [f"i(v_{pin})" for pin in range(1, 9)])
    return [-float(current) for current in found[0]]


def test_isolated_resistors_lie_across_the_case(engine: NgspiceEngine) -> None:
    pins = part_type("resistors_8x10k").sim["Sim.Pins"].split()
    ports = {port: number for number, port in (pair.split("=") for pair in pins)}
    assert all(int(ports[f"a{i}"]) + int(ports[f"b{i}"]) == 17 for i in range(1, 9))
    nodes = " ".join([*(f"p{pin}" for pin in range(1, 9)), *["0"] * 8])
    expected = [volts / 10e3 for volts in range(1, 9)]
    assert currents_A(engine, nodes, "isolated_8x10k") == pytest.approx(expected)


def test_bussed_resistors_share_pin_1(engine: NgspiceEngine) -> None:
    assert part_type("resistors_8x100k").sim["Sim.Pins"].startswith("1=common ")
    nodes = " ".join(["0", *(f"p{pin}" for pin in range(1, 9))])
    expected = [volts / 100e3 for volts in range(1, 9)]
    assert currents_A(engine, nodes, "bussed_8x100k") == pytest.approx(expected)
