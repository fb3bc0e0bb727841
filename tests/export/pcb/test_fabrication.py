"""What a fab is sent: read back by other programs' eyes, it is the circuit and nothing is missing.

The files are the ones in ``boards/*/generated``, which tests/export/test_build.py proves current.
"""

from __future__ import annotations

import csv
import functools
import io
import math
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realnet_hw import project
from realnet_hw.board import load_board
from realnet_hw.export import netlist
from realnet_hw.export.pcb import fabrication
from realnet_hw.export.pcb.copper_picture import SIDES
from tests.export.pcb.gerbers import copper_nets

BOARDS = sorted(path.parent.name for path in (project.bundle() / "boards").glob("*/board.py"))

# The file's ending and what its X2 attribute says it is.
# Ref: JLCPCB, "How to generate Gerber and drill files in KiCad"; Ucamco, "The Gerber Layer Format
# Specification", 5.6.3 (.FileFunction).
LAYERS = {
    "-F_Cu.gtl": ("Copper", "L1", "Top"),
    "-B_Cu.gbl": ("Copper", "L2", "Bot"),
    "-F_Mask.gts": ("Soldermask", "Top"),
    "-B_Mask.gbs": ("Soldermask", "Bot"),
    "-F_Paste.gtp": ("Paste", "Top"),
    "-B_Paste.gbp": ("Paste", "Bot"),
    "-F_Silkscreen.gto": ("Legend", "Top"),
    "-B_Silkscreen.gbo": ("Legend", "Bot"),
    "-Edge_Cuts.gm1": ("Profile", "NP"),
}

# Around the board in its pictures.
MARGIN_mm = 1.0

# Middles of the same pads by two ways of rounding, mm.
SAME_mm = 0.002


def generated(name: str) -> Path:
    return project.bundle() / "boards" / name / "generated"


def unpacked(name: str) -> dict[str, bytes]:
    path = generated(name) / "fabrication" / f"{name}_gerbers.zip"
    with zipfile.ZipFile(path) as archive:
        return {each.removeprefix(name): archive.read(each) for each in archive.namelist()}


def drilled(name: str, kind: str) -> list[tuple[float, float, float]]:
    """Return place and diameter of the holes of a drill file, mm."""
    import gerbonara

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # KiCad's G90 stands after the header
        file = gerbonara.ExcellonFile.from_string(unpacked(name)[f"-{kind}.drl"].decode())
    return [(hole.x, hole.y, hole.aperture.diameter) for hole in file.objects]


def flashed(name: str) -> dict[str, list[tuple[float, float]]]:
    """Return the places of each part's pads on the top copper, mm."""
    import gerbonara

    layer = gerbonara.GerberFile.from_string(unpacked(name)["-F_Cu.gtl"].decode())
    found: dict[str, list[tuple[float, float]]] = {}
    for item in layer.objects:
        attributes = item.attrs if isinstance(item.attrs, dict) else {}
        if pin := attributes.get(".P"):
            found.setdefault(pin[0], []).append((item.x, item.y))
    return found


def outline(name: str) -> list[Any]:
    import gerbonara

    text = unpacked(name)["-Edge_Cuts.gm1"].decode()
    return list(gerbonara.GerberFile.from_string(text).objects)


@functools.cache
def circuit(name: str) -> set[frozenset[tuple[str, str]]]:
    """Return the pins that the board's description joins."""
    return joined(netlist.from_board(load_board(name)).nets().values())


def joined(nets: Any) -> set[frozenset[tuple[str, str]]]:
    """Leave out pins that nothing is connected to."""
    return {frozenset(net) for net in nets if len(net) > 1}


@pytest.mark.usefixtures("kicad")
@pytest.mark.parametrize("name", BOARDS)
def test_copper_that_is_ordered_is_the_circuit(name: str) -> None:
    files = {f"{name}{ending}": content for ending, content in unpacked(name).items()}
    assert joined(copper_nets(files, name)) == circuit(name)


@pytest.mark.usefixtures("kicad")
@pytest.mark.parametrize("name", BOARDS)
def test_electrical_test_is_for_the_circuit(name: str) -> None:
    """Ref: IPC-D-356A, 4.6 (operation code 3x7, net in columns 4 to 17, pin from 21)."""
    text = (generated(name) / "fabrication" / f"{name}.d356").read_text("utf-8")
    nets: dict[str, set[tuple[str, str]]] = {}
    for line in text.splitlines():
        if line.startswith(("317", "327")) and (pin := re.match(r"(\S+)\s+-(\S+)", line[20:])):
            nets.setdefault(line[3:17].strip(), set()).add((pin[1], pin[2]))
    nets.pop("N/C", None)
    assert joined(nets.values()) == circuit(name)


@pytest.mark.parametrize("name", BOARDS)
def test_archive_holds_every_layer_under_the_names_that_fabs_know(name: str) -> None:
    import gerbonara

    files = unpacked(name)
    assert set(files) == {*LAYERS, "-PTH.drl", "-NPTH.drl", "-job.gbrjob"}
    for ending, function in LAYERS.items():
        layer = gerbonara.GerberFile.from_string(files[ending].decode())
        assert layer.file_attrs[".FileFunction"] == function
    empty = {"-F_Paste.gtp", "-B_Paste.gbp", "-B_Silkscreen.gbo"}
    for ending in LAYERS.keys() - empty:
        assert gerbonara.GerberFile.from_string(files[ending].decode()).objects


@pytest.mark.parametrize("name", BOARDS)
def test_holes_for_screws_are_not_plated_and_all_others_are(name: str) -> None:
    files = unpacked(name)
    assert b"TF.FileFunction,NonPlated,1,2,NPTH" in files["-NPTH.drl"]
    assert b"TF.FileFunction,Plated,1,2,PTH" in files["-PTH.drl"]
    assert [diameter for *_, diameter in drilled(name, "NPTH")] == [3.2] * 4
    plated = [(x, y) for x, y, _ in drilled(name, "PTH")]
    for pads in flashed(name).values():
        for pad in pads:
            assert min(math.dist(pad, hole) for hole in plated) < SAME_mm


@pytest.mark.parametrize("name", BOARDS)
def test_edge_is_one_closed_line_around_everything(name: str) -> None:
    edge = outline(name)
    ends = Counter(
        (round(x, 4), round(y, 4))
        for each in edge
        for x, y in ((each.x1, each.y1), (each.x2, each.y2))
    )
    assert set(ends.values()) == {2}
    # Along the edge from one end to the next, all of it is met before the first comes again.
    place, left, met = (edge[0].x1, edge[0].y1), list(edge), 0
    while left:
        following = next(each for each in left if place in _ends(each))
        left.remove(following)
        place = next(end for end in _ends(following) if end != place)
        met += 1
    assert (met, place) == (len(edge), (edge[0].x1, edge[0].y1))
    xs, ys = zip(*ends, strict=True)
    # Places count from the lower left corner.
    assert (min(xs), min(ys)) == (0.0, 0.0)
    for x, y, diameter in (*drilled(name, "PTH"), *drilled(name, "NPTH")):
        assert diameter < x < max(xs) - diameter
        assert diameter < y < max(ys) - diameter


def _ends(item: Any) -> list[tuple[float, float]]:
    return [(item.x1, item.y1), (item.x2, item.y2)]


@pytest.mark.parametrize("name", BOARDS)
def test_jlcpcbs_two_files_name_the_same_parts(name: str) -> None:
    places = _rows(generated(name) / "fabrication" / f"{name}_cpl_jlcpcb.csv")
    bought = _rows(generated(name) / "bom_jlcpcb.csv")
    placed = [row["Designator"] for row in places]
    listed = [each for row in bought for each in row["Designator"].split(",")]
    assert sorted(placed) == sorted(listed)
    assert list(places[0]) == ["Designator", "Mid X", "Mid Y", "Layer", "Rotation"]
    assert {row["Layer"] for row in places} == {"Top"}
    assert all(0 <= float(row["Rotation"]) < 360 for row in places)


@pytest.mark.parametrize("name", BOARDS)
def test_parts_are_placed_by_the_middle_of_their_pads(name: str) -> None:
    """KiCad gives pin 1 of most through-hole parts, which the machine would put in the middle."""
    pads = flashed(name)
    for row in _rows(generated(name) / "fabrication" / f"{name}_cpl_jlcpcb.csv"):
        xs, ys = zip(*pads[row["Designator"]], strict=True)
        x, y = (float(row[column].removesuffix("mm")) for column in ("Mid X", "Mid Y"))
        assert x == pytest.approx((min(xs) + max(xs)) / 2, abs=SAME_mm)
        assert y == pytest.approx((min(ys) + max(ys)) / 2, abs=SAME_mm)


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


@pytest.mark.parametrize("name", BOARDS)
def test_no_file_tells_when_it_was_made(name: str) -> None:
    dates = re.compile(
        rb"(?<!\d)20\d\d([-/]?)(?:0\d|1[0-2])\1[0-3]\d(?:T|\s)\d\d:?\d\d|D:2\d{7}|tIME"
    )
    for where, content in _all_files(generated(name)):
        found = {match[0] for match in dates.finditer(content)}
        assert found <= {b"2000-01-01T00:00"}, where


def _all_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for item in archive.infolist():
                    assert item.date_time == (2000, 1, 1, 0, 0, 0)
                    yield f"{path.name}/{item.filename}", archive.read(item)
        elif path.is_file():
            yield path.name, path.read_bytes()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", BOARDS)
def test_picture_of_copper_has_every_hole_where_it_is_drilled(name: str, side: str) -> None:
    text = (generated(name) / f"copper_{side}.svg").read_text("utf-8")
    width, height = (int(each) / 100 for each in re.findall(r'viewBox="0 0 (\d+) (\d+)"', text)[0])
    holes = re.search(r'<g fill="#ffffff".*?</g>', text, re.DOTALL)
    assert holes is not None
    mirrored_in = width if side == "bottom" else None
    shown = [_middle(path, mirrored_in) for path in re.findall(r'd="M(.*?)Z"', holes[0])]
    drills = (*drilled(name, "PTH"), *drilled(name, "NPTH"))
    expected = [(x + MARGIN_mm, height - MARGIN_mm - y) for x, y, _ in drills]
    assert len(shown) == len(expected)
    for place in expected:
        assert min(math.dist(place, other) for other in shown) < 0.03


def _middle(path: str, mirrored_in: float | None) -> tuple[float, float]:
    """Return the middle of a path of relative steps of 10 um, seen from the top."""
    numbers = [int(each) for each in re.findall(r"-?\d+", path)]
    x, y = numbers[:2]
    xs, ys = [x], [y]
    for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
        x, y = x + dx, y + dy
        xs.append(x)
        ys.append(y)
    middle = (min(xs) + max(xs)) / 200
    return (middle if mirrored_in is None else mirrored_in - middle), (min(ys) + max(ys)) / 200


def test_kibots_file_can_be_read_and_names_the_same_layers() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    content = yaml.safe_load(fabrication.kibot_text())
    assert content["kibot"] == {"version": 1}
    gerbers = next(each for each in content["outputs"] if each["type"] == "gerber")
    assert tuple(gerbers["layers"]) == fabrication.GERBER_LAYERS
