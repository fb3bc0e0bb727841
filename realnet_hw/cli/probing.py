"""From reading to reading, with somebody who holds a multimeter."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from realnet_hw.diagnose import possible, readings, table, words
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.diagnose.diagnosis import Investigation
    from realnet_hw.diagnose.probes import Choice
    from realnet_hw.diagnose.readings import Probe

_HELP = """\
Type what the meter shows: 1.23  -0.5  12 mV  4k7  OL (of ohms, more than it can show)
or: s  another place, I can't reach this one     u  undo the last reading
    ?  this help                                 q  enough"""

_SHOWN = 3
_UNKNOWN = "No single fault explains these readings"


def probe_by_hand(looked: Investigation, answers: TextIO, typed: TextIO) -> None:
    """Ask for readings until it is clear what is wrong, or whoever reads them has enough.

    Args:
        looked: the board, with what was read already.
        answers: where to write.
        typed: what is typed; its end is taken for enough.
    """
    answers.write("Black lead of the meter to GND for volts, and the supplies on.\n")
    answers.write(f"{_HELP}\n")
    number = given = len(looked.readings.values)
    skipped: set[Probe] = set()
    at: tuple[tuple[str, float], ...] | None = None
    while True:
        _say_where_we_are(looked, answers)
        if looked.found.is_unknown and number > given:
            if not _takes_back(answers, typed):
                return
            number = _undo(looked, given, answers)
            continue
        choice = _next(looked, skipped, at, answers)
        if choice is None:
            return
        number += 1
        text = _ask(looked, choice, number, at, answers, typed)
        if text is None:
            return
        if text == "s":
            skipped.add(choice.probe)
            number -= 1
        elif text == "u":
            number = _undo(looked, given, answers)
        else:
            taken = _value(looked, choice.probe, text, number)
            if isinstance(taken, str):
                answers.write(f"{taken}\n")
                number -= 1
                continue
            looked.take(taken, step=True)
            at = choice.probe.inputs or at


def _next(
    looked: Investigation,
    skipped: set[Probe],
    at: tuple[tuple[str, float], ...] | None,
    answers: TextIO,
) -> Choice | None:
    """Return the reading to ask for; None, with a reason, where there is none."""
    if looked.found.is_unknown:
        answers.write(f"{_UNKNOWN}.\n")
        return None
    if looked.sure():
        answers.write("That settles it.\n")
        return None
    choices = [choice for choice in looked.choices(at) if choice.probe not in skipped]
    if not choices:
        answers.write("No further reading would tell more.\n")
        return None
    return choices[0]


def _ask(
    looked: Investigation,
    choice: Choice,
    number: int,
    at: tuple[tuple[str, float], ...] | None,
    answers: TextIO,
    typed: TextIO,
) -> str | None:
    """Ask for one reading; None where it is enough."""
    probe = choice.probe
    if probe.inputs and probe.inputs != at:
        answers.write(f"\n{number}. Set {words.inputs_words(probe.inputs)}.\n")
    else:
        answers.write(f"\n{number}. ")
    while True:
        answers.write(f"{_question(looked, probe)}\n> ")
        answers.flush()
        line = typed.readline()
        text = line.strip()
        if not line or text == "q":
            answers.write("\n")
            return None
        if text and text != "?":
            return text
        answers.write(f"{_HELP}\n")


def _question(looked: Investigation, probe: Probe) -> str:
    where = [
        f"{net} ({words.place_of(net, looked.board, looked.netlist)})"
        for net in (probe.net, probe.other)
        if net
    ]
    if probe.kind == "ohm":
        return f"Power off, inputs unplugged: ohms from {where[0]} to {where[1]}?"
    if probe.kind == "ampere":
        return f"Current that the supply {probe.net} delivers?"
    return f"Volts at {where[0]}?"


def _takes_back(answers: TextIO, typed: TextIO) -> bool:
    """Ask, where nothing explains the readings, whether the last one is to be taken back."""
    while True:
        answers.write(f"{_UNKNOWN}.\n")
        answers.write("u  undo the last, it may be wrong     q  enough: look for two faults\n> ")
        answers.flush()
        line = typed.readline()
        text = line.strip()
        if text == "u":
            return True
        if not line or text == "q":
            answers.write("\n")
            return False


def _undo(looked: Investigation, given: int, answers: TextIO) -> int:
    """Take the last reading that was typed back and return how many there are."""
    if len(looked.readings.values) == given:
        answers.write("Nothing was typed yet.\n")
    else:
        looked.take_back()
    return len(looked.readings.values)


def _value(looked: Investigation, probe: Probe, text: str, number: int) -> readings.Readings | str:
    """Return a reading as typed, or why it is none."""
    try:
        taken = readings.by_hand(probe, readings.value_typed(text, probe.kind), number=number)
        possible.refuse_impossible(taken, looked.board)
    except InputError as error:
        return str(error)
    return taken


def _say_where_we_are(looked: Investigation, answers: TextIO) -> None:
    """Say in a line what is suspected."""
    found = looked.found
    # Where nothing explains the readings, what explains them least badly is no suspicion.
    if not len(found.evidence.values) or found.is_unknown:
        return
    faults = looked.dictionary.universe.faults
    order = sorted(range(len(faults)), key=lambda fault: -found.faults[fault])
    shown = [
        f"{table.percent(float(found.faults[fault]))} "
        f"{'nothing is wrong' if fault == 0 else faults[fault].name}"
        for fault in order[:_SHOWN]
        if found.faults[fault] > 0.01
    ]
    answers.write(f"So far: {', '.join(shown)}\n")
