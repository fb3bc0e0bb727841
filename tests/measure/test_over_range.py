"""A node that lies beyond the fixture's range is never a value, whatever a correction makes of it.

The boards are a battery at one node, the fixtures are drawn, the firmware and the driver are real.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw.compare.words import beyond
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.plant import Cable
from realnet_hw.emulate.truths import draw_circuit, draw_errors
from realnet_hw.emulate.wiring import Wiring
from realnet_hw.measure.codes import Correction, reach_V, terminal_V
from tests.in_process import InProcessFixture, InProcessLink

WIRING = Wiring(inputs={0: "X"}, nodes={2: "Y"}, senses={})
# What a calibration may state of a reading at best, k = 2: its rounding and its noise.
U_V = 4e-3


class Battery(Cable):
    """A node at a voltage of its own."""

    def __init__(self, volts: float) -> None:
        super().__init__()
        self._battery_V = volts

    def read(self, node: str) -> float:
        return self._battery_V if node == "Y" else super().read(node)


@pytest.mark.parametrize("gain_ppm", [-9000, 9000])
@pytest.mark.parametrize("volts", [-30.0, -10.6, 10.6, 12.0])
def test_a_node_beyond_the_range_is_marked(firmware: Path, volts: float, gain_ppm: int) -> None:
    value_V, end_V = read(firmware, volts, gain_ppm)
    assert beyond(value_V, U_V, end_V) == ("≥" if volts > 0 else "≤")


@pytest.mark.parametrize("volts", [-9.9, 0.0, 9.9])
def test_a_node_within_the_range_is_not(firmware: Path, volts: float) -> None:
    value_V, end_V = read(firmware, volts, 0)
    assert beyond(value_V, U_V, end_V) == ""
    assert value_V == pytest.approx(volts, abs=0.1)


def read(firmware: Path, volts: float, gain_ppm: int) -> tuple[float, float]:
    """The mean of eight readings of a corrected channel, and how far its readings reach."""
    virtual = VirtualFixture(
        firmware,
        plant=Battery(volts),
        wiring=WIRING,
        errors=draw_errors(5),
        circuit=draw_circuit(5),
    )
    virtual.run_for(0.05)
    with InProcessFixture(InProcessLink(virtual, "virtual")) as fixture:
        fixture.tell(f"CAL:SENS3 {gain_ppm},0.03")
        fixture.limit({"dac0": (0.0, 1.0)})
        fixture.output(True)
        corrections = fixture.corrections()
        (codes,) = fixture.read_codes(["adc2"], 8, average=8).values()
    own = corrections["adc2"]
    return sum(terminal_V(code, own) for code in codes) / len(codes), reach_V([own])


def test_readings_reach_as_far_as_their_last_codes() -> None:
    assert reach_V([]) == pytest.approx(10.235)
    assert reach_V([Correction()]) == pytest.approx(10.235)
    shrunk = Correction(gain_ppm=-10_000, offset_V=0.05)
    # -10.24 V becomes -10.0876 V, 10.235 V becomes 10.18265 V.
    assert reach_V([Correction(), shrunk]) == pytest.approx(10.0876)
