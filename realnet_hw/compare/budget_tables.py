"""The uncertainty of every value as tables that can be followed from the source to U."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from realnet_hw.compare.contributions import freedom, total
from realnet_hw.compare.readings import case_label
from realnet_hw.records import ComparedCase, ComparedPulse, ComparedValue, Comparison, Source
from realnet_hw.uncertainty import COVERAGE_FACTOR, effective_degrees_of_freedom

_MANY = 100
"""Degrees of freedom from which on a normal distribution will do."""


@dataclass(frozen=True)
class Cell:
    """A contribution: size with unit, and share of the variance; empty where there is none."""

    size: str = ""
    share: str = ""


@dataclass(frozen=True)
class Row:
    """What one source contributes to every value."""

    name: str
    kind: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Block:
    """Contributions that add in squares, and what they add up to.

    Args:
        rows: the largest first.
        u, U: of each value, with unit.
        freedom: effective degrees of freedom of each value.
    """

    rows: tuple[Row, ...]
    u: tuple[str, ...]
    U: tuple[str, ...]
    freedom: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The uncertainties of one case.

    Args:
        title: the case.
        values: heading of each column.
        measured: of what was read, moved to the inputs as set.
        predicted: what the prediction leaves open.
    """

    title: str
    values: tuple[str, ...]
    measured: Block
    predicted: Block


def tables(comparison: Comparison) -> list[Table]:
    """Return a table for each case; none where a record is older than its contributions."""
    found = []
    for case in comparison.cases:
        columns = _columns(case)
        if not columns:
            continue
        found.append(
            Table(
                title=case_label(case),
                values=tuple(columns),
                measured=_block([u for u, _, _ in columns.values()], _units(columns), comparison),
                predicted=_block([u for _, u, _ in columns.values()], _units(columns), comparison),
            )
        )
    return found


_Column = tuple[Mapping[str, float], Mapping[str, float], bool]
"""Contributions measured and predicted, and whether they are of a pulse."""


def _columns(case: ComparedCase) -> dict[str, _Column]:
    """Return the values that were read, outputs first."""
    values: dict[str, ComparedValue | ComparedPulse] = {
        **case.outputs,
        **case.nodes,
        **case.pulses,
    }
    found: dict[str, _Column] = {}
    for name, value in values.items():
        if isinstance(value, ComparedPulse):
            one: _Column = (value.u_measured_s, value.u_predicted_s, True)
        else:
            one = (value.u_measured_V, value.u_predicted_V, False)
        if one[0]:
            found[name] = one
    return found


def _units(columns: Mapping[str, _Column]) -> list[bool]:
    return [is_pulse for _, _, is_pulse in columns.values()]


def _block(
    contributions: list[Mapping[str, float]], pulses: list[bool], comparison: Comparison
) -> Block:
    wholes = [total(one) for one in contributions]
    weight = {
        name: sum((one.get(name, 0.0) / whole) ** 2 for one, whole in _pairs(contributions, wholes))
        for one in contributions
        for name in one
    }
    rows = tuple(
        Row(
            name=name,
            kind=comparison.sources[name].kind,
            cells=tuple(
                _cell(one.get(name), whole, is_pulse=is_pulse)
                for (one, whole), is_pulse in zip(
                    _pairs(contributions, wholes), pulses, strict=True
                )
            ),
        )
        for name in sorted(weight, key=lambda name: -weight[name])
    )
    return Block(
        rows=rows,
        u=tuple(_size(u, is_pulse=p) for u, p in zip(wholes, pulses, strict=True)),
        U=tuple(
            _size(COVERAGE_FACTOR * u, is_pulse=p) for u, p in zip(wholes, pulses, strict=True)
        ),
        freedom=tuple(_freedom(one, comparison.sources) for one in contributions),
    )


def _pairs(
    contributions: list[Mapping[str, float]], wholes: list[float]
) -> list[tuple[Mapping[str, float], float]]:
    return [(one, whole or 1.0) for one, whole in zip(contributions, wholes, strict=True)]


def _cell(u: float | None, whole: float, *, is_pulse: bool) -> Cell:
    if u is None:
        return Cell()
    return Cell(_size(u, is_pulse=is_pulse), f"{100 * (u / whole) ** 2:.0f} %")


def _size(u: float, *, is_pulse: bool) -> str:
    return f"{1e6 * u:.2f} µs" if is_pulse else f"{1e3 * u:.2f} mV"


def _freedom(contributions: Mapping[str, float], sources: Mapping[str, Source]) -> str:
    found = effective_degrees_of_freedom(freedom(contributions, sources))
    return f"> {_MANY}" if found > _MANY else f"{found:.0f}"
