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
from realnet_hw.export import netlist
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.schematic import schematic_text


@dataclass(frozen=True)
class Drawn:
    """A board, its SKiDL netlist, and its schematic as text."""

    board: Board
    netlist: Netlist
    text: str


@pytest.fixture(scope="session")
def xor(kicad: str) -> Drawn:
    """Return the XOR board as drawn."""
    board = load_board("xor_opamp")
    nets = netlist.from_board(board)
    return Drawn(board, nets, schematic_text(board, nets))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a schematic's text to a file."""

    def write(text: str) -> Path:
        path = tmp_path / "drawn.kicad_sch"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def random_board() -> Callable[[int], Board]:
    """Return a function from a seed to a network of cells whose every signal is used."""
    return _random_board


def _random_board(seed: int) -> Board:
    draw = random.Random(seed)
    inputs = [f"X{number}" for number in range(1, draw.randint(1, 6) + 1)]
    cells: list[Cell] = [
        Connector("IN", "Inputs", nets=inputs, side="left", test_points=draw.random() < 0.7),
        SupplyEntry("PWR", "Supply", rails=("+12V", "GND", "-12V")),
    ]
    signals = list(inputs)
    if draw.random() < 0.8:
        rail = draw.choice(["+12V", "-12V"])
        cells.append(ShuntReference("REF", "Bias", output="VREF", rail=rail, series_ohm=3740.0))
        signals.append("VREF")
    for layer, (letter, most) in enumerate((("H", 6), ("Y", 3)), 1):
        count = draw.randint(1, most)
        outputs = [f"{letter}{number}" for number in range(1, count + 1)]
        unused = list(signals)
        for index, output in enumerate(outputs):
            taken = draw.sample(signals, draw.randint(1, len(signals)))
            unused = [signal for signal in unused if signal not in taken]
            if index == count - 1:
                taken += unused
            cells.append(_neuron(draw, output, taken, layer))
        signals = outputs
    cells.append(Connector("OUT", "Outputs", nets=signals, side="right", layer=3))
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


def _neuron(draw: random.Random, output: str, taken: list[str], layer: int) -> SummingNeuron:
    kinds: list[Rectifier] = ["positive", "negative", "none"]
    formula = " ".join(f"- {draw.uniform(0.01, 9.99):.3f} {net}" for net in taken)
    return SummingNeuron(
        output,
        f"Neuron {output}",
        output=output,
        inputs={net: draw.choice([1e3, 4990.0, 18.7e3, 976e3]) for net in taken},
        feedback_ohm=draw.choice([10e3, 49.9e3, 100e3]),
        rectifier=draw.choice(kinds) if layer == 1 else "none",
        formula=f"{output} = {formula}",
        layer=layer,
    )
