"""Records as text: encoded, decoded, read from files and written to them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from realnet_hw.errors import InputError
from realnet_hw.records.calibration import FixtureCalibration
from realnet_hw.records.comparison import Comparison
from realnet_hw.records.diagnosis import Diagnosis
from realnet_hw.records.measurement import Measurement
from realnet_hw.records.prediction import Prediction
from realnet_hw.records.training import Training

Record = Prediction | Measurement | Comparison | Diagnosis | Training | FixtureCalibration

# A JSON string holds no bare newline, so that this can't match within one.
_NUMBERS = re.compile(r"\[\n\s*-?\d[^\s\[\]]*(?:\n\s*-?\d[^\s\[\]]*)*\n\s*\]")

# C0 and C1 controls, line separators and changes of writing direction: a terminal acts on them.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def encode(record: Record) -> str:
    """Return the record as indented JSON, a list of numbers a line, with a final newline."""
    text = msgspec.json.format(msgspec.json.encode(record), indent=1).decode()
    return _NUMBERS.sub(lambda match: "".join(match[0].split()).replace(",", ", "), text) + "\n"


def decode(text: str | bytes, *, where: str = "record") -> Record:
    """Read a record of any kind from JSON.

    Raises:
        InputError: not JSON, not a record, an unknown key, a value of the wrong type, or a text
            with control characters, which would act on the terminal that shows it.
    """
    try:
        record: Record = msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            str(error), where=where, mend="give a record that realnet_hw wrote"
        ) from None
    for text_of in _texts(msgspec.to_builtins(record)):
        if _CONTROLS.search(text_of):
            raise InputError(
                f"{text_of[:60]!a} holds control characters", where=where, allowed="printable text"
            )
    return record


def _texts(value: object) -> Iterator[str]:
    """Every text anywhere inside plain JSON values, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def read(path: Path, kind: type[Any]) -> Any:
    """Read a record of one kind (``Prediction``, ``Measurement`` or ``Comparison``) from a file.

    Raises:
        InputError: no such file, or not a record of that kind.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(path)) from None
    record = decode(text, where=str(path))
    if not isinstance(record, kind):
        raise InputError(
            f"this is a {type(record).__name__.lower()}",
            where=str(path),
            allowed=f"a {kind.__name__.lower()}",
        )
    return record


def write(path: Path, content: str | bytes) -> None:
    """Write a whole file or nothing: through a temporary file in the same folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
