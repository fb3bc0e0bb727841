"""Junctions: their currents, charges and slopes, and how far Newton's steps may take them.

Ref: L. W. Nagel, SPICE2, UCB/ERL M520 (1975), section 3 (limiting), appendix 2 (diode).
"""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels import rows
from realnet_hw.predict.compiled.kernels.jit import inlined, kernel
from realnet_hw.predict.compiled.kernels.memory import LANES, Integers, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.rows import (
    add,
    add_product,
    put,
    put_difference,
    take,
)

_SQRT2 = math.sqrt(2.0)
_INVERSE_E = 1 / math.e
# A junction held back by less than this is not held back.
_LIMITED_V = 1e-9


@kernel
def forget_junctions(
    diodes: Integers,
    x: Reals,
    last: Reals,
    lane: int,
) -> None:
    """Take the unknowns as they are for where the junctions were last."""
    for number in range(len(diodes)):
        last[number, lane] = x[diodes[number, 0], lane] - x[diodes[number, 1], lane]


@kernel
def start_junctions(
    diodes: Integers,
    junctions: Reals,
    last: Reals,
    junction: Reals,
    begun: Reals,
    lane: int,
) -> None:
    """Begin with every junction just conducting, whatever the unknowns are."""
    begun[0, lane] = 1.0
    for number in range(len(diodes)):
        slope = junctions[number, 1]
        last[number, lane] = slope * math.log(slope / (_SQRT2 * junction[number, lane]))


@kernel
def _limited(new: float, old: float, slope: float, critical: float) -> float:
    """Return a junction's voltage no further from the last than its exponential lets it be."""
    if new <= critical or abs(new - old) <= 2 * slope:
        return new
    if old > 0:
        share = 1 + (new - old) / slope
        return old + slope * math.log(share) if share > 0 else critical
    return slope * math.log(new / slope) if new > slope else critical


@kernel
def _limit(
    diodes: Integers,
    junctions: Reals,
    across: Reals,
    last: Reals,
    junction: Reals,
    limited: Reals,
    begun: Reals,
) -> None:
    """Bring every junction's voltage from where it was last towards where it should be."""
    for number in range(len(diodes)):
        slope = junctions[number, 1]
        far = 0.0
        for lane in range(LANES):
            moved = abs(across[number, lane] - last[number, lane])
            far = max(far, moved, begun[0, lane] * 3 * slope)
        # NaN is far as well.
        if far <= 2 * slope:
            put(last, number, across, number)
            continue
        for lane in range(LANES):
            if begun[0, lane] != 0:
                limited[0, lane] = 1.0
                continue
            volts = across[number, lane]
            critical = slope * math.log(slope / (_SQRT2 * junction[number, lane]))
            found = _limited(volts, last[number, lane], slope, critical)
            if not abs(found - volts) <= _LIMITED_V:
                limited[0, lane] = 1.0
            last[number, lane] = found


@kernel
def _limit_breakdown(
    junctions: Reals,
    breakable: Integers,
    across: Reals,
    last: Reals,
    breakdown: Reals,
    limited: Reals,
    begun: Reals,
) -> None:
    """Let no junction go further into breakdown at once than a volt."""
    for number in range(len(breakable)):
        diode = breakable[number]
        slope = junctions[diode, 3]
        for lane in range(LANES):
            edge = breakdown[number, lane]
            volts = across[diode, lane]
            if begun[0, lane] == 0 and volts < min(0.0, -edge + 10 * slope):
                found = max(volts, min(last[diode, lane], -edge) - 1.0)
                if abs(found - volts) > _LIMITED_V:
                    limited[0, lane] = 1.0
                last[diode, lane] = found


@kernel
def _currents(
    diodes: Integers,
    junctions: Reals,
    breakable: Integers,
    gmin: Reals,
    last: Reals,
    slope: Reals,
    into: Reals,
    junction: Reals,
    breakdown: Reals,
) -> None:
    """Compute every junction's current and slope at its limited voltage."""
    # All lanes of all junctions in one loop, which becomes vector instructions.
    leak, count = gmin[0], len(diodes) * LANES
    volts_of, figures = last.reshape(-1), junction.reshape(-1)
    current_of, slope_of = into.reshape(-1), slope.reshape(-1)
    for at in range(count):
        volts, saturation, part = volts_of[at], figures[at], figures[count + at]
        edge = figures[2 * count + at]
        growth = saturation * rows.exp(max(volts, edge) * part)
        back = 1.0 / min(volts, edge)
        tail = -edge * back * _INVERSE_E
        tail = figures[3 * count + at] * tail * tail * tail
        forward = volts >= edge
        current_of[at] = (
            growth - saturation if forward else -saturation * (1.0 + tail)
        ) + leak * volts
        slope_of[at] = (growth * part if forward else 3.0 * saturation * tail * back) + leak
    for number in range(len(breakable)):
        diode = breakable[number]
        for lane in range(LANES):
            volts = last[diode, lane]
            beyond = -breakdown[number, lane] - volts
            if beyond > 0:
                part = 1.0 / junctions[diode, 3]
                growth = junction[diode, lane] * rows.exp(beyond * part)
                into[diode, lane] = -growth + leak * volts
                slope[diode, lane] = growth * part + leak


@kernel
def _charges(
    diodes: Integers,
    junctions: Reals,
    gmin: Reals,
    parameters: Reals,
    matrix: Reals,
    charge: Reals,
    rate: Reals,
    scratch: Reals,
    across: Reals,
    last: Reals,
    slope: Reals,
    into: Reals,
) -> None:
    """Add the charges of junctions, and what they add to the slopes.

    Beyond half its potential a junction's capacitance grows linearly.
    """
    for number in range(len(diodes)):
        if diodes[number, 9] == 0:
            continue
        plus, minus = diodes[number, 2], diodes[number, 3]
        potential, grading = junctions[number, 6], junctions[number, 7]
        edge, below = junctions[number, 8], junctions[number, 9]
        second, third = junctions[number, 10], junctions[number, 11]
        transit = junctions[number, 12]
        for lane in range(LANES):
            volts = last[number, lane]
            area = parameters[diodes[number, 8], lane]
            zero = junctions[number, 5] * area
            if volts < edge:
                left = 1 - volts / potential
                share = math.exp(-grading * math.log(left))
                held = potential * zero * (1 - left * share) / (1 - grading)
                capacitance = zero * share
            else:
                bend = grading / (2 * potential) * (volts * volts - edge * edge)
                held = zero * (below + (third * (volts - edge) + bend) / second)
                capacitance = zero / second * (third + grading * volts / potential)
            held += transit * (into[number, lane] - gmin[0] * volts)
            capacitance += transit * (slope[number, lane] - gmin[0])
            held += capacitance * (across[number, lane] - volts)
            charge[plus, lane] += held
            charge[minus, lane] -= held
            scratch[0, lane] = rate[0, lane] * capacitance
        add(matrix, diodes[number, 4], scratch, 0)
        take(matrix, diodes[number, 5], scratch, 0)
        take(matrix, diodes[number, 6], scratch, 0)
        add(matrix, diodes[number, 7], scratch, 0)


@kernel
def _stamp(
    diodes: Integers,
    matrix: Reals,
    f: Reals,
    scratch: Reals,
    across: Reals,
    last: Reals,
    slope: Reals,
    into: Reals,
) -> None:
    for number in range(len(diodes)):
        put_difference(scratch, 0, across, number, last, number)
        add_product(into, number, slope, number, scratch, 0)
        add(f, diodes[number, 2], into, number)
        take(f, diodes[number, 3], into, number)
        add(matrix, diodes[number, 4], slope, number)
        take(matrix, diodes[number, 5], slope, number)
        take(matrix, diodes[number, 6], slope, number)
        add(matrix, diodes[number, 7], slope, number)


@inlined
def junctions(tables: Tables, lanes: Lanes, charged: bool) -> None:
    """Add the junctions' currents, charges and slopes, along the tangent where they are limited."""
    for number in range(len(tables.diodes)):
        plus, minus = tables.diodes[number, 0], tables.diodes[number, 1]
        put_difference(lanes.across, number, lanes.x, plus, lanes.x, minus)
    _limit(
        tables.diodes,
        tables.junctions,
        lanes.across,
        lanes.last,
        lanes.junction,
        lanes.limited,
        lanes.begun,
    )
    _limit_breakdown(
        tables.junctions,
        tables.breakable,
        lanes.across,
        lanes.last,
        lanes.breakdown,
        lanes.limited,
        lanes.begun,
    )
    for lane in range(LANES):
        lanes.begun[0, lane] = 0.0
    _currents(
        tables.diodes,
        tables.junctions,
        tables.breakable,
        tables.gmin,
        lanes.last,
        lanes.slope,
        lanes.into,
        lanes.junction,
        lanes.breakdown,
    )
    if charged:
        _charges(
            tables.diodes,
            tables.junctions,
            tables.gmin,
            lanes.parameters,
            lanes.matrix,
            lanes.charge,
            lanes.rate,
            lanes.scratch,
            lanes.across,
            lanes.last,
            lanes.slope,
            lanes.into,
        )
    _stamp(
        tables.diodes,
        lanes.matrix,
        lanes.f,
        lanes.scratch,
        lanes.across,
        lanes.last,
        lanes.slope,
        lanes.into,
    )
