"""The module that controls a board: it stands at the edge, for it has a plug of its own."""

from __future__ import annotations

from realnet_hw.cells.chip import Chip


class Controller(Chip):
    """An Arduino, with its USB socket at the left edge of the board."""

    package_key = ""
