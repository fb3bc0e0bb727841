"""The station file: which fixture is where, and which terminal of a board goes to which channel.

::

    name = "bench 1"

    [fixture]                          # a real one ...
    address = "ASRL/dev/ttyACM0::INSTR"
    baud = 115200

    [virtual]                          # ... or the virtual bench in its place
    seed = 1
    faults = ["R3 +20 %"]

    [reading]                          # optional: how each case is read
    settle_s = 0.02
    average = 16
    repeats = 5

    [wiring.xor_opamp]                 # the connector's order where no board has such a table
    X1 = "dac0"
    "X1.sense" = "adc0"                # the input as it arrives at the terminal
    Y = "adc2"
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.measure.fixture_specification import DAC_CHANNELS, RANGE_V, SENSE_CHANNELS

SENSE_SUFFIX = ".sense"

Truth = Literal["even", "at_bounds", "curved", "stepped", "drifting", "humming"]
Parts = Literal["mixed", "centred", "sorted_out", "one_side"]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything inside a station file."""


class FixtureAddress(_Table, frozen=True):
    """A fixture on a serial port.

    Args:
        address: VISA resource name, ``ASRL/dev/ttyACM0::INSTR``.
        baud: as the firmware was built.
        heartbeat_s: the fixture grounds its outputs after this much silence of the host.
    """

    address: str
    baud: Annotated[int, msgspec.Meta(ge=1200, le=2_000_000)] = 115200
    heartbeat_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 1.0


class VirtualBench(_Table, frozen=True):
    """A simulated board behind the fixture's real firmware in a process of its own.

    Args:
        seed: of the drawn part tolerances and converter errors.
        board: name or path; the board that is measured when left out.
        faults: such as ``"R3 +20 %"``, ``"D1 reversed"``.
        noise: whether the converters have any.
        truth: how the converter errors lie within the fixture's specification; ``emulate.truths``
            has what each name means.
        parts: how the parts lie within their tolerances; ``predict.lots`` has the names' meaning.
    """

    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    board: str | None = None
    faults: list[str] = []
    noise: bool = True
    truth: Truth = "even"
    parts: Parts = "mixed"


class Reading(_Table, frozen=True):
    """How each case is read.

    Args:
        settle_s: from setting the inputs to the first reading.
        average: conversions that the fixture averages into a reading.
        repeats: readings of which the host takes mean and deviation.
    """

    settle_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.02
    average: Annotated[int, msgspec.Meta(ge=1, le=64)] = 16
    repeats: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 5


class Station(_Table, frozen=True):
    """A station file's contents. Exactly one of ``fixture`` and ``virtual`` is given."""

    # It stands in the record, which refuses what would act on a terminal.
    name: Annotated[
        str, msgspec.Meta(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e]*$")
    ]
    fixture: FixtureAddress | None = None
    virtual: VirtualBench | None = None
    reading: Reading = Reading()
    wiring: dict[str, dict[str, str]] = {}

    def sha256(self) -> str:
        """Return the hash of what the file says, whatever its comments and layout."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def load(path: Path) -> Station:
    """Read a station file.

    Raises:
        InputError: no such file, not TOML, an unknown key, a value out of its range, neither or
            both of ``[fixture]`` and ``[virtual]``.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(str(reason), where=str(path)) from None
    return parse(text, where=str(path))


def parse(text: str, *, where: str = "station") -> Station:
    """Read a station file's text; ``where`` names the file in errors.

    Raises:
        InputError: as ``load``.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", where=where) from None
    try:
        station = msgspec.convert(table, Station)
    except msgspec.ValidationError as error:
        raise InputError(_teach(str(error)), where=where) from None
    if (station.fixture is None) == (station.virtual is None):
        found = "neither" if station.fixture is None else "both"
        raise InputError(
            f"{found} of [fixture] and [virtual] given",
            where=where,
            allowed="exactly one",
            mend="[fixture] for real hardware, [virtual] for the simulated bench",
        )
    if station.fixture is not None:
        _check_address(station.fixture.address, where=where)
    for board, channels in station.wiring.items():
        _check_channels(channels, where=f"{where}: [wiring.{board}]")
    return station


def _teach(message: str) -> str:
    """Turn msgspec's ``... - at `$.fixture.baud``` into the key's name first."""
    match = re.fullmatch(r"(.*) - at `\$\.?(.*)`", message, flags=re.DOTALL)
    if match is None:
        return message
    reason, key = match.groups()
    return f"{key}: {reason}" if key else reason


def _check_address(address: str, *, where: str) -> None:
    """Refuse what is no VISA resource name of a serial port."""
    if re.fullmatch(r"ASRL.+::INSTR", address):
        return
    port = address if address.startswith("/") else "/dev/ttyACM0"
    raise InputError(
        f"{address!r} is no VISA resource name of a serial port",
        where=f"{where}: fixture.address",
        mend=f"write ASRL{port}::INSTR",
    )


def _check_channels(channels: Mapping[str, str], *, where: str) -> None:
    """Refuse channels that the fixture lacks, or lends to two terminals, or that don't fit."""
    owner: dict[str, str] = {}
    for terminal, channel in channels.items():
        if channel not in DAC_CHANNELS and channel not in SENSE_CHANNELS:
            raise InputError(
                f"{terminal} = {channel!r} is no channel of the fixture",
                where=where,
                allowed=f"dac0-{DAC_CHANNELS[-1]} for inputs, adc0-{SENSE_CHANNELS[-1]} to measure",
            )
        if channel in owner:
            raise InputError(
                f"{channel} is given to both {owner[channel]} and {terminal}",
                where=where,
                allowed="one terminal a channel",
            )
        owner[channel] = terminal


def wiring_for(station: Station, board: Board, *, where: str = "station") -> dict[str, str]:
    """Return channel by terminal: ``{"X1": "dac0", "X1.sense": "adc0", "Y": "adc2", ...}``.

    The station's ``[wiring.BOARD]``, or the connector's order if it has no wiring at all. A
    terminal that is left out has no channel and stays UNSET; an input can't be left out, nor can
    every output.

    Raises:
        InputError: wiring tables for other boards only, a terminal that the board lacks, an input
            on a sense channel or an output on a source channel, an input without source, no output
            to measure, more inputs than sources, an input beyond the fixture's range or that may
            not be grounded.
    """
    where = f"{where}: [wiring.{board.name}]"
    _check_inputs(board, where=where)
    if not station.wiring:
        return _connector_order(board)
    wiring = station.wiring.get(board.name)
    if wiring is None:
        # Another order than the connector's is wired here: a guess would drive the wrong terminals.
        raise InputError(
            "there is no such table, only "
            + ", ".join(f"[wiring.{name}]" for name in sorted(station.wiring)),
            where=where,
            mend=f"add [wiring.{board.name}], correct the name of one, or remove them all to wire "
            "in the connector's order",
        )

    sources = {port.name for port in board.inputs}
    readable = set(measurable(board))
    for terminal, channel in wiring.items():
        if terminal not in sources | readable:
            raise InputError(
                f"{board.name} has no terminal {terminal!r}",
                where=where,
                allowed=", ".join(sorted(sources | readable)),
            )
        fitting, role = (
            (DAC_CHANNELS, "an input: it needs a source")
            if terminal in sources
            else (SENSE_CHANNELS, "measured: it needs a sense channel")
        )
        if channel not in fitting:
            raise InputError(
                f"{terminal} = {channel!r}, but {terminal} is {role}",
                where=where,
                allowed=f"{fitting[0]} to {fitting[-1]}",
            )
    missing = sorted(sources - set(wiring))
    if missing:
        raise InputError(
            f"input {missing[0]} has no source",
            where=where,
            mend=f'add {missing[0]} = "dac0" or another free source',
        )
    outputs = [port.name for port in board.outputs]
    if outputs and not any(name in wiring for name in outputs):
        raise InputError(
            f"no output is wired ({', '.join(outputs)}): nothing would be measured",
            where=where,
            mend=f'add {outputs[0]} = "adc2" or another free sense channel',
        )
    return dict(wiring)


def _check_inputs(board: Board, *, where: str) -> None:
    """Refuse inputs that this fixture can't drive."""
    if len(board.inputs) > len(DAC_CHANNELS):
        raise InputError(
            f"{board.name} has {len(board.inputs)} inputs, and one fixture drives "
            f"{len(DAC_CHANNELS)}",
            where=where,
            allowed=f"up to {len(DAC_CHANNELS)} inputs to be measured",
            mend="a board with more can be built and predicted; to measure it, derive one whose "
            f"other inputs are tied to a level, and have {len(DAC_CHANNELS)} as ports",
        )
    for port in board.inputs:
        if port.kind != "voltage":
            raise InputError(
                f"{port.name} takes pulses", where=where, allowed="steady voltages on this fixture"
            )
        if port.safe != "0V":
            raise InputError(
                f"{port.name} must be open when outputs are off",
                where=where,
                mend="this fixture grounds its sources when off: drive this port otherwise",
            )
        if port.min_V < -RANGE_V or port.max_V > RANGE_V:
            raise InputError(
                f"{port.name} takes {port.min_V:g} to {port.max_V:g} V",
                where=where,
                allowed=f"{-RANGE_V} to {RANGE_V} V",
            )


def measurable(board: Board) -> list[str]:
    """Return every terminal that can be read, in the connector's order: senses, outputs, nodes."""
    return [
        *(f"{port.name}{SENSE_SUFFIX}" for port in board.inputs),
        *(port.name for port in board.outputs),
        *(point.name for point in board.test_points),
    ]


def senses(wiring: Mapping[str, str]) -> list[str]:
    """Return the terminals that a wiring reads."""
    return [terminal for terminal, channel in wiring.items() if channel in SENSE_CHANNELS]


def unwired(wiring: Mapping[str, str], board: Board) -> list[str]:
    """Return what could be read of a board and has no channel: it stays UNSET."""
    return [terminal for terminal in measurable(board) if terminal not in wiring]


def _connector_order(board: Board) -> dict[str, str]:
    """Return the default wiring: inputs, then what is measured, until the channels are used up."""
    inputs = [port.name for port in board.inputs]
    return {
        **dict(zip(inputs, DAC_CHANNELS, strict=False)),
        **dict(zip(measurable(board), SENSE_CHANNELS, strict=False)),
    }
