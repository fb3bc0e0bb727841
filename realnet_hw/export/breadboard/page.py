"""The printable page of a breadboard guide: the picture, and steps to tick off."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

from realnet_hw.export.breadboard.guide import Guide
from realnet_hw.export.breadboard.picture import svg

if TYPE_CHECKING:
    from jinja2 import Template


@functools.cache
def _template() -> Template:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("realnet_hw.export.breadboard"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("guide.html")


def html(guide: Guide) -> str:
    """Return the guide as one HTML file that stands alone, without script."""
    numbered = enumerate(guide.steps, 1)
    stages = [
        (stage, list(steps))
        for stage, steps in itertools.groupby(numbered, key=lambda item: item[1].stage)
    ]
    text: str = _template().render(
        guide=guide,
        boards=guide.layout.boards,
        wires=len(guide.wiring.wires) + len(guide.layout.bridges),
        circuit=guide.netlist.sha256()[:12],
        picture=svg(guide),
        stages=stages,
    )
    return text
