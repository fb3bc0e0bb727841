"""What the shield's copper does to its 2.56 V, and so to what the senses read.

Every sense channel and every source takes its gain against VSHIFT, through a resistor whose foot
stands on one trunk of copper. What flows into one foot lifts the others: a sense feels a little of
what is at every terminal. The resistances are those of the board's file, solved as a network at
20 °C; a test solves it anew and compares.

The other references feel the terminals by less than a converter's step, and the sources by less
than half of one.
"""

from __future__ import annotations

SENSE_FEET_ohm = (
    (55.95e-3, 55.95e-3, 55.95e-3, 55.95e-3, 40.47e-3, 45.98e-3, 55.95e-3),
    (55.95e-3, 64.79e-3, 64.79e-3, 64.79e-3, 40.47e-3, 45.98e-3, 64.79e-3),
    (55.95e-3, 64.79e-3, 81.28e-3, 81.28e-3, 40.47e-3, 45.98e-3, 81.28e-3),
    (55.95e-3, 64.79e-3, 81.28e-3, 86.59e-3, 40.47e-3, 45.98e-3, 86.59e-3),
    (40.47e-3, 40.47e-3, 40.47e-3, 40.47e-3, 40.47e-3, 40.47e-3, 40.47e-3),
    (45.98e-3, 45.98e-3, 45.98e-3, 45.98e-3, 40.47e-3, 45.98e-3, 45.98e-3),
    (55.95e-3, 64.79e-3, 81.28e-3, 86.59e-3, 40.47e-3, 45.98e-3, 99.68e-3),
)
"""By how much the foot of sense k rises with the current into that of sense j."""
SOURCE_FEET_ohm = (0.0, 0.0, 0.0, 0.0, 7.93e-3, 25.40e-3)
"""The same for the current into the foot of source j, alike for every sense."""

_SENSE_ohm, _SOURCE_ohm = 6.0e3, 37.5e3
"""From a terminal to its foot."""
_AT_TERMINAL = 4.0
"""What the 2.56 V rise by shows so many times at a sense's terminal."""

SHARES = tuple(
    (
        *(_AT_TERMINAL * ohm / _SENSE_ohm for ohm in row),
        *(_AT_TERMINAL * ohm / _SOURCE_ohm for ohm in SOURCE_FEET_ohm),
    )
    for row in SENSE_FEET_ohm
)
"""What sense k reads too much, volts at its terminal, for each volt above 2.56 V at every other
terminal and at its own: of senses, then of sources."""

WORSE = 1.2
"""Copper 30 K warmer than 20 °C has 12 % more; the rest is for its thickness."""
