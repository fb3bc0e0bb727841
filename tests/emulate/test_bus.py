"""Every rule of the bus is found when it is broken, and only then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from realnet_hw.emulate.bus import SpiBus, Violations
from realnet_hw.emulate.converters import Mcp3208, Mcp4922, ShiftRegister
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.mcu import SpiTransfer

BYTE = SpiTransfer(sent=0x30, started_s=1.0, clock_period_s=0.5e-6)


class Desk:
    """The chips without a controller."""

    def __init__(self, *, master_for_sure: bool = True) -> None:
        self.violations = Violations()
        self.dacs = (Mcp4922(complain=self.violations), Mcp4922(complain=self.violations))
        self.adc = Mcp3208(lambda channel, at_s: 1.0, complain=self.violations)
        self.lines = ShiftRegister()
        self.bus = SpiBus(
            self.dacs,
            self.adc,
            self.lines,
            slave_select_is_output=lambda: master_for_sure,
            complain=self.violations,
        )

    def rules_after(self, transfer: SpiTransfer) -> list[str]:
        self.bus.transfer(transfer)
        return self.violations.rules


def test_a_byte_to_the_adc_at_2_mhz_is_fine() -> None:
    desk = Desk()
    desk.adc.select(0, 0.999)
    assert desk.rules_after(BYTE) == []


def test_an_adc_clocked_too_fast_is_found_though_it_answers_right() -> None:
    desk = Desk()
    fast = replace(BYTE, clock_period_s=0.125e-6)
    desk.adc.select(0, 0.999)
    desk.bus.transfer(replace(fast, sent=0x06))
    high = desk.bus.transfer(replace(fast, sent=0, started_s=1.001))
    low = desk.bus.transfer(replace(fast, sent=0, started_s=1.002))
    assert (high & 0x0F) << 8 | low == 1000
    assert desk.violations.rules == ["MCP3208: clock above 2.0 MHz"]


def test_a_dac_clocked_too_fast_is_found() -> None:
    desk = Desk()
    desk.dacs[0].select(0, 0.999)
    assert desk.rules_after(replace(BYTE, clock_period_s=40e-9)) == ["MCP4922: clock above 20 MHz"]


def test_two_chips_selected_are_found() -> None:
    desk = Desk()
    desk.dacs[0].select(0, 0.999)
    desk.dacs[1].select(0, 0.999)
    assert desk.rules_after(BYTE) == ["SPI: two chips selected"]


def test_an_edge_inside_a_byte_is_found_and_one_at_its_ends_is_not() -> None:
    for at_s, rules in (
        (0.9999, []),
        (1.0000005, ["SPI: a select or latch line changed during a byte"]),
        (BYTE.ended_s, []),
    ):
        desk = Desk()
        desk.bus.edge(at_s)
        assert desk.rules_after(BYTE) == rules


@pytest.mark.parametrize("wrong", [{"mode": 1}, {"mode": 2}, {"lsb_first": True}])
def test_a_wrong_mode_is_found(wrong: dict[str, int]) -> None:
    assert Desk().rules_after(replace(BYTE, **wrong)) == [
        "SPI: not mode 0 or 3 with the most significant bit first"
    ]


def test_a_slave_select_that_is_an_input_is_found() -> None:
    desk = Desk(master_for_sure=False)
    assert desk.rules_after(BYTE) == ["SPI: the controller's /SS pin is an input"]


def test_the_shift_registers_hear_every_byte() -> None:
    desk = Desk()
    desk.dacs[0].select(0, 0.999)
    desk.bus.transfer(BYTE)
    desk.lines.latch(1)
    assert desk.lines.pattern == 0x0030


def test_violations_are_counted_beyond_what_is_kept() -> None:
    violations = Violations()
    for n in range(1500):
        violations("rule", n)
    assert violations.count == 1500
    assert len(violations.first) == 1000
    assert violations.rules == ["rule"]


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        ("A", "MCP3208: clock above 2.0 MHz"),
        ("D", "MCP4922: a frame that is not 16 bits long"),
        ("T", "SPI: two chips selected"),
        ("Q", "MCP3208: /CS high for less than 500 ns"),
        ("W", "SPI: byte written during a transfer (WCOL)"),
        ("E", "SPI: a select or latch line changed during a byte"),
        ("M", "SPI: not mode 0 or 3 with the most significant bit first"),
        ("S", "SPI: the controller's /SS pin is an input"),
    ],
)
def test_firmware_that_breaks_a_rule_is_found(misbehaving_elf: Path, order: str, rule: str) -> None:
    fixture = VirtualFixture(misbehaving_elf)
    fixture.run_for(1e-3)
    fixture.send(b"ad")
    fixture.run_for(2e-3)
    assert fixture.violations.rules == []
    fixture.send(order.encode())
    fixture.run_for(2e-3)
    assert rule in fixture.violations.rules
