"""Is the verdict right? Counts on boards whose truth is known: good ones, and each single fault.

``make bench BENCH=verdict`` or ``python tests/benchmarks/run.py verdict [BOARD ...] [OPTIONS]``.
Every board is drawn, hangs on a drawn fixture, and is measured through the real firmware. For each
board of the repository:

1. good boards, parts and fixtures drawn as the prediction and the budgets assume;
2. good boards, fixtures and parts drawn otherwise within the same specifications, see
   ``emulate.truths`` and ``predict.lots``;
3. each truth by itself, in larger numbers, without the controller (``tests/bench/simulated.py``);
4. good boards on fixtures that were calibrated against a meter a year ago, without the controller;
5. each single fault, once without the controller: what the fit leaves undecided that the joint
   statistic alone would FAIL;
6. each single fault, how often it is found, without the controller.

A board that does not do in truth what its cases ask for is not a good one, and is counted apart.
Required are false FAILs of 0.1 % at most and PASS for 95 % of good boards, except of parts whose
better half was sorted out: what these cost is shown and not hidden, and no limit of a statistic
that was drawn from other parts can promise it. No failure among n good boards still leaves up to
3.7 / n (95 % interval): 0.18 % for 2000.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from scipy import stats

from realnet_hw import project, records
from realnet_hw.board import load_board
from realnet_hw.compare.power import ENOUGH_POWER, fault_power
from realnet_hw.emulate.truths import FIXTURES
from realnet_hw.measure.assemble import planned_budgets
from realnet_hw.measure.station import SENSE_SUFFIX
from realnet_hw.predict.lots import LOTS
from tests.bench import runs, simulated
from tests.bench.calibrated import calibrated
from tests.bench.runs import Drawn, Found

FALSE_FAIL = 0.001
ENOUGH_PASS = 0.95
# Of a few hundred faults none is found so seldom by chance.
_NO_CHANCE = 1e-5
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "power.md"

AS_ASSUMED = [("even", "mixed")]
OTHERWISE = list(
    itertools.product(
        [truth for truth in FIXTURES if truth != "even"],
        [lot for lot in LOTS if lot != "sorted_out"],
    )
)
ONE_AT_A_TIME = [
    *((truth, "mixed") for truth in FIXTURES),
    *(("even", lot) for lot in LOTS if lot != "mixed"),
    ("at_bounds", "sorted_out"),
]


def report(arguments: Sequence[str]) -> bool:
    """Print the counts, and return whether every requirement is met.

    Args:
        arguments: of the command line.
    """
    options = _options(arguments)
    met = True
    tables = []
    for name in options.boards or boards_at_rest():
        predicted = runs.prediction(name)
        print(f"\n== {name}: circuit {predicted.circuit_sha256[:12]}", flush=True)
        with runs.Processes(predicted) as processes:
            for title, count, ways in (
                ("as assumed", options.seeds, AS_ASSUMED),
                ("otherwise", options.otherwise, OTHERWISE),
            ):
                boards = _boards(count, ways)
                met &= _print_good(f"firmware, {title}", processes.verdicts(boards))
            simulate = functools.partial(simulated.find, name)
            for kind in ONE_AT_A_TIME:
                boards = _boards(options.draws, [kind])
                title = f"simulated, {', '.join(kind)}"
                is_met = _print_good(title, processes.each(simulate, boards))
                met &= is_met or "sorted_out" in kind
            on_calibrated = functools.partial(simulated.find, name, fixture=calibrated)
            for kind in (*AS_ASSUMED, *OTHERWISE):
                boards = _boards(options.calibrated, [kind])
                title = f"simulated, {', '.join(kind)}, calibrated"
                met &= _print_good(title, processes.each(on_calibrated, boards))
            if options.each:
                _print_faulty(processes.each(simulate, _each_fault(predicted)))
                table = FaultTable(predicted, options.each, processes.each, simulate)
                table.print()
                met &= not table.broken
                tables.append(table)
    if options.write:
        PAGE.write_text(page(tables), encoding="utf-8")
        print(f"\n{PAGE}")
    return met


def boards_at_rest() -> list[str]:
    """Return the names of the boards that are read at rest.

    A board that is fired takes seconds a case: its faults by the hundred would take days. One that
    learns makes up for what is wrong with its parts, so a fault does not show in its answers. The
    bench itself is read by nothing.
    """
    boards = {name: load_board(name) for name in sorted(project.board_files())}
    return [
        name
        for name, board in boards.items()
        if board.procedures and board.firing is None and board.synapses is None
    ]


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH=verdict", description=__doc__)
    parser.add_argument("boards", nargs="*", help="names; all that are read at rest when left out")
    parser.add_argument("--seeds", type=int, default=2000, help="boards drawn as assumed")
    parser.add_argument("--otherwise", type=int, default=2000, help="boards drawn otherwise")
    parser.add_argument(
        "--draws", type=int, default=10_000, help="boards of each truth without controller"
    )
    parser.add_argument(
        "--calibrated", type=int, default=100, help="boards of each truth and lot, calibrated"
    )
    parser.add_argument("--each", type=int, default=5, help="boards with each single fault")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    return parser.parse_args(arguments)


def _boards(count: int, kinds: Sequence[tuple[str, str]]) -> list[Drawn]:
    return [
        Drawn(seed, truth=truth, parts=parts)
        for seed, (truth, parts) in zip(range(count), itertools.cycle(kinds), strict=False)
    ]


def _print_good(title: str, found: Iterable[Found]) -> bool:
    """Print a line of counts; return whether it meets what is required."""
    good: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for each in found:
        (good if each.is_good else bad)[each.verdict.partition(" ")[0]] += 1
    if not good and not bad:
        return True
    count = good.total()
    interval = stats.binomtest(good["FAIL"], count).proportion_ci(0.95) if count else (0.0, 1.0)
    print(
        f"{title:34} good {count:6}: PASS {good['PASS']:6} UNDECIDED {good['UNDECIDED']:5} "
        f"FAIL {good['FAIL']:4}, false FAIL {_percent(good['FAIL'], count)} "
        f"({interval[0]:.3%} to {interval[1]:.3%})"
        + (f"; not good {bad.total()}: {dict(bad)}" if bad else ""),
        flush=True,
    )
    return good["FAIL"] <= FALSE_FAIL * count and good["PASS"] >= ENOUGH_PASS * count


def _each_fault(predicted: records.Prediction) -> list[Drawn]:
    """A board with each single fault."""
    return [Drawn(seed, (fault.fault,)) for seed, fault in enumerate(predicted.faults)]


def _print_faulty(found: Iterable[Found]) -> None:
    """Print what became of boards with a fault, and what the fit has to do with it."""
    each = list(found)
    counts = Counter(one.verdict.partition(" ")[0] for one in each)
    explained = [one for one in each if one.is_explained]
    undecided = sum(one.verdict == "UNDECIDED" for one in explained)
    print(
        f"{'simulated, each fault once':34} faulty {len(each):6}: {dict(counts)}; unlike the "
        f"boards drawn and yet explained {len(explained)}, of these UNDECIDED {undecided}",
        flush=True,
    )


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.3%}" if whole else "-"


class FaultTable:
    """Every single fault of a board: what was promised of it, and how often it was found.

    Args:
        predicted: of the board.
        each: how many boards with each fault are measured, 1 or more.
        map_over: has something done with every board.
        find: measures and judges one.
    """

    def __init__(
        self,
        predicted: records.Prediction,
        each: int,
        map_over: Callable[[Callable[[Drawn], Found], Sequence[Drawn]], Iterable[Found]],
        find: Callable[[Drawn], Found],
    ) -> None:
        self.predicted, self.each = predicted, each
        self.wiring = runs.wired(predicted.board)
        budgets = planned_budgets(self.wiring, runs.reading().reading)
        self.promised = {d.fault: d.power for d in fault_power(predicted, budgets, self.wiring)}
        boards = [
            Drawn(seed, (fault,))
            for seed, fault in enumerate(f for f in self.promised for _ in range(each))
        ]
        self.found = dict.fromkeys(self.promised, 0)
        for drawn, result in zip(boards, map_over(find, boards), strict=True):
            self.found[drawn.faults[0]] += not result.verdict.startswith("PASS")

    @property
    def unseen(self) -> list[str]:
        """What the prediction says that this wiring will not see."""
        return [fault for fault, power in self.promised.items() if power < ENOUGH_POWER]

    @property
    def broken(self) -> list[str]:
        """What was found so seldom that it can't be chance, were its power as promised."""
        return [
            fault
            for fault, power in self.promised.items()
            if stats.binom.cdf(self.found[fault], self.each, power) < _NO_CHANCE
        ]

    def print(self) -> None:
        """Print the counts, kind by kind."""
        for kind, faults in kinds(self.promised).items():
            found = sum(self.found[fault] == self.each for fault in faults)
            print(f"{kind:34} {len(faults):4} faults, found each time {found:4}")
        missed = [fault for fault in self.promised if self.found[fault] < self.each]
        print(f"not found each time: {', '.join(missed) or 'none'}")
        print(f"said before to stay unseen: {', '.join(self.unseen) or 'none'}")
        print(f"found less often than promised: {', '.join(self.broken) or 'none'}", flush=True)


def kinds(faults: Iterable[str]) -> dict[str, list[str]]:
    """Return the faults by kind, in the order of their first."""
    names = {"R": "resistor", "D": "diode", "C": "capacitor", "U": "chip"}
    found: dict[str, list[str]] = {}
    for fault in faults:
        if fault.startswith("inputs"):
            kind = "inputs swapped"
        elif match := re.match(r"([RDCU])[0-9]+ (.*)", fault):
            what = "swapped with its neighbour" if "swapped" in fault else match[2]
            kind = f"{names[match[1]]} {what}"
        else:
            kind = "supply missing"
        found.setdefault(kind, []).append(fault)
    return dict(sorted(found.items()))


def page(tables: Sequence[FaultTable]) -> str:
    """Return docs/reference/power.md: for each board what is found, and what is not."""
    lines = [
        "# What the verdict finds",
        "",
        "Generated by `make bench BENCH='verdict --write'`. Every single fault was put into boards",
        "with drawn parts, and these were measured with the front end and the converters of an",
        "uncalibrated virtual fixture, in the connector's order. A fault is found when the board",
        "does not PASS. What",
        "is found with less than 95 % probability is known before anything is measured: `realnet",
        "measure --prediction` says it, and so does every report. A board that its tolerances",
        "alone keep from passing counts as found, too. Boards of pulses are not here: each case",
        "is a transient, and their faults would take days.",
    ]
    for table in tables:
        predicted = table.predicted
        measured = [t for t in table.wiring if t in _values(predicted) or t.endswith(SENSE_SUFFIX)]
        lines += [
            "",
            f"## {predicted.board}",
            "",
            f"Circuit `{predicted.circuit_sha256}`;",
            f"{table.each} boards with each fault; read: {', '.join(measured)}.",
            "",
            "| fault | how many | found each time | not found each time |",
            "|---|---|---|---|",
        ]
        for kind, faults in kinds(table.promised).items():
            missed = [fault for fault in faults if table.found[fault] < table.each]
            lines.append(
                f"| {kind} | {len(faults)} | {len(faults) - len(missed)} |"
                f" {', '.join(_with_power(table, fault) for fault in missed)} |"
            )
        lines += ["", f"Said before to stay unseen: {', '.join(table.unseen) or 'nothing'}."]
    return "\n".join(lines) + "\n"


def _with_power(table: FaultTable, fault: str) -> str:
    return f"{fault} ({table.found[fault]} of {table.each})"


def _values(predicted: records.Prediction) -> set[str]:
    return {n for case in predicted.cases for n in (*case.outputs, *case.nodes)}
