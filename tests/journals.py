"""The first line of a journal, for tests that write one."""

from __future__ import annotations

from realnet_hw.measure.journal import Header

HEADER = Header(
    board="xor_opamp",
    circuit_sha256="c1",
    procedure="truth_table",
    procedure_sha256="p1",
    station="bench",
    station_sha256="s1",
    firmware="realnet_hw,fixture,1,0.1",
    calibration={"valid": False, "date": None, "note": ""},
    wiring={"X1": "dac0", "Y": "adc0"},
    reading={"settle_s": 0.02, "average": 16, "repeats": 5},
    versions={"python": "3.11"},
    started_utc="2026-01-01T00:00:00Z",
)
