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

    [wiring.array_2t1c]
    X1 = "dac0"                        # a board that learns: nudges and data on sources as well,
    N1P = "dac2"
    DATA1 = "dac4"
    LINE0 = "line0"                    # and lines, each opening some stored weights

    [scope.dso]                        # oscilloscopes, and what their probes are on: see probes
    driver = "rigol_ds1000z"
    address = "TCPIP::192.168.1.20::5555::SOCKET"

    [probes.xor_opamp]
    X1 = "dso.1"
    Y = "dso.2"

    [dmm]                              # the multimeter that calibrates the fixture
    driver = "keysight_344xx"
    address = "TCPIP::192.168.1.30::5025::SOCKET"

    [wiring.nand_555]
    TRIG = "trigger"                   # a board of pulses is fired by these two
    RST = "reset"
    P1 = "pulse0"                      # how long a pulse lasts
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from realnet_hw import project
from realnet_hw.board import Board, Port
from realnet_hw.errors import InputError
from realnet_hw.measure import probes
from realnet_hw.measure.calibration.standards import DmmTable, check_dmm
from realnet_hw.measure.fixture import check_firing
from realnet_hw.measure.fixture_specification import (
    DAC_CHANNELS,
    LINE_CHANNELS,
    PULL_CHANNELS,
    PULSE_CHANNELS,
    PULSE_LEVEL_REACH_V,
    PULSE_THRESHOLD_V,
    SENSE_CHANNELS,
    SOURCE_REACH_V,
    STORED_COLUMNS,
    Clock,
)

SENSE_SUFFIX = ".sense"
CALIBRATIONS = "calibration"
"""The folder of calibrations among the records."""

_CHANNELS = (*DAC_CHANNELS, *SENSE_CHANNELS, *PULSE_CHANNELS, *LINE_CHANNELS, *PULL_CHANNELS)

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
        clock: what the controller's clock is made with: it bounds the error of every width.
        open: the sources whose jumper to ground is taken out: open, not grounded, when off.
    """

    address: str
    baud: Annotated[int, msgspec.Meta(ge=1200, le=2_000_000)] = 115200
    heartbeat_s: Annotated[float, msgspec.Meta(gt=0, le=60)] = 1.0
    clock: Clock = "resonator"
    open: list[str] = []


class VirtualBench(_Table, frozen=True):
    """A simulated board behind the fixture's real firmware in a process of its own.

    Args:
        seed: of the drawn part tolerances and converter errors.
        board: name or path; the board that is measured when left out.
        faults: such as ``"R3 +20 %"``, ``"D1 reversed"``.
        noise: whether the converters have any.
        mismatch_V: standard deviation of the thresholds of transistors on one die; what the
            catalogue says when left out. A board that learns should bear 0.05.
        truth: how the converter errors lie within the fixture's specification; ``emulate.truths``
            has what each name means.
        parts: how the parts lie within their tolerances; ``predict.lots`` has the names' meaning.
        engine: what simulates the board, a key of ``predict.engines.ENGINES``; the usual one when
            left out.
        eeprom: file, in the folder of calibrations or by its path, that keeps what the fixture's
            controller holds from one run to the next. Without one every run has a new controller.
    """

    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    board: str | None = None
    faults: list[str] = []
    noise: bool = True
    mismatch_V: Annotated[float, msgspec.Meta(ge=0, le=0.3)] | None = None
    truth: Truth = "even"
    parts: Parts = "mixed"
    engine: Literal["ngspice", "compiled"] | None = None
    eeprom: str | None = None


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
    """A station file's contents. Exactly one of ``fixture`` and ``virtual`` is given.

    ``calibration`` names the record of the fixture's calibration, in the folder of calibrations
    or by its path; else it is looked for there. Where ``require_calibration`` is set, nothing is
    measured without one.
    """

    # It stands in the record, which refuses what would act on a terminal.
    name: Annotated[
        str, msgspec.Meta(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e]*$")
    ]
    fixture: FixtureAddress | None = None
    virtual: VirtualBench | None = None
    reading: Reading = Reading()
    wiring: dict[str, dict[str, str]] = {}
    scope: dict[str, probes.ScopeTable] = {}
    probes: dict[str, dict[str, str]] = {}
    dmm: DmmTable | None = None
    calibration: str | None = None
    require_calibration: bool = False

    @property
    def clock(self) -> Clock:
        """What the controller's clock is made with; a virtual fixture is an UNO."""
        return self.fixture.clock if self.fixture else "resonator"

    @property
    def named_calibration(self) -> Path | None:
        """The record of the calibration that it names, None if it names none."""
        return _kept(self.calibration) if self.calibration else None

    @property
    def eeprom(self) -> Path | None:
        """The file that keeps a virtual controller's EEPROM, None if there is none."""
        named = self.virtual.eeprom if self.virtual else None
        return _kept(named) if named else None

    def sha256(self) -> str:
        """Return the hash of what the file says, whatever its comments and layout."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def _kept(named: str) -> Path:
    """Return a file among the calibrations, or, of a path with a folder in it, that path."""
    path = Path(named)
    return path if len(path.parts) > 1 else project.records_folder(CALIBRATIONS) / path


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
        raise InputError(
            _teach(str(error)),
            where=where,
            mend=f"see {project.page('station.md')} for the keys and their values",
        ) from None
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
        strange = [name for name in station.fixture.open if name not in DAC_CHANNELS]
        if strange:
            raise InputError(
                f"{strange[0]!r} is no source",
                where=f"{where}: fixture.open",
                allowed=", ".join(DAC_CHANNELS),
            )
    probes.check_scopes(station.scope, is_virtual=station.fixture is None, where=where)
    if station.dmm is not None:
        check_dmm(station.dmm, is_virtual=station.fixture is None, where=where)
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
        if channel not in _CHANNELS:
            raise InputError(
                f"{terminal} = {channel!r} is no channel of the fixture",
                where=where,
                allowed=f"dac0-{DAC_CHANNELS[-1]} for inputs, adc0-{SENSE_CHANNELS[-1]} to measure,"
                f" pulse0-{PULSE_CHANNELS[-1]} to time, line0-{LINE_CHANNELS[-1]}, trigger, reset",
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
            to measure, more inputs, data or lines than the fixture has, an input beyond its range,
            a firing that it can't make, or a source that grounds, when off, what must be open then.
    """
    where = f"{where}: [wiring.{board.name}]"
    _check_inputs(board, where=where)
    _check_firing(board, where=where)
    if not station.wiring:
        wired = _connector_order(board)
        _check_jumpers(station, board, wired, where=where)
        return wired
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

    fittings = _fittings(board)
    for terminal, channel in wiring.items():
        if terminal not in fittings:
            raise InputError(
                f"{board.name} has no terminal {terminal!r}",
                where=where,
                allowed=", ".join(sorted(fittings)),
            )
        fitting, role = fittings[terminal]
        if channel not in fitting:
            raise InputError(
                f"{terminal} = {channel!r}, but {terminal} is {role}",
                where=where,
                allowed=f"{fitting[0]} to {fitting[-1]}" if len(fitting) > 1 else fitting[0],
            )
    for port in (*board.driven, *board.lines, *_pulled(board)):
        if port.name not in wiring:
            fitting, _ = fittings[port.name]
            raise InputError(
                f"{port.role} {port.name} has no source",
                where=where,
                mend=f'add {port.name} = "{fitting[0]}"'
                + (" or another free source" if len(fitting) > 1 else ""),
            )
    outputs = [port.name for port in board.outputs]
    if outputs and not any(name in wiring for name in outputs):
        raise InputError(
            f"no output is wired ({', '.join(outputs)}): nothing would be measured",
            where=where,
            mend=f'add {outputs[0]} = "adc2" or another free sense channel',
        )
    _check_jumpers(station, board, wiring, where=where)
    return dict(wiring)


_DRIVEN = {
    "input": "an input: it needs a source",
    "nudge": "a nudge: it needs a source",
    "data": "data: it needs a source",
}


def probes_for(
    station: Station, board: Board, *, where: str = "station"
) -> dict[str, probes.Probe]:
    """Return the scope's probe on each terminal of a board; see ``probes.probes_for``.

    Raises:
        InputError: as that.
    """
    return probes.probes_for(station.scope, station.probes, board, where=where)


def _fittings(board: Board) -> dict[str, tuple[Sequence[str], str]]:
    """Return for each terminal of a board the channels that fit it, and what it is."""
    return {
        **{port.name: (DAC_CHANNELS, _DRIVEN[port.role]) for port in board.driven},
        **{port.name: (LINE_CHANNELS, "a line: it needs a digital line") for port in board.lines},
        **dict.fromkeys(_steady(board), (SENSE_CHANNELS, "measured: it needs a sense channel")),
        **dict.fromkeys(_pulses(board), (PULSE_CHANNELS, "a pulse: it needs a pulse channel")),
        **{port.name: ((port.role,), f"the {port.role}") for port in _pulled(board)},
    }


def _check_jumpers(
    station: Station, board: Board, wiring: Mapping[str, str], *, where: str
) -> None:
    """Refuse sources that ground, when off, what must be open then, or the other way round.

    A virtual fixture's jumpers are set as the board needs them.
    """
    if station.fixture is None:
        return
    for port in board.driven:
        channel = wiring[port.name]
        is_open = channel in station.fixture.open
        if is_open == (port.safe == "open"):
            continue
        if is_open:
            wanted, mend = "grounded", f"put {channel}'s jumper in and take it out of fixture.open"
        else:
            wanted = "open"
            mend = f'take {channel}\'s jumper out and say so: [fixture] open = ["{channel}"]'
        raise InputError(
            f"{port.name} must be {wanted} when outputs are off, and {channel} is not",
            where=where,
            mend=mend,
        )


def _check_inputs(board: Board, *, where: str) -> None:
    """Refuse inputs that this fixture can't drive."""
    _check_array(board, where=where)
    if len(board.inputs) > len(DAC_CHANNELS):
        raise InputError(
            f"{board.name} has {len(board.inputs)} inputs, and one fixture drives "
            f"{len(DAC_CHANNELS)}",
            where=where,
            allowed=f"up to {len(DAC_CHANNELS)} inputs to be measured",
            mend="a board with more can be built and predicted; to measure it, derive one whose "
            f"other inputs are tied to a level, and have {len(DAC_CHANNELS)} as ports",
        )
    for port in board.driven:
        if port.kind != "voltage":
            raise InputError(
                f"{port.name} takes pulses", where=where, allowed="steady voltages on this fixture"
            )
        if port.min_V < -SOURCE_REACH_V or port.max_V > SOURCE_REACH_V:
            raise InputError(
                f"{port.name} takes {port.min_V:g} to {port.max_V:g} V",
                where=where,
                allowed=f"{-SOURCE_REACH_V} to {SOURCE_REACH_V} V",
            )


def _check_array(board: Board, *, where: str) -> None:
    """Refuse stored weights that this fixture can't write, for want of lines or sources."""
    if board.synapses is None:
        return
    data = [port for port in board.ports if port.role == "data"]
    wants = (
        (len(board.driven), len(DAC_CHANNELS), "sources for inputs, nudges and data"),
        (len(data), STORED_COLUMNS, "sources for data"),
        (len(board.lines), len(LINE_CHANNELS), "lines"),
    )
    for wanted, there, what in wants:
        if wanted > there:
            raise InputError(
                f"{board.name} needs {wanted} {what}, and one fixture has {there}",
                where=where,
                mend="it can be built and predicted; train it in simulation",
            )


def _check_firing(board: Board, *, where: str) -> None:
    """Refuse boards that this fixture can't fire, and pulses that it can't time."""
    if board.firing is not None:
        check_firing(board.firing, where=where)
    roles: list[str] = [port.role for port in _pulled(board)]
    for role in PULL_CHANNELS:
        if roles.count(role) > 1:
            raise InputError(
                f"{board.name} has {roles.count(role)} ports of the role {role}",
                where=where,
                allowed="one on this fixture",
            )
    for point in board.test_points:
        if point.kind == "pulse" and abs(point.level_V - PULSE_THRESHOLD_V) > PULSE_LEVEL_REACH_V:
            low_V, high_V = (PULSE_THRESHOLD_V + sign * PULSE_LEVEL_REACH_V for sign in (-1, 1))
            raise InputError(
                f"the pulse {point.name} is timed at {point.level_V:g} V",
                where=where,
                allowed=f"{low_V:.1f} to {high_V:.1f} V: this fixture times at "
                f"{PULSE_THRESHOLD_V:.2f} V",
            )


def _pulled(board: Board) -> list[Port]:
    """Return the ports that are pulled low: trigger and reset."""
    return [port for port in board.ports if port.role in PULL_CHANNELS]


def _steady(board: Board) -> list[str]:
    """Return every terminal whose voltage can be read: senses, outputs, nodes.

    The senses of inputs come last where a board learns: it needs every node.
    """
    delivered = [f"{port.name}{SENSE_SUFFIX}" for port in board.inputs]
    nodes = [
        *(port.name for port in board.outputs),
        *(point.name for point in board.test_points if point.kind == "voltage"),
    ]
    return [*delivered, *nodes] if board.synapses is None else [*nodes, *delivered]


def _pulses(board: Board) -> list[str]:
    """Return every terminal whose pulse can be timed."""
    return [point.name for point in board.test_points if point.kind == "pulse"]


def measurable(board: Board) -> list[str]:
    """Return every terminal that can be read or timed, in the connector's order."""
    return [*_steady(board), *_pulses(board)]


def senses(wiring: Mapping[str, str]) -> list[str]:
    """Return the terminals that a wiring reads or times."""
    reading = (*SENSE_CHANNELS, *PULSE_CHANNELS)
    return [terminal for terminal, channel in wiring.items() if channel in reading]


def unwired(wiring: Mapping[str, str], board: Board) -> list[str]:
    """Return what could be read or timed of a board and has no channel: it stays UNSET."""
    return [terminal for terminal in measurable(board) if terminal not in wiring]


def _connector_order(board: Board) -> dict[str, str]:
    """Return the default wiring: inputs, then what is measured, until the channels are used up."""
    driven = [port.name for port in board.driven]
    lines = [port.name for port in board.lines]
    return {
        **dict(zip(driven, DAC_CHANNELS, strict=False)),
        **dict(zip(lines, LINE_CHANNELS, strict=False)),
        **dict(zip(_steady(board), SENSE_CHANNELS, strict=False)),
        **dict(zip(_pulses(board), PULSE_CHANNELS, strict=False)),
        **{port.name: port.role for port in _pulled(board)},
    }
