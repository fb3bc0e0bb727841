"""The dialogue with a fixture: every command checked, every answer the one that was asked for.

A command and the question for errors go out together, so that a refusal costs no wait. After a
missed answer the link is brought back into step, and the caller is told; a question that changes
nothing is asked once more, a command never.

Ref: firmware/fixture/PROTOCOL.md; SCPI-1999 volume 1, 7 (messages) and 21.8 (error queue).
"""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from realnet_hw.errors import RESUME, BenchError, LinkLost
from realnet_hw.measure.link import Link, NoAnswer

_T = TypeVar("_T")

FIXTURE = "realnet_hw,fixture,"
"""What ``*IDN?`` of a fixture begins with: maker and model."""

START_UP_S = 6.0
"""How long a fixture may take to answer: opening the port resets an Arduino for up to 3 s."""

_STEP_IN_ATTEMPTS, _STEP_IN_S = 6, 0.5
"""How often a fixture that missed is asked who it is, and how long each time."""

_QUEUE_LIMIT = 64
"""More errors than any queue of the firmware holds: a fixture that goes on is out of order."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ERROR = re.compile(r'([+-]?\d+),"(.*)"')
_HEARTBEAT_LOST = "101"
_SUPPLY_LOST = "106"
_RESTARTED = {"102", "103", "105"}
_DISTURBED = re.compile(r"-1\d\d|-36\d")
"""What we send is never malformed: it came malformed."""


@dataclass(frozen=True)
class Identity:
    """What ``*IDN?`` says."""

    text: str
    serial: str
    version: str


class Dialogue:
    """A dialogue with a fixture that has said who it is.

    Args:
        link: open, to be closed by the caller.
        baud: of the link, for what is said when nobody answers.
        heartbeat_s: after which the fixture grounds its outputs, for what is said when it is lost.

    Raises:
        LinkLost: nothing answers in time.
        BenchError: something else than a fixture answers.
    """

    def __init__(self, link: Link, *, baud: int, heartbeat_s: float) -> None:
        self._link = link
        self._heartbeat_s = heartbeat_s
        self.identity = _identify(link, baud, START_UP_S)

    def tell(self, line: str) -> None:
        """Send a command and read the error queue.

        Raises:
            BenchError: the fixture refused it, or did not answer in time (it is not repeated).
            LinkLost: nothing answers any more.
        """
        self._exchange(line)

    def ask(self, line: str) -> str:
        """Send a query that changes nothing and return its answer; asked again once if missed.

        Raises:
            BenchError, LinkLost: as ``tell``.
        """
        try:
            reply = self._exchange(line)
        except NoAnswer:
            reply = self._exchange(line)
        if reply is None:
            raise BenchError(f"no answer to {line}", where=self._link.address)
        return reply

    def ask_once(self, line: str, patience_s: float) -> str:
        """Send a query that acts on the board, and return its answer; never asked again.

        The heartbeat is fed while it takes its time.

        Args:
            line: the query.
            patience_s: how long to wait for an answer.

        Raises:
            BenchError, LinkLost: as ``tell``.
        """
        reply = self._exchange(line, patience_s)
        if reply is None:
            raise BenchError(f"no answer to {line}", where=self._link.address)
        return reply

    def ask_number(self, line: str) -> float:
        """Send such a query and return the number that it answers."""
        return self.ask_numbers(line, 1)[0]

    def ask_numbers(self, line: str, count: int) -> list[float]:
        """Send such a query and return the numbers, separated by commas, that it answers."""
        return self.numbers_in(self.ask(line), count, line)

    def numbers_in(self, reply: str, count: int, line: str) -> list[float]:
        """Return the numbers, separated by commas, of a reply to a line.

        Raises:
            BenchError: there are not so many.
        """
        texts = reply.split(",")
        numbers = [float(text) for text in texts if _NUMBER.fullmatch(text)]
        # What is no number for the fixture is one for Python: "nan", "1_0"; "1e400" is infinite.
        if not len(texts) == len(numbers) == count or not all(map(math.isfinite, numbers)):
            raise BenchError(
                f"{reply!r} came in answer to {line}",
                where=self._link.address,
                allowed=f"{count} numbers" if count > 1 else "a number",
            )
        return numbers

    def ask_block(self, line: str, timeout_s: float) -> bytes:
        """Send a query and return the block that it answers; not repeated.

        Raises:
            BenchError, LinkLost: as ``tell``.
        """
        try:
            block = self._on_link(lambda link: link.query_block(line, timeout_s=timeout_s))
        except NoAnswer:
            self._raise_missed(line)
        self._raise_errors(line, self.errors())
        return block

    def errors(self) -> list[str]:
        """Read the error queue until it is empty.

        Raises:
            BenchError: what comes is no error.
            LinkLost: nothing answers any more.
        """
        found: list[str] = []
        while len(found) < _QUEUE_LIMIT:
            answer = self._on_link(lambda link: link.query("SYST:ERR?"))
            match = _ERROR.fullmatch(answer)
            if match is None:
                raise BenchError(
                    f"{answer!r} came in answer to SYST:ERR?", where=self._link.address
                )
            if int(match[1]) == 0:
                break
            found.append(f"{int(match[1])} {match[2]}")
        return found

    def step_in(self, doing: str) -> None:
        """Clear the link and ask who is there until the fixture of before answers.

        Args:
            doing: what for, or the message whose answer was missed.

        Raises:
            LinkLost: nothing or something else answers.
        """
        late = 0  # so many answers of who it is may still be on their way
        for _ in range(_STEP_IN_ATTEMPTS):
            self._on_link(lambda link: link.clear())
            try:
                heard = self._on_link(lambda link: link.query("*IDN?", timeout_s=_STEP_IN_S))
            except NoAnswer:
                late += 1
                continue
            if heard == self.identity.text:
                self._let_come(late)
                # Answers to what was asked while nothing answered may come all at once now.
                self._on_link(lambda link: link.clear())
                return
            late += 1
        raise self._lost(f"nothing answers any more ({doing})")

    def _let_come(self, answers: int) -> None:
        """Wait for answers that were given up, as long as one of them may take."""
        with contextlib.suppress(NoAnswer):
            for _ in range(answers):
                self._on_link(lambda link: link.read(timeout_s=_STEP_IN_S))

    def _exchange(self, line: str, patience_s: float | None = None) -> str | None:
        """Send a message and return what it answers, or None, once its error queue is empty.

        With patience the heartbeat is fed until the answer comes.

        Raises:
            NoAnswer: nothing fitting came in time; the link is in step again.
            BenchError, LinkLost: as ``tell``.
        """
        try:
            # Two messages in one go: an error ends the message it is in, but not the next.
            both = f"{line}\nSYST:ERR?"
            if patience_s is None:
                heard = self._on_link(lambda link: link.query(both))
            else:
                every_s = self._heartbeat_s / 3
                heard = self._on_link(
                    lambda link: link.query_feeding(both, every_s=every_s, timeout_s=patience_s)
                )
            reply = None
            if not _ERROR.fullmatch(heard):
                reply, heard = heard, self._on_link(lambda link: link.read())
        except NoAnswer:
            self._raise_missed(line)
        match = _ERROR.fullmatch(heard)
        if match is None:
            self._raise_missed(line)
        if int(match[1]) != 0:
            self._raise_errors(line, [f"{int(match[1])} {match[2]}", *self.errors()])
        return reply

    def _raise_errors(self, line: str, errors: Sequence[str]) -> None:
        """Raise what the fixture queued, if anything."""
        if not errors:
            return
        why, mend, go_on = "", "", RESUME
        numbers = {error.split()[0] for error in errors}
        if _HEARTBEAT_LOST in numbers:
            why = f"; the host was silent for {self._heartbeat_s:g} s, so outputs are grounded"
        elif _SUPPLY_LOST in numbers:
            why = "; the fixture's +15 V or -15 V was missing, so outputs are grounded"
            mend = "check that supply and its plug"
        elif numbers & _RESTARTED:
            why = "; the fixture restarted, so outputs are grounded"
            mend = "check its supply"
        elif any(map(_DISTURBED.fullmatch, numbers)):
            why = "; the line is disturbed, another program writes to it, or the fixture restarted"
            mend = "check cable and supply, close other programs"
        else:
            go_on = ""
        raise BenchError(
            f"the fixture refused {line}: {', '.join(errors)}{why}",
            where=self._link.address,
            mend=mend,
            go_on=go_on,
        )

    def _raise_missed(self, line: str) -> NoReturn:
        """Bring the link back into step after a missed or foreign answer, then say so.

        Raises:
            BenchError: the fixture queued an error, which explains it.
            NoAnswer: it did not; the message may or may not have been carried out.
            LinkLost: nothing answers any more.
        """
        self.step_in(line)
        self._raise_errors(line, self.errors())
        raise NoAnswer(
            f"no answer to {line}; the link is in step again and nothing was repeated",
            where=self._link.address,
            go_on=RESUME,
        )

    def _on_link(self, action: Callable[[Link], _T]) -> _T:
        """Do something on the link; a lost one says what becomes of the outputs."""
        try:
            return action(self._link)
        except LinkLost as error:
            raise self._lost(error.what) from None

    def _lost(self, what: str) -> LinkLost:
        return LinkLost(
            what,
            where=self._link.address,
            mend=f"the firmware grounds the outputs {self._heartbeat_s:g} s after the last word; "
            "check the cable",
            go_on=RESUME,
        )


def _identify(link: Link, baud: int, patience_s: float) -> Identity:
    """Ask who is there until a fixture answers."""
    end = time.monotonic() + patience_s
    heard = ""
    while time.monotonic() < end:
        try:
            link.clear()
            heard = link.query("*IDN?", timeout_s=0.5) or heard
        except NoAnswer:
            continue
        fields = heard.split(",")
        if len(fields) == 4 and heard.startswith(FIXTURE):
            return Identity(heard, fields[2], fields[3])
    if heard:
        raise BenchError(
            f"not a fixture: {heard[:60]!r} answers",
            where=link.address,
            mend=f"check the address, the baud rate ({baud}) and the firmware",
        )
    raise LinkLost(
        f"nothing answers *IDN? within {patience_s:g} s",
        where=link.address,
        mend=f"check the power, the baud rate ({baud}) and that the firmware is flashed",
    )
