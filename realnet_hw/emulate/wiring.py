"""Which terminal of the fixture each port and test point of a board is wired to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from realnet_hw.emulate.front_end import MID_CHANNEL, OUTPUTS
from realnet_hw.errors import InputError

_DAC_CHANNELS = [f"dac{n}" for n in range(OUTPUTS)]
_ADC_CHANNELS = [f"adc{n}" for n in range(MID_CHANNEL)]
_SENSE = ".sense"


@dataclass(frozen=True)
class Wiring:
    """The wires between a fixture and a board.

    Args:
        inputs: DAC channel to the input port that it drives.
        nodes: ADC channel to the node that it reads.
        senses: ADC channel to the DAC channel whose terminal it reads, as delivered.
    """

    inputs: Mapping[int, str]
    nodes: Mapping[int, str]
    senses: Mapping[int, int]

    @classmethod
    def of(
        cls, table: Mapping[str, str], *, inputs: Collection[str], nodes: Mapping[str, str]
    ) -> Wiring:
        """Read a station's wiring table, ``{"X1": "dac0", "X1.sense": "adc0", "Y": "adc1"}``.

        Args:
            table: name of a port or test point to a terminal of the fixture.
            inputs: names of the board's input ports.
            nodes: its outputs and test points: name to the plant's node.

        Raises:
            InputError: a name that the board does not have, a terminal that the fixture does not
                have, or one used twice.
        """
        names = [*inputs, *nodes, *(f"{each}{_SENSE}" for each in inputs)]
        strange = [name for name in table if name not in names]
        if strange:
            raise InputError(
                f"the board behind the fixture has no terminal {', '.join(strange)}",
                where="wiring",
                allowed=", ".join(names),
                mend="a board in [virtual] needs the terminals of the board that is measured",
            )
        driven: dict[int, str] = {}
        read: dict[int, str] = {}
        senses: dict[int, int] = {}
        used: dict[str, str] = {}
        for name, terminal in table.items():
            where = f"wiring of {name}"
            if terminal in used:
                raise InputError(f"{terminal} is wired to {used[terminal]} too", where=where)
            used[terminal] = name
            allowed = _DAC_CHANNELS if name in inputs else _ADC_CHANNELS
            if terminal not in allowed:
                raise InputError(
                    f"no terminal {terminal!r} for it", where=where, allowed=", ".join(allowed)
                )
            channel = int(terminal[3:])
            port = name.removesuffix(_SENSE)
            if name in inputs:
                driven[channel] = name
            elif name in nodes:
                read[channel] = nodes[name]
            elif table.get(port) in _DAC_CHANNELS:
                senses[channel] = int(table[port][3:])
            else:
                raise InputError(f"{port} has no source, so there is nothing to sense", where=where)
        return cls(driven, read, senses)


LOOPBACK = Wiring({n: f"dac{n}" for n in range(OUTPUTS)}, {}, {n: n for n in range(OUTPUTS)})
"""No board: adc0 to adc3 read the terminals of dac0 to dac3."""
