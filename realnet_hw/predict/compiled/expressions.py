"""Arithmetic in decks: values in braces and the right-hand side of B elements.

Read by precedence climbing; what depends on constants alone is folded. Powers are those of ngspice:
``x^y`` is ``|x|^y`` and binds to the left.

Ref: ngspice 46 user manual, 5.1.1 (functions of B elements), 2.3.1 (scale factors).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from realnet_hw.errors import InputError

_SCALES = {
    "t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "": 1.0,
    "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15,
}  # fmt: skip
_NUMBER = re.compile(r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)(meg|[tgkmunpf])?([a-z]*)")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?[a-z]*)"
    r"|(?P<reading>[vi]\([^()]*\))"
    r"|(?P<name>[a-z_][a-z0-9_.]*)"
    r"|(?P<sign>\*\*|&&|\|\||[<>=!]=|[-+*/^(),?:<>]))"
)
_BINDING = {
    "?": 1, "||": 2, "&&": 3, "==": 4, "!=": 4, "<": 5, ">": 5, "<=": 5, ">=": 5,
    "+": 6, "-": 6, "*": 7, "/": 7, "^": 9, "**": 9,
}  # fmt: skip
_MINUS_BINDS = 8


@dataclass(frozen=True)
class Expression:
    """A node of an expression's tree.

    Args:
        operation: ``"constant"``, ``"voltage"``, ``"current"``, ``"time"``, or one of OPERATIONS.
        of: what it operates on.
        value: of a constant, or the exponent of a power.
        names: the two nodes of a voltage, or the source of a current.
    """

    operation: str
    of: tuple[Expression, ...] = ()
    value: float = 0.0
    names: tuple[str, ...] = ()


def _power(base: float, exponent: float) -> float:
    return math.pow(abs(base), exponent)


# Each with what it does to constants; the kernels have the same list.
OPERATIONS: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": _power,
    "negate": lambda a: -a,
    "tanh": math.tanh,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "atan": math.atan,
    "max": max,
    "min": min,
    "greater": lambda a, b: float(a > b),
    "sign": lambda a: float(a > 0) - float(a < 0),
    "select": lambda condition, then, otherwise: then if condition != 0 else otherwise,
}
_PLAIN = {name: name for name in ("tanh", "exp", "ln", "sqrt", "abs", "sin", "cos", "atan", "max",
                                  "min")}  # fmt: skip
_PLAIN |= {"log": "ln", "arctan": "atan", "sgn": "sign"}
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


def readings(expression: Expression | None) -> Iterator[Expression]:
    """Yield the voltages and currents that an expression reads."""
    if expression is None:
        return
    if expression.operation in ("voltage", "current"):
        yield expression
    for one in expression.of:
        yield from readings(one)


def constant(value: float) -> Expression:
    """Return a constant."""
    return Expression("constant", value=value)


def made(operation: str, *of: Expression, value: float = 0.0) -> Expression:
    """Return an operation on expressions, a constant where all of them are.

    Raises:
        InputError: of constants it can't be computed.
    """
    if all(one.operation == "constant" for one in of):
        values = [one.value for one in of] + ([value] if operation == "power" else [])
        try:
            return constant(float(OPERATIONS[operation](*values)))
        except (ArithmeticError, ValueError):
            raise InputError(f"{operation} of {values} is no number") from None
    return Expression(operation, of, value)


def number(text: str) -> float:
    """Read a number with SPICE's scale factor: ``2.2k``, ``1e-9``, ``10uf``.

    Raises:
        InputError: anything else.
    """
    match = _NUMBER.fullmatch(text.removeprefix("-").removeprefix("+"))
    if match is None or (match.group(2) or "") + match.group(3) == "mil":
        raise InputError(f"{text!r} is no number")
    value = float(match.group(1)) * _SCALES[match.group(2) or ""]
    return -value if text.startswith("-") else value


def value(text: str, parameters: Mapping[str, float]) -> float:
    """Read a number, or an expression of parameters, in braces or not.

    Raises:
        InputError: anything else, or a parameter that is not known.
    """
    inner = text.strip()
    if inner[:1] in ("{", "'"):
        inner = inner[1:-1]
    found = parse(inner, parameters)
    if found.operation != "constant":
        raise InputError(f"{text!r} is not constant")
    return found.value


def parse(text: str, parameters: Mapping[str, float]) -> Expression:
    """Read an expression.

    Args:
        text: lower case.
        parameters: the constants that it may name, besides ``pi``.

    Raises:
        InputError: what can't be read, or a function or name that is not known.
    """
    reader = _Reader(text, parameters)
    found = reader.read(0)
    if reader.word:
        raise InputError(f"{reader.word!r} does not belong there", where=text)
    return found


class _Reader:
    """Reads the tokens of one expression from left to right."""

    def __init__(self, text: str, parameters: Mapping[str, float]) -> None:
        self._text = text
        self._parameters = parameters
        self._place = 0
        self.word = ""
        self._kind = ""
        self._next()

    def _next(self) -> None:
        rest = self._text[self._place :]
        if not rest.strip():
            self.word, self._kind = "", "end"
            return
        match = _TOKEN.match(rest)
        if match is None:
            raise InputError(f"can't read {rest.strip()[:20]!r}", where=self._text)
        self._place += match.end()
        self._kind = str(match.lastgroup)
        self.word = match.group(self._kind)

    def _expect(self, sign: str) -> None:
        if self.word != sign:
            raise InputError(f"{sign!r} is missing before {self.word!r}", where=self._text)
        self._next()

    def read(self, least: int) -> Expression:
        """Read on while operators bind more tightly than ``least``."""
        left = self._operand()
        while self._kind == "sign" and _BINDING.get(self.word, 0) > least:
            sign = self.word
            self._next()
            left = self._combined(left, sign)
        return left

    def _combined(self, left: Expression, sign: str) -> Expression:
        if sign == "?":
            then = self.read(0)
            self._expect(":")
            return made("select", left, then, self.read(0))
        right = self.read(_BINDING[sign])
        if sign in _ARITHMETIC:
            return made(_ARITHMETIC[sign], left, right)
        if sign in ("^", "**"):
            return self._raised(left, right)
        truth = constant(1.0)
        match sign:
            case ">":
                return made("greater", left, right)
            case "<":
                return made("greater", right, left)
            case ">=":
                return made("subtract", truth, made("greater", right, left))
            case "<=":
                return made("subtract", truth, made("greater", left, right))
            case "&&":
                return made("multiply", _truth(left), _truth(right))
            case "||":
                return made("max", _truth(left), _truth(right))
        raise InputError(f"{sign!r} between voltages is not known", where=self._text)

    def _raised(self, base: Expression, exponent: Expression) -> Expression:
        if exponent.operation != "constant":
            raise InputError("an exponent that is not constant", where=self._text)
        return made("power", base, value=exponent.value)

    def _operand(self) -> Expression:
        word, kind = self.word, self._kind
        self._next()
        match kind:
            case "number":
                return constant(number(word))
            case "reading":
                return self._reading(word)
            case "name":
                return self._called(word) if self.word == "(" else self._named(word)
            case "sign" if word == "(":
                inner = self.read(0)
                self._expect(")")
                return inner
            case "sign" if word == "-":
                return made("negate", self.read(_MINUS_BINDS))
            case "sign" if word == "+":
                return self.read(_MINUS_BINDS)
        raise InputError(f"a value is missing before {word!r}", where=self._text)

    def _reading(self, word: str) -> Expression:
        names = tuple(word[2:-1].replace(" ", "").split(","))
        if word[0] == "i" and len(names) == 1:
            return Expression("current", names=names)
        if word[0] == "v" and len(names) in (1, 2):
            return Expression("voltage", names=(*names, "0")[:2])
        raise InputError(f"can't read {word!r}", where=self._text)

    def _named(self, name: str) -> Expression:
        if name in self._parameters:
            return constant(self._parameters[name])
        if name == "pi":
            return constant(math.pi)
        if name == "time":
            return Expression("time")
        raise InputError(f"nothing is called {name!r}", where=self._text)

    def _called(self, name: str) -> Expression:
        self._expect("(")
        of = [self.read(0)]
        while self.word == ",":
            self._next()
            of.append(self.read(0))
        self._expect(")")
        takes = {"max": 2, "min": 2, "pow": 2, "pwr": 2}.get(name, 1)
        if len(of) != takes:
            raise InputError(f"{name} of {len(of)} values", where=self._text, allowed=str(takes))
        if name in _PLAIN:
            return made(_PLAIN[name], *of)
        half = constant(0.5)
        match name:
            case "pow":
                return self._raised(*of)
            case "pwr":
                return made("multiply", made("sign", of[0]), self._raised(*of))
            case "u":
                return made("add", half, made("multiply", half, made("sign", of[0])))
            case "uramp":
                return made("max", of[0], constant(0.0))
            case "log10":
                return made("divide", made("ln", of[0]), constant(math.log(10.0)))
        known = ", ".join([*_PLAIN, "pow", "pwr", "u", "uramp", "log10"])
        raise InputError(f"no function {name!r}", where=self._text, allowed=known)


def _truth(of: Expression) -> Expression:
    return made("abs", made("sign", of))
