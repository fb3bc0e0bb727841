"""The schematic with what was measured written at its nodes.

A tag stands beside a net's label, where nothing is drawn. It holds the voltage, or the width of the
pulse, of every case, of which the page shows one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare import standing
from realnet_hw.compare.readings import case_label
from realnet_hw.compare.svg import Drawing, Word, element, read
from realnet_hw.compare.words import beyond, case_names, volts, width
from realnet_hw.drawing.geometry import Box
from realnet_hw.records import ComparedCase, Comparison

MOST_CASES = 16
"""So many cases can be chosen from; those after them are in the tables alone."""

_PAGE_px = 1050.0  # how wide the widest page shows a drawing
_SIZE_px = 10.5
_SIZES = (1.0, 0.85, 0.7)  # smaller where tags find no room beside a column of labels
_CHARACTER = 0.6  # width of a figure, in sizes of the font
_PADDING = 0.3
_HEIGHT = 1.32
_CLEAR = 0.4
_MARGIN = 0.012
_NEAR, _FAR = 4.0, 9.0  # from a label, in sizes of the font: within its frame, and outside
_STEPS = 8  # of the grid of places, in a size of the font
_MINUS = "\N{MINUS SIGN}"
_FRAME = (15.0, 12.0)
_BORDER_mm = 12.0  # of KiCad's sheet: a margin of 10 mm, and the row of letters

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """What stands at a node in one case."""

    text: str
    tone: str


@dataclass(frozen=True)
class Tile:
    """One framed block of a schematic, drawn by referring to the whole; its width in its units."""

    picture: str
    width: float


@dataclass(frozen=True)
class Schematic:
    """A schematic for the page.

    Args:
        whole: the drawing as one ``<svg>``.
        tiles: its framed blocks one by one, for a narrow page.
        cases: the cases that can be chosen: short name, and inputs.
        first: which of them is shown first: the one furthest off, else the first.
        unwritten: the terminals that were read and have no place for a tag.
    """

    whole: str
    tiles: list[Tile]
    cases: list[tuple[str, str]]
    first: int
    unwritten: list[str]


def schematic(path: Path, comparison: Comparison, nets: Mapping[str, str]) -> Schematic:
    """Return a board's schematic with the measured voltages at its nodes.

    Args:
        path: SVG file that KiCad drew, in millimetres.
        comparison: of the board.
        nets: the net that each terminal is on. Names of terminals are never taken for those of
            nets: a terminal that is not here is not written.

    Raises:
        InputError: no such file, or no SVG.
    """
    drawing = read(path)
    cases = comparison.cases[:MOST_CASES]
    names = case_names([[i.set_V for i in case.inputs.values()] for case in comparison.cases])
    readings = _readings(cases, comparison.range_V)
    frames = _frames(drawing, {nets[name] for name in readings if name in nets})
    view = Box.union(frames).grown(_MARGIN * drawing.view.width) if frames else drawing.view
    labelled = {word.text for word in _labels(drawing, set(nets.values()))}
    wanted = sum(nets.get(name) in labelled for name in readings)
    for smaller in _SIZES:
        size = smaller * _SIZE_px * view.width / _PAGE_px
        placed = _placed(drawing, view, frames, readings, nets, size)
        if len(placed) == wanted:
            break
    tags = "".join(_tag(box, readings[name], size) for name, box in placed.items())
    label = f"Schematic of {comparison.board}"
    content = f'<g id="drawing">{drawing.content}{_mask(drawing.view, frames)}{tags}</g>'
    return Schematic(
        whole=element(content, view, label),
        tiles=[_tile(drawing, frames[i], tags) for i, tags in _by_frame(frames, placed.values())],
        cases=list(zip(names, map(case_label, cases), strict=False)),
        first=_worst(cases),
        unwritten=[name for name in readings if name not in placed],
    )


def _by_frame(frames: Sequence[Box], tags: Iterable[Box]) -> list[tuple[int, list[Box]]]:
    """The tags that stand in each frame or nearest to it."""
    found: dict[int, list[Box]] = {i: [] for i in range(len(frames))}
    for tag in tags if frames else ():
        found[int(np.argmin(_distance(np.array(frames), tag)))].append(tag)
    return list(found.items())


def _tile(drawing: Drawing, frame: Box, tags: Sequence[Box]) -> Tile:
    """A frame with the tags beside it, its largest text as its name."""
    inside = [word for word in drawing.words if frame.holds(word.box)]
    title = max(inside, key=lambda word: (word.box.height, -word.box.top)).text if inside else ""
    view = Box.union([frame, *tags]).grown(0.02 * frame.width)
    return Tile(picture=element('<use href="#drawing"/>', view, title), width=view.width)


def _mask(view: Box, frames: Sequence[Box]) -> str:
    """What hides all but the frames: the sheet's own border and title block."""
    if not frames:
        return ""
    holes = "".join(_outline(frame.grown(0.2)) for frame in frames)
    return f'<path class="mask" fill-rule="evenodd" d="{_outline(view.grown(1.0))}{holes}"/>'


def _outline(box: Box) -> str:
    return f"M{box.left:.2f} {box.top:.2f}H{box.right:.2f}V{box.bottom:.2f}H{box.left:.2f}Z"


def _readings(cases: Sequence[ComparedCase], range_V: float | None) -> dict[str, list[Reading]]:
    """By terminal what was read in each case; those of which nothing was read are left out."""
    found: dict[str, list[Reading]] = {}
    for case in cases:
        values = case.outputs | case.nodes
        for name, value in values.items():
            tone = standing.tone(value) or "plain"
            read_V, U_V = value.measured_V, value.U_measured_V
            side = "" if read_V is None or U_V is None else beyond(read_V, U_V, range_V)
            text = _figure(
                f"{name} {side}".rstrip(),
                read_V,
                standing.direction(value),
                form=".1f" if side else ".3f",
            )
            found.setdefault(name, []).append(Reading(text, tone))
        for name, pulse in case.pulses.items():
            mark = standing.direction(pulse)
            text = "" if pulse.measured_s is None else f"{name} {width(pulse.measured_s)} ms {mark}"
            tone = standing.tone(pulse) or "plain"
            found.setdefault(name, []).append(Reading(text.rstrip(), tone))
        for name, put in case.inputs.items():
            found.setdefault(name, []).append(Reading(_figure(name, put.measured_V), "plain"))
    return {name: row for name, row in found.items() if any(reading.text for reading in row)}


def _figure(name: str, value_V: float | None, mark: str = "", form: str = ".3f") -> str:
    if value_V is None:
        return ""
    return f"{name} {volts(value_V, form).replace('-', _MINUS)} V{mark and ' ' + mark}"


def _worst(cases: Sequence[ComparedCase]) -> int:
    """The case to show first: where a value lies furthest beyond its band, else the first."""

    def distance(case: ComparedCase) -> float:
        values = [*case.outputs.values(), *case.nodes.values()]
        wrong = any(standing.answer_of(value) == "bad" for value in values)
        found = [value.En for value in values] + [pulse.En for pulse in case.pulses.values()]
        return wrong * 1e9 + max((abs(En) for En in found if En is not None), default=0.0)

    furthest = [max(1.0, distance(case)) for case in cases]
    return furthest.index(max(furthest))


# ----------------------------------------------------------------------------------------- places


def _frames(drawing: Drawing, nets: Set[str]) -> list[Box]:
    """The frames around the blocks of a drawing, from left to right.

    None where a label stands outside, so that nothing of the circuit is hidden with the sheet.
    """
    large = {
        box
        for box in drawing.rectangles
        if box.width >= _FRAME[0]
        and box.height >= _FRAME[1]
        and box.width * box.height < 0.8 * drawing.view.width * drawing.view.height
    }
    frames = [b for b in large if not any(other != b and other.holds(b) for other in large)]
    labels = [word.box for word in _labels(drawing, nets)]
    if not all(any(frame.holds(label) for frame in frames) for label in labels):
        return []
    return sorted(frames, key=lambda box: (box.left, box.top))


def _labels(drawing: Drawing, nets: Set[str]) -> list[Word]:
    """The labels of nets; the letters and numbers along the sheet's border are none."""
    sheet = drawing.view.grown(-_BORDER_mm)
    return [word for word in drawing.words if word.text in nets and sheet.holds(word.box)]


class _Paper:
    """Which places of a drawing are taken: a grid, summed up so that a rectangle is one look-up."""

    def __init__(self, view: Box, step: float, taken: Iterable[Box]) -> None:
        self.view = view
        self.step = step
        shape = (math.ceil(view.height / step) + 1, math.ceil(view.width / step) + 1)
        self._ink = np.zeros(shape, dtype=np.int32)
        for box in taken:
            self._mark(box)
        self._count()

    def take(self, box: Box) -> None:
        """Mark a place as taken."""
        self._mark(box)
        self._count()

    def covered_with(self, boxes: Iterable[Box]) -> _Paper:
        """Return a paper on which these are taken too."""
        copy = _Paper(self.view, self.step, ())
        copy._ink = self._ink.copy()
        for box in boxes:
            copy._mark(box)
        copy._count()
        return copy

    def free(self, room: Box, width: float, height: float) -> Array:
        """Return the free places of this size in a room, by their left and top edges, n x 2."""
        across, down = math.ceil(width / self.step) + 1, math.ceil(height / self.step) + 1
        rows, columns = self._ink.shape
        left, top = self._cell(room.left, room.top)
        right = min(math.floor((room.right - self.view.left - width) / self.step), columns - across)
        bottom = min(math.floor((room.bottom - self.view.top - height) / self.step), rows - down)
        left, top = max(left + 1, 0), max(top + 1, 0)
        if right < left or bottom < top:
            return np.empty((0, 2))
        y, x = np.mgrid[top : bottom + 1, left : right + 1]
        sums = self._sums
        ink = sums[y + down, x + across] - sums[y, x + across] - sums[y + down, x] + sums[y, x]
        cells = np.argwhere(ink == 0)[:, ::-1] + (left, top)
        return (cells * self.step + (self.view.left, self.view.top)).astype(np.float64)

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        return (
            math.floor((x - self.view.left) / self.step),
            math.floor((y - self.view.top) / self.step),
        )

    def _mark(self, box: Box) -> None:
        left, top = self._cell(box.left, box.top)
        right, bottom = self._cell(box.right, box.bottom)
        self._ink[max(0, top) : max(0, bottom + 1), max(0, left) : max(0, right + 1)] = 1

    def _count(self) -> None:
        self._sums = np.pad(self._ink.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _placed(
    drawing: Drawing,
    view: Box,
    frames: Sequence[Box],
    readings: Mapping[str, Sequence[Reading]],
    nets: Mapping[str, str],
    size: float,
) -> dict[str, Box]:
    """Where the tag of each terminal stands: beside a label of its net with a free place nearby.

    A label on the right of its wire names what leaves the block, and is preferred. The place is
    within the label's frame, else outside of all frames, and nearer to no other net's label.
    """
    ink = [box.grown(_CLEAR) for box in (*drawing.shapes, *(w.box for w in drawing.words))]
    inside = _Paper(view, size / _STEPS, ink)
    outside = inside.covered_with(frames)
    on = {name: net for name, net in nets.items() if name in readings}
    labels = _labels(drawing, set(on.values()))
    boxes = np.array([label.box for label in labels]).reshape(-1, 4)
    placed: dict[str, Box] = {}
    ordered = sorted(labels, key=lambda w: (w.ends, w.box.top, w.box.left))
    for word, name in ((w, name) for w in ordered for name, net in on.items() if net == w.text):
        if name in placed:
            continue
        row = readings[name]
        width = size * (_CHARACTER * max(len(r.text) for r in row) + 2 * _PADDING)
        others = boxes[[label.text != word.text for label in labels]]
        home = next((frame for frame in frames if frame.holds(word.box)), view)
        for room, paper, furthest in ((home, inside, _NEAR), (view, outside, _FAR)):
            extent = (width, size * _HEIGHT)
            box = _free_place(word.box, extent, room, paper, others, furthest * size)
            if box is not None:
                placed[name] = box
                inside.take(box.grown(_CLEAR))
                outside.take(box.grown(_CLEAR))
                break
    return placed


def _free_place(
    label: Box,
    extent: tuple[float, float],
    room: Box,
    paper: _Paper,
    others: Array,
    furthest: float,
) -> Box | None:
    """The free place in a room that is nearest to a label, and nearer to it than to the others."""
    width, height = extent
    near = Box(
        max(room.left, label.left - width - furthest),
        max(room.top, label.top - height - furthest),
        min(room.right, label.right + width + furthest),
        min(room.bottom, label.bottom + height + furthest),
    )
    corners = paper.free(near, width, height)
    places = np.hstack([corners, corners + extent])
    places = places[_distance(places, label) <= furthest]
    away = _distance(places, label)
    clear = np.full(len(places), fill_value=True)
    close = _distance(others, label) < 2 * furthest + width + height
    for other in others[close]:
        clear &= away <= _distance(places, Box(*other))
    if not clear.any():
        return None
    # Of places as near, that whose middle is nearest to the label's.
    middle = (label.left + label.right, label.top + label.bottom)
    askew = np.hypot(*((places[:, :2] + places[:, 2:] - middle) / 2).T)
    best = np.argmin(np.where(clear, away + 0.05 * askew, np.inf))
    return Box(*(float(v) for v in places[best]))


def _distance(places: Array, box: Box) -> Array:
    """From each place to a box, edge to edge; 0 where they overlap."""
    apart = [
        np.maximum(0.0, np.maximum(box[i] - places[:, i + 2], places[:, i] - box[i + 2]))
        for i in (0, 1)
    ]
    distance: Array = np.hypot(*apart)
    return distance


def _tag(box: Box, row: Sequence[Reading], size: float) -> str:
    """The tag of a terminal: its reading in each case, one over the other; the page shows one."""
    shown = []
    for i, reading in enumerate(row):
        if not reading.text:
            continue
        width = size * (_CHARACTER * len(reading.text) + 2 * _PADDING)
        shown.append(
            f'<g class="node {reading.tone}" style="visibility:var(--case{i},hidden)">'
            f'<rect x="{box.left:.2f}" y="{box.top:.2f}" width="{width:.2f}" '
            f'height="{box.height:.2f}" rx="{0.25 * size:.2f}"/>'
            f'<text x="{box.left + _PADDING * size:.2f}" y="{box.bottom - 0.33 * size:.2f}" '
            f'font-size="{size:.2f}" textLength="{width - 2 * _PADDING * size:.2f}" '
            f'lengthAdjust="spacingAndGlyphs">{escape(reading.text)}</text></g>'
        )
    return "".join(shown)
