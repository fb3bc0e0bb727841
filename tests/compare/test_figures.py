"""The report's figures: that they show what the records hold, where it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest

from realnet_hw.compare import compare, figures
from realnet_hw.errors import InputError
from realnet_hw.records import Margins, Measurement, Prediction, WorstBoard
from tests.compare.views import with_views
from tests.compare.worlds import usual

WORLD = usual()
PREDICTION = with_views(WORLD)
MEASURED = WORLD.measurement(1)
COMPARISON = compare(PREDICTION, MEASURED)


class Shapes(HTMLParser):
    """Paths by their fill and stroke, and texts with their place."""

    def __init__(self, image: str) -> None:
        super().__init__()
        self.paths: list[tuple[str, str, np.ndarray]] = []
        self.texts: dict[tuple[str, str], tuple[float, float]] = {}
        self._at: tuple[str, float, float] | None = None
        self.feed(image)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._at = None
        if tag == "text":
            anchor = re.search(r"text-anchor: (\w+)", given["style"])
            assert anchor is not None
            self._at = anchor[1], float(given["x"]), float(given["y"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        style = dict(
            re.split(r":\s*", part, maxsplit=1)
            for part in given.get("style", "").split("; ")
            if part
        )
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", given.get("d", ""))]
        points = np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
        self.paths.append((style.get("fill", ""), style.get("stroke", ""), points))

    def handle_data(self, data: str) -> None:
        if self._at is not None and data.strip():
            anchor, x, y = self._at
            self.texts[data, anchor] = x, y

    @property
    def words(self) -> set[str]:
        return {text for text, _ in self.texts}

    def axis(self, *, across: bool) -> np.ndarray:
        """What turns a place into a value, from the numbers along the axis."""
        anchor, side = ("middle", 0) if across else ("end", 1)
        numbers = {
            at[side]: float(text.replace("−", "-"))
            for (text, of), at in self.texts.items()
            if of == anchor and re.fullmatch(r"−?[\d.]+", text)
        }
        return np.polyfit(list(numbers), list(numbers.values()), 1)

    def rings(self) -> list[tuple[float, float]]:
        """Middles of the rings that show readings."""
        return [
            tuple((p.min(axis=0) + p.max(axis=0)) / 2)
            for fill, stroke, p in self.paths
            if fill == "var(--card)" and stroke == "var(--ink)"
        ]


def test_curves_run_through_their_values_and_readings_lie_where_they_were_read() -> None:
    pictures = figures.curves(PREDICTION, COMPARISON)
    assert [picture.title for picture in pictures] == [
        *("Y over X1 with X2 = 0 V", "Y over X1 with X2 = 5 V"),
        *("Y over X2 with X1 = 0 V", "Y over X2 with X1 = 5 V"),
    ]
    for curve, picture in zip(PREDICTION.curves, pictures, strict=True):
        shapes = Shapes(picture.image)
        across = shapes.axis(across=True)
        up = shapes.axis(across=False)
        lines = [p for fill, stroke, p in shapes.paths if stroke == "var(--accent)"]
        assert len(lines) == 1
        shown_V = np.polyval(up, lines[0][:, 1])
        # matplotlib leaves out points on a straight line; texts hang a little below their number.
        at_V = np.polyval(across, lines[0][:, 0])
        truth_V = np.interp(at_V, curve.input_V, curve.outputs["Y"].nominal_V)
        offset_V = np.median(shown_V - truth_V)
        assert abs(offset_V) < 0.2
        assert shown_V - truth_V == pytest.approx(offset_V, abs=0.05)
        held, held_V = next(iter(curve.held_V.items()))
        expected = [
            (case.inputs[curve.input].measured_V, case.outputs["Y"].measured_V)
            for case in COMPARISON.cases
            if case.inputs[held].set_V == held_V
        ]
        assert len(expected) == 2
        found = [(np.polyval(across, x), np.polyval(up, y) - offset_V) for x, y in shapes.rings()]
        assert sorted(found) == [pytest.approx(e, abs=0.06) for e in sorted(expected)]


def test_a_histogram_has_a_row_for_each_case_and_red_only_where_boards_fail() -> None:
    (picture,) = figures.yields(PREDICTION, COMPARISON)
    shapes = Shapes(picture.image)
    assert {"0, 0 V", "5, 0 V", "0, 5 V", "5, 5 V"} <= shapes.words
    assert sum(fill == "var(--zone)" for fill, _, _ in shapes.paths) == 4
    assert len(shapes.rings()) == 4
    assert "var(--bad)" not in picture.image
    # A board in ten has its output near 2.5 V in the second case.
    column = PREDICTION.statistics.keys.index("1.Y")
    boards_V = np.array(PREDICTION.statistics.boards_V)
    boards_V[:100, column] = 2.5
    spoilt = msgspec.structs.replace(
        PREDICTION,
        statistics=msgspec.structs.replace(PREDICTION.statistics, boards_V=boards_V.tolist()),
    )
    (picture,) = figures.yields(spoilt, COMPARISON)
    shapes = Shapes(picture.image)
    axis = shapes.axis(across=True)
    red = [p for fill, _, p in shapes.paths if fill == "var(--bad)"]
    assert len(red) == 1
    highest = red[0][red[0][:, 1] == red[0][:, 1].min()]
    assert np.polyval(axis, highest[:, 0].mean()) == pytest.approx(2.5, abs=0.06)


def test_the_lead_of_the_right_output_is_what_counts_where_the_largest_answers() -> None:
    keys = [f"{i}.{name}" for i in range(2) for name in ("A", "B")]
    prediction = _largest(PREDICTION)
    assert prediction.statistics.keys == keys
    compared = compare(prediction, _outputs_alone(prediction))
    (picture,) = figures.yields(prediction, compared)
    shapes = Shapes(picture.image)
    assert {"0, 0 V: A", "5, 0 V: B"} <= shapes.words
    axis = shapes.axis(across=True)
    rings = sorted(float(np.polyval(axis, x)) for x, _ in shapes.rings())
    assert rings == pytest.approx([0.5, 1.5], abs=0.02)
    # U of a lead is that of two readings.
    values = [compared.cases[0].outputs[name] for name in "AB"]
    U_V = np.hypot(*(value.U_judged_V for value in values))
    assert U_V > 0.05
    whiskers = [
        np.ptp(np.polyval(axis, p[:, 0]))
        for fill, stroke, p in shapes.paths
        if (fill, stroke) == ("none", "var(--ink)")
    ]
    assert whiskers == pytest.approx([2 * U_V] * 2, rel=0.1)


def test_a_surface_holds_the_thresholds_and_the_readings() -> None:
    (picture,) = figures.surfaces(PREDICTION, COMPARISON)
    shapes = Shapes(picture.image)
    across, up = shapes.axis(across=True), shapes.axis(across=False)
    # Y = X1 + X2 as long as H2 is off, so that it crosses 1.5 V where the inputs' sum is 1.5 V.
    lines = [p for fill, stroke, p in shapes.paths if (fill, stroke) == ("none", "#ffffff")]
    sums_V = np.polyval(across, lines[0][:, 0]) + np.polyval(up, lines[0][:, 1])
    assert sums_V.min() == pytest.approx(1.5, abs=0.15)
    readings = [case.outputs["Y"].measured_V for case in COMPARISON.cases]
    assert {f"{v:.2f} V".replace("-", "−") for v in readings} <= shapes.words


def test_a_transient_has_a_unit_of_time_that_suits_it() -> None:
    (picture,) = figures.transients(PREDICTION)
    shapes = Shapes(picture.image)
    assert "time (µs)" in shapes.words
    slow = msgspec.structs.replace(
        PREDICTION.transients[0], time_s=[1000 * t for t in PREDICTION.transients[0].time_s]
    )
    (picture,) = figures.transients(msgspec.structs.replace(PREDICTION, transients=[slow]))
    assert "time (ms)" in picture.image


def test_names_are_shown_as_they_are_and_nothing_acts() -> None:
    """No formula, no markup, no reference; letters that matplotlib's font lacks."""
    name = "$\\frac{<script>&電"
    curve = PREDICTION.curves[0]
    prediction = msgspec.structs.replace(
        PREDICTION,
        cases=[
            msgspec.structs.replace(case, outputs={name: case.outputs["Y"]})
            for case in PREDICTION.cases
        ],
        curves=[msgspec.structs.replace(curve, outputs={name: curve.outputs["Y"]})],
    )
    comparison = msgspec.structs.replace(
        COMPARISON,
        cases=[
            msgspec.structs.replace(case, outputs={name: case.outputs["Y"]})
            for case in COMPARISON.cases
        ],
    )
    (picture,) = figures.curves(prediction, comparison)
    assert "$\\frac{&lt;script&gt;&amp;電 (V)" in picture.image
    assert not re.search(r"<script|href|url\(|<style|<use| id=", picture.image)


def test_figures_are_the_same_every_time_and_their_colours_are_the_page_s() -> None:
    once, again = (
        [
            *figures.yields(PREDICTION, COMPARISON),
            *figures.curves(PREDICTION, COMPARISON),
            *figures.surfaces(PREDICTION, COMPARISON),
            *figures.transients(PREDICTION),
        ]
        for _ in range(2)
    )
    assert once == again
    for picture in once:
        assert "#0d0" not in picture.image
        if picture.kind != "Response surface":
            assert not re.search(r"#[0-9a-f]{6}", picture.image)
        sizes = [float(s) for s in re.findall(r"font-size: ([\d.]+)px", picture.image)]
        assert min(sizes) >= 10
        assert len(picture.image) < 100_000


def test_without_views_there_are_no_figures_of_them() -> None:
    plain = WORLD.prediction()
    assert figures.curves(plain, COMPARISON) == []
    assert figures.surfaces(plain, COMPARISON) == []
    assert figures.transients(plain) == []
    assert not figures.has_ideal(plain)


def test_of_many_curves_the_first_are_shown_and_the_others_counted() -> None:
    many = msgspec.structs.replace(PREDICTION, curves=PREDICTION.curves * 4)
    assert len(figures.curves(many, COMPARISON)) == figures.MOST
    assert figures.left_out(many) == 16 - figures.MOST
    assert figures.left_out(PREDICTION) == 0


def test_a_flat_curve_and_a_flat_surface_can_be_drawn() -> None:
    curve, surface = PREDICTION.curves[0], PREDICTION.surfaces[0]
    flat = [1.0] * len(curve.input_V)
    trace = msgspec.structs.replace(
        curve.outputs["Y"], nominal_V=flat, low_V=flat, high_V=flat, ideal_V=None
    )
    sheet = msgspec.structs.replace(surface.outputs["Y"], nominal_V=[flat] * len(surface.up_V))
    prediction = msgspec.structs.replace(
        PREDICTION,
        curves=[msgspec.structs.replace(curve, outputs={"Y": trace})],
        surfaces=[msgspec.structs.replace(surface, outputs={"Y": sheet})],
    )
    assert "var(--accent)" in figures.curves(prediction, COMPARISON)[0].image
    assert "1.0" in figures.surfaces(prediction, COMPARISON)[0].image


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"input": "X9"}, "there is no 'X9'"),
        ({"held_V": {"X9": 1.0}}, "there is no 'X9'"),
        ({"input_V": [0.0, 1.0]}, "has 21 values"),
        ({"input_V": [5.0] * 21}, "does not rise"),
        ({"input_V": [0.0, float("inf")]}, "inf"),
    ],
)
def test_a_curve_that_cannot_be_drawn_is_refused(what: dict[str, object], said: str) -> None:
    curve = msgspec.structs.replace(PREDICTION.curves[0], **what)
    with pytest.raises(InputError, match=said):
        compare(msgspec.structs.replace(PREDICTION, curves=[curve]), MEASURED)


def test_a_surface_or_answer_that_cannot_be_drawn_is_refused() -> None:
    surface, transient = PREDICTION.surfaces[0], PREDICTION.transients[0]
    sheet = surface.outputs["Y"]
    ragged = [sheet.nominal_V[0][:-1], *sheet.nominal_V[1:]]
    wrong: list[Prediction] = [
        msgspec.structs.replace(PREDICTION, surfaces=[msgspec.structs.replace(surface, **changed)])
        for changed in (
            {"outputs": {"Y": msgspec.structs.replace(sheet, nominal_V=ragged)}},
            {"outputs": {"Z": sheet}},
            {"up_V": surface.up_V[:-1]},
        )
    ]
    wrong.append(
        msgspec.structs.replace(
            PREDICTION,
            transients=[msgspec.structs.replace(transient, input_V=transient.input_V[1:])],
        )
    )
    for prediction in wrong:
        with pytest.raises(InputError, match=r"surface over X1 and X2|answer to a step at X1"):
            compare(prediction, MEASURED)


def _largest(prediction: Prediction) -> Prediction:
    """Two cases of two outputs: A leads by 0.5 V in the first, B by 1.5 V in the second."""
    random = np.random.default_rng(3)
    volts = [[2.5, 2.0], [1.0, 2.5]]
    boards_V = np.ravel(volts) + random.normal(0, 0.05, (200, 4))
    cases = [
        msgspec.structs.replace(
            prediction.cases[i],
            outputs={
                name: msgspec.structs.replace(
                    prediction.cases[i].outputs["Y"],
                    nominal_V=volts[i][j],
                    low_V=volts[i][j] - 0.2,
                    high_V=volts[i][j] + 0.2,
                    expected=None,
                    logic=None,
                )
                for j, name in enumerate(("A", "B"))
            },
            nodes={},
            largest="AB"[i],
        )
        for i in range(2)
    ]
    return msgspec.structs.replace(
        prediction,
        cases=cases,
        statistics=msgspec.structs.replace(
            prediction.statistics,
            keys=[f"{i}.{name}" for i in range(2) for name in "AB"],
            boards_V=boards_V.tolist(),
            slope_below={"X1": [0.0] * 4, "X2": [0.0] * 4},
            slope_above={"X1": [0.0] * 4, "X2": [0.0] * 4},
        ),
        faults=[],
        curves=[],
        surfaces=[],
        transients=[],
    )


def _outputs_alone(prediction: Prediction) -> Measurement:
    """The nominal board, read without error on the channels of Y and H1."""
    readings = MEASURED.cases[0].outputs["Y"]
    return msgspec.structs.replace(
        MEASURED,
        wiring={
            terminal: channel
            for terminal, channel in MEASURED.wiring.items()
            if terminal.startswith("X")
        }
        | {"A": "adc2", "B": "adc3"},
        cases=[
            msgspec.structs.replace(
                MEASURED.cases[i],
                outputs={
                    name: msgspec.structs.replace(
                        readings, value_V=output.nominal_V, U_V=0.04, channel=channel
                    )
                    for (name, output), channel in zip(
                        case.outputs.items(), ("adc2", "adc3"), strict=True
                    )
                },
                nodes={},
            )
            for i, case in enumerate(prediction.cases)
        ],
    )


def test_boards_that_are_wrong_stand_in_red_left_of_no_margin() -> None:
    margins = Margins(
        edges_V=[-0.5, 0.0, 0.5, 1.0],
        counts=[10, 60, 30],
        deciding={"0.Y": 100},
        worst=[WorstBoard(board=3, case=0, output="Y", margin_V=-0.2)],
    )
    (picture,) = figures.margins(msgspec.structs.replace(PREDICTION, margins=margins))
    shapes = Shapes(picture.image)
    zero_x = shapes.texts["0.0", "middle"][0]
    heights = {}
    for fill, _, points in shapes.paths:
        if fill in ("var(--band)", "var(--bad)") and len(points):
            heights[fill] = np.ptp(points[:, 1])
            inside = points[points[:, 1] < points[:, 1].max(), 0]
            if fill == "var(--bad)":
                assert inside.max() <= zero_x + 1
            else:
                assert inside.min() >= zero_x - 1
    assert heights["var(--bad)"] / heights["var(--band)"] == pytest.approx(10 / 60, rel=0.02)
    assert figures.margins(msgspec.structs.replace(PREDICTION, margins=None)) == []
