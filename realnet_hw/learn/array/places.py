"""Where an array to be trained is: on a station's fixture, or in its board's simulation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from realnet_hw.board import Board
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.learn.array.bench_array import BenchArray
from realnet_hw.learn.array.damage import DamagedArray
from realnet_hw.learn.array.device import Array, Converters, synapses_of
from realnet_hw.learn.array.simulated import SimulatedArray
from realnet_hw.measure import bench
from realnet_hw.measure import station as stations
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.records import TrainingPlan

_AVERAGE = 16
"""Conversions a reading of the simulation, as of a station that says nothing else."""


@dataclass(frozen=True, eq=False)
class Learner:
    """A board that can be trained, and where it is.

    Args:
        board: with synapses.
        circuit_sha256: of its netlist.
        station_file: which fixture, and how it is wired; None for the board's simulation.
        board_path: how the virtual bench finds the board.
    """

    board: Board
    circuit_sha256: str
    station_file: Path | None
    board_path: str


@dataclass(frozen=True)
class Place:
    """Where a learner is, as its journal and record say it."""

    station: str
    station_sha256: str
    path: str
    firmware: str
    calibration: dict[str, object]
    wiring: dict[str, str]
    reading: dict[str, object]


@contextlib.contextmanager
def array_of(learner: Learner, plan: TrainingPlan) -> Iterator[tuple[Array, Place]]:
    """Give the array, damaged as the plan says, and where it is; safe when it is left.

    Raises:
        InputError: no synapses, no such one to switch off, a bad station file or wiring.
        BenchError, LinkLost: as ``Fixture``.
    """
    synapses_of(learner.board)
    if learner.station_file is None:
        array, place = _simulated(learner.board, plan)
        yield DamagedArray(array, learner.board, plan.off), place
        return
    station = stations.load(learner.station_file)
    wiring = stations.wiring_for(station, learner.board, where=str(learner.station_file))
    with bench.fixture_at(station, learner.station_file, learner.board_path) as fixture:
        stored = bench.set_up(learner.board, wiring, fixture)
        assert stored is not None  # a board with synapses
        place = Place(
            station=station.name,
            station_sha256=station.sha256(),
            path=fixture.address,
            firmware=fixture.identity.text,
            calibration=msgspec.to_builtins(fixture.calibration()),
            wiring=wiring,
            reading=msgspec.to_builtins(station.reading),
        )
        bench_array = BenchArray(learner.board, stored, station.reading.average)
        yield DamagedArray(bench_array, learner.board, plan.off), place
        fixture.output(False)


def _simulated(board: Board, plan: TrainingPlan) -> tuple[SimulatedArray, Place]:
    engine = CompiledEngine()
    converters = Converters(average=_AVERAGE)
    array = SimulatedArray(
        board,
        deck_from(netlist.from_board(board), board),
        engine,
        converters=converters,
        seed=plan.seed,
    )
    name = f"simulation, {engine.name} {engine.version}"
    return array, Place(name, "", name, "", {}, {}, {"average": _AVERAGE})
