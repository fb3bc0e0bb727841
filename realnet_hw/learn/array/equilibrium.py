"""Equilibrium propagation: a gradient from how a circuit at rest yields to a nudge.

A network of synapses settles where its co-content ``P`` is stationary. Each output column ``o`` is
tied by a conductance ``g`` to a voltage that is 0 V in the free phase, ``-s e`` towards the target
and ``+s e`` away from it, ``e = dL/dy`` the error of the output. Then, to first order in ``s``::

    d(g L)/dw = (dP/dw towards - dP/dw away) / (2 s)

and ``dP/dw`` of a synapse is local. A transistor between ``a`` and ``b`` with its gate at ``w`` has
``I = beta ((w - V_T)(a - b) - (a^2 - b^2) / 2)``, hence ``dP/dw = beta (a - b)^2 / 2``: what it
needs are the voltages at the synapse's two ends.

Ref: B. Scellier, Y. Bengio, Front. Comput. Neurosci. 11:24 (2017); J. Kendall et al., arXiv
2006.01981 (2020); A. Laborieux et al., Front. Neurosci. 15:633674 (2021), for nudging both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

from realnet_hw.learn.array.device import Array, Nudge, Volts, Weights, outputs_V, rows_V
from realnet_hw.learn.array.loss import errors_V, losses
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology.array_2t1c import NUDGE_ohm


@dataclass(frozen=True)
class Estimate:
    """What one round of the three phases tells.

    Args:
        outputs_V: in the free phase, shape (patterns, outputs).
        loss: mean over the patterns, V^2.
        gradient: of the loss by every gate voltage, V.
    """

    outputs_V: Volts
    loss: float
    gradient: Weights


def estimate(array: Array, inputs_V: Volts, targets_V: Volts, nudge: Nudge) -> Estimate:
    """Return loss and gradient of an array as it is stored now.

    Args:
        array: what is trained.
        inputs_V: shape (patterns, inputs).
        targets_V: of the outputs, shape (patterns, outputs).
        nudge: how hard.
    """
    found = array.phases(inputs_V, targets_V, nudge)
    outputs = outputs_V(array.shape, found.free_V)
    error = errors_V(outputs, targets_V)
    towards = _local(array, inputs_V, found.towards_V)
    away = _local(array, inputs_V, found.away_V)
    scale = (2 * nudge.strengths(error) / NUDGE_ohm)[:, :, None]
    return Estimate(
        outputs,
        float(losses(outputs, targets_V).mean()),
        tuple(
            ((plus - minus) / scale).mean(axis=0) for plus, minus in zip(towards, away, strict=True)
        ),
    )


def _local(array: Array, inputs_V: Volts, nodes_V: Volts) -> Weights:
    """Return each synapse's ``dP/dw`` a pattern, shapes (patterns, rows, columns)."""
    shape = array.shape
    beta = part_type("ald1106").limits["beta_A_per_V2"]
    rows = rows_V(shape, inputs_V)
    hidden, columns = nodes_V[:, : shape.hidden], nodes_V[:, shape.hidden :]
    ends = ((rows, hidden), (hidden, columns)) if shape.hidden else ((rows, columns),)
    return tuple(beta / 2 * (a[:, :, None] - b[:, None, :]) ** 2 for a, b in ends)
