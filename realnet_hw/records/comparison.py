"""Whether a measured board and its prediction agree."""

from __future__ import annotations

from typing import Literal

from realnet_hw.records.base import Frozen, RecordBase
from realnet_hw.records.views import Band, Conditions


class Source(Frozen, frozen=True, kw_only=True):
    """Where an uncertainty comes from.

    Args:
        kind: A, from repeated readings, or B, from anything else.
        distribution: of the error; None where nobody stated it.
        degrees_of_freedom: how well its size is known; None where that is taken as exact.
        shared: which readings have the same error: none (``reading``), all of a channel
            (``channel``), all of the fixture (``fixture``), or all of the board (``board``).
        source: where the figure is from.
    """

    kind: Literal["A", "B"]
    distribution: Literal["normal", "rectangular", "triangular", "arcsine"] | None = None
    degrees_of_freedom: float | None = None
    shared: Literal["reading", "channel", "fixture", "board"]
    source: str


class ComparedInput(Frozen, frozen=True, kw_only=True):
    """An input as set and as delivered."""

    set_V: float
    measured_V: float | None
    U_measured_V: float | None


class ComparedValue(Frozen, frozen=True, kw_only=True):
    """A predicted and a measured value.

    ``U_predicted_V`` is half of the 95 % interval of boards; ``En`` their difference over the root
    of the squared sum of both uncertainties (ISO 17043). ``logic`` and ``expected`` are None at a
    test point; ``logic`` is None too where the output lies within a guard band. What an output is
    judged by is ``judged_V``: the reading moved to the inputs as set, with all that adds to its
    uncertainty.

    ``u_measured_V`` says of what the uncertainty of the value at the inputs as set is made, and
    ``u_predicted_V`` what the prediction leaves open: standard uncertainties in volts, which add in
    squares, by the keys of ``Comparison.sources``.
    """

    predicted_V: float
    measured_V: float | None
    U_predicted_V: float
    U_measured_V: float | None
    En: float | None
    logic: int | None
    expected: int | None
    window_V: tuple[float, float] | None = None
    judged_V: float | None = None
    U_judged_V: float | None = None
    u_measured_V: dict[str, float] = {}
    u_predicted_V: dict[str, float] = {}


class ComparedPulse(Frozen, frozen=True, kw_only=True):
    """A predicted and a measured width of a pulse, as in ``ComparedValue``."""

    predicted_s: float
    measured_s: float | None
    U_predicted_s: float
    U_measured_s: float | None
    En: float | None
    u_measured_s: dict[str, float] = {}
    u_predicted_s: dict[str, float] = {}


class ComparedCase(Frozen, frozen=True, kw_only=True):
    """One row of the truth table, predicted and measured.

    ``largest`` names the output that should be the greatest, ``largest_measured`` the one that is
    so beyond its uncertainty, None where none is.
    """

    inputs: dict[str, ComparedInput]
    outputs: dict[str, ComparedValue]
    nodes: dict[str, ComparedValue]
    largest: str | None = None
    largest_measured: str | None = None
    pulses: dict[str, ComparedPulse] = {}


class Conformity(Frozen, frozen=True, kw_only=True):
    """Does every output show its logic level beyond doubt?

    ``false_accept_risk`` (consumer's risk) is how probably, with these readings, an output is wrong
    in truth. It is None where no figure would be honest: an output of a board of pulses flips as a
    whole, so that how far its voltage is from a threshold tells nothing. ``false_reject_risk``
    (producer's risk) is how probably a board that is right at all of its edges would be rejected,
    and ``accept_k`` and ``reject_k`` are the guard bands, in standard uncertainties.
    """

    answer: Literal["yes", "no", "undecided"]
    reasons: list[str]
    false_accept_risk: float | None
    false_reject_risk: float | None = None
    accept_k: float | None = None
    reject_k: float | None = None


class Agreement(Frozen, frozen=True, kw_only=True):
    """Is it this circuit within its parts' tolerance? One joint statistic over all values.

    ``undecided`` where nothing was measured. ``worst`` names the values that disagree most.
    """

    answer: Literal["yes", "no", "undecided"]
    statistic: float
    limit: float
    degrees_of_freedom: int
    p_value: float
    false_fail_risk: float
    worst: list[str]


class FittedPart(Frozen, frozen=True, kw_only=True):
    """What the readings say of a part.

    Args:
        part, parameter, nominal, low, high: as in ``PartSlopes``.
        value: that fits the readings best, within its tolerance.
        u: its standard uncertainty.
    """

    part: str
    parameter: str
    nominal: float
    low: float
    high: float
    value: float
    u: float


class Fit(Frozen, frozen=True, kw_only=True):
    """Do the readings agree with the model fitted to this board, its parts within tolerance?

    Measured against the uncertainty of the measurement alone: ``no`` says that no set of parts
    within tolerance explains these readings, ``undecided`` that it could not be fitted.

    Args:
        answer: see above.
        statistic: squared distance of the readings from the nearest board within tolerance.
        limit: that a good board's exceeds with ``false_fail_risk`` at most.
        readings: how many were fitted.
        p_value: how probably a good board is as far away, at most.
        false_fail_risk: see ``limit``.
        parts: those that the readings say something of, the best known first.
        reason: why it could not be fitted.
    """

    answer: Literal["yes", "no", "undecided"]
    statistic: float = 0.0
    limit: float = 0.0
    readings: int = 0
    p_value: float = 1.0
    false_fail_risk: float = 0.0
    parts: list[FittedPart] = []
    reason: str = ""


class DetectedFault(Frozen, frozen=True, kw_only=True):
    """How probable it is that a board with this fault does not PASS."""

    fault: str
    power: float


class ComparedFigure(Frozen, frozen=True, kw_only=True):
    """A figure of an edge: as measured, and of the boards that were stepped.

    ``agrees`` is whether it lies among those boards, with half as much again on either side, or
    nearer than its uncertainty; None where that can't be told.
    """

    measured: float | None
    U: float | None
    predicted: Band | None
    agrees: bool | None


class ComparedEdge(Frozen, frozen=True, kw_only=True):
    """An output's answer to a step of an input, as measured, against the boards stepped.

    Args:
        input, from_V, to_V, held_V: the step, as in ``MeasuredEdge``.
        output: whose answer it is.
        outside: share of the wave's points that lie beyond the band of boards, widened by half on
            either side and by the uncertainty; None where no such wave was predicted.
        agrees: whether next to no point does.
        note: why that can't be told.
        figures: by name.
    """

    input: str
    from_V: float
    to_V: float
    held_V: dict[str, float]
    output: str
    outside: float | None
    agrees: bool | None
    note: str
    figures: dict[str, ComparedFigure]


class ComparedFiring(Frozen, frozen=True, kw_only=True):
    """What a node did in a firing, as measured, against the boards fired.

    Args:
        case: counted from 0.
        terminal: whose wave it is.
        outside, agrees, note, figures: as in ``ComparedEdge``.
    """

    case: int
    terminal: str
    outside: float | None
    agrees: bool | None
    note: str
    figures: dict[str, ComparedFigure]


class Comparison(RecordBase, frozen=True, kw_only=True, tag="comparison"):
    """Whether a measured board and its prediction agree.

    ``conditions`` are the prediction's; nobody measured whether the board was under them.
    ``unset`` names what was wired and not read; ``power`` and ``unseen_faults`` follow from the
    prediction and the wiring alone, so that they are known before anything is measured. ``sources``
    are those of the uncertainties; ``fit`` is the model fitted to this board.
    """

    verdict: Literal["PASS", "PASS (outputs only)", "UNDECIDED", "FAIL"]
    conformity: Conformity
    agreement: Agreement
    unset: list[str]
    power: list[DetectedFault]
    unseen_faults: list[str]
    range_V: float | None = None
    conditions: Conditions = Conditions()
    cases: list[ComparedCase]
    edges: list[ComparedEdge] = []
    firings: list[ComparedFiring] = []
    fit: Fit | None = None
    sources: dict[str, Source] = {}
