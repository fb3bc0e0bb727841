"""What a calibration refuses to drive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.procedure import Plan
from tests.measure.calibration.emulated import OnBench, on_bench

QUICK = Plan(asked=5, rounds=2, average=4, singles=8, settle_s=2e-3)


@pytest.fixture
def on(firmware: Path, tmp_path: Path) -> Iterator[OnBench]:
    with on_bench(firmware, tmp_path, seed=5, truth="even", plan=QUICK) as made:
        yield made


class _Elsewhere:
    """Whoever leaves the lead where something drives it, as a board left in place does."""

    def __init__(self, on: OnBench) -> None:
        self._on = on

    def lead(self, to: str) -> None:
        """Leave it."""
        self._on.bench.meter.execute(b"BENC:LEAD REF")


def test_senses_that_something_drives_already(on: OnBench) -> None:
    """Outputs are not even switched on."""
    on.calibrating.hands = _Elsewhere(on)
    with pytest.raises(BenchError, match=r"adc0: 4\.\d\d V is there while outputs are off.* board"):
        on.calibrating.take()
    assert not on.virtual.connected


def test_a_source_that_does_not_arrive(on: OnBench) -> None:
    """Shorted, or its relay let go: no line is drawn through that."""
    on.virtual.load(0, 4.0)
    with pytest.raises(BenchError, match=r"dac0 at dac0: .* V is set and -?\d\.\d\d V arrives"):
        on.calibrating.take()
