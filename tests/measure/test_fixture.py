"""The driver against the real firmware: limits hold, and every way out ends at 0 V."""

import os
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from realnet_hw.errors import BenchError, InputError, LinkLost
from realnet_hw.measure import dialogue
from realnet_hw.measure.codes import terminal_V
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.fixture_specification import (
    ADC_GAIN_BOUND,
    ADC_INL_BOUND_V,
    ADC_OFFSET_BOUND_V,
    DAC_GAIN_BOUND,
    DAC_INL_BOUND_V,
    DAC_OFFSET_BOUND_V,
    LSB_V,
)
from realnet_hw.measure.link import NoAnswer
from tests.measure.conftest import Server

# The station's default wiring: X1 and X2 are dac0 and dac1, seen at adc0 and adc1.
SENSE = {"dac0": "adc0", "dac1": "adc1"}


def adc_bound_V(volts: float) -> float:
    return ADC_OFFSET_BOUND_V + ADC_INL_BOUND_V + 3 * LSB_V + ADC_GAIN_BOUND * abs(volts)


def dac_bound_V(volts: float) -> float:
    return DAC_OFFSET_BOUND_V + DAC_INL_BOUND_V + DAC_GAIN_BOUND * abs(volts)


@pytest.fixture
def fixture(server: Server) -> Iterator[Fixture]:
    with Fixture(server.address) as opened:
        yield opened


def test_it_is_found_by_name(fixture: Fixture) -> None:
    assert fixture.identity.text.startswith("realnet_hw,fixture,")
    assert fixture.identity.version


def test_a_firmware_that_is_too_old_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realnet_hw.measure.fixture._OLDEST_FIRMWARE", [1, 10, 0])
    with (
        pytest.raises(BenchError, match=r"firmware is '1\.4\.0' \(allowed: 1\.10\.0 or later\)"),
        Fixture(server.address),
    ):
        pass
    assert server.ask("OUTP?") == "0"


@pytest.mark.parametrize("volts", [0.0, 1.25, 5.0])
def test_what_is_set_arrives_at_the_terminal_and_is_gone_when_off(
    fixture: Fixture, volts: float
) -> None:
    fixture.limit({"dac0": (0.0, 5.0), "dac1": (0.0, 5.0)})
    fixture.average(16)
    fixture.output(True)
    for source, sense in SENSE.items():
        fixture.source({source: volts})
        fixture.wait(0.02)
        delivered_V = fixture.read(sense)
        assert abs(delivered_V - volts) < dac_bound_V(volts) + adc_bound_V(volts)
    fixture.output(False)
    fixture.wait(0.02)
    for sense in SENSE.values():
        assert abs(fixture.read(sense)) < adc_bound_V(0)


def test_all_channels_agree_with_each_alone(fixture: Fixture) -> None:
    fixture.average(64)
    together = fixture.read_all()
    for channel, volts in together.items():
        assert abs(fixture.read(channel) - volts) < 2 * LSB_V


def test_a_board_for_0_to_5_V_never_gets_6_V(fixture: Fixture, server: Server) -> None:
    fixture.limit({"dac0": (0.0, 5.0)})
    fixture.source({"dac0": 2.0})
    fixture.output(True)
    with pytest.raises(InputError, match=r"dac0: 6 V .*\(allowed: 0 to 5 V\)"):
        fixture.source({"dac0": 6.0})
    # The firmware alone refuses it as well, in every form.
    for line in ("SOUR1:VOLT 6", "SOUR:VOLT:ALL 6,0,0,0,0,0", "SOUR1:VOLT -0.1"):
        with pytest.raises(BenchError, match=r"refused .*-222"):
            fixture.tell(line)
    assert float(fixture.ask("SOUR1:VOLT?")) == pytest.approx(2.0, abs=LSB_V)
    fixture.wait(0.02)
    assert fixture.read("adc0") < 2.0 + dac_bound_V(2) + adc_bound_V(2)


def test_a_source_that_no_port_needs_gives_0_V_only(fixture: Fixture) -> None:
    fixture.limit({"dac0": (0.0, 5.0)})
    with pytest.raises(InputError, match=r"dac3: .*\(allowed: 0 to 0 V\)"):
        fixture.source({"dac3": 0.1})
    with pytest.raises(BenchError, match="-222"):
        fixture.tell("SOUR4:VOLT 0.1")


def test_outputs_do_not_go_on_without_limits(fixture: Fixture) -> None:
    with pytest.raises(InputError, match="without limits"):
        fixture.output(True)


@pytest.mark.parametrize("limits", [(-10.04, 0.0), (0.0, 10.04), (1.0, 0.0)])
def test_limits_beyond_the_fixture_are_refused(
    fixture: Fixture, limits: tuple[float, float]
) -> None:
    with pytest.raises(InputError, match=r"allowed: within -10\.03 to 10\.03 V"):
        fixture.limit({"dac0": limits})


def test_an_unknown_channel_is_refused(fixture: Fixture) -> None:
    with pytest.raises(InputError, match="'dac6' is no source"):
        fixture.source({"dac6": 0.0})


def test_a_refused_command_is_told_and_the_next_one_works(fixture: Fixture) -> None:
    with pytest.raises(BenchError, match=r"refused SOUR9:VOLT 1: -114"):
        fixture.tell("SOUR9:VOLT 1")
    with pytest.raises(BenchError, match=r"refused NONSENSE\?: -113"):
        fixture.ask("NONSENSE?")
    assert fixture.ask("*OPC?") == "1"


def test_a_sweep_reads_what_single_readings_read(fixture: Fixture) -> None:
    fixture.limit({"dac0": (0.0, 5.0), "dac1": (0.0, 5.0)})
    fixture.output(True)
    swept = fixture.sweep("dac0", 0.0, 5.0, 6, ["adc0", "adc7"], settle_s=1e-3, average=16)
    assert swept.source_V == pytest.approx((0, 1, 2, 3, 4, 5))
    fixture.source({"dac1": 1.0})
    fixture.average(64)
    fixture.wait(0.005)
    assert swept.volts["adc0"][-1] == pytest.approx(fixture.read("adc0"), abs=2 * LSB_V), (
        "the swept source stays at the stop when another is set"
    )
    for volts, reading in zip(swept.source_V, swept.volts["adc0"], strict=True):
        fixture.source({"dac0": volts})
        fixture.wait(0.005)
        assert reading == pytest.approx(fixture.read("adc0"), abs=2 * LSB_V)


def test_codes_and_corrections_give_what_the_controller_gives(fixture: Fixture) -> None:
    fixture.limit({"dac0": (0.0, 5.0)})
    fixture.source({"dac0": 3.0})
    fixture.output(True)
    fixture.tell("CAL:SENS1 -9000,0.04;:CAL:SENS3 5000,-0.05")
    corrections = fixture.corrections()
    fixture.average(64)
    for repeats in (1, 7):
        read = fixture.read_codes(["adc2", "adc0"], repeats, average=64)
        assert {name: len(codes) for name, codes in read.items()} == {
            "adc2": repeats,
            "adc0": repeats,
        }
        for name, codes in read.items():
            for code in codes:
                volts = terminal_V(code, corrections[name])
                assert volts == pytest.approx(fixture.read(name), abs=LSB_V)
                assert abs(volts - terminal_V(code)) > 2 * LSB_V
    assert fixture.ask("SOUR1:VOLT?") == "3.000000"
    fixture.tell("CAL:CLE")


def test_a_sweep_longer_than_the_heartbeat_goes_in_parts(server: Server) -> None:
    with Fixture(server.address, heartbeat_s=0.6) as fixture:
        fixture.limit({"dac0": (0.0, 5.0)})
        fixture.output(True)
        swept = fixture.sweep("dac0", 5.0, 0.0, 40, ["adc0"], settle_s=0.025)
        assert fixture.ask("OUTP?") == "1"
    assert len(swept.volts["adc0"]) == 40
    for set_V, read_V in zip(swept.source_V, swept.volts["adc0"], strict=True):
        assert abs(read_V - set_V) < dac_bound_V(set_V) + adc_bound_V(set_V) + LSB_V


def test_a_sweep_needs_outputs_limits_points_and_channels(fixture: Fixture) -> None:
    fixture.limit({"dac0": (0.0, 5.0)})
    with pytest.raises(BenchError, match="-221"):
        fixture.sweep("dac0", 0.0, 5.0, 6, ["adc0"])  # outputs are off
    with pytest.raises(InputError, match="a sweep to 6 V is outside"):
        fixture.sweep("dac0", 0.0, 6.0, 6, ["adc0"])
    with pytest.raises(InputError, match="1 points over adc0"):
        fixture.sweep("dac0", 0.0, 5.0, 1, ["adc0"])
    with pytest.raises(InputError, match="6 points over adc8"):
        fixture.sweep("dac0", 0.0, 5.0, 6, ["adc8"])
    assert fixture.ask("*OPC?") == "1"


def test_a_port_above_0_V_keeps_its_limits_though_off_is_0_V(fixture: Fixture) -> None:
    fixture.limit({"dac0": (1.0, 5.0)})
    with pytest.raises(InputError, match=r"allowed: 1 to 5 V"):
        fixture.source({"dac0": 0.5})
    fixture.source({"dac0": 1.0})


def test_a_stored_calibration_is_told_and_used(own_server: Server) -> None:
    with Fixture(own_server.address) as fixture:
        fixture.average(64)
        before_V = fixture.read("adc3")
        assert not fixture.calibration().valid
        fixture.tell('CAL:SENS4 0,0.05;DATE "2026-03-31";STOR')
        told = fixture.calibration()
        assert (told.valid, told.date) == (True, "2026-03-31")
        assert fixture.read("adc3") == pytest.approx(before_V + 0.05, abs=2 * LSB_V)


def test_waiting_longer_than_the_heartbeat_keeps_the_outputs_on(server: Server) -> None:
    with Fixture(server.address, heartbeat_s=0.6) as fixture:
        fixture.limit({"dac0": (0.0, 5.0)})
        fixture.output(True)
        fixture.wait(1.0)
        assert fixture.ask("OUTP?") == "1"


def test_a_silent_host_finds_the_outputs_grounded_and_is_told(server: Server) -> None:
    with Fixture(server.address, heartbeat_s=0.3) as fixture:
        fixture.limit({"dac0": (0.0, 5.0)})
        fixture.output(True)
        time.sleep(0.9)
        with pytest.raises(BenchError, match=r"101 .*silent for 0\.3 s, so outputs are grounded"):
            fixture.read("adc0")


def test_a_second_run_on_the_same_fixture_is_refused(fixture: Fixture, server: Server) -> None:
    with (
        pytest.raises(BenchError, match=r"in use by process \d+"),
        Fixture(server.address),
    ):
        pass
    assert fixture.ask("*OPC?") == "1"


def thaw_after(server: Server, seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, server.process.send_signal, (signal.SIGCONT,))
    timer.start()
    return timer


def test_a_missed_reading_is_taken_again_once_the_link_is_in_step(
    fixture: Fixture, server: Server
) -> None:
    before_V = fixture.read("adc7")
    with server.stopped():
        timer = thaw_after(server, 2.2)
        assert fixture.read("adc7") == pytest.approx(before_V, abs=4 * LSB_V)
        timer.join()


def test_a_missed_source_command_is_not_repeated(fixture: Fixture, server: Server) -> None:
    fixture.limit({"dac0": (0.0, 5.0)})
    with server.stopped():
        timer = thaw_after(server, 2.2)
        with pytest.raises(NoAnswer, match="nothing was repeated"):
            fixture.source({"dac0": 3.0})
        timer.join()
    assert fixture.ask("*OPC?") == "1"


def test_a_stale_answer_is_not_taken_for_a_new_one(fixture: Fixture, server: Server) -> None:
    server.tell("*IDN?")
    assert abs(fixture.read("adc7")) < adc_bound_V(0)


def test_an_exception_leaves_the_outputs_off(server: Server) -> None:
    def fail() -> None:
        with Fixture(server.address, heartbeat_s=60) as fixture:
            fixture.limit({"dac0": (0.0, 5.0)})
            fixture.output(True)
            assert fixture.ask("OUTP?") == "1"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert server.ask("OUTP?") == "0"


CHILD = """
import sys
from realnet_hw.measure.codes import terminal_V
from realnet_hw.measure.fixture import Fixture

fixture = Fixture(sys.argv[1], heartbeat_s=float(sys.argv[2]))


def work():
    fixture.limit({"dac0": (0.0, 5.0)})
    fixture.source({"dac0": 5.0})
    fixture.output(True)
    print("on", flush=True)


if sys.argv[3] == "with":
    with fixture:
        work()
        while True:
            fixture.read_all()
else:
    fixture.open()
    work()
"""


def child(server: Server, heartbeat_s: float, how: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, server.address, str(heartbeat_s), how]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    return process


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_a_signal_leaves_the_outputs_off(
    server: Server, number: signal.Signals, status: int
) -> None:
    with child(server, 60, "with") as process:
        time.sleep(0.1)
        process.send_signal(number)
        process.send_signal(signal.SIGINT)  # a second one, from an impatient user, changes nothing
        process.communicate(timeout=20)
    assert process.returncode in (status, -signal.SIGINT)
    assert server.ask("OUTP?") == "0"
    assert server.ask("SYST:ERR?").startswith("0,"), "it was not the heartbeat that did it"


def test_a_fixture_opened_without_with_is_safe_at_the_end_of_the_program(server: Server) -> None:
    with child(server, 60, "without") as process:
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert server.ask("OUTP?") == "0"


def test_after_kill_9_the_firmware_grounds_the_outputs(server: Server) -> None:
    with child(server, 0.5, "with") as process:
        process.kill()
    time.sleep(1.2)
    assert server.ask("OUTP?") == "0"
    assert server.ask("SYST:ERR?").startswith("101,")


def test_a_pulled_cable_is_told_with_what_becomes_of_the_outputs(own_server: Server) -> None:
    def measure() -> None:
        with Fixture(own_server.address) as fixture:
            fixture.limit({"dac0": (0.0, 5.0)})
            fixture.output(True)
            own_server.process.kill()
            own_server.process.wait()
            fixture.read_all()

    with pytest.raises(LinkLost, match=r"firmware grounds the outputs 1 s after the last word"):
        measure()


def test_an_address_where_nothing_is_says_where_to_look() -> None:
    with pytest.raises(LinkLost, match=r"no such port; plug the fixture in"):
        Fixture("ASRL/dev/ttyNONE::INSTR").open()


def test_a_port_without_a_fixture_says_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialogue, "START_UP_S", 0.6)
    near, far = os.openpty()
    tty.setraw(far)
    try:
        address = f"ASRL{os.ttyname(far)}::INSTR"
        with pytest.raises(LinkLost, match=r"nothing answers .* baud rate \(115200\)"):
            Fixture(address).open()
    finally:
        os.close(near)
        os.close(far)
