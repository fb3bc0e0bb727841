"""Formulas as tapes: lists of operations, those of all formulas together.

Equal ones that need not wait for each other lie side by side, so that their arithmetic runs over
one piece of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.predict.compiled.cards import GROUND
from realnet_hw.predict.compiled.devices import Formula, current
from realnet_hw.predict.compiled.expressions import OPERATIONS, Expression

# The kernels know these by their place in this list.
CODES = {
    name: code
    for code, name in enumerate(
        ("constant", "voltage", "time", "scale", "shift", "square", *OPERATIONS)
    )
}


@dataclass
class _Slot:
    """One operation: what it does, on which slots or unknowns, with which figure."""

    code: int
    of: tuple[int, ...]
    figure: float
    level: int
    formula: int


@dataclass(frozen=True)
class Tapes:
    """All formulas.

    Args:
        slots: shape (slots, 3): what each operates on; unknowns for a voltage.
        figures: of each slot.
        runs: shape (runs, 3): code, first slot, slot after the last.
        results: the slot of each formula's value.
        readings: slot of a voltage and its formula.
    """

    slots: npt.NDArray[np.int32]
    figures: npt.NDArray[np.float64]
    runs: npt.NDArray[np.int32]
    results: Sequence[int]
    readings: Sequence[tuple[int, int]]


def tapes(formulas: Sequence[Formula], place: Callable[[str], int]) -> Tapes:
    """Lay formulas out.

    Args:
        formulas: that count.
        place: where in memory an unknown is.
    """
    made: list[_Slot] = []
    results = [_lay(one.expression, number, made, place) for number, one in enumerate(formulas)]
    order = sorted(range(len(made)), key=lambda slot: (made[slot].level, made[slot].code))
    moved = {old: new for new, old in enumerate(order)}
    slots = np.zeros((len(made), 3), np.int32)
    figures = np.zeros(len(made))
    runs: list[list[int]] = []
    for new, old in enumerate(order):
        slot = made[old]
        of = slot.of if slot.code == CODES["voltage"] else tuple(moved[one] for one in slot.of)
        slots[new, : len(of)] = of
        figures[new] = slot.figure
        follows = new and made[order[new - 1]]
        if follows and (follows.level, follows.code) == (slot.level, slot.code):
            runs[-1][2] = new + 1
        else:
            runs.append([slot.code, new, new + 1])
    return Tapes(
        slots,
        figures,
        np.array(runs, np.int32).reshape(-1, 3),
        [moved[result] for result in results],
        [
            (moved[number], slot.formula)
            for number, slot in enumerate(made)
            if slot.code == CODES["voltage"]
        ],
    )


def _lay(
    expression: Expression, formula: int, made: list[_Slot], place: Callable[[str], int]
) -> int:
    """Append the slots of an expression; return that of its value."""

    def put(name: str, of: tuple[int, ...] = (), figure: float = 0.0) -> int:
        level = 0 if name == "voltage" else max((made[one].level + 1 for one in of), default=0)
        made.append(_Slot(CODES[name], of, figure, level, formula))
        return len(made) - 1

    def lay(one: Expression) -> int:
        return _lay(one, formula, made, place)

    names, of = expression.names, expression.of
    match expression.operation:
        case "constant":
            return put("constant", (), expression.value)
        case "voltage":
            return put("voltage", (place(names[0]), place(names[1])))
        case "current":
            return put("voltage", (place(current(names[0])), place(GROUND)))
        case "power" if expression.value == 2:
            return put("square", (lay(of[0]),))
        case "power":
            return put("power", (lay(of[0]),), expression.value)
        case operation:
            if found := _with_constant(expression):
                name, free, figure = found
                return put(name, (lay(free),), figure)
            return put(operation, tuple(lay(one) for one in of))


def _with_constant(expression: Expression) -> tuple[str, Expression, float] | None:
    """Return an operation with a constant as a scale or shift of the rest, None if it is none."""
    of = expression.of
    fixed = [one for one in of if one.operation == "constant"]
    match expression.operation:
        case "negate":
            return "scale", of[0], -1.0
        case "multiply" | "add" if fixed:
            free = of[1] if of[0] is fixed[0] else of[0]
            return "scale" if expression.operation == "multiply" else "shift", free, fixed[0].value
        case "subtract" if of[1] in fixed:
            return "shift", of[0], -of[1].value
        case "divide" if of[1] in fixed and of[1].value:
            return "scale", of[0], 1 / of[1].value
    return None
