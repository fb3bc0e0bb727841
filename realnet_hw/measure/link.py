"""A line-oriented link to an instrument on a serial port, through pyvisa and pyvisa-py.

Everything that can go wrong comes out as ``BenchError`` or ``LinkLost`` in one line that says how
to mend it: pyvisa-py raises ``VisaIOError`` for some faults, lets pyserial's ``SerialException``
through for others (a pulled cable, a port that is not there) and ``termios.error`` for a few.

Ref: IEEE 488.2-1992 7.5 (terminators), 8.7.9 (definite length block); pyvisa-py 0.8 serial.py.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from realnet_hw.errors import BenchError, LinkLost

DEVICE_CLEAR = b"\x03"
"""What the fixture takes as a device clear: pyvisa-py has none for serial ports."""


_LOOK_S = 1e-3
"""Between two looks at what has come."""


class NoAnswer(BenchError):
    """The port is there, but nothing came within the time allowed."""


class Link:
    """An open serial port. Use ``close`` or the ``with`` statement to give it back.

    Args:
        address: VISA resource name, ``ASRL/dev/ttyACM0::INSTR``.
        baud: bits a second.
        timeout_s: how long to wait for an answer.

    Raises:
        LinkLost: no such port.
        BenchError: it may not be opened, or somebody else has it.
    """

    def __init__(self, address: str, baud: int, *, timeout_s: float = 2.0) -> None:
        import pyvisa

        self.address = address
        try:
            with self._translated():
                self._resource: Any = pyvisa.ResourceManager("@py").open_resource(
                    address,
                    baud_rate=baud,
                    read_termination="\n",
                    write_termination="\n",
                    timeout=timeout_s * 1e3,
                )
        except NoAnswer as error:
            raise LinkLost("the port does not open", where=address) from error

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the port; harmless when it is closed or gone."""
        import pyvisa
        import serial

        with suppress(pyvisa.Error, serial.SerialException, OSError):
            self._resource.close()  # when it is gone, nothing is left to give back

    def write(self, line: str) -> None:
        """Send a line.

        Raises:
            LinkLost: the port is gone.
        """
        with self._translated():
            self._resource.write(line)

    def query(self, line: str, *, timeout_s: float | None = None) -> str:
        """Send a line and return the line that comes back.

        Raises:
            NoAnswer: none came in time.
            LinkLost: the port is gone.
        """
        self.write(line)
        return self.read(timeout_s=timeout_s)

    def read(self, *, timeout_s: float | None = None) -> str:
        """Return the next line, without its end; bytes that are not ASCII become U+FFFD.

        Raises:
            NoAnswer, LinkLost: as ``query``.
        """
        with self._translated(), self._patience(timeout_s):
            raw: bytes = self._resource.read_raw()
        return raw.decode("ascii", errors="replace").strip()

    def query_feeding(self, line: str, *, every_s: float, timeout_s: float) -> str:
        """Send a line and return the line that comes back, with a blank line now and then.

        Args:
            line: what takes long.
            every_s: between two blank lines, which tell that we are still there.
            timeout_s: how long to wait for an answer.

        Raises:
            NoAnswer, LinkLost: as ``query``.
        """
        self.write(line)
        end = time.monotonic() + timeout_s
        fed = time.monotonic()
        with self._translated():
            while not self._resource.bytes_in_buffer and (now := time.monotonic()) < end:
                if now - fed > every_s:
                    self._resource.write("")
                    fed = now
                time.sleep(_LOOK_S)
        return self.read()

    def query_block(self, line: str, *, timeout_s: float | None = None) -> bytes:
        """Send a line and return the definite length block that comes back.

        Raises:
            NoAnswer, LinkLost: as ``query``.
            BenchError: what comes back is no such block.

        Ref: IEEE 488.2-1992 8.7.9: ``#``, number of digits, length, data.
        """
        self.write(line)
        with self._translated(), self._patience(timeout_s):
            start: bytes = self._resource.read_bytes(2)
            if not re.fullmatch(rb"#[1-9]", start):
                raise BenchError(
                    f"{start!r} came where a block should begin", where=f"{self.address}: {line}"
                )
            digits: bytes = self._resource.read_bytes(int(start[1:]))
            if not digits.isdigit():
                raise BenchError(f"a block of {digits!r} bytes", where=f"{self.address}: {line}")
            length = int(digits)
            data: bytes = self._resource.read_bytes(length)
            end: bytes = self._resource.read_bytes(1)
        if end != b"\n":
            raise BenchError(
                f"the block of {length} bytes ends in {end!r}", where=f"{self.address}: {line}"
            )
        return data

    def clear(self, *, quiet_s: float = 0.05, limit_s: float = 2.0) -> None:
        """Send a device clear and drop what is still on its way.

        Args:
            quiet_s: silence that counts as the end.
            limit_s: when to give up waiting for silence.

        Raises:
            LinkLost: the port is gone.
        """
        from pyvisa.constants import BufferOperation

        with self._translated():
            self._resource.write_raw(DEVICE_CLEAR)
            end = time.monotonic() + limit_s
            while time.monotonic() < end:
                self._resource.flush(BufferOperation.discard_read_buffer)
                time.sleep(quiet_s)
                if not self._resource.bytes_in_buffer:
                    return

    @contextmanager
    def _patience(self, timeout_s: float | None) -> Iterator[None]:
        """Wait for another time than usual."""
        if timeout_s is None:
            yield
            return
        usual = self._resource.timeout
        self._resource.timeout = timeout_s * 1e3
        try:
            yield
        finally:
            self._resource.timeout = usual

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what pyvisa, pyserial and the kernel raise into this project's errors."""
        import termios

        import pyvisa
        import serial

        try:
            yield
        except pyvisa.VisaIOError as error:
            if error.error_code == pyvisa.constants.StatusCode.error_timeout:
                raise NoAnswer("no answer in time", where=self.address) from None
            raise BenchError(str(error), where=self.address) from None
        except (serial.SerialException, OSError, termios.error) as error:
            raise _explained(error, self.address) from None


def _explained(error: BaseException, address: str) -> BenchError:
    """Return the error that tells a bench user what a system error means for this port."""
    number = getattr(error, "errno", None)
    if number is None and error.args and isinstance(error.args[0], int):
        number = error.args[0]
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return LinkLost(
            "there is no such port",
            where=address,
            mend="plug the fixture in; `ls /dev/serial/by-id` lists what is there",
        )
    if number in (errno.EACCES, errno.EPERM):
        return BenchError(
            "you may not open this port",
            where=address,
            mend="join the group that owns it (`sudo usermod -aG dialout $USER`), then log in anew",
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return BenchError(
            "another program has this port open",
            where=address,
            mend="close the serial monitor, modem manager or other run (`fuser` names it)",
        )
    return LinkLost("the port is gone", where=address, mend="check the cable")
