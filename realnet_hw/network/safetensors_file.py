"""Networks as safetensors: the tensors of a state_dict, saved without pickle.

Ref: the format's own description, huggingface/safetensors README.
"""

from __future__ import annotations

from pathlib import Path

from realnet_hw.errors import InputError
from realnet_hw.network import chain
from realnet_hw.network.contents import name_of
from realnet_hw.network.network import Network


def read(data: bytes, path: Path) -> Network:
    """Return the network of a file.

    Raises:
        InputError: not a safetensors file, numbers of a kind that is not read, or no chain of
            linear layers.
    """
    import safetensors.numpy
    from safetensors import SafetensorError

    try:
        tensors = safetensors.numpy.load(data)
    except KeyError as error:
        raise InputError(
            f"numbers of type {error.args[0]}",
            where=str(path),
            allowed="F16, F32, F64",
            mend="save model.float().state_dict()",
        ) from None
    except (SafetensorError, ValueError) as error:
        raise InputError(
            f"not a safetensors file: {error}",
            where=str(path),
            mend="save it with safetensors.torch.save_file(model.state_dict(), ...)",
        ) from None
    for name, tensor in tensors.items():
        if tensor.dtype.kind != "f":
            raise InputError(
                f"{name!r} holds {tensor.dtype} numbers",
                where=str(path),
                allowed="floating point",
                mend="save the model before it is quantised",
            )
    return chain.network_of(tensors, str(path), {"file": name_of(path)})
