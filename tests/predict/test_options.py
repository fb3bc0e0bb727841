"""The options of ``realnet predict``: what they put into the record, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw import records
from realnet_hw.cli import main


def test_conditions_and_views_are_in_the_record_and_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hot.json"
    words = "predict xor_opamp --samples 50 --temperature-c 60 --supply +12V=11.5 --supply -12V=-11"
    assert main([*words.split(), "--with", "transient:X2", "--out", str(out)]) == 0
    record = records.read(out, records.Prediction)
    assert record.conditions.temperature_C == 60.0
    assert record.conditions.supplies_V == {"+12V": 11.5, "-12V": -11.0}
    assert [one.input for one in record.transients] == ["X2"]
    assert not [*record.curves, *record.surfaces]
    shown = " ".join(capfd.readouterr().out.split())
    assert "at 60 °C, +12V at 11.5 V, -12V at -11 V (no drift known of C1, " in shown
    assert "when X2 steps with X1 = 0 V." in shown


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--temperature-c 85", "85 C is beyond what U1 (TL074) is made for (allowed: 0 to 70 C)"),
        ("--temperature-c warm", "float"),
        ("--supply +9V=9", "no supply '+9V' (allowed: +12V, -12V)"),
        ("--with surface:X1:X3", "no input 'X3' (allowed: X1, X2)"),
    ],
)
def test_what_can_t_be_is_refused_in_one_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, options: str, reason: str
) -> None:
    out = tmp_path / "out.json"
    assert main(["predict", "xor_opamp", *options.split(), "--out", str(out)]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert reason in line
    assert not out.exists()
