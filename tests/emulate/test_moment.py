"""What a fixture becomes in another room, and with the years."""

from __future__ import annotations

import pytest

from realnet_hw.emulate import shield
from realnet_hw.emulate.moment import NEW, Moment
from realnet_hw.emulate.truths import draw_circuit, draw_errors
from realnet_hw.technology.fixture_copper import SHARES

SEEDS = range(6)


def reference_V(seed: int, at: Moment = NEW, truth: str = "even") -> float:
    return draw_circuit(seed, truth=truth, at=at).reference_V


@pytest.mark.parametrize("truth", ["even", "at_bounds"])
def test_a_reference_drifts_by_no_more_than_its_data_sheet_allows(truth: str) -> None:
    """100 ppm/K, each its own way, in proportion."""
    new = [reference_V(seed, truth=truth) for seed in SEEDS]
    moved = [
        [reference_V(s, Moment(kelvin), truth) / v - 1 for s, v in zip(SEEDS, new, strict=True)]
        for kelvin in (2.0, -4.0)
    ]
    for warm, cold in zip(*moved, strict=True):
        assert cold == pytest.approx(-2 * warm, rel=0.01)
        assert abs(warm) <= 2 * 100.2e-6
        assert abs(warm) > 2 * 85e-6 or truth == "even"
    assert min(moved[0]) < 0 < max(moved[0])


def test_it_ages_with_the_root_of_time() -> None:
    for seed in SEEDS:
        new = reference_V(seed)
        year, quarter = (reference_V(seed, Moment(0.0, days)) / new - 1 for days in (365, 365 / 4))
        assert 0 < abs(year) < 4e-4
        assert year == pytest.approx(2 * quarter, rel=0.01)


def test_a_channel_drifts_by_its_own_resistors() -> None:
    """Three of 25 ppm/K: 1.6 of these at most; what a reference does is alike on all channels."""
    apart_V = []
    for seed in SEEDS:
        new, warm = draw_circuit(seed), draw_circuit(seed, at=Moment(5.0))
        moved_V = [b(10.0) - a(10.0) for a, b in zip(new.senses, warm.senses, strict=True)]
        apart_V.append(max(moved_V) - min(moved_V))
    # At 10 V the divider sees 7.44 V, a fifth of it in its middle.
    most_V = 2 * 1.6 * 25e-6 * 5.0 * 7.44 / 5
    assert 0.1 * most_V < max(apart_V) < 1.2 * most_V


def test_one_converter_drifts_alike_on_all_senses() -> None:
    new, old = draw_errors(3), draw_errors(3, at=Moment(5.0, 365.0))
    assert len(set(old.inputs)) == 1
    assert new.inputs[0].inl(0.3) == old.inputs[0].inl(0.3)
    # Less than half a step of 5 mV.
    assert 0 < abs(old.inputs[0].offset_V - new.inputs[0].offset_V) < 2.5e-3


def test_copper_is_as_thick_as_it_came_and_warmer_than_at_20_degrees() -> None:
    for seed in SEEDS:
        new, warm = (draw_circuit(seed, at=at).copper for at in (NEW, Moment(10.0)))
        assert 0.85 < new[0][0] / SHARES[0][0] < 1.25
        assert warm[3][6] / new[3][6] == pytest.approx(1 + 0.0039 * 10, abs=2e-3)
    assert shield.shield_on("compiled").draw(1).copper == ()
