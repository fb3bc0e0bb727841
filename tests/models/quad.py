"""A quad amplifier in a DIP-14, as test circuits of datasheets want it wired."""

from __future__ import annotations

from collections.abc import Mapping

from realnet_hw.export.deck import Deck, model_card

# Output, inverting input, non-inverting input of each amplifier; the supply is at 4 and 11.
PINOUT = [(1, 2, 3), (7, 6, 5), (8, 9, 10), (14, 13, 12)]


def wired(
    model: str, pins: Mapping[int, str], *elements: str, low: str = "n", rest: str = "0"
) -> Deck:
    """Wire a package; amplifiers that are not wired follow the net ``rest``.

    Args:
        model: the subcircuit's name, and its card's.
        pins: net of each pin that is wired.
        elements: the circuit around it, with what drives the nets ``p`` and ``low``.
        low: net of the lower supply.
        rest: net that an input without a wire goes to.
    """
    nets = {4: "p", 11: low, **pins}
    for out, minus, plus in PINOUT:
        nets.setdefault(plus, rest)
        if out not in nets and minus not in nets:
            nets[out] = nets[minus] = f"spare{out}"
    nodes = " ".join(nets[pin] for pin in range(1, 15))
    return Deck(
        title=f"* {model} under test",
        elements=(f"xu1 {nodes} {model}", *elements),
        models=model_card(f"{model}.lib"),
    )
