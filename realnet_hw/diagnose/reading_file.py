"""A file of readings: written by anybody, or kept while a board is read.

What a person read stands there as one would write it; what a fixture read stands below
``measured``, with the budgets of its channels, so that nothing is lost when it is read again.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.compare.words import some
from realnet_hw.diagnose.readings import (
    Probe,
    Quantity,
    Reading,
    Readings,
    by_hand,
    pulled,
)
from realnet_hw.errors import InputError

MOST_BYTES = 64_000_000
# Readings typed in a file: far more than anybody takes, few enough to be weighed together.
_MOST = 500

ARRIVES_V = 0.5
"""So far off an input may be, for what follows from it is known as a slope."""

Unit = Literal["", "V", "mV", "ohm", "kohm", "Mohm", "A", "mA", "s", "ms", "us"]


class Given(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """One reading of a person."""

    kind: Quantity | None = None
    inputs: dict[str, float] = {}
    arrived: dict[str, float] = {}
    held: str = ""
    node: str = ""
    a: str = ""
    b: str = ""
    value: float
    unit: Unit = ""
    u: float | None = None


class _File(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """A file as it is read first: what each reading says is looked at one by one."""

    board: str = ""
    circuit_sha256: str = ""
    readings: list[msgspec.Raw]
    measured: list[Readings] = []


_UNITS: Mapping[str, tuple[Quantity, float]] = {
    "V": ("volt", 1.0),
    "mV": ("volt", 1e-3),
    "ohm": ("ohm", 1.0),
    "kohm": ("ohm", 1e3),
    "Mohm": ("ohm", 1e6),
    "A": ("ampere", 1.0),
    "mA": ("ampere", 1e-3),
    "s": ("second", 1.0),
    "ms": ("second", 1e-3),
    "us": ("second", 1e-6),
}
_SI: Mapping[Quantity, Unit] = {"volt": "V", "ohm": "ohm", "ampere": "A", "second": "s"}
_EXAMPLE = '{"readings": [{"inputs": {"X1": 0}, "node": "Y", "value": 0.02, "unit": "V"}]}'
# Brackets too deep end in the last.
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# As msgspec calls what stands in JSON.
_KINDS = {
    "`float`": "a number",
    "`int`": "a number",
    "`str`": "text",
    "`object`": "{...}",
    "`array`": "[...]",
    "`null`": "nothing",
    "`bool`": "true or false",
}


class Kept:
    """The readings of a board in a file: after each of them it is whole and on the disk.

    Args:
        path: of the file; it is written with the first reading.
        board: that is read.
        circuit_sha256: of its netlist.
        typed: what was read by hand already.
        measured: what a fixture read already.
    """

    def __init__(
        self,
        path: Path,
        board: str,
        circuit_sha256: str,
        typed: Sequence[Given] = (),
        measured: Sequence[Readings] = (),
    ) -> None:
        self.path, self.circuit_sha256 = path, circuit_sha256
        self._head = {"board": board, "circuit_sha256": circuit_sha256}
        self._typed, self._measured = list(typed), list(measured)

    def sha256(self) -> str:
        """Return the hash of the file; empty where nothing was written yet."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest() if self.path.is_file() else ""

    def type(self, reading: Reading, arrived_V: Mapping[str, float] = {}) -> None:
        """Keep what somebody has just typed.

        Args:
            reading: that was typed.
            arrived_V: what the meter showed at inputs.

        Raises:
            InputError: the file can't be written.
        """
        probe, unit = reading.probe, _SI[reading.probe.kind]
        of = (
            Given(kind="ohm", a=probe.net, b=probe.other, value=reading.value, unit=unit)
            if probe.kind == "ohm"
            else Given(
                inputs=dict(probe.inputs),
                arrived=dict(arrived_V),
                held=probe.held,
                node=probe.net,
                value=reading.value,
                unit=unit,
            )
        )
        self._typed.append(of)
        self._write()

    def measure(self, readings: Readings) -> None:
        """Keep what the fixture has just read.

        Raises:
            InputError: the file can't be written.
        """
        self._measured.append(readings)
        self._write()

    def take_back(self) -> None:
        """Forget what was typed last.

        Raises:
            InputError: the file can't be written.
        """
        self._typed.pop()
        self._write()

    def _write(self) -> None:
        content: dict[str, Any] = {**self._head, "readings": self._typed}
        if self._measured:
            content["measured"] = self._measured
        text = msgspec.json.format(msgspec.json.encode(content, order="deterministic"), indent=1)
        try:
            records.write(self.path, text + b"\n")
        except OSError as error:
            raise InputError(
                error.strerror or str(error),
                where=str(self.path),
                mend="make room: what was read before is kept there",
            ) from None


def is_record(content: bytes) -> bool:
    """Return whether a file is a record of ours."""
    try:
        found = msgspec.json.decode(content)
    except _NO_JSON:
        return False
    return isinstance(found, dict) and "record" in found


def read(
    path: Path,
    content: bytes,
    board: Board,
    circuit_sha256: str,
    nets: Sequence[str],
    *,
    new: Path,
) -> tuple[Readings, Kept]:
    """Read a file of readings.

    Args:
        path: of the file, for messages.
        content: JSON, ``{"readings": [{"inputs": {"X1": 0}, "node": "Y", "value": 0.02,
            "unit": "V"}, {"kind": "ohm", "a": "H1", "b": "GND", "value": 1e4}]}``. A node is a
            net, or the name of a port or test point; ``u`` is a standard uncertainty in the
            value's unit.
        board: what was read.
        circuit_sha256: of its netlist.
        nets: that it has.
        new: where they are kept with more to come; in the file itself where it was kept by us.

    Returns:
        The readings, and the file where they are kept with more.

    Raises:
        InputError: not such readings of this board.
    """
    where = str(path)
    try:
        file = msgspec.json.decode(content, type=_File)
    except _NO_JSON as error:
        raise InputError(_plain(error), where=where, mend=f"give {_EXAMPLE}") from None
    if file.board not in ("", board.name):
        raise InputError(f"these are readings of {file.board}, not of {board.name}", where=where)
    if file.circuit_sha256 not in ("", circuit_sha256):
        raise InputError(f"these are readings of another circuit than {board.name}", where=where)
    if len(file.readings) > _MOST:
        raise InputError(
            f"{len(file.readings)} readings", where=where, allowed=f"up to {_MOST} of a person"
        )
    found = Readings()
    for one in file.measured:
        _refuse_foreign(one, board, nets, where)
        found = found.joined(one)
    typed = []
    for number, raw in enumerate(file.readings, 1):
        given = _given(raw, f"{path}, reading {number}")
        found = found.joined(_reading(given, number, board, nets, f"{path}, reading {number}"))
        typed.append(given)
    into = path if file.circuit_sha256 else new
    return found, Kept(into, board.name, circuit_sha256, typed, file.measured)


def _given(raw: msgspec.Raw, where: str) -> Given:
    try:
        return msgspec.json.decode(raw, type=Given)
    except msgspec.DecodeError as error:
        text = _plain(error)
        allowed = {"unit": ", ".join(_UNITS), "kind": ", ".join(_SI)}.get(
            text.partition(":")[0], ""
        )
        if "`" in text:
            allowed = f"the keys {', '.join(Given.__struct_fields__)}"
        raise InputError(text, where=where, allowed=allowed) from None


def _plain(error: Exception) -> str:
    """Return what is wrong with JSON in plain words: "value: a number expected, text found"."""
    text, _, place = str(error).partition(" - at `$")
    place = place.strip("`.")
    for name, kind in _KINDS.items():
        text = text.replace(name, kind)
    text = text.replace("Input data was truncated", "it is empty, or its end is missing")
    text = text.replace("Object missing required field", "there is no")
    text = text.replace("Object contains unknown field", "it does not know the key")
    text = re.sub(r"Expected (.*), got (.*)", r"\1 is expected, \2 is there", text)
    text = re.sub(r"Invalid enum value (.*)", r"\1 is none that is known", text)
    return f"{place}: {text}" if place else text


def _reading(one: Given, number: int, board: Board, nets: Sequence[str], where: str) -> Readings:
    """Return what one entry of a file says.

    Raises:
        InputError: no such reading of this board.
    """
    kind, scale = _UNITS[one.unit] if one.unit else (one.kind or "volt", 1.0)
    if one.kind not in (None, kind):
        raise InputError(f"a reading of kind {one.kind} in {one.unit}", where=where)
    first, second = (one.a, one.b) if kind == "ohm" else (one.node, "")
    names = [name for name in (first, second) if name]
    if len(names) != (2 if kind == "ohm" else 1):
        need = "a and b, between which the ohms are" if kind == "ohm" else "node"
        raise InputError("it does not say where it was read", where=where, allowed=need)
    if kind != "ohm" and one.inputs.keys() != {port.name for port in board.inputs}:
        inputs = ", ".join(port.name for port in board.inputs)
        raise InputError(
            "it does not say what each input was set to", where=where, allowed=f"volts of {inputs}"
        )
    ends = [net_named(name, board, nets, where) for name in names]
    if second and ends[0] == ends[1]:
        raise InputError(f"a resistance from {ends[0]} to itself", where=where)
    if one.u is not None and not (math.isfinite(one.u) and one.u > 0):
        raise InputError(f"a standard uncertainty of {one.u:g}", where=where, allowed="above 0")
    at = () if kind == "ohm" else tuple((port.name, one.inputs[port.name]) for port in board.inputs)
    other = ends[1] if second else ""
    probe = Probe(kind, at, ends[0], other, _held(one.held, kind, board, where))
    _refuse_untimed(probe, board, where)
    u = None if one.u is None else one.u * scale
    if strange := [name for name, volts in one.arrived.items() if not _is_as_set(one, name, volts)]:
        raise InputError(
            f"{one.arrived[strange[0]]:g} V arrived at {strange[0]}",
            where=where,
            allowed=f"volts of an input, within {ARRIVES_V:g} V of what it was set to",
        )
    return by_hand(probe, one.value * scale, number=number, u=u, arrived_V=one.arrived, where=where)


def _is_as_set(one: Given, name: str, volts: float) -> bool:
    return name in one.inputs and abs(volts - one.inputs[name]) <= ARRIVES_V


def net_named(name: str, board: Board, nets: Sequence[str], where: str) -> str:
    """Return the net of a port, test point or net; capitals don't matter.

    Raises:
        InputError: there is none of that name.
    """
    known = {net: net for net in nets}
    known |= {point.name: point.net for point in board.test_points}
    known |= {port.name: port.net for port in board.ports}
    folded = {key.casefold(): net for key, net in known.items()}
    net = known.get(name) or folded.get(name.casefold())
    if net is None:
        raise InputError(f"no net {name!r}", where=where, allowed=some(sorted(known)))
    return net


def _held(name: str, kind: Quantity, board: Board, where: str) -> str:
    """Return the port that is held low while something is read.

    Raises:
        InputError: no such port, or nothing that is read so.
    """
    if not name:
        return ""
    ports = {port.name.casefold(): port.name for port in pulled(board)}
    if kind not in ("volt", "ampere"):
        raise InputError(f"a reading of kind {kind} with {name} held low", where=where)
    if name.casefold() not in ports:
        allowed = ", ".join(ports.values()) or "boards of pulses only"
        raise InputError(f"no port {name!r} to hold low", where=where, allowed=allowed)
    return ports[name.casefold()]


def _refuse_untimed(probe: Probe, board: Board, where: str) -> None:
    """Refuse what is not known of a board of pulses after a firing, or of a board without any.

    Raises:
        InputError: no such pulse, or a voltage that is not read after a firing.
    """
    if probe.kind == "second":
        timed = [point.net for point in board.test_points if point.kind == "pulse"]
        if probe.net not in timed:
            allowed = ", ".join(timed) or "none on this board"
            raise InputError(f"no pulse is timed at {probe.net}", where=where, allowed=allowed)
    if board.firing is None or probe.held or probe.kind in ("ohm", "second"):
        return
    known = [port.net for port in board.outputs]
    known += [point.net for point in board.test_points if point.kind == "voltage"]
    if probe.kind == "ampere" or probe.net not in known:
        holds = " or ".join(f'"held": "{port.name}"' for port in pulled(board))
        raise InputError(
            f"{probe.net} after a firing",
            where=where,
            allowed=f"volts at {', '.join(known)}",
            mend=f"read it with reset or trigger joined to ground and say so: {holds}",
        )


def _refuse_foreign(measured: Readings, board: Board, nets: Sequence[str], where: str) -> None:
    """Refuse what no fixture of ours has read of a board.

    Raises:
        InputError: a net, input or budget that there is not, or a value that is no number.
    """
    inputs = [port.name for port in board.inputs]
    seen = [(one.probe.net, one.probe.inputs, one.channel, one.value) for one in measured.values]
    seen += [(nets[0], one.inputs, one.channel, one.value_V) for one in measured.delivered]
    for net, at, channel, value in seen:
        numbers = (value, *(volts for _, volts in at))
        if (
            net not in nets
            or [name for name, _ in at] != inputs
            or channel not in measured.budgets
            or not all(math.isfinite(number) for number in numbers)
        ):
            raise InputError(
                f"what is measured there at {net} is none of this board's readings",
                where=where,
                mend="leave what is below measured as it was written",
            )
