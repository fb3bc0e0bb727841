"""Whether a measured board and its prediction agree."""

from __future__ import annotations

from typing import Literal

from realnet_hw.records.base import Frozen, RecordBase
from realnet_hw.records.views import Band, Conditions


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


class ComparedPulse(Frozen, frozen=True, kw_only=True):
    """A predicted and a measured width of a pulse, as in ``ComparedValue``."""

    predicted_s: float
    measured_s: float | None
    U_predicted_s: float
    U_measured_s: float | None
    En: float | None


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

    ``false_accept_risk`` is None where no figure would be honest: an output of a board of pulses
    flips as a whole, so that how far its voltage is from a threshold tells nothing.
    """

    answer: Literal["yes", "no", "undecided"]
    reasons: list[str]
    false_accept_risk: float | None


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


class Comparison(RecordBase, frozen=True, kw_only=True, tag="comparison"):
    """Whether a measured board and its prediction agree.

    ``conditions`` are the prediction's; nobody measured whether the board was under them.
    ``unset`` names what was wired and not read; ``power`` and ``unseen_faults`` follow from the
    prediction and the wiring alone, so that they are known before anything is measured.
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
