"""How an instrument is reached from the host: a raw socket and HiSLIP, both on the loopback alone.

Each connection is served by a thread; commands of all of them are executed one at a time.

Ref: IVI-6.1, High-Speed LAN Instrument Protocol (HiSLIP), 1.0 (synchronised mode, no locks).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

Execute = Callable[[bytes], bytes]
"""Executes a message, which has no line end, and returns what answers it, nothing or whole."""

_LOOPBACK = "127.0.0.1"
_LONGEST_message = 1 << 20
_HEADER = struct.Struct("!2sBBIQ")
_PAYLOAD = 1 << 20
(
    _INITIALIZE, _INITIALIZE_RESPONSE, _FATAL, _ERROR, _LOCK, _LOCK_RESPONSE, _DATA, _DATA_END,
    _CLEAR_COMPLETE, _CLEAR_ACKNOWLEDGE, _REMOTE, _REMOTE_RESPONSE, _TRIGGER, _INTERRUPTED,
    _ASYNC_INTERRUPTED, _MAXIMUM, _MAXIMUM_RESPONSE, _ASYNC_INITIALIZE, _ASYNC_INITIALIZE_RESPONSE,
    _ASYNC_CLEAR, _SERVICE_REQUEST, _STATUS, _STATUS_RESPONSE, _ASYNC_CLEAR_ACKNOWLEDGE,
) = range(24)  # fmt: skip
_UNRECOGNISED = 1


class _Port(ABC):
    """Listens, and serves every connection in a thread."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._listening = socket.create_server((_LOOPBACK, 0))
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._is_closed = False
        self.number: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, name=f"port {self.number}", daemon=True).start()

    def close(self) -> None:
        """Stop listening and hang up."""
        with self._guard:
            self._is_closed = True
            ending = [self._listening, *self._open]
        for one in ending:
            # It may have hung up by itself.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return  # closed
            # Small answers must not wait for the acknowledgement of the one before.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._guard:
                if self._is_closed:
                    connection.close()
                    return
                self._open.add(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection: socket.socket) -> None:
        try:
            # A host that hangs up in the middle is nothing to complain about.
            with connection, contextlib.suppress(OSError, EOFError):
                self._serve(connection)
        finally:
            with self._guard:
                self._open.discard(connection)

    @abstractmethod
    def _serve(self, connection: socket.socket) -> None:
        """Serve a connection until the host hangs up."""


class RawSocket(_Port):
    """Lines in, lines and blocks out."""

    @property
    def address(self) -> str:
        """The VISA resource name."""
        return f"TCPIP::{_LOOPBACK}::{self.number}::SOCKET"

    def _serve(self, connection: socket.socket) -> None:
        for line in _lines(connection):
            answer = self._execute(line)
            if answer:
                connection.sendall(answer)


def _lines(connection: socket.socket) -> Iterator[bytes]:
    pending = b""
    while data := connection.recv(65_536):
        *lines, pending = (pending + data).split(b"\n")
        yield from lines
        if len(pending) > _LONGEST_message:
            return


class Hislip(_Port):
    """Two connections a session: messages and their answers on one, control on the other."""

    def __init__(self, execute: Execute) -> None:
        self._sessions = 0
        super().__init__(execute)

    @property
    def address(self) -> str:
        """The VISA resource name."""
        return f"TCPIP::{_LOOPBACK}::hislip0,{self.number}::INSTR"

    def _serve(self, connection: socket.socket) -> None:
        message = b""
        while True:
            kind, parameter, payload = _received(connection)
            if kind in (_DATA, _DATA_END):
                message += payload
                if len(message) > _LONGEST_message:
                    return
                if kind == _DATA_END:
                    self._answer(connection, parameter, message)
                    message = b""
                continue
            if kind == _CLEAR_COMPLETE:
                message = b""
            answer = self._controlled(kind)
            if answer is not None:
                connection.sendall(_packed(*answer))

    def _answer(self, connection: socket.socket, parameter: int, message: bytes) -> None:
        whole = b"".join(filter(None, map(self._execute, message.rstrip(b"\r\n").split(b"\n"))))
        pieces = [whole[at : at + _PAYLOAD] for at in range(0, len(whole), _PAYLOAD)]
        for piece in pieces[:-1]:
            connection.sendall(_packed(_DATA, 0, parameter, piece))
        for piece in pieces[-1:]:
            connection.sendall(_packed(_DATA_END, 0, parameter, piece))

    def _controlled(self, kind: int) -> tuple[int, int, int, bytes] | None:
        """Return what answers anything but data: kind, control code, parameter, payload."""
        if kind == _INITIALIZE:
            with self._guard:
                self._sessions = (self._sessions + 1) & 0xFFFF
            return _INITIALIZE_RESPONSE, 0, 0x0100 << 16 | self._sessions, b""
        if kind == _ASYNC_INITIALIZE:
            return _ASYNC_INITIALIZE_RESPONSE, 0, 0x7878, b""
        if kind == _MAXIMUM:
            return _MAXIMUM_RESPONSE, 0, 0, struct.pack("!Q", _LONGEST_message)
        if kind == _LOCK:
            return _LOCK_RESPONSE, 1, 0, b""
        if kind == _REMOTE:
            return _REMOTE_RESPONSE, 0, 0, b""
        if kind == _STATUS:
            return _STATUS_RESPONSE, 0, 0, b""
        if kind == _ASYNC_CLEAR:
            return _ASYNC_CLEAR_ACKNOWLEDGE, 0, 0, b""
        if kind == _CLEAR_COMPLETE:
            return _CLEAR_ACKNOWLEDGE, 0, 0, b""
        if kind in (_TRIGGER, _ERROR):
            return None
        if kind == _FATAL:
            raise EOFError
        return _ERROR, _UNRECOGNISED, 0, b"Unrecognized message type"


class Served:
    """An instrument that is reached both ways until it is closed.

    Args:
        execute: executes its messages.
    """

    def __init__(self, execute: Execute) -> None:
        self._ports = (RawSocket(execute), Hislip(execute))

    @property
    def addresses(self) -> dict[str, str]:
        """VISA resource names by how it is reached: ``socket``, ``hislip``."""
        raw, hislip = self._ports
        return {"socket": raw.address, "hislip": hislip.address}

    def close(self) -> None:
        """Hang up and listen no more."""
        for port in self._ports:
            port.close()


def _packed(kind: int, control: int, parameter: int, payload: bytes) -> bytes:
    return _HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload


def _received(connection: socket.socket) -> tuple[int, int, bytes]:
    """Return a message: kind, parameter, payload.

    Raises:
        EOFError: the host has hung up, or what it sends is no HiSLIP.
    """
    prologue, kind, _control, parameter, length = _HEADER.unpack(_exactly(connection, _HEADER.size))
    if prologue != b"HS" or length > _LONGEST_message:
        raise EOFError
    return kind, parameter, _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)
