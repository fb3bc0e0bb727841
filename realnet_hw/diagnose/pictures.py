"""The drawings of a board with the suspects marked: the fuller a mark, the more probable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from realnet_hw.compare.svg import Drawing, element, read
from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.errors import InputError
from realnet_hw.export.breadboard.paths import PITCH
from realnet_hw.export.pcb.footprints import turned
from realnet_hw.records import Diagnosis

_LEAST = 0.02
# As ``export.pcb.copper_picture`` draws: units in a millimetre, and the margin around the board.
_PER_mm, _MARGIN_mm = 100.0, 1.0
_PAD_mm = 1.5
# Around a name on the schematic.
_AROUND_mm = 3.5


@dataclass(frozen=True)
class Picture:
    """A drawing for the page: its title, and the ``<svg>``."""

    title: str
    svg: str


def suspects(record: Diagnosis) -> dict[str, float]:
    """Return how probable it is that something is wrong with each part or net.

    Where no single fault fits, those of the first pair.
    """
    found: dict[str, float] = {}
    faults = [fault for group in record.groups for fault in group.faults]
    if record.fit == "unknown":
        faults = [fault for pair in record.pairs[:1] for fault in pair.faults]
    for fault in faults:
        for name in (*fault.parts, *fault.nets):
            found[name] = max(found.get(name, 0.0), fault.p)
    return {name: p for name, p in found.items() if p >= _LEAST}


def pictures(record: Diagnosis, built: Path | None, built_on: str) -> list[Picture]:
    """Return the drawings that a build holds, with the suspects marked.

    Args:
        record: the diagnosis.
        built: the folder of the board's build, None where there is none of this circuit.
        built_on: "pcb" or "breadboard": which of the two is shown.

    Raises:
        InputError: a drawing that can't be read.
    """
    if built is None:
        return []
    marked = suspects(record)
    made = []
    if (schematic := built / "schematic.svg").is_file():
        made.append(_with_words(schematic, marked, "Schematic", _AROUND_mm))
    breadboard, copper = built / "breadboard.svg", built / "copper_top.svg"
    if built_on == "breadboard" and breadboard.is_file():
        made.append(_with_words(breadboard, marked, "Breadboard", PITCH / 4, 6 * PITCH))
    board_file = built / f"{record.board}.kicad_pcb"
    if built_on == "pcb" and copper.is_file() and board_file.is_file():
        made.append(_with_footprints(copper, board_file, marked))
    return made


def _with_words(
    path: Path, marked: Mapping[str, float], title: str, reach: float, below: float = 0.0
) -> Picture:
    """Mark a drawing where it names a part, or one of its units, or a net.

    Args:
        path: of the drawing.
        marked: probability by name.
        title: of the picture.
        reach: how far marks reach around a name.
        below: how much further below it, where a part stands under its name.
    """
    drawing = read(path)
    marks = []
    for word in drawing.words:
        first = word.text.split(" ")[0]
        p = marked.get(first) or marked.get(re.sub(r"(?<=[0-9])[A-Z]$", "", first))
        if p:
            box = word.box.grown(reach)
            low = box.bottom + (below if word.text == first else 0.0)
            box = Box(box.left, box.top, box.right, low)
            marks.append(_mark(box, p, drawing.view.width))
    return _picture(drawing, marks, title)


def _with_footprints(path: Path, board_file: Path, marked: Mapping[str, float]) -> Picture:
    """Mark the copper of parts, and name them."""
    drawing = read(path)
    try:
        tree = sexpr.parse(board_file.read_text("utf-8"))
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(board_file)) from None
    corner = _corner(tree)
    marks = []
    for name, pads in _pads(tree):
        if name not in marked:
            continue
        box = Box.union(
            [
                Box(*(_PER_mm * v for v in (x - _PAD_mm, y - _PAD_mm, x + _PAD_mm, y + _PAD_mm)))
                for x, y in ((p.x - corner.x, p.y - corner.y) for p in pads)
            ]
        )
        size = 0.024 * drawing.view.width
        marks.append(_mark(box, marked[name], drawing.view.width))
        marks.append(
            f'<text class="suspect" x="{box.left:.0f}" y="{box.top - size / 4:.0f}" '
            f'font-size="{size:.0f}">{escape(name)}</text>'
        )
    return _picture(drawing, marks, "Board, from above")


def _corner(tree: sexpr.Node) -> Point:
    """Return the point of the board file that is the picture's upper left corner."""
    ends = [
        sexpr.numbers(item, name)
        for item in tree
        if isinstance(item, list) and sexpr.word(item, "layer") == "Edge.Cuts"
        for name in ("start", "mid", "end")
        if sexpr.child(item, name)
    ]
    return Point(*(min(end[axis] for end in ends) - _MARGIN_mm for axis in (0, 1)))


def _pads(tree: sexpr.Node) -> Iterator[tuple[str, list[Point]]]:
    """Yield the reference of each footprint and where its pads are, in mm."""
    for part in sexpr.children(tree, "footprint"):
        name = next(
            (str(each[2]) for each in sexpr.children(part, "property") if each[1] == "Reference"),
            "",
        )
        x, y, *turn = sexpr.numbers(part, "at")
        pads = []
        for pad in sexpr.children(part, "pad"):
            px, py, *_ = sexpr.numbers(pad, "at")
            pads.append(turned(Point(px, py), turn[0] if turn else 0.0).moved(x, y))
        if pads:
            yield name, pads


def _mark(box: Box, p: float, width: float) -> str:
    return (
        f'<rect class="suspect" x="{box.left:.2f}" y="{box.top:.2f}" width="{box.width:.2f}" '
        f'height="{box.height:.2f}" rx="{0.006 * width:.2f}" stroke-width="{0.003 * width:.2f}" '
        f'style="fill-opacity:{0.08 + 0.35 * p:.2f};stroke-opacity:{0.35 + 0.65 * p:.2f}"/>'
    )


def _picture(drawing: Drawing, marks: Sequence[str], title: str) -> Picture:
    content = drawing.content + "".join(marks)
    return Picture(title, element(content, drawing.view, f"{title}, with the suspects marked"))
