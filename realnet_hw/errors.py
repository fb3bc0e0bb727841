"""The exceptions that realnet_hw raises for its callers, as one tree.

::

    RealnetError            what, where, what is allowed, how to mend it; one line
    ├── InputError          a file, value or name that the user gave can't be used
    ├── CircuitRefused      the network can't become a circuit that works
    ├── ToolMissing         a program or library of the system is not installed
    ├── ToolFailed          such a program ran and failed
    ├── SimulationFailed    SPICE found no solution
    └── BenchError          the link, the fixture or an instrument did not do as told
        └── LinkLost        nothing answers any more

The command line turns each into one line on stderr and exit status 2.
"""

RESUME = "go on with --resume"
"""How a run with a journal goes on."""


class RealnetError(Exception):
    """Something that could not be done, said in one line.

    Args:
        what: the fact ("R7 would be 2.3 Mohm").
        where: the file, part or channel that it is about.
        allowed: the range or the choices that would have been accepted.
        mend: what the reader can do about it.
        go_on: how, afterwards, what was begun goes on.
    """

    def __init__(
        self, what: str, *, where: str = "", allowed: str = "", mend: str = "", go_on: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.allowed = allowed
        self.mend = mend
        self.go_on = go_on

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.allowed:
            text += f" (allowed: {self.allowed})"
        if self.mend:
            text += f"; {self.mend}"
        if self.go_on:
            text += f", then {self.go_on}" if self.mend else f"; {self.go_on}"
        return " ".join(text.split())


class InputError(RealnetError):
    """A file, value or name that the user gave can't be used."""


class CircuitRefused(RealnetError):
    """The network can't become a circuit that works."""


class ToolMissing(RealnetError):
    """A program or library of the system is not installed."""


class ToolFailed(RealnetError):
    """A program of the system ran and failed."""


class SimulationFailed(RealnetError):
    """SPICE found no solution."""


class BenchError(RealnetError):
    """The link, the fixture or an instrument did not do as told."""


class LinkLost(BenchError):
    """Nothing answers any more at the instrument's address."""
