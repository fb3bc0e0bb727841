"""An oscilloscope of the virtual bench: a dialect, a digitiser, and the ports it is reached by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from realnet_hw.emulate.scopes import keysight, rigol, siglent, tektronix
from realnet_hw.emulate.scopes.digitiser import Bench, Digitiser, Model
from realnet_hw.emulate.scopes.instrument import Instrument
from realnet_hw.emulate.scopes.ports import Hislip, RawSocket
from realnet_hw.errors import InputError

Hold = Callable[[], AbstractContextManager[Any]]

DIALECTS: Mapping[str, tuple[Model, Callable[[Digitiser, Hold], Instrument]]] = {
    "rigol_ds1000z": (rigol.DS1000Z, rigol.Ds1000z),
    "rigol_dho800": (rigol.DHO800, rigol.Dho800),
    "siglent_sds1000x_e": (siglent.SDS1104XE, siglent.Siglent),
    "keysight_1000x": (keysight.DSOX1204, keysight.Keysight),
    "tektronix_tbs": (tektronix.TBS2000, tektronix.Tbs),
    "tektronix_mso2": (tektronix.MSO2, tektronix.Mso2),
}
"""By driver: the model that is emulated, and what speaks its dialect."""


class VirtualScope:
    """A scope that listens until it is closed.

    Args:
        driver: a key of ``DIALECTS``.
        bench: what it looks at.
        hold: gives what stops the bench while a command is executed.
        probes: by channel, what its probe is on.
        seed: of its errors.

    Raises:
        InputError: no such driver, or a probe on a channel that it does not have.
    """

    def __init__(
        self, driver: str, bench: Bench, hold: Hold, probes: Mapping[int, str], seed: int = 0
    ) -> None:
        if driver not in DIALECTS:
            raise InputError(f"no scope {driver!r} is emulated", allowed=", ".join(DIALECTS))
        model, dialect = DIALECTS[driver]
        for channel in probes:
            if not 1 <= channel <= model.channels:
                raise InputError(
                    f"no channel {channel}", where=driver, allowed=f"1 to {model.channels}"
                )
        with hold():
            self.digitiser = Digitiser(model, bench, dict(probes), seed)
        self.instrument = dialect(self.digitiser, hold)
        self._ports = (RawSocket(self.instrument.execute), Hislip(self.instrument.execute))

    @property
    def addresses(self) -> dict[str, str]:
        """VISA resource names by how the scope is reached: ``socket``, ``hislip``."""
        raw, hislip = self._ports
        return {"socket": raw.address, "hislip": hislip.address}

    def close(self) -> None:
        """Hang up and listen no more."""
        for port in self._ports:
            port.close()
