"""What a circuit's nets show at sample inputs, while it is being made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from realnet_hw.cells.neuron import Neuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network

_Floats = npt.NDArray[np.float64]


class Shown:
    """The voltages of all nets made so far, and the ideal network's values, at sample inputs.

    Args:
        network: the ideal one.
        samples: input vectors in logic units.
        high_V: the voltage of logic 1 at the inputs.
        constants: nets that always carry the same voltage.

    Raises:
        CircuitRefused: two sources of one name.
    """

    def __init__(
        self,
        network: Network,
        samples: Sequence[Sequence[float]],
        high_V: float,
        constants: Mapping[str, float],
    ) -> None:
        self._ideal = [
            np.array(layer, dtype=float)
            for layer in zip(*(network.activations(vector) for vector in samples), strict=True)
        ]
        inputs = high_V * np.array(samples, dtype=float)
        self._volts = {net: np.full(len(inputs), volts) for net, volts in constants.items()}
        for index, net in enumerate(network.inputs):
            self._put(net, inputs[:, index], "an input")

    def ideal(self, depth: int, index: int) -> _Floats:
        """Return what a neuron answers, in logic units, one a sample."""
        return np.asarray(self._ideal[depth][:, index])

    def at(self, nets: Sequence[str]) -> _Floats:
        """Return the voltages of nets, samples x nets."""
        return np.stack([self._volts[net] for net in nets], axis=1)

    def add(self, cell: Neuron) -> None:
        """Take the output of a cell among the nets."""
        gains = cell.gains()
        made_V = self.at(list(gains)) @ np.array(list(gains.values()))
        if cell.polarity:
            made_V = cell.polarity * np.maximum(cell.polarity * made_V, 0.0)
        self._put(cell.output, made_V, cell.title)

    def _put(self, net: str, volts: _Floats, owner: str) -> None:
        if net in self._volts:
            raise CircuitRefused(
                f"{net} would name a net of {owner} and of another source",
                mend="give that input or output of the network another name",
            )
        self._volts[net] = volts
