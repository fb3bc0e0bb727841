"""The command ``realnet new``: a board from a trained network's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from realnet_hw.cli.output import own_stdout
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board, Case
    from realnet_hw.network.network import Network
    from realnet_hw.network.ranges import Range
    from realnet_hw.technology.new_board import NewBoard

_SHOWN_CASES = 8


def new(
    name: str,
    *,
    network: Path,
    technology: str | None = None,
    title: str | None = None,
    answer: Literal["level", "value", "largest"] = "level",
    inputs: Literal["bits", "analogue"] = "bits",
    points: Path | None = None,
    input_range: Annotated[str, Parameter(allow_leading_hyphen=True)] = "0,1",
    json_: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Make a new board from a trained network: boards/NAME with its board.py.

    The board is made once before anything is put in place: what can't become a
    circuit is refused, with what would work.

    Parameters
    ----------
    name
        The new board's name.
    network
        The network's file: .onnx, .pt, .pth, .safetensors or .json.
    technology
        How to build it: balanced_summer or inverting_summer; if not said, the
        first of these that can.
    title
        One line for people.
    answer
        How its outputs are judged: each as a logic level, each as a value, or by
        which is the largest.
    inputs
        What its inputs are: bits, or analogue (anything in their range).
    points
        CSV file of inputs to try it with, in the network's own units; else all
        combinations of up to 8 bits, 64 spread points of more, or of analogue inputs.
    input_range
        LOW,HIGH that the network was trained on for each input.
    json_
        Print one JSON object instead of text.
    """
    from realnet_hw import project
    from realnet_hw.board import refuse_bad_name
    from realnet_hw.network.files import load
    from realnet_hw.network.points import load_points
    from realnet_hw.network.ranges import in_logic_units
    from realnet_hw.technology import new_board

    with own_stdout() as answers:
        refuse_bad_name(name)
        if name in project.board_files():
            raise InputError(
                f"there is a board {name} already",
                where=str(project.board_files()[name]),
                mend="give the new one another name",
            )
        within = _range(input_range)
        read = load(network)
        taken = read if (within.low, within.high) == (0, 1) else in_logic_units(read, within)
        taken.check(str(network))
        shape = "-".join(map(str, taken.shape))
        at = None if points is None else load_points(points, taken.inputs, within)
        if at is not None and inputs == "bits":
            _refuse_between(at, points)
        wish = new_board.Wish(name, title or f"{name}, {shape}", taken, answer, inputs, at)
        boards = (project.own_project() or Path.cwd()) / "boards"
        made = new_board.create(wish, boards, technology)
        if json_:
            answers.write(json.dumps(_content(made, taken), ensure_ascii=False) + "\n")
        else:
            answers.writelines(f"{line}\n" for line in _lines(made, taken, network))
    return 0


def _range(text: str) -> Range:
    from realnet_hw.network.ranges import Range

    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"--input-range {text!r}", allowed="LOW,HIGH, such as --input-range=-1,1"
        ) from None
    return Range(low, high)


def _refuse_between(points: list[tuple[float, ...]], file: Path | None) -> None:
    for point in points:
        if not set(point) <= {0.0, 1.0}:
            raise InputError(
                f"the point {point} is not of bits",
                where=str(file),
                allowed="the ends of the input range",
                mend="say --inputs analogue",
            )


def _notes(board: Board, network: Network) -> list[str]:
    """Return what the reader must know beside what was asked for."""
    from realnet_hw.measure.fixture_specification import DAC_CHANNELS
    from realnet_hw.network.chain import ASSUMED

    # Compared, not just printed: a JSON file may say anything of itself.
    notes = [f"Assumed: {ASSUMED}"] if network.trained.get("assumed") == ASSUMED else []
    notes += board.notes
    if len(board.inputs) > len(DAC_CHANNELS):
        notes.append(
            f"It has {len(board.inputs)} inputs and the fixture {len(DAC_CHANNELS)} sources: it can"
            " be built and predicted, but not be measured with one fixture"
        )
    return notes


def _content(made: NewBoard, network: Network) -> dict[str, Any]:
    board = made.board
    return {
        "board": board.name,
        "title": board.title,
        "folder": str(made.folder),
        "files": list(made.files),
        "technology": board.technology,
        "refused": made.refused,
        "shape": list(network.shape),
        "inputs": list(network.inputs),
        "outputs": list(network.outputs),
        "parts": board.part_count,
        "cases": len(board.cases),
        "notes": _notes(board, network),
    }


def _lines(made: NewBoard, network: Network, file: Path) -> list[str]:
    from realnet_hw.technology.registry import TECHNOLOGIES

    board = made.board
    shape = "-".join(map(str, network.shape))
    names = f"{', '.join(network.inputs)} to {', '.join(network.outputs)}"
    more = len(board.cases) - _SHOWN_CASES
    return [
        f"Network {shape} of {file}: {names}",
        *(f"{name} can't build it: {why}" for name, why in made.refused.items()),
        f"Technology {board.technology}: {TECHNOLOGIES[board.technology]}",
        *_notes(board, network),
        f"{board.part_count} parts; {len(board.cases)} cases:",
        *(f"  {_case(case)}" for case in board.cases[:_SHOWN_CASES]),
        *([f"  and {more} more"] if more > 0 else []),
        f"{_shown(made.folder)}: {', '.join(made.files)}",
        f"Next: realnet build {board.name}",
    ]


def _shown(folder: Path) -> Path:
    """Return a path as one would type it here."""
    here = Path.cwd()
    return folder.relative_to(here) if here in folder.parents else folder


def _case(case: Case) -> str:
    inputs = ", ".join(f"{name} {volts:.2f} V" for name, volts in case.inputs.items())
    outputs = []
    for name, volts in case.ideal_V.items():
        window = case.windows_V.get(name)
        level = case.expected[name]
        judged = "" if level is None else f" (a {level})"
        if window:
            judged = f" ({window[0]:.2f} to {window[1]:.2f} V)"
        if name == case.largest:
            judged = " (the largest)"
        outputs.append(f"{name} {volts:.2f} V{judged}")
    return f"{inputs}: {', '.join(outputs)}"
