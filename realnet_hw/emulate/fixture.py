"""The whole virtual fixture: controller, bus, converters, front end, and a board behind it.

The pins are those of the fixture's schematic; the pulls make the state that holds while the
controller is in reset.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable
from pathlib import Path

from realnet_hw.emulate.bus import SpiBus, Violations
from realnet_hw.emulate.converters import Mcp3208, Mcp4922, ShiftRegister
from realnet_hw.emulate.curve import root
from realnet_hw.emulate.front_end import (
    MID_CHANNEL,
    OUTPUTS,
    PULSE_HYSTERESIS_V,
    Circuit,
    Errors,
    FrontEnd,
    RELAY_MAX_s,
    SENSE_SOURCE_ohm,
)
from realnet_hw.emulate.mcu import ResetCause, VirtualController
from realnet_hw.emulate.plant import Cable, Plant
from realnet_hw.emulate.unrest import still
from realnet_hw.emulate.wiring import LOOPBACK, Wiring
from realnet_hw.errors import InputError

DAC_SELECTS = ("PC0", "PC1", "PC3")
ADC_SELECT = "PC2"
LATCH, LDAC, LINES_ENABLE, OUTPUT_ENABLE, DAC_SHUTDOWN = "PD7", "PD6", "PD5", "PD4", "PD3"
CAPTURE, TRIGGER, RESET = "PB0", "PB1", "PB2"
WATCH = "PC4"
SLAVE_SELECT = RESET

PULLS = {
    **dict.fromkeys((*DAC_SELECTS, ADC_SELECT, LDAC, LINES_ENABLE), 1),
    **dict.fromkeys((LATCH, OUTPUT_ENABLE, DAC_SHUTDOWN, TRIGGER, RESET), 0),
}
"""The external pull resistors, pin to level."""

# Of Timer1's interrupts these are on while the firmware waits for a pulse.
_TIMSK1, _CAPTURE_INTERRUPTS = 0x6F, 0x21
_PULLS_LOW = {"trigger": TRIGGER, "reset": RESET}
# What the pin that watches the relays' transistor has at worst: while that conducts, warm, and held
# by a comparator, 1 uA of the pin's leakage through the watching resistor in both.
BASE_V, HELD_V = 0.60, 0.45
# The lines that choose a pulse, lowest bit first, and how long a DAC and its shifter settle.
_ROUTE_BIT, _ROUTES = 13, 7
_SETTLED_s = 30e-6
# A terminal that gives way by less is stiff: a five-hundredth of the DAC's step. How far away one
# is sought, and how many times several that act on each other.
_GIVES_V, _REACHES_V, _ROUNDS = 1e-5, (0.1, 1.0, 5.0, 40.0), 8
# How long what the terminals do to each other's senses is not looked at anew: by then a volt that
# has moved unseen would be a quarter of a millivolt.
_LIFT_KEPT_s = 1e-3
# How long what sources that warm up have moved by is not told to the board: 40 uV at most.
_WARMING_KEPT_s = 1e-3


class VirtualFixture:
    """A fixture that is powered and has not run a cycle; its terminals are at 0 V.

    Every method may be called from another thread than the one that lets time pass.

    Args:
        firmware: the ELF file that runs in the controller.
        plant: the board; without one, each sense reads back the source of its number.
        wiring: the wires to it.
        errors: what is wrong with its converters; nothing when left out.
        circuit: its analogue part; one of exact parts when left out.

    Raises:
        InputError: the firmware can't be read.
        ToolMissing: libsimavr is not installed.
    """

    def __init__(
        self,
        firmware: Path,
        *,
        plant: Plant | None = None,
        wiring: Wiring = LOOPBACK,
        errors: Errors | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        self.front_end = FrontEnd(errors or Errors(), circuit)
        self.violations = Violations()
        self.controller = VirtualController(firmware, pulls=PULLS)
        self.plant = plant or Cable()
        self._plant: Plant = self.plant
        self._wiring = wiring
        self._lock = threading.RLock()
        self._plant_at_s = 0.0
        self._plant_set_s = -1.0
        self._lifted_V: tuple[float, ...] = ()
        self._lifted_s = -math.inf
        self._loads_ohm = [math.inf] * OUTPUTS
        # What loads make of the terminals, where they do; and whether that is known.
        self._loaded_V: dict[int, float] = {}
        self._weighed = False
        self._steady_from_s = 0.0
        self._plant_pins: dict[str, int] = {}
        self._line_ports = {int(line[4:]): port for line, port in wiring.lines.items()}
        self._pulse = 0
        self._waited_for = False
        self._has_rails = True
        own = self.front_end.errors
        self.dacs = tuple(
            Mcp4922(
                reference_V=self.front_end.reference_V,
                bias_V=self.front_end.mid_V,
                inl=(own.outputs[2 * chip].inl, own.outputs[2 * chip + 1].inl),
                complain=self.violations,
            )
            for chip in range(OUTPUTS // 2)
        )
        self.adc = Mcp3208(
            self._adc_input_V,
            reference_V=self.front_end.reference_V,
            source_ohm=SENSE_SOURCE_ohm,
            inl=own.inputs[0].inl,
            complain=self.violations,
        )
        self.lines = ShiftRegister()
        self._bus = SpiBus(
            self.dacs,
            self.adc,
            self.lines,
            slave_select_is_output=lambda: self.controller.is_output(SLAVE_SELECT),
            complain=self.violations,
        )
        self._connect()
        # The comparator of the pulse inputs, where no pulse is.
        self.controller.drive(CAPTURE, 0)

    # ----------------------------------------------------------------- using

    @property
    def now_s(self) -> float:
        """Virtual time since power-on, seconds."""
        return self.controller.now_s

    def run_for(self, seconds: float) -> None:
        """Let time pass; see ``VirtualController.run_for``."""
        with self._lock:
            self.controller.run_for(seconds)

    def run_until(self, condition: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass until something holds; see ``VirtualController.run_until``."""
        with self._lock:
            return self.controller.run_until(condition, limit_s)

    def held(self) -> contextlib.AbstractContextManager[bool]:
        """What to enter to look at several things of one instant: until it is left, time stands."""
        return self._lock

    def send(self, data: bytes) -> None:
        """Put bytes on the serial line to the controller."""
        with self._lock:
            self.controller.send(data)

    def receive(self) -> bytes:
        """Take what the controller has sent by now."""
        with self._lock:
            return self.controller.receive()

    def ask(self, command: str, *, limit_s: float = 1.0) -> str:
        """Send a command line and return the line that answers it."""
        with self._lock:
            return self.controller.ask(command, limit_s=limit_s)

    def command(self, command: str, *, settle_s: float = 0.02) -> None:
        """Send a command line that answers nothing, and let time pass for it."""
        with self._lock:
            self.controller.send(command.encode() + b"\n")
            self.controller.run_for(settle_s)

    def reset(self, cause: ResetCause = ResetCause.EXTERNAL) -> None:
        """Reset the controller."""
        with self._lock:
            self.controller.reset(cause)

    def force_hang(self) -> None:
        """Stop the firmware, as any fault might; see ``VirtualController.force_hang``."""
        with self._lock:
            self.controller.force_hang()

    def supply(self, *, is_there: bool) -> None:
        """Take the analogue part's +-15 V away, or give them back.

        Without them the comparators let the relays go. Sources and senses go on as if nothing were,
        which is the worst for whoever has to notice.
        """
        with self._lock:
            self._has_rails = is_there
            self._drive_relays(self.controller.level(OUTPUT_ENABLE), self.now_s)
            self._disturbed(self.now_s + RELAY_MAX_s)

    def follow_board(self) -> None:
        """Let the board's time pass up to now."""
        with self._lock:
            self._bring_plant_to(self.now_s)

    # ------------------------------------------------------------- terminals

    def terminal_V(self, channel: int) -> float:
        """The voltage now at an output terminal, 0 to 5: what a board would get.

        Raises:
            InputError: no such terminal.
        """
        if not 0 <= channel < OUTPUTS:
            raise InputError(f"no output terminal {channel}", allowed=f"0 to {OUTPUTS - 1}")
        with self._lock:
            self._bring_plant_to(self.now_s)
            self._weigh(self.now_s)
            return self._loaded_V.get(channel, self._open_V(channel, self.now_s))

    def load(self, channel: int, ohm: float) -> None:
        """Put a resistor from an output terminal to ground, beside the board; infinite is none.

        Raises:
            InputError: no such terminal, or a resistor that is not above zero.
        """
        if not 0 <= channel < OUTPUTS or not ohm > 0:
            raise InputError(
                f"{ohm} ohm at output terminal {channel}",
                allowed=f"above 0 ohm, terminals 0 to {OUTPUTS - 1}",
            )
        with self._lock:
            self._bring_plant_to(self.now_s)
            self._loads_ohm[channel] = ohm
            self._disturbed(self.now_s)
            self._plant_set_s = -1.0

    @property
    def connected(self) -> bool:
        """Whether the output relay has connected the terminals (else they are grounded)."""
        with self._lock:
            return self.front_end.relay.operated(self.now_s)

    def shifter_V(self, channel: int) -> float:
        """The voltage now at the output of a shifter, before the relay."""
        with self._lock:
            return self._shifter_V(channel, self.now_s)

    def _shifter_V(self, channel: int, at_s: float, load_A: float = 0.0) -> float:
        dac_V = self.dacs[channel // 2].output_V(channel % 2, at_s)
        return self.front_end.shifter_V(channel, dac_V, at_s, load_A)

    def _open_V(self, channel: int, at_s: float) -> float:
        """The voltage at an output terminal that nothing loads."""
        if not self.front_end.relay.operated(at_s):
            return 0.0
        return self._shifter_V(channel, at_s)

    def _adc_input_V(self, channel: int, at_s: float) -> float:
        terminal_V = self._measured_V(channel, at_s)
        if channel != MID_CHANNEL and self.front_end.circuit.copper:
            terminal_V += self._lifts_V(at_s)[channel]
        return self.front_end.adc_V(channel, terminal_V, at_s)

    def _lifts_V(self, at_s: float) -> tuple[float, ...]:
        """What all terminals together add to what each sense sees, along the copper."""
        if at_s > self._lifted_s + _LIFT_KEPT_s or self._plant_set_s > self._lifted_s:
            sensed_V = [self._measured_V(channel, at_s) for channel in range(MID_CHANNEL)]
            sourced_V = [self._shifter_V(channel, at_s) for channel in range(OUTPUTS)]
            self._lifted_V = tuple(
                self.front_end.lifted_V(channel, sensed_V, sourced_V)
                for channel in range(MID_CHANNEL)
            )
            self._lifted_s = at_s
        return self._lifted_V

    def _measured_V(self, channel: int, at_s: float) -> float:
        wiring, plant = self._wiring, self._plant
        if channel in wiring.senses:
            return self._sensed_V(wiring.senses[channel], at_s)
        if channel not in wiring.nodes:
            return 0.0
        self._bring_plant_to(at_s)
        self._weigh(at_s)
        return plant.read(wiring.nodes[channel])

    def _bring_plant_to(self, at_s: float) -> None:
        """Let the board's time pass under what it was given, then give it what is there now.

        The fixture's time is what its clock counts: the board's own is the true one.
        """
        plant, errors = self._plant, self.front_end.errors
        passed_s = max(0.0, at_s - self._plant_at_s) / (1 + errors.clock)
        plant.advance(passed_s, self._plant_pins)
        self._plant_at_s = max(at_s, self._plant_at_s)
        lines = self.lines.lines
        pins = {port: lines >> bit & 1 for bit, port in self._line_ports.items()} | {
            port: self.controller.level(_PULLS_LOW[terminal])
            for terminal, port in self._wiring.pulled.items()
        }
        if pins != self._plant_pins:
            self._plant_pins = pins
            plant.advance(0.0, pins)
        if not self._is_set(at_s):
            self._plant_set_s = at_s
            self._set_plant(at_s)

    def _is_set(self, at_s: float) -> bool:
        """Whether the board has what is at the terminals, and nothing moves these."""
        is_still = self.front_end.errors.output_drift is still
        is_kept = is_still or at_s <= self._plant_set_s + _WARMING_KEPT_s
        return self._plant_set_s >= self._steady_from_s and is_kept

    def _disturbed(self, until_s: float) -> None:
        """Something moves the terminals, until a time."""
        self._steady_from_s = max(self._steady_from_s, until_s)

    def _set_plant(self, at_s: float) -> None:
        """Put on the board what is at the terminals before it loads them."""
        self._loaded_V, self._weighed = {}, False
        self._plant.set_inputs(self._inputs_V(at_s))

    def _inputs_V(self, at_s: float) -> dict[str, float | None]:
        connected = self.front_end.relay.operated(at_s)
        return {
            port: None
            if port in self._wiring.open_inputs and not connected
            else self._loaded_V.get(output, self._open_V(output, at_s))
            for output, port in self._wiring.inputs.items()
        }

    def _weigh(self, at_s: float) -> None:
        """Let the terminals give way to the currents that leave them.

        Within what a source is made for that is nothing to speak of, and nothing is solved twice.
        Where a terminal does give way, its voltage is sought: the less it is, the less the load
        takes and the more the source could give. One after the other is sought, so that several of
        them settle in a few rounds.
        """
        if self._weighed:
            return
        self._weighed = True
        loaded = set(self._wiring.inputs) | {
            channel for channel, ohm in enumerate(self._loads_ohm) if math.isfinite(ohm)
        }
        for _ in range(_ROUNDS):
            bent = [channel for channel in loaded if abs(self._lack_V(channel, at_s)) > _GIVES_V]
            if not bent:
                return
            for channel in bent:
                self._seek(channel, at_s)

    def _seek(self, channel: int, at_s: float) -> None:
        """Find the voltage at which a terminal and its load agree."""

        def lack_V(terminal_V: float) -> float:
            self._loaded_V[channel] = terminal_V
            self._plant.set_inputs(self._inputs_V(at_s))
            return self._lack_V(channel, at_s)

        open_V = self._open_V(channel, at_s)
        # No further from 0 V and the open terminal than need be: a board may bear no more.
        for reach_V in _REACHES_V:
            low_V, high_V = min(0.0, open_V) - reach_V, max(0.0, open_V) + reach_V
            if lack_V(low_V) <= 0 <= lack_V(high_V):
                break
        self._loaded_V[channel] = root(lack_V, low_V, high_V, _GIVES_V / 2)
        self._plant.set_inputs(self._inputs_V(at_s))

    def _lack_V(self, channel: int, at_s: float) -> float:
        """By how much a terminal is higher than its source holds it with the present load."""
        port = self._wiring.inputs.get(channel)
        connected = self.front_end.relay.operated(at_s)
        if port in self._wiring.open_inputs and not connected:
            return 0.0
        terminal_V = self._loaded_V.get(channel, self._open_V(channel, at_s))
        load_A = terminal_V / self._loads_ohm[channel]
        if port is not None:
            load_A += self._plant.current_A(port)
        if connected:
            return terminal_V - self._shifter_V(channel, at_s, load_A)
        return terminal_V + self.front_end.circuit.grounded_ohm * load_A

    def _sensed_V(self, channel: int, at_s: float) -> float:
        """The voltage at a source's terminal, which is the board's where the source is open."""
        port = self._wiring.inputs.get(channel, "")
        if port in self._wiring.open_inputs and not self.front_end.relay.operated(at_s):
            self._bring_plant_to(at_s)
            return self._plant.read(self._wiring.open_inputs[port])
        if not (self._weighed and self._is_set(at_s)):
            self._bring_plant_to(at_s)
            self._weigh(at_s)
        return self._loaded_V.get(channel, self._open_V(channel, at_s))

    def _look_at_board(self) -> None:
        """Something has changed, or is about to: follow the pulse that is selected.

        What nobody waits for is not foreseen, for it takes long.
        """
        self._bring_plant_to(self.now_s)
        if not self._waited_for:
            return
        chosen = self.lines.lines >> _ROUTE_BIT & _ROUTES
        node = self._wiring.pulses.get(chosen)
        errors = self.front_end.errors
        level = 0
        while node is not None:
            level = self._pulse
            swing_V = (-1 if level else 1) * PULSE_HYSTERESIS_V / 2
            threshold_V = errors.pulse_thresholds_V[chosen] + swing_V
            due = self._plant.when(node, threshold_V, not level)
            if due != (0.0, True):
                if due is not None:
                    self._next_look(due[0] * (1 + errors.clock))
                break
            self._pulse = level = 1 - level
        self._pulse = level
        self.controller.drive(CAPTURE, level)

    # ----------------------------------------------------------------- wires

    def _connect(self) -> None:
        controller, bus = self.controller, self._bus

        def timed(pin: str, act: Callable[[int, float], None]) -> None:
            controller.watch(pin, lambda level: act(level, controller.now_s))

        def framing(pin: str, act: Callable[[int, float], None]) -> None:
            timed(pin, lambda _level, at_s: bus.edge(at_s))
            timed(pin, act)

        for select, dac in zip(DAC_SELECTS, self.dacs, strict=True):
            framing(select, dac.select)
        framing(ADC_SELECT, self.adc.select)
        framing(LATCH, lambda level, _at_s: self.lines.latch(level))
        for dac in self.dacs:
            timed(LDAC, dac.ldac)
            timed(DAC_SHUTDOWN, dac.shutdown)
            controller.on_reset(dac.controller_reset)
        controller.watch(LINES_ENABLE, self.lines.enable)
        timed(OUTPUT_ENABLE, self._drive_relays)
        for pin in (LDAC, DAC_SHUTDOWN):
            timed(pin, lambda _level, at_s: self._disturbed(at_s + _SETTLED_s))
        timed(OUTPUT_ENABLE, lambda _level, at_s: self._disturbed(at_s + RELAY_MAX_s))
        self._follow_board()
        controller.connect_spi(bus.transfer, lambda: bus.collision(controller.now_s))

    def _drive_relays(self, level: int, at_s: float) -> None:
        """The output enable, and the comparators that hold the relays off without the rails."""
        self.front_end.relay.drive(int(level and self._has_rails), at_s)
        self.controller.put(WATCH, level * (BASE_V if self._has_rails else HELD_V))

    def _follow_board(self) -> None:
        """Look at a board that moves by itself whenever something of it or around it changes."""
        if self._wiring.lines:
            self._follow_lines()
        if not self._wiring.pulled:
            return
        look = self._look_at_board
        self._next_look = self.controller.alarm(look)
        settled, switched = self.controller.alarm(look), self.controller.alarm(look)

        def look_and_later(_level: int) -> None:
            look()
            settled(_SETTLED_s)

        for pin in (TRIGGER, RESET, LATCH, LINES_ENABLE):
            self.controller.watch(pin, lambda _level: look())
        for pin in (LDAC, DAC_SHUTDOWN):
            self.controller.watch(pin, look_and_later)
        self.controller.watch(OUTPUT_ENABLE, lambda _level: switched(RELAY_MAX_s))

        def timer_interrupts(enabled: int) -> None:
            self._waited_for = bool(enabled & _CAPTURE_INTERRUPTS)
            look()

        self.controller.on_write(_TIMSK1, timer_interrupts)

    def _follow_lines(self) -> None:
        """Tell the board of every line that is opened or closed, and of what sources do then."""

        def look(_level: int) -> None:
            self._bring_plant_to(self.now_s)

        def look_if_open(level: int) -> None:
            if self.lines.lines:
                look(level)

        self.controller.watch(LINES_ENABLE, look)
        for pin in (LATCH, LDAC):
            self.controller.watch(pin, look_if_open)
