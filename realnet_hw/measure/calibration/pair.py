"""Whether UNO and shield are the pair that was calibrated: what sources give, as senses read it.

Each source has an offset and a nonlinearity of its own, larger by far than what a year does to
them. A calibration has read every source with every sense at many of its converter's codes. So a
terminal that a source drives and a sense reads must still be where the calibration found it at that
code; with another shield it is elsewhere, most often.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.budget import changes
from realnet_hw.measure.calibration.levels import on_code
from realnet_hw.measure.calibration.procedure import CHECK
from realnet_hw.measure.codes import terminal_V
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.fixture_specification import LSB_V, rectangular
from realnet_hw.records import FixtureCalibration

_SURE = 3.0
"""Standard uncertainties: the right pair is refused less often than once in a hundred runs."""
_READINGS, _AVERAGE = 8, 64


@dataclass(frozen=True)
class Driven:
    """A terminal that a source drives and a sense reads.

    Args:
        source, sense: their channels.
        level_V: what the source is set to.
    """

    source: str
    sense: str
    level_V: float


@dataclass(frozen=True)
class Then:
    """What a sense read at the code that a source is given now, without correction.

    Args:
        given_V: what that code stands for, without correction.
        volts: what was read, between the two nearest codes of the calibration.
        u_V: how sure that is, and that it is still so.
    """

    given_V: float
    volts: float
    u_V: float


def confirm(record: FixtureCalibration, driven: Mapping[str, Driven], fixture: Fixture) -> None:
    """Refuse another pair of UNO and shield than the one that was calibrated.

    Args:
        record: that counts; the controller holds its corrections.
        driven: by name; each source set to its level, outputs on.
        fixture: open; it averages afterwards as before.

    Raises:
        BenchError: a terminal is not where the calibration says; BenchError, LinkLost: as the
            fixture.
    """
    then = {name: read_then(record, each) for name, each in driven.items()}
    known = {name: each for name, each in then.items() if each is not None}
    if not known:
        return
    senses = list(dict.fromkeys(driven[name].sense for name in known))
    codes = fixture.read_codes(senses, _READINGS, average=_AVERAGE)
    for name, before in known.items():
        sense = driven[name].sense
        moved = moved_V(before, [terminal_V(code) for code in codes[sense]])
        if moved is not None:
            by_V, allowed_V = moved
            raise BenchError(
                f"{sense} reads {by_V * 1e3:+.1f} mV from where the calibration of {record.date} "
                f"found {driven[name].source}",
                where=name,
                allowed=f"within {allowed_V * 1e3:.1f} mV",
                mend="this is another shield than the one that was calibrated with this UNO: put "
                "that one back, or calibrate this one; if it is that one, look at what loads "
                f"{name}",
            )


def read_then(record: FixtureCalibration, driven: Driven) -> Then | None:
    """Return what the calibration read at the code that a source is given now.

    None where it did not look: that source or sense is not in it, or the code is beyond its levels.
    """
    if not {driven.source, driven.sense} <= record.channels.keys():
        return None
    held = record.channels[driven.source]
    given_V = on_code(driven.level_V * (1 + held.correction_ppm / 1e6) + held.correction_V)
    off_V: dict[float, list[float]] = {}
    for point in record.readings:
        if point.lead != driven.source or point.set_V is None or point.key.startswith(CHECK):
            continue
        if driven.sense in point.readings_V:
            found = off_V.setdefault(on_code(point.set_V), [])
            found += [volts - point.set_V for volts in point.readings_V[driven.sense]]
    below, above = (
        max((volts for volts in off_V if volts <= given_V), default=None),
        min((volts for volts in off_V if volts >= given_V), default=None),
    )
    if below is None or above is None:
        return None
    low_V, high_V = statistics.fmean(off_V[below]), statistics.fmean(off_V[above])
    share = (given_V - below) / (above - below) if above > below else 0.0
    moves_V = [
        math.hypot(each.u_V, each.u_relative * driven.level_V)
        for channel in (driven.source, driven.sense)
        for each in changes(record, channel)
    ]
    rounding_V = rectangular(LSB_V / 2)
    bend_V = rectangular(abs(high_V - low_V))
    return Then(
        given_V,
        given_V + low_V + share * (high_V - low_V),
        math.hypot(*moves_V, rounding_V, rounding_V, bend_V),
    )


def moved_V(then: Then, now_V: list[float]) -> tuple[float, float] | None:
    """Return by how much a terminal has moved, and how much that may be; None where it is less."""
    by_V = statistics.fmean(now_V) - then.volts
    scatter_V = statistics.stdev(now_V) / math.sqrt(len(now_V)) if len(now_V) > 1 else 0.0
    allowed_V = _SURE * math.hypot(then.u_V, scatter_V)
    return None if abs(by_V) <= allowed_V else (by_V, allowed_V)
