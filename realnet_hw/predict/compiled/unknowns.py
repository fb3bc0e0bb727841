"""Which unknowns a circuit has, and which of them what is asked for depends on.

A voltage source whose current nobody asks for makes its two nodes one unknown. Of the rest, each
unknown is matched with an equation; whatever can't be reached from what is asked for is left out:
the unused half of a package, the current that an ideal amplifier delivers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.errors import SimulationFailed
from realnet_hw.predict.compiled.cards import GROUND
from realnet_hw.predict.compiled.devices import Parts, current
from realnet_hw.predict.compiled.expressions import readings

Steps = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Held:
    """Where sources of voltage hold each node: at another one, plus their volts.

    Args:
        root: node to the node that stands for it; itself where nothing holds it.
        steps: node to the sources, with their signs, between it and that node.
    """

    root: Mapping[str, str]
    steps: Mapping[str, Steps]


def held(parts: Parts) -> Held:
    """Follow the sources of voltage.

    Raises:
        SimulationFailed: a loop of them.
    """
    towards: dict[str, tuple[str, Steps]] = {}

    def find(node: str) -> tuple[str, Steps]:
        steps: Steps = ()
        while node in towards:
            node, more = towards[node]
            steps += more
        return node, steps

    for source, (plus, minus) in parts.held.items():
        (high, up), (low, down) = find(plus), find(minus)
        if high == low:
            raise SimulationFailed(
                f"{source} closes a loop of voltage sources",
                mend="put a resistance into the loop",
            )
        # v(plus) - v(minus) = volts, and each is its root's voltage plus its steps.
        forward = ((source, 1.0), *down, *((name, -sign) for name, sign in up))
        if high == GROUND:
            towards[low] = (high, tuple((name, -sign) for name, sign in forward))
        else:
            towards[high] = (low, forward)
    found = {node: find(node) for node in (GROUND, *parts.nodes)}
    return Held(
        {node: root for node, (root, _) in found.items()},
        {node: steps for node, (_, steps) in found.items()},
    )


def structure(parts: Parts, rooted: Held, *, charged: bool) -> dict[str, dict[str, None]]:
    """Return equation to the unknowns that stand in it, each by its root.

    Args:
        parts: of the circuit.
        rooted: where its nodes are held.
        charged: whether charges count, as in a transient.
    """
    found: dict[str, dict[str, None]] = {}
    root = rooted.root

    def add(equations: Iterable[str], unknowns: Iterable[str]) -> None:
        words = [root.get(unknown, unknown) for unknown in unknowns]
        for equation in equations:
            row = root.get(equation, equation)
            if row != GROUND:
                found.setdefault(row, {}).update(
                    dict.fromkeys(word for word in words if word != GROUND)
                )

    for transfer in (*parts.transfers, *(parts.storages if charged else ())):
        add(transfer.into, transfer.of)
    for diode in parts.diodes:
        add(diode.nodes, diode.nodes)
    for transistor in parts.transistors:
        drain, _, source, _ = transistor.nodes
        add((drain, source), transistor.nodes)
    for formula in parts.formulas:
        for reading in readings(formula.expression):
            if reading.operation == "voltage":
                add(formula.into, reading.names)
            elif (word := current(reading.names[0])) in found:
                add(formula.into, (word,))
    for node in parts.nodes:
        add((node,), ())
    return found


def matched(equations: Mapping[str, Mapping[str, None]]) -> dict[str, str]:
    """Return unknown to an equation of its own that it stands in, for every unknown.

    Raises:
        SimulationFailed: there is none: nothing sets a voltage.
    """
    owner: dict[str, str] = {}
    owned: dict[str, str] = {}
    # A node's own sum of currents is the natural one; the rest is found by alternating paths.
    waiting = []
    for equation, unknowns in equations.items():
        if equation in unknowns and not equation.startswith("i("):
            owner[equation] = owned[equation] = equation
        else:
            waiting.append(equation)
    for equation in waiting:
        if not _augment(equation, equations, owner, owned):
            raise SimulationFailed(
                f"nothing sets {_spoken(equation)}",
                mend="a direct path to ground, such as a resistor, is missing there",
            )
    return owner


def _spoken(word: str) -> str:
    return f"the current {word}" if word.startswith("i(") else f"the voltage of node {word!r}"


def _augment(
    start: str,
    equations: Mapping[str, Mapping[str, None]],
    owner: dict[str, str],
    owned: dict[str, str],
) -> bool:
    """Give an equation an unknown, moving others on where that helps."""
    came: dict[str, str] = {}
    queue = [start]
    for equation in queue:
        for unknown in equations[equation]:
            if unknown in came:
                continue
            came[unknown] = equation
            if unknown in owner:
                queue.append(owner[unknown])
                continue
            given: str | None = unknown
            while given is not None:
                taker = came[given]
                released = owned.get(taker)
                owner[given], owned[taker] = taker, given
                given = released
            return True
    return False


def needed(
    equations: Mapping[str, Mapping[str, None]],
    owner: Mapping[str, str],
    asked: Sequence[str],
) -> dict[str, str]:
    """Return unknown to equation for what the asked unknowns depend on, themselves included."""
    found: dict[str, str] = {}
    queue = [word for word in dict.fromkeys(asked) if word in owner]
    while queue:
        word = queue.pop()
        if word in found:
            continue
        found[word] = owner[word]
        queue += [other for other in equations[owner[word]] if other not in found]
    return found
