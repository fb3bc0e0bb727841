"""Networks from files: JSON and safetensors, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
import safetensors.numpy

from realnet_hw.errors import InputError
from realnet_hw.network.files import load
from realnet_hw.network.json_file import text
from realnet_hw.network.network import Network
from tests.network.test_round_trip import onnx_model

GOOD = {
    "format": "realnet-network",
    "version": 1,
    "inputs": ["A", "B"],
    "outputs": ["Y"],
    "layers": [{"weight": [[1, 2]], "bias": [0.5], "activation": "linear"}],
}


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    path.write_text(json.dumps(GOOD))
    assert load(path).forward((1.0, 1.0)) == (3.5,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "end of input|truncated|invalid|malformed"),
        ("[]", "Expected `object`"),
        ("{", "truncated|Input data was truncated"),
        (json.dumps(GOOD | {"surprise": 1}), "surprise"),
        (json.dumps(GOOD | {"version": 2}), "version"),
        (json.dumps(GOOD | {"format": "onnx"}), "format"),
        (json.dumps(GOOD | {"layers": [{"weight": [["1", 2]], "bias": [0], "activation": "relu"}]}),
         "weight"),
        (json.dumps(GOOD | {"layers": [{"weight": [[1, 2]], "bias": [0], "activation": "tanh"}]}),
         "tanh"),
        (json.dumps(GOOD).replace("0.5", "NaN"), "malformed|invalid"),
    ],
)  # fmt: skip
def test_bad_json_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "n.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def state_dict() -> dict[str, np.ndarray]:
    """What `torch.nn.Sequential(Linear(2, 3), ReLU(), Linear(3, 1)).state_dict()` holds."""
    return {
        "0.weight": np.array([[1, 1], [1, 1], [0, 1]], np.float32),
        "0.bias": np.array([0, -1, 0], np.float32),
        "2.weight": np.array([[1, -2, 0.5]], np.float32),
        "2.bias": np.array([0.25], np.float32),
    }


def test_safetensors_as_a_state_dict(tmp_path: Path) -> None:
    path = tmp_path / "xor.safetensors"
    safetensors.numpy.save_file(state_dict(), path)
    network = load(path)
    assert network.shape == (2, 3, 1)
    assert [layer.activation for layer in network.layers] == ["relu", "linear"]
    assert network.inputs == ("X1", "X2")
    assert network.outputs == ("Y",)
    # relu([2, 1, 1]) . [1, -2, .5] + .25
    assert network.forward((1.0, 1.0)) == pytest.approx((0.75,))


def test_ten_layers_are_taken_in_their_natural_order(tmp_path: Path) -> None:
    tensors = {}
    for i in range(11):
        tensors[f"net.{i}.weight"] = np.array([[float(i + 1)]], np.float32)
        tensors[f"net.{i}.bias"] = np.zeros(1, np.float32)
    path = tmp_path / "deep.safetensors"
    safetensors.numpy.save_file(tensors, path)
    assert [layer.weight[0][0] for layer in load(path).layers] == list(range(1, 12))


@pytest.mark.parametrize(
    "tensors",
    [
        {"conv.weight": np.zeros((2, 2, 3, 3), np.float32), "conv.bias": np.zeros(2, np.float32)},
        {"0.weight": np.zeros((2, 2), np.float32), "norm.running_mean": np.zeros(2, np.float32)},
        {"0.bias": np.zeros(2, np.float32)},
        {"0.weight": np.zeros((2, 3), np.float32), "1.weight": np.zeros((1, 3), np.float32)},
        {"0.weight": np.full((1, 2), np.nan, np.float32)},
    ],
)
def test_what_is_not_a_chain_of_linear_layers_is_refused(tmp_path: Path, tensors) -> None:
    path = tmp_path / "n.safetensors"
    safetensors.numpy.save_file(tensors, path)
    with pytest.raises(InputError):
        load(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    for name, content in {
        "n.safetensors": b"\xff" * 40,
        "n.pkl": b"cos\nsystem\n(S'true'\ntR.",
        "n": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError):
            load(tmp_path / name)
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "absent.json")
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(InputError, match="20 MB"):
        load(tmp_path / "huge.json")


def _onnx() -> bytes:
    arrays = [(np.ones((3, 2), np.float32), np.zeros(3, np.float32))]
    return onnx_model(arrays, "gemm").SerializeToString()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("n.onnx", _onnx()),
        ("n.safetensors", safetensors.numpy.save(state_dict())),
        ("n.json", json.dumps(GOOD).encode()),
    ],
)
def test_a_damaged_file_is_refused_or_still_a_network(
    tmp_path: Path, name: str, content: bytes
) -> None:
    generator = np.random.default_rng(2)
    path, refused = tmp_path / name, 0
    for trial in range(400):
        damaged = bytearray(content[: len(content) - (trial % 7)])
        for place in generator.integers(0, len(damaged), trial % 4):
            damaged[place] ^= 1 << generator.integers(0, 8)
        path.write_bytes(damaged)
        try:
            load(path).check(name)
        except InputError:
            refused += 1
    assert refused > 100


def test_json_however_deep_ends_in_a_network_or_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "n.json"
    for depth in (100, 900, 100_000):
        deep = "[" * depth + "]" * depth
        path.write_text(f'{json.dumps(GOOD)[:-1]}, "trained": {{"a": {deep}}}}}')
        if depth > 10_000:
            with pytest.raises(InputError, match=r"depth.*network\.md"):
                load(path)
        else:
            assert len(load(path).sha256()) == 64
    endless: list = []
    for _ in range(200_000):
        endless = [endless]
    with pytest.raises(InputError, match="nested too deeply"):
        text(msgspec.structs.replace(load_good(tmp_path), trained={"a": endless}))


def load_good(folder: Path) -> Network:
    (folder / "good.json").write_text(json.dumps(GOOD))
    return load(folder / "good.json")
