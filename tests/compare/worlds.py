"""Boards with a known truth: the parts are drawn here, not by the program under test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from realnet_hw.records import (
    Calibration,
    Component,
    FaultSignature,
    MeasuredCase,
    MeasuredInput,
    MeasuredValue,
    Measurement,
    PredictedCase,
    PredictedInput,
    PredictedNode,
    PredictedOutput,
    Prediction,
    Statistics,
    Thresholds,
    Yield,
)
from realnet_hw.uncertainty import expanded_uncertainty

Array = NDArray[np.float64]

THRESHOLDS = Thresholds(low_V=1.5, high_V=3.5)
CASES = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [5.0, 5.0]])
LEVELS = [0, 1, 1, 0]
NAMES = ["Y", "H1", "H2"]
WIRING = {
    "X1": "dac0",
    "X2": "dac1",
    "X1.sense": "adc0",
    "X2.sense": "adc1",
    "Y": "adc2",
    "H1": "adc3",
    "H2": "adc4",
}


@dataclass(frozen=True)
class Parts:
    """How the parts of an XOR network scatter: 13 ratios about 1 and 4 offsets about 0."""

    ratio: Callable[[np.random.Generator, tuple[int, int]], Array]
    offset_V: Callable[[np.random.Generator, tuple[int, int]], Array]

    def draw(self, random: np.random.Generator, count: int) -> tuple[Array, Array]:
        return self.ratio(random, (13, count)), self.offset_V(random, (4, count))


def uniform(tolerance: float, offset_V: float) -> Parts:
    return Parts(
        lambda r, shape: 1 + r.uniform(-tolerance, tolerance, shape),
        lambda r, shape: r.uniform(-offset_V, offset_V, shape),
    )


def normal(tolerance: float, offset_V: float) -> Parts:
    """Tolerance and offset as two standard deviations."""
    return Parts(
        lambda r, shape: 1 + r.normal(0, tolerance / 2, shape),
        lambda r, shape: r.normal(0, offset_V / 2, shape),
    )


def network(inputs_V: Array, ratios: Array, offsets_V: Array, *, linear: bool = False) -> Array:
    """Y, H1, H2 of an XOR network of two inputs, H = relu(...), for each board, volts.

    H1 = x1 + x2, H2 = x1 + x2 - 5 V, Y = H1 - 2 H2, each sum with its own resistor ratios. H1 at
    input 0 0 and H2 at 0 1 and 1 0 stand exactly at the rectifier's knee.
    """
    x1, x2 = inputs_V[..., 0], inputs_V[..., 1]
    a, o = ratios, offsets_V
    rectify = (lambda v: v) if linear else (lambda v: np.maximum(v, 0.0))
    h1 = rectify(a[0] * (a[1] * x1 + a[2] * x2) + 3 * o[0]) / 2
    h2 = rectify(a[3] * (a[4] * x1 + a[5] * x2 - 5 * a[6]) + 4 * o[1]) / 2
    y = a[7] * (2 * a[8] * a[9] * h1 - 4 * a[10] * a[11] * h2) * a[12] + 4 * o[2] + o[3]
    return np.stack([y, h1, h2], axis=-1)


@dataclass
class World:
    """A design, the scatter of its parts and a fixture, with the records that they give."""

    parts: Parts
    budget: list[Component]
    linear: bool = False
    samples: int = 1000
    wiring: dict[str, str] = field(default_factory=lambda: dict(WIRING))
    source_V: float = 0.0  # standard deviation of what the sources deliver

    def boards(self, random: np.random.Generator, count: int, inputs_V: Array = CASES) -> Array:
        """Values of drawn boards, count x 12: case by case Y, H1, H2."""
        ratios, offsets_V = self.parts.draw(random, count)
        rows = [network(v, ratios, offsets_V, linear=self.linear) for v in inputs_V]
        return np.stack(rows, axis=1).reshape(count, -1)

    def at(self, inputs_V: Array, ratios: Array | None = None) -> Array:
        """Values of the board with nominal parts, or with these ratios; 4 x 3."""
        a = np.ones(13) if ratios is None else ratios
        return network(inputs_V, a, np.zeros(4), linear=self.linear)

    def prediction(self, seed: int = 1) -> Prediction:
        random = np.random.default_rng(seed)
        boards_V = self.boards(random, self.samples)
        low_V, high_V = np.quantile(boards_V, [0.005, 0.995], axis=0).reshape(2, 4, 3).tolist()
        nominal = self.at(CASES).tolist()
        nominal_V = self.at(CASES)
        step_V = 0.1
        slopes = {
            side: {
                name: (
                    (self.at(CASES + sign * step_V * np.eye(2)[i]) - nominal_V) / (sign * step_V)
                )
                .ravel()
                .tolist()
                for i, name in enumerate(("X1", "X2"))
            }
            for side, sign in (("slope_below", -1), ("slope_above", 1))
        }
        faults = []
        for i in range(13):
            for percent in (20, 5, 2, 0.1):
                ratios = np.ones(13)
                ratios[i] += percent / 100
                values_V = self.at(CASES, ratios).ravel().tolist()
                faults.append(FaultSignature(fault=f"A{i} +{percent} %", values_V=values_V))
        return Prediction(
            board="xor",
            title="XOR with a known truth",
            circuit_sha256="a" * 64,
            made_from={},
            engine="numpy",
            samples=self.samples,
            seed=seed,
            thresholds=THRESHOLDS,
            cases=[
                PredictedCase(
                    inputs={
                        name: PredictedInput(set_V=v)
                        for name, v in zip(("X1", "X2"), inputs.tolist(), strict=True)
                    },
                    outputs={
                        "Y": PredictedOutput(
                            nominal_V=nominal[i][0],
                            low_V=low_V[i][0],
                            high_V=high_V[i][0],
                            expected=LEVELS[i],
                            logic=LEVELS[i],
                        )
                    },
                    nodes={
                        name: PredictedNode(
                            nominal_V=nominal[i][j], low_V=low_V[i][j], high_V=high_V[i][j]
                        )
                        for j, name in ((1, "H1"), (2, "H2"))
                    },
                )
                for i, inputs in enumerate(CASES)
            ],
            statistics=Statistics(
                keys=[f"{i}.{name}" for i in range(4) for name in NAMES],
                boards_V=np.round(boards_V, 6).tolist(),
                **slopes,
            ),
            faults=faults,
            yield_=Yield(good=self.samples, samples=self.samples, value=1.0, low=0.99, high=1.0),
            nets={name: name for name in ("X1", "X2", *NAMES)},
        )

    @property
    def channels(self) -> dict[str, list[Component]]:
        budgets = {f"adc{i}": self.budget for i in range(8)}
        source = Component(
            name="source", kind="B", u_V=self.source_V, shared="reading", source="test"
        )
        return budgets | {f"dac{i}": [source] for i in range(4)}

    def fixture_error(self, random: np.random.Generator) -> Callable[[str, float], float]:
        """One fixture: every component's error is drawn once for all that share it."""
        drawn: dict[tuple[str, ...], float] = {}

        def error(channel: str, true_V: float) -> float:
            total = 0.0
            for c in self.budget:
                scope = {"channel": (channel,), "fixture": ()}
                for part, size_V in (("V", c.u_V), ("relative", c.u_relative * true_V)):
                    if c.shared == "reading":
                        total += size_V * random.normal()
                    else:
                        key = (c.name, part, *scope[c.shared])
                        total += size_V * drawn.setdefault(key, random.normal())
            return total

        return error

    def measurement(
        self, seed: int, ratios: Array | None = None, *, offset_V: float = 0.0
    ) -> Measurement:
        """What the fixture reads from one drawn board, or from one with these ratios."""
        random = np.random.default_rng([2, seed])
        error = self.fixture_error(random)
        delivered_V = CASES + self.source_V * random.normal(size=CASES.shape)
        drawn, offsets_V = self.parts.draw(random, 1)
        if ratios is not None:
            drawn = drawn * ratios[:, None]
        values_V = [network(v, drawn, offsets_V, linear=self.linear)[0] for v in delivered_V]
        return self.record(values_V, delivered_V, error, offset_V=offset_V)

    def record(
        self,
        values_V: Sequence[Array],
        delivered_V: Array,
        error: Callable[[str, float], float],
        *,
        offset_V: float = 0.0,
    ) -> Measurement:
        def read(terminal: str, true_V: float) -> tuple[float | None, float | None, str | None]:
            channel = self.wiring.get(terminal)
            if channel is None:
                return None, None, None
            value_V = float(true_V + error(channel, true_V) + offset_V)
            return value_V, expanded_uncertainty(self.budget, value_V), channel

        cases = []
        for set_V, arrived_V, row_V in zip(CASES, delivered_V, values_V, strict=True):
            inputs = {}
            for name, v, true_V in zip(("X1", "X2"), set_V, arrived_V, strict=True):
                value_V, U_V, channel = read(f"{name}.sense", float(true_V))
                inputs[name] = MeasuredInput(
                    set_V=float(v), value_V=value_V, U_V=U_V, channel=channel
                )
            readings = {}
            for name, true_V in zip(NAMES, row_V, strict=True):
                value_V, U_V, channel = read(name, float(true_V))
                readings[name] = MeasuredValue(value_V=value_V, U_V=U_V, channel=channel)
            cases.append(
                MeasuredCase(
                    inputs=inputs,
                    outputs={"Y": readings["Y"]},
                    nodes={"H1": readings["H1"], "H2": readings["H2"]},
                    time_utc="2026-01-01T00:00:00Z",
                )
            )
        return Measurement(
            board="xor",
            title="XOR with a known truth",
            circuit_sha256="a" * 64,
            made_from={},
            procedure="truth_table",
            station="test",
            path="test",
            firmware="none",
            instruments=["drawn"],
            calibration=Calibration(valid=False, date=None, note="drawn"),
            wiring=self.wiring,
            channels=self.channels,
            started_utc="2026-01-01T00:00:00Z",
            finished_utc="2026-01-01T00:00:01Z",
            cases=cases,
        )


def fixture_budget(offset_V: float, gain: float, reading_V: float) -> list[Component]:
    """A channel offset, a channel gain, a reference common to all, and what differs each time."""
    return [
        Component(name="offset", kind="B", u_V=offset_V, shared="channel", source="test"),
        Component(name="gain", kind="B", u_relative=gain, shared="channel", source="test"),
        Component(name="reference", kind="B", u_relative=5e-4, shared="fixture", source="test"),
        Component(name="noise", kind="A", u_V=reading_V, shared="reading", source="test"),
    ]


UNCALIBRATED = fixture_budget(8.7e-3, 1.7e-3, 3e-3)
CALIBRATED = fixture_budget(1e-3, 3e-4, 1.5e-3)


def usual() -> World:
    """1 % resistors, 3 mV offsets, an uncalibrated fixture."""
    return World(uniform(0.01, 3e-3), UNCALIBRATED, source_V=12e-3)
