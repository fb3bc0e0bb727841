"""The board that is ordered: KiCad finds nothing, and the copper in the Gerbers is the circuit.

Larger random networks, of every technology: ``python tests/benchmarks/run.py pcb``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.assembly import assembled
from realnet_hw.export.pcb import board_file
from realnet_hw.export.pcb.board_file import BoardFile
from realnet_hw.export.profile import PROFILES, Profile
from realnet_hw.parts.catalogue import Assembly
from tests.export.pcb.gerbers import Pin, copper_nets

LayOut = Callable[[Board, str, Assembly, Path], tuple[Path, BoardFile]]


def joined(nets: set[frozenset[Pin]]) -> set[frozenset[Pin]]:
    """Leave out pins that nothing is connected to."""
    return {net for net in nets if len(net) > 1}


@pytest.mark.parametrize(
    ("name", "fab", "assembly"),
    [
        ("xor_opamp", "jlcpcb", "tht"),
        ("xor_opamp", "home", "tht"),
        ("xor_single_supply", "jlcpcb", "smd"),
    ],
)
def test_copper_is_the_circuit_and_no_rule_is_broken(
    name: str,
    fab: str,
    assembly: Assembly,
    tmp_path: Path,
    lay_out: LayOut,
    gerbers: Callable[[Path], dict[str, bytes]],
) -> None:
    board = load_board(name)
    target, made = lay_out(board, fab, assembly, tmp_path / "one")
    assert made.violations == ()
    assert made.unprinted == ()
    circuit = assembled(netlist.from_board(board), assembly).nets()
    assert joined(copper_nets(gerbers(target), name)) == joined(set(circuit.values()))


@pytest.mark.parametrize(("seed", "shape"), [(4, (2, 3, 1))], ids=str)
def test_random_network(
    seed: int,
    shape: tuple[int, ...],
    tmp_path: Path,
    layered_board: Callable[..., Board],
    lay_out: LayOut,
    gerbers: Callable[[Path], dict[str, bytes]],
) -> None:
    board = layered_board(seed, *shape)
    target, made = lay_out(board, "jlcpcb", "tht", tmp_path / "one")
    assert made.violations == ()
    circuit = set(netlist.from_board(board).nets().values())
    assert joined(copper_nets(gerbers(target), board.name)) == joined(circuit)
    again, _ = lay_out(board, "jlcpcb", "tht", tmp_path / "two")
    assert target.read_bytes() == again.read_bytes()


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that changes what the usual fab can do."""

    def tiny(**changed: object) -> None:
        usual = PROFILES["jlcpcb"]
        own = {name: getattr(usual, name) for name in usual.__dataclass_fields__}
        monkeypatch.setitem(PROFILES, "jlcpcb", Profile(**{**own, **changed}))

    return tiny


def test_larger_than_the_fab_makes_is_refused_with_what_would_fit(
    tmp_path: Path, lay_out: LayOut, tiny: Callable[..., None]
) -> None:
    tiny(most_mm=(40.0, 60.0))
    with pytest.raises(CircuitRefused, match=r"\d+ x \d+ mm .*at most 60 x 40 mm.*--no-pcb"):
        lay_out(load_board("xor_opamp"), "jlcpcb", "tht", tmp_path)


def test_what_finds_no_way_is_refused_with_a_way_out(
    tmp_path: Path, lay_out: LayOut, tiny: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tracks that pass between no two pins of a package.
    tiny(track_mm=2.0, power_track_mm=2.0, clearance_mm=1.0)
    monkeypatch.setattr(board_file, "_CHANNELS_mm", (2.54,))
    with pytest.raises(CircuitRefused, match=r"nets found no way on two layers.*--no-pcb"):
        lay_out(load_board("xor_opamp"), "jlcpcb", "tht", tmp_path)
