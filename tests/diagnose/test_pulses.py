"""A board of timers with a few of its faults: fired by a fixture, and probed at rest by hand."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from realnet_hw.board import Board
from realnet_hw.diagnose import (
    answers,
    diagnosis,
    dictionary,
    drawn,
    possible,
    reading_file,
    readings,
    responding,
    timing,
    universe,
    words,
)
from realnet_hw.diagnose.answers import flips_V, untimed
from realnet_hw.diagnose.diagnosis import Investigation
from realnet_hw.diagnose.fired import FiredResponder
from realnet_hw.diagnose.inference import untimed_chances
from realnet_hw.diagnose.readings import Probe, Readings
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.compiled import solver
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.compiled.kernels import waves
from realnet_hw.records import Measurement
from tests.bench import edges, runs, simulated
from tests.bench.runs import Drawn

FAULTS = (
    "healthy",
    "R3 wrong value",
    "R7 open",
    "C6 missing",
    "U2.3 stuck low",
    "D3 reversed",
    "D5 missing",
)


@dataclass(frozen=True)
class Timers:
    board: Board
    deck: Deck
    fresh: Callable[[], Investigation]
    read: Callable[..., Readings]
    measured: Callable[..., Measurement]


@pytest.fixture(scope="module")
def timers(tmp_path_factory: pytest.TempPathFactory) -> Timers:
    whole, netlist, deck = runs.described("nand_555")
    board = dataclasses.replace(whole, cases=(whole.cases[0], whole.cases[3]))
    every = diagnosis.universe_of(board, netlist, deck)
    kept = [
        number
        for number, one in enumerate(every.hypotheses)
        if every.faults[one.fault].name in FAULTS and (one.factors is None or one.factors[0] > 1.0)
    ]
    few = every.of(kept, [1.0] * len(kept))
    folder, engine = tmp_path_factory.mktemp("dictionary"), CompiledEngine()
    cases = diagnosis.cases_for(board, Readings())

    def fresh() -> Investigation:
        return Investigation(board, netlist, deck, engine, few, cases, folder=folder)

    def measured(*faults: str, seed: int = 7) -> Measurement:
        reading, wiring = runs.reading().reading, runs.wired("nand_555")
        ((record, _),) = simulated.measurements(
            board, deck, netlist.sha256(), engine, wiring, reading, [Drawn(seed, faults)]
        )
        return record

    def read(*faults: str) -> Readings:
        return readings.from_measurement(measured(*faults), board)

    return Timers(board, deck, fresh, read, measured)


def test_signs_of_a_balanced_design_are_orthogonal_to_each_other_and_to_the_mean() -> None:
    signs = drawn._balanced(46)
    assert signs.shape == (64, 46)
    whole = np.hstack([np.ones((64, 1)), signs])
    assert np.array_equal(whole.T @ whole, 64 * np.eye(47))


def test_boards_of_which_nothing_was_compared_are_not_alike(timers: Timers) -> None:
    """A drawn board without a solution says nothing of another fault's boards."""
    cases = timers.fresh().dictionary.cases
    responder = responding.responder_of(timers.board, timers.deck, CompiledEngine(), cases)
    assert isinstance(responder, FiredResponder)
    first = np.zeros((1, len(cases), 3))
    known = drawn._Known(np.ones((2, len(cases), 3)), [])
    responder._known = {drawn._key(first[0]): [known]}
    assert responder._alike(first, np.ones((2, 3))) is known
    assert responder._alike(first, np.ones((0, 3))) is None
    assert responder._alike(first, np.full((2, 3), 99.0)) is None
    unsolved = drawn._Known(first[:0], [])
    responder._known = {drawn._key(first[0]): [unsolved]}
    assert responder._alike(first, np.ones((2, 3))) is None


@pytest.mark.parametrize("module", [answers, drawn, timing, universe, solver, waves])
def test_a_dictionary_is_made_anew_after_a_change_of_what_makes_it(module: ModuleType) -> None:
    assert Path(module.__file__ or "").read_text("utf-8") in dictionary._sources()


def test_a_resistance_is_no_pulse(timers: Timers) -> None:
    ohms = Probe("ohm", (), "P1", "OUT")
    looked = timers.fresh()
    evidence = dataclasses.replace(looked.found.evidence, untimed=((ohms, True),))
    with pytest.raises(InputError, match="a resistance is no pulse"):
        untimed_chances(looked.predictor, evidence, np.arange(1))


def test_a_width_follows_its_resistor_as_the_law_says(timers: Timers) -> None:
    """t = R C ln((15 - v_d) / (15 - A)), of R = 105k and C = 100n with A = 5 V: 3.9 ms."""
    looked = timers.fresh()
    inputs = tuple(looked.dictionary.cases[0].items())
    assert dict(inputs) == {"A": 5.0, "B": 5.0}
    pulse = Probe("second", inputs, "P1")
    found = looked.predictor.predicted([pulse], [0])
    assert found.mean[0, 0] == pytest.approx(10.5 * np.log(14.5 / 10), rel=0.03)
    columns = looked.dictionary.parameters
    for name in ("r3", "c3"):
        moved = abs(found.linear[0, 0, columns.index(name)])
        spread = next(one for one in timers.deck.spreads if one.parameter == name)
        share = (spread.high - spread.low) / 2 / spread.nominal
        assert moved == pytest.approx(found.mean[0, 0] * share / np.sqrt(3), rel=0.15)
    steps = [
        number
        for number, one in enumerate(looked.dictionary.universe.hypotheses)
        if one.spelling == "R3 wrong value"
    ]
    near = looked.dictionary.universe.hypotheses[steps[0]].factors
    assert near is not None
    grown = looked.predictor.predicted([pulse], steps[:1]).mean[0, 0]
    assert near[0] < grown / found.mean[0, 0] < near[1]


def test_a_sound_board_is_called_sound_and_what_no_reading_shows_is_said(timers: Timers) -> None:
    looked = timers.fresh()
    looked.take(timers.read())
    assert looked.found.is_sound
    kinds = {reading.probe.kind for reading in looked.readings.values}
    assert kinds == {"volt", "second"}
    # A Zener diode that nothing drives beyond 5 V.
    assert looked.dictionary.unseen == ("D5 missing",)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("R3 is 147k", "R3 wrong value"),
        ("R7 open", "R7 open"),
        ("C6 missing", "C6 missing"),
        ("U2.3 stuck low", "U2.3 stuck low"),
    ],
)
def test_a_fault_is_found_from_what_the_fixture_times(
    timers: Timers, fault: str, name: str
) -> None:
    looked = timers.fresh()
    looked.take(timers.read(fault))
    assert not looked.found.is_unknown
    faults = looked.dictionary.universe.faults
    first = looked.groups()[0]
    assert name in [faults[number].name for number, _ in first.faults]
    # Of those named of such boards 3 % are another or none, and it may be more elsewhere.
    assert first.probability <= 0.85
    assert looked.sure() == []
    # Nothing at rest shows a capacitor.
    advised = looked.record("a" * 64, {}).next_probe
    assert (advised is None) == (fault == "C6 missing")


def test_a_pulse_in_pieces_is_told_from_one(timers: Timers) -> None:
    """D3 reversed lifts P1 again with P2, after a gap: no fixture times that as one."""
    record = timers.measured("D3 reversed")
    pulse = record.cases[0].pulses["P1"]
    assert pulse.width_s is None
    assert pulse.untimed
    looked = timers.fresh()
    looked.take(readings.from_measurement(record, timers.board))
    names = [fault.name for fault in looked.dictionary.universe.faults]
    assert not looked.found.is_unknown
    assert looked.found.faults[names.index("D3 reversed")] > 0.7
    # A sound board answers alike in all that was timed and read, but in one piece.
    assert looked.found.healthy < 0.01


@pytest.mark.parametrize(("edges_us", "width_us", "untimed"), edges.LINES)
def test_what_a_fixture_can_time(
    edges_us: tuple[float, ...], width_us: float, untimed: float
) -> None:
    start_s, end_s = edges.START_us * 1e-6, edges.END_us * 1e-6
    turns = [(-at if number % 2 else at) * 1e-6 for number, at in enumerate(edges_us)]
    width_s, chance = timing.timed(
        [at for at in turns if at], start_s, end_s, ends_high=len(turns) % 2 == 1
    )
    assert width_s == pytest.approx(width_us * 1e-6, abs=1e-9)
    assert chance == untimed
    told = simulated.Stopwatch(1).timed_s([at * 1e-6 for at in edges_us], start_s, end_s)
    if untimed != 0.5:
        assert (told is None) == (untimed == 1.0)
    if told is not None:
        assert told == pytest.approx(width_us * 1e-6, rel=6e-3, abs=2e-6)


def test_a_net_that_is_high_from_the_first_instant_can_not_be_timed(timers: Timers) -> None:
    """It crosses no level; the fixture finds it high before the trigger."""
    bridge = "+15V P1 bridged"
    looked = timers.fresh()
    responder = responding.responder_of(
        timers.board, timers.deck, CompiledEngine(), looked.dictionary.cases[:1]
    )
    assert isinstance(responder, FiredResponder)
    (found,) = responder.answers_to(responder.twin(bridge), [responder.sets[0]])
    told = dict(zip(responder.answers, found, strict=False))
    node = timers.deck.nodes["P1"]
    assert told[untimed(node)] == 1.0
    assert timers.measured(bridge).cases[0].pulses["P1"].untimed


def test_an_output_that_has_flipped_is_improbable_not_impossible(timers: Timers) -> None:
    """Some sound boards in a hundred flip where none of those drawn did."""
    read = timers.read()
    high = next(one for one in read.values if one.probe.net == "OUT")
    assert high.value > 4.0
    flipped = [dataclasses.replace(one, value=0.0) if one is high else one for one in read.values]
    looked = timers.fresh()
    looked.take(dataclasses.replace(read, values=tuple(flipped)))
    assert looked.found.flips[0] == 1
    assert not looked.found.is_unknown
    assert not looked.found.is_sound


def test_an_output_that_is_dragged_half_way_has_not_flipped(timers: Timers) -> None:
    read = timers.read()
    high = next(one for one in read.values if one.probe.net == "OUT")
    half_V = 0.9 * flips_V(timers.board)["OUT"]
    dragged = [
        dataclasses.replace(one, value=half_V) if one is high else one for one in read.values
    ]
    looked = timers.fresh()
    looked.take(dataclasses.replace(read, values=tuple(dragged)))
    assert looked.found.flips[0] == 0
    assert looked.found.is_unknown


def test_a_wrong_value_is_estimated_from_a_width(timers: Timers) -> None:
    looked = timers.fresh()
    looked.take(timers.read("R3 is 147k"))
    first = looked.record("a" * 64, {}).groups[0].faults[0]
    assert first.value == pytest.approx(147e3, rel=0.07)
    assert first.low is not None
    assert first.high is not None
    assert first.low < 147e3 < first.high


def test_by_hand_it_is_read_at_rest_with_reset_or_trigger_held_low(timers: Timers) -> None:
    """No one is asked for what only a fixture can do; a wired fixture is, and is asked first."""
    looked = timers.fresh()
    offered = looked.offered()
    assert {probe.held for probe in offered if probe.kind == "volt"} == {"RESET", "TRIGGER"}
    assert not [probe for probe in offered if probe.kind == "second"]
    supply = looked.supplies_first()
    assert [(probe.net, probe.held) for probe in supply] == [("+15V", "RESET")]
    looked.by_itself = looked.read_by({"P1": "pulse0", "OUT": "adc2"})
    assert looked.choices()[0].probe in looked.by_itself


def test_held_low_a_dead_output_is_told_from_a_missing_capacitor(timers: Timers) -> None:
    looked = timers.fresh()
    inputs = tuple(looked.dictionary.cases[0].items())
    names = [fault.name for fault in looked.dictionary.universe.faults]
    probe = Probe("volt", inputs, "P1", held="TRIGGER")
    # A sound output is high then, 1.5 V below the supply.
    sound = looked.predictor.predicted([probe], [0])
    assert sound.mean[0, 0] == pytest.approx(13.5, abs=0.1)
    looked.take(readings.by_hand(probe, 0.2, number=1), step=True)
    assert looked.found.faults[names.index("U2.3 stuck low")] > 0.75


def given(tmp_path: Path, **entry: object) -> Path:
    path = tmp_path / "readings.json"
    path.write_text(json.dumps({"readings": [entry]}), "utf-8")
    return path


def test_the_figures_that_are_told_are_those_of_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "diagnosis.md"
    table = page.read_text("utf-8").split("| `nand_555`, fired by a fixture |")[1].split("\n\n")[0]
    row = re.compile(r"^\| ([^|(]*?) (?:\([^|]*)?\| (\d+) %[^|]* \|", re.MULTILINE)
    counted = dict(row.findall(table))
    told = [
        counted["the right fault is the most probable one"],
        counted["it is among the first three"],
        counted["it is in the most probable group"],
        counted["called sound"],
    ]
    assert re.findall(r"\b\d+\b", words.PULSES) == ["100", *told]


def read(timers: Timers, path: Path) -> Readings:
    nets = list(timers.deck.nodes)
    return reading_file.read(path, path.read_bytes(), timers.board, "", nets, new=path)[0]


AT = {"A": 5, "B": 5}


def test_a_file_may_hold_pulses_and_what_is_read_at_rest(timers: Timers, tmp_path: Path) -> None:
    path = given(tmp_path, inputs=AT, node="p1", value=3.9, unit="ms")
    (pulse,) = read(timers, path).values
    assert (pulse.probe.kind, pulse.probe.net) == ("second", "P1")
    assert pulse.value == pytest.approx(3.9e-3)
    path = given(tmp_path, inputs=AT, node="EDGE", held="reset", value=0.02)
    (rest,) = read(timers, path).values
    assert rest.probe.held == "RESET"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"node": "V3", "value": 0.004, "unit": "s"}, "no pulse is timed at V3"),
        ({"node": "EDGE", "value": 15}, "EDGE after a firing"),
        ({"node": "EDGE", "value": 15, "held": "A"}, "no port 'A' to hold low"),
        ({"node": "P1", "value": -1, "unit": "ms"}, "seconds from 0 on"),
        ({"node": "P1", "value": 4, "unit": "s"}, "a pulse of 4000 ms at P1"),
    ],
)
def test_pulses_that_can_not_be_are_refused(
    timers: Timers, tmp_path: Path, entry: dict[str, object], says: str
) -> None:
    path = given(tmp_path, inputs=AT, **entry)

    def taken() -> None:
        possible.refuse_impossible(read(timers, path), timers.board)

    with pytest.raises(InputError) as refused:
        taken()
    assert says in str(refused.value)


def test_at_rest_it_is_read_at_one_setting_of_the_inputs(timers: Timers) -> None:
    looked = timers.fresh()
    other = tuple(looked.dictionary.cases[1].items())
    with pytest.raises(InputError, match="A = 5 V, B = 5 V"):
        looked.take(readings.by_hand(Probe("volt", other, "EDGE", held="RESET"), 0.0, number=1))


@pytest.mark.parametrize(
    ("text", "seconds"), [("4.05 ms", 4.05e-3), ("0.004", 4e-3), ("0", 0.0), ("850us", 850e-6)]
)
def test_a_width_is_read_as_typed(text: str, seconds: float) -> None:
    assert readings.value_typed(text, "second") == pytest.approx(seconds)
