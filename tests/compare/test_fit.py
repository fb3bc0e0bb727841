"""The model fitted to a board: what it explains, what not, and what it says of the parts."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from scipy import optimize, stats

from realnet_hw.compare import compare
from realnet_hw.compare.verdict import Judge
from realnet_hw.compare.words import advice, headline
from realnet_hw.errors import InputError
from realnet_hw.records import Fit, PartSlopes, Prediction, Slopes
from tests.compare.worlds import CASES, UNCALIBRATED, World, network, uniform

TOLERANCE, OFFSET_V = 0.01, 3e-3
PARTS = [*(f"R{i}" for i in range(13)), *(f"U{i}" for i in range(4))]


def with_slopes(world: World, bends_V: float = 0.0) -> Prediction:
    """The prediction of a linear world, with the slopes of its 13 ratios and 4 offsets."""
    prediction = world.prediction()
    nominal = world.at(CASES).ravel()
    parts = []
    for i, name in enumerate(PARTS):
        is_ratio = i < 13
        ratios, offsets_V = np.ones(13), np.zeros(4)
        (ratios if is_ratio else offsets_V)[i if is_ratio else i - 13] += 1e-6
        away = network(CASES, ratios, offsets_V, linear=True).ravel() - nominal
        bound = TOLERANCE if is_ratio else OFFSET_V
        parts.append(
            PartSlopes(
                part=name,
                parameter=name.lower(),
                is_rail=False,
                nominal=float(is_ratio),
                low=is_ratio - bound,
                high=is_ratio + bound,
                mean=float(is_ratio),
                deviation=bound / math.sqrt(3),
                slopes=(away / 1e-6).tolist(),
            )
        )
    slopes = Slopes(parts=parts, linear_u=[bends_V] * 12)
    replace = msgspec.structs.replace
    # Without rectifiers it is another function than XOR.
    cases = [
        replace(case, outputs={"Y": replace(case.outputs["Y"], expected=level, logic=level)})
        for case, level in zip(prediction.cases, (1, 1, 1, 0), strict=True)
    ]
    return replace(
        prediction, cases=cases, statistics=replace(prediction.statistics, slopes=slopes)
    )


LINEAR = World(uniform(TOLERANCE, OFFSET_V), UNCALIBRATED, linear=True, source_V=12e-3)
# Products of three ratios within 1 % bend by a few 0.01 % of some volts.
PREDICTION = with_slopes(LINEAR, bends_V=1e-3)
JUDGE = Judge(PREDICTION)


def fit_of(world: World, seed: int, ratios: np.ndarray | None = None) -> Fit:
    return JUDGE.judge(world.measurement(seed, ratios)).fit


def test_good_boards_are_explained() -> None:
    found = [fit_of(LINEAR, seed) for seed in range(20)]
    assert {each.answer for each in found} == {"yes"}
    # What is left is less than what the measurement alone leaves at the true parts.
    left = np.array([each.statistic for each in found])
    assert left.mean() < 12
    assert found[0].limit == pytest.approx(stats.chi2.isf(1e-3, 12))
    assert found[0].readings == 12


def test_parts_at_their_bounds_are_explained_however_improbable() -> None:
    """All at the end of their tolerance to which Y at 5, 5 V goes: no draw of 1000 is like it."""
    last_y = 9
    signs = [np.sign(part.slopes[last_y]) for part in PREDICTION.statistics.slopes.parts[:13]]
    extreme = World(uniform(0.0, 0.0), UNCALIBRATED, linear=True, source_V=12e-3)
    found = compare(PREDICTION, extreme.measurement(2, 1 + 0.99 * TOLERANCE * np.array(signs)))
    assert found.agreement.answer == "no"
    assert found.fit is not None
    assert found.fit.answer == "yes"
    # Not beyond doubt, so no FAIL for this; a better answer than PASS it is not, either.
    assert found.conformity.answer == "yes"
    assert found.verdict == "UNDECIDED"
    assert "parts within tolerance explain them" in headline(found)
    assert any("from one lot" in line for line in advice(found))


@pytest.mark.parametrize("part", [1, 4, 7, 10])
def test_a_part_beyond_its_tolerance_is_not_explained(part: int) -> None:
    ratios = np.ones(13)
    ratios[part] = 1.1
    found = compare(PREDICTION, LINEAR.measurement(3, ratios))
    assert found.fit is not None
    assert found.fit.answer == "no"
    assert found.verdict != "PASS"


def test_only_the_fit_says_no() -> None:
    """Usual together, and not explained: it is undecided, and the report says which of the two."""
    ratios = np.ones(13)
    ratios[0] = 1.04
    found = compare(PREDICTION, LINEAR.measurement(3, ratios))
    assert (found.conformity.answer, found.agreement.answer) == ("yes", "yes")
    assert found.fit is not None
    assert found.fit.answer == "no"
    assert found.verdict == "UNDECIDED"
    left = f"left {found.fit.statistic:.1f}, limit 32.9"
    assert f"no parts within tolerance explain them ({left})" in headline(found)
    assert any("Look here first" in line for line in advice(found))


def test_what_it_says_of_a_part_is_true() -> None:
    """Fitted values lie about the true ones as often as their uncertainty says."""
    ratios = np.ones(13)
    world = World(uniform(0.0, 0.0), UNCALIBRATED, linear=True, source_V=12e-3)
    z = []
    for seed in range(30):
        random = np.random.default_rng([9, seed])
        ratios = 1 + random.uniform(-TOLERANCE, TOLERANCE, 13)
        z += [
            (each.value - ratios[int(each.part[1:])]) / each.u
            for each in fit_of(world, seed, ratios).parts
            if each.part.startswith("R")
        ]
    assert len(z) > 30
    assert np.mean(np.abs(z) < 2) > 0.93


def test_a_search_that_comes_to_no_end_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = optimize.lsq_linear
    monkeypatch.setattr(
        optimize, "lsq_linear", lambda *given, **named: whole(*given, **named | {"max_iter": 1})
    )
    ratios = np.ones(13)
    ratios[0] = 1.04
    found = fit_of(LINEAR, 3, ratios)
    assert (found.answer, found.parts) == ("undecided", [])
    assert "did not come to an end" in found.reason


def test_it_does_not_answer_where_it_can_not() -> None:
    without = msgspec.structs.replace(
        PREDICTION, statistics=msgspec.structs.replace(PREDICTION.statistics, slopes=Slopes())
    )
    found = compare(without, LINEAR.measurement(1))
    assert found.fit is not None
    assert (found.fit.answer, found.verdict) == ("undecided", "PASS")
    assert "no slopes" in found.fit.reason
    ratios = np.ones(13)
    ratios[12] = 0.01
    other = compare(PREDICTION, LINEAR.measurement(1, ratios))
    assert other.fit is not None
    assert other.fit.answer == "undecided"
    assert "not those of the nominal board" in other.fit.reason
    assert other.verdict == "FAIL"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"linear_u": [0.0] * 11}, "slopes.linear_u has 11 values"),
        ({"linear_u": []}, "slopes.parts without linear_u"),
        ({"per_K": [0.0]}, "slopes.per_K has 1 values"),
        ({"source_ohm": [math.inf] * 12}, "slopes.source_ohm holds what is no finite number"),
        ({"boards_below": {"X1": [[0.0] * 12] * 4}}, "not of the same boards"),
        ({"boards_below": {"X1": [[0.0] * 12]}, "boards_above": {}}, "not of the same boards"),
    ],
)
def test_slopes_that_do_not_fit_the_values_are_refused(
    change: dict[str, object], told: str
) -> None:
    slopes = msgspec.structs.replace(PREDICTION.statistics.slopes, **change)
    statistics = msgspec.structs.replace(PREDICTION.statistics, slopes=slopes)
    with pytest.raises(InputError, match=told):
        Judge(msgspec.structs.replace(PREDICTION, statistics=statistics))


@pytest.mark.parametrize("change", [{"deviation": 0.0}, {"mean": 2.0}, {"high": math.nan}])
def test_a_part_that_can_not_be_is_refused(change: dict[str, float]) -> None:
    first, *others = PREDICTION.statistics.slopes.parts
    parts = [msgspec.structs.replace(first, **change), *others]
    slopes = msgspec.structs.replace(PREDICTION.statistics.slopes, parts=parts)
    statistics = msgspec.structs.replace(PREDICTION.statistics, slopes=slopes)
    with pytest.raises(InputError, match="deviation"):
        Judge(msgspec.structs.replace(PREDICTION, statistics=statistics))
