"""Serves a virtual bench with a divider behind it: firmware, idle seconds, faults.

Before them, ``--orphan``: a child serves while its parent waits for the end of its input;
``--orphan-at-once``: the parent is gone before the child begins; ``--adopted``: so it is, and the
child is left to a process that is not process 1.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from realnet_hw.emulate.server import serve
from realnet_hw.export.deck import Deck, Source
from realnet_hw.measure.station import VirtualBench

DECK = Deck(
    title="* divider",
    elements=("r1 a m 1000", "r2 m 0 1000", "v_a a 0 0"),
    inputs={"A": Source("v_a", "a", 0.0)},
    nodes={"A": "a", "M": "m"},
)
BOARD: Any = SimpleNamespace(
    name="divider",
    ports=[],
    inputs=[SimpleNamespace(name="A", net="A", safe="0V")],
    driven=[SimpleNamespace(name="A", net="A", safe="0V")],
    lines=[],
    outputs=[SimpleNamespace(name="M", net="M")],
    test_points=[],
    cells=(),
    firing=None,
    synapses=None,
)
WIRING = {"A": "dac0", "A.sense": "adc0", "M": "adc1"}


PR_SET_CHILD_SUBREAPER = 36


def become_orphan(how: str) -> None:
    """Go on as a child whose parent dies later or has died."""
    if how == "--adopted":
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        if os.fork():
            # It ends when the test does, by whatever death.
            sys.stdin.read()
            os._exit(0)
    parent = os.getpid()
    hears, holds = os.pipe()
    if os.fork():
        if how == "--orphan":
            sys.stdin.read()
        os._exit(0)
    os.dup2(hears, 0)
    os.close(holds)
    while how != "--orphan" and os.getppid() == parent:
        time.sleep(0.01)


def main() -> None:
    if sys.argv[1].startswith("--"):
        become_orphan(sys.argv.pop(1))
    firmware, idle_s, *faults = sys.argv[1:]
    serve(
        BOARD,
        DECK,
        firmware=Path(firmware),
        wiring=WIRING,
        table=VirtualBench(seed=4, noise=False, faults=faults),
        idle_s=float(idle_s),
    )


main()
