"""The line to a scope, through pyvisa and pyvisa-py: raw socket, HiSLIP, VXI-11 or USB.

What pyvisa-py leaves to its user is done here. A raw socket waits to send small messages until the
one before is acknowledged, which costs 40 ms each: that is switched off. An answer that comes after
its time-out would be taken for that of the next question: the line is opened anew before anything
else is asked, and nothing is asked twice by itself.
"""

from __future__ import annotations

import math
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from realnet_hw.errors import BenchError, LinkLost
from realnet_hw.measure.link import NoAnswer

_ADDRESS = re.compile(r"TCPIP\d*::.+::(?:\d+::SOCKET|INSTR)|USB\d*::.+::INSTR")

_HISLIP = re.compile(r"TCPIP\d*::(?P<host>.+)::hislip\d+(?:,(?P<port>\d+))?::INSTR")
_HISLIP_PORT = 4880


def check_address(address: str, *, where: str) -> None:
    """Refuse what is no VISA resource name of a scope.

    Raises:
        BenchError: such a name.
    """
    if not _ADDRESS.fullmatch(address):
        raise BenchError(
            f"{address!r} is no VISA resource name of a scope",
            where=where,
            allowed="TCPIP::HOST::PORT::SOCKET, TCPIP::HOST::hislip0::INSTR, TCPIP::HOST::INSTR, "
            "USB::VENDOR::MODEL::SERIAL::INSTR",
        )


class Connection:
    """An open line to a scope. Use ``close`` or the ``with`` statement to give it back.

    Args:
        address: VISA resource name.
        timeout_s: how long to wait for an answer.

    Raises:
        LinkLost: nothing listens there.
        BenchError: no such address.
    """

    def __init__(self, address: str, *, timeout_s: float = 10.0) -> None:
        check_address(address, where="scope")
        self.address = address
        self._timeout_s = timeout_s
        self._resource: Any = None
        self._unread = bytearray()
        self._open()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the line; harmless when it is closed or gone."""
        import pyvisa

        if self._resource is not None:
            with suppress(pyvisa.Error, OSError):
                self._resource.close()
            self._resource = None

    @property
    def _is_stream(self) -> bool:
        """Whether nothing but the answers themselves says where they end."""
        return self.address.endswith("SOCKET")

    def _open(self) -> None:
        import pyvisa

        try:
            self._knock()
            self._resource = pyvisa.ResourceManager("@py").open_resource(
                self.address,
                read_termination="\n" if self._is_stream else None,
                write_termination="\n",
                timeout=self._timeout_s * 1e3,
            )
        except Exception as error:  # pyvisa-py raises what it likes, Exception itself too
            raise LinkLost(
                f"it does not open: {error}",
                where=self.address,
                mend="check cable, address and whether its LAN or USB remote control is on",
            ) from error
        self._unread.clear()
        if self._is_stream:
            # pyvisa-py 0.8 lets its attribute of this name be read only.
            line = self._resource.visalib.sessions[self._resource.session].interface
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _knock(self) -> None:
        """Make sure that somebody listens: pyvisa-py never closes a HiSLIP socket that failed."""
        hislip = _HISLIP.fullmatch(self.address)
        if hislip:
            place = (hislip["host"], int(hislip["port"] or _HISLIP_PORT))
            socket.create_connection(place, timeout=self._timeout_s).close()

    # -------------------------------------------------------------------------------------- talking

    def tell(self, line: str) -> None:
        """Send a command.

        Raises:
            LinkLost: the line is gone.
        """
        if self._resource is None:
            self._open()
        with self._translated(line):
            self._resource.write(line)

    def ask(self, line: str) -> str:
        """Send a query and return the line that answers it; empty lines do not count.

        Raises:
            NoAnswer: none came in time; the next question opens the line anew.
            LinkLost: the line is gone.
        """
        self.tell(line)
        with self._translated(line):
            answer = b""
            while not answer:
                answer = self._line().strip()
        return answer.decode("latin-1")

    def ask_number(self, line: str) -> float:
        """Send a query and return the number that answers it, whatever unit stands behind it.

        Raises:
            BenchError: what answers is no number; and as ``ask``.
        """
        answer = self.ask(line)
        found = re.match(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", answer)
        value = float(found[0]) if found else math.nan
        if not math.isfinite(value):
            raise BenchError(f"{answer[:60]!r} is no number", where=f"{self.address}: {line}")
        return value

    def ask_bytes(self, line: str, reader: Any) -> bytes:
        """Send a query and return what a reader of ``answers`` makes of its answer.

        Raises:
            BenchError: it is not what should come; NoAnswer, LinkLost as ``ask``.
        """
        self.tell(line)
        with self._translated(line):
            try:
                data: bytes = reader(self._exactly)
            except NoAnswer:
                raise
            except BenchError:
                # Where its end is, nobody knows now.
                self.close()
                raise
        return data

    def _line(self) -> bytes:
        """Return a line, or what is left of a message, which ends where it ends."""
        if self._is_stream:
            line: bytes = self._resource.read_raw()
            return line
        if not self._unread:
            self._unread += self._resource.read_raw()
        first, _, rest = bytes(self._unread).partition(b"\n")
        self._unread = bytearray(rest)
        return first

    def _exactly(self, count: int) -> bytes:
        """Return so many bytes."""
        if self._is_stream:
            with self._resource.read_termination_context(""):
                data: bytes = self._resource.read_bytes(count)
            return data
        while len(self._unread) < count:
            self._unread += self._resource.read_raw()
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data

    @contextmanager
    def _translated(self, line: str) -> Iterator[None]:
        """Turn what pyvisa raises into this project's errors."""
        import pyvisa

        try:
            yield
        except pyvisa.VisaIOError as error:
            self.close()
            if error.error_code == pyvisa.constants.StatusCode.error_timeout:
                raise NoAnswer(
                    f"no answer to {line!r} in {self._timeout_s:g} s", where=self.address
                ) from None
            raise LinkLost(str(error), where=self.address) from None
        except OSError as error:
            self.close()
            raise LinkLost(error.strerror or str(error), where=self.address) from None
        except RuntimeError as error:
            # What pyvisa-py's HiSLIP says when the other side has hung up.
            self.close()
            raise LinkLost(str(error), where=self.address) from None
