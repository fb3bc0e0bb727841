"""Faults, places and readings in plain words, for somebody with a board and a multimeter."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from realnet_hw import units
from realnet_hw.board import Board
from realnet_hw.diagnose.readings import OPEN_ohm, Quantity
from realnet_hw.diagnose.universe import Fault
from realnet_hw.diagnose.values import Value
from realnet_hw.export.netlist import Netlist
from realnet_hw.records import ProbeReading

OTHER = "two things at once, or one that is not looked for"
PULSES = (
    "On boards of pulses, read by a fixture alone, of 100 boards with a fault the first name was "
    "right for 37, one of the first three for 61, one of those that look alike with the first for "
    "100; 12 were called sound (simulated, nand_555)."
)

# Nets that read the same so often, once farther from ground, may be joined.
_OFTEN, _AWAY_V = 3, 0.3


def fault_words(fault: Fault, netlist: Netlist, value: Value | None = None) -> str:
    """Return what a fault is.

    Args:
        fault: what is wrong.
        netlist: of the board.
        value: of a part with a wrong value, where it is known.
    """
    if fault.kind == "wrong value":
        return _wrong_value(fault.parts[0], netlist, value)
    if "." in fault.name.split()[0]:
        return _of_pin(fault, netlist)
    return _of_parts(fault) if fault.parts else _of_wires(fault)


def _of_pin(fault: Fault, netlist: Netlist) -> str:
    subject, _, pin = fault.name.split()[0].partition(".")
    net = netlist.parts[subject].pins.get(pin, "unconnected")
    match fault.kind:
        case "open":
            return f"pin {pin} of {subject} ({net}) is not joined"
        case "stuck":
            level = fault.name.rsplit(" ", 1)[1]
            return f"the output at pin {pin} of {subject} ({net}) has failed: it stays {level}"
        case "offset":
            return f"the amplifier at pin {pin} of {subject} ({net}) is damaged: its inputs are off"
        case "weak":
            return f"the output at pin {pin} of {subject} ({net}) is weak: a damage, or a bad joint"
        case _:
            return f"leg {pin} of {subject} is in a hole of {fault.nets[0]} instead of {net}"


def _of_parts(fault: Fault) -> str:
    name = fault.parts[0]
    match fault.kind:
        case "short":
            return f"{name} is bridged"
        case "swapped":
            return f"{' and '.join(fault.parts)} are in each other's place"
        case "reversed":
            return f"{name} is the wrong way round"
        case "missing" if name[0] not in "DC":
            return f"{name} is not there, or not in its socket"
        case _:
            return f"{name} does not conduct: a bad joint, broken, or not there"


def _of_wires(fault: Fault) -> str:
    match fault.kind:
        case "swapped":
            inputs = fault.name.removeprefix("inputs ").removesuffix(" swapped")
            return f"the wires of inputs {inputs.replace(' ', ' and ')} are swapped"
        case "missing" if fault.name.startswith("input "):
            return f"nothing arrives at {fault.name.removesuffix(' missing')}: its wire is off"
        case "missing":
            return f"{fault.name.removesuffix(' missing')} does not arrive: its wire is off"
        case "not written" if len(fault.nets) == 1:
            return f"the weight {fault.nets[0]} is not kept: its capacitor, transistor or a joint"
        case "not written":
            name = fault.name.removesuffix(" not written")
            return f"{name} writes nothing: its wire, the parts behind it or a joint"
        case "bridge":
            return f"{' and '.join(fault.nets)} are joined, by solder or a strand of wire"
        case _:
            return "nothing is wrong"


def _wrong_value(name: str, netlist: Netlist, value: Value | None) -> str:
    right = netlist.parts[name].value
    if value is None:
        return f"{name} has another value than {right}"
    about, low, high = (_figure(v) for v in (value.value, value.low, value.high))
    why = f": perhaps {value.words}" if value.words else ""
    return f"{name} has about {about} ({low} to {high}) where {right} belongs{why}"


def _figure(value: float) -> str:
    """Return ohms or farads as printed on parts."""
    return units.compact(value, 3)


def inputs_words(inputs: Sequence[tuple[str, float]]) -> str:
    """Return how to set the inputs: "X1 = 0 V, X2 = 5 V"."""
    return ", ".join(f"{name} = {volts:g} V" for name, volts in inputs)


def probe_words(probe: ProbeReading) -> str:
    """Return what to read, and where, in one sentence."""
    at = setting_words(probe)
    if probe.kind == "ohm":
        ends = f"from {probe.node} to {probe.other}"
        return f"power off and inputs unplugged, ohms {ends} ({probe.place})"
    if probe.kind == "ampere":
        return f"{at}; the current that the supply {probe.node} delivers"
    if probe.kind == "second":
        return f"{at}; fire the board: how long the pulse at {probe.node} lasts ({probe.place})"
    return f"{at}; volts at {probe.node} ({probe.place})"


def setting_words(probe: ProbeReading) -> str:
    """Return what a board is to be set to: "A = 0 V, B = 5 V, RESET joined to GND"."""
    inputs = inputs_words(list(probe.inputs.items()))
    return f"{inputs}, {probe.held} joined to GND" if probe.held else inputs


def rail_words(read: Sequence[ProbeReading], board: Board) -> str:
    """Return which supply was read far from what it should be, empty if none was.

    Args:
        read: what was read.
        board: with its supplies.
    """
    supplies = {supply.net: supply for supply in board.supplies}
    for one in read:
        supply = supplies.get(one.node)
        if one.kind != "volt" or supply is None or one.value is None:
            continue
        slack_V = supply.tolerance * abs(supply.volts)
        if abs(one.value - supply.volts) > slack_V + (one.U or 0.0):
            belongs = f"{supply.volts:g} V \N{PLUS-MINUS SIGN} {100 * supply.tolerance:g} %"
            return f"the supply {one.node} is at {one.value:.3g} V where {belongs} belongs"
    return ""


def joined_words(read: Sequence[ProbeReading]) -> str:
    """Return which nets read the same wherever both were read, empty if none do.

    Not those that are near ground throughout, as neurons at rest are.

    Args:
        read: what was read.
    """
    volts: dict[str, dict[tuple[tuple[str, float], ...], ProbeReading]] = {}
    for one in read:
        if one.kind == "volt" and one.value is not None and not one.bound:
            volts.setdefault(one.node, {})[tuple(one.inputs.items())] = one
    same = []
    for first, second in itertools.combinations(volts, 2):
        both = [(volts[first][at], volts[second][at]) for at in volts[first].keys() & volts[second]]
        apart = [
            abs((a.value or 0.0) - (b.value or 0.0)) <= (a.U or 0.0) + (b.U or 0.0) for a, b in both
        ]
        away = any(abs(a.value or 0.0) > _AWAY_V for a, _ in both)
        if len(both) >= _OFTEN and all(apart) and away:
            same.append(f"{first} and {second}")
    return f"{'; '.join(same)} read the same at all inputs: are they joined?" if same else ""


def reading_words(kind: Quantity, value: float, bound: str = "") -> str:
    """Return a reading with its unit.

    Args:
        kind: of reading.
        value: in volts, ohms, amperes or seconds.
        bound: "≥" or "≤" where it stands at the end of what the fixture can read.
    """
    if kind == "ohm":
        return (
            "OL" if value > 0.9 * OPEN_ohm else f"{_figure(value)} ohm" if value >= 0.5 else "0 ohm"
        )
    if kind == "ampere":
        return f"{value * 1e3:.1f} mA"
    if kind == "second":
        return f"{value * 1e3:.3f} ms" if value > 0 else "no pulse"
    if bound:
        return f"{bound} {value:.2f} V (beyond what the fixture reads)"
    return f"{value:.3f} V"


def value_words(reading: ProbeReading) -> str:
    """Return what was read, with its unit; empty where it is still to be read."""
    if reading.value is None:
        return ""
    return reading_words(reading.kind, reading.value, reading.bound)
