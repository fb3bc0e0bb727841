"""The drivers of scopes by the names that a station gives them."""

from __future__ import annotations

from collections.abc import Mapping

from realnet_hw.errors import InputError
from realnet_hw.measure.scopes import keysight, rigol, siglent, tektronix
from realnet_hw.measure.scopes.connection import Connection
from realnet_hw.measure.scopes.scope import Scope

DRIVERS: Mapping[str, type[Scope]] = {
    "rigol_ds1000z": rigol.Ds1000z,
    "rigol_dho800": rigol.Dho800,
    "siglent_sds1000x_e": siglent.Sds1000xe,
    "keysight_1000x": keysight.Keysight1000x,
    "tektronix_tbs": tektronix.Tbs,
    "tektronix_mso2": tektronix.Mso2,
}


def driver_named(name: str, *, where: str) -> type[Scope]:
    """Return a driver.

    Raises:
        InputError: there is none of this name.
    """
    if name not in DRIVERS:
        raise InputError(f"no scope driver {name!r}", where=where, allowed=", ".join(DRIVERS))
    return DRIVERS[name]


def open_scope(address: str, driver: str, *, timeout_s: float = 10.0) -> Scope:
    """Return a scope, which the caller closes.

    Args:
        address: VISA resource name.
        driver: a key of ``DRIVERS``.
        timeout_s: how long to wait for an answer.

    Raises:
        InputError: no such driver.
        LinkLost: nothing listens there.
        BenchError: something else than such a scope answers.
    """
    kind = driver_named(driver, where=address)
    connection = Connection(address, timeout_s=timeout_s)
    try:
        return kind(connection)
    except BaseException:
        connection.close()
        raise
