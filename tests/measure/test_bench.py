"""A board is measured through the real firmware; whatever ends a run, its points are kept."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from realnet_hw import project, records
from realnet_hw.board import Board
from realnet_hw.errors import BenchError, InputError, LinkLost
from realnet_hw.measure import archive, bench, journal
from realnet_hw.measure.codes import terminal_V
from realnet_hw.records import Measurement
from realnet_hw.uncertainty import expanded_uncertainty
from tests.measure.conftest import BOARD, Server


@pytest.fixture(scope="module")
def board() -> Board:
    loaded: Board = project.load_module(project.board_file(BOARD)).board()
    return loaded


def station(folder: Path, server: Server, *lines: str) -> Path:
    """Write a station whose fixture is the one that the server simulates."""
    path = folder / "station.toml"
    head = ['name = "simulated"', "[fixture]", f'address = "{server.address}"']
    path.write_text("\n".join([*head, *lines, ""]))
    return path


@pytest.fixture(scope="module")
def measured(
    board: Board, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Measurement, Path]:
    folder = tmp_path_factory.mktemp("measured")
    told: list[tuple[int, int]] = []
    result = bench.measure(
        board,
        "circuit",
        station(folder, server),
        folder / "out",
        progress=lambda done, total, _next: told.append((done, total)),
    )
    cases = len(board.cases)
    assert told == [(done, cases) for done in range(cases + 1)]
    return result, folder / "out"


def test_the_outputs_show_the_truth_table(board: Board, measured: tuple[Measurement, Path]) -> None:
    assert len(measured[0].cases) == len(board.cases)
    for case, read in zip(board.cases, measured[0].cases, strict=True):
        for name, expected in case.expected.items():
            volts = read.outputs[name].value_V
            assert volts is not None
            assert board.logic.level(volts) == expected


def test_inputs_are_recorded_as_they_arrived(
    board: Board, measured: tuple[Measurement, Path]
) -> None:
    differences = []
    for case, read in zip(board.cases, measured[0].cases, strict=True):
        for name, set_V in case.inputs.items():
            arrived = read.inputs[name]
            assert arrived.set_V == set_V
            assert arrived.value_V is not None
            assert arrived.U_V is not None
            # 0.5 % and 49 mV of the source, 12 LSB of 5 mV, and what the reading itself allows
            assert abs(arrived.value_V - set_V) < 0.005 * set_V + 0.109 + arrived.U_V
            differences.append(arrived.value_V - set_V)
    assert any(differences), "a fixture with errors never delivers exactly what was set"


def test_every_wired_value_has_its_budgets_uncertainty(
    measured: tuple[Measurement, Path],
) -> None:
    record = measured[0]
    for case in record.cases:
        for value in (*case.outputs.values(), *case.nodes.values()):
            assert value.channel is not None
            assert value.value_V is not None
            assert (
                pytest.approx(expanded_uncertainty(record.channels[value.channel], value.value_V))
                == value.U_V
            )
            # Two standard uncertainties of 15 mV and more, rectangular, are at least 17 mV.
            assert 0.017 < value.U_V < 0.1
    kinds = {c.kind for components in record.channels.values() for c in components}
    assert kinds == {"A", "B"}


def test_the_record_lies_beside_its_journal_and_names_what_it_is_made_from(
    measured: tuple[Measurement, Path],
) -> None:
    record, folder = measured
    path = bench.record_file(folder, record)
    assert records.read(path, Measurement) == record
    assert records.read(folder / "measurement.json", Measurement) == record
    text = (folder / record.made_from["journal"]).read_bytes()
    header, points, _ = journal.parse(text, journal.Point, where="")
    assert len(points) == len(record.cases)
    assert header.circuit_sha256 == record.circuit_sha256 == "circuit"
    assert record.firmware.startswith("realnet_hw,fixture,")
    assert not record.simulated, "a fixture at an address"


def test_the_volts_follow_from_the_codes_which_lie_beside_the_journal_too(
    measured: tuple[Measurement, Path],
) -> None:
    record, folder = measured
    path = folder / record.made_from["journal"]
    header, points, _ = journal.parse(path.read_bytes(), journal.Point, where="")
    for point in points:
        assert set(point.codes) == {t for t, name in header.wiring.items() if name[:3] == "adc"}
        for terminal, read in point.codes.items():
            correction = header.corrections[header.wiring[terminal]]
            assert point.readings_V[terminal] == [terminal_V(code, correction) for code in read]
            assert max(read) - min(read) < 16 * 12, "noise and no more"
    assert path.with_suffix(".npz").read_bytes() == archive.arrays(path)


def test_nothing_is_left_on_afterwards(server: Server, measured: tuple[Measurement, Path]) -> None:
    assert server.ask("OUTP?") == "0"


def test_what_is_not_wired_is_unset(board: Board, server: Server, tmp_path: Path) -> None:
    wiring = ['[wiring.xor_opamp]\nX1 = "dac0"\nX2 = "dac1"\nY = "adc2"']
    record = bench.measure(board, "c", station(tmp_path, server, *wiring), tmp_path)
    for case in record.cases:
        assert case.outputs["Y"].value_V is not None
        for node in case.nodes.values():
            assert (node.value_V, node.U_V, node.channel) == (None, None, None)
        for given in case.inputs.values():
            assert given.value_V is None
    assert sorted(record.channels) == ["adc2", "dac0", "dac1"]


def test_a_virtual_station_brings_its_own_bench(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "virtual.toml"
    path.write_text(
        'name = "v"\n[virtual]\nseed = 3\nfaults = ["D1 missing"]\n[reading]\nrepeats = 2\n'
    )
    record = bench.measure(board, "c", path, tmp_path)
    assert (record.station, record.simulated) == ("v", True)
    assert not Path(record.path[len("ASRL") : -len("::INSTR")]).exists(), "its process has ended"


def test_files_of_the_working_folder_are_not_run_in_place_of_pythons_own(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("queue", "struct", "json", "realnet_hw"):
        (tmp_path / f"{module}.py").write_text(
            "open('was-run', 'w').close()\nraise SystemExit(9)\n"
        )
    path = tmp_path / "virtual.toml"
    path.write_text('name = "v"\n[virtual]\nseed = 3\n[reading]\nrepeats = 2\n')
    monkeypatch.chdir(tmp_path)
    bench.measure(board, "c", path, tmp_path / "out")
    assert not (tmp_path / "was-run").exists()


def test_a_virtual_bench_that_cannot_start_says_why(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "virtual.toml"
    path.write_text('name = "v"\n[virtual]\nfaults = ["R999 open"]\n')
    with pytest.raises(BenchError, match=r"did not start: .*R999"):
        bench.measure(board, "c", path, tmp_path)
    assert not list(tmp_path.glob("*.jsonl"))


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def starting_its_bench(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Give a measurement, and the process of its virtual bench that begins to start."""
    station = folder / "virtual.toml"
    station.write_text('name = "v"\n[virtual]\n[reading]\nsettle_s = 1\n')
    command = [sys.executable, "-m", "realnet_hw", "measure", BOARD, "--station", station]
    with subprocess.Popen([*command, "--out", folder / "out"], stderr=subprocess.PIPE) as process:
        while not (found := children(process.pid)):
            assert process.poll() is None
            time.sleep(0.01)
        try:
            yield process, found[0]
        finally:
            for pid in (process.pid, *found):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_the_virtual_bench_starts_ends_both(
    tmp_path: Path, number: signal.Signals
) -> None:
    with starting_its_bench(tmp_path) as (process, server):
        time.sleep(0.3)
        process.send_signal(number)
        told = process.communicate(timeout=10)[1]
        assert not is_running(server)
    assert process.returncode == 128 + number
    assert b"Traceback" not in told
    assert not (tmp_path / "out").exists(), "nothing was measured"


@pytest.mark.parametrize("is_ready", [False, True])
def test_no_virtual_bench_outlives_a_killed_run_for_long(tmp_path: Path, is_ready: bool) -> None:
    with starting_its_bench(tmp_path) as (process, server):
        while is_ready and not list(tmp_path.glob("out/*.jsonl")):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        process.wait()
        # Its start and 5 s of silence, on a machine that may be slow.
        end = time.monotonic() + 20
        while is_running(server):
            assert time.monotonic() < end
            time.sleep(0.1)


CHILD = """
import sys
from pathlib import Path
from realnet_hw import project
from realnet_hw.measure import bench

board = project.load_module(project.board_file("xor_opamp")).board()
station, out = map(Path, sys.argv[1:])
bench.measure(board, "c", station, out, progress=lambda *done: print(*done, flush=True))
"""

SLOW = "[reading]\nsettle_s = 0.3"


def begun(station: Path, out: Path, cases: int) -> "subprocess.Popen[str]":
    """Start a measurement of its own process and return when some cases are on the disk."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, station, out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(cases + 1):
        assert process.stdout.readline()
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_was_cut_short_loses_no_point_and_doubles_none(
    board: Board, server: Server, tmp_path: Path, number: signal.Signals
) -> None:
    where = station(tmp_path, server, SLOW)
    with begun(where, tmp_path, cases=2) as process:
        process.send_signal(number)
        process.communicate(timeout=20)
    if number == signal.SIGKILL:
        time.sleep(1.3)
        assert server.ask("OUTP?") == "0", "the heartbeat grounded them"
    else:
        assert server.ask("OUTP?") == "0"
        assert server.ask("SYST:ERR?").startswith("0,"), "the program grounded them"

    (path,) = tmp_path.glob("*.jsonl")
    before = path.read_bytes()
    kept = journal.parse(before, journal.Point, where="")[1]
    assert len(kept) >= 2
    with np.load(io.BytesIO(archive.arrays(path)), allow_pickle=False) as arrays:
        assert arrays["points"].tolist() == [point.point for point in kept]

    record = bench.measure(board, "c", where, tmp_path, resume=True)
    points = journal.parse(path.read_bytes(), journal.Point, where="")[1]
    assert points[: len(kept)] == kept
    assert len({point.point for point in points}) == len(points) == len(board.cases)
    assert [{n: v.set_V for n, v in case.inputs.items()} for case in record.cases] == [
        dict(case.inputs) for case in board.cases
    ]
    with pytest.raises(InputError, match="no unfinished journal"):
        bench.measure(board, "c", where, tmp_path, resume=True)


def test_ctrl_c_at_the_command_line_says_what_became_of_the_bench(
    server: Server, tmp_path: Path
) -> None:
    where, out = station(tmp_path, server, SLOW), tmp_path / "out"
    command = [sys.executable, "-m", "realnet_hw", "measure", BOARD]
    with subprocess.Popen(
        [*command, "--station", where, "--out", out], stderr=subprocess.PIPE, text=True
    ) as process:
        while not list(out.glob("*.jsonl")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=20)[1]
    assert process.returncode == 2
    assert told.splitlines()[-1] == (
        f"realnet: {out}: interrupted; outputs are grounded and what was measured is kept;"
        f" realnet measure {BOARD} --station {where} --out {out} --resume goes on"
    )
    assert server.ask("OUTP?") == "0"


def test_a_pulled_cable_keeps_the_points_and_says_how_to_go_on(
    board: Board, own_server: Server, tmp_path: Path
) -> None:
    def pull(done: int, total: int, what: str) -> None:
        if done == 2:
            own_server.process.kill()
            own_server.process.wait()

    with pytest.raises(LinkLost, match=r"grounds the outputs .* go on with --resume"):
        bench.measure(board, "c", station(tmp_path, own_server), tmp_path, progress=pull)
    (path,) = tmp_path.glob("*.jsonl")
    assert len(journal.parse(path.read_bytes(), journal.Point, where="")[1]) == 2


def test_a_point_is_not_recorded_when_the_outputs_went_off_by_themselves(
    board: Board, server: Server, tmp_path: Path
) -> None:
    def switch_off(done: int, _total: int, _next: str) -> None:
        if done == 1:
            server.tell("OUTP OFF")

    with pytest.raises(BenchError, match="outputs went off by themselves"):
        bench.measure(board, "c", station(tmp_path, server), tmp_path, progress=switch_off)
    (path,) = tmp_path.glob("*.jsonl")
    assert len(journal.parse(path.read_bytes(), journal.Point, where="")[1]) == 1


def test_what_the_fixture_had_to_report_is_kept_in_the_record(
    board: Board, server: Server, tmp_path: Path
) -> None:
    server.tell("NONSENSE")
    record = bench.measure(board, "c", station(tmp_path, server), tmp_path)
    assert record.instruments[1:] == ["had queued before the run: -113 Undefined header"]


def test_a_run_is_not_resumed_on_another_circuit(
    board: Board, server: Server, tmp_path: Path
) -> None:
    def stop(done: int, total: int, what: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    where = station(tmp_path, server)
    with pytest.raises(KeyboardInterrupt):
        bench.measure(board, "one", where, tmp_path, progress=stop)
    assert server.ask("OUTP?") == "0"
    with pytest.raises(InputError, match="begun with circuit_sha256 one, now other"):
        bench.measure(board, "other", where, tmp_path, resume=True)


@pytest.mark.parametrize("has_copy", [True, False])
def test_a_run_that_fails_leaves_no_newest_record_of_another_run(
    board: Board, tmp_path: Path, has_copy: bool
) -> None:
    where = tmp_path / "station.toml"
    where.write_text('name = "x"\n[fixture]\naddress = "ASRL/dev/no_such_port::INSTR"\n')
    out = tmp_path / "out"
    out.mkdir()
    (out / "measurement.json").write_text("of another board")
    if has_copy:
        (out / "xor-truth_table-20200101T000000000000Z.json").write_text("of another board")
    with pytest.raises(BenchError):
        bench.measure(board, "circuit", where, out)
    assert not (out / "measurement.json").exists()
    (kept,) = out.glob("*.json")
    assert kept.read_text() == "of another board"


def test_an_unknown_procedure_is_refused_before_anything_is_switched_on(
    board: Board, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"no procedure 'nonesuch' .*truth_table"):
        bench.measure(board, "c", station(tmp_path, server), tmp_path, procedure_name="nonesuch")


def test_safe_grounds_the_outputs_of_a_station(server: Server, tmp_path: Path) -> None:
    assert "outputs are grounded" in bench.safe(station(tmp_path, server))
    assert server.ask("OUTP?") == "0"


def test_safe_has_nothing_to_do_at_a_virtual_bench(virtual_station: Path) -> None:
    assert "no outputs left on" in bench.safe(virtual_station)
