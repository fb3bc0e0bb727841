"""What every oscilloscope is inside: channels, a time base, a trigger, converters, a memory.

It knows no commands; the dialects do. Time is that of the bench: a scope that waits for its trigger
has found it as soon as the bench has passed it.

What a channel makes of the volts at its probe: one pole at its bandwidth, noise, an error of gain
and of offset within what its maker states, drawn by seed, and a converter that ends at its limits.
The clock that samples knows nothing of the trigger: the first sample is up to half an interval off,
the same for all channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Volts = NDArray[np.float64]
Codes = NDArray[np.int32]
Slope = Literal["rise", "fall", "either"]
Sweep = Literal["auto", "normal", "single"]
State = Literal["stopped", "armed", "running"]

# The bench's noise of a channel, in divisions and in volts, rms.
_NOISE_div, _NOISE_V = 0.02, 0.3e-3
# So many points are looked at between two events for where the trigger is.
_LOOKED_AT, _LOOKED_CLOSELY_AT = 2000, 50
# A change at the bench has had its effect on a steady board after so long.
_EFFECT_s = 1e-3
# So long, and its own span, a scope that is armed in auto waits for its trigger.
_AUTO_s = 0.05
_BINS = 200
# What is left of a pole's answer when it is cut off.
_TAIL = 1e-7


class Bench(Protocol):
    """What there is to see, as the probes see it."""

    def now_s(self) -> float:
        """The time at the bench."""

    def events(self, since_s: float) -> list[float]:
        """When something began to change, after a time and up to now."""

    def volts(self, probe: str, times_s: Volts) -> Volts:
        """What a probe sees at some times, rising, which may lie after the last event."""


@dataclass(frozen=True)
class Model:
    """A kind of oscilloscope.

    Args:
        identity: what ``*IDN?`` answers.
        channels: how many.
        bits: of its converter.
        codes_a_division: of the same.
        divisions: across the screen; it has eight up.
        bandwidth_Hz: of a channel, -3 dB.
        sample_rate_Hz: at most.
        depths: lengths of its memory that can be chosen; the first one at power-on.
        gain_error: stated bound, relative.
        offset_error_div: stated bound, divisions.
    """

    identity: str
    channels: int
    bits: int
    codes_a_division: float
    divisions: int
    bandwidth_Hz: float
    sample_rate_Hz: float
    depths: tuple[int, ...]
    gain_error: float
    offset_error_div: float = 0.1

    @property
    def middle(self) -> int:
        """The code of the middle of the screen."""
        return 1 << (self.bits - 1)


@dataclass
class Channel:
    """A channel's settings: ``centre_V`` is what the middle of the screen shows, at the probe."""

    on: bool = False
    volts_a_division: float = 1.0
    centre_V: float = 0.0
    probe: float = 1.0
    coupling: str = "DC"
    is_limited: bool = False


@dataclass
class Trigger:
    """The edge that is waited for."""

    source: int = 1
    level_V: float = 0.0
    slope: Slope = "rise"
    sweep: Sweep = "auto"


@dataclass(frozen=True)
class Taken:
    """What a channel took: codes, and the scale that they were taken with."""

    codes: Codes
    volts_a_code: float
    centre_V: float


@dataclass(frozen=True)
class Record:
    """What is in the memory.

    Args:
        start_s: of the first sample, from the trigger.
        step_s: between two samples.
        taken: by channel, of those that were on.
        is_triggered: else it was taken at any time, as in auto.
    """

    start_s: float
    step_s: float
    taken: dict[int, Taken]
    is_triggered: bool

    @property
    def count(self) -> int:
        """How many samples a channel has."""
        return len(next(iter(self.taken.values())).codes)


@dataclass
class Digitiser:
    """One scope. Whoever uses it holds the bench still meanwhile.

    Args:
        model: its kind.
        bench: what it looks at.
        probes: by channel, what its probe is on; nothing is on a channel that is not named.
        seed: of its errors and noise.
    """

    model: Model
    bench: Bench
    probes: dict[int, str]
    seed: int = 0
    channels: dict[int, Channel] = field(init=False)
    trigger: Trigger = field(init=False)
    s_a_division: float = field(init=False)
    centre_s: float = field(init=False)
    depth: int = field(init=False)
    state: State = field(init=False)
    record: Record | None = field(init=False)

    def __post_init__(self) -> None:
        drawn = np.random.default_rng([self.seed, 1])
        self._gain = {
            n: float(drawn.uniform(-1, 1)) * self.model.gain_error
            for n in range(1, self.model.channels + 1)
        }
        self._offset_div = {
            n: float(drawn.uniform(-1, 1)) * self.model.offset_error_div
            for n in range(1, self.model.channels + 1)
        }
        self._noise = np.random.default_rng([self.seed, 2])
        self.reset()

    def reset(self) -> None:
        """Take the state of power-on: running, the first channel on."""
        self.channels = {n: Channel() for n in range(1, self.model.channels + 1)}
        self.channels[1].on = True
        self.trigger = Trigger()
        self.s_a_division, self.centre_s = 1e-6, 0.0
        self.depth = self.model.depths[0]
        self.record = None
        self.state = "running"
        self._looked_s = self.bench.now_s()

    # -------------------------------------------------------------------------------------- running

    def run(self) -> None:
        """Take one record after the other."""
        self.state = "running"
        self._begin()

    def single(self) -> None:
        """Wait for the trigger, take one record and stop."""
        self.state = "armed"
        self.record = None
        self._begin()

    def stop(self) -> None:
        """Keep what is in the memory."""
        self.refresh()
        self.state = "stopped"

    def force(self) -> None:
        """Take a record now, whatever the trigger."""
        if self.state != "stopped":
            self._take(self.bench.now_s() - self._after_s, is_triggered=False)

    def _begin(self) -> None:
        # What comes before the memory holds what is to be seen of the time before is no trigger.
        self._looked_s = self.bench.now_s() + self._before_s

    @property
    def _span_s(self) -> float:
        return self.model.divisions * self.s_a_division

    @property
    def _before_s(self) -> float:
        """How much of the time before the trigger is to be seen."""
        return max(0.0, self._span_s / 2 - self.centre_s)

    @property
    def _after_s(self) -> float:
        return max(0.0, self._span_s / 2 + self.centre_s)

    def look(self) -> None:
        """Find out whether what is waited for has happened by now."""
        if self.state == "armed":
            self._catch_up()

    def refresh(self) -> None:
        """Take the latest record, if it is running."""
        if self.state == "running":
            self._catch_up()

    def _catch_up(self) -> None:
        now_s = self.bench.now_s()
        found_s = None
        for begin_s, end_s in self._stretches(now_s):
            at_s = self._crossing(begin_s, end_s)
            if at_s is None:
                # What is over need not be looked at again; where it waits, auto counts from there.
                if end_s < now_s and self.trigger.sweep != "auto":
                    self._looked_s = begin_s
                continue
            if at_s + self._after_s > now_s:
                break
            found_s = at_s
            self._looked_s = at_s + self._after_s
            if self.state == "armed":
                break
        if found_s is not None:
            self._take(found_s, is_triggered=True)
        elif self.trigger.sweep == "auto" and now_s - self._looked_s > self._patience_s:
            self._take(now_s - self._after_s, is_triggered=False)

    @property
    def _patience_s(self) -> float:
        """How long auto waits for a trigger; one that is running has waited already."""
        return _AUTO_s + self._span_s if self.state == "armed" else -math.inf

    def _stretches(self, now_s: float) -> list[tuple[float, float]]:
        """Return the times between events in which a trigger may be."""
        begins = self.bench.events(self._looked_s)
        ends = [*begins[1:], now_s] if begins else []
        longest_s = max(_EFFECT_s, self._span_s)
        return [
            (begin_s, min(end_s, begin_s + longest_s))
            for begin_s, end_s in zip(begins, ends, strict=True)
            if end_s > begin_s
        ]

    def _crossing(self, begin_s: float, end_s: float) -> float | None:
        """Return when the trigger's source first crosses its level, as it should."""
        probe = self.probes.get(self.trigger.source)
        if probe is None:
            return None
        # Close together at the begin, for what follows an event follows it soon.
        times_s = begin_s + (end_s - begin_s) * np.linspace(0.0, 1.0, _LOOKED_AT) ** 2
        for _ in range(2):
            above = self.bench.volts(probe, times_s) - self.trigger.level_V
            rises = (above[:-1] < 0) & (above[1:] >= 0)
            falls = (above[:-1] > 0) & (above[1:] <= 0)
            wanted = {"rise": rises, "fall": falls, "either": rises | falls}[self.trigger.slope]
            places = np.flatnonzero(wanted)
            if len(places) == 0:
                return None
            at = int(places[0])
            last_s, next_s = float(times_s[at]), float(times_s[at + 1])
            share = above[at] / (above[at] - above[at + 1])
            times_s = np.linspace(last_s, next_s, _LOOKED_CLOSELY_AT)
        return last_s + float(share) * (next_s - last_s)

    # ------------------------------------------------------------------------------------- sampling

    def _take(self, trigger_s: float, *, is_triggered: bool) -> None:
        span_s = self._span_s
        step_s = max(span_s / self.depth, 1 / self.model.sample_rate_Hz)
        count = round(span_s / step_s)
        start_s = self.centre_s - span_s / 2
        late_s = float(self._noise.uniform(-0.5, 0.5)) * step_s
        times_s: Volts = trigger_s + start_s + late_s + step_s * np.arange(count, dtype=np.float64)
        self.record = Record(
            start_s=start_s,
            step_s=step_s,
            taken={n: self._converted(n, times_s) for n, one in self.channels.items() if one.on},
            is_triggered=is_triggered,
        )
        if self.state == "armed":
            self.state = "stopped"

    def _converted(self, number: int, times_s: Volts) -> Taken:
        channel, model = self.channels[number], self.model
        probe = self.probes.get(number)
        volts = np.zeros(len(times_s)) if probe is None else self.bench.volts(probe, times_s)
        if channel.coupling == "GND":
            volts = np.zeros(len(times_s))
        volts = _one_pole(
            volts, times_s[1] - times_s[0] if len(times_s) > 1 else 1.0, self._pole_s(channel)
        )
        volts = volts * (1 + self._gain[number])
        volts += self._offset_div[number] * channel.volts_a_division
        noise_V = math.hypot(_NOISE_div * channel.volts_a_division, _NOISE_V * channel.probe)
        volts += self._noise.normal(0.0, noise_V, len(volts))
        volts_a_code = channel.volts_a_division / model.codes_a_division
        # What shifts the trace has steps, too: those of the codes.
        centre_V = round(channel.centre_V / volts_a_code) * volts_a_code
        codes = np.rint((volts - centre_V) / volts_a_code) + model.middle
        limited = np.clip(codes, 0, (1 << model.bits) - 1).astype(np.int32)
        return Taken(limited, volts_a_code, centre_V)

    def _pole_s(self, channel: Channel) -> float:
        bandwidth_Hz = (
            min(20e6, self.model.bandwidth_Hz) if channel.is_limited else self.model.bandwidth_Hz
        )
        return 1 / (2 * math.pi * bandwidth_Hz)

    # -------------------------------------------------------------------------------------- reading

    def volts(self, number: int) -> Volts | None:
        """What the memory holds of a channel, volts; None where it holds nothing."""
        self.refresh()
        taken = self.record.taken.get(number) if self.record else None
        if taken is None:
            return None
        codes = (taken.codes - self.model.middle).astype(np.float64)
        return codes * taken.volts_a_code + taken.centre_V

    def measured(self, number: int, quantity: str) -> float | None:
        """Return a quantity of what the memory holds of a channel.

        Args:
            number: the channel.
            quantity: a key of ``QUANTITIES``.

        Returns:
            Volts or seconds, None where there is nothing to be told.
        """
        volts = self.volts(number)
        assert self.record is not None or volts is None
        return (
            None
            if volts is None or self.record is None
            else QUANTITIES[quantity](volts, self.record.step_s)
        )


def _one_pole(volts: Volts, step_s: float, pole_s: float) -> Volts:
    """Return what a pole leaves of a wave that was as it begins for ever."""
    if step_s > 5 * pole_s or len(volts) < 2:
        return volts.copy()
    left = math.exp(-step_s / pole_s)
    taps = math.ceil(math.log(_TAIL) / math.log(left))
    kernel = (1 - left) * left ** np.arange(taps)
    before = np.full(taps - 1, volts[0])
    passed: Volts = np.convolve(np.concatenate([before, volts]), kernel / kernel.sum(), "valid")
    return passed


def _states(volts: Volts) -> tuple[float, float]:
    """Return the low and the high state: what the lower and the upper half show most often.

    Ref: IEEE Std 181 (states by the modes of a histogram), from memory.
    """
    low_V, high_V = float(volts.min()), float(volts.max())
    if high_V <= low_V:
        return low_V, high_V
    counts, edges = np.histogram(volts, bins=_BINS, range=(low_V, high_V))
    middles = (edges[:-1] + edges[1:]) / 2
    half = _BINS // 2
    return float(middles[counts[:half].argmax()]), float(middles[half + counts[half:].argmax()])


def _passage(volts: Volts, step_s: float, rising: bool) -> float | None:
    """Return how long the first edge takes from 10 % to 90 %, or back."""
    low_V, high_V = _states(volts)
    if high_V - low_V <= 0:
        return None
    place = (volts - low_V) / (high_V - low_V)
    if not rising:
        place = 1 - place
    ends = np.flatnonzero(place >= 0.9)
    if len(ends) == 0 or ends[0] == 0:
        return None
    begins = np.flatnonzero(place[: ends[0]] <= 0.1)
    if len(begins) == 0:
        return None
    first = _between(place, int(begins[-1]), 0.1)
    last = _between(place, int(ends[0]) - 1, 0.9)
    return (last - first) * step_s


def _between(values: Volts, index: int, level: float) -> float:
    """Return at what index, not whole, values pass a level after a whole one."""
    rise = float(values[index + 1] - values[index])
    return index + ((level - float(values[index])) / rise if rise else 0.0)


def _period(volts: Volts, step_s: float) -> float | None:
    """Return the mean time between rises; what is less than a swing from 30 % to 70 % is none."""
    low_V, high_V = _states(volts)
    place = (volts - low_V) / max(high_V - low_V, 1e-12)
    told = np.flatnonzero((place < 0.3) | (place > 0.7))
    above = place[told] > 0.7
    rises = told[1:][~above[:-1] & above[1:]]
    return float(np.mean(np.diff(rises))) * step_s if len(rises) > 1 else None


def _frequency(volts: Volts, step_s: float) -> float | None:
    period_s = _period(volts, step_s)
    return None if period_s is None else 1 / period_s


QUANTITIES = {
    "peak_to_peak": lambda volts, _: float(np.ptp(volts)),
    "maximum": lambda volts, _: float(volts.max()),
    "minimum": lambda volts, _: float(volts.min()),
    "mean": lambda volts, _: float(volts.mean()),
    "rms": lambda volts, _: float(np.sqrt(np.mean(volts**2))),
    "top": lambda volts, _: _states(volts)[1],
    "base": lambda volts, _: _states(volts)[0],
    "amplitude": lambda volts, _: _states(volts)[1] - _states(volts)[0],
    "rise_time": lambda volts, step_s: _passage(volts, step_s, True),
    "fall_time": lambda volts, step_s: _passage(volts, step_s, False),
    "period": _period,
    "frequency": _frequency,
}
"""What a scope measures of the volts that it holds, with the time between two samples."""


def resampled(values: Sequence[int] | Codes, count: int) -> Codes:
    """Return so many codes of a record, evenly from its first: what a screen shows of it."""
    codes = np.asarray(values)
    places = np.arange(count) * (len(codes) / count)
    found: Codes = np.rint(np.interp(places, np.arange(len(codes)), codes)).astype(np.int32)
    return found
