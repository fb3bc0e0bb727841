"""What reports of every kind have in common: pages that stand alone, from templates.

A page extends ``page.html``; beside it lie the style sheet and the macros.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from realnet_hw import __version__

if TYPE_CHECKING:
    from jinja2 import Environment


@functools.cache
def pages(package: str) -> Environment:
    """Return what makes pages of a package's ``templates``, or of ours where it has none such.

    It is the same for every page, since reading a template takes longer than filling it in.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(name) for name in dict.fromkeys((package, __package__))]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["program"] = f"realnet_hw {__version__}"
    return environment
