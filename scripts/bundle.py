"""What hatchling puts into a wheel besides code: what a user without the repository needs.

``boards``, ``firmware``, ``bench`` and ``sim`` are names too general for site-packages, so they lie
under ``realnet_hw/_bundled``, where ``realnet_hw/project.py`` finds them. ``bench/records`` stays
out: it is a user's own. A checkout that is linked (editable) has them where they are.

The fixture's firmware is carried compiled, by the source distribution too, so that whoever installs
needs no AVR compiler.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FIRMWARE = Path("firmware", "fixture")
CARRIED = (
    "boards",
    "firmware",
    "bench/procedures",
    "bench/stations",
    "sim/models",
    "docs/reference",
)
SETUP = "scripts/setup-system.sh"
COMPILED = ("fixture.elf", "fixture.hex")
# What `realnet build` makes is made by whoever installs; caches are nobody's.
LEFT_OUT = {"__pycache__", "generated", "build"}


class Bundle(BuildHookInterface):
    """Adds files to a wheel and to a source distribution, and nothing to a link."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds; ``version`` is "standard" or "editable"."""
        if version != "standard":
            return
        files = self._compiled_firmware()
        if self.target_name == "wheel":
            files += self._carried_files()
        below = "realnet_hw/_bundled/" if self.target_name == "wheel" else ""
        for file in files:
            build_data["force_include"][str(Path(self.root, file))] = f"{below}{file.as_posix()}"

    def _carried_files(self) -> list[Path]:
        root = Path(self.root)
        found = [root / SETUP]
        for folder in CARRIED:
            found += sorted(file for file in (root / folder).rglob("*") if file.is_file())
        relative = [file.relative_to(root) for file in found]
        return [file for file in relative if LEFT_OUT.isdisjoint(file.parts)]

    def _compiled_firmware(self) -> list[Path]:
        """Return the compiled files, made anew where there is a compiler; end the build if none."""
        folder = Path(self.root, FIRMWARE)
        compiled = [folder / "build" / name for name in COMPILED]
        if shutil.which("make") and shutil.which("avr-gcc") and shutil.which("avr-objcopy"):
            done = subprocess.run(
                ["make", "-C", folder], capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                self.app.abort(f"the fixture's firmware does not compile:\n{done.stderr}")
        elif not _is_current(compiled, folder):
            self.app.abort(
                "A wheel of realnet_hw carries the fixture's firmware, and it is not compiled (or "
                "older than its source). Install the AVR compiler and build again:\n"
                "  apt-get install make gcc-avr avr-libc binutils-avr"
            )
        return [FIRMWARE / "build" / name for name in COMPILED]


def _is_current(compiled: list[Path], source: Path) -> bool:
    """Return whether all is there and nothing in the source is newer."""
    if not all(file.is_file() for file in compiled):
        return False
    newest = max(file.stat().st_mtime for file in source.glob("*.[ch]"))
    return all(file.stat().st_mtime >= newest for file in compiled)
