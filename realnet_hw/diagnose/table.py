"""A diagnosis in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.diagnose import words
from realnet_hw.diagnose.inference import SOUND
from realnet_hw.diagnose.readings import Probe
from realnet_hw.records import Diagnosis, NextProbe, ProbeReading, SuspectedFault, SuspectedPair

if TYPE_CHECKING:
    from rich.console import Console

    from realnet_hw.board import Board
    from realnet_hw.export.netlist import Netlist

_ROWS, _LEAST = 12, 0.005
_PAIRS, _OTHERS = 6, 3


def is_sound(record: Diagnosis) -> bool:
    """Return whether the board is called sound."""
    return record.fit == "ok" and record.healthy > SOUND


def headline(record: Diagnosis, board: Board | None = None) -> str:
    """Return the diagnosis in one sentence; a supply that is off is named if the board is known."""
    if not record.readings:
        return "Nothing was read yet."
    count = f"{len(record.readings)} reading{'s' if len(record.readings) > 1 else ''}"
    if record.fit == "unknown":
        if board is not None and (rail := words.rail_words(record.readings, board)):
            return f"Unknown: {rail}. Mend that, or what loads it, and read again."
        return (
            f"Unknown: no single fault explains the {count}. "
            "Two things may be wrong, or one that is not looked for."
        )
    if is_sound(record):
        return f"Nothing wrong can be seen in {count} ({percent(record.healthy)} sure)."
    if record.healthy > 0.5:
        return f"Perhaps nothing is wrong ({percent(record.healthy)}), which takes more readings."
    first = record.groups[0]
    if len(first.faults) == 1:
        return f"Probably, if one thing is wrong: {first.faults[0].words} ({percent(first.p)})."
    ways = f"one of {len(first.faults)} that look alike in {count}"
    return f"Probably, if one thing is wrong, {ways} ({percent(first.p)} together)."


def alike(pair: SuspectedPair) -> str:
    """Return which other pairs look like one."""
    if not pair.others:
        return ""
    shown = "; ".join(" and ".join(names) for names in pair.others[:_OTHERS])
    more = len(pair.others) - _OTHERS
    return f" (or {shown}{f', and {more} more' if more > 0 else ''})"


def show(record: Diagnosis, board: Board, netlist: Netlist, console: Console) -> None:
    """Print a diagnosis.

    Args:
        record: of the board.
        board: with its test points.
        netlist: of it.
        console: to print on.
    """
    from rich.table import Table

    if supplies := supplies_line(record):
        console.print(supplies, markup=False)
    console.print(headline(record, board), markup=False)
    if record.readings and record.fit == "ok":
        table = Table(title=f"What may be wrong with {record.board}", title_justify="left")
        table.add_column("probability", justify="right")
        table.add_column("fault")
        table.add_column("what it is", overflow="fold")
        if record.healthy > _LEAST:
            table.add_row(percent(record.healthy), "none", "nothing is wrong", end_section=True)
        for fault, last in _rows(record):
            table.add_row(percent(fault.p), fault.name, fault.words, end_section=last)
        if record.other > _LEAST:
            table.add_row(percent(record.other), "other", words.OTHER)
        console.print(table)
        console.print("Faults between two lines look alike in what was read.", markup=False)
        if board.firing is not None:
            console.print(words.PULSES, markup=False)
    if record.pairs:
        console.print("Two faults at once that would explain it:", markup=False)
        for pair in record.pairs[:_PAIRS]:
            both = "; ".join(fault.words for fault in pair.faults)
            console.print(f"  {percent(pair.p):>5}  {both}{alike(pair)}", markup=False)
    if record.next_probe is not None:
        console.print(
            f"To know more: {probe_line(record.next_probe, board, netlist)}", markup=False
        )


def supplies_line(record: Diagnosis) -> str:
    """Return which supplies to look at before any part is blamed, empty if none is left."""
    if not record.readings or not record.supplies_first:
        return ""
    return (
        f"Nobody has read {' and '.join(record.supplies_first)}: a supply is wrong most often, "
        "and soonest read."
    )


def probe_line(advice: NextProbe, board: Board, netlist: Netlist) -> str:
    """Return what to read next, and what it would be."""
    probe = probe_of(advice.probe)
    expected = ", ".join(
        f"{words.reading_words(probe.kind, value)} if {_shortly(name)}"
        for name, value in list(advice.expected.items())[:3]
    )
    return f"{words.probe_words(probe, board, netlist)}; expect {expected}"


def probe_of(given: ProbeReading) -> Probe:
    """Return where and how something is read."""
    return Probe(given.kind, tuple(given.inputs.items()), given.node, given.other, given.held)


def _shortly(name: str) -> str:
    return "nothing is wrong" if name == "healthy" else name


def _rows(record: Diagnosis) -> list[tuple[SuspectedFault, bool]]:
    """Return the faults to show, each with whether its group ends with it."""
    rows: list[tuple[SuspectedFault, bool]] = []
    for group in record.groups:
        shown = [fault for fault in group.faults if fault.p > _LEAST][: _ROWS - len(rows)]
        rows += [(fault, fault is shown[-1]) for fault in shown]
    return rows


def percent(share: float) -> str:
    """Return a probability in percent."""
    if share > 0.995:
        return "> 99 %"
    return f"{100 * share:.0f} %" if share >= 0.01 else "< 1 %"
