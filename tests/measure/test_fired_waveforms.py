"""The procedure ``waveform`` on a board that is fired, with each scope, against the board's laws.

The board is a monostable with the law of its RC: its width at the input as it was delivered is
known, and so is what a capacitor has got of it in the end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.board import Firing
from realnet_hw.compare import compare, figures
from realnet_hw.compare import firings as compared_firings
from realnet_hw.compare.words import firings as said
from realnet_hw.emulate.scopes.virtual_scope import Wanted, scopes_on
from realnet_hw.emulate.server import virtual_fixture
from realnet_hw.errors import BenchError, InputError
from realnet_hw.export.deck import Spread
from realnet_hw.measure import bench, firings, screen
from realnet_hw.measure.codes import SUFFIX
from realnet_hw.measure.scopes.drivers import DRIVERS
from realnet_hw.measure.scopes.rigol import Ds1000z
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.waveforms import waveforms
from realnet_hw.records import ComparedCase, ComparedInput, Measurement, Prediction
from tests.compare.worlds import usual
from tests.emulate import one_shot
from tests.emulate.one_shot import RAIL_V, WIRING, width_s
from tests.measure import scoped
from tests.measure.scoped import Served

# Ten times slower than it is elsewhere, as a board of 555 timers is.
C1_F, C2_F = 10 * one_shot.C1_F, 10 * one_shot.C2_F
# Reset until what is switched on with everything discharged has come to rest.
FIRING = Firing(15e-3, 1e-3, 100e-6, 30e-3, thresholds={"C": "X"})
BOARD = dataclasses.replace(one_shot.BOARD, firing=FIRING, cases=one_shot.BOARD.cases[1:])
DECK = dataclasses.replace(
    one_shot.DECK.with_element("c1", f"c1 c 0 {C1_F}")
    .with_element("c2", f"c2 hold 0 {C2_F}")
    .with_element("by", "by far 0 v=2.5+2.5*tanh((v(hold)-5)/1e-2)", "ry far y 1e3", "cy y 0 1e-8"),
    nodes={**one_shot.DECK.nodes, "TRIG": "trig"},
    spreads=(
        Spread("r1", "R1", 100e3, "uniform", 99e3, 101e3),
        Spread("c1", "C1", C1_F, "uniform", 0.95 * C1_F, 1.05 * C1_F),
    ),
)
PROBES = {1: "TRIG", 2: "P", 3: "HOLD", 4: "Y"}
SHA256 = "0" * 64
SEED = 5
WORLD = usual()
PREDICTION = WORLD.prediction()
ENGINE = CompiledEngine()
PARTS = draw(DECK.spreads, 1, SEED)[0]
# What the board's own edges take, emptying C1 with them; and the mean at the top of a charge.
EDGES_S, CUSP_V = 15e-6, 0.03


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer records than a lab takes: each is a firing."""
    monkeypatch.setattr(screen, "RECORDS", 2)
    monkeypatch.setattr(firings, "_PATIENCE_S", 0.5)


@contextlib.contextmanager
def serving(firmware: Path, *drivers: str, faults: tuple[str, ...] = ()) -> Iterator[Served]:
    fixture = virtual_fixture(
        BOARD, DECK, firmware=firmware, wiring=WIRING, seed=SEED, engine=ENGINE, faults=faults
    )
    scopes = scopes_on(
        fixture,
        BOARD,
        DECK,
        ENGINE,
        PARTS,
        wiring=WIRING,
        wanted={name: Wanted(name, PROBES) for name in drivers},
        seed=SEED,
    )
    with scoped.serving(fixture, scopes) as running:
        yield running


@pytest.fixture(scope="module")
def served(firmware: Path) -> Iterator[Served]:
    with serving(firmware, *DRIVERS) as running:
        yield running


def measured(
    folder: Path, served: Served, driver: str, link: str = "socket", *, probes: str = ""
) -> Measurement:
    server, scopes = served
    folder.mkdir(exist_ok=True)
    file = folder / "station.toml"
    wires = "\n".join(f'"{terminal}" = "{channel}"' for terminal, channel in WIRING.items())
    on = probes or "\n".join(f'{name} = "dso.{channel}"' for channel, name in PROBES.items())
    file.write_text(
        f'name = "scoped"\n[fixture]\naddress = "{server.address}"\nheartbeat_s = 10\n'
        'open = ["dac0"]\n'
        f"[reading]\nsettle_s = 0.002\nrepeats = 2\n"
        f'[scope.dso]\ndriver = "{driver}"\naddress = "{scopes[driver].addresses[link]}"\n'
        f"[probes.one_shot]\n{on}\n[wiring.one_shot]\n{wires}\n"
    )
    return bench.measure(BOARD, SHA256, file, folder, procedure_name="waveform")


@pytest.mark.parametrize(("driver", "index"), [(name, i) for i, name in enumerate(DRIVERS)])
def test_each_scope_sees_what_the_laws_say(
    tmp_path: Path, served: Served, driver: str, index: int
) -> None:
    found = measured(tmp_path, served, driver, ("socket", "hislip")[index % 2])
    assert found.instruments[1] == served[1][driver].digitiser.model.identity
    assert (len(found.cases), len(found.firings), found.edges) == (1, 1, [])
    for case, firing in zip(found.cases, found.firings, strict=True):
        assert (firing.trigger, firing.records) == ("TRIG", 2)
        assert firing.shapes.keys() == {"P", "HOLD", "Y"}
        delivered = case.inputs["X"]
        assert delivered.value_V is not None
        assert delivered.U_V is not None
        law_s, more_s = (
            width_s(volts, PARTS["r1"], PARTS["c1"])
            for volts in (delivered.value_V, delivered.value_V + delivered.U_V)
        )
        pulse = firing.shapes["P"]
        assert pulse.width_s.value is not None
        assert pulse.width_s.U is not None
        assert pulse.delay_s.value is not None
        assert pulse.delay_s.U is not None
        assert 0 <= pulse.delay_s.value < pulse.delay_s.U + EDGES_S
        off_s = pulse.width_s.value - law_s
        assert abs(off_s) < pulse.width_s.U + abs(more_s - law_s) + EDGES_S
        assert 0 < pulse.width_s.U < 0.05 * law_s
        # The fixture times the same firings with a clock of its own.
        timed = case.pulses["P"]
        assert timed.width_s is not None
        assert timed.U_s is not None
        assert abs(timed.width_s - pulse.width_s.value) < timed.U_s + pulse.width_s.U
        charged = firing.shapes["HOLD"].high_V
        assert charged.value is not None
        assert charged.U is not None
        expected_V = RAIL_V * -math.expm1(-law_s / (one_shot.R2_ohm * C2_F))
        assert abs(charged.value - expected_V) < charged.U + CUSP_V
    assert isinstance(records.decode(records.encode(found)), Measurement)


def predicted() -> Prediction:
    """A prediction that knows the firings of this board, and the cases that they are of."""
    (case, *_) = PREDICTION.cases
    return msgspec.structs.replace(
        PREDICTION,
        cases=[
            msgspec.structs.replace(
                case, inputs={"X": records.PredictedInput(set_V=each.inputs["X"])}
            )
            for each in BOARD.cases
        ],
        waveforms=waveforms(BOARD, DECK, ENGINE, draw(DECK.spreads, 24, 1)),
    )


def test_a_wrong_capacitor_lies_outside_and_the_right_one_does_not(
    tmp_path: Path, firmware: Path, served: Served
) -> None:
    prediction = predicted()
    right = measured(tmp_path, served, "rigol_dho800")
    with serving(firmware, "rigol_dho800", faults=("C1 -90 %",)) as other:
        wrong = measured(tmp_path / "wrong", other, "rigol_dho800")
    for found in compared_firings.compared(prediction, right):
        assert found.agrees is True, found
        assert False not in {each.agrees for each in found.figures.values()}, found
    pulses = [
        found for found in compared_firings.compared(prediction, wrong) if found.terminal == "P"
    ]
    assert [found.agrees for found in pulses] == [False]
    assert [found.figures["width_s"].agrees for found in pulses] == [False]
    assert [found.figures["high_V"].agrees for found in pulses] == [True]

    # What is said of it, and the pictures of the report.
    cases = [
        ComparedCase(
            inputs={"X": ComparedInput(set_V=each.inputs["X"], measured_V=None, U_measured_V=None)},
            outputs={},
            nodes={},
        )
        for each in BOARD.cases
    ]
    comparison = msgspec.structs.replace(
        compare(PREDICTION, WORLD.measurement(1)),
        cases=cases,
        firings=compared_firings.compared(prediction, wrong),
    )
    assert said(comparison)[0].startswith(
        "P at X = 10 V lies outside the boards drawn, by its width"
    )
    pictures = figures.firings(prediction, wrong, comparison)
    assert [one.title for one in pictures] == ["X = 10 V"]
    assert all(one.image.count("(V)") == 3 for one in pictures)

    nothing = msgspec.structs.replace(prediction, waveforms=[])
    notes = {found.note for found in compared_firings.compared(nothing, right)}
    assert notes == {"nothing is predicted of this firing: predict it with --with waveforms"}
    # All that was taken is on disk, as codes.
    (raw,) = tmp_path.glob(f"*{SUFFIX}")
    kept = np.load(io.BytesIO(raw.read_bytes()))
    zero, step_V, _, _ = kept["firing0/P/scale1"]
    volts = (kept["firing0/P/codes1"] - zero) * step_V
    assert volts.max() - volts.min() == pytest.approx(15.0, abs=1.5)


@pytest.mark.parametrize(("turned", "has"), [(0.1, r"to 0\.00\d+ s"), (10, r"every 0\.000\d+ s")])
def test_a_record_of_another_time_base_is_refused(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch, turned: float, has: str
) -> None:
    """Somebody turns the knob behind the program's back: it ends too early, or is too coarse."""
    told = Ds1000z.timebase

    def timebase(self: Ds1000z, *, s_a_division: float, centre_s: float) -> None:
        # It begins as before.
        later_s = 6 * (turned - 1) * s_a_division
        told(self, s_a_division=turned * s_a_division, centre_s=centre_s + later_s)

    monkeypatch.setattr(Ds1000z, "timebase", timebase)
    with pytest.raises(BenchError, match=rf"TRIG on dso\.1 was recorded from .*{has}.*time base"):
        measured(tmp_path, served, "rigol_ds1000z")
    assert not (tmp_path / bench.NEWEST).exists()


def test_a_scope_without_the_trigger_or_on_nothing(tmp_path: Path, served: Served) -> None:
    with pytest.raises(InputError, match=r"no scope has a probe on TRIG .*TRIG = \"NAME.1\""):
        measured(tmp_path, served, "siglent_sds1000x_e", probes='P = "dso.2"')
    probes = 'TRIG = "dso.3"\nP = "dso.2"'
    with pytest.raises(BenchError, match=r"no trigger.*check the probes"):
        measured(tmp_path / "on_hold", served, "tektronix_mso2", probes=probes)
    assert not (tmp_path / "on_hold" / bench.NEWEST).exists()
