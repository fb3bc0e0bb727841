"""A board under investigation: readings come in, and out come the faults that explain them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.compare.words import beyond
from realnet_hw.diagnose import mending, neighbours, offers, probes, words
from realnet_hw.diagnose.answers import flips_V, plain
from realnet_hw.diagnose.dictionary import Dictionary, dictionary, is_made
from realnet_hw.diagnose.groups import Group, best_hypotheses, groups
from realnet_hw.diagnose.inference import Evidence, Posterior, Predictor, posterior
from realnet_hw.diagnose.pairs import pairs
from realnet_hw.diagnose.places import Places
from realnet_hw.diagnose.probes import Choice
from realnet_hw.diagnose.readings import Probe, Reading, Readings, expanded
from realnet_hw.diagnose.responding import expected_s, responder_of
from realnet_hw.diagnose.universe import Universe, universe
from realnet_hw.diagnose.values import Value, value_of
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.compiled.engine import CompiledEngine

_SURE = 0.95
"""So probable a group of faults need not be probed further, of the most that any can be, since some
probability is always left for two things at once."""
_MOST_CASES = 6
_GROUPS_GIVEN, _FAULTS_GIVEN, _LEAST_GIVEN = 8, 8, 1e-3
_VALUES_FOR = 6
# Less than that many bits is not worth the trouble of a reading.
_WORTH_bits = 0.02
_OTHERS = 4
_HISTORY = 6

Progress = Callable[[int, int], None]
Waiting = Callable[[float], None]
"""Told how many seconds a dictionary will take, where it takes long."""


def universe_of(
    board: Board,
    netlist: Netlist,
    deck: Deck,
    *,
    built_on: str = "pcb",
    board_file: Path | None = None,
) -> Universe:
    """Return what can be wrong with a board as it is built.

    Args:
        board: the board.
        netlist: of it.
        deck: of it.
        built_on: "pcb", or "breadboard": then legs may be in a hole beside their own.
        board_file: the ``.kicad_pcb`` file, which says what lies side by side; pins of packages
            are known without.

    Raises:
        CircuitRefused: it fits no breadboards.
    """
    pairs = list(neighbours.package_pairs(netlist))
    legs: list[tuple[str, str, str]] = []
    if built_on == "breadboard":
        legs = sorted(set(neighbours.breadboard_legs(board, netlist)))
    elif board_file is not None:
        pairs += neighbours.pcb_pairs(board_file)
    return universe(deck, neighbours.distinct(iter(pairs), deck.nodes), legs, _stores(board))


def _stores(board: Board) -> list[tuple[str, list[str]]]:
    """Return each stored weight's net, and each port that writes several, with these nets."""
    if board.synapses is None:
        return []
    every = [one for layer in board.synapses.layers for row in layer for one in row]
    written: dict[str, list[str]] = {}
    for synapse in every:
        for port in (synapse.line, synapse.data):
            written.setdefault(port, []).append(synapse.store)
    return [(one.store, [one.store]) for one in every] + list(written.items())


def cases_for(board: Board, readings: Readings) -> list[dict[str, float]]:
    """Return the cases that a dictionary is made for: of the readings, then of the board.

    Six are enough; where there are more, those are taken that lie farthest from each other. Of a
    board of pulses they are its own, as a dictionary of it takes minutes.
    """
    read = dict.fromkeys(
        reading.probe.inputs for reading in readings.values if reading.probe.kind != "ohm"
    )
    names = [port.name for port in board.inputs]
    own = dict.fromkeys(tuple((name, case.inputs[name]) for name in names) for case in board.cases)
    chosen = [] if board.firing is not None else _spread_out(list(read), [])
    return [dict(case) for case in _spread_out(list(own), chosen)]


def _spread_out(
    offered: Sequence[tuple[tuple[str, float], ...]], begun: list[tuple[tuple[str, float], ...]]
) -> list[tuple[tuple[str, float], ...]]:
    """Return six cases at most: those begun with, and the farthest of those offered."""
    chosen = list(begun)
    left = [case for case in offered if case not in chosen]
    while left and len(chosen) < _MOST_CASES:

        def far(case: tuple[tuple[str, float], ...]) -> float:
            return min(
                (
                    sum((a - b) ** 2 for (_, a), (_, b) in zip(case, other, strict=True))
                    for other in chosen
                ),
                default=0.0,
            )

        farthest = max(left, key=far)
        chosen.append(farthest)
        left.remove(farthest)
    return chosen


class Investigation:
    """A board, what was read of it, and what that says.

    Args:
        board: that is looked at.
        netlist: of it.
        deck: of it.
        engine: the simulator.
        universe: what can be wrong with it.
        cases: that can be asked for.
        folder: where dictionaries are kept; in the user's cache if not given.
        progress: told of the dictionary's making.
        waiting: told before, of a board that is slow to compute, how long it will take.
        places: where its nets are touched.

    Raises:
        SimulationFailed: no solution for the sound board.
    """

    def __init__(
        self,
        board: Board,
        netlist: Netlist,
        deck: Deck,
        engine: CompiledEngine,
        universe: Universe,
        cases: Sequence[Mapping[str, float]],
        *,
        folder: Path | None = None,
        progress: Progress | None = None,
        waiting: Waiting | None = None,
        places: Places | None = None,
    ) -> None:
        self.board, self.netlist = board, netlist
        self.places = places or Places(board, netlist)
        self._responder = responder_of(board, deck, engine, cases)
        responder = self._responder
        if waiting and responder.is_slow and not is_made(responder, universe, folder):
            waiting(expected_s(responder, len(universe.hypotheses)))
        book = dictionary(responder, universe, progress=progress, folder=folder)
        self.predictor = Predictor(deck, book)
        self._taken: list[Readings] = []
        self._history: list[records.DiagnosisStep] = []
        self._found: Posterior | None = None
        self.by_itself: Collection[Probe] = ()
        """Readings that a fixture takes when they are asked for."""

    @property
    def dictionary(self) -> Dictionary:
        """What each fault makes one read."""
        return self.predictor.dictionary

    @property
    def readings(self) -> Readings:
        """Everything that was read, at cases that are in the dictionary."""
        joined = Readings()
        for some in self._taken:
            joined = joined.joined(some)
        return joined

    @property
    def steps(self) -> int:
        """How many of the additions were noted as steps."""
        return len(self._history)

    def take(self, readings: Readings, *, step: bool = False) -> None:
        """Add readings; those of a case that the dictionary does not have are left out.

        Args:
            readings: that are new.
            step: whether to note what is believed then.

        Raises:
            InputError: a net that the board does not have.
        """
        kept = [reading for reading in readings.values if self._is_known(reading.probe)]
        delivered = [
            one for one in readings.delivered if self.dictionary.case(dict(one.inputs)) is not None
        ]
        untimed = {probe: why for probe, why in readings.untimed.items() if self._is_known(probe)}
        self._taken.append(
            dataclasses.replace(
                readings, values=tuple(kept), delivered=tuple(delivered), untimed=untimed
            )
        )
        self._found = None
        if step:
            self._history.append(self._step())

    def take_back(self) -> None:
        """Forget the readings that were added last.

        Raises:
            InputError: there are none.
        """
        if not self._taken:
            raise InputError("nothing was read yet")
        self._taken.pop()
        if self._history:
            self._history.pop()
        self._found = None

    def _is_known(self, probe: Probe) -> bool:
        case = None if probe.kind == "ohm" else self.dictionary.case(dict(probe.inputs))
        if probe.kind != "ohm" and case is None:
            return False
        if probe.held and case != 0:
            first = words.inputs_words(tuple(self.dictionary.cases[0].items()))
            raise InputError(
                f"{probe.net} with {probe.held} held low, at other inputs",
                where=self.board.name,
                allowed=first,
            )
        self.predictor.place(probe)
        return True

    @property
    def found(self) -> Posterior:
        """How probable everything is."""
        if self._found is None:
            inputs = list(self.predictor.deck.inputs)
            evidence = Evidence.of(self.readings, inputs, flips_V(self.board))
            self._found = posterior(self.predictor, evidence)
        return self._found

    def groups(self) -> list[Group]:
        """Return the faults in groups that the readings can't tell apart."""
        return groups(self.found)

    def nets(self) -> list[str]:
        """Return the nets that can be touched and tell something."""
        known = {plain(answer) for answer in self.dictionary.answers}
        return [net for net, node in self.predictor.deck.nodes.items() if node in known]

    def offered(self) -> list[Probe]:
        """Return the readings that may be taken next."""
        return offers.offered(self.found, self.board, self.nets(), self.by_itself)

    def read_by(self, wiring: Mapping[str, str]) -> list[Probe]:
        """Return what a fixture with this wiring, terminal to channel, can read by itself."""
        return offers.wired(self.board, wiring, self.dictionary.cases)

    def supplies_first(self) -> list[Probe]:
        """Return the voltages of the supplies that nobody has read yet."""
        return offers.supplies_first(self.found, self.board)

    def rail_words(self) -> str:
        """Return which supply was read far from what it should be, empty if none was."""
        readings = self.readings
        read = [self.as_read(reading, readings) for reading in readings.values]
        return words.rail_words(read, self.board)

    def choices(self, at: tuple[tuple[str, float], ...] | None = None) -> list[Choice]:
        """Return the readings that are worth taking, the best first.

        Of a board that was only fired, where none is worth its trouble, those which show best
        whether the most probable fault is there at all.

        Args:
            at: the inputs that are set now.
        """
        handy = [point.net for point in self.board.test_points]
        handy += [port.net for port in self.board.ports]
        found = probes.best(
            self.found, self.offered(), at=at, handy=handy, by_itself=self.by_itself
        )
        worth = [choice for choice in found if choice.bits >= _WORTH_bits]
        if worth or self.found.is_sound or not self._only_fired:
            return worth
        return probes.confirming(self.found, self.offered())

    def sure(self) -> list[int]:
        """Return the faults between which nothing more can be told, and that it is one of them.

        Empty as long as that is not so, or no fault explains the readings.
        """
        found = self.found
        least = _SURE * (1 - self.predictor.otherwise)
        if found.is_unknown or found.healthy > 1 - least or self._only_fired:
            return []
        shares = found.faults
        order = sorted(range(1, len(shares)), key=lambda fault: -shares[fault])
        probable = [fault for fault in order[:_FAULTS_GIVEN] if shares[fault] > 1e-3]
        together = probes.alike(found, self.offered(), probable)
        return together if sum(shares[fault] for fault in together) >= least else []

    @property
    def _only_fired(self) -> bool:
        """Whether a board was read after firings alone, which show what is wrong too rarely."""
        probes = self.found.evidence.probes
        return self.board.firing is not None and not any(p.held or p.kind == "ohm" for p in probes)

    def record(self, circuit_sha256: str, made_from: Mapping[str, str]) -> records.Diagnosis:
        """Return the diagnosis.

        Args:
            circuit_sha256: of the board's netlist.
            made_from: what the readings came from, by name.
        """
        found = self.found
        unknown = found.is_unknown
        readings = self.readings
        choices = [] if unknown or self.sure() else self.choices(_last_inputs(readings))
        read = [self.as_read(reading, readings) for reading in readings.values]
        return records.Diagnosis(
            board=self.board.name,
            title=self.board.title,
            circuit_sha256=circuit_sha256,
            made_from=dict(made_from),
            healthy=_rounded(found.healthy),
            other=_rounded(found.other),
            fit="unknown" if unknown else "ok",
            fit_p=_rounded(found.fit),
            groups=self._suspected(self.groups()),
            # A supply that is off explains what no pair of faults does.
            pairs=self._pairs() if unknown and not words.rail_words(read, self.board) else [],
            next_probe=self._next(choices[0]) if choices else None,
            other_probes=[self._next(choice) for choice in choices[1 : 1 + _OTHERS]],
            supplies_first=[one.net for one in self._supplies_to_read()],
            readings=read,
            history=self._history,
            unseen=list(self.dictionary.unseen),
        )

    def _supplies_to_read(self) -> list[Probe]:
        return [] if self.found.is_sound or self.sure() else self.supplies_first()

    def _pairs(self) -> list[records.SuspectedPair]:
        return [
            records.SuspectedPair(
                p=_rounded(pair.probability),
                faults=[self._fault(fault, pair.probability, None) for fault in pair.faults],
                others=[[self._name(fault) for fault in other] for other in pair.others],
            )
            for pair in pairs(self.found, self._responder)
        ]

    def _suspected(self, found: Iterable[Group]) -> list[records.SuspectedGroup]:
        given: list[records.SuspectedGroup] = []
        valued = 0
        for group in list(found)[:_GROUPS_GIVEN]:
            if given and group.probability < _LEAST_GIVEN:
                break
            faults = []
            for fault, share in group.faults[:_FAULTS_GIVEN]:
                value = None
                is_value = self.dictionary.universe.faults[fault].kind == "wrong value"
                if is_value and valued < _VALUES_FOR:
                    value = value_of(self.found, self._responder, fault)
                    valued += 1
                faults.append(self._fault(fault, share, value))
            given.append(records.SuspectedGroup(p=_rounded(group.probability), faults=faults))
        return given

    def _fault(self, number: int, share: float, value: Value | None) -> records.SuspectedFault:
        fault = self.dictionary.universe.faults[number]
        is_sized = fault.kind != "wrong value" or value is not None
        return records.SuspectedFault(
            name=fault.name,
            kind=fault.kind,
            part=fault.parts[0] if fault.parts else None,
            parts=list(fault.parts),
            nets=list(fault.nets),
            p=_rounded(share),
            words=words.fault_words(fault, self.netlist, value),
            mend=mending.mend_words(fault, self.netlist, self._ohms(number), is_sized=is_sized),
            value=None if value is None else _significant(value.value),
            low=None if value is None else _significant(value.low),
            high=None if value is None else _significant(value.high),
        )

    def _ohms(self, number: int) -> tuple[float, float] | None:
        """Return the ohms that tell whether a fault is there: without it and with it."""
        ends = mending.ohm_ends(self.dictionary.universe.faults[number], self.netlist)
        if ends is None or not set(ends) <= self.predictor.deck.nodes.keys():
            return None
        rows = [0, *best_hypotheses(self.found, [number])]
        logs = self.predictor.predicted([Probe("ohm", (), *ends)], rows).mean[:, 0]
        return math.exp(logs[0]), math.exp(logs[1])

    def _name(self, fault: int) -> str:
        return self.dictionary.universe.faults[fault].name

    def _next(self, choice: Choice) -> records.NextProbe:
        faults = self.dictionary.universe.faults
        return records.NextProbe(
            probe=self.probe_reading(choice.probe),
            bits=_rounded(choice.bits),
            expected={
                faults[fault].name: _significant(value) for fault, value in choice.expected.items()
            },
        )

    def probe_reading(self, probe: Probe) -> records.ProbeReading:
        """Return where and how something is read, as a record says it."""
        is_ohm = probe.kind == "ohm"
        place = self.places.between(probe.net, probe.other) if is_ohm else self.places.of(probe.net)
        return records.ProbeReading(
            kind=probe.kind,
            inputs=dict(probe.inputs),
            node=probe.net,
            other=probe.other,
            held=probe.held,
            place=place,
        )

    def as_read(self, reading: Reading, readings: Readings) -> records.ProbeReading:
        """Return a reading, one of several, as a record says it."""
        import msgspec

        U = expanded(reading, readings.budgets)
        range_V = readings.range_V.get(reading.channel)
        return msgspec.structs.replace(
            self.probe_reading(reading.probe),
            value=reading.value,
            U=U,
            bound=beyond(reading.value, U, range_V),
        )

    def _step(self) -> records.DiagnosisStep:
        found = self.found
        order = sorted(range(1, len(found.faults)), key=lambda fault: -found.faults[fault])
        names = self.dictionary.universe.faults
        return records.DiagnosisStep(
            readings=len(self.readings.values),
            healthy=_rounded(found.healthy),
            faults={names[fault].name: _rounded(found.faults[fault]) for fault in order[:_HISTORY]},
        )


def _last_inputs(readings: Readings) -> tuple[tuple[str, float], ...] | None:
    """Return the inputs that were set last, None if none were."""
    for reading in reversed(readings.values):
        if reading.probe.kind != "ohm":
            return reading.probe.inputs
    return None


def _rounded(probability: float) -> float:
    return round(float(probability), 6)


def _significant(value: float) -> float:
    return float(f"{value:.4g}") if math.isfinite(value) else value
