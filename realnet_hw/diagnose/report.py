"""The report of a diagnosis: one HTML file that stands alone."""

from __future__ import annotations

from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.compare.page import pages
from realnet_hw.diagnose import words
from realnet_hw.diagnose.pictures import pictures
from realnet_hw.diagnose.table import (
    ALIKE,
    alike,
    headline,
    is_sound,
    joined_line,
    pairs_advice,
    pairs_line,
    percent,
    probe_line,
    supplies_line,
)
from realnet_hw.records import Diagnosis, ProbeReading

_LEAST = 0.005


def html(record: Diagnosis, board: Board, built: Path | None, built_on: str) -> str:
    """Return the report as the text of an HTML file.

    Args:
        record: the diagnosis.
        board: with its test points.
        built: the folder of its build, for the drawings; None where there is none.
        built_on: "pcb" or "breadboard".

    Raises:
        InputError: a drawing that can't be read.
    """
    environment = pages(__package__)
    environment.filters |= {"percent": percent, "where": _where, "alike": alike, "figure": _figure}
    sound = is_sound(record)
    text: str = environment.get_template("diagnosis.html").render(
        record=record,
        headline=headline(record, board),
        tone="doubt" if record.fit == "unknown" else "good" if sound else "bad",
        answer="UNKNOWN" if record.fit == "unknown" else "NOTHING SEEN" if sound else "FAULTY",
        groups=[
            [fault for fault in group.faults if fault.p > _LEAST]
            for group in record.groups
            if group.p > _LEAST
        ],
        supplies=supplies_line(record),
        joined=joined_line(record),
        advice=probe_line(record.next_probe) if record.next_probe else "",
        others=[probe_line(other) for other in record.other_probes],
        otherwise=words.OTHER,
        alike_words=ALIKE,
        pairs_line=pairs_line(record),
        pairs_advice=pairs_advice(record),
        pulses=words.PULSES if board.firing is not None else "",
        pictures=pictures(record, built, built_on),
    )
    return text


def _where(reading: ProbeReading) -> str:
    """Return where something was read: "Y at X1 = 0 V, X2 = 5 V"."""
    if reading.kind == "ohm":
        return f"{reading.node} to {reading.other}, power off"
    of = "supply current of " if reading.kind == "ampere" else ""
    of = "pulse at " if reading.kind == "second" else of
    return f"{of}{reading.node} at {words.setting_words(reading)}"


def _figure(reading: ProbeReading) -> str:
    return words.value_words(reading).replace("-", "\N{MINUS SIGN}")
