"""What a virtual fixture truly does, which nobody on the bench can look up.

For those who judge a calibration or a budget: the straight line that describes a channel best, and
how far the channel bends away from it. Noise, steps of the converters and corrections in the
controller are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realnet_hw.emulate.front_end import CODES, REFERENCE_V, SHIFTER_GAIN, FrontEnd

REACH_V = 10.0
"""Lines describe a channel between minus this and this."""
_PLACES = 201


@dataclass(frozen=True)
class Line:
    """A channel as a straight line: ``(1 + gain) v + offset_V`` where ``v`` would be right.

    Args:
        gain: relative; 0 is exact.
        offset_V: at 0 V.
        bend_V: by how much the channel is off this line at most.
    """

    gain: float
    offset_V: float
    bend_V: float


def source_line(front_end: FrontEnd, channel: int, at_s: float = 0.0) -> Line:
    """Return the line of what a source delivers over what its code asks for, without a load."""
    step_V = SHIFTER_GAIN * REFERENCE_V / CODES
    middle, reach = CODES // 2, round(REACH_V / step_V)
    codes = np.linspace(middle - reach, middle + reach, _PLACES).round().astype(int)
    return _line(
        step_V * (codes - middle),
        [front_end.delivered_V(channel, code, at_s) for code in codes.tolist()],
    )


def sense_line(front_end: FrontEnd, channel: int, at_s: float = 0.0) -> Line:
    """Return the line of what a sense channel shows over what is at its terminal."""
    volts = np.linspace(-REACH_V, REACH_V, _PLACES)
    shown_V = [front_end.indicated_V(channel, terminal_V, at_s) for terminal_V in volts.tolist()]
    return _line(volts, shown_V)


def _line(right_V: np.ndarray, found_V: list[float]) -> Line:
    slope, offset_V = np.polynomial.polynomial.polyfit(right_V, found_V, 1)[::-1]
    bend_V = np.abs(np.asarray(found_V) - slope * right_V - offset_V).max()
    return Line(float(slope) - 1, float(offset_V), float(bend_V))
