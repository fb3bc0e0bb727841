"""Headers as SCPI has them: both forms, any case, compound; and an answer to every query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw.emulate.scopes.scpi import Answer, Commands, ScpiError, choice, number, units


class Thing:
    """Two settings and a query."""

    def __init__(self, *, between: bool = False) -> None:
        self.scales = {1: 1.0, 2: 1.0}
        self.commands = Commands(between=between)
        self.commands.add("CHANnel#:SCALe", self._write, lambda n: f"{self.scales[n]:g}")
        self.commands.add("CHANnel#:COUPling", lambda _n, _text: None, lambda _n: "DC")
        self.commands.add("TRIGger[:EDGE]:LEVel", lambda _text: None, lambda: "level")
        self.commands.add("TDIV|TIME_DIV", lambda _text: None, lambda: "tdiv")
        self.commands.add("*IDN", ask=lambda: "me")

    def _write(self, index: int, text: str) -> None:
        self.scales[index] = number(text)

    def talk(self, message: str) -> list[Answer]:
        branch, answers = "", []
        for unit in units(message):
            branch, answer = self.commands.execute(unit, branch)
            if answer is not None:
                answers.append(answer)
        return answers


@pytest.mark.parametrize(
    "header", [":CHANnel2:SCALe", "chan2:scal", ":CHAN2:SCALE", "Channel2:Scal"]
)
def test_both_forms_in_any_case(header: str) -> None:
    thing = Thing()
    assert thing.talk(f"{header} 500mV") == []
    assert thing.scales == {1: 1.0, 2: 0.5}
    assert thing.talk(f"{header}?") == ["0.5"]


@pytest.mark.parametrize("header", ["CHANN2:SCAL", "CHA2:SCAL", "CHAN2:SCA", "CHAN2SCAL"])
def test_other_abbreviations_are_none_but_for_who_allows_them(header: str) -> None:
    thing = Thing()
    assert thing.talk(f"{header}?") == ['-113,"Undefined header"']
    assert list(thing.commands.errors) == [(-113, "Undefined header")]
    assert (Thing(between=True).talk(f"{header}?") == ["1"]) == (header == "CHANN2:SCAL")


def test_compound_messages_stay_in_their_branch() -> None:
    thing = Thing()
    assert thing.talk(":CHAN2:SCAL 2;COUP?;*IDN?;SCAL?;:TRIG:LEV?;:CHAN1:SCAL?") == [
        "DC", "me", "2", "level", "1",
    ]  # fmt: skip


def test_nodes_that_may_be_left_out_and_second_names() -> None:
    thing = Thing()
    assert thing.talk("TRIG:EDGE:LEV?;:TRIG:LEV?;:TDIV?;:TIME_DIV?") == ["level"] * 2 + ["tdiv"] * 2


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("CHAN1:SCAL", -109), ("CHAN1:SCAL 1,2", -109), ("CHAN1:SCAL abc", -104),
        ("*IDN", -113), ("NONSENSE 1", -113),
    ],
)  # fmt: skip
def test_mistakes_are_queued(message: str, error: int) -> None:
    thing = Thing()
    assert thing.talk(message) == []
    assert [number_ for number_, _ in thing.commands.errors] == [error]


@given(st.text(max_size=40))
def test_no_query_is_met_with_silence_and_no_line_breaks_it(text: str) -> None:
    thing = Thing()
    for unit in units(text):
        _, answer = thing.commands.execute(unit)
        header = unit.partition(" ")[0]
        assert (answer is not None) == header.endswith("?")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5E-3", 5e-3), ("500mV", 0.5), ("2V", 2.0), ("20US", 20e-6), ("1.5", 1.5), ("-3", -3.0),
        ("100NS", 100e-9), ("7M", 7e-3), ("14Mpts", 14e6), ("1GSa/s", 1e9), ("7K", 7e3),
        ("5S", 5.0),
    ],
)  # fmt: skip
def test_numbers_with_units(text: str, value: float) -> None:
    assert number(text) == pytest.approx(value)


def test_choices_are_short_or_long() -> None:
    assert choice("norm", "AUTO", "NORMal") == "NORMal"
    with pytest.raises(ScpiError, match="-224"):
        choice("NORMA", "AUTO", "NORMal")
