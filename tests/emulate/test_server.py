"""The virtual bench as its users meet it: a pseudo-terminal, a VISA client, processes that die."""

from __future__ import annotations

import contextlib
import ctypes.util
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.front_end import RELAY_MAX_s
from realnet_hw.emulate.server import BenchServer

HERE = Path(__file__).parent
HEARTBEAT_s = 1.0


@contextlib.contextmanager
def serving(fixture: VirtualFixture, **options: Any) -> Iterator[BenchServer]:
    server = BenchServer(fixture, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.close()


@contextlib.contextmanager
def visa(address: str) -> Iterator[Any]:
    import pyvisa

    manager = pyvisa.ResourceManager("@py")
    client = manager.open_resource(
        address, read_termination="\n", write_termination="\n", baud_rate=115200, timeout=3000
    )
    try:
        yield client
    finally:
        client.close()
        manager.close()


def wait_until(condition: Callable[[], bool], limit_s: float) -> bool:
    end_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.002)
    return True


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.fixture(scope="module")
def server(firmware: Path) -> Iterator[BenchServer]:
    with serving(VirtualFixture(firmware)) as running:
        yield running


# ------------------------------------------------------------ a fixture on a pty


def test_a_visa_client_talks_to_the_firmware(server: BenchServer) -> None:
    with visa(server.address) as client:
        assert client.query("*IDN?").startswith("realnet_hw,fixture,")
        client.write("*RST;*CLS;:SOUR1:VOLT -3.5;:OUTP ON")
        assert client.query("OUTP?") == "1"
        time.sleep(2 * RELAY_MAX_s)
        assert server.fixture.terminal_V(0) == pytest.approx(-3.5)
        assert float(client.query("MEAS1:VOLT?")) == pytest.approx(-3.5, abs=0.003)
        assert client.query("SYST:ERR?").startswith("0,")


def test_binary_blocks_arrive_whole(server: BenchServer) -> None:
    """Every byte value passes the line: nothing is taken for a control character."""
    with visa(server.address) as client:
        client.write("*RST;*CLS;:OUTP ON")
        time.sleep(2 * RELAY_MAX_s)
        client.write("SENS:SWE? 1,-10.24,10.235,4096,0,1,1")
        block = client.read_bytes(6 + 8192 + 2 + 1)
    assert block[:6] == b"#48194"
    codes = [int.from_bytes(block[6 + 2 * n : 8 + 2 * n]) / 16 for n in range(4096)]
    assert codes[100:] == list(range(100, 4096))


def test_virtual_time_follows_the_clock_and_is_never_ahead(server: BenchServer) -> None:
    with visa(server.address) as client:
        client.query("*IDN?")
        started_s, virtual_s = time.monotonic(), server.fixture.now_s
        while time.monotonic() - started_s < 0.5:
            client.query("*OPC?")
            passed_s = server.fixture.now_s - virtual_s
            # The idle slice may have been owed at the start.
            assert passed_s <= time.monotonic() - started_s + 0.021
    assert passed_s > 0.1


def test_an_idle_bench_costs_little(server: BenchServer) -> None:
    time.sleep(0.1)
    before = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(1.0)
    after = resource.getrusage(resource.RUSAGE_SELF)
    used_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert used_s < 0.1


def test_a_quiet_line_is_no_lost_heartbeat_while_outputs_are_off(server: BenchServer) -> None:
    with visa(server.address) as client:
        client.write("*RST;*CLS")
        time.sleep(1.3)
        assert client.query("SYST:ERR?").startswith("0,")


def test_answers_wait_for_a_host_that_reads_late(server: BenchServer) -> None:
    """More of them than the pseudo-terminal holds; the firmware is not kept waiting."""
    handle = os.open(server.address.removeprefix("ASRL").removesuffix("::INSTR"), os.O_RDWR)
    answers = b""
    try:
        for _ in range(30):
            os.write(handle, b"*IDN?\n" * 10)
            time.sleep(0.035)
        assert server.fixture.controller.quiet
        while select.select([handle], [], [], 0.2)[0]:
            answers += os.read(handle, 65_536)
    finally:
        os.close(handle)
    lines = answers.decode().splitlines()
    assert len(lines) == 300
    assert len(set(lines)) == 1


def test_a_hung_firmware_is_off_the_terminals_within_a_quarter_second(
    server: BenchServer,
) -> None:
    fixture = server.fixture
    with visa(server.address) as client:
        client.write("*RST;*CLS;:SOUR1:VOLT 5;:OUTP ON")
        assert wait_until(lambda: fixture.terminal_V(0) > 4.9, 1.0)
        fixture.force_hang()
        started_s = fixture.now_s
        assert wait_until(lambda: fixture.terminal_V(0) == 0.0, 2.0)
        assert fixture.now_s - started_s < 0.25
        time.sleep(0.05)
        assert client.query("SYST:ERR?").startswith("102,")


def test_a_killed_host_is_off_the_terminals_after_the_heartbeat(server: BenchServer) -> None:
    fixture = server.fixture
    with process(str(HERE / "host.py"), server.address) as host:
        assert host.stdout is not None
        assert wait_until(lambda: fixture.terminal_V(0) > 4.9, 20.0)
        assert float(host.stdout.readline()) == pytest.approx(5.0, abs=0.01)
        host.send_signal(signal.SIGKILL)
        host.wait()
        killed_s = time.monotonic()
        time.sleep(0.5 * HEARTBEAT_s)
        assert fixture.terminal_V(0) == pytest.approx(5.0)
        assert wait_until(lambda: fixture.terminal_V(0) == 0.0, 2.0)
        # Half a second more for a machine that does not keep up.
        assert time.monotonic() - killed_s < HEARTBEAT_s + RELAY_MAX_s + 0.5
    assert not fixture.connected
    assert fixture.violations.rules == []


def test_it_ends_when_it_is_idle_and_abandoned(firmware: Path) -> None:
    for abandoned in (False, True):
        server = BenchServer(
            VirtualFixture(firmware), idle_s=0.2, abandoned=lambda answer=abandoned: answer
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        thread.join(0.8)
        assert thread.is_alive() is not abandoned
        server.stop()
        thread.join()
        server.close()


# -------------------------------------------------------- a process of its own


@pytest.fixture
def bench(firmware: Path) -> list[str]:
    if ctypes.util.find_library("ngspice") is None:
        pytest.skip("libngspice is not installed")
    return [str(HERE / "serve_divider.py"), str(firmware)]


def first_line(started: subprocess.Popen[str]) -> dict[str, Any]:
    assert started.stdout is not None
    ready, _, _ = select.select([started.stdout], [], [], 30.0)
    assert ready
    line: dict[str, Any] = json.loads(started.stdout.readline())
    return line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_board_is_measured_and_a_signal_ends_it_cleanly(
    bench: list[str], number: signal.Signals
) -> None:
    with process(*bench, "30") as started:
        ready = first_line(started)
        assert ready["board"] == "divider"
        assert ready["pid"] == started.pid
        assert ready["wiring"] == {"A": "dac0", "A.sense": "adc0", "M": "adc1"}
        with visa(ready["fixture"]) as client:
            client.write("*RST;*CLS;:SOUR1:VOLT 6;:OUTP ON;:SENS:AVER 16")
            time.sleep(2 * RELAY_MAX_s)
            delivered_V = float(client.query("MEAS1:VOLT?"))
            middle_V = float(client.query("MEAS2:VOLT?"))
        # The errors of an uncalibrated fixture, a divider of two.
        assert delivered_V == pytest.approx(6.0, abs=0.12)
        assert middle_V == pytest.approx(3.0, abs=0.09)
        started.send_signal(number)
        out, err = started.communicate(timeout=10)
    assert started.returncode == 0
    assert out == ""
    assert err == ""


def test_a_fault_reaches_the_terminals(bench: list[str]) -> None:
    with process(*bench, "30", "R2 open") as started:
        ready = first_line(started)
        assert ready["faults"] == ["R2 open"]
        with visa(ready["fixture"]) as client:
            client.write("*RST;*CLS;:SOUR1:VOLT 6;:OUTP ON")
            time.sleep(2 * RELAY_MAX_s)
            assert float(client.query("MEAS2:VOLT?")) == pytest.approx(6.0, abs=0.15)


@contextlib.contextmanager
def ended(pid: int) -> Iterator[None]:
    """Leave no orphan behind, whatever becomes of the test."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether a process exists and has not ended (an adopted one may wait to be collected)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_ends_by_itself_after_its_parent_was_killed(bench: list[str]) -> None:
    script, firmware = bench
    with process(script, "--orphan", firmware, "0.5") as parent:
        pid = first_line(parent)["pid"]
        with ended(pid):
            assert pid != parent.pid
            time.sleep(1.0)
            assert is_running(pid)
            parent.send_signal(signal.SIGKILL)
            assert wait_until(lambda: not is_running(pid), 20.0)


@pytest.mark.parametrize("how", ["--orphan-at-once", "--adopted"])
def test_it_ends_by_itself_if_its_parent_died_before_it_was_ready(
    bench: list[str], how: str
) -> None:
    script, firmware = bench
    with process(script, how, firmware, "0.5") as started:
        pid = first_line(started)["pid"]
        with ended(pid):
            assert pid != started.pid
            assert wait_until(lambda: not is_running(pid), 20.0)
