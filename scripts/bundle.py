"""What hatchling puts into a wheel besides code: what a user without the repository needs.

``boards``, ``firmware``, ``bench`` and ``sim`` are names too general for site-packages, so they lie
under ``realnet_hw/_bundled``, where ``realnet_hw/project.py`` finds them. ``bench/records`` stays
out: it is a user's own. A checkout that is linked (editable) has them where they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("boards", "firmware", "bench/procedures", "bench/stations", "sim/models")
COMPILED = {".elf", ".hex"}


class Bundle(BuildHookInterface):
    """Adds the files of these folders to a wheel, and nothing to a link."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds; ``version`` is "standard" or "editable"."""
        if version != "standard":
            return
        root = Path(self.root)
        for folder in FOLDERS:
            for file in sorted((root / folder).rglob("*")):
                if file.is_file() and _is_carried(file):
                    inside = file.relative_to(root).as_posix()
                    build_data["force_include"][str(file)] = f"realnet_hw/_bundled/{inside}"


def _is_carried(file: Path) -> bool:
    """No caches, and of what the compiler made only what runs."""
    if "__pycache__" in file.parts:
        return False
    return file.parent.name != "build" or file.suffix in COMPILED
