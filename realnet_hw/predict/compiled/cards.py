"""Reads a deck: its lines, subcircuits put in place, every element with its flat nodes and values.

Whatever is not known is refused by name: nothing that a deck says is skipped, but what only steers
another simulator (its tolerances and iteration limits).

Ref: ngspice 46 user manual, chapters 2 to 5 and 7 (elements, models, subcircuits), 15.1 (options).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from realnet_hw.errors import InputError
from realnet_hw.predict.compiled import expressions
from realnet_hw.predict.compiled.expressions import Expression

# What they set does not change the exact solution of a deck.
_NUMERICS = re.compile(
    r"reltol|abstol|vntol|chgtol|trtol|itl[1-6]|method|maxord|gminsteps|srcsteps|sourcesteps|noacct"
)
_ASSIGNMENT = re.compile(r"([a-z_][a-z0-9_]*)\s*=\s*(\{[^}]*\}|'[^']*'|[^\s,()]+)")
_BRACES = re.compile(r"\{[^}]*\}|'[^']*'")
_INITIAL = re.compile(r"v\(\s*([^()\s]+)\s*\)\s*=\s*(\{[^}]*\}|[^\s,()]+)")
_NODES = {"r": 2, "c": 2, "l": 2, "v": 2, "i": 2, "d": 2, "b": 2, "e": 4, "g": 4, "m": 4}
_KINDS = "R C L V I D M E G B X"
_WAVES = ("pulse", "pwl", "sin")
_DEEPEST = 20

GROUND = "0"
"""The node at 0 V."""


@dataclass(frozen=True)
class Wave:
    """How a source changes with time.

    Args:
        shape: ``"pulse"``, ``"pwl"`` or ``"sin"``.
        figures: in the order of the card.
    """

    shape: str
    figures: tuple[float, ...]


@dataclass(frozen=True)
class Model:
    """A model card.

    Args:
        name: of the model.
        kind: ``"d"``, ``"nmos"`` or ``"pmos"``.
        figures: parameter to value.
    """

    name: str
    kind: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Element:
    """One element of the flat circuit.

    Args:
        name: as ngspice calls it: ``"r1"``, ``"v.xu1.vos1"``.
        kind: its letter.
        nodes: flat names; ground is ``"0"``.
        value: resistance, capacitance, inductance, direct voltage or current, gain.
        figures: parameters of its own: a diode's ``area``, ``temp``, a transistor's ``w``, ``l``.
        wave: of a source.
        model: of a diode or transistor.
        output: of a B element, ``"v"`` or ``"i"``.
        expression: of a B element.
    """

    name: str
    kind: str
    nodes: tuple[str, ...]
    value: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)
    wave: Wave | None = None
    model: Model | None = None
    output: str = ""
    expression: Expression | None = None


@dataclass(frozen=True)
class FlatDeck:
    """A deck without subcircuits.

    Args:
        title: its first line.
        elements: in their order.
        initial_V: node to the voltage that ``.ic`` gives it.
        temperature_C: of the circuit.
        nominal_C: at which models hold.
        gmin_S: across every junction.
        reltol: relative tolerance.
    """

    title: str
    elements: tuple[Element, ...]
    initial_V: Mapping[str, float]
    temperature_C: float
    nominal_C: float
    gmin_S: float
    reltol: float


@dataclass
class _Scope:
    """What a subcircuit, or the deck itself, defines."""

    name: str
    ports: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    subcircuits: dict[str, _Scope] = field(default_factory=dict)
    parameters: list[tuple[str, str]] = field(default_factory=list)
    outer: _Scope | None = None

    def model(self, name: str) -> str | None:
        """Return a model's card, the innermost of that name."""
        return self.models.get(name) or (self.outer.model(name) if self.outer else None)

    def subcircuit(self, name: str) -> _Scope | None:
        """Return a subcircuit, the innermost of that name."""
        return self.subcircuits.get(name) or (self.outer.subcircuit(name) if self.outer else None)


@dataclass(frozen=True)
class _Place:
    """Where lines of a scope are put: names of its inside, its nodes, its parameters."""

    scope: _Scope
    path: str
    nodes: Mapping[str, str]
    parameters: Mapping[str, float]

    def node(self, name: str) -> str:
        if name in self.nodes:
            return self.nodes[name]
        return "0" if name in ("0", "gnd") else self.path + name

    def element(self, name: str) -> str:
        return f"{name[0]}.{self.path}{name}" if self.path else name


def read(text: str) -> FlatDeck:
    """Read a deck.

    Raises:
        InputError: an element, card, model parameter or option that is not known, or that can't be
            read, with its line.
    """
    title, _, body = text.partition("\n")
    top = _Scope("deck")
    options: dict[str, float] = {}
    initial: list[str] = []
    scope = top
    for line in _lines(body):
        card, _, rest = line.partition(" ")
        match card:
            case ".subckt":
                scope = _opened(rest, scope)
            case ".ends":
                if scope.outer is None:
                    raise InputError("ends no subcircuit", where=line)
                scope = scope.outer
            case ".model":
                scope.models[rest.split(None, 1)[0]] = rest
            case ".param":
                scope.parameters += _ASSIGNMENT.findall(rest)
            case ".option" | ".options":
                options |= _options(rest)
            case ".ic":
                initial.append(rest)
            case ".op" | ".end":
                pass
            case _ if card.startswith("."):
                raise InputError(f"{card} is not known here", where=line)
            case _:
                scope.lines.append(line)
    if scope is not top:
        raise InputError(f"subcircuit {scope.name} does not end", where=title)
    place = _Place(top, "", {}, _parameters(top, {}))
    elements = tuple(_placed(place, 0))
    _refuse_absent(elements)
    return FlatDeck(
        title=title.lstrip("* "),
        elements=elements,
        initial_V={
            place.node(node): expressions.value(volts, place.parameters)
            for line in initial
            for node, volts in _INITIAL.findall(line)
        },
        temperature_C=options.get("temp", 27.0),
        nominal_C=options.get("tnom", 27.0),
        gmin_S=options.get("gmin", 1e-12),
        reltol=options.get("reltol", 1e-5),
    )


def _refuse_absent(elements: Sequence[Element]) -> None:
    """Raise InputError where a formula reads a node or a current that is not there."""
    nodes = {GROUND, *(node for element in elements for node in element.nodes)}
    measurable = {element.name for element in elements if element.kind in "vel"}
    for element in elements:
        for reading in expressions.readings(element.expression):
            known = nodes if reading.operation == "voltage" else measurable
            for name in reading.names:
                if name not in known:
                    raise InputError(f"no {reading.operation} of {name!r}", where=element.name)


def _lines(body: str) -> list[str]:
    """Return the logical lines in lower case, without comments."""
    lines: list[str] = []
    for raw in body.lower().splitlines():
        line = re.split(r";|\s\$\s", raw, maxsplit=1)[0].strip()
        if not line or line.startswith("*"):
            continue
        if line.startswith("+") and lines:
            lines[-1] += " " + line[1:].strip()
        else:
            lines.append(" ".join(line.split()))
    return lines


def _opened(rest: str, outer: _Scope) -> _Scope:
    """Return a new subcircuit from what follows ``.subckt``."""
    head = re.sub(r"\bparams:", "", re.sub(r"\s*=\s*", "=", rest)).split()
    ports = tuple(word for word in head[1:] if "=" not in word)
    defaults = dict(word.split("=", 1) for word in head[1:] if "=" in word)
    opened = _Scope(head[0], ports, defaults, outer=outer)
    outer.subcircuits[head[0]] = opened
    return opened


def _options(rest: str) -> dict[str, float]:
    found = {}
    for word in re.sub(r"\s*=\s*", "=", rest).split():
        name, _, value = word.partition("=")
        if name in ("temp", "tnom", "gmin", "reltol"):
            found[name] = expressions.number(value)
        elif not _NUMERICS.fullmatch(name):
            raise InputError(f"option {name!r} is not known here", where=f".options {rest}")
    return found


def _parameters(scope: _Scope, outer: Mapping[str, float]) -> dict[str, float]:
    found = dict(outer)
    for name, value in scope.parameters:
        found[name] = expressions.value(value, found)
    return found


def _placed(place: _Place, depth: int) -> Iterator[Element]:
    """Yield the elements of a scope's lines and of the subcircuits in them."""
    for line in place.scope.lines:
        try:
            if line[0] == "x":
                yield from _subcircuit(line, place, depth)
            else:
                yield _element(line, place)
        except InputError as error:
            if error.where in ("", line):
                raise InputError(error.what, where=line, allowed=error.allowed) from None
            raise InputError(
                f"{error.where}: {error.what}", where=line, allowed=error.allowed
            ) from None


def _subcircuit(line: str, place: _Place, depth: int) -> Iterator[Element]:
    words = re.sub(r"\s*=\s*", "=", line).replace(" params:", " ").split()
    plain = [word for word in words[1:] if "=" not in word]
    scope = place.scope.subcircuit(plain[-1]) if plain else None
    if scope is None:
        raise InputError(f"no subcircuit {plain[-1] if plain else ''!r}")
    if len(plain) - 1 != len(scope.ports):
        raise InputError(f"{len(plain) - 1} nodes", allowed=f"{len(scope.ports)}")
    if depth > _DEEPEST:
        raise InputError("subcircuits that hold themselves")
    given = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    if unknown := given.keys() - scope.defaults.keys():
        raise InputError(f"{scope.name} has no parameter {min(unknown)!r}",
                         allowed=", ".join(scope.defaults) or "none")  # fmt: skip
    values = dict(place.parameters)
    for name, default in scope.defaults.items():
        values[name] = expressions.value(default, values)
    values |= {name: expressions.value(text, place.parameters) for name, text in given.items()}
    nodes = dict(zip(scope.ports, map(place.node, plain), strict=False))
    inner = _Place(scope, f"{place.path}{words[0]}.", nodes, _parameters(scope, values))
    yield from _placed(inner, depth + 1)


def _element(line: str, place: _Place) -> Element:
    """Return the element of a line.

    Raises:
        InputError: it is not known, or can't be read.
    """
    kind = line[0]
    count = _NODES.get(kind)
    if count is None:
        raise InputError(f"an element {kind.upper()!r} is not known here", allowed=_KINDS)
    words = line.split(None, count + 1)
    if len(words) < count + 2:
        raise InputError("too few words")
    name = place.element(words[0])
    nodes = tuple(place.node(word) for word in words[1 : count + 1])
    return _READERS[kind](name, kind, nodes, words[count + 1], place)


def _valued(name: str, kind: str, nodes: tuple[str, ...], rest: str, place: _Place) -> Element:
    """Read what has one value: R, C, L, E, G."""
    value = expressions.value(rest, place.parameters)
    if kind in "rcl" and not value:
        raise InputError(f"a value of {rest}", allowed="not 0")
    return Element(name, kind, nodes, value)


def _source(name: str, kind: str, nodes: tuple[str, ...], rest: str, place: _Place) -> Element:
    """Read V and I: a direct value, a waveform or both."""
    direct: float | None = None
    wave: Wave | None = None
    if match := re.search(rf"\b({'|'.join(_WAVES)})\b\s*\(?([^()]*)\)?\s*$", rest):
        figures = _BRACES.findall(match.group(2)) or match.group(2).replace(",", " ").split()
        values = tuple(expressions.value(word, place.parameters) for word in figures)
        wave = _checked(Wave(match.group(1), values))
        rest = rest[: match.start()]
    words = rest.split()
    if words and words[0] == "dc":
        words = words[1:]
    if len(words) > 1:
        raise InputError(f"{' '.join(words[1:])!r} is not known of a source")
    if words:
        direct = expressions.value(words[0], place.parameters)
    if direct is None:
        direct = wave.figures[1 if wave.shape == "pwl" else 0] if wave else 0.0
    return Element(name, kind, nodes, direct, wave=wave)


def _checked(wave: Wave) -> Wave:
    """Refuse a waveform that would not say what it does."""
    count = len(wave.figures)
    if wave.shape == "pwl":
        times = wave.figures[::2]
        if count < 2 or count % 2 or any(b <= a for a, b in itertools.pairwise(times)):
            raise InputError("points of a pwl", allowed="pairs of rising times and values")
    elif wave.shape == "sin":
        if not 3 <= count <= 5:
            raise InputError(f"a sin of {count} figures", allowed="3 to 5")
    elif count != 7 or min(wave.figures[3:]) <= 0 or wave.figures[2] < 0:
        raise InputError(
            "figures of a pulse", allowed="all seven: v1 v2 delay rise fall width period, above 0"
        )
    return wave


def _diode(name: str, kind: str, nodes: tuple[str, ...], rest: str, place: _Place) -> Element:
    words, figures = _figures(rest, place, ("area", "temp"))
    if len(words) == 2:
        figures.setdefault("area", expressions.value(words[1], place.parameters))
    elif len(words) != 1:
        raise InputError(f"{' '.join(words[1:])!r} is not known of a diode")
    figures = {"area": 1.0, **figures}
    return Element(name, kind, nodes, 0.0, figures, model=_model(words[0], ("d",), place))


def _mosfet(name: str, kind: str, nodes: tuple[str, ...], rest: str, place: _Place) -> Element:
    words, figures = _figures(rest, place, ("w", "l", "temp"))
    if len(words) != 1:
        raise InputError(f"{' '.join(words[1:])!r} is not known of a transistor")
    model = _model(words[0], ("nmos", "pmos"), place)
    return Element(name, kind, nodes, 0.0, {"w": 1e-4, "l": 1e-4, **figures}, model=model)


def _behavioural(name: str, kind: str, nodes: tuple[str, ...], rest: str, place: _Place) -> Element:
    output, equals, text = rest.partition("=")
    if output.strip() not in ("v", "i") or not equals:
        raise InputError("a B element", allowed="v=... or i=...")
    inner = text.strip()
    if inner[:1] in ("{", "'"):
        inner = inner[1:-1]
    found = _flat(expressions.parse(inner, place.parameters), place)
    return Element(name, kind, nodes, output=output.strip(), expression=found)


_READERS: dict[str, Callable[[str, str, tuple[str, ...], str, _Place], Element]] = {
    **dict.fromkeys("rcleg", _valued),
    **dict.fromkeys("vi", _source),
    "d": _diode,
    "m": _mosfet,
    "b": _behavioural,
}


def _figures(rest: str, place: _Place, known: Sequence[str]) -> tuple[list[str], dict[str, float]]:
    """Split what follows an element's nodes into plain words and ``name=value``."""
    figures = {}
    for name, value in _ASSIGNMENT.findall(rest):
        if name not in known:
            raise InputError(f"parameter {name!r} is not known here", allowed=", ".join(known))
        figures[name] = expressions.value(value, place.parameters)
    return _ASSIGNMENT.sub("", rest).split(), figures


def _model(name: str, kinds: Sequence[str], place: _Place) -> Model:
    card = place.scope.model(name)
    if card is None:
        raise InputError(f"no model {name!r}")
    match = re.fullmatch(r"(\S+)\s+([a-z]+)\s*\(?(.*?)\)?", card)
    if match is None or match.group(2) not in kinds:
        raise InputError(f"model {name!r} is none of {', '.join(kinds)}", where=card)
    rest = match.group(3)
    if words := _ASSIGNMENT.sub("", rest).replace(",", " ").split():
        raise InputError(f"can't read {words[0]!r}", where=f".model {card}")
    figures = {
        key: expressions.value(value, place.parameters) for key, value in _ASSIGNMENT.findall(rest)
    }
    return Model(name, match.group(2), figures)


def _flat(expression: Expression, place: _Place) -> Expression:
    """Return an expression with the flat names of nodes and sources."""
    names = expression.names
    if expression.operation == "voltage":
        names = tuple(place.node(name) for name in names)
    elif expression.operation == "current":
        names = tuple(place.element(name) for name in names)
    return Expression(
        expression.operation,
        tuple(_flat(one, place) for one in expression.of),
        expression.value,
        names,
    )
