"""A board of 555 timers behind the real firmware is what the prediction says of the same board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.server import virtual_fixture
from realnet_hw.measure import station
from realnet_hw.measure.fixture_specification import PULSE_CHANNELS
from realnet_hw.predict.asking import asking_of
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from tests.bench import runs

NAME, SEED = "nand_555", 3
INPUTS_V = {"A": 10.0, "B": 8.0}
# The capacitor that times the first pulse.
TIMING = "C3"

Serve = Callable[..., VirtualFixture]


@pytest.fixture(scope="module")
def wiring(kicad: str) -> dict[str, str]:
    board, _, _ = runs.described(NAME)
    return station.wiring_for(station.parse('name = "v"\n[virtual]\n'), board)


@pytest.fixture(scope="module")
def serve(firmware: Path, wiring: dict[str, str]) -> Serve:
    def make(*faults: str) -> VirtualFixture:
        board, _, deck = runs.described(NAME)
        fixture = virtual_fixture(
            board, deck, firmware=firmware, wiring=wiring, seed=SEED, faults=faults
        )
        fixture.run_for(0.05)
        levels = ["0"] * 6
        for name, volts in INPUTS_V.items():
            levels[int(wiring[name][3:])] = str(volts)
        fixture.command(f"SOUR:VOLT:ALL {','.join(levels)};:OUTP ON", settle_s=0.04)
        return fixture

    return make


def fired(fixture: VirtualFixture, wiring: dict[str, str], pulse: str) -> tuple[int, float]:
    board, _, _ = runs.described(NAME)
    assert board.firing is not None
    firing = board.firing
    times_s = (firing.reset_s, firing.recover_s, firing.trigger_s, firing.read_after_s)
    times = ",".join(str(round(time_s * 1e6)) for time_s in times_s)
    number = PULSE_CHANNELS.index(wiring[pulse]) + 1
    seen, _, width_s = fixture.ask(f"SENS:FIRE? {times},{number},0").split(",")
    return int(seen), float(width_s)


def test_widths_are_the_predictions_of_the_same_board(serve: Serve, wiring: dict[str, str]) -> None:
    """Within the clock's 0.5 % and what the simulator leaves: nothing is fitted."""
    board, _, deck = runs.described(NAME)
    fixture = serve()
    timed = {name: fired(fixture, wiring, name) for name in ("P1", "P2")}
    delivered_V = {name: fixture.terminal_V(int(wiring[name][3:])) for name in INPUTS_V}
    asking = asking_of(board, deck)
    chosen = {deck.inputs[name].element: volts for name, volts in delivered_V.items()}
    drawn = draw(deck.spreads, 1, SEED)[0]
    (answers,) = asking.answers(deck, NgspiceEngine(), [{**drawn, **chosen}])
    widths_s = dict(zip(asking.pulses, answers[len(asking.voltages) :], strict=True))
    for name, (seen, width_s) in timed.items():
        assert seen == 1
        assert width_s == pytest.approx(widths_s[name], rel=0.007)
    assert fixture.violations.rules == []


def test_a_wrong_capacitor_is_seen(serve: Serve, wiring: dict[str, str]) -> None:
    """10 nF in the place of 100 nF: the pulse is a tenth as long."""
    right = fired(serve(), wiring, "P1")[1]
    wrong = fired(serve(f"{TIMING} -90 %"), wiring, "P1")[1]
    assert wrong == pytest.approx(right / 10, rel=0.15)
