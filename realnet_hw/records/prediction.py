"""What SPICE says that a board will do."""

from __future__ import annotations

import msgspec

from realnet_hw.records.base import Frozen, RecordBase, Thresholds
from realnet_hw.records.spread import (
    FaultSignature,
    Margins,
    Sensitivity,
    Statistics,
    TolerancedYield,
    Yield,
)
from realnet_hw.records.views import Conditions, Curve, Surface, Transient, Waveforms


class PredictedInput(Frozen, frozen=True, kw_only=True):
    """The voltage that a case puts on an input terminal."""

    set_V: float


class PredictedOutput(Frozen, frozen=True, kw_only=True):
    """An output: its nominal value, the band that holds 99 % of boards, and its logic level.

    ``logic`` is None where the nominal value lies between the two thresholds. ``expected`` is None
    where the output is not judged as a level; ``window_V`` is where it should lie if it is judged
    as a value. ``ideal_V`` is what the ideal network answers.
    """

    nominal_V: float
    low_V: float
    high_V: float
    expected: int | None
    logic: int | None
    ideal_V: float | None = None
    window_V: tuple[float, float] | None = None


class PredictedNode(Frozen, frozen=True, kw_only=True):
    """A test point: its nominal value and the band that holds 99 % of boards."""

    nominal_V: float
    low_V: float
    high_V: float


class PredictedPulse(Frozen, frozen=True, kw_only=True):
    """The width of a pulse: its nominal value and the band that holds 99 % of boards.

    A width of 0 is no pulse.
    """

    nominal_s: float
    low_s: float
    high_s: float


class PredictedCase(Frozen, frozen=True, kw_only=True):
    """One row of the truth table.

    ``largest`` names the output that should be the greatest, where outputs are judged so.
    """

    inputs: dict[str, PredictedInput]
    outputs: dict[str, PredictedOutput]
    nodes: dict[str, PredictedNode]
    largest: str | None = None
    pulses: dict[str, PredictedPulse] = {}


class UsedPart(Frozen, frozen=True, kw_only=True):
    """A line of the parts used: which references, what it is."""

    references: list[str]
    value: str
    description: str
    tolerance: str = ""
    mpn: str = ""


class Prediction(RecordBase, frozen=True, kw_only=True, tag="prediction"):
    """What SPICE says that boards with these parts will do.

    ``yield`` and ``margins`` are None where nothing is asked of outputs. They count all samples,
    of which the first 10 000 at most are kept in ``statistics``; the bands are made from these.
    ``unsolved_faults`` are those for which the simulator found no solution: what they would do is
    not known. ``nets`` says which net each input, output and test point is on; a record without it
    has readings that can't be placed on a drawing.
    """

    engine: str
    samples: int
    seed: int
    thresholds: Thresholds
    cases: list[PredictedCase]
    statistics: Statistics
    faults: list[FaultSignature]
    unsolved_faults: list[str] = []
    yield_: Yield | None = msgspec.field(name="yield")
    conditions: Conditions = Conditions()
    curves: list[Curve] = []
    surfaces: list[Surface] = []
    transients: list[Transient] = []
    waveforms: list[Waveforms] = []
    yields: list[TolerancedYield] = []
    margins: Margins | None = None
    sensitivity: Sensitivity | None = None
    parts: list[UsedPart] = []
    nets: dict[str, str] = {}
