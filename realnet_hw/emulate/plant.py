"""What hangs behind the fixture's terminals: the ``Plant`` protocol and its twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.export.deck import Deck
    from realnet_hw.predict.engine import Engine

# Inputs closer than this are the same: a five-hundredth of the DAC's step.
_HAIR_V = 1e-5
_KEPT_points = 4096


class Plant(Protocol):
    """A board, as the fixture sees it: volts in at its input ports, volts out at its nodes."""

    def set_inputs(self, volts: Mapping[str, float | None]) -> None:
        """Put voltages on the input ports that are named; None leaves one open.

        The others are at 0 V.
        """

    def advance(self, seconds: float, pins: Mapping[str, int]) -> None:
        """Let time pass with the fixture's pins as given.

        Args:
            seconds: how long; 0 only changes the pins.
            pins: by their ports' names, 1 for a line that is high, and for a trigger or reset that
                is pulled low.
        """

    def read(self, node: str) -> float:
        """The voltage of a node, volts."""

    def current_A(self, port: str, /) -> float:
        """The current that an input port takes from its source, amperes."""

    def when(self, node: str, level_V: float, above: bool) -> tuple[float, bool] | None:
        """When a node will be above a level, or below, if inputs and pins stay as they are.

        Returns:
            Seconds from now, 0 if it is there, and True; or, where that is not known yet, the
            seconds until one should ask again, and False; or None: never.
        """


class Cable:
    """No board: each node is the input port of the same name, through a wire."""

    def __init__(self) -> None:
        self._volts: dict[str, float] = {}

    def set_inputs(self, volts: Mapping[str, float | None]) -> None:
        """Put voltages on the wires."""
        self._volts = {port: level or 0.0 for port, level in volts.items()}

    def advance(self, seconds: float, pins: Mapping[str, int]) -> None:
        """Nothing: a wire has no memory."""

    def read(self, node: str) -> float:
        """The voltage at the other end of a wire; 0 V where there is none."""
        return self._volts.get(node, 0.0)

    def current_A(self, _port: str, /) -> float:
        """None: the other end is open."""
        return 0.0

    def when(self, node: str, level_V: float, above: bool) -> tuple[float, bool] | None:
        """Now or never."""
        return (0.0, True) if (self.read(node) > level_V) == above else None


def drawn(
    deck: Deck, *, seed: int | None, faults: Sequence[str], parts: str
) -> tuple[Deck, Mapping[str, float]]:
    """Return a deck with faults, and the parameters of the board that a seed draws of it.

    Raises:
        InputError: a fault that this deck can't have.
    """
    from realnet_hw.predict.faults import apply_all
    from realnet_hw.predict.lots import LOTS
    from realnet_hw.predict.tolerances import draw

    faulty = apply_all(deck, faults)
    return faulty, {} if seed is None else draw(faulty.spreads, 1, seed, LOTS[parts])[0]


class SpicePlant:
    """One board out of all that its parts' tolerances allow, solved by SPICE.

    It is quasi-static: each reading sees the operating point that belongs to the inputs of that
    moment, as if the board had settled at once. A board of operational amplifiers needs some 20 us;
    the fixture gives it milliseconds. Nothing is solved before something is read, and a point that
    was solved is kept.

    Args:
        deck: the board's own deck.
        engine: what solves it.
        seed: which board: the one that ``predict`` draws first for the same seed; None is the
            nominal board.
        faults: such as ``"R3 +20 %"``, applied in order.
        parts: from what lot they are, a key of ``predict.lots.LOTS``.

    Raises:
        InputError: a fault that this deck can't have.
    """

    def __init__(
        self,
        deck: Deck,
        engine: Engine,
        *,
        seed: int | None,
        faults: Sequence[str] = (),
        parts: str = "mixed",
    ) -> None:
        self._deck, self.parameters = drawn(deck, seed=seed, faults=faults, parts=parts)
        self._engine = engine
        self._ports = tuple(deck.inputs)
        self._nodes = tuple(dict.fromkeys(deck.nodes.values()))
        self._volts = dict.fromkeys(self._ports, 0.0)
        self._currents = {port: f"i({deck.inputs[port].element})" for port in self._ports}
        self._points: dict[tuple[int, ...], dict[str, float]] = {}
        self.solved = 0

    def set_inputs(self, volts: Mapping[str, float | None]) -> None:
        """Put voltages on the input ports that are named; the others are at 0 V.

        Raises:
            InputError: the board has no such input, or one is open, which none of these may be.
        """
        levels_V = dict.fromkeys(self._ports, 0.0)
        for port, level_V in volts.items():
            if port not in levels_V:
                raise InputError(f"no input {port!r}", allowed=", ".join(self._ports))
            if level_V is None:
                raise InputError("this input can't be open", where=port)
            levels_V[port] = level_V
        self._volts = levels_V

    def advance(self, seconds: float, pins: Mapping[str, int]) -> None:
        """Nothing: a settled board does not change with time."""

    def read(self, node: str) -> float:
        """The voltage of a node of the deck, volts.

        Raises:
            InputError: the deck has no such node.
            SimulationFailed: SPICE found no operating point.
        """
        if node not in self._nodes:
            raise InputError(f"no node {node!r}", allowed=", ".join(self._nodes))
        return self._point()[node]

    def current_A(self, port: str, /) -> float:
        """The current that an input port takes from its source, amperes.

        Raises:
            InputError: the deck has no such input.
            SimulationFailed: SPICE found no operating point.
        """
        if port not in self._currents:
            raise InputError(f"no input {port!r}", allowed=", ".join(self._ports))
        # What flows into a source from its node, the board has given.
        return -self._point()[self._currents[port]]

    def _point(self) -> dict[str, float]:
        """Return volts and currents of the operating point at the present inputs."""
        place = tuple(round(volts / _HAIR_V) for volts in self._volts.values())
        point = self._points.get(place)
        if point is None:
            if len(self._points) >= _KEPT_points:
                self._points.clear()
            point = self._points[place] = self._solve(place)
        return point

    def when(self, node: str, level_V: float, above: bool) -> tuple[float, bool] | None:
        """Now or never: it has settled."""
        return (0.0, True) if (self.read(node) > level_V) == above else None

    def _solve(self, place: tuple[int, ...]) -> dict[str, float]:
        inputs = {
            self._deck.inputs[port].element: steps * _HAIR_V
            for port, steps in zip(self._ports, place, strict=True)
        }
        self.solved += 1
        wanted = (*self._nodes, *self._currents.values())
        volts = self._engine.operating_point(self._deck, [{**self.parameters, **inputs}], wanted)
        return dict(zip(wanted, volts[0].tolist(), strict=True))
