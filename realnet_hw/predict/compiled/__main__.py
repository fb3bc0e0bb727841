"""Compile all kernels so that nobody waits for it: ``python -m realnet_hw.predict.compiled``.

It takes half a minute to a minute once, and nothing where they are in the cache already.
"""

from __future__ import annotations

from realnet_hw.export.deck import Deck
from realnet_hw.predict.compiled.engine import CompiledEngine

_DIVIDER = Deck("* divider", ("v_in a 0 1", "r1 a b 1e3", "r2 b 0 1e3", "c1 b 0 1e-9"))


def main() -> None:
    """Have each kind of question answered once, of the smallest circuit."""
    engine = CompiledEngine()
    engine.operating_point(_DIVIDER, [{}], ["b"])
    engine.transient(_DIVIDER, [{}], ["b"], end_s=1e-6, step_s=1e-7)
    engine.sensitivities(_DIVIDER, [{}], ["b"], names=["r1"])


if __name__ == "__main__":
    main()
