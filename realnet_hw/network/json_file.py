"""Networks as this project's own JSON. Format: docs/reference/network.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import msgspec

from realnet_hw import project
from realnet_hw.errors import InputError
from realnet_hw.network.network import Activation, Network

_ALLOWED = {
    "activation": ", ".join(get_args(Activation)),
    "format": "realnet-network",
    "version": "1",
}


def read(data: bytes, path: Path) -> Network:
    """Return the network of a file.

    Raises:
        InputError: it is not JSON, or not this format.
    """
    try:
        return msgspec.json.decode(data, type=Network)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        key = re.search(r"`[^`]*\.(\w+)`", str(error))
        raise InputError(
            str(error),
            where=str(path),
            allowed=_ALLOWED.get(key[1] if key else "", ""),
            mend=f"see {project.page('network.md')} for the format",
        ) from None


def text(network: Network) -> str:
    """Return a network as a file's text, one line a row of weights; :func:`read` reads it.

    Raises:
        InputError: what it says of its training is nested too deeply.
    """
    try:
        trained = json.dumps(network.trained)
    except RecursionError:
        raise InputError("'trained' is nested too deeply", mend="leave it out") from None
    layers = ",\n".join(_layer(layer) for layer in msgspec.to_builtins(network.layers))
    head = {
        "format": network.format,
        "version": network.version,
        "inputs": network.inputs,
        "outputs": network.outputs,
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    return "\n".join(["{", *lines, f' "layers": [\n{layers}\n ],', f' "trained": {trained}', "}\n"])


def _layer(layer: dict[str, object]) -> str:
    weight = layer["weight"]
    assert isinstance(weight, tuple | list)
    rows = ",\n".join(f"    {json.dumps(row)}" for row in weight)
    bias, activation = json.dumps(layer["bias"]), json.dumps(layer["activation"])
    return f'  {{"weight": [\n{rows}],\n   "bias": {bias},\n   "activation": {activation}}}'
