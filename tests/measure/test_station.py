"""The station file says where the fixture is; what it may not say is refused in one line."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from realnet_hw import project
from realnet_hw.board import Board, Port, TestPoint, load_board
from realnet_hw.errors import InputError
from realnet_hw.measure import station

REAL = 'name = "bench"\n[fixture]\naddress = "ASRL/dev/ttyACM0::INSTR"\n'


@pytest.fixture(scope="module")
def board() -> Board:
    loaded: Board = project.load_module(project.board_file("xor_opamp")).board()
    return loaded


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("name =", "", "not TOML"),
        ("[virtual]\n", "", "missing required field `name`"),
        ('name = ""\n[virtual]\n', "name", "length >= 1"),
        ('name = "a\\u001b]0;x"\n[virtual]\n', "name", "matching regex"),
        ('name = "a"\n', "", "neither of [fixture] and [virtual]"),
        (REAL + "[virtual]\n", "", "both of [fixture] and [virtual]"),
        (REAL + "[oscilloscope]\n", "", "unknown field `oscilloscope`"),
        (REAL + "bauds = 9600\n", "fixture", "unknown field `bauds`"),
        (REAL + 'baud = "fast"\n', "fixture.baud", "Expected `int`, got `str`"),
        (REAL + "baud = 300\n", "fixture.baud", ">= 1200"),
        (REAL + "heartbeat_s = 0\n", "fixture.heartbeat_s", "> 0.0"),
        (REAL + "heartbeat_s = 61\n", "fixture.heartbeat_s", "<= 60"),
        (
            'name = "a"\n[fixture]\naddress = "/dev/ttyACM0"\n',
            "fixture.address",
            "write ASRL/dev/ttyACM0::INSTR",
        ),
        ('name = "a"\n[fixture]\naddress = "/dev/ttyUSB1"\n', "", "write ASRL/dev/ttyUSB1::INSTR"),
        ('name = "a"\n[fixture]\naddress = "COM3"\n', "fixture.address", "write ASRL/dev/"),
        ('name = "a"\n[fixture]\n', "fixture", "missing required field `address`"),
        ('name = "a"\n[virtual]\nseed = -1\n', "virtual.seed", ">= 0"),
        ('name = "a"\n[virtual]\nseed = 1.5\n', "virtual.seed", "Expected `int`"),
        ('name = "a"\n[virtual]\nfaults = "R3 open"\n', "virtual.faults", "Expected `array`"),
        (REAL + "[reading]\nrepeats = 1\n", "reading.repeats", ">= 2"),
        (REAL + "[reading]\naverage = 65\n", "reading.average", "<= 64"),
        (REAL + '[wiring.x]\nX1 = "dac6"\n', "[wiring.x]", "dac0-dac5 for inputs, adc0-adc6"),
        (REAL + '[wiring.x]\nY = "adc7"\n', "[wiring.x]", "no channel"),
        (REAL + '[wiring.x]\nX1 = "dac0"\nX2 = "dac0"\n', "[wiring.x]", "both X1 and X2"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_file_and_key(
    text: str, key: str, told: str
) -> None:
    with pytest.raises(InputError) as refused:
        station.parse(text, where="my.toml")
    message = str(refused.value)
    assert message.startswith("my.toml: " + key)
    assert told in message
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.toml: No such file"):
        station.load(tmp_path / "gone.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(InputError, match="not UTF-8"):
        station.load(path)


def test_the_shipped_stations_can_be_used_with_every_board_that_is_measured() -> None:
    stations = sorted((project.bundle() / "bench" / "stations").glob("*.toml"))
    assert {path.stem for path in stations} >= {"virtual", "uno"}
    for path in stations:
        for board_file in project.board_files().values():
            board = load_board(str(board_file))
            if not board.procedures:
                continue
            given = station.load(path)
            if given.fixture is not None:
                jumpers_out = list(station.DAC_CHANNELS[: len(board.inputs)])
                is_open = {port.safe for port in board.inputs} == {"open"}
                fixture = msgspec.structs.replace(given.fixture, open=jumpers_out * is_open)
                given = msgspec.structs.replace(given, fixture=fixture)
            assert station.wiring_for(given, board)


def test_the_example_for_hardware_states_the_defaults() -> None:
    given = station.load(project.bundle() / "bench" / "stations" / "uno.toml")
    assert given.reading == station.Reading()
    assert given.fixture == station.FixtureAddress(address="ASRL/dev/ttyACM0::INSTR")


def test_comments_do_not_change_a_stations_hash_but_values_do() -> None:
    plain = station.parse(REAL)
    assert station.parse("# hello\n" + REAL).sha256() == plain.sha256()
    assert station.parse(REAL + "baud = 9600\n").sha256() != plain.sha256()


def test_default_wiring_follows_the_connector(board: Board) -> None:
    wiring = station.wiring_for(station.parse(REAL), board)
    names = [port.name for port in board.inputs]
    measured = [f"{name}.sense" for name in names]
    measured += [port.name for port in board.outputs]
    measured += [point.name for point in board.test_points]
    assert [wiring[name] for name in names] == [f"dac{i}" for i in range(len(names))]
    assert [wiring[name] for name in measured[:7]] == [
        f"adc{i}" for i in range(min(7, len(measured)))
    ]


def test_what_does_not_fit_the_channels_stays_out(board: Board) -> None:
    points = tuple(TestPoint(f"T{i}", f"N{i}") for i in range(9))
    wiring = station.wiring_for(station.parse(REAL), replace(board, test_points=points))
    assert list(wiring.values()).count("adc6") == 1
    assert "T3" in wiring  # two senses, one output, four test points: seven channels
    assert "T4" not in wiring
    assert "adc7" not in wiring.values()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('X9 = "dac0"', "has no terminal 'X9'"),
        ('X1 = "adc0"', "X1 is an input: it needs a source"),
        ('X1 = "dac0"\nX2 = "dac1"\nY = "dac2"', "Y is measured: it needs a sense channel"),
        ('X1 = "dac0"\nY = "adc2"', "input X2 has no source"),
        ('X1 = "dac0"\nX2 = "dac1"\nH1 = "adc3"', "no output is wired (Y)"),
    ],
)
def test_wiring_that_does_not_fit_the_board_is_refused(board: Board, lines: str, told: str) -> None:
    given = station.parse(f"{REAL}[wiring.{board.name}]\n{lines}\n")
    with pytest.raises(InputError) as refused:
        station.wiring_for(given, board, where="my.toml")
    assert str(refused.value).startswith(f"my.toml: [wiring.{board.name}]: ")
    assert told in str(refused.value)


def test_a_board_that_a_wired_station_does_not_name_is_not_wired_by_a_guess(board: Board) -> None:
    lines = '[wiring.xro_opamp]\nX2 = "dac0"\nX1 = "dac1"\nY = "adc2"\n[wiring.other]\n'
    with pytest.raises(InputError) as refused:
        station.wiring_for(station.parse(REAL + lines), board, where="my.toml")
    told = str(refused.value)
    assert told.startswith("my.toml: [wiring.xor_opamp]: there is no such table")
    assert "[wiring.other], [wiring.xro_opamp]; add [wiring.xor_opamp]" in told
    assert "\n" not in told


def test_a_stations_own_wiring_replaces_the_default(board: Board) -> None:
    lines = 'X2 = "dac0"\nX1 = "dac3"\nY = "adc6"\n'
    wiring = station.wiring_for(station.parse(f"{REAL}[wiring.{board.name}]\n{lines}"), board)
    assert wiring == {"X2": "dac0", "X1": "dac3", "Y": "adc6"}


@pytest.mark.parametrize(
    ("port", "told"),
    [
        (Port("X1", "X1", "input", kind="pulse"), "takes pulses"),
        (Port("X1", "X1", "input", safe="open"), "must be open when outputs are off"),
        (Port("X1", "X1", "input", max_V=12.0), "-10.03 to 10.03 V"),
    ],
)
def test_a_port_that_this_fixture_would_harm_is_refused(
    board: Board, port: Port, told: str
) -> None:
    ports = tuple(port if old.name == "X1" else old for old in board.ports)
    with pytest.raises(InputError, match=told):
        station.wiring_for(station.parse(REAL), replace(board, ports=ports))


@pytest.mark.parametrize("tables", ["", '[wiring.xor_opamp]\nX0 = "dac0"\n'])
def test_more_inputs_than_sources_are_refused_and_told_what_would_work(
    board: Board, tables: str
) -> None:
    """Also where a station has wiring: no free source could be added there."""
    ports = tuple(Port(f"X{i}", f"X{i}", "input") for i in range(7))
    with pytest.raises(InputError, match="has 7 inputs, and one fixture drives 6") as refused:
        station.wiring_for(station.parse(REAL + tables), replace(board, ports=ports, cases=()))
    assert "can be built and predicted; to measure it" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_has_no_channel_is_known_before(board: Board) -> None:
    default = station.wiring_for(station.parse(REAL), board)
    assert station.unwired(default, board) == []
    points = tuple(TestPoint(f"T{i}", f"N{i}") for i in range(9))
    wide = replace(board, test_points=points)
    assert station.unwired(station.wiring_for(station.parse(REAL), wide), wide) == [
        f"T{i}" for i in range(4, 9)
    ]
    few = {"X1": "dac0", "X2": "dac1", "Y": "adc2"}
    unwired = station.unwired(few, board)
    assert unwired[:2] == ["X1.sense", "X2.sense"]
    assert set(unwired) | {"Y"} == set(station.measurable(board))
    assert station.senses(few) == ["Y"]


SCOPED = REAL + '[scope.dso]\ndriver = "rigol_ds1000z"\naddress = "TCPIP::h::5555::SOCKET"\n'


def test_probes_in_the_usual_order() -> None:
    """The first input and the outputs first, so that two channels are enough."""
    board = load_board("xor_opamp")
    probes = station.probes_for(station.parse(SCOPED), board)
    assert {terminal: str(probe) for terminal, probe in probes.items()} == {
        "X1": "dso.1", "Y": "dso.2", "X2": "dso.3", "H1": "dso.4",
    }  # fmt: skip
    assert station.probes_for(station.parse(REAL), board) == {}


def test_probes_as_a_table_says() -> None:
    file = station.parse(SCOPED + '[probes.xor_opamp]\nX2 = "dso.4"\nY = "dso.1"\n')
    probes = station.probes_for(file, load_board("xor_opamp"))
    assert {terminal: str(probe) for terminal, probe in probes.items()} == {
        "X2": "dso.4", "Y": "dso.1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SCOPED.replace("rigol_ds1000z", "rigol"), "no scope driver 'rigol'"),
        (SCOPED.replace("TCPIP::h::5555::SOCKET", "192.168.1.2"), "no VISA resource name"),
        (REAL + '[scope.dso]\ndriver = "rigol_ds1000z"\n', "no address"),
        (REAL + '[scope."a b"]\ndriver = "rigol_ds1000z"\n', "is no name"),
        (
            'name = "v"\n[virtual]\n[scope.dso]\ndriver = "rigol_ds1000z"\naddress = "x"\n',
            "has an address of its own",
        ),
    ],
)
def test_scopes_that_can_not_be_are_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        station.parse(text)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('[probes.xor_opamp]\nZ = "dso.1"\n', "no terminal 'Z'"),
        ('[probes.xor_opamp]\nY = "other.1"\n', "no channel of a scope"),
        ('[probes.xor_opamp]\nY = "dso.5"\n', r"no channel dso\.5"),
        ('[probes.xor_opamp]\nY = "dso.1"\nX1 = "dso.1"\n', "on two terminals"),
        ('[probes.nand_555]\nOUT = "dso.1"\n', r"only \[probes\.nand_555\]"),
    ],
)
def test_probes_that_can_not_be_are_refused(table: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        station.probes_for(station.parse(SCOPED + table), load_board("xor_opamp"))


def test_a_calibration_by_its_name_is_in_the_project_and_by_its_path_where_the_path_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = 'name = "one"\ncalibration = "{}"\n[virtual]\nseed = 1\neeprom = "kept/one.eeprom"\n'
    for named, path in (
        ("one.json", tmp_path / "bench" / "records" / "calibration" / "one.json"),
        ("kept/one.json", Path("kept/one.json")),
        ("/kept/one.json", Path("/kept/one.json")),
    ):
        file = tmp_path / "station.toml"
        file.write_text(text.format(named))
        assert station.load(file).named_calibration == path
        assert station.load(file).eeprom == Path("kept/one.eeprom")
