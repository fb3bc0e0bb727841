"""The verb ``realnet ask``; its docstring is its help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from realnet_hw.cli.output import own_stdout
from realnet_hw.cli.train_array import learner_of

Json = Annotated[bool, Parameter("--json", negative="")]


def ask(
    board: str, *, weights: Path, data: str, station: Path | None = None, json_: Json = False
) -> int:
    """Ask a board that learned: its weights are written, examples shown, answers read.

    Exit status 1 if an answer is wrong.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    weights
        Training record of this very board.
    data
        What to ask: a CSV file with the columns that it was trained with, or xor, iris, ...
    station
        A station's name, or its file; the board's simulation where it is left out.
    json_
        Print one JSON object instead of text.
    """
    import msgspec

    from realnet_hw import records
    from realnet_hw.learn import data_set
    from realnet_hw.learn.array import session
    from realnet_hw.learn.array.words import answer_line, undecided_V

    with own_stdout() as answers:
        training = records.read(weights, records.Training)
        examples = data_set.load(data)
        found = session.ask(learner_of(board, station), training, examples)
        least_V = undecided_V(training)
        right = sum(one.margin_V > least_V for one in found)
        if json_:
            answers.write(json.dumps({"answers": msgspec.to_builtins(found)}) + "\n")
        else:
            answers.writelines(f"{answer_line(one, least_V)}\n" for one in found)
            answers.write(f"{examples.name}: {right} of {len(found)} right\n")
    return 0 if right == len(found) else 1
