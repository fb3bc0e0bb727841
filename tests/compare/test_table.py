"""What the terminal shows."""

from __future__ import annotations

import io
import re

import msgspec
import numpy as np
import pytest
from rich.console import Console, RenderableType

from realnet_hw import records
from realnet_hw.compare import compare
from realnet_hw.compare.table import comparison_table, measurement_table, prediction_table
from realnet_hw.compare.words import some, volts
from realnet_hw.errors import InputError
from realnet_hw.records import Measurement
from tests.compare.worlds import WIRING, World, usual

WORLD = usual()
PREDICTION = WORLD.prediction()
GOOD = WORLD.measurement(1)


def shown(renderable: RenderableType, *, colour: bool = False, width: int = 120) -> str:
    file = io.StringIO()
    system = "standard" if colour else None
    Console(file=file, width=width, force_terminal=colour, color_system=system).print(renderable)
    return file.getvalue()


def wired(*terminals: str) -> Measurement:
    wiring = {t: c for t, c in WIRING.items() if t.startswith("X") or t in terminals}
    return World(WORLD.parts, WORLD.budget, wiring=wiring).measurement(1)


def test_prediction_shows_every_value_with_its_band_and_the_yield() -> None:
    text = shown(prediction_table(PREDICTION))
    assert text.count("X1 = ") == 4
    row = next(line for line in text.splitlines() if " H1 " in line and "5.000 V" in line)
    low, high = (PREDICTION.cases[3].nodes["H1"].low_V, PREDICTION.cases[3].nodes["H1"].high_V)
    assert "2.500 V" in text
    assert f"{low:.3f} to {high:.3f} V" in row
    assert "1000 of 1000 boards" in text
    assert "-0.000" not in text


def test_a_board_of_which_nothing_is_asked_has_no_yield() -> None:
    hollow = [
        msgspec.structs.replace(
            case, outputs={"Y": msgspec.structs.replace(case.outputs["Y"], expected=None)}
        )
        for case in PREDICTION.cases
    ]
    text = shown(prediction_table(msgspec.structs.replace(PREDICTION, cases=hollow, yield_=None)))
    assert "No yield: nothing is asked of the outputs of the 1000 boards drawn" in text
    assert "truth table" not in text
    assert "100.0%" not in text


def test_measurement_shows_readings_and_what_was_not_read() -> None:
    text = shown(measurement_table(GOOD))
    y = GOOD.cases[1].outputs["Y"]
    assert f"{y.value_V:.3f} ± {y.U_V:.3f} V" in text
    assert "adc2" in text
    assert text.count("UNSET") == 0
    assert shown(measurement_table(wired("Y", "H1"))).count("not wired") == 4
    unread = msgspec.structs.replace(y, value_V=None, U_V=None)
    case = msgspec.structs.replace(GOOD.cases[1], outputs={"Y": unread})
    assert shown(measurement_table(msgspec.structs.replace(GOOD, cases=[case]))).count("UNSET") == 1


def test_pass_is_green_and_says_what_it_rests_on() -> None:
    comparison = compare(PREDICTION, GOOD)
    text = shown(comparison_table(comparison))
    assert "PASS  Every output shows its level, and 12 values agree" in text
    assert f"statistic {comparison.agreement.statistic:.1f}" in text
    assert text.count("0 ✓") == text.count("1 ✓") == 2
    en = comparison.cases[1].outputs["Y"].En
    assert f"{en:+.2f}" in text
    assert f"{len(comparison.unseen_faults)} of 52 single faults would stay unseen" in text
    assert "\x1b[1;7;32m PASS" in shown(comparison_table(comparison), colour=True)


def figures(text: str) -> list[str]:
    return re.findall(r"-?\d+\.\d{3}", text)


@pytest.mark.parametrize(
    ("width", "framed", "with_en"), [(120, True, True), (80, False, True), (60, False, False)]
)
def test_a_narrow_terminal_gets_another_shape_and_the_same_figures(
    width: int, framed: bool, with_en: bool
) -> None:
    """An XOR whose levels are wrong has the widest cells."""
    turned = [
        msgspec.structs.replace(case, outputs={"Y": msgspec.structs.replace(y, expected=1 - level)})
        for case, level in zip(PREDICTION.cases, (0, 1, 1, 0), strict=True)
        for y in [case.outputs["Y"]]
    ]
    comparison = compare(msgspec.structs.replace(PREDICTION, cases=turned), GOOD)
    text = shown(comparison_table(comparison), width=width).partition(" FAIL ")[0]
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= width
    assert ("│" in text) == framed
    assert (" En" in lines[0] + lines[1] + lines[2]) == with_en
    assert "…" not in text
    assert figures(text) == figures(shown(comparison_table(comparison)).partition(" FAIL ")[0])
    # Nothing wraps: one line per value, with its name, and none that carries on.
    for name, count in (("Y", 4), ("H1", 4), ("H2", 4), ("X1 = ", 4)):
        assert (
            sum(line.lstrip("│ ").startswith(name) or f"│ {name} " in line for line in lines)
            == count
        )
    assert text.count("(should be") == 4
    for table in (prediction_table(PREDICTION), measurement_table(GOOD)):
        text = shown(table, width=width)
        assert "…" not in text
        assert figures(text) == figures(shown(table))


def test_a_reading_at_the_end_of_the_range_is_shown_as_a_bound() -> None:
    y = msgspec.structs.replace(GOOD.cases[0].outputs["Y"], value_V=-10.235, U_V=0.05)
    h1 = msgspec.structs.replace(GOOD.cases[0].nodes["H1"], value_V=10.1, U_V=0.05)
    case = msgspec.structs.replace(
        GOOD.cases[0], outputs={"Y": y}, nodes=GOOD.cases[0].nodes | {"H1": h1}
    )
    at_end = msgspec.structs.replace(GOOD, range_V=10.24, cases=[case, *GOOD.cases[1:]])
    for table in (measurement_table(at_end), comparison_table(compare(PREDICTION, at_end))):
        text = shown(table)
        assert text.count("≤ -10.2 V") == 1
        assert "10.100 ± 0.050 V" in text
    assert "stands at the end of the fixture's range" in text
    high = msgspec.structs.replace(y, value_V=10.235)
    case = msgspec.structs.replace(case, outputs={"Y": high})
    wrong = compare(PREDICTION, msgspec.structs.replace(at_end, cases=[case, *GOOD.cases[1:]]))
    assert wrong.conformity.reasons == ["Y at X1 = 0 V, X2 = 0 V should be 0 and shows ≥ 10.2 V"]


def test_fail_names_the_value_to_look_at() -> None:
    ratios = np.ones(13)
    ratios[7] = 1.2
    text = shown(comparison_table(compare(PREDICTION, WORLD.measurement(1, ratios))))
    assert "FAIL  These 12 values together are not those of this circuit" in text
    assert "Look here first: Y at X1 = " in text


def test_undecided_says_what_was_not_read() -> None:
    interrupted = msgspec.structs.replace(GOOD, cases=GOOD.cases[:3])
    text = shown(comparison_table(compare(PREDICTION, interrupted)))
    assert "UNDECIDED  3 of the points wired were not read" in text
    assert text.count("UNSET") == 3
    assert "Not read: Y at X1 = 5 V, X2 = 5 V, H1 at X1 = 5 V, X2 = 5 V, H2 at" in text
    assert "should be 0 and was not read" not in text
    text = shown(comparison_table(compare(PREDICTION, wired("H1", "H2"))))
    assert text.count("not wired") == 4
    assert "UNDECIDED  An output is too close to an edge to tell, or has no wire" in text


def test_outputs_only_asks_for_the_test_points() -> None:
    text = shown(comparison_table(compare(PREDICTION, wired("Y"))))
    assert "PASS (outputs only)" in text
    assert "Wire the test points" in text


def test_markup_in_a_title_is_text() -> None:
    odd = msgspec.structs.replace(PREDICTION, title="[red]XOR[/red] [/]", board="[b]")
    assert "[b]: [red]XOR[/red] [/]" in shown(prediction_table(odd))


@pytest.mark.parametrize(
    "attack",
    ["\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "two\nlines", "\u202eROX"],
    ids=["OSC title", "ESC", "CSI in one byte", "newline", "right to left"],
)
def test_a_record_cannot_steer_the_terminal(attack: str) -> None:
    """Refused wherever a text may stand, and what refuses it does not repeat it."""
    port = GOOD.cases[0].outputs["Y"]
    case = msgspec.structs.replace(GOOD.cases[0], outputs={attack: port})
    for spoilt in (
        msgspec.structs.replace(PREDICTION, title=attack),
        msgspec.structs.replace(GOOD, firmware=attack),
        msgspec.structs.replace(GOOD, instruments=["good", attack]),
        msgspec.structs.replace(GOOD, cases=[case]),
        msgspec.structs.replace(compare(PREDICTION, GOOD), board=attack),
    ):
        with pytest.raises(InputError, match="holds control characters") as refused:
            records.decode(records.encode(spoilt))
        assert str(refused.value).isprintable()
        assert str(refused.value).isascii()
    odd = msgspec.structs.replace(PREDICTION, title="Größe π: 5 µV ± 2 Ω, 排他的論理和")
    assert records.decode(records.encode(odd)) == odd


def test_what_a_fixture_calls_itself_cannot_steer_the_terminal_either() -> None:
    """Before it is a record: the table is shown as soon as it is measured."""
    odd = "\x1b]0;owned\x07\x9b2J"
    text = shown(
        measurement_table(msgspec.structs.replace(GOOD, title=odd, firmware=odd, station=odd))
    )
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize(
    ("value_V", "text"), [(-0.0004, "0.000"), (-0.0006, "-0.001"), (5.0, "5.000"), (-5.1, "-5.100")]
)
def test_volts_are_never_minus_zero(value_V: float, text: str) -> None:
    assert volts(value_V) == text


def test_long_lists_are_cut() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some(list("abcdef")) == "a, b, c, d and 2 more"
