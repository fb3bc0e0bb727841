"""What a package of amplifiers needs besides its signals: its supply, and its spare amplifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class AmplifierSupply(Cell):
    """The supply pins of one package with a decoupling capacitor from each rail to ground.

    The board makes one for every package that it fills.

    Args:
        package: index of the package on the board, from 0.
        type: the package's key in the parts catalogue.
        positive: net of the positive rail.
        negative: net of the negative rail.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        package: int,
        type: str,
        positive: str,
        negative: str,
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, layer=layer)
        self.package = package
        self.type = type
        self.positive = positive
        self.negative = negative
        self.parts["positive"] = CellPart("capacitor_ceramic", {"1": positive, "2": "GND"})
        if negative != "GND":
            self.parts["negative"] = CellPart("capacitor_ceramic", {"1": "GND", "2": negative})


class SpareAmplifier(Cell):
    """An amplifier that nobody uses, tied as a follower of ground so that it stays quiet.

    Ref: Texas Instruments SBOA204, "The Unused Op Amp - What to Do?".
    """

    def __init__(self, name: str, title: str, *, type: str, layer: int = 0) -> None:
        super().__init__(name, title, layer=layer)
        output = f"{name}_OUT"
        self.amplifiers["amplifier"] = AmplifierRequest(type, "GND", output, output)
