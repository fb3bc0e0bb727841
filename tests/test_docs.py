"""The documentation says what the program does: commands, records, links."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import UnionType

import cyclopts
import msgspec
import pytest

from realnet_hw import records
from realnet_hw.cli.commands import app
from realnet_hw.measure import fixture_specification as fixture
from realnet_hw.measure import station
from realnet_hw.network import files
from realnet_hw.network.network import Layer, Network

HERE = Path(__file__).parents[1]
CLI = (HERE / "docs" / "reference" / "cli.md").read_text("utf-8")
RECORDS = (HERE / "docs" / "reference" / "records.md").read_text("utf-8")
PAGES = sorted(
    [*HERE.glob("*.md"), *HERE.glob("docs/**/*.md"), *HERE.glob("boards/*.md"),
     *HERE.glob("firmware/**/*.md")]
)  # fmt: skip


def _commands(parent: cyclopts.App, words: tuple[str, ...]) -> Iterator[tuple[str, cyclopts.App]]:
    for word in parent:
        if not word.startswith("-"):
            command = parent[word]
            if command.default_command is None:
                yield from _commands(command, (*words, word))
            else:
                yield " ".join((*words, word)), command


COMMANDS = dict(_commands(app, ("realnet",)))
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", CLI, re.MULTILINE))


def test_commands_documented_are_those_that_exist() -> None:
    documented = {title for title in SECTIONS if title.startswith("realnet ")}
    assert documented == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented_and_no_other(name: str) -> None:
    arguments = list(COMMANDS[name].assemble_argument_collection())
    assert arguments
    options = {argument.names[0] for argument in arguments if not argument.required}
    section = SECTIONS[name]
    usage = section[: section.index("`", section.index("`") + 1)]
    for argument in arguments:
        word = argument.names[0]
        place = word.removeprefix("--").upper()
        assert word in usage or place in usage, f"{name} {word} is not in its usage line"
    said = set(re.findall(r"--[a-z][a-z-]*", section))
    assert said <= {argument.names[0] for argument in arguments} | {"--out"}
    assert options <= said | {"--board"}


def test_a_command_shown_in_any_page_exists() -> None:
    words = {name.split()[1] for name in COMMANDS}
    for page in PAGES:
        for line in page.read_text("utf-8").splitlines():
            for word in re.findall(r"(?:^|[`$/ ])realnet ([a-z]+)\b", line):
                if (
                    line.lstrip().startswith(("realnet", ".venv", "$"))
                    or f"`realnet {word}" in line
                ):
                    assert word in words, f"{page.name}: {line}"


# --------------------------------------------------------------------------------------- records


def _structures(kind: object, seen: set[type]) -> set[type]:
    """Every structure inside a record, itself included."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind not in seen:
            seen.add(kind)
            for field in msgspec.structs.fields(kind):
                _structures(field.type, seen)
    elif typing.get_origin(kind) in (list, dict, typing.Union, UnionType):
        for inner in typing.get_args(kind):
            _structures(inner, seen)
    return seen


@pytest.mark.parametrize(
    "kind", [records.Prediction, records.Measurement, records.Comparison], ids=lambda k: k.__name__
)
def test_every_key_of_a_record_is_documented(kind: type) -> None:
    name = kind.__name__.lower()
    section = RECORDS[RECORDS.index(f"## `{name}`") :]
    section = section[: section.find("\n## ", 4)] if "\n## " in section[4:] else section
    said = set(re.findall(r"`([A-Za-z_][A-Za-z0-9_]*)`", section))
    keys = {
        field.encode_name
        for structure in _structures(kind, set())
        for field in msgspec.structs.fields(structure)
    }
    assert len(keys) > 10
    assert keys <= said, f"not documented: {sorted(keys - said)}"
    words = {"record", name}
    in_tables = {
        key
        for row in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
        for key in re.findall(r"`([A-Za-z_][A-Za-z0-9_]*)`", row)
    }
    assert in_tables <= keys | words, f"documented, but no such key: {sorted(in_tables - keys)}"


# ----------------------------------------------------------------------------------------- links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HERE)))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("https://", "mailto:")):
            path, _, anchor = target.partition("#")
            there = page if not path else (page.parent / path).resolve()
            assert there.exists(), f"{target} does not exist"
            if anchor:
                titles = re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.MULTILINE)
                assert anchor in {_anchor(title) for title in titles}, f"no section {target}"


def _anchor(title: str) -> str:
    """How a title is linked to. Ref: GitHub's rule, letters, digits, - and _ are kept."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_pages_name_no_folder_of_one_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(tmp|root|home/\w)", page.read_text("utf-8")), page


# ------------------------------------------------------------------------------ files and examples


def test_every_key_of_a_station_file_is_documented() -> None:
    text = (HERE / "docs" / "reference" / "station.md").read_text("utf-8")
    tables = {
        "": station.Station,
        "[fixture]": station.FixtureAddress,
        "[virtual]": station.VirtualBench,
        "[reading]": station.Reading,
    }
    for table, kind in tables.items():
        cell = f"`{re.escape(table)}` " if table else ""
        rows = re.findall(rf"^\| {cell}\| `(\w+)` \|", text, re.MULTILINE)
        keys = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert set(rows) == keys - {"fixture", "virtual", "reading", "wiring"}


def test_the_network_shown_is_one_and_computes_xor(tmp_path: Path) -> None:
    text = (HERE / "docs" / "reference" / "network.md").read_text("utf-8")
    file = tmp_path / "network.json"
    file.write_text(_blocks(text, "json")[0], "utf-8")
    network = files.load(file)
    for x1, x2 in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert network.forward((x1, x2)) == (float(x1 != x2),)
    for structure in (Network, Layer):
        for field in msgspec.structs.fields(structure):
            assert f"`{field.encode_name}`" in text


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("kicad-cli") is None, reason="KiCad is not installed")
@pytest.mark.parametrize("page", ["docs/tutorial/first-board.md", "docs/how-to/find-a-fault.md"])
def test_the_commands_shown_work(page: str, tmp_path: Path) -> None:
    """Every `realnet` line of a page, in order, in a project of its own."""
    text = (HERE / page).read_text("utf-8")
    for folder in ("boards", "bench/stations"):
        shutil.copytree(HERE / folder, tmp_path / folder)
    for example in _blocks(text, "toml"):
        (tmp_path / "broken.toml").write_text(example, "utf-8")
    commands = [line for block in _blocks(text, "") for line in block.splitlines()]
    commands = [line for line in commands if line.startswith("realnet ")]
    assert len(commands) >= 3
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "realnet_hw", *shlex.split(command)[1:]],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        fault_shown = "broken/measurement.json" in command
        assert done.returncode == (1 if fault_shown else 0), f"{command}: {done.stderr}"
    assert list(tmp_path.glob("*.html"))


def _blocks(text: str, language: str) -> list[str]:
    fenced = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [body for named, body in fenced if named == language]


def test_the_fixtures_specification_is_the_one_that_budgets_use() -> None:
    text = (HERE / "docs" / "reference" / "fixture.md").read_text("utf-8")
    rows = {
        "gain, with the reference's 0.1 %": (
            f"{fixture.DAC_GAIN_BOUND:.1%}",
            f"{fixture.ADC_GAIN_BOUND:.1%}",
        ),
        "offset": (
            f"{fixture.DAC_OFFSET_BOUND_V * 1e3:.0f} mV",
            f"{fixture.ADC_OFFSET_BOUND_V * 1e3:.0f} mV",
        ),
        "integral nonlinearity": (
            f"{fixture.DAC_INL_BOUND_V / fixture.LSB_V:.0f} LSB",
            f"{fixture.ADC_INL_BOUND_V / fixture.LSB_V:.0f} LSB",
        ),
    }
    assert fixture.REFERENCE_BOUND == 0.001
    for name, (source, sense) in rows.items():
        assert f"| {name} | {source.replace('%', ' %')} | {sense.replace('%', ' %')} |" in text
