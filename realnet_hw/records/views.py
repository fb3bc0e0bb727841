"""What a prediction draws: curves, surfaces and waves, each with the band of its boards."""

from __future__ import annotations

from realnet_hw.records.base import Frozen


class Conditions(Frozen, frozen=True, kw_only=True):
    """Under what the boards were simulated: the temperature, and the nominal volts of each rail.

    ``no_drift`` names the parts that are simulated as at 27 C, as no drift is known of them.
    """

    temperature_C: float = 27.0
    supplies_V: dict[str, float] = {}
    no_drift: list[str] = []


class Trace(Frozen, frozen=True, kw_only=True):
    """A value along an axis: of the nominal board, and the band that holds 99 % of boards.

    ``ideal_V`` is the ideal network's, None where none is known.
    """

    nominal_V: list[float]
    low_V: list[float]
    high_V: list[float]
    ideal_V: list[float] | None = None


class Curve(Frozen, frozen=True, kw_only=True):
    """A transfer curve: every output against one input, the other inputs held."""

    input: str
    held_V: dict[str, float]
    input_V: list[float]
    outputs: dict[str, Trace]
    boards: int


class Sheet(Frozen, frozen=True, kw_only=True):
    """An output over two inputs: a row for each value of the second one.

    ``low_V`` and ``high_V`` are the band that holds 99 % of boards.
    """

    nominal_V: list[list[float]]
    low_V: list[list[float]]
    high_V: list[list[float]]
    ideal_V: list[list[float]] | None = None


class Surface(Frozen, frozen=True, kw_only=True):
    """A response surface: every output against two inputs, the other inputs held."""

    across: str
    up: str
    held_V: dict[str, float]
    across_V: list[float]
    up_V: list[float]
    outputs: dict[str, Sheet]
    boards: int


class Settling(Frozen, frozen=True, kw_only=True):
    """How long an output takes after a step at an input.

    From the start of the step until the output stays within 1 % of the way it goes (at least 1 mV)
    of where it comes to rest; the longer of the rising and the falling step. None where it is not
    at rest when the next step comes. What takes no longer than ``resolution_s``, two steps of the
    record, can't be told from the edge of the wave, and is given as that.
    """

    nominal_s: float | None
    slowest_s: float | None
    resolution_s: float = 0.0


class Band(Frozen, frozen=True, kw_only=True):
    """A figure of the nominal board, and the least and greatest of those that were stepped."""

    nominal: float
    low: float
    high: float


class PredictedEdge(Frozen, frozen=True, kw_only=True):
    """What a step of the input does at an output; see ``edges`` for what each figure is.

    Seconds, and a share of the output's way. None where some board has no such figure.
    """

    delay_s: Band | None = None
    passage_s: Band | None = None
    overshoot: Band | None = None
    settling_s: Band | None = None


class Transient(Frozen, frozen=True, kw_only=True):
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


class PredictedShape(Frozen, frozen=True, kw_only=True):
    """What a node does in a firing; see ``shapes`` for what each figure is.

    None where some board has no such figure.
    """

    delay_s: Band | None = None
    width_s: Band | None = None
    passage_s: Band | None = None
    low_V: Band | None = None
    high_V: Band | None = None


class Waveforms(Frozen, frozen=True, kw_only=True):
    """A board's firing at one case, over time from the start of the trigger until it is read.

    ``boards`` were fired, and the bands reach from the lowest to the highest of them.

    Args:
        case: counted from 0.
        time_s: rises evenly.
        traces: each pulse, output and integrator, by the name of its test point or port, or by
            its net.
        thresholds: an integrator's trace to the trace that it is compared with.
        boards: how many.
        shapes: the figures of each trace.
        resolution_s: times are known to so much.
    """

    case: int
    time_s: list[float]
    traces: dict[str, Trace]
    thresholds: dict[str, str]
    boards: int
    shapes: dict[str, PredictedShape] = {}
    resolution_s: float = 0.0
