"""Boards of two pulses with a known truth: widths by the law of the RC, parts drawn here.

A 555 neuron: t = R C ln(15 V / (15 V - level)) for each input; the sum of both charges an
integrator, and the output falls where it gets above V3.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from realnet_hw.records import (
    Calibration,
    Component,
    FaultSignature,
    MeasuredCase,
    MeasuredInput,
    MeasuredPulse,
    MeasuredValue,
    Measurement,
    PredictedCase,
    PredictedInput,
    PredictedNode,
    PredictedOutput,
    PredictedPulse,
    Prediction,
    PulseStatistics,
    Statistics,
    Thresholds,
    Trace,
    Waveforms,
    Yield,
)
from realnet_hw.uncertainty import expanded_uncertainty
from tests.compare.worlds import CALIBRATED, Array

LEVELS_V = np.array([[5.0, 5.0], [5.0, 10.0], [10.0, 5.0], [10.0, 10.0]])
EXPECTED = [1, 1, 1, 0]
_RC_s = 10e-3
_RAIL_V, _HIGH_V, _V3_V = 15.0, 4.5, 10.8
PARTS = ["rail", "R1 C1", "R2 C2", "R10 C8", "V3", "output"]
CLOCKED = [
    Component(name="clock", kind="B", u_relative=3e-3, shared="fixture", source="test"),
    Component(name="tick", kind="B", u_s=1e-6, shared="reading", source="test"),
]
WIRING = {
    "A": "dac0",
    "B": "dac1",
    "A.sense": "adc0",
    "B.sense": "adc1",
    "OUT": "adc2",
    "V3": "adc3",
    "P1": "pulse0",
    "P2": "pulse1",
}


def answers(levels_V: Array, ratios: Array) -> tuple[Array, Array]:
    """Return OUT and V3 in volts and P1 and P2 in seconds; each of shape (boards, cases, 2).

    Args:
        levels_V: as delivered, cases x 2.
        ratios: of ``PARTS`` to their nominal values, boards x 6.
    """
    rail, first, second, slow, divider, high = (ratios[:, [i]] for i in range(6))
    rail_V = _RAIL_V * rail
    widths_s = np.stack(
        [
            _RC_s * part * np.log(rail_V / (rail_V - levels_V[:, i]))
            for i, part in enumerate((first, second))
        ],
        axis=-1,
    )
    peak_V = 0.86 * rail_V * (1 - np.exp(-widths_s.sum(axis=-1) / (_RC_s * slow)))
    v3_V = _V3_V * rail * divider * np.ones_like(peak_V)
    out_V = np.where(peak_V > v3_V, 0.0, _HIGH_V * rail * high)
    return np.stack([out_V, v3_V], axis=-1), widths_s


@dataclass
class PulseWorld:
    """A design of pulses, the tolerance of its parts and a fixture."""

    tolerance: float = 0.01
    samples: int = 100
    wiring: dict[str, str] = field(default_factory=lambda: dict(WIRING))
    source_V: float = 20e-3

    @property
    def channels(self) -> dict[str, list[Component]]:
        source = Component(
            name="source", kind="B", u_V=self.source_V, shared="reading", source="test"
        )
        return {
            **{f"adc{i}": CALIBRATED for i in range(4)},
            **{f"pulse{i}": CLOCKED for i in range(2)},
            **{f"dac{i}": [source] for i in range(2)},
        }

    def parts(self, random: np.random.Generator, count: int) -> Array:
        return 1 + random.uniform(-self.tolerance, self.tolerance, (count, len(PARTS)))

    def prediction(self, seed: int = 1) -> Prediction:
        random = np.random.default_rng(seed)
        volts, widths_s = answers(LEVELS_V, self.parts(random, self.samples))
        exact = np.ones((1, len(PARTS)))
        nominal_V, nominal_s = (found[0] for found in answers(LEVELS_V, exact))
        slopes: dict[str, dict[str, list[float]]] = {}
        for side, step_V in (("below", -0.1), ("above", 0.1)):
            for unit, here, which in (("V", nominal_V, 0), ("s", nominal_s, 1)):
                slopes[side + unit] = {
                    name: (
                        (answers(LEVELS_V + step_V * np.eye(2)[i], exact)[which][0] - here)
                        / step_V
                    ).ravel().tolist()
                    for i, name in enumerate(("A", "B"))
                }  # fmt: skip
        faults = []
        for i, ratio in ((1, 0.1), (2, 0.1), (1, 1.2), (2, 1.2), (1, 1.001)):
            faulty = exact.copy()
            faulty[0, i] = ratio
            faulty_V, faulty_s = answers(LEVELS_V, faulty)
            faults.append(
                FaultSignature(
                    fault=f"C{i} {100 * (ratio - 1):+.4g} %",
                    values_V=faulty_V.ravel().tolist(),
                    widths_s=faulty_s.ravel().tolist(),
                )
            )
        return Prediction(
            board="pulses",
            title="Pulses with a known truth",
            circuit_sha256="b" * 64,
            made_from={},
            engine="numpy",
            samples=self.samples,
            seed=seed,
            thresholds=Thresholds(low_V=1.5, high_V=3.0),
            cases=[
                PredictedCase(
                    inputs={
                        name: PredictedInput(set_V=level_V)
                        for name, level_V in zip(("A", "B"), levels_V.tolist(), strict=True)
                    },
                    outputs={
                        "OUT": PredictedOutput(
                            nominal_V=float(nominal_V[i, 0]),
                            low_V=float(volts[:, i, 0].min()),
                            high_V=float(volts[:, i, 0].max()),
                            expected=EXPECTED[i],
                            logic=int(nominal_V[i, 0] > 3.0),
                        )
                    },
                    nodes={
                        "V3": PredictedNode(
                            nominal_V=float(nominal_V[i, 1]),
                            low_V=float(volts[:, i, 1].min()),
                            high_V=float(volts[:, i, 1].max()),
                        )
                    },
                    pulses={
                        name: PredictedPulse(
                            nominal_s=float(nominal_s[i, j]),
                            low_s=float(widths_s[:, i, j].min()),
                            high_s=float(widths_s[:, i, j].max()),
                        )
                        for j, name in enumerate(("P1", "P2"))
                    },
                )
                for i, levels_V in enumerate(LEVELS_V)
            ],
            statistics=Statistics(
                keys=[f"{i}.{name}" for i in range(4) for name in ("OUT", "V3")],
                boards_V=volts.reshape(self.samples, -1).tolist(),
                slope_below=slopes["belowV"],
                slope_above=slopes["aboveV"],
                pulses=PulseStatistics(
                    keys=[f"{i}.{name}" for i in range(4) for name in ("P1", "P2")],
                    boards_s=widths_s.reshape(self.samples, -1).tolist(),
                    slope_below_s_per_V=slopes["belows"],
                    slope_above_s_per_V=slopes["aboves"],
                    u_s=2e-6,
                ),
            ),
            faults=faults,
            yield_=Yield(good=100, samples=self.samples, value=1.0, low=0.96, high=1.0),
            nets={name: name for name in ("A", "B", "OUT", "V3", "P1", "P2")},
            waveforms=[_waveforms(i, nominal_s[i]) for i in range(4)],
        )

    def measurement(self, seed: int, ratios: Array | None = None) -> Measurement:
        """What a fixture reads from a board drawn, its parts multiplied by these ratios."""
        random = np.random.default_rng([5, seed])
        clock = 1 + 3e-3 * random.normal()
        reference = 5e-4 * random.normal()
        channels = {f"adc{i}": (1e-3 * random.normal(), 3e-4 * random.normal()) for i in range(4)}
        delivered_V = LEVELS_V + self.source_V * random.normal(size=LEVELS_V.shape)
        parts = self.parts(random, 1) * (1.0 if ratios is None else ratios)
        volts, widths_s = (found[0] for found in answers(delivered_V, parts))

        def volt(terminal: str, true_V: float) -> MeasuredValue:
            channel = self.wiring.get(terminal)
            if channel is None:
                return MeasuredValue(value_V=None, U_V=None, channel=None)
            offset_V, gain = channels[channel]
            value_V = float(true_V * (1 + gain + reference) + offset_V + 1.5e-3 * random.normal())
            return MeasuredValue(
                value_V=value_V, U_V=expanded_uncertainty(CALIBRATED, value_V), channel=channel
            )

        def pulse(terminal: str, true_s: float) -> MeasuredPulse:
            channel = self.wiring.get(terminal)
            if channel is None:
                return MeasuredPulse(width_s=None, U_s=None, channel=None)
            width_s = float(true_s * clock + 1e-6 * random.normal())
            return MeasuredPulse(
                width_s=width_s, U_s=expanded_uncertainty(CLOCKED, width_s), channel=channel
            )

        cases = []
        for i, set_V in enumerate(LEVELS_V.tolist()):
            arrived = [volt(f"{n}.sense", delivered_V[i, j]) for j, n in enumerate("AB")]
            cases.append(
                MeasuredCase(
                    inputs={
                        name: MeasuredInput(
                            set_V=set_V[j], value_V=one.value_V, U_V=one.U_V, channel=one.channel
                        )
                        for j, (name, one) in enumerate(zip("AB", arrived, strict=True))
                    },
                    outputs={"OUT": volt("OUT", float(volts[i, 0]))},
                    nodes={"V3": volt("V3", float(volts[i, 1]))},
                    pulses={
                        name: pulse(name, float(widths_s[i, j]))
                        for j, name in enumerate(("P1", "P2"))
                    },
                    time_utc="2026-01-01T00:00:00Z",
                )
            )
        return Measurement(
            board="pulses",
            title="Pulses with a known truth",
            circuit_sha256="b" * 64,
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


def with_part(name: str, ratio: float) -> Array:
    """Return ratios of a board with one part off."""
    return np.array([ratio if part == name else 1.0 for part in PARTS])


def _waveforms(case: int, widths_s: Array) -> Waveforms:
    time_s = np.linspace(0, 30e-3, 121)
    first, both = widths_s[0], widths_s.sum()
    charging = np.minimum(time_s, both)
    shown = {
        "P1": np.where(time_s < first, 15.0, 0.0),
        "P2": np.where((time_s >= first) & (time_s < both), 15.0, 0.0),
        "OUT": np.full_like(time_s, 4.5),
        "C8": 12.9 * (1 - np.exp(-charging / _RC_s)),
        "V3": np.full_like(time_s, _V3_V),
    }
    return Waveforms(
        case=case,
        time_s=time_s.tolist(),
        traces={
            name: Trace(
                nominal_V=volts.tolist(),
                low_V=(0.98 * volts).tolist(),
                high_V=(1.02 * volts).tolist(),
            )
            for name, volts in shown.items()
        },
        thresholds={"C8": "V3"},
        boards=25,
    )
