"""Measure virtual boards without controller and serial line: the same front end, fast.

What is left out is what never errs: firmware that gives the codes it read. That both ways agree is
tested on the same boards. A pulse is timed as the firmware's description says: PROTOCOL.md,
``SENSe:FIRE?``.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.emulate.front_end import MID_CHANNEL, OUTPUTS, PULSE_HYSTERESIS_V, FrontEnd
from realnet_hw.emulate.moment import NEW, Moment
from realnet_hw.emulate.truths import draw_circuit, draw_errors
from realnet_hw.export.deck import Deck
from realnet_hw.measure import assemble
from realnet_hw.measure.fixture_specification import CLOCK_BOUND, LSB_V, TICK_S
from realnet_hw.measure.journal import Point
from realnet_hw.measure.station import SENSE_SUFFIX, Reading
from realnet_hw.predict.asking import Fired, asking_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.engine import Engine, Parameters
from realnet_hw.predict.faults import apply_all
from realnet_hw.predict.lots import LOTS
from realnet_hw.predict.tolerances import draw
from tests.bench import runs
from tests.bench.runs import Drawn, Found

# From switching on to the first case, and the pace of the protocol at 115200 baud.
_BEGIN_s, _CONVERSION_s, _ANSWER_s = 0.6, 30e-6, 8e-3
# A gap that the firmware tells for certain.
_GAP_s = 0.75e-6
# Of so short a pulse it never sees the end, and of one that lasts so long it always does.
_NEVER_s, _ALWAYS_s = 4e-6, 30e-6

CALIBRATION = records.Calibration(valid=False, date=None, note="none")


class Terminals:
    """One drawn fixture at a moment: what it delivers for a set voltage, and reads of a voltage."""

    def __init__(self, seed: int, truth: str, at: Moment = NEW) -> None:
        self._front_end = FrontEnd(
            draw_errors(seed, truth=truth, at=at), draw_circuit(seed, truth=truth, at=at)
        )
        self._inl = self._front_end.errors.inputs[0].inl

    def components(self, channel: str) -> list[records.Component] | None:
        """What a calibration says of a channel: there is none."""
        return None

    def pulse_levels_V(self, channel: int) -> tuple[float, float]:
        """What a pulse begins above, and ends below."""
        middle_V = self._front_end.errors.pulse_thresholds_V[channel]
        return middle_V + PULSE_HYSTERESIS_V / 2, middle_V - PULSE_HYSTERESIS_V / 2

    def delivered_V(self, channel: int, set_V: float, at_s: float) -> float:
        return self._front_end.delivered_V(channel, round(set_V / LSB_V) + 2048, at_s)

    def lifted_V(
        self, channel: int, sensed_V: Mapping[int, float], sourced_V: Mapping[int, float]
    ) -> float:
        """What all terminals add to a sense along the copper; those not named are at 0 V."""
        return self._front_end.lifted_V(
            channel,
            [sensed_V.get(other, 0.0) for other in range(MID_CHANNEL)],
            [sourced_V.get(other, 0.0) for other in range(OUTPUTS)],
        )

    def read_V(self, channel: int, terminal_V: float, at_s: float, average: int) -> float:
        """Read a voltage, with what it is lifted by."""
        codes = []
        for count in range(average):
            moment_s = at_s + count * _CONVERSION_s
            place = self._front_end.adc_V(channel, terminal_V, moment_s)
            place /= self._front_end.reference_V
            codes.append(min(max(math.floor(place * 4096 + self._inl(place) + 0.5), 0), 4095))
        return (statistics.fmean(codes) - 2048) * LSB_V


class Stopwatch:
    """One drawn controller: its clock is off, and so is a tick; some gap or pulse is too short."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._pace = 1 + self._chance.uniform(-1, 1) * CLOCK_BOUND["resonator"]
        slow = self._chance.random()
        self._gap_s = slow * _GAP_s
        self._pulse_s = _NEVER_s + slow * (_ALWAYS_s - _NEVER_s)

    def read_s(self, width_s: float) -> float:
        ticks = math.floor(width_s * self._pace / TICK_S + self._chance.random())
        return ticks * TICK_S

    def timed_s(self, edges_s: Sequence[float], start_s: float, end_s: float) -> float | None:
        """Time a pulse as the firmware does; None where it can't.

        Args:
            edges_s: when the line goes high and low, in turn, beginning low.
            start_s: when the trigger is pulled.
            end_s: when the board is read.
        """
        if sum(at <= start_s for at in edges_s) % 2:
            return None
        edges = [at for at in edges_s if at > start_s]
        for fall in range(len(edges) - 3 + len(edges) % 2, 0, -2):
            if edges[fall + 1] - edges[fall] < self._gap_s:
                del edges[fall : fall + 2]
        if not edges:
            return 0.0
        fell = edges[1] if len(edges) > 1 else end_s
        if len(edges) > 2 or fell - edges[0] < self._pulse_s:
            return None
        return self.read_s(fell - edges[0])


def edges_s(rises_s: Sequence[float], falls_s: Sequence[float], *, ends_high: bool) -> list[float]:
    """Return when a comparator with hysteresis turns high and low, in turn.

    What is high from the first instant turns so then.

    Args:
        rises_s: crossings of its upper level, downward ones negative.
        falls_s: of its lower one.
        ends_high: whether it is above the upper one at the end.
    """
    begins_high = rises_s[0] < 0 if rises_s else ends_high
    up = [(at, True) for at in rises_s if at > 0]
    down = [(-at, False) for at in falls_s if at < 0]
    found = [0.0] if begins_high else []
    for at, rising in sorted(up + down):
        if rising == (len(found) % 2 == 0):
            found.append(at)
    return found


@functools.cache
def _fires() -> CompiledEngine:
    """What fires boards, whatever else solves them: ngspice takes hours."""
    return CompiledEngine()


def fired(
    asking: Fired,
    deck: Deck,
    sets: Sequence[Parameters],
    terminals: Terminals,
    channels: Sequence[int],
) -> tuple[list[list[float]], list[list[list[float]]]]:
    """Fire boards whose pulses hang on pulse inputs.

    Returns:
        For each the voltages when it is read, and for each pulse when its line goes high and low.
    """
    watched = [
        (watch.node, level_V)
        for watch, channel in zip(asking.stopwatches.values(), channels, strict=True)
        for level_V in terminals.pulse_levels_V(channel)
    ]
    found = _fires().passed(
        dataclasses.replace(asking, stopwatches={}).deck(deck),
        sets,
        list(asking.voltages.values()),
        watched,
        end_s=asking.end_s,
        use_initial_conditions=True,
    )
    volts, ends_V = np.split(found.ends_V, [len(asking.voltages)], axis=1)
    high = ends_V[:, ::2] > [level_V for _, level_V in watched[::2]]
    edges = [
        [
            edges_s(rises_s, falls_s, ends_high=bool(ends_high))
            for rises_s, falls_s, ends_high in zip(board[::2], board[1::2], ends, strict=True)
        ]
        for board, ends in zip(found.crossings_s, high, strict=True)
    ]
    return volts.tolist(), edges


def measurements(
    board: Board,
    deck: Deck,
    circuit_sha256: str,
    engine: Engine,
    wiring: Mapping[str, str],
    reading: Reading,
    boards: Sequence[Drawn],
    fixture: Callable[[Drawn], Terminals] | None = None,
) -> Iterator[tuple[records.Measurement, list[dict[str, float]]]]:
    """Give, for each board, the record and the true outputs.

    Each hangs on a fixture of its own, uncalibrated, where no other is given. The true outputs are
    those at the inputs as set, by name, case by case: whether the board is a good one does not
    depend on the fixture.
    """
    asking = asking_of(board, deck)
    named = list(asking.voltages)
    outputs = {port.name for port in board.outputs}
    for each in boards:
        spoilt = apply_all(deck, each.faults)
        drawn = draw(spoilt.spreads, 1, each.seed, LOTS[each.parts])[0]
        terminals = (fixture or uncalibrated)(each)
        watch = Stopwatch(each.seed)
        at_s = _BEGIN_s
        moments, delivered = [], []
        for case in board.cases:
            at_s += reading.settle_s
            moments.append(at_s)
            delivered.append(
                {
                    name: terminals.delivered_V(int(wiring[name][3:]), set_V, at_s)
                    for name, set_V in case.inputs.items()
                }
            )
            at_s += reading.repeats * _ANSWER_s
        sets, as_set = (
            [
                {**drawn, **{deck.inputs[name].element: volts for name, volts in inputs.items()}}
                for inputs in every
            ]
            for every in (delivered, [case.inputs for case in board.cases])
        )
        pulses: list[dict[str, list[float | None]]] = [{} for _ in sets]
        if isinstance(asking, Fired):
            watches = {n: one for n, one in asking.stopwatches.items() if n in wiring}
            solved, lines = fired(
                dataclasses.replace(asking, stopwatches=watches),
                spoilt,
                sets,
                terminals,
                [int(wiring[name][5:]) for name in watches],
            )
            for found, edges in zip(pulses, lines, strict=True):
                for name, own in zip(watches, edges, strict=True):
                    found[name] = [
                        watch.timed_s(own, asking.start_s, asking.end_s)
                        for _ in range(reading.repeats)
                    ]
        else:
            solved = asking.answers(spoilt, engine, sets).tolist()
        truth = asking.answers(spoilt, engine, as_set)
        taken = []
        for index, case in enumerate(board.cases):
            true = dict(zip(named, solved[index], strict=True))
            true |= {f"{name}{SENSE_SUFFIX}": v for name, v in delivered[index].items()}
            sensed_V = {
                int(channel[3:]): true[terminal]
                for terminal, channel in wiring.items()
                if channel.startswith("adc")
            }
            sourced_V = {int(wiring[name][3:]): v for name, v in delivered[index].items()}
            lifted_V = {
                channel: terminals.lifted_V(channel, sensed_V, sourced_V) for channel in sensed_V
            }
            taken.append(
                Point(
                    point=str(index),
                    time_utc="2026-01-01T00:00:00Z",
                    set_V=dict(case.inputs),
                    readings_V={
                        terminal: [
                            terminals.read_V(
                                int(channel[3:]),
                                true[terminal] + lifted_V[int(channel[3:])],
                                moments[index] + repeat * _ANSWER_s,
                                reading.average,
                            )
                            for repeat in range(reading.repeats)
                        ]
                        for terminal, channel in wiring.items()
                        if channel.startswith("adc")
                    },
                    widths_s={
                        name: [width_s for width_s in widths if width_s is not None]
                        for name, widths in pulses[index].items()
                        if None not in widths
                    },
                    untimed={
                        name: "not one pulse"
                        for name, widths in pulses[index].items()
                        if None in widths
                    },
                )
            )
        channels = assemble.budgets(wiring, taken, calibrated=terminals.components)
        record = records.Measurement(
            board=board.name,
            title=board.title,
            circuit_sha256=circuit_sha256,
            made_from={},
            procedure="truth_table",
            station="simulated",
            path="none",
            firmware="none",
            instruments=[],
            calibration=CALIBRATION,
            wiring=dict(wiring),
            channels=channels,
            range_V=10.24,
            started_utc="2026-01-01T00:00:00Z",
            finished_utc="2026-01-01T00:00:01Z",
            cases=[assemble.case(board, wiring, point, channels) for point in taken],
        )
        truth_V = [
            {name: volts for name, volts in zip(named, row, strict=False) if name in outputs}
            for row in truth.tolist()
        ]
        yield record, truth_V


def uncalibrated(drawn: Drawn) -> Terminals:
    """Return the fixture that a board hangs on, as it was built."""
    return Terminals(drawn.seed, drawn.truth)


def find(
    name: str,
    drawn: Drawn,
    wiring: str = "",
    fixture: Callable[[Drawn], Terminals] | None = None,
) -> Found:
    """Simulate the measurement of one board and judge it; as ``runs.find``, without controller."""
    board, found, deck = runs.described(name)
    reading = runs.reading().reading
    ((record, true_V),) = measurements(
        board,
        deck,
        found.sha256(),
        runs.engine(),
        runs.wired(name, wiring),
        reading,
        [drawn],
        fixture,
    )
    is_good = all(
        case.shown_by(volts, board.logic) for case, volts in zip(board.cases, true_V, strict=True)
    )
    judged = runs.judges[-1].judge(record)
    is_explained = judged.agreement.answer == "no" and judged.fit.answer == "yes"
    return Found(judged.verdict, is_good, is_explained)
