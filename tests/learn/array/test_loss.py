"""A loss and its derivative."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.learn.array.loss import Volts, errors_V, losses


def differences(outputs_V: Volts, targets_V: Volts, step_V: float = 1e-6) -> Volts:
    found = np.zeros_like(outputs_V)
    for column in range(outputs_V.shape[1]):
        moved = np.zeros_like(outputs_V)
        moved[:, column] = step_V
        sides = [losses(outputs_V + sign * moved, targets_V) for sign in (1, -1)]
        found[:, column] = (sides[0] - sides[1]) / (2 * step_V)
    return found


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_an_error_is_the_derivative_of_its_loss(outputs: int) -> None:
    random = np.random.default_rng(outputs)
    y = random.normal(0, 0.1, (6, outputs))
    targets = np.full((6, outputs), -0.1)
    targets[np.arange(6), random.integers(outputs, size=6)] = 0.1
    assert errors_V(y, targets) == pytest.approx(differences(y, targets), rel=1e-5, abs=1e-9)


def test_one_output_is_pulled_to_its_target_from_either_side() -> None:
    assert errors_V(np.array([[0.15], [0.05]]), np.full((2, 1), 0.1)) == pytest.approx(
        np.array([[0.05], [-0.05]])
    )
    assert losses(np.array([[0.3]]), np.array([[0.1]])) == pytest.approx([0.02])


def test_of_several_outputs_what_leads_by_far_is_left_alone() -> None:
    targets = np.array([[0.1, -0.1, -0.1]])
    assert np.abs(errors_V(np.array([[1.0, 0.0, -0.5]]), targets)).max() < 1e-9
    level = errors_V(np.zeros((1, 3)), targets)
    assert level == pytest.approx(0.1 * np.array([[-2 / 3, 1 / 3, 1 / 3]]))
