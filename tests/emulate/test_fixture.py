"""The real firmware in the virtual fixture: voltages at the terminals, and that they are safe."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import OUTPUT_ENABLE, VirtualFixture
from realnet_hw.emulate.front_end import Errors, ideal
from realnet_hw.emulate.mcu import ResetCause
from realnet_hw.emulate.plant import Cable
from realnet_hw.emulate.truths import draw_circuit, draw_errors
from realnet_hw.emulate.unrest import WarmUp
from realnet_hw.emulate.wiring import Wiring
from realnet_hw.errors import InputError
from realnet_hw.measure import fixture_specification as stated
from realnet_hw.technology.fixture_copper import SHARES, SENSE_FEET_ohm

BOOT_s = 0.03
STEP_V = 0.005


@pytest.fixture
def fixture(firmware: Path) -> VirtualFixture:
    made = VirtualFixture(firmware)
    made.run_for(BOOT_s)
    return made


def switch_on(fixture: VirtualFixture) -> None:
    fixture.command("SOUR:VOLT:ALL 5,-7,9,-9,4,-4;:OUTP ON")
    assert fixture.connected


def terminals_V(fixture: VirtualFixture) -> list[float]:
    return [fixture.terminal_V(channel) for channel in range(6)]


# ---------------------------------------------------------------------- safe


def test_terminals_are_grounded_before_the_cpu_has_run(firmware: Path) -> None:
    fixture = VirtualFixture(firmware)
    assert fixture.now_s == 0.0
    assert not fixture.connected
    assert terminals_V(fixture) == [0.0] * 6
    # Even what lies behind the relay is near 0 V, though the DACs are off.
    assert all(abs(fixture.shifter_V(channel)) < 0.21 for channel in range(6))
    assert fixture.lines.lines == 0


def test_boot_never_switches_the_relay(firmware: Path) -> None:
    fixture = VirtualFixture(firmware)
    edges: list[int] = []
    fixture.controller.watch(OUTPUT_ENABLE, edges.append)
    fixture.run_for(0.1)
    assert edges == []


def test_a_hang_is_off_the_terminals_within_a_quarter_second(fixture: VirtualFixture) -> None:
    switch_on(fixture)
    started_s = fixture.now_s
    fixture.force_hang()
    assert fixture.run_until(lambda: not fixture.connected, 1.0)
    # 120 ms of the watchdog and the relay; its oscillator may be slow by two thirds on a real one.
    assert 0.05 < fixture.now_s - started_s < 0.15
    assert terminals_V(fixture) == [0.0] * 6
    fixture.run_for(0.05)
    assert fixture.ask("SYST:ERR?").startswith("102,")
    assert terminals_V(fixture) == [0.0] * 6


def test_a_silent_host_is_off_the_terminals_after_its_heartbeat(fixture: VirtualFixture) -> None:
    fixture.command("SYST:HEAR 0.3")
    switch_on(fixture)
    fixture.run_for(0.2)
    assert fixture.connected
    fixture.command(" ")
    started_s = fixture.now_s
    assert fixture.run_until(lambda: not fixture.connected, 1.0)
    assert 0.27 < fixture.now_s - started_s < 0.3 + 0.005 + 0.002
    assert fixture.ask("SYST:ERR?").startswith("101,")


@pytest.mark.parametrize("cause", [ResetCause.EXTERNAL, ResetCause.BROWN_OUT])
def test_a_reset_releases_the_relay(fixture: VirtualFixture, cause: ResetCause) -> None:
    switch_on(fixture)
    fixture.reset(cause)
    assert fixture.controller.level(OUTPUT_ENABLE) == 0
    fixture.run_for(0.0052)
    assert terminals_V(fixture) == [0.0] * 6


def test_resets_at_any_moment_put_nothing_on_the_terminals(firmware: Path) -> None:
    """In the midst of bus traffic: a DAC word cut in two must not become a voltage."""
    moments = random.Random(2)
    fixture = VirtualFixture(firmware)
    for _ in range(60):
        fixture.run_for(BOOT_s)
        switch_on(fixture)
        fixture.send(b"SENS:SWE? 1,-2,2,500,0,1,1\n")
        fixture.run_for(0.006 + moments.random() * 0.003)
        codes = [dac.codes[:] for dac in fixture.dacs]
        fixture.reset()
        assert [dac.codes for dac in fixture.dacs] == codes
        assert not any(active for dac in fixture.dacs for active in dac.active)
        fixture.run_for(0.02)
        assert terminals_V(fixture) == [0.0] * 6
        fixture.receive()
    assert fixture.violations.rules == []


# ------------------------------------------------------------------ voltages


def test_relay_times_at_the_terminals(firmware: Path) -> None:
    fixture = VirtualFixture(firmware, errors=Errors(relay_operate_s=4e-3, relay_release_s=2e-3))
    fixture.run_for(BOOT_s)
    edges: list[tuple[int, float]] = []
    fixture.controller.watch(OUTPUT_ENABLE, lambda level: edges.append((level, fixture.now_s)))
    fixture.command("SOUR1:VOLT 5;:OUTP ON", settle_s=2e-3)
    fixture.run_until(lambda: bool(edges), 0.02)
    assert fixture.terminal_V(0) == 0.0
    fixture.run_until(lambda: fixture.connected, 0.02)
    assert fixture.now_s - edges[0][1] == pytest.approx(4e-3, abs=0.15e-3)
    assert fixture.terminal_V(0) == pytest.approx(5.0)
    fixture.command("OUTP OFF", settle_s=0.0)
    fixture.run_until(lambda: len(edges) > 1, 0.02)
    fixture.run_until(lambda: not fixture.connected, 0.02)
    assert fixture.now_s - edges[1][1] == pytest.approx(2e-3, abs=0.15e-3)


@pytest.mark.parametrize("set_V", [-10.24, -3.205, 0.0, 0.005, 5.0, 10.235])
def test_ideal_fixture_delivers_and_reads_what_was_set(
    fixture: VirtualFixture, set_V: float
) -> None:
    fixture.command(f"SOUR1:VOLT {set_V};:OUTP ON")
    assert fixture.terminal_V(0) == pytest.approx(set_V, abs=1e-6)
    assert float(fixture.ask("MEAS1:VOLT?")) == pytest.approx(set_V, abs=1e-6)


def test_what_is_not_wired_reads_0_v_and_the_reference_too(fixture: VirtualFixture) -> None:
    switch_on(fixture)
    assert [float(fixture.ask(f"MEAS{n}:VOLT?")) for n in (7, 8)] == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(10))
def test_a_drawn_fixture_is_wrong_by_no_more_than_specified(firmware: Path, seed: int) -> None:
    fixture = VirtualFixture(firmware, errors=draw_errors(seed), circuit=draw_circuit(seed))
    fixture.run_for(BOOT_s)
    fixture.command("SENS:AVER 16;:SOUR1:VOLT 5;:OUTP ON")
    delivered_V = fixture.terminal_V(0)
    # Half a step of rounding in the code, 12 LSB of nonlinearity.
    source_V = stated.DAC_GAIN_BOUND * 5 + stated.DAC_OFFSET_BOUND_V + 12.5 * STEP_V
    assert abs(delivered_V - 5) < source_V
    assert delivered_V != 5.0
    read_V = float(fixture.ask("MEAS1:VOLT?"))
    sense_V = stated.ADC_GAIN_BOUND * 5 + stated.ADC_OFFSET_BOUND_V + 1.5 * STEP_V
    assert abs(read_V - delivered_V) < sense_V
    assert abs(float(fixture.ask("MEAS8:VOLT?"))) < stated.ADC_OFFSET_BOUND_V + 1.5 * STEP_V


def loaded(firmware: Path, ohm: float) -> VirtualFixture:
    """A drawn fixture without noise, 5 V at its first terminal behind a resistor to ground."""
    errors = draw_errors(4, noise=False)
    fixture = VirtualFixture(firmware, errors=errors, circuit=draw_circuit(4))
    fixture.run_for(BOOT_s)
    fixture.load(0, ohm)
    fixture.command("SOUR1:VOLT 5;:OUTP ON")
    return fixture


def test_a_source_holds_its_voltage_up_to_its_rating(firmware: Path) -> None:
    """The resistor in its lead is inside the loop: 10 mA make less than a millivolt."""
    open_V, rated_V = (loaded(firmware, ohm).terminal_V(0) for ohm in (math.inf, 500.0))
    assert rated_V == pytest.approx(open_V, abs=1e-3)


def test_a_shorted_source_gives_its_amplifiers_limit_and_reads_as_shorted(firmware: Path) -> None:
    """The OPA4134's is 40 mA, and the resistor of 100 ohm at its output leaves more than enough."""
    fixture = loaded(firmware, 1.0)
    assert fixture.terminal_V(0) / 1.0 == pytest.approx(40e-3, rel=0.25)
    read_V = float(fixture.ask("MEAS1:VOLT?"))
    assert abs(read_V) < 0.05 + stated.ADC_OFFSET_BOUND_V + 1.5 * STEP_V
    fixture.load(0, math.inf)
    assert float(fixture.ask("MEAS1:VOLT?")) == pytest.approx(5.0, abs=0.15)
    with pytest.raises(InputError, match="above 0 ohm"):
        fixture.load(0, 0.0)


def test_a_released_terminal_is_held_by_its_100_ohm(firmware: Path) -> None:
    """With the board's own 10 V behind 900 ohm on it, a tenth of them is left."""
    battery = Battery(10.0, 900.0)
    wiring = Wiring.of({"A": "dac0", "A.sense": "adc0"}, inputs=["A"], nodes={})
    fixture = VirtualFixture(firmware, plant=battery, wiring=wiring)
    fixture.run_for(BOOT_s)
    assert fixture.terminal_V(0) == pytest.approx(1.0, abs=1e-4)
    assert float(fixture.ask("MEAS1:VOLT?")) == pytest.approx(1.0, abs=STEP_V)


class Battery(Cable):
    """A board that drives its input by itself."""

    def __init__(self, volts: float, ohm: float) -> None:
        super().__init__()
        self._battery_V, self._ohm = volts, ohm

    def current_A(self, port: str, /) -> float:
        return (self.read(port) - self._battery_V) / self._ohm


class _Told(Cable):
    """A board that notes what it is told of its input."""

    def __init__(self) -> None:
        super().__init__()
        self.told_V: list[float] = []

    def set_inputs(self, volts: Mapping[str, float | None]) -> None:
        super().set_inputs(volts)
        self.told_V.append(self.read("A"))


def test_a_board_hears_once_a_millisecond_of_a_source_that_warms_up(firmware: Path) -> None:
    """Not at each conversion: a board may take long to solve."""
    board, tau_s, end_V = _Told(), 0.1, 20e-3
    fixture = VirtualFixture(
        firmware,
        plant=board,
        wiring=Wiring.of({"A": "dac0", "Y": "adc0"}, inputs=["A"], nodes={"Y": "A"}),
        errors=Errors(output_drift=WarmUp((0.0,) * 6, (end_V,) * 6, tau_s)),
    )
    fixture.run_for(BOOT_s)
    fixture.command("OUTP ON;:SENS:AVER 64", settle_s=0.01)
    board.told_V.clear()
    begun_s, before = fixture.now_s, fixture.adc.conversions
    for _ in range(8):
        fixture.ask("MEAS1:RAW?")
    passed_s = fixture.now_s - begun_s
    assert fixture.adc.conversions - before >= 8 * 64
    assert 5 < len(board.told_V) <= passed_s / 1e-3 + 1
    warm_V = fixture.terminal_V(0)
    assert board.told_V[-1] == pytest.approx(warm_V, abs=end_V / tau_s * 1e-3)
    assert warm_V - board.told_V[0] > 2e-3


def test_wires_lead_where_they_are_said_to(firmware: Path) -> None:
    wiring = Wiring.of(
        {"A": "dac2", "A.sense": "adc6", "A'": "adc0"}, inputs=["A"], nodes={"A'": "A"}
    )
    fixture = VirtualFixture(firmware, plant=Cable(), wiring=wiring)
    fixture.run_for(BOOT_s)
    switch_on(fixture)
    assert fixture.ask("MEAS1:VOLT?;:MEAS7:VOLT?;:MEAS2:VOLT?") == "9.000000;9.000000;0.000000"


def test_the_firmware_keeps_the_rules_of_the_bus(fixture: VirtualFixture) -> None:
    switch_on(fixture)
    fixture.ask("*TST?;:MEAS:VOLT:ALL?")
    fixture.command("DIG:PATT 4660;PULS 4660,100")
    fixture.command("SENS:SWE? 2,-5,5,100,0,2,255", settle_s=0.5)
    fixture.command("*RST")
    assert fixture.adc.conversions > 1600
    assert fixture.violations.rules == []


def test_there_are_six_terminals(fixture: VirtualFixture) -> None:
    with pytest.raises(InputError, match="0 to 5"):
        fixture.terminal_V(6)


def test_terminals_disturb_a_sense_along_the_copper(firmware: Path) -> None:
    """10 V at five others: 10 V / 6 kohm each through the copper that its foot shares with them."""
    fixture = VirtualFixture(
        firmware,
        errors=Errors(noise_V=0.5e-3),
        circuit=dataclasses.replace(ideal(), copper=SHARES),
    )
    fixture.run_for(BOOT_s)
    fixture.command("OUTP ON")
    fixture.command("SENS:AVER 64")

    def read_V(others_V: float) -> float:
        for source in range(1, 6):
            fixture.command(f"SOUR{source}:VOLT {others_V}")
        codes = [int(fixture.ask("MEAS6:RAW?")) / 64 for _ in range(16)]
        return sum(codes) / len(codes) * STEP_V

    before_V, during_V, after_V = read_V(0.0), read_V(10.0), read_V(0.0)
    own = SENSE_FEET_ohm[5]
    rise_V = 4 * 10.0 / 6e3 * sum(own[:5])
    # 1024 conversions with half a step of noise each.
    assert 1.4e-3 < rise_V == pytest.approx(during_V - before_V, abs=0.35e-3)
    assert after_V == pytest.approx(before_V, abs=0.35e-3)
