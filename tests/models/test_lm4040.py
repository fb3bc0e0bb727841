"""The LM4040 models in the datasheet's test conditions.

Ref: Texas Instruments SLOS456O, LM4040, tables of the 2.5 V and the 5 V versions (25 C).
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


class Version(NamedTuple):
    """A version's card and its figures: typical, and the greatest where there are two."""

    card: str
    volts: float
    least_A: tuple[float, float]
    to_1mA_V: tuple[float, float]
    to_15mA_V: tuple[float, float]
    impedance_ohm: float


# That of 4.096 V is from memory, as its card says.
VERSIONS = [
    Version("lm4040_4v1", 4.096, (50e-6, 73e-6), (0.5e-3, 0.9e-3), (3e-3, 7e-3), 0.5),
    Version("lm4040_2v5", 2.5, (45e-6, 60e-6), (0.3e-3, 0.8e-3), (2.5e-3, 6e-3), 0.3),
    Version("lm4040_5v0", 5.0, (65e-6, 89e-6), (0.5e-3, 1e-3), (3.5e-3, 8e-3), 0.5),
]
every_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.card)


def deck(version: Version) -> Deck:
    return Deck(
        "* LM4040 under test",
        ("i_z 0 k 1e-4", f"xu1 k 0 {version.card}"),
        models=model_card(f"{version.card}.lib"),
    )


def volts(engine: NgspiceEngine, version: Version, *currents_A: float) -> list[float]:
    found = engine.sweep(deck(version), [{}], ["k"], source="i_z", values=currents_A)
    return [float(value) for value in found[0, :, 0]]


@every_version
def test_breakdown_voltage(engine: NgspiceEngine, version: Version) -> None:
    assert volts(engine, version, 100e-6) == pytest.approx([version.volts], abs=0.1e-3)


@every_version
def test_reference_voltage_can_be_set(engine: NgspiceEngine, version: Version) -> None:
    low_V = 0.995 * version.volts
    found = engine.operating_point(deck(version), [{"v.xu1.vref": low_V}], ["k"])
    assert found[0, 0] == pytest.approx(low_V, abs=0.1e-3)


@every_version
def test_change_with_current(engine: NgspiceEngine, version: Version) -> None:
    least, one, fifteen = volts(engine, version, version.least_A[0], 1e-3, 15e-3)
    assert one - least == pytest.approx(version.to_1mA_V[0], rel=0.2)
    assert fifteen - one == pytest.approx(version.to_15mA_V[0], rel=0.2)
    assert one - least < version.to_1mA_V[1]
    assert fifteen - one < version.to_15mA_V[1]


@every_version
def test_dynamic_impedance(engine: NgspiceEngine, version: Version) -> None:
    low, high = volts(engine, version, 0.95e-3, 1.05e-3)
    assert (high - low) / 0.1e-3 == pytest.approx(version.impedance_ohm, rel=0.25)


@every_version
def test_below_its_minimum_current_it_does_not_regulate(
    engine: NgspiceEngine, version: Version
) -> None:
    starved, least = volts(engine, version, 0.6 * version.least_A[0], version.least_A[1])
    assert starved < 0.9 * version.volts
    assert least == pytest.approx(version.volts, abs=0.5e-3)


@every_version
def test_turned_round_it_is_a_diode(engine: NgspiceEngine, version: Version) -> None:
    (forward,) = volts(engine, version, -1e-3)
    assert -1.0 < forward < -0.4
