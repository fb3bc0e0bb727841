"""The closed forms of a synapse against its board in ngspice, and what the page says of it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realnet_hw.technology.array_2t1c import STORE_MAX_V, STORE_MIN_V
from realnet_hw.technology.array_laws import JUNCTION_ohm, SynapseLaw

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/learning-array.md"


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "sim/experiments/synapse_cell.py"))


@pytest.fixture(scope="module")
def cell(study: dict[str, Any]) -> Any:
    return study["Cell"]()


@pytest.fixture(scope="module")
def largest(study: dict[str, Any], cell: Any) -> Any:
    """The longest way that a write has to go."""
    return study["written"](cell, 1e-9, STORE_MIN_V, STORE_MAX_V)


def printed(first_cell: str) -> list[str]:
    """The other cells of the page's row that begins so."""
    for line in PAGE.read_text("utf-8").splitlines():
        cells = line.strip("| ").split(" | ")
        if cells[0] == first_cell:
            return cells[1:]
    raise AssertionError(f"no row {first_cell!r}")


@pytest.mark.parametrize("end_V", [-1.0, 0.0, 1.0])
def test_conductance_follows_the_gate(cell: Any, end_V: float) -> None:
    gates_V = np.array([2.0, 3.0, 4.0])
    found = cell.conductance_S(gates_V, end_V)
    assert found == pytest.approx(SynapseLaw().conductance_S(gates_V, end_V), rel=1e-2, abs=1e-9)
    shown = [int(each.split()[0]) for each in printed(f"{end_V:g} V")]
    assert found * 1e6 == pytest.approx(shown[1:4], abs=1)


def test_a_write_takes_as_long_as_the_law_says(study: dict[str, Any], largest: Any) -> None:
    law = SynapseLaw()
    for pulse_s, error_V in zip(study["PULSES_s"], largest.error_V, strict=True):
        # The first microsecond is that of the word line's own rise.
        if pulse_s > 1e-6 and error_V > 1e-3:
            expected_s = float(law.write_s(error_V, STORE_MAX_V, largest.start_V))
            assert 0.8 * expected_s < pulse_s <= expected_s
    assert largest.error_V[-2:] == pytest.approx(0, abs=1e-4)
    shown = printed(f"1 nF, {STORE_MIN_V:g} to {STORE_MAX_V:g} V")
    assert largest.error_V[:5] * 1e3 == pytest.approx(
        [float(each.split()[0]) for each in shown[:5]], rel=0.02
    )


def test_the_error_is_the_inverse_of_the_time() -> None:
    law = SynapseLaw(2.2e-9)
    pulse_s = np.array([1e-6, 1e-5, 4e-5])
    for data_V, start_V in [(STORE_MAX_V, STORE_MIN_V), (STORE_MIN_V, STORE_MAX_V)]:
        error_V = law.write_error_V(pulse_s, data_V, start_V)
        assert law.write_s(error_V, data_V, start_V) == pytest.approx(pulse_s, rel=1e-9)
    assert law.write_s(1e-3, STORE_MAX_V, STORE_MIN_V) > law.write_s(1e-3, 3.0, STORE_MIN_V)


def test_the_falling_word_line_injects_charge(largest: Any) -> None:
    least_V, greatest_V = SynapseLaw().injected_V(STORE_MAX_V)
    assert greatest_V < largest.injected_V < least_V < 0


def test_a_held_voltage_falls_and_follows_its_row(study: dict[str, Any], cell: Any) -> None:
    found = study["held"](cell, 1e-9, 4.0)
    assert found.droop_V == pytest.approx(found.law_V, rel=0.05)
    assert found.ripple_V == pytest.approx(found.droop_V, rel=0.05)
    assert found.followed_V == pytest.approx(found.coupled_V, rel=0.05)
    assert abs(found.disturbed_V) < 1e-5
    droop, _, ripple, offset, *_ = printed("1 nF, 4 V")
    assert found.droop_V * 1e3 == pytest.approx(float(re.split(" ", droop)[0]), abs=0.02)
    assert found.ripple_V * 1e3 == pytest.approx(float(ripple), abs=0.02)
    assert found.offset_V * 1e3 == pytest.approx(float(offset), abs=0.1)


def test_droop_is_the_leakage_of_a_junction() -> None:
    law = SynapseLaw()
    current_A = 6.5 / JUNCTION_ohm
    assert law.droop_V(4.0, 1e-2) == pytest.approx(current_A * 1e-2 / 1e-9, rel=1e-3)
    assert law.droop_V(4.0, 1e-2, 37.0) == pytest.approx(2 * law.droop_V(4.0, 1e-2), rel=1e-3)
    assert law.droop_V(4.0, 1e9) == pytest.approx(6.5)
