"""A deck as tables for the kernels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.predict.compiled import unknowns
from realnet_hw.predict.compiled.cards import GROUND, FlatDeck
from realnet_hw.predict.compiled.devices import (
    UNIT,
    Parts,
    Transfer,
    parts,
    representative,
)
from realnet_hw.predict.compiled.expressions import readings
from realnet_hw.predict.compiled.kernels.memory import Tables
from realnet_hw.predict.compiled.ordering import order
from realnet_hw.predict.compiled.tapes import tapes
from realnet_hw.predict.compiled.unknowns import Held

# Representative slopes for the order of elimination, in siemens: what a device adds to its own
# node; and what may vanish, where it does not conduct or saturates, so that it is to be no pivot.
_OWN_S, _VANISHING_S = 1e-4, 1e-13
# What a storage weighs, as a share of its value for each second of a step.
_STEP_S = 1e-6
_SHAPES = {"pulse": 1, "sin": 2, "pwl": 3}


@dataclass(frozen=True)
class Circuit:
    """A deck as tables.

    Args:
        title: of the deck.
        tables: for the kernels.
        places: unknown (node or ``i(source)``) to its place.
        size: places in all; the last one is ground's.
        parameters: parameter to its number.
        own: the values that they have in the deck.
        words: unknown of each column.
        equations: equation of each row.
        initial_V: places, and the volts of ``.ic`` there.
        devices: column to the names of what bends there: diodes, transistors, formulas.
        inner: places of nodes inside elements, and of the node that each begins at.
        span_V: the largest direct voltage of any source.
    """

    title: str
    tables: Tables
    places: Mapping[str, int]
    size: int
    parameters: Mapping[str, int]
    own: npt.NDArray[np.float64]
    words: Sequence[str]
    equations: Sequence[str]
    initial_V: Sequence[tuple[int, float]]
    devices: Mapping[int, Sequence[str]]
    inner: Sequence[tuple[int, int]]
    span_V: float


def currents(words: Iterable[str]) -> list[str]:
    """Return the sources of words like ``i(v1)``."""
    return [word[2:-1] for word in words if word.startswith("i(")]


def assemble(deck: FlatDeck, asked: Sequence[str], *, charged: bool) -> Circuit:
    """Return the tables of a deck.

    Args:
        deck: without subcircuits.
        asked: the unknowns that are wanted; what they don't depend on is left out.
        charged: whether charges count, as in a transient.

    Raises:
        InputError: an unknown that the deck does not have.
        SimulationFailed: a circuit that can't have one solution.
    """
    sources = {element.name for element in deck.elements if element.kind in "vel"}
    measured = {source for source in currents(asked) if source in sources}
    while True:
        made = parts(deck, measured)
        try:
            rooted = unknowns.held(made)
            equations = unknowns.structure(made, rooted, charged=charged)
            owner = unknowns.matched(equations)
        except SimulationFailed as error:
            raise SimulationFailed(error.what, where=deck.title, mend=error.mend) from None
        known = {*rooted.root, *equations}
        for word in asked:
            if word not in known:
                raise InputError(f"the deck has no node {word.removeprefix('i(').rstrip(')')!r}")
        pairs = unknowns.needed(equations, owner, [rooted.root.get(word, word) for word in asked])
        more = _read_currents(made, rooted, set(pairs.values())) - measured
        if not more & made.held.keys():
            return _Assembly(deck, made, rooted, pairs, asked).circuit()
        measured |= more & made.held.keys()


def _read_currents(made: Parts, rooted: Held, live: set[str]) -> set[str]:
    """Return the sources whose current a formula reads that counts."""
    return {
        reading.names[0]
        for formula in made.formulas
        if any(rooted.root.get(word, word) in live for word in formula.into)
        for reading in readings(formula.expression)
        if reading.operation == "current"
    }


class _Assembly:
    """Numbers everything and fills the tables."""

    def __init__(
        self,
        deck: FlatDeck,
        made: Parts,
        rooted: Held,
        pairs: Mapping[str, str],
        asked: Sequence[str],
    ) -> None:
        self._deck = deck
        self._parts = made
        self._rooted = rooted
        self._rows = {equation: row for row, equation in enumerate(pairs.values())}
        self._columns = {unknown: column for column, unknown in enumerate(pairs)}
        self._places = self._placed(asked)
        self._parameters = {name: number for number, name in enumerate(made.parameters)}
        self._sources = {
            name: number
            for number, name in enumerate(name for name in made.parameters if self._is_source(name))
        }
        self._weights: dict[tuple[int, int], float] = {}
        self._factors: dict[tuple[str, float, bool], int] = {}

    def _is_source(self, name: str) -> bool:
        return name.rpartition(" ")[0] == "" and name[:1] in ("v", "i")

    def _row(self, word: str) -> int:
        """Return the row of an equation, the spare one if it does not count."""
        return self._rows.get(self._rooted.root.get(word, word), len(self._rows))

    def _live(self, *words: str) -> bool:
        return any(self._row(word) < len(self._rows) for word in words)

    def _placed(self, asked: Sequence[str]) -> dict[str, int]:
        """Number the unknowns that anything live reads, ground last."""
        made, words = self._parts, dict.fromkeys((*self._columns, *asked))
        for transfer in (*made.transfers, *made.storages):
            if self._live(*transfer.into):
                words |= dict.fromkeys(transfer.of)
        for diode in made.diodes:
            if self._live(*diode.nodes):
                words |= dict.fromkeys(diode.nodes)
        for transistor in made.transistors:
            if self._live(transistor.nodes[0], transistor.nodes[2]):
                words |= dict.fromkeys(transistor.nodes)
        for formula in made.formulas:
            if self._live(*formula.into):
                for reading in readings(formula.expression):
                    if reading.operation == "voltage":
                        words |= dict.fromkeys(reading.names)
        words |= dict.fromkeys(self._rooted.root.get(word, word) for word in words)
        words.pop(GROUND, None)
        return {word: place for place, word in enumerate((*words, GROUND))}

    def _entry(self, equation: str, unknown: str, weight: float) -> tuple[int, int] | None:
        """Note a matrix entry and its representative value; None if it does not count."""
        row = self._row(equation)
        column = self._columns.get(self._rooted.root.get(unknown, unknown))
        if row == len(self._rows) or column is None:
            return None
        self._weights[row, column] = self._weights.get((row, column), 0.0) + weight
        return row, column

    def _corners(
        self, into: Sequence[str], of: Sequence[str], weight: float
    ) -> list[tuple[int, int] | None]:
        """Note the entries of into × of, the later of each with its sign turned."""
        return [
            self._entry(equation, unknown, weight * (1 - 2 * i) * (1 - 2 * j))
            for i, equation in enumerate(into)
            for j, unknown in enumerate(of)
        ]

    def _vanishing(
        self, into: Sequence[str], of: Sequence[str], own_S: float = _OWN_S
    ) -> list[tuple[int, int] | None]:
        """Note the entries of into × of, of which only a node's own never vanishes."""
        return [
            self._entry(equation, unknown, own_S if equation == unknown else _VANISHING_S * share)
            for equation in into
            for share, unknown in enumerate(of, 1)
        ]

    def _factor(self, transfer: Transfer) -> int:
        key = (transfer.parameter, transfer.share, transfer.reciprocal)
        return self._factors.setdefault(key, len(self._factors))

    def _transfer_tables(
        self, transfers: Sequence[Transfer], scale: float
    ) -> tuple[list[tuple[int, ...]], list[tuple[tuple[int, int], int, int]]]:
        table: list[tuple[int, ...]] = []
        stamps = []
        for one in transfers:
            if not self._live(*one.into):
                continue
            factor = self._factor(one)
            weight = representative(one, self._parts.parameters) * scale
            corners = self._corners(one.into, one.of, weight)
            table.append((*map(self._row, one.into), *(self._places[w] for w in one.of), factor))
            stamps += [
                (corner, factor, sign)
                for corner, sign in zip(corners, (1, -1, -1, 1), strict=True)
                if corner is not None
            ]
        return table, stamps

    def circuit(self) -> Circuit:
        """Return the circuit."""
        made, rows, places = self._parts, len(self._rows), self._places
        transfers, stamps = self._transfer_tables(made.transfers, 1.0)
        storages, storage_stamps = self._transfer_tables(made.storages, 1 / _STEP_S)
        diodes = [one for one in made.diodes if self._live(*one.nodes)]
        corners = [self._vanishing(one.nodes, one.nodes) for one in diodes]
        channels = [one for one in made.transistors if self._live(one.nodes[0], one.nodes[2])]
        pins = [self._vanishing(one.nodes[::2], one.nodes) for one in channels]
        formulas = [one for one in made.formulas if self._live(*one.into)]
        tape = tapes(formulas, places.__getitem__)
        words = list(places)
        reading_corners = [
            self._vanishing(
                formulas[number].into,
                [words[place] for place in tape.slots[slot, :2]],
                _VANISHING_S * (1 + slot % 7 / 9),
            )
            for slot, number in tape.readings
        ]
        leaks = [
            (places[word], self._row(word), corner)
            for word in self._columns
            if not word.startswith("i(") and (corner := self._entry(word, word, 0.0)) is not None
        ]
        try:
            chosen = order(rows, self._weights)
        except InputError as error:
            word = list(self._rows)[int(error.where)]
            raise SimulationFailed(
                f"nothing sets what {word!r} adds up to", where=self._deck.title
            ) from None
        spare = len(chosen.entries)

        def entry(corner: tuple[int, int] | None) -> int:
            return spare if corner is None else chosen.entries[corner]

        followers, steps = self._followers()
        shapes, wave_figures = self._waves()
        moving = self._moving()
        tables = Tables(
            factors=_table(
                [(self._parameters[name], int(flip)) for name, _, flip in self._factors], 2
            ),
            shares=np.array([share for _, share, _ in self._factors] or [0.0]),
            transfers=_table(transfers, 5),
            transfer_stamps=_table([(entry(c), f, s) for c, f, s in stamps], 3),
            storages=_table(storages, 5),
            storage_stamps=_table([(entry(c), f, s) for c, f, s in storage_stamps], 3),
            drives=_table(
                [
                    (self._row(one.into), self._sources[one.source], int(one.sign))
                    for one in made.drives
                    if self._live(one.into)
                ],
                3,
            ),
            sources=_table(shapes, 4),
            wave_figures=np.array(wave_figures or [0.0]),
            followers=_table(followers, 2),
            steps=_table(steps, 3),
            diodes=_table(
                [
                    (
                        *(places[node] for node in one.nodes),
                        *map(self._row, one.nodes),
                        *map(entry, corner),
                        self._parameters[one.area],
                        int(one.junction.stores),
                    )
                    for one, corner in zip(diodes, corners, strict=True)
                ],
                10,
            ),
            junctions=np.array([one.junction.figures() for one in diodes]).reshape(-1, 14),
            breakable=np.array(
                [
                    number
                    for number, one in enumerate(diodes)
                    if math.isfinite(one.junction.breakdown_V)
                ],
                np.int32,
            ),
            channels=_table(
                [
                    (
                        *(places[node] for node in one.nodes),
                        self._row(one.nodes[0]),
                        self._row(one.nodes[2]),
                        *map(entry, corner),
                        self._parameters[one.width],
                        self._parameters[one.length],
                    )
                    for one, corner in zip(channels, pins, strict=True)
                ],
                16,
            ),
            channel_figures=np.array([one.channel.figures() for one in channels]).reshape(-1, 6),
            slots=tape.slots,
            slot_figures=tape.figures,
            runs=tape.runs,
            results=_table(
                [
                    (slot, *map(self._row, one.into))
                    for slot, one in zip(tape.results, formulas, strict=True)
                ],
                3,
            ),
            readings=_table(
                [
                    (slot, *map(entry, corner))
                    for (slot, _), corner in zip(tape.readings, reading_corners, strict=True)
                ],
                5,
            ),
            factor=chosen.factor,
            solve=chosen.solve,
            unknowns=np.array([places[word] for word in self._columns], np.int32),
            voltages=np.array([not word.startswith("i(") for word in self._columns], np.int32),
            moving=np.array([word in moving for word in self._columns], np.int32),
            leaks=_table([(place, row, entry(corner)) for place, row, corner in leaks], 3),
            entries=spare,
            gmin=np.array([self._deck.gmin_S]),
        )
        return Circuit(
            title=self._deck.title,
            tables=tables,
            places=places,
            size=len(places),
            parameters={name: n for name, n in self._parameters.items() if name != UNIT},
            own=np.array(list(made.parameters.values())),
            words=list(self._columns),
            equations=list(self._rows),
            initial_V=[
                (places[node], volts)
                for node, volts in self._deck.initial_V.items()
                if node in places
            ],
            devices=self._devices(),
            inner=[
                (places[inner], places[outer])
                for inner, outer in made.inner.items()
                if inner in places and outer in places
            ],
            span_V=max(
                (abs(made.parameters[name]) for name in self._sources if _is_voltage(name)),
                default=0.0,
            ),
        )

    def _followers(self) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
        """Return what follows what, and the steps that sources put between."""
        followers, steps = [], []
        for word, place in self._places.items():
            root = self._rooted.root.get(word, word)
            if root != word:
                followers.append((place, self._places[root]))
                steps += [
                    (place, self._sources[source], int(sign))
                    for source, sign in self._rooted.steps[word]
                ]
        return followers, steps

    def _waves(self) -> tuple[list[tuple[int, int, int, int]], list[float]]:
        shapes = []
        figures: list[float] = []
        for name in self._sources:
            wave = self._parts.waves.get(name)
            own = wave.figures if wave else ()
            if wave and wave.shape == "sin":
                own = (*own, 0.0, 0.0)[:5]
            shape = _SHAPES[wave.shape] if wave else 0
            shapes.append((self._parameters[name], shape, len(figures), len(own)))
            figures += own
        return shapes, figures

    def _devices(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        made = self._parts
        at: list[tuple[str, Sequence[str]]] = [(one.name, one.nodes) for one in made.diodes]
        at += [(one.name, one.nodes) for one in made.transistors]
        at += [
            (one.name, [name for reading in readings(one.expression) for name in reading.names])
            for one in made.formulas
        ]
        for name, words in at:
            for word in words:
                if (column := self._columns.get(self._rooted.root.get(word, word))) is not None:
                    found.setdefault(column, []).append(name)
        return found

    def _moving(self) -> set[str]:
        """Return the unknowns whose voltage charges hold."""
        ends = [word for one in self._parts.storages for word in one.of]
        ends += [node for one in self._parts.diodes if one.junction.stores for node in one.nodes]
        return {self._rooted.root.get(word, word) for word in ends}


def _is_voltage(name: str) -> bool:
    return name.startswith("v")


def _table(rows: Sequence[Sequence[int]], width: int) -> npt.NDArray[np.int32]:
    return np.array(rows, np.int32).reshape(-1, width)
