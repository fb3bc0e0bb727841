"""What must stand beside a schematic for KiCad to export all of it."""

from __future__ import annotations

from pathlib import Path

from realnet_hw import project


def write_schematic(path: Path, text: str) -> Path:
    """Write a ``.kicad_sch``, an empty project and the models; return the schematic's path."""
    path.write_text(text, "utf-8")
    path.with_suffix(".kicad_pro").write_text('{"meta": {"version": 3}}', "utf-8")
    add_models(path.parent)
    return path


def add_models(folder: Path) -> None:
    """Put the SPICE models where schematics look for them."""
    models = folder / "models"
    if not models.exists():
        models.symlink_to(project.bundle() / "sim" / "models")
