"""Which terminal of the fixture each port and test point of a board is wired to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from realnet_hw.emulate.front_end import MID_CHANNEL, OUTPUTS, PULSES
from realnet_hw.errors import InputError

_DAC_CHANNELS = [f"dac{n}" for n in range(OUTPUTS)]
_ADC_CHANNELS = [f"adc{n}" for n in range(MID_CHANNEL)]
_PULSE_CHANNELS = [f"pulse{n}" for n in range(PULSES)]
_SENSE = ".sense"


@dataclass(frozen=True)
class Wiring:
    """The wires between a fixture and a board.

    Args:
        inputs: DAC channel to the input port that it drives.
        nodes: ADC channel to the node that it reads.
        senses: ADC channel to the DAC channel whose terminal it reads, as delivered.
        pulses: pulse channel to the node whose pulse it sees.
        pulled: ``trigger`` and ``reset`` to the port that each pulls low.
        open_inputs: input ports that are open, not grounded, when outputs are off: each with its
            node.
    """

    inputs: Mapping[int, str]
    nodes: Mapping[int, str]
    senses: Mapping[int, int]
    pulses: Mapping[int, str] = field(default_factory=dict)
    pulled: Mapping[str, str] = field(default_factory=dict)
    open_inputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        table: Mapping[str, str],
        *,
        inputs: Collection[str],
        nodes: Mapping[str, str],
        pulses: Mapping[str, str] | None = None,
        roles: Mapping[str, str] | None = None,
        open_inputs: Mapping[str, str] | None = None,
    ) -> Wiring:
        """Read a station's wiring table, ``{"X1": "dac0", "X1.sense": "adc0", "Y": "adc1"}``.

        Args:
            table: name of a port or test point to a terminal of the fixture.
            inputs: names of the board's input ports.
            nodes: its outputs and test points: name to the plant's node.
            pulses: its test points whose pulses are timed: name to the plant's node.
            roles: its trigger and reset ports: name to ``trigger`` or ``reset``.
            open_inputs: those of the inputs that are open when outputs are off: name to node.

        Raises:
            InputError: a name that the board does not have, a terminal that the fixture does not
                have, or one used twice.
        """
        pulses, roles = pulses or {}, roles or {}
        names = [*inputs, *nodes, *pulses, *roles, *(f"{each}{_SENSE}" for each in inputs)]
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
        timed: dict[int, str] = {}
        pulled: dict[str, str] = {}
        used: dict[str, str] = {}
        for name, terminal in table.items():
            where = f"wiring of {name}"
            if terminal in used:
                raise InputError(f"{terminal} is wired to {used[terminal]} too", where=where)
            used[terminal] = name
            if name in roles:
                allowed = [roles[name]]
            elif name in pulses:
                allowed = _PULSE_CHANNELS
            else:
                allowed = _DAC_CHANNELS if name in inputs else _ADC_CHANNELS
            if terminal not in allowed:
                raise InputError(
                    f"no terminal {terminal!r} for it", where=where, allowed=", ".join(allowed)
                )
            channel = int(terminal.lstrip("abcdefghijklmnopqrstuvwxyz") or 0)
            port = name.removesuffix(_SENSE)
            if name in roles:
                pulled[terminal] = name
            elif name in pulses:
                timed[channel] = pulses[name]
            elif name in inputs:
                driven[channel] = name
            elif name in nodes:
                read[channel] = nodes[name]
            elif table.get(port) in _DAC_CHANNELS:
                senses[channel] = int(table[port][3:])
            else:
                raise InputError(f"{port} has no source, so there is nothing to sense", where=where)
        return cls(driven, read, senses, timed, pulled, open_inputs or {})


LOOPBACK = Wiring({n: f"dac{n}" for n in range(OUTPUTS)}, {}, {n: n for n in range(OUTPUTS)})
"""No board: adc0 to adc5 read the terminals of dac0 to dac5."""
