"""Codes become the volts that they stand for, and all of a journal's are in one file of arrays."""

from __future__ import annotations

import io

import numpy as np
import pytest

from realnet_hw.measure.codes import Correction, arrays, terminal_V
from realnet_hw.measure.journal import Point, TakenEdge, TakenWave


def test_a_code_is_sixteenths_of_5_mV_above_the_lower_end() -> None:
    # PROTOCOL.md, Terminals: code c of a converter stands for (c - 2048) x 5 mV.
    assert terminal_V(0) == pytest.approx(-10.24)
    assert terminal_V(16 * 2048) == pytest.approx(0.0)
    assert terminal_V(16 * 2048 + 8) == pytest.approx(2.5e-3)
    # PROTOCOL.md, CALibration:SENSe: a reading r is given as r x (1 + gain / 1e6) + offset.
    correction = Correction(gain_ppm=-5000, offset_V=0.01)
    assert terminal_V(16 * 3048, correction) == pytest.approx(5 * 0.995 + 0.01)


def point(key: str, x_V: float, codes: dict[str, list[int]]) -> Point:
    volts = {name: list(map(terminal_V, each)) for name, each in codes.items()}
    return Point(point=key, time_utc="", set_V={"X": x_V}, readings_V=volts, codes=codes)


def wave(codes: list[list[int]]) -> TakenWave:
    return TakenWave(
        channel="dso.1", volts_a_division=1.0, zero=128.0, step_V=0.04, step_s=1e-6,
        starts_s=[-2e-6 + 1e-7 * index for index in range(len(codes))], codes=codes,
    )  # fmt: skip


def test_all_codes_of_a_journal_are_in_the_arrays() -> None:
    waves = {"X": wave([[0, 255], [1, 254]]), "Y": wave([[-128, 127, 0], [5, 6]])}
    edge = TakenEdge(input="X", from_V=0.0, to_V=5.0, driver="d", scope="s", waves=waves)
    stepped = Point(point="X from 0 to 5 V", time_utc="", set_V={}, readings_V={}, edge=edge)
    points = [
        point("case 0", 0.0, {"Y": [32768, 32769], "Z": [1, 65535]}),
        point("case 1", 5.0, {"Y": [40000]}),
        stepped,
    ]
    with np.load(io.BytesIO(arrays(points)), allow_pickle=False) as found:
        assert found["points"].tolist() == ["case 0", "case 1"]
        assert found["set_V/X"].tolist() == [0.0, 5.0]
        assert found["codes/Y"].tolist() == [[32768, 32769], [40000, -1]]
        assert found["codes/Z"].tolist() == [[1, 65535], [-1, -1]]
        assert str(found["edge0"]) == "X from 0 to 5 V"
        assert found["edge0/Y/codes0"].tolist() == [-128, 127, 0]
        assert found["edge0/Y/codes1"].tolist() == [5, 6]
        zero, step_V, start_s, step_s = found["edge0/X/scale1"].tolist()
        assert (found["edge0/X/codes1"] - zero) * step_V == pytest.approx([-5.08, 5.04])
        assert (start_s, step_s) == (-1.9e-6, 1e-6)
    assert arrays(points) == arrays(points)


def test_a_journal_without_points_gives_arrays_of_none() -> None:
    with np.load(io.BytesIO(arrays([])), allow_pickle=False) as found:
        assert found["points"].tolist() == []
