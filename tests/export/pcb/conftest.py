"""What the tests of the printed circuit board share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.board import Board
from realnet_hw.export import kicad_cli, kicad_jobs, netlist, project_files
from realnet_hw.export.assembly import assembled
from realnet_hw.export.pcb.board_file import HOLE_FOOTPRINT, BoardFile, write_board
from realnet_hw.export.profile import PROFILES
from realnet_hw.export.schematic import schematic_files
from realnet_hw.parts.catalogue import Assembly
from tests.kicad_project import add_models


@pytest.fixture
def lay_out(kicad: str) -> Callable[[Board, str, Assembly, Path], tuple[Path, BoardFile]]:
    """Return a function that draws, places and routes a board in a folder, and checks it."""

    def lay_out(board: Board, fab: str, assembly: Assembly, folder: Path) -> tuple[Path, BoardFile]:
        profile = PROFILES[fab]
        parts = assembled(netlist.from_board(board), assembly)
        files = schematic_files(board, parts)
        footprints = {HOLE_FOOTPRINT, *(part.footprint for part in parts.parts.values())}
        rails = board.rail_nets
        project = project_files.project_text(board.name, rails, profile)
        libraries = {
            name: text
            for name, text in project_files.library_files(set(), footprints).items()
            if name.endswith(".kicad_mod") or name == "fp-lib-table"
        }
        for name, text in {**files, f"{board.name}.kicad_pro": project, **libraries}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        target = folder / f"{board.name}.kicad_pcb"
        add_models(folder)
        exported = kicad_jobs.schematic_exports(folder / next(iter(files))).netlist
        return target, write_board(board, parts, exported, target, profile)

    return lay_out


@pytest.fixture
def gerbers(kicad: str) -> Callable[[Path], dict[str, bytes]]:
    """Return a function from a board's file to its Gerber and drill files."""

    def gerbers(target: Path) -> dict[str, bytes]:
        layers = ("--layers", "F.Cu,B.Cu")
        return {
            **kicad_cli.pcb_exports(target, "gerbers", *layers),
            **kicad_cli.pcb_exports(target, "drill", "--excellon-separate-th"),
        }

    return gerbers
