"""``realnet diagnose`` as people and programs use it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from realnet_hw import project, records
from realnet_hw.board import load_board
from realnet_hw.cli import main
from realnet_hw.cli.probing import probe
from realnet_hw.diagnose import reading_file
from realnet_hw.diagnose.reading_file import Kept
from realnet_hw.diagnose.report import html
from realnet_hw.export.netlist import from_board
from tests.diagnose.conftest import Looked


def test_readings_in_and_a_diagnosis_out(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    volts = {(0, 0): 10.1, (0, 5): 4.97, (5, 0): 4.99, (5, 5): 0.01}
    content = [
        {"inputs": {"X1": x1, "X2": x2}, "node": "Y", "value": v, "unit": "V"}
        for (x1, x2), v in volts.items()
    ]
    content.append({"inputs": {"X1": 0, "X2": 0}, "node": "H2", "value": 0.495})
    content.append({"kind": "ohm", "a": "H2", "b": "H2_SUM", "value": 2546})
    Path("readings.json").write_text(json.dumps({"readings": content}), "utf-8")
    command = ["diagnose", "xor_opamp", "readings.json"]
    assert main([*command, "--json", "--out", "d.json", "--report", "r.html"]) == 1
    printed = capfd.readouterr().out
    record = records.decode(printed)
    assert isinstance(record, records.Diagnosis)
    assert printed == Path("d.json").read_text("utf-8")
    first = record.groups[0].faults[0]
    assert (first.kind, first.part) == ("wrong value", "R9")
    assert first.value == pytest.approx(2.61e3, rel=0.05)
    page = Path("r.html").read_text("utf-8")
    assert page.count('class="suspect"') >= 2
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)

    capfd.readouterr()
    assert main(command) == 1
    again = capfd.readouterr()
    assert "Probably R9 has about 2." in again.out
    assert "Read its marking" in again.out
    right = from_board(load_board("xor_opamp")).parts["R9"].value
    assert first.mend.startswith(f"Read its marking; put {right} there. To make sure, power off:")
    assert "two things at once, or one that is not looked for" in again.out
    # The dictionary was computed above, or before.
    assert "Computing" not in again.err
    assert main(["records", "show", "d.json"]) == 0
    assert capfd.readouterr().out in again.out
    other = msgspec.structs.replace(record, circuit_sha256="0" * 64)
    Path("d.json").write_text(records.encode(other), "utf-8")
    assert main(["records", "show", "d.json"]) == 2
    assert "xor_opamp: its board is not here as it was then" in capfd.readouterr().err


def test_the_fixture_takes_what_is_wired_and_nobody_is_asked_where_nobody_listens(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    station = 'name = "R9 is off"\n[virtual]\nseed = 7\nfaults = ["R9 is 2.61k"]\n'
    Path("broken.toml").write_text(station, "utf-8")
    assert main(["diagnose", "xor_opamp", "--station", "broken.toml", "--json"]) == 1
    record = records.decode(capfd.readouterr().out)
    assert isinstance(record, records.Diagnosis)
    assert {fault.part for fault in record.groups[0].faults} == {"R8", "R9"}
    # Case by case, all of the truth table; by the wires alone.
    assert len(record.history) == 4
    assert {reading.node for reading in record.readings} == {"Y", "H1", "H2", "NH1", "VREF"}
    (journal,) = Path("bench/records/xor_opamp").glob("*.jsonl")
    assert journal.read_text("utf-8").count("\n") == 1 + len(record.history)
    # What it read goes on being known with all its uncertainty.
    (kept,) = Path("bench/records/xor_opamp").glob("*-readings-*.json")
    assert record.made_from["readings"] == hashlib.sha256(kept.read_bytes()).hexdigest()
    assert main(["diagnose", "xor_opamp", str(kept), "--json"]) == 1
    again = records.decode(capfd.readouterr().out)
    assert isinstance(again, records.Diagnosis)
    assert [(g.p, g.faults) for g in again.groups] == [(g.p, g.faults) for g in record.groups]


def test_a_fixture_reads_the_whole_truth_table_before_anything_is_settled(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At two of the four inputs D1 alone explains what is read, and R9 shows at a third."""
    monkeypatch.chdir(tmp_path)
    faults = 'faults = ["R9 is 2.61k", "D1 missing"]'
    Path("two.toml").write_text(f'name = "two"\n[virtual]\nseed = 13\n{faults}\n', "utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    command = ["diagnose", "xor_opamp", "--station", "two.toml"]
    assert main([*command, "--out", "d.json", "--report", "r.html"]) == 1
    said = capfd.readouterr().out
    assert "settles it" not in said
    record = records.read(Path("d.json"), records.Diagnosis)
    assert record.fit == "unknown"
    assert [step.readings for step in record.history] == [5, 10, 15, 20]
    assert max(record.history[1].faults, key=record.history[1].faults.__getitem__) == "D1 missing"
    first = record.pairs[0]
    alike = [{fault.name for fault in first.faults}, *map(set, first.others)]
    assert {"D1 missing", "R9 wrong value"} in alike
    # What to do about both, with the ohms that are right and none that hang on how wrong it is.
    of = {fault.part: fault for fault in first.faults}
    assert "Resolder its joints" in of["D1"].mend
    (resistor,) = of.keys() - {"D1"}
    assert re.search(r"across it \S+ ohm is right\.$", of[resistor].mend)
    assert "Resolder its joints" in said
    # Both pairs that look alike are on the board's drawings.
    page = Path("r.html").read_text("utf-8")
    for name in ("D1", "R8", "R9"):
        assert re.search(rf'<text class="suspect"[^>]*>{name}</text>', page)
    # Nothing more is to be read before one mends.
    assert "Mend it, then begin anew: realnet diagnose xor_opamp --station two.toml (" in said
    assert "To go on" not in said


def test_a_sitting_goes_on_with_its_own_uncertainty(
    xor: Looked,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A measurement with budgets ten times as wide, gone on with by the virtual bench."""
    monkeypatch.chdir(tmp_path)
    measured = xor.measured("R9 is 2.61k")
    wide = {
        channel: [
            msgspec.structs.replace(one, u_V=10 * one.u_V, u_relative=10 * one.u_relative)
            for one in budget
        ]
        for channel, budget in measured.channels.items()
    }
    first = msgspec.structs.replace(measured, cases=measured.cases[:1], channels=wide)
    Path("first.json").write_text(records.encode(first), "utf-8")
    Path("desk.toml").write_text('name = "desk"\n[virtual]\nfaults = ["R9 is 2.61k"]\n', "utf-8")
    assert main(["diagnose", "xor_opamp", "first.json", "--station", "desk.toml", "--json"]) == 1
    (kept,) = Path("bench/records/xor_opamp").glob("*-readings-*.json")
    said = [records.decode(capfd.readouterr().out)]
    assert main(["diagnose", "xor_opamp", str(kept), "--json"]) == 1
    said.append(records.decode(capfd.readouterr().out))
    for record in said:
        assert isinstance(record, records.Diagnosis)
        U = {True: set[float](), False: set[float]()}
        for reading in record.readings:
            if reading.node == "Y":
                U[reading.inputs == {"X1": 0.0, "X2": 0.0}].add(reading.U or 0.0)
        assert min(U[True]) > 5 * max(U[False])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["xor_opamp", "--json"], "nothing was read"),
        (["xor_opamp", "nowhere.json"], "no such file"),
        (["xor_opamp", "--interactive", "--json"], "--json does not"),
        (["xor_opamp", "--interactive", "--report", "r.pdf"], "HTML"),
    ],
)
def test_what_can_not_be_is_one_line(
    arguments: list[str], says: str, capfd: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["diagnose", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert captured.err.count("\n") == 1


def kept_in(folder: Path, xor: Looked) -> Kept:
    return Kept(folder / "kept.json", "xor_opamp", xor.netlist.sha256())


def test_somebody_with_a_multimeter_is_led_to_the_fault(xor: Looked, tmp_path: Path) -> None:
    """The answers of a board whose R9 is a decade too small, whatever is asked in which order."""
    shown = {"Y": "5.0", "H2": "0.495", "H1": "2.1", "NH1": "-2.1"}
    looked = xor.fresh()
    told = io.StringIO()
    typed = iter(["?", "what", "s"])

    class Typed:
        def readline(self) -> str:
            if text := next(typed, None):
                return f"{text}\n"
            question = told.getvalue().splitlines()[-2]
            if "What does the meter show there" in question:
                return "4.98\n"
            if "Ohms from H2 to H2_SUM (across R9," in question:
                return "2546\n"
            if "Ohms" in question:
                return "q\n"
            net = re.search(r"Volts at (\S+)", question)
            inputs = re.findall(r"X1 = (\d) V, X2 = (\d) V", told.getvalue())[-1]
            assert net is not None
            if inputs == ("0", "0") and net[1] == "Y":
                return "10.1\n"
            if inputs == ("5", "5"):
                return "0.01\n"
            if inputs != ("0", "0") and net[1] == "H2":
                return "0.0\n"
            return f"{shown.get(net[1], 's')}\n"

    probe(looked, told, Typed(), kept_in(tmp_path, xor))
    said = told.getvalue()
    assert "is no reading" in said
    assert said.count("this help") == 2
    found = looked.record("a" * 64, {})
    names = [fault.name for fault in found.groups[0].faults]
    assert "R9 wrong value" in names
    assert found.history
    # Everything typed is in the file, what arrived at inputs too, and says the same from there.
    assert {one.value_V for one in looked.readings.delivered} == {0.0, 4.98}
    board, deck = load_board("xor_opamp"), looked.predictor.deck
    path = tmp_path / "kept.json"
    of_board = (board, xor.netlist.sha256(), list(deck.nodes))
    taken, _ = reading_file.read(path, path.read_bytes(), *of_board, new=path)
    again = xor.fresh()
    again.take(taken)
    assert again.found.faults == pytest.approx(looked.found.faults)


def test_a_reading_that_nothing_explains_can_be_taken_back(xor: Looked, tmp_path: Path) -> None:
    looked = xor.fresh()
    told = io.StringIO()
    # Supplies first, which are skipped. 500 V is refused at once; 13.9 V at the place that is asked
    # for then fits nothing.
    kept = kept_in(tmp_path, xor)
    probe(looked, told, io.StringIO("s\ns\n\nu\n500\n13.9\n?\nu\nq\n"), kept)
    said = told.getvalue()
    assert said.index("Volts at +12V") < said.index("Volts at -12V") < said.index("Nothing was")
    assert "beyond the supplies" in said
    odd = said.index("No single fault explains these readings")
    assert "So far" not in said[:odd]
    assert said.count("u  undo the last, it may be wrong") == 2
    assert said.count("\n1. ") == 6
    assert not looked.readings.values
    assert json.loads(kept.path.read_text("utf-8"))["readings"] == []


def test_what_was_typed_outlives_a_killed_program(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "realnet_hw", "diagnose", "xor_opamp"]
    program = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write("12.02\n-11.97\n\n")
    program.stdin.flush()
    # The third question: the answers to both others are on the disk.
    while not program.stdout.readline().startswith("3."):
        pass
    program.kill()
    program.communicate()
    (kept,) = tmp_path.glob("bench/records/xor_opamp/*-readings-*.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\ns\n0.01\nq\n"))
    assert main(["diagnose", "xor_opamp", str(kept), "--interactive"]) == 1
    said = capfd.readouterr().out
    assert "Supplies first" not in said
    assert f"realnet diagnose xor_opamp {kept.relative_to(tmp_path)} --interactive" in said
    typed = [one["value"] for one in json.loads(kept.read_text("utf-8"))["readings"]]
    assert typed == [12.02, -11.97, 0.01]


def test_a_supply_that_is_off_is_said_before_any_part_is_blamed(
    xor: Looked, tmp_path: Path
) -> None:
    looked = xor.fresh()
    told = io.StringIO()
    probe(looked, told, io.StringIO("9.5\n"), kept_in(tmp_path, xor))
    said = told.getvalue()
    assert (
        "The supply +12V is at 9.5 V where 12 V \N{PLUS-MINUS SIGN} 5 % belongs. Mend that" in said
    )
    assert "undo" not in said[said.index("9.5 V") :]


def test_where_nobody_answers_it_says_so(
    xor: Looked, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = xor.measured("R9 is 2.61k")
    Path("first.json").write_text(records.encode(record), "utf-8")
    for arguments, status in ((["first.json"], 1), ([], 2)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        assert main(["diagnose", "xor_opamp", *arguments, "--interactive"]) == status
        said = capfd.readouterr()
        assert said.out.count("Nobody answers: there is no more input") == 1
        if arguments:
            # No file of further readings was begun.
            again = "realnet diagnose xor_opamp first.json --interactive"
            assert f"To go on with these, before mending: {again}\n" in said.out
            anew = "After mending, begin anew: realnet diagnose xor_opamp --interactive (without"
            assert anew in said.out
    assert "nothing was read; type one when you are asked, or give a measurement" in said.err
    assert not Path("bench").exists()


def test_what_is_settled_is_to_be_mended_and_the_board_read_anew(
    xor: Looked, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The diode that a fixture's readings show: no meter is needed, and no old reading counts."""
    monkeypatch.chdir(tmp_path)
    Path("d1.json").write_text(records.encode(xor.measured("D1 missing")), "utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["diagnose", "xor_opamp", "d1.json", "--interactive"]) == 1
    said = capfd.readouterr().out
    settled = said.index("That settles it, if only one thing is wrong.\nMend it and read the truth")
    mended = said.index("Mend it, then begin anew: realnet diagnose xor_opamp --interactive (")
    assert settled < said.index("Probably D1 does not conduct") < mended
    assert "Read next" not in said
    assert "To go on" not in said
    drawn = "realnet diagnose xor_opamp d1.json --report diagnosis.html"
    assert f"Marked on the board's drawings: {drawn}\n" in said


def test_supplies_are_read_at_inputs_that_nobody_has_to_set_up(xor: Looked, tmp_path: Path) -> None:
    """After a record that ends at 5 V: a supply is the same with the inputs at ground."""
    looked = xor.fresh()
    looked.take(xor.read("R9 is 2.61k"))
    told = io.StringIO()
    probe(looked, told, io.StringIO("q\n"), kept_in(tmp_path, xor))
    assert "1. Set X1 = 0 V, X2 = 0 V.\n   Volts at +12V" in told.getvalue()
    assert "What does the meter show there" not in told.getvalue()


def test_a_report_marks_the_suspects_on_every_drawing(xor: Looked) -> None:
    looked = xor.fresh()
    looked.take(xor.read("R9 is 2.61k"))
    board = load_board("xor_opamp")
    built = project.board_file("xor_opamp").parent / "generated"
    record = looked.record("a" * 64, {})
    titles = []
    for built_on in ("pcb", "breadboard"):
        page = html(record, board, built, built_on)
        sections = re.findall(r"<section>\s*<h2>([^<]*)</h2>(.*?)</section>", page, re.DOTALL)
        drawn = {title: text for title, text in sections if '<div class="drawing">' in text}
        titles += drawn
        for picture in drawn.values():
            # Parts or their names on every drawing, as often as each is named there.
            assert picture.count('class="suspect"') >= 2
        for board_side in [name for name in drawn if name.startswith("Board")]:
            for name in ("R8", "R9"):
                assert re.search(rf'<text class="suspect"[^>]*>{name}</text>', drawn[board_side])
            # What is to be read next has a ring at each of its places.
            assert 'class="touch ring"' in drawn[board_side]
    sides = ["Board, from above", "Board, from the solder side"]
    assert titles == [*sides, "Schematic", "Breadboard", "Schematic"]
