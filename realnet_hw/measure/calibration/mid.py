"""Whether it is still the shield that was calibrated.

Corrections are kept in the controller, what they correct is on the shield. All that a shield shows
whatever is on its terminals is its own mid reference, read without correction. Two shields may be
as near to each other there as one is to itself after a year: who is told apart is another shield,
who is not may be.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.budget import DRIFT_SHARE
from realnet_hw.measure.calibration.stored import Talks
from realnet_hw.measure.codes import terminal_V
from realnet_hw.measure.fixture_specification import ADC_OFFSET_BOUND_V, LSB_V, rectangular
from realnet_hw.uncertainty import COVERAGE_FACTOR

# Together they take longer than a period of the mains.
_READINGS, _AVERAGE = 9, 64
_PARTS = 16
"""Of a code, in which volts are told."""


def read_mid_V(fixture: Talks) -> list[float]:
    """Return readings of the mid reference, volts at a terminal, without correction.

    Args:
        fixture: open, outputs off; it averages afterwards as it did before.

    Raises:
        BenchError: an answer that is no sum of codes; as the fixture.
        LinkLost: as the fixture.
    """
    before = fixture.ask("SENS:AVER?")
    fixture.tell(f"SENS:AVER {_AVERAGE}")
    answers = [fixture.ask("MEAS8:RAW?") for _ in range(_READINGS)]
    fixture.tell(f"SENS:AVER {before}")
    for answer in answers:
        if not answer.isdecimal():
            raise BenchError(
                f"MEAS8:RAW? is answered by {answer!r}",
                where=fixture.address,
                allowed="a sum of codes",
                mend="check the cable, then begin anew",
            )
    return [terminal_V(round(_PARTS * int(answer) / _AVERAGE)) for answer in answers]


def moved(then_V: Sequence[float], now_V: Sequence[float]) -> str | None:
    """Say how far the mid reference has moved, None where drift and rounding may have done it.

    Args:
        then_V: as ``read_mid_V`` gave it.
        now_V: the same, later.
    """
    then, now = statistics.fmean(then_V), statistics.fmean(now_V)
    rounding_V = rectangular(LSB_V / 2)
    drift_V = rectangular(DRIFT_SHARE * ADC_OFFSET_BOUND_V)
    scatter_V = math.hypot(_of_mean(then_V), _of_mean(now_V))
    U_V = COVERAGE_FACTOR * math.hypot(drift_V, rounding_V, rounding_V, scatter_V)
    if abs(now - then) <= U_V:
        return None
    return (
        f"the mid reference reads {now * 1e3:+.1f} mV, and read {then * 1e3:+.1f} mV then, "
        f"which is more than drift does ({U_V * 1e3:.1f} mV)"
    )


def _of_mean(read_V: Sequence[float]) -> float:
    return statistics.stdev(read_V) / math.sqrt(len(read_V)) if len(read_V) > 1 else 0.0
