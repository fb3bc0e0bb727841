"""What every neuron made of one amplifier and resistors has in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from realnet_hw.cells.cell import Cell


class Neuron(Cell):
    """An amplifier that sums voltages through resistors.

    Args:
        output: net of the result.
        inputs: net to summing resistance in ohms.
        feedback_ohm: feedback resistance in ohms.
        inner_nets: nets that belong to it alone.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        inputs: Mapping[str, float],
        feedback_ohm: float,
        inner_nets: tuple[str, ...],
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        self.output = output
        self.inputs = dict(inputs)
        self.feedback_ohm = feedback_ohm
        self.inner_nets = inner_nets

    @property
    @abstractmethod
    def polarity(self) -> int:
        """The sign of what passes: +1 or -1 where it rectifies, 0 where everything passes."""

    @abstractmethod
    def gains(self) -> dict[str, float]:
        """Return by net the gain from each input to the output, volts per volt."""

    @abstractmethod
    def noise_gain(self) -> float:
        """Return the gain for the amplifier's offset voltage."""

    @abstractmethod
    def resistor_effects(self, volts: Mapping[str, Any]) -> list[Any]:
        """Return for each resistor the output's change, in volts, per relative change of it.

        Args:
            volts: of the input nets, numbers or arrays of one shape; as are the results.
        """

    def sum_V(self, volts: Mapping[str, Any]) -> Any:
        """Return the output in volts as it would be without rectifier.

        Args:
            volts: of the input nets, numbers or arrays of one shape; as is the result.
        """
        return sum(gain * volts[net] for net, gain in self.gains().items())

    def law(self, volts: Mapping[str, float]) -> float:
        """Return the ideal output in volts for the input nets' voltages in volts."""
        total = float(self.sum_V(volts))
        return self.polarity * max(0.0, self.polarity * total) if self.polarity else total
