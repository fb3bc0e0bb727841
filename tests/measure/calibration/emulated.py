"""A fixture and a meter on the bench, in this very process.

A calibration of the virtual bench in its own process takes as long as a real one, most of it for
the meter's readings. Here a second of the fixture's takes a fraction of one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.meter_bench import MeterBench, meter_bench
from realnet_hw.measure.calibration import stored
from realnet_hw.measure.calibration.procedure import Bench, Plan, TakenPoint
from realnet_hw.measure.calibration.standards import (
    OWN_REFERENCE,
    DmmTable,
    Meter,
    standard_of,
)
from realnet_hw.measure.journal import Journal
from realnet_hw.measure.link import NoAnswer
from realnet_hw.records import Standard
from tests.in_process import InProcessFixture, InProcessLink
from tests.journals import HEADER

_BOOT_s = 0.05
_LOOK_s = 0.2e-3
KEYSIGHT = DmmTable(driver="keysight_344xx", certificate="K-1234")


class QuickLink(InProcessLink):
    """Looks for an answer now and then only, which is faster and a little late."""

    def _wait(self, is_there: Callable[[], bool], timeout_s: float | None) -> None:
        end_s = self.virtual.now_s + (timeout_s or 2.0)
        while not is_there():
            if self.virtual.now_s > end_s:
                raise NoAnswer("no answer in time", where=self.address)
            self.virtual.run_for(_LOOK_s)
            self._unread.extend(self.virtual.receive())


class EmulatedMeter(Meter):
    """The emulated meter, asked without a line."""

    def __init__(self, standard: Standard, bench: MeterBench, digits: int | None = None) -> None:
        super().__init__(standard)
        self.bench = bench
        self._digits = digits

    def read(self, what: str, expected_V: float, within_V: float) -> float:
        """Return what it shows, to so many decimals where a person reads it."""
        shown = float(self.bench.meter.execute(b"READ?"))
        assert abs(shown - expected_V) <= within_V, what
        return shown if self._digits is None else round(shown, self._digits)

    def close(self) -> None:
        """Nothing to give back."""


@dataclass
class EmulatedHands:
    """Who moves the lead."""

    bench: MeterBench

    def lead(self, to: str) -> None:
        """Put the lead on a terminal."""
        self.bench.meter.execute(f"BENC:LEAD {to}".encode())


class _Pace:
    """Lets the time of a meter's reading pass for the fixture as well."""

    virtual: VirtualFixture | None = None

    def __call__(self, seconds: float) -> None:
        assert self.virtual is not None
        self.virtual.run_for(seconds)


@dataclass(frozen=True)
class OnBench:
    """A fixture that is ready to be calibrated."""

    calibrating: Bench
    bench: MeterBench
    standard: Standard

    @property
    def virtual(self) -> VirtualFixture:
        """The fixture that is simulated."""
        return self.bench.fixture


@contextlib.contextmanager
def on_bench(
    firmware: Path,
    folder: Path,
    *,
    seed: int,
    truth: str,
    plan: Plan,
    table: DmmTable | None = KEYSIGHT,
    warm_s: float = 0.1,
    meter_cycles: float = 1.0,
) -> Iterator[OnBench]:
    """Put a drawn fixture and a drawn meter on the bench, switched on some time ago.

    Args:
        firmware: the ELF file.
        folder: for the journal.
        seed, truth: of the fixture.
        plan: how many points.
        table: which meter; None for the fixture's own reference.
        warm_s: since when.
        meter_cycles: power line cycles that a reading of the meter takes.
    """
    standard = (
        OWN_REFERENCE if table is None else standard_of(table, "meter", "34461A", where="test")
    )
    stated = OWN_REFERENCE if table is None else standard
    pace = _Pace()
    made = meter_bench(
        firmware,
        dialect="scpi",
        of_reading=stated.of_reading,
        of_range_V=stated.of_range_V,
        seed=seed,
        truth=truth,
        pace=pace,
    )
    pace.virtual = made.fixture
    made.meter.range_V, made.meter.cycles = 10.0, meter_cycles
    made.fixture.run_for(_BOOT_s + warm_s)
    address = f"virtual-{folder.name}-{truth}-{seed}"
    with InProcessFixture(QuickLink(made.fixture, address)) as fixture:
        journal: Journal[TakenPoint] = Journal.begin(folder / f"{truth}-{seed}.jsonl", HEADER)
        with journal:
            is_typed = standard.kind == "typed"
            meter = (
                None if table is None else EmulatedMeter(standard, made, 4 if is_typed else None)
            )
            calibrating = Bench(
                fixture,
                meter,
                standard.kind,
                EmulatedHands(made),
                journal,
                stored.corrections_in(fixture),
                plan,
                lambda _done, _total, _next: None,
            )
            yield OnBench(calibrating, made, standard)
