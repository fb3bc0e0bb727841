"""Networks from files of every format that is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from realnet_hw.errors import InputError
from realnet_hw.network import json_file, onnx_file, safetensors_file, torch_file
from realnet_hw.network.contents import contents
from realnet_hw.network.network import Network

_READERS: dict[str, Callable[[bytes, Path], Network]] = {
    ".json": json_file.read,
    ".safetensors": safetensors_file.read,
    ".onnx": onnx_file.read,
    ".pt": torch_file.read,
    ".pth": torch_file.read,
}


def load(path: Path) -> Network:
    """Read a network; the file's ending says which format it is in.

    Formats without activations or names get them: ``trained["assumed"]`` then says what was taken.

    Raises:
        InputError: no such file, another format, too large a file, or a network that does not hold
            together or can't become a circuit.
        ToolMissing: a library that reads this format is not installed.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path.suffix or 'no ending'} is no network format",
            where=str(path),
            allowed=", ".join(_READERS),
        )
    network = reader(contents(path), path)
    network.check(str(path))
    return network
