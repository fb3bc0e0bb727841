"""KiCad's s-expressions, read and written without losing what was quoted.

Ref: KiCad documentation, "S-Expression Format" (dev-docs.kicad.org/en/file-formats/sexpr-intro).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from realnet_hw.errors import InputError

Node: TypeAlias = "list[Node | str]"

_TOKEN = re.compile(r'[()]|"(?:[^"\\]|\\.)*"|[^\s()"]+|"', re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_NEEDS_ESCAPE = re.compile(r'[\\"\n\r\t]')


class Quoted(str):
    """A string that stands in quotes in the file; any other string is a bare word."""

    __slots__ = ()


def parse(text: str, start: int = 0) -> Node:
    """Read the expression that begins at or after ``start``; what follows it is not looked at.

    Raises:
        InputError: it does not begin with a parenthesis, or ends before that one is closed.
    """
    stack: list[Node] = []
    current: Node = []
    for match in _TOKEN.finditer(text, start):
        piece = match.group()
        if piece == "(":
            stack.append(current)
            current = []
        elif piece == ")":
            if not stack:
                break
            done, current = current, stack.pop()
            if not stack:
                return done
            current.append(done)
        elif not stack or piece == '"':
            break
        elif piece[0] == '"':
            current.append(Quoted(_ESCAPED.sub(_unescape, piece[1:-1])))
        else:
            current.append(piece)
    raise InputError("not one whole s-expression", mend="save the file again with KiCad")


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match.group(1), match.group(1))


def write(node: Node) -> str:
    """Return an expression as text, one nested list a line, tabs before it, as KiCad does."""
    return "".join(_pieces(node, 0)) + "\n"


def _pieces(node: Node, depth: int) -> Iterator[str]:
    yield "("
    separator = ""
    broken = False
    for item in node:
        if isinstance(item, list):
            yield "\n" + "\t" * (depth + 1)
            yield from _pieces(item, depth + 1)
            broken = True
        else:
            yield separator
            yield _atom(item)
        separator = " "
    yield "\n" + "\t" * depth + ")" if broken else ")"


def _atom(text: str) -> str:
    if isinstance(text, Quoted):
        return '"' + _NEEDS_ESCAPE.sub(lambda match: _TO_ESCAPE[match.group()], text) + '"'
    if not _TOKEN.fullmatch(text) or text[0] in '()"':
        raise InputError(f"{text!r} can't stand bare in an s-expression", mend="quote it")
    return text


def number(value: float) -> str:
    """Return a length in millimetres as KiCad writes it: at most 4 decimals, no needless zeros."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def children(node: Node, name: str) -> list[Node]:
    """Return the lists directly inside ``node`` whose first word is ``name``."""
    return [item for item in node if isinstance(item, list) and item and item[0] == name]


def child(node: Node, name: str) -> Node | None:
    """Return the first of :func:`children`, None where there is none."""
    return next(iter(children(node, name)), None)


def word(node: Node, name: str, default: str = "") -> str:
    """Return the first word of the child ``name``: ``(uuid "x")`` gives ``"x"``."""
    found = child(node, name)
    if found is None or len(found) < 2 or isinstance(found[1], list):
        return default
    return found[1]


def numbers(node: Node, name: str) -> tuple[float, ...]:
    """Return the numbers of the child ``name``: ``(at 1 2 90)`` gives ``(1.0, 2.0, 90.0)``."""
    found = child(node, name)
    return tuple(float(item) for item in (found or [])[1:] if isinstance(item, str))


def properties(node: Node) -> dict[str, str]:
    """Return the values of the ``property`` children by their names."""
    return {str(item[1]): str(item[2]) for item in children(node, "property")}
