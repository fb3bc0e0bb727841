"""The project's own settings and libraries: complete, by relative paths, under their licence."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from realnet_hw.drawing import sexpr
from realnet_hw.errors import InputError, ToolMissing
from realnet_hw.export import project_files
from realnet_hw.export.profile import DEFAULT

SYMBOLS = ["Device:R", "Device:C", "Amplifier_Operational:TL074"]
FOOTPRINTS = ["Package_DIP:DIP-14_W7.62mm"]


def test_net_classes_give_rails_wider_tracks() -> None:
    content = json.loads(project_files.project_text("a_board", {"GND", "+12V"}, DEFAULT))
    settings = content["net_settings"]
    tracks = {each["name"]: each["track_width"] for each in settings["classes"]}
    assert tracks["Power"] > tracks["Default"]
    assert {each["pattern"] for each in settings["netclass_patterns"]} == {"GND", "+12V"}
    assert content["meta"]["filename"] == "a_board.kicad_pro"


@pytest.mark.usefixtures("kicad")
def test_tables_name_files_that_are_there() -> None:
    files = project_files.library_files(SYMBOLS, FOOTPRINTS)
    for table in ("sym-lib-table", "fp-lib-table"):
        for uri in re.findall(r'\(uri "([^"]*)"\)', files[table]):
            path = uri.removeprefix("${KIPRJMOD}/")
            assert path != uri
            assert any(name == path or name.startswith(f"{path}/") for name in files)


@pytest.mark.usefixtures("kicad")
def test_libraries_hold_what_is_used_and_nothing_else() -> None:
    files = project_files.library_files(SYMBOLS, FOOTPRINTS)
    library = sexpr.parse(files["lib/Device.kicad_sym"])
    assert [node[1] for node in sexpr.children(library, "symbol")] == ["C", "R"]
    footprint = sexpr.parse(files["lib/Package_DIP.pretty/DIP-14_W7.62mm.kicad_mod"])
    assert footprint[:2] == ["footprint", "DIP-14_W7.62mm"]


@pytest.mark.usefixtures("kicad")
def test_licence_lies_beside_them() -> None:
    notice = project_files.library_files(SYMBOLS, FOOTPRINTS)["lib/LICENSE.txt"]
    assert "CC-BY-SA-4.0" in notice
    assert "waives article 3" in notice


@pytest.mark.usefixtures("kicad")
def test_unknown_footprint_is_named() -> None:
    with pytest.raises(InputError, match="Package_DIP:No_Such"):
        project_files.library_files([], ["Package_DIP:No_Such"])


def test_missing_footprint_libraries_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("KICAD9_FOOTPRINT_DIR", str(tmp_path / "absent"))
    with pytest.raises(ToolMissing, match="footprint libraries"):
        project_files.library_files([], FOOTPRINTS)
