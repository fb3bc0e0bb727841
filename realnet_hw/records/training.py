"""What a board learnt."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from realnet_hw.records.base import Frozen, RecordBase


class TrainingPlan(Frozen, frozen=True, kw_only=True):
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


class BudgetLine(Frozen, frozen=True, kw_only=True):
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


class GradientCheck(Frozen, frozen=True, kw_only=True):
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


class TrainedLayer(Frozen, frozen=True, kw_only=True):
    """The weights of a layer, gate voltages: a list a row."""

    rows: list[str]
    columns: list[str]
    start_V: list[list[float]]
    stored_V: list[list[float]]


class TrainedPattern(Frozen, frozen=True, kw_only=True):
    """A pattern and its answer by the trained weights.

    ``wanted`` says which outputs are to be above 0 V. ``held_out`` from the training, to judge by.
    """

    inputs_V: dict[str, float]
    wanted: dict[str, bool]
    outputs_V: dict[str, float]
    margin_V: float
    held_out: bool


class Training(RecordBase, frozen=True, kw_only=True, tag="training"):
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
