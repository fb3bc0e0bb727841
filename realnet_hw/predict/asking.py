"""How a board is asked what it answers to its inputs, and how much asking one can afford.

Boards of two kinds are asked in two ways. One whose voltages follow its inputs is ``Settled``: its
answer is an operating point. One that is fired is ``Fired``: with its inputs steady from the start
and everything discharged, its reset is held low and let go, its trigger is held low and let go, and
it is read; each answer is a transient.

The width of a pulse is how long its net is above its level from the start of the trigger until the
board is read: for one clean pulse the time from its upward to its downward crossing, 0 for none. It
is measured by a stopwatch that stands in the deck beside the board and takes nothing from it: a
capacitor charged by a constant current while the net is high. So it is as exact as the simulator's
own steps, whatever the grid that answers are asked for on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Board, Firing, Port, TestPoint
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, number
from realnet_hw.predict import faults
from realnet_hw.predict.engine import Engine, Parameters, Volts
from realnet_hw.predict.tolerances import Drawn

Answers: TypeAlias = npt.NDArray[np.float64]
"""Shape (parameter sets, values): voltages in volts, then widths of pulses in seconds."""

# Of so many boards not one may hide a fault that is called seen with 95 % probability.
_MOST_TRIED = 12

# A firing takes a tenth of a second: as many boards as take minutes, and as are needed to judge so
# many values together.
_FEWEST, _PER_VALUE = 100, 3
# Least number of steps of a firing, and what they leave of its time as a standard uncertainty of a
# width: with the timers' cards widths differ by half of that between 50 steps and 8000.
_STEPS = 500
_WIDTH_u = 1e-4
_EDGE = 1e-3
# Binding takes as long as some hundred boards.
_WORTH_BINDING = 500
# A stopwatch is at 10 V when it has run all the time; it sees a net as high within 50 mV.
_FULL_V, _SHARP_V, _CURRENT_A = 10.0, 0.05, 1e-3


class Asking(Protocol):
    """How a board is asked."""

    @property
    def voltages(self) -> Mapping[str, str]:
        """Name to node of every voltage that is an answer: outputs, then test points."""
        ...

    @property
    def pulses(self) -> tuple[str, ...]:
        """Names of the pulses whose widths are answers."""
        ...

    @property
    def follows(self) -> bool:
        """Whether voltages follow the inputs; the outputs of a board that is fired flip."""
        ...

    @property
    def width_u_s(self) -> float:
        """Standard uncertainty that the simulator leaves on a width, seconds."""
        ...

    @property
    def samples(self) -> int:
        """How many boards to draw where nobody says."""
        ...

    def answers(self, deck: Deck, engine: Engine, sets: Sequence[Parameters]) -> Answers:
        """Return what a board answers, one row a parameter set.

        Args:
            deck: of the board or of one with a fault.
            engine: the simulator.
            sets: parameters, those of the inputs' sources among them.

        Raises:
            SimulationFailed: no solution.
        """
        ...

    def of_boards(
        self, deck: Deck, engine: Engine, drawn: Drawn, cases: Sequence[Parameters]
    ) -> Answers:
        """Return what drawn boards answer.

        Args:
            deck: of the board.
            engine: the simulator.
            drawn: the boards.
            cases: for each case, the sources' volts by element.

        Returns:
            Shape (boards, cases, values).

        Raises:
            SimulationFailed: no solution.
        """
        ...

    def faults(self, deck: Deck) -> list[str]:
        """Return the single faults whose answers tell something."""
        ...

    def boards_tried(self, samples: int, faults: int) -> int:
        """Return into how many of the boards drawn each fault is put, besides the nominal one."""
        ...


@dataclass(frozen=True)
class Settled:
    """A board whose voltages follow its inputs: see ``Asking``."""

    voltages: Mapping[str, str]
    pulses: tuple[str, ...] = ()
    follows: bool = True
    width_u_s: float = 0.0
    samples: int = 1000

    def answers(self, deck: Deck, engine: Engine, sets: Sequence[Parameters]) -> Answers:
        """Return the operating points."""
        return engine.operating_point(deck, sets, list(self.voltages.values()))

    def of_boards(
        self, deck: Deck, engine: Engine, drawn: Drawn, cases: Sequence[Parameters]
    ) -> Answers:
        """See ``Asking``; a deck bound to a case answers many boards faster, and the same."""
        if len(drawn.values) < _WORTH_BINDING:
            return _one_by_one(self, deck, engine, drawn, cases)
        nodes = list(self.voltages.values())
        bound = (engine.bound(deck, case, changing=drawn.names, nodes=nodes) for case in cases)
        return np.stack([one.operating_points(drawn.values) for one in bound], axis=1)

    def faults(self, deck: Deck) -> list[str]:
        """Return all single faults."""
        return faults.single_faults(deck)

    def boards_tried(self, samples: int, faults: int) -> int:
        """Return so many that it takes about twice as long as the boards without a fault."""
        return min(samples, _MOST_TRIED, max(2, 2 * samples // max(1, faults)))


@dataclass(frozen=True)
class Stopwatch:
    """What times a pulse: the node that it is on and the level that it rises above."""

    node: str
    level_V: float


@dataclass(frozen=True)
class Fired:
    """A board that is reset, triggered and read: see ``Asking``.

    Args:
        voltages: name to node.
        stopwatches: by the pulse's name.
        firing: the times.
        triggers, resets: the sources that pull, see ``Deck.drivers``.
        samples: see ``Asking``.
    """

    voltages: Mapping[str, str]
    stopwatches: Mapping[str, Stopwatch]
    firing: Firing
    triggers: tuple[str, ...]
    resets: tuple[str, ...]
    samples: int
    follows: bool = False

    @property
    def pulses(self) -> tuple[str, ...]:
        """Names of the pulses."""
        return tuple(self.stopwatches)

    @property
    def start_s(self) -> float:
        """When the trigger is pulled, from the start of the transient."""
        return self.firing.reset_s + self.firing.recover_s

    @property
    def end_s(self) -> float:
        """When the board is read."""
        return self.start_s + self.firing.read_after_s

    @property
    def width_u_s(self) -> float:
        """A share of the time that the firing takes."""
        return _WIDTH_u * self.end_s

    def deck(self, deck: Deck) -> Deck:
        """Return a board's deck with its reset and trigger pulled in time, and stopwatches."""
        firing, start_s = self.firing, self.start_s
        edge_s = _EDGE * min(firing.reset_s, firing.recover_s, firing.trigger_s)
        for element in self.resets:
            held = [(0.0, 1.0), (firing.reset_s, 1.0), (firing.reset_s + edge_s, 0.0)]
            deck = deck.with_waveform(element, held)
        rise = [(0.0, 0.0), (start_s, 0.0), (start_s + edge_s, 1.0)]
        end_s = start_s + firing.trigger_s
        for element in self.triggers:
            deck = deck.with_waveform(element, [*rise, (end_s, 1.0), (end_s + edge_s, 0.0)])
        gate = " ".join(f"{number(time)} {number(volts)}" for time, volts in rise)
        lines = [f"v_stopwatch stopwatch 0 dc 0 pwl({gate})"]
        for index, watch in enumerate(self.stopwatches.values(), 1):
            high = f"0.5+0.5*tanh((v({watch.node})-{number(watch.level_V)})/{number(_SHARP_V)})"
            farad = _CURRENT_A * firing.read_after_s / _FULL_V
            current = f"{number(_CURRENT_A)}*v(stopwatch)*({high})"
            lines.append(f"b_stopwatch{index} 0 stopwatch{index} i={current}")
            lines.append(f"c_stopwatch{index} stopwatch{index} 0 {number(farad)}")
        return dataclasses.replace(deck, elements=(*deck.elements, *lines))

    def answers(self, deck: Deck, engine: Engine, sets: Sequence[Parameters]) -> Answers:
        """Return the voltages when the board is read, and the widths."""
        watches = [f"stopwatch{index}" for index in range(1, len(self.stopwatches) + 1)]
        nodes = [*self.voltages.values(), *watches]
        volts = self._fire(deck, engine, sets, nodes)[:, -1]
        widths_s = volts[:, len(self.voltages) :] * (self.firing.read_after_s / _FULL_V)
        return np.hstack([volts[:, : len(self.voltages)], np.maximum(widths_s, 0.0)])

    def over_time(
        self,
        deck: Deck,
        engine: Engine,
        sets: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        before_s: float = 0.0,
        steps: int = _STEPS,
    ) -> tuple[Answers, Volts]:
        """Return what nodes do from the trigger on.

        Args:
            deck, engine, sets: as in ``answers``.
            nodes: of the deck.
            before_s: so long before the trigger it begins.
            steps: of the whole firing.

        Returns:
            The times from the start of the trigger, seconds; volts, shape (sets, times, nodes).
        """
        volts = self._fire(deck, engine, sets, nodes, steps)
        times_s = np.linspace(-self.start_s, self.firing.read_after_s, volts.shape[1])
        shown = times_s >= -before_s
        return times_s[shown], volts[:, shown]

    def _fire(
        self,
        deck: Deck,
        engine: Engine,
        sets: Sequence[Parameters],
        nodes: Sequence[str],
        steps: int = _STEPS,
    ) -> Volts:
        return engine.transient(
            self.deck(deck),
            sets,
            nodes,
            end_s=self.end_s,
            step_s=self.end_s / steps,
            use_initial_conditions=True,
        )

    def of_boards(
        self, deck: Deck, engine: Engine, drawn: Drawn, cases: Sequence[Parameters]
    ) -> Answers:
        """See ``Asking``."""
        return _one_by_one(self, deck, engine, drawn, cases)

    def faults(self, deck: Deck) -> list[str]:
        """Return the single faults that widths or answers may show."""
        return faults.timing_faults(deck)

    def boards_tried(self, samples: int, faults: int) -> int:
        """Return so many that it takes no longer than the boards without a fault."""
        return min(samples, _MOST_TRIED, samples // max(1, faults))


def _one_by_one(
    asking: Asking, deck: Deck, engine: Engine, drawn: Drawn, cases: Sequence[Parameters]
) -> Answers:
    boards = drawn.boards()
    sets = [{**board, **case} for board in boards for case in cases]
    return asking.answers(deck, engine, sets).reshape(len(boards), len(cases), -1)


def asking_of(board: Board, deck: Deck) -> Asking:
    """Return how a board is asked.

    Raises:
        InputError: a net that the deck does not have, a board without outputs, a pulse on a board
            that is not fired, or two values of one name.
    """
    if not board.outputs:
        raise InputError("the board has no outputs", where=board.name)
    places: tuple[Port | TestPoint, ...] = (*board.outputs, *board.test_points)
    nodes: dict[str, str] = {}
    for place in places:
        if place.net not in deck.nodes:
            raise InputError(
                f"{place.name} is on net {place.net!r}, which is not there", where=board.name
            )
        nodes.setdefault(place.name, deck.nodes[place.net])
    timed = {point.name: point for point in board.test_points if point.kind == "pulse"}
    if twice := timed.keys() & {port.name for port in board.outputs}:
        raise InputError(f"{', '.join(twice)}: a pulse and an output", where=board.name)
    voltages = {name: node for name, node in nodes.items() if name not in timed}
    firing = board.firing
    if firing is None:
        if timed:
            raise InputError(
                f"pulses at {', '.join(timed)} on a board without a firing", where=board.name
            )
        return Settled(voltages)
    pulling = {
        role: tuple(deck.drivers[port.name].element for port in board.ports if port.role == role)
        for role in ("trigger", "reset")
    }
    return Fired(
        voltages=voltages,
        stopwatches={name: Stopwatch(nodes[name], point.level_V) for name, point in timed.items()},
        firing=firing,
        triggers=pulling["trigger"],
        resets=pulling["reset"],
        samples=max(_FEWEST, _PER_VALUE * len(board.cases) * len(nodes)),
    )
