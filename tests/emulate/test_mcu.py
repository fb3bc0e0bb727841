"""The simulated controller: its times by the datasheet, its pins, resets, memory and failures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.emulate.mcu import CLOCK_Hz, ResetCause, SpiTransfer, VirtualController
from realnet_hw.errors import BenchError, InputError

Compile = Callable[..., Path]
PULLS = {"PD4": 0, "PD6": 1, "PC0": 1}


@pytest.fixture
def controller(misbehaving_elf: Path) -> VirtualController:
    made = VirtualController(misbehaving_elf, pulls=PULLS)
    made.run_for(1e-3)
    return made


def obey(controller: VirtualController, order: bytes, answers: int = 1) -> bytes:
    controller.send(order)
    controller.run_for(1e-3 + 1e-3 * answers)
    answer = controller.receive()
    assert len(answer) == answers
    return answer


@pytest.mark.parametrize(
    ("divider", "u2x", "cycles"),
    [(16, 1, 17 * 8 * 10), (1, 1, 2 * 8 * 10), (8, 0, 9 * 16 * 10), (103, 0, 104 * 16 * 10)],
)
def test_a_uart_byte_takes_ten_bits(
    misbehaving: Compile, divider: int, u2x: int, cycles: int
) -> None:
    controller = VirtualController(misbehaving(DIVIDER=divider, U2X=u2x))
    controller.run_for(1e-3)
    controller.send(b"0")
    controller.run_for(10e-3)
    first, second = controller.receive_timed()
    assert (first.ended_s - first.started_s) * CLOCK_Hz == pytest.approx(cycles)
    # The second was put into the buffer while the first was being shifted out: no gap.
    assert (second.started_s - first.started_s) * CLOCK_Hz == pytest.approx(cycles, abs=1)


def test_bytes_reach_the_firmware_at_the_rate_of_the_line(controller: VirtualController) -> None:
    started_s = controller.now_s
    controller.send(b"." * 200)
    controller.run_for(0.03)
    answers = controller.receive_timed()
    assert len(answers) == 200
    # A byte is answered when all of it has come; the polling of the firmware takes its part.
    assert answers[0].started_s - started_s == pytest.approx(85e-6, rel=0.1)
    assert answers[-1].ended_s - started_s == pytest.approx(201 * 85e-6, rel=0.1)


def test_a_byte_is_not_received_before_its_stop_bit(controller: VirtualController) -> None:
    controller.send(b".")
    started_s = controller.now_s
    assert controller.run_until(lambda: controller.receive() == b".", 0.01)
    assert controller.now_s - started_s >= 2 * 85e-6


@pytest.mark.parametrize(
    ("rate", "divider"), [(0, 4), (1, 16), (2, 64), (3, 128), (4, 2), (5, 8), (6, 32)]
)
def test_an_spi_byte_takes_eight_clocks(
    controller: VirtualController, rate: int, divider: int
) -> None:
    taken = int.from_bytes(obey(controller, str(rate).encode(), 2))
    # The firmware looks every five cycles and needs a few more to read its timer.
    assert 8 * divider <= taken <= 8 * divider + 14


def test_spi_slave_sees_byte_clock_and_mode(controller: VirtualController) -> None:
    seen: list[SpiTransfer] = []
    controller.connect_spi(lambda transfer: seen.append(transfer) or 0x5A)  # type: ignore[func-returns-value]
    assert int.from_bytes(obey(controller, b"a", 2)) == 0xA5A
    assert [transfer.sent for transfer in seen] == [0x07, 0xC0, 0x00]
    assert {transfer.clock_period_s for transfer in seen} == {0.5e-6}
    assert {transfer.mode for transfer in seen} == {0}


def test_pins_are_at_their_pulls_before_the_first_cycle(misbehaving_elf: Path) -> None:
    controller = VirtualController(misbehaving_elf, pulls=PULLS)
    assert controller.now_s == 0.0
    assert {pin: controller.level(pin) for pin in PULLS} == PULLS
    assert not any(controller.is_output(pin) for pin in PULLS)


def test_watched_pins_tell_their_edges(controller: VirtualController) -> None:
    edges: list[tuple[str, int]] = []
    controller.watch("PC0", lambda level: edges.append(("PC0", level)))
    controller.watch("PD6", lambda level: edges.append(("PD6", level)))
    obey(controller, b"d")
    assert edges == [("PC0", 0), ("PC0", 1), ("PD6", 0), ("PD6", 1)]


def test_a_reset_takes_the_pins_to_their_pulls_in_the_same_cycle(
    controller: VirtualController,
) -> None:
    edges: list[int] = []
    controller.watch("PD4", edges.append)
    obey(controller, b"o")
    before_s = controller.now_s
    controller.reset()
    assert edges == [1, 0]
    assert controller.now_s == before_s
    assert controller.resets == 1


@pytest.mark.parametrize("cause", [ResetCause.EXTERNAL, ResetCause.BROWN_OUT])
def test_the_firmware_can_see_why_it_was_reset(
    controller: VirtualController, cause: ResetCause
) -> None:
    assert obey(controller, b"r")[0] == ResetCause.POWER_ON
    controller.reset(cause)
    controller.run_for(1e-3)
    assert obey(controller, b"r")[0] & cause


def test_a_forced_hang_ends_with_a_reset_only(controller: VirtualController) -> None:
    controller.force_hang()
    controller.send(b".")
    controller.run_for(0.1)
    assert controller.receive() == b""
    controller.reset()
    controller.run_for(1e-3)
    assert obey(controller, b".") == b"."


def test_eeprom_is_the_firmwares_and_ours(controller: VirtualController) -> None:
    controller.eeprom = bytes([1, 2, 3, 40])
    obey(controller, b"e")
    controller.run_for(10e-3)
    assert controller.eeprom[:4] == bytes([1, 2, 3, 41])
    assert len(controller.eeprom) == 1024
    controller.reset()
    assert controller.eeprom[3] == 41


def test_eeprom_has_an_end(controller: VirtualController) -> None:
    with pytest.raises(InputError, match="1 to 1024"):
        controller.eeprom = bytes(1025)


def test_sleep_with_interrupts_off_is_an_error(controller: VirtualController) -> None:
    controller.send(b"z")
    with pytest.raises(BenchError, match="sleeps with its interrupts off"):
        controller.run_for(0.1)


def test_a_write_beyond_the_memory_is_an_error(controller: VirtualController) -> None:
    controller.send(b"x")
    with pytest.raises(BenchError, match="crashed at address 0x"):
        controller.run_for(0.1)


def test_what_a_callback_raises_reaches_the_caller(controller: VirtualController) -> None:
    def fail_on_low(level: int) -> None:
        if level == 0:
            raise ZeroDivisionError

    controller.watch("PC0", fail_on_low)
    controller.send(b"d")
    with pytest.raises(ZeroDivisionError):
        controller.run_for(0.01)
    controller.run_for(0.01)
    assert controller.receive() == b"d"


def test_ask_names_the_command_that_got_no_answer(controller: VirtualController) -> None:
    controller.force_hang()
    with pytest.raises(BenchError, match=r"no answer to 'r' within 0\.01 s"):
        controller.ask("r", limit_s=0.01)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), (b"text", "not an ELF file")]
)
@pytest.mark.usefixtures("simulator")
def test_firmware_that_is_none_is_refused(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    file = tmp_path / "firmware.elf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        VirtualController(file)


def test_pins_have_names(controller: VirtualController) -> None:
    for name in ("PA0", "PB8", "D4", ""):
        with pytest.raises(InputError, match="PB0 to PD7"):
            controller.level(name)
