"""What a hypothesis makes a board answer whose weights are charges that the bench keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw.diagnose.drawn import DrawnResponder
from realnet_hw.diagnose.responses import Array, Responder
from realnet_hw.diagnose.twins import Twin, twins
from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Engine, Parameters


class StoredResponder(DrawnResponder):
    """Asks the faulty twins of a board that learns, with the weights that it is to hold.

    Args:
        deck: of it.
        engine: the simulator.
        cases: for each case the volts of each input, by the port's name.
    """

    is_slow = False

    def __init__(self, deck: Deck, engine: Engine, cases: Sequence[Mapping[str, float]]) -> None:
        super().__init__(deck, engine, cases)
        # No direct voltage depends on a capacitor, as these are held.
        self.spreads = tuple(spread for spread in deck.spreads if spread.parameter[0] != "c")
        # Nobody can touch a capacitor's voltage: a meter would discharge it.
        nodes = [node for net, node in deck.nodes.items() if node != "0" and net not in deck.held]
        currents = [f"i({source.element})" for source in deck.supplies.values()]
        self.answers = (*dict.fromkeys(nodes), *currents)
        self.levels = np.full(len(self.answers), np.nan)
        self.finest = np.zeros(len(self.answers))
        self.together = 0
        self.unsettled = np.zeros(0)
        self._twins: dict[str, Twin] = {}
        self._asked = Responder(deck, engine, cases, self.answers)

    @property
    def asked(self) -> str:
        """See ``Responding``."""
        return self.engine.name

    def prepare(self, spellings: Sequence[str]) -> None:
        """See ``DrawnResponder``."""
        self._twins = twins(self.deck, spellings)
        self._asked.prepare(self._twins.values())

    def twin(self, spelling: str) -> Twin:
        """See ``DrawnResponder``."""
        return self._twins[spelling]

    def answers_to(self, twin: Twin, every: Sequence[Parameters]) -> Array:
        """See ``DrawnResponder``."""
        return self._asked.volts(twin.deck, [{**twin.fixed, **one} for one in every])

    def left(self, twin: Twin, changes: Sequence[Parameters]) -> Array:
        """See ``DrawnResponder``: nothing else is read of such a board."""
        del twin
        return np.zeros((len(changes), 0))
