"""Widths of pulses in the verdict: right boards pass as often as is claimed, wrong ones fail."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from scipy import stats

from realnet_hw import records
from realnet_hw.compare import compare, figures
from realnet_hw.compare.agreement import good_boards
from realnet_hw.compare.checks import check_measurement, check_prediction
from realnet_hw.compare.drawn import Drawn
from realnet_hw.compare.power import FALSE_FAIL_RISK, fault_power
from realnet_hw.compare.readings import actual_readings, pair_cases
from realnet_hw.compare.report import html
from realnet_hw.errors import InputError
from realnet_hw.records import Component
from tests.compare.pulses import PulseWorld, with_part

WORLD = PulseWorld()
PREDICTION = WORLD.prediction()
GOOD = WORLD.measurement(1)


@pytest.mark.parametrize("samples", [100, 30], ids=lambda n: f"{n} boards drawn")
def test_one_good_board_in_a_thousand_fails(samples: int) -> None:
    """Of 600 boards and 3 predictions; with 16 values even 30 boards are enough to be right."""
    world = PulseWorld(samples=samples)
    fails = 0
    for seed in range(3):
        prediction = world.prediction(seed)
        drawn = Drawn.of(prediction.statistics)
        for board in range(200):
            measurement = world.measurement(200 * seed + board)
            readings = actual_readings(
                pair_cases(prediction, measurement), world.channels, world.wiring
            )
            good = good_boards(drawn, readings.values, readings.deliveries, world.channels)
            assert good.count == 16
            statistic = float(good.statistic([reading.value for reading in readings.values]))
            # The limit takes longer than all the rest, and is never below that of chi-square.
            if statistic > stats.chi2.isf(FALSE_FAIL_RISK, good.count):
                fails += statistic > good.limit(FALSE_FAIL_RISK)
    # With the risk claimed, more than 4 of 600 come in one run of 2600.
    assert fails <= 4


def test_a_good_board_passes_and_widths_are_compared_in_seconds() -> None:
    found = compare(PREDICTION, GOOD)
    assert found.verdict == "PASS"
    assert found.agreement.degrees_of_freedom == 16
    assert records.decode(records.encode(found)) == found
    # Near a flip the distance to a threshold says nothing of the risk: no figure is given.
    assert found.conformity.false_accept_risk is None
    for case, predicted in zip(found.cases, PREDICTION.cases, strict=True):
        for name, pulse in case.pulses.items():
            assert pulse.predicted_s == pytest.approx(predicted.pulses[name].nominal_s, rel=0.02)
            assert pulse.measured_s is not None
            assert pulse.U_measured_s is not None
            both_s = math.hypot(pulse.U_measured_s, pulse.U_predicted_s)
            assert pulse.En == pytest.approx((pulse.measured_s - pulse.predicted_s) / both_s)
            assert abs(pulse.En) < 2


@pytest.mark.parametrize("part", ["R1 C1", "R2 C2"])
def test_a_capacitor_of_the_decade_below_fails(part: str) -> None:
    found = compare(PREDICTION, WORLD.measurement(2, with_part(part, 0.1)))
    assert found.verdict == "FAIL"
    assert found.agreement.answer == "no"
    pulse = "P1" if part == "R1 C1" else "P2"
    named = [line for line in found.agreement.worst if line.startswith(f"{pulse} at ")]
    assert named, found.agreement.worst
    assert all("ms shorter than the prediction" in line for line in named)


def test_a_part_off_by_more_than_its_tolerance_fails_though_every_output_is_right() -> None:
    found = compare(PREDICTION, WORLD.measurement(3, with_part("R1 C1", 1.05)))
    assert found.conformity.answer == "yes"
    assert found.agreement.answer == "no"
    assert found.verdict == "FAIL"


def test_a_clock_that_is_off_moves_all_widths_together() -> None:
    """What all widths have in common is not taken for a fault; the same of one alone is."""
    clock = 1.009

    def with_widths(ratios: tuple[float, float]) -> records.Measurement:
        cases = [
            msgspec.structs.replace(
                case,
                pulses={
                    name: msgspec.structs.replace(
                        pulse, width_s=ratio * (pulse.width_s or 0), U_s=1.01 * (pulse.U_s or 0)
                    )
                    for ratio, (name, pulse) in zip(ratios, case.pulses.items(), strict=True)
                },
            )
            for case in GOOD.cases
        ]
        return msgspec.structs.replace(GOOD, cases=cases)

    together = compare(PREDICTION, with_widths((clock, clock))).agreement
    apart = compare(PREDICTION, with_widths((clock, 1 / clock))).agreement
    assert together.statistic < apart.statistic


def test_a_board_is_judged_among_those_that_answer_as_it_does() -> None:
    """With 10 % parts many a board answers 0 to an input pattern that it should answer 1 to."""
    wide = PulseWorld(tolerance=0.10, samples=200)
    prediction = wide.prediction()
    ones = np.array(prediction.statistics.boards_V)[:, 0::2] > 2
    patterns, counts = np.unique(ones, axis=0, return_counts=True)
    common = {tuple(p) for p, count in zip(patterns.tolist(), counts, strict=True) if count >= 18}
    assert len(common) >= 2
    seen = set()
    for seed in range(30):
        measured = wide.measurement(seed)
        read = tuple((case.outputs["OUT"].value_V or 0.0) > 2 for case in measured.cases)
        if read in common - seen:
            seen.add(read)
            found = compare(prediction, measured)
            right = read == (True, True, True, False)
            assert found.conformity.answer == ("yes" if right else "no")
            assert found.agreement.answer == "yes"
            for case, is_one in zip(found.cases, read, strict=True):
                # No mean of 0 V and 4.5 V, but what boards show that answer as this one does.
                output_V = case.outputs["OUT"].predicted_V
                assert output_V > 3 if is_one else output_V == pytest.approx(0.0, abs=0.1)
    assert len(seen) >= 2


def test_a_reading_at_the_end_of_the_range_counts_unless_it_should_lie_further_out() -> None:
    """V3 is 10.8 V: a fixture that reads to 10.24 V sees it clipped on every good board."""

    def read(volts: float, range_V: float | None) -> records.Comparison:
        cases = [
            msgspec.structs.replace(
                case,
                nodes={"V3": msgspec.structs.replace(case.nodes["V3"], value_V=volts, U_V=0.05)},
            )
            for case in GOOD.cases
        ]
        return compare(PREDICTION, msgspec.structs.replace(GOOD, cases=cases, range_V=range_V))

    clipped = read(10.24, 10.24)
    assert clipped.verdict == "PASS"
    assert clipped.agreement.degrees_of_freedom == 12
    assert all(case.nodes["V3"].En is None for case in clipped.cases)
    for other in (read(10.24, None), read(9.0, 10.24), read(-10.24, 10.24)):
        assert other.verdict == "FAIL"
        assert other.agreement.degrees_of_freedom == 16


def test_without_a_capture_channel_widths_are_not_compared() -> None:
    wiring = {
        terminal: channel for terminal, channel in WORLD.wiring.items() if "P" not in terminal
    }
    world = PulseWorld(wiring=wiring)
    found = compare(world.prediction(), world.measurement(1))
    assert found.agreement.degrees_of_freedom == 8
    assert found.cases[0].pulses["P1"].measured_s is None
    wired = fault_power(PREDICTION, WORLD.channels, WORLD.wiring)
    blind = fault_power(PREDICTION, world.channels, wiring)
    seen = {one.fault: one.power for one in wired}
    unseen = {one.fault: one.power for one in blind}
    assert seen["C1 -90 %"] > 0.999
    assert seen["C1 +20 %"] > 0.999
    assert unseen["C1 +20 %"] < seen["C1 +20 %"]
    assert seen["C1 +0.1 %"] < 0.05


def test_a_wired_pulse_that_was_not_timed_leaves_it_undecided() -> None:
    first, *others = GOOD.cases
    why = "several pulses, one after the other"
    pulse = records.MeasuredPulse(width_s=None, U_s=None, channel="pulse0", untimed=why)
    first = msgspec.structs.replace(first, pulses={**first.pulses, "P1": pulse})
    found = compare(PREDICTION, msgspec.structs.replace(GOOD, cases=[first, *others]))
    assert found.verdict == "UNDECIDED"
    assert found.unset == [f"P1 at A = 5 V, B = 5 V ({why})"]


def test_widths_without_a_budget_count_with_what_is_stated() -> None:
    bare = msgspec.structs.replace(
        GOOD, channels={n: b for n, b in GOOD.channels.items() if not n.startswith("pulse")}
    )
    assert compare(PREDICTION, bare).agreement.degrees_of_freedom == 16


def _with_pulse(**changes: object) -> records.Measurement:
    first, *others = GOOD.cases
    pulse = msgspec.structs.replace(first.pulses["P1"], **changes)
    first = msgspec.structs.replace(first, pulses={**first.pulses, "P1": pulse})
    return msgspec.structs.replace(GOOD, cases=[first, *others])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"width_s": -1e-3}, "P1 is below 0 s"),
        ({"width_s": math.inf}, "P1 is inf s"),
        ({"U_s": None}, "was timed on channel pulse0 with U = None"),
        ({"U_s": 1e-9}, "the budget of pulse0 gives more"),
        ({"channel": "adc0"}, "P1 is a pulse, and the budget of adc0 is in volts"),
    ],
)
def test_a_width_that_can_t_be_one_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_measurement(_with_pulse(**changes))


def test_a_prediction_whose_widths_do_not_fit_is_refused() -> None:
    statistics = PREDICTION.statistics
    pulses = statistics.pulses

    def altered(**changes: object) -> records.Prediction:
        inner = msgspec.structs.replace(pulses, **changes)
        outer = msgspec.structs.replace(statistics, pulses=inner)
        return msgspec.structs.replace(PREDICTION, statistics=outer)

    check_prediction(PREDICTION)
    for changes, reason in (
        ({"keys": pulses.keys[:-1]}, "not the pulses of its cases"),
        ({"boards_s": pulses.boards_s[:-1]}, "100 boards with voltages, 99 with widths"),
        ({"boards_s": [[1e-3], *pulses.boards_s[1:]]}, "board 0, widths has 1 values"),
        ({"boards_s": [[-1.0] * 8, *pulses.boards_s[1:]]}, "below 0 s"),
        ({"slope_below_s_per_V": {}}, "slope_below_s_per_V of"),
    ):
        with pytest.raises(InputError, match=reason):
            check_prediction(altered(**changes))
    fault = msgspec.structs.replace(PREDICTION.faults[0], widths_s=[1e-3])
    with pytest.raises(InputError, match="widths has 1 values"):
        check_prediction(msgspec.structs.replace(PREDICTION, faults=[fault]))


def test_the_report_shows_widths_waveforms_and_the_clock_s_budget() -> None:
    comparison = compare(PREDICTION, GOOD)
    text = html(comparison, PREDICTION, GOOD)
    assert "How it fires" in text
    pulse = comparison.cases[3].pulses["P2"]
    assert pulse.measured_s is not None
    shown = f"{1e3 * pulse.measured_s:.3f}"
    assert text.count(shown) >= 2  # in the table, and beside its waveform
    assert "U at 10 ms" in text
    assert "1.00 µs" in text
    first, *_ = figures.waveforms(PREDICTION, comparison)
    assert first.title == "A = 5 V, B = 5 V"
    for name in ("P1", "P2", "OUT", "C8 (V)", "time (ms)"):
        assert name in first.image
    assert len(figures.waveforms(PREDICTION, comparison)) == 4


def test_a_budget_is_of_volts_or_of_seconds() -> None:
    mixed = [
        Component(name="offset", kind="B", u_V=1e-3, shared="channel", source="test"),
        Component(name="tick", kind="B", u_s=1e-6, shared="reading", source="test"),
    ]
    wrong = msgspec.structs.replace(GOOD, channels={**GOOD.channels, "pulse0": mixed})
    with pytest.raises(InputError, match="in volts and in seconds"):
        check_measurement(wrong)


def test_the_world_is_what_it_says() -> None:
    """R C ln 1.5 and R C ln 3 at a third and two thirds of the rail."""
    widths_s = [pulse.nominal_s for case in PREDICTION.cases for pulse in case.pulses.values()]
    assert min(widths_s) == pytest.approx(10e-3 * np.log(1.5))
    assert max(widths_s) == pytest.approx(10e-3 * np.log(3.0))
