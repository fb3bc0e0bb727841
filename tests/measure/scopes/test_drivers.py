"""Every driver through pyvisa, over raw sockets and HiSLIP, on its emulated scope.

What the scopes look at is known by its law: a step at the trigger and a capacitor that it charges.
"""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from realnet_hw.emulate.scopes import ports
from realnet_hw.emulate.scopes.virtual_scope import DIALECTS, VirtualScope
from realnet_hw.errors import BenchError, InputError, LinkLost
from realnet_hw.measure.link import NoAnswer
from realnet_hw.measure.scopes.connection import Connection
from realnet_hw.measure.scopes.drivers import DRIVERS, open_scope
from realnet_hw.measure.scopes.scope import Scope
from tests.emulate.scopes.benches import Waves, charging, step

TAU_S, AT_S, ARMED_S = 20e-6, 10.0, 5.0
LINKS = ("socket", "hislip")


class Steps(Waves):
    """A step at 10 s, when it is told that it may come."""

    def __init__(self) -> None:
        laws = {"input": step(AT_S, rise_s=50e-9), "output": charging(AT_S, TAU_S)}
        super().__init__(laws, [AT_S], ARMED_S)


@contextlib.contextmanager
def scope_at(driver: str, link: str) -> Iterator[tuple[Scope, VirtualScope, Steps]]:
    waves, turn = Steps(), threading.RLock()
    virtual = VirtualScope(driver, waves, lambda: turn, {1: "input", 2: "output"}, seed=3)
    try:
        with open_scope(virtual.addresses[link], driver, timeout_s=5) as scope:
            yield scope, virtual, waves
    finally:
        virtual.close()


def take(scope: Scope, waves: Steps) -> None:
    scope.channel(1, volts_a_division=1, centre_V=2.5)
    scope.channel(2, volts_a_division=1, centre_V=2.5)
    for number in (3, 4):
        scope.hide(number)
    scope.timebase(s_a_division=20e-6, centre_s=40e-6)
    scope.trigger(1, level_V=2.5, rising=True)
    scope.check()
    scope.single()
    assert scope.state() == "armed"
    waves.time_s = AT_S + 1
    scope.wait(5)


def test_for_every_driver_there_is_an_emulation() -> None:
    assert DRIVERS.keys() == DIALECTS.keys()
    for name, driver in DRIVERS.items():
        model, _ = DIALECTS[name]
        assert driver.specification.divisions == model.divisions
        assert driver.specification.gain_error >= model.gain_error
        assert "Ref:" in (__import__(driver.__module__, fromlist=["x"]).__doc__ or "")


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_waveform_is_where_and_when_it_was(driver: str, link: str) -> None:
    with scope_at(driver, link) as (scope, _, waves):
        take(scope, waves)
        for number, half_s in ((1, 0.0), (2, TAU_S * math.log(2))):
            wave = scope.waveform(number)
            volts, times_s = wave.volts, wave.times_s
            assert len(volts) == len(times_s) >= 1000
            span_s = scope.specification.divisions * 20e-6
            assert times_s[0] == pytest.approx(40e-6 - span_s / 2, abs=wave.step_s)
            assert times_s[-1] - times_s[0] == pytest.approx(span_s - wave.step_s, rel=1e-4)
            # Gain and offset are off as a scope's may be; its own half-way is not.
            low_V, high_V = volts[times_s < -1e-6].mean(), volts[times_s > 5 * TAU_S].mean()
            u_V = math.hypot(*(each.u_V for each in scope.components(1.0)))
            assert abs(low_V) < 2 * u_V
            assert abs(high_V - 5) < 2 * u_V
            settled_V = low_V + (high_V - low_V) / (1 - math.exp(-6)) if number == 2 else high_V
            below = int((volts < (low_V + settled_V) / 2).sum())
            assert times_s[0] + below * wave.step_s == pytest.approx(half_s, abs=0.3e-6)
            assert not wave.is_cut_off
        assert scope.errors() == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_wave_that_leaves_the_screen_is_told_as_cut_off(driver: str) -> None:
    """At 0.2 V a division a converter of eight to ten divisions ends far below 5 V."""
    for centre_V in (0.0, 5.0):  # only the upper end is reached, and only the lower one
        with scope_at(driver, "socket") as (scope, _, waves):
            take(scope, waves)
            assert not scope.waveform(1).is_cut_off
            waves.time_s = ARMED_S
            scope.channel(1, volts_a_division=0.2, centre_V=centre_V)
            scope.single()
            waves.time_s = AT_S + 1
            scope.wait(5)
            wave = scope.waveform(1)
            assert wave.is_cut_off
            assert np.ptp(wave.volts) < 1.5


@pytest.mark.parametrize("driver", DRIVERS)
def test_measurements_and_picture(driver: str) -> None:
    with scope_at(driver, "socket") as (scope, _, waves):
        take(scope, waves)
        assert scope.measure(1, "peak_to_peak") == pytest.approx(5.1, abs=0.25)
        assert scope.measure(2, "rise_time") == pytest.approx(TAU_S * math.log(9), rel=0.15)
        assert scope.measure(1, "frequency") is None
        picture = scope.screenshot()
        assert picture[:2] in (b"\x89P", b"BM")
        # Nothing of the picture is left over.
        assert scope.measure(1, "maximum") == pytest.approx(5.05, abs=0.25)
        assert scope.errors() == []


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("driver", DRIVERS)
def test_an_unknown_query_is_answered_with_an_error_at_once(driver: str, link: str) -> None:
    with scope_at(driver, link) as (scope, _, _):
        begun_s = time.monotonic()
        assert "113" in scope.connection.ask("NONSENSE:HEADER?")
        assert time.monotonic() - begun_s < 1
        assert any("113" in error for error in scope.errors())
        scope.connection.tell("NONSENSE 1")
        with pytest.raises(BenchError, match="refused a setting"):
            scope.check()
        with pytest.raises(InputError, match="no channel 5"):
            scope.hide(5)


@pytest.mark.parametrize("driver", ["rigol_ds1000z", "rigol_dho800"])
def test_deep_memory_comes_in_pieces(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one read gives: the pieces join without a sample lost or doubled."""
    with scope_at(driver, "socket") as (scope, virtual, waves):
        monkeypatch.setattr(type(scope), "most", 1700)
        take(scope, waves)
        codes = scope.waveform(2).codes
        assert virtual.digitiser.record is not None
        own = virtual.digitiser.record.taken[2].codes
        assert len(codes) == len(own) > 3 * 1700
        assert np.ptp(codes / np.ptp(codes) - own / np.ptp(own)) < 1e-9


def test_a_memory_can_not_be_read_while_it_runs_nor_more_than_a_read_gives() -> None:
    with scope_at("rigol_ds1000z", "socket") as (scope, _, _):
        line = scope.connection
        line.tell(":WAV:MODE RAW")
        assert "-221" in line.ask(":WAV:DATA?")
        line.tell(":ACQ:MDEP 1200000")
        line.tell(":STOP")
        line.tell(":WAV:STAR 1")
        line.tell(":WAV:STOP 999999999")
        assert "-222" in line.ask(":WAV:DATA?")


def test_the_wrong_driver_is_refused() -> None:
    waves, turn = Steps(), threading.RLock()
    virtual = VirtualScope("keysight_1000x", waves, lambda: turn, {})
    try:
        with pytest.raises(BenchError, match=r"KEYSIGHT.*Ds1000z"):
            open_scope(virtual.addresses["socket"], "rigol_ds1000z")
        with pytest.raises(InputError, match="no scope driver 'rigol'"):
            open_scope(virtual.addresses["socket"], "rigol")
    finally:
        virtual.close()


@pytest.mark.parametrize("form", ["TCPIP::{}::{}::SOCKET", "TCPIP::{}::hislip0,{}::INSTR"])
def test_nobody_there_is_said_in_one_line(form: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = form.format("127.0.0.1", port)
    with pytest.raises(LinkLost) as told:
        open_scope(address, "rigol_ds1000z", timeout_s=1)
    assert "\n" not in str(told.value)
    assert address in str(told.value)


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(BenchError, match="no VISA resource name"):
        Connection("192.168.1.20")


@pytest.mark.parametrize("link", LINKS)
def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(link: str) -> None:
    def execute(message: bytes) -> bytes:
        if message == b"SLOW?":
            time.sleep(0.6)
        return message.removesuffix(b"?") + b"\n"

    port = (ports.RawSocket if link == "socket" else ports.Hislip)(execute)
    try:
        with Connection(port.address, timeout_s=0.25) as line:
            assert line.ask("FIRST?") == "FIRST"
            with pytest.raises(NoAnswer, match=r"'SLOW\?'"):
                line.ask("SLOW?")
            time.sleep(0.6)
            assert line.ask("NEXT?") == "NEXT"
            assert line.ask_number("-12.5e-3V?") == -12.5e-3
            with pytest.raises(BenchError, match="no number"):
                line.ask_number("WORD?")
    finally:
        port.close()


def test_small_messages_do_not_wait_for_acknowledgements() -> None:
    """With Nagle's algorithm two writes before a query cost 40 ms each time."""
    port = ports.RawSocket(lambda message: b"1\n" if message.endswith(b"?") else b"")
    try:
        with Connection(port.address) as line:
            begun_s = time.monotonic()
            for _ in range(50):
                line.tell("A 1")
                line.tell("B 2")
                line.ask("C?")
            assert time.monotonic() - begun_s < 50 * 0.02
    finally:
        port.close()


def test_a_scope_hung_up_is_lost() -> None:
    with scope_at("siglent_sds1000x_e", "hislip") as (scope, virtual, _):
        virtual.close()
        with pytest.raises((LinkLost, NoAnswer)):
            scope.connection.ask("*IDN?")


@pytest.mark.parametrize("garbage", [b"\x00" * 64, b"HS" + bytes(14), b"HS\x06\0" + b"\xff" * 12])
def test_garbage_on_a_port_harms_nobody_else(garbage: bytes) -> None:
    with scope_at("keysight_1000x", "hislip") as (scope, virtual, _):
        for address in virtual.addresses.values():
            number = int(address.replace(",", "::").split("::")[-2])
            with socket.create_connection(("127.0.0.1", number)) as line:
                line.sendall(garbage + b"\n")
        assert "KEYSIGHT" in scope.connection.ask("*IDN?")
