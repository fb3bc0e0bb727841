"""Multimeters that are asked over VISA, by dialect.

DC volts in one fixed range, for a meter's ranges differ by more than it is uncertain in either;
ten power line cycles a reading, so that mains hum averages out; the highest input resistance.

Ref: SCPI-1999 volume 2 (CONFigure, READ?); Keysight, Truevolt Operating and Service Guide, as
     QCoDeS' Keysight_344xxA and Lab::Measurement's HP34401A use it; Siglent, SDM Series Programming
     Guide, as syndesi's SDM3055 uses it; RIGOL, DM3058/DM3068 Programming Guide, as RIGOL's own
     example for DCV, and drivers for the DM3058 in public repositories use it.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.standards import DmmTable, Meter, range_of, standard_of
from realnet_hw.measure.scopes.connection import Connection
from realnet_hw.records import Standard

CYCLES = 10
"""Power line cycles that a reading takes."""
_SETTLE_S = 0.2
"""A meter's input filter, and what its leads take up."""
_OVERLOAD_V = 1e9


class VisaMeter(Meter):
    """A meter on a line.

    Args:
        connection: open; it is closed with the meter.
        standard: what is stated of it.
        range_V: to measure in.
    """

    def __init__(self, connection: Connection, standard: Standard, range_V: float) -> None:
        super().__init__(standard)
        self.connection = connection
        self._set_up(range_V)
        self._check()

    @abstractmethod
    def _set_up(self, range_V: float) -> None:
        """Choose DC volts in a range, slow and high-impedance."""

    @abstractmethod
    def _reading(self) -> float:
        """Take a reading, volts."""

    def read(self, what: str, expected_V: float, within_V: float) -> float:
        """See ``Meter``."""
        time.sleep(_SETTLE_S)
        volts = self._reading()
        if abs(volts - expected_V) <= within_V:
            return volts
        shown = "overload" if abs(volts) > _OVERLOAD_V else f"{volts:.5g} V"
        raise BenchError(
            f"the meter shows {shown} where {what} should give {expected_V:.3f} V",
            where=self.connection.address,
            allowed=f"within {within_V:.2g} V",
            mend="check the leads: the meter's red one and all senses on one wire, black on GND",
        )

    def close(self) -> None:
        """See ``Meter``."""
        self.connection.close()

    def _check(self) -> None:
        """Make sure that it took the settings.

        Raises:
            BenchError: it refused one.
        """
        answer = self.connection.ask("SYST:ERR?")
        if not answer.lstrip("+").startswith("0"):
            raise BenchError(
                f"it refused a setting: {answer[:80]}",
                where=self.connection.address,
                mend="check that the driver in [dmm] fits this meter",
            )


class Scpi(VisaMeter):
    """What every meter that follows SCPI-1999 knows."""

    def _set_up(self, range_V: float) -> None:
        self.connection.tell("*CLS")
        self.connection.tell(f"CONF:VOLT:DC {range_V:g}")

    def _reading(self) -> float:
        return self.connection.ask_number("READ?")


class Keysight344xx(Scpi):
    """34401A, 34410A, 34460A to 34470A."""

    def _set_up(self, range_V: float) -> None:
        super()._set_up(range_V)
        self.connection.tell(f"VOLT:DC:NPLC {CYCLES}")
        self.connection.tell("INP:IMP:AUTO ON")


class SiglentSdm3000(Scpi):
    """SDM3055, SDM3065X."""

    def _set_up(self, range_V: float) -> None:
        super()._set_up(range_V)
        self.connection.tell(f"VOLT:DC:NPLC {CYCLES}")


class RigolDm3000(VisaMeter):
    """DM3058, DM3068, with their own commands: a range is a number, a rate a letter."""

    _RANGES_V = (0.2, 2.0, 20.0, 200.0, 1000.0)

    def _set_up(self, range_V: float) -> None:
        number = next(n for n, each in enumerate(self._RANGES_V) if each >= range_V)
        for line in (
            "*CLS",
            "CMDSET RIGOL",
            ":FUNC:VOLT:DC",
            ":MEAS MANU",
            f":MEAS:VOLT:DC {number}",
            ":RATE:VOLT:DC S",
        ):
            self.connection.tell(line)

    def _reading(self) -> float:
        return self.connection.ask_number(":MEAS:VOLT:DC?")


_DRIVERS: Mapping[str, type[VisaMeter]] = {
    "scpi": Scpi,
    "keysight_344xx": Keysight344xx,
    "siglent_sdm3000": SiglentSdm3000,
    "rigol_dm3000": RigolDm3000,
}


def open_meter(table: DmmTable, address: str) -> VisaMeter:
    """Return a station's meter, which the caller closes.

    Args:
        table: of the station; its driver is not ``"typed"``.
        address: VISA resource name.

    Raises:
        InputError: its specification is not known.
        LinkLost: nothing listens there.
        BenchError: it refuses its settings.
    """
    connection = Connection(address, timeout_s=table.timeout_s)
    try:
        identity = connection.ask("*IDN?")
        fields = [field.strip() for field in identity.split(",")]
        model = table.model or (fields[1] if len(fields) > 1 else "")
        standard = standard_of(table, identity, model, where=address)
        return _DRIVERS[table.driver](connection, standard, range_of(table))
    except BaseException:
        connection.close()
        raise
