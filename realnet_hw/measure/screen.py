"""A scope's screen as it is set for what its probes are on, and the records taken with it.

A scale is a setting until a record reaches an end of the scope's range: what is cut off is not
known, so that it is taken again at a coarser one. A time base is a setting until a record has the
times that were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from realnet_hw.errors import BenchError
from realnet_hw.measure.journal import TakenWave
from realnet_hw.measure.probes import Probe
from realnet_hw.measure.scopes.scope import DIVISIONS_UP, Scope, Waveform, next_scale

RECORDS = 8
"""So many records are taken of each thing that is looked at."""

Seen = Mapping[str, Waveform]
"""One record, by terminal."""

# Of the screen's height that a swing fills at most, and the least that a division shows.
_FILLED, _LEAST_V = 0.6, 0.05
# So often scales are made coarser for records that reach the ends of the scope's range.
_WIDENINGS = 5


@dataclass(frozen=True)
class Shown:
    """What times a record must have.

    Args:
        begin_s, end_s: it reaches from before this to after that, counted from the trigger.
        step_s: no two of its points are further apart.
    """

    begin_s: float
    end_s: float
    step_s: float

    def __str__(self) -> str:
        return f"{self.begin_s:.2g} to {self.end_s:.2g} s, a point every {self.step_s:.2g} s"

    def holds(self, wave: Waveform) -> bool:
        """Whether a record has them."""
        last_s = wave.start_s + (len(wave.codes) - 1) * wave.step_s
        return wave.start_s <= self.begin_s and last_s >= self.end_s and wave.step_s <= self.step_s


@dataclass(frozen=True)
class Screen:
    """A scope, and the scales of its channels. Make one with ``of``.

    Args:
        scope: what looks.
        probes: by terminal.
        scales: by terminal, volts a division.
    """

    scope: Scope
    probes: Mapping[str, Probe]
    scales: Mapping[str, float]

    @classmethod
    def of(
        cls,
        scope: Scope,
        probes: Mapping[str, Probe],
        ends_V: Mapping[str, tuple[float, float]],
    ) -> Screen:
        """Show the channels that have probes, and no others.

        Args:
            scope: that looks.
            probes: by terminal, all on this scope.
            ends_V: by terminal, between what it is expected.

        Raises:
            BenchError, LinkLost: as the scope.
        """
        shown = {probe.channel for probe in probes.values()}
        for number in range(1, scope.specification.channels + 1):
            if number not in shown:
                scope.hide(number)
        return cls(scope, probes, {}).fitted(ends_V)

    def fitted(self, ends_V: Mapping[str, tuple[float, float]]) -> Screen:
        """Set the scales so that swings between these voltages fill most of the screen."""
        scales = dict(self.scales)
        for terminal, (low_V, high_V) in ends_V.items():
            least_V = abs(high_V - low_V) / (_FILLED * DIVISIONS_UP)
            scales[terminal] = next_scale(max(least_V, _LEAST_V))
            self._show(terminal, scales[terminal], (low_V + high_V) / 2)
        return replace(self, scales=scales)

    def widened(self, seen: Seen) -> Screen:
        """Make the scale of every wave coarser that does not fit."""
        scales = dict(self.scales)
        for terminal in _cut_off(seen):
            volts = seen[terminal].volts
            scales[terminal] = next_scale(1.5 * scales[terminal])
            self._show(terminal, scales[terminal], float(volts.min() + volts.max()) / 2)
        return replace(self, scales=scales)

    def _show(self, terminal: str, volts_a_division: float, centre_V: float) -> None:
        self.scope.channel(
            self.probes[terminal].channel, volts_a_division=volts_a_division, centre_V=centre_V
        )

    def read(self, shown: Shown, meanwhile: Callable[[], object]) -> dict[str, Waveform]:
        """Return the record that the scope has; after each channel ``meanwhile`` is called.

        Raises:
            BenchError: it does not have these times; or as the scope.
        """
        found = {}
        for terminal, probe in self.probes.items():
            wave = self.scope.waveform(probe.channel)
            if not shown.holds(wave):
                has = Shown(wave.start_s, float(wave.times_s[-1]), wave.step_s)
                raise BenchError(
                    f"{terminal} on {probe} was recorded from {has}",
                    where=self.scope.connection.address,
                    allowed=f"from {shown}",
                    mend="leave the scope's time base alone meanwhile, and give it 1000 points a "
                    "record or more",
                )
            found[terminal] = wave
            meanwhile()
        return found

    def taken(self, once: Callable[[], Seen]) -> tuple[Screen, list[Seen]]:
        """Take all records at one scale that none reaches the ends of.

        Args:
            once: takes one.

        Returns:
            Itself, with coarser scales if it took these, and the records.

        Raises:
            BenchError: however coarse, one is cut off; or as the scope.
        """
        screen = self
        for _ in range(_WIDENINGS):
            records: list[Seen] = []
            while len(records) < RECORDS:
                seen = once()
                if _cut_off(seen):
                    break
                records.append(seen)
            else:
                return screen, records
            screen = screen.widened(seen)
            screen.scope.check()
        names = [f"{name} on {self.probes[name]}" for name in _cut_off(seen)]
        raise BenchError(
            f"{', '.join(names)} reaches beyond what the scope can show",
            where=self.scope.connection.address,
            mend="look at it through a 10:1 probe, and tell the scope of it",
        )

    def waves(self, records: Sequence[Seen]) -> dict[str, TakenWave]:
        """Return records as a journal keeps them, by terminal."""
        first = records[0]
        return {
            terminal: TakenWave(
                channel=str(probe),
                volts_a_division=self.scales[terminal],
                zero=first[terminal].zero,
                step_V=first[terminal].step_V,
                step_s=first[terminal].step_s,
                starts_s=[one[terminal].start_s for one in records],
                codes=[one[terminal].codes.tolist() for one in records],
            )
            for terminal, probe in self.probes.items()
        }


def _cut_off(seen: Seen) -> list[str]:
    return [terminal for terminal, wave in seen.items() if wave.is_cut_off]
