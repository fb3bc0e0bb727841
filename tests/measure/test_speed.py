"""What a truth table takes is what is waited for on purpose, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.sweep import CONVERSIONS, LINE, REST, SETTLING, SPREAD, truth_table_s


def test_settling_takes_most_of_a_truth_table_at_the_slower_rate(firmware: Path) -> None:
    spent_s = truth_table_s(115_200, firmware)
    # Four cases, a station's usual 20 ms for each to settle, and 20 ms of mains for five readings.
    assert spent_s[SETTLING] == pytest.approx(4 * 0.020)
    assert spent_s[SPREAD] + spent_s[CONVERSIONS] == pytest.approx(4 * 0.020, rel=0.1)
    assert max(spent_s, key=spent_s.__getitem__) == SETTLING
    assert spent_s[LINE] + spent_s[REST] < spent_s[SETTLING]
