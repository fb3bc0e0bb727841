"""The virtual bench of a calibration: a fixture with a multimeter in place of a board."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.emulate.eeprom import keep, restore
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.meter import WIRES, Leads, Multimeter, ServedMeter, drawn_errors
from realnet_hw.emulate.server import BenchServer, abandoned, run_until_stopped
from realnet_hw.emulate.truths import draw_circuit, draw_errors

_FOLLOWER_V = 2e-3
"""Offset of the amplifier between the reference and its terminal, at most."""


@dataclass(frozen=True)
class MeterBench:
    """A fixture, the lead of its senses, and the meter on it."""

    fixture: VirtualFixture
    leads: Leads
    meter: Multimeter


def meter_bench(
    firmware: Path,
    *,
    dialect: str,
    of_reading: float,
    of_range_V: float,
    seed: int = 0,
    noise: bool = True,
    truth: str = "even",
    pace: Callable[[float], None] = time.sleep,
) -> MeterBench:
    """Put a drawn meter on a drawn fixture.

    Args:
        firmware: the ELF file of the fixture's firmware.
        dialect: of the meter, a key of ``meter.DIALECTS``.
        of_reading, of_range_V: its specification, see ``meter.drawn_errors``.
        seed: of both.
        noise: whether the fixture's conversions have any.
        truth: how the fixture's errors are drawn, a key of ``truths.FIXTURES``.
        pace: lets the time pass that a reading takes.

    Raises:
        ToolMissing: libsimavr is not installed.
    """
    leads = Leads()
    fixture = VirtualFixture(
        firmware,
        plant=leads,
        wiring=WIRES,
        errors=draw_errors(seed, truth=truth, noise=noise),
        circuit=draw_circuit(seed, truth=truth),
    )
    follower = random.Random(f"REF {seed}").uniform(-_FOLLOWER_V, _FOLLOWER_V)
    leads.reference_V = fixture.front_end.reference_V + follower
    wrong = drawn_errors(seed, of_reading, of_range_V)
    meter = Multimeter(fixture, leads, wrong, dialect=dialect, seed=seed, pace=pace)
    return MeterBench(fixture, leads, meter)


def serve(bench: MeterBench, *, eeprom: Path | None = None, idle_s: float = 30.0) -> None:
    """Serve it until SIGINT or SIGTERM, or until it is idle and its parent is gone.

    Prints one line of JSON with the addresses when it is ready, and afterwards, on stderr, the bus
    rules that the firmware broke.

    Args:
        bench: not yet run.
        eeprom: file that keeps what the controller's EEPROM holds from one run to the next.
        idle_s: seconds without a byte after which it ends if the parent process is gone.

    Raises:
        InputError: that file can't be used.
        BenchError: the firmware crashed.
    """
    parent = os.getppid()
    restore(bench.fixture.controller, eeprom)
    server = BenchServer(bench.fixture, idle_s=idle_s, abandoned=lambda: abandoned(parent))
    meter = ServedMeter(bench.meter)
    ready = {"fixture": server.address, "meter": meter.addresses, "pid": os.getpid()}
    try:
        run_until_stopped(server, ready)
    finally:
        keep(bench.fixture.controller, eeprom)
        meter.close()
    for rule in bench.fixture.violations.rules:
        sys.stderr.write(f"firmware: bus rule broken: {rule}\n")
