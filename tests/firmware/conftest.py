"""The compiled firmware in a virtual fixture: what the tests of the firmware stand on."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture

BOOT_s = 0.03

MakeFixture = Callable[[], VirtualFixture]
Outcome = Callable[[VirtualFixture, str], str]
ReceiveBlock = Callable[..., tuple[bytes, bool]]


@pytest.fixture(scope="session")
def new_fixture(firmware: Path) -> MakeFixture:
    """Makes a fixture of its own, just booted: no line wired but source n to sense n."""

    def make() -> VirtualFixture:
        fixture = VirtualFixture(firmware)
        fixture.run_for(BOOT_s)
        return fixture

    return make


@pytest.fixture(scope="module")
def _shared_fixture(new_fixture: MakeFixture) -> VirtualFixture:
    return new_fixture()


@pytest.fixture
def fixture(_shared_fixture: VirtualFixture) -> Iterator[VirtualFixture]:
    """A fixture as after *RST;*CLS, uncalibrated, its masks at 0. It is shared by the module.

    Whatever a test does with it, it must keep the rules of the bus and not be reset.
    """
    _shared_fixture.command("CAL:CLE;*RST;*CLS;*ESE 0;*SRE 0")
    resets = _shared_fixture.controller.resets
    yield _shared_fixture
    assert _shared_fixture.violations.rules == []
    assert _shared_fixture.controller.resets == resets


@pytest.fixture(scope="session")
def outcome() -> Outcome:
    """Sends a line and gives the number of the error that it raised, or what it answered."""

    def send(fixture: VirtualFixture, line: str) -> str:
        fixture.command(line)
        answer = fixture.receive().decode().removesuffix("\n")
        number = fixture.ask("SYST:ERR?").split(",")[0]
        return answer if number == "0" else number

    return send


@pytest.fixture(scope="session")
def receive_block() -> ReceiveBlock:
    """Waits for a definite-length block and gives its bytes and whether its CRC is right."""

    def receive(fixture: VirtualFixture, limit_s: float = 5.0) -> tuple[bytes, bool]:
        heard = bytearray()

        def complete() -> bool:
            heard.extend(fixture.receive())
            if len(heard) < 2:
                return False
            start = 2 + int(heard[1:2])
            return len(heard) > start and len(heard) == start + int(heard[2:start]) + 1

        assert fixture.run_until(complete, limit_s), bytes(heard)
        assert heard[:1] == b"#"
        assert heard[-1:] == b"\n"
        data, crc = heard[2 + int(heard[1:2]) : -3], int.from_bytes(heard[-3:-1], "big")
        right = binascii.crc_hqx(bytes(data), 0)
        assert crc in (right, right ^ 0xFFFF)
        return bytes(data), crc == right

    return receive
