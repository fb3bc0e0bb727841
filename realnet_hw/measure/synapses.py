"""A board that learns, on a fixture: its weights kept written, patterns presented and nudged.

Ref: firmware/fixture/PROTOCOL.md, Stored weights and ARRay.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.measure.fixture import Fixture, suffix, written
from realnet_hw.measure.fixture_specification import (
    ADC_CHANNELS,
    DAC_CHANNELS,
    LSB_V,
    PATTERNS,
    RANGE_V,
)
from realnet_hw.measure.sweep import sweep_codes

Volts = npt.NDArray[np.float64]

LINE_characters = 250
"""What the fixture takes in one line."""
_CONVERSION_S = 40e-6
"""What a conversion takes at most, with the pulses that it waits for."""
_PATIENCE_S = 60.0
"""How long a presentation may take: a simulated board is slow."""


@dataclass(frozen=True)
class Nudged:
    """What patterns showed as they are, pushed towards their target, and pushed away from it.

    Args:
        free_V, towards_V, away_V: at the columns, shape (patterns, columns).
        push_V: what the first of the two nudges got towards the target, and the second one as much
            below 0 V; the other way round for ``away_V``. Shape (patterns).
    """

    free_V: Volts
    towards_V: Volts
    away_V: Volts
    push_V: Volts


class StoredBoard:
    """A board with synapses on an open fixture.

    Args:
        board: on the bench.
        wiring: terminal to channel.
        fixture: with the limits of ``Board.driven``.

    Raises:
        InputError: no synapses, or a column whose sense is not wired.
    """

    def __init__(self, board: Board, wiring: Mapping[str, str], fixture: Fixture) -> None:
        if board.synapses is None:
            raise InputError("this board has no synapses", where=board.name)
        self._synapses = synapses = board.synapses
        self._fixture = fixture
        unread = [sense for sense in synapses.senses.values() if sense not in wiring]
        if unread:
            raise InputError(
                f"{', '.join(unread)} must be wired to learn",
                where=f"wiring of {board.name}",
                mend="give each a sense channel",
            )
        self._senses = [wiring[sense] for sense in synapses.senses.values()]
        self._inputs = [wiring[port.name] for port in board.inputs]
        self._nudges = [wiring[port] for port in synapses.nudges.values()]
        self._data = sorted(wiring[port.name] for port in board.ports if port.role == "data")
        self._free = [name for name in DAC_CHANNELS if name not in self._data]
        self._cells = {
            synapse.store: (int(wiring[synapse.line][4:]), self._data.index(wiring[synapse.data]))
            for synapse in itertools.chain(*itertools.chain(*synapses.layers))
        }
        self._lines = 1 + max(line for line, _ in self._cells.values())
        self._volts = np.zeros((self._lines, len(self._data)))
        self._shown: set[str] = set()
        self._nudge = ""

    @property
    def refresh_s(self) -> float:
        """From one writing of a capacitor to the next: 345 us a line and the pulse."""
        return self._lines * (345e-6 + self._synapses.write_s)

    def begin(self, held_V: Mapping[str, float]) -> None:
        """Store weights and keep them written from now on. Outputs must be on.

        Args:
            held_V: net of a capacitor to its voltage; 0 V where a net is not named.

        Raises:
            InputError: no such capacitor, or a voltage beyond the limits.
            BenchError, LinkLost: as ``Fixture.tell``.
        """
        mask = sum(1 << DAC_CHANNELS.index(channel) for channel in self._data)
        self._fixture.tell(f"ARR OFF;:ARR:SIZE {self._lines},{mask}")
        self._fixture.tell(f"ARR:PULS {round(self._synapses.write_s * 1e6)}")
        self._volts[:] = 0.0
        self._shown.clear()
        self._nudge = ""
        self.store(held_V)
        self._fixture.tell("ARR ON")

    def store(self, held_V: Mapping[str, float]) -> None:
        """Change some weights; they are written when this returns. Raises as ``begin``."""
        for message in self._store_messages(held_V):
            self._fixture.tell(message)

    def present(
        self, inputs_V: Volts, nudges_V: Volts, *, settle_s: float, average: int = 1
    ) -> Volts:
        """Show patterns one after another and read every column at rest.

        Args:
            inputs_V: shape (patterns, inputs).
            nudges_V: shape (patterns, nudges).
            settle_s: from each pattern to its first conversion, up to 0.06 s.
            average: conversions a reading, 1 to 64.

        Returns:
            Shape (patterns, columns), as ``Synapses.senses`` has them.

        Raises:
            InputError: a voltage beyond the limits.
            BenchError, LinkLost: as ``Fixture.tell``.
        """
        read = []
        for some in self._batches(len(inputs_V), self._look_s(settle_s, average)):
            for place, pattern in enumerate(some):
                self._set_pattern(place, inputs_V[pattern], nudges_V[pattern])
            words = self._ask("PRES?", len(some), settle_s, average, len(self._senses))
            read.append(self._columns_V(words))
        return np.concatenate(read)

    def present_nudged(
        self,
        inputs_V: Volts,
        targets_V: Volts,
        *,
        strength: float,
        limit_V: float,
        settle_s: float,
        average: int = 1,
        held_V: Mapping[str, float] | None = None,
    ) -> Nudged:
        """Show each pattern as it is and pushed both ways, in one round trip for eight of them.

        The fixture makes the push from its own first reading: ``strength`` times what the
        difference of the two output columns lacks to the target.

        Args:
            inputs_V: shape (patterns, inputs).
            targets_V: of the difference of the output columns, shape (patterns).
            strength: volts of push a volt at the columns, above 0.
            limit_V: the largest push.
            settle_s, average: as ``present``.
            held_V: weights to store before, in the same message.

        Raises:
            InputError: more than one pair of output columns, a voltage beyond the limits, or a
                strength beyond what the fixture can do.
            BenchError, LinkLost: as ``Fixture.tell``.
        """
        if len(self._nudges) != 2:
            raise InputError(
                f"{len(self._nudges)} output columns are nudged", allowed="2 by the fixture itself"
            )
        for channel in self._nudges:
            for push_V in (limit_V, -limit_V):
                self._fixture.check_level(channel, push_V)
        self._set_nudge(strength / self._synapses.sense_gain, limit_V)
        before = self._store_messages(held_V) if held_V else []
        parts = []
        for some in self._batches(len(inputs_V), 3 * self._look_s(settle_s, average)):
            for place, pattern in enumerate(some):
                target_V = float(targets_V[pattern]) * self._synapses.sense_gain
                self._set_pattern(place, inputs_V[pattern], [], target_V)
            count = 3 * len(self._senses) + 1
            parts.append(
                self._ask("PRES:NUDG?", len(some), settle_s, average, count, before=before)
            )
            before = []
        words = np.concatenate(parts)
        width = len(self._senses)
        return Nudged(
            self._columns_V(words[:, :width]),
            self._columns_V(words[:, width + 1 : 2 * width + 1]),
            self._columns_V(words[:, 2 * width + 1 :]),
            words[:, width].astype(np.int16) / 16 * LSB_V,
        )

    # ------------------------------------------------------------------------------- the messages

    def _store_messages(self, held_V: Mapping[str, float]) -> list[str]:
        """Return the messages that store weights, each short enough for a line."""
        strange = [net for net in held_V if net not in self._cells]
        if strange:
            raise InputError(f"no capacitor {strange[0]!r}", allowed=", ".join(self._cells))
        for net, level_V in held_V.items():
            line, column = self._cells[net]
            self._fixture.check_level(self._data[column], level_V)
            self._volts[line, column] = level_V
        messages: list[str] = []
        for number, cells_V in enumerate(self._volts, 1):
            cells = "," + written(cells_V)
            if not messages or len(messages[-1]) + len(cells) > LINE_characters:
                messages.append(f"ARR:STOR {number}")
            messages[-1] += cells
        return messages

    def _set_pattern(
        self,
        place: int,
        inputs_V: Volts,
        nudges_V: Volts | Sequence[float],
        target_V: float | None = None,
    ) -> None:
        """Tell a pattern, and a target where there is one, unless the fixture has them already."""
        levels = dict.fromkeys(self._free, 0.0)
        levels.update(zip(self._inputs, map(float, inputs_V), strict=True))
        levels.update(zip(self._nudges, map(float, nudges_V), strict=False))
        for channel, level_V in levels.items():
            self._fixture.check_level(channel, level_V)
        number = place + 1
        wanted = [f"PATT{number} {written(levels.values())}"]
        if target_V is not None:
            wanted.append(f"TARG{number} {written([target_V])}")
        new = [part for part in wanted if part not in self._shown]
        if new:
            self._fixture.tell("ARR:" + ";".join(new))
            headers = tuple(part.split(" ")[0] + " " for part in new)
            self._shown = {p for p in self._shown if not p.startswith(headers)} | set(new)

    def _set_nudge(self, factor: float, limit_V: float) -> None:
        columns = list(self._synapses.senses)
        pair = [self._senses[columns.index(column)] for column in self._synapses.nudges]
        numbers = ",".join(str(suffix(channel)) for channel in (*self._nudges, *pair))
        line = f"ARR:NUDG {numbers},{factor:.4f},{written([limit_V])}"
        if self._nudge != line:
            self._fixture.tell(line)
            self._nudge = line

    def _look_s(self, settle_s: float, average: int) -> float:
        """Return how long one pattern is shown."""
        return settle_s + len(self._senses) * (average + 1) * _CONVERSION_S

    def _batches(self, patterns: int, pattern_s: float) -> Iterator[range]:
        """Cut so many patterns into what the fixture holds and shows well within its heartbeat."""
        most = max(1, min(PATTERNS, int(self._fixture.heartbeat_s / 2 / pattern_s)))
        for first in range(0, patterns, most):
            yield range(first, min(first + most, patterns))

    def _ask(
        self,
        query: str,
        patterns: int,
        settle_s: float,
        average: int,
        words: int,
        *,
        before: Sequence[str] = (),
    ) -> npt.NDArray[np.uint16]:
        """Return the words of a presentation, shape (patterns, words)."""
        mask = sum(1 << ADC_CHANNELS.index(channel) for channel in self._senses)
        line = f"ARR:{query} 1,{patterns},{round(settle_s * 1e6)},{average},{mask}"
        # The fixture holds no more than one line and the query while it executes another.
        for message in before[:-1]:
            self._fixture.tell(message)
        line = "\n".join([*before[-1:], line])
        block = self._fixture.dialogue.ask_block(line, _PATIENCE_S)
        codes = sweep_codes(block, patterns, words, where=self._fixture.address)
        return np.array(codes, dtype=np.uint16).reshape(patterns, words)

    def _columns_V(self, words: npt.NDArray[np.uint16]) -> Volts:
        """Return the columns' voltages: words come in the order of channels."""
        order = sorted(self._senses, key=ADC_CHANNELS.index)
        columns = [order.index(channel) for channel in self._senses]
        terminal_V = words[:, columns] / 16 * LSB_V - RANGE_V
        volts: Volts = terminal_V / self._synapses.sense_gain
        return volts
