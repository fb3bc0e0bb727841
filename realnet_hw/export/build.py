"""Make every file of a board, prove that they describe one circuit, then put them in place.

The files are made and proved in a temporary folder, and what fails a proof is never put in place.
A new folder appears at once. In one that exists, files are replaced one by one, since other
people's files in it stay where they are; an error or Ctrl-C on the way puts the old ones back. Only
a process that is killed within these milliseconds leaves some of both, which ``check`` then tells.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import realnet_hw
from realnet_hw.board import Board
from realnet_hw.drawing import sexpr
from realnet_hw.errors import CircuitRefused, InputError, ToolFailed
from realnet_hw.export import (
    bom,
    cost,
    deck,
    deck_comparison,
    edits,
    kicad_cli,
    kicad_jobs,
    lvs,
    netlist,
    overlaps,
    project_files,
)
from realnet_hw.export.assembly import assembled
from realnet_hw.export.breadboard.check import differences as breadboard_differences
from realnet_hw.export.breadboard.guide import breadboard_guide
from realnet_hw.export.breadboard.page import html as breadboard_html
from realnet_hw.export.breadboard.picture import svg as breadboard_svg
from realnet_hw.export.cost import Summary
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb import board_file, fabrication
from realnet_hw.export.pcb.assembly_drawing import assembly_drawing
from realnet_hw.export.pcb.board_file import BoardFile
from realnet_hw.export.pcb.copper_picture import SIDES, copper_picture
from realnet_hw.export.pcb.floorplan import Size
from realnet_hw.export.pcb.interactive_bom import interactive_bom
from realnet_hw.export.profile import DEFAULT, Profile, profile_named
from realnet_hw.export.schematic import schematic_files
from realnet_hw.export.sheets import sheet_file
from realnet_hw.export.short_svg import shortened
from realnet_hw.parts import skidl_parts
from realnet_hw.parts.catalogue import Assembly

MANIFEST = "build.json"

Progress = Callable[[int, int, str], None]
"""Called before each step with its number from 0, the number of steps, and what it is."""

_STEPS = (
    "circuit and its electrical rules",
    "schematic, project and libraries",
    "KiCad's electrical rules",
    "layout versus schematic",
    "overlaps in the drawing",
    "SPICE deck against KiCad's",
    "bill of materials against KiCad's",
    "pictures",
    "breadboard guide",
)
_PCB_STEPS = ("placing, routing and KiCad's design rules", "fabrication files and renderings")
_FABRICATION = "fabrication"
# Made only where a further program is installed: no part of what is checked.
_EXTRA = "ibom.html"


@dataclass(frozen=True)
class BuildResult:
    """What a build came to.

    Args:
        folder: where the files are.
        files: their paths within it.
        circuit_sha256: hash of the netlist.
        kicad: KiCad's version.
        parts: number of parts.
        summary: what is bought for it.
        paper: the schematic's pages, such as "A4" or "3 x A4".
        notes: what was left out, and why.
        violations: what the proofs found, in words; if there is any, nothing was put in place.
    """

    folder: Path
    files: tuple[str, ...]
    circuit_sha256: str
    kicad: str
    parts: int
    summary: Summary
    paper: str
    notes: tuple[str, ...]
    violations: tuple[str, ...]


def build(
    board: Board,
    out_dir: Path,
    *,
    profile: Profile | None = None,
    size: Size | None = None,
    assembly: Assembly = "tht",
    print_values: bool = False,
    force: bool = False,
    progress: Progress = lambda *_: None,
) -> BuildResult:
    """Make and prove all files of a board and put them into a folder.

    Args:
        board: what to build.
        out_dir: made where it is missing; files of an earlier build in it are replaced, others
            are left alone.
        profile: of the fab that the printed circuit board is laid out for; None for no board.
        size: of that board; None for as small as it can be.
        assembly: with through-hole or with surface-mounted parts.
        print_values: whether the values of parts are printed on the board, where there is room.
        force: replace even what was edited by hand since it was built; a copy of it is kept.
        progress: told of each step.

    Raises:
        InputError: ``out_dir`` is inside the installed package, holds files but no build, or files
            that were edited since, or cannot be written to.
        ToolMissing: KiCad or its libraries are not installed.
        ToolFailed: kicad-cli could not read what was made.
        CircuitRefused: the schematic fits no page, or the board can't be routed or does not fit
            the size asked for.
    """
    _refuse_folder(out_dir)
    if not force:
        _refuse_edited(out_dir, _edited(out_dir))
    with _beside(out_dir.resolve()) as made_in:
        folder = made_in / "files"
        folder.mkdir()
        result = _make(board, folder, profile, size, assembly, print_values, progress)
        kept: tuple[str, ...] = ()
        if not result.violations:
            # Once more: somebody may have saved a file meanwhile, or made one of a new name.
            edited = _edited(out_dir, folder)
            if not force:
                _refuse_edited(out_dir, edited)
            with _refusals(out_dir):
                if edited:
                    copies = edits.keep(out_dir.resolve(), edited)
                    kept = (f"{', '.join(edited)} had been edited: copies are in {copies}",)
                _put_in_place(folder, out_dir.resolve())
    return dataclasses.replace(result, folder=out_dir, notes=(*result.notes, *kept))


def check(board: Board, out_dir: Path, *, progress: Progress = lambda *_: None) -> list[str]:
    """Return in words how a board's files differ from what a build makes now; empty if current.

    Files that KiCad had a part in are compared only if the same version of KiCad made them, and
    pictures of parts only if KiCad's 3D models were installed both times or neither time.

    Raises:
        InputError: there is no build in ``out_dir``.
        ToolMissing: KiCad or its libraries are not installed.
    """
    before = _manifest(out_dir)
    with tempfile.TemporaryDirectory() as made_in:
        folder = Path(made_in)
        fab = before.get("pcb")
        profile = profile_named(fab) if fab else None
        size = Size.parsed(str(before["size_mm"])) if before.get("size_mm") else None
        assembly = before.get("assembly", "tht")
        values = bool(before.get("print_values"))
        result = _make(board, folder, profile, size, assembly, values, progress, earlier=out_dir)
        if result.violations:
            return list(result.violations)
        return differences(board, out_dir, folder)


def differences(board: Board, out_dir: Path, made: Path) -> list[str]:
    """Return in words how one build of a board differs from another, made now.

    Raises:
        InputError: one of the folders holds no build.
    """
    before, now = _manifest(out_dir), _manifest(made)
    same_kicad = before.get("kicad") == now["kicad"]
    names = [name for name in now["files"] if same_kicad or _without_kicad(board, name)]
    if before.get("models_3d") != now["models_3d"]:
        names = [name for name in names if not _shows_models(name)]
    stale = [name for name in names if not _alike(out_dir / name, made / name)]
    if same_kicad and _origin(before, names) != _origin(now, names):
        stale.append(MANIFEST)
    left_over = sorted(set(before["files"]) - set(now["files"])) if same_kicad else []
    return [
        *(f"{name} is not what the board makes now" for name in stale),
        *(f"{name} is no longer made" for name in left_over),
    ]


def _without_kicad(board: Board, name: str) -> bool:
    """Whether a file is the same whatever version of KiCad and of its libraries is installed."""
    made = (
        f"{board.name}.kicad_pro", f"{board.name}.kibot.yaml", f"{board.name}.cir", "bom.csv",
        "bom_jlcpcb.csv", "bom_order.csv",
    )  # fmt: skip
    return name in made or name.startswith("models/")


def _shows_models(name: str) -> bool:
    """Whether a file shows KiCad's 3D models of parts, where they are installed."""
    return name.startswith("pcb_") or name.endswith(".step")


def _origin(manifest: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return what a manifest says of some files and of what they were made from."""
    files = {name: manifest["files"].get(name) for name in names}
    return {**manifest, "files": files, "models_3d": None}


# Signature and the chunk that holds width and height.
_PNG_HEAD = 33


def _alike(one: Path, other: Path) -> bool:
    """Whether two files say the same.

    Archives are compared by what is in them, since compressors differ. A rendering is made of the
    board file alone, which is compared itself, and its pixels hang on the processor: it must be a
    picture of the same size.
    """
    if not one.is_file():
        return False
    match one.suffix:
        case ".png":
            return one.read_bytes()[:_PNG_HEAD] == other.read_bytes()[:_PNG_HEAD]
        case ".zip":
            return _unzipped(one) == _unzipped(other)
        case _:
            return one.read_bytes() == other.read_bytes()


def _unzipped(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        return {}


def _make(
    board: Board,
    folder: Path,
    profile: Profile | None,
    size: Size | None,
    assembly: Assembly,
    print_values: bool,
    progress: Progress,
    *,
    earlier: Path | None = None,
) -> BuildResult:
    """Make all files in an empty folder and prove them.

    For a check against an earlier build its renderings are taken over where they are of the same
    board.
    """
    violations: list[str] = []
    names = (*_STEPS, *(_PCB_STEPS if profile else ()))
    steps = iter(enumerate(names))

    def step() -> None:
        number, what = next(steps)
        progress(number, len(names), what)

    def found(proof: str, items: list[str]) -> None:
        violations.extend(f"{proof}: {item}" for item in items)

    step()
    version = kicad_cli.version()
    circuit = board.circuit()
    found("SKiDL ERC", skidl_parts.electrical_rules(circuit))
    expected = assembled(netlist.from_skidl(circuit), assembly)

    step()
    files = _texts(board, expected, profile)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    schematic = folder / sheet_file(board.name, "", "kicad_sch")

    step()
    with kicad_cli.side_by_side() as kicad:
        columns = ["Reference", *bom.COLUMNS]
        exporting = kicad.submit(kicad_jobs.schematic_exports, schematic, columns)
        checking = kicad.submit(kicad_cli.electrical_rules, schematic)
        printing = kicad.submit(kicad_cli.pdf, schematic)
        found("KiCad ERC", checking.result())
        exported = exporting.result()

    step()
    drawn = netlist.from_kicad(exported.netlist)
    found("LVS", lvs.differences(expected, drawn, names=("SKiDL", "the schematic")))

    step()
    for sheet, picture in exported.unframed.items():
        clashes = overlaps.overlaps(files[sheet_file(board.name, sheet, "kicad_sch")], picture)
        found(f"overlap{sheet and ' on '}{sheet}", clashes)

    step()
    ours = deck.deck_from(expected, board)
    found("deck", deck_comparison.differences(ours, exported.spice))

    step()
    found("BOM", bom.differences(expected, exported.bom))

    step()
    for sheet, picture in exported.pictures.items():
        (folder / sheet_file("schematic", sheet, "svg")).write_text(shortened(picture), "utf-8")
    (folder / "schematic.pdf").write_bytes(printing.result())

    step()
    notes = []
    try:
        # A breadboard takes through-hole parts, whatever the board will have.
        guide = breadboard_guide(board, expected.described or expected)
    except CircuitRefused as error:
        notes.append(f"no breadboard guide: {error}")
    else:
        found("breadboard", breadboard_differences(guide.netlist, guide.layout, guide.wiring))
        (folder / "breadboard.svg").write_text(breadboard_svg(guide), "utf-8")
        (folder / "breadboard.html").write_text(breadboard_html(guide), "utf-8")

    # A circuit that is not what was meant is not worth a board.
    if profile and not violations:
        step()
        target = folder / f"{board.name}.kicad_pcb"
        laid_out = board_file.write_board(
            board, expected, exported.netlist, target, profile, size, print_values=print_values
        )
        found("DRC", list(laid_out.violations))
        if laid_out.unprinted:
            named = ", ".join(laid_out.unprinted)
            notes.append(f"no room on the silkscreen, so in the assembly drawing alone: {named}")

        step()
        notes += _write_board_files(board, expected, laid_out, target, earlier)

    summary = cost.summary(expected)
    if summary.without_number:
        named = ", ".join(summary.without_number)
        notes.append(f"no part number, so not in bom_order.csv: {named}")
    if summary.unseen:
        named = ", ".join(summary.unseen)
        notes.append(f"part numbers to look up before ordering, not seen anywhere yet: {named}")
    manifest = _manifest_text(
        board, expected, version, profile, size, assembly, print_values, summary, folder
    )
    (folder / MANIFEST).write_text(manifest, "utf-8")
    return BuildResult(
        folder=folder,
        files=_files_in(folder),
        circuit_sha256=expected.sha256(),
        kicad=version,
        parts=len(expected.parts),
        summary=summary,
        paper=_papers(files),
        notes=tuple(notes),
        violations=tuple(violations),
    )


def _write_board_files(
    board: Board, parts: Netlist, laid_out: BoardFile, target: Path, earlier: Path | None
) -> list[str]:
    """Write what is made of a board's file beside it and return what is to be said about it."""
    folder = target.parent
    (folder / _FABRICATION).mkdir()
    outline = laid_out.plan.outline
    aspect = outline.width / outline.height
    with kicad_cli.side_by_side() as kicad:
        rendering = {
            side: kicad.submit(kicad_cli.pcb_render, target, side, aspect=aspect)
            for side in SIDES
            if not _taken_over(f"pcb_{side}.png", target, earlier)
        }
        # No part of a check.
        showing = kicad.submit(interactive_bom, target) if earlier is None else None
        drawing = assembly_drawing(board, parts, laid_out.plan)
        (folder / _FABRICATION / f"{board.name}_assembly.pdf").write_bytes(drawing)
        tree = sexpr.parse(target.read_text("utf-8"))
        for side in SIDES:
            (folder / f"copper_{side}.svg").write_text(copper_picture(tree, side), "utf-8")
        for name, content in fabrication.fabrication_files(target, parts, kicad).items():
            (folder / _FABRICATION / name).write_bytes(content)
        for side, picture in rendering.items():
            (folder / f"pcb_{side}.png").write_bytes(picture.result())
        try:
            page = showing.result() if showing else None
        except ToolFailed as error:
            return [f"no {_EXTRA}: {error}"]
    if page is not None:
        (folder / _EXTRA).write_bytes(edits.sealed(page))
    return []


def _taken_over(name: str, target: Path, earlier: Path | None) -> bool:
    """Copy a rendering of the very same board, if nobody touched it: it takes KiCad seconds."""
    if earlier is None:
        return False
    before = _manifest(earlier)
    origin = {"kicad": kicad_cli.version(), "models_3d": kicad_cli.has_models()}
    if any(before.get(key) != value for key, value in origin.items()):
        return False
    for path in (earlier / name, target):
        known = before["files"].get(path.name)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != known:
            return False
    shutil.copyfile(earlier / name, target.with_name(name))
    return True


def _papers(files: Mapping[str, str]) -> str:
    """Return the schematic's pages in words."""
    sheets = [text for name, text in files.items() if name.endswith(".kicad_sch")]
    counts = Counter(sexpr.word(sexpr.parse(text), "paper") for text in sheets)
    if len(sheets) == 1:
        return next(iter(counts))
    return " and ".join(f"{count} x {paper}" for paper, count in sorted(counts.items()))


def _texts(board: Board, expected: Netlist, profile: Profile | None) -> Mapping[str, str]:
    """Return the text files of a board by their paths."""
    drawn = schematic_files(board, expected)
    libraries = [sexpr.child(sexpr.parse(text), "lib_symbols") or [] for text in drawn.values()]
    lib_ids = {str(node[1]) for each in libraries for node in sexpr.children(each, "symbol")}
    parts = expected.parts.values()
    models = {part.fields["Sim.Library"] for part in parts if part.fields.get("Sim.Library")}
    holes = {board_file.HOLE_FOOTPRINT} if profile else set()
    return {
        f"{board.name}.kicad_pro": project_files.project_text(
            board.name, board.rail_nets, profile or DEFAULT, board.wide_nets
        ),
        **drawn,
        **project_files.library_files(lib_ids, holes | {part.footprint for part in parts}),
        **{library: deck.model_card(library) for library in sorted(models)},
        f"{board.name}.cir": deck.deck_from(expected, board).text(),
        "bom.csv": bom.bom_text(expected),
        "bom_jlcpcb.csv": bom.jlcpcb_text(expected),
        "bom_order.csv": bom.order_text(expected),
        **({f"{board.name}.kibot.yaml": fabrication.kibot_text()} if profile else {}),
    }


def _files_in(folder: Path) -> tuple[str, ...]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(path.relative_to(folder).as_posix() for path in paths))


def _manifest_text(
    board: Board,
    expected: Netlist,
    version: str,
    profile: Profile | None,
    size: Size | None,
    assembly: Assembly,
    print_values: bool,
    summary: Summary,
    folder: Path,
) -> str:
    """Return the manifest: what the files were made from and with, and the hash of each."""
    content = {
        "board": board.name,
        "technology": board.technology,
        "circuit_sha256": expected.sha256(),
        "network_sha256": board.network.sha256() if board.network else None,
        "kicad": version,
        "assembly": assembly,
        **({"print_values": True} if print_values else {}),
        "pcb": profile.name if profile else None,
        "size_mm": f"{size.width:g}x{size.height:g}" if size else None,
        "bought": summary.content(),
        "models_3d": kicad_cli.has_models(),
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in _files_in(folder)
            if name != _EXTRA
        },
    }
    return json.dumps(content, indent=2) + "\n"


def _manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a build.

    Raises:
        InputError: there is none, or it is not one.
    """
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError("nothing has been built here", where=str(folder)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise InputError(f"not a build's manifest: {error}", where=str(path)) from error
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise InputError("not a build's manifest", where=str(path))
    return content


def _refuse_folder(out_dir: Path) -> None:
    package = Path(realnet_hw.__file__).resolve().parent
    target = out_dir.resolve()
    if target == package or package in target.parents:
        raise InputError(
            "a build never writes into the installed package",
            where=str(out_dir),
            mend="give another folder with --out",
        )
    with _refusals(out_dir):
        empty = not any(out_dir.iterdir()) if out_dir.exists() else True
    if not empty:
        try:
            _manifest(out_dir)
        except InputError as error:
            raise InputError(
                "the folder is not empty and holds no earlier build",
                where=str(out_dir),
                mend="give another folder with --out, or empty this one",
            ) from error


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path that a manifest names is a file in its folder.

    A manifest is a file that anybody may have written.
    """
    return path.is_file() and folder.resolve() in path.resolve().parents


def _edited(out_dir: Path, made: Path | None = None) -> list[str]:
    """Return what somebody edited, among a build's files and those that a new one would replace."""
    known = _manifest(out_dir)["files"] if (out_dir / MANIFEST).is_file() else {}
    new = {name: made / name for name in _files_in(made) if name != MANIFEST} if made else {}
    return edits.edited(out_dir, known, new, [_EXTRA])


def _refuse_edited(out_dir: Path, edited: Sequence[str]) -> None:
    """Refuse to replace files that are somebody's work."""
    if edited:
        more = len(edited) - 1
        what = f"{edited[0]} and {more} more were" if more else f"{edited[0]} was"
        raise InputError(
            f"{what} edited since the build, or made by hand",
            where=str(out_dir),
            mend="build elsewhere with --out; --force replaces edits and keeps copies",
        )


@contextlib.contextmanager
def _refusals(out_dir: Path) -> Iterator[None]:
    """Say in one line what the file system refuses."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"no build can be put here: {error.strerror or error}",
            where=str(error.filename or out_dir),
            mend="give another folder with --out",
        ) from error


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Give a temporary folder on the file system of another, from where files can be moved."""
    with contextlib.ExitStack() as stack:
        with _refusals(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            made = tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.")
        yield Path(stack.enter_context(made))


def _put_in_place(made: Path, out_dir: Path) -> None:
    """Move a build's files into its folder: all or none of them, the manifest last."""
    if not out_dir.exists():
        made.rename(out_dir)
        return
    before = {*_manifest(out_dir)["files"], _EXTRA} if any(out_dir.iterdir()) else set()
    names = _files_in(made)
    stale = {name for name in before - set(names) if _is_within(out_dir / name, out_dir)}
    with _put_back(out_dir, {*names, *stale}, keep_in=made.with_name("before")):
        for name in sorted(names, key=lambda name: name == MANIFEST):
            target = out_dir / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (made / name).replace(target)
        for name in stale:
            (out_dir / name).unlink()
    for folder in {(out_dir / name).parent for name in stale}:
        with contextlib.suppress(OSError):
            # Only an empty one goes.
            folder.rmdir()


@contextlib.contextmanager
def _put_back(folder: Path, names: set[str], *, keep_in: Path) -> Iterator[None]:
    """Leave the files of these names as they were if anything goes wrong."""
    kept = {name for name in names if (folder / name).is_file()}
    for name in kept:
        (keep_in / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, keep_in / name, follow_symlinks=False)
    try:
        yield
    except BaseException:
        for name in names - kept:
            # What is not a file was there before, too: it is what was in the way.
            if (folder / name).is_file():
                (folder / name).unlink()
        for name in kept:
            (keep_in / name).replace(folder / name)
        raise
