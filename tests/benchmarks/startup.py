"""How long a person waits for ``realnet --help``."""

from __future__ import annotations

import sys
from pathlib import Path

from run import Ratio, command_s


def measure() -> list[Ratio]:
    realnet = str(Path(sys.executable).with_name("realnet"))
    # 0.15 s is the limit wished for, where an empty Python takes 0.011 s.
    return [
        Ratio(
            "realnet --help / python -c pass",
            command_s(realnet, "--help"),
            command_s(sys.executable, "-c", "pass"),
            limit=13.6,
        )
    ]
