"""The virtual bench: the fixture's real firmware in a simulated controller, with a board behind it.

From inside out:

- ``simavr``, ``core``: the AVR simulator; ``uart``, ``spi_master``, ``pins`` correct its times.
- ``mcu.VirtualController``: an ATmega328P; bytes, pins, SPI, EEPROM, resets, a hang.
- ``converters``: MCP4922, MCP3208 and 74HC595, bit by bit; ``bus`` checks the rules they set.
- ``front_end``: shifters, relay, input stages, and the hidden errors of one fixture; ``shield``
  solves its circuit for drawn parts, ``truths`` draws the rest, ``hidden`` tells what came of it.
- ``fixture.VirtualFixture``: all of these wired together by the pins of the real fixture.
- ``plant``: the board, ``timed_plant``: one of pulses; ``wiring``: the wires to the fixture.
- ``server``: a process that serves the fixture on a pty, in real time.

A test of the firmware needs the fixture alone, and decides itself how much time passes::

    fixture = VirtualFixture(firmware)         # powered; the CPU has not run a cycle
    fixture.terminal_V(0)                      # 0.0: the relay grounds the terminals
    fixture.run_for(0.03)                      # boot
    fixture.command("SOUR1:VOLT 5")            # answers nothing
    fixture.ask("MEAS1:VOLT?")                 # without a board, adc0 reads dac0's terminal
    fixture.force_hang()                       # the CPU spins with its interrupts off
    fixture.reset(ResetCause.BROWN_OUT)
    fixture.violations.rules                   # bus rules that were broken, as texts
    fixture.controller.eeprom = bytes(1024)
    fixture.controller.receive_timed()         # bytes with their times
"""
