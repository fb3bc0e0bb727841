"""Networks from files: this project's JSON, and safetensors as PyTorch users save a state_dict."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from realnet_hw.errors import InputError
from realnet_hw.network.network import Layer, Network

_LARGEST_BYTES = 16_000_000


def load(path: Path) -> Network:
    """Read a network from a ``.json`` or ``.safetensors`` file.

    Raises:
        InputError: no such file, another format, or a network that does not hold together.
    """
    readers = {".json": _from_json, ".safetensors": _from_safetensors}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path.suffix or 'no ending'} is no network format",
            where=str(path),
            allowed=", ".join(readers),
        )
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise InputError(
                f"{size / 1e6:.0f} MB is more than a circuit could hold",
                where=str(path),
                allowed=f"{_LARGEST_BYTES // 1_000_000} MB",
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(path)) from None
    network = reader(data, str(path))
    network.check(str(path))
    return network


def _from_json(data: bytes, where: str) -> Network:
    try:
        return msgspec.json.decode(data, type=Network)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(str(error), where=where, mend="see docs/reference/network.md") from None


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts "net.2" before "net.10"."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _from_safetensors(data: bytes, where: str) -> Network:
    """Read linear layers named ``<layer>.weight`` and ``<layer>.bias``, in natural order.

    A state_dict does not hold the activations: ReLU between layers and a linear output are taken,
    which is what a chain of ``Linear`` and ``ReLU`` modules means.
    """
    import safetensors.numpy
    from safetensors import SafetensorError

    try:
        tensors = safetensors.numpy.load(data)
    except (SafetensorError, KeyError, ValueError) as error:
        raise InputError(f"not a safetensors file: {error}", where=where) from None
    names = sorted({name.rpartition(".")[0] for name in tensors}, key=_natural)
    layers = []
    for index, name in enumerate(names):
        weight, bias = tensors.pop(f"{name}.weight", None), tensors.pop(f"{name}.bias", None)
        if weight is None or weight.ndim != 2 or (bias is not None and bias.ndim != 1):
            raise InputError(
                f"{name!r} is not a linear layer",
                where=where,
                allowed="<layer>.weight (out x in) and <layer>.bias (out)",
            )
        last = index == len(names) - 1
        layers.append(
            Layer(
                weight=tuple(tuple(_floats(row)) for row in weight),
                bias=tuple(_floats(bias)) if bias is not None else (0.0,) * weight.shape[0],
                activation="linear" if last else "relu",
            )
        )
    if tensors or not layers:
        left = ", ".join(sorted(tensors)) or "nothing"
        raise InputError(
            f"holds {left} besides linear layers", where=where, allowed="linear layers alone"
        )
    width = len(layers[-1].bias)
    first = len(layers[0].weight[0]) if layers[0].weight else 0
    return Network(
        format="realnet-network",
        version=1,
        inputs=tuple(f"X{i}" for i in range(1, first + 1)),
        outputs=("Y",) if width == 1 else tuple(f"Y{i}" for i in range(1, width + 1)),
        layers=tuple(layers),
        trained={"file": Path(where).name},
    )


def _floats(values: Any) -> list[float]:
    return [float(value) for value in values]
