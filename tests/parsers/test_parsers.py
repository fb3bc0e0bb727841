"""Bytes that are nearly right are taken or refused, never a traceback: a slice of ``make bench
BENCH=parsers``, and each finding of it by name."""

from __future__ import annotations

import random

import pytest

from realnet_hw.errors import BenchError
from tests.parsers.mutations import mutated
from tests.parsers.targets import TARGETS, refuses, seeds

SEEDS = seeds()
COUNT = 150


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_right_is_taken(name: str) -> None:
    assert any(refuses(TARGETS[name], seed) is None for seed in SEEDS[name])


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_nearly_right(name: str) -> None:
    draw = random.Random(name)
    told = [refuses(TARGETS[name], mutated(draw, SEEDS[name])) for _ in range(COUNT)]
    assert any(told)


def _with(name: str, right: bytes, wrong: bytes) -> bytes:
    assert right in SEEDS[name][0]
    return SEEDS[name][0].replace(right, wrong, 1)


@pytest.mark.parametrize(
    ("name", "right", "wrong", "told"),
    [
        ("fixture", b"1.250000", b"nan", "nan.* came in answer to MEAS:VOLT:ALL"),
        ("fixture", b"1.250000", b"1e400", "1e400.* came in answer to MEAS:VOLT:ALL"),
        ("fixture", b"1.250000", b"1_0", "1_0.* came in answer to MEAS:VOLT:ALL"),
        ("fixture", b"#16", b"#1:", "a block of b':' bytes"),
        ("rigol_ds1000z", b"0,2,60", b"0,2,0", "0 samples"),
        ("rigol_dho800", b"-5e-6", b"-5e300", "are no waveform"),
        ("siglent_sds1000x_e", b"\n0.5\n", b"\n0\n", "0 V is no step"),
        ("siglent_sds1000x_e", b"\n0.5\n", b"\n1e999\n", "'1e999' is no number"),
        ("keysight_1000x", b"0.001", b"0", "0 V is no step"),
        ("keysight_1000x", b"000000120", b"000000119", "119 bytes came of 60 samples"),
        ("tektronix_mso2", b"\n0.02\n", b"\n0\n", "0 V is no step"),
        ("tektronix_tbs", b"\n100\n", b"\n1e999\n", "'1e999' is no number"),
        ("meter", b"+2.50000000E+00", b"1e999", "'1e999' is no number"),
    ],
)
def test_what_was_found(name: str, right: bytes, wrong: bytes, told: str) -> None:
    with pytest.raises(BenchError, match=told):
        TARGETS[name](_with(name, right, wrong))


def test_a_block_that_is_no_picture_is_refused() -> None:
    with pytest.raises(BenchError, match="is no picture"):
        TARGETS["picture"](b"#14abcd\n")
