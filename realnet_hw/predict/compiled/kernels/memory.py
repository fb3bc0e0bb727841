"""The tables of a circuit and the memory of the lanes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]


class Tables(NamedTuple):
    """A circuit. x: place of an unknown; f: of an equation; e: of a matrix entry; p: a parameter.

    Args:
        factors: (p, reciprocal) of each factor; its share is in ``shares``.
        shares: the rest of each factor.
        transfers: (f, f, x, x, factor).
        transfer_stamps: (e, factor, sign).
        storages: (f, f, x, x, factor): of charge.
        storage_stamps: (e, factor, sign).
        drives: (f, source, sign).
        sources: (p, shape, first figure, count): shape 0 constant, 1 pulse, 2 sin, 3 pwl.
        wave_figures: of all waves.
        followers: (x, x of the node at which sources hold it).
        steps: (x, source, sign): what they add.
        diodes: (x, x, f, f, e, e, e, e, p of area, stores).
        junctions: figures of each, see ``Junction.figures``.
        breakable: diodes with a breakdown voltage.
        channels: (4 x, 2 f, 8 e, 2 p).
        channel_figures: see ``Channel.figures``.
        slots: of tapes, with figures and runs.
        slot_figures: of each slot.
        runs: see ``Tapes``.
        results: (slot, f, f).
        readings: (slot, 4 e).
        factor: see ``Order``.
        solve: see ``Order``.
        unknowns: x of each column.
        voltages: 1 for a column that is a voltage.
        moving: 1 for a column whose voltage charges hold.
        leaks: (x, f, e): where leaks are stepped away.
        entries: number of matrix entries.
        gmin: across junctions, one figure.
    """

    factors: Integers
    shares: Reals
    transfers: Integers
    transfer_stamps: Integers
    storages: Integers
    storage_stamps: Integers
    drives: Integers
    sources: Integers
    wave_figures: Reals
    followers: Integers
    steps: Integers
    diodes: Integers
    junctions: Reals
    breakable: Integers
    channels: Integers
    channel_figures: Reals
    slots: Integers
    slot_figures: Reals
    runs: Integers
    results: Integers
    readings: Integers
    factor: Integers
    solve: Integers
    unknowns: Integers
    voltages: Integers
    moving: Integers
    leaks: Integers
    entries: int
    gmin: Reals


class Binding(NamedTuple):
    """What of a lane depends on the parameters in which its boards differ.

    Args:
        parameters: their numbers, in the order of a board's values.
        factors: that are made of them.
        entries: matrix entries in which such factors are.
        stamps: what adds up to those entries, see ``Tables.transfer_stamps``.
        charged_entries: the same of charges.
        charged_stamps: the same of charges.
        diodes: whose area is one of them.
        breakable: places in ``Tables.breakable`` of those with a breakdown voltage.
        channels: whose width or length is one of them.
    """

    parameters: npt.NDArray[np.int64]
    factors: Integers
    entries: Integers
    stamps: Integers
    charged_entries: Integers
    charged_stamps: Integers
    diodes: Integers
    breakable: Integers
    channels: Integers


LANES = 8
"""How many boards are computed side by side."""

TRANSISTOR_ROWS = 6
"""Polarity, threshold, gain, modulation, body effect and root of the surface potential."""

JUNCTION_ROWS = 4
"""Saturation current, slope's reciprocal, edge of the forward law and share of the reverse one."""


class Lanes(NamedTuple):
    """What each lane is computing; every array has LANES columns."""

    parameters: Reals
    factors: Reals
    sources: Reals
    share: Reals
    time: Reals
    x: Reals
    fixed: Reals
    charging: Reals
    matrix: Reals
    f: Reals
    bias: Reals
    charge: Reals
    step: Reals
    rate: Reals
    leak: Reals
    anchor: Reals
    scratch: Reals
    across: Reals
    last: Reals
    slope: Reals
    into: Reals
    junction: Reals
    breakdown: Reals
    transistor: Reals
    pins: Reals
    channel: Reals
    tape: Reals
    back: Reals
    limited: Reals
    held: Reals
    begun: Reals


def lanes(tables: Tables, unknowns: int, parameters: int) -> Lanes:
    """Return the memory for a circuit, no board loaded yet.

    Args:
        tables: of the circuit.
        unknowns: places of unknowns, ground included.
        parameters: how many it has.
    """

    def rows(count: int) -> Reals:
        return np.zeros((max(count, 1), LANES))

    size = len(tables.unknowns)
    diodes, slots = len(tables.diodes), len(tables.slots)
    junction = rows(JUNCTION_ROWS * diodes)
    if diodes:
        slope = tables.junctions[:, 1, np.newaxis]
        junction[diodes:] = np.vstack([1 / slope, -3 * slope, tables.junctions[:, 13:14]])
    channels = len(tables.channels)
    transistor = rows(TRANSISTOR_ROWS * channels)
    if channels:
        polarity, threshold, gain, modulation, gamma, surface = tables.channel_figures.T
        figures = [polarity, threshold, gain, modulation, gamma, np.sqrt(surface)]
        transistor[:] = np.concatenate(figures)[:, np.newaxis]
    return Lanes(
        parameters=np.ones((parameters, LANES)),
        factors=rows(len(tables.factors)),
        sources=rows(len(tables.sources)),
        share=np.ones((1, LANES)),
        time=rows(1),
        x=rows(unknowns),
        fixed=rows(tables.entries + 1),
        charging=rows(tables.entries + 1),
        matrix=rows(tables.entries + 1),
        f=rows(size + 1),
        bias=rows(size + 1),
        charge=rows(size + 1),
        step=rows(size + 1),
        rate=rows(1),
        leak=rows(1),
        anchor=rows(unknowns),
        scratch=rows(5),
        across=rows(diodes),
        last=rows(diodes),
        slope=rows(diodes),
        into=rows(diodes),
        junction=junction,
        breakdown=rows(len(tables.breakable)),
        transistor=transistor,
        pins=rows(5 * channels),
        channel=rows(5 * channels),
        tape=rows(slots),
        back=rows(slots),
        limited=rows(1),
        held=rows(diodes),
        begun=rows(1),
    )
