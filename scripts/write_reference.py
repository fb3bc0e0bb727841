"""Write the pages of docs/reference that follow from the code: `make reference`.

A page keeps what is written by hand above its mark; what stands below is made here. With
``--check`` nothing is written, and the exit status is 1 where a page is not current.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cyclopts
import msgspec
from docstring_parser import parse

from realnet_hw import records
from realnet_hw.cli.commands import app
from realnet_hw.parts import catalogue

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
MARK = "<!-- Below this line: written by `make reference`. -->\n"

# What other programs may rely on, in the order of the way from a network to a verdict.
PUBLIC = {
    "Networks": (
        "realnet_hw.network.files.load",
        "realnet_hw.network.network.Network",
        "realnet_hw.network.network.Layer",
    ),
    "Boards": (
        "realnet_hw.technology.registry.compiler",
        "realnet_hw.board.load_board",
        "realnet_hw.board.Board",
        "realnet_hw.board.Port",
        "realnet_hw.board.Case",
        "realnet_hw.board.Logic",
        "realnet_hw.board.Supply",
        "realnet_hw.board.TestPoint",
    ),
    "From a board to its files": (
        "realnet_hw.export.netlist.from_board",
        "realnet_hw.export.deck.deck_from",
        "realnet_hw.export.build.build",
        "realnet_hw.export.build.check",
    ),
    "Predicting": (
        "realnet_hw.predict.ngspice.NgspiceEngine",
        "realnet_hw.predict.prediction.predict",
    ),
    "Measuring": ("realnet_hw.measure.bench.measure", "realnet_hw.measure.bench.safe"),
    "Comparing": (
        "realnet_hw.compare.verdict.compare",
        "realnet_hw.compare.power.unseen_faults",
        "realnet_hw.compare.report.html",
    ),
    "Learning on a board": (
        "realnet_hw.learn.array.places.Learner",
        "realnet_hw.learn.array.session.train",
        "realnet_hw.learn.array.session.ask",
        "realnet_hw.learn.array.session.gradient",
    ),
    "Records": (
        "realnet_hw.records.read",
        "realnet_hw.records.write",
        "realnet_hw.records.encode",
        "realnet_hw.records.decode",
    ),
    "Numbers": ("realnet_hw.units.parse", "realnet_hw.units.compact", "realnet_hw.units.rkm"),
}


def commands(parent: cyclopts.App = app, words: str = "realnet") -> Iterator[tuple[str, Any]]:
    """Every command with its words, those of subcommands too."""
    for word in sorted(parent):
        if not word.startswith("-"):
            command = parent[word]
            if command.default_command is None:
                yield from commands(command, f"{words} {word}")
            else:
                yield f"{words} {word}", command


def command_line() -> str:
    """Every command: its help, how it is called, its options."""
    return "\n".join(_command(words, command) for words, command in commands())


def _command(words: str, command: Any) -> str:
    said = parse(inspect.getdoc(command.default_command) or "")
    arguments = list(command.assemble_argument_collection(parse_docstring=True))
    usage, rows = [words], []
    for argument in arguments:
        name = argument.names[0]
        place = name.removeprefix("--").upper()
        positional = argument.field_info.kind is not inspect.Parameter.KEYWORD_ONLY
        shown = place if positional else name
        if not positional and argument.hint is not bool:
            shown += f" {_kind(argument)}"
        usage.append(shown if argument.required else f"[{shown}]")
        rows.append(
            f"| `{_cell(shown)}` | {_cell(argument.parameter.help)} | {_default(argument)} |"
        )
    parts = [f"## {words}", said.short_description, said.long_description]
    parts += [f"```console\n{' '.join(usage)}\n```"]
    if rows:
        parts.append("\n".join(["| | meaning | if not said |", "|---|---|---|", *rows]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _kind(argument: Any) -> str:
    choices = argument.get_choices()
    if choices:
        return "|".join(choices)
    hint = str(argument.hint)
    for name, word in (("Path", "FILE"), ("int", "N"), ("float", "NUMBER")):
        if name in hint:
            return "DIR" if argument.names[0] == "--out" and "older" in _help(argument) else word
    return "TEXT"


def _help(argument: Any) -> str:
    return argument.parameter.help or ""


def _default(argument: Any) -> str:
    default = argument.field_info.default
    if argument.required:
        return "must be given"
    if default in (None, inspect.Parameter.empty, "", False):
        return ""
    return f"`{default}`"


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def parts_catalogue() -> str:
    """Every part of the catalogue, with what is known of it."""
    lines = []
    for name, part in catalogue.catalogue().items():
        facts = {
            "KiCad": f"`{part.symbol}`, `{part.footprint}`",
            "maker": " ".join(filter(None, (part.manufacturer, _code(part.mpn)))),
            "number seen": _SEEN[part.seen] if part.mpn else "",
            "price": _price(part.price) if part.price else "",
            "value": part.value,
            "tolerance": "" if part.tolerance is None else f"{part.tolerance * 100:g} %",
            "values from": part.series or "",
            "model": part.sim.get("Sim.Name", ""),
            "temperature": "{:g} to {:g} °C".format(*part.temperature_C),
            "limits": ", ".join(f"`{key}` {value:g}" for key, value in part.limits.items()),
            "differs by": "; ".join(map(_spread, part.spreads)),
            "datasheet": f"<{part.datasheet}>" if part.datasheet else "",
        }
        lines += [f"## {name}", "", f"{part.description}.", "", "| | |", "|---|---|"]
        lines += [f"| {key} | {_cell(value)} |" for key, value in facts.items() if value]
        lines.append("")
    return "\n".join(lines)


_SEEN = {"maker": "in its maker's document", "shop": "at a shop", "": "no: look before ordering"}


def _price(price: catalogue.Price) -> str:
    count = f" for {price.quantity}" if price.quantity > 1 else ""
    return f"{price.usd:g} USD each{count}, {price.date} ({price.source})"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _spread(rule: catalogue.SpreadRule) -> str:
    parameter = _code(rule.parameter)
    if rule.relative is not None:
        bound = f"±{rule.relative * 100:g} %"
    else:
        bound = f"{rule.low:g} to {rule.high:g}"
    return f"{parameter} {bound}, {rule.distribution}{_drift(rule)}"


def _drift(rule: catalogue.SpreadRule) -> str:
    """How far pieces drift apart per kelvin: a share of the value, or what the parameter is in."""

    def shown(per_K: float) -> str:
        return f"{per_K * 1e6:g} ppm/K" if rule.relative is not None else f"{per_K:g} per K"

    if isinstance(rule.drift_per_K, float):
        return f", drifts {shown(rule.drift_per_K)}" if rule.drift_per_K else ""
    steps = (
        shown(drift) + (f" from {low:g} ohm on" if low else "") for low, drift in rule.drift_per_K
    )
    return f", drifts {', '.join(steps)}"


def python() -> str:
    """The signature and docstring of everything public."""
    sections = []
    for title, names in PUBLIC.items():
        sections.append(f"## {title}\n")
        sections += [_member(name) for name in names]
    return "\n".join(sections)


def _member(path: str) -> str:
    module, _, name = path.rpartition(".")
    thing = getattr(importlib.import_module(module), name)
    text = textwrap.dedent(inspect.getdoc(thing) or "")
    head = f"class {name}" if inspect.isclass(thing) else f"{name}{_signature(thing)}"
    shown = f"from {module} import {name}\n\n{head}"
    return f"### {name}\n\n```text\n{shown}\n\n{textwrap.indent(text, '    ')}\n```\n"


def _signature(function: Callable[..., Any]) -> str:
    signature = re.sub(r"<(?:[^<>]|<[^<>]*>)* at 0x\w+>", "...", str(inspect.signature(function)))
    signature = signature.replace("'", "")
    if len(signature) < 72:
        return signature
    inside, _, after = signature[1:].rpartition(")")
    return "(\n    " + inside.replace(", ", ",\n    ") + f",\n){after}"


def schema() -> str:
    """The JSON Schema of the records, for programs in other languages."""
    made = msgspec.json.schema(records.Record)
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": command_line,
    "parts.md": parts_catalogue,
    "python.md": python,
    "records.schema.json": schema,
}


def page(name: str) -> str:
    """A page as it should be now: its head by hand, the rest from the code."""
    made = PAGES[name]()
    if not name.endswith(".md"):
        return made
    head, mark, _ = (REFERENCE / name).read_text("utf-8").partition(MARK)
    if not mark:
        raise SystemExit(f"{name}: no line {MARK.strip()!r}")
    return head + mark + "\n" + made


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not current; return the exit status."""
    stale = []
    for name in PAGES:
        file = REFERENCE / name
        text = page(name)
        if not file.exists() or file.read_text("utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                file.write_text(text, "utf-8")
    verb = "not current" if "--check" in arguments else "written"
    print(f"docs/reference: {', '.join(stale) or 'nothing'} {verb}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
