"""What gains a summer has when each of its resistors is another than it should be.

A layer of summers is a matrix of gains, volts at an output per volt at a source, of either sign.
Each gain is a resistor: bought from a series, so rounded, and off by up to its tolerance. How that
changes the gains is the circuit's law, which differs between technologies; ``Law`` has it, and its
derivative, which training goes down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from realnet_hw.preferred_values import values

Floats: TypeAlias = npt.NDArray[np.float64]

# A gain below this is no resistor; it also keeps divisions from nothing.
_NONE = 1e-9
# Feedback resistors are drawn from this decade: only the place within a decade counts for rounding.
_DECADE_OHM = (1e4, 1e5)


@dataclass(frozen=True)
class Resistors:
    """A kind of resistor.

    Args:
        series: that it is sold in.
        tolerance: as a fraction; a resistor lies anywhere within it.
        random: where boards are drawn from.
    """

    series: str
    tolerance: float
    random: np.random.Generator

    def drawn(self, wanted_ohm: Floats) -> Floats:
        """Return conductances over those wanted: of the nearest values made, within tolerance."""
        decade = np.array(values(self.series, 1.0, 10.0))
        exponent = np.floor(np.log10(wanted_ohm))
        mantissa = wanted_ohm / 10**exponent
        made = decade[np.searchsorted(np.sqrt(decade[1:] * decade[:-1]), mantissa)]
        off = self.random.uniform(1 - self.tolerance, 1 + self.tolerance, wanted_ohm.shape)
        return np.asarray(mantissa / made / off)

    def feedback_ohm(self, shape: tuple[int, ...]) -> Floats:
        """Return a value of the series for each summer: the board's maker chooses which."""
        return self.random.choice(np.array(values(self.series, *_DECADE_OHM)), shape)


class Made(Protocol):
    """The gains of drawn boards."""

    @property
    def gains(self) -> Floats:
        """Shape (boards, summers, sources)."""
        ...

    def back(self, slope: Floats) -> Floats:
        """Return the slope against the gains wanted from that against the gains made.

        Args:
            slope: shape (boards, summers, sources).

        Returns:
            Shape (summers, sources), summed over the boards.
        """
        ...


class Law(Protocol):
    """How a technology makes gains from resistors."""

    def made(self, gains: Floats, resistors: Resistors, boards: int) -> Made:
        """Draw boards.

        Args:
            gains: wanted, shape (summers, sources).
            resistors: of the boards.
            boards: how many.
        """
        ...

    def noise_gain(self, gains: Floats) -> Floats:
        """Return by what a summer's own offset voltage comes to its output, shape (summers)."""
        ...


class InvertingLaw:
    """Each gain is ``R_f / R_i``; where signs demand it the source passes an inverter first.

    Which sources do is the technology's choice, made once all signs are known. Here every source
    that counts positively passes one, as if no polarity were chosen: never less than what is built.
    """

    def made(self, gains: Floats, resistors: Resistors, boards: int) -> Made:
        """See ``Law``."""
        summers, sources = gains.shape
        feedback_ohm = resistors.feedback_ohm((boards, summers, 1))
        ohm = feedback_ohm / np.maximum(np.abs(gains), _NONE)
        factors = resistors.drawn(ohm) / resistors.drawn(feedback_ohm)
        pair = np.ones((boards, 1, sources))
        inverter = resistors.drawn(2 * pair) / resistors.drawn(2 * pair)
        return _Scaled(gains, factors * np.where(gains > 0, inverter, 1.0))

    def noise_gain(self, gains: Floats) -> Floats:
        """See ``Law``."""
        return np.asarray(1.0 + np.abs(gains).sum(axis=-1))


@dataclass(frozen=True)
class _Scaled:
    """Gains that are each off by a factor of their own."""

    wanted: Floats
    factors: Floats

    @property
    def gains(self) -> Floats:
        return self.wanted * self.factors

    def back(self, slope: Floats) -> Floats:
        return np.asarray((slope * self.factors).sum(axis=0))


class BalancedLaw:
    """Positive gains share a divider, negative ones a feedback; see ``cells.BalancedNeuron``.

    With ``D`` the sum of the negative gains and ``U`` that of the positive ones, the noise gain is
    ``N = max(1 + D, U)``: what is missing on either side is a balance resistor.
    """

    def made(self, gains: Floats, resistors: Resistors, boards: int) -> Made:
        """See ``Law``."""
        return _Divided(gains, resistors, boards)

    def noise_gain(self, gains: Floats) -> Floats:
        """See ``Law``."""
        below = 1.0 + np.maximum(-gains, 0.0).sum(axis=-1)
        return np.asarray(np.maximum(below, np.maximum(gains, 0.0).sum(axis=-1)))


class _Divided:
    """Gains of drawn balanced summers.

    Conductances over their nominal values are ``f``. With shares ``s = U_i / N`` of the divider,
    ``T = sum(s f)`` its whole, ``M`` the noise gain made:
    positive gains are ``M s f / T``, negative ones ``D_j f / f_f``.
    """

    def __init__(self, gains: Floats, resistors: Resistors, boards: int) -> None:
        shape = (boards, *gains.shape)
        self._is_up = gains >= 0
        self._up, self._down = np.maximum(gains, 0.0), np.maximum(-gains, 0.0)
        self._sum_up, self._sum_down = self._up.sum(axis=1), self._down.sum(axis=1)
        self._has_surplus = self._sum_up > 1.0 + self._sum_down
        surplus = np.maximum(0.0, self._sum_up - 1.0 - self._sum_down)
        self._noise = 1.0 + self._sum_down + surplus
        self._shares = self._up / self._noise[:, None]
        rest = 1.0 - self._sum_up / self._noise
        whole_ohm = resistors.feedback_ohm((boards, len(gains), 1))
        feedback_ohm = resistors.feedback_ohm((boards, len(gains), 1))
        self._above = resistors.drawn(whole_ohm / np.maximum(self._shares, _NONE))
        self._above_rest = resistors.drawn(whole_ohm[..., 0] / np.maximum(rest, _NONE))
        feedback = resistors.drawn(feedback_ohm)
        self._below = (
            resistors.drawn(np.broadcast_to(feedback_ohm / np.maximum(self._down, _NONE), shape))
            / feedback
        )
        self._below_rest = (
            resistors.drawn(feedback_ohm[..., 0] / np.maximum(surplus, _NONE)) / feedback[..., 0]
        )
        below_sum = (self._down * self._below).sum(axis=2)
        self._noise_made = 1.0 + below_sum + surplus * self._below_rest
        taken = self._shares * self._above
        self._total = taken.sum(axis=2) + rest * self._above_rest
        self._taken = taken / self._total[..., None]

    @property
    def gains(self) -> Floats:
        """See ``Made``."""
        return np.asarray(self._noise_made[..., None] * self._taken - self._down * self._below)

    def back(self, slope: Floats) -> Floats:
        """See ``Made``."""
        # Gains that are positive now pass the slope through the divider, the others directly.
        through = np.where(self._is_up, slope, 0.0)
        noise_made = (through * self._taken).sum(axis=2)
        per_taken = through * self._noise_made[..., None]
        mean = (per_taken * self._taken).sum(axis=2)
        per_share = (per_taken - mean[..., None]) / self._total[..., None] * self._above
        per_rest = -mean / self._total * self._above_rest
        per_noise = (
            -(per_share * self._shares).sum(axis=2) + per_rest * self._sum_up / self._noise
        ) / self._noise
        up = (per_share - per_rest[..., None]) / self._noise[:, None]
        down = noise_made[..., None] * self._below - np.where(self._is_up, 0.0, slope) * self._below
        # The noise gain follows the positive gains where they outweigh, else the negative ones.
        to_surplus = noise_made * self._below_rest
        up += np.where(self._has_surplus, per_noise + to_surplus, 0.0)[..., None]
        down += np.where(self._has_surplus, -to_surplus, per_noise)[..., None]
        slopes = np.where(self._is_up, up, -down)
        return np.asarray(slopes.sum(axis=0))
