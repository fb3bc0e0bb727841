"""Which terminal of the fixture each port and test point of a board is wired to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from realnet_hw.emulate.front_end import MID_CHANNEL, OUTPUTS, PULSES
from realnet_hw.errors import InputError

_DAC_CHANNELS = [f"dac{n}" for n in range(OUTPUTS)]
_ADC_CHANNELS = [f"adc{n}" for n in range(MID_CHANNEL)]
_PULSE_CHANNELS = [f"pulse{n}" for n in range(PULSES)]
_LINE_CHANNELS = [f"line{n}" for n in range(16)]
_SENSE = ".sense"


@dataclass(frozen=True)
class Wiring:
    """The wires between a fixture and a board.

    Args:
        inputs: DAC channel to the port that it drives: an input, a nudge or data.
        nodes: ADC channel to the node that it reads.
        senses: ADC channel to the DAC channel whose terminal it reads, as delivered.
        pulses: pulse channel to the node whose pulse it sees.
        pulled: ``trigger`` and ``reset`` to the port that each pulls low.
        lines: ``line0`` to ``line15`` to the port that each drives.
        open_inputs: input ports that are open, not grounded, when outputs are off: each with its
            node.
    """

    inputs: Mapping[int, str]
    nodes: Mapping[int, str]
    senses: Mapping[int, int]
    pulses: Mapping[int, str] = field(default_factory=dict)
    pulled: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
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
        lines: Collection[str] = (),
        open_inputs: Mapping[str, str] | None = None,
    ) -> Wiring:
        """Read a station's wiring table, ``{"X1": "dac0", "X1.sense": "adc0", "Y": "adc1"}``.

        Args:
            table: name of a port or test point to a terminal of the fixture.
            inputs: names of the ports that sources drive.
            nodes: its outputs and test points: name to the plant's node.
            pulses: its test points whose pulses are timed: name to the plant's node.
            roles: its trigger and reset ports: name to ``trigger`` or ``reset``.
            lines: names of its ports that digital lines drive.
            open_inputs: those of the inputs that are open when outputs are off: name to node.

        Raises:
            InputError: a name that the board does not have, a terminal that the fixture does not
                have, or one used twice.
        """
        pulses, roles = pulses or {}, roles or {}
        fitting: dict[str, Sequence[str]] = {
            **dict.fromkeys(inputs, _DAC_CHANNELS),
            **dict.fromkeys(nodes, _ADC_CHANNELS),
            **dict.fromkeys(pulses, _PULSE_CHANNELS),
            **{name: (role,) for name, role in roles.items()},
            **dict.fromkeys(lines, _LINE_CHANNELS),
            **{f"{each}{_SENSE}": _ADC_CHANNELS for each in inputs},
        }
        strange = [name for name in table if name not in fitting]
        if strange:
            raise InputError(
                f"the board behind the fixture has no terminal {', '.join(strange)}",
                where="wiring",
                allowed=", ".join(fitting),
                mend="a board in [virtual] needs the terminals of the board that is measured",
            )
        used: dict[str, str] = {}
        for name, terminal in table.items():
            where = f"wiring of {name}"
            if terminal in used:
                raise InputError(f"{terminal} is wired to {used[terminal]} too", where=where)
            used[terminal] = name
            if terminal not in fitting[name]:
                raise InputError(
                    f"no terminal {terminal!r} for it",
                    where=where,
                    allowed=", ".join(fitting[name]),
                )
            port = name.removesuffix(_SENSE)
            if port != name and port not in table:
                raise InputError(f"{port} has no source, so there is nothing to sense", where=where)
        return cls(
            inputs={_number(terminal): name for terminal, name in used.items() if name in inputs},
            nodes={_number(terminal): nodes[n] for terminal, n in used.items() if n in nodes},
            senses={
                _number(terminal): _number(table[name.removesuffix(_SENSE)])
                for terminal, name in used.items()
                if name.endswith(_SENSE)
            },
            pulses={_number(terminal): pulses[n] for terminal, n in used.items() if n in pulses},
            pulled={terminal: name for terminal, name in used.items() if name in roles},
            lines={terminal: name for terminal, name in used.items() if name in lines},
            open_inputs=open_inputs or {},
        )


def _number(terminal: str) -> int:
    return int(terminal.lstrip("abcdefghijklmnopqrstuvwxyz"))


LOOPBACK = Wiring({n: f"dac{n}" for n in range(OUTPUTS)}, {}, {n: n for n in range(OUTPUTS)})
"""No board: adc0 to adc5 read the terminals of dac0 to dac5."""
