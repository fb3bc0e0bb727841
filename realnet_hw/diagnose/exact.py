"""What boards read that no dictionary holds: solved when asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realnet_hw.diagnose.inference import Predictor
from realnet_hw.diagnose.ohms import resistances
from realnet_hw.diagnose.readings import Probe
from realnet_hw.diagnose.responding import Responding
from realnet_hw.diagnose.responses import Array
from realnet_hw.diagnose.twins import Twin
from realnet_hw.predict.engine import Parameters


def read(
    predictor: Predictor,
    responder: Responding,
    twin: Twin,
    probes: Sequence[Probe],
    changes: Sequence[Parameters],
) -> Array:
    """Return what one reads of boards, parts at their own values, shape (changes, probes).

    Args:
        predictor: of the board.
        responder: with the dictionary's cases.
        twin: the board.
        probes: where and how.
        changes: parameters beside those that the fault sets.

    Raises:
        SimulationFailed: no solution.
    """
    values = np.zeros((len(changes), len(probes)))
    places = [predictor.place(probe) for probe in probes]
    if any(place is not None for place in places):
        answers = responder.means(twin, changes)
    for column, (probe, place) in enumerate(zip(probes, places, strict=True)):
        if place is not None:
            sign = -1 if probe.kind == "ampere" else 1
            values[:, column] = sign * answers[:, place[0], place[1]]
            continue
        pair = (predictor.deck.nodes[probe.net], predictor.deck.nodes[probe.other])
        for row, change in enumerate(changes):
            changed = Twin(twin.deck, {**twin.fixed, **change}, twin.spreads)
            found = resistances(changed, [pair], predictor.dictionary.parameters)
            values[row, column] = found.log_mean[0]
    return values
