"""What the export tests share: the XOR board's files, and random networks of cells."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from realnet_hw.board import Board, Logic, Port, Supply, load_board
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.summing_neuron import Rectifier, SummingNeuron
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.export import kicad_cli, kicad_jobs, lvs, netlist, overlaps
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.schematic import schematic_files
from realnet_hw.export.sheets import sheet_file
from tests.kicad_project import write_schematic

LIBRARY_NOTE = "The current configuration does not include the symbol library"


@dataclass(frozen=True)
class Drawn:
    """A board, its SKiDL netlist, and its schematic's files; the text is the root sheet's."""

    board: Board
    netlist: Netlist
    files: dict[str, str]

    @property
    def text(self) -> str:
        return next(iter(self.files.values()))

    def write(self, folder: Path) -> Path:
        """Write the files and an empty project; return the path of the root sheet's."""
        for name, text in self.files.items():
            (folder / name).write_text(text, "utf-8")
        return write_schematic(folder / next(iter(self.files)), self.text)


def drawn(board: Board) -> Drawn:
    """Draw a board."""
    nets = netlist.from_board(board)
    return Drawn(board, nets, schematic_files(board, nets))


@pytest.fixture(scope="session")
def xor(kicad: str) -> Drawn:
    """Return the XOR board as drawn."""
    return drawn(load_board("xor_opamp"))


@pytest.fixture(scope="session")
def draw(kicad: str) -> Callable[[Board], Drawn]:
    """Return a function that draws a board."""
    return drawn


@pytest.fixture
def prove(kicad: str, tmp_path: Path) -> Callable[[Board], Drawn]:
    """Return a function that draws a board and proves nets, rules and overlaps of every sheet."""

    def prove(board: Board) -> Drawn:
        made = drawn(board)
        path = made.write(tmp_path)
        exported = kicad_jobs.schematic_exports(path)
        found = netlist.from_kicad(exported.netlist)
        assert lvs.differences(made.netlist, found, names=("SKiDL", "the schematic")) == []
        pictures = exported.unframed
        names = {sheet_file(board.name, sheet, "kicad_sch"): sheet for sheet in pictures}
        assert set(names) == set(made.files)
        for file, text in made.files.items():
            assert overlaps.overlaps(text, pictures[names[file]]) == []
        rules = kicad_cli.electrical_rules(path)
        assert [each for each in rules if LIBRARY_NOTE not in each] == []
        return made

    return prove


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a schematic's text to a file, and an empty project."""

    def write(text: str) -> Path:
        return write_schematic(tmp_path / "drawn.kicad_sch", text)

    return write


@pytest.fixture(scope="session")
def layered_board() -> Callable[..., Board]:
    """Return a function from a seed and the layers' widths to a network of cells."""
    return _layered_board


@pytest.fixture(scope="session")
def random_board() -> Callable[[int], Board]:
    """Return a function from a seed to a network of cells whose every signal is used."""
    return _random_board


def _random_board(seed: int) -> Board:
    draw = random.Random(seed)
    return _layered_board(seed, draw.randint(1, 6), draw.randint(1, 6), draw.randint(1, 3))


def _layered_board(seed: int, *widths: int) -> Board:
    """Return a network whose every signal is used; some of them through inverters."""
    draw = random.Random(seed)
    inputs = [f"X{number}" for number in range(1, widths[0] + 1)]
    cells: list[Cell] = [
        Connector("IN", "Inputs", nets=inputs, side="left", test_points=draw.random() < 0.7),
        SupplyEntry("PWR", "Supply", rails=("+12V", "GND", "-12V")),
    ]
    signals = list(inputs)
    bias: list[str] = []
    if draw.random() < 0.8:
        rail = draw.choice(["+12V", "-12V"])
        cells.append(ShuntReference("REF", "Bias", output="VREF", rail=rail, series_ohm=3740.0))
        bias = ["VREF"]
    for stage, count in enumerate(widths[1:], 1):
        turned = [signal for signal in signals if draw.random() < 0.3]
        cells += [
            SummingNeuron(
                f"N{net}",
                f"Inverter N{net}",
                output=f"N{net}",
                inputs={net: 20e3},
                feedback_ohm=20e3,
                layer=2 * stage - 1,
                stage=stage,
            )
            for net in turned
        ]
        at_hand = [*signals, *(f"N{net}" for net in turned), *bias]
        letter = "Y" if stage == len(widths) - 1 else f"H{stage}_"
        outputs = [f"{letter}{number}" for number in range(1, count + 1)]
        unused = list(at_hand)
        for index, output in enumerate(outputs):
            taken = draw.sample(at_hand, draw.randint(1, len(at_hand)))
            unused = [signal for signal in unused if signal not in taken]
            if index == count - 1:
                taken += unused
            cells.append(_neuron(draw, output, taken, stage, rectified=letter != "Y"))
        signals = outputs
    last = 2 * len(widths)
    cells.append(Connector("OUT", "Outputs", nets=signals, side="right", layer=last))
    return Board(
        name=f"random{seed}",
        title=f"Random network {seed}",
        technology="inverting_summer",
        ports=(
            *(Port(net, net, "input") for net in inputs),
            *(Port(net, net, "output") for net in signals),
        ),
        supplies=(Supply("+12V", 12.0, 0.05, 0.1), Supply("-12V", -12.0, 0.05, 0.1, 1)),
        test_points=(),
        cases=(),
        logic=Logic(0.0, 5.0, 1.5, 3.5),
        cells=tuple(cells),
    )


def _neuron(
    draw: random.Random, output: str, taken: list[str], stage: int, *, rectified: bool
) -> SummingNeuron:
    kinds: list[Rectifier] = ["positive", "negative", "none"]
    formula = " ".join(f"- {draw.uniform(0.01, 9.99):.3f} {net}" for net in taken)
    return SummingNeuron(
        output,
        f"Neuron {output}",
        output=output,
        inputs={net: draw.choice([1e3, 4990.0, 18.7e3, 976e3]) for net in taken},
        feedback_ohm=draw.choice([10e3, 49.9e3, 100e3]),
        rectifier=draw.choice(kinds) if rectified else "none",
        formula=f"{output} = {formula}",
        layer=2 * stage,
        stage=stage,
    )
