"""A journal loses no point that was recorded, and never goes on with something else."""

import itertools
import multiprocessing
import os
import random
import select
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure.journal import Journal, Point, parse
from tests.journals import HEADER


def a_point(key: str, volts: float = 1.0) -> Point:
    return Point(
        point=key,
        time_utc="2026-01-01T00:00:01Z",
        set_V={"X1": volts},
        readings_V={"Y": [volts, volts]},
    )


def written(path: Path, count: int) -> bytes:
    with Journal.begin(path, HEADER) as journal:
        for index in range(count):
            journal.record(a_point(f"case {index}"))
    return path.read_bytes()


def test_a_point_is_in_the_file_when_record_returns(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.jsonl"
    with Journal.begin(path, HEADER) as journal:
        journal.record(a_point("case 0"))
        assert parse(path.read_bytes(), Point, where="")[1] == [a_point("case 0")]


@given(cut=st.integers(min_value=0), volts=st.lists(st.floats(-10, 10), min_size=1, max_size=5))
def test_cut_anywhere_only_what_was_unfinished_is_lost(cut: int, volts: list[float]) -> None:
    points = [a_point(f"case {index}", value) for index, value in enumerate(volts)]
    lines = [msgspec.json.encode(item) + b"\n" for item in (HEADER, *points)]
    data = b"".join(lines)
    cut = len(lines[0]) + cut % (len(data) - len(lines[0]) + 1)
    header, found, length = parse(data[:cut], Point, where="")
    whole = data[:cut].count(b"\n") - 1
    assert header == HEADER
    assert found == points[:whole]
    assert length == sum(map(len, lines[: whole + 1]))


def test_resume_drops_a_torn_last_line_and_appends_after_the_last_whole_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.jsonl"
    whole = written(path, 2)
    path.write_bytes(whole + b'{"point":"case 2","time_u')
    later = msgspec.structs.replace(HEADER, started_utc="2026-01-02T00:00:00Z")
    with Journal.resume(path, later, Point) as journal:
        assert journal.header == HEADER
        assert journal.get("case 1") == a_point("case 1")
        assert journal.get("case 2") is None
        journal.record(a_point("case 2"))
    assert path.read_bytes() == whole + msgspec.json.encode(a_point("case 2")) + b"\n"


def test_a_last_line_torn_in_its_middle_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(written(path, 1) + b'{"point":"ca\x00\x00\x00\x00]}}\n')
    with Journal.resume(path, HEADER, Point) as journal:
        assert journal.get("case 0") is not None
    assert path.read_bytes().count(b"\n") == 2


def test_damage_before_the_last_line_is_not_skipped_over(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    lines = written(path, 3).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + b'{"point":\n' + lines[3])
    with pytest.raises(InputError, match=r"run\.jsonl: line 3: "):
        Journal.resume(path, HEADER, Point)


def test_the_same_point_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    lines = written(path, 1).splitlines(keepends=True)
    with Journal.resume(path, HEADER, Point) as journal, pytest.raises(InputError, match="twice"):
        journal.record(a_point("case 0"))
    path.write_bytes(lines[0] + lines[1] + lines[1])
    with pytest.raises(InputError, match=r"line 3: point 'case 0' twice"):
        Journal.resume(path, HEADER, Point)


@dataclass(frozen=True)
class Change:
    name: str
    value: object


@pytest.mark.parametrize(
    "change",
    [
        Change("board", "other"),
        Change("circuit_sha256", "c2"),
        Change("procedure_sha256", "p2"),
        Change("station_sha256", "s2"),
        Change("firmware", "realnet_hw,fixture,2,0.1"),
        Change("calibration", {"valid": True, "date": "2026-01-01", "note": ""}),
        Change("wiring", {"X1": "dac1", "Y": "adc0"}),
        Change("versions", {"python": "3.12"}),
        Change("plan", {"epochs": 250}),
    ],
    ids=lambda change: change.name,
)
def test_a_run_is_not_resumed_with_something_else(tmp_path: Path, change: Change) -> None:
    path = tmp_path / "run.jsonl"
    before = written(path, 1)
    other = msgspec.structs.replace(HEADER, **{change.name: change.value})
    with pytest.raises(InputError, match=rf"begun with (another )?{change.name}.*, now "):
        Journal.resume(path, other, Point)
    assert path.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b'{"format":"realnet-jou', b"{}\n", b"\xff\xfe\n"])
def test_a_file_without_a_whole_header_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match="line 1: no whole header"):
        Journal.resume(path, HEADER, Point)


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    before = written(path, 1)
    with pytest.raises(InputError, match="File exists"):
        Journal.begin(path, HEADER)
    assert path.read_bytes() == before


def test_a_full_disk_is_told_and_can_be_resumed() -> None:
    with pytest.raises(InputError, match="No space left"):
        Journal(Path("/dev/full"), os.open("/dev/full", os.O_WRONLY), HEADER, []).record(
            a_point("case 0")
        )


def hold(path: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with Journal.begin(path, HEADER):
        ready.set()
        multiprocessing.Event().wait()


def test_two_runs_do_not_write_one_journal_but_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    other = context.Process(target=hold, args=(path, ready))
    other.start()
    try:
        assert ready.wait(10)
        with pytest.raises(BenchError, match="another run is writing this journal"):
            Journal.resume(path, HEADER, Point)
    finally:
        other.kill()
        other.join()
    with Journal.resume(path, HEADER, Point) as journal:
        assert journal.header == HEADER


def go_on(path: Path, told: int) -> None:
    """Take up the journal and record points for ever; tell each that is recorded."""
    with Journal.resume(path, HEADER, Point) as journal:
        for number in itertools.count(len(journal.points)):
            journal.record(a_point(f"case {number}", float(number)))
            os.write(told, number.to_bytes(4, "little"))


def test_fifty_kills_at_random_moments_lose_no_point_and_double_none(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    Journal.begin(path, HEADER).__exit__()
    context = multiprocessing.get_context("fork")
    randomly = random.Random(1)
    told, tells = os.pipe()
    heard = []
    with os.fdopen(told, "rb", buffering=0) as hears:
        for _ in range(50):
            run = context.Process(target=go_on, args=(path, tells))
            run.start()
            heard.append(int.from_bytes(hears.read(4), "little"))
            time.sleep(randomly.uniform(0.0, 0.02))
            run.kill()
            run.join()
            while select.select([hears], [], [], 0)[0]:
                heard.append(int.from_bytes(hears.read(4), "little"))
        os.close(tells)
    points = parse(path.read_bytes(), Point, where="")[1]
    assert [point.point for point in points] == [f"case {n}" for n in range(len(points))]
    assert len(heard) >= 50
    # The last point of a run may be on disk without having been told.
    assert heard == sorted(set(heard))
    assert set(heard) <= set(range(len(points)))
