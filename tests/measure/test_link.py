"""What the system says about a port is passed on as what to do about it."""

import errno
import os
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from realnet_hw.errors import BenchError, LinkLost
from realnet_hw.measure import link as module
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.link import Link, NoAnswer


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (OSError(errno.ENOENT, "x"), LinkLost, "no such port; plug the fixture in"),
        (OSError(errno.EACCES, "x"), BenchError, "usermod -aG dialout"),
        (OSError(errno.EBUSY, "x"), BenchError, "another program has this port open"),
        (OSError(errno.EIO, "x"), LinkLost, "the port is gone; check the cable"),
        (termios.error(errno.EIO, "x"), LinkLost, "the port is gone; check the cable"),
    ],
)
def test_a_system_error_is_told_with_what_to_do(
    error: Exception, kind: type[BenchError], told: str
) -> None:
    explained = module._explained(error, "ASRL/dev/ttyACM0::INSTR")
    assert type(explained) is kind
    assert str(explained).startswith("ASRL/dev/ttyACM0::INSTR: ")
    assert told in str(explained)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Serve a port at which every line gets the same answer, as some other instrument may give."""
    near, far = os.openpty()
    tty.setraw(far)

    def serve() -> None:
        while (data := os.read(near, 4096)) != b"end":
            if data.endswith(b"\n"):
                os.write(near, answer)

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield f"ASRL{os.ttyname(far)}::INSTR"
    finally:
        os.write(far, b"end")
        server.join()
        os.close(near)
        os.close(far)


@pytest.mark.parametrize("answer", [b"RIGOL,DS1054Z,1,2\n", b"\xff\x80\x00\n"])
def test_another_instrument_is_not_taken_for_a_fixture(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realnet_hw.measure.dialogue.START_UP_S", 0.3)
    with (
        answering(answer) as address,
        pytest.raises(BenchError, match=r"not a fixture: .* answers; check the address"),
    ):
        Fixture(address).open()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"0.5\n", "where a block should begin"),
        (b"#212abcdefghijkl;\n", "block of 12 bytes ends in b';'"),
    ],
)
def test_what_is_no_block_is_refused(answer: bytes, told: str) -> None:
    with (
        answering(answer) as address,
        Link(address, 115200) as link,
        pytest.raises(BenchError, match=told),
    ):
        link.query_block("SWE?")


def test_a_block_may_hold_any_byte_a_line_end_too() -> None:
    with answering(b"#14\n\x03\x00\xff\n") as address, Link(address, 115200) as link:
        assert link.query_block("SWE?") == b"\n\x03\x00\xff"


def test_a_block_that_stays_short_ends_in_time() -> None:
    with (
        answering(b"#14ab") as address,
        Link(address, 115200) as link,
        pytest.raises(NoAnswer),
    ):
        link.query_block("SWE?", timeout_s=0.2)


def test_clear_drops_a_late_answer() -> None:
    with answering(b"late\n") as address, Link(address, 115200) as link:
        link.write("*IDN?")
        link.clear()
        with pytest.raises(NoAnswer):
            link.read(timeout_s=0.1)
