"""A diagnosis in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from realnet_hw.diagnose import words
from realnet_hw.diagnose.inference import SOUND
from realnet_hw.diagnose.readings import Quantity
from realnet_hw.records import Diagnosis, NextProbe, SuspectedFault, SuspectedPair

if TYPE_CHECKING:
    from rich.console import Console

    from realnet_hw.board import Board

_ROWS, _LEAST = 12, 0.005
_PAIRS, _OTHERS, _MEANINGS = 6, 3, 4
# More probably sound than that, something is wrong at most perhaps.
_PERHAPS = 0.5
# Of pairs that explain the readings so much is not left for something else.
_LIKELY = 0.5
# A fault that has so much of its group's probability stands for it.
_NEARLY_ALL = 0.9
# Readings that differ by less look the same: a share, and what is added to it, in their unit.
_NEAR: Mapping[Quantity, tuple[float, float]] = {
    "volt": (0.01, 0.006),
    "ohm": (0.03, 1.0),
    "ampere": (0.03, 2e-4),
    "second": (0.02, 2e-5),
}


def is_sound(record: Diagnosis) -> bool:
    """Return whether the board is called sound."""
    return record.fit == "ok" and record.healthy > SOUND


def is_faulty(record: Diagnosis) -> bool:
    """Return whether something is probably wrong."""
    return bool(record.readings) and (record.fit == "unknown" or record.healthy <= _PERHAPS)


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
    if record.healthy > _PERHAPS:
        return f"Perhaps nothing is wrong ({percent(record.healthy)}), which takes more readings."
    first = record.groups[0]
    if first.faults[0].p > _NEARLY_ALL * first.p:
        found = first.faults[0]
        return f"Probably {found.words} ({percent(found.p)} sure, if only one thing is wrong)."
    return (
        f"Probably one of {len(first.faults)} that look alike in {count} "
        f"({percent(first.p)} sure that it is one of them, if only one thing is wrong)."
    )


def alike(pair: SuspectedPair) -> str:
    """Return which other pairs look like one."""
    if not pair.others:
        return ""
    shown = "; ".join(" and ".join(names) for names in pair.others[:_OTHERS])
    more = len(pair.others) - _OTHERS
    return f"or, alike in what was read: {shown}{f', and {more} more' if more > 0 else ''}"


def show(record: Diagnosis, board: Board, console: Console) -> None:
    """Print a diagnosis.

    Args:
        record: of the board.
        board: that it is of.
        console: to print on.
    """
    if supplies := supplies_line(record):
        console.print(supplies, markup=False)
    console.print(headline(record, board), markup=False)
    if record.readings and record.fit == "ok":
        _suspects(record, board, console)
    if joined := joined_line(record):
        console.print(joined, markup=False)
    if record.pairs:
        _pairs(record, console)
    if record.next_probe is not None:
        console.print(f"Read next: {probe_line(record.next_probe)}", markup=False)


def _pairs(record: Diagnosis, console: Console) -> None:
    """Print which two things may be wrong, the most probable first, and what to do about them."""
    from rich.table import Table

    table = Table(title=pairs_line(record), title_justify="left")
    table.add_column("how sure", justify="right", no_wrap=True)
    table.add_column("what is wrong", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for pair in record.pairs[:_PAIRS]:
        one, other = pair.faults
        table.add_row(percent(pair.p), one.words, one.mend)
        table.add_row("and", other.words, other.mend, end_section=not pair.others)
        if pair.others:
            table.add_row("", alike(pair), "", end_section=True)
    console.print(table)
    console.print(pairs_advice(record), markup=False)


def _suspects(record: Diagnosis, board: Board, console: Console) -> None:
    """Print what may be wrong, the most probable first, and what to do about it."""
    from rich.table import Table

    rows = _rows(record)
    table = Table(title=f"What may be wrong with {record.board}", title_justify="left")
    table.add_column("how sure", justify="right", no_wrap=True)
    table.add_column("what is wrong", overflow="fold")
    table.add_column("what to do", overflow="fold")
    if record.healthy > _LEAST:
        table.add_row(percent(record.healthy), "nothing", "", end_section=True)
    for fault, last in rows:
        table.add_row(percent(fault.p), fault.words, fault.mend, end_section=last)
    if record.other > _LEAST:
        table.add_row(percent(record.other), words.OTHER, "")
    console.print(table)
    if len(rows) > 1:
        console.print(ALIKE, markup=False)
    if board.firing is not None:
        console.print(words.PULSES, markup=False)


ALIKE = (
    "What stands between two lines looks alike in what was read: begin with what is soonest tried."
)


def pairs_line(record: Diagnosis) -> str:
    """Return what the pairs are that are listed."""
    if is_explained(record):
        return "Two faults at once that would explain it:"
    return "No two faults explain it either. These come nearest:"


def pairs_advice(record: Diagnosis) -> str:
    """Return what to do about the pairs that are listed."""
    if is_explained(record):
        either = ", and at those that are alike" if record.pairs[0].others else ""
        return (
            f"The first pair is the most probable: look at its two parts first{either}. "
            "If nothing is wrong there, one of the readings may be: take those again that look odd."
        )
    return "One of the readings may be wrong: take those again that look odd to you."


def is_explained(record: Diagnosis) -> bool:
    """Return whether there are pairs of faults that explain what no single one does."""
    return sum(pair.p for pair in record.pairs) > _LIKELY


def joined_line(record: Diagnosis) -> str:
    """Return which nets read the same where no single fault explains the readings, else nothing."""
    return words.joined_words(record.readings) if record.fit == "unknown" else ""


def supplies_line(record: Diagnosis) -> str:
    """Return which supplies to look at before any part is blamed, empty if none is left."""
    if not record.readings or not record.supplies_first:
        return ""
    return (
        f"Nobody has read {' and '.join(record.supplies_first)}: a supply is wrong most often, "
        "and soonest read."
    )


def probe_line(advice: NextProbe) -> str:
    """Return what to read next, and what each value would mean."""
    probe = advice.probe
    meanings: list[tuple[float, list[str]]] = []
    for name, value in list(advice.expected.items())[:_MEANINGS]:
        near = next((of for shown, of in meanings if _is_near(shown, value, probe.kind)), None)
        if near is None:
            meanings.append((value, [_shortly(name)]))
        else:
            near.append(_shortly(name))
    told = "; ".join(
        f"{words.reading_words(probe.kind, value)} means {' or '.join(names)}"
        for value, names in meanings
    )
    return f"{words.probe_words(probe)}. About {told}."


def _is_near(one: float, other: float, kind: Quantity) -> bool:
    """Whether a cheap meter would hardly tell two readings apart."""
    share, floor = _NEAR[kind]
    return abs(one - other) <= share * max(abs(one), abs(other)) + floor


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
