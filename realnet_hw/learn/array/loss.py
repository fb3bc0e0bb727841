"""How wrong outputs are, and how each should move: the derivative is what they are nudged by.

One output has a voltage to come to, ``t`` above or below 0 V, and ``L = (y - t)^2 / 2``. Of several
the largest counts, wherever it is: their loss is the cross-entropy of a softmax,
``L = -t T log p``, ``p = exp(y / T) / sum(exp(y / T))`` of the right one, in V^2 as well. It leaves
alone what leads by far, where a squared error would pull it back.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Volts = npt.NDArray[np.float64]

_TEMPERATURE = 0.4
"""``T`` as a share of ``t``."""


def losses(outputs_V: Volts, targets_V: Volts) -> Volts:
    """Return the loss of each pattern, V^2, shape (patterns).

    Args:
        outputs_V: shape (patterns, outputs).
        targets_V: ``+t`` where an output is to be high, ``-t`` elsewhere, of the same shape.
    """
    if outputs_V.shape[1] == 1:
        squared: Volts = (outputs_V - targets_V)[:, 0] ** 2 / 2
        return squared
    t_V = np.abs(targets_V).max(axis=1)
    shares = _softmax(outputs_V, targets_V)
    right = np.where(targets_V > 0, shares, 0.0).sum(axis=1)
    return np.asarray(-t_V * _TEMPERATURE * t_V * np.log(right))


def errors_V(outputs_V: Volts, targets_V: Volts) -> Volts:
    """Return the derivative of each loss by its outputs, volts, shape (patterns, outputs)."""
    if outputs_V.shape[1] == 1:
        return outputs_V - targets_V
    t_V = np.abs(targets_V).max(axis=1, keepdims=True)
    return np.asarray(t_V * (_softmax(outputs_V, targets_V) - (targets_V > 0)))


def _softmax(outputs_V: Volts, targets_V: Volts) -> Volts:
    temperature_V = _TEMPERATURE * np.abs(targets_V).max(axis=1, keepdims=True)
    powers = np.exp((outputs_V - outputs_V.max(axis=1, keepdims=True)) / temperature_V)
    shares: Volts = powers / powers.sum(axis=1, keepdims=True)
    return shares
