"""The JSON records that cross between predicting, measuring, comparing and training.

Each record is frozen and versioned, and carries the SHA-256 of the circuit it is about, so that a
verdict can be traced back to the weights and two records of different circuits are never compared.
Unknown keys are refused. Voltages are in volts; capital ``U`` is an expanded uncertainty (k = 2),
small ``u`` a standard uncertainty.

Ref: JCGM 100:2008 (GUM) for the uncertainty terms.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from realnet_hw.errors import InputError


class _Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything inside a record."""


# ---------------------------------------------------------------- prediction


class PredictedInput(_Frozen, frozen=True, kw_only=True):
    """The voltage that a case puts on an input terminal."""

    set_V: float


class PredictedOutput(_Frozen, frozen=True, kw_only=True):
    """An output: its nominal value, the band that holds 99 % of boards, and its logic level.

    ``logic`` is None where the nominal value lies between the two thresholds. ``expected`` is None
    where the output is not judged as a level; ``window_V`` is where it should lie if it is judged
    as a value. ``ideal_V`` is what the ideal network answers.
    """

    nominal_V: float
    low_V: float
    high_V: float
    expected: int | None
    logic: int | None
    ideal_V: float | None = None
    window_V: tuple[float, float] | None = None


class PredictedNode(_Frozen, frozen=True, kw_only=True):
    """A test point: its nominal value and the band that holds 99 % of boards."""

    nominal_V: float
    low_V: float
    high_V: float


class PredictedPulse(_Frozen, frozen=True, kw_only=True):
    """The width of a pulse: its nominal value and the band that holds 99 % of boards.

    A width of 0 is no pulse.
    """

    nominal_s: float
    low_s: float
    high_s: float


class PredictedCase(_Frozen, frozen=True, kw_only=True):
    """One row of the truth table.

    ``largest`` names the output that should be the greatest, where outputs are judged so.
    """

    inputs: dict[str, PredictedInput]
    outputs: dict[str, PredictedOutput]
    nodes: dict[str, PredictedNode]
    largest: str | None = None
    pulses: dict[str, PredictedPulse] = {}


class PulseStatistics(_Frozen, frozen=True, kw_only=True):
    """The widths of pulses on the boards of ``Statistics``, in the same order; empty where none is.

    Args:
        keys: the pulses, ``"<case>.<pulse>"``, cases counted from 0, n of them.
        boards_s: the widths on each board, samples x n, to a nanosecond.
        slope_below_s_per_V: per input, d(width)/d(input) for an input slightly lower, n each.
        slope_above_s_per_V: the same for an input slightly higher.
        u_s: standard uncertainty that the simulator's steps leave on each width.
    """

    keys: list[str] = []
    boards_s: list[list[float]] = []
    slope_below_s_per_V: dict[str, list[float]] = {}
    slope_above_s_per_V: dict[str, list[float]] = {}
    u_s: float = 0.0


class Statistics(_Frozen, frozen=True, kw_only=True):
    """The joint distribution of every predicted value: the boards that were drawn, themselves.

    The boards are kept because their mean and covariance do not tell how often a good board lies
    far out, and where rectifiers turn on it does so more often than a normal distribution says.

    Args:
        keys: the values in order, ``"<case>.<output or node>"``, cases counted from 0, n of them.
        boards_V: the values of each board at the inputs as set, samples x n, to a microvolt.
        slope_below: per input, d(value)/d(input) for an input slightly lower than set, n each.
        slope_above: the same for an input slightly higher. They differ where a rectifier turns on.
            "Slightly" is as far as a source may be wrong (a tenth of a volt, say), so that a
            rectifier that turns on within that distance is seen.
        pulses: the widths of pulses, which count together with the voltages.
    """

    keys: list[str]
    boards_V: list[list[float]]
    slope_below: dict[str, list[float]]
    slope_above: dict[str, list[float]]
    pulses: PulseStatistics = PulseStatistics()


class FaultSignature(_Frozen, frozen=True, kw_only=True):
    """What a single fault would do: the values in the order of ``Statistics.keys``.

    ``values_V`` are of the nominal board with the fault, ``boards_V`` of the first few boards of
    the statistics, each with it: where a rectifier hides a fault on some boards and not on others,
    the nominal one does not tell how many. ``widths_s`` and ``board_widths_s`` are the same of the
    pulses, in the order of ``Statistics.pulses.keys``.
    """

    fault: str
    values_V: list[float]
    boards_V: list[list[float]] = []
    widths_s: list[float] = []
    board_widths_s: list[list[float]] = []


class Yield(_Frozen, frozen=True, kw_only=True):
    """How many of the boards drawn do what is asked of them, with a 95 % interval."""

    good: int
    samples: int
    value: float
    low: float
    high: float


class WorstBoard(_Frozen, frozen=True, kw_only=True):
    """A board drawn, by its number, with the answer that is nearest to a wrong one or furthest in.

    ``margin_V`` is how far, see ``Margins``.
    """

    board: int
    case: int
    output: str
    margin_V: float


class Margins(_Frozen, frozen=True, kw_only=True):
    """How far the boards drawn are from a wrong answer: of each its least margin, in volts.

    The margin of a level is from the threshold, of a value from the nearer end of its window, of
    the largest output its lead over the others; below zero the answer is wrong.

    Args:
        edges_V: of the histogram's bins, rising evenly; 0 V is one where bins are on both sides.
        counts: boards in each bin; those beyond the ends are in the first and in the last.
        deciding: ``"<case>.<output>"`` to the number of boards whose least margin it is.
        worst: the boards with the least margins.
    """

    edges_V: list[float]
    counts: list[int]
    deciding: dict[str, int]
    worst: list[WorstBoard]


class PartEffect(_Frozen, frozen=True, kw_only=True):
    """What a part's tolerance does to the value that it moves most.

    Args:
        part: its reference, or the net of a supply.
        parameter: of the deck.
        key: ``"<case>.<output>"`` of the value.
        slope: volts for each unit of the parameter, at the nominal board.
        effect_V: by how much it moves the value at the far end of its tolerance, not negative.
        share: of the variance of that value over boards within tolerance, to first order.
    """

    part: str
    parameter: str
    key: str
    slope: float
    effect_V: float
    share: float


class Corner(_Frozen, frozen=True, kw_only=True):
    """A value with every part at the end of its tolerance that is worst for it, either way."""

    low_V: float
    high_V: float


class Sensitivity(_Frozen, frozen=True, kw_only=True):
    """Which part decides.

    Args:
        parts: those that move a value, the greatest effect first.
        corners: by ``"<case>.<output>"``, of outputs.
    """

    parts: list[PartEffect]
    corners: dict[str, Corner]


class Thresholds(_Frozen, frozen=True, kw_only=True):
    """Below ``low_V`` an output is 0, above ``high_V`` it is 1."""

    low_V: float
    high_V: float


class Conditions(_Frozen, frozen=True, kw_only=True):
    """Under what the boards were simulated: the temperature, and the nominal volts of each rail.

    ``no_drift`` names the parts that are simulated as at 27 C, as no drift is known of them.
    """

    temperature_C: float = 27.0
    supplies_V: dict[str, float] = {}
    no_drift: list[str] = []


class Trace(_Frozen, frozen=True, kw_only=True):
    """A value along an axis: of the nominal board, and the band that holds 99 % of boards.

    ``ideal_V`` is the ideal network's, None where none is known.
    """

    nominal_V: list[float]
    low_V: list[float]
    high_V: list[float]
    ideal_V: list[float] | None = None


class Curve(_Frozen, frozen=True, kw_only=True):
    """A transfer curve: every output against one input, the other inputs held."""

    input: str
    held_V: dict[str, float]
    input_V: list[float]
    outputs: dict[str, Trace]
    boards: int


class Sheet(_Frozen, frozen=True, kw_only=True):
    """An output over two inputs: a row for each value of the second one.

    ``low_V`` and ``high_V`` are the band that holds 99 % of boards.
    """

    nominal_V: list[list[float]]
    low_V: list[list[float]]
    high_V: list[list[float]]
    ideal_V: list[list[float]] | None = None


class Surface(_Frozen, frozen=True, kw_only=True):
    """A response surface: every output against two inputs, the other inputs held."""

    across: str
    up: str
    held_V: dict[str, float]
    across_V: list[float]
    up_V: list[float]
    outputs: dict[str, Sheet]
    boards: int


class Settling(_Frozen, frozen=True, kw_only=True):
    """How long an output takes after a step at an input.

    From the start of the step until the output stays within 1 % of the way it goes (at least 1 mV)
    of where it comes to rest; the longer of the rising and the falling step. None where it is not
    at rest when the next step comes. What takes no longer than ``resolution_s``, two steps of the
    record, can't be told from the edge of the wave, and is given as that.
    """

    nominal_s: float | None
    slowest_s: float | None
    resolution_s: float = 0.0


class Band(_Frozen, frozen=True, kw_only=True):
    """A figure of the nominal board, and the least and greatest of those that were stepped."""

    nominal: float
    low: float
    high: float


class PredictedEdge(_Frozen, frozen=True, kw_only=True):
    """What a step of the input does at an output; see ``edges`` for what each figure is.

    Seconds, and a share of the output's way. None where some board has no such figure.
    """

    delay_s: Band | None = None
    passage_s: Band | None = None
    overshoot: Band | None = None
    settling_s: Band | None = None


class Transient(_Frozen, frozen=True, kw_only=True):
    """The answer to a square wave on one input, the other inputs held.

    ``boards`` were stepped: those that are outermost at rest of a great many, and some others.
    ``settling`` has the outputs that the wave moves. The input takes ``edge_s`` from level to
    level; ``edges`` has what the rising one, then the falling one, does at each output.
    """

    input: str
    held_V: dict[str, float]
    time_s: list[float]
    input_V: list[float]
    outputs: dict[str, Trace]
    boards: int
    settling: dict[str, Settling] = {}
    edge_s: float | None = None
    edges: dict[str, list[PredictedEdge]] = {}


class Waveforms(_Frozen, frozen=True, kw_only=True):
    """A board's firing at one case, over time from the start of the trigger until it is read.

    ``boards`` were fired, and the bands reach from the lowest to the highest of them.

    Args:
        case: counted from 0.
        time_s: rises evenly.
        traces: each pulse, output and integrator, by the name of its test point or port, or by
            its net.
        thresholds: an integrator's trace to the trace that it is compared with.
        boards: how many.
    """

    case: int
    time_s: list[float]
    traces: dict[str, Trace]
    thresholds: dict[str, str]
    boards: int


class TolerancedYield(_Frozen, frozen=True, kw_only=True):
    """The yield if every resistor and capacitor had this tolerance, as a fraction; None as bought.

    ``levels`` counts boards that show the cases whose inputs all are logic levels, ``every`` those
    that show every case. ``levels`` is None where there is no such case.
    """

    tolerance: float | None
    levels: Yield | None
    every: Yield


class UsedPart(_Frozen, frozen=True, kw_only=True):
    """A line of the parts used: which references, what it is."""

    references: list[str]
    value: str
    description: str
    tolerance: str = ""
    mpn: str = ""


class Prediction(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="record",
    tag="prediction",
):
    """What SPICE says that boards with these parts will do.

    ``yield`` and ``margins`` are None where nothing is asked of outputs. They count all samples,
    of which the first 10 000 at most are kept in ``statistics``; the bands are made from these.
    ``unsolved_faults`` are those for which the simulator found no solution: what they would do is
    not known. ``nets`` says which net each input, output and test point is on; a record without it
    has readings that can't be placed on a drawing.
    """

    version: Literal[1] = 1
    board: str
    title: str
    circuit_sha256: str
    made_from: dict[str, str]
    engine: str
    samples: int
    seed: int
    thresholds: Thresholds
    cases: list[PredictedCase]
    statistics: Statistics
    faults: list[FaultSignature]
    unsolved_faults: list[str] = []
    yield_: Yield | None = msgspec.field(name="yield")
    conditions: Conditions = Conditions()
    curves: list[Curve] = []
    surfaces: list[Surface] = []
    transients: list[Transient] = []
    waveforms: list[Waveforms] = []
    yields: list[TolerancedYield] = []
    margins: Margins | None = None
    sensitivity: Sensitivity | None = None
    parts: list[UsedPart] = []
    nets: dict[str, str] = {}


# --------------------------------------------------------------- measurement


class Component(_Frozen, frozen=True, kw_only=True):
    """One line of an uncertainty budget, as a standard uncertainty.

    The uncertainty of a reading v is ``hypot(u_V, u_relative * |v|)``. A channel reads voltages, or
    it times pulses: then ``u_s`` stands in the place of ``u_V``.

    Args:
        name: what it comes from ("ADC offset").
        kind: A, from repeated readings, or B, from a specification or certificate.
        u_V: the part that does not depend on the reading, volts.
        u_s: the same of the width of a pulse, seconds.
        u_relative: the part in proportion to the reading.
        shared: which readings have the same error: none (``reading``), all of a channel
            (``channel``), or all of the fixture (``fixture``).
        source: where the figure is from.
    """

    name: str
    kind: Literal["A", "B"]
    u_V: float = 0.0
    u_s: float = 0.0
    u_relative: float = 0.0
    shared: Literal["reading", "channel", "fixture"]
    source: str


class MeasuredInput(_Frozen, frozen=True, kw_only=True):
    """An input as set and as delivered; None where the terminal was not measured."""

    set_V: float
    value_V: float | None
    U_V: float | None
    channel: str | None


class MeasuredValue(_Frozen, frozen=True, kw_only=True):
    """A reading; None is UNSET: it was not measured, which is not the same as wrong."""

    value_V: float | None
    U_V: float | None
    channel: str | None


class MeasuredPulse(_Frozen, frozen=True, kw_only=True):
    """The width of a pulse as captured; None is UNSET, 0 is no pulse."""

    width_s: float | None
    U_s: float | None
    channel: str | None


class MeasuredCase(_Frozen, frozen=True, kw_only=True):
    """One row of the truth table, as measured."""

    inputs: dict[str, MeasuredInput]
    outputs: dict[str, MeasuredValue]
    nodes: dict[str, MeasuredValue]
    time_utc: str
    pulses: dict[str, MeasuredPulse] = {}


class MeasuredWave(_Frozen, frozen=True, kw_only=True):
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


class Figure(_Frozen, frozen=True, kw_only=True):
    """A figure of an edge as measured; None where there is nothing to be told."""

    value: float | None = None
    U: float | None = None


class EdgeFigures(_Frozen, frozen=True, kw_only=True):
    """What an edge does at an output, as measured; see ``edges`` for what each figure is."""

    delay_s: Figure = Figure()
    passage_s: Figure = Figure()
    overshoot: Figure = Figure()
    settling_s: Figure = Figure()


class MeasuredEdge(_Frozen, frozen=True, kw_only=True):
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


class Calibration(_Frozen, frozen=True, kw_only=True):
    """The calibration that the fixture's controller holds."""

    valid: bool
    date: str | None
    note: str


class Measurement(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="record",
    tag="measurement",
):
    """What the bench read from one board.

    Readings reach from ``-range_V`` to ``range_V``; None where that is not known.
    """

    version: Literal[1] = 1
    board: str
    title: str
    circuit_sha256: str
    made_from: dict[str, str]
    procedure: str
    station: str
    path: str
    firmware: str
    instruments: list[str]
    calibration: Calibration
    wiring: dict[str, str]
    channels: dict[str, list[Component]]
    range_V: float | None = None
    started_utc: str
    finished_utc: str
    cases: list[MeasuredCase]
    edges: list[MeasuredEdge] = []


# ---------------------------------------------------------------- comparison


class ComparedInput(_Frozen, frozen=True, kw_only=True):
    """An input as set and as delivered."""

    set_V: float
    measured_V: float | None
    U_measured_V: float | None


class ComparedValue(_Frozen, frozen=True, kw_only=True):
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


class ComparedPulse(_Frozen, frozen=True, kw_only=True):
    """A predicted and a measured width of a pulse, as in ``ComparedValue``."""

    predicted_s: float
    measured_s: float | None
    U_predicted_s: float
    U_measured_s: float | None
    En: float | None


class ComparedCase(_Frozen, frozen=True, kw_only=True):
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


class Conformity(_Frozen, frozen=True, kw_only=True):
    """Does every output show its logic level beyond doubt?

    ``false_accept_risk`` is None where no figure would be honest: an output of a board of pulses
    flips as a whole, so that how far its voltage is from a threshold tells nothing.
    """

    answer: Literal["yes", "no", "undecided"]
    reasons: list[str]
    false_accept_risk: float | None


class Agreement(_Frozen, frozen=True, kw_only=True):
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


class DetectedFault(_Frozen, frozen=True, kw_only=True):
    """How probable it is that a board with this fault does not PASS."""

    fault: str
    power: float


class ComparedFigure(_Frozen, frozen=True, kw_only=True):
    """A figure of an edge: as measured, and of the boards that were stepped.

    ``agrees`` is whether it lies among those boards, with half as much again on either side, or
    nearer than its uncertainty; None where that can't be told.
    """

    measured: float | None
    U: float | None
    predicted: Band | None
    agrees: bool | None


class ComparedEdge(_Frozen, frozen=True, kw_only=True):
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


class Comparison(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="record",
    tag="comparison",
):
    """Whether a measured board and its prediction agree.

    ``conditions`` are the prediction's; nobody measured whether the board was under them.
    ``unset`` names what was wired and not read; ``power`` and ``unseen_faults`` follow from the
    prediction and the wiring alone, so that they are known before anything is measured.
    """

    version: Literal[1] = 1
    board: str
    title: str
    circuit_sha256: str
    made_from: dict[str, str]
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


# ------------------------------------------------------------------ training


class TrainingPlan(_Frozen, frozen=True, kw_only=True):
    """How a board with synapses is trained.

    Args:
        epochs: how often it sees every pattern.
        seed: of the weights to begin with and of the patterns' order.
        batch: patterns that are presented for one step of the weights.
        rate_V: how far a weight moves in a step at first; at the end a tenth of it.
        target_V: what an output should be, above or below 0 V.
        nudge_strength: volts at the nudge resistor a volt of error.
        nudge_limit_V: at most so many.
        start_low_V, start_high_V: between which the first weights are drawn.
        off: the stores of synapses that are kept switched off.
    """

    epochs: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 250
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    batch: Annotated[int, msgspec.Meta(ge=1)] = 32
    rate_V: float = 0.05
    target_V: float = 0.1
    nudge_strength: float = 2.0
    nudge_limit_V: float = 1.0
    start_low_V: float = 1.8
    start_high_V: float = 3.5
    off: list[str] = []


class BudgetLine(_Frozen, frozen=True, kw_only=True):
    """One thing that a training needs: how large it is against what blurs it.

    ``ratio`` is ``size_V / blur_V``, None where nothing blurs it. Below ``hopeless`` nothing is
    learnt, from ``enough`` on it does no harm.
    """

    name: str
    size_V: float
    blur_V: float
    ratio: float | None
    hopeless: float
    enough: float
    verdict: Literal["enough", "tight", "hopeless"]
    mend: str


class GradientCheck(_Frozen, frozen=True, kw_only=True):
    """The gradient that nudging gives against that of moving each weight by itself.

    Args:
        cosine: of the angle between the two.
        ratio: of their lengths.
        step_V: how far each weight was moved either way.
        nudged_V, moved_V: the gradients of the loss, V^2 a volt, in the order of the weights.
    """

    cosine: float
    ratio: float
    step_V: float
    nudged_V: list[float]
    moved_V: list[float]


class TrainedLayer(_Frozen, frozen=True, kw_only=True):
    """The weights of a layer, gate voltages: a list a row."""

    rows: list[str]
    columns: list[str]
    start_V: list[list[float]]
    stored_V: list[list[float]]


class TrainedPattern(_Frozen, frozen=True, kw_only=True):
    """A pattern and its answer by the trained weights.

    ``wanted`` says which outputs are to be above 0 V. ``held_out`` from the training, to judge by.
    """

    inputs_V: dict[str, float]
    wanted: dict[str, bool]
    outputs_V: dict[str, float]
    margin_V: float
    held_out: bool


class Training(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="record",
    tag="training",
):
    """What a board learnt, and how: its weights are good for this very board.

    Args:
        path: of the fixture; what simulated it where there is none.
        data: the name of what it learnt; ``ranges`` are those of its inputs, as -1 V and 1 V.
        budget: what was found before it began.
        loss, right, margin_V: before the first epoch and after each: mean loss of the patterns
            (V^2; half a squared error, or a cross-entropy of several outputs), share of right
            answers, least margin (V).
        best: the epoch whose weights these are.
        epoch_s: how long an epoch took, the median.
        layers: the weights.
        patterns: with these weights.
    """

    version: Literal[1] = 1
    board: str
    title: str
    circuit_sha256: str
    made_from: dict[str, str]
    station: str
    path: str
    firmware: str
    data: str
    ranges: dict[str, tuple[float, float]]
    plan: TrainingPlan
    budget: list[BudgetLine]
    loss: list[float]
    right: list[float]
    margin_V: list[float]
    best: int
    epoch_s: float
    layers: list[TrainedLayer]
    patterns: list[TrainedPattern]
    started_utc: str
    finished_utc: str

    def __post_init__(self) -> None:
        if not len(self.loss) == len(self.right) == len(self.margin_V) > self.best >= 0:
            raise ValueError("loss, right and margin_V are of each epoch, and best is one of these")
        if not self.patterns:
            raise ValueError("a training without patterns")
        for layer in self.layers:
            for volts in (layer.start_V, layer.stored_V):
                if [len(row) for row in volts] != [len(layer.columns)] * len(layer.rows):
                    raise ValueError("a layer has a weight for each of its rows and columns")


# ----------------------------------------------------------------- diagnosis


class SuspectedFault(_Frozen, frozen=True, kw_only=True):
    """One thing that may be wrong, and how probable it is.

    Args:
        name: "R3 open", as a virtual bench takes it where it can.
        kind: "open", "short", "wrong value", "swapped", "reversed", "missing", "bridge", "stuck"
            or "misplaced".
        part: the reference of the part to look at first; None where it is about nets.
        parts, nets: all that it is about.
        p: its probability.
        words: what it is in plain words.
        value, low, high: of a wrong value in ohms, with the ends of its 95 % interval.
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


class SuspectedGroup(_Frozen, frozen=True, kw_only=True):
    """Faults that the readings can't tell apart, with the probability of all of them together."""

    p: float
    faults: list[SuspectedFault]


class SuspectedPair(_Frozen, frozen=True, kw_only=True):
    """Two faults that explain the readings together, and the names of ``others`` that look alike.

    ``p`` is the share of all of these among the pairs that were tried.
    """

    p: float
    faults: list[SuspectedFault]
    others: list[list[str]] = []


class ProbeReading(_Frozen, frozen=True, kw_only=True):
    """Where and how something is read, and what was read if it was.

    Args:
        kind: volts of a net against ground, ohms between two nets with the power off, or amperes
            out of a supply.
        inputs: volts on each input; empty with the power off.
        node: the net.
        other: the second net of a resistance.
        place: where one touches it.
        value: volts, ohms or amperes; None where it is still to be read.
        U: its expanded uncertainty.
    """

    kind: Literal["volt", "ohm", "ampere"]
    inputs: dict[str, float]
    node: str
    other: str = ""
    place: str = ""
    value: float | None = None
    U: float | None = None


class NextProbe(_Frozen, frozen=True, kw_only=True):
    """A reading that is worth taking: what it tells, and what to expect of it by fault."""

    probe: ProbeReading
    bits: float
    expected: dict[str, float]


class DiagnosisStep(_Frozen, frozen=True, kw_only=True):
    """What was believed after so many readings: that nothing is wrong, and the first faults."""

    readings: int
    healthy: float
    faults: dict[str, float]


class Diagnosis(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="record",
    tag="diagnosis",
):
    """Which part of a board is wrong.

    Args:
        healthy: probability that nothing is wrong.
        fit: "ok", or "unknown" where no single fault explains the readings.
        fit_p: how probable readings as far from the best explanation are.
        groups: faults, the most probable group first; ``pairs`` are there where none fits.
        next_probe: the reading to take next; None where none would tell more.
        other_probes: readings that are worth nearly as much.
        readings: what was read, in order.
        history: what was believed after each reading that was added by hand.
        unseen: faults that no steady voltage, current or resistance shows.
    """

    version: Literal[1] = 1
    board: str
    title: str
    circuit_sha256: str
    made_from: dict[str, str]
    healthy: float
    fit: Literal["ok", "unknown"]
    fit_p: float
    groups: list[SuspectedGroup]
    pairs: list[SuspectedPair] = []
    next_probe: NextProbe | None = None
    other_probes: list[NextProbe] = []
    readings: list[ProbeReading] = []
    history: list[DiagnosisStep] = []
    unseen: list[str] = []


# ------------------------------------------------------------ reading, writing

Record = Prediction | Measurement | Comparison | Diagnosis | Training

# A JSON string holds no bare newline, so that this can't match within one.
_NUMBERS = re.compile(r"\[\n\s*-?\d[^\s\[\]]*(?:\n\s*-?\d[^\s\[\]]*)*\n\s*\]")

# C0 and C1 controls, line separators and changes of writing direction: a terminal acts on them.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def encode(record: Record) -> str:
    """Return the record as indented JSON, a list of numbers a line, with a final newline."""
    text = msgspec.json.format(msgspec.json.encode(record), indent=1).decode()
    return _NUMBERS.sub(lambda match: "".join(match[0].split()).replace(",", ", "), text) + "\n"


def decode(text: str | bytes, *, where: str = "record") -> Record:
    """Read a record of any kind from JSON.

    Raises:
        InputError: not JSON, not a record, an unknown key, a value of the wrong type, or a text
            with control characters, which would act on the terminal that shows it.
    """
    try:
        record: Record = msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            str(error), where=where, mend="give a record that realnet_hw wrote"
        ) from None
    for text_of in _texts(msgspec.to_builtins(record)):
        if _CONTROLS.search(text_of):
            raise InputError(
                f"{text_of[:60]!a} holds control characters", where=where, allowed="printable text"
            )
    return record


def _texts(value: object) -> Iterator[str]:
    """Every text anywhere inside plain JSON values, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def read(path: Path, kind: type[Any]) -> Any:
    """Read a record of one kind (``Prediction``, ``Measurement`` or ``Comparison``) from a file.

    Raises:
        InputError: no such file, or not a record of that kind.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(path)) from None
    record = decode(text, where=str(path))
    if not isinstance(record, kind):
        raise InputError(
            f"this is a {type(record).__name__.lower()}",
            where=str(path),
            allowed=f"a {kind.__name__.lower()}",
        )
    return record


def write(path: Path, text: str) -> None:
    """Write a whole text file or nothing: through a temporary file in the same folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
