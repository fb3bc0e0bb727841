"""The commands of an instrument: headers in their long and short forms, and a queue of errors.

Nothing is met with silence: a query that is not known, or that can't be answered, is answered at
once with its error, which is in the queue, too. (A real instrument lets the client wait until it
gives up.)

Ref: SCPI-99 volume 1, 6.2.1 (mnemonics), 6.2.4 (compound headers), 21.8 (errors).
"""

from __future__ import annotations

import inspect
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from realnet_hw.errors import SimulationFailed

UNDEFINED_HEADER = (-113, "Undefined header")
MISSING_PARAMETER = (-109, "Missing parameter")
DATA_TYPE = (-104, "Data type error")
OUT_OF_RANGE = (-222, "Data out of range")
ILLEGAL_VALUE = (-224, "Illegal parameter value")
SETTINGS_CONFLICT = (-221, "Settings conflict")
STALE_DATA = (-230, "Data corrupt or stale")
DEVICE_ERROR = -300
_QUEUE = 32
_SEPARATORS = re.compile(r""";(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")


class ScpiError(Exception):
    """What a command did wrong, as it goes into the queue: number and text."""

    def __init__(self, error: tuple[int, str]) -> None:
        super().__init__(f'{error[0]},"{error[1]}"')
        self.number, self.text = error


Answer = str | bytes
Act = Callable[..., Answer | None]
"""Does something; few commands answer."""
Ask = Callable[..., Answer]


@dataclass(frozen=True)
class _Command:
    header: re.Pattern[str]
    act: Act | None
    ask: Ask | None


class Commands:
    """The commands of one instrument.

    Headers are written as programming guides do: ``"CHANnel#:SCALe"``. Capitals are the short form,
    ``#`` is a number that is handed on (1 where there is none), ``A|B`` are two names of one thing
    and what stands in brackets may be left out.

    Args:
        between: whether every abbreviation between the short and the long form counts, too.
        numberless: whether each ``#`` must have its number.
    """

    def __init__(self, *, between: bool = False) -> None:
        self._between = between
        self._commands: list[_Command] = []
        self.errors: deque[tuple[int, str]] = deque(maxlen=_QUEUE)

    def add(self, header: str, act: Act | None = None, ask: Ask | None = None) -> None:
        """Add a command.

        Args:
            header: its header.
            act: called with the header's numbers, then with one text for each parameter.
            ask: called so for the query; returns its answer.
        """
        pattern = "".join(self._node(node) for node in _nodes(header))
        self._commands.append(_Command(re.compile(pattern, re.IGNORECASE), act, ask))

    def _node(self, node: str) -> str:
        if node.startswith("["):
            return f"(?:{self._node(node[1:-1])})?"
        colon = ":" if node.startswith(":") else ""
        names = node.removeprefix(":").split("|")
        return colon + "(?:" + "|".join(self._name(name) for name in names) + ")"

    def _name(self, name: str) -> str:
        parts = []
        for piece in name.split("#"):
            short = re.match(r"[A-Z0-9_*]*", piece)
            assert short is not None
            ending = piece[short.end() :]
            rest = ""
            if ending and self._between:
                for letter in reversed(ending):
                    rest = f"(?:{re.escape(letter)}{rest})?"
            elif ending:
                rest = f"(?:{re.escape(ending)})?"
            parts.append(re.escape(short[0]) + rest)
        return r"(\d*)".join(parts)

    # ---------------------------------------------------------------------------------- executing

    def execute(self, unit: str, branch: str = "") -> tuple[str, Answer | None]:
        """Execute one command of a message.

        Args:
            unit: the command, as ``units`` gives it.
            branch: where in the tree the command before it was.

        Returns:
            Where in the tree this one was, and its answer, None for what answers nothing.
        """
        header, _, rest = unit.partition(" ")
        is_query = header.endswith("?")
        try:
            return self._one(header.removesuffix("?"), branch, rest, is_query)
        except (ScpiError, SimulationFailed) as why:
            error = why if isinstance(why, ScpiError) else ScpiError((DEVICE_ERROR, str(why)))
            self.errors.append((error.number, error.text))
            return branch, str(error) if is_query else None

    def _one(
        self, header: str, branch: str, rest: str, is_query: bool
    ) -> tuple[str, Answer | None]:
        """Execute one command; returns the branch that the next one may be in, and the answer."""
        is_common = header.startswith("*")
        absolute = header.removeprefix(":")
        tried = [absolute]
        if branch and not is_common and not header.startswith(":"):
            tried.insert(0, f"{branch}:{absolute}")
        for name in tried:
            for command in self._commands:
                found = command.header.fullmatch(name)
                if found is None:
                    continue
                answer = _call(command, found, rest, is_query)
                return (branch if is_common else name.rpartition(":")[0]), answer
        raise ScpiError(UNDEFINED_HEADER)


def _call(command: _Command, found: re.Match[str], rest: str, is_query: bool) -> Answer | None:
    numbers = [int(number) if number else 1 for number in found.groups()]
    parameters = [part.strip() for part in rest.split(",")] if rest.strip() else []
    called = command.ask if is_query else command.act
    if called is None:
        raise ScpiError(UNDEFINED_HEADER)
    try:
        inspect.signature(called).bind(*numbers, *parameters)
    except TypeError:
        raise ScpiError(MISSING_PARAMETER) from None
    return called(*numbers, *parameters)


def units(message: str) -> list[str]:
    """Return the commands of a message, which semicolons part."""
    return [text for unit in _SEPARATORS.split(message) if (text := unit.strip())]


def _nodes(header: str) -> list[str]:
    """Split ``"ACQuire[:STATE]:RUN"`` into its nodes, each with its colon."""
    return re.findall(r"\[:?[^\]]*\]|:?[^:\[]+", header)


_SCALE = {"G": 1e9, "M": 1e6, "K": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z/]*)")


def number(text: str) -> float:
    """Read a number, with or without a unit: ``5E-3``, ``500mV``, ``20US``.

    M is milli before volts and seconds, and mega before points and samples.

    Raises:
        ScpiError: it is none.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise ScpiError(DATA_TYPE)
    value, unit = float(found[1]), found[2].upper()
    for ending in ("SA/S", "PTS", "HZ", "V", "S", "PCT"):
        if unit.endswith(ending):
            letter = unit.removesuffix(ending)
            break
    else:
        letter = unit
    if letter == "M":
        return value * (1e6 if unit.endswith(("PTS", "SA/S", "HZ")) else 1e-3)
    scale = _SCALE.get(letter, _SCALE.get(letter.lower()))
    if scale is None:
        raise ScpiError(DATA_TYPE)
    return value * scale


def switch(text: str) -> bool:
    """Read ``ON``, ``OFF``, ``1`` or ``0``.

    Raises:
        ScpiError: something else.
    """
    values = {"ON": True, "1": True, "OFF": False, "0": False}
    if text.upper() not in values:
        raise ScpiError(ILLEGAL_VALUE)
    return values[text.upper()]


def choice(text: str, *names: str) -> str:
    """Return which of some words, such as ``"NORMal"``, a text is in its short or long form.

    Raises:
        ScpiError: none of them.
    """
    for name in names:
        short = re.match(r"[A-Z0-9]*", name)
        assert short is not None
        if text.upper() in (short[0], name.upper()):
            return name
    raise ScpiError(ILLEGAL_VALUE)


def short_form(name: str) -> str:
    """Return the short form of a word: ``NORM`` of ``NORMal``."""
    return "".join(letter for letter in name if not letter.islower())


def word_for(words: Mapping[str, str], meaning: str) -> str:
    """Return the first word that has a meaning.

    Raises:
        StopIteration: none has it.
    """
    return next(word for word, its in words.items() if its == meaning)


def block(data: bytes, digits: int | None = None) -> bytes:
    """Return a definite length block.

    Args:
        data: its content.
        digits: how many digits its length has; as few as it takes when left out.

    Ref: IEEE 488.2-1992 8.7.9.
    """
    length = str(len(data)).rjust(digits or 1, "0")
    return f"#{len(length)}{length}".encode() + data
