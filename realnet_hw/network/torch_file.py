"""Networks as PyTorch saves a state_dict: read as tensors alone, nothing in the file is run.

Ref: PyTorch, "Serialization semantics", weights_only; CVE-2025-32434 for the least version.
"""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realnet_hw import project
from realnet_hw.errors import InputError, ToolMissing
from realnet_hw.network import chain
from realnet_hw.network.contents import name_of
from realnet_hw.network.network import Network, refuse_too_many

_OLDEST = (2, 6)
_LARGEST_UNPACKED_BYTES = 16_000_000
_SAVE_SO = "torch.save(model.state_dict(), 'net.pt')"
_WRAPPERS = ("state_dict", "model_state_dict", "model")


def read(data: bytes, path: Path) -> Network:
    """Return the network of a file.

    Raises:
        InputError: not such a file, more in it than tensors, or no chain of linear layers.
        ToolMissing: PyTorch is not installed.
    """
    where = str(path)
    _refuse_other_archives(data, where)
    content = _tensors_alone(data, where)
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping):
        raise InputError(
            f"holds {_a(content)}",
            where=where,
            allowed="a state_dict",
            mend=f"save it with {_SAVE_SO}",
        )
    arrays = {str(name): _array(str(name), tensor, where) for name, tensor in content.items()}
    return chain.network_of(arrays, where, {"file": name_of(path)})


def _refuse_other_archives(data: bytes, where: str) -> None:
    """Refuse what torch.save did not write, and what would unpack to more than it seems."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise InputError(
            "not a file that PyTorch 1.6 or newer saved whole",
            where=where,
            mend=f"save it again with {_SAVE_SO}",
        ) from None
    if sum(member.file_size for member in members) > _LARGEST_UNPACKED_BYTES:
        raise InputError(
            "unpacks to more than a network for a board takes",
            where=where,
            allowed=f"up to {_LARGEST_UNPACKED_BYTES // 1_000_000} MB",
            mend=f"save the weights alone: {_SAVE_SO}",
        )
    if any(member.filename.endswith("/constants.pkl") for member in members):
        raise InputError(
            "a TorchScript archive, which is a program",
            where=where,
            mend=f"save the weights with {_SAVE_SO}, or export the model with torch.onnx.export",
        )


def _tensors_alone(data: bytes, where: str) -> Any:
    """Return what the file holds; PyTorch's restricted unpickler refuses all but tensors."""
    try:
        import torch
    except ImportError:
        raise _torch_missing("PyTorch is not installed, which reads .pt files", where) from None
    version = torch.__version__.partition("+")[0]
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise _torch_missing(f"PyTorch {version} does not read foreign files safely", where)
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error)) or re.search(
            r"class ([\w.]+)", str(error)
        )
        raise InputError(
            f"holds more than tensors{f' ({found[1]})' if found else ''}; nothing of it was run",
            where=where,
            mend=f"save the weights alone: {_SAVE_SO}",
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever a damaged archive makes it raise
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"PyTorch can't read it: {first[:120]}",
            where=where,
            mend=f"save it again with {_SAVE_SO}",
        ) from None


def _torch_missing(what: str, where: str) -> ToolMissing:
    return ToolMissing(
        what,
        where=where,
        mend=f"save the weights as safetensors, or run {project.torch_mend()}",
    )


def _a(value: object) -> str:
    """Return a value's type with its article."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _array(name: str, tensor: Any, where: str) -> Any:
    """Return a tensor's numbers as an array; a few bytes can claim to be any number of them."""
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise InputError(
            f"{name!r} is {_a(tensor)}",
            where=where,
            allowed="tensors",
            mend=f"save the weights alone: {_SAVE_SO}",
        )
    is_count = name.endswith("num_batches_tracked")
    plain = tensor.layout == torch.strided and tensor.device.type == "cpu"
    if not plain or not (tensor.dtype.is_floating_point or is_count):
        raise InputError(
            f"{name!r} holds {str(tensor.dtype).removeprefix('torch.')} numbers"
            f"{'' if plain else ', not as a dense tensor on the CPU'}",
            where=where,
            allowed="floating point",
            mend="save the model's weights before it is quantised or compressed",
        )
    refuse_too_many(tensor.numel(), where)
    return tensor.detach().to(torch.float64).numpy()
