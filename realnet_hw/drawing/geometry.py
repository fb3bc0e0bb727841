"""Points, boxes and the eight orientations of a symbol; millimetres, y downwards as on the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Rotation = Literal[0, 90, 180, 270]
Mirror = Literal["", "x", "y"]

GRID_mm = 1.27


class Point(NamedTuple):
    """A place on the page or beside an origin."""

    x: float
    y: float

    def moved(self, dx: float, dy: float) -> Point:
        """Return the point shifted, rounded to 0.1 um so that equal places compare equal."""
        return Point(round(self.x + dx, 4), round(self.y + dy, 4))


class Box(NamedTuple):
    """A rectangle from its upper left to its lower right corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Its width in millimetres."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Its height in millimetres."""
        return self.bottom - self.top

    def moved(self, dx: float, dy: float) -> Box:
        """Return the box shifted."""
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def grown(self, margin: float) -> Box:
        """Return the box made larger on every side, smaller where ``margin`` is negative."""
        return Box(self.left - margin, self.top - margin, self.right + margin, self.bottom + margin)

    def holds(self, other: Box) -> bool:
        """Return whether the other box lies inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def overlap(self, other: Box) -> float:
        """Return how deep the two lie in each other, in millimetres; negative where they don't."""
        return min(
            min(self.right, other.right) - max(self.left, other.left),
            min(self.bottom, other.bottom) - max(self.top, other.top),
        )

    @staticmethod
    def around(points: Iterable[tuple[float, float]]) -> Box:
        """Return the smallest box that holds all points (at least one)."""
        xs, ys = zip(*points, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))

    @staticmethod
    def union(boxes: Iterable[Box]) -> Box:
        """Return the smallest box that holds all boxes (at least one)."""
        return Box.around(
            corner for box in boxes for corner in ((box.left, box.top), (box.right, box.bottom))
        )

    def corners(self) -> tuple[tuple[float, float], ...]:
        """Return its four corners."""
        return (
            (self.left, self.top),
            (self.right, self.top),
            (self.right, self.bottom),
            (self.left, self.bottom),
        )


def oriented(x: float, y: float, rotation: Rotation, mirror: Mirror) -> Point:
    """Return where a point of a symbol's library drawing comes to lie beside the symbol's origin.

    Libraries have y upwards. KiCad turns counter-clockwise first and mirrors then: mirror "x"
    swaps up and down, "y" left and right.
    """
    y = -y
    for _ in range(rotation // 90):
        x, y = y, -x
    if mirror == "x":
        y = -y
    elif mirror == "y":
        x = -x
    return Point(round(x, 4), round(y, 4))


def snapped(length: float) -> float:
    """Return the next multiple of the grid that is not below a length."""
    return round(-(-(length - 1e-6) // GRID_mm) * GRID_mm, 4)
