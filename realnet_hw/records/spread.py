"""How boards spread around the nominal one: statistics, faults, yield, margins, sensitivity."""

from __future__ import annotations

from realnet_hw.records.base import Frozen


class PulseStatistics(Frozen, frozen=True, kw_only=True):
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


class Slopes(Frozen, frozen=True, kw_only=True):
    """How values answer to what nobody holds still; empty where it is not known.

    Args:
        boards_below, boards_above: per input the ``slope_below`` and ``slope_above`` of
            ``Statistics``, of the first few boards, boards x n.
        source_ohm: resistance of the node that a value is read on, n.
        per_K: change of the nominal board's values per kelvin, n, those of the pulses after them.
        parts: of every part and rail that was drawn.
        linear_u: half of the greatest that the slopes of the parts leave of the values of the
            boards drawn, as if fitted to others, n, those of the pulses after them.
    """

    boards_below: dict[str, list[list[float]]] = {}
    boards_above: dict[str, list[list[float]]] = {}
    source_ohm: list[float] = []
    per_K: list[float] = []
    parts: list[PartSlopes] = []
    linear_u: list[float] = []


class PartSlopes(Frozen, frozen=True, kw_only=True):
    """What one parameter of a part does to every value, on average over its tolerance.

    Args:
        part: its reference, or the net of a supply.
        parameter: of the deck.
        is_rail: whether it is a supply.
        nominal, low, high: its value and the bounds of its tolerance.
        mean, deviation: of its value over the boards drawn, the standard deviation.
        slopes: per unit of the parameter, n values, those of the pulses after them.
    """

    part: str
    parameter: str
    is_rail: bool
    nominal: float
    low: float
    high: float
    mean: float
    deviation: float
    slopes: list[float]


class Statistics(Frozen, frozen=True, kw_only=True):
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
        slopes: how the values answer to parts, currents and warmth.
    """

    keys: list[str]
    boards_V: list[list[float]]
    slope_below: dict[str, list[float]]
    slope_above: dict[str, list[float]]
    pulses: PulseStatistics = PulseStatistics()
    slopes: Slopes = Slopes()


class FaultSignature(Frozen, frozen=True, kw_only=True):
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


class Yield(Frozen, frozen=True, kw_only=True):
    """How many of the boards drawn do what is asked of them, with a 95 % interval."""

    good: int
    samples: int
    value: float
    low: float
    high: float


class WorstBoard(Frozen, frozen=True, kw_only=True):
    """A board drawn, by its number, with the answer that is nearest to a wrong one or furthest in.

    ``margin_V`` is how far, see ``Margins``.
    """

    board: int
    case: int
    output: str
    margin_V: float


class Margins(Frozen, frozen=True, kw_only=True):
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


class PartEffect(Frozen, frozen=True, kw_only=True):
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


class Corner(Frozen, frozen=True, kw_only=True):
    """A value with every part at the end of its tolerance that is worst for it, either way."""

    low_V: float
    high_V: float


class Sensitivity(Frozen, frozen=True, kw_only=True):
    """Which part decides.

    Args:
        parts: those that move a value, the greatest effect first.
        corners: by ``"<case>.<output>"``, of outputs.
    """

    parts: list[PartEffect]
    corners: dict[str, Corner]


class TolerancedYield(Frozen, frozen=True, kw_only=True):
    """The yield if every resistor and capacitor had this tolerance, as a fraction; None as bought.

    ``levels`` counts boards that show the cases whose inputs all are logic levels, ``every`` those
    that show every case. ``levels`` is None where there is no such case.
    """

    tolerance: float | None
    levels: Yield | None
    every: Yield
