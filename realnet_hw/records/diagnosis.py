"""Which part of a board is wrong."""

from __future__ import annotations

from typing import Literal

from realnet_hw.records.base import Frozen, RecordBase


class SuspectedFault(Frozen, frozen=True, kw_only=True):
    """One thing that may be wrong, and how probable it is.

    Args:
        name: "R3 open", as a virtual bench takes it where it can.
        kind: "open", "short", "wrong value", "swapped", "reversed", "missing", "bridge", "stuck",
            "offset", "weak" or "misplaced".
        part: the reference of the part to look at first; None where it is about nets.
        parts, nets: all that it is about.
        p: its probability.
        words: what it is in plain words.
        value, low, high: of a wrong value in ohms, with the ends of its 95 % interval.
        mend: how to make sure and what to do about it.
    """

    name: str
    kind: str
    part: str | None
    parts: list[str]
    nets: list[str]
    p: float
    words: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    mend: str = ""


class SuspectedGroup(Frozen, frozen=True, kw_only=True):
    """Faults that the readings can't tell apart, with the probability of all of them together."""

    p: float
    faults: list[SuspectedFault]


class SuspectedPair(Frozen, frozen=True, kw_only=True):
    """Two faults that explain the readings together, and the names of ``others`` that look alike.

    ``p`` is how probable all of these are together, if two things are wrong; what the pairs of a
    diagnosis leave of 1 is for something else.
    """

    p: float
    faults: list[SuspectedFault]
    others: list[list[str]] = []


class ProbeReading(Frozen, frozen=True, kw_only=True):
    """Where and how something is read, and what was read if it was.

    Args:
        kind: volts of a net against ground, ohms between two nets with the power off, amperes out
            of a supply, or seconds that a pulse lasts.
        inputs: volts on each input; empty with the power off.
        node: the net.
        other: the second net of a resistance.
        held: the port that a wire to ground holds low while it is read.
        place: where one touches it.
        value: volts, ohms, amperes or seconds; None where it is still to be read.
        U: its expanded uncertainty.
        bound: "≥" or "≤" where the value stands at the end of what the fixture can read.
    """

    kind: Literal["volt", "ohm", "ampere", "second"]
    inputs: dict[str, float]
    node: str
    other: str = ""
    held: str = ""
    place: str = ""
    value: float | None = None
    U: float | None = None
    bound: Literal["", "≥", "≤"] = ""


class NextProbe(Frozen, frozen=True, kw_only=True):
    """A reading that is worth taking: what it tells, and what to expect of it by fault."""

    probe: ProbeReading
    bits: float
    expected: dict[str, float]


class DiagnosisStep(Frozen, frozen=True, kw_only=True):
    """What was believed after so many readings: that nothing is wrong, and the first faults."""

    readings: int
    healthy: float
    faults: dict[str, float]


class Diagnosis(RecordBase, frozen=True, kw_only=True, tag="diagnosis"):
    """Which part of a board is wrong.

    Args:
        healthy: probability that nothing is wrong.
        other: probability that two things are wrong, or one that is not looked for.
        fit: "ok", or "unknown" where no single fault explains the readings.
        fit_p: how probable readings as far from the best explanation are.
        groups: faults, the most probable group first; ``pairs`` are there where none fits.
        next_probe: the reading to take next; None where none would tell more.
        other_probes: readings that are worth nearly as much.
        readings: what was read, in order.
        supplies_first: nets of the supplies that nobody has read, where something is wrong: what
            is wrong most often, and soonest read.
        history: what was believed after each reading that was added by hand.
        unseen: faults that nothing which is read of such a board shows.
    """

    healthy: float
    fit: Literal["ok", "unknown"]
    fit_p: float
    groups: list[SuspectedGroup]
    pairs: list[SuspectedPair] = []
    next_probe: NextProbe | None = None
    other_probes: list[NextProbe] = []
    supplies_first: list[str] = []
    readings: list[ProbeReading] = []
    history: list[DiagnosisStep] = []
    unseen: list[str] = []
    other: float = 0.0
