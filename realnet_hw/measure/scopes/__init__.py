"""Oscilloscopes: one way to use them all, and what each maker's dialect makes of it.

- ``scope``: what every scope can do, and what a waveform is.
- ``connection``: the line to it, through pyvisa; ``answers``: the blocks and pictures on it.
- ``tree``: what ``rigol`` and ``keysight`` have in common.
- ``rigol``, ``siglent``, ``keysight``, ``tektronix``: the dialects.
- ``drivers``: their names, as a station gives them.
"""
