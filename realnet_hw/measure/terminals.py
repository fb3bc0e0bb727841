"""What the fixture can tell of a board by its inputs alone: before they are driven, and after.

A source that reads back something else than it was set to drives a short, another source or nothing
at all. What is measured then belongs to other inputs than the record would say, and the board may
be in danger: the run ends, and its outputs are grounded.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from realnet_hw.board import Board
from realnet_hw.errors import RESUME, BenchError
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.fixture_specification import (
    ADC_GAIN_BOUND,
    ADC_INL_BOUND_V,
    ADC_OFFSET_BOUND_V,
    DAC_GAIN_BOUND,
    DAC_INL_BOUND_V,
    DAC_OFFSET_BOUND_V,
    LSB_V,
)
from realnet_hw.measure.station import SENSE_SUFFIX

_SOURCE_MAX_A = 10e-3
_GROUND_OHM = 100.0
"""What grounds a source's terminal while outputs are off."""
_GRAIN_V = LSB_V
"""Of steps and noise."""


def check_at_rest(board: Board, wiring: Mapping[str, str], fixture: Fixture) -> None:
    """Refuse to drive inputs that something else drives already.

    Args:
        board: on the bench, with its supply on.
        wiring: terminal to channel.
        fixture: open, with its outputs off: every input is grounded through 100 ohm, but for those
            that must be open.

    Raises:
        BenchError: one carries more than what the board's own current may make there; LinkLost and
            others as the fixture.
    """
    grounded = {
        port.name: wiring[f"{port.name}{SENSE_SUFFIX}"]
        for port in board.driven
        if port.safe == "0V" and f"{port.name}{SENSE_SUFFIX}" in wiring
    }
    if not grounded:
        return
    _refuse_driven(
        fixture,
        {f"{name} at {channel}": channel for name, channel in grounded.items()},
        mend="switch the board's supply off: something else drives this input; check the "
        "wiring, the supply's polarity and that it is this board",
    )


def check_no_board(channels: Sequence[str], fixture: Fixture) -> None:
    """Refuse to drive senses that a board drives already.

    Args:
        channels: sense channels, joined by a wire.
        fixture: open, with its outputs off; a lead joins that wire to one of them.

    Raises:
        BenchError: one carries more than no board makes there; LinkLost and others as the fixture.
    """
    _refuse_driven(
        fixture,
        {channel: channel for channel in channels},
        mend="take the board off the fixture, and put the lead where you are told",
    )


def _refuse_driven(fixture: Fixture, grounded: Mapping[str, str], *, mend: str) -> None:
    """Refuse what is not at 0 V while outputs are off; by place, the sense channel there."""
    allowed_V = _SOURCE_MAX_A * _GROUND_OHM + _sense_V(0.0)
    read_V = fixture.read_all()
    for where, channel in grounded.items():
        if abs(read_V[channel]) > allowed_V:
            raise BenchError(
                f"{read_V[channel]:.2f} V is there while outputs are off",
                where=where,
                allowed=f"within {allowed_V:.2f} V of 0",
                mend=mend,
            )


def check_delivered(
    wiring: Mapping[str, str],
    set_V: Mapping[str, float],
    readings_V: Mapping[str, Sequence[float]],
) -> None:
    """Refuse readings that belong to other inputs than were set.

    Args:
        wiring: terminal to channel.
        set_V: input terminal to what its source was set to.
        readings_V: terminal to its readings; of inputs those of ``X1.sense``, where it is wired.

    Raises:
        BenchError: an input is further from its setting than source and sense may be off together.
    """
    for name, level_V in set_V.items():
        read_V = readings_V.get(f"{name}{SENSE_SUFFIX}")
        if not read_V:
            continue
        arrived_V = statistics.fmean(read_V)
        allowed_V = _source_V(level_V) + _sense_V(level_V)
        if abs(arrived_V - level_V) > allowed_V:
            raise BenchError(
                f"{level_V:g} V is set and {arrived_V:.2f} V arrives",
                where=f"{name} at {wiring[name]}",
                allowed=f"within {allowed_V:.2f} V",
                mend=f"look for a short at {name}, a load of more than "
                f"{_SOURCE_MAX_A * 1e3:.0f} mA or a missing wire to {name}{SENSE_SUFFIX}",
                go_on=RESUME,
            )


def _sense_V(level_V: float) -> float:
    """Return the most by which a sense may be off, volts."""
    return ADC_GAIN_BOUND * abs(level_V) + ADC_OFFSET_BOUND_V + ADC_INL_BOUND_V + _GRAIN_V


def _source_V(level_V: float) -> float:
    """Return the most by which a source may be off, volts."""
    return DAC_GAIN_BOUND * abs(level_V) + DAC_OFFSET_BOUND_V + DAC_INL_BOUND_V + _GRAIN_V
