"""Somebody at the bench: what is typed, what is asked again, and that the fixture is kept awake."""

import io
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.person import Person, PersonsHands, TypedMeter, volts_typed
from realnet_hw.records import Standard

HANDHELD = Standard(
    kind="typed", name="handheld", of_reading=2e-4, of_range_V=2e-3, source="", traceable=False
)


@dataclass
class Desk:
    """A person, and the keyboard's other end."""

    person: Person
    keys: int
    said: io.StringIO
    awake: list[float] = field(default_factory=list)

    def type(self, text: str) -> None:
        os.write(self.keys, text.encode())

    def leave(self) -> None:
        os.close(self.keys)
        self.keys = -1


@pytest.fixture
def desk() -> Iterator[Desk]:
    typed, keys = os.pipe()
    said = io.StringIO()
    awake: list[float] = []
    made = Desk(
        Person(said, typed, lambda: awake.append(time.monotonic()), 0.02), keys, said, awake
    )
    yield made
    os.close(typed)
    if made.keys >= 0:
        os.close(made.keys)


@pytest.mark.parametrize(
    ("text", "volts"),
    [("4.0312", 4.0312), ("-1.2 V", -1.2), ("812 mV", 0.812), ("-0,5", -0.5), ("+10", 10.0),
     (".5V", 0.5), ("12mv", 0.012)],
)  # fmt: skip
def test_a_reading_as_people_type_it(text: str, volts: float) -> None:
    assert volts_typed(text) == pytest.approx(volts)


@pytest.mark.parametrize("text", ["", "four", "1.2.3", "1e3 k", "5 A", "nan", "inf", "--1"])
def test_what_is_no_reading(text: str) -> None:
    assert volts_typed(text) is None


def test_a_slip_of_the_sign_is_asked_for_again(desk: Desk) -> None:
    desk.type("4.03\n-4.03\n")
    assert TypedMeter(HANDHELD, desk.person).read("dac0", -4.0, 0.1) == -4.03
    assert "If 4.03 V is right, sign and unit too, type it again" in desk.said.getvalue()


def test_who_insists_is_believed(desk: Desk) -> None:
    desk.type("nonsense\n4.5\n4.5\n")
    assert TypedMeter(HANDHELD, desk.person).read("dac0", 4.0, 0.1) == 4.5
    assert "'nonsense' is no voltage" in desk.said.getvalue()


def test_a_virtual_meter_shows_what_to_type(desk: Desk) -> None:
    desk.type("4.01\n")
    TypedMeter(HANDHELD, desk.person, lambda: "4.0100 V").read("dac0", 4.0, 0.1)
    assert "[virtual meter: 4.0100 V] >" in desk.said.getvalue()


def test_the_fixture_is_kept_awake_while_somebody_thinks(desk: Desk) -> None:
    threading.Timer(0.3, desk.type, ["\n"]).start()
    PersonsHands(desk.person).lead("dac1")
    assert len(desk.awake) >= 3
    assert "Put the lead of the senses on dac1" in desk.said.getvalue()


@pytest.mark.parametrize("end", ["q\n", ""])
def test_enough_for_now_says_how_to_go_on(desk: Desk, end: str) -> None:
    desk.type(end) if end else desk.leave()
    with pytest.raises(BenchError, match="--resume goes on"):
        desk.person.ask("?")


def test_a_question_mark_helps_and_lines_typed_ahead_are_kept(desk: Desk) -> None:
    desk.type("?\nfirst\nsecond\n")
    assert desk.person.ask("one") == "first"
    assert desk.person.ask("two") == "second"
    assert "with all its digits and its sign" in desk.said.getvalue()


def test_outputs_do_not_stay_on_for_a_reading_that_nobody_types(desk: Desk) -> None:
    meter = TypedMeter(HANDHELD, desk.person, unattended_s=0.2)
    begun_s = time.monotonic()
    with pytest.raises(BenchError, match=r"nothing was typed .* outputs are grounded; .*--resume"):
        meter.read("dac0", 4.0, 0.1)
    assert 0.2 <= time.monotonic() - begun_s < 5.0
    assert len(desk.awake) >= 3
