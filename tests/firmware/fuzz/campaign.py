"""Sessions of fuzzed lines: each can be run again by its seed and number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.firmware.fuzz.lines import Lines
from tests.firmware.fuzz.watched import WatchedFixture

SESSION_lines = 250
ERRORS_EVERY_lines = 25

LIMITED = (
    "SOUR1:VOLT:LIM -1,2.5;:SOUR2:VOLT:LIM 0,5;:SOUR3:VOLT:LIM 0,0;:SOUR4:VOLT:LIM -10.24,0",
    "SOUR5:VOLT:LIM -0.3,0.3;:SOUR6:VOLT:LIM -3.3333,7.7777",
)
LIMITS_uV = [
    *((-1_000_000, 2_500_000), (0, 5_000_000), (0, 0), (-10_240_000, 0)),
    *((-300_000, 300_000), (-3_333_300, 7_777_700)),
]


@dataclass
class Tally:
    """What a campaign has seen."""

    lines: int = 0
    updates: int = 0
    replies: int = 0
    cut: int = 0
    least_ram: int = 2048
    errors: Counter[int] = field(default_factory=Counter)


def run(
    firmware: Path,
    seed: int,
    sessions: range,
    told: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Send the lines of some sessions to a firmware under watch.

    In every second session limits are set once and no line may change them: what the firmware holds
    as its limits is then compared with what it was told.

    Raises:
        AssertionError: with the seed, the session and its last lines, what went wrong.
    """
    tally = Tally()
    watched = WatchedFixture(firmware)
    for session in sessions:
        fixed = session % 2 == 1
        lines = Lines(f"{seed}/{session}", without=("LIM", "RST") if fixed else ())
        watched.begin(*(LIMITED if fixed else ()))
        sent = []
        try:
            for number in range(SESSION_lines):
                sent.append(lines.next())
                watched.send(sent[-1])
                if fixed:
                    assert watched.limits_uV() == LIMITS_uV, "limits have changed"
                if sent[-1].ends and number % ERRORS_EVERY_lines == 0:
                    tally.errors.update(watched.errors())
        except Exception as error:
            last = "\n".join(f"    {each.data!r}" for each in sent[-8:])
            raise AssertionError(
                f"{error}\nseed {seed}, session {session}, line {len(sent)}; the last were\n{last}"
            ) from error
        tally.lines += SESSION_lines
        tally.updates, tally.replies, tally.cut = watched.updates, watched.replies, watched.cut
        tally.least_ram = watched.unused_ram()
        told(tally)
    return tally
