"""Oscilloscopes on the virtual bench: what their probes see, what they make of it, how they speak.

From inside out:

- ``board_view``: the fixture's sources and the board's nodes over time, by simulation.
- ``digitiser``: channels, time base, trigger, converters, memory; knows no commands.
- ``scpi``, ``instrument``: headers, errors, common commands.
- ``tree``: what ``rigol`` and ``keysight`` have in common.
- ``rigol``, ``siglent``, ``keysight``, ``tektronix``: the dialects; ``screen``: a picture of it.
- ``ports``: raw sockets and HiSLIP, on the loopback alone.
- ``virtual_scope``: all of these as one scope with its addresses.
"""
