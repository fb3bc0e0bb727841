"""What is said before a measurement: what will not be read, and which faults that hides."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from realnet_hw.cli import guidance
from realnet_hw.cli.output import progress
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.export.netlist import Netlist
    from realnet_hw.measure.station import Station
    from realnet_hw.records import Prediction


def foretell(
    board: Board,
    netlist: Netlist,
    prediction: Prediction | None,
    station: Path,
    *,
    board_path: str | None = None,
    record: Path = guidance.PREDICTION,
) -> None:
    """Say on stderr which terminals have no wire and, with a prediction, which faults stay unseen.

    Args:
        board: to be measured.
        netlist: of it.
        prediction: of it, if there is one.
        station: its file.
        board_path: how the board was named, if not by its name.
        record: where the prediction is.

    Raises:
        InputError: a prediction of another circuit, or a station that can't measure this board.
    """
    from realnet_hw.compare.words import some
    from realnet_hw.measure import station as stations
    from realnet_hw.predict.prediction import shows_its_cases

    named = board_path or board.name
    if prediction is not None and prediction.circuit_sha256 != netlist.sha256():
        again = guidance.command("predict", named, "--out", record)
        raise InputError(
            f"the prediction is of another circuit than {board.name}",
            where=str(record),
            mend=f"predict it again: {again}",
        )
    bench = stations.load(station)
    wiring = stations.wiring_for(bench, board, where=str(station))
    unwired = stations.unwired(wiring, board)
    if unwired:
        sys.stderr.write(
            f"Without a channel, so not read: {some(unwired)} "
            f"({len(unwired)} of {len(unwired) + len(stations.senses(wiring))} terminals)\n"
        )
    if prediction is None:
        return
    # As if the fixture had more channels, as good as those that it has.
    all_wired = wiring | {terminal: f"one more for {terminal}" for terminal in unwired}
    if _has_too_few_boards(prediction, wiring):
        samples = len(_keys(prediction)) + 2
        again = guidance.predicting_again(board, named, prediction, record, samples)
        sys.stderr.write(
            f"{len(prediction.statistics.boards_V)} boards are too few to say which faults this"
            f" wiring will not see, and to compare with: {again}\n"
        )
        return
    if not shows_its_cases(prediction):
        # Every fault would be "found", since no board passes.
        sys.stderr.write(
            "The prediction itself is wrong at some cases: a good board will not pass either,"
            " so which faults this wiring will see can't be said\n"
        )
        return
    unseen = _unseen(prediction, wiring, bench)
    count = f"{len(unseen)} of {len(prediction.faults)} single faults"
    shown = f": {some(unseen)}" if unseen else ""
    sys.stderr.write(f"This wiring will not see {count}{shown}\n")
    if not unwired or not unseen or _has_too_few_boards(prediction, all_wired):
        return
    still = set(_unseen(prediction, all_wired, bench, " were every terminal wired"))
    hidden = [fault for fault in unseen if fault not in still]
    shown = f"{len(hidden)}: {some(hidden)}" if hidden else "none"
    sys.stderr.write(f"Were every terminal wired, of these it would see {shown}\n")


def _has_too_few_boards(prediction: Prediction, wiring: Mapping[str, str]) -> bool:
    """Return whether so many values can't be judged together; see ``agreement.good_boards``."""
    read = [key for key in _keys(prediction) if key.partition(".")[2] in wiring]
    return len(prediction.statistics.boards_V) < len(read) + 2


def _keys(prediction: Prediction) -> list[str]:
    """Return the keys of all values: voltages, then widths."""
    return [*prediction.statistics.keys, *prediction.statistics.pulses.keys]


def _unseen(
    prediction: Prediction,
    wiring: Mapping[str, str],
    bench: Station,
    supposed: str = "",
) -> list[str]:
    from realnet_hw.compare.power import unseen_faults
    from realnet_hw.measure import assemble
    from realnet_hw.measure.calibration.in_use import named_components

    with progress(f"Finding which faults would be seen{supposed}"):
        calibrated = named_components(bench.named_calibration)
        budgets = assemble.planned_budgets(wiring, bench.reading, bench.clock, calibrated)
        return unseen_faults(prediction, budgets, wiring)
