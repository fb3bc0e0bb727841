"""The power promised before measuring, against boards that have the fault."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest
from scipy import stats

from realnet_hw.compare import compare, fault_power, unseen_faults
from realnet_hw.errors import InputError
from realnet_hw.records import FaultSignature, Prediction
from tests.compare.worlds import CALIBRATED, CASES, WIRING, World, uniform, usual

WORLD = usual()
PREDICTION = WORLD.prediction()


def with_fault(ratios: np.ndarray) -> Prediction:
    values_V = WORLD.at(CASES, ratios).ravel().tolist()
    return msgspec.structs.replace(
        PREDICTION, faults=[FaultSignature(fault="this one", values_V=values_V)]
    )


def test_power_grows_with_the_size_of_the_fault() -> None:
    by_part: dict[str, list[float]] = {}
    for detected in fault_power(PREDICTION, WORLD.channels, WIRING):
        part = re.match(r"A\d+", detected.fault)
        assert part is not None
        by_part.setdefault(part[0], []).append(detected.power)
    assert len(by_part) == 13
    for powers in by_part.values():  # from 20 % down to 0.1 %
        assert powers == sorted(powers, reverse=True)
        assert powers[0] > 0.99
        assert powers[-1] < 0.01


@pytest.mark.parametrize(("part", "error"), [(7, 0.05), (2, 0.08), (6, 0.06)])
def test_boards_with_a_fault_are_found_as_often_as_promised(part: int, error: float) -> None:
    """The promise may be too low by a little, and not too high."""
    ratios = np.ones(13)
    ratios[part] += error
    prediction = with_fault(ratios)
    boards = 60
    found = sum(
        not compare(prediction, WORLD.measurement(seed, ratios)).verdict.startswith("PASS")
        for seed in range(boards)
    )
    (promised,) = fault_power(prediction, WORLD.channels, WIRING)
    interval = stats.binomtest(found, boards).proportion_ci(0.999, method="exact")
    assert promised.power <= interval.high
    assert promised.power >= interval.low - 0.15


def test_a_fault_that_spoils_a_level_is_found_without_the_statistic() -> None:
    """One value can't disagree by much when its spread is wide; the guard band still sees it."""
    wide = World(uniform(0.2, 3e-3), WORLD.budget, wiring={"Y": "adc2", "X1": "dac0", "X2": "dac1"})
    prediction = wide.prediction()
    low_V = np.where(np.arange(12) % 3 == 0, 2.0, np.array(WORLD.at(CASES)).ravel()).tolist()
    stuck = msgspec.structs.replace(
        prediction, faults=[FaultSignature(fault="Y at 2 V", values_V=low_V)]
    )
    (detected,) = fault_power(stuck, wide.channels, wide.wiring)
    assert detected.power > 0.99


def test_faults_unseen_are_known_before_and_said_after() -> None:
    before = unseen_faults(PREDICTION, WORLD.channels, WIRING)
    assert before == compare(PREDICTION, WORLD.measurement(5)).unseen_faults
    assert "A7 +20 %" not in before
    assert "A7 +0.1 %" in before


def test_more_wires_and_better_channels_see_more() -> None:
    outputs_only = {t: c for t, c in WIRING.items() if not t.startswith("H")}
    few = set(unseen_faults(PREDICTION, WORLD.channels, outputs_only))
    all_wired = set(unseen_faults(PREDICTION, WORLD.channels, WIRING))
    better = World(WORLD.parts, CALIBRATED, source_V=1e-3)
    calibrated = set(unseen_faults(PREDICTION, better.channels, WIRING))
    assert calibrated <= all_wired < few


def test_nothing_wired_sees_nothing() -> None:
    powers = fault_power(PREDICTION, WORLD.channels, {"X1": "dac0", "X2": "dac1"})
    assert {d.power for d in powers} == {0.0}
    assert unseen_faults(PREDICTION, WORLD.channels, {}) == [f.fault for f in PREDICTION.faults]


def test_a_wired_channel_without_budget_is_refused() -> None:
    with pytest.raises(InputError, match=r"adc9.*no uncertainty budget"):
        unseen_faults(PREDICTION, WORLD.channels, WIRING | {"Y": "adc9"})


@pytest.mark.parametrize("hidden", [0, 1, 5, 10])
def test_a_fault_that_some_boards_hide_is_not_promised_by_the_nominal_one(hidden: int) -> None:
    """The nominal board shows it plainly; of ten drawn boards so many show nothing of it."""
    ratios = np.ones(13)
    ratios[7] = 1.2
    (plain,) = with_fault(ratios).faults
    sound_V = np.array(PREDICTION.statistics.boards_V[:10])
    shift_V = np.array(plain.values_V) - WORLD.at(CASES).ravel()
    boards_V = sound_V + shift_V * (np.arange(10) >= hidden)[:, None]
    fault = msgspec.structs.replace(plain, boards_V=boards_V.tolist())
    (detected,) = fault_power(
        msgspec.structs.replace(PREDICTION, faults=[fault]), WORLD.channels, WIRING
    )
    assert detected.power == pytest.approx(1 - hidden / 10, abs=0.02)


def test_a_board_with_too_few_values_is_refused() -> None:
    fault = msgspec.structs.replace(PREDICTION.faults[0], boards_V=[[0.0] * 12, [0.0] * 11])
    with pytest.raises(InputError, match=r"fault 'A0 \+20 %', board 1 has 11 values .*12"):
        fault_power(msgspec.structs.replace(PREDICTION, faults=[fault]), WORLD.channels, WIRING)
