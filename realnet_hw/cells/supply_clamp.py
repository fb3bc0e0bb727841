"""What keeps a supply rail that is not connected near ground."""

from __future__ import annotations

from realnet_hw.cells.rail_clamp import RailClamp


class SupplyClamp(RailClamp):
    """Two Schottky rectifiers that conduct when a rail crosses ground.

    A rail that is left open follows the other one, through the amplifiers' supply current; with
    these it stops a Schottky diode's forward voltage beyond ground.

    Args:
        upper, lower: nets of the positive and the negative rail.
    """

    in_signal_path = False
    diode = "diode_1n5819"

    def __init__(self, name: str, title: str, *, upper: str, lower: str, layer: int = 0) -> None:
        super().__init__(name, title, net="GND", upper=upper, lower=lower, layer=layer)
