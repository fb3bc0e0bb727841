"""The optimiser: a step a weight whose size does not depend on the gradient's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from realnet_hw.learn.array.device import Weights


@dataclass(frozen=True)
class Adam:
    """Adam with bounds on what it moves.

    Args:
        rate_V: the step where gradients agree, volts.
        low_V, high_V: bounds of every weight.
        mean, square: running means of the gradient and of its square; empty at the start.
        steps: done so far.

    Ref: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", arXiv 1412.6980 (2014).
    """

    rate_V: float
    low_V: float
    high_V: float
    mean: Weights = ()
    square: Weights = ()
    steps: int = 0
    keep_mean: float = 0.9
    keep_square: float = 0.99

    def step(self, stored_V: Weights, gradient: Weights) -> tuple[Weights, Adam]:
        """Return the weights one step down the gradient, and the optimiser after it."""
        zeros = tuple(np.zeros_like(each) for each in gradient)
        count = self.steps + 1
        mean = tuple(
            self.keep_mean * old + (1 - self.keep_mean) * new
            for old, new in zip(self.mean or zeros, gradient, strict=True)
        )
        square = tuple(
            self.keep_square * old + (1 - self.keep_square) * new**2
            for old, new in zip(self.square or zeros, gradient, strict=True)
        )
        moved = []
        for volts, m, q in zip(stored_V, mean, square, strict=True):
            unbiased = m / (1 - self.keep_mean**count)
            size = np.sqrt(q / (1 - self.keep_square**count)) + 1e-15
            moved.append(np.clip(volts - self.rate_V * unbiased / size, self.low_V, self.high_V))
        return tuple(moved), replace(self, mean=mean, square=square, steps=count)
