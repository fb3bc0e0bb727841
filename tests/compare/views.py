"""Curves, surfaces and answers of a world with a known truth."""

from __future__ import annotations

import msgspec
import numpy as np

from realnet_hw.records import (
    Curve,
    Prediction,
    Settling,
    Sheet,
    Surface,
    Trace,
    Transient,
    UsedPart,
)
from tests.compare.worlds import Array, World, network

_BAND_V = 0.2
_BOARDS = 60
_TIME_CONSTANT_s = 2e-6


def truth_V(x1: Array, x2: Array) -> Array:
    """Y of the nominal board at these inputs."""
    inputs_V = np.stack(np.broadcast_arrays(x1, x2), axis=-1)
    values: Array = network(inputs_V, np.ones(13), np.zeros(4))[..., 0]
    return values


def trace(values_V: Array) -> Trace:
    return Trace(
        nominal_V=values_V.tolist(),
        low_V=(values_V - _BAND_V).tolist(),
        high_V=(values_V + _BAND_V).tolist(),
        ideal_V=(1.01 * values_V).tolist(),
    )


def with_views(world: World, prediction: Prediction | None = None) -> Prediction:
    """A prediction with every kind of view."""
    axis = np.linspace(0.0, 5.0, 21)
    curves = [
        Curve(
            input=moved,
            held_V={held: at_V},
            input_V=axis.tolist(),
            outputs={"Y": trace(truth_V(*((axis, v) if moved == "X1" else (v, axis))))},
            boards=_BOARDS,
        )
        for moved, held in (("X1", "X2"), ("X2", "X1"))
        for at_V in (0.0, 5.0)
        for v in (np.array(at_V),)
    ]
    surface_V = truth_V(*np.meshgrid(axis, axis))
    surface = Surface(
        across="X1",
        up="X2",
        held_V={},
        across_V=axis.tolist(),
        up_V=axis.tolist(),
        outputs={
            "Y": Sheet(
                nominal_V=surface_V.tolist(),
                low_V=(surface_V - _BAND_V).tolist(),
                high_V=(surface_V + _BAND_V).tolist(),
            )
        },
        boards=_BOARDS,
    )
    time_s = np.linspace(0.0, 2e-5, 101)
    up = time_s < 1e-5
    rising = 5 * (1 - np.exp(-time_s / _TIME_CONSTANT_s))
    falling = 5 * np.exp(-(time_s - 1e-5) / _TIME_CONSTANT_s)
    answer = Transient(
        input="X1",
        held_V={"X2": 0.0},
        time_s=time_s.tolist(),
        input_V=np.where(up, 5.0, 0.0).tolist(),
        outputs={"Y": trace(np.where(up, rising, falling))},
        boards=_BOARDS,
        settling={"Y": Settling(nominal_s=9.2e-6, slowest_s=None)},
    )
    parts = [
        UsedPart(
            references=["R1", "R2"],
            value="10k",
            description="Resistor 1/4 W",
            tolerance="1 %",
            mpn="MFR-25FBF52-10K",
        )
    ]
    return msgspec.structs.replace(
        prediction or world.prediction(),
        curves=curves,
        surfaces=[surface],
        transients=[answer],
        parts=parts,
    )
