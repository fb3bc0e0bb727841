"""KiCad's command line: the one place that runs it.

Every run gets a configuration folder of its own, so that neither the user's settings nor a first
start change what comes out.

Ref: KiCad 9 documentation, "KiCad Command-Line Interface".
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from realnet_hw import project
from realnet_hw.errors import ToolFailed, ToolMissing
from realnet_hw.parts.skidl_parts import symbol_folder

_TIMEOUT_s = 600
_NEEDED_MAJOR = 9
# Of a board's picture: its longer side, and how much of that the board takes.
_LONGEST_px = 1400
_FILLED = 0.96


@functools.cache
def program() -> str:
    """Return the path of kicad-cli.

    Raises:
        ToolMissing: it is not installed.
    """
    found = shutil.which("kicad-cli")
    if found is None:
        raise ToolMissing("kicad-cli is not installed", mend=_mend())
    return found


@functools.cache
def version() -> str:
    """Return KiCad's version, such as "9.0.8".

    Raises:
        ToolMissing: kicad-cli is not installed, or older than KiCad 9.
    """
    found = run(["version"]).strip()
    if not found.partition(".")[0].isdigit() or int(found.partition(".")[0]) < _NEEDED_MAJOR:
        raise ToolMissing(f"kicad-cli is of version {found}", allowed="9 or later", mend=_mend())
    return found


def run(arguments: Sequence[str]) -> str:
    """Run kicad-cli and return what it printed.

    Raises:
        ToolMissing: it is not installed.
        ToolFailed: it ended with an error or did not end.
    """
    command = [program(), *arguments]
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": home,
            "XDG_CONFIG_HOME": home,
            "XDG_CACHE_HOME": home,
            "LC_ALL": "C.UTF-8",
        }
        environment |= {
            name: value for name, value in os.environ.items() if name.startswith("KICAD")
        }
        try:
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ToolFailed(
                f"kicad-cli did not end within {_TIMEOUT_s} s", where=" ".join(arguments[:3])
            ) from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "without a word").splitlines()[-1]
        raise ToolFailed(
            f"kicad-cli ended with status {done.returncode}: {said}",
            where=" ".join(arguments[:3]),
            mend="open the file with KiCad to see what it says",
        )
    return done.stdout


@contextlib.contextmanager
def side_by_side() -> Iterator[ThreadPoolExecutor]:
    """Give what runs kicad-cli twice at a time; what has not begun when an error comes, never does.

    One run uses one core most of its time.
    """
    with ThreadPoolExecutor(2, "kicad-cli") as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def electrical_rules(schematic: Path) -> list[str]:
    """Run KiCad's electrical rules check at every severity and return its findings in words."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "erc.json"
        options = ["--severity-all", "--format", "json", "--output", str(report)]
        run(["sch", "erc", *options, str(schematic)])
        content = json.loads(report.read_text("utf-8"))
    return [
        f"{found['severity']}: {found['description']}: "
        + ", ".join(item["description"] for item in found["items"])
        for sheet in content["sheets"]
        for found in sheet["violations"]
    ]


@dataclass(frozen=True)
class Violation:
    """A finding of the design rules check.

    Args:
        kind: KiCad's name for it.
        words: what it is and about what.
        pads: the pads that it is about, as (reference, number).
    """

    kind: str
    words: str
    pads: tuple[tuple[str, str], ...]


def design_rules(board: Path) -> list[Violation]:
    """Run KiCad's design rules check at every severity, with what is unconnected and parity."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "drc.json"
        options = ["--schematic-parity", "--severity-all", "--format", "json"]
        run(["pcb", "drc", *options, "--output", str(report), str(board)])
        content = json.loads(report.read_text("utf-8"))
    found = []
    for group in ("violations", "unconnected_items", "schematic_parity"):
        for item in content[group]:
            about = [str(each["description"]) for each in item["items"]]
            pads = (re.search(r"[Pp]ad (\S+) \[.*?\] of (\S+)", text) for text in about)
            found.append(
                Violation(
                    item["type"],
                    f"{item['severity']}: {item['description']}: {', '.join(about)}",
                    tuple((match[2], match[1]) for match in pads if match),
                )
            )
    return found


def pdf(schematic: Path) -> bytes:
    """Return a schematic as PDF; its dates and identity are blanked, to the same length."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "schematic.pdf"
        # Pop-ups with a part's fields are scripts, and half of the file.
        options = ["--exclude-pdf-property-popups", "--output", str(target)]
        run(["sch", "export", "pdf", *options, str(schematic)])
        content = target.read_bytes()
    return re.sub(rb"(?<=/CreationDate \(D:)[^)]*", lambda found: b"0" * len(found[0]), content)


def has_models() -> bool:
    """Return whether KiCad's 3D models of parts are installed, which renderings then show."""
    major = version().partition(".")[0]
    own = os.environ.get(f"KICAD{major}_3DMODEL_DIR")
    return (Path(own) if own else symbol_folder().parent / "3dmodels").is_dir()


def pcb_exports(
    board: Path, kind: str, *options: str, target: str | None = None
) -> dict[str, bytes]:
    """Return the files that ``kicad-cli pcb export`` makes of a board, by their names.

    Args:
        board: the ``.kicad_pcb`` file.
        kind: what to export.
        options: of kicad-cli.
        target: the file's name; several files are made where it is None.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/{target}" if target else f"{folder}/"
        run(["pcb", "export", kind, *options, "--output", out, str(board)])
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def pcb_render(board: Path, side: str, *, aspect: float) -> bytes:
    """Return a picture of a board seen from "top" or "bottom", PNG with a palette.

    Args:
        board: the ``.kicad_pcb`` file.
        side: the side that is seen.
        aspect: the board's width over its height.
    """
    from PIL import Image

    width, height = (round(_LONGEST_px * min(1.0, ratio)) for ratio in (aspect, 1 / aspect))
    # KiCad shows a board's longer side as long as the picture is high.
    zoom = _FILLED * max(1.0, aspect)
    view = ["--width", str(width), "--height", str(height), "--zoom", f"{zoom:.3f}"]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "board.png"
        run(["pcb", "render", "--side", side, *view, "--output", str(target), str(board)])
        packed = io.BytesIO()
        with Image.open(target) as picture:
            picture.quantize(method=Image.Quantize.FASTOCTREE).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _mend() -> str:
    return f"run: {project.system_mend('kicad')}"
