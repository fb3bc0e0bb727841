"""A board of pulses through the real firmware: fired, timed, recorded, or refused."""

from __future__ import annotations

import contextlib
import ctypes.util
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from realnet_hw import records
from realnet_hw.board import Board, Firing, TestPoint
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.server import BenchServer, virtual_fixture
from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure import bench, journal, station
from realnet_hw.measure.fixture import Fixture
from realnet_hw.predict.tolerances import draw
from realnet_hw.records import Measurement
from realnet_hw.uncertainty import expanded_uncertainty
from tests.emulate.one_shot import BOARD, DECK, FIRING, WIRING, width_s

pytestmark = pytest.mark.skipif(
    ctypes.util.find_library("ngspice") is None, reason="libngspice is not installed"
)

SEED = 6
TICK_s = 0.5e-6


@contextlib.contextmanager
def serving(board: Board, firmware: Path) -> Iterator[tuple[str, VirtualFixture]]:
    wiring = station.wiring_for(station.parse('name = "v"\n[virtual]\n'), board)
    fixture = virtual_fixture(board, DECK, firmware=firmware, wiring=wiring, seed=SEED)
    server = BenchServer(fixture)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.address, fixture
    finally:
        server.stop()
        thread.join()
        server.close()


@pytest.fixture(scope="module")
def served(firmware: Path) -> Iterator[tuple[str, VirtualFixture]]:
    with serving(BOARD, firmware) as running:
        yield running


@pytest.fixture
def live(served: tuple[str, VirtualFixture]) -> Iterator[Fixture]:
    with Fixture(served[0]) as fixture:
        fixture.limit({"dac0": (0.0, 10.0)})
        fixture.source({"dac0": 10.0})
        fixture.output(True)
        fixture.wait(0.02)
        yield fixture


def station_file(folder: Path, address: str, *more: str) -> Path:
    path = folder / "station.toml"
    head = ['name = "simulated"', "[fixture]", f'address = "{address}"', 'open = ["dac0"]']
    path.write_text("\n".join([*head, *more, "[reading]", "repeats = 3", ""]))
    return path


def true_width_s(fixture: VirtualFixture, input_V: float) -> float:
    drawn = draw(DECK.spreads, 1, SEED)[0]
    return width_s(input_V, drawn["r1"], drawn["c1"])


# ---------------------------------------------------------------------------------- the driver


def test_a_firing_reads_and_times(live: Fixture, served: tuple[str, VirtualFixture]) -> None:
    fired = live.fire(FIRING, ["adc2", "adc1"], "pulse0")
    assert list(fired.volts) == ["adc1", "adc2"]
    assert fired.volts["adc1"] == pytest.approx(5.0, abs=0.05)
    assert fired.width_s == pytest.approx(true_width_s(served[1], 10.0), rel=0.012)
    assert fired.start_s is not None
    assert 0 <= fired.start_s < 5e-6
    assert fired.untimed is None


def test_a_firing_without_a_pulse(live: Fixture) -> None:
    fired = live.fire(FIRING, ["adc1"])
    assert (fired.width_s, fired.start_s) == (None, None)
    unwired = live.fire(FIRING, [], "pulse5")
    assert (unwired.width_s, unwired.start_s, unwired.volts) == (0.0, None, {})


def test_a_firing_longer_than_the_heartbeat_is_fed(served: tuple[str, VirtualFixture]) -> None:
    with Fixture(served[0], heartbeat_s=0.5) as fixture:
        fixture.limit({"dac0": (0.0, 10.0)})
        fixture.output(True)
        fixture.fire(replace(FIRING, read_after_s=1.0), [], "pulse0")
        assert fixture.ask("OUTP?") == "1"


def test_a_firing_is_refused_while_outputs_are_off(live: Fixture) -> None:
    live.output(False)
    with pytest.raises(BenchError, match="-221"):
        live.fire(FIRING, ["adc1"])


@pytest.mark.parametrize(
    ("firing", "told"),
    [
        (replace(FIRING, reset_s=40e-6), r"reset_s is 4e-05 s; .*allowed: 5e-05 to 1 s|reset_s"),
        (replace(FIRING, read_after_s=1.5), "read_after_s is 1.5 s"),
        (replace(FIRING, trigger_s=2.9e-3, read_after_s=2.92e-3), "after the trigger's end"),
    ],
)
def test_times_that_the_fixture_cannot_keep_are_refused(firing: Firing, told: str) -> None:
    fixture = Fixture("ASRL/dev/nowhere::INSTR")
    with pytest.raises(InputError, match=told):
        fixture.fire(firing, [])


def test_channels_that_there_are_not_are_refused() -> None:
    fixture = Fixture("ASRL/dev/nowhere::INSTR")
    with pytest.raises(InputError, match="adc9"):
        fixture.fire(FIRING, ["adc9"])
    with pytest.raises(InputError, match="adc1"):
        fixture.fire(FIRING, [], "adc1")


# ------------------------------------------------------------------------------ whole procedures


@pytest.fixture(scope="module", params=["truth_table", "pulse_width"])
def measured(
    request: pytest.FixtureRequest,
    served: tuple[str, VirtualFixture],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Measurement, Path]:
    folder = tmp_path_factory.mktemp("measured")
    where = station_file(folder, served[0])
    record = bench.measure(BOARD, "circuit", where, folder, procedure_name=request.param)
    return record, folder


def test_the_truth_table_shows(measured: tuple[Measurement, Path]) -> None:
    for case, read in zip(BOARD.cases, measured[0].cases, strict=True):
        volts = read.outputs["Y"].value_V
        assert volts is not None
        assert BOARD.logic.level(volts) == case.expected["Y"]
        assert list(read.nodes) == ["HOLD"]


def test_widths_are_the_boards_within_their_uncertainty(
    measured: tuple[Measurement, Path], served: tuple[str, VirtualFixture]
) -> None:
    """At the inputs as they arrived; these have an uncertainty of their own."""
    for read in measured[0].cases:
        pulse, arrived = read.pulses["P"], read.inputs["X"]
        assert pulse.width_s is not None
        assert pulse.U_s is not None
        assert arrived.value_V is not None
        assert arrived.U_V is not None
        assert pulse.channel == "pulse0"
        ends_s = [true_width_s(served[1], arrived.value_V + s * arrived.U_V) for s in (-1, 1)]
        assert ends_s[0] - pulse.U_s < pulse.width_s < ends_s[1] + pulse.U_s
        assert pulse.U_s == pytest.approx(
            expanded_uncertainty(measured[0].channels["pulse0"], pulse.width_s)
        )
        # The clock's 0.5 % at k = 2, rectangular, and no more than a few ticks besides.
        assert pulse.U_s == pytest.approx(0.01 / 3**0.5 * pulse.width_s, abs=3 * TICK_s)


def test_every_firing_is_in_the_journal(measured: tuple[Measurement, Path]) -> None:
    record, folder = measured
    text = (folder / record.made_from["journal"]).read_bytes()
    _, points, _ = journal.parse(text, journal.Point, where="")
    firings = {"truth_table": 3, "pulse_width": 20}[record.procedure]
    for point in points:
        assert len(point.widths_s["P"]) == firings
        assert len(point.readings_V["Y"]) == firings
        assert max(point.widths_s["P"]) - min(point.widths_s["P"]) <= 2 * TICK_s * 1.001
    (ticks,) = (c for c in record.channels["pulse0"] if c.name == "ticks")
    assert ticks.u_s == pytest.approx(TICK_s / 6**0.5)


def test_a_run_that_was_cut_short_keeps_its_widths(
    served: tuple[str, VirtualFixture], tmp_path: Path
) -> None:
    def stop(done: int, _total: int, _next: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    where = station_file(tmp_path, served[0])
    with pytest.raises(KeyboardInterrupt):
        bench.measure(BOARD, "c", where, tmp_path, progress=stop)
    (path,) = tmp_path.glob("*.jsonl")
    kept = journal.parse(path.read_bytes(), journal.Point, where="")[1]
    record = bench.measure(BOARD, "c", where, tmp_path, resume=True)
    points = journal.parse(path.read_bytes(), journal.Point, where="")[1]
    assert points[0] == kept[0]
    assert points[0].widths_s["P"]
    assert [read.pulses["P"].width_s is not None for read in record.cases] == [True, True]


def test_a_pulse_that_cannot_be_timed_is_unset_and_told(firmware: Path, tmp_path: Path) -> None:
    """A terminal that is always high, as where a wire went to the supply."""
    stuck = TestPoint("STUCK", "P15V", kind="pulse", level_V=6.0)
    board = replace(BOARD, test_points=(*BOARD.test_points, stuck), cases=BOARD.cases[1:])
    with serving(board, firmware) as (address, _):
        record = bench.measure(board, "c", station_file(tmp_path, address), tmp_path)
    (read,) = record.cases
    assert read.pulses["P"].width_s is not None
    assert (read.pulses["STUCK"].width_s, read.pulses["STUCK"].channel) == (None, "pulse1")
    assert any("STUCK could not be timed: high before" in each for each in record.instruments)
    assert "pulse1" not in record.channels
    assert records.decode(records.encode(record)) == record


# ----------------------------------------------------------------------------------- the station


def real(more: str = "") -> station.Station:
    return station.parse(f'name = "s"\n[fixture]\naddress = "ASRL/dev/x::INSTR"\n{more}')


def test_the_default_wiring_is_the_connectors() -> None:
    assert station.wiring_for(real('open = ["dac0"]'), BOARD) == WIRING
    assert station.wiring_for(station.parse('name = "v"\n[virtual]\n'), BOARD) == WIRING


def test_what_must_be_open_is_not_left_grounded() -> None:
    with pytest.raises(InputError, match=r"X must be open .* say so: \[fixture\] open = \[.dac0"):
        station.wiring_for(real(), BOARD)
    grounded = replace(BOARD, ports=(replace(BOARD.ports[0], safe="0V"), *BOARD.ports[1:]))
    with pytest.raises(InputError, match=r"X must be grounded .* put dac0's jumper in"):
        station.wiring_for(real('open = ["dac0"]'), grounded)
    with pytest.raises(InputError, match="'adc0' is no source"):
        real('open = ["adc0"]')


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('P = "adc3"', "P is a pulse: it needs a pulse channel"),
        ('HOLD = "pulse1"', "HOLD is measured"),
        ('TRIG = "reset"', "TRIG is the trigger"),
        ('RST = "line3"', "RST is the reset"),
    ],
)
def test_a_terminal_goes_to_a_channel_of_its_kind(line: str, told: str) -> None:
    table = 'open = ["dac0"]\n[wiring.one_shot]\nX = "dac0"\nY = "adc1"\n' + line
    with pytest.raises(InputError, match=told):
        station.wiring_for(real(table), BOARD)


def test_a_board_of_pulses_needs_its_trigger_wired() -> None:
    table = 'open = ["dac0"]\n[wiring.one_shot]\nX = "dac0"\nY = "adc1"\nRST = "reset"\n'
    with pytest.raises(InputError, match='trigger TRIG has no source; add TRIG = "trigger"'):
        station.wiring_for(real(table), BOARD)


def test_a_pulse_far_from_the_fixtures_threshold_is_refused() -> None:
    point = replace(BOARD.test_points[0], level_V=1.0)
    board = replace(BOARD, test_points=(point, *BOARD.test_points[1:]))
    with pytest.raises(InputError, match=r"P is timed at 1 V .*3\.1 to 9\.1 V"):
        station.wiring_for(real('open = ["dac0"]'), board)


def test_a_crystal_narrows_the_widths() -> None:
    from realnet_hw.measure import assemble

    reading = station.Reading()
    u_s = {
        clock: expanded_uncertainty(
            assemble.planned_budgets({"P": "pulse0"}, reading, clock)["pulse0"], 11e-3
        )
        for clock in ("resonator", "crystal")
    }
    assert u_s["resonator"] == pytest.approx(64e-6, rel=0.02)
    assert u_s["crystal"] < 1.5e-6
    assert real('clock = "crystal"').clock == "crystal"
    assert real().clock == "resonator"
