"""Faults of joints, legs and outputs: a board's parts are sound, what they are connected to is not.

Floating inputs and failed outputs have no one voltage: a spread of the faulty deck says where they
may lie, and each comes in a low and a high way, as one draw of both would be neither.
"""

from __future__ import annotations

import dataclasses

from realnet_hw import units
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, Spread, number, subcircuit_ports

# A broken joint: the leakage over a board's surface, small against every resistance on it.
OPEN_OHM = 1e9
# A solder bridge.
SHORT_OHM = 1e-2
# A failed output stage: about a saturated transistor, up to this share of the supply off the rail.
_STUCK_OHM = 100.0
_STUCK_SHARE = 0.1


def bridged(deck: Deck, one: str, other: str) -> Deck:
    """Put a solder bridge between two nets.

    Raises:
        InputError: no such net, one net, or a dead short of the bench's sources.
    """
    nodes = [_node(deck, net) for net in (one, other)]
    if nodes[0] == nodes[1]:
        raise InputError(f"{one} and {other} are one net", where=deck.title)
    if set(nodes) <= held(deck):
        raise dead_short(deck, f"{one} {other} bridged")
    line = f"r_bridge_{nodes[0]}_{nodes[1]} {nodes[0]} {nodes[1]} {number(SHORT_OHM)}"
    return dataclasses.replace(deck, elements=(*deck.elements, line))


def pin_open(deck: Deck, reference: str, pin: str, drift: str = "") -> Deck:
    """Break the joint of one pin of a package.

    Args:
        deck: of the board.
        reference: of the package.
        pin: its number.
        drift: "low" or "high" where the pin's own leakage takes it towards the lowest or highest
            supply; else it follows its pad, over the joint's surface.

    Raises:
        InputError: no such pin.
    """
    if not drift:
        return _joint(deck, reference, pin, OPEN_OHM)
    name, place, words = _pin(deck, reference, pin)
    inner = words[place] = f"{name}_pin{pin.lower()}"
    source = f"v_{inner}"
    lines = (f"r_{inner} {inner} {source} {number(OPEN_OHM)}", f"{source} {source} 0")
    return _held_somewhere(deck, name, words, lines, source, reference, drift)


def stuck(deck: Deck, reference: str, pin: str, level: str) -> Deck:
    """Let the output at a pin have failed to near the lowest or the highest supply.

    Raises:
        InputError: no such pin.
    """
    name, place, words = _pin(deck, reference, pin)
    pad, inner, source = words[place], f"{name}_pin{pin.lower()}", f"v_{name}_stuck{pin.lower()}"
    words[place] = inner
    lines = (
        f"r_{inner} {inner} 0 {number(OPEN_OHM)}",
        f"r_{source} {source} {pad} {number(_STUCK_OHM)}",
        f"{source} {source} 0",
    )
    return _held_somewhere(deck, name, words, lines, source, reference, level)


def offset(deck: Deck, reference: str, pin: str, millivolts: str) -> Deck:
    """Let the amplifier with its output at a pin have an offset beside its own.

    Args:
        deck: of the board.
        reference: of the package.
        pin: of the amplifier's output.
        millivolts: by which the offset is greater.

    Raises:
        InputError: no such pin, or none that an amplifier with an offset drives.
    """
    input_pin, _ = amplifier(deck, reference, pin)
    name, place, words = _pin(deck, reference, input_pin)
    pad, inner = words[place], f"{name}_pin{input_pin.lower()}"
    words[place] = inner
    # As the model card has it: from the pin down to the amplifier.
    line = f"v_{inner}_offset {pad} {inner} {number(1e-3 * float(millivolts))}"
    return deck.with_element(name, " ".join(words), line)


def amplifier(deck: Deck, reference: str, pin: str) -> tuple[str, str]:
    """Return the pin of an amplifier's non-inverting input, and the parameter of its offset.

    Args:
        deck: of the board.
        reference: of the package.
        pin: of the amplifier's output.

    Raises:
        InputError: no such pin, or none that an amplifier with an offset drives.
    """
    name, place, words = _pin(deck, reference, pin)
    if name.startswith("x"):
        ports = subcircuit_ports(deck.models, words[-1])
        which = ports[place - 1].removeprefix("out")
        parameter = f"v.{name}.vos{which}"
        known = any(spread.parameter == parameter for spread in deck.spreads)
        if known and f"in{which}p" in ports:
            return deck.pins[name][ports.index(f"in{which}p")], parameter
    raise InputError(
        f"no amplifier with an offset has its output at {reference}.{pin}", where=deck.title
    )


def weak(deck: Deck, reference: str, pin: str, ohm: str) -> Deck:
    """Put a resistance into an output: a damaged stage, or a joint that hardly conducts.

    Raises:
        InputError: no such pin, or no resistance.
    """
    return _joint(deck, reference, pin, units.parse(ohm, "ohm"))


def _joint(deck: Deck, reference: str, pin: str, ohm: float) -> Deck:
    """Put a resistance between a pin and its pad."""
    name, place, words = _pin(deck, reference, pin)
    pad, inner = words[place], f"{name}_pin{pin.lower()}"
    words[place] = inner
    line = f"r_{inner} {inner} {pad} {number(ohm)}"
    return deck.with_element(name, " ".join(words), line)


def leg_moved(deck: Deck, reference: str, pin: str, net: str) -> Deck:
    """Put one leg of a part into a hole of another net.

    Raises:
        InputError: no such leg or net, or the leg belongs there.
    """
    name, place, words = _pin(deck, reference, pin)
    node = _node(deck, net)
    if words[place] == node:
        raise InputError(f"{reference}.{pin} is on {net}", where=deck.title)
    words[place] = node
    return deck.with_element(name, " ".join(words))


def input_missing(deck: Deck, name: str) -> Deck:
    """Take the wire off an input: its source stays, behind a leak, and the net leaks to ground.

    Raises:
        InputError: no such input.
    """
    if name not in deck.inputs:
        raise InputError(f"no input {name!r}", where=deck.title, allowed=", ".join(deck.inputs))
    source = deck.inputs[name]
    words = deck.element(source.element).split()
    words[1] = f"{source.node}_source"
    leak = f"r_{source.element}_open {source.node} 0 {number(OPEN_OHM)}"
    return deck.with_element(source.element, " ".join(words), leak)


def not_written(deck: Deck, nets: str) -> Deck:
    """Leave stored weights discharged: whatever the bench writes does not arrive there.

    Args:
        deck: of a board whose weights are charges.
        nets: of the capacitors, separated by spaces.

    Raises:
        InputError: a net that stores nothing.
    """
    for net in nets.split():
        if net not in deck.held:
            allowed = ", ".join(deck.held) or "none on this board"
            raise InputError(f"{net} stores nothing", where=deck.title, allowed=allowed)
        source = deck.held[net]
        deck = deck.with_element(source.element, f"{source.element} {source.node} 0 0")
    return deck


def nets_not_written(fault: str) -> list[str]:
    """Return the nets that a fault leaves discharged; none where it is another fault."""
    return fault.split()[:-2] if fault.split()[-2:] == ["not", "written"] else []


def held(deck: Deck) -> set[str]:
    """Return the nodes that ideal sources hold, ground among them."""
    sources = (*deck.supplies.values(), *deck.inputs.values(), *deck.held.values())
    return {"0", *(source.node for source in sources)}


def dead_short(deck: Deck, fault: str) -> InputError:
    """Return why a short across sources can't be computed."""
    return InputError(
        f"{fault!r} is a dead short of the bench's sources, whose current limits are not modelled",
        where=deck.title,
        mend="look for such a short with an ohmmeter, before any supply is on",
    )


def _node(deck: Deck, net: str) -> str:
    if net not in deck.nodes:
        raise InputError(f"no net {net!r}", where=deck.title, allowed=", ".join(deck.nodes))
    return deck.nodes[net]


def _pin(deck: Deck, reference: str, pin: str) -> tuple[str, int, list[str]]:
    """Return a part's element, where in its line the pin's node is, and the words of the line."""
    name = reference.lower()
    name = name if name in deck.pins else f"x{name}"
    pins = deck.pins.get(name, ())
    if pin not in pins:
        raise InputError(f"no pin {reference}.{pin}", where=deck.title, allowed=", ".join(pins))
    return name, 1 + pins.index(pin), deck.element(name).split()


def _held_somewhere(
    deck: Deck,
    name: str,
    words: list[str],
    lines: tuple[str, ...],
    source: str,
    reference: str,
    side: str,
) -> Deck:
    """Put the lines beside an element; the last one is a source near one end of the supplies."""
    rails = [0.0, *(supply.volts for supply in deck.supplies.values())]
    low_V, high_V = min(rails), max(rails)
    reach_V = _STUCK_SHARE * (high_V - low_V)
    ends = (low_V, low_V + reach_V) if side == "low" else (high_V - reach_V, high_V)
    middle_V = (ends[0] + ends[1]) / 2
    source_line = f"{lines[-1]} {number(middle_V)}"
    faulty = deck.with_element(name, " ".join(words), *lines[:-1], source_line)
    spread = Spread(source, reference, middle_V, "uniform", *ends)
    return dataclasses.replace(faulty, spreads=(*faulty.spreads, spread))
