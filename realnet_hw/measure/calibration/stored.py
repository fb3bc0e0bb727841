"""The corrections that the fixture's controller holds.

Ref: firmware/fixture/PROTOCOL.md, CALibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from realnet_hw.errors import BenchError
from realnet_hw.measure import signals
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.fixture_specification import ADC_CHANNELS, DAC_CHANNELS
from realnet_hw.records import ChannelCalibration

GAIN_MAX_PPM, OFFSET_MAX_V = 10_000, 0.05
"""The greatest corrections that the firmware takes."""


def undone(correction: Correction, volts: float) -> float:
    """Return what the controller would correct to this value."""
    return (volts - correction.offset_V) / (1 + correction.gain_ppm / 1e6)


class Talks(Protocol):
    """A fixture that is open."""

    address: str

    def tell(self, line: str) -> None:
        """Send a command."""

    def ask(self, line: str) -> str:
        """Send a query and return its answer."""


def corrections_in(fixture: Talks) -> dict[str, Correction]:
    """Return the corrections in use, by channel.

    Raises:
        BenchError, LinkLost: as the fixture.
    """
    found: dict[str, Correction] = {}
    for kind, channels in (("SOUR", DAC_CHANNELS), ("SENS", ADC_CHANNELS)):
        queries = [f"{kind}{number}?" for number in range(1, len(channels) + 1)]
        answers = fixture.ask(f"CAL:{';'.join(queries)}").split(";")
        for channel, answer in zip(channels, answers, strict=True):
            gain, _, offset = answer.partition(",")
            found[channel] = Correction(gain_ppm=float(gain), offset_V=float(offset))
    return found


def date_in(fixture: Talks) -> str | None:
    """Return the day of the calibration that is stored and in use, None without one.

    Raises:
        BenchError, LinkLost: as the fixture.
    """
    if fixture.ask("CAL:VAL?") != "1":
        return None
    return fixture.ask("CAL:DATE?").strip('"')


def store(fixture: Talks, date: str, corrections: Mapping[str, Correction]) -> None:
    """Put corrections in use and write them to the EEPROM; channels that are not named have none.

    Args:
        fixture: with its outputs off.
        date: YYYY-MM-DD.
        corrections: by channel.

    Raises:
        BenchError: it does not hold what it was told; as the fixture.
        LinkLost: as the fixture.
    """
    channels = _suffixes("SOUR", DAC_CHANNELS) | _suffixes("SENS", ADC_CHANNELS)
    # Half of the corrections in use would be worse than none or all.
    with signals.put_off():
        fixture.tell("CAL:CLE")
        for channel, header in channels.items():
            each = corrections.get(channel, Correction())
            fixture.tell(f"CAL:{header} {each.gain_ppm:.0f},{each.offset_V:.6f}")
        fixture.tell(f'CAL:DATE "{date}"')
        fixture.tell("CAL:STOR")
    held = corrections_in(fixture)
    wrong = [name for name in channels if not same(held[name], corrections.get(name, Correction()))]
    if wrong or date_in(fixture) != date:
        raise BenchError(
            f"the controller does not hold the corrections of {', '.join(wrong) or date}",
            where=fixture.address,
            mend="calibrate it again",
        )


def same(one: Correction, other: Correction) -> bool:
    """Whether two corrections are the same to what the controller keeps, 1 ppm and 1 uV."""
    return round(one.gain_ppm - other.gain_ppm) == 0 and abs(one.offset_V - other.offset_V) < 0.6e-6


def all_same(one: Mapping[str, Correction], other: Mapping[str, Correction]) -> bool:
    """Whether every channel of both has the same correction; one that is not named has none."""
    none = Correction()
    return all(same(one.get(name, none), other.get(name, none)) for name in {*one, *other})


def corrections_of(channels: Mapping[str, ChannelCalibration]) -> dict[str, Correction]:
    """Return the corrections that a calibration stores."""
    return {
        name: Correction(gain_ppm=each.correction_ppm, offset_V=each.correction_V)
        for name, each in channels.items()
    }


def _suffixes(kind: str, channels: Sequence[str]) -> dict[str, str]:
    return {channel: f"{kind}{number}" for number, channel in enumerate(channels, start=1)}
