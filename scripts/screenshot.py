"""A picture of an HTML page that stands alone, all of it, as a browser shows it.

Usage: scripts/screenshot.py PAGE.html PICTURE.png [--width 1280] [--dark] [--section TITLE]

Needs Chromium and Pillow. With --section only the section with that heading.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from PIL import Image

_SCALE = 2  # pixels of the picture for one of the page, so that it is sharp on a fine screen
_NARROWEST = 500  # window that Chromium opens
_FRAME = """<!doctype html><meta charset="utf-8"><title>?</title>
<style>html, body {{ margin: 0 }} iframe {{ display: block; border: 0 }}</style>
<iframe width="{width}" height="{height}" srcdoc="{page}"></iframe>
<script>onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const wanted = {section};
  if (wanted) for (const e of page.querySelectorAll("main > section, body > header"))
    if (e.querySelector("h2")?.textContent !== wanted) e.remove();
  document.title = page.documentElement.getBoundingClientRect().height;
}}</script>
"""


def picture(
    page: Path, out: Path, *, width: int = 1280, dark: bool = False, section: str = ""
) -> None:
    """Write a PNG of a page, as high as the page is.

    Args:
        page: an HTML file without script.
        out: the PNG file.
        width: of the window, pixels.
        dark: whether the reader prefers a dark page.
        section: heading of the only section to show; all when empty.

    Raises:
        FileNotFoundError: Chromium is not installed.
        subprocess.CalledProcessError: it failed.
        ValueError: it could not show the page.
    """
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        raise FileNotFoundError("chromium is not installed")
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.html"

        def run(height: int, *arguments: str) -> str:
            text = _FRAME.format(
                width=width,
                height=height,
                page=escape(page.read_text("utf-8")),
                section=f'"{escape(section)}"',
            )
            frame.write_text(text, encoding="utf-8")
            command = [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--no-first-run", "--disable-background-networking", "--disable-sync"),
                *("--disable-component-update", f"--user-data-dir={folder}/profile"),
                *(
                    f"--window-size={max(_NARROWEST, width)},{height}",
                    f"--force-device-scale-factor={_SCALE}",
                ),
                *(["--blink-settings=preferredColorScheme=0"] if dark else []),
                *(*arguments, frame.as_uri()),
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
            return done.stdout

        title = re.search(r"<title>([\d.]+)</title>", run(100, "--dump-dom"))
        if title is None:
            raise ValueError(f"{page}: the browser did not show it")
        run(int(float(title[1])) + 1, f"--screenshot={out.resolve()}")
    with Image.open(out) as taken:
        taken.crop((0, 0, _SCALE * width, taken.height)).save(out)


def main() -> int:
    """Write the picture that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--section", default="")
    wanted = parser.parse_args()
    picture(wanted.page, wanted.out, width=wanted.width, dark=wanted.dark, section=wanted.section)
    return 0


if __name__ == "__main__":
    sys.exit(main())
