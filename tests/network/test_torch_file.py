"""PyTorch files: tensors alone are read, and nothing in them is run."""

from __future__ import annotations

import builtins
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from realnet_hw.errors import InputError, ToolMissing
from realnet_hw.network.files import load
from tests.network.networks import state_dict

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

WEIGHT = np.ones((2, 2), np.float32)


class Bomb:
    """Unpickled, it would make a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, (f"touch '{self.mark}'",))


def _named(folder: Path, content: object, name: str = "n.pt", **options: object) -> Path:
    torch.save(content, folder / name, **options)
    return folder / name


def _tensors() -> OrderedDict:
    arrays = [(WEIGHT, np.zeros(2, np.float32))]
    return OrderedDict((k, torch.tensor(v)) for k, v in state_dict(arrays).items())


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "wrap", [lambda b: b, lambda b: {"state_dict": b}, lambda b: {"l.weight": b}]
)
def test_a_pickle_bomb_is_refused_and_not_set_off(tmp_path: Path, legacy: bool, wrap) -> None:
    mark = tmp_path / "ran"
    path = _named(tmp_path, wrap(Bomb(mark)), _use_new_zipfile_serialization=not legacy)
    # It is one: unpickled as anybody might, it goes off.
    torch.load(path, weights_only=False)
    assert mark.exists()
    mark.unlink()
    with pytest.raises(InputError, match=r"torch\.save\(model\.state_dict\(\)"):
        load(path)
    assert not mark.exists()


def test_a_bare_pickle_is_refused_and_not_set_off(tmp_path: Path) -> None:
    mark, path = tmp_path / "ran", tmp_path / "n.pth"
    path.write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(InputError, match="save it again"):
        load(path)
    assert not mark.exists()


def test_a_whole_model_is_refused_with_the_line_that_saves_its_weights(tmp_path: Path) -> None:
    path = _named(tmp_path, torch.nn.Sequential(torch.nn.Linear(2, 1)))
    with pytest.raises(InputError, match=r"torch\.nn\.modules.*torch\.save\(model\.state_dict"):
        load(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_torchscript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.pt"
    torch.jit.trace(torch.nn.Linear(2, 1), torch.rand(1, 2)).save(str(path))
    with pytest.raises(InputError, match=r"TorchScript.*state_dict"):
        load(path)


def test_any_floating_type_is_read(tmp_path: Path) -> None:
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        tensors = {name: tensor.to(kind) for name, tensor in _tensors().items()}
        network = load(_named(tmp_path, tensors))
        assert network.forward((1.0, 2.0)) == (3.0, 3.0)
    parameters = {"weight": torch.nn.Parameter(torch.ones(1, 2)), "bias": torch.zeros(1)}
    assert load(_named(tmp_path, parameters)).forward((1.0, 2.0)) == (3.0,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list .*a state_dict"),
        ({"epoch": 3}, "'epoch' is an int"),
        ({}, "0 linear layers"),
        ({"l.weight": torch.ones(2, 2, dtype=torch.int8)}, "int8 numbers.*quantised"),
        ({"l.weight": torch.ones(2, 2).to_sparse()}, "dense"),
        ({"l.weight": torch.ones(1).expand(10**6, 10**6)}, "1000000000000 weights"),
        ({"l.weight": torch.ones(2, 2, device="meta")}, "dense tensor on the CPU|meta"),
        ({"l.weight": torch.full((2, 2), torch.inf)}, "not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_no_state_dict_of_linear_layers_is_refused(
    tmp_path: Path, content: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load(_named(tmp_path, content))


def test_what_unpacks_to_much_more_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "n.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", bytes(100_000_000))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="unpacks to more"):
        load(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    whole = _named(tmp_path, _tensors()).read_bytes()
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for place in generator.integers(0, len(whole), 5):
            damaged[place] ^= 1 << generator.integers(0, 8)
        (tmp_path / "n.pt").write_bytes(damaged)
        try:
            load(tmp_path / "n.pt")
        except InputError:
            refused += 1
    assert refused > 20


def test_without_torch_the_command_that_installs_it_is_said(tmp_path: Path, monkeypatch) -> None:
    path = _named(tmp_path, _tensors())
    usual = builtins.__import__

    def without_torch(name: str, *arguments: object) -> object:
        if name == "torch":
            raise ImportError(name)
        return usual(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(ToolMissing, match=r"safetensors.*pip install 'torch>=2\.6'.*CUDA"):
        load(path)
    monkeypatch.undo()
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(ToolMissing, match=r"2\.5\.1 .*safely.*pip install"):
        load(path)
