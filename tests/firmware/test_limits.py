"""What a source's limits promise at the terminal of the worst fixture within specification."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import LDAC, VirtualFixture
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


WAYS = {
    "setting": "SOUR1:VOLT {}",
    "all settings": "SOUR:VOLT:ALL {},0,0,0,0,0",
    "start of a sweep": "SENS:SWE? 1,{},0,2,0,1,1",
    "stop of a sweep": "SENS:SWE? 1,0,{},2,0,1,1",
    "stored weight": "ARR:SIZE 1,1;STOR 1,{};:ARR ON;:ARR OFF",
    "pattern": "ARR:SIZE 1,32;PATT1 {},0,0,0,0;PRES? 1,1,0,1,1",
    "pushed pattern": "ARR:SIZE 1,32;PATT1 0,0,0,0,0;NUDG 1,2,1,2,1,{};PRES:NUDG? 1,1,0,1,3",
}
"""Every way in which a number becomes a voltage of source 1, of which it allows -1 to 2.5 V."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1e400", -222),
        ("-1e400", -222),
        ("NaN", -104),
        ("INF", -104),
        ("MAX", -104),
        ("2147483648", -222),
        ("4294967297", -222),
        ("2.501", -222),
        ("99999999999999999999e-19", -222),
        ("-0", 0),
        ("4.9e-324", 0),
        ("0.5e0000", 0),
    ],
)
def test_numbers_at_the_limits(fixture: VirtualFixture, way: str, text: str, error: int) -> None:
    fixture.command("SOUR1:VOLT:LIM -1,2.5;:SOUR2:VOLT:LIM -1,2.5;:OUTP ON")
    shown: list[float] = []
    fixture.controller.watch(LDAC, lambda _level: shown.append(fixture.shifter_V(0)))
    assert _error_of(fixture, WAYS[way].format(text)) == error
    assert all(-1.0025 <= volts <= 2.5025 for volts in [*shown, fixture.terminal_V(0)])


def _error_of(fixture: VirtualFixture, line: str) -> int:
    """The number of the only error that a line raises, 0 without one."""
    fixture.command(line)
    fixture.receive()
    first, second = re.findall(r"(-?\d+),", fixture.ask("SYST:ERR?;ERR?"))
    assert second == "0"
    return int(first)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("2.5", 0),
        ("2.5000004", 0),
        ("2.5000005", -222),
        ("-1.00000049", 0),
        ("-1.0000005", -222),
    ],
)
@pytest.mark.parametrize("way", ["setting", "all settings", "stop of a sweep"])
def test_a_limit_binds_to_the_microvolt(
    fixture: VirtualFixture, way: str, text: str, error: int
) -> None:
    fixture.command("SOUR1:VOLT:LIM -1,2.5;:OUTP ON")
    assert _error_of(fixture, WAYS[way].format(text)) == error
