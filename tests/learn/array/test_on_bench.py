"""A training through the real firmware on the virtual bench."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realnet_hw.learn.array.training import Checkpoint
from realnet_hw.measure.journal import parse

STATION = """name = "virtual"
[virtual]
seed = 3
mismatch_V = 0.05
[reading]
average = 1
"""


@pytest.mark.usefixtures("kicad", "simulator")
def test_ctrl_c_leaves_every_epoch_and_says_how_to_go_on(tmp_path: Path) -> None:
    station, out = tmp_path / "station.toml", tmp_path / "out"
    station.write_text(STATION)
    words = ["train", "array", "array_2t1c", "--data", "xor", "--station", str(station)]
    command = [sys.executable, "-m", "realnet_hw", *words, "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not (found := list(out.glob("*.jsonl"))) or found[0].read_bytes().count(b"\n") < 4:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1].splitlines()
    assert process.returncode == 2
    assert said[-1] == (
        f"realnet: {out}: interrupted; outputs are grounded and every epoch so far is kept; "
        f"realnet {' '.join(words)} --out {out} --resume goes on"
    )
    header, done, _ = parse(found[0].read_bytes(), Checkpoint, where="")
    assert header.firmware.startswith("realnet_hw,fixture,")
    assert header.wiring["DATA1"] == "dac4"
    assert [one.epoch for one in done] == list(range(len(done)))
    assert len(done) >= 3
    # What was found to be enough to learn from was measured there.
    budget = [line for line in said if line.startswith(("enough", "tight"))]
    assert len(budget) == 5
    # Weights really move what is read: two epochs of 50 mV a step are seen in 5 mV steps.
    assert done[0].outputs_V != done[2].outputs_V
