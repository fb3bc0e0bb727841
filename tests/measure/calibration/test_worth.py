"""Whether a calibration with this meter is worth its time, said before it is begun."""

import os
import sys
from pathlib import Path

import pytest

from realnet_hw.errors import InputError
from realnet_hw.measure.calibration.run import Someone, calibrate
from realnet_hw.measure.calibration.standards import OWN_REFERENCE, DmmTable, standard_of
from realnet_hw.measure.calibration.worth import gain_of, judge, needed_percent
from realnet_hw.records import Standard

POOR = """
name = "virtual"
[virtual]
[dmm]
driver = "typed"
model = "handheld"
percent_of_reading = 0.5
percent_of_range = 0.01
range_V = 20
"""


def _meter(percent_of_reading: float, percent_of_range: float = 0.0) -> Standard:
    table = DmmTable(
        driver="typed",
        percent_of_reading=percent_of_reading,
        percent_of_range=percent_of_range,
        range_V=20.0,
    )
    return standard_of(table, "handheld", "handheld", where="test")


def test_a_poor_meter_is_refused_before_anything_is_asked_or_kept(tmp_path: Path) -> None:
    station = tmp_path / "poor.toml"
    station.write_text(POOR)
    nobody = os.open(os.devnull, os.O_RDONLY)
    with pytest.raises(InputError, match=r"gains nothing: .* mV at 5 V at best") as refused:
        calibrate(station, tmp_path / "out", Someone(sys.stderr, nobody))
    os.close(nobody)
    assert "--against reference" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_what_a_meter_leaves_is_at_least_its_own_error() -> None:
    for percent in (0.5, 0.1, 0.03):
        stated = gain_of(_meter(percent)).after_V
        for volts in (5.0, 10.0):
            # Expanded, of a bound: JCGM 100 4.3.7.
            assert stated[volts] > 2 * percent / 100 * volts / 3**0.5
    assert gain_of(_meter(0.5)).before_V == gain_of(OWN_REFERENCE).before_V


def test_a_meter_is_warned_of_between_a_gain_of_nothing_and_of_a_third() -> None:
    assert judge(_meter(0.03, 0.01), 365, None, where="mine.toml") == ""
    warning = judge(_meter(0.4), 365, None, where="mine.toml")
    assert "gains little" in warning
    assert "--against reference" in warning
    with pytest.raises(InputError, match="gains nothing"):
        judge(_meter(0.4, 0.1), 365, None, where="mine.toml")


def test_the_mend_is_one() -> None:
    for room_C in (None, 10.0, 25.0):
        enough = needed_percent(365, room_C)
        assert judge(_meter(enough), 365, room_C, where="mine.toml") == ""
        assert gain_of(OWN_REFERENCE, 365, room_C).share > 1 / 3
