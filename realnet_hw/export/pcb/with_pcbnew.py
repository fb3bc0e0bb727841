"""Write a ``.kicad_pcb`` file with KiCad's own library.

pcbnew exists in the system's Python alone, so this file is run there, as a program, and imports
nothing but the standard library and pcbnew. It is given a JSON file that says what goes where
(see ``board_file``), and decides nothing itself.

Ref: KiCad 9, pcbnew Python bindings (docs.kicad.org/doxygen-python-9.0).
"""

import json
import math
import sys
from pathlib import Path

import pcbnew

SEED = 0x7265616C
CORNER_mm = 2.0
COPPER = (pcbnew.F_Cu, pcbnew.B_Cu)


def mm(length):
    """Return a length in mm in KiCad's units."""
    return pcbnew.FromMM(length)


def vector(point):
    """Return a point in mm as KiCad's vector."""
    return pcbnew.VECTOR2I(mm(point[0]), mm(point[1]))


def place_part(board, part, nets):
    """Add a footprint with its fields, its place, and the nets of its pads."""
    footprint = pcbnew.FootprintLoad(part["library"], part["name"])
    footprint.SetFPIDAsString(part["footprint"])
    footprint.SetReference(part["reference"])
    footprint.SetValue(part["value"])
    footprint.SetPath(pcbnew.KIID_PATH(part["path"]))
    footprint.SetSheetname(part["sheet_name"])
    footprint.SetSheetfile(part["sheet_file"])
    for name, text in part["fields"].items():
        footprint.SetField(name, text)
    for field in footprint.GetFields():
        field.SetVisible(False)
    footprint.SetExcludedFromBOM(part["not_bought"])
    board.Add(footprint)
    footprint.SetPosition(vector(part["at"]))
    footprint.SetOrientationDegrees(part["rotation"])
    for pad in footprint.Pads():
        net = part["pins"].get(pad.GetNumber())
        if net is not None:
            pad.SetNet(nets[net])
        if [part["reference"], pad.GetNumber()] in part["off_pour"]:
            pad.SetLocalZoneConnection(pcbnew.ZONE_CONNECTION_NONE)
    footprint.Value().SetLayer(pcbnew.F_Fab)
    for field, where in ((footprint.Reference(), "printed"), (footprint.Value(), "value_printed")):
        text = part[where]
        if text is not None:
            field.SetLayer(pcbnew.F_SilkS)
            field.SetVisible(True)
            set_text(field, text)


def set_text(item, text):
    """Give a text its place and size."""
    item.SetTextSize(pcbnew.VECTOR2I(mm(text["size"]), mm(text["size"])))
    item.SetTextThickness(mm(text["stroke"]))
    item.SetTextAngleDegrees(text["rotation"])
    item.SetHorizJustify(pcbnew.GR_TEXT_H_ALIGN_CENTER)
    item.SetVertJustify(pcbnew.GR_TEXT_V_ALIGN_CENTER)
    item.SetKeepUpright(True) if hasattr(item, "SetKeepUpright") else None
    item.SetPosition(vector(text["at"]))


def place_hole(board, hole, number):
    """Add a mounting hole, which no schematic knows."""
    footprint = pcbnew.FootprintLoad(hole["library"], hole["name"])
    footprint.SetFPIDAsString(hole["footprint"])
    footprint.SetReference(f"H{number}")
    footprint.SetValue("M3")
    for field in footprint.GetFields():
        field.SetVisible(False)
    footprint.SetAttributes(
        pcbnew.FP_EXCLUDE_FROM_BOM | pcbnew.FP_EXCLUDE_FROM_POS_FILES | pcbnew.FP_BOARD_ONLY
    )
    board.Add(footprint)
    footprint.SetPosition(vector(hole["at"]))


def draw_outline(board, outline):
    """Draw the board's edge, a rectangle with rounded corners."""
    left, top, right, bottom = outline
    r = CORNER_mm
    k = r * (1 - math.sqrt(0.5))

    def add(start, end, middle=None):
        shape = pcbnew.PCB_SHAPE(board, pcbnew.SHAPE_T_ARC if middle else pcbnew.SHAPE_T_SEGMENT)
        shape.SetLayer(pcbnew.Edge_Cuts)
        shape.SetWidth(mm(0.1))
        if middle:
            shape.SetArcGeometry(vector(start), vector(middle), vector(end))
        else:
            shape.SetStart(vector(start))
            shape.SetEnd(vector(end))
        board.Add(shape)

    add((left + r, top), (right - r, top))
    add((right - r, top), (right, top + r), (right - k, top + k))
    add((right, top + r), (right, bottom - r))
    add((right, bottom - r), (right - r, bottom), (right - k, bottom - k))
    add((right - r, bottom), (left + r, bottom))
    add((left + r, bottom), (left, bottom - r), (left + k, bottom - k))
    add((left, bottom - r), (left, top + r))
    add((left, top + r), (left + r, top), (left + k, top + k))


def draw_copper(board, job, nets):
    """Add tracks and vias."""
    for track in job["tracks"]:
        item = pcbnew.PCB_TRACK(board)
        item.SetStart(vector(track["start"]))
        item.SetEnd(vector(track["end"]))
        item.SetWidth(mm(track["width"]))
        item.SetLayer(COPPER[track["layer"]])
        item.SetNet(nets[track["net"]])
        board.Add(item)
    for via in job["vias"]:
        item = pcbnew.PCB_VIA(board)
        item.SetPosition(vector(via["at"]))
        item.SetWidth(mm(via["diameter"]))
        item.SetDrill(mm(via["drill"]))
        item.SetNet(nets[via["net"]])
        board.Add(item)


def pour(board, job):
    """Fill both layers with the ground net."""
    left, top, right, bottom = job["outline"]
    inset = job["pour"]["inset"]
    for layer in COPPER:
        zone = pcbnew.ZONE(board)
        zone.SetLayer(layer)
        zone.SetNet(board.FindNet(job["pour"]["net"]))
        zone.SetZoneName(f"{job['pour']['net']}_{'top' if layer == pcbnew.F_Cu else 'bottom'}")
        edge = zone.Outline()
        edge.NewOutline()
        for x, y in (
            (left + inset, top + inset),
            (right - inset, top + inset),
            (right - inset, bottom - inset),
            (left + inset, bottom - inset),
        ):
            edge.Append(mm(x), mm(y))
        zone.SetLocalClearance(mm(job["pour"]["clearance"]))
        zone.SetMinThickness(mm(job["pour"]["least_width"]))
        zone.SetPadConnection(pcbnew.ZONE_CONNECTION_THERMAL)
        zone.SetThermalReliefGap(mm(job["pour"]["clearance"]))
        zone.SetThermalReliefSpokeWidth(mm(job["pour"]["spoke"]))
        zone.SetIslandRemovalMode(pcbnew.ISLAND_REMOVAL_MODE_ALWAYS)
        board.Add(zone)
    board.GetDesignSettings().m_MaxError = mm(job["pour"]["curves"])
    pcbnew.ZONE_FILLER(board).Fill(board.Zones())


def main(job_file):
    """Write the board that a job describes."""
    job = json.loads(Path(job_file).read_text("utf-8"))
    # Every object's identity follows from this: two runs write the same bytes.
    pcbnew.KIID.SeedGenerator(SEED)
    board = pcbnew.BOARD()
    settings = board.GetDesignSettings()
    settings.SetBoardThickness(mm(1.6))
    left, _, _, bottom = job["outline"]
    settings.SetAuxOrigin(vector((left, bottom)))
    block = board.GetTitleBlock()
    block.SetTitle(job["title"])
    block.SetRevision(job["revision"])
    for index, comment in enumerate(job["comments"]):
        block.SetComment(index, comment)
    nets = {}
    for name in job["nets"]:
        nets[name] = pcbnew.NETINFO_ITEM(board, name)
        board.Add(nets[name])
    for part in job["parts"]:
        place_part(board, part, nets)
    for number, hole in enumerate(job["holes"], 1):
        place_hole(board, hole, number)
    draw_outline(board, job["outline"])
    for text in job["texts"]:
        item = pcbnew.PCB_TEXT(board)
        item.SetText(text["text"])
        item.SetLayer(pcbnew.F_SilkS)
        set_text(item, text)
        board.Add(item)
    draw_copper(board, job, nets)
    # True leaves the project file alone, which holds the net classes. The filler needs a board that
    # was read from a file: one that never was makes it crash.
    pcbnew.SaveBoard(job["out"], board, True)
    board = pcbnew.LoadBoard(job["out"])
    pour(board, job)
    pcbnew.SaveBoard(job["out"], board, True)


if __name__ == "__main__":
    main(sys.argv[1])
