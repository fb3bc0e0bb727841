"""The analogue part of a drawn fixture, solved: what its circuit makes of its parts.

The fixture's shield is a board like any other. One source, one sense channel and the references
behind them are described by a deck; each channel of a fixture is that deck with parts of its own,
drawn within their tolerances, and references that all channels share.

Only where it settles is looked at: its own time constants, 1.5 us at most, are shorter than the
converters leave it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realnet_hw.emulate.curve import Curve, Surface
from realnet_hw.emulate.front_end import MID_CHANNEL, OUTPUTS, Circuit
from realnet_hw.emulate.moment import NEW, Moment, changed
from realnet_hw.emulate.within import Within, uniform
from realnet_hw.predict.engines import ENGINES
from realnet_hw.predict.lots import Lot, mixed
from realnet_hw.predict.tolerances import draw

if TYPE_CHECKING:
    from realnet_hw.export.deck import Deck
    from realnet_hw.predict.engine import Engine, Parameters, Volts

# Ports and nets of the deck.
DAC, SENSED, RELAYS = "VDAC0", "ADC0", "RELAYS"
TERMINAL, CONVERTED, REFERENCE, MID, SHIFT = "DAC0", "VADC0", "VREF", "VMID", "VSHIFT"
OPERATED_V, RELEASED_V = 0.0, 15.0
"""At the lower end of the relay's coil, whose upper end is on the positive rail."""
LOAD = "i_dac0_load"
"""The element that takes a current out of the source's terminal."""

# Where the nominal circuit is solved. It is straight to microvolts up to the ends of its range,
# where the clamps of a sense channel begin to be felt; beyond, it is all the same to a 12-bit code.
_DACS_V = (-0.1, -0.05, 0.02, 0.1, 0.4, 1.2, 2.048, 2.9, 3.7, 4.0, 4.08, 4.15, 4.6, 4.8, 5.1)
_SENSED_V = (-30, -12, -10.5, -10.1, -9.8, -9.5, -8, -5, 0, 5, 10.1, 10.5, 12, 16, 30)
# Of these, where a drawn one is solved: what makes it differ are gains and offsets.
_ANCHOR_DACS_V, _ANCHORS_V = (0.02, 2.048, 4.08), (-10.1, 0, 10.1)
# Beyond its rating a source holds out up to 20 to 40 mA, less the nearer it is to a rail.
_LOADED_DACS_V = (-0.05, 1.0, 2.048, 3.1, 4.15)
_SOURCED_A = (12e-3, 16e-3, 20e-3, 25e-3, 30e-3, 35e-3, 40e-3, 60e-3)
_LOADS_A = (*(-amperes for amperes in reversed(_SOURCED_A)), 0.0, *_SOURCED_A)
# A part that moves a reference by less than this, from its nominal value to a bound, belongs to a
# channel.
_OWN_V = 1e-6


@functools.cache
def shield_deck() -> Deck:
    """Return the deck of one source, one sense channel and the references of the shield."""
    from realnet_hw.export import netlist
    from realnet_hw.export.deck import deck_from
    from realnet_hw.technology.fixture_front_end import front_end_board

    board = front_end_board()
    return deck_from(netlist.from_board(board), board)


@functools.cache
def shield_on(engine: str) -> Shield:
    """Return the shield as an engine solves it, a key of ``predict.engines.ENGINES``.

    What holds for all fixtures is solved once.
    """
    return Shield(ENGINES[engine]())


@dataclass(frozen=True)
class Shares:
    """Which spreads of the deck belong to what all channels share, and which are a channel's."""

    shared: frozenset[str]
    own: frozenset[str]


class Shield:
    """The deck of a channel of each kind, asked for whole fixtures.

    Args:
        engine: what solves it.
        deck: with the ports and nets named above; the shield's when left out.

    Raises:
        SimulationFailed: the nominal circuit has no operating point.
    """

    def __init__(self, engine: Engine, deck: Deck | None = None) -> None:
        self.deck = loaded(deck or shield_deck())
        self._engine = engine
        nodes = self.deck.nodes
        self._references = (nodes[REFERENCE], nodes[MID], nodes[SHIFT])

    def draw(
        self, seed: int, lot: Lot = mixed, at: Moment = NEW, within: Within = uniform
    ) -> Circuit:
        """Draw a fixture's parts and solve it.

        Channel k has what board k of the seed's draw has, and the references of board 0.

        Args:
            seed: of the parts, and of how they drift and age.
            lot: see ``predict.lots``.
            at: when.
            within: how drifts and ageings lie within their bounds.

        Raises:
            SimulationFailed: a drawn circuit has no operating point.
        """
        drawn = draw(self.deck.spreads, MID_CHANNEL, seed, lot)
        if at != NEW:
            drawn = changed(drawn, self.deck.spreads, seed, at, within)
        shared = {name: drawn[0][name] for name in self.shares.shared}
        return self.solved([{**own, **shared} for own in drawn])

    def solved(self, channels: Sequence[Parameters]) -> Circuit:
        """Solve a fixture whose channels have these parts, one set for each sense channel.

        The first of them are those of the sources, too.

        Raises:
            SimulationFailed: a circuit has no operating point.
        """
        found = self._volts(channels, _ANCHOR_DACS_V, _ANCHORS_V)
        terminals, converted = self._nominal
        right = [
            [terminals(dac_V), converted(terminal_V), 0.0, 0.0]
            for dac_V, terminal_V in zip(_ANCHOR_DACS_V, _ANCHORS_V, strict=True)
        ]
        off = found - np.array(right)
        reference_V, mid_V = found[0, len(_ANCHORS_V) // 2, 2:].tolist()
        return Circuit(
            reference_V=reference_V,
            mid_V=mid_V,
            sources=tuple(
                terminals.raised(Curve(_ANCHOR_DACS_V, tuple(row)))
                for row in off[:OUTPUTS, :, 0].tolist()
            ),
            sag=self.sag,
            grounded_ohm=self.grounded_ohm,
            senses=tuple(
                converted.raised(Curve(_ANCHORS_V, tuple(row))) for row in off[:, :, 1].tolist()
            ),
        )

    def _volts(
        self, channels: Sequence[Parameters], dacs_V: Sequence[float], sensed_V: Sequence[float]
    ) -> Volts:
        """Return volts of terminal, converter's input, reference and middle.

        Shape (channels, places, 4).
        """
        nodes = [self.deck.nodes[net] for net in (TERMINAL, CONVERTED, REFERENCE, MID)]
        sets = [
            {**parts, **self._at(dac_V, terminal_V)}
            for parts in channels
            for dac_V, terminal_V in zip(dacs_V, sensed_V, strict=True)
        ]
        volts = self._engine.operating_point(self.deck, sets, nodes)
        return volts.reshape(len(channels), len(dacs_V), len(nodes))

    @functools.cached_property
    def _nominal(self) -> tuple[Curve, Curve]:
        """What the nominal source and sense channel do."""
        volts = self._volts([{}], _DACS_V, _SENSED_V)[0].T.tolist()
        return Curve(_DACS_V, tuple(volts[0])), Curve(_SENSED_V, tuple(volts[1]))

    def _at(self, dac_V: float, sensed_V: float, load_A: float = 0.0) -> Mapping[str, float]:
        inputs = self.deck.inputs
        return {
            inputs[DAC].element: dac_V,
            inputs[SENSED].element: sensed_V,
            inputs[RELAYS].element: OPERATED_V,
            LOAD: load_A,
        }

    # --------------------------------------------------------------- what tolerances leave alone

    @functools.cached_property
    def sag(self) -> Surface:
        """How far the nominal terminal gives way: over the DAC's volts, by its load's current."""
        sets = [self._at(dac_V, 0.0, load_A) for load_A in _LOADS_A for dac_V in _LOADED_DACS_V]
        volts = self._engine.operating_point(self.deck, sets, (self.deck.nodes[TERMINAL],))
        volts = volts.reshape(len(_LOADS_A), len(_LOADED_DACS_V))
        lacking = (volts[_LOADS_A.index(0.0)] - volts).tolist()
        return Surface(_LOADS_A, tuple(Curve(_LOADED_DACS_V, tuple(row)) for row in lacking))

    @functools.cached_property
    def grounded_ohm(self) -> float:
        """From the nominal terminal to ground while the relay is released."""
        released = {**self._at(0.0, 0.0), self.deck.inputs[RELAYS].element: RELEASED_V}
        sets = [{**released, LOAD: load_A} for load_A in (0.0, 1e-3)]
        volts = self._engine.operating_point(self.deck, sets, (self.deck.nodes[TERMINAL],))[:, 0]
        return float(volts[0] - volts[1]) / 1e-3

    @functools.cached_property
    def shares(self) -> Shares:
        """Which parts all channels share: those that move a reference, and the supplies."""
        spreads = self.deck.spreads
        names = [spread.parameter for spread in spreads]
        at_rest = self._at(2.0, 0.0)
        moved = [{**at_rest, spread.parameter: spread.high} for spread in spreads]
        volts = self._engine.operating_point(self.deck, [at_rest, *moved], self._references)
        by = np.abs(volts[1:] - volts[0]).max(axis=1)
        rails = {supply.element for supply in self.deck.supplies.values()}
        shared = {
            name for name, by_V in zip(names, by, strict=True) if by_V > _OWN_V or name in rails
        }
        return Shares(frozenset(shared), frozenset(names) - shared)


def loaded(deck: Deck) -> Deck:
    """Return the deck with a source of current, 0 A, from the source's terminal to ground."""
    line = f"{LOAD} {deck.nodes[TERMINAL]} 0 0"
    return dataclasses.replace(deck, elements=(*deck.elements, line))
