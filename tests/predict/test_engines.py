"""Which simulator is taken where nobody names one."""

from __future__ import annotations

import pytest

from realnet_hw.board import load_board
from realnet_hw.predict import engines


def test_ngspice_where_it_is_but_not_for_boards_that_are_fired_or_learn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_rest, fired = load_board("xor_opamp"), load_board("nand_555")
    learning = load_board("array_2t1c")
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", "libngspice.so.0")
    assert engines.usual_for(at_rest) == "ngspice"
    assert engines.usual_for(fired) == "compiled"
    assert engines.usual_for(learning) == "compiled"
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH")
    monkeypatch.setattr("ctypes.util.find_library", lambda _name: None)
    assert engines.usual_for(at_rest) == "compiled"
