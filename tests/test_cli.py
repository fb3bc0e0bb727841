"""The command line as other programs see it: exit status, one line on stderr, clean JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from realnet_hw import project, records
from realnet_hw.board import load_board
from realnet_hw.cli import guidance, main
from realnet_hw.export import netlist as netlists
from realnet_hw.measure import station


def realnet(
    *arguments: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "realnet_hw", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=cwd,
        env=os.environ | environment,
    )


Here = Callable[..., "Done"]


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    """Run a command like ``realnet``, within this process: a second less each."""

    def run(*arguments: str | Path, cwd: Path | None = None) -> Done:
        if cwd:
            monkeypatch.chdir(cwd)
        capfd.readouterr()
        return Done(main([*map(str, arguments)]), *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a prediction and a measurement of the XOR board."""
    folder = tmp_path_factory.mktemp("xor")
    station = project.bundle() / "bench" / "stations" / "virtual.toml"
    predicted = realnet(
        "predict", "xor_opamp", "--samples", "200", "--out", folder / "prediction.json", "--json"
    )
    assert predicted.returncode == 0, predicted.stderr
    assert predicted.stdout == (folder / "prediction.json").read_text()
    measured = realnet(
        "measure", "xor_opamp", "--station", station, "--out", folder / "bench", "--json"
    )
    assert measured.returncode == 0, measured.stderr
    (folder / "measurement.json").write_text(measured.stdout)
    return folder


def test_list_names_every_board() -> None:
    done = realnet("list", "--json")
    assert done.returncode == 0
    names = {board["name"] for board in json.loads(done.stdout)["boards"]}
    assert names == set(project.board_files())


def test_records_on_stdout_are_records_and_nothing_else(made: Path) -> None:
    predicted = records.read(made / "prediction.json", records.Prediction)
    measured = records.read(made / "measurement.json", records.Measurement)
    assert predicted.circuit_sha256 == measured.circuit_sha256
    assert len(measured.cases) == len(predicted.cases) == 4
    journals = list((made / "bench").glob("*.jsonl"))
    assert len(journals) == 1


def test_compare_agrees_and_writes_a_report(made: Path) -> None:
    report = made / "report.html"
    done = realnet(
        "compare", made / "prediction.json", made / "measurement.json", "--report", report, "--json"
    )
    assert done.returncode == 0, done.stderr
    record = records.decode(done.stdout)
    assert isinstance(record, records.Comparison)
    assert record.verdict == "PASS"
    assert record.made_from
    assert "PASS" in report.read_text()


def test_a_prediction_of_steps_is_followed_by_a_bench_with_a_scope() -> None:
    record = Path("p.json")
    assert "measure xor --station virtual" in guidance.after_predicting("xor", record)[1]
    stepped = guidance.after_predicting("xor", record, "curve:X1,transient:X1:1.8us")[1]
    assert "measure xor --procedure waveform --station scope --prediction p.json" in stepped
    assert station.load(project.station_file("scope")).scope, "that station has one"
    again = guidance.after_predicting("xor", None, "transient:X1")[1]
    assert again == "Next: realnet predict xor --with transient:X1 --out prediction.json"


def test_each_command_says_where_its_record_is_and_what_comes_next(made: Path, here: Here) -> None:
    alone = here("predict", "xor_opamp", "--samples", "50", cwd=made)
    assert "Record: none was kept\n" in alone.stdout
    assert alone.stdout.endswith("Next: realnet predict xor_opamp --out prediction.json\n")
    folder = made / "again"
    where = ("--station", "virtual", "--prediction", "prediction.json", "--out", folder)
    measured = here("measure", "xor_opamp", *where)
    assert measured.returncode == 0, measured.stderr
    record, following = measured.stdout.splitlines()[-2:]
    assert record == f"Record: {folder / 'measurement.json'}"
    words = following.removeprefix("Next: realnet ").split()
    assert words[0] == "compare"
    compared = here(*words)
    assert compared.returncode == 0, compared.stderr
    taken = records.read(folder / "measurement.json", records.Measurement).started_utc
    when = taken.replace("T", " ").replace("Z", " UTC")
    assert f"Measured {when} at station" in compared.stdout


def test_the_folder_of_a_record_is_not_the_record(
    made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = made / "prediction.json"
    assert main(["compare", str(record), str(made / "bench")]) == 2
    assert f"did you mean {made / 'bench' / 'measurement.json'}?" in capfd.readouterr().err


def test_files_built_of_another_circuit_are_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    generated = tmp_path / "boards" / "xor_opamp" / "generated"
    generated.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    warning = "boards/xor_opamp/generated is of another circuit: realnet build xor_opamp\n"
    netlist = netlists.from_board(load_board("xor_opamp"))
    for built, said in ((netlist.sha256(), ""), ("0" * 64, warning)):
        (generated / "build.json").write_text(json.dumps({"circuit_sha256": built}))
        guidance.warn_of_other_build("xor_opamp", netlist)
        assert capfd.readouterr().err == said


def test_compare_disagrees_with_status_1(made: Path, here: Here) -> None:
    text = (made / "measurement.json").read_text()
    measured = json.loads(text)
    measured["cases"][1]["outputs"]["Y"]["value_V"] = 0.2
    wrong = made / "wrong.json"
    wrong.write_text(json.dumps(measured))
    done = here("compare", made / "prediction.json", wrong)
    assert done.returncode == 1, done.stderr
    assert "FAIL" in done.stdout


def test_records_of_different_circuits_are_not_compared(made: Path, here: Here) -> None:
    measured = json.loads((made / "measurement.json").read_text())
    measured["circuit_sha256"] = "0" * 64
    other = made / "other.json"
    other.write_text(json.dumps(measured))
    done = here("compare", made / "prediction.json", other, "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "xor_opamp", "--samples", "many"],
        ["build", "no_such_board"],
        ["build", "xor_opamp", "--check", "--out", "no/such/folder"],
        ["predict", "no_such_board"],
        ["predict", "xor_opamp", "--samples", "0"],
        ["predict", "xor_opamp", "--samples", "-5"],
        ["predict", "xor_opamp", "--seed", "-1"],
        ["measure", "xor_opamp", "--station", "no_such.toml"],
        ["measure", "xor_opamp", "--station", "bad.toml"],
        ["measure", "xor_opamp", "--station", "nowhere.toml"],
        ["measure", "xor_opamp", "--station", "good.toml", "--procedure", "no_such"],
        ["compare", "no.json", "no.json"],
        ["compare", "bad.json", "bad.json"],
        ["bench", "serve", "xor_opamp", "--station", "nowhere.toml"],
        ["bench", "serve", "xor_opamp", "--station", "faulty.toml"],
        ["calibrate", "--station", "good.toml"],
        ["calibrate", "--station", "good.toml", "--valid-days", "0"],
        ["calibrate", "--station", "nowhere.toml", "--against", "reference", "--out", "folder"],
        ["bench", "meter", "--station", "nowhere.toml"],
        ["safe", "--station", "nowhere.toml"],
        ["demo", "no_such_board"],
        ["demo", "--out", "bad.json"],
        ["predict", "xor_opamp", "--out", "folder"],
        ["predict", "xor_opamp", "--out", "bad.json/x.json"],
        ["predict", "xor_opamp", "--samples", "20", "--out", "/proc/no/x.json"],
        ["build", "xor_opamp", "--out", "bad.json"],
        ["build", "xor_opamp", "--out", "/proc/no"],
        ["measure", "xor_opamp", "--station", "good.toml", "--out", "bad.json"],
        ["measure", "xor_opamp", "--station", "good.toml", "--prediction", "bad.json"],
        ["compare", "bad.json", "bad.json", "--report", "bad.json"],
        ["compare", "bad.json", "bad.json", "--report", "folder"],
        ["compare", "folder", "folder"],
        ["bench", "serve", "xor_opamp", "--station", "good.toml", "--idle-s", "-1"],
        ["predict", "raises.py"],
        ["predict", "divides.py"],
        ["predict", "leaves.py"],
        ["predict", "empty.py"],
        ["predict", "folder"],
    ],
)
def test_what_could_not_be_done_is_one_line_and_status_2(
    arguments: list[str], tmp_path: Path, here: Here
) -> None:
    (tmp_path / "bad.toml").write_text('name = "x"\n[fixture]\naddres = "ASRL1::INSTR"\n')
    (tmp_path / "nowhere.toml").write_text(
        'name = "x"\n[fixture]\naddress = "ASRL/dev/no_such_port::INSTR"\n'
    )
    (tmp_path / "good.toml").write_text('name = "x"\n[virtual]\nseed = 1\n')
    (tmp_path / "faulty.toml").write_text('name = "x"\n[virtual]\nfaults = ["R99 +20 %"]\n')
    (tmp_path / "bad.json").write_text('{"record":"prediction"}')
    (tmp_path / "folder").mkdir()
    (tmp_path / "raises.py").write_text("raise RuntimeError('no')\n")
    (tmp_path / "divides.py").write_text("def board():\n    return 1 / 0\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "empty.py").write_text("")
    before = sorted(tmp_path.rglob("*"))
    done = here(*arguments, cwd=tmp_path)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if not line.endswith(" ...")]
    assert len(said) == 1, done.stderr
    assert said[0].startswith("realnet: ")
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert [path for path in left if path.is_file()] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bulid"], ".*bulid.* See realnet --help"),
        (["build"], "BOARD is missing. See realnet build --help"),
        (["new"], "NAME is missing. See realnet new --help"),
        (["new", "mine"], ".*--network.* See realnet new --help"),
        (["compare", "prediction.json"], "MEASUREMENT is missing. See realnet compare --help"),
        (["predict", "xor_opamp", "--smaples", "3"], ".*--smaples.* See realnet predict --help"),
        (["predict", "xor_opamp", "--samples"], ".*--samples.* See realnet predict --help"),
        (["bench", "serve"], "BOARD is missing. See realnet bench serve --help"),
    ],
)
def test_what_is_no_command_is_one_line_with_status_2_and_a_hint(
    arguments: list[str], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert re.fullmatch(f"realnet: {says}\n", printed.err), printed.err


def test_what_a_board_prints_is_not_part_of_an_answer(tmp_path: Path) -> None:
    original = project.board_file("xor_opamp")
    (tmp_path / "network.json").write_bytes(original.with_name("network.json").read_bytes())
    (tmp_path / "board.py").write_text("print('chatter')\n" + original.read_text())
    done = realnet("predict", tmp_path, "--samples", "50", "--json")
    assert done.returncode == 0, done.stderr
    assert isinstance(records.decode(done.stdout), records.Prediction)


def test_one_bad_board_does_not_hide_the_others(tmp_path: Path, here: Here) -> None:
    bad = tmp_path / "boards" / "bad"
    bad.mkdir(parents=True)
    (bad / "board.py").write_text("def board():\n    return 1 / 0\n")
    why = f"{bad / 'board.py'}:2: ZeroDivisionError: division by zero"
    done = here("list", "--json", cwd=tmp_path)
    assert done.returncode == 2
    listed = json.loads(done.stdout)
    assert {board["name"] for board in listed["boards"]} >= {"xor_opamp"}
    assert listed["refused"] == {"bad": why}
    assert "cannot be loaded: bad" in done.stderr
    assert f"bad  cannot be loaded: {why}\n" in here("list", cwd=tmp_path).stdout


def test_a_prediction_of_another_circuit_says_nothing_of_this_wiring(
    made: Path, here: Here
) -> None:
    text = (made / "prediction.json").read_text()
    circuit = json.loads(text)["circuit_sha256"]
    other = made / "other_prediction.json"
    other.write_text(text.replace(circuit, "1" * 64))
    station = project.bundle() / "bench" / "stations" / "virtual.toml"
    done = here("measure", "xor_opamp", "--station", station, "--prediction", other)
    assert done.returncode == 2
    assert "another circuit" in done.stderr


def test_a_full_disk_is_not_a_verdict() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "realnet_hw", "list", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_help_names_every_command() -> None:
    done = realnet("--help")
    assert done.returncode == 0
    for command in ("list", "build", "predict", "measure", "compare", "bench", "safe", "doctor"):
        assert f" {command} " in done.stdout
