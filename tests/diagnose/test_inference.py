"""Boards with a known fault are read through a drawn fixture, and the fault is found."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from realnet_hw.diagnose import inference, probes
from realnet_hw.diagnose.diagnosis import Investigation
from realnet_hw.diagnose.readings import Probe, by_hand
from realnet_hw.diagnose.table import headline
from realnet_hw.predict import faults
from realnet_hw.predict.lots import LOTS
from realnet_hw.predict.tolerances import draw
from tests.bench import runs
from tests.diagnose.conftest import Looked


def looked_at(xor: Looked, *faults: str, seed: int = 7) -> Investigation:
    looked = xor.fresh()
    looked.take(xor.read(*faults, seed=seed))
    return looked


@pytest.mark.parametrize("seed", range(1, 6))
def test_sound_boards_are_called_sound(xor: Looked, seed: int) -> None:
    found = looked_at(xor, seed=seed).found
    assert found.is_sound
    assert found.faults.sum() + found.other == pytest.approx(1)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("D3 reversed", "D3 reversed"),
        ("R5 is 33k", "R5 wrong value"),
        ("R14 open", "R14 open"),
        ("R7 R8 swapped", "R7 R8 swapped"),
        ("U1.14 stuck low", "U1.14 stuck low"),
        ("U1.7 offset -60 mV", "U1.7 offset"),
        ("U1.7 weak 22k", "U1.7 weak"),
        ("+12V missing", "+12V missing"),
        ("input X2 missing", "input X2 missing"),
        ("Y Y_SUM bridged", "Y Y_SUM bridged"),
    ],
)
def test_the_fault_is_in_the_first_group(xor: Looked, fault: str, name: str) -> None:
    looked = looked_at(xor, fault)
    assert not looked.found.is_unknown
    assert looked.found.healthy < 0.01
    faults = looked.dictionary.universe.faults
    assert name in [faults[number].name for number, _ in looked.groups()[0].faults]


def test_the_worse_the_best_fault_fits_the_more_is_left_for_something_else(xor: Looked) -> None:
    """At most 1 / (-e p ln p) speaks for it: 1 up to p = 1/e, 8.0 at 1 %; of 5 % beforehand."""
    found = looked_at(xor, "R14 open").found
    assert found.other == pytest.approx(0.05, abs=1e-3)
    assert found.faults.max() < 0.951
    away = np.full_like(found.misfit, chi_squared_exceeded_by(0.01, len(found.evidence.values)))
    worse = dataclasses.replace(found, misfit=away)
    assert worse.fit == pytest.approx(0.01, rel=0.02)
    odds = 0.05 / 0.95 * 7.99
    assert worse.other == pytest.approx(odds / (1 + odds), rel=0.01)


def chi_squared_exceeded_by(share: float, freedom: int) -> float:
    random = np.random.default_rng(1)
    return float(np.quantile(random.chisquare(freedom, 4_000_000), 1 - share))


def test_one_output_alone_leaves_more_open_than_all_test_points(xor: Looked) -> None:
    read = xor.read("R13 short")
    outputs = tuple(r for r in read.values if r.probe.net == "Y")
    looked = xor.fresh()
    looked.take(dataclasses.replace(read, values=outputs))
    few = looked.found.faults
    every = looked_at(xor, "R13 short").found.faults
    assert entropy_bits(every) < entropy_bits(few)


def entropy_bits(shares: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(-(shares * np.log2(np.maximum(shares, 1e-300))).sum())


def test_a_wrong_value_is_estimated_with_an_honest_interval(xor: Looked) -> None:
    _, _, deck = runs.described("xor_opamp")
    inside = 0
    for seed, ohm in enumerate((16.2e3, 33e3, 5.6e3, 22e3), 1):
        drawn = draw(faults.apply(deck, f"R5 is {ohm:g}").spreads, 1, seed, LOTS["mixed"])[0]
        record = looked_at(xor, f"R5 is {ohm:g}", seed=seed).record("a" * 64, {})
        value = next(f for g in record.groups for f in g.faults if f.name == "R5 wrong value")
        assert value.value is not None
        assert value.low is not None
        assert value.high is not None
        assert value.value == pytest.approx(ohm, rel=0.06)
        inside += value.low <= drawn["r5"] <= value.high
        assert value.high / value.low < 1.3
    assert inside >= 3


def test_a_value_beyond_which_the_output_saturates_has_a_wide_interval(xor: Looked) -> None:
    record = looked_at(xor, "R5 is 150k").record("a" * 64, {})
    value = next(f for g in record.groups for f in g.faults if f.name == "R5 wrong value")
    assert value.low is not None
    assert value.high is not None
    assert value.low < 150e3 < value.high
    assert value.high > 2 * value.low


def test_slips_are_named(xor: Looked) -> None:
    record = looked_at(xor, "R9 is 2.61k").record("a" * 64, {})
    words = " ".join(fault.words for group in record.groups for fault in group.faults)
    assert "2.61k, the multiplier band misread" in words


@pytest.mark.parametrize("volts", [0.0, -1.5, 4.4])
def test_a_rail_that_nothing_drives_says_that_its_supply_is_off(xor: Looked, volts: float) -> None:
    looked = xor.fresh()
    case = tuple(looked.dictionary.cases[0].items())
    looked.take(by_hand(Probe("volt", case, "+12V"), volts, number=1))
    record = looked.record("a" * 64, {})
    assert record.fit == "ok"
    assert [fault.name for fault in record.groups[0].faults] == ["+12V missing"]
    looked.take(by_hand(Probe("volt", case, "-12V"), -12.1, number=2))
    assert looked.record("a" * 64, {}).groups[0].faults[0].name == "+12V missing"


@pytest.mark.parametrize("volts", [12.5, 11.5])
def test_a_rail_within_its_tolerance_is_no_fault(xor: Looked, volts: float) -> None:
    looked = xor.fresh()
    case = tuple(looked.dictionary.cases[0].items())
    looked.take(by_hand(Probe("volt", case, "+12V"), volts, number=1))
    names = [fault.name for fault in looked.dictionary.universe.faults]
    assert not looked.found.is_unknown
    assert looked.found.faults[names.index("+12V missing")] < 0.01
    assert looked.found.healthy > looked.found.faults[1:].sum()


def test_a_supply_that_is_too_low_is_said_and_no_pair_is_blamed(xor: Looked) -> None:
    looked = xor.fresh()
    case = tuple(looked.dictionary.cases[0].items())
    looked.take(by_hand(Probe("volt", case, "+12V"), 9.5, number=1))
    record = looked.record("a" * 64, {})
    assert record.fit == "unknown"
    assert not record.pairs
    assert "the supply +12V is at 9.5 V" in headline(record, looked.board)


@pytest.mark.parametrize("seed", [3, 16, 22])
def test_a_sound_board_whose_output_rests_at_its_rail_is_called_sound(
    single_supply: Looked, seed: int
) -> None:
    """Inputs off by tens of millivolts, some up and some down, and an output that can't go down."""
    looked = single_supply.fresh()
    looked.take(single_supply.read(seed=seed))
    assert looked.found.is_sound


def test_clipping_has_the_moments_of_a_clipped_normal_variable() -> None:
    random = np.random.default_rng(3)
    mean, sigma, reach = np.array([0.0, 9.8, 12.0, -10.1]), np.array([1.0, 0.5, 3.0, 0.2]), 10.24
    drawn = mean + sigma * random.standard_normal((400_000, 4))
    read = np.clip(drawn, -reach, reach)
    found = inference._clipped(mean, sigma**2, np.full(4, reach))
    assert np.allclose(found[0], read.mean(axis=0), atol=0.01)
    assert np.allclose(found[2], read.var(axis=0), rtol=0.02, atol=1e-4)
    shares = [np.cov(drawn[:, i], read[:, i])[0, 1] / sigma[i] ** 2 for i in range(4)]
    assert np.allclose(found[1], shares, atol=0.01)


def test_inputs_that_are_off_push_a_reading_at_its_corner_together() -> None:
    """An output at its rail is max(0, s): s of three inputs, as delivered, and of one tolerance."""
    slopes = np.array([0.0, 0.0, -0.9]), np.array([0.8, 0.5, 0.0])
    effect = 0.02
    predicted = inference.Predicted(
        mean=np.array([[effect / np.sqrt(2 * np.pi)]]),
        linear=np.array([[[effect / 2]]]),
        own=np.zeros((1, 1)),
        slopes=np.array(slopes)[:, None, None, :],
    )
    drawn = effect * np.random.default_rng(5).standard_normal(400_000)
    for off_V in ((0.05, -0.08, 0.0), (0.04, 0.02, 0.03), (-0.03, 0.0, 0.02), (0.03, 0.01, 0.04)):
        pushed = np.maximum(drawn + np.dot((0.8, 0.5, -0.9), off_V), 0.0)
        moved, active, _ = inference._delivered(predicted, np.array([off_V]))
        assert predicted.mean[0, 0] + moved[0, 0] == pytest.approx(pushed.mean(), abs=2e-4)
        together = np.cov(pushed, drawn / effect)[0, 1]
        assert active[0, 0] * effect / 2 == pytest.approx(together, abs=2e-4)


def test_readings_that_tell_apart_are_worth_one_bit_and_others_none() -> None:
    mean = np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 0.02]])
    sigma = np.full((2, 3), 0.01)
    bits = probes._information(mean, sigma, np.array([0.5, 0.5]), np.array([1, 2]))
    # Two standard deviations apart, integrated numerically: 0.486 bits.
    assert bits == pytest.approx([1.0, 0.0, mixture_bits(2.0)], abs=0.02)
    same = probes._information(mean, sigma, np.array([0.5, 0.5]), np.array([1, 1]))
    assert same == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


def mixture_bits(apart: float) -> float:
    """What a reading says about which of two even normal variables it is from."""
    x = np.linspace(-10, 10 + apart, 40_001)
    one, other = (np.exp(-((x - at) ** 2) / 2) / np.sqrt(2 * np.pi) for at in (0.0, apart))
    both = (one + other) / 2
    terms = [p * np.log2(np.maximum(p / both, 1e-300)) / 2 for p in (one, other)]
    return float(np.trapezoid(sum(terms), x))


def test_probing_goes_on_until_it_is_settled(xor: Looked) -> None:
    """R8 ten times too large and R9 ten times too small look alike in the truth table."""
    looked = looked_at(xor, "R9 is 2.61k")
    assert not looked.sure()
    choice = looked.choices()[0]
    assert choice.bits > 0.3
    names = looked.dictionary.universe.faults
    right = next(n for n in choice.expected if names[n].name == "R9 wrong value")
    looked.take(by_hand(choice.probe, choice.expected[right], number=1), step=True)
    for number in (2, 3):
        if looked.sure():
            break
        ohms = Probe("ohm", (), "H2", "H2_SUM")
        looked.take(by_hand(ohms, 2.61e3 * 0.98, number=number), step=True)
    assert [names[number].name for number in looked.sure()] == ["R9 wrong value"]
    record = looked.record("a" * 64, {})
    assert record.history[-1].faults["R9 wrong value"] > 0.9
    before = looked.readings
    looked.take_back()
    assert len(looked.readings.values) == len(before.values) - 1
