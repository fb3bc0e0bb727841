"""Calibrations of drawn fixtures by the real firmware: are the figures right, do they count?"""

import dataclasses
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from realnet_hw import records
from realnet_hw.emulate.front_end import FrontEnd
from realnet_hw.emulate.hidden import sense_line, source_line
from realnet_hw.emulate.truths import FIXTURES
from realnet_hw.emulate.unrest import still
from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure.calibration import stored
from realnet_hw.measure.calibration.assess import assess, correction_for, figures
from realnet_hw.measure.calibration.budget import components, expanded_V
from realnet_hw.measure.calibration.in_use import in_use
from realnet_hw.measure.calibration.line import Line
from realnet_hw.measure.calibration.pair import Driven, confirm, read_then
from realnet_hw.measure.calibration.procedure import NOISE, Plan, TakenPoint
from realnet_hw.measure.calibration.run import check_resumed, checks_of
from realnet_hw.measure.calibration.standards import DmmTable
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.fixture_specification import (
    ADC_INL_BOUND_V,
    DAC_CHANNELS,
    LSB_V,
    SENSE_CHANNELS,
    adc_components,
    dac_components,
    repeatability,
)
from realnet_hw.measure.journal import Journal
from realnet_hw.records import (
    CalibrationReading,
    ChannelCalibration,
    Component,
    FixtureCalibration,
)
from realnet_hw.uncertainty import check_budget, expanded_uncertainty
from tests.measure.calibration.emulated import KEYSIGHT, EmulatedMeter, OnBench, on_bench

QUICK = Plan(
    asked=5, typed=5, unasked=5, fixed=2, checks=3, typed_checks=2, rounds=2, average=2,
    settle_s=1e-3, singles=16,
)  # fmt: skip
HANDHELD = DmmTable(
    driver="typed", model="handheld", percent_of_reading=0.02, percent_of_range=0.004, range_V=50
)
TODAY = "2026-11-22"


def found_on(on: OnBench) -> dict[str, ChannelCalibration]:
    return figures(assess(on.calibrating.take()), on.standard, on.calibrating.held)


def misses(on: OnBench, found: dict[str, ChannelCalibration]) -> list[float]:
    """How far off gain and offset of each channel are, in expanded uncertainties."""
    own = on.virtual.front_end
    quiet = FrontEnd(dataclasses.replace(own.errors, hum=still), own.circuit)
    off = []
    for name, each in found.items():
        line = source_line if name in DAC_CHANNELS else sense_line
        true = line(quiet, int(name[3:]), on.virtual.now_s)
        off.append(abs(each.gain - true.gain) / each.U_gain)
        off.append(abs(each.offset_V - true.offset_V) / each.U_offset_V)
    return off


def record_of(on: OnBench, found: dict[str, ChannelCalibration]) -> FixtureCalibration:
    return FixtureCalibration(
        made_from={}, station="test", path="virtual", firmware="", standard=on.standard, method="",
        started_utc="", finished_utc="", date=TODAY, expires="2027-11-22", channels=found,
        checks=[], mid_V=on.calibrating.mid_V,
        readings=[
            CalibrationReading(
                key=point.point, lead=point.lead, set_V=point.set_V, time_utc=point.time_utc,
                standard_V=point.standard_V, readings_V=point.readings_V,
            )
            for point in on.calibrating.taken()
        ],
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Calibrated:
    on: OnBench
    record: FixtureCalibration


@pytest.fixture(scope="module")
def calibrated(firmware: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calibrated]:
    """A fixture that holds its corrections."""
    folder = tmp_path_factory.mktemp("calibrated")
    with on_bench(firmware, folder, seed=11, truth="at_bounds", plan=QUICK) as on:
        record = record_of(on, found_on(on))
        stored.store(on.calibrating.fixture, TODAY, stored.corrections_of(record.channels))
        yield Calibrated(on, record)


# ------------------------------------------------------------------------------------- the figures


def test_hidden_gains_and_offsets_lie_within_what_is_stated(firmware: Path, tmp_path: Path) -> None:
    # Eight fixtures of all shapes; a hundred of each are in tests/benchmarks/calibration.py.
    off = []
    for seed, truth in enumerate([*FIXTURES, "stepped", "curved"]):
        warm_s = 10.0 if truth == "drifting" else 0.1
        with on_bench(firmware, tmp_path, seed=seed, truth=truth, plan=QUICK, warm_s=warm_s) as on:
            found = found_on(on)
            off += misses(on, found)
            for name in SENSE_CHANNELS:
                assert 0.28 * LSB_V < found[name].noise_V < LSB_V
                assert found[name].residual_V < ADC_INL_BOUND_V + 2 * LSB_V
    assert sum(each <= 1 for each in off) >= 0.89 * len(off)
    assert max(off) < 2


@pytest.mark.parametrize("table", [HANDHELD, None])
def test_sources_are_found_through_senses(
    firmware: Path, tmp_path: Path, table: DmmTable | None
) -> None:
    with on_bench(firmware, tmp_path, seed=5, truth="even", plan=QUICK, table=table) as on:
        found = found_on(on)
        assert max(misses(on, found)) < 1
    assert found["dac3"].through == list(SENSE_CHANNELS)
    assert not on.standard.traceable
    # No source is surer than the senses that found it.
    assert found["dac3"].U_gain > found["adc0"].U_gain


def test_a_traceable_meter_has_a_certificate(calibrated: Calibrated) -> None:
    assert calibrated.on.standard.traceable
    assert calibrated.on.standard.certificate == KEYSIGHT.certificate


# --------------------------------------------------------------------------- the corrections in use


def test_the_firmware_corrects_what_was_found(calibrated: Calibrated) -> None:
    on, fixture = calibrated.on, calibrated.on.calibrating.fixture
    points = on.calibrating.check()
    checks = checks_of(calibrated.record, points)
    assert len(checks) == QUICK.checks * (len(SENSE_CHANNELS) + 1)
    assert all(abs(each.value_V - each.level_V) <= each.U_V for each in checks)
    # Every gain and offset of this fixture is near a bound: uncorrected it would be off by more.
    assert any(
        abs(each.gain * 9 + each.offset_V) > 3 * expanded_V(calibrated.record, name, 9.0)
        for name, each in calibrated.record.channels.items()
    )
    assert stored.date_in(fixture) == TODAY


def test_points_of_a_calibration_do_not_depend_on_what_is_held(calibrated: Calibrated) -> None:
    on = calibrated.on
    again = dataclasses.replace(
        on.calibrating,
        held=stored.corrections_in(on.calibrating.fixture),
        journal=Journal.begin(
            on.calibrating.journal.path.with_name("again.jsonl"), on.calibrating.journal.header
        ),
    )
    with again.journal:
        found = figures(assess(again.take()), on.standard, again.held)
    assert max(misses(on, found)) < 1.2
    assert found["adc0"].found_ppm == calibrated.record.channels["adc0"].correction_ppm


# -------------------------------------------------------------------------------- counting, or not


def test_the_record_that_fits_the_fixture_counts(calibrated: Calibrated, tmp_path: Path) -> None:
    fixture = calibrated.on.calibrating.fixture
    other = msgspec.structs.replace(calibrated.record, channels={})
    records.write(tmp_path / "b.json", records.encode(calibrated.record))
    records.write(tmp_path / "c.json", records.encode(other))
    (tmp_path / "d.json").write_text("{}")
    found = in_use(fixture, folder=tmp_path, today=date(2027, 11, 22))
    assert found.record == calibrated.record
    assert found.summary.record == "b.json"
    assert found.summary.traceable
    assert "traceable" in found.summary.note
    assert found.components("adc7") is None

    late = in_use(fixture, folder=tmp_path, today=date(2027, 11, 23))
    assert late.components("adc0") is None
    assert "expired on 2027-11-22" in late.summary.note
    with pytest.raises(BenchError, match="expired on 2027-11-22"):
        in_use(fixture, folder=tmp_path, is_required=True, today=date(2027, 11, 23))
    with pytest.raises(BenchError, match="holds another calibration"):
        in_use(fixture, folder=tmp_path, named=tmp_path / "c.json")
    with pytest.raises(InputError, match=r"d\.json"):
        in_use(fixture, folder=tmp_path, named=tmp_path / "d.json")


def test_without_a_record_the_specification_counts(calibrated: Calibrated, tmp_path: Path) -> None:
    fixture = calibrated.on.calibrating.fixture
    found = in_use(fixture, folder=tmp_path)
    assert found.record is None
    assert "specification of the fixture, for its record is not in" in found.summary.note
    with pytest.raises(BenchError, match="realnet calibrate"):
        in_use(fixture, folder=tmp_path, is_required=True)


def test_a_fixture_that_holds_none_is_told_from_one_that_does(
    firmware: Path, tmp_path: Path
) -> None:
    with on_bench(firmware, tmp_path, seed=1, truth="even", plan=QUICK) as on:
        fixture = on.calibrating.fixture
        assert in_use(fixture, folder=tmp_path).summary.note == "none; specification of the fixture"
        with pytest.raises(BenchError, match="holds no calibration"):
            in_use(fixture, folder=tmp_path, named=tmp_path / "any.json")


def test_budgets_are_narrower_and_whole(calibrated: Calibrated) -> None:
    quiet = repeatability(1e-4, 10, 5)
    for name in SENSE_CHANNELS:
        own = components(calibrated.record, name)
        assert own is not None
        check_budget(own)
        narrow = expanded_uncertainty(adc_components(quiet, own), 5.0)
        assert narrow < 0.5 * expanded_uncertainty(adc_components(quiet), 5.0)
        assert narrow > expanded_V(calibrated.record, name, 5.0)
    for name in DAC_CHANNELS:
        own = components(calibrated.record, name)
        assert own is not None
        check_budget(own)
        wide = expanded_uncertainty(dac_components(), 5.0)
        assert expanded_uncertainty(dac_components(own), 5.0) < wide


@pytest.mark.parametrize(("until", "days"), [("2027-11-22", 365), ("2026-11-23", 1)])
def test_the_reference_drifts_between_two_temperatures_and_ages(
    calibrated: Calibrated, until: str, days: int
) -> None:
    record = msgspec.structs.replace(calibrated.record, expires=until)
    budget = components(record, "adc0")
    assert budget is not None
    (drift,) = (each for each in budget if each.name == "reference drift")
    # U-shaped 100 ppm/K, times uniform 5 K from 25 C on either day; 120 ppm in 1000 hours, slowing
    # down with the root.
    warmth = 100 / math.sqrt(2) * math.sqrt(2) * 5 / math.sqrt(3)
    ageing = 120 * math.sqrt(days * 24 / 1000) / math.sqrt(2)
    assert drift.u_relative == pytest.approx(1e-6 * math.hypot(warmth, ageing))


def drift_of(record: FixtureCalibration, channel: str, name: str) -> Component:
    budget = components(record, channel)
    assert budget is not None
    return next(each for each in budget if each.name == name)


def test_a_room_that_was_read_leaves_less_open(calibrated: Calibrated) -> None:
    def u_ppm(room_C: float | None) -> float:
        record = msgspec.structs.replace(calibrated.record, room_C=room_C, expires=TODAY)
        return 1e6 * drift_of(record, "adc0", "reference drift").u_relative

    # Now at 25 C within 5 K; then at 25 C within 1 K, or at 30 C.
    assert u_ppm(25.0) == pytest.approx(100 / math.sqrt(6) * math.hypot(5, 1))
    assert u_ppm(30.0) == pytest.approx(100 / math.sqrt(6) * math.hypot(5, 1, 5 * math.sqrt(3)))
    assert u_ppm(25.0) < u_ppm(None) < u_ppm(30.0)


@pytest.mark.parametrize("channel", ["adc3", "dac2"])
def test_parts_drift_with_the_room_and_age_with_the_days(
    calibrated: Calibrated, channel: str
) -> None:
    first = "sense drift" if channel == "adc3" else "DAC drift"
    year, day = (
        drift_of(msgspec.structs.replace(calibrated.record, expires=until), channel, first)
        for until in ("2027-11-22", "2026-11-23")
    )
    assert day.u_V < year.u_V
    assert day.u_relative < year.u_relative
    if channel == "adc3":
        # Three resistors that count 0.4, 0.4 and 0.8: 25 ppm/K each, and 100 ppm in a year.
        both_K = math.sqrt(2) * 5 / math.sqrt(3)
        each_ppm = math.hypot(25 * both_K, 100) / math.sqrt(3)
        assert 1e6 * year.u_relative == pytest.approx(math.hypot(0.4, 0.4, 0.8) * each_ppm)


@pytest.mark.parametrize("seed", [17, 11])
def test_a_controller_on_another_shield_is_noticed(
    calibrated: Calibrated, firmware: Path, tmp_path: Path, seed: int
) -> None:
    # Seed 11 is the shield itself, on another day: it has warmed up for longer.
    path = tmp_path / "a.json"
    records.write(path, records.encode(calibrated.record))
    with on_bench(firmware, tmp_path, seed=seed, truth="at_bounds", plan=QUICK, warm_s=2.0) as on:
        fixture = on.calibrating.fixture
        stored.store(fixture, TODAY, stored.corrections_of(calibrated.record.channels))
        fixture.average(7)
        if seed == 11:
            found = in_use(fixture, folder=tmp_path, is_required=True)
            assert found.record == calibrated.record
            assert fixture.ask("SENS:AVER?") == "7"
            return
        for named, is_required in ((path, False), (None, True)):
            with pytest.raises(BenchError, match="not of this shield, or it has drifted"):
                in_use(fixture, folder=tmp_path, named=named, is_required=is_required)
        assert stored.date_in(fixture) == TODAY
        found = in_use(fixture, folder=tmp_path)
        assert found.components("adc0") is None
        assert "WARNING" in found.summary.note
        # What the other shield needs would put this one outside of its specification.
        assert stored.all_same(stored.corrections_in(fixture), {})


@pytest.mark.parametrize("seed", [17, 11])
def test_a_source_that_is_not_where_it_was_is_another_shields(
    calibrated: Calibrated, firmware: Path, tmp_path: Path, seed: int
) -> None:
    # Also without the mid reference, and with codes that were calibrated far apart: 4 V.
    with on_bench(firmware, tmp_path, seed=seed, truth="at_bounds", plan=QUICK, warm_s=3.0) as on:
        fixture = on.calibrating.fixture
        stored.store(fixture, TODAY, stored.corrections_of(calibrated.record.channels))
        on.calibrating.put("dac0")
        fixture.source({"dac0": 1.25})
        driven = {"X1 at dac0": Driven("dac0", "adc0", 1.25)}
        if seed == 11:
            confirm(calibrated.record, driven, fixture)
            return
        with pytest.raises(BenchError, match=r"^X1 at dac0: adc0 reads .* this is another shield"):
            confirm(calibrated.record, driven, fixture)


@pytest.mark.parametrize(
    "driven", [Driven("dac0", "adc0", 9.9), Driven("dac0", "adc7", 0.0), Driven("dac6", "adc0", 0)]
)
def test_where_a_calibration_did_not_look_it_says_nothing(
    calibrated: Calibrated, driven: Driven
) -> None:
    """Beyond its last level, at a sense that no wire reaches, at a source that is not there."""
    assert read_then(calibrated.record, driven) is None


# ------------------------------------------------------------------------------- what may go wrong


def test_an_interrupted_one_is_safe_and_goes_on_where_it_stopped(
    firmware: Path, tmp_path: Path
) -> None:
    benches: list[OnBench] = []

    def stop(_done: int, _total: int, key: str) -> None:
        if key == "dac1/03":
            assert benches[0].virtual.connected
            raise KeyboardInterrupt

    def interrupted() -> None:
        with on_bench(firmware, tmp_path, seed=2, truth="even", plan=QUICK) as on:
            benches.append(on)
            on.calibrating.progress = stop
            on.calibrating.take()

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not benches[0].virtual.connected
    journal = tmp_path / "even-2.jsonl"
    kept = [line for line in journal.read_text().splitlines() if '"point"' in line]
    assert len(kept) == 2 + QUICK.asked + 2

    journal.rename(tmp_path / "before.jsonl")
    with on_bench(firmware, tmp_path, seed=2, truth="even", plan=QUICK) as on:
        header = on.calibrating.journal.header
        resumed = Journal.resume(tmp_path / "before.jsonl", header, TakenPoint)
        with resumed:
            points = dataclasses.replace(on.calibrating, journal=resumed).take()
    assert len(points) == 1 + len(DAC_CHANNELS) * QUICK.asked
    assert (tmp_path / "before.jsonl").read_text().splitlines()[1 : 1 + len(kept)] == kept


def test_another_shield_does_not_go_on_with_a_calibration(
    calibrated: Calibrated, firmware: Path, tmp_path: Path
) -> None:
    with on_bench(firmware, tmp_path, seed=17, truth="at_bounds", plan=QUICK) as on:
        others = dataclasses.replace(on.calibrating, journal=calibrated.on.calibrating.journal)
        with pytest.raises(BenchError, match="another shield than the calibration was begun with"):
            others.take()


def test_a_calibration_goes_on_with_what_the_fixture_held_or_what_the_points_make(
    calibrated: Calibrated, tmp_path: Path
) -> None:
    whole, standard = calibrated.on.calibrating, calibrated.on.standard
    before = whole.held
    now = stored.corrections_in(whole.fixture)
    check_resumed(whole, before, standard)
    check_resumed(dataclasses.replace(whole, held=now), before, standard)
    strange = {**now, "adc3": Correction(gain_ppm=now["adc3"].gain_ppm + 1)}
    with Journal.begin(tmp_path / "part.jsonl", whole.journal.header) as part:
        for point in whole.journal.points:
            if point.point != "dac5/03":
                part.record(point)
        for other in (
            dataclasses.replace(whole, held=strange),
            dataclasses.replace(whole, held=now, journal=part),
        ):
            with pytest.raises(BenchError, match="holds other corrections"):
                check_resumed(other, before, standard)


class SlippingMeter(EmulatedMeter):
    """Read wrong at one level, the first time or every time."""

    slips = 1

    def read(self, what: str, expected_V: float, within_V: float) -> float:
        volts = super().read(what, expected_V, within_V)
        if what.startswith("3 of 5") and "dac0" in what and self.slips:
            self.slips -= 1
            return volts + 0.05
        return volts


@pytest.mark.parametrize("slips", [1, 2])
def test_a_reading_off_the_line_is_taken_again(firmware: Path, tmp_path: Path, slips: int) -> None:
    with on_bench(firmware, tmp_path, seed=3, truth="even", plan=QUICK) as on:
        meter = SlippingMeter(on.standard, on.bench)
        meter.slips = slips
        on.calibrating.meter = meter
        if slips == 1:
            assert max(misses(on, found_on(on))) < 1
            assert on.calibrating.journal.get("dac0/03 again") is not None
        else:
            with pytest.raises(BenchError, match=r"dac0/03 again.*one straight line"):
                on.calibrating.take()


def test_a_channel_that_is_too_far_off_is_not_corrected() -> None:
    def line(gain: float, offset_V: float) -> Line:
        return Line(gain, offset_V, 1e-5, 1e-4, (0.0,), 5)

    assert correction_for("dac0", line(0.005, 0.02)) == Correction(gain_ppm=-4975, offset_V=-0.0199)
    assert correction_for("dac0", line(0.0, 0.06)).offset_V == -stored.OFFSET_MAX_V
    # A bow or an S at the bound of nonlinearity adds to gain and offset: a little may be left.
    assert correction_for("dac0", line(0.0108, 0.0)).gain_ppm == -stored.GAIN_MAX_PPM
    for wrong in (line(0.017, 0.0), line(0.0, -0.12)):
        with pytest.raises(BenchError, match="more than can be corrected"):
            correction_for("dac0", wrong)


def test_noise_is_of_single_conversions(calibrated: Calibrated) -> None:
    point = calibrated.on.calibrating.journal.get(NOISE)
    assert point is not None
    steps = [volts / LSB_V for volts in point.readings_V["adc0"]]
    assert len(steps) == QUICK.singles
    assert all(math.isclose(step, round(step), abs_tol=1e-6) for step in steps)
