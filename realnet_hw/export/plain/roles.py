"""What each part around a unit is drawn as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from realnet_hw.export.plain.units import Unit


@dataclass
class Roles:
    """What each part around the unit is drawn as; parts are taken from ``left``."""

    left: list[Unit]
    loops: dict[str, list[Unit]] = field(default_factory=dict)
    rows: dict[str, list[Unit]] = field(default_factory=dict)
    after: list[Unit] = field(default_factory=list)

    def take(self, units: Sequence[Unit]) -> list[Unit]:
        """Take parts out of those that are left."""
        self.left = [unit for unit in self.left if unit not in units]
        return list(units)

    def test_points(self, net: str) -> list[Unit]:
        """Take the test points of a net."""
        return self.take([u for u in self.left if u.is_test_point and net in u.nets()])
