"""Serves a virtual bench with a divider behind it: firmware, idle seconds, seed, faults."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from realnet_hw.emulate.server import serve
from realnet_hw.export.deck import Deck, Source

DECK = Deck(
    title="* divider",
    elements=("r1 a m 1000", "r2 m 0 1000", "v_a a 0 0"),
    inputs={"A": Source("v_a", "a", 0.0)},
    nodes={"A": "a", "M": "m"},
)
BOARD: Any = SimpleNamespace(
    name="divider",
    inputs=[SimpleNamespace(name="A", net="A")],
    outputs=[SimpleNamespace(name="M", net="M")],
    test_points=[],
)
WIRING = {"A": "dac0", "A.sense": "adc0", "M": "adc1"}


def main() -> None:
    if sys.argv[1] == "--orphan":
        # A child serves, and its parent waits to be killed.
        if os.fork():
            signal.pause()
        del sys.argv[1]
    firmware, idle_s, *faults = sys.argv[1:]
    serve(
        BOARD,
        DECK,
        firmware=Path(firmware),
        wiring=WIRING,
        seed=4,
        noise=False,
        idle_s=float(idle_s),
        faults=faults,
    )


main()
