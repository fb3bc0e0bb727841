"""An oscilloscope of the virtual bench: a dialect, a digitiser, and the ports it is reached by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realnet_hw.emulate.array_plant import ArrayPlant
from realnet_hw.emulate.scopes import keysight, rigol, siglent, tektronix
from realnet_hw.emulate.scopes.board_view import BoardView
from realnet_hw.emulate.scopes.digitiser import Bench, Digitiser, Model
from realnet_hw.emulate.scopes.fired_view import FiredView
from realnet_hw.emulate.scopes.instrument import Instrument
from realnet_hw.emulate.scopes.ports import Served
from realnet_hw.emulate.timed_plant import TimedPlant
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.emulate.fixture import VirtualFixture
    from realnet_hw.export.deck import Deck
    from realnet_hw.predict.engine import Engine, Parameters

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


@dataclass(frozen=True)
class Wanted:
    """A scope that a station asks for.

    Args:
        driver: a key of ``DIALECTS``.
        probes: by channel, the port or test point that its probe is on.
    """

    driver: str
    probes: Mapping[int, str]


class VirtualScope(Served):
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
        super().__init__(self.instrument.execute)


def scopes_on(
    fixture: VirtualFixture,
    board: Board,
    deck: Deck,
    engine: Engine,
    parameters: Parameters,
    *,
    wiring: Mapping[str, str],
    wanted: Mapping[str, Wanted],
    seed: int,
) -> dict[str, VirtualScope]:
    """Put scopes on a board behind a fixture.

    Args:
        fixture: that drives it.
        board: for the names of its ports and test points.
        deck: of it, with its faults.
        engine: what simulates it.
        parameters: of the board that was drawn.
        wiring: channel of the fixture by terminal.
        wanted: by name.
        seed: of the errors of the first scope.

    Raises:
        InputError: no such driver, or a probe on a channel that a scope does not have.
    """
    if not wanted:
        return {}
    view: Bench
    if isinstance(fixture.plant, TimedPlant):
        probed = {terminal for each in wanted.values() for terminal in each.probes.values()}
        nodes = {terminal: deck.nodes[board.net_of(terminal)] for terminal in probed}
        view = FiredView(fixture, fixture.plant, nodes)
    else:
        nets = {port.name: port.net for port in board.outputs}
        nets |= {point.name: point.net for point in board.test_points if point.kind == "voltage"}
        array = fixture.plant if isinstance(fixture.plant, ArrayPlant) else None
        view = BoardView(
            fixture,
            array.deck if array else deck,
            engine,
            array.parameters if array else parameters,
            inputs={port.name: int(wiring[port.name].removeprefix("dac")) for port in board.inputs},
            nodes={name: deck.nodes[net] for name, net in nets.items()},
            held=array.held if array else dict,
        )
    return {
        name: VirtualScope(each.driver, view, fixture.held, each.probes, seed + index)
        for index, (name, each) in enumerate(wanted.items())
    }
