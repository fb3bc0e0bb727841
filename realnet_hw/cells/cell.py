"""What a cell is: one functional block of a board.

A cell states its parts and their nets once; the SKiDL circuit and the drawing are both made from
that statement, and the layout-versus-schematic check proves that the drawing shows the same nets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


@dataclass(frozen=True)
class CellPart:
    """A part of a cell.

    Args:
        type: its key in the parts catalogue.
        pins: pin number to net name.
        value: as printed on the schematic ("10k"); empty for the catalogue's own value.
    """

    type: str
    pins: Mapping[str, str]
    value: str = ""


@dataclass(frozen=True)
class AmplifierRequest:
    """A wish for one amplifier of a package; the board says which package and which amplifier.

    Args:
        type: the package's key in the parts catalogue.
        non_inverting: net of the non-inverting input.
        inverting: net of the inverting input.
        output: net of the output; empty where nothing is connected to it.
    """

    type: str
    non_inverting: str
    inverting: str
    output: str

    @property
    def nets(self) -> tuple[str, str, str]:
        """Its nets in the order in which the catalogue gives an amplifier's pins."""
        return (self.non_inverting, self.inverting, self.output)


@dataclass(frozen=True)
class TransistorRequest:
    """A wish for one transistor of a package; the board says which package and which transistor.

    Args:
        type: the package's key in the parts catalogue.
        drain: net of the drain.
        gate: net of the gate.
        source: net of the source.
    """

    type: str
    drain: str
    gate: str
    source: str

    @property
    def nets(self) -> tuple[str, str, str]:
        """Its nets in the order in which the catalogue gives a transistor's pins."""
        return (self.drain, self.gate, self.source)


UnitRequest: TypeAlias = AmplifierRequest | TransistorRequest


class Cell(ABC):
    """One functional block.

    Args:
        name: unique on its board, ``[A-Za-z0-9_]``.
        title: printed above the block.
        formula: its equation, printed below the block; empty where it has none.
        layer: its column on the page, 0 at the left.
        stage: the step of the signal's way that it belongs to, such as a network's layer with its
            inverters; the layer where None. Where one page is too small, a stage is a sheet.

    Attributes:
        is_terminal: whether signals enter or leave the board here.
        in_signal_path: whether it has its place in the columns from inputs to outputs; what has
            not fills the page where there is room.
        parts: by a key that is unique within the cell ("feedback").
        amplifiers: the amplifiers that it needs, by key.
        transistors: the transistors that it needs of packages with several, by key; no key is an
            amplifier's too.
        package_key: the key of the package among its parts that the others stand around; empty
            where there is none.
    """

    is_terminal: bool = False
    in_signal_path: bool = True
    package_key: str = ""

    def __init__(
        self,
        name: str,
        title: str,
        *,
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.formula = formula
        self.layer = layer
        self.stage = layer if stage is None else stage
        self.parts: dict[str, CellPart] = {}
        self.amplifiers: dict[str, AmplifierRequest] = {}
        self.transistors: dict[str, TransistorRequest] = {}

    @property
    def units(self) -> dict[str, UnitRequest]:
        """Its amplifiers and transistors, by key."""
        return {**self.amplifiers, **self.transistors}

    def used_nets(self) -> set[str]:
        """Return the nets of its parts, amplifiers and transistors."""
        found = {net for part in self.parts.values() for net in part.pins.values()}
        return found.union(*(request.nets for request in self.units.values())) - {""}

    @abstractmethod
    def draw(self, pad: Pad) -> None:
        """Draw the block around the origin of ``pad``, in multiples of 1.27 mm."""
