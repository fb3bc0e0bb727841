"""Of what an uncertainty is made: contributions against drawn errors and by hand."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from realnet_hw.compare import compare
from realnet_hw.compare.agreement import BOARD_u_K
from realnet_hw.compare.budget_tables import tables
from realnet_hw.records import Comparison, Component, PartSlopes, Slopes
from realnet_hw.uncertainty import expanded_uncertainty
from tests.compare.worlds import UNCALIBRATED, World, usual

PLAIN = usual()


def of(found: Comparison, case: int, name: str) -> dict[str, float]:
    values = {**found.cases[case].outputs, **found.cases[case].nodes}
    return values[name].u_measured_V


def test_contributions_add_up_to_what_an_output_is_judged_by() -> None:
    found = compare(PLAIN.prediction(), PLAIN.measurement(1))
    for case in found.cases:
        for value in case.outputs.values():
            assert value.U_judged_V is not None
            assert 2 * math.hypot(*value.u_measured_V.values()) == pytest.approx(
                value.U_judged_V, rel=1e-3
            )
        for value in case.nodes.values():
            assert value.U_measured_V is not None
            least_V = 0.999 * value.U_measured_V
            assert 2 * math.hypot(*value.u_measured_V.values()) >= least_V
    assert {name for case in found.cases for name in case.outputs["Y"].u_measured_V} <= set(
        found.sources
    )


def test_each_source_is_what_it_makes_of_drawn_fixtures() -> None:
    """H1 at 5, 0 V follows both inputs by a half: an error of one is half an error of H1."""
    found = compare(PLAIN.prediction(), PLAIN.measurement(1))
    made = of(found, 1, "H1")
    reading_V = found.cases[1].nodes["H1"].measured_V
    input_V = found.cases[1].inputs["X1"].measured_V
    assert reading_V is not None
    assert input_V is not None
    assert made["offset"] == pytest.approx(8.7e-3, rel=1e-3)
    assert made["gain"] == pytest.approx(1.7e-3 * reading_V, rel=1e-2)
    own_V = math.hypot(8.7e-3, 1.7e-3 * input_V, 3e-3)
    assert made["input X1"] == pytest.approx(own_V / 2, rel=0.02)
    # The reference reads H1 and its input high together: 2.5 V and half of 5 V, nothing is left.
    assert made.get("reference", 0.0) < 2e-5
    assert found.sources["noise"].kind == "A"
    assert found.sources["reference"].shared == "fixture"


def test_a_current_counts_by_the_resistance_of_the_node() -> None:
    draws = Component(name="input current", kind="B", u_A=1e-6, shared="channel", source="test")
    world = World(PLAIN.parts, [*UNCALIBRATED, draws], source_V=PLAIN.source_V)
    prediction = world.prediction()
    slopes = Slopes(source_ohm=[10e3] * 12)
    loaded = msgspec.structs.replace(
        prediction, statistics=msgspec.structs.replace(prediction.statistics, slopes=slopes)
    )
    measured = world.measurement(1)
    assert "input current" not in of(compare(prediction, measured), 0, "Y")
    found = compare(loaded, measured)
    assert of(found, 0, "Y")["input current"] == pytest.approx(10e-3)
    # What is stated with the reading knows nothing of the node; what is judged does.
    value = found.cases[0].outputs["Y"]
    assert value.measured_V is not None
    assert value.U_measured_V == pytest.approx(
        expanded_uncertainty(UNCALIBRATED, value.measured_V), rel=1e-6
    )
    assert value.U_judged_V is not None
    assert value.U_judged_V > math.hypot(value.U_measured_V, 19.9e-3)


def test_what_the_prediction_leaves_open() -> None:
    prediction = PLAIN.prediction()
    column = prediction.statistics.keys.index("1.H1")

    def part(name: str, slope: float, *, is_rail: bool = False) -> PartSlopes:
        return PartSlopes(
            part=name,
            parameter=name.lower(),
            is_rail=is_rail,
            nominal=12.0,
            low=11.4,
            high=12.6,
            mean=12.0,
            deviation=0.35,
            slopes=[slope if i == column else 0.0 for i in range(12)],
        )

    slopes = Slopes(
        parts=[part("R1", 0.1), part("R2", -0.2), part("+12V", 0.01, is_rail=True)],
        per_K=[2e-3] * 12,
        linear_u=[0.0] * 12,
    )
    found = compare(
        msgspec.structs.replace(
            prediction, statistics=msgspec.structs.replace(prediction.statistics, slopes=slopes)
        ),
        PLAIN.measurement(1),
    )
    open_V = found.cases[1].nodes["H1"].u_predicted_V
    assert open_V["R1"] == pytest.approx(0.035)
    assert open_V["R2"] == pytest.approx(0.070)
    assert open_V["rail +12V"] == pytest.approx(0.0035)
    assert open_V["temperature"] == pytest.approx(2e-3 * BOARD_u_K, rel=1e-3)
    assert found.sources["rail +12V"].source == "12 V ± 5 %"


def test_slopes_of_other_boards_are_part_of_the_doubt() -> None:
    """On half of the boards Y follows X1 by 1 more than on the others; X1 is some 12 mV off."""
    prediction = PLAIN.prediction()
    boards = np.tile(np.array(prediction.statistics.slope_below["X1"]), (40, 1))
    boards[::2, 0] += 1.0
    straight = [prediction.statistics.slope_below["X2"]] * 40
    both = {"X1": boards.tolist(), "X2": straight}
    slopes = Slopes(boards_below=both, boards_above=both)
    moved = msgspec.structs.replace(
        prediction, statistics=msgspec.structs.replace(prediction.statistics, slopes=slopes)
    )
    measured = PLAIN.measurement(1)
    found = compare(moved, measured)
    arrived = measured.cases[0].inputs["X1"]
    assert arrived.value_V is not None
    assert arrived.U_V is not None
    reach_V = math.hypot(arrived.value_V, arrived.U_V / 2)
    # Deviation of a coin's two sides, 1 apart.
    assert of(found, 0, "Y")["slopes"] > 0.5 * reach_V
    before = compare(prediction, measured).cases[0].outputs["Y"]
    after = found.cases[0].outputs["Y"]
    assert before.judged_V is not None
    assert after.judged_V is not None
    statistics = prediction.statistics
    other = measured.cases[0].inputs["X2"].value_V
    assert other is not None
    expected_V = 0.0
    for name, more, value_V in (("X1", 0.5, arrived.value_V), ("X2", 0.0, other)):
        below, above = statistics.slope_below[name][0], statistics.slope_above[name][0]
        expected_V -= (below + more - (below + above) / 2) * value_V
    assert after.judged_V - before.judged_V == pytest.approx(expected_V, abs=1e-6)


def test_tables_have_every_value_that_was_read() -> None:
    found = compare(PLAIN.prediction(), PLAIN.measurement(1))
    made = tables(found)
    assert len(made) == 4
    assert made[0].values == ("Y", "H1", "H2")
    for table in made:
        for row in (*table.measured.rows, *table.predicted.rows):
            assert len(row.cells) == 3
        for i in range(3):
            shares = [row.cells[i].share for row in table.measured.rows if row.cells[i].share]
            assert sum(float(share.split()[0]) for share in shares) == pytest.approx(100, abs=4)
    older = msgspec.structs.replace(
        found,
        cases=[
            msgspec.structs.replace(
                case,
                outputs={
                    n: msgspec.structs.replace(v, u_measured_V={}) for n, v in case.outputs.items()
                },
                nodes={
                    n: msgspec.structs.replace(v, u_measured_V={}) for n, v in case.nodes.items()
                },
            )
            for case in found.cases
        ],
    )
    assert tables(older) == []
