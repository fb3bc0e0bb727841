"""What every technology asks of a network, and what it says of the board."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from realnet_hw.board import Board, Logic, TestPoint
from realnet_hw.cells.connector import SIGNALS_MAX
from realnet_hw.cells.neuron import Neuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network
from realnet_hw.technology.cases import Answer

# Nets that the board makes up itself when an amplifier is left over.
_MADE_UP = re.compile(r"u[0-9]+_spare[0-9]+_out")
_OTHERS: tuple[Answer, ...] = ("value", "largest")


def refuse_unsuitable(network: Network, logic: Logic, answer: Answer) -> None:
    """Refuse activations, numbers of terminals and answers that no technology here makes."""
    for number, layer in enumerate(network.layers, 1):
        last = number == len(network.layers)
        allowed = ("relu", "linear") if last else ("relu",)
        if layer.activation not in allowed:
            raise CircuitRefused(
                f"layer {number} is {layer.activation}",
                allowed=" or ".join(allowed),
                mend="train with ReLU between the layers",
            )
    for count, what in ((len(network.inputs), "inputs"), (len(network.outputs), "outputs")):
        if count > SIGNALS_MAX:
            raise CircuitRefused(f"{count} {what}", allowed=f"up to {SIGNALS_MAX}, a pin header's")
    if answer == "largest" and len(network.outputs) < 2:
        raise CircuitRefused("one output can't be the largest", allowed="two outputs or more")
    if logic.low_V != 0.0:
        raise CircuitRefused(f"logic 0 is {logic.low_V:g} V", allowed="0 V")


def refuse_shared_nets(owners: Iterable[tuple[str, str]]) -> None:
    """Refuse names that would join two sources: a net is what everything else agrees on.

    Args:
        owners: every net with who makes its voltage.
    """
    seen: dict[str, str] = {}
    for net, owner in owners:
        other = seen.setdefault(net.casefold(), owner)
        if other is not owner or _MADE_UP.fullmatch(net.casefold()):
            raise CircuitRefused(
                f"{net} would name a net of {owner} and of {other}"
                if other is not owner
                else f"{net} is a name that the board keeps for itself",
                mend="give that input or output of the network another name",
            )


def owned_nets(
    rails: Sequence[str], inputs: Sequence[str], neurons: Sequence[Neuron], *reference: str
) -> Iterable[tuple[str, str]]:
    """Yield every net with who makes its voltage, for :func:`refuse_shared_nets`."""
    yield from ((net, "a supply rail") for net in rails)
    yield from ((net, "the bias reference") for net in reference)
    yield from ((net, "an input") for net in inputs)
    for cell in neurons:
        yield from ((net, cell.title) for net in (cell.output, *cell.inner_nets))


def hidden_name(network: Network, depth: int, index: int) -> str:
    """Return the name of a hidden neuron: H1, or H2_1 where there are several hidden layers."""
    single = len(network.layers) == 2
    return f"H{index + 1}" if single else f"H{depth + 1}_{index + 1}"


def test_points(network: Network, nets: Iterable[str]) -> tuple[TestPoint, ...]:
    """Return a test point for every net that is no output."""
    return tuple(TestPoint(net, net) for net in nets if net not in network.outputs)


def notes(network: Network, logic: Logic, supply: str, *more: str) -> tuple[str, ...]:
    """Return what stands before a build, the first four on the drawing; empty ones are left out."""
    return (
        f"Network {'-'.join(map(str, network.shape))}, weights {network.sha256()[:12]}",
        f"Logic {logic.low_V:g} V / {logic.high_V:g} V, supply {supply}",
        *(note for note in more if note),
    )


def left_out(count: int, network: Network) -> str:
    """Say how many weights have no resistor: too weak to matter, or of a neuron never on."""
    given = sum(
        value != 0.0
        for layer in network.layers
        for row in (layer.bias, *layer.weight)
        for value in row
    )
    why = "too weak to matter, or never in play"
    return f"{count} of {given} weights left out: {why}" if count else ""


def or_another_answer(make: Callable[[Answer], Board], answer: Answer) -> Board:
    """Return the board, or refuse it with the other ways to read its outputs that would do.

    Args:
        make: compiles the network for an answer.
        answer: the one asked for.
    """
    try:
        return make(answer)
    except CircuitRefused as refusal:
        others = [] if answer != "level" else [other for other in _OTHERS if _works(make, other)]
        if not others:
            raise
        reading = " or ".join(f"--answer {other}" for other in others)
        raise CircuitRefused(
            refusal.what,
            where=refusal.where,
            allowed=refusal.allowed,
            mend=f"{refusal.mend}, or read the outputs with {reading}".removeprefix(", or "),
        ) from None


def _works(make: Callable[[Answer], Board], answer: Answer) -> bool:
    try:
        make(answer)
    except CircuitRefused:
        return False
    return True
