"""The sketch pad: what is drawn is recorded with its extent, and nothing may slant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, GRID_mm, Point, snapped
from realnet_hw.drawing.pad import Pad, PadPart, PadUnit, Wire

RESISTOR = PadPart("R7", "Device:R", "4.99k")
TEST_POINT = PadPart("TP3", "Connector:TestPoint", "H1")
PACKAGE = PadPart("U1", "Amplifier_Operational:TL074", "TL074")


@pytest.fixture
def pad(kicad: str) -> Pad:
    return Pad(
        {"r": RESISTOR, "tp": TEST_POINT},
        {"a": PadUnit(PACKAGE, ("5", "6", "7"))},
        [PACKAGE],
        {"GND", "+12V", "-12V"},
    )


def test_pins_of_a_lying_resistor(pad: Pad) -> None:
    # Ref: KiCad library Device, symbol R: pins 7.62 mm apart, pin 1 above.
    assert pad.put("r", 10.16, 5.08, rotation=90) == {"1": (6.35, 5.08), "2": (13.97, 5.08)}


def test_extent_holds_body_pins_and_texts(pad: Pad) -> None:
    pad.put("r", 0, 0, texts="right")
    extent = pad.drawing.extent()
    assert (extent.top, extent.bottom) == (-3.81, 3.81)
    assert extent.left == pytest.approx(-1.016)
    assert extent.right > 1.016 + text.width("4.99k")


def test_second_amplifier_of_a_package_with_inverting_input_above(pad: Pad) -> None:
    pins = pad.amplifier("a", 0, 0)
    assert pins.inverting.y < pins.non_inverting.y
    assert pins.output == (7.62, 0)
    assert pad.drawing.symbols[0].shown_reference == "U1B"


def test_supply_unit_is_found_by_its_pin(pad: Pad) -> None:
    pins = pad.package_unit(0, "4", 0, 0)
    assert set(pins) == {"4", "11"}
    assert pins["4"].y < pins["11"].y


@pytest.mark.parametrize(
    ("net", "direction", "rotation"),
    [("+12V", "up", 0), ("-12V", "down", 180), ("GND", "down", 0), ("GND", "left", 270)],
)
def test_power_symbols_point_away(pad: Pad, net: str, direction: str, rotation: int) -> None:
    pad.power(net, 0, 0, direction)  # type: ignore[arg-type]
    symbol = pad.drawing.symbols[0]
    assert symbol.rotation == rotation
    box = symbol.extent()
    reach = {"up": -box.top, "down": box.bottom, "left": -box.left, "right": box.right}
    assert max(reach, key=lambda side: reach[side]) == direction


def test_a_rail_ends_in_a_symbol_and_a_signal_in_a_label(pad: Pad) -> None:
    pad.end("GND", 0, 0, "left")
    pad.end("H1", 0, 5.08, "left")
    assert [symbol.lib_id for symbol in pad.drawing.symbols] == ["power:GND"]
    assert [(label.net, label.side) for label in pad.drawing.labels] == [("H1", "left")]
    assert pad.drawing.labels[0].extent().right == 0


def test_slanting_wire_is_refused(pad: Pad) -> None:
    with pytest.raises(ValueError, match="slanting"):
        pad.wire((0, 0), (2.54, 2.54))


def test_wire_of_no_length_is_left_out(pad: Pad) -> None:
    pad.wire((0, 0), (0, 0), (2.54, 0))
    assert pad.drawing.wires == [Wire(Point(0, 0), Point(2.54, 0))]


@settings(deadline=None)
@given(st.integers(-50, 50), st.integers(-50, 50))
def test_wire_holds_what_lies_between_its_ends(x: int, y: int) -> None:
    wire = Wire(Point(-10, 0), Point(10, 0))
    assert wire.holds(Point(x, y)) == (y == 0 and -10 < x < 10)


@settings(deadline=None)
@given(st.floats(-200, 200), st.floats(-200, 200))
def test_moving_a_drawing_moves_its_extent(dx: float, dy: float) -> None:
    pad = Pad({}, {}, [], ())
    pad.wire((0, 0), (10.16, 0), (10.16, 5.08))
    pad.label("X1", 0, 0, "left")
    before, after = pad.drawing.extent(), pad.drawing.moved(dx, dy).extent()
    assert after.left == pytest.approx(before.left + dx, abs=1e-3)
    assert after.bottom == pytest.approx(before.bottom + dy, abs=1e-3)


@settings(deadline=None)
@given(st.floats(0, 500))
def test_snapped_is_on_the_grid_and_not_below(length: float) -> None:
    result = snapped(length)
    assert result >= length - 1e-4
    assert result < length + GRID_mm + 1e-4
    assert abs(result / GRID_mm - round(result / GRID_mm)) < 1e-3


def test_overlap_is_the_depth_and_negative_is_the_distance() -> None:
    box = Box(0, 0, 10, 10)
    assert box.overlap(Box(8, 3, 20, 20)) == 2
    assert box.overlap(Box(13, 0, 20, 10)) == -3
