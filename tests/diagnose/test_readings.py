"""What people and programs hand in as readings, and what an ohmmeter reads."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.diagnose import possible, reading_file, readings, words
from realnet_hw.diagnose.ohms import resistances
from realnet_hw.diagnose.readings import Probe
from realnet_hw.diagnose.twins import Twin
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, Spread
from realnet_hw.uncertainty import covariance
from tests.bench import runs


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1.23", "volt", 1.23),
        ("-0.5 V", "volt", -0.5),
        ("\N{MINUS SIGN}12 mV", "volt", -0.012),
        ("3,3", "volt", 3.3),
        ("4k7", "ohm", 4700.0),
        ("2.61 k", "ohm", 2610.0),
        ("0", "ohm", 0.0),
        ("OL", "ohm", readings.OPEN_ohm),
        ("7.2 mA", "ampere", 0.0072),
    ],
)
def test_what_a_meter_shows_is_read_as_typed(
    text: str, kind: readings.Quantity, value: float
) -> None:
    assert readings.value_typed(text, kind) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("", "volt"), ("yes", "volt"), ("1.2.3", "volt"), ("k", "ohm"), ("1 V", "ohm")],
)
def test_anything_else_is_refused(text: str, kind: readings.Quantity) -> None:
    with pytest.raises(InputError):
        readings.value_typed(text, kind)


def given(tmp_path: Path, *entries: dict[str, object]) -> Path:
    path = tmp_path / "readings.json"
    path.write_text(json.dumps({"readings": list(entries)}), "utf-8")
    return path


def read(path: Path) -> readings.Readings:
    board, found, deck = runs.described("xor_opamp")
    return reading_file.read(
        path, path.read_bytes(), board, found.sha256(), list(deck.nodes), new=path
    )[0]


def test_a_file_of_readings(tmp_path: Path) -> None:
    path = given(
        tmp_path,
        {"inputs": {"X1": 0, "X2": 5}, "node": "y", "value": 18, "unit": "mV", "u": 2},
        {"kind": "ohm", "a": "H1", "b": "GND", "value": 1e4},
    )
    found = read(path)
    volt, ohm = found.values
    assert volt.probe == Probe("volt", (("X1", 0.0), ("X2", 5.0)), "Y")
    assert volt.value == pytest.approx(0.018)
    assert readings.expanded(volt, found.budgets) == pytest.approx(0.004)
    assert ohm.probe == Probe("ohm", (), "H1", "GND")
    assert {one.name for one in found.delivered} == {"X1", "X2"}


MEASURED = (
    b'{"values": [{"probe": {"kind": "volt", "inputs": [], "net": "Q"}, "value": 1, '
    b'"channel": "adc0"}]}'
)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty, or its end is missing; give"),
        (b"\xff\xfe", "JSON is malformed"),
        (b'{"readings": [' + b"[" * 100_000, "recursion"),
        (b"[]", "{...} is expected, [...] is there"),
        (b'{"readings": {}}', "readings: [...] is expected"),
        (b'{"readings": [3]}', "reading 1: {...} is expected, a number is there"),
        (b'{"readings": [{"value": NaN}]}', "JSON is malformed"),
        (b'{"readings": [{"value": 1e999}]}', "reading 1: value: Number out of range"),
        (b'{"readings": [{"value": "5"}]}', "reading 1: value: a number is expected, text"),
        (b'{"readings": [{"node": "Y"}]}', "reading 1: there is no `value` (allowed: the keys"),
        (b'{"readings": [{"value": 1, "unit": "W"}]}', "'W' is none that is known (allowed: V, mV"),
        (b'{"readings": [' + b'{"value":1},' * 500 + b'{"value":1}]}', "501 readings"),
        (b'{"board": "nand_555", "readings": []}', "readings of nand_555, not of xor_opamp"),
        (b'{"readings": [], "measured": [%s]}' % MEASURED, "none of this board's readings"),
    ],
)
def test_a_file_that_holds_something_else_is_one_line(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "readings.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read(path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "entry",
    [
        {"node": "Y", "value": 1},
        {"inputs": {"X1": 0, "X2": 0}, "value": 1},
        {"inputs": {"X1": 0, "X2": 0}, "node": "nowhere", "value": 1},
        {"inputs": {"X1": 0, "X2": 0}, "node": "Y", "value": 1, "unit": "mA", "kind": "volt"},
        {"kind": "ohm", "a": "H1", "value": 1},
        {"kind": "ohm", "a": "H1", "b": "GND", "value": -1},
        {"kind": "ohm", "a": "H1", "b": "h1", "value": 5},
        {"inputs": {"X1": 0, "X2": 0}, "node": "Y", "volts": 1},
    ],
)
def test_a_file_that_says_too_little_is_refused(tmp_path: Path, entry: dict[str, object]) -> None:
    with pytest.raises(InputError):
        read(given(tmp_path, entry))


def sitting(name: str, x1: float, u_V: float, range_V: float) -> readings.Readings:
    """Read Y at adc0: 1 V with X1 as given, its error and that of the reference as large."""
    board, _, _ = runs.described("xor_opamp")
    kinds: tuple[Literal["channel", "fixture"], ...] = ("channel", "fixture")
    budget = [
        records.Component(name=f"of the {kind}", kind="B", u_V=u_V, shared=kind, source="the test")
        for kind in kinds
    ]
    inputs = {
        port: records.MeasuredInput(set_V=at, value_V=at, U_V=2 * u_V, channel="adc0")
        for port, at in (("X1", x1), ("X2", 0.0))
    }
    case = records.MeasuredCase(
        inputs=inputs,
        outputs={"Y": records.MeasuredValue(value_V=1.0, U_V=2 * u_V, channel="adc0")},
        nodes={},
        time_utc="",
    )
    channels = {"adc0": budget}
    return readings.from_cases([case], board, channels, {}, range_V, sitting=name)


def test_what_was_read_in_another_sitting_keeps_its_uncertainty(tmp_path: Path) -> None:
    """Before a calibration and after it, on the same channel, kept in one file."""
    board, found, _ = runs.described("xor_opamp")
    before, after = sitting("a", 0.0, 13e-3, 10.24), sitting("b", 5.0, 1e-3, 5.0)
    path = tmp_path / "kept.json"
    kept = reading_file.Kept(path, board.name, found.sha256(), measured=[before])
    kept.measure(after)
    more = sitting("b", 2.0, 1e-3, 5.0)
    for joined in (before.joined(after), read(path)):
        both = joined.joined(more)
        one, *others = both.values
        assert readings.expanded(one, both.budgets) == pytest.approx(2 * math.sqrt(2) * 13e-3)
        assert both.range_V[one.channel] == 10.24
        for other in others:
            assert readings.expanded(other, both.budgets) == pytest.approx(2 * math.sqrt(2) * 1e-3)
            assert both.range_V[other.channel] == 5.0
        # One error for all of a sitting, none in common with another.
        errors = covariance([(each.channel, each.value) for each in both.values], both.budgets)
        assert errors[1, 2] == pytest.approx(errors[1, 1])
        assert errors[0] == pytest.approx([2 * 13e-3**2, 0.0, 0.0])


def test_what_is_stated_with_a_value_is_not_another_ones() -> None:
    """The same volts in one record, once with 2 mV and once with 40 mV, and no channel."""
    board, _, _ = runs.described("xor_opamp")
    stated = [
        records.MeasuredCase(
            # What arrived at X2 is not known: as set, and as well as sources are.
            inputs={
                "X1": records.MeasuredInput(set_V=0.0, value_V=0.0, U_V=U_V, channel=None),
                "X2": records.MeasuredInput(set_V=at, value_V=None, U_V=None, channel=None),
            },
            outputs={"Y": records.MeasuredValue(value_V=1.0, U_V=U_V, channel=None)},
            nodes={},
            time_utc="",
        )
        for at, U_V in ((0.0, 2e-3), (5.0, 40e-3))
    ]
    found = readings.from_cases(stated, board, {}, {}, None, sitting="by a person")
    expanded_V = [readings.expanded(each, found.budgets) for each in found.values]
    assert expanded_V == pytest.approx([2e-3, 40e-3])


def volts(x1: float, x2: float, node: str, value: float) -> dict[str, object]:
    return {"inputs": {"X1": x1, "X2": x2}, "node": node, "value": value}


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([volts(0, 0, "Y", 500)], "reading 1: 500 V at Y is beyond the supplies"),
        ([volts(0, 0, "Y", 0), volts(0, 99, "Y", 0)], "reading 2: X2 at 99 V (allowed: 0 to 5 V)"),
        ([volts(0, 0, "Y", 5), volts(0, 0, "y", 0)], "readings 1 and 2 contradict each other"),
    ],
)
def test_readings_that_no_board_gives_are_refused(
    tmp_path: Path, entries: list[dict[str, object]], says: str
) -> None:
    board, _, _ = runs.described("xor_opamp")
    found = read(given(tmp_path, *entries))
    with pytest.raises(InputError) as refused:
        possible.refuse_impossible(found, board, file="r.json")
    assert says in str(refused.value)
    assert "r.json" in str(refused.value)


def test_a_rail_at_its_end_an_input_a_little_off_and_a_repetition_are_possible(
    tmp_path: Path,
) -> None:
    board, _, _ = runs.described("xor_opamp")
    path = given(
        tmp_path, volts(0, 5.02, "+12V", 12.6), volts(0, 0, "Y", 4.9), volts(0, 0, "Y", 5.0)
    )
    found = read(path)
    possible.refuse_impossible(found, board)


def test_errors_of_a_file_say_where_and_name_a_few_nets(tmp_path: Path) -> None:
    path = given(tmp_path, {"kind": "ohm", "a": "H1", "b": "GND", "value": -5})
    with pytest.raises(InputError, match=r"readings\.json, reading 1: a reading of -5 ohm"):
        read(path)
    path = given(tmp_path, volts(0, 0, "H77", 1))
    with pytest.raises(InputError, match=r"no net 'H77' .* and \d+ more"):
        read(path)


def test_resistances_and_what_tolerances_make_of_them() -> None:
    """10k beside 20k + 30k in a row: 10k || 50k, between nets that nothing else joins."""
    lines = ("r1 a b 10000", "r2 a c 20000", "r3 c b 30000")
    spreads = tuple(
        Spread(name, name.upper(), ohm, "uniform", 0.99 * ohm, 1.01 * ohm)
        for name, ohm in (("r1", 1e4), ("r2", 2e4), ("r3", 3e4))
    )
    deck = Deck("* triangle", lines, spreads=spreads)
    names = ["r1", "r2", "r3"]
    found = resistances(Twin(deck, {}, spreads), [("a", "b"), ("a", "0")], names)
    assert np.exp(found.log_mean[0]) == pytest.approx(1e4 * 5e4 / 6e4, rel=1e-5)
    assert np.exp(found.log_mean[1]) == pytest.approx(readings.OPEN_ohm)
    sigma = 0.01 / np.sqrt(3)
    for column, name in enumerate(names):
        more = Twin(deck, {name: 1.001 * spreads[column].nominal}, spreads)
        moved = resistances(more, [("a", "b")], names).log_mean[0] - found.log_mean[0]
        assert found.log_linear[0, column] == pytest.approx(sigma * moved / 1e-3, rel=0.01)
    bridged = Twin(deck, {"r1": 1e-2}, spreads)
    assert np.exp(resistances(bridged, [("a", "b")], names).log_mean[0]) < 0.5


def read_at(x1: float, node: str, value: float, bound: str = "") -> records.ProbeReading:
    return records.ProbeReading(
        kind="volt", inputs={"X1": x1}, node=node, value=value, U=0.02, bound=bound
    )


def test_nets_that_read_the_same_wherever_both_were_read_are_named() -> None:
    levels = ((0, -1.052), (2, 0.01), (5, -1.121))
    read = [read_at(at, node, v) for at, v in levels for node in ("H1", "VREF")]
    # Two more that rest at ground, and one that differs once.
    read += [read_at(at, node, 0.001) for at, _ in levels for node in ("H2", "H3")]
    read += [read_at(at, "Y", v + (0.1 if at == 5 else 0.0)) for at, v in levels]
    assert words.joined_words(read) == "H1 and VREF read the same at all inputs: are they joined?"
    assert not words.joined_words(read[:4])


def test_a_reading_at_the_end_of_the_range_says_so() -> None:
    at_end = read_at(0, "Y", -10.24, "\N{LESS-THAN OR EQUAL TO}")
    assert words.value_words(at_end).startswith("\N{LESS-THAN OR EQUAL TO} -10.24 V (beyond")
    assert words.value_words(read_at(0, "Y", -10.2)) == "-10.200 V"
