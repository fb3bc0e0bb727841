"""The report, read as text and opened in a browser."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import msgspec
import numpy as np
import pytest
from markupsafe import escape
from PIL import Image

from realnet_hw.compare import compare
from realnet_hw.compare.pictures import Axis, en_mark, gauge, level_axis, level_mark
from realnet_hw.compare.report import html
from realnet_hw.errors import InputError
from realnet_hw.records import (
    ComparedCase,
    Conditions,
    FaultSignature,
    Measurement,
    PredictedCase,
    PredictedOutput,
    Prediction,
)
from realnet_hw.uncertainty import expanded_uncertainty
from tests.compare.test_conformity import by_greatest, with_h1_as_output
from tests.compare.views import with_views
from tests.compare.worlds import usual

ROOT = Path(__file__).parents[2]
XOR = ROOT / "boards/xor_opamp/generated/schematic.svg"
"""A drawing with the same terminals as the world below, and two more."""

WORLD = usual()
PREDICTION = WORLD.prediction()
RICH = with_views(WORLD)
GOOD = WORLD.measurement(1)
GOOD_Y = [case.outputs["Y"].value_V for case in GOOD.cases]
RATIOS = np.ones(13)
RATIOS[7] = 1.2
BAD = WORLD.measurement(1, RATIOS)
CLIPPED = msgspec.structs.replace(
    GOOD,
    range_V=10.24,
    cases=[
        msgspec.structs.replace(
            case,
            outputs={
                "Y": msgspec.structs.replace(
                    case.outputs["Y"],
                    value_V=10.235,
                    U_V=expanded_uncertainty(GOOD.channels["adc2"], 10.235),
                )
            },
        )
        for case in GOOD.cases
    ],
)
"""A rail is missing: the output lies at the end of the fixture's range in every case."""
SVG = (
    '<svg viewBox="0 0 30 20" onload="alert(1)"><script>alert(1)</script>'
    '<rect width="30" height="20" style="fill:#f5f4ef"/><text x="2" y="9">R1 10k</text></svg>'
)

CHROMIUM = next(
    (
        program
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (program := shutil.which(name))
    ),
    None,
)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def report(
    measurement: Measurement, prediction: Prediction = PREDICTION, schematic: Path | None = None
) -> str:
    return html(compare(prediction, measurement), prediction, measurement, schematic)


@functools.cache
def good_report() -> str:
    return report(GOOD)


def opened(page: Path, profile: Path, *, width: int = 1280) -> tuple[str, list[str]]:
    """The document after loading, and what the browser said to its console."""
    assert CHROMIUM is not None
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", *quiet, f"--user-data-dir={profile}"),
            *("--enable-logging=stderr", "--v=0", f"--window-size={width},900"),
            *("--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return done.stdout, said


@pytest.fixture
def schematic(tmp_path: Path) -> Path:
    path = tmp_path / "schematic.svg"
    path.write_text(SVG, encoding="utf-8")
    return path


@needs_chromium
def test_the_browser_shows_it_without_a_complaint(tmp_path: Path, schematic: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(report(GOOD, RICH, schematic), encoding="utf-8")
    document, said = opened(page, tmp_path / "profile")
    assert said == []
    assert "<title>PASS · XOR with a known truth</title>" in document
    text = re.sub(r"<[^>]+>", " ", document)
    y = GOOD.cases[1].outputs["Y"]
    assert f"{y.value_V:.3f}" in text
    assert f"± {y.U_V:.3f}" in text
    assert "R1 10k" in text
    assert PREDICTION.circuit_sha256 in text
    assert "adc3" in text
    assert document.count('class="marks"') == 4 + 12


@needs_chromium
def test_the_browser_does_complain_where_there_is_something(tmp_path: Path) -> None:
    """Else the test above could not fail: a script and a picture from outside are blocked."""
    spoilt = good_report().replace(
        "<main",
        '<img src="https://example.invalid/x.png"><script>document.title = "run"</script><main',
    )
    page = tmp_path / "report.html"
    page.write_text(spoilt, encoding="utf-8")
    document, said = opened(page, tmp_path / "profile")
    assert len([line for line in said if "Content Security Policy" in line]) == 2
    assert "<title>run" not in document


_ASK = """onload = () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, view = frame.contentWindow;
    const seen = e => e.getClientRects().length && e.getBoundingClientRect().width > 1
      && !e.closest(".whole[style], details:not([open])") && view.getComputedStyle(e).opacity > 0;
    const boxes = selector => [...page.querySelectorAll(selector)].filter(seen);
    const scrolls = boxes("html, article, .tiled, .gaugelabels, .figures, .choice, table");
    const scale = svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const shown = boxes("svg text").filter(e => scale(e.ownerSVGElement) > 0);
    const drawn = shown.map(e => parseFloat(view.getComputedStyle(e).fontSize)
      * scale(e.ownerSVGElement));
    const size = page.querySelector(".node text");
    const tiles = boxes(".tile svg").map(e => scale(e) * size.getAttribute("font-size"));
    const written = boxes("p, td, th, dd, dt, small, li, h1, h2, h3, label, code")
      .map(e => parseFloat(view.getComputedStyle(e).fontSize));
    const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
    const covered = [];
    for (const figure of page.querySelectorAll(".figures svg")) {
      const texts = [...figure.querySelectorAll("text")].map(e => [e, e.getBoundingClientRect()]);
      texts.forEach(([e, one], i) => texts.slice(i + 1).forEach(([f, other]) => {
        if (meet(one, other)) covered.push(e.textContent + " / " + f.textContent);
      }));
      const around = figure.getBoundingClientRect();
      for (const [e, box] of texts)
        if (box.left < around.left - 1 || box.right > around.right + 1) covered.push(e.textContent);
    }
    const sections = [...page.querySelectorAll("header, section")]
      .map(e => e.getBoundingClientRect());
    return {
      width: view.innerWidth,
      cut: Math.max(...scrolls.map(e => e.scrollWidth - e.clientWidth)),
      wrapped: boxes(".grid .n").some(e => e.clientHeight > 50),
      smallest: Math.min(...drawn, ...written, ...tiles),
      tiles: tiles.length,
      covered,
      stacked: sections.every((box, i) => !i || box.top >= sections[i - 1].bottom),
    };
  });
  document.title = JSON.stringify(found);
}"""


@needs_chromium
def test_it_is_readable_on_a_phone_and_a_screen(tmp_path: Path) -> None:
    """Nothing sticks out or covers anything, no text is smaller than 9 pixels."""
    reports = [report(GOOD, RICH, XOR), report(BAD), report(CLIPPED)]
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{escape(text)}"></iframe>'
        for width in (400, 1280)
        for text in reports
    )
    page = tmp_path / "frames.html"
    page.write_text(
        f'<meta charset="utf-8"><title>not asked</title>{frames}<script>{_ASK}</script>',
        encoding="utf-8",
    )
    document, _ = opened(page, tmp_path / "profile")
    title = re.search(r"<title>(.*?)</title>", document)
    assert title is not None
    found = json.loads(unescape(title[1]))
    assert [seen.pop("width") for seen in found] == [400] * 3 + [1280] * 3
    assert [seen.pop("tiles") for seen in found] == [9] + [0] * 5
    for seen in found:
        assert seen.pop("smallest") >= 9
        assert seen == {"cut": 0, "wrapped": False, "covered": [], "stacked": True}


@needs_chromium
def test_the_case_chosen_is_the_one_whose_voltages_are_shown(tmp_path: Path) -> None:
    """Without a script: by the style sheet alone."""
    ask = """onload = () => {
      const frame = document.querySelector("iframe"), page = frame.contentDocument;
      const seen = () => [...page.querySelectorAll(".whole .node")]
        .filter(e => frame.contentWindow.getComputedStyle(e).visibility === "visible")
        .map(e => e.textContent);
      const found = [...page.querySelectorAll(".nodes input[type=radio]")].map(
        input => { input.click(); return seen(); });
      document.title = JSON.stringify(found);
    }"""
    page = tmp_path / "frame.html"
    page.write_text(
        '<meta charset="utf-8"><title></title>'
        f'<iframe srcdoc="{escape(report(GOOD, schematic=XOR))}"></iframe>'
        f"<script>{ask}</script>",
        encoding="utf-8",
    )
    document, _ = opened(page, tmp_path / "profile")
    title = re.search(r"<title>(.*?)</title>", document)
    assert title is not None
    shown = json.loads(unescape(title[1]))
    for case, texts in zip(GOOD.cases, shown, strict=True):
        readings = {**case.inputs, **case.outputs, **case.nodes}
        assert len(texts) == len(readings)
        for name, reading in readings.items():
            (text,) = [text for text in texts if text.split()[0] == name]
            assert float(text.split()[1].replace("−", "-")) == pytest.approx(
                reading.value_V, abs=6e-4
            )


@needs_chromium
def test_a_picture_of_it_can_be_made(tmp_path: Path) -> None:
    page, out = tmp_path / "report.html", tmp_path / "dark.png"
    page.write_text(good_report(), encoding="utf-8")
    options = ["--width=400", "--dark", "--section=Truth table"]
    subprocess.run(
        [sys.executable, "scripts/screenshot.py", page, out, *options],
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    with Image.open(out) as picture:
        assert picture.width == 800  # two pixels for one
        assert 400 < picture.height < 2000
        assert max(picture.convert("RGB").getpixel((1, 1))) < 40  # a dark page


def test_what_the_record_holds_is_shown_and_nothing_else() -> None:
    rich, plain = report(GOOD, RICH), good_report()
    for words in ("How it answers", "Parts used", "Y over X1 with X2 = 5 V", "MFR-25FBF52-10K"):
        assert words in rich
        assert words not in plain
    assert "Yield of the design" in plain
    assert "Y settles to 1 % in 9.2 µs, but not on all of 60 boards in time" in rich
    assert 'class="tag good">1 ✓' in plain
    hot = msgspec.structs.replace(
        PREDICTION, conditions=Conditions(temperature_C=60.0, supplies_V={"+5V": 4.75})
    )
    assert report(GOOD, hot).count("60 °C, +5V at 4.75 V") == 2


def test_values_and_the_greatest_output_are_told_apart_from_levels() -> None:
    windows = judged(PREDICTION, lambda case, output: {"window_V": (-1.0, 2.0)})
    text = report(GOOD, windows)
    assert text.count('<span class="tag good">within ✓</span>') == 2  # Y of 0 V, 5 V, 5 V, 0 V
    assert text.count('<span class="tag bad">outside ✗</span>') == 2
    edge = judged(PREDICTION, lambda case, output: {"window_V": (-9.0, GOOD_Y[case])})
    assert report(GOOD, edge).count('<span class="tag doubt">? at the edge</span>') == 4
    assert "An output is 0 below" not in text
    assert "An output is 0 below" in good_report()


def test_a_board_of_which_nothing_is_asked_has_no_yield() -> None:
    hollow = msgspec.structs.replace(judged(PREDICTION, lambda case, output: {}), yield_=None)
    text = " ".join(report(GOOD, hollow).split())
    assert "Nothing is asked of the outputs, so that no board drawn is right or wrong" in text
    assert "<dt>boards predicted to work</dt><dd>–</dd>" in text
    for wrong in ("of 1000", "An output is 0 below", "level is 0 or 1", "where they should be"):
        assert wrong in " ".join(good_report().split())
        assert wrong not in text


def judged(
    prediction: Prediction, change: Callable[[int, PredictedOutput], dict[str, object]]
) -> Prediction:
    """The prediction with its output Y judged by something else than its level."""
    return msgspec.structs.replace(
        prediction,
        cases=[
            msgspec.structs.replace(
                case,
                outputs={
                    "Y": msgspec.structs.replace(
                        case.outputs["Y"], expected=None, **change(i, case.outputs["Y"])
                    )
                },
            )
            for i, case in enumerate(prediction.cases)
        ],
    )


def test_many_inputs_are_named_beside_their_case_and_not_in_columns() -> None:
    def wide(case: ComparedCase | PredictedCase) -> ComparedCase | PredictedCase:
        extra = {f"X{i}": case.inputs["X1"] for i in range(3, 8)}
        return msgspec.structs.replace(case, inputs={**case.inputs, **extra})

    comparison = compare(PREDICTION, GOOD)
    comparison = msgspec.structs.replace(
        comparison, cases=[wide(case) for case in comparison.cases]
    )
    prediction = msgspec.structs.replace(
        PREDICTION, cases=[wide(case) for case in PREDICTION.cases]
    )
    text = html(comparison, prediction, GOOD, XOR)
    assert "<th>case</th><th>predicted</th>" in text
    assert "<th>X1</th>" not in text
    assert "<caption>Case 2: X1 = 5 V, X2 = 0 V, X3 = 5 V" in text
    assert '<label for="case1">case 2</label>' in text
    assert ">case 2</text>" in text  # the histogram's row


def test_outputs_judged_against_each_other_stand_side_by_side() -> None:
    prediction, measurement = by_greatest(PREDICTION), with_h1_as_output(GOOD)
    found = compare(prediction, measurement)
    wrong = msgspec.structs.replace(found.cases[0], largest="Y", largest_measured="H1")
    found = msgspec.structs.replace(found, cases=[wrong, *found.cases[1:]])
    text = html(found, prediction, measurement)
    table = text.partition("<h2>Truth table</h2>")[2].partition("</section>")[0]
    assert table.count("<table") == 1
    assert re.findall("<th>(.*?)</th>", table) == ["X1", "X2", "Y", "H1", "largest"]
    winners = [case.outputs[case.largest_measured or ""].measured_V for case in found.cases]
    marks = re.findall(r'<span class="tag (good|bad)">([0-9.]+)</span>', table)
    assert marks == [
        (tone, f"{value_V:.3f}")
        for tone, value_V in zip(("bad", "good", "good", "good"), winners, strict=True)
    ]
    assert 'Y <span class="tag bad">not largest ✗</span>' in " ".join(table.split())


def test_cases_with_long_names_are_numbered_and_the_one_shown_is_said() -> None:
    def uneven(case: ComparedCase | PredictedCase) -> ComparedCase | PredictedCase:
        moved = {
            f"X{i}": msgspec.structs.replace(put, set_V=put.set_V + 0.0123456)
            for i, put in enumerate([*case.inputs.values()] * 2, 1)
        }
        return msgspec.structs.replace(case, inputs=moved)

    found = compare(PREDICTION, GOOD)
    found = msgspec.structs.replace(found, cases=[uneven(case) for case in found.cases])
    prediction = msgspec.structs.replace(PREDICTION, cases=[*map(uneven, PREDICTION.cases)])
    text = html(found, prediction, GOOD, XOR)
    assert '<label for="case1">case 2</label>' in text
    said = "Case 2: X1 = 5.012 V, X2 = 0.012 V, X3 = 5.012 V, X4 = 0.012 V. "
    assert f'<span class="case1">{said}</span>' in text
    assert "#case1:checked ~ .chosen .case1 { display: inline; }" in text
    assert "<th>case</th><th>X1</th>" in text


def test_a_reading_at_the_end_of_the_range_is_said_to_be_there() -> None:
    """And a statistic of millions is a short figure."""
    text = report(CLIPPED)
    assert text.count("<b>≥ 10.2</b><small> end of range</small>") == 8
    assert "A reading with ≥ or ≤ stands at the end" in text
    statistic = compare(PREDICTION, CLIPPED).agreement.statistic
    assert statistic > 1e4
    shown = re.search(r"this board <b>(\d\.\de\d)</b>", text)
    assert shown is not None
    assert float(shown[1]) == pytest.approx(statistic, rel=0.05)
    assert "end of range" not in report(msgspec.structs.replace(CLIPPED, range_V=None))
    assert "≥" not in report(msgspec.structs.replace(GOOD, range_V=10.24))


def test_it_says_which_bands_hold_how_many_boards() -> None:
    text = " ".join(good_report().split())
    assert "holds 95 % of boards, as the U beside it" in text
    assert "the wider one that holds 99 %" in text


def test_it_stands_alone() -> None:
    text = report(GOOD, RICH, XOR)
    assert len(text) < 1_500_000
    assert not re.search(
        r"<script|<iframe|<object|<embed|<form|@import|\son\w+\s*=", text, re.IGNORECASE
    )
    addresses = re.findall(r"(?:https?:)?//[^\s\"'<>]*", text)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}  # a name, which nothing fetches
    assert set(re.findall(r"(?:href|src)\s*=\s*\"([^\"]*)\"", text)) == {*("data:,", "#drawing")}
    assert "url(" not in text


def test_what_comes_from_records_is_text() -> None:
    attack = "</title><script>alert('1')</script>"
    prediction = msgspec.structs.replace(
        PREDICTION,
        title=attack,
        faults=[FaultSignature(fault=attack, values_V=f.values_V) for f in PREDICTION.faults[-1:]],
    )
    measurement = msgspec.structs.replace(
        GOOD, station=attack, firmware=attack, instruments=[attack], made_from={attack: attack}
    )
    text = report(measurement, prediction)
    assert "<script" not in text
    assert text.count(str(escape(attack))) >= 7


def test_verdicts_look_different(schematic: Path) -> None:
    interrupted = msgspec.structs.replace(GOOD, cases=GOOD.cases[:3])
    good, bad, open_ = good_report(), report(BAD), report(interrupted)
    assert '<header class="good">' in good
    assert '<header class="bad">' in bad
    assert '<header class="doubt">' in open_
    assert "Look here first: Y at X1 = " in bad
    assert open_.count('<span class="tag doubt">not read</span>') == 1
    assert open_.count('<span class="small">not read</span>') == 3
    assert "not read" not in good
    assert "<h2>Schematic" not in good
    assert "<h2>Schematic" in report(GOOD, schematic=schematic)


def test_channels_alike_share_one_budget() -> None:
    """They differ in their repeatability alone, of which the report shows the range."""
    repeated = {
        name: [
            msgspec.structs.replace(c, u_V=c.u_V * (1 - i / 10)) if c.kind == "A" else c
            for c in components
        ]
        for i, (name, components) in enumerate(WORLD.channels.items())
    }
    text = report(msgspec.structs.replace(GOOD, channels=repeated))
    assert re.findall(r"<summary>(Budget of .*)</summary>", text) == [
        "Budget of adc0, adc1, adc2, adc3, adc4",
        "Budget of dac0, dac1",
    ]
    assert "1.80 mV to 3.00 mV" in text
    assert "0.170 %" in text


def test_it_can_be_made_of_nothing_measured() -> None:
    text = report(msgspec.structs.replace(GOOD, cases=[]))
    assert '<header class="doubt">' in text
    assert 'class="gauge"' not in text


def test_a_missing_schematic_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.svg"):
        report(GOOD, schematic=tmp_path / "none.svg")


def test_marks_stand_where_the_values_are() -> None:
    comparison = compare(PREDICTION, BAD)
    cases = comparison.cases
    axis = level_axis((case.outputs["Y"] for case in cases), PREDICTION.thresholds)
    for case in cases:
        value = case.outputs["Y"]
        mark = level_mark(value, axis)
        assert mark.whisker is not None
        assert mark.dot is not None
        assert 0 < mark.band[0] < mark.band[1] < 100
        assert mark.whisker[0] < mark.dot < mark.whisker[1]
        assert (mark.dot > mark.band[1]) == (
            value.measured_V > value.predicted_V + value.U_predicted_V
        )
        # One unit of En is a quarter of the width; the middle is no difference at all.
        en = en_mark(value)
        assert en is not None
        assert en.dot == pytest.approx(min(100, max(0, 50 + 25 * value.En)))
        half_V = np.hypot(value.U_predicted_V, value.U_measured_V)
        assert en.band[1] - en.band[0] == pytest.approx(50 * value.U_predicted_V / half_V)
        assert en.beyond == (value.En > 2) - (value.En < -2)
    assert any(en_mark(case.outputs["Y"]).beyond for case in cases)
    unread = msgspec.structs.replace(value, measured_V=None, U_measured_V=None, En=None)
    assert en_mark(unread) is None
    assert level_mark(unread, axis).dot is None


def test_axis_and_gauge() -> None:
    axis = Axis(-1.0, 6.0)
    assert [axis.at(v) for v in (-3.0, -1.0, 2.5, 6.0, 9.0)] == [0, 0, 50, 100, 100]
    assert [v for _, v in axis.ticks()] == [-1, 0, 1, 2, 3, 4, 5, 6]
    assert [v for _, v in Axis(-12.0, 12.0).ticks()] == [-10, -5, 0, 5, 10]
    assert [v for _, v in Axis(2.31, 2.79).ticks()] == [2.4, 2.5, 2.6, 2.7]
    assert [v for _, v in Axis(-1000.0, 1000.0).ticks()] == [-1000, -500, 0, 500, 1000]
    failed = gauge(compare(PREDICTION, BAD).agreement)
    passed = gauge(compare(PREDICTION, GOOD).agreement)
    assert passed.statistic < passed.limit == pytest.approx(100 / 1.5)
    assert failed.statistic > failed.limit
