"""How fast the simulated controller runs its firmware, beside a real one."""

from __future__ import annotations

from run import Ratio, fastest_s

from realnet_hw import project
from realnet_hw.emulate.fixture import VirtualFixture

VIRTUAL_s = 0.5


def measure() -> list[Ratio]:
    fixture = VirtualFixture(project.firmware())
    fixture.run_for(0.1)
    idle_s = fastest_s(lambda: fixture.run_for(VIRTUAL_s), 3)
    started_s = fixture.now_s
    reading_s = fastest_s(lambda: fixture.ask("MEASure1:VOLTage?"), 20)
    reading_virtual_s = (fixture.now_s - started_s) / 20
    # Over 1, the virtual bench could not keep up with the serial line.
    return [
        Ratio("virtual time, waiting / real time", idle_s, VIRTUAL_s, 1.0),
        Ratio("virtual time, one reading / real time", reading_s, reading_virtual_s, 1.0),
    ]
