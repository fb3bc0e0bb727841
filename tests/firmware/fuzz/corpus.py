"""Writes lines to begin with for a fuzzer that is guided by coverage: ``python -m ... FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.firmware.fuzz.lines import Lines

FILES, LINES_a_file = 1000, 3


def main(folder: Path) -> None:
    lines = Lines("corpus")
    for number in range(FILES):
        data = b"".join(lines.next().data for _ in range(LINES_a_file))
        (folder / str(number)).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
