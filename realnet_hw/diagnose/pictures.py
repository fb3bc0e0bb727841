"""The drawings of a board with the suspects marked: the fuller a mark, the more probable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.compare.svg import Drawing, element, read
from realnet_hw.diagnose.board_picture import board_pictures
from realnet_hw.drawing.geometry import Box
from realnet_hw.export.breadboard.paths import PITCH
from realnet_hw.records import Diagnosis, SuspectedFault

_LEAST = 0.02
# Around a name on the schematic.
_AROUND_mm = 3.5


@dataclass(frozen=True)
class Picture:
    """A drawing for the page: its title, and the ``<svg>``."""

    title: str
    svg: str


def suspects(record: Diagnosis) -> dict[str, float]:
    """Return how probable it is that something is wrong with each part or net.

    Where no single fault fits, those of the first pair and of pairs that look like it.
    """
    found: dict[str, float] = {}
    for fault in _faults(record):
        for name in (*fault.parts, *fault.nets):
            found[name] = max(found.get(name, 0.0), fault.p)
    for words, p in _alike(record):
        for name in (word.partition(".")[0] for word in words):
            found[name] = max(found.get(name, 0.0), p)
    return {name: p for name, p in found.items() if p >= _LEAST}


def _faults(record: Diagnosis) -> list[SuspectedFault]:
    if record.fit == "unknown":
        return [fault for pair in record.pairs[:1] for fault in pair.faults]
    return [fault for group in record.groups for fault in group.faults]


def _alike(record: Diagnosis) -> list[tuple[list[str], float]]:
    """Return the words of the names of faults in pairs that look like the first.

    Names of parts, pins and nets, "H2_SUM", have no small letters as what is wrong with them has.
    """
    first = record.pairs[:1] if record.fit == "unknown" else []
    names = [(name, pair.p) for pair in first for other in pair.others for name in other]
    return [([word for word in name.split() if word == word.upper()], p) for name, p in names]


def suspected_pins(record: Diagnosis) -> dict[str, float]:
    """Return how probable it is that something is wrong at each pin, "U1.3"."""
    found: dict[str, float] = {}
    for fault in _faults(record):
        pin = fault.name.split()[0]
        if "." in pin:
            found[pin] = max(found.get(pin, 0.0), fault.p)
    for words, p in _alike(record):
        for pin in (word for word in words if "." in word):
            found[pin] = max(found.get(pin, 0.0), p)
    return {pin: p for pin, p in found.items() if p >= _LEAST}


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
    breadboard, board_file = built / "breadboard.svg", built / f"{record.board}.kicad_pcb"
    if built_on == "breadboard" and breadboard.is_file():
        made.append(_with_words(breadboard, marked, "Breadboard", PITCH / 4, 6 * PITCH))
    if built_on == "pcb" and board_file.is_file():
        probe = record.next_probe.probe if record.next_probe else None
        touch = {probe.node, probe.other} - {""} if probe else set()
        drawn = board_pictures(board_file, marked, suspected_pins(record), touch)
        made += [Picture(title, svg) for title, svg in drawn.items()]
    if (schematic := built / "schematic.svg").is_file():
        made.append(_with_words(schematic, marked, "Schematic", _AROUND_mm))
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
        # There a package has its type behind its name; on a schematic that begins a title.
        first = word.text.split(" ")[0] if below else word.text
        p = marked.get(first) or marked.get(re.sub(r"(?<=[0-9])[A-Z]$", "", first))
        if not p:
            continue
        box = word.box.grown(reach)
        if word.text != first:
            box = _around(word.box, drawing) or box
        elif below:
            box = Box(box.left, box.top, box.right, box.bottom + below)
        marks.append(_mark(box, p, drawing.view.width))
    return _picture(drawing, marks, title)


def _around(word: Box, drawing: Drawing) -> Box | None:
    """Return the smallest rectangle that a word stands in, as on a package."""
    x, y = (word.left + word.right) / 2, (word.top + word.bottom) / 2
    holding = [
        box
        for box in drawing.rectangles
        if box.left <= x <= box.right and box.top <= y <= box.bottom and box.width > word.width
    ]
    return min(holding, key=lambda box: box.width * box.height, default=None)


def _mark(box: Box, p: float, width: float) -> str:
    return (
        f'<rect class="suspect" x="{box.left:.2f}" y="{box.top:.2f}" width="{box.width:.2f}" '
        f'height="{box.height:.2f}" rx="{0.006 * width:.2f}" stroke-width="{0.003 * width:.2f}" '
        f'style="fill-opacity:{0.05 + 0.2 * p:.2f};stroke-opacity:{0.3 + 0.7 * p:.2f}"/>'
    )


def _picture(drawing: Drawing, marks: Sequence[str], title: str) -> Picture:
    content = drawing.content + "".join(marks)
    return Picture(title, element(content, drawing.view, f"{title}, with the suspects marked"))
