"""From reading to reading: the fixture takes what is wired to it, and a person the rest."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, TextIO

from realnet_hw.diagnose import possible, readings, table, words
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.diagnose.diagnosis import Investigation
    from realnet_hw.diagnose.readings import Probe
    from realnet_hw.measure.at_hand import AtHand

_HELP = """\
Type what the meter shows: 1.23  -0.5  12 mV  4k7  OL (of ohms, more than it can show)
or: s  another place, I can't reach this one     u  undo the last reading
    ?  this help                                 q  enough"""

_SHOWN, _READ_SHOWN = 3, 8
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
        bench: the fixture that the board is on, if it is on one.
    """

    def __init__(
        self,
        looked: Investigation,
        answers: TextIO,
        typed: TextIO,
        bench: AtHand | None = None,
    ) -> None:
        self._looked, self._answers, self._typed, self._bench = looked, answers, typed, bench
        self._given = len(looked.readings.values)
        self._skipped: set[Probe] = set()
        self._at: Setting | None = None
        self._is_odd = False
        self._has_begun = False

    def until_settled(self) -> None:
        """Go from reading to reading until it is clear what is wrong, or somebody has enough.

        Raises:
            InputError, BenchError, LinkLost: as the fixture.
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
            if self._bench is not None and probe in self._looked.by_itself:
                self._read_by_itself(self._bench, probe)
            elif not self._read_by_hand(probe):
                return

    @property
    def _count(self) -> int:
        return len(self._looked.readings.values)

    def _next(self) -> Probe | None:
        """Return what to read; None, with a reason, where there is nothing."""
        looked = self._looked
        if rail := looked.rail_words():
            self._answers.write(f"{rail[0].upper()}{rail[1:]}. Mend that first, then read again.\n")
            return None
        if looked.sure():
            self._answers.write("That settles it, if only one thing is wrong.\n")
            return None
        at = self._at[0] if self._at else None
        choices = [] if looked.found.is_unknown else looked.choices(at)
        probes = [choice.probe for choice in choices if choice.probe not in self._skipped]
        if probes and probes[0] in looked.by_itself:
            return probes[0]
        rails = [one for one in looked.supplies_first() if one not in self._skipped]
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

    # ----------------------------------------------------------------------------- the fixture

    def _read_by_itself(self, bench: AtHand, probe: Probe) -> None:
        """Read all that is wired, at a probe's inputs."""
        inputs = dict(probe.inputs)
        at = words.inputs_words(probe.inputs)
        self._answers.write(f"\n{self._looked.steps + 1}. The fixture sets {at} and reads: ")
        self._answers.flush()
        case, channels = bench.case(inputs)
        taken = readings.from_cases(
            [case], self._looked.board, channels, bench.wiring, bench.range_V
        )
        self._at = (probe.inputs, "")
        shown = [
            f"{one.probe.net} {words.reading_words(one.probe.kind, one.value)}"
            for one in taken.values[:_READ_SHOWN]
        ]
        more = f" and {len(taken.values) - len(shown)} more" * (len(taken.values) > len(shown))
        self._answers.write(f"{', '.join(shown)}{more}\n")
        self._looked.take(taken, step=True)
        self._looked.by_itself = [
            one for one in self._looked.by_itself if one.inputs != probe.inputs
        ]

    def _hold(self, probe: Probe) -> None:
        """Let the fixture hold the inputs that somebody reads at; ohms are read without."""
        if self._bench is not None and probe.inputs:
            self._bench.hold(dict(probe.inputs))

    def _let_go(self) -> None:
        if self._bench is not None:
            self._bench.rest()

    def _line(self) -> str:
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
                self._skipped.add(probe)
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
            was_unknown = self._looked.found.is_unknown
            self._looked.take(taken, step=True)
            self._is_odd = self._looked.found.is_unknown and not was_unknown
            # With a supply off nothing is odd.
            self._is_odd &= not self._looked.rail_words()
            self._at = (probe.inputs, probe.held) if probe.inputs else self._at
            return True

    def _ask(self, probe: Probe) -> str | None:
        """Ask for one reading; None where it is enough."""
        self._answers.write(f"\n{self._looked.steps + 1}. {self._setting(probe)}")
        while True:
            self._answers.write(f"{self._question(probe)}\n> ")
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
        """Return what is to be set before a reading, empty where it is already."""
        if not probe.inputs or self._at == (probe.inputs, probe.held):
            return ""
        inputs = words.inputs_words(probe.inputs)
        said = f"The fixture holds {inputs}." if self._bench else f"Set {inputs}."
        if not probe.held:
            return f"{said}\n"
        resets = [port.name for port in readings.pulled(self._looked.board) if port.role == "reset"]
        before = "" if probe.held in resets else f"Join {resets[0]} to GND for a moment. "
        return f"{said} {before}Join {probe.held} to GND with a wire, and leave it there.\n"

    def _question(self, probe: Probe) -> str:
        looked = self._looked
        where = [
            f"{net} ({words.place_of(net, looked.board, looked.netlist)})"
            for net in (probe.net, probe.other)
            if net
        ]
        if probe.kind == "ohm":
            return f"Power off, inputs unplugged: ohms from {where[0]} to {where[1]}?"
        if probe.kind == "ampere":
            return f"Current that the supply {probe.net} delivers?"
        return f"Volts at {where[0]}?"

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
        if self._count == self._given:
            self._answers.write("Nothing was typed yet.\n")
        else:
            self._looked.take_back()

    def _value(self, probe: Probe, text: str) -> readings.Readings | str:
        """Return a reading as typed, or why it is none."""
        try:
            value = readings.value_typed(text, probe.kind)
            taken = readings.by_hand(probe, value, number=self._count + 1)
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
        order = sorted(range(len(faults)), key=lambda fault: -found.faults[fault])
        shown = [
            f"{table.percent(float(found.faults[fault]))} "
            f"{'nothing is wrong' if fault == 0 else faults[fault].name}"
            for fault in order[:_SHOWN]
            if found.faults[fault] > 0.01
        ]
        self._answers.write(f"So far: {', '.join(shown)}\n")


def probe(
    looked: Investigation, answers: TextIO, typed: TextIO, bench: AtHand | None = None
) -> None:
    """Ask for readings until it is clear what is wrong, or whoever reads them has enough.

    Ctrl-C is enough, too: what was read until then counts.

    Args:
        looked: the board, with what was read already.
        answers: where to write.
        typed: what is typed; its end is taken for enough.
        bench: the fixture that the board is on: it takes what is wired to it.

    Raises:
        InputError, BenchError, LinkLost: as the fixture.
    """
    answers.write("Black lead of the meter to GND for volts, and the supplies on.\n")
    answers.write(f"{_HELP}\n")
    if bench is not None:
        looked.by_itself = looked.read_by(bench.wiring)
    try:
        Probing(looked, answers, typed, bench).until_settled()
    except KeyboardInterrupt:
        answers.write("\nEnough, then.\n")
    finally:
        looked.by_itself = ()
