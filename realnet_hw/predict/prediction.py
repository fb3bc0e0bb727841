"""The prediction record: what a board should do, how boards spread, and what faults look like."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from realnet_hw import records
from realnet_hw.board import Board, Case
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.bom import used_parts
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import conditions, faults, slopes
from realnet_hw.predict.asking import Answers, Asking, asking_of
from realnet_hw.predict.bands import band_of_modes
from realnet_hw.predict.engine import Engine, Parameters
from realnet_hw.predict.levels import sources
from realnet_hw.predict.monte_carlo import Progress, Run, streamed
from realnet_hw.predict.sensitivity import sensitivity
from realnet_hw.predict.tally import KEPT, Tally
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.traces import microvolt, microvolts, nanosecond, nanoseconds


def predict(
    board: Board,
    deck: Deck,
    netlist: Netlist,
    engine: Engine,
    samples: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> records.Prediction:
    """Predict every case of a board.

    The nominal board gives the values, ``samples`` drawn boards the bands that hold 99 % of all
    boards (with 95 % confidence, see ``bands.band``), the joint distribution and the yield; each
    single fault is put into the nominal board and into the first few of those drawn.

    Args:
        board: with its cases, logic levels and test points.
        deck: made from the netlist.
        netlist: of the board's circuit; its hash names the circuit.
        engine: the simulator.
        samples: boards to draw, 2 or more; None for as many as ``asking`` can afford.
        seed: of the draw, 0 or more.
        progress: told of boards and faults done, and how many there are in all.

    Raises:
        InputError: too few samples, no cases, or a board that does not fit the deck.
        SimulationFailed: no solution for the nominal board or a drawn one, with its parameters.
    """
    if not board.cases:
        raise InputError("the board has no cases to predict", where=board.name)
    asking = asking_of(board, deck)
    samples = asking.samples if samples is None else samples
    if samples < 2:
        raise InputError(f"{samples} samples", where=board.name, allowed="2 or more")
    cases = [sources(deck, case.inputs) for case in board.cases]
    possible = _told_apart(board, asking, deck)
    total = samples + len(possible)

    def boards_done(done: int, _: int) -> None:
        if progress:
            progress(done, total)

    nominal = asking.answers(deck, engine, cases)
    tally = Tally(board, board.cases)
    for answers in streamed(Run(deck, asking, cases, samples, seed), engine, boards_done):
        tally.add(answers)
    drawn = tally.kept
    signatures, unsolved = [], []
    tried = asking.boards_tried(samples, len(possible))
    for done, fault in enumerate(possible, samples + 1):
        try:
            signatures.append(_signature(fault, deck, engine, asking, cases, tried, seed))
        except SimulationFailed:
            unsolved.append(fault)
        if progress:
            progress(done, total)

    made_from = {"circuit": netlist.sha256(), "deck": _sha256(deck.text())}
    if board.network is not None:
        made_from["network"] = board.network.sha256()
    return records.Prediction(
        board=board.name,
        title=board.title,
        circuit_sha256=netlist.sha256(),
        made_from=made_from,
        engine=f"{engine.name} {engine.version}",
        samples=samples,
        seed=seed,
        thresholds=records.Thresholds(
            low_V=board.logic.threshold_low_V, high_V=board.logic.threshold_high_V
        ),
        cases=[
            _case(board, case, asking, nominal[index], drawn[:, index])
            for index, case in enumerate(board.cases)
        ],
        statistics=_statistics(board, deck, engine, asking, cases, nominal, drawn, seed),
        faults=signatures,
        unsolved_faults=unsolved,
        yield_=tally.yield_,
        margins=tally.margins,
        sensitivity=sensitivity(board, deck, engine, asking, cases),
        conditions=conditions.of(deck),
        parts=used_parts(netlist),
        nets=_nets(board),
    )


def _told_apart(board: Board, asking: Asking, deck: Deck) -> list[str]:
    """Return the faults that a measurement might show: none of a board that nothing measures."""
    return asking.faults(deck) if board.procedures else []


def questions(board: Board, deck: Deck, samples: int) -> int:
    """Return how many answers ``predict`` asks for: boards, faulty boards and moved inputs.

    Raises:
        InputError: a board that does not fit the deck.
    """
    asking = asking_of(board, deck)
    faulty = len(_told_apart(board, asking, deck))
    boards = 1 + samples + faulty * (1 + asking.boards_tried(samples, faulty))
    inputs = len(deck.inputs)
    answering = slopes.questions(asking, inputs, min(samples, KEPT))
    return len(board.cases) * (boards + 2 * inputs + answering)


def shows_its_cases(prediction: records.Prediction) -> bool:
    """Return whether the nominal board answers every case as it should."""
    return all(
        all(
            output.expected in (None, output.logic)
            and (
                output.window_V is None
                or output.window_V[0] <= output.nominal_V <= output.window_V[1]
            )
            for output in case.outputs.values()
        )
        and case.largest in (None, max(case.outputs, key=lambda name: case.outputs[name].nominal_V))
        for case in prediction.cases
    )


def _signature(
    fault: str,
    deck: Deck,
    engine: Engine,
    asking: Asking,
    cases: Sequence[Parameters],
    tried: int,
    seed: int,
) -> records.FaultSignature:
    """Return what a fault does to the nominal board and to the first few of those drawn.

    Raises:
        SimulationFailed: no solution for the nominal board.
    """
    faulty = faults.apply(deck, fault)
    voltages = len(asking.voltages)
    nominal = asking.answers(faulty, engine, cases)
    boards = [
        found
        for drawn_board in draw(faulty.spreads, tried, seed)
        if (found := _solved(faulty, engine, asking, cases, drawn_board)) is not None
    ]
    return records.FaultSignature(
        fault=fault,
        values_V=microvolts(nominal[:, :voltages]),
        boards_V=[microvolts(found[:, :voltages]) for found in boards],
        widths_s=nanoseconds(nominal[:, voltages:]),
        board_widths_s=[nanoseconds(found[:, voltages:]) for found in boards if asking.pulses],
    )


def _solved(
    deck: Deck,
    engine: Engine,
    asking: Asking,
    cases: Sequence[Parameters],
    board: Parameters,
) -> Answers | None:
    """Return a drawn board's values; None where SPICE finds none, as a broken board may have it."""
    try:
        return asking.answers(deck, engine, [{**board, **case} for case in cases])
    except SimulationFailed:
        return None


def _statistics(
    board: Board,
    deck: Deck,
    engine: Engine,
    asking: Asking,
    cases: Sequence[Parameters],
    nominal: Answers,
    drawn: Answers,
    seed: int,
) -> records.Statistics:
    voltages = len(asking.voltages)
    below, above = slopes.against_inputs(deck, engine, asking, cases, nominal)
    pulses = records.PulseStatistics()
    if asking.pulses:
        pulses = records.PulseStatistics(
            keys=_keys(asking.pulses, cases),
            boards_s=[nanoseconds(one[:, voltages:]) for one in drawn],
            slope_below_s_per_V={n: nanoseconds(slope[:, voltages:]) for n, slope in below.items()},
            slope_above_s_per_V={n: nanoseconds(slope[:, voltages:]) for n, slope in above.items()},
            u_s=nanosecond(asking.width_u_s),
        )
    return records.Statistics(
        keys=_keys(tuple(asking.voltages), cases),
        boards_V=[microvolts(one[:, :voltages]) for one in drawn],
        slope_below={name: microvolts(slope[:, :voltages]) for name, slope in below.items()},
        slope_above={name: microvolts(slope[:, :voltages]) for name, slope in above.items()},
        pulses=pulses,
        slopes=slopes.record(
            slopes.Predicted(deck, engine, asking, cases, nominal, drawn, seed),
            alike=_shown_alike(board, asking, nominal, drawn),
        ),
    )


def _shown_alike(
    board: Board, asking: Asking, nominal: Answers, drawn: Answers
) -> npt.NDArray[np.bool_]:
    """Return which boards show, at every output that is asked for a level, the nominal one's."""
    names = list(asking.voltages)
    alike = np.ones(len(drawn), bool)
    for index, case in enumerate(board.cases):
        for name, expected in case.expected.items():
            if expected is not None:
                column = names.index(name)
                level = board.logic.level(float(nominal[index, column]))
                shown = [board.logic.level(volts) for volts in drawn[:, index, column].tolist()]
                alike &= np.array([one == level for one in shown])
    return alike


def _keys(names: Sequence[str], cases: Sequence[Parameters]) -> list[str]:
    return [f"{index}.{name}" for index in range(len(cases)) for name in names]


def _nets(board: Board) -> dict[str, str]:
    """Return the net of every input, output and test point; of an output, where a name is both."""
    nets = {port.name: port.net for port in board.inputs}
    nets |= {port.name: port.net for port in board.outputs}
    outputs = {port.name for port in board.outputs}
    return nets | {p.name: p.net for p in board.test_points if p.name not in outputs}


def _case(
    board: Board, case: Case, asking: Asking, nominal: Answers, drawn: Answers
) -> records.PredictedCase:
    """Return a case from its values: the nominal ones and, one row a board, the drawn ones."""
    outputs: dict[str, records.PredictedOutput] = {}
    nodes: dict[str, records.PredictedNode] = {}
    pulses: dict[str, records.PredictedPulse] = {}
    for column, name in enumerate((*asking.voltages, *asking.pulses)):
        value = float(nominal[column])
        values = drawn[:, column].tolist()
        is_level = case.expected.get(name) is not None
        levels = [board.logic.level(one) if is_level else None for one in values]
        low, high = band_of_modes(values, levels)
        low, high = min(low, value), max(high, value)
        if name in asking.pulses:
            pulses[name] = records.PredictedPulse(
                nominal_s=nanosecond(value),
                low_s=nanosecond(max(low, 0.0)),
                high_s=nanosecond(high),
            )
        elif name in case.expected:
            outputs[name] = records.PredictedOutput(
                nominal_V=microvolt(value),
                low_V=microvolt(low),
                high_V=microvolt(high),
                expected=case.expected[name],
                logic=board.logic.level(value),
                ideal_V=case.ideal_V.get(name),
                window_V=case.windows_V.get(name),
            )
        else:
            nodes[name] = records.PredictedNode(
                nominal_V=microvolt(value), low_V=microvolt(low), high_V=microvolt(high)
            )
    inputs = {name: records.PredictedInput(set_V=volts) for name, volts in case.inputs.items()}
    return records.PredictedCase(
        inputs=inputs, outputs=outputs, nodes=nodes, largest=case.largest, pulses=pulses
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
