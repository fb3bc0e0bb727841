"""What is in a folder of records is found, whatever state its index is in."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from realnet_hw import cli, records
from realnet_hw.errors import InputError
from realnet_hw.measure.archive import INDEX, Archive, Entry, table
from realnet_hw.measure.journal import Journal, Point
from tests import journals

HEADER = msgspec.structs.replace(
    journals.HEADER,
    board="xor",
    wiring={"X": "dac0", "Y": "adc0"},
    started_utc="2026-02-01T00:00:00Z",
)
MEASURED = records.Measurement(
    board="xor",
    title="XOR",
    circuit_sha256="c1",
    made_from={},
    procedure="truth_table",
    station="bench",
    path="ASRL1::INSTR",
    firmware="realnet_hw,fixture,1,0.1",
    instruments=[],
    calibration=records.Calibration(valid=False, date=None, note=""),
    wiring={"X": "dac0", "Y": "adc0"},
    channels={},
    range_V=10.24,
    started_utc="2026-01-01T00:00:00Z",
    finished_utc="2026-01-01T00:00:01Z",
    cases=[
        records.MeasuredCase(
            inputs={"X": records.MeasuredInput(set_V=5.0, value_V=None, U_V=None, channel=None)},
            outputs={"Y": records.MeasuredValue(value_V=1.25, U_V=0.03, channel="adc0")},
            nodes={},
            time_utc="2026-01-01T00:00:01Z",
        )
    ],
)


def a_point(key: str) -> Point:
    return Point(
        point=key, time_utc="2026-02-01T00:00:01Z", set_V={"X": 5.0}, readings_V={"Y": [1.2, 1.3]},
        codes={"Y": [36608, 36928]},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run with its copy and journal, a run that was cut short, and other files."""
    text = records.encode(MEASURED)
    for name in ("xor/xor-truth_table-1.json", "xor/measurement.json"):
        records.write(tmp_path / name, text)
    for name in ("1", "2"):
        path = tmp_path / f"xor/xor-truth_table-{name}.jsonl"
        with Journal.begin(path, HEADER) as journal:
            journal.record(a_point("case 0"))
    with path.open("a") as torn:
        torn.write('{"point": "case 1", "rea')
    (tmp_path / "notes.json").write_text('{"record": "poem"}')
    (tmp_path / "other.jsonl").write_text("x\n[1]\n")
    return tmp_path


def seen(folder: Path) -> list[tuple[str, str, str]]:
    return [(entry.kind, entry.path, entry.outcome) for entry in Archive(folder).entries()]


WHAT_IS_THERE = [
    ("measurement", "xor/xor-truth_table-1.json", "truth_table, 1 case"),
    ("journal", "xor/xor-truth_table-2.jsonl", "truth_table, unfinished: 1 point"),
]


def test_copies_and_journals_of_finished_runs_are_listed_once(folder: Path) -> None:
    assert seen(folder) == WHAT_IS_THERE


def test_a_diagnosis_has_no_end_that_its_journal_would_lack(tmp_path: Path) -> None:
    header = msgspec.structs.replace(HEADER, procedure="diagnose", procedure_sha256="")
    with Journal.begin(tmp_path / "xor-diagnose-1.jsonl", header) as journal:
        journal.record(a_point("0: X = 5 V"))
    assert seen(tmp_path) == [("journal", "xor-diagnose-1.jsonl", "diagnose: 1 point")]


@pytest.mark.parametrize("state", ["kept", "damaged", "another version", "not writable"])
def test_the_index_is_made_anew_from_the_files(folder: Path, state: str) -> None:
    index = folder / INDEX
    Archive(folder).entries()
    if state == "damaged":
        index.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    elif state == "another version":
        import sqlite3

        with sqlite3.connect(index) as base:
            base.execute("PRAGMA user_version = 99")
        base.close()
    elif state == "not writable":
        # Not even root can write a file where a folder is.
        index.unlink()
        index.mkdir()
    assert seen(folder) == WHAT_IS_THERE


def test_the_list_follows_the_files(folder: Path) -> None:
    Archive(folder).entries()
    (folder / "xor/xor-truth_table-2.jsonl").unlink()
    newer = msgspec.structs.replace(MEASURED, board="other", started_utc="2027-01-01T00:00:00Z")
    records.write(folder / "later.json", records.encode(newer))
    assert [entry.board for entry in Archive(folder).entries()] == ["xor", "other"]


def test_nothing_is_left_in_a_folder_without_records(tmp_path: Path) -> None:
    assert Archive(tmp_path).entries() == []
    assert list(tmp_path.iterdir()) == []


def test_a_record_is_found_by_the_beginning_of_its_key_or_its_file(folder: Path) -> None:
    archive = Archive(folder)
    first = archive.entries()[0]
    assert archive.find(first.key[:8]) == first
    assert archive.find(str(folder / first.path)) == first
    for key in ("", "zzzz"):
        with pytest.raises(InputError):
            archive.find(key)


def test_tables_hold_every_value(folder: Path) -> None:
    assert [
        (row["case"], row["is"], row["name"], row.get("value_V"))
        for row in table(folder / "xor/measurement.json")
    ] == [(0, "input", "X", None), (0, "output", "Y", 1.25)]
    rows = table(folder / "xor/xor-truth_table-2.jsonl")
    assert [(row["quantity"], row["index"], row["value"]) for row in rows] == [
        ("set_V", 0, 5.0),
        ("readings_V", 0, 1.2),
        ("readings_V", 1, 1.3),
        ("codes", 0, 36608),
        ("codes", 1, 36928),
    ]


def test_steps_and_calibrations_are_tables_too(tmp_path: Path) -> None:
    figures = records.EdgeFigures(delay_s=records.Figure(value=1e-6, U=2e-8))
    edge = records.MeasuredEdge(
        input="X", from_V=0.0, to_V=5.0, held_V={}, scope="s", records=8, passage_s=1e-6, waves={},
        figures={"Y": figures},
    )  # fmt: skip
    stepped = msgspec.structs.replace(MEASURED, cases=[], edges=[edge])
    records.write(tmp_path / "stepped.json", records.encode(stepped))
    (row,) = table(tmp_path / "stepped.json")
    assert (row["name"], row["input"], row["to_V"]) == ("Y", "X", 5.0)
    assert (row["delay_s"], row["U_delay_s"], row["settling_s"]) == (1e-6, 2e-8, None)
    channel = records.ChannelCalibration(
        gain=1e-3, offset_V=0.01, U_gain=1e-4, U_offset_V=1e-3, u_gain=5e-5, u_offset_V=5e-4,
        found_ppm=0, found_V=0.0, correction_ppm=-999, correction_V=-0.01, left_gain=0.0,
        left_V=0.0, residual_V=2e-3, noise_V=4e-3, points=41,
    )  # fmt: skip
    standard = records.Standard(
        kind="typed", name="meter", of_reading=1e-4, of_range_V=1e-3, source="", traceable=False
    )
    calibration = records.FixtureCalibration(
        made_from={}, station="bench", path="ASRL1::INSTR", firmware="f", standard=standard,
        method="m", started_utc="2026-01-01T00:00:00Z", finished_utc="2026-01-01T01:00:00Z",
        date="2026-01-01", expires="2027-01-01", channels={"adc0": channel}, readings=[], checks=[],
    )  # fmt: skip
    records.write(tmp_path / "calibration.json", records.encode(calibration))
    (row,) = table(tmp_path / "calibration.json")
    assert (row["channel"], row["gain"], row["points"]) == ("adc0", 1e-3, 41)
    listed = {entry.kind: entry.outcome for entry in Archive(tmp_path).entries()}
    assert listed["calibration"] == "bench, expires 2027-01-01"
    shown = ["records", "show", str(tmp_path / "calibration.json")]
    assert cli.main(shown) == 0


def test_lines_that_are_no_points_end_a_table(folder: Path) -> None:
    assert table(folder / "other.jsonl") == []


def test_the_command_line_lists_shows_and_exports(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ["--folder", str(folder)]
    assert cli.main(["records", "list", "--json", *where]) == 0
    listed = json.loads(capfd.readouterr().out)["records"]
    first = Archive(folder).entries()[0]
    assert Entry(**listed[0]) == first
    assert dataclasses.asdict(first) == listed[0]
    assert cli.main(["records", "show", first.key[:8], *where]) == 0
    assert "1.25" in capfd.readouterr().out
    out = folder / "values.csv"
    assert cli.main(["records", "export", first.key[:8], "--out", str(out), *where]) == 0
    with out.open(newline="") as file:
        assert [row["value_V"] for row in csv.DictReader(file)] == ["", "1.25"]
    arrays = folder / "codes.npz"
    for journal in (
        Archive(folder).entries()[-1].key[:8],
        str(folder / "xor/xor-truth_table-1.jsonl"),
    ):
        assert cli.main(["records", "export", journal, "--out", str(arrays), *where]) == 0
        with np.load(arrays, allow_pickle=False) as found:
            assert found["codes/Y"].tolist() == [[36608, 36928]]
    # A record names the journal that it was made from; this one names none.
    assert cli.main(["records", "export", first.key[:8], "--out", str(arrays), *where]) == 2
    capfd.readouterr()
    assert cli.main(["records", "show", "zzzz", *where]) == 2
    assert cli.main(["records", "list", "--folder", str(folder / "none")]) == 2
