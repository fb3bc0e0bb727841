"""Files that must be refused, by name; each is made when a test asks for it."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

MARK = "the_bomb_went_off"
"""The file that a pickle bomb makes in the working folder."""

Make = Callable[[], bytes]


class Bomb:
    """Unpickled, it runs a command."""

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, (f"touch {MARK}",))


# ----------------------------------------------------------------------------------------- JSON


def network(**changes: object) -> bytes:
    """A network of this project's JSON, the textbook's XOR, with keys changed."""
    content = {
        "format": "realnet-network",
        "version": 1,
        "inputs": ["X1", "X2"],
        "outputs": ["Y"],
        "layers": [layer([[1, 1], [1, 1]], [0, -1], "relu"), layer([[1, -2]], [0])],
    }
    return json.dumps(content | changes).encode()


def layer(weight: object, bias: object, activation: str = "linear") -> dict[str, object]:
    return {"weight": weight, "bias": bias, "activation": activation}


def _wide(inputs: int, outputs: int = 1) -> bytes:
    return network(
        inputs=[f"X{i}" for i in range(inputs)],
        outputs=[f"Y{i}" for i in range(outputs)],
        layers=[layer([[0.01] * inputs] * outputs, [0] * outputs)],
    )


JSON: dict[str, Make] = {
    "empty.json": lambda: b"",
    "cut.json": lambda: network()[:-20],
    "list.json": lambda: b"[1, 2]",
    "misspelt.json": lambda: network(layrs=[]),
    "escape.json": lambda: network(**{"\x1b[2J": 1}),
    "version.json": lambda: network(version=2),
    "tanh.json": lambda: network(layers=[layer([[1, 1]], [0], "tanh")]),
    "nan.json": lambda: network().replace(b"-2", b"NaN"),
    "infinite.json": lambda: network().replace(b"-2", b"1e999"),
    "enormous.json": lambda: network().replace(b"-2", b"1e12"),
    "ragged.json": lambda: network(layers=[layer([[1, 1], [1]], [0, 0])]),
    "narrow.json": lambda: network(layers=[layer([[1, 1, 1]], [0])]),
    "biases.json": lambda: network(layers=[layer([[1, 1]], [0, 0])]),
    "outputs.json": lambda: network(outputs=["Y", "Z"]),
    "nothing.json": lambda: network(layers=[]),
    "twins.json": lambda: network(inputs=["X", "x"]),
    "name.json": lambda: network(inputs=["+5V", "X2"]),
    "ground.json": lambda: network(inputs=["GND", "X2"]),
    "many.json": lambda: _wide(200, 60),
    "deep.json": lambda: b'{"trained": {"a": ' + b"[" * 100_000,
    "latin.json": lambda: network().replace(b"relu", b"rel\xfc"),
    "inputs24.json": lambda: _wide(24),
    "straight.json": lambda: network(layers=[layer([[1, 1]], [0]), layer([[1]], [0])]),
    "threshold.json": lambda: network(layers=[layer([[1, 1]], [0], "threshold")]),
    "steep.json": lambda: network(layers=[layer([[900, -900]], [0])]),
    "undecided.json": lambda: network(layers=[layer([[0.5, 0.5]], [0])]),
    "huge.json": lambda: b" " * 5_000_000,
    "bomb.json": lambda: pickle.dumps(Bomb()),
    "good.json": network,
    "good.h5": network,
    "good": network,
}

# ---------------------------------------------------------------------------------- safetensors


def _tensors(**arrays: np.ndarray) -> bytes:
    return safetensors.numpy.save({k.replace("__", "."): v for k, v in arrays.items()})


def _header(entry: str, data: bytes) -> bytes:
    header = f'{{"l.weight":{entry}}}'.encode()
    return struct.pack("<Q", len(header)) + header + data


def _ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


SAFETENSORS: dict[str, Make] = {
    "conv.safetensors": lambda: _tensors(c__weight=_ones(2, 1, 3, 3)),
    "batchnorm.safetensors": lambda: _tensors(
        l__weight=_ones(2, 2), n__weight=_ones(2), n__running_mean=_ones(2)
    ),
    "order.safetensors": lambda: _tensors(hidden__weight=_ones(2, 2), out__weight=_ones(2, 2)),
    "chain.safetensors": lambda: _tensors(l1__weight=_ones(4, 2), l2__weight=_ones(1, 3)),
    "ints.safetensors": lambda: _tensors(l__weight=np.ones((2, 2), np.int8)),
    "nan.safetensors": lambda: _tensors(l__weight=_ones(2, 2) * np.nan),
    "bfloat.safetensors": lambda: _header(
        '{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}', bytes(8)
    ),
    "lie.safetensors": lambda: _header(
        '{"dtype":"F32","shape":[99999,99999],"data_offsets":[0,16]}', bytes(16)
    ),
    "cut.safetensors": lambda: _tensors(l__weight=_ones(2, 2))[:-3],
    "bomb.safetensors": lambda: pickle.dumps(Bomb()),
}

# ----------------------------------------------------------------------------------------- ONNX


def _onnx(
    *nodes: tuple[Any, ...],
    shape: tuple[int | str, ...] = ("N", 2),
    kind: str = "FLOAT",
    opset: int = 17,
    change: Callable[[Any], None] = lambda model: None,
    **initial: np.ndarray,
) -> bytes:
    """A model of nodes (operator, inputs, output, attributes) from x to y."""
    import onnx
    from onnx import helper, numpy_helper

    made = [
        helper.make_node(operator, inputs.split(), [output], **(rest[0] if rest else {}))
        for operator, inputs, output, *rest in nodes
    ]
    initial = {"w": _ones(2, 2), "b": _ones(2), **initial}
    graph = helper.make_graph(
        made,
        "net",
        [helper.make_tensor_value_info("x", getattr(onnx.TensorProto, kind), shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in initial.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    change(model)
    return bytes(model.SerializeToString())


_LAYER = ("Gemm", "x w b", "h")


def _elsewhere(model: Any) -> None:
    import onnx

    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../weights.bin")


def _two_inputs(model: Any) -> None:
    import onnx

    model.graph.input.append(onnx.helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, [2]))


def _own_domain(model: Any) -> None:
    model.graph.node[0].domain = "my.operators"


def _exported() -> bytes:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())
    file = io.BytesIO()
    torch.onnx.export(model.eval(), (torch.rand(1, 2),), file, dynamo=False)
    return file.getvalue()


_SIX = np.array(6, np.float32)
_ZERO = np.array(0, np.float32)

ONNX: dict[str, Make] = {
    "conv.onnx": lambda: _onnx(("Conv", "x k", "y"), shape=("N", 1, 5, 5), k=_ones(1, 1, 3, 3)),
    "sigmoid.onnx": lambda: _onnx(_LAYER, ("Sigmoid", "h", "y")),
    "leaky.onnx": lambda: _onnx(_LAYER, ("LeakyRelu", "h", "y")),
    "softmax.onnx": lambda: _onnx(_LAYER, ("Softmax", "h", "y")),
    "argmax.onnx": lambda: _onnx(_LAYER, ("ArgMax", "h", "y", {"axis": 1})),
    "relu6.onnx": lambda: _onnx(_LAYER, ("Clip", "h zero six", "y"), zero=_ZERO, six=_SIX),
    "lstm.onnx": lambda: _onnx(("LSTM", "x w w", "y", {"hidden_size": 2})),
    "layernorm.onnx": lambda: _onnx(_LAYER, ("LayerNormalization", "h b", "y")),
    "quantised.onnx": lambda: _onnx(("DequantizeLinear", "x b", "h"), ("Gemm", "h w", "y")),
    "dynamic.onnx": lambda: _onnx(_LAYER, ("MatMul", "h h", "y")),
    "skip.onnx": lambda: _onnx(_LAYER, ("Relu", "h", "r"), ("Add", "r x", "y")),
    "branches.onnx": lambda: _onnx(
        _LAYER, ("Relu", "h", "r"), ("Relu", "x", "s"), ("Add", "r s", "y")
    ),
    "training.onnx": lambda: _onnx(
        _LAYER, ("Dropout", "h ratio on", "y"), ratio=_ZERO, on=np.array(True)
    ),
    "mixed.onnx": lambda: _onnx(
        ("Reshape", "x to", "f"), ("Gemm", "f w", "y"), shape=(2, 1), to=np.array([1, 2])
    ),
    "shape.onnx": lambda: _onnx(("Gemm", "x w3", "y"), w3=_ones(3, 2)),
    "cycle.onnx": lambda: _onnx(("Add", "x q", "p"), ("Relu", "p", "q"), ("Add", "q b", "y")),
    "twice.onnx": lambda: _onnx(_LAYER, ("Relu", "h", "h"), ("Relu", "h", "y")),
    "unmade.onnx": lambda: _onnx(("Gemm", "nothing w", "y")),
    "apart.onnx": lambda: _onnx(("Identity", "b", "y")),
    "two.onnx": lambda: _onnx(("Gemm", "x w", "y"), change=_two_inputs),
    "own.onnx": lambda: _onnx(("Gemm", "x w", "y"), change=_own_domain),
    "elsewhere.onnx": lambda: _onnx(("Gemm", "x w", "y"), change=_elsewhere),
    "whole.onnx": lambda: _onnx(("Gemm", "x w", "y"), kind="INT64"),
    "any_width.onnx": lambda: _onnx(("Gemm", "x w", "y"), shape=("N", "features")),
    "old.onnx": lambda: _onnx(("Gemm", "x w b", "y"), opset=6),
    "doubles.onnx": lambda: _onnx(("Gemm", "x c", "y"), c=np.ones((2, 2), np.complex64)),
    "nan.onnx": lambda: _onnx(("Div", "x zero", "h"), ("Gemm", "h w", "y"), zero=_ZERO),
    "exported_tanh.onnx": _exported,
    "cut.onnx": lambda: _onnx(("Gemm", "x w", "y"))[:-7],
    "empty.onnx": lambda: b"",
    "text.onnx": lambda: b"this is no protobuf",
    "bomb.onnx": lambda: pickle.dumps(Bomb()),
}

# -------------------------------------------------------------------------------------- PyTorch


def _saved(content: Callable[[Any], object], **options: Any) -> bytes:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    file = io.BytesIO()
    torch.save(content(torch), file, **options)
    return file.getvalue()


def _script(torch: Any) -> bytes:
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 1), torch.rand(1, 2)), file)
    return file.getvalue()


def _zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", bytes(50_000_000))
    return file.getvalue()


def _torchscript() -> bytes:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    return _script(torch)


TORCH: dict[str, Make] = {
    "bomb.pt": lambda: _saved(lambda torch: Bomb()),
    "bomb_inside.pth": lambda: _saved(lambda torch: {"l.weight": torch.ones(2, 2), "x": Bomb()}),
    "bare_bomb.pt": lambda: pickle.dumps(Bomb()),
    "old_bomb.pt": lambda: _saved(lambda torch: Bomb(), _use_new_zipfile_serialization=False),
    "model.pt": lambda: _saved(lambda torch: torch.nn.Linear(2, 1)),
    "script.pt": _torchscript,
    "zip_bomb.pt": _zip_bomb,
    "text.pt": lambda: b"this is no archive",
    "optimiser.pt": lambda: _saved(lambda torch: {"net": OrderedDict(w=torch.ones(2, 2))}),
    "list.pt": lambda: _saved(lambda torch: [torch.ones(2, 2)]),
    "lstm.pt": lambda: _saved(lambda torch: torch.nn.LSTM(2, 3).state_dict()),
    "attention.pt": lambda: _saved(lambda torch: torch.nn.MultiheadAttention(4, 2).state_dict()),
    "expanded.pt": lambda: _saved(lambda torch: {"l.weight": torch.ones(1).expand(10**6, 10**6)}),
}

# ---------------------------------------------------------------------------------- other files

TABLES: dict[str, Make] = {
    "header.csv": lambda: b"X1,light\n0,1\n",
    "word.csv": lambda: b"X1,X2\n0,1\n0,dark\n",
    "short.csv": lambda: b"0,1\n0\n",
    "spaces.csv": lambda: b"0.0e+00 1.0e+00\n1 0\n",
    "semicolons.csv": lambda: b"X1,X2\n0;1\n",
    "outside.csv": lambda: b"0,1\n0,2\n",
    "not_a_number.csv": lambda: b"0,nan\n",
    "between.csv": lambda: b"0,0.5\n",
    "same.csv": lambda: b"0,1\n\n0,1\n",
    "empty.csv": lambda: b"X2,X1\n",
    "binary.csv": lambda: bytes(range(256)),
    "long.csv": lambda: "".join(f"0,{i / 2000}\n" for i in range(1001)).encode(),
}
PROGRAMS: dict[str, Make] = {
    "raises.py": lambda: b"raise RuntimeError('no')\n",
    "divides.py": lambda: b"def board():\n    return 1 / 0\n",
    "leaves.py": lambda: b"import sys\nsys.exit(0)\n",
    "nothing.py": lambda: b"",
    "number.py": lambda: b"def board():\n    return 5\n",
    "syntax.py": lambda: b"def board(:\n",
}
STATIONS: dict[str, Make] = {
    "good.toml": lambda: b'name = "x"\n[virtual]\nseed = 1\n',
    "misspelt.toml": lambda: b'name = "x"\n[fixture]\naddres = "ASRL1::INSTR"\n',
    "nowhere.toml": lambda: b'name = "x"\n[fixture]\naddress = "ASRL/dev/no_port::INSTR"\n',
    "faulty.toml": lambda: b'name = "x"\n[virtual]\nfaults = ["R99 +20 %"]\n',
    "syntax.toml": lambda: b'name = "x\n',
    "wired.toml": lambda: b'name="x"\n[virtual]\nseed=1\n[wiring.xor_opamp]\nQ = "dac0"\n',
}
RECORDS: dict[str, Make] = {
    "wrong_kind.json": lambda: b'{"record":"measurement","version":1}',
    "newer.json": lambda: b'{"record":"prediction","version":99}',
    "no_record.json": lambda: b'{"surprise":1}',
}

ALL: dict[str, Make] = {
    **JSON, **SAFETENSORS, **ONNX, **TORCH, **TABLES, **PROGRAMS, **STATIONS, **RECORDS,
}  # fmt: skip


def make(name: str, folder: Path) -> None:
    """Write a file of this list, or do nothing for a name that is not in it."""
    name = name.partition("/")[0]
    if name in ALL:
        (folder / name).write_bytes(ALL[name]())
