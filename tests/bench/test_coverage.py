"""Stated uncertainties hold on fixtures that are not as the budgets assume: a small sample.

The large one, with its figures, is ``make bench BENCH=uncertainty``.
"""

from __future__ import annotations

import pytest

from realnet_hw.emulate.truths import FIXTURES
from realnet_hw.measure.calibration.procedure import Plan
from tests.bench import coverage
from tests.bench.coverage import INSIDE, WIDE, Cover, Found

QUICK = Plan(asked=21, rounds=2, average=4)


@pytest.fixture(scope="module")
def found() -> dict[str, list[Found]]:
    """Errors of every kind: fixtures of each truth but ``even``, which is what budgets assume."""
    every: dict[str, list[Found]] = {}
    for number, truth in enumerate(t for t in FIXTURES if t != "even"):
        first = 100 * number
        for seed in range(first, first + 16):
            for kind, errors in coverage.uncalibrated(seed, truth).items():
                every.setdefault(kind, []).extend(errors)
        for seed in range(first, first + 6):
            for kind, errors in coverage.calibrated(seed, truth, QUICK).items():
                every.setdefault(f"{kind}, calibrated", []).extend(errors)
    return every


@pytest.mark.parametrize(
    ("kind", "fixtures"),
    [("sense", 80), ("source", 80), ("sense, calibrated", 30), ("source, calibrated", 30)],
)
def test_uncertainties_hold_and_are_no_wider_than_need_be(
    found: dict[str, list[Found]], kind: str, fixtures: int
) -> None:
    cover = Cover.of(found[kind])
    assert cover.fixtures == fixtures
    assert cover.inside >= INSIDE
    assert cover.wide <= WIDE


def test_errors_of_one_fixture_count_as_fewer() -> None:
    """Of two fixtures one is wholly outside: that is two errors, not eight."""
    alike = [Found(2.0 * fixture, 1.0, fixture) for fixture in (0, 1) for _ in range(4)]
    assert Cover.of(alike).effective == pytest.approx(1.0)
    # In each half of the errors are outside, as it comes: nothing is alike.
    mixed = [Found(2.0 * (n % 2), 1.0, n) for n in range(8)]
    assert Cover.of(mixed).effective == pytest.approx(7.0)


def test_a_calibration_narrows_what_is_stated(found: dict[str, list[Found]]) -> None:
    before, after = Cover.of(found["sense"]), Cover.of(found["sense, calibrated"])
    assert after.U_V < before.U_V / 2
    assert Cover.of(found["source, calibrated"]).U_V < 0.8 * Cover.of(found["source"]).U_V
