"""The documentation says what the program does: commands, records, links."""

from __future__ import annotations

import ctypes.util
import io
import re
import typing
from collections.abc import Callable
from pathlib import Path
from types import UnionType

import msgspec
import pytest

from realnet_hw import records
from realnet_hw.measure import fixture_specification as fixture
from realnet_hw.measure import probes, station
from realnet_hw.measure.calibration import standards
from realnet_hw.network import files
from realnet_hw.network.network import Layer, Network
from scripts import draw_pictures, pages, write_reference

HERE = Path(__file__).parents[1]
RECORDS = (HERE / "docs" / "reference" / "records.md").read_text("utf-8")
PAGES = sorted(
    [*HERE.glob("*.md"), *HERE.glob("docs/**/*.md"), *HERE.glob("boards/*.md"),
     *HERE.glob("firmware/**/*.md")]
)  # fmt: skip


COMMANDS = dict(write_reference.commands())


@pytest.mark.parametrize("name", write_reference.PAGES)
def test_pages_that_follow_from_the_code_are_current(name: str) -> None:
    written = (write_reference.REFERENCE / name).read_text("utf-8")
    assert written == write_reference.page(name), "run: make reference"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_of_a_command_is_explained(name: str) -> None:
    for argument in COMMANDS[name].assemble_argument_collection(parse_docstring=True):
        assert argument.parameter.help, f"{name} {argument.names[0]}"


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
    "kind",
    [
        records.Prediction,
        records.Measurement,
        records.Comparison,
        records.Diagnosis,
        records.Training,
        records.FixtureCalibration,
    ],
    ids=lambda k: k.__name__,
)
def test_every_key_of_a_record_is_documented(kind: type[msgspec.Struct]) -> None:
    name = str(kind.__struct_config__.tag)
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
        "[scope.NAME]": probes.ScopeTable,
        "[dmm]": standards.DmmTable,
    }
    for table, kind in tables.items():
        cell = f"`{re.escape(table)}` " if table else ""
        rows = re.findall(rf"^\| {cell}\| `(\w+)` \|", text, re.MULTILINE)
        keys = {field.encode_name for field in msgspec.structs.fields(kind)}
        tables_own = {"fixture", "virtual", "reading", "wiring", "scope", "probes", "dmm"}
        assert set(rows) == keys - tables_own


def test_the_network_shown_is_one_and_computes_xor(tmp_path: Path) -> None:
    text = (HERE / "docs" / "reference" / "network.md").read_text("utf-8")
    file = tmp_path / "network.json"
    file.write_text(
        next(block.text for block in pages.blocks(text) if block.language == "json"), "utf-8"
    )
    network = files.load(file)
    for x1, x2 in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert network.forward((x1, x2)) == (float(x1 != x2),)
    for structure in (Network, Layer):
        for field in msgspec.structs.fields(structure):
            assert f"`{field.encode_name}`" in text


# ---------------------------------------------------------------------------- what pages let one do

SHOWN = [page for page in PAGES if "firmware" not in page.parts and page.name != "CHANGELOG.md"]
CHAINS = {
    "docs/tutorial/first-board.md": [
        "docs/how-to/find-a-fault.md",
        "docs/how-to/order-the-parts.md",
    ],
    "docs/tutorial/your-own-network.md": [],
    "docs/how-to/own-circuit.md": [],
    "docs/how-to/classifier.md": [],
    "docs/how-to/oscilloscopes.md": [],
    "docs/how-to/train.md": ["docs/how-to/yield.md"],
    "docs/how-to/train-a-board.md": [],
    "docs/how-to/install.md": [],
    "docs/reference/python.md": [],
}
"""The pages that have commands, and those that go on in the same folder."""
# As on a machine without ngspice, whose place this package's own simulator takes.
WITHOUT_NGSPICE = (
    "docs/tutorial/your-own-network.md",
    "docs/how-to/classifier.md",
    "docs/how-to/oscilloscopes.md",
)


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: str(page.relative_to(HERE)))
def test_every_block_says_what_it_is_and_what_can_be_run_is(page: Path) -> None:
    found = list(pages.blocks(page.read_text("utf-8")))
    for block in found:
        assert block.is_known, f"{page.name}: what is ```{block.language} {block.note}?"
    name = str(page.relative_to(HERE))
    if any(block.is_run for block in found):
        assert name in CHAINS or any(name in after for after in CHAINS.values())
    for block in found:
        if block.note == "checkout":
            for target in re.findall(r"^make (\w+)$", block.text, re.MULTILINE):
                assert re.search(
                    rf"^{target}:", (HERE / "Makefile").read_text("utf-8"), re.MULTILINE
                )


def test_a_block_of_commands_is_read_line_by_line() -> None:
    text = "realnet list\n\n# Two lines:\nrealnet build \\\n  xor_opamp\n"
    assert [line.split() for line in pages.commands(text)] == [
        ["realnet", "list"],
        ["realnet", "build", "xor_opamp"],
    ]
    for longer in ("for i in 1 2; do\n  realnet list\ndone\n", "cat > a.toml <<END\nEND\n"):
        with pytest.raises(ValueError, match=r"not run line by line: (for|cat)"):
            pages.commands(longer)


_find_library = ctypes.util.find_library


def _no_ngspice(name: str) -> str | None:
    return None if name == "ngspice" else _find_library(name)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Do what a page and those after it say, once; returns the folder it was done in."""
    folders: dict[str, Path] = {}

    def do(first: str) -> Path:
        if first not in folders:
            folder = folders[first] = tmp_path_factory.mktemp("reader")
            (folder / "boards").mkdir()
            with pytest.MonkeyPatch.context() as patch:
                if first in WITHOUT_NGSPICE:
                    patch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
                    patch.setattr("ctypes.util.find_library", _no_ngspice)
                for name in (first, *CHAINS[first]):
                    pages.run(HERE / name, folder)
        return folders[first]

    return do


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("kicad", "simulator")
@pytest.mark.parametrize("first", CHAINS)
def test_the_commands_shown_work(first: str, done: Callable[[str], Path]) -> None:
    folder = done(first)
    made = {path.name for path in folder.rglob("*") if path.is_file()}
    wanted = set(re.findall(r"--(?:out|report) (\S+\.\w+)", (HERE / first).read_text("utf-8")))
    assert wanted <= made


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("kicad", "simulator")
@pytest.mark.skipif(draw_pictures.CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("name", draw_pictures.MADE)
def test_pictures_show_what_the_commands_make(name: str, done: Callable[[str], Path]) -> None:
    """Alike is enough: fonts and the last digits of a simulation differ between machines."""
    for picture, content in draw_pictures.MADE[name](done(f"docs/tutorial/{name}")).items():
        both = [(draw_pictures.PICTURES / picture).read_bytes(), content]
        if picture.endswith(".svg"):
            both = [draw_pictures.rastered(each) for each in both]
        assert _alike(*both), f"{picture}: run make pictures"


def _alike(one: bytes, other: bytes) -> bool:
    """Whether two pictures are of one size, and alike at a 16th of it."""
    import numpy as np
    from PIL import Image

    small = []
    for content in (one, other):
        with Image.open(io.BytesIO(content)) as image:
            small.append((image.size, np.asarray(image.convert("L").reduce(16), dtype=float)))
    (size, grey), (other_size, other_grey) = small
    return size == other_size and float(np.abs(grey - other_grey).mean()) < 4


def test_no_picture_is_left_over() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for picture in draw_pictures.PICTURES.iterdir():
        assert f"pictures/{picture.name}" in text


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
