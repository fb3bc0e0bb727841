"""The verb ``realnet flash``; its docstring is its help."""

from __future__ import annotations

from realnet_hw.cli.output import own_stdout, progress


def flash(*, port: str) -> int:
    """Write the fixture's firmware into an Arduino, and see that it runs.

    For an UNO, or a Nano with Optiboot. What is on the port is asked first who it is: another
    instrument is left alone. avrdude writes the firmware and reads it back.

    Parameters
    ----------
    port
        The serial port, such as /dev/ttyACM0.
    """
    from realnet_hw import project
    from realnet_hw.measure.flash import flash as write

    with own_stdout() as answers:
        with progress("Writing and verifying the firmware"):
            flashed = write(port, firmware=project.firmware("hex"))
        before = flashed.before or "nothing that says who it is"
        answers.write(f"{port}: before: {before}\n")
        answers.write(f"{port}: written, verified and running: {flashed.now}\n")
    return 0
