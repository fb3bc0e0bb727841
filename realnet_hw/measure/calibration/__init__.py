"""Calibration of the fixture: what each of its channels does, found with a better instrument.

- ``levels``: where the points lie; ``line``: the straight line through them, and how sure it is.
- ``standards``: what is compared with: ``meters`` that are asked, ``person`` who reads one.
- ``procedure``: takes the points; ``assess``: from points to figures of each channel.
- ``stored``: the corrections in the controller; ``run``: all of it, from start to record.
- ``in_use``: which record belongs to a fixture; ``budget``: what it says of a reading.
"""
