"""The study of a network that trains itself: small runs of it, and what the page says of it."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.ngspice import NgspiceEngine

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/explanation/learning-array.md").read_text("utf-8")


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "sim/experiments/analog_training.py"))


@pytest.mark.parametrize(("task", "synapses"), [("xor", 32), ("sine", 72), ("wide", 224)])
def test_a_synapse_is_a_capacitor_and_two_transistors(
    study: dict[str, Any], task: str, synapses: int
) -> None:
    deck, _ = study["deck"](*study["TASKS"][task](), 0)
    assert sum(line.startswith("c_g") for line in deck.elements) == synapses
    assert sum(line.startswith("m_g") for line in deck.elements) == 2 * synapses


def test_it_learns_xor_within_a_transient(study: dict[str, Any]) -> None:
    task, circuit = study["xor"]()
    found = study["train"](replace(task, epochs=100), circuit, 1, NgspiceEngine())
    assert found.margin_V > 0.02
    assert found.losses[-1] < 0.4 * found.losses[:5].mean()


def test_without_a_nudge_it_learns_nothing(study: dict[str, Any]) -> None:
    """What moves the weights is the difference between the twins, which are then alike."""
    task, circuit = study["xor"]()
    idle = replace(circuit, nudge_S=0.0)
    found = study["train"](replace(task, epochs=5), idle, 1, NgspiceEngine())
    assert found.losses == pytest.approx(found.losses[0], rel=1e-3)


def test_both_simulators_train_alike(study: dict[str, Any]) -> None:
    task, circuit = study["xor"]()
    small = replace(circuit, hidden=2)
    answers = [
        study["train"](replace(task, epochs=3), small, 4, engine).answers_V
        for engine in (NgspiceEngine(), CompiledEngine())
    ]
    assert np.ptp(answers[0]) > 1e-3
    assert answers[0] == pytest.approx(answers[1], abs=2e-5)


def test_noise_is_drawn_again_alike(study: dict[str, Any]) -> None:
    task, circuit = study["xor"]()
    noisy = replace(circuit, hidden=2, parts=study["Parts"](white_V2=1e-2))
    short = replace(task, epochs=2)
    one, again, other = (
        study["train"](short, noisy, seed, NgspiceEngine()).answers_V for seed in (1, 1, 2)
    )
    assert one == pytest.approx(again, abs=1e-9)
    assert not np.allclose(one, other, atol=1e-6)
