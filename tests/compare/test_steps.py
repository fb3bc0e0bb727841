"""Steps as measured against boards that were stepped, in records made by a law, and odd ones."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from realnet_hw.compare import compare, figures, report, steps
from realnet_hw.compare.words import steps as said
from realnet_hw.compare.words import steps_measured
from realnet_hw.records import (
    Band,
    ComparedEdge,
    Component,
    EdgeFigures,
    Figure,
    MeasuredEdge,
    MeasuredWave,
    Measurement,
    PredictedEdge,
    Prediction,
    Trace,
    Transient,
)
from tests.compare.worlds import Array, usual

WORLD = usual()
EDGE_S, TAU_S, HALF_S = 1e-6, 2e-6, 20e-6
BUDGET = [Component(name="gain", kind="B", u_V=0.02, shared="channel", source="a data sheet")]


def answer(times_s: Array, tau_s: float) -> Array:
    """What a capacitor makes of a ramp of ``EDGE_S`` that is half-way at 0."""

    def ramp(since: Array) -> Array:
        late = np.maximum(since, 0.0)
        return (late - tau_s * (1 - np.exp(-late / tau_s))) / EDGE_S

    return 5 * (ramp(times_s + EDGE_S / 2) - ramp(times_s - EDGE_S / 2))


def given(times_s: Array) -> Array:
    return 5 * np.clip(times_s / EDGE_S + 0.5, 0, 1)


@functools.cache
def predicted(band: float = 0.05) -> Prediction:
    """A transient whose boards differ by some share in their time constants."""
    step_s = HALF_S / 200
    times_s = np.arange(421) * step_s
    rise_s = 20 * step_s + EDGE_S / 2
    fall_s = rise_s + HALF_S

    def both(law: Callable[..., Array], *more: float) -> Array:
        return law(times_s - rise_s, *more) - law(times_s - fall_s, *more)

    waves = [both(answer, TAU_S * (1 + share)) for share in (-band, 0.0, band)]
    figure = PredictedEdge(
        delay_s=Band(nominal=1.4e-6, low=1.3e-6, high=1.5e-6),
        passage_s=Band(nominal=4.4e-6, low=4.2e-6, high=4.7e-6),
    )
    transient = Transient(
        input="X1",
        held_V={"X2": 0.0},
        time_s=times_s.tolist(),
        input_V=both(given).tolist(),
        outputs={
            "Y": Trace(
                nominal_V=waves[1].tolist(),
                low_V=np.min(waves, axis=0).tolist(),
                high_V=np.max(waves, axis=0).tolist(),
            )
        },
        boards=3,
        edge_s=EDGE_S,
        edges={"Y": [figure, figure]},
    )
    return msgspec.structs.replace(WORLD.prediction(), transients=[transient])


def edge(tau_s: float = TAU_S, *, falling: bool = False, offset_V: float = 0.0) -> MeasuredEdge:
    step_s, start_s = 10e-9, -4e-6
    times_s = start_s + step_s * np.arange(2000)

    def wave(channel: str, volts: Array) -> MeasuredWave:
        volts = 5 - volts if falling else volts
        return MeasuredWave(
            channel=channel,
            start_s=start_s,
            step_s=step_s,
            volts_V=volts.tolist(),
            noise_V=0.001,
            components=BUDGET,
        )

    return MeasuredEdge(
        input="X1",
        from_V=5.0 if falling else 0.0,
        to_V=0.0 if falling else 5.0,
        held_V={"X2": 0.0},
        scope="a scope",
        records=8,
        passage_s=0.8 * EDGE_S,
        waves={
            "X1": wave("dso.1", given(times_s)),
            "Y": wave("dso.2", answer(times_s, tau_s) + offset_V),
        },
        figures={
            "Y": EdgeFigures(
                delay_s=Figure(value=tau_s * math.log(2), U=1e-8),
                passage_s=Figure(value=tau_s * math.log(9), U=1e-8),
            )
        },
    )


def measured(*edges: MeasuredEdge) -> Measurement:
    return msgspec.structs.replace(WORLD.measurement(1), edges=list(edges))


def one(prediction: Prediction, of: MeasuredEdge) -> ComparedEdge:
    (found,) = steps.compared(prediction, measured(of))
    return found


@pytest.mark.parametrize("falling", [False, True])
def test_a_wave_of_the_law_lies_among_its_boards(falling: bool) -> None:
    found = one(predicted(), edge(falling=falling))
    assert found.outside == 0
    assert found.agrees is True
    assert {name: figure.agrees for name, figure in found.figures.items()} == {
        "delay_s": True, "passage_s": True, "overshoot": None, "settling_s": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tau", "agrees"), [(0.93, True), (1.08, True), (0.7, False), (1.5, False)]
)
def test_a_wave_counts_as_outside_beyond_half_as_much_again(tau: float, agrees: bool) -> None:
    found = one(predicted(), edge(tau * TAU_S))
    assert found.agrees is agrees
    assert found.outside is not None
    assert (found.outside > 0.1) is not agrees


def test_what_the_scope_may_be_off_is_allowed_and_no_more() -> None:
    assert one(predicted(), edge(offset_V=0.035)).agrees is True
    assert one(predicted(), edge(offset_V=0.2)).agrees is False


def test_an_edge_unlike_the_predicted_one_can_not_be_compared() -> None:
    slow = msgspec.structs.replace(predicted().transients[0], edge_s=8e-6)
    found = one(msgspec.structs.replace(predicted(), transients=[slow]), edge())
    assert found.agrees is None
    assert "predict it with --with transient:X1:1us" in found.note
    assert steps.views_for(measured(edge(), edge(falling=True))) == "transient:X1:1us:X2=0"


def test_the_verdict_is_that_of_the_readings_at_rest() -> None:
    for tau, word in ((1.0, "lies among"), (3.0, "lies outside")):
        comparison = compare(predicted(), measured(edge(tau * TAU_S)))
        assert comparison.verdict == compare(predicted(), measured()).verdict
        assert said(comparison)[0].startswith(f"Y after X1 from 0 to 5 V with X2 = 0 V {word}")


def test_table_and_report_tell_them() -> None:
    found = measured(edge(), edge(falling=True))
    assert steps_measured(found)[1] == (
        "Y after X1 from 5 to 0 V with X2 = 0 V: delay 1.39 µs ± 10 ns, passage 4.39 µs ± 10 ns."
    )
    page = report.html(compare(predicted(), found), predicted(), found)
    assert "Steps as an oscilloscope saw them" in page
    assert page.count("<small>As measured</small>") == 2
    without = report.html(compare(predicted(), measured()), predicted(), measured())
    assert "as an oscilloscope saw" not in without


@pytest.mark.parametrize(
    "odd",
    [
        {"passage_s": None},
        {"waves": {"Y": edge().waves["Y"]}},
        {"waves": {"X1": edge().waves["Y"], "Y": edge().waves["Y"]}, "passage_s": 0.0},
        {"from_V": 5.0},
        {"held_V": {}},
        {"figures": {"Y": EdgeFigures(delay_s=Figure(value=1e-6, U=None))}},
        {"figures": {"Z": EdgeFigures()}},
    ],
)
def test_odd_records_are_not_compared_and_break_nothing(odd: dict[str, object]) -> None:
    strange = msgspec.structs.replace(edge(), **odd)
    comparison = compare(predicted(), measured(strange))
    for found in comparison.edges:
        assert found.agrees is None or "figures" in odd
    assert len(figures.answers(predicted(), measured(strange), comparison)) <= 1
    assert len(steps_measured(measured(strange))) <= 1
