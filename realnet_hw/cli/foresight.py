"""What is said before a measurement: what will not be read, and which faults that hides."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.export.netlist import Netlist
    from realnet_hw.records import Prediction


def foretell(board: Board, netlist: Netlist, prediction: Prediction | None, station: Path) -> None:
    """Say on stderr which terminals have no wire and, with a prediction, which faults stay unseen.

    Raises:
        InputError: a prediction of another circuit, or a station that can't measure this board.
    """
    from realnet_hw.compare.power import unseen_faults
    from realnet_hw.measure import assemble
    from realnet_hw.measure import station as stations

    if prediction is not None and prediction.circuit_sha256 != netlist.sha256():
        raise InputError(
            f"the prediction is of another circuit than {board.name}", mend="predict it again"
        )
    bench = stations.load(station)
    wiring = stations.wiring_for(bench, board, where=str(station))
    unwired = stations.unwired(wiring, board)
    if unwired:
        sys.stderr.write(
            f"Without a channel, so not read: {', '.join(unwired)} "
            f"({len(unwired)} of {len(unwired) + len(stations.senses(wiring))} terminals)\n"
        )
    if prediction is None:
        return
    unseen = unseen_faults(prediction, assemble.planned_budgets(wiring, bench.reading), wiring)
    count = f"{len(unseen)} of {len(prediction.faults)} single faults"
    sys.stderr.write(f"This wiring will not see {count}: {', '.join(unseen) or 'none'}\n")
    if not unwired or not unseen:
        return
    # As if the fixture had more channels, as good as those that it has.
    all_wired = wiring | {terminal: f"one more for {terminal}" for terminal in unwired}
    budgets = assemble.planned_budgets(all_wired, bench.reading)
    still = set(unseen_faults(prediction, budgets, all_wired))
    hidden = [fault for fault in unseen if fault not in still]
    shown = f"{len(hidden)}: {', '.join(hidden)}" if hidden else "none"
    sys.stderr.write(f"Were every terminal wired, of these it would see {shown}\n")
