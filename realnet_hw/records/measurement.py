"""What the bench read, and the budgets of its uncertainty."""

from __future__ import annotations

from typing import Literal

from realnet_hw.records.base import Frozen, RecordBase


class Component(Frozen, frozen=True, kw_only=True):
    """One line of an uncertainty budget, as a standard uncertainty.

    The uncertainty of a reading v is ``hypot(u_V, u_relative * |v|)``. A channel reads voltages, or
    it times pulses: then ``u_s`` stands in the place of ``u_V``. What the terminal's own current
    does depends on the node that it is wired to: see ``u_A``.

    Args:
        name: what it comes from ("ADC offset").
        kind: A, from repeated readings, or B, from a specification or certificate.
        u_V: the part that does not depend on the reading, volts.
        u_s: the same of the width of a pulse, seconds.
        u_relative: the part in proportion to the reading.
        u_A: of the current that the terminal draws, amperes. Times the resistance of the node it is
            an error of the reading; the uncertainty stated with a reading is without it.
        distribution: of the error; None where nobody stated it.
        degrees_of_freedom: how well the figure itself is known; None where it is taken as exact.
        shared: which readings have the same error: none (``reading``), all of a channel
            (``channel``), or all of the fixture (``fixture``).
        source: where the figure is from.
    """

    name: str
    kind: Literal["A", "B"]
    u_V: float = 0.0
    u_s: float = 0.0
    u_relative: float = 0.0
    u_A: float = 0.0
    distribution: Literal["normal", "rectangular", "triangular", "arcsine"] | None = None
    degrees_of_freedom: float | None = None
    shared: Literal["reading", "channel", "fixture"]
    source: str


class MeasuredInput(Frozen, frozen=True, kw_only=True):
    """An input as set and as delivered; None where the terminal was not measured."""

    set_V: float
    value_V: float | None
    U_V: float | None
    channel: str | None


class MeasuredValue(Frozen, frozen=True, kw_only=True):
    """A reading; None is UNSET: it was not measured, which is not the same as wrong."""

    value_V: float | None
    U_V: float | None
    channel: str | None


class MeasuredPulse(Frozen, frozen=True, kw_only=True):
    """The width of a pulse as captured; None is UNSET, 0 is no pulse.

    ``untimed`` says why it could not be timed though it is wired.
    """

    width_s: float | None
    U_s: float | None
    channel: str | None
    untimed: str = ""


class MeasuredCase(Frozen, frozen=True, kw_only=True):
    """One row of the truth table, as measured."""

    inputs: dict[str, MeasuredInput]
    outputs: dict[str, MeasuredValue]
    nodes: dict[str, MeasuredValue]
    time_utc: str
    pulses: dict[str, MeasuredPulse] = {}


class MeasuredWave(Frozen, frozen=True, kw_only=True):
    """A trace that an oscilloscope took, the mean of several records.

    Args:
        channel: scope and number, ``"dso.2"``.
        start_s: of the first point, counted from the trigger.
        step_s: from point to point.
        volts_V: the points.
        noise_V: standard deviation of a point.
        components: budget of the volts, noise left out.
    """

    channel: str
    start_s: float
    step_s: float
    volts_V: list[float]
    noise_V: float
    components: list[Component]


class Figure(Frozen, frozen=True, kw_only=True):
    """A figure of an edge as measured; None where there is nothing to be told."""

    value: float | None = None
    U: float | None = None


class EdgeFigures(Frozen, frozen=True, kw_only=True):
    """What an edge does at an output, as measured; see ``edges`` for what each figure is."""

    delay_s: Figure = Figure()
    passage_s: Figure = Figure()
    overshoot: Figure = Figure()
    settling_s: Figure = Figure()


class MeasuredEdge(Frozen, frozen=True, kw_only=True):
    """A step of one input, and what the board made of it.

    Args:
        input: which one stepped.
        from_V, to_V: as set.
        held_V: the others, as set.
        scope: what ``*IDN?`` of the scope says.
        records: so many were taken.
        passage_s: what the input itself took from 10 % to 90 %, None where that was not seen.
        waves: by terminal.
        figures: by output.
    """

    input: str
    from_V: float
    to_V: float
    held_V: dict[str, float]
    scope: str
    records: int
    passage_s: float | None
    waves: dict[str, MeasuredWave]
    figures: dict[str, EdgeFigures]


class MeasuredShape(Frozen, frozen=True, kw_only=True):
    """What a node did in a firing, as measured; see ``shapes`` for what each figure is."""

    delay_s: Figure = Figure()
    width_s: Figure = Figure()
    passage_s: Figure = Figure()
    low_V: Figure = Figure()
    high_V: Figure = Figure()


class MeasuredFiring(Frozen, frozen=True, kw_only=True):
    """A firing of a board at one case, as an oscilloscope saw it.

    Args:
        set_V: the inputs.
        trigger: the terminal that the scope triggered on; times of waves count from there.
        scope: what ``*IDN?`` of the scope says.
        records: so many were taken, each of a firing of its own.
        waves: by terminal, the trigger's too.
        shapes: by terminal, none of the trigger's.
    """

    set_V: dict[str, float]
    trigger: str
    scope: str
    records: int
    waves: dict[str, MeasuredWave]
    shapes: dict[str, MeasuredShape]


class Calibration(Frozen, frozen=True, kw_only=True):
    """The calibration that the fixture's controller holds.

    Args:
        valid: whether it holds one.
        date: when that was made, YYYY-MM-DD.
        note: in words, what counts.
        record, record_sha256: the calibration's record, where one was found.
        expires: the day after which that does not count any more.
        traceable: whether it was made with a meter that has a certificate.
    """

    valid: bool
    date: str | None
    note: str
    record: str | None = None
    record_sha256: str | None = None
    expires: str | None = None
    traceable: bool | None = None


class Measurement(RecordBase, frozen=True, kw_only=True, tag="measurement"):
    """What the bench read from one board.

    ``simulated`` says that it was the virtual bench: no board was there. Readings reach from
    ``-range_V`` to ``range_V``; None where that is not known.
    """

    procedure: str
    station: str
    path: str
    firmware: str
    instruments: list[str]
    calibration: Calibration
    wiring: dict[str, str]
    channels: dict[str, list[Component]]
    range_V: float | None = None
    simulated: bool = False
    started_utc: str
    finished_utc: str
    cases: list[MeasuredCase]
    edges: list[MeasuredEdge] = []
    firings: list[MeasuredFiring] = []
