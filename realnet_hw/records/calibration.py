"""The record of a calibration: what each channel of a fixture does, and how well that is known."""

from __future__ import annotations

from typing import Literal

from realnet_hw.records.base import Frozen


class Standard(Frozen, frozen=True, kw_only=True):
    """What the fixture was compared with, and how wrong that may be.

    Its error is at most ``of_reading`` x |reading| + ``of_range_V``, the sum of its specification.

    Args:
        kind: a meter that is asked, a meter that a person reads, or the fixture's own reference.
        name: what it says that it is, or what the station calls it.
        of_reading: the part in proportion to the reading, as a fraction.
        of_range_V: the part that does not depend on it.
        source: where these two figures are from.
        certificate: of its own calibration, empty where none is named.
        traceable: whether such a certificate is named.
    """

    kind: Literal["meter", "typed", "reference"]
    name: str
    of_reading: float
    of_range_V: float
    source: str
    certificate: str = ""
    traceable: bool


class ChannelCalibration(Frozen, frozen=True, kw_only=True):
    """A channel without correction, the correction that was stored, and what that leaves.

    A source delivers ``(1 + gain) x setting + offset_V``, a sense reads ``(1 + gain) x terminal +
    offset_V``: the straight line of least squares over the range. ``U_gain`` and ``U_offset_V`` are
    expanded (k = 2), with the standard's share; the two small ``u`` are standard uncertainties of
    the fit alone, which no other channel shares.

    Args:
        found_ppm, found_V: the correction that the controller held before.
        correction_ppm, correction_V: the one that it holds now.
        left_gain, left_V: what the stored correction leaves of the line, for it has steps and
            limits.
        residual_V: the largest deviation of a point from the line.
        noise_V: of a sense, rms in one conversion, rounding with it; of a source, the scatter of
            what was measured at one setting, the reader's with it.
        points: how many the line goes through.
        degrees_of_freedom: of ``u_gain`` and ``u_offset_V``; None where these are from a
            specification.
        through: the channels that measured it, where it was not the standard itself.
        deviation_V: standard deviation of a level from the line, few points allowed for, and no
            more than the converter's specification leaves; None where they are too few to tell, so
            that ``residual_V`` bounds it.
    """

    gain: float
    offset_V: float
    U_gain: float
    U_offset_V: float
    u_gain: float
    u_offset_V: float
    found_ppm: float
    found_V: float
    correction_ppm: float
    correction_V: float
    left_gain: float
    left_V: float
    residual_V: float
    noise_V: float
    points: int
    degrees_of_freedom: int | None = None
    through: list[str] = []
    deviation_V: float | None = None


class CalibrationReading(Frozen, frozen=True, kw_only=True):
    """A point as it was taken.

    Args:
        key: unique within the calibration.
        lead: what was on the senses: a source, ``GND`` or ``REF``.
        set_V: what that source was set to, without correction; None for another lead.
        standard_V: what the standard said; None where only the senses looked.
        readings_V: by sense channel, its readings in the order taken, without correction.
        time_utc: when it was complete.
    """

    key: str
    lead: str
    set_V: float | None
    standard_V: float | None
    readings_V: dict[str, list[float]]
    time_utc: str


class CheckedChannel(Frozen, frozen=True, kw_only=True):
    """A fresh point after the correction was stored.

    Args:
        channel: which one.
        level_V: what the standard, or for a source without it the senses, found at the terminal.
        value_V: what a sense read, or a source was set to.
        U_V: expanded uncertainty (k = 2) of that, from the calibration.
    """

    channel: str
    level_V: float
    value_V: float
    U_V: float


class FixtureCalibration(Frozen, frozen=True, kw_only=True, tag_field="record", tag="calibration"):
    """What a calibration found, with everything that it was found from.

    It belongs to the fixture whose controller holds the same date and the same corrections, and
    whose mid reference reads the same.

    Args:
        made_from: the journal, and versions, each with its SHA-256 where it has one.
        station, path: where the fixture was.
        firmware: what it said that it is.
        standard: what it was compared with.
        method: in a sentence.
        date: as the controller holds it, YYYY-MM-DD.
        expires: the day after which it does not count any more, YYYY-MM-DD.
        channels: by name.
        readings: every point.
        checks: fresh points with the corrections in use.
        mid_V: what the mid reference, ``adc7``, read before, without correction, volts at a
            terminal; None where nobody looked.
        room_C: where it was made; None where nobody said.
    """

    version: Literal[1] = 1
    made_from: dict[str, str]
    station: str
    path: str
    firmware: str
    standard: Standard
    method: str
    started_utc: str
    finished_utc: str
    date: str
    expires: str
    channels: dict[str, ChannelCalibration]
    readings: list[CalibrationReading]
    checks: list[CheckedChannel]
    mid_V: list[float] | None = None
    room_C: float | None = None
