"""Draw the pictures of the documentation from what its own commands make: `make pictures`.

The tutorials are run in a scratch folder; what they leave behind is drawn into docs/pictures.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from realnet_hw import records
from realnet_hw.compare import figures
from realnet_hw.compare.verdict import compare
from scripts import pages

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
TUTORIALS = ROOT / "docs" / "tutorial"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
Kind = Callable[[records.Prediction, records.Comparison], Sequence[figures.Picture]]


def first_board(folder: Path) -> dict[str, bytes]:
    """The pictures of the first tutorial, from the folder it was run in."""
    return {
        "xor-surface.svg": _figure(folder, figures.surfaces),
        "xor-report.png": screenshot(folder / "report.html", 1100, 2040),
        "diagnosis-board.png": _suspects(folder),
    }


def own_network(folder: Path) -> dict[str, bytes]:
    """The pictures of the second tutorial, from the folder it was run in."""
    drawn = folder / "boards" / "vote" / "generated" / "schematic.svg"
    return {
        "vote-schematic.png": rastered(drawn.read_bytes(), 1400, 990),
        "vote-curve.svg": _figure(folder, figures.curves),
        "vote-report.png": screenshot(folder / "report.html", 1100, 1330),
    }


def _suspects(folder: Path) -> bytes:
    """The board with its suspects, from the report of the page that finds the fault."""
    report = folder / "diagnosis.html"
    if not report.is_file():
        pages.run(ROOT / "docs" / "how-to" / "find-a-fault.md", folder)
    text = report.read_text("utf-8")
    style, drawing = (
        re.findall(pattern, text, re.DOTALL)[0]
        for pattern in (r"<style>.*?</style>", r'<div class="drawing">.*?</div>')
    )
    page = folder / "suspects.html"
    page.write_text(f'<meta charset="utf-8">{style}{drawing}', "utf-8")
    return screenshot(page, 900, 690)


MADE = {"first-board.md": first_board, "your-own-network.md": own_network}


def _figure(folder: Path, kind: Kind) -> bytes:
    """The first figure of a kind, with the report's colours in it."""
    predicted = records.read(folder / "prediction.json", records.Prediction)
    measured = records.read(folder / "measurement" / "measurement.json", records.Measurement)
    image = kind(predicted, compare(predicted, measured))[0].image
    css = resources.files("realnet_hw.compare").joinpath("templates/report.css").read_text("utf-8")
    colours = re.findall(
        r"^:root \{.*?^\}|^@media \(prefers-color.*?^\}", css, re.MULTILINE | re.DOTALL
    )
    style = "\n".join([*colours, "svg { background: var(--card); font-family: sans-serif; }"])
    opening, mark, rest = image.partition(">")
    return f"{opening}{mark}<style>\n{style}\n</style>{rest}\n".encode()


def rastered(svg: bytes, width: int = 680, height: int = 460) -> bytes:
    """An SVG as Chromium shows it, as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "picture.svg").write_bytes(svg)
        page = Path(folder) / "page.html"
        page.write_text('<body style="margin: 0"><img src="picture.svg" width="100%">', "utf-8")
        return screenshot(page, width, height)


def screenshot(page: Path, width: int, height: int) -> bytes:
    """The top of a page as Chromium shows it, as PNG; sizes in CSS pixels.

    Raises:
        RuntimeError: Chromium is not installed.
    """
    if CHROMIUM is None:
        raise RuntimeError("chromium is not installed; run: make setup")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with tempfile.TemporaryDirectory() as profile:
        picture = Path(profile) / "picture.png"
        subprocess.run(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
                *("--no-first-run", *quiet, f"--user-data-dir={profile}", "--hide-scrollbars"),
                *(f"--window-size={width},{height}", f"--screenshot={picture}", page.as_uri()),
            ],
            capture_output=True,
            timeout=60,
            check=True,
        )
        return _small(picture)


def _small(picture: Path) -> bytes:
    """The picture with 64 colours: it has few, and is kept in the repository."""
    from PIL import Image

    with Image.open(picture) as image:
        image.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(picture, optimize=True)
    return picture.read_bytes()


def main() -> int:
    """Run the tutorials and draw; return the exit status."""
    PICTURES.mkdir(exist_ok=True)
    for name, draw in MADE.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "boards").mkdir()
            print(f"running {name}", flush=True)
            pages.run(TUTORIALS / name, folder)
            for picture, content in draw(folder).items():
                (PICTURES / picture).write_bytes(content)
                print(f"docs/pictures/{picture}: {len(content) / 1e3:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
