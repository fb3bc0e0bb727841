"""A calibration as one makes it: the virtual bench in its own process, and a person who types."""

import io
import os
import re
import threading
from pathlib import Path

import pytest

from realnet_hw import records
from realnet_hw.cli.calibrate import table_of, words_of
from realnet_hw.cli.output import console
from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure.calibration import meters, stored
from realnet_hw.measure.calibration.in_use import in_use
from realnet_hw.measure.calibration.procedure import Plan
from realnet_hw.measure.calibration.run import Someone, calibrate
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.fixture_specification import DAC_CHANNELS, SENSE_CHANNELS
from realnet_hw.measure.virtual import serve_meter
from realnet_hw.records import FixtureCalibration

TYPED = """
name = "virtual"
[virtual]
seed = 21
eeprom = "FILE"
[dmm]
driver = "typed"
model = "handheld"
percent_of_reading = 0.03
percent_of_range = 0.004
range_V = 50
"""
QUICK = Plan(typed=5, unasked=6, typed_checks=1, rounds=2, average=4, singles=8, settle_s=2e-3)


class Reader:
    """Reads what is said and types what the virtual meter shows, until something is asked."""

    def __init__(self, until: str = "nothing") -> None:
        self._until = until
        heard, said = os.pipe()
        self.typed, self._keys = os.pipe()
        self.say = os.fdopen(said, "w")
        self._hear = os.fdopen(heard)
        self.text = ""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while letter := self._hear.read(1):
            self.text += letter
            shown = re.search(r"\[virtual meter: (\S+) V\] > $", self.text)
            if shown:
                is_enough = self._until in self.text
                os.write(self._keys, b"q\n" if is_enough else f"{shown[1]}\n".encode())


def test_somebody_types_what_a_meter_shows(
    firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meters, "_SETTLE_S", 0.0)
    station = tmp_path / "typed.toml"
    station.write_text(TYPED.replace("FILE", str(tmp_path / "fixture.eeprom")))
    reader, later = Reader(until="check 1 of 1"), Reader()
    folder = tmp_path / "out"
    with pytest.raises(BenchError, match="--resume goes on"):
        calibrate(station, folder, Someone(reader.say, reader.typed), plan=QUICK)
    assert reader.text.count("the meter shows [virtual") == QUICK.typed + 1

    # The fixture holds its corrections already; all that is missing is the check.
    record, kept = calibrate(
        station, folder, Someone(later.say, later.typed), plan=QUICK, resume=True, valid_days=100
    )
    assert later.text.count("the meter shows [virtual") == QUICK.typed_checks
    assert {each.found_ppm for each in record.channels.values()} == {0.0}
    assert records.read(kept, FixtureCalibration) == record
    assert set(record.channels) == {*DAC_CHANNELS, *SENSE_CHANNELS}
    assert not record.standard.traceable
    assert len(record.readings) == 1 + QUICK.typed + 6 * QUICK.unasked + QUICK.typed_checks
    assert all(abs(each.value_V - each.level_V) <= each.U_V for each in record.checks)
    assert kept.with_suffix(".jsonl").name == record.made_from["journal"]

    said = io.StringIO()
    console(said).print(table_of(record))
    for name in record.channels:
        assert re.search(
            rf"│ {name} +│ +[+-]\d+ ppm │ +\d+ ppm │ +[+-]\d+\.\d\d mV", said.getvalue()
        )
    words = " ".join(words_of(record, kept))
    assert "not traceable: no certificate" in words
    assert "0 further off than stated" in words
    assert f'calibration = "{kept.resolve()}"' in words, "it is not where records are looked for"

    # Another run, another process, the same EEPROM.
    with serve_meter(station) as ready, Fixture(ready.fixture) as fixture:
        assert stored.date_in(fixture) == record.date
        assert in_use(fixture, folder=kept.parent).record == record


def test_without_a_meter_one_has_to_say_so(tmp_path: Path) -> None:
    station = tmp_path / "none.toml"
    station.write_text('name = "virtual"\n[virtual]\n')
    with pytest.raises(InputError, match="--against reference, which is not traceable"):
        calibrate(station, tmp_path, Someone(Reader().say, 0))
