"""How long the virtual bench is waited for."""

import subprocess
import sys

import pytest

from realnet_hw.measure import virtual

_COMPUTES = "import time\nend = time.process_time() + 0.8\nwhile time.process_time() < end: pass\n"


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (_COMPUTES + "print('ready', flush=True)", b"ready\n"),
        ("import time; time.sleep(60)", b""),
        ("raise SystemExit(3)", b""),
    ],
    ids=["computes", "hangs", "ends"],
)
def test_who_computes_is_waited_for_and_who_hangs_is_not(
    program: str, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtual, "START_S", 0.4)
    monkeypatch.setattr(virtual, "BUSY_START_S", 30.0)
    monkeypatch.setattr(virtual, "_LOOK_S", 0.8)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert virtual.first_line(process, process.stdout) == line
        process.kill()
