"""The schematic with what was measured written at its nodes.

A tag stands beside a net's label, where nothing is drawn. It holds the voltage of every case, of
which the page shows one at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare import standing
from realnet_hw.compare.readings import case_label
from realnet_hw.compare.svg import Box, Drawing, around, element, read
from realnet_hw.compare.words import case_name, volts
from realnet_hw.records import ComparedCase, Comparison

MOST_CASES = 16
"""So many cases can be chosen from; those after them are in the tables alone."""

_PAGE_px = 1050.0  # how wide the widest page shows a drawing
_SIZE_px = 10.5
_CHARACTER = 0.6  # width of a figure, in sizes of the font
_PADDING = 0.3
_HEIGHT = 1.32
_CLEAR = 0.4
_MARGIN = 0.012
_NEAR, _FAR = 4.0, 9.0  # from a label, in sizes of the font: within its frame, and outside
_STEP = 0.3
_MINUS = "\N{MINUS SIGN}"
_FRAME = (15.0, 12.0)

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
        cases: short names of the cases that can be chosen, by their label.
        first: which of them is shown first.
    """

    whole: str
    tiles: list[Tile]
    cases: dict[str, str]
    first: int


def schematic(path: Path, comparison: Comparison) -> Schematic:
    """Return a board's schematic with the measured voltages at its nodes.

    Args:
        path: SVG file that KiCad drew, in millimetres.
        comparison: of the board.

    Raises:
        InputError: no such file, or no SVG.
    """
    drawing = read(path)
    cases = comparison.cases[:MOST_CASES]
    readings = _readings(cases)
    frames = _frames(drawing, readings.keys())
    view = around(frames).grown(_MARGIN * drawing.view.width) if frames else drawing.view
    size = _SIZE_px * view.width / _PAGE_px
    placed = _placed(drawing, view, frames, readings, size)
    tags = "".join(_tag(box, readings[name], size) for name, box in placed.items())
    label = f"Schematic of {comparison.board}"
    content = f'<g id="drawing">{drawing.content}{_mask(drawing.view, frames)}{tags}</g>'
    return Schematic(
        whole=element(content, view, label),
        tiles=[_tile(drawing, frames[i], tags) for i, tags in _by_frame(frames, placed.values())],
        cases={
            case_label(case): case_name(i, [put.set_V for put in case.inputs.values()])
            for i, case in enumerate(cases)
        },
        first=_worst(cases),
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
    view = around([frame, *tags]).grown(0.02 * frame.width)
    return Tile(picture=element('<use href="#drawing"/>', view, title), width=view.width)


def _mask(view: Box, frames: Sequence[Box]) -> str:
    """What hides all but the frames: the sheet's own border and title block."""
    if not frames:
        return ""
    holes = "".join(_outline(frame.grown(0.2)) for frame in frames)
    return f'<path class="mask" fill-rule="evenodd" d="{_outline(view.grown(1.0))}{holes}"/>'


def _outline(box: Box) -> str:
    return f"M{box.left:.2f} {box.top:.2f}H{box.right:.2f}V{box.bottom:.2f}H{box.left:.2f}Z"


def _readings(cases: Sequence[ComparedCase]) -> dict[str, list[Reading]]:
    """By net what was read in each case; nets of which nothing was read are left out."""
    found: dict[str, list[Reading]] = {}
    for case in cases:
        values = case.outputs | case.nodes
        for name, value in values.items():
            tone = standing.tone(value) or "plain"
            found.setdefault(name, []).append(
                Reading(_figure(name, value.measured_V, standing.direction(value)), tone)
            )
        for name, put in case.inputs.items():
            found.setdefault(name, []).append(Reading(_figure(name, put.measured_V), "plain"))
    return {name: row for name, row in found.items() if any(reading.text for reading in row)}


def _figure(name: str, value_V: float | None, mark: str = "") -> str:
    if value_V is None:
        return ""
    return f"{name} {volts(value_V, '.3f').replace('-', _MINUS)} V{mark and ' ' + mark}"


def _worst(cases: Sequence[ComparedCase]) -> int:
    """The case to show first: where a value lies furthest beyond its band, else the first."""

    def beyond(case: ComparedCase) -> float:
        values = [*case.outputs.values(), *case.nodes.values()]
        wrong = any(standing.answer_of(value) == "bad" for value in values)
        return wrong * 1e9 + max((abs(v.En) for v in values if v.En is not None), default=0.0)

    furthest = [max(1.0, beyond(case)) for case in cases]
    return furthest.index(max(furthest))


# ----------------------------------------------------------------------------------------- places


def _frames(drawing: Drawing, names: Iterable[str]) -> list[Box]:
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
    labels = [word.box for word in drawing.words if word.text in set(names)]
    if not all(any(frame.holds(label) for frame in frames) for label in labels):
        return []
    return sorted(frames, key=lambda box: (box.left, box.top))


def _placed(
    drawing: Drawing,
    view: Box,
    frames: Sequence[Box],
    readings: Mapping[str, Sequence[Reading]],
    size: float,
) -> dict[str, Box]:
    """Where the tag of each net stands: beside a label that has a free place nearby.

    A label on the right of its wire names what leaves the block, and is preferred. The place is
    within the label's frame, else outside of all frames, and nearer to no other net's label.
    """
    ink = np.array([*drawing.shapes, *(word.box for word in drawing.words)]).reshape(-1, 4)
    solid = np.array(frames).reshape(-1, 4)
    labels = [word for word in drawing.words if word.text in readings]
    placed: dict[str, Box] = {}
    for word in sorted(labels, key=lambda w: (w.ends, w.box.top, w.box.left)):
        if word.text in placed:
            continue
        row = readings[word.text]
        width = size * (_CHARACTER * max(len(r.text) for r in row) + 2 * _PADDING)
        others = [label.box for label in labels if label.text != word.text]
        home = next((frame for frame in frames if frame.holds(word.box)), view)
        for room, taken, furthest in ((home, ink, _NEAR), (view, np.vstack([ink, solid]), _FAR)):
            box = _free_place(
                word.box, (width, size * _HEIGHT), room, taken, others, furthest * size
            )
            if box is not None:
                placed[word.text] = box
                ink = np.vstack([ink, box])
                break
    return placed


def _free_place(
    label: Box,
    extent: tuple[float, float],
    room: Box,
    taken: Array,
    others: Sequence[Box],
    furthest: float,
) -> Box | None:
    """The free place in a room that is nearest to a label, and nearer to it than to the others."""
    width, height = extent
    lefts = np.arange(label.left - width - furthest, label.right + furthest, _STEP)
    tops = np.arange(label.top - height - furthest, label.bottom + furthest, _STEP)
    left, top = (grid.ravel() for grid in np.meshgrid(lefts, tops))
    places = np.stack([left, top, left + width, top + height], axis=1)
    inside = (places[:, :2] >= room[:2]).all(axis=1) & (places[:, 2:] <= room[2:]).all(axis=1)
    places = places[inside]
    away = _distance(places, label)
    clear = away <= furthest
    for other in others:
        if _distance(np.array([other]), label)[0] < 2 * furthest + width + height:
            clear &= away <= _distance(places, other)
    near = taken[_overlap(taken, label.grown(furthest + width + height))]
    for box in near:
        clear &= ~_overlap(places, Box(*box).grown(_CLEAR))
    if not clear.any():
        return None
    # Of places as near, that whose middle is nearest to the label's.
    middle = np.hypot(
        *((places[:, i] + places[:, i + 2] - label[i] - label[i + 2]) / 2 for i in (0, 1))
    )
    best = np.argmin(np.where(clear, away + 0.05 * middle, np.inf))
    return Box(*(float(v) for v in places[best]))


def _distance(places: Array, box: Box) -> Array:
    """From each place to a box, edge to edge; 0 where they overlap."""
    apart = [
        np.maximum(0.0, np.maximum(box[i] - places[:, i + 2], places[:, i] - box[i + 2]))
        for i in (0, 1)
    ]
    return np.hypot(*apart)


def _overlap(places: Array, box: Box) -> NDArray[np.bool_]:
    return (
        (places[:, 0] < box.right)
        & (places[:, 2] > box.left)
        & (places[:, 1] < box.bottom)
        & (places[:, 3] > box.top)
    )


def _tag(box: Box, row: Sequence[Reading], size: float) -> str:
    """The tag of a net: its reading in each case, one over the other; the page shows one."""
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
