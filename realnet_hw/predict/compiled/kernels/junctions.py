"""Junctions: their currents, charges and slopes, and how far Newton's steps may take them.

Ref: L. W. Nagel, SPICE2, UCB/ERL M520 (1975), section 3 (limiting), appendix 2 (diode).
"""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels import rows
from realnet_hw.predict.compiled.kernels.jit import inlined, kernel
from realnet_hw.predict.compiled.kernels.memory import LANES, Integers, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.rows import (
    add_live,
    add_product,
    put_difference,
    take_live,
)

_SQRT2 = math.sqrt(2.0)
_INVERSE_E = 1 / math.e
# A junction held back by less than this is not held back.
_LIMITED_V = 1e-9
# Slopes that a junction may move by at once, unless it is held back.
_NEAR = 2.0


@kernel
def forget_junctions(diodes: Integers, x: Reals, last: Reals, first: int, end: int) -> None:
    """Take the unknowns as they are for where the junctions of some lanes were last."""
    for number in range(len(diodes)):
        plus, minus = diodes[number, 0], diodes[number, 1]
        for lane in range(first, end):
            last[number, lane] = x[plus, lane] - x[minus, lane]


@kernel
def hold_junctions(diodes: Integers, held: Reals, begun: Reals, lane: int) -> None:
    """Keep every junction where it is for one step, however far from there the unknowns are."""
    begun[0, lane] = 1.0
    for number in range(len(diodes)):
        held[number, lane] = 1.0


@kernel
def start_junctions(
    diodes: Integers,
    junctions: Reals,
    last: Reals,
    junction: Reals,
    held: Reals,
    begun: Reals,
    lane: int,
) -> None:
    """Begin with every junction just conducting, whatever the unknowns are."""
    hold_junctions(diodes, held, begun, lane)
    for number in range(len(diodes)):
        slope = junctions[number, 1]
        last[number, lane] = slope * math.log(slope / (_SQRT2 * junction[number, lane]))


@kernel
def _limited(new: float, old: float, slope: float, critical: float) -> float:
    """Return a junction's voltage no further from the last than its exponential lets it be."""
    if new <= critical or abs(new - old) <= _NEAR * slope:
        return new
    if old > 0:
        share = 1 + (new - old) / slope
        return old + slope * math.log(share) if share > 0 else critical
    return slope * math.log(new / slope) if new > slope else critical


@kernel
def _voltages(diodes: Integers, x: Reals, across: Reals) -> None:
    for number in range(len(diodes)):
        put_difference(across, number, x, diodes[number, 0], x, diodes[number, 1])


@kernel
def _release(held: Reals, begun: Reals) -> None:
    """Let all junctions move from now on."""
    for lane in range(LANES):
        if begun[0, lane] != 0:
            begun[0, lane] = 0.0
            for number in range(len(held)):
                held[number, lane] = 0.0


@kernel
def _follow(across: Reals, last: Reals, junction: Reals, held: Reals, charged: bool) -> int:
    """Bring junctions from where they were last to where they should be, if that is near.

    At an operating point one that conducts goes where its current is what its tangent said, nearly:
    a Padé approximation of the logarithm. So one that a current is driven through is right at once.
    In time charges hold its voltage rather.

    Returns:
        How many are too far.
    """
    # All lanes of all junctions in one loop, which becomes vector instructions.
    count = across.size
    across_of, last_of, held_of = across.reshape(-1), last.reshape(-1), held.reshape(-1)
    figures = junction.reshape(-1)
    far = 0
    for at in range(count):
        old, new = last_of[at], across_of[at]
        ratio = (new - old) * figures[count + at]
        bent = ratio * (6 + 3 * ratio) / (6 + ratio * (6 + ratio))
        # The third row is -3 slopes.
        conducts = (not charged) & (old > -figures[2 * count + at]) & (ratio >= -1)
        new = old - bent * figures[2 * count + at] * (1 / 3) if conducts else new
        # NaN is far as well.
        near = abs(ratio) <= _NEAR
        stays = held_of[at] != 0
        last_of[at] = new if near & (not stays) else old
        far += 0 if near | stays else 1
    return far


@kernel
def _limit(
    diodes: Integers,
    junctions: Reals,
    across: Reals,
    last: Reals,
    junction: Reals,
    limited: Reals,
    held: Reals,
    begun: Reals,
    charged: bool,
) -> None:
    """Bring every junction's voltage from where it was last towards where it should be."""
    if len(diodes) > 0 and _follow(across, last, junction, held, charged) > 0:
        for number in range(len(diodes)):
            slope = junctions[number, 1]
            for lane in range(LANES):
                volts = across[number, lane]
                if held[number, lane] != 0 or abs(volts - last[number, lane]) <= _NEAR * slope:
                    continue
                critical = slope * math.log(slope / (_SQRT2 * junction[number, lane]))
                found = _limited(volts, last[number, lane], slope, critical)
                if not abs(found - volts) <= _LIMITED_V:
                    limited[0, lane] = 1.0
                last[number, lane] = found
    for lane in range(LANES):
        if begun[0, lane] != 0:
            limited[0, lane] = 1.0


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
        add_live(matrix, diodes[number, 4], scratch, 0)
        take_live(matrix, diodes[number, 5], scratch, 0)
        take_live(matrix, diodes[number, 6], scratch, 0)
        add_live(matrix, diodes[number, 7], scratch, 0)


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
        add_live(f, diodes[number, 2], into, number)
        take_live(f, diodes[number, 3], into, number)
        add_live(matrix, diodes[number, 4], slope, number)
        take_live(matrix, diodes[number, 5], slope, number)
        take_live(matrix, diodes[number, 6], slope, number)
        add_live(matrix, diodes[number, 7], slope, number)


@inlined
def junctions(tables: Tables, lanes: Lanes, charged: bool) -> None:
    """Add the junctions' currents, charges and slopes, along the tangent where they are limited."""
    _voltages(tables.diodes, lanes.x, lanes.across)
    _limit(
        tables.diodes,
        tables.junctions,
        lanes.across,
        lanes.last,
        lanes.junction,
        lanes.limited,
        lanes.held,
        lanes.begun,
        charged,
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
    _release(lanes.held, lanes.begun)
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
