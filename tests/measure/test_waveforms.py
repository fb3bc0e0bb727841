"""The procedure ``waveform`` on the real firmware, with each scope, against the law of its board.

The board is two resistors and a capacitor: its answer to what the fixture's source really gives is
known exactly, and a capacitor that is wrong shows in no reading at rest.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from realnet_hw import edges, records
from realnet_hw.compare import compare
from realnet_hw.compare import steps as compared_steps
from realnet_hw.compare.words import steps as said
from realnet_hw.edges import Figures
from realnet_hw.emulate.converters import Course, SETTLE_TAU_s, SLEW_V_per_s
from realnet_hw.emulate.front_end import SHIFTER_GAIN
from realnet_hw.emulate.scopes.virtual_scope import Wanted, scopes_on
from realnet_hw.emulate.server import BenchServer, virtual_fixture
from realnet_hw.errors import BenchError, InputError
from realnet_hw.export.deck import Deck, Spread
from realnet_hw.measure import bench, screen, steps
from realnet_hw.measure.journal import Point, parse
from realnet_hw.measure.scopes.drivers import DRIVERS
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.transient import transient
from realnet_hw.records import MeasuredEdge, Measurement
from realnet_hw.uncertainty import standard_uncertainty
from tests.compare.worlds import usual
from tests.measure import scoped
from tests.measure.scoped import Served
from tests.predict.boards import board_of, deck_of

BOARD = board_of(["X1", "X2"], ["Y"])
WIRING = {"X1": "dac0", "X2": "dac1", "X1.sense": "adc0", "X2.sense": "adc1", "Y": "adc2"}
TAU_S = 5e-6
SHA256 = "0" * 64
RECORDS = 3
WORLD = usual()
PREDICTION = WORLD.prediction()


def board_deck(farad: float = 10e-9) -> Deck:
    return deck_of(
        ["X1", "X2"], ["Y"], "r1 x1 y 1000", "r2 x2 y 1000", f"c1 y 0 {farad}",
        spreads=[
            Spread("c1", "C1", farad, "uniform", 0.95 * farad, 1.05 * farad),
            Spread("r1", "R1", 1e3, "uniform", 990.0, 1010.0),
        ],
    )  # fmt: skip


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer records than a lab takes: each is one of the fixture's steps."""
    monkeypatch.setattr(screen, "RECORDS", RECORDS)
    monkeypatch.setattr(steps, "_PATIENCE_S", 0.5)


@contextlib.contextmanager
def serving(deck: Deck, firmware: Path, *drivers: str) -> Iterator[Served]:
    engine = CompiledEngine()
    drawn = draw(deck.spreads, 1, 4)[0]
    fixture = virtual_fixture(BOARD, deck, firmware=firmware, wiring=WIRING, seed=4, engine=engine)
    scopes = scopes_on(
        fixture,
        BOARD,
        deck,
        engine,
        drawn,
        wiring=WIRING,
        wanted={name: Wanted(name, {1: "X1", 2: "Y"}) for name in drivers},
        seed=4,
    )
    with scoped.serving(fixture, scopes) as running:
        yield running


def measured(folder: Path, server: BenchServer, driver: str, address: str) -> Measurement:
    folder.mkdir(exist_ok=True)
    file = folder / "station.toml"
    wires = "\n".join(f'"{terminal}" = "{channel}"' for terminal, channel in WIRING.items())
    file.write_text(
        f'name = "scoped"\n[fixture]\naddress = "{server.address}"\nheartbeat_s = 10\n'
        f'[scope.dso]\ndriver = "{driver}"\naddress = "{address}"\n'
        f'[probes.test]\nX1 = "dso.1"\nY = "dso.2"\n[wiring.test]\n{wires}\n'
    )
    return bench.measure(BOARD, SHA256, file, folder, procedure_name="waveform")


def law(tau_s: float) -> Figures:
    """The figures of what a source gives, through a resistor and a capacitor."""
    course = Course(2.048, 2.048 + 5 / SHIFTER_GAIN, 0.0)
    slewing_s = 1 / SLEW_V_per_s + 20 * SETTLE_TAU_s
    step_s = 5e-9
    times_s = np.arange(-2 * tau_s, slewing_s + 12 * tau_s, step_s)
    given = np.array([course.at(at_s) for at_s in times_s.tolist()])
    given = (given - given[0]) * SHIFTER_GAIN
    kernel = np.exp(-np.arange(0, 10 * tau_s, step_s) / tau_s)
    answer = np.convolve(given, kernel / kernel.sum())[: len(given)] / 2
    moved_s = edges.middle_s(times_s, given)
    assert moved_s is not None
    return edges.figures(times_s, answer, moved_s, least_V=0.1)


@pytest.fixture(scope="module")
def served(firmware: Path) -> Iterator[Served]:
    with serving(board_deck(), firmware, *DRIVERS) as running:
        yield running


@pytest.mark.parametrize(("driver", "index"), [(name, i) for i, name in enumerate(DRIVERS)])
def test_each_scope_measures_what_the_law_says(
    tmp_path: Path,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    driver: str,
    index: int,
) -> None:
    server, scopes = served
    link, other_link = ("socket", "hislip")[:: 1 if index % 2 else -1]
    found = measured(tmp_path, server, driver, scopes[driver].addresses[link])
    assert found.instruments[1] == scopes[driver].digitiser.model.identity
    assert len(found.cases) == len(BOARD.cases)
    rising, falling = found.edges
    assert (rising.from_V, rising.to_V, rising.held_V) == (0.0, 5.0, {"X2": 0.0})
    assert (falling.from_V, falling.to_V, falling.records) == (5.0, 0.0, RECORDS)
    # The part of the board that the seed drew is within 5 % of the law's.
    expected = law(TAU_S)
    for edge in found.edges:
        figures = edge.figures["Y"]
        for one, value in (
            (figures.delay_s, expected.delay_s), (figures.passage_s, expected.passage_s)
        ):  # fmt: skip
            assert one.value is not None
            assert one.U is not None
            assert value is not None
            assert abs(one.value - value) < 0.06 * value + 2 * one.U
            assert 0 < one.U < 0.2 * value
        assert edge.passage_s == pytest.approx(0.8 / SLEW_V_per_s, rel=0.05)
        wave = edge.waves["Y"]
        steady_V = np.mean(wave.volts_V[-50:])
        u_V = standard_uncertainty(wave.components, steady_V)
        assert abs(steady_V - edge.to_V / 2) < 2.5 * u_V + 0.03
    assert isinstance(records.decode(records.encode(found)), Measurement)

    # The same over the other link, with as few records as have a scatter.
    monkeypatch.setattr(screen, "RECORDS", 2)
    other = measured(tmp_path / "other", server, driver, scopes[driver].addresses[other_link])
    for edge, again in zip(found.edges, other.edges, strict=True):
        one, two = edge.figures["Y"].delay_s, again.figures["Y"].delay_s
        assert None not in (one.value, one.U, two.value, two.U)
        assert abs(one.value - two.value) < one.U + two.U + 0.02 * one.value


def thinned(edge: MeasuredEdge) -> MeasuredEdge:
    """An edge as a slower time base shows it: two points while the output passes."""
    wave, passage_s = edge.waves["Y"], edge.figures["Y"].passage_s.value
    assert passage_s is not None
    every = math.ceil(passage_s / wave.step_s / 2)
    own = msgspec.structs.replace(wave, step_s=every * wave.step_s, volts_V=wave.volts_V[::every])
    return msgspec.structs.replace(edge, waves={**edge.waves, "Y": own})


def test_a_wrong_capacitor_shows_in_the_wave_alone(
    tmp_path: Path, firmware: Path, served: Served
) -> None:
    engine = CompiledEngine()
    deck = board_deck()
    drawn = draw(deck.spreads, 60, 1)
    stepped = transient(BOARD, deck, engine, drawn, "X1", edge_s=1.8e-6)
    prediction = msgspec.structs.replace(PREDICTION, transients=[stepped])
    server, scopes = served
    right = measured(tmp_path, server, "rigol_dho800", scopes["rigol_dho800"].addresses["socket"])
    with serving(board_deck(20e-9), firmware, "rigol_dho800") as (other, others):
        address = others["rigol_dho800"].addresses["socket"]
        wrong = measured(tmp_path / "wrong", other, "rigol_dho800", address)
    for edge in compared_steps.compared(prediction, right):
        assert edge.agrees is True
        assert {each.agrees for each in edge.figures.values()} == {True}
    for edge in compared_steps.compared(prediction, wrong):
        assert edge.agrees is False
        assert edge.figures["delay_s"].agrees is False
        assert edge.figures["passage_s"].agrees is False
    for one, other_ in zip(right.cases, wrong.cases, strict=True):
        reading, again = one.outputs["Y"], other_.outputs["Y"]
        assert reading.value_V == pytest.approx(again.value_V, abs=reading.U_V)
    unlike = msgspec.structs.replace(
        PREDICTION, transients=[transient(BOARD, deck, engine, drawn, "X1", edge_s=20e-6)]
    )
    found = compared_steps.compared(unlike, right)
    assert [edge.agrees for edge in found] == [None, None]
    assert "predict it with --with transient:X1:1.8us" in found[0].note
    coarse = msgspec.structs.replace(right, edges=[thinned(edge) for edge in right.edges])
    found = compared_steps.compared(prediction, coarse)
    assert [edge.agrees for edge in found] == [None, None]
    assert {each.agrees for edge in found for each in edge.figures.values()} == {None}
    assert found[0].note.startswith("a point every ")
    assert "is too coarse for what is predicted to pass in " in found[0].note
    nothing = msgspec.structs.replace(PREDICTION, transients=[])
    assert "nothing is predicted" in compared_steps.compared(nothing, right)[0].note
    comparison = msgspec.structs.replace(
        compare(PREDICTION, WORLD.measurement(1)), edges=compared_steps.compared(prediction, wrong)
    )
    assert said(comparison)[0] == (
        "Y after X1 from 0 to 5 V with X2 = 0 V lies outside the boards drawn, by its delay, "
        "passage, settling."
    )


def test_what_does_not_fit_the_screen_is_taken_again_at_a_coarser_scale(
    tmp_path: Path,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Scales eight times too fine, and no looks beforehand that would find that out."""
    server, scopes = served
    monkeypatch.setattr(screen, "_FILLED", 8 * screen._FILLED)
    monkeypatch.setattr(steps, "_LOOKS", 0)
    address = scopes["rigol_ds1000z"].addresses["socket"]
    found = measured(tmp_path, server, "rigol_ds1000z", address)
    (journal,) = tmp_path.glob("*.jsonl")
    points = parse(journal.read_bytes(), Point, where="")[1]
    for edge, expected_V in zip(found.edges, (2.5, 0.0), strict=True):
        wave = edge.waves["Y"]
        u_V = standard_uncertainty(wave.components, expected_V)
        assert abs(np.mean(wave.volts_V[-50:]) - expected_V) < 2.5 * u_V + 0.03
    for taken in [point.edge for point in points if point.edge is not None]:
        for each in taken.waves.values():
            assert len(each.codes) == RECORDS
            assert 0 < min(map(min, each.codes)) < max(map(max, each.codes)) < 254
    monkeypatch.setattr(screen, "_WIDENINGS", 1)
    with pytest.raises(BenchError, match=r"X1 on dso\.1, Y on dso\.2 reaches beyond what"):
        measured(tmp_path / "refused", server, "rigol_ds1000z", address)
    assert not (tmp_path / "refused" / bench.NEWEST).exists()


def test_a_scope_on_nothing_and_a_station_without_one(tmp_path: Path, served: Served) -> None:
    server, scopes = served
    address = scopes["keysight_1000x"].addresses["socket"]
    text = f'name = "x"\n[fixture]\naddress = "{server.address}"\n'
    file = tmp_path / "station.toml"
    file.write_text(text)
    with pytest.raises(InputError, match="no scope has a probe on an input"):
        bench.measure(BOARD, SHA256, file, tmp_path, procedure_name="waveform")
    file.write_text(
        f'{text}[scope.dso]\ndriver = "keysight_1000x"\naddress = "{address}"\n'
        '[probes.test]\nX1 = "dso.3"\nY = "dso.2"\n'
    )
    with pytest.raises(BenchError, match=r"no trigger.*check the probes"):
        bench.measure(BOARD, SHA256, file, tmp_path / "3", procedure_name="waveform")
