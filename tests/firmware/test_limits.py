"""What a source's limits promise at the terminal of the worst fixture within specification."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.front_end import ChannelErrors, Errors

GAIN, OFFSET_V, INL_LSB = 0.005, 0.049, 12.0
"""Bounds of an uncalibrated source, docs/reference/fixture.md."""

_PROTOCOL = Path(__file__).parents[2] / "firmware" / "fixture" / "PROTOCOL.md"
_PROMISES = [
    (float(setting), float(alone), float(worst))
    for setting, alone, worst in re.findall(
        r"(?m)^\| (\d+) V \| ([\d.]+) V \| ([\d.]+) V \|$", _PROTOCOL.read_text("utf-8")
    )
]


def _fixture(firmware: Path, *, gain: float, offset_V: float, inl_LSB: float) -> VirtualFixture:
    source = ChannelErrors(gain, offset_V, lambda _place: inl_LSB)
    fixture = VirtualFixture(firmware, errors=Errors(outputs=(source,) * 6))
    fixture.run_for(0.03)
    return fixture


def test_the_document_promises_something() -> None:
    assert [setting for setting, _, _ in _PROMISES] == [0.0, 5.0, 10.0]


@pytest.mark.parametrize(("setting_V", "alone_V", "worst_V"), _PROMISES)
@pytest.mark.parametrize("sign", [1, -1])
def test_terminal_at_a_limit(
    firmware: Path, setting_V: float, alone_V: float, worst_V: float, sign: int
) -> None:
    """The worst fixture, as it comes and with the worst correction that it can be talked into."""
    # Rounding to a step of the DAC adds up to 2.5 mV, none of it at these settings.
    fixture = _fixture(firmware, gain=GAIN, offset_V=sign * OFFSET_V, inl_LSB=sign * INL_LSB)
    low, high = (0, setting_V) if sign > 0 else (-setting_V, 0)
    fixture.command(f"SOUR1:VOLT:LIM {low},{high};:SOUR1:VOLT {sign * setting_V};:OUTP ON")
    beyond_V = sign * fixture.terminal_V(0) - setting_V
    assert alone_V - 0.01 < beyond_V + 0.0025 <= alone_V
    fixture.command(f"CAL:SOUR1 20000,{sign * 0.5}")
    fixture.command(f"CAL:SOUR1 10000,{sign * 0.05}")
    beyond_V = sign * fixture.terminal_V(0) - setting_V
    assert worst_V - 0.01 < beyond_V + 0.0025 <= worst_V
    assert fixture.ask("SYST:ERR?;ERR?").startswith("-222,")


@pytest.mark.parametrize("gain", [GAIN, -GAIN])
@pytest.mark.parametrize("offset_V", [OFFSET_V, -OFFSET_V])
def test_every_fixture_within_its_specification_can_be_corrected(
    firmware: Path, gain: float, offset_V: float
) -> None:
    """Also at the limits: the code for 5.000 V may lie above the uncorrected one."""
    fixture = _fixture(firmware, gain=gain, offset_V=offset_V, inl_LSB=0.0)
    own_ppm, own_V = round(1e6 * (1 / (1 + gain) - 1)), -offset_V / (1 + gain)
    fixture.command(f"SOUR1:VOLT:LIM -5,5;:CAL:SOUR1 {own_ppm},{own_V:.6f};:OUTP ON")
    for setting_V in (-5, 0, 5):
        fixture.command(f"SOUR1:VOLT {setting_V}")
        assert fixture.terminal_V(0) == pytest.approx(setting_V, abs=0.0026)
    assert fixture.ask("SYST:ERR:COUN?") == "0"
