"""Which readings one may be asked to take of a board, as its kind allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from realnet_hw.board import Board
from realnet_hw.diagnose import probes
from realnet_hw.diagnose.inference import Posterior
from realnet_hw.diagnose.readings import Probe, pulled


def offered(
    found: Posterior, board: Board, nets: Sequence[str], by_itself: Collection[Probe] = ()
) -> list[Probe]:
    """Return every reading that one may take and has not.

    Args:
        found: how probable everything is, with what was read.
        board: to be read.
        nets: that can be touched.
        by_itself: readings that the fixture takes.
    """
    rails = list(found.predictor.deck.supplies)
    if board.firing is None:
        return probes.candidates(found, nets, rails)
    # Nobody fires a board by hand: a wire that touches ground bounces, and lasts too long. What a
    # wire can do is to hold a port low; of the inputs little depends then.
    inputs = tuple(found.predictor.dictionary.cases[0].items())
    every = list(by_itself)
    for port in pulled(board):
        every += [Probe("volt", inputs, net, held=port.name) for net in nets if net != port.net]
        every += [Probe("ampere", inputs, net, held=port.name) for net in rails]
    every += [Probe("ohm", (), one, other) for one, other in found.predictor.resistor_nets]
    return probes.untaken(found, every)


def wired(
    board: Board, wiring: Mapping[str, str], cases: Sequence[Mapping[str, float]]
) -> list[Probe]:
    """Return what a fixture reads of a board by itself.

    Args:
        board: that hangs on it.
        wiring: terminal to channel.
        cases: at which it may be read.
    """
    inputs = [tuple(case.items()) for case in cases]
    volts = {port.name: port.net for port in board.outputs}
    volts |= {point.name: point.net for point in board.test_points if point.kind == "voltage"}
    timed = {point.name: point.net for point in board.test_points if point.kind == "pulse"}
    nets = dict.fromkeys(net for name, net in volts.items() if name in wiring)
    pulses = dict.fromkeys(net for name, net in timed.items() if name in wiring)
    found = [Probe("volt", at, net) for at in inputs for net in nets]
    return found + [Probe("second", at, net) for at in inputs for net in pulses]


def supplies_first(found: Posterior, board: Board) -> list[Probe]:
    """Return the voltages of the supplies that nobody has read: the first thing to look at."""
    inputs = tuple(found.predictor.dictionary.cases[0].items())
    for probe in reversed(found.evidence.probes):
        if probe.kind in ("volt", "second"):
            inputs = probe.inputs
            break
    held = ""
    if board.firing is not None:
        inputs = tuple(found.predictor.dictionary.cases[0].items())
        held = next(port.name for port in pulled(board) if port.role == "reset")
    read = {probe.net for probe in found.evidence.probes if probe.kind == "volt"}
    return [
        Probe("volt", inputs, supply.net, held=held)
        for supply in board.supplies
        if supply.net not in read
    ]
