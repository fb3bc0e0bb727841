"""What a fixture and the board on it must do, whether they are made of copper or simulated.

``pytest -m hardware --station FILE [--board NAME]``; without a station, on the virtual bench.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realnet_hw.board import Port
from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure import bench
from realnet_hw.measure.fixture import Fixture, suffix
from realnet_hw.measure.fixture_specification import (
    ADC_GAIN_BOUND,
    ADC_INL_BOUND_V,
    ADC_OFFSET_BOUND_V,
    DAC_GAIN_BOUND,
    DAC_INL_BOUND_V,
    DAC_OFFSET_BOUND_V,
    LSB_V,
)
from tests.hardware.conftest import ROOT, Place

pytestmark = pytest.mark.hardware

SETTLE_s = 0.02
RELEASED_s = 0.02
# Of the program that is killed; nobody but the firmware's own clock says that it has passed.
HEARTBEAT_s = 0.5


def sense_bound_V(volts: float) -> float:
    return ADC_OFFSET_BOUND_V + ADC_INL_BOUND_V + 2 * LSB_V + ADC_GAIN_BOUND * abs(volts)


def bound_V(volts: float) -> float:
    """Of what a sense says of a source."""
    own_V = DAC_OFFSET_BOUND_V + DAC_INL_BOUND_V + DAC_GAIN_BOUND * abs(volts)
    return own_V + sense_bound_V(volts)


def levels_of(port: Port) -> list[float]:
    return [port.min_V + (port.max_V - port.min_V) * step / 4 for step in range(5)]


def on(place: Place, fixture: Fixture) -> None:
    """As a measurement begins."""
    fixture.average(16)
    bench.set_up(place.board, place.wiring, fixture)


def grounded(place: Place, fixture: Fixture) -> bool:
    """Whether every input is at 0 V, but for what the board's own current makes at 100 ohm."""
    time.sleep(RELEASED_s)
    read_V = fixture.read_all()
    return all(abs(read_V[place.sense(port)]) < 1.0 + sense_bound_V(0) for port in place.read_back)


def test_identity_and_self_test(place: Place) -> None:
    source = (ROOT / "firmware/fixture/commands.c").read_text("utf-8")
    version = re.search(r'IDENTITY "realnet_hw,fixture,0,([\d.]+)"', source)
    assert version is not None
    with place.fixture() as fixture:
        assert fixture.identity.version == version[1], "write this version into it: realnet flash"
        assert fixture.ask("*TST?") == "0"


def test_off_when_it_is_opened(place: Place) -> None:
    with place.fixture() as fixture:
        assert fixture.ask("OUTP?") == "0"
        assert grounded(place, fixture)


def test_every_input_follows_its_source(place: Place) -> None:
    with place.fixture() as fixture:
        on(place, fixture)
        for port in place.read_back:
            for level_V in levels_of(port):
                fixture.source({place.source(port): level_V})
                fixture.wait(SETTLE_s)
                arrived_V = fixture.read(place.sense(port))
                assert abs(arrived_V - level_V) < bound_V(level_V), f"{port.name} at {level_V} V"
            fixture.source({place.source(port): bench.rest_V(port)})


def test_off_grounds_the_inputs(place: Place) -> None:
    with place.fixture() as fixture:
        on(place, fixture)
        fixture.source({place.source(port): port.max_V for port in place.read_back})
        fixture.wait(SETTLE_s)
        fixture.output(False)
        assert grounded(place, fixture)


def test_a_sweep_reads_what_single_readings_read(place: Place) -> None:
    port = place.read_back[0]
    with place.fixture() as fixture:
        on(place, fixture)
        swept = fixture.sweep(
            place.source(port),
            port.min_V,
            port.max_V,
            5,
            [place.sense(port)],
            settle_s=5e-3,
            average=16,
        )
        for level_V, read_V in zip(swept.source_V, swept.volts[place.sense(port)], strict=True):
            fixture.source({place.source(port): level_V})
            fixture.wait(SETTLE_s)
            # A calibration corrects single readings, and not sweeps.
            single_V = fixture.read(place.sense(port))
            assert read_V == pytest.approx(single_V, abs=sense_bound_V(level_V))


def test_limits_hold_in_host_and_firmware(place: Place) -> None:
    port = place.read_back[0]
    number = suffix(place.source(port))
    beyond_V = port.max_V + 0.5
    with place.fixture() as fixture:
        on(place, fixture)
        fixture.source({place.source(port): port.max_V})
        with pytest.raises(InputError, match="outside of this source's limits"):
            fixture.source({place.source(port): beyond_V})
        volts = ",".join(f"{beyond_V if n == number else 0:.3f}" for n in range(1, 7))
        for line in (
            f"SOUR{number}:VOLT {beyond_V:.3f}",
            f"SOUR:VOLT:ALL {volts}",
            f"SENS:SWE? {number},0,{beyond_V:.3f},2,0,1,1",
            f"SOUR{number}:VOLT {port.max_V + 0.0002:.6f}",
            f"SOUR{number}:VOLT 1e400",
        ):
            with pytest.raises(BenchError, match="-222"):
                fixture.tell(line)
        with pytest.raises(BenchError, match="-221"):
            fixture.tell(f"SOUR{number}:VOLT:LIM 0,{port.max_V / 2:.3f}")
        fixture.wait(SETTLE_s)
        assert fixture.read(place.sense(port)) < port.max_V + bound_V(port.max_V)


@pytest.mark.parametrize("limit_s", [0.3, 1.0])
def test_a_silent_host_finds_the_inputs_grounded(place: Place, limit_s: float) -> None:
    with place.fixture(limit_s) as fixture:
        on(place, fixture)
        time.sleep(limit_s + 0.3)
        with pytest.raises(BenchError, match="101 Heartbeat lost"):
            fixture.ask("*OPC?")
        assert fixture.ask("OUTP?") == "0"
        assert grounded(place, fixture)


_CHILD = """
import sys
from realnet_hw.board import load_board
from realnet_hw.measure import bench
from realnet_hw.measure.fixture import Fixture

address, baud, heartbeat_s, name, wiring = sys.argv[1:]
with Fixture(address, int(baud), float(heartbeat_s)) as fixture:
    bench.set_up(load_board(name), dict(pair.split("=") for pair in wiring.split()), fixture)
    print(fixture.ask("OUTP?"), flush=True)
    while True:
        fixture.read_all()
"""


def test_a_killed_host_leaves_the_inputs_grounded(place: Place) -> None:
    wiring = " ".join(f"{name}={channel}" for name, channel in place.wiring.items())
    told = [place.address, str(place.baud), str(HEARTBEAT_s), place.board.name, wiring]
    command = [sys.executable, "-c", _CHILD, *told]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        process.kill()
    time.sleep(2 * HEARTBEAT_s)
    with place.fixture() as fixture:
        # Opening makes the outputs safe itself: that they had been so, the queue alone can say.
        assert place.forgets or "101 Heartbeat lost" in " ".join(fixture.notices)
        assert fixture.ask("OUTP?") == "0"
        assert grounded(place, fixture)


def test_a_sweep_is_cut_short_and_the_link_is_in_step_again(place: Place) -> None:
    port = place.read_back[0]
    with place.fixture() as fixture:
        on(place, fixture)
        link = fixture.dialogue
        with pytest.raises(BenchError, match="-200 Execution error"):
            link.ask_block(f"SENS:SWE? {suffix(place.source(port))},0,0,200,60000,1,1", 0.2)
        assert fixture.ask("*OPC?") == "1"
        assert fixture.ask("OUTP?") == "1"


def test_a_second_run_is_refused(place: Place) -> None:
    with place.fixture() as fixture:
        with pytest.raises(BenchError, match="in use by process"):
            place.fixture().open()
        assert fixture.ask("*OPC?") == "1"


def test_the_board_does_what_its_cases_ask_for(place: Place, tmp_path: Path) -> None:
    board = place.board
    station = tmp_path / "station.toml"
    wired = "\n".join(f'"{name}" = "{channel}"' for name, channel in place.wiring.items())
    station.write_text(
        f'name = "here"\n[fixture]\naddress = "{place.address}"\nbaud = {place.baud}\n'
        f"[wiring.{board.name}]\n{wired}\n"
    )
    record = bench.measure(board, "circuit", station, tmp_path)
    for case, read in zip(board.cases, record.cases, strict=True):
        for name, expected in case.expected.items():
            volts = read.outputs[name].value_V
            if name in place.wiring:
                assert volts is not None
                assert board.logic.level(volts) == expected, f"{name} at {case.inputs}"
    with place.fixture() as fixture:
        assert fixture.ask("OUTP?") == "0"
