"""Sweeps: what the block holds, its CRC, its timing, and every way in which it is cut short."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction

import pytest

from realnet_hw.emulate.fixture import LDAC, VirtualFixture
from realnet_hw.emulate.mcu import SpiTransfer

ReceiveBlock = Callable[..., tuple[bytes, bool]]
MakeFixture = Callable[[], VirtualFixture]

_UART_BYTE_s = 10 / 117647


def _start(fixture: VirtualFixture, *parameters: float) -> None:
    fixture.command("OUTP ON")
    numbers = ",".join(f"{number:g}" for number in parameters)
    fixture.send(f"SENS:SWE? {numbers}\n".encode())


def _codes(data: bytes) -> list[float]:
    return [value / 16 for value in struct.unpack(f">{len(data) // 2}H", data)]


@pytest.mark.parametrize(
    ("start_V", "stop_V", "points"),
    [(-10, 10, 401), (10, -10, 97), (0, 0.02, 5), (3, 3, 4), (-10.24, 10.24, 2), (5, -5, 1000)],
)
def test_ramp(
    fixture: VirtualFixture,
    receive_block: ReceiveBlock,
    start_V: float,
    stop_V: float,
    points: int,
) -> None:
    """Source 2 wired to sense 2: the codes read are those of an even ramp, ends included."""
    _start(fixture, 2, start_V, stop_V, points, 20, 1, 2)
    data, right = receive_block(fixture)
    assert right
    first, last = (min(4095, round(volts / 0.005) + 2048) for volts in (start_V, stop_V))
    ideal = [Fraction(first) + Fraction(last - first, points - 1) * i for i in range(points)]
    codes = _codes(data)
    assert len(codes) == points
    assert (codes[0], codes[-1]) == (first, last)
    assert all(abs(code - each) <= 0.57 for code, each in zip(codes, ideal, strict=True))


def test_channels_in_order(fixture: VirtualFixture, receive_block: ReceiveBlock) -> None:
    fixture.command("SOUR:VOLT:ALL 1,2,3,4,5,6")
    _start(fixture, 3, -5, 5, 11, 20, 4, 0b10001101)
    data, right = receive_block(fixture)
    assert right
    codes = _codes(data)
    assert codes[0::4] == [2048 + 200] * 11
    assert codes[1::4] == [2048 + 200 * k for k in range(-5, 6)]
    assert codes[2::4] == [2048 + 800] * 11
    assert codes[3::4] == [2048] * 11


class CountingAdc:
    """Stands for the ADC: gives a code for each conversion, by its number and its channel."""

    def __init__(self, fixture: VirtualFixture, code: Callable[[int, int], int]) -> None:
        self._fixture, self._code = fixture, code
        self._command: list[int] = []
        self.started_s: list[float] = []
        fixture.controller.connect_spi(self._answer)

    def _answer(self, transfer: SpiTransfer) -> int:
        if not self._fixture.adc.selected:
            return 0xFF
        if len(self._command) % 3 == 0:
            self._command = []
            self.started_s.append(transfer.started_s)
        self._command.append(transfer.sent)
        if len(self._command) == 1:
            return 0xFF
        channel = (self._command[0] & 1) << 2 | self._command[1] >> 6
        if len(self._command) == 2:
            self._now = self._code(len(self.started_s) - 1, channel)
            return 0xE0 | self._now >> 8
        return self._now & 0xFF


def test_no_channel_remembers_the_one_before(
    new_fixture: MakeFixture, receive_block: ReceiveBlock
) -> None:
    """With 8 kohm in front of the ADC a sample keeps 1 % of the one before, 40 codes of 4000."""
    fixture = new_fixture()
    held = [2048.0]

    def code(_number: int, channel: int) -> int:
        held[0] += 0.99 * ((48 if channel & 1 else 4048) - held[0])
        return round(held[0])

    CountingAdc(fixture, code)
    _start(fixture, 1, 10, 10, 20, 0, 1, 15)
    codes = _codes(receive_block(fixture)[0])
    assert max(abs(code - each) for code, each in zip(codes, [4048, 48] * 40, strict=True)) <= 1
    _start(fixture, 1, 10, 10, 20, 0, 1, 1)
    codes = _codes(receive_block(fixture)[0])
    assert max(abs(code - 4048) for code in codes) <= 1
    readings_V = fixture.ask("MEAS1:VOLT?;:MEAS2:VOLT?;:MEAS1:VOLT?").split(";")
    assert [float(each) for each in readings_V] == pytest.approx([10, -10, 10], abs=0.005)


@pytest.mark.parametrize("average", [1, 2, 3, 7, 16, 48, 63, 64])
def test_average_in_sixteenths(
    new_fixture: MakeFixture, receive_block: ReceiveBlock, average: int
) -> None:
    """Codes that count the conversions, but for the first: means rounded to the nearest 1/16."""
    fixture = new_fixture()
    CountingAdc(fixture, lambda number, _channel: (number - 1) * 37 % 4096)
    _start(fixture, 1, 0, 1, 9, 0, average, 1)
    data, right = receive_block(fixture)
    assert right
    expected = []
    for point in range(9):
        codes = [n * 37 % 4096 for n in range(point * average, (point + 1) * average)]
        expected.append(round(Fraction(16 * sum(codes), average) + Fraction(1, 10**6)) / 16)
    assert _codes(data) == expected


def test_calibration_moves_the_source_and_not_the_codes(
    fixture: VirtualFixture, receive_block: ReceiveBlock
) -> None:
    fixture.command("CAL:SOUR1 10000,0.05;SENS1 -10000,0.05")
    _start(fixture, 1, -5, 5, 3, 20, 1, 1)
    data, _ = receive_block(fixture)
    assert _codes(data) == [2048 - 1010 + 10, 2048 + 10, 2048 + 1010 + 10]


def test_source_stays_at_the_stop(fixture: VirtualFixture, receive_block: ReceiveBlock) -> None:
    _start(fixture, 1, -5, 4, 10, 0, 1, 1)
    receive_block(fixture)
    assert fixture.ask("SOUR1:VOLT?;:MEAS1:VOLT?") == "4.000000;4.000000"


def test_limits_hold_in_sweeps(fixture: VirtualFixture) -> None:
    fixture.command("SOUR1:VOLT:LIM 0,5")
    for start_V, stop_V in ((-0.001, 5), (0, 5.001)):
        _start(fixture, 1, start_V, stop_V, 10, 0, 1, 1)
        fixture.run_for(0.02)
        assert fixture.receive() == b""
        assert fixture.ask("SYST:ERR?") == '-222,"Data out of range"'
    assert fixture.ask("MEAS1:VOLT?") == "0.000000"


@pytest.mark.parametrize("settle_us", [0, 1, 50, 999, 20000, 60000])
def test_settling_time(
    new_fixture: MakeFixture, receive_block: ReceiveBlock, settle_us: int
) -> None:
    """From the DACs' update to the ADC's frame: what was asked for, and at most 20 us more."""
    fixture = new_fixture()
    fixture.command("SYST:HEAR 10;:OUTP ON")
    updated_s: list[float] = []
    fixture.controller.watch(
        LDAC, lambda level: updated_s.append(fixture.now_s) if not level else None
    )
    adc = CountingAdc(fixture, lambda _number, _channel: 0)
    _start(fixture, 1, 0, 1, 4, settle_us, 1, 1)
    receive_block(fixture)
    # One conversion is made before the first update, one update follows the last conversion.
    waits_us = [
        (started - updated) * 1e6
        for updated, started in zip(updated_s, adc.started_s[1:], strict=False)
    ]
    assert len(waits_us) == 4
    for wait_us in waits_us:
        assert settle_us < wait_us < settle_us * 1.001 + 20


def test_as_fast_as_the_line(fixture: VirtualFixture, receive_block: ReceiveBlock) -> None:
    fixture.command("OUTP ON")
    begin_s = fixture.now_s
    _start(fixture, 1, -5, 5, 1000, 0, 1, 1)
    receive_block(fixture)
    assert (fixture.now_s - begin_s - 0.02) < 2060 * _UART_BYTE_s * 1.03


def test_long_block(new_fixture: MakeFixture, receive_block: ReceiveBlock) -> None:
    fixture = new_fixture()
    fixture.command("SYST:HEAR 60")
    _start(fixture, 4, -10, 10, 3000, 0, 1, 8)
    data, right = receive_block(fixture, limit_s=8)
    assert right
    assert len(data) == 6000
    codes = _codes(data)
    assert codes == sorted(codes)
    assert fixture.violations.rules == []


# ------------------------------------------------------------------------------ cut short


def _read_part(data: bytes) -> list[int]:
    """The values that were read; behind them there is only padding."""
    values = list(struct.unpack(f">{len(data) // 2}H", data))
    count = values.index(0xFFFF)
    assert set(values[count:]) == {0xFFFF}
    return values[:count]


def test_device_clear(fixture: VirtualFixture, receive_block: ReceiveBlock) -> None:
    fixture.command("SOUR1:VOLT 1")
    _start(fixture, 1, -5, 5, 500, 500, 1, 3)
    fixture.run_for(0.1)
    fixture.send(b"\x03")
    data, right = receive_block(fixture)
    assert not right
    assert len(data) == 2000
    assert 100 < len(_read_part(data)) < 600
    assert fixture.ask("SYST:ERR?;ERR?") == '-200,"Execution error";0,"No error"'
    assert fixture.ask("OUTP?;:SOUR1:VOLT?;:MEAS1:VOLT?") == "1;1.000000;1.000000"


def test_device_clear_is_answered_soon(
    fixture: VirtualFixture, receive_block: ReceiveBlock
) -> None:
    """A sweep of 40 s ends within its longest settling time and the time of its bytes."""
    fixture.command("SYST:HEAR 60")
    _start(fixture, 1, -5, 5, 700, 60000, 1, 1)
    fixture.run_for(0.2)
    fixture.send(b"\x03")
    begin_s = fixture.now_s
    _, right = receive_block(fixture)
    assert not right
    assert fixture.now_s - begin_s < 0.061 + 1410 * _UART_BYTE_s
    assert fixture.ask("*OPC?") == "1"


def test_lost_heartbeat(fixture: VirtualFixture, receive_block: ReceiveBlock) -> None:
    fixture.command("SYST:HEAR 0.3")
    _start(fixture, 1, -5, 5, 2000, 1000, 1, 1)
    data, right = receive_block(fixture)
    assert not right
    assert len(data) == 4000
    assert 200 < len(_read_part(data)) < 400
    assert fixture.ask("OUTP?;:SYST:ERR?;ERR?;ERR?") == (
        '0;-200,"Execution error";101,"Heartbeat lost";0,"No error"'
    )


def test_blanks_keep_a_sweep_alive(fixture: VirtualFixture, receive_block: ReceiveBlock) -> None:
    """More blanks than the fixture can hold: they are dropped as they come."""
    fixture.command("SYST:HEAR 0.1")
    _start(fixture, 1, -5, 5, 400, 2000, 1, 1)
    for _ in range(18):
        fixture.send(b" " * 20 + b"\n")
        fixture.run_for(0.05)
    data, right = receive_block(fixture)
    assert right
    assert len(data) == 800
    assert fixture.ask("OUTP?;:SYST:ERR:COUN?") == "1;0"


def test_a_command_sent_during_a_sweep_waits(
    fixture: VirtualFixture, receive_block: ReceiveBlock
) -> None:
    _start(fixture, 1, -5, 5, 100, 1000, 1, 1)
    fixture.run_for(0.05)
    fixture.send(b"SOUR2:VOLT 2;VOLT?\n")
    heard = bytearray()

    def complete() -> bool:
        heard.extend(fixture.receive())
        return heard.endswith(b"\n2.000000\n")

    assert fixture.run_until(complete, 1.0)
    assert len(heard) == len(b"#3202\n2.000000\n") + 202
