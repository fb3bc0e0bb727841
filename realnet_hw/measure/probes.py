"""The oscilloscopes of a station, and which terminal each of their probes is on.

::

    [scope.dso]
    driver = "rigol_ds1000z"
    address = "TCPIP::192.168.1.20::5555::SOCKET"   # none on a virtual bench: it makes its own

    [probes.xor_opamp]                # first input, outputs, other inputs where there is no table
    X1 = "dso.1"
    Y = "dso.2"

    [probes.nand_555]                 # trigger, integrators, outputs, pulses where there is none
    TRIGGER = "dso.1"
    SUM_C = "dso.2"                   # a net that the board's firing names
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from realnet_hw.board import Board
from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure.scopes.connection import check_address
from realnet_hw.measure.scopes.drivers import driver_named

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_CHANNEL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\.(\d)")


class ScopeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scope.

    Args:
        driver: a key of ``scopes.drivers.DRIVERS``.
        address: VISA resource name; a virtual bench makes its own.
        link: how a scope of the virtual bench is reached.
        timeout_s: how long an answer may take.
    """

    driver: str
    address: str | None = None
    link: Literal["socket", "hislip"] = "socket"
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0


@dataclass(frozen=True)
class Probe:
    """A channel of a scope: the station's name for the scope, and the channel's number."""

    scope: str
    channel: int

    def __str__(self) -> str:
        return f"{self.scope}.{self.channel}"


def check_scopes(scopes: Mapping[str, ScopeTable], *, is_virtual: bool, where: str) -> None:
    """Refuse scopes that can't be.

    Raises:
        InputError: a name that is none, no such driver, a real scope without address or a virtual
            one with one, or an address that is none.
    """
    for name, scope in scopes.items():
        table = f"{where}: [scope.{name}]"
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no name", where=table, allowed="letters, digits and _")
        driver_named(scope.driver, where=table)
        if is_virtual and scope.address is not None:
            raise InputError(
                "a scope of the virtual bench has an address of its own",
                where=table,
                mend='leave address out; link = "hislip" says how it is reached',
            )
        if not is_virtual:
            if scope.address is None:
                raise InputError(
                    "no address", where=table, mend='such as "TCPIP::192.168.1.20::5555::SOCKET"'
                )
            try:
                check_address(scope.address, where=table)
            except BenchError as error:
                raise InputError(str(error)) from None


def probes_for(
    scopes: Mapping[str, ScopeTable],
    tables: Mapping[str, Mapping[str, str]],
    board: Board,
    *,
    where: str,
) -> dict[str, Probe]:
    """Return the probe on each terminal of a board; nothing where there is no scope.

    Args:
        scopes: of the station.
        tables: its ``[probes.BOARD]``.
        board: that is measured.
        where: the station's file.

    Raises:
        InputError: a terminal that the board does not have, a channel that no scope has, one that
            is on two terminals, or tables for other boards only.
    """
    if not scopes:
        return {}
    table = tables.get(board.name)
    where = f"{where}: [probes.{board.name}]"
    if table is None and tables:
        raise InputError(
            "there is no such table, only " + ", ".join(f"[probes.{name}]" for name in tables),
            where=where,
            mend=f"add [probes.{board.name}], or remove them all for the usual order",
        )
    terminals = _usual_order(board)
    if table is None:
        channels = [
            Probe(name, number)
            for name, scope in scopes.items()
            for number in range(
                1, driver_named(scope.driver, where=where).specification.channels + 1
            )
        ]
        return dict(zip(terminals, channels, strict=False))
    found: dict[str, Probe] = {}
    for terminal, text in table.items():
        if terminal not in terminals:
            raise InputError(
                f"{board.name} has no terminal {terminal!r} for a probe",
                where=where,
                allowed=", ".join(terminals),
            )
        probe = _probe(text, scopes, where=f"{where} {terminal}")
        if probe in found.values():
            raise InputError(f"{text} is on two terminals", where=where)
        found[terminal] = probe
    return found


def _usual_order(board: Board) -> list[str]:
    """Return what a probe may be on, the most telling first.

    The first input, outputs, the other inputs, test points; of a board that is fired its trigger,
    integrators, outputs, pulses, then test points and inputs.
    """
    inputs = [port.name for port in board.inputs]
    outputs = [port.name for port in board.outputs]
    points = {
        kind: [point.name for point in board.test_points if point.kind == kind]
        for kind in ("voltage", "pulse")
    }
    if board.firing is None:
        return [*inputs[:1], *outputs, *inputs[1:], *points["voltage"]]
    triggers = [port.name for port in board.ports if port.role == "trigger"]
    called = {point.net: point.name for point in board.test_points}
    charged = [called.get(net, net) for net in board.firing.thresholds]
    every = (*triggers, *charged, *outputs, *points["pulse"], *points["voltage"], *inputs)
    return list(dict.fromkeys(every))


def _probe(text: str, scopes: Mapping[str, ScopeTable], *, where: str) -> Probe:
    matched = _CHANNEL.fullmatch(text)
    if matched is None or matched[1] not in scopes:
        raise InputError(
            f"{text!r} is no channel of a scope",
            where=where,
            allowed=", ".join(f"{name}.1" for name in scopes) + " and so on",
        )
    channels = driver_named(scopes[matched[1]].driver, where=where).specification.channels
    if not 1 <= int(matched[2]) <= channels:
        raise InputError(f"no channel {text}", where=where, allowed=f"1 to {channels}")
    return Probe(matched[1], int(matched[2]))
