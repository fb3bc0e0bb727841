"""Training that knows of the resistors: every step is taken on boards drawn anew.

Each of them has its own resistors, from the series that is bought and off by up to their tolerance,
and its own offsets; its gains follow from the technology's law. The right output should lead by one
logic unit: beyond that nothing is gained, so that the examples near a border count. How many volts
a unit is depends on how far outputs go for any input at all, so what goes further than it need is
pulled back, at corners and between.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from realnet_hw.board import Logic
from realnet_hw.errors import InputError
from realnet_hw.learn.array.adam import Adam
from realnet_hw.learn.data_set import DataSet
from realnet_hw.learn.gains import BalancedLaw, Floats, InvertingLaw, Law, Made, Resistors
from realnet_hw.network.network import Activation, Layer, Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology import balanced_neurons, balanced_summer, inverting_summer, summers
from realnet_hw.technology.cases import Answer, Inputs
from realnet_hw.technology.scaling import Levels

Progress: TypeAlias = Callable[[int, int], None]

MOST_HIDDEN = 64
_STEPS = 1500
_STARTS = 4
_BOARDS = 8
_TRIED = 200
# The rate falls to a hundredth of the first along a quarter of a cosine.
_RATE = 0.03
_DECAY = 2e-3
# In logic units: the lead aimed at, by how much a level may be off for nothing, and how far outputs
# should go at most for inputs of which nothing is known.
_LEAD, _OFF, _FAR = 1.0, 0.05, 1.5
_BEYOND, _BEYOND_WEIGHT = 32, 0.1
_LEVELS_EVERY = 10

_Parameters: TypeAlias = tuple[Floats, ...]


class _LevelsOf(Protocol):
    def __call__(self, network: Network, answer: Answer, inputs: Inputs, /) -> Levels:
        """Return the voltages of a network's signals."""
        ...


@dataclass(frozen=True)
class Technology:
    """What training must know of a technology.

    Args:
        law: of its summers.
        levels: the voltages of a network's signals.
        logic: its levels.
        amplifier, reference: keys in the catalogue.
        largest: the activation of outputs of which the largest counts. Where an amplifier has no
            rail below 0 V, outputs that may be negative would ride on the reference.
    """

    law: Law
    levels: _LevelsOf
    logic: Logic
    amplifier: str
    reference: str
    largest: Activation

    def activation(self, data: DataSet) -> Activation:
        """Return that of the last layer."""
        return self.largest if data.answer == "largest" else "linear"


TECHNOLOGIES: Mapping[str, Technology] = {
    "balanced_summer": Technology(
        BalancedLaw(),
        balanced_summer.levels,
        balanced_summer.LOGIC,
        balanced_neurons.AMPLIFIER,
        balanced_neurons.REFERENCE,
        "relu",
    ),
    "inverting_summer": Technology(
        InvertingLaw(),
        inverting_summer.levels,
        inverting_summer.LOGIC,
        summers.AMPLIFIER,
        summers.REFERENCE,
        "linear",
    ),
}
"""Those whose weights are resistors of summers, by name."""


@dataclass(frozen=True)
class Trained:
    """A network, and how drawn boards answer the examples that it was trained on, by the law.

    Args:
        network: in logic units.
        accuracy: the mean over the boards.
        lead: the mean of the least lead of all examples of a board, in logic units.
    """

    network: Network
    accuracy: float
    lead: float


def train(
    data: DataSet,
    technology: str,
    resistor: str,
    *,
    hidden: int,
    seed: int,
    progress: Progress | None = None,
) -> list[Trained]:
    """Train networks of one hidden layer; return one of each start, the best first.

    Args:
        data: the examples; those held out are not looked at.
        technology: a key of ``TECHNOLOGIES``.
        resistor: the key in the catalogue of those that make the weights.
        hidden: width of the hidden layer.
        seed: of the first weights and of the boards, 0 or more.
        progress: told of the steps done.

    Raises:
        InputError: another technology, or a number out of range.
    """
    if technology not in TECHNOLOGIES:
        raise InputError(f"technology {technology!r}", allowed=", ".join(TECHNOLOGIES))
    if not 1 <= hidden <= MOST_HIDDEN:
        raise InputError(f"{hidden} hidden neurons", allowed=f"1 to {MOST_HIDDEN}")
    if seed < 0:
        raise InputError(f"seed {seed}", allowed="0 or more")
    kind = part_type(resistor)
    found = []
    for start, random in enumerate(np.random.default_rng(seed).spawn(_STARTS)):
        resistors = Resistors(kind.series or "E96", kind.tolerance or 0.0, random)
        course = _Course(data, TECHNOLOGIES[technology], hidden, resistors)
        for step in range(_STEPS):
            course.step(step / _STEPS)
            if progress:
                progress(start * _STEPS + step + 1, _STARTS * _STEPS)
        found.append(course.judged())
    return sorted(found, key=lambda one: (round(one.accuracy, 3), one.lead), reverse=True)


class _Course:
    """One training from its first weights on."""

    def __init__(
        self, data: DataSet, technology: Technology, hidden: int, resistors: Resistors
    ) -> None:
        shown = ~data.held_out
        self._data = data
        self._technology = technology
        self._resistors = resistors
        self._wanted = data.wanted[shown]
        self._values = data.values[shown]
        self._reference_V = part_type(technology.reference).limits["volts"]
        self._reference_off = part_type(technology.reference).tolerance or 0.0
        self._offset_V = part_type(technology.amplifier).limits["offset_V"]
        random = resistors.random
        fan = len(data.inputs)
        self._parameters: _Parameters = (
            random.normal(0.0, math.sqrt(2 / fan), (hidden, fan)),
            np.zeros(hidden),
            random.normal(0.0, math.sqrt(2 / hidden), (len(data.outputs), hidden)),
            np.zeros(len(data.outputs)),
        )
        self._adam = Adam(_RATE, -math.inf, math.inf)
        self._count = 0
        self._levels = self._found_levels()

    def network(self) -> Network:
        """Return the network as it is now."""
        first, first_bias, last, last_bias = self._parameters
        return Network(
            "realnet-network",
            1,
            self._data.inputs,
            self._data.outputs,
            (
                _layer(first, first_bias, "relu"),
                _layer(last, last_bias, self._technology.activation(self._data)),
            ),
        )

    def step(self, done: float) -> None:
        """Go one step down the mean loss of a few boards; ``done`` is the share of all steps."""
        if self._count % _LEVELS_EVERY == 0:
            self._levels = self._found_levels()
        self._count += 1
        beyond = self._resistors.random.beta(0.2, 0.2, (_BEYOND, len(self._data.inputs)))
        run = self._run(_BOARDS, np.vstack([self._values, beyond]))
        count = len(self._wanted)
        slope = np.concatenate(
            [
                self._loss_slope(run.outputs[:, :count]) / count,
                _BEYOND_WEIGHT * self._too_far(run.outputs[:, count:]) / _BEYOND,
            ],
            axis=1,
        )
        slopes = run.back(slope / _BOARDS)
        gradient = tuple(
            slope + _DECAY * weight for slope, weight in zip(slopes, self._parameters, strict=True)
        )
        rate = _RATE * (0.01 + 0.99 * math.cos(math.pi / 2 * done))
        adam = dataclasses.replace(self._adam, rate_V=rate)
        self._parameters, self._adam = adam.step(self._parameters, gradient)

    def judged(self) -> Trained:
        """Return the network with what boards drawn anew make of the examples."""
        self._levels = self._found_levels()
        outputs = self._run(_TRIED, self._values).outputs
        leads = self._leads(outputs).min(axis=2)
        return Trained(self.network(), float((leads > 0).mean()), float(leads.min(axis=1).mean()))

    def _found_levels(self) -> Levels:
        return self._technology.levels(self.network(), self._data.answer, self._data.kind)

    def _run(self, boards: int, values: Floats) -> _Run:
        """Let drawn boards answer inputs in logic units."""
        first, first_bias, last, last_bias = self._parameters
        levels, law, random = self._levels, self._technology.law, self._resistors.random
        hidden_V = np.array(levels.hidden_V[0])
        high_V, reference_V = self._technology.logic.high_V, self._reference_V
        # Gains per weight, in the order of the parameters.
        scales = (
            hidden_V[:, None] / high_V,
            hidden_V / reference_V,
            levels.unit_V / hidden_V,
            np.full(len(last), levels.unit_V / reference_V),
        )
        lift = levels.zero_V / reference_V
        wanted = (
            np.column_stack([first * scales[0], first_bias * scales[1]]),
            np.column_stack([last * scales[2], last_bias * scales[3] + lift]),
        )
        off = random.uniform(-self._reference_off, self._reference_off, boards)
        offsets_V = [
            law.noise_gain(gains)
            * random.uniform(-self._offset_V, self._offset_V, (boards, len(gains)))
            for gains in wanted
        ]
        made = [law.made(gains, self._resistors, boards) for gains in wanted]
        return _Run(values * high_V, reference_V * (1 + off), offsets_V, made, scales, levels)

    def _leads(self, outputs: Floats) -> Floats:
        """Return by how much answers are right, in logic units.

        Returns:
            Of several outputs the lead over each other one, of one how far it is on its side of its
            threshold; shape (boards, examples, outputs).
        """
        if self._data.answer == "level":
            logic = self._technology.logic
            above = outputs - logic.threshold_high_V / logic.high_V
            below = logic.threshold_low_V / logic.high_V - outputs
            return np.where(self._wanted > 0.5, above, below)
        shown = outputs if self._technology.largest == "linear" else np.maximum(outputs, 0.0)
        right = (outputs * self._wanted).sum(axis=2, keepdims=True)
        return np.where(self._wanted > 0.5, np.inf, right - shown)

    def _loss_slope(self, outputs: Floats) -> Floats:
        """Return the slope of the loss against each output."""
        if self._data.answer == "level":
            off = outputs - self._wanted
            return np.asarray(np.sign(off) * np.maximum(np.abs(off) - _OFF, 0.0))
        short = np.maximum(0.0, _LEAD - self._leads(outputs))
        is_shown = (outputs > 0) | (self._technology.largest == "linear")
        slope = np.where(is_shown, short, 0.0)
        return np.where(self._wanted > 0.5, -short.sum(axis=2, keepdims=True), slope)

    def _too_far(self, outputs: Floats) -> Floats:
        """Return the slope of what outputs that go too far cost."""
        least = -_FAR if self._technology.activation(self._data) == "linear" else -np.inf
        return np.maximum(0.0, outputs - _FAR) + np.minimum(0.0, outputs - least)


class _Run:
    """What drawn boards answer, and the way back to the parameters."""

    def __init__(
        self,
        inputs_V: Floats,
        reference_V: Floats,
        offsets_V: Sequence[Floats],
        made: Sequence[Made],
        scales: _Parameters,
        levels: Levels,
    ) -> None:
        boards, examples = len(reference_V), len(inputs_V)
        constant_V = np.broadcast_to(reference_V[:, None, None], (boards, examples, 1))
        shown_V = np.broadcast_to(inputs_V, (boards, *inputs_V.shape))
        self._made, self._scales, self._unit_V = made, scales, levels.unit_V
        self._sources_V = [np.concatenate([shown_V, constant_V], axis=2)]
        hidden_V = np.maximum(0.0, self._sums_V(0, offsets_V))
        self._is_on = hidden_V > 0
        self._sources_V.append(np.concatenate([hidden_V, constant_V], axis=2))
        self.outputs = (self._sums_V(1, offsets_V) - levels.zero_V) / levels.unit_V
        """In logic units, before the last activation; shape (boards, examples, outputs)."""

    def _sums_V(self, layer: int, offsets_V: Sequence[Floats]) -> Floats:
        gains = self._made[layer].gains.transpose(0, 2, 1)
        return np.asarray(self._sources_V[layer] @ gains + offsets_V[layer][:, None, :])

    def back(self, slope: Floats) -> _Parameters:
        """Return slopes against the parameters from those against the outputs."""
        slope_V = slope / self._unit_V
        last = self._made[1].back(slope_V.transpose(0, 2, 1) @ self._sources_V[1])
        through = (slope_V @ self._made[1].gains[:, :, :-1]) * self._is_on
        first = self._made[0].back(through.transpose(0, 2, 1) @ self._sources_V[0])
        parts = (first[:, :-1], first[:, -1], last[:, :-1], last[:, -1])
        return tuple(part * scale for part, scale in zip(parts, self._scales, strict=True))


def _layer(weight: Floats, bias: Floats, activation: Activation) -> Layer:
    rows = tuple(tuple(round(w, 5) for w in row) for row in weight.tolist())
    return Layer(rows, tuple(round(b, 5) for b in bias.tolist()), activation)
