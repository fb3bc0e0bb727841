"""Our deck and KiCad's: equal for the shipped board, and no difference goes unseen."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from realnet_hw import project
from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export import kicad_jobs
from realnet_hw.export.deck import Deck, Source, deck_from, model_card
from realnet_hw.export.deck_comparison import (
    canonical,
    differences,
    included_files,
    spice_value,
)
from realnet_hw.export.netlist import from_board
from realnet_hw.export.profile import DEFAULT
from realnet_hw.export.project_files import project_text
from realnet_hw.export.schematic import schematic_files

OURS = Deck(
    title="* ours",
    elements=(
        "c1 out 0 1e-07",
        "d1 out n_1 d1n4148",
        "r1 x1 out 4700",
        "xu1 out 0 lm4040_5v0",
        "v_p12v p12v 0 12",
        "v_x1 x1 0 0",
    ),
    models=f"{model_card('1n4148.lib').strip()}\n{model_card('lm4040_5v0.lib').strip()}",
    supplies={"+12V": Source("v_p12v", "p12v", 12.0)},
    inputs={"X1": Source("v_x1", "x1", 0.0)},
    nodes={"GND": "0", "OUT": "out", "X1": "x1", "N$1": "n_1"},
)
KICADS = """.title KiCad schematic
.include "/home/someone/board/models/1n4148.lib"
.include "C:/board/models/lm4040_5v0.lib"
XU1 /OUT GND LM4040_5V0
R1 /X1 /OUT 4.7k
* a comment
D1 /OUT Net-(D1-K) d1n4148
C1 /OUT GND 100n
.end
"""


def test_spelled_differently_but_the_same() -> None:
    assert differences(OURS, KICADS) == []


@pytest.mark.parametrize(
    ("old", "new", "tells"),
    [
        ("4.7k", "4.8k", "r1 is 4700.0 in ours, 4800.0"),
        ("100n", "100m", "c1 is"),
        ("R1 /X1 /OUT", "R1 /OUT /X1", "r1 is on x1 out in ours, out x1"),
        ("D1 /OUT Net-(D1-K)", "D1 Net-(D1-K) /OUT", "d1 is on"),
        ("Net-(D1-K)", "GND", "d1 is on out n_1 in ours, out 0"),
        ("C1 /OUT GND", "C1 Net-(C1-Pad1) GND", "our node out is /OUT and Net-(C1-Pad1)"),
        ("d1n4148\n", "d1n914\n", "d1 is d1n4148 in ours, d1n914"),
        ("d1n4148\n", "d1n4148 area=2\n", "d1 has area unset in ours, 2.0"),
        ("C1 /OUT GND 100n\n", "", "c1 is in our deck alone"),
        (".end", "R2 /OUT GND 1k\n.end", "r2 is in KiCad's deck alone"),
        ("models/1n4148.lib", "models/tl074.lib", "tl074.lib is in KiCad's deck but not in ours"),
        ('.include "/home/someone/board/models/1n4148.lib"\n', "", "our deck has models"),
    ],
)
def test_every_difference_is_told(old: str, new: str, tells: str) -> None:
    assert old in KICADS
    found = differences(OURS, KICADS.replace(old, new, 1))
    assert any(tells in line for line in found), found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4.7k", 4700.0), ("1Meg", 1e6), ("1M", 1e-3), ("100n", 1e-7), ("10u", 1e-5),
        ("2.2pF", 2.2e-12), ("1e3", 1e3), ("1E-7", 1e-7), (".5", 0.5), ("10", 10.0),
        ("3.3kohm", 3300.0), ("TL074", "tl074"), ("d1n4148", "d1n4148"), ("1n4148w", "1n4148w"),
    ],
)  # fmt: skip
def test_values_as_spice_reads_them(text: str, value: float | str) -> None:
    assert spice_value(text) == (pytest.approx(value) if isinstance(value, float) else value)


def test_canonical_form() -> None:
    elements = canonical("* t\nR1 a\n+ b 1k ; the load\n\n.op\nX2 a b Amp gain=2k\n")
    assert elements["r1"].nodes == ("a", "b")
    assert elements["r1"].value == pytest.approx(1000.0)
    assert elements["x2"].nodes == ("a", "b")
    assert elements["x2"].parameters == {"gain": pytest.approx(2000.0)}


@pytest.mark.parametrize("line", ["R1 a b", "Z1 a b 1", "R1 a b 1\nr1 a b 1"])
def test_what_is_no_flat_deck_is_refused(line: str) -> None:
    with pytest.raises(InputError):
        canonical(line)


def test_included_files() -> None:
    assert included_files('.include "b/c.lib"\n.lib a.lib\n* .include x\n') == ["a.lib", "c.lib"]


def test_shipped_board_equals_kicads_export(tmp_path: Path) -> None:
    """Two programs from two files: our netlist's deck and kicad-cli's of the drawn schematic."""
    if shutil.which("kicad-cli") is None:
        pytest.skip("kicad-cli is not installed")
    board: Board = project.load_module(project.board_file("xor_opamp")).board()
    netlist = from_board(board)
    schematic = tmp_path / "xor_opamp.kicad_sch"
    schematic.write_text(schematic_files(board, netlist)[schematic.name], "utf-8")
    schematic.with_suffix(".kicad_pro").write_text(project_text(board.name, [], DEFAULT), "utf-8")
    shutil.copytree(project.bundle() / "sim" / "models", tmp_path / "models")
    exported = kicad_jobs.schematic_exports(schematic).spice
    deck = deck_from(netlist, board)
    assert differences(deck, exported) == []
    assert len(canonical(exported)) == len(deck.elements) - len(deck.supplies) - len(deck.inputs)

    changed = dataclasses.replace(deck, elements=deck.elements[1:])
    assert differences(changed, exported) == ["c1 is in KiCad's deck alone"]
