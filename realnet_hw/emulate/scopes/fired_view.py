"""What the probes of a scope see of a board that is fired by the virtual fixture.

The board is simulated in lockstep with the controller that fires it, whether anybody looks or not:
a probe sees the very waves that the fixture times. A probe of 10 Mohm and what it takes from a node
are left out: of a capacitor that is charged through 100 kohm one hundredth.
"""

from __future__ import annotations

from collections.abc import Mapping

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.scopes.digitiser import Volts
from realnet_hw.emulate.timed_plant import TimedPlant


class FiredView:
    """A board on a fixture, over the board's own time; whoever asks holds the fixture meanwhile.

    Args:
        fixture: that fires it.
        plant: the board behind that fixture.
        nodes: by what a probe may be on, the deck's node.
    """

    def __init__(
        self, fixture: VirtualFixture, plant: TimedPlant, nodes: Mapping[str, str]
    ) -> None:
        self._fixture, self._plant, self._nodes = fixture, plant, nodes

    def now_s(self) -> float:
        """See ``Bench``: true time, as a scope's own clock counts it, not as the fixture's does."""
        self._fixture.follow_board()
        return self._plant.elapsed_s

    def events(self, since_s: float) -> list[float]:
        """See ``Bench``: an input moves, or the trigger or reset is pulled or let go."""
        now_s = self.now_s()
        return [at_s for at_s in self._plant.events_s if since_s < at_s <= now_s]

    def volts(self, probe: str, times_s: Volts) -> Volts:
        """See ``Bench``.

        Raises:
            SimulationFailed: SPICE found no way on.
        """
        self._fixture.follow_board()
        return self._plant.seen(self._nodes[probe], times_s)
