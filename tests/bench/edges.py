"""What a line may do in a firing, and what a fixture says of it: PROTOCOL.md, ``SENSe:FIRE?``."""

from __future__ import annotations

from collections.abc import Sequence

START_us, END_us = 2000, 30000
"""When the trigger is pulled, and when the board is read."""

LINES: Sequence[tuple[tuple[float, ...], float, float]] = (
    ((), 0, 0.0),
    ((2100, 6100), 4000, 0.0),
    ((2100, 6100, 6102, 10102), 8000, 1.0),
    # Too short a gap for it to be sure.
    ((2100, 6100, 6100.5, 10100.5), 8000, 0.5),
    ((2100, 6100, 6100.3, 10100.3), 8000, 0.5),
    ((2100,), 27900, 0.0),
    # High when the trigger is pulled.
    ((500, 6100), 4100, 1.0),
    # High from the first instant.
    ((0,), 28000, 1.0),
    ((0, 6100), 4100, 1.0),
    ((0, 1000, 2100, 6100), 4000, 0.0),
    # Over before.
    ((100, 900, 2100, 6100), 4000, 0.0),
    # Low again within 30 us.
    ((2001, 2020), 19, 0.5),
    ((2100, 2101), 1, 0.5),
)
"""When it turns high and low, in turn, in microseconds, high from the first instant where that is
0; how long it is high after the trigger; and the probability that a fixture can't time it: 0.5
where the protocol leaves that open."""
