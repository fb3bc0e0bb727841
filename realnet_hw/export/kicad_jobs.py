"""What a build needs of a schematic, by one start of kicad-cli.

Most of a single export's time goes into starting the program and reading the file; a set of jobs
does both once.

Ref: KiCad 9 documentation, "KiCad", section "Jobsets"; "KiCad Command-Line Interface".
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.errors import ToolFailed
from realnet_hw.export import kicad_cli

_PICTURE_DATE = re.compile(r" date [0-9/]+ [0-9:]+ *(?=</title>)")


@dataclass(frozen=True)
class Job:
    """One export.

    Args:
        kind: KiCad's name for it.
        output: the file that it writes, or the folder of those.
        settings: what differs from KiCad's own.
    """

    kind: str
    output: str
    settings: Mapping[str, object]


def run(project: Path, jobs: Sequence[Job]) -> list[dict[str, bytes]]:
    """Do some jobs and return the files that each of them made, by name.

    Args:
        project: a ``.kicad_pro``; its schematic or board stands beside it under the same name.
        jobs: done in this order, each with a folder of its own.

    Raises:
        ToolMissing: KiCad is not installed.
        ToolFailed: one of the jobs failed or made nothing.
    """
    with tempfile.TemporaryDirectory() as made_in:
        folders = [Path(made_in) / str(number) for number in range(len(jobs))]
        for folder in folders:
            folder.mkdir()
        file = Path(made_in) / "jobs.kicad_jobset"
        file.write_text(_jobset(jobs, folders), "utf-8")
        kicad_cli.run(["jobset", "run", "--stop-on-error", "--file", str(file), str(project)])
        found = [
            {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
            for folder in folders
        ]
    for job, files in zip(jobs, found, strict=True):
        if not files:
            raise ToolFailed(f"kicad-cli made no {job.output}", where=project.name)
    return found


def _jobset(jobs: Sequence[Job], folders: Sequence[Path]) -> str:
    names = [f"job {number}" for number in range(len(jobs))]
    return json.dumps(
        {
            "meta": {"version": 1},
            "jobs": [
                {
                    "id": name,
                    "type": job.kind,
                    "description": job.output,
                    "settings": {**job.settings, "output_filename": job.output},
                }
                for name, job in zip(names, jobs, strict=True)
            ],
            "outputs": [
                {
                    "id": f"files of {name}",
                    "type": "folder",
                    "only": [name],
                    "settings": {"output_path": str(folder)},
                }
                for name, folder in zip(names, folders, strict=True)
            ],
        }
    )


@dataclass(frozen=True)
class SchematicExports:
    """What KiCad makes of a schematic.

    Args:
        netlist: KiCad's s-expression.
        spice: SPICE netlist.
        bom: bill of materials as CSV, one part a line.
        pictures: SVG of each sheet by its name, the root sheet's is "", without a date.
        unframed: the same without the page's frame and title block, for the eye of a program: what
            is drawn is the same, its order is not.
    """

    netlist: str
    spice: str
    bom: str
    pictures: dict[str, str]
    unframed: dict[str, str]


def schematic_exports(schematic: Path, fields: Sequence[str] = ("Reference",)) -> SchematicExports:
    """Export a schematic.

    Args:
        schematic: the ``.kicad_sch`` of the root sheet, beside its ``.kicad_pro``.
        fields: columns of the bill of materials.

    Raises:
        ToolMissing: KiCad is not installed.
        ToolFailed: it could not read the schematic.
    """
    lists = {
        "field_delimiter": ",",
        "string_delimiter": '"',
        "ref_delimiter": ",",
        "ref_range_delimiter": "",
        "fields_ordered": list(fields),
        "fields_labels": list(fields),
        "sort_field": "Reference",
    }
    # A picture that is not the first of its process has its items in another order.
    netlist, spice, bom, pictures, unframed = run(
        schematic.with_suffix(".kicad_pro"),
        [
            Job("sch_export_netlist", "board.net", {"format": "kicad"}),
            Job("sch_export_netlist", "board.cir", {"format": "spice"}),
            Job("sch_export_bom", "bom.csv", lists),
            Job("sch_export_plot_svg", "framed", {"format": "svg"}),
            Job("sch_export_plot_svg", "bare", {"format": "svg", "plot_drawing_sheet": False}),
        ],
    )
    return SchematicExports(
        netlist=_text(netlist),
        spice=_text(spice),
        bom=_text(bom),
        pictures=_by_sheet(pictures, schematic),
        unframed=_by_sheet(unframed, schematic),
    )


def _text(files: Mapping[str, bytes]) -> str:
    (content,) = files.values()
    return content.decode()


def _by_sheet(pictures: Mapping[str, bytes], schematic: Path) -> dict[str, str]:
    return {
        name.removesuffix(".svg").removeprefix(schematic.stem).removeprefix("-"): _PICTURE_DATE.sub(
            "", content.decode()
        )
        for name, content in pictures.items()
    }
