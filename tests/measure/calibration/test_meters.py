"""Meters of four dialects, through pyvisa over a raw socket and HiSLIP, on a terminal."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from realnet_hw.emulate.meter import Multimeter, ServedMeter
from realnet_hw.emulate.meter_bench import MeterBench, meter_bench
from realnet_hw.errors import BenchError, InputError, LinkLost
from realnet_hw.measure.calibration import meters
from realnet_hw.measure.calibration.meters import open_meter
from realnet_hw.measure.calibration.standards import (
    DmmTable,
    check_dmm,
    standard_of,
    standard_u_gain,
    standard_u_V,
)

STATED = DmmTable(driver="scpi", percent_of_reading=0.01, percent_of_range=0.002, range_V=10)
TABLES = {
    "scpi": STATED,
    "keysight_344xx": DmmTable(driver="keysight_344xx"),
    "siglent_sdm3000": DmmTable(driver="siglent_sdm3000"),
    "rigol_dm3000": DmmTable(driver="rigol_dm3000"),
}


@pytest.fixture(scope="module")
def bench(firmware: Path) -> MeterBench:
    """A fixture whose first source gives 4 V, and its leads."""
    made = meter_bench(
        firmware, dialect="scpi", of_reading=1e-4, of_range_V=2e-4, seed=9, pace=lambda _s: None
    )
    made.fixture.run_for(0.05)
    made.fixture.command("SYST:HEAR 0;:SOUR1:VOLT 4;:OUTP ON")
    made.leads.to = "dac0"
    return made


@contextlib.contextmanager
def served(bench: MeterBench, dialect: str) -> Iterator[ServedMeter]:
    meter = ServedMeter(
        Multimeter(
            bench.fixture, bench.leads, bench.meter.errors, dialect=dialect, pace=lambda _s: None
        )
    )
    try:
        yield meter
    finally:
        meter.close()


@pytest.fixture(autouse=True)
def _no_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters, "_SETTLE_S", 0.0)


@pytest.mark.parametrize("link", ["socket", "hislip"])
@pytest.mark.parametrize("dialect", list(TABLES))
def test_a_meter_reads_what_is_there_within_its_specification(
    bench: MeterBench, dialect: str, link: str
) -> None:
    table = TABLES[dialect]
    with (
        served(bench, dialect) as meter,
        contextlib.closing(open_meter(table, meter.addresses[link])) as opened,
    ):
        true_V = bench.fixture.terminal_V(0)
        volts = opened.read("dac0", 4.0, 0.2)
        # The bench's meter was drawn within 0.01 % and 0.2 mV.
        assert 0 < abs(volts - true_V) <= 1e-4 * true_V + 2.2e-4
        assert opened.standard.kind == "meter"
        assert not opened.standard.traceable
        with pytest.raises(BenchError, match=r"where dac0 should give -4\.000 V"):
            opened.read("dac0", -4.0, 0.2)


def test_each_family_says_what_it_is_sure_of(bench: MeterBench) -> None:
    with served(bench, "rigol_dm3000") as meter:
        address = meter.addresses["socket"]
        with contextlib.closing(open_meter(DmmTable(driver="rigol_dm3000"), address)) as opened:
            # RIGOL's Performance Verification Guide: 20 V are shown within 0.9 mV after a year.
            standard = opened.standard
            assert 20 * standard.of_reading + standard.of_range_V == pytest.approx(900e-6)
        day = DmmTable(driver="rigol_dm3000", interval="24 hours")
        with contextlib.closing(open_meter(day, address)) as opened:
            standard = opened.standard
            assert 20 * standard.of_reading + standard.of_range_V == pytest.approx(480e-6)


def test_a_bound_counts_as_rectangular() -> None:
    standard = standard_of(STATED, "m", "m", where="")
    assert standard_u_V(standard) == pytest.approx(2e-4 / 3**0.5)
    assert standard_u_gain(standard) == pytest.approx((1e-4 + 2e-5) / 3**0.5)


def test_another_dialect_is_refused(bench: MeterBench) -> None:
    with served(bench, "rigol_dm3000") as meter, pytest.raises(BenchError, match="refused a set"):
        open_meter(STATED, meter.addresses["socket"])


def test_an_unknown_model_needs_its_specification(bench: MeterBench) -> None:
    with (
        served(bench, "siglent_sdm3000") as meter,
        pytest.raises(InputError, match="SDM3065X is not known"),
    ):
        open_meter(DmmTable(driver="keysight_344xx"), meter.addresses["socket"])


def test_what_is_too_much_for_its_range_is_overload(bench: MeterBench) -> None:
    with (
        served(bench, "scpi") as meter,
        contextlib.closing(open_meter(STATED, meter.addresses["socket"])) as opened,
    ):
        opened.connection.tell("VOLT:DC:RANG 1")
        with pytest.raises(BenchError, match="the meter shows overload"):
            opened.read("dac0", 4.0, 0.2)


def test_nobody_there_is_said(bench: MeterBench) -> None:
    with served(bench, "scpi") as meter:
        address = meter.addresses["socket"]
    with pytest.raises(LinkLost):
        open_meter(STATED, address)


def test_an_unknown_query_is_answered_at_once(bench: MeterBench) -> None:
    with served(bench, "keysight_344xx") as meter:
        host, port = meter.addresses["socket"].split("::")[1:3]
        with socket.create_connection((host, int(port)), timeout=5) as line:
            began = time.monotonic()
            line.sendall(b"CALC:AVER:MAX?\nSYST:ERR?\nSYST:ERR?\n")
            heard = b""
            while heard.count(b"\n") < 3:
                heard += line.recv(200)
            assert time.monotonic() - began < 2
    assert heard.splitlines() == [
        b'-113,"Undefined header"', b'-113,"Undefined header"', b'+0,"No error"',
    ]  # fmt: skip


def test_a_reading_takes_its_line_cycles(bench: MeterBench) -> None:
    waited: list[float] = []
    meter = Multimeter(bench.fixture, bench.leads, bench.meter.errors, pace=waited.append)
    meter.execute(b"CONF:VOLT:DC 10;:VOLT:DC:NPLC 10")
    meter.execute(b"READ?")
    assert waited == [0.2]


def test_leads_go_where_they_are_put(bench: MeterBench) -> None:
    meter = Multimeter(bench.fixture, bench.leads, bench.meter.errors, pace=lambda _s: None)
    for to, about_V in (("GND", 0.0), ("REF", 4.096), ("dac0", 4.0)):
        meter.execute(f"CONF:VOLT:DC 10;:BENC:LEAD {to}".encode())
        assert meter.execute(b"BENC:LEAD?") == to.encode() + b"\n"
        assert float(meter.execute(b"READ?")) == pytest.approx(about_V, abs=0.15)
    assert meter.execute(b"BENC:LEAD?;LEAD dac9;LEAD?").startswith(b"dac0")


@pytest.mark.parametrize(
    ("table", "is_virtual", "what"),
    [
        (
            DmmTable(
                driver="typed",
                percent_of_reading=1,
                percent_of_range=1,
                range_V=10,
                certificate="K-1",
            ),
            True,
            "a certificate",
        ),
        (DmmTable(driver="scpi"), True, "no whole specification"),
        (DmmTable(driver="typed", percent_of_reading=1), True, "no whole specification"),
        (DmmTable(driver="keysight_344xx", range_V=10), True, "no whole specification"),
        (DmmTable(driver="keysight_344xx"), False, "no address"),
        (DmmTable(driver="keysight_344xx", address="TCPIP::x::1::SOCKET"), True, "an address"),
    ],
)
def test_meters_that_can_not_be(table: DmmTable, is_virtual: bool, what: str) -> None:
    with pytest.raises(InputError, match=what):
        check_dmm(table, is_virtual=is_virtual, where="station")
