"""A new board's folder from a network: proved by making the board, then put there whole.

The text written is what one would write by hand: boards/README.md shows it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.board import Board, load_board, refuse_bad_name
from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.network import json_file
from realnet_hw.network import points as point_files
from realnet_hw.network.network import Network
from realnet_hw.technology.cases import Answer, Inputs
from realnet_hw.technology.registry import OF_SUMMERS, TECHNOLOGIES, compiler

_LONGEST_TITLE = 80
_LINE = 100


@dataclass(frozen=True)
class Wish:
    """What a board shall be.

    Args:
        name: the board's, and its folder's.
        title: one line for people.
        network: in logic units.
        answer: how its outputs are judged.
        inputs: what they are.
        points: input vectors to try it with, in logic units; None for the usual ones.
        resistor: the key in the catalogue of those that make its weights; empty for the usual ones.
    """

    name: str
    title: str
    network: Network
    answer: Answer = "level"
    inputs: Inputs = "bits"
    points: Sequence[Sequence[float]] | None = None
    resistor: str = ""

    def files(self, technology: str) -> dict[str, str]:
        """Return the texts of the board's files by name.

        Raises:
            CircuitRefused: a technology that takes no other resistors.
        """
        if self.resistor and technology not in OF_SUMMERS:
            raise CircuitRefused(
                f"{technology} is built with its own resistors", allowed=", ".join(OF_SUMMERS)
            )
        found = {
            "board.py": self._program(technology),
            "network.json": json_file.text(self.network),
        }
        if self.points is not None:
            found["points.csv"] = point_files.text(self.points, self.network.inputs)
        return found

    def _program(self, technology: str) -> str:
        arguments = ["network", _literal(self.name), _literal(self.title)]
        if self.answer != "level":
            arguments.append(f'answer="{self.answer}"')
        if self.inputs != "bits":
            arguments.append(f'inputs="{self.inputs}"')
        if self.resistor:
            arguments.append(f'resistor="{self.resistor}"')
        imports = ["board import Board", "network.files import load"]
        if self.points is not None:
            there = 'Path(__file__).with_name("points.csv")'
            arguments.append(f"at=load_points({there}, network.inputs)")
            imports.append("network.points import load_points")
        imports.append(f"technology.{technology} import compile_network")
        call = f"    return compile_network({', '.join(arguments)})"
        if len(call) > _LINE:
            rows = "".join(f"        {argument},\n" for argument in arguments)
            call = f"    return compile_network(\n{rows}    )"
        shape = "-".join(map(str, self.network.shape))
        return "\n".join(
            [
                f'"""The network of network.json, {shape}, in technology {technology}."""',
                "",
                "from pathlib import Path",
                "",
                *(f"from realnet_hw.{line}" for line in imports),
                "",
                "",
                "def board() -> Board:",
                '    """Return the board."""',
                '    network = load(Path(__file__).with_name("network.json"))',
                f"{call}\n",
            ]
        )


def _literal(text: str) -> str:
    """Return a text as Python's source writes it, in the quotes that need fewer backslashes."""
    double = json.dumps(text, ensure_ascii=False)
    if text.count('"') <= text.count("'"):
        return double
    inside = double[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"


@dataclass(frozen=True)
class NewBoard:
    """A board that was made.

    Args:
        board: as its file in place describes it.
        folder: where its files are.
        files: their names.
        refused: why technologies that come before its own in the list can't make it.
    """

    board: Board
    folder: Path
    files: tuple[str, ...]
    refused: dict[str, str]


def create(wish: Wish, boards: Path, technology: str | None = None) -> NewBoard:
    """Make a board's folder.

    Args:
        wish: what it shall be.
        boards: the folder of boards; made where it is missing.
        technology: which to build it in; None for the first of the registry that can.

    Raises:
        InputError: a name, title or folder that can't be used.
        CircuitRefused: the network can't become a circuit that works.
    """
    refuse_bad_name(wish.name)
    if len(wish.title) > _LONGEST_TITLE:
        raise InputError(f"a title of {len(wish.title)} letters", allowed=f"up to {_LONGEST_TITLE}")
    if wish.answer == "largest" and len(wish.network.outputs) < 2:
        raise InputError("the largest of one output says nothing", allowed="answer level or value")
    folder = boards / wish.name
    if folder.exists():
        raise InputError("exists already", where=str(folder), mend="give the board another name")
    refused: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for candidate in [technology] if technology else TECHNOLOGIES:
            compiler(candidate)
            made = Path(temporary) / candidate / wish.name
            made.mkdir(parents=True)
            try:
                files = wish.files(candidate)
                for name, text in files.items():
                    (made / name).write_text(text, "utf-8", newline="\n")
                board = load_board(str(made))
                board.assembly  # noqa: B018 - packages filled and parts numbered: it can be made
            except CircuitRefused as why:
                if technology:
                    raise
                refused[candidate] = str(why)
                continue
            _put_in_place(made, folder)
            return NewBoard(board, folder, tuple(files), refused)
    if len(set(refused.values())) == 1:
        raise CircuitRefused(*set(refused.values()))
    reasons = "; ".join(f"{name}: {why}" for name, why in refused.items())
    raise CircuitRefused(f"no technology can build it: {reasons}")


def _put_in_place(made: Path, folder: Path) -> None:
    """Move a finished folder to where it belongs, in one step."""
    boards = folder.parent
    is_new = not boards.exists()
    try:
        boards.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(dir=boards, prefix=f".{folder.name}.") as beside:
                copy = Path(beside) / folder.name
                shutil.copytree(made, copy)
                copy.rename(folder)
        except BaseException:
            if is_new:
                boards.rmdir()
            raise
    except OSError as error:
        raise InputError(
            f"no board can be put here: {error.strerror or error}",
            where=str(folder),
            mend="work in a folder that you may write to",
        ) from None
