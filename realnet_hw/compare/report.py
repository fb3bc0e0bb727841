"""The report: one HTML file that stands alone, without script and without anything from outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realnet_hw import __version__
from realnet_hw.compare.pictures import EN_RANGE, en_mark, gauge, level_axis, level_mark
from realnet_hw.compare.readings import budgets_of, case_label
from realnet_hw.compare.svg import drawing
from realnet_hw.compare.words import advice, headline, volts
from realnet_hw.records import Comparison, Component, Measurement, Prediction
from realnet_hw.uncertainty import expanded_uncertainty

_MINUS = "\N{MINUS SIGN}"
_SMALLEST_RISK = 1e-9
_EDGE = 0.01


@dataclass(frozen=True)
class Channel:
    """A channel's budget for the report.

    Args:
        name: as the station calls it.
        terminals: what is wired to it.
        components: its budget.
        low_U_V: expanded uncertainty of a reading of 0 V.
        high_U_V: of a reading of 5 V or minus 5 V.
    """

    name: str
    terminals: str
    components: Sequence[Component]
    low_U_V: float
    high_U_V: float


def html(
    comparison: Comparison,
    prediction: Prediction,
    measurement: Measurement,
    schematic: Path | None = None,
) -> str:
    """Return the report as the text of an HTML file.

    Args:
        comparison: of the two other records.
        prediction: of the board.
        measurement: of the board.
        schematic: an SVG file of the board's schematic, shown inside the report.

    Raises:
        InputError: the schematic can't be read or is no SVG.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("realnet_hw.compare"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "volts": _volts,
        "percent": _percent,
        "risk": _risk,
        "power": _power,
        "millivolts": lambda u_V: f"{1e3 * u_V:.2f}",
        "short": lambda text: f"{text[:12]}…" if len(text) == 64 else text,
        "signed": lambda x: f"{x:+.2f}".replace("-", _MINUS),
    }
    outputs = {
        name: level_axis((case.outputs[name] for case in comparison.cases), prediction.thresholds)
        for name in comparison.cases[0].outputs
    }
    text: str = environment.get_template("report.html").render(
        comparison=comparison,
        prediction=prediction,
        measurement=measurement,
        headline=headline(comparison),
        advice=advice(comparison),
        tone=_TONES[comparison.verdict],
        outputs=outputs,
        level_mark=level_mark,
        case_label=case_label,
        en_mark=en_mark,
        en_range=EN_RANGE,
        gauge=gauge(comparison.agreement) if comparison.agreement.limit else None,
        channels=_channels(measurement),
        schematic=drawing(schematic, f"Schematic of {comparison.board}") if schematic else None,
        program=f"realnet_hw {__version__}",
    )
    return text


_TONES = {
    "PASS": "good",
    "PASS (outputs only)": "good",
    "UNDECIDED": "doubt",
    "FAIL": "bad",
}


def _channels(measurement: Measurement) -> list[Channel]:
    return [
        Channel(
            name=name,
            terminals=", ".join(t for t, channel in measurement.wiring.items() if channel == name),
            components=components,
            low_U_V=expanded_uncertainty(components, 0.0),
            high_U_V=expanded_uncertainty(components, 5.0),
        )
        for name, components in sorted(budgets_of(measurement).items())
        if name in measurement.wiring.values()
    ]


def _volts(value_V: float, form: str = ".3f") -> str:
    return volts(value_V, form).replace("-", _MINUS)


def _percent(share: float) -> str:
    """Return a share in percent, with more digits where it comes close to 0 or 1."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    nearest = min(share, 1 - share)
    return f"{100 * share:.{max(1, -1 - math.floor(math.log10(nearest)))}f} %"


def _risk(probability: float) -> str:
    return _percent(probability) if probability >= _SMALLEST_RISK else "below one in a billion"


def _power(probability: float) -> str:
    if probability < _EDGE:
        return "< 1 %"
    return "> 99 %" if probability > 1 - _EDGE else f"{100 * probability:.0f} %"
