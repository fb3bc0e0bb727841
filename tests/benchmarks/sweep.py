"""How near the fixture comes to what its converters and its line allow, in virtual time.

    make bench BENCH=sweep

The compiled firmware runs in the simulated controller, whose times are those of the datasheets,
so that the figures are the same on every machine. First sweeps, at 115200 baud and at 1 Mbaud:
points a second, over what bounds them. Then the four cases of a truth table, taken by the host's
own program with a station's usual reading, and where the time goes. The host's own time, and that
of a USB adapter, are not in it.

Exit status 1 where a sweep of one channel is below 0.8 of its limit, or where something else takes
more of the truth table than settling.

Ref: MCP3208 DS21298E (24 clocks a conversion, 2 MHz at 5 V); MCP4922 DS20002250B (16 bits);
     ATmega328P DS40002061, table 20-1 (baud rates).
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from realnet_hw.board import load_board
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.measure import bench, procedure
from realnet_hw.measure import station as stations
from realnet_hw.measure.journal import Journal, Point
from tests.in_process import InProcessFixture, InProcessLink
from tests.journals import HEADER

FIRMWARE = Path(__file__).parents[2] / "firmware" / "fixture"
BAUDS = (115_200, 1_000_000)
LEAST_RATIO = 0.8
_BOOT_s = 0.03
_CLOCK_Hz = 16e6
_FRAME_bits = 10
_ADC_s, _DAC_s = 24 / 2e6, 16 / 8e6
# Parts of the truth table's time.
SETTLING, SPREAD = "settling", "readings spread over a period of the mains"
CONVERSIONS, LINE, REST = "conversions", "line", "firmware"


@dataclass(frozen=True)
class Kind:
    """A sweep: how many channels, conversions a reading, and how long each step settles."""

    channels: int = 1
    average: int = 1
    settle_us: int = 0
    points: int = 2000

    def limits_s(self, byte_s: float) -> dict[str, float]:
        """What each thing takes for a point, if it does nothing else."""
        conversions = self.channels * (self.average + (self.channels > 1))
        return {
            "line": 2 * self.channels * byte_s,
            "converters": _DAC_s + self.settle_us * 1e-6 + conversions * _ADC_s,
        }


KINDS = (
    Kind(), Kind(settle_us=50), Kind(average=16), Kind(channels=3), Kind(channels=8, average=16),
)  # fmt: skip


def byte_s(baud: int) -> float:
    """The time of a byte as the controller divides its clock, which 115200 does not divide."""
    return _FRAME_bits * 8 * round(_CLOCK_Hz / (8 * baud)) / _CLOCK_Hz


@contextmanager
def firmware_at(baud: int) -> Iterator[Path]:
    """Build the firmware for a rate of the line, in a folder that goes away again."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "fixture"
        shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("build"))
        command = ["make", "-s", "-C", str(copy), f"BAUD={baud}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        yield copy / "build" / "fixture.elf"


def points_per_s(fixture: VirtualFixture, kind: Kind) -> float:
    """Sweep once, from the first byte of the command to the last one of the block."""
    fixture.command("SYST:HEAR 60;:OUTP ON", settle_s=0.05)
    values = kind.points * kind.channels
    expected = 2 + len(str(2 * values + 2)) + 2 * values + 3
    settings = f"{kind.points},{kind.settle_us},{kind.average},{(1 << kind.channels) - 1}"
    heard = bytearray()

    def complete() -> bool:
        heard.extend(fixture.receive())
        return len(heard) >= expected

    begin_s = fixture.now_s
    fixture.send(f"SENS:SWE? 1,-5,5,{settings}\n".encode())
    assert fixture.run_until(complete, 60.0)
    assert fixture.violations.rules == []
    return kind.points / (fixture.now_s - begin_s)


def print_sweeps(baud: int, firmware: Path) -> float:
    """Print a line for each kind of sweep; return the ratio of the first."""
    ratios = []
    for kind in KINDS:
        fixture = VirtualFixture(firmware)
        fixture.run_for(_BOOT_s)
        rate = points_per_s(fixture, kind)
        limits_s = kind.limits_s(byte_s(baud))
        bound = max(limits_s, key=limits_s.__getitem__)
        ratios.append(rate * limits_s[bound])
        print(
            f"{baud:8} {kind.channels:8} {kind.average:8} {kind.settle_us:8} us {rate:9.0f}"
            f" {1 / limits_s[bound]:9.0f} {ratios[-1]:6.2f}  {bound}"
        )
    return ratios[0]


# ----------------------------------------------------------------------------------- truth table


class AccountedLink(InProcessLink):
    """A link that accounts for its times.

    Args:
        virtual: the fixture.
        of_byte_s: the time of a byte on the line.
    """

    def __init__(self, virtual: VirtualFixture, of_byte_s: float) -> None:
        super().__init__(virtual, "virtual time")
        self._byte_s = of_byte_s
        self.spent_s = dict.fromkeys((SPREAD, CONVERSIONS, LINE), 0.0)

    def write(self, line: str) -> None:
        self.spent_s[LINE] += (len(line) + 1) * self._byte_s
        super().write(line)

    def read(self, *, timeout_s: float | None = None) -> str:
        line = super().read(timeout_s=timeout_s)
        self.spent_s[LINE] += (len(line) + 1) * self._byte_s
        return line

    def query_block(self, line: str, *, timeout_s: float | None = None) -> bytes:
        """Sweeps alone are asked so: what they wait for on purpose is told apart."""
        sweep = line.split(",")
        spread_s = int(sweep[3]) * int(sweep[4]) * 1e-6
        begin_s = self.virtual.now_s + (len(line) + 1) * self._byte_s
        block = super().query_block(line, timeout_s=timeout_s)
        self.spent_s[SPREAD] += spread_s
        self.spent_s[CONVERSIONS] += self.virtual.now_s - begin_s - spread_s
        return block


class WaitingFixture(InProcessFixture):
    """The host's driver, which remembers how long it was told to wait."""

    waited_s = 0.0

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        self.waited_s += seconds


def truth_table_s(baud: int, firmware: Path) -> dict[str, float]:
    """Take four cases with a station's usual reading; return where the time went."""
    board = load_board("xor_opamp")
    wiring = stations.wiring_for(stations.parse('name = "usual"\n[virtual]\n'), board)
    virtual = VirtualFixture(firmware)
    virtual.run_for(_BOOT_s)
    link = AccountedLink(virtual, byte_s(baud))
    with (
        tempfile.TemporaryDirectory() as folder,
        WaitingFixture(link, baud) as fixture,
    ):
        header = msgspec.structs.replace(HEADER, wiring=wiring, corrections=fixture.corrections())
        bench.set_up(board, wiring, fixture)
        with Journal[Point].begin(Path(folder) / "run.jsonl", header) as journal:
            how, _ = procedure.load("truth_table")
            begin_s, before_s, waited_s = virtual.now_s, dict(link.spent_s), fixture.waited_s
            points = how.measure(
                procedure.Run(
                    board, wiring, fixture, journal, stations.Reading(), lambda *_progress: None
                )
            )
            passed_s = virtual.now_s - begin_s
            spent_s = {name: link.spent_s[name] - before_s[name] for name in before_s}
    assert len(points) == len(board.cases) == 4
    spent_s = {SETTLING: fixture.waited_s - waited_s, **spent_s}
    return {**spent_s, REST: passed_s - sum(spent_s.values())}


def print_truth_table(baud: int, firmware: Path) -> bool:
    """Print where a truth table's time goes; return whether settling takes the most."""
    spent_s = truth_table_s(baud, firmware)
    total_s = sum(spent_s.values())
    parts = ", ".join(f"{name} {1e3 * of_s:.0f} ms" for name, of_s in spent_s.items())
    print(f"{baud:8} four cases of a truth table: {1e3 * total_s:.0f} ms: {parts}")
    return max(spent_s, key=spent_s.__getitem__) == SETTLING


def report(arguments: Sequence[str]) -> bool:
    """Print everything; return whether sweep and truth table are as fast as they should be."""
    if arguments:
        raise SystemExit("sweep takes no arguments")
    print("    baud channels  average     settle  points/s     limit  ratio  bound by")
    is_good = True
    for baud in BAUDS:
        with firmware_at(baud) as firmware:
            ratio = print_sweeps(baud, firmware)
            is_good &= ratio >= LEAST_RATIO and print_truth_table(baud, firmware)
    return is_good
