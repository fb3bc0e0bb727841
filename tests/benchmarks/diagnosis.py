"""Is the diagnosis right? Counts on boards whose fault is known.

``make bench BENCH=diagnosis`` or ``python tests/benchmarks/run.py diagnosis [BOARDS] [OPTIONS]``; a
board of the repository, or the shape of a random network, as 4-6-3. Boards are drawn within their
tolerance, hang on a drawn fixture, and are read as a truth table with every test point wired:
through the real firmware with ``--controller``, else without it (``tests/bench/simulated.py``),
which the thousands need. Fixtures are calibrated by the program's own assessment and a year old,
some dozens that take turns, or they are not calibrated. Counted are:

1. boards with a single fault, drawn evenly from what can be wrong with the board and moves any of
   its nets; a wrong value is a slip of one decade, of one step of E24, or the value of another
   resistor of the board;
2. boards without a fault;
3. both with other op-amps than the dictionary knows: see ``other_opamp``;
4. boards with a damaged amplifier, two of whose four damages no dictionary knows: an offset, a weak
   output, an input that leaks, little gain;
5. boards with two faults;
6. how many further readings of a multimeter it takes, chosen one after the other, after the outputs
   of the truth table were read with it; of boards of pulses, after a fixture has fired them;
7. boards with three faults, and how often a pair that has none of them seems to explain one.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import itertools
import math
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from realnet_hw.board import Board
from realnet_hw.diagnose import diagnosis
from realnet_hw.diagnose.diagnosis import Investigation
from realnet_hw.diagnose.inference import INFLATION, OTHERWISE, likelihood, moments
from realnet_hw.diagnose.ohms import resistances
from realnet_hw.diagnose.pairs import pairs
from realnet_hw.diagnose.readings import Probe, Readings, by_hand, from_measurement
from realnet_hw.diagnose.responding import responder_of
from realnet_hw.diagnose.responses import Array
from realnet_hw.diagnose.twins import Twin
from realnet_hw.diagnose.universe import slips
from realnet_hw.errors import BenchError, InputError, SimulationFailed
from realnet_hw.export.deck import Deck, deck_from, subcircuit_ports
from realnet_hw.export.netlist import Netlist, from_board
from realnet_hw.measure import station
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.faults import apply_all
from realnet_hw.predict.tolerances import draw
from realnet_hw.records import Measurement
from tests.bench import runs, simulated
from tests.bench.calibrated import CalibratedTerminals
from tests.bench.runs import Drawn
from tests.bench.simulated import Terminals
from tests.benchmarks.build import network

CONFIDENT = 0.9
_TURNS = 24
# From one seed's boards to the next one's.
_SEEDS = 100_000
# What moves no net by more at any case shows nowhere.
_MOVES_V = 0.01
# So many lines of pairs are shown.
_LINES = 6


@functools.cache
def _uncalibrated(number: int) -> Terminals:
    return Terminals(number, "even")


@functools.cache
def _calibrated(number: int) -> Terminals:
    try:
        return CalibratedTerminals(number, "even")
    except BenchError:
        # No fixture that is in use.
        return _calibrated(number + _TURNS)


FIXTURES: Mapping[str, Callable[[Drawn], Terminals]] = {
    "calibrated": lambda board: _calibrated(board.seed % _TURNS),
    "uncalibrated": lambda board: _uncalibrated(board.seed % _TURNS),
}


class Subject:
    """A board with its dictionary.

    Args:
        name: of the board.
        folder: where the dictionary is kept.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.board, self.netlist, self.deck = _described(name)
        self.engine = CompiledEngine()
        copper = Path(__file__).parents[2] / "boards" / name / "generated" / f"{name}.kicad_pcb"
        self._universe = diagnosis.universe_of(
            self.board,
            self.netlist,
            self.deck,
            board_file=copper if copper.is_file() else None,
        )
        self._folder = folder
        cases = diagnosis.cases_for(self.board, Readings())
        self.responder = responder_of(self.board, self.deck, self.engine, cases)
        started = time.process_time()
        self.looked = self.fresh()
        self.solved_s = time.process_time() - started
        self._nodes = {net: node for net, node in self.deck.nodes.items() if node != "0"}
        self._volts: dict[tuple[str, ...], list[dict[str, float]]] = {}

    def fresh(self) -> Investigation:
        """An investigation with nothing read."""
        return Investigation(
            self.board,
            self.netlist,
            self.deck,
            self.engine,
            self._universe,
            diagnosis.cases_for(self.board, Readings()),
            folder=self._folder,
        )

    def fault_named(self, name: str) -> int:
        """The number of a fault."""
        return [fault.name for fault in self.looked.dictionary.universe.faults].index(name)

    def drawn_fault(self, chance: random.Random) -> tuple[int, str]:
        """A fault that moves a net, drawn evenly, and how it is spelled for the virtual bench."""
        universe = self.looked.dictionary.universe
        while True:
            fault = chance.randrange(1, len(universe.faults))
            if universe.faults[fault].kind == "wrong value":
                slip = self._slip(fault, chance)
                spelling = f"{universe.faults[fault].parts[0]} is {slip:.6g}"
            else:
                ways = [one.spelling for one in universe.hypotheses if one.fault == fault]
                spelling = chance.choice(ways)
            # What a firing or a stored weight makes of a fault is more than its steady voltages.
            is_more = self.board.firing is not None or self.board.synapses is not None
            if is_more or self.differ((spelling,), (), self._nodes, _MOVES_V):
                return fault, spelling

    def differ(
        self, one: tuple[str, ...], other: tuple[str, ...], nets: Collection[str], least_V: float
    ) -> bool:
        """Whether faults make one of these nets differ by so much from what others make it.

        Boards without a solution differ.
        """
        try:
            some, others = self.nominal(one), self.nominal(other)
        except SimulationFailed:
            return True
        return any(
            abs(volts[net] - other_volts[net]) > least_V
            for volts, other_volts in zip(some, others, strict=True)
            for net in nets
        )

    def nominal(self, faults: tuple[str, ...]) -> list[dict[str, float]]:
        """The volts of each net at each case, on a board of nominal parts.

        Raises:
            SimulationFailed: no solution.
        """
        if faults not in self._volts:
            deck = apply_all(self.deck, faults)
            sets = [
                {deck.inputs[name].element: volts for name, volts in case.items()}
                for case in self.looked.dictionary.cases
            ]
            solved = self.engine.operating_point(deck, sets, [*self._nodes.values()])
            self._volts[faults] = [
                dict(zip(self._nodes, row, strict=True)) for row in solved.tolist()
            ]
        return self._volts[faults]

    def _slip(self, fault: int, chance: random.Random) -> float:
        universe = self.looked.dictionary.universe
        reference = universe.faults[fault].parts[0]
        right = float(self.deck.element(reference.lower()).split()[3])
        # What no reading shows is nobody's fault.
        reach = [one.factors for one in universe.hypotheses if one.fault == fault and one.factors]
        usual = slips(self.deck, reference)
        seen = [slip for slip in usual if any(low <= slip <= high for low, high in reach)]
        return right * chance.choice(seen or usual)

    def measured(
        self, boards: Sequence[Drawn], deck: Deck, fixtures: str, *, controller: bool = False
    ) -> Iterator[Measurement | None]:
        """Measure boards; None where one has no solution.

        Args:
            boards: that are measured.
            deck: of them.
            fixtures: a key of ``FIXTURES``.
            controller: through the real firmware, whose fixtures are not calibrated.
        """
        # On a virtual bench, whose sources' jumpers are as the board needs them.
        virtual = station.parse('name = "wired"\n[virtual]\n')
        reading, wiring = runs.reading().reading, station.wiring_for(virtual, self.board)
        for each in boards:
            if controller:
                yield runs.measurement(self.name, each)
                continue
            try:
                ((record, _),) = simulated.measurements(
                    self.board,
                    deck,
                    self.netlist.sha256(),
                    self.engine,
                    wiring,
                    reading,
                    [each],
                    FIXTURES[fixtures],
                )
                yield record
            except SimulationFailed:
                yield None


def _described(name: str) -> tuple[Board, Netlist, Deck]:
    """A board of the repository, or a random network of that shape."""
    if not re.fullmatch(r"[0-9]+(-[0-9]+)+", name):
        return runs.described(name)
    board = network(name)
    netlist = from_board(board)
    return board, netlist, deck_from(netlist, board)


OTHER_OPAMPS = {
    "tl074": {
        "vcc)-1.951*tanh": "vcc)-2.6*tanh",
        "vee)+1.951*tanh": "vee)+1.3*tanh",
        "5.6e-3*tanh": "8e-3*tanh",
        "ibp p 0 65e-12": "ibp p 0 20e-9",
        "ibm m 0 65e-12": "ibm m 0 20e-9",
        "rgain x 0 5.637e8": "rgain x 0 5.637e7",
        "rout b out 125": "rout b out 200",
    },
    "mcp6004": {
        "v(vdd)-(v(most)+0.0214)*tanh": "v(vdd)-(v(most)+0.0614)*tanh",
        "v(vss)+(v(least)+0.0214)*tanh": "v(vss)+(v(least)+0.0514)*tanh",
        "4e-4*tanh": "8e-4*tanh",
        "ibp p 0 1e-12": "ibp p 0 1e-9",
        "ibm m 0 1e-12": "ibm m 0 1e-9",
        "rgain x 0 3.16e9": "rgain x 0 3.16e8",
        "rout b out 25": "rout b out 100",
    },
}
"""What another kind of op-amp has in its model card: how close it comes to each supply, its own
current, its input currents, its gain and its output resistance."""


def other_opamp(deck: Deck) -> Deck:
    """A deck whose boards have other op-amps than the dictionary's, of twice the offset."""
    models = deck.models
    for kind, changes in OTHER_OPAMPS.items():
        for old, new in changes.items() if f".subckt {kind} " in models else ():
            assert old in models, f"no {old!r} in the model card"
            models = models.replace(old, new)
    spreads = tuple(
        dataclasses.replace(s, low=2 * s.low, high=2 * s.high, sigma=2 * s.sigma)
        if ".vos" in s.parameter
        else s
        for s in deck.spreads
    )
    return dataclasses.replace(deck, models=models, spreads=spreads)


def counted(
    subject: Subject,
    drawn: Sequence[tuple[int, str]],
    records: Iterator[Measurement | None],
    *,
    listing: bool,
) -> str:
    """Diagnose boards of known faults and return how often it was right."""
    found: Counter[str] = Counter()
    faults = subject.looked.dictionary.universe.faults
    for (fault, spelling), record in zip(drawn, records, strict=True):
        if record is None:
            found["without a solution"] += 1
            continue
        looked = subject.looked
        looked.take(from_measurement(record, subject.board))
        belief, groups = looked.found, looked.groups()
        looked.take_back()
        shares = belief.faults.copy()
        shares[0] = 0.0
        rank = int((shares > shares[fault]).sum())
        inside = fault in [number for number, _ in groups[0].faults]
        found["boards"] += 1
        found["top 1"] += rank == 0
        found["top 3"] += rank < 3
        found["right group"] += inside
        found["missed"] += belief.is_sound
        found["unknown"] += belief.is_unknown
        # As sure within the list, where more is left for something else.
        least = CONFIDENT * (1 - belief.predictor.otherwise) / (1 - OTHERWISE)
        sure = groups[0].probability > least and not belief.is_unknown
        found["confidently wrong"] += sure and not inside
        if listing and (not inside or belief.is_sound):
            taken_for = ", ".join(faults[number].name for number, _ in groups[0].faults[:3])
            print(
                f"  {spelling}: sound {belief.healthy:.2f}, {groups[0].probability:.2f} {taken_for}"
            )
        found["faults a group"] += len(groups[0].faults)
    return _shares(found)


def damaged(subject: Subject, count: int, chance: random.Random, first: int) -> str:
    """Diagnose boards with a damaged amplifier and return how its package is spoken of."""
    found: Counter[str] = Counter()
    faults = subject.looked.dictionary.universe.faults
    outputs = [fault.name.split()[0] for fault in faults if fault.kind == "offset"]
    for number in range(count):
        output = chance.choice(outputs)
        deck = _with_damage(subject.deck, output, chance)
        board = Drawn(first + 80_000 + number)
        record = next(subject.measured([board], deck, "calibrated"))
        if record is None:
            continue
        looked = subject.looked
        looked.take(from_measurement(record, subject.board))
        belief, groups = looked.found, looked.groups()
        looked.take_back()
        found["boards"] += 1
        found["called sound"] += belief.is_sound
        found["unknown"] += belief.is_unknown
        parts = {part for fault, _ in groups[0].faults for part in faults[fault].parts}
        named = output.split(".")[0] in parts
        found["its package in the first group"] += named
        sure = groups[0].probability > CONFIDENT and not belief.is_unknown
        found["confidently another part"] += sure and not named
    return _shares(found)


def _with_damage(deck: Deck, output: str, chance: random.Random) -> Deck:
    """A deck with a damage: 15 to 300 mV, 0.3 to 30 kohm, 1 to 30 uA, or a gain of 30 to 1000."""

    def between(low: float, high: float) -> float:
        return math.exp(chance.uniform(math.log(low), math.log(high)))

    match chance.randrange(4):
        case 0:
            sign = chance.choice("+-")
            return apply_all(deck, [f"{output} offset {sign}{between(15, 300):.1f} mV"])
        case 1:
            return apply_all(deck, [f"{output} weak {between(300, 30e3):.0f}"])
        case 2:
            reference, pin = output.split(".")
            name = f"x{reference.lower()}"
            words = deck.element(name).split()
            ports = subcircuit_ports(deck.models, words[-1])
            port = ports[deck.pins[name].index(pin)].replace("out", "in")
            pad = words[1 + ports.index(f"{port}m")]
            line = f"i_leak {pad} 0 {between(1e-6, 30e-6):.3g}"
            return dataclasses.replace(deck, elements=(*deck.elements, line))
        case _:
            gain = between(30, 1000)
            models = re.sub(
                r"(ggain 0 x q 0 (\S+)\nrgain x 0) \S+",
                lambda card: f"{card[1]} {gain / float(card[2]):.4g}",
                deck.models,
            )
            assert models != deck.models, "no gain in the model card"
            return dataclasses.replace(deck, models=models)


def alarms(subject: Subject, records: Iterator[Measurement | None]) -> str:
    """Diagnose sound boards and return how many are called anything else."""
    found: Counter[str] = Counter()
    for record in records:
        assert record is not None
        subject.looked.take(from_measurement(record, subject.board))
        belief = subject.looked.found
        subject.looked.take_back()
        found["boards"] += 1
        found["false alarm"] += not belief.is_sound
        found["a fault is blamed"] += belief.healthy < 0.5
    return _shares(found)


def doubles(
    subject: Subject,
    count: int,
    chance: random.Random,
    first: int,
    *,
    everywhere: bool,
    listing: bool,
) -> str:
    """Diagnose boards with two faults, read at the test points, or by hand at every net."""
    found: Counter[str] = Counter()
    universe = subject.looked.dictionary.universe
    took_s: list[float] = []
    each = _read_with(subject, 2, count, chance, first + 70_000, everywhere=everywhere)
    for names, board, read in each:
        found["boards"] += 1
        nets = {reading.probe.net for reading in read.values}
        shown = all(subject.differ(board.faults, (one,), nets, 0.1) for one in board.faults)
        found["in which both show"] += shown
        subject.looked.take(read)
        if subject.looked.found.is_unknown and shown:
            found["flagged of these"] += 1
        if subject.looked.found.is_unknown:
            found["flagged"] += 1
            started = time.process_time()
            given = pairs(subject.looked.found, subject.responder)[:_LINES]
            took_s.append(time.process_time() - started)
            wanted = (min(names), max(names))
            lines = [[pair.faults, *pair.others] for pair in given]
            every = list(itertools.chain.from_iterable(lines))
            found["in the lines"] += wanted in every
            found["in the first line"] += bool(lines) and wanted in lines[0]
            found["in the first pairs"] += wanted in every[:_LINES]
            found["pairs in a first line"] += len(lines[0]) if lines else 0
            if listing and wanted not in every[:_LINES]:
                first_given = [[universe.faults[one].name for one in two] for two in every[:3]]
                print(f"  {board.faults}, {wanted in every}: {first_given}")
        else:
            group, together = subject.looked.groups()[0], subject.looked.sure()
            neither = not {number for number, _ in group.faults} & set(names)
            found["confident"] += group.probability > CONFIDENT
            found["confident and neither"] += group.probability > CONFIDENT and neither
            found["settled"] += bool(together)
            found["settled on neither"] += bool(together) and not set(together) & set(names)
            if listing:
                taken_for = universe.faults[group.faults[0][0]].name
                print(f"  {board.faults}: fits, {group.probability:.2f} {taken_for}")
        subject.looked.take_back()
    took = f"; {statistics.median(took_s):.1f} s of CPU a search" if took_s else ""
    flagged, both_show = max(1, found["flagged"]), max(1, found["in which both show"])
    shares = {
        "flagged unknown": found["flagged"] / count,
        f"flagged of the {both_show} in which neither hides the other where it was read": (
            found["flagged of these"] / both_show
        ),
        f"of those flagged both in the first {_LINES} lines": found["in the lines"] / flagged,
        f"both in one of the first {_LINES} pairs": found["in the first pairs"] / flagged,
        "both in the first line": found["in the first line"] / flagged,
        "pairs in a first line": found["pairs in a first line"] / flagged,
        f"not flagged and one group more than {CONFIDENT} probable": found["confident"] / count,
        "neither fault in it": found["confident and neither"] / count,
        "not flagged and settled": found["settled"] / count,
        "on neither": found["settled on neither"] / count,
    }
    said = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    return f"{count} boards: {said}{took}"


def triples(
    subject: Subject, count: int, chance: random.Random, first: int, *, listing: bool
) -> str:
    """Diagnose boards with three faults, read at the test points; return which pairs are sure."""
    found: Counter[str] = Counter()
    faults = subject.looked.dictionary.universe.faults
    each = _read_with(subject, 3, count, chance, first + 60_000, everywhere=False)
    for names, board, read in each:
        found["boards"] += 1
        subject.looked.take(read)
        if subject.looked.found.is_unknown:
            found["flagged"] += 1
            given = pairs(subject.looked.found, subject.responder)
            if given and given[0].probability > CONFIDENT:
                pair = given[0].faults
                right = len(set(pair) & set(names))
                found[f"a pair more than {CONFIDENT} probable, with {right} of the three"] += 1
                if listing:
                    said = [faults[one].name for one in pair]
                    print(f"  {board.faults}: {given[0].probability:.2f} {said}", flush=True)
        subject.looked.take_back()
    return _shares(found)


def _read_with(
    subject: Subject,
    faults: int,
    count: int,
    chance: random.Random,
    first: int,
    *,
    everywhere: bool,
) -> Iterator[tuple[list[int], Drawn, Readings]]:
    """Read so many boards with so many faults: these by number, the board, what was read.

    Boards that have no solution are passed over.
    """
    boards = 0
    for tried, (names, spellings) in enumerate(_several(subject, faults, chance)):
        if boards == count:
            return
        board = Drawn(first + tried, spellings)
        read = _read(subject, board, everywhere=everywhere)
        if read is not None:
            boards += 1
            yield names, board, read


def _several(
    subject: Subject, count: int, chance: random.Random
) -> Iterator[tuple[list[int], tuple[str, ...]]]:
    """Draw so many faults of different parts, again and again: their numbers and spellings."""
    universe = subject.looked.dictionary.universe
    while True:
        drawn = [subject.drawn_fault(chance) for _ in range(count)]
        names = [fault for fault, _ in drawn]
        parts = [part for fault in names for part in universe.faults[fault].parts]
        if len(set(names)) == count and len(set(parts)) == len(parts):
            yield names, tuple(spelling for _, spelling in drawn)


def most_flagged(subject: Subject, count: int, chance: random.Random, first: int) -> str:
    """How many boards with two faults any test of the truth table could flag, and with what alarms.

    Nominal boards with two faults are as many standard deviations from the nearest single fault as
    is counted here, readings' errors and tolerances taken together. Were that fault and these two
    all that could be, the best test would flag them so often (J. Neyman, E. S. Pearson, 1933; from
    memory): no test can do better against all single faults at once.
    """
    from scipy.special import ndtr, ndtri

    looked = subject.looked
    record = next(subject.measured([Drawn(first)], subject.deck, "calibrated"))
    assert record is not None
    looked.take(from_measurement(record, subject.board))
    evidence = dataclasses.replace(looked.found.evidence, inputs=())
    looked.take_back()
    rows = np.arange(len(looked.dictionary.universe.hypotheses))
    at = len(evidence.values)
    evidence = dataclasses.replace(evidence, errors=evidence.errors[:at, :at])
    mean, spread = moments(looked.predictor.predicted(evidence.probes, rows), evidence)
    away: list[float] = []
    for _, spellings in _several(subject, 2, chance):
        if len(away) == count:
            break
        with contextlib.suppress(SimulationFailed):
            volts = subject.nominal(spellings)
            read = [
                volts[looked.dictionary.case(dict(probe.inputs)) or 0][probe.net]
                for probe in evidence.probes
            ]
            values = np.clip(read, -evidence.range_V, evidence.range_V)
            misfit = likelihood(values - mean, spread)[0].min()
            away.append(math.sqrt(INFLATION * float(misfit)))
    shares = (
        f"{ndtr(np.array(away) + ndtri(alarm)).mean():.3f} with {alarm:.1%} false alarms"
        for alarm in (0.05, 0.01, 0.004)
    )
    return f"{count} boards: {', '.join(shares)}"


def _read(subject: Subject, board: Drawn, *, everywhere: bool) -> Readings | None:
    """Everything that is read of a board; None where it can't be so, or has no solution."""
    try:
        if not everywhere:
            record = next(subject.measured([board], subject.deck, "calibrated"))
            return from_measurement(record, subject.board) if record else None
        person = _Person(subject, apply_all(subject.deck, board.faults), board.seed)
        read = Readings()
        for case in subject.looked.dictionary.cases:
            for net in subject.looked.nets():
                read = read.joined(person.read(Probe("volt", tuple(case.items()), net)))
        return read
    except (InputError, SimulationFailed):
        return None


def readings_needed(subject: Subject, count: int, chance: random.Random, first: int) -> str:
    """Choose reading after reading on boards with one fault."""
    needed: list[int] = []
    decisions_s: list[float] = []
    found: Counter[str] = Counter()
    for number in range(count):
        fault, spelling = subject.drawn_fault(chance)
        deck = apply_all(subject.deck, [spelling])
        person = _Person(subject, deck, first + 90_000 + number)
        looked = subject.fresh()
        try:
            for some in _begun(subject, Drawn(first + 90_000 + number, (spelling,)), person):
                looked.take(some)
        except SimulationFailed:
            continue
        taken = 0
        while taken < 15:
            started = time.process_time()
            together = looked.sure()
            choices = [] if together else looked.choices()
            decisions_s.append(time.process_time() - started)
            if together or not choices:
                break
            looked.take(person.read(choices[0].probe))
            taken += 1
        belief, shares = looked.found, looked.found.faults.copy()
        shares[0] = 0.0
        rank = int((shares > shares[fault]).sum())
        needed.append(taken)
        found["boards"] += 1
        found["settled"] += bool(together)
        found["settled rightly"] += fault in together
        found["top 1"] += rank == 0
        found["top 3"] += rank < 3
        found["unknown"] += belief.is_unknown
        found["called sound"] += belief.is_sound
    took = sorted(decisions_s)
    return (
        f"{_shares(found)}; median {statistics.median(needed):.0f}, mean "
        f"{statistics.fmean(needed):.2f}, most {max(needed)} readings; a decision "
        f"{statistics.median(took):.2f} s of CPU, 95 % within {took[int(0.95 * len(took))]:.2f} s"
    )


def _begun(subject: Subject, board: Drawn, person: _Person) -> Iterator[Readings]:
    """What is read of a board before anything is asked for.

    Raises:
        SimulationFailed: the board has no solution.
    """
    if subject.board.firing is not None:
        record = next(subject.measured([board], subject.deck, "calibrated"))
        if record is None:
            raise SimulationFailed("no solution", where=subject.name)
        yield from_measurement(record, subject.board)
        return
    for case in subject.looked.dictionary.cases:
        for port in subject.board.outputs:
            yield person.read(Probe("volt", tuple(case.items()), port.net))


class _Person:
    """Reads a faulty board with a multimeter of 0.2 % and 3 mV, ohms of 0.5 %."""

    def __init__(self, subject: Subject, deck: Deck, seed: int) -> None:
        self._subject, self._deck = subject, deck
        self._board = draw(deck.spreads, 1, seed)[0]
        self._chance = random.Random(seed)
        self._taken = 0

    @cached_property
    def _answers(self) -> Array:
        """What there is to read, shape (cases, answers)."""
        twin = Twin(self._deck, {}, self._deck.spreads)
        answers: Array = self._subject.responder.means(twin, [self._board])[0]
        return answers

    def read(self, probe: Probe) -> Readings:
        self._taken += 1
        nodes, noise = self._subject.deck.nodes, self._chance.gauss
        if probe.kind == "ohm":
            own = {name: v for name, v in self._board.items() if name[0] == "r"}
            pair = (nodes[probe.net], nodes[probe.other])
            found = resistances(Twin(self._deck, own, self._deck.spreads), [pair], [])
            ohm = math.exp(float(found.log_mean[0])) * (1 + noise(0.0, 0.005))
            return by_hand(probe, ohm, number=self._taken)
        place = self._subject.looked.predictor.place(probe)
        assert place is not None
        is_current = probe.kind == "ampere"
        value = float(self._answers[place]) * (-1 if is_current else 1) * (1 + noise(0.0, 0.002))
        return by_hand(probe, value + noise(0.0, 1e-5 if is_current else 0.003), number=self._taken)


def _shares(found: Counter[str]) -> str:
    boards = found.pop("boards")
    shares = ", ".join(f"{name} {count / boards:.3f}" for name, count in found.items())
    return f"{boards} boards: {shares}"


def report(arguments: Sequence[str]) -> bool:
    """Print all counts; True, as they are what they are."""
    parser = argparse.ArgumentParser(prog="diagnosis", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("board", nargs="*", default=["xor_opamp"])
    parser.add_argument("--boards", type=int, default=1000, help="with a fault, and without")
    parser.add_argument("--damaged", type=int, default=200)
    parser.add_argument("--doubles", type=int, default=200)
    parser.add_argument("--probed", type=int, default=200)
    parser.add_argument("--triples", type=int, default=40)
    parser.add_argument("--list", action="store_true", help="print what went wrong")
    parser.add_argument("--controller", action="store_true", help="through the real firmware")
    parser.add_argument("--hung", choices=FIXTURES, help="on such fixtures only")
    parser.add_argument("--own", action="store_true", help="the dictionary's op-amps only")
    parser.add_argument("--seed", type=int, default=1, help="of faults, boards and fixtures")
    parser.add_argument("--kept", type=Path, help="folder of dictionaries")
    given = parser.parse_args(arguments)
    for name in given.board:
        with tempfile.TemporaryDirectory() as folder:
            _report(name, given.kept or Path(folder), given)
    return True


def _report(name: str, folder: Path, given: argparse.Namespace) -> None:
    """Print all counts of one board."""
    subject = Subject(name, folder)
    book = subject.looked.dictionary
    print(
        f"{name}: {len(book.universe.faults) - 1} faults, "
        f"{len(book.universe.hypotheses)} hypotheses, {len(book.cases)} cases solved in "
        f"{subject.solved_s:.1f} s of CPU; unseen: {', '.join(book.unseen)}",
        flush=True,
    )
    chance, first = random.Random(given.seed), _SEEDS * (given.seed - 1)
    drawn = [subject.drawn_fault(chance) for _ in range(given.boards)]
    faulty = [Drawn(first + 1000 + n, (spelling,)) for n, (_, spelling) in enumerate(drawn)]
    sound = [Drawn(first + 50_000 + n) for n in range(given.boards)]
    decks = {"op-amps as the dictionary's": subject.deck}
    if not given.controller and not given.own:
        decks["other op-amps"] = other_opamp(subject.deck)
    fixtures = ["uncalibrated"] if given.controller else [given.hung] if given.hung else [*FIXTURES]
    for (whose, deck), hung in itertools.product(decks.items() if given.boards else (), fixtures):
        measured = subject.measured(faulty, deck, hung, controller=given.controller)
        right = counted(subject, drawn, measured, listing=given.list)
        print(f"{hung}, {whose}, faulty: {right}", flush=True)
        measured = subject.measured(sound, deck, hung, controller=given.controller)
        print(f"{hung}, {whose}, sound: {alarms(subject, measured)}", flush=True)
    if given.damaged:
        print(f"damaged amplifiers: {damaged(subject, given.damaged, chance, first)}", flush=True)
    for where, everywhere in (("the test points", False), ("every net", True)):
        if given.doubles:
            counts = doubles(
                subject, given.doubles, chance, first, everywhere=everywhere, listing=given.list
            )
            print(f"two faults, read at {where}: {counts}", flush=True)
    if given.doubles and subject.board.firing is None:
        most = most_flagged(subject, 10 * given.doubles, chance, first)
        print(f"two faults, flagged by the best test at the test points: {most}", flush=True)
    if given.probed:
        print(f"probed: {readings_needed(subject, given.probed, chance, first)}", flush=True)
    if given.triples:
        counts = triples(subject, given.triples, chance, first, listing=given.list)
        print(f"three faults, read at the test points: {counts}", flush=True)
