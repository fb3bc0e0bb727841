"""Each closed-form limit: what is just inside passes, what is just outside is refused by name."""

from __future__ import annotations

import msgspec
import pytest

from realnet_hw.board import Logic
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import PartType, part_type
from realnet_hw.technology import limits
from realnet_hw.technology.inverting_summer import LOGIC
from realnet_hw.technology.summer import Summer

RAIL_V = 11.4
PARTS = {"amplifier": part_type("tl074"), "diode": part_type("diode_1n4148"),
         "resistor": part_type("resistor")}  # fmt: skip


def with_figures(kind: PartType, **figures: float) -> PartType:
    return msgspec.structs.replace(kind, limits=kind.limits | figures)


def summer(
    *, ohm: float = 20e3, feedback_ohm: float = 20e3, peak_V: float = 5.0, rectified: bool = False,
    source: str = "X1", output: str = "Y",
) -> Summer:  # fmt: skip
    cell = SummingNeuron(
        output,
        output,
        output=output,
        inputs={source: ohm},
        feedback_ohm=feedback_ohm,
        rectifier="positive" if rectified else "none",
    )
    return Summer(cell, peak_V)


def check(*summers: Summer, logic: Logic = LOGIC, **parts: PartType) -> float:
    return limits.check_summers(summers, ["X1"], logic=logic, rail_V=RAIL_V, **(PARTS | parts))


def test_swing_at_the_datasheets_two_loads() -> None:
    # TI SLOS080, TL074C on +-15 V: 12 V into 10 kohm, 10 V into 2 kohm, both guaranteed.
    amplifier = PARTS["amplifier"]
    assert 15.0 - limits.saturation_V(amplifier, 12.0 / 10e3) == pytest.approx(12.0)
    assert 15.0 - limits.saturation_V(amplifier, 10.0 / 2e3) == pytest.approx(10.0)
    assert 15.0 - limits.saturation_V(amplifier, 0.0) == pytest.approx(12.0)


def test_headroom() -> None:
    # 11.4 V less 3 V into a light load.
    check(summer(ohm=100e3, feedback_ohm=100e3, peak_V=8.39))
    with pytest.raises(CircuitRefused, match=r"Y: needs 8\.41 V at its amplifier"):
        check(summer(ohm=100e3, feedback_ohm=100e3, peak_V=8.41))


def test_headroom_of_a_rectifier_is_a_diode_less() -> None:
    check(summer(ohm=100e3, feedback_ohm=100e3, peak_V=7.64, rectified=True))
    with pytest.raises(CircuitRefused, match=r"needs 8\.41 V"):
        check(summer(ohm=100e3, feedback_ohm=100e3, peak_V=7.66, rectified=True))


def test_headroom_shrinks_with_the_load() -> None:
    # 7 V into 2 kohm is 3.5 mA: 4.2 V from the rail.
    loads = [summer(ohm=2e3, source="H", output="Y", peak_V=1.0)]
    driver = summer(ohm=100e3, feedback_ohm=100e3, peak_V=7.0, output="H")
    check(driver, *loads)
    with pytest.raises(CircuitRefused, match=r"H: needs 7\.30 V"):
        check(summer(ohm=100e3, feedback_ohm=100e3, peak_V=7.3, output="H"), *loads)


def test_output_current() -> None:
    def driving(ohm: float) -> list[Summer]:
        load = summer(ohm=ohm, feedback_ohm=5e3, source="H", peak_V=1.0)
        return [summer(feedback_ohm=100e3, ohm=100e3, output="H"), load]

    check(*driving(1030.0))  # 4.85 mA and 50 uA of the feedback resistor
    with pytest.raises(CircuitRefused, match=r"H: must deliver 0\.0051 A"):
        check(*driving(1000.0))


def test_input_current() -> None:
    def drawing(count: int) -> list[Summer]:
        return [summer(ohm=2020.0, output=f"H{i}", peak_V=1.0) for i in range(count)]

    check(*drawing(4))  # 9.9 mA
    with pytest.raises(CircuitRefused, match=r"X1: draws 0\.012 A"):
        check(*drawing(5))


def test_offset() -> None:
    # 10 mV x noise gain against 1 V, half the gap between the thresholds.
    check(summer(ohm=1e3, feedback_ohm=98.9e3, peak_V=1.0))
    with pytest.raises(CircuitRefused, match="V of offset"):
        check(summer(ohm=1e3, feedback_ohm=99.1e3, peak_V=1.0))


def test_bias_current() -> None:
    # 7 nA over the temperature range makes 0.7 mV in 100 kohm; a bipolar part's 80 nA is too much.
    check(summer(ohm=100e3, feedback_ohm=100e3))
    with pytest.raises(CircuitRefused, match="from the bias current"):
        check(
            summer(ohm=100e3, feedback_ohm=100e3),
            amplifier=with_figures(PARTS["amplifier"], bias_A=80e-9),
        )


def test_resistor_power() -> None:
    # 8.4 V on 1 kohm is 71 mW.
    check(summer(ohm=1e3, feedback_ohm=5e3), resistor=with_figures(PARTS["resistor"], max_W=0.143))
    with pytest.raises(CircuitRefused, match=r"takes 0\.0\d+ W"):
        check(
            summer(ohm=1e3, feedback_ohm=5e3), resistor=with_figures(PARTS["resistor"], max_W=0.13)
        )


def test_settling_adds_up_along_the_path() -> None:
    first, second = summer(output="H"), summer(source="H")
    one_s, two_s = check(first), check(first, second)
    assert two_s == pytest.approx(2 * one_s)
    # Slewing 22.8 V at 8 V/us and 11.5 time constants of 1.5 MHz.
    assert one_s == pytest.approx(22.8 / 8e6 + 11.5 / (2 * 3.14159 * 1.5e6), rel=1e-3)
    slow = with_figures(PARTS["amplifier"], slew_V_per_s=22.8 / 3e-3)
    check(first, amplifier=slow)
    with pytest.raises(CircuitRefused, match="Y: settles only after"):
        check(first, second, amplifier=slow)


def series_ohm(load_A: float) -> float:
    return limits.series_ohm(
        load_A, 12.0, 0.05, reference=part_type("lm4040_5v0"), resistor=PARTS["resistor"]
    )


@pytest.mark.parametrize("load_A", [0.0, 0.5e-3, 2e-3, 4e-3])
def test_the_reference_regulates_on_every_rail_and_with_every_resistor(load_A: float) -> None:
    ohm = series_ohm(load_A)
    # TI SLOS456: the 5 V part regulates from 80 uA (worst grade, 25 C) to 15 mA.
    assert (12.0 * 0.95 - 5.0) / (ohm * 1.01) - load_A >= 1e-3
    assert (12.0 * 1.05 - 5.0) / (ohm * 0.99) < 15e-3


def test_biases_that_take_too_much_from_the_reference_are_refused() -> None:
    with pytest.raises(CircuitRefused, match=r"20\.0 mA from the reference"):
        series_ohm(20e-3)
