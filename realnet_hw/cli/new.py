"""The command ``realnet new``: a board from a trained network's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from realnet_hw.cli.output import own_stdout
from realnet_hw.errors import CircuitRefused, InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board, Case
    from realnet_hw.network.network import Network
    from realnet_hw.network.ranges import Range
    from realnet_hw.technology.new_board import NewBoard

_SHOWN_CASES = 8
_SAME_V = 1e-3
_RANGE_HINT = "--input-range LOW,HIGH"


def new(
    name: str,
    *,
    network: Path,
    technology: str | None = None,
    title: str | None = None,
    answer: Literal["level", "value", "largest"] = "level",
    inputs: Literal["bits", "analogue"] = "bits",
    points: Path | None = None,
    series: str | None = None,
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
        How to build it: balanced_summer, inverting_summer or timer_555; if not said,
        the first of these that can.
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
    series
        E series of the resistors that make the weights: E96, of 1 %, or E24, of 5 %;
        for the technologies made of summers.
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
    from realnet_hw.technology.resistors import kind_of

    with own_stdout() as answers:
        refuse_bad_name(name)
        if name in project.board_files():
            _refuse_taken(name, project.board_files()[name].parent)
        within = _range(input_range)
        read = load(network)
        is_usual = (within.low, within.high) == (0, 1)
        taken = read if is_usual else in_logic_units(read, within)
        taken.check(str(network))
        shape = "-".join(map(str, taken.shape))
        at = None if points is None else load_points(points, taken.inputs, within)
        if at is not None and inputs == "bits":
            _refuse_between(at, points)
        wish = new_board.Wish(
            name,
            title or f"{name}, {shape}",
            taken,
            answer,
            inputs,
            at,
            "" if series is None else kind_of(series),
        )
        boards = (project.own_project() or Path.cwd()) / "boards"
        try:
            made = new_board.create(wish, boards, technology)
        except CircuitRefused as why:
            if not is_usual:
                raise
            asked = f"inputs were taken as 0 to 1: {_RANGE_HINT} if it was trained on others"
            mend = f"{why.mend}; {asked}" if why.mend else asked
            raise CircuitRefused(
                why.what, where=why.where, allowed=why.allowed, mend=mend
            ) from None
        checks = _checks(made.board, taken, is_usual=is_usual)
        if json_:
            answers.write(json.dumps(_content(made, taken, checks), ensure_ascii=False) + "\n")
        else:
            lines = [*_lines(made, taken, network), *(f"Check: {check}" for check in checks)]
            answers.writelines(f"{line}\n" for line in lines)
    return 0


def _refuse_taken(name: str, folder: Path) -> None:
    from realnet_hw import project

    own = project.own_project()
    is_own = own is not None and folder.parent == own / "boards"
    raise InputError(
        f"there is a board {name} already",
        where=str(folder / "board.py"),
        mend="give the new one another name"
        + (f", or delete {_shown(folder)} if it is no longer wanted" if is_own else ""),
    )


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


def _notes(board: Board) -> list[str]:
    """Return what the reader must know beside what was asked for."""
    from realnet_hw.measure.fixture_specification import DAC_CHANNELS

    notes = [*board.notes]
    if len(board.inputs) > len(DAC_CHANNELS):
        notes.append(
            f"It has {len(board.inputs)} inputs and the fixture {len(DAC_CHANNELS)} sources: it can"
            " be built and predicted, but not be measured with one fixture"
        )
    return notes


def _checks(board: Board, network: Network, *, is_usual: bool) -> list[str]:
    """Return what the reader had better look at: it may be another network than was meant."""
    from realnet_hw.network.chain import ASSUMED

    found = []
    if same := _never_changing(board):
        found.append(
            f"{', '.join(same)} in all {len(board.cases)} cases"
            + (f": was it trained on inputs other than 0 to 1? {_RANGE_HINT}" if is_usual else "")
        )
    # Compared, not just printed: a JSON file may say anything of itself.
    found += [
        f"assumed {assumed}; if that is not so, export ONNX"
        for assumed in ASSUMED.values()
        if network.trained.get("assumed") == assumed
    ]
    return found


def _never_changing(board: Board) -> list[str]:
    """Return which outputs are asked to show the same in every case, of which there are several."""
    if len(board.cases) < 2:
        return []
    first = board.cases[0]
    if first.largest is not None:
        is_same = all(case.largest == first.largest for case in board.cases)
        return [f"{first.largest} is the largest"] if is_same else []
    same = []
    for name, volts in first.ideal_V.items():
        level = first.expected[name]
        if level is not None:
            is_same = all(case.expected[name] == level for case in board.cases)
            shown = str(level)
        else:
            is_same = all(abs(case.ideal_V[name] - volts) < _SAME_V for case in board.cases)
            shown = f"{volts:.2f} V"
        if is_same:
            same.append(f"{name} is {shown}")
    return same


def _content(made: NewBoard, network: Network, checks: list[str]) -> dict[str, Any]:
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
        "notes": [*_notes(board), *checks],
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
        *_notes(board),
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
