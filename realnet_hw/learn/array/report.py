"""The report of a training: one HTML file that stands alone, without script."""

from __future__ import annotations

from dataclasses import dataclass

from realnet_hw.compare.page import pages
from realnet_hw.learn.array import pictures
from realnet_hw.learn.array.words import duration, judged, outcome, undecided_V, volts
from realnet_hw.records import TrainedPattern, Training

MOST_PATTERNS = 60
"""So many are shown, those with the least margins; the rest is in the record."""


@dataclass(frozen=True)
class LayerPicture:
    """A layer before and after, as SVG, and how wide each is, pixels."""

    title: str
    before: str
    after: str
    width: float


@dataclass(frozen=True)
class Confusion:
    """How many patterns of each class were taken for which, in the order of the outputs."""

    classes: list[str]
    counts: list[list[int]]


def html(training: Training) -> str:
    """Return the report as the text of an HTML file."""
    environment = pages(__package__)
    environment.filters |= {
        "volts": volts,
        "duration": duration,
        "millivolts": lambda value_V: f"{1e3 * value_V:+.1f}".replace("-", "\N{MINUS SIGN}"),
    }
    counted = judged(training)
    right = sum(one.margin_V > undecided_V(training) for one in counted)
    shown = sorted(training.patterns, key=lambda one: one.margin_V)[:MOST_PATTERNS]
    text: str = environment.get_template("training.html").render(
        training=training,
        headline=outcome(training),
        tone="good" if right == len(counted) else "doubt",
        verdict=f"{right} of {len(counted)} right",
        undecided_V=undecided_V(training),
        loss=pictures.loss_curve(training),
        margin=pictures.margin_curve(training),
        layers=_layers(training),
        synapses=sum(len(row) for layer in training.layers for row in layer.stored_V),
        patterns=shown if len(shown) < len(training.patterns) else training.patterns,
        left_out=len(training.patterns) - len(shown),
        confusion=_confusion(counted) if len(counted[0].wanted) > 1 else None,
        tones={"enough": "good", "tight": "doubt", "hopeless": "bad"},
    )
    return text


def _layers(training: Training) -> list[LayerPicture]:
    made = []
    for number, layer in enumerate(training.layers, 1):
        title = f"Layer {number}: {len(layer.rows)} rows, {len(layer.columns)} columns"
        made.append(
            LayerPicture(
                title,
                pictures.weights(layer, layer.start_V, f"{title}, before"),
                pictures.weights(layer, layer.stored_V, f"{title}, after"),
                pictures.width_of(layer),
            )
        )
    return made


def _confusion(patterns: list[TrainedPattern]) -> Confusion:
    classes = list(patterns[0].wanted)
    counts = [[0] * len(classes) for _ in classes]
    for one in patterns:
        wanted = next(name for name, is_high in one.wanted.items() if is_high)
        answer = max(one.outputs_V, key=lambda name: one.outputs_V[name])
        counts[classes.index(wanted)][classes.index(answer)] += 1
    return Confusion(classes, counts)
