"""The nets of a board as its Gerber and drill files have them: copper that touches is one net.

An independent reader: gerbonara parses, shapely unites. Which pin a pad belongs to is read from the
files' X2 attributes; what is joined to what is read from the copper alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

Pin = tuple[str, str]


def copper_nets(files: Mapping[str, bytes], name: str) -> set[frozenset[Pin]]:
    """Return the sets of pins that the copper joins.

    Args:
        files: the content of the Gerber and drill files by their names, as fabs take them.
        name: the board's.
    """
    import gerbonara
    import shapely

    layers = [
        gerbonara.GerberFile.from_string(files[f"{name}-{side}"].decode())
        for side in ("F_Cu.gtl", "B_Cu.gbl")
    ]
    islands: list[Any] = []
    start: list[int] = [0]
    for layer in layers:
        united = shapely.unary_union([shape for item in layer.objects for shape in _shapes(item)])
        islands += list(shapely.get_parts(united))
        start.append(len(islands))
    trees = [shapely.STRtree(islands[start[k] : start[k + 1]]) for k in range(2)]

    def island_at(layer: int, x: float, y: float) -> int | None:
        hits = trees[layer].query(shapely.Point(x, y), predicate="intersects")
        return int(hits[0]) + start[layer] if len(hits) else None

    owner = list(range(len(islands)))

    def root(i: int) -> int:
        while owner[i] != i:
            i = owner[i]
        return i

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # KiCad's G90 stands after the header
        drill = gerbonara.ExcellonFile.from_string(files[f"{name}-PTH.drl"].decode())
    for hole in drill.objects:
        ends = [island_at(layer, hole.x, hole.y) for layer in range(2)]
        if None not in ends:
            owner[root(ends[0])] = root(ends[1])  # type: ignore[arg-type]

    nets: dict[int, set[Pin]] = {}
    for number, layer in enumerate(layers):
        for item in layer.objects:
            # Only what is flashed has attributes; pads are.
            attributes = item.attrs if isinstance(item.attrs, dict) else {}
            if pin := attributes.get(".P"):
                found = island_at(number, item.x, item.y)
                assert found is not None
                nets.setdefault(root(found), set()).add((pin[0], pin[1]))
    return {frozenset(pins) for pins in nets.values()}


def _shapes(item: Any) -> Iterator[Any]:
    """Yield what an object of a Gerber file covers."""
    import shapely
    from gerbonara import graphic_primitives as primitives

    assert item.polarity_dark
    for each in item.to_primitives(unit="mm"):
        if isinstance(each, primitives.Circle):
            yield shapely.Point(each.x, each.y).buffer(each.r)
        elif isinstance(each, primitives.Line):
            yield shapely.LineString([(each.x1, each.y1), (each.x2, each.y2)]).buffer(
                each.width / 2
            )
        else:
            outline = each.to_arc_poly() if not isinstance(each, primitives.ArcPoly) else each
            yield shapely.make_valid(shapely.Polygon(outline.outline))
