"""A group: parts of a plain circuit that are drawn as one block."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from realnet_hw.export.plain.units import Unit


@dataclass
class Group:
    """Parts that are drawn as one block.

    Args:
        main: the unit in the middle, None where there are only parts with two pins.
        title: printed above the block.
        members: the parts around it.
        flags: nets that get a power flag here.
        layer: column, 0 at the left.
        in_signal_path: whether it stands in the columns.
        centre: the net that its parts end on, where there is no unit in the middle.
        is_spare: whether nobody uses what its unit drives.
    """

    main: Unit | None
    title: str = ""
    members: list[Unit] = field(default_factory=list)
    flags: tuple[str, ...] = ()
    layer: int = 0
    in_signal_path: bool = True
    centre: str = ""
    is_spare: bool = False

    def nets(self) -> set[str]:
        """Return every net in it."""
        own = (self.main,) if self.main else ()
        return {net for unit in (*own, *self.members) for net in unit.nets()}

    def driven(self) -> set[str]:
        """Return the nets that it drives: of its unit, and behind parts at its unit's output."""
        if self.main is None or self.main.is_connector:
            return {self.centre} - {""}
        direct = self.main.driven()
        touched = set(self.main.nets())
        behind = {
            other
            for unit in self.members
            if unit.is_pair
            for net, other in itertools.permutations(unit.nets(), 2)
            if net in direct and other not in touched
        }
        return direct | behind
