"""Pictures of a training as SVG, in the colours that the report's style sheet sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from realnet_hw.compare import svg
from realnet_hw.drawing.geometry import Box
from realnet_hw.records import TrainedLayer, Training
from realnet_hw.technology.array_2t1c import STORE_MAX_V, STORE_MIN_V

_WIDTH, _HEIGHT = 340.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 8.0, 10.0, 34.0
_CELL_W, _CELL_H, _NAMES = 34.0, 20.0, 40.0
_MOST_POINTS = 400
_TICKS = 4


def loss_curve(training: Training) -> str:
    """Return the loss over the epochs, on a logarithmic scale."""
    floor = max(1e-9, min((value for value in training.loss if value > 0), default=1e-9))
    decades = [math.log10(max(value, floor)) + 6 for value in training.loss]
    low, high = math.floor(min(decades)), math.ceil(max(decades))
    ticks = [(float(power), _power(power)) for power in range(low, high + 1)]
    step = -(-len(ticks) // (_TICKS + 1))
    return _curve(training, decades, (low, max(high, low + 1)), ticks[::step], "loss, mV²")


def margin_curve(training: Training) -> str:
    """Return the least margin over the epochs, millivolts."""
    margins = [1e3 * value for value in training.margin_V]
    size = max(1.0, *map(abs, margins))
    step = 10 ** math.floor(math.log10(size))
    while size / step > _TICKS / 2:
        step *= 2
    first, last = math.floor(min(0.0, *margins) / step), math.ceil(max(0.0, *margins) / step)
    ticks = [(index * step, _signed(index * step)) for index in range(first, last + 1)]
    return _curve(training, margins, (first * step, last * step), ticks, "least margin, mV")


def weights(layer: TrainedLayer, values_V: Sequence[Sequence[float]], label: str) -> str:
    """Return a layer as the array that it is: a darker cell conducts better.

    Args:
        layer: its rows and columns.
        values_V: what is shown of it.
        label: for those who can't see it.
    """
    parts = [
        _text(_NAMES + (index + 0.5) * _CELL_W, 12, name, "middle", "soft")
        for index, name in enumerate(layer.columns)
    ]
    for down, (name, row) in enumerate(zip(layer.rows, values_V, strict=True)):
        y = 18 + down * _CELL_H
        parts.append(_text(_NAMES - 6, y + 14, name, "end", "soft"))
        for across, volts in enumerate(row):
            x = _NAMES + across * _CELL_W
            share = min(1.0, max(0.0, (volts - STORE_MIN_V) / (STORE_MAX_V - STORE_MIN_V)))
            parts.append(
                f'<rect x="{x:g}" y="{y:g}" width="{_CELL_W - 2:g}" height="{_CELL_H - 2:g}" '
                f'rx="3" style="fill:var(--accent)" fill-opacity="{0.05 + 0.6 * share:.2f}"/>'
            )
            parts.append(_text(x + _CELL_W / 2 - 1, y + 13, f"{volts:.2f}", "middle", "ink"))
    box = Box(0, 0, _NAMES + len(layer.columns) * _CELL_W, 20 + len(layer.rows) * _CELL_H)
    return svg.element("".join(parts), box, label)


def width_of(layer: TrainedLayer) -> float:
    """Return how wide a layer's picture is, in pixels."""
    return _NAMES + len(layer.columns) * _CELL_W


def _curve(
    training: Training,
    values: Sequence[float],
    span: tuple[float, float],
    ticks: Sequence[tuple[float, str]],
    label: str,
) -> str:
    epochs = max(1, len(values) - 1)
    low, high = span

    def x_of(epoch: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * epoch / epochs

    def y_of(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - low) / (high - low)

    step = -(-len(values) // _MOST_POINTS)
    points = [(x_of(index), y_of(values[index])) for index in range(0, len(values), step)]
    parts = []
    for value, name in ticks:
        y = y_of(value)
        parts.append(_line(_LEFT, y, _WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 6, y + 3.5, name, "end", "soft"))
    for share in (0.0, 0.5, 1.0):
        anchor = "end" if share == 1 else "middle"
        name = f"{share * epochs:.0f}"
        parts.append(_text(x_of(share * epochs), _HEIGHT - _BOTTOM + 14, name, anchor, "soft"))
    parts.append(_text((_LEFT + _WIDTH) / 2, _HEIGHT - 4, "epoch", "middle", "soft"))
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts.append(
        f'<polyline points="{path}" fill="none" style="stroke:var(--accent)" stroke-width="1.6"/>'
    )
    x, y = x_of(training.best), y_of(values[training.best])
    parts.append(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" stroke-width="1.6" '
        'style="fill:var(--card);stroke:var(--good)"/>'
    )
    return svg.element("".join(parts), Box(0, 0, _WIDTH, _HEIGHT), f"{label}, over the epochs")


def _signed(value: float) -> str:
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _power(power: int) -> str:
    return f"{10.0**power:g}" if -3 <= power <= 4 else f"1e{power}"


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:g}" y1="{y1:.1f}" x2="{x2:g}" y2="{y2:.1f}" '
        'style="stroke:var(--line)" stroke-width="1"/>'
    )


def _text(x: float, y: float, words: str, anchor: str, colour: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="10.5" text-anchor="{anchor}" '
        f'style="fill:var(--{colour})">{escape(words)}</text>'
    )
