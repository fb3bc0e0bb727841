"""What was measured, written at the nodes of the schematics that KiCad drew of the boards."""

from __future__ import annotations

import re
import time
from pathlib import Path

import msgspec
import pytest

from realnet_hw import project
from realnet_hw.board import Board, load_board
from realnet_hw.compare import compare
from realnet_hw.compare.nodes import MOST_CASES, Schematic, schematic
from realnet_hw.compare.svg import read
from realnet_hw.drawing.geometry import Box
from realnet_hw.records import ComparedCase, ComparedInput, ComparedPulse, ComparedValue, Comparison
from tests.compare.worlds import usual

WORLD = usual()
COMPARISON = compare(WORLD.prediction(), WORLD.measurement(1))
NETS = {name: name for name in ("X1", "X2", "Y", "H1", "H2")}
ROOT = Path(__file__).parents[2]
# Of boards that something measures.
DRAWN = [
    path
    for path in sorted(ROOT.glob("boards/*/generated/schematic.svg"))
    if load_board(path.parts[-3]).procedures
]
XOR = ROOT / "boards/xor_opamp/generated/schematic.svg"

_TAG = re.compile(
    r'<g class="node (\w+)" style="visibility:var\(--case(\d+),hidden\)">'
    r'<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)" rx="[\d.]+"/>'
    r"<text [^>]*>([^<]*)</text></g>"
)


def tags(shown: Schematic) -> list[tuple[str, int, Box, str]]:
    """Tone, case, place and text of every tag."""
    found = []
    for tone, case, *place, text in _TAG.findall(shown.whole):
        x, y, width, height = (float(v) for v in place)
        found.append((tone, int(case), Box(x, y, x + width, y + height), text))
    assert len(found) == shown.whole.count('class="node ')
    return found


def of_board(board: Board) -> Comparison:
    """A comparison with a reading of −3.333 V, or 1.234 ms, at every terminal, far too low."""
    value = ComparedValue(
        predicted_V=0.0,
        measured_V=-3.3333,
        U_predicted_V=0.1,
        U_measured_V=0.1,
        En=-23.0,
        logic=None,
        expected=None,
    )
    pulse = ComparedPulse(
        predicted_s=9e-3, measured_s=1.234e-3, U_predicted_s=1e-4, U_measured_s=1e-5, En=-77.0
    )
    case = ComparedCase(
        inputs={p.name: ComparedInput(set_V=0.0, measured_V=0.0, U_measured_V=0.1)
                for p in board.inputs},
        outputs={p.name: value for p in board.outputs},
        nodes={p.name: value for p in board.test_points if p.kind == "voltage"},
        pulses={p.name: pulse for p in board.test_points if p.kind == "pulse"},
    )  # fmt: skip
    return msgspec.structs.replace(COMPARISON, board=board.name, cases=[case])


def overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.parts[-3])
def test_tags_cover_nothing_and_stand_nearest_to_their_own_label(path: Path) -> None:
    drawn = read(path)
    board = load_board(path.parts[-3])
    comparison = of_board(board)
    nets = {place.name: place.net for place in (*board.ports, *board.test_points)}
    found = tags(schematic(path, comparison, nets))
    (case,) = comparison.cases
    names = {*case.inputs, *case.outputs, *case.nodes, *case.pulses}
    # A net may be called as a letter on the sheet's border, which is 12 mm wide.
    sheet = drawn.view.grown(-12.0)
    labels = [
        word
        for word in drawn.words
        if word.text in {nets[name] for name in names} and sheet.holds(word.box)
    ]
    # Every net that has a label in the drawing carries its voltage.
    assert {nets[text.split()[0]] for *_, text in found} == {word.text for word in labels}
    for i, (_, _, box, text) in enumerate(found):
        assert drawn.view.holds(box)
        covered = [word.text for word in drawn.words if overlap(box, word.box)]
        assert covered == [], text
        assert not any(overlap(box, shape) for shape in drawn.shapes), text
        assert not any(overlap(box, other) for _, _, other, _ in found[i + 1 :]), text
        own = nets[text.split()[0]]
        away = [(_distance(box, word.box), word.text) for word in labels]
        # Beside a column of labels a tag may be as far from two of them.
        nearest = min(distance for distance, _ in away)
        assert min(distance for distance, net in away if net == own) <= nearest + 0.01, text


def _distance(one: Box, other: Box) -> float:
    across = max(0.0, one.left - other.right, other.left - one.right)
    down = max(0.0, one.top - other.bottom, other.top - one.bottom)
    return (across**2 + down**2) ** 0.5


def test_a_voltage_stands_at_its_terminal_s_net_whatever_the_terminal_is_called(
    tmp_path: Path,
) -> None:
    """X1 is on net X2 and the other way round; H1 and H2 are both on net N; Y's net is unknown."""
    path = tmp_path / "crossed.svg"
    at = {"X1": 20, "X2": 60, "N": 100, "Y": 140, "H1": 180}
    labels = "".join(
        f'<text x="41" y="{y}" font-size="2" textLength="3">{name}</text>' for name, y in at.items()
    )
    path.write_text(f'<svg viewBox="0 0 100 200">{labels}</svg>', encoding="utf-8")
    nets = {"X1": "X2", "X2": "X1", "H1": "N", "H2": "N"}
    shown = schematic(path, COMPARISON, nets)
    found = {text.split()[0]: box for _, _, box, text in tags(shown)}
    nearest = {
        name: min(at, key=lambda net: abs(at[net] - (box.top + box.bottom) / 2))
        for name, box in found.items()
    }
    assert nearest == nets
    assert shown.unwritten == ["Y"]


def test_letters_on_the_sheet_s_border_are_no_nets(tmp_path: Path) -> None:
    """KiCad writes A, B, C, ... down both sides of a sheet, 11 mm from its edge."""
    path = tmp_path / "sheet.svg"
    path.write_text(
        '<svg viewBox="0 0 297 210"><text x="11" y="35.65" font-size="1.3" textLength="1">A</text>'
        '<text x="150" y="100" font-size="1.3" textLength="1">A</text></svg>',
        encoding="utf-8",
    )
    ((_, _, box, _), *_) = tags(schematic(path, COMPARISON, {"Y": "A"}))
    assert abs(box.left - 150) < 30


def test_each_case_has_its_readings_and_what_was_not_read_has_none() -> None:
    unread = msgspec.structs.replace(
        COMPARISON.cases[2].nodes["H1"], measured_V=None, U_measured_V=None, En=None
    )
    cases = list(COMPARISON.cases)
    cases[2] = msgspec.structs.replace(cases[2], nodes={**cases[2].nodes, "H1": unread})
    shown = schematic(XOR, msgspec.structs.replace(COMPARISON, cases=cases), NETS)
    found = {(case, text.split()[0]): text for _, case, _, text in tags(shown)}
    for i, case in enumerate(cases):
        values = {**case.inputs, **case.outputs, **case.nodes}
        for name, value in values.items():
            if value.measured_V is None:
                assert (i, name) not in found
            else:
                figure = f"{value.measured_V:.3f}".replace("-", "−").replace("−0.000", "0.000")
                assert found[i, name].startswith(f"{name} {figure} V")
    assert [label for _, label in shown.cases] == [
        *("X1 = 0 V, X2 = 0 V", "X1 = 5 V, X2 = 0 V"),
        *("X1 = 0 V, X2 = 5 V", "X1 = 5 V, X2 = 5 V"),
    ]
    assert [name for name, _ in shown.cases] == ["0, 0 V", "5, 0 V", "0, 5 V", "5, 5 V"]


def test_a_reading_at_the_end_of_the_range_is_no_figure() -> None:
    first = COMPARISON.cases[0]
    far = msgspec.structs.replace(first.outputs["Y"], measured_V=10.235, U_measured_V=0.04)
    case = msgspec.structs.replace(first, outputs={"Y": far})
    for range_V, text in ((10.24, "Y ≥ 10.2 V"), (20.48, "Y 10.235 V")):
        shown = schematic(
            XOR, msgspec.structs.replace(COMPARISON, cases=[case], range_V=range_V), NETS
        )
        (tag,) = [text for *_, text in tags(shown) if text.startswith("Y")]
        assert tag.startswith(text)


def _with_En(En: float, *, case: int = 1, logic: int | None = 1) -> Comparison:
    cases = [
        msgspec.structs.replace(
            c,
            outputs={"Y": msgspec.structs.replace(c.outputs["Y"], En=0.1)},
            nodes={n: msgspec.structs.replace(v, En=0.1) for n, v in c.nodes.items()},
        )
        for c in COMPARISON.cases
    ]
    output = msgspec.structs.replace(cases[case].outputs["Y"], En=En, logic=logic)
    cases[case] = msgspec.structs.replace(cases[case], outputs={"Y": output})
    return msgspec.structs.replace(COMPARISON, cases=cases)


@pytest.mark.parametrize(
    ("En", "logic", "tone", "mark"),
    [
        *((0.9, 1, "good", ""), (-0.9, 1, "good", "")),
        *((1.1, 1, "doubt", "▲"), (-1.9, 1, "doubt", "▼")),
        *((2.1, 1, "bad", "▲▲"), (-9.0, 1, "bad", "▼▼")),
        *((0.2, 0, "bad", ""), (0.2, None, "doubt", "")),
    ],
)
def test_colours_and_arrows_say_how_far_off_a_value_is(
    En: float, logic: int | None, tone: str, mark: str
) -> None:
    shown = schematic(XOR, _with_En(En, logic=logic), NETS)
    (found,) = [(t, text) for t, case, _, text in tags(shown) if case == 1 and text[:2] == "Y "]
    assert found[0] == tone
    assert found[1].partition("V")[2].strip() == mark
    # A case with a value beyond its band, or a wrong answer, is the one to look at first.
    assert shown.first == (1 if mark or tone == "bad" else 0)


def test_a_narrow_page_gets_the_blocks_one_by_one() -> None:
    shown = schematic(XOR, COMPARISON, NETS)
    titles = re.findall(r'aria-label="([^"]*)"', "".join(tile.picture for tile in shown.tiles))
    assert set(titles) >= {"Inputs", "Hidden neuron H1", "Hidden neuron H2", "Output neuron Y"}
    assert len(titles) == len(set(titles)) == len(shown.tiles)
    for tile in shown.tiles:
        assert tile.picture.count('<use href="#drawing"/>') == 1
    # Every tag is seen in one of them.
    views = [
        [float(v) for v in found.split()]
        for found in re.findall(r'viewBox="([^"]*)"', "".join(tile.picture for tile in shown.tiles))
    ]
    windows = [Box(x, y, x + width, y + height) for x, y, width, height in views]
    for _, _, box, text in tags(shown):
        assert any(window.holds(box) for window in windows), text


def test_a_drawing_without_frames_is_shown_whole(tmp_path: Path) -> None:
    path = tmp_path / "plain.svg"
    path.write_text(
        '<svg viewBox="0 0 100 60"><path d="M10 20 L40 20"/>'
        '<text x="41" y="20" font-size="2" textLength="3">Y</text></svg>',
        encoding="utf-8",
    )
    shown = schematic(path, COMPARISON, NETS)
    assert shown.tiles == []
    assert "mask" not in shown.whole
    assert 'viewBox="0 0 100 60"' in shown.whole
    assert {text.split()[0] for *_, text in tags(shown)} == {"Y"}
    assert shown.unwritten == ["H1", "H2", "X1", "X2"]


def test_a_crowded_drawing_goes_without_tags_rather_than_covering_anything(tmp_path: Path) -> None:
    lines = "".join(f'<path d="M0 {y} L100 {y}"/>' for y in range(61))
    path = tmp_path / "crowded.svg"
    label = '<text x="41" y="20" font-size="2" textLength="3">Y</text>'
    path.write_text(f'<svg viewBox="0 0 100 60">{lines}{label}</svg>', encoding="utf-8")
    shown = schematic(path, COMPARISON, NETS)
    assert tags(shown) == []
    assert "Y" in shown.unwritten


def test_a_bus_of_many_labels_is_written_at_in_time(tmp_path: Path) -> None:
    """A hundred nets on a drawing as large as A3, each with three labels."""
    names = [f"N{i}" for i in range(100)]
    labels = "".join(
        f'<text x="{x}" y="{2.6 * i + 20:.1f}" font-size="1.2" textLength="4">{name}</text>'
        for i, name in enumerate(names)
        for x in (30, 200, 380)
    )
    path = tmp_path / "bus.svg"
    path.write_text(f'<svg viewBox="0 0 420 297">{labels}</svg>', encoding="utf-8")
    value = COMPARISON.cases[0].nodes["H1"]
    case = msgspec.structs.replace(COMPARISON.cases[0], nodes=dict.fromkeys(names, value))
    before_s = time.process_time()
    shown = schematic(
        path, msgspec.structs.replace(COMPARISON, cases=[case]), {n: n for n in names}
    )
    assert time.process_time() - before_s < 10
    places = [box for _, _, box, _ in tags(shown)]
    assert len(places) > 20
    assert len(places) + len(shown.unwritten) == 100 + len(case.inputs) + len(case.outputs)


def test_of_many_cases_the_first_can_be_chosen() -> None:
    many = msgspec.structs.replace(COMPARISON, cases=COMPARISON.cases * 10)
    shown = schematic(XOR, many, NETS)
    assert max(case for _, case, _, _ in tags(shown)) == MOST_CASES - 1
    assert [name for name, _ in shown.cases] == [f"case {i + 1}" for i in range(MOST_CASES)]


def test_names_are_text(tmp_path: Path) -> None:
    path = tmp_path / "odd.svg"
    path.write_text(
        '<svg viewBox="0 0 100 60"><text x="41" y="20" font-size="2">&lt;script&gt;</text></svg>',
        encoding="utf-8",
    )
    cases = [
        msgspec.structs.replace(case, nodes={"<script>": case.nodes["H1"]})
        for case in COMPARISON.cases
    ]
    shown = schematic(
        path, msgspec.structs.replace(COMPARISON, cases=cases), {"<script>": "<script>"}
    )
    assert "<script" not in shown.whole
    assert "&lt;script&gt; " in shown.whole


def test_the_boards_in_the_repository_are_drawn() -> None:
    assert XOR in DRAWN
    assert project.bundle() == ROOT
