"""What to do about a fault: how to make sure of it with the power off, and how to mend it."""

from __future__ import annotations

from realnet_hw.diagnose.universe import Fault
from realnet_hw.diagnose.words import reading_words
from realnet_hw.export.netlist import Netlist

# Ohms nearer to each other than that do not tell a fault, with parts in parallel and a cheap meter.
_TELLING = 1.1


def ohm_ends(fault: Fault, netlist: Netlist) -> tuple[str, str] | None:
    """Return the nets between which ohms tell whether a fault is there; None where none do."""
    if fault.kind == "bridge":
        return fault.nets[0], fault.nets[1]
    if fault.kind in ("open", "short", "wrong value") and fault.name[0] == "R":
        one, other = netlist.parts[fault.parts[0]].pins.values()
        return one, other
    return None


def mend_words(
    fault: Fault, netlist: Netlist, ohms: tuple[float, float] | None, *, is_sized: bool = True
) -> str:
    """Return what to do about a fault, in one or two short sentences.

    Args:
        fault: that may be there.
        netlist: of the board.
        ohms: what one reads between its ``ohm_ends``, everything in its place and the power off:
            without the fault, and with it.
        is_sized: whether it is known what one reads with it: not where a value is wrong by an
            unknown amount.
    """
    return " ".join(filter(None, (_do(fault, netlist), _make_sure(fault, ohms, is_sized))))


def _make_sure(fault: Fault, ohms: tuple[float, float] | None, is_sized: bool) -> str:
    if ohms is None or max(ohms) < _TELLING * min(ohms):
        return ""
    right, wrong = (reading_words("ohm", value) for value in ohms)
    place = f"from {' to '.join(fault.nets)}" if fault.kind == "bridge" else "across it"
    found = f", {wrong} is this fault" if is_sized else ""
    return f"To make sure, power off: {place} {right} is right{found}."


def _do(fault: Fault, netlist: Netlist) -> str:
    if "." in fault.name.split()[0]:
        return _at_pin(fault)
    return _at_part(fault, netlist) if fault.parts else _at_wires(fault)


def _at_pin(fault: Fault) -> str:
    subject, _, pin = fault.name.split()[0].partition(".")
    match fault.kind:
        case "open":
            return f"Resolder pin {pin} of {subject}; in a socket, look for a leg bent under it."
        case "stuck":
            return f"Look for solder between pin {pin} and its neighbours; else replace {subject}."
        case "offset":
            return f"Replace {subject}."
        case "weak":
            return f"Resolder pin {pin} of {subject}; else replace {subject}."
        case _:
            return f"Move that leg of {subject} into its own hole."


def _at_part(fault: Fault, netlist: Netlist) -> str:
    name = fault.parts[0]
    value = netlist.parts[name].value
    match fault.kind:
        case "short":
            return f"Look for solder across {name}; else replace it."
        case "open":
            return f"Resolder both joints of {name}; else replace it ({value})."
        case "wrong value":
            return f"Read its marking; put {value} there."
        case "swapped":
            right = ", ".join(f"{part} is {netlist.parts[part].value}" for part in fault.parts)
            return f"Read their markings: {right}."
        case "reversed":
            return f"Turn it: its band belongs to {_cathode(name, netlist)}."
        case _ if len(netlist.parts[name].pins) > 2:
            return "Is it there, its notch as printed, no leg bent under it?"
        case _:
            return f"Is {name} there? Resolder its joints; else replace it ({value})."


def _cathode(name: str, netlist: Netlist) -> str:
    pins = netlist.parts[name].pins
    ends = netlist.parts[name].fields.get("Sim.Pins", "1=K").upper().split()
    pin = next((end[:-2] for end in ends if end.endswith("=K")), "1")
    return f"the pad marked K ({pins[pin]})"


def _at_wires(fault: Fault) -> str:
    match fault.kind:
        case "swapped":
            return "Swap the two wires."
        case "bridge":
            return "Look for solder or a strand between them and take it off."
        case "not written":
            return "Resolder the joints there; else replace the part that stores."
        case _:
            return "Follow the wire with the meter, from where it begins to the first part."
