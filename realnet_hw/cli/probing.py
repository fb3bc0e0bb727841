"""From reading to reading: the fixture takes what is wired to it, and a person the rest."""

from __future__ import annotations

import select
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from realnet_hw.diagnose import possible, readings, table, words
from realnet_hw.diagnose.probes import untaken
from realnet_hw.diagnose.reading_file import ARRIVES_V
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.diagnose.diagnosis import Investigation
    from realnet_hw.diagnose.reading_file import Kept
    from realnet_hw.diagnose.readings import Probe
    from realnet_hw.measure.at_hand import AtHand

_BEGIN = """\
You are asked for one reading after the other, until it is clear what is wrong.
Supplies on, with their current limited; black lead of the meter at GND for volts."""
_HELP = """\
Type what the meter shows: 1.23  -0.5  12 mV  4k7  OL (of ohms, more than it can show)
or: s  another place, I can't reach this one     u  undo the last reading
    ?  this help                                 q  enough"""

_SHOWN, _READ_SHOWN, _WORTH_SAYING = 3, 8, 0.02
# Before anything is read a board is as probably sound as not: that is nothing to be said.
_FAIRLY_SOUND = 0.6
_UNKNOWN = "No single fault explains these readings"
# So often the fixture hears from us while somebody looks for a place to probe, a share of its
# patience.
_BEAT = 1 / 3

Setting = tuple[tuple[tuple[str, float], ...], str]
"""What the inputs are set to, and which port is held low."""


class Probing:
    """A board that is probed.

    Args:
        looked: the board, with what was read already.
        answers: where to write.
        typed: what is typed; its end is taken for enough.
        kept: what was read is on the disk there before the next reading is asked for.
        bench: the fixture that the board is on, if it is on one.
    """

    def __init__(
        self,
        looked: Investigation,
        answers: TextIO,
        typed: TextIO,
        kept: Kept,
        bench: AtHand | None = None,
    ) -> None:
        self._looked, self._answers, self._typed, self._bench = looked, answers, typed, bench
        self._kept = kept
        # Of what was read since then, whether it was typed.
        self._taken: list[bool] = []
        # Places, at whatever inputs.
        self._skipped: set[tuple[str, ...]] = set()
        # What a meter shows of the levels that somebody sets inputs to.
        self._sources_V: dict[float, float] = {}
        self._at: Setting | None = None
        self._is_odd = False
        self._is_off = False
        self._has_begun = False

    def until_settled(self) -> None:
        """Go from reading to reading until it is clear what is wrong, or somebody has enough.

        Raises:
            InputError, BenchError, LinkLost: as the fixture, and where the disk is full.
        """
        while True:
            self._say_where_we_are()
            if self._is_odd:
                if not self._takes_back():
                    return
                self._undo()
                self._is_odd = False
                continue
            probe = self._next()
            if probe is None:
                return
            if self._bench is not None and not self._has_power(probe):
                return
            if self._bench is not None and probe in self._looked.by_itself:
                self._read_by_itself(self._bench, probe)
            elif not self._read_by_hand(probe):
                return

    def _next(self) -> Probe | None:
        """Return what to read; None, with a reason, where there is nothing."""
        looked = self._looked
        if rail := looked.rail_words():
            self._answers.write(f"{rail[0].upper()}{rail[1:]}. Mend that first, then read again.\n")
            return None
        at = self._at[0] if self._at else None
        if unread := untaken(looked.found, list(looked.by_itself)):
            # What the fixture reads costs nobody anything, and a second fault may show at any
            # inputs.
            choices = [] if looked.found.is_unknown else looked.choices(at)
            return next((one.probe for one in choices if one.probe in unread), unread[0])
        if looked.sure():
            self._answers.write("That settles it, if only one thing is wrong.\n")
            if self._bench is None:
                self._answers.write(
                    "Mend it and read the truth table anew: a second fault shows only then.\n"
                )
            return None
        choices = [] if looked.found.is_unknown else looked.choices(at)
        probes = [choice.probe for choice in choices if _place(choice.probe) not in self._skipped]
        rails = self._supplies()
        if rails and not looked.found.is_sound:
            if not self._has_begun:
                self._answers.write("Supplies first: wrong most often, and soonest read.\n")
                self._has_begun = True
            return rails[0]
        if looked.found.is_unknown:
            self._answers.write(f"{_UNKNOWN}.\n")
        elif not probes:
            self._answers.write("No further reading would tell more.\n")
        return probes[0] if probes else None

    def _supplies(self) -> list[Probe]:
        """Return the supplies to be read, at the inputs that are set, or that are soonest set."""
        unread = [one for one in self._looked.supplies_first() if _place(one) not in self._skipped]
        if self._at is not None:
            return unread
        cases = self._looked.dictionary.cases
        at = tuple(min(cases, key=lambda case: sum(map(bool, case.values()))).items())
        # What is read with a port held low is read at the first case's.
        return [one if one.held else replace(one, inputs=at) for one in unread]

    # ----------------------------------------------------------------------------- the fixture

    def _read_by_itself(self, bench: AtHand, probe: Probe) -> None:
        """Read all that is wired, at a probe's inputs."""
        looked = self._looked
        at = words.inputs_words(probe.inputs)
        self._answers.write(f"\n{looked.steps + 1}. The fixture sets {at} and reads: ")
        self._answers.flush()
        case, channels = bench.case(dict(probe.inputs))
        taken = readings.from_cases(
            [case],
            looked.board,
            channels,
            bench.wiring,
            bench.range_V,
            sitting=bench.run.journal.path.name,
        )
        self._kept.measure(taken)
        self._at = (probe.inputs, "")
        read = [looked.as_read(one, taken) for one in taken.values]
        shown = [f"{one.node} {words.value_words(one)}" for one in read[:_READ_SHOWN]]
        shown += [f"and {len(read) - _READ_SHOWN} more"] * (len(read) > _READ_SHOWN)
        shown += [f"{probe.net} could not be timed: {why}" for probe, why in taken.untimed.items()]
        self._answers.write(f"{', '.join(shown)}\n")
        looked.take(taken, step=True)
        self._taken.append(False)
        looked.by_itself = [one for one in looked.by_itself if one.inputs != probe.inputs]

    def _has_power(self, probe: Probe) -> bool:
        """Wait, where ohms were read last, until the board is on; False where it is enough."""
        if not self._is_off or not probe.inputs:
            return True
        self._answers.write("\nPower on again, inputs plugged in. Then press Enter.\n> ")
        self._answers.flush()
        line = self._line()
        self._is_off = False
        return bool(line) and line.strip() != "q"

    def _hold(self, probe: Probe) -> None:
        """Let the fixture hold the inputs that somebody reads at; ohms are read without."""
        if self._bench is not None and probe.inputs:
            self._bench.hold(dict(probe.inputs))

    def _let_go(self) -> None:
        if self._bench is not None:
            self._bench.rest()

    def _line(self) -> str:
        """Return what is typed next; empty, with a word why nobody is asked on, at the end."""
        line = self._typed_next()
        if not line:
            self._answers.write("\nNobody answers: there is no more input, so this is enough.\n")
        return line

    def _typed_next(self) -> str:
        """Return what is typed next, while the fixture hears from us; empty at the end."""
        bench = self._bench
        if bench is None:
            return self._typed.readline()
        try:
            descriptor = self._typed.fileno()
        except (OSError, ValueError):
            return self._typed.readline()
        until_s = time.monotonic() + bench.unattended_s
        while not select.select([descriptor], [], [], bench.patience_s * _BEAT)[0]:
            bench.beat()
            if bench.holds and time.monotonic() > until_s:
                bench.rest()
                self._answers.write(
                    f"\nNothing was typed for {bench.unattended_s / 60:.0f} minutes, so the inputs "
                    "are grounded. Enter: they are set again\n> "
                )
                self._answers.flush()
        return self._typed.readline()

    def _is_grounded(self, probe: Probe) -> bool:
        """Whether inputs that a probe needs are not held any more."""
        return self._bench is not None and bool(probe.inputs) and not self._bench.holds

    # ------------------------------------------------------------------------------- by hand

    def _read_by_hand(self, probe: Probe) -> bool:
        """Ask for one reading; False where it is enough."""
        if not self._knows_sources(probe):
            return False
        while True:
            self._hold(probe)
            text = self._ask(probe)
            is_late = self._is_grounded(probe)
            if text not in (None, "s", "u") and self._bench is not None and self._bench.holds:
                self._bench.confirm_held()
            self._let_go()
            if text is None:
                return False
            if text == "s":
                self._skipped.add(_place(probe))
                return True
            if text == "u":
                self._undo()
                return True
            if is_late:
                if text:
                    self._answers.write("The inputs were grounded by then: read it once more.\n")
                continue
            taken = self._value(probe, text)
            if isinstance(taken, str):
                self._answers.write(f"{taken}\n")
                continue
            self._kept.type(taken.values[0], self._arrived_V(probe))
            was_unknown = self._looked.found.is_unknown
            self._looked.take(taken, step=True)
            self._taken.append(True)
            self._is_odd = self._looked.found.is_unknown and not was_unknown
            # With a supply off nothing is odd.
            self._is_odd &= not self._looked.rail_words()
            self._is_off = not probe.inputs
            self._at = (probe.inputs, probe.held) if probe.inputs else self._at
            return True

    def _knows_sources(self, probe: Probe) -> bool:
        """Ask, once for each, what the levels at the inputs truly are; False where it is enough."""
        # At rest little depends on inputs, and a fixture knows its own.
        is_needed = self._bench is None and not probe.held
        levels = {volts for _, volts in probe.inputs if volts} if is_needed else set()
        for level in sorted(levels - self._sources_V.keys()):
            names = " and ".join(name for name, volts in probe.inputs if volts == level)
            self._answers.write(
                f"\nSet {names} = {level:g} V. What does the meter show there? "
                f"Only Enter: {level:g} V\n"
            )
            while level not in self._sources_V:
                self._answers.write("> ")
                self._answers.flush()
                line = self._line()
                if not line or line.strip() == "q":
                    return False
                try:
                    volts = readings.value_typed(line, "volt") if line.strip() else level
                except InputError as error:
                    self._answers.write(f"{error}\n")
                    continue
                if abs(volts - level) > ARRIVES_V:
                    self._answers.write(
                        f"It should be within {ARRIVES_V:g} V of {level:g} V: "
                        "is the source on, and its wire joined?\n"
                    )
                    continue
                self._sources_V[level] = volts
        return True

    def _arrived_V(self, probe: Probe) -> dict[str, float]:
        known = {name: self._sources_V.get(volts, volts) for name, volts in probe.inputs}
        return {name: volts for name, volts in known.items() if volts != dict(probe.inputs)[name]}

    def _ask(self, probe: Probe) -> str | None:
        """Ask for one reading; None where it is enough."""
        self._answers.write(f"\n{self._looked.steps + 1}. {self._setting(probe)}\n")
        while True:
            self._answers.write(f"   {self._question(probe)}\n> ")
            self._answers.flush()
            line = self._line()
            text = line.strip()
            if not line or text == "q":
                self._answers.write("\n")
                return None
            if (text and text != "?") or self._is_grounded(probe):
                return text
            self._answers.write(f"{_HELP}\n")

    def _setting(self, probe: Probe) -> str:
        """Return what the board is to be set to before a reading, and who does it."""
        if not probe.inputs:
            return "Power off, inputs unplugged."
        inputs = words.inputs_words(probe.inputs)
        on = "Power on again. " if self._is_off else ""
        if self._bench is not None:
            said = f"The fixture holds {inputs}."
        elif self._at == (probe.inputs, probe.held) and not self._is_off:
            said = f"As before, {inputs}."
        else:
            said = f"{on}Set {inputs}."
        if not probe.held:
            return said
        if self._at == (probe.inputs, probe.held):
            return f"{said} {probe.held} stays joined to GND."
        resets = [port.name for port in readings.pulled(self._looked.board) if port.role == "reset"]
        before = "" if probe.held in resets else f"Join {resets[0]} to GND for a moment. "
        return f"{said} {before}Join {probe.held} to GND with a wire, and leave it there."

    def _question(self, probe: Probe) -> str:
        reading = self._looked.probe_reading(probe)
        if probe.kind == "ohm":
            return f"Ohms from {probe.net} to {probe.other} ({reading.place}, as it sits there)?"
        if probe.kind == "ampere":
            return f"Current that the supply {probe.net} delivers?"
        return f"Volts at {probe.net} ({reading.place})?"

    def _takes_back(self) -> bool:
        """Ask, where nothing explains the readings, whether the last one is to be taken back."""
        while True:
            self._answers.write(f"{_UNKNOWN}.\n")
            self._answers.write(
                "u  undo the last, it may be wrong     q  enough: look for two faults\n> "
            )
            self._answers.flush()
            line = self._line()
            text = line.strip()
            if text == "u":
                return True
            if not line or text == "q":
                self._answers.write("\n")
                return False

    def _undo(self) -> None:
        """Take the last reading that was typed back."""
        if not self._taken:
            self._answers.write("Nothing was typed yet.\n")
        elif not self._taken[-1]:
            self._answers.write("The fixture has read since then.\n")
        else:
            self._kept.take_back()
            self._looked.take_back()
            self._taken.pop()

    def _value(self, probe: Probe, text: str) -> readings.Readings | str:
        """Return a reading as typed, or why it is none."""
        try:
            value = readings.value_typed(text, probe.kind)
            number = len(self._looked.readings.budgets) + 1
            taken = readings.by_hand(probe, value, number=number, arrived_V=self._arrived_V(probe))
            possible.refuse_impossible(taken, self._looked.board)
        except InputError as error:
            return str(error)
        return taken

    def _say_where_we_are(self) -> None:
        """Say in a line what is suspected."""
        found = self._looked.found
        # Where nothing explains the readings, what explains them least badly is no suspicion.
        if not len(found.evidence.values) or found.is_unknown:
            return
        faults = self._looked.dictionary.universe.faults
        order = sorted(range(1, len(faults)), key=lambda fault: -found.faults[fault])
        shown = [
            f"{faults[fault].name} ({table.percent(float(found.faults[fault]))})"
            for fault in order[:_SHOWN]
            if found.faults[fault] > _WORTH_SAYING
        ]
        if found.healthy > max(found.faults[1:], default=0.0):
            sure = f" ({table.percent(found.healthy)})" if found.healthy > _FAIRLY_SOUND else " yet"
            self._answers.write(f"So far: nothing wrong seen{sure}\n")
        elif shown:
            self._answers.write(f"So far: {', '.join(shown)}\n")


def _place(probe: Probe) -> tuple[str, ...]:
    """Return what is touched: who can't reach it at some inputs can't at others."""
    return probe.kind, probe.net, probe.other, probe.held


def probe(
    looked: Investigation,
    answers: TextIO,
    typed: TextIO,
    kept: Kept,
    bench: AtHand | None = None,
) -> None:
    """Ask for readings until it is clear what is wrong, or whoever reads them has enough.

    Ctrl-C is enough, too: what was read until then counts.

    Args:
        looked: the board, with what was read already.
        answers: where to write.
        typed: what is typed; its end is taken for enough.
        kept: the file that every reading is in before the next one is asked for.
        bench: the fixture that the board is on: it takes what is wired to it.

    Raises:
        InputError, BenchError, LinkLost: as the fixture, and where the disk is full.
    """
    answers.write(f"{_BEGIN}\n{_HELP}\n")
    if bench is not None:
        looked.by_itself = looked.read_by(bench.wiring)
    try:
        Probing(looked, answers, typed, kept, bench).until_settled()
    except KeyboardInterrupt:
        answers.write("\nEnough, then.\n")
    finally:
        looked.by_itself = ()
