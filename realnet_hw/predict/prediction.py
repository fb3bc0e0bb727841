"""The prediction record: what a board should do, how boards spread, and what faults look like."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from realnet_hw import records
from realnet_hw.board import Board, Case
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.bom import used_parts
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import conditions, faults
from realnet_hw.predict.bands import band, proportion_interval
from realnet_hw.predict.engine import Engine, Volts
from realnet_hw.predict.monte_carlo import Progress, monte_carlo
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.traces import microvolt, microvolts

# How far the slopes look to either side of an input: more than the fixture's source may be wrong,
# so that a rectifier which turns on within that distance is seen.
SLOPE_STEP_V = 0.1

# Of so many boards not one may hide a fault that is called seen with 95 % probability.
_MOST_TRIED = 12


def predict(
    board: Board,
    deck: Deck,
    netlist: Netlist,
    engine: Engine,
    samples: int = 1000,
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
        samples: boards to draw, 2 or more.
        seed: of the draw, 0 or more.
        progress: told of boards and faults done, and how many there are in all.

    Raises:
        InputError: too few samples, no cases, or a board that does not fit the deck.
        SimulationFailed: no solution, with the board or fault it is missing for.
    """
    if samples < 2:
        raise InputError(f"{samples} samples", where=board.name, allowed="2 or more")
    if not board.cases:
        raise InputError("the board has no cases to predict", where=board.name)
    names = _value_names(board, deck)
    nodes = [deck.nodes[net] for net in names.values()]
    cases = [_sources(deck, case) for case in board.cases]
    possible = faults.single_faults(deck)
    total = samples + len(possible)

    def boards_done(done: int, _: int) -> None:
        if progress:
            progress(done, total)

    nominal = engine.operating_point(deck, cases, nodes)
    drawn = monte_carlo(
        deck, engine, cases, nodes, samples=samples, seed=seed, progress=boards_done
    )
    signatures = []
    tried = _boards_tried(samples, len(possible))
    for done, fault in enumerate(possible, samples + 1):
        faulty = faults.apply(deck, fault)
        volts = engine.operating_point(faulty, cases, nodes)
        signatures.append(
            records.FaultSignature(
                fault=fault,
                values_V=microvolts(volts),
                boards_V=[
                    microvolts(found)
                    for drawn_board in draw(faulty.spreads, tried, seed)
                    if (found := _solved(faulty, engine, cases, nodes, drawn_board)) is not None
                ],
            )
        )
        if progress:
            progress(done, total)

    below, above = _slopes(deck, engine, cases, nodes, nominal)
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
            _case(board, case, list(names), nominal[index], drawn[:, index])
            for index, case in enumerate(board.cases)
        ],
        statistics=records.Statistics(
            keys=[f"{index}.{name}" for index in range(len(cases)) for name in names],
            boards_V=[microvolts(volts) for volts in drawn],
            slope_below=below,
            slope_above=above,
        ),
        faults=signatures,
        yield_=_yield(board, drawn),
        conditions=conditions.of(deck),
        parts=used_parts(netlist),
        nets={port.name: port.net for port in board.inputs} | names,
    )


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


def _boards_tried(samples: int, faults: int) -> int:
    """Return how many boards each fault is put into: in all about twice those drawn without one."""
    return min(samples, _MOST_TRIED, max(2, 2 * samples // max(1, faults)))


def _solved(
    deck: Deck,
    engine: Engine,
    cases: Sequence[dict[str, float]],
    nodes: Sequence[str],
    board: Mapping[str, float],
) -> Volts | None:
    """Return a drawn board's values; None where SPICE finds none, as a broken board may have it."""
    try:
        return engine.operating_point(deck, [{**board, **case} for case in cases], nodes)
    except SimulationFailed:
        return None


def _value_names(board: Board, deck: Deck) -> dict[str, str]:
    """Return name to net of every predicted value: outputs, then test points.

    Raises:
        InputError: a net that the deck does not have, or a board without outputs.
    """
    names = {port.name: port.net for port in board.outputs}
    if not names:
        raise InputError("the board has no outputs", where=board.name)
    for point in board.test_points:
        names.setdefault(point.name, point.net)
    for name, net in names.items():
        if net not in deck.nodes:
            raise InputError(f"{name} is on net {net!r}, which is not there", where=board.name)
    return names


def _sources(deck: Deck, case: Case) -> dict[str, float]:
    return {deck.inputs[name].element: volts for name, volts in case.inputs.items()}


def _case(
    board: Board, case: Case, names: Sequence[str], nominal: Volts, drawn: Volts
) -> records.PredictedCase:
    """Return a case from its values: the nominal ones and, one row a board, the drawn ones."""
    outputs: dict[str, records.PredictedOutput] = {}
    nodes: dict[str, records.PredictedNode] = {}
    for column, name in enumerate(names):
        volts = float(nominal[column])
        low, high = band(drawn[:, column].tolist())
        low_V, high_V = microvolt(min(low, volts)), microvolt(max(high, volts))
        if name in case.expected:
            outputs[name] = records.PredictedOutput(
                nominal_V=microvolt(volts),
                low_V=low_V,
                high_V=high_V,
                expected=case.expected[name],
                logic=board.logic.level(volts),
                ideal_V=case.ideal_V.get(name),
                window_V=case.windows_V.get(name),
            )
        else:
            nodes[name] = records.PredictedNode(
                nominal_V=microvolt(volts), low_V=low_V, high_V=high_V
            )
    inputs = {name: records.PredictedInput(set_V=volts) for name, volts in case.inputs.items()}
    return records.PredictedCase(inputs=inputs, outputs=outputs, nodes=nodes, largest=case.largest)


def _slopes(
    deck: Deck,
    engine: Engine,
    cases: Sequence[dict[str, float]],
    nodes: Sequence[str],
    here: Volts,
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return each value's slope against each input, to either side of it."""
    sides: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
    for name, source in deck.inputs.items():
        for side, step_V in zip(sides, (-SLOPE_STEP_V, SLOPE_STEP_V), strict=True):
            moved = [{**case, source.element: case[source.element] + step_V} for case in cases]
            slope = (engine.operating_point(deck, moved, nodes) - here) / step_V
            side[name] = microvolts(slope)
    return sides


def _yield(board: Board, drawn: Volts) -> records.Yield | None:
    """Count the boards whose outputs are what is asked for, in every case; None if nothing is."""
    if not any(case.asks for case in board.cases):
        return None
    names = [port.name for port in board.outputs]
    count = sum(
        all(
            case.shown_by(dict(zip(names, volts, strict=False)), board.logic)
            for case, volts in zip(board.cases, one.tolist(), strict=True)
        )
        for one in drawn
    )
    low, high = proportion_interval(count, len(drawn))
    return records.Yield(
        good=count, samples=len(drawn), value=count / len(drawn), low=low, high=high
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
