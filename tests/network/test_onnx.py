"""ONNX files as exporters write them, judged by ONNX's own reference evaluator."""

from __future__ import annotations

import math
import re
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from realnet_hw.errors import InputError
from realnet_hw.network.files import load
from realnet_hw.network.network import Network
from realnet_hw.network.onnx_operators import OPERATORS

FLOAT = onnx.TensorProto.FLOAT
GENERATOR = np.random.default_rng(7)


def numbers(*shape: int) -> np.ndarray:
    return GENERATOR.normal(size=shape).astype(np.float32)


def model_of(
    nodes: list[onnx.NodeProto],
    initial: dict[str, np.ndarray],
    shape: list[int | str],
    *,
    opset: int = 17,
    names: tuple[str, str] = ("x", "y"),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(names[0], FLOAT, shape)],
        [helper.make_tensor_value_info(names[1], FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in initial.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def agreed(model: onnx.ModelProto, path: Path) -> Network:
    """The network of a model's file, after it answered as the reference evaluator does."""
    onnx.save(model, path)
    network = load(path)
    (entry,) = (
        i for i in model.graph.input if i.name not in {t.name for t in model.graph.initializer}
    )
    sizes = [size.dim_value or 1 for size in entry.type.tensor_type.shape.dim]
    features = len(network.inputs)
    examples = math.prod(sizes) // features
    for _ in range(4):
        x = np.random.default_rng(3).uniform(-1, 2, sizes).astype(np.float32)
        (wanted,) = ReferenceEvaluator(model).run(None, {entry.name: x})
        rows = x.T if len(sizes) == 2 and sizes[0] == features != examples else x
        found = [network.forward(row) for row in rows.reshape(examples, features).tolist()]
        wanted = wanted.T if wanted.shape == (len(network.outputs), examples) else wanted
        np.testing.assert_allclose(
            found, wanted.reshape(examples, -1), rtol=1e-4, atol=1e-5 * max(1, abs(wanted).max())
        )
    return network


def node(operator: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


W1, B1, W2, B2 = numbers(3, 4), numbers(4), numbers(4, 2), numbers(2)
DENSE = {"w1": W1, "b1": B1, "w2": W2, "b2": B2}
TAIL = [
    node("MatMul", "f w1", "m1"),
    node("Add", "m1 b1", "a1"),
    node("Relu", "a1", "r1"),
    node("MatMul", "r1 w2", "m2"),
    node("Add", "m2 b2", "y"),
]
SHAPES = {"to_row": np.array([-1, 3]), "first": np.array([0]), "one": np.array([1])}


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        ([node("Flatten", "x", "f")], ["N", 1, 3]),
        ([node("Flatten", "x", "f")], ["N", 1, 3, 1]),
        ([node("Reshape", "x to_row", "f")], ["N", 3, 1]),
        ([node("Reshape", "x to_row", "f")], [5, 3]),
        ([node("Squeeze", "x one", "f")], ["N", 1, 3]),
        ([node("Squeeze", "x", "f")], ["N", 1, 3]),
        ([node("Unsqueeze", "x one", "u"), node("Squeeze", "u one", "f")], ["N", 3]),
        ([node("Unsqueeze", "x first", "f")], [3]),
        ([node("Identity", "x", "f")], [3]),
        ([node("Transpose", "x", "f")], [3, "N"]),
        ([node("Transpose", "x", "f", perm=[0, 1])], ["N", 3]),
        ([node("Dropout", "x", "f")], ["N", 3]),
        ([node("Cast", "x", "c", to=onnx.TensorProto.DOUBLE), node("Cast", "c", "f", to=FLOAT)],
         ["N", 3]),
        ([node("Sub", "x half", "s"), node("Div", "s half", "f")], ["N", 3]),
        ([node("Sub", "half x", "s"), node("Mul", "row s", "n"), node("Neg", "n", "f")], [1, 3]),
        ([node("Add", "x x", "f")], ["N", 3]),
        ([node("Sub", "x x2", "f")], ["N", 3]),
        ([node("BatchNormalization", "x scale bias mean variance", "f", epsilon=1e-3)], ["N", 3]),
        ([node("Gemm", "x square", "f", transB=1)], ["N", 3]),
        ([node("Clip", "x zero", "f")], ["N", 3]),
        ([node("Clip", "x zero huge", "f")], ["N", 3]),
        ([node("Relu", "x", "r"), node("Relu", "r", "f")], ["N", 3]),
    ],
)  # fmt: skip
def test_what_exporters_put_before_a_layer(
    tmp_path: Path, head: list[onnx.NodeProto], shape: list[int | str]
) -> None:
    more = {
        "half": np.array(0.5, np.float32),
        "row": numbers(1, 3),
        "scale": numbers(3), "bias": numbers(3), "mean": numbers(3), "variance": abs(numbers(3)),
        "square": numbers(3, 3),
        "zero": np.array(0, np.float32), "huge": np.array(3.4028235e38, np.float32),
    }  # fmt: skip
    if any("x2" in n.input for n in head):
        head = [node("Mul", "x row", "x2"), *head]
    model = model_of([*head, *TAIL], DENSE | SHAPES | more, shape)
    network = agreed(model, tmp_path / "n.onnx")
    assert network.shape[0] == 3
    assert network.shape[-2:] == (4, 2)


def test_layers_without_relu_between_are_multiplied_to_one(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w1", "m"), node("MatMul", "m w2", "y")]
    network = agreed(model_of(nodes, DENSE, ["N", 3]), tmp_path / "n.onnx")
    assert network.shape == (3, 2)
    np.testing.assert_allclose(network.layers[0].weight, (W1.astype(float) @ W2).T, rtol=1e-6)


def test_relu_at_the_end_stays(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x w1", "m"), node("Relu", "m", "y")]
    network = agreed(model_of(nodes, DENSE, ["N", 3]), tmp_path / "n.onnx")
    assert [layer.activation for layer in network.layers] == ["relu"]


def test_a_neuron_a_column_that_weights_of_one_dimension_make(tmp_path: Path) -> None:
    nodes = [node("MatMul", "x v", "m"), node("Add", "m b", "y")]
    initial = {"v": numbers(3), "b": numbers(1)}
    assert agreed(model_of(nodes, initial, ["N", 3]), tmp_path / "n.onnx").shape == (3, 1)


@pytest.mark.parametrize(
    ("names", "width", "expected"),
    [
        (("x", "y"), 3, ("X1 X2 X3", "Y1 Y2")),
        (("light", "motor"), 1, ("light", "motor")),
        (("x.1", "onnx::out"), 1, ("X1", "Y")),
        (("same", "SAME"), 1, ("X1", "Y")),
    ],
)
def test_names_of_tensors_are_taken_where_they_can_be(
    tmp_path: Path, names: tuple[str, str], width: int, expected: tuple[str, str]
) -> None:
    weight = numbers(width, 2 if width > 1 else 1)
    nodes = [helper.make_node("MatMul", [names[0], "w"], [names[1]])]
    model = model_of(nodes, {"w": weight}, ["N", width], names=names)
    network = agreed(model, tmp_path / "n.onnx")
    assert (" ".join(network.inputs), " ".join(network.outputs)) == expected


def test_weights_listed_as_inputs_with_a_value_are_weights(tmp_path: Path) -> None:
    # So older exporters wrote all initializers.
    model = model_of([node("MatMul", "x w1", "y")], {"w1": W1}, ["N", 3])
    model.graph.input.append(helper.make_tensor_value_info("w1", FLOAT, [3, 4]))
    assert agreed(model, tmp_path / "n.onnx").shape == (3, 4)


# ----------------------------------------------------------------------- what PyTorch itself writes


@pytest.mark.parametrize(
    ("case", "dynamo"),
    [
        ("image", False),
        ("image", True),
        ("vector", True),
        ("vector", False),
        ("batch", False),
        ("mlp", False),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_torch_exports(tmp_path: Path, case: str, dynamo: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if dynamo:
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    from torch import nn

    torch.manual_seed(1)
    model, example = {
        "image": lambda: (
            nn.Sequential(
                nn.Flatten(), nn.Linear(4, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 8),
                nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2),
            ),
            torch.rand(1, 2, 2),
        ),
        "vector": lambda: (
            nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.rand(2)
        ),
        "batch": lambda: (
            nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.rand(5, 2)
        ),
        "mlp": lambda: (
            nn.Sequential(nn.Linear(3, 12), nn.ReLU(), nn.Linear(12, 12, bias=False), nn.ReLU(),
                          nn.Linear(12, 3), nn.ReLU()),
            torch.rand(1, 3),
        ),
    }[case]()  # fmt: skip
    model.eval()
    path = tmp_path / "n.onnx"
    with warnings.catch_warnings():
        torch.onnx.export(model, (example,), path, dynamo=dynamo, verbose=False)
    network = load(path)
    for _ in range(4):
        x = torch.rand_like(example)
        wanted = model(x).detach().numpy().ravel()
        rows = x.reshape(-1, len(network.inputs)).tolist()
        found = np.array([network.forward(row) for row in rows]).ravel()
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    outside = list(tmp_path.glob("*.data"))
    if case == "image" and dynamo:
        # This exporter puts all but the smallest weights beside; without them nothing is guessed.
        assert outside
        outside[0].unlink()
        with pytest.raises(InputError, match="external_data=False"):
            load(path)


@pytest.mark.parametrize("location", ["../beside.bin", "/etc/hostname", "folder/beside.bin", ""])
def test_data_outside_of_the_files_own_folder_is_never_read(tmp_path: Path, location: str) -> None:
    here = tmp_path / "here"
    (here / "folder").mkdir(parents=True)
    for place in (tmp_path, here / "folder"):
        (place / "beside.bin").write_bytes(W1.tobytes())
    model = model_of([node("MatMul", "x w1", "y")], {"w1": W1}, ["N", 3])
    (tensor,) = model.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    (here / "n.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="a file in the same folder"):
        load(here / "n.onnx")
    (here / "link.bin").symlink_to(tmp_path / "beside.bin")
    tensor.external_data[0].value = "link.bin"
    (here / "n.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="a file in the same folder"):
        load(here / "n.onnx")


# ------------------------------------------------------------------------------------- any graph

HERE, BEFORE, ZERO, POSITIVE = "here", "before", "zero", "positive"
Given = tuple[list[object], dict[str, object]]
# What each step is given: signals, constants of a shape in which "w" is the width so far and "n"
# the next one, or whole numbers in brackets.
STEPS: dict[str, Given] = {
    "Gemm": ([HERE, ("w", "n"), ("n",)], {}),
    "Gemm B": ([HERE, ("n", "w")], {"transB": 1, "alpha": 0.5}),
    "Gemm A": ([HERE, ("w", "n")], {"transA": 1}),
    "MatMul": ([HERE, ("w", "n")], {}),
    "MatMul left": ([("n", "w"), HERE], {}),
    "Add": ([HERE, ()], {}),
    "Add row": ([("w",), HERE], {}),
    "Add column": ([HERE, ("w", 1)], {}),
    "Add signal": ([HERE, BEFORE], {}),
    "Sub": ([HERE, (1,)], {}),
    "Sub from": ([(1,), HERE], {}),
    "Mul": ([HERE, ()], {}),
    "Mul row": ([(1, "w"), HERE], {}),
    "Mul signal": ([HERE, HERE], {}),
    "Div": ([HERE, (1,)], {}),
    "Neg": ([HERE], {}),
    "Relu": ([HERE], {}),
    "Clip": ([HERE, ZERO], {}),
    "Clip 6": ([HERE, ZERO, ()], {}),
    "Flatten": ([HERE], {}),
    "Flatten 0": ([HERE], {"axis": 0}),
    "Reshape": ([HERE, [1, "w"]], {}),
    "Reshape -1": ([HERE, [-1, "w"]], {}),
    "Transpose": ([HERE], {}),
    "Squeeze": ([HERE, [0]], {}),
    "Squeeze 1": ([HERE, [1]], {}),
    "Unsqueeze": ([HERE, [0]], {}),
    "Unsqueeze 1": ([HERE, [1]], {}),
    "BatchNormalization": ([HERE, ("w",), ("w",), ("w",), POSITIVE], {}),
    "Sigmoid": ([HERE], {}),
    "Identity": ([HERE], {}),
}


@st.composite
def graphs(draw: st.DrawFn) -> onnx.ModelProto:
    """Any operators after each other, whether they make sense or not."""
    sizes = {"w": draw(st.integers(1, 3))}
    width = sizes["w"]
    shape = draw(st.sampled_from([[width], [1, width], ["N", width], [2, width], [width, 1]]))
    nodes: list[onnx.NodeProto] = []
    initial: dict[str, np.ndarray] = {}
    signals = ["x", "x"]
    for step in draw(st.lists(st.sampled_from(list(STEPS)), min_size=1, max_size=7)):
        sizes["n"] = draw(st.integers(1, 3))
        wanted, attributes = STEPS[step]
        inputs = [_input(each, signals, sizes, initial) for each in wanted]
        name = f"v{len(nodes)}"
        nodes.append(helper.make_node(step.split()[0], inputs, [name], **attributes))
        signals = [signals[-1], name]
        if step.startswith(("Gemm", "MatMul")):
            sizes["w"] = sizes["n"]
    nodes.append(helper.make_node("Identity", [signals[-1]], ["y"]))
    return model_of(nodes, initial, shape)


def _input(
    wanted: object, signals: list[str], sizes: dict[str, int], initial: dict[str, np.ndarray]
) -> str:
    if wanted in (HERE, BEFORE):
        return signals[-1 if wanted == HERE else 0]
    name = f"c{len(initial)}"
    if wanted == ZERO:
        initial[name] = np.array(0, np.float32)
    elif wanted == POSITIVE:
        initial[name] = abs(numbers(sizes["w"])) + np.float32(0.1)
    elif isinstance(wanted, list):
        initial[name] = np.array([sizes.get(size, size) for size in wanted], np.int64)
    elif isinstance(wanted, tuple):
        initial[name] = numbers(*(sizes.get(size, size) for size in wanted))
    return name


@given(graphs())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_graph_answers_as_the_reference_or_is_refused(
    tmp_path: Path, model: onnx.ModelProto
) -> None:
    path = tmp_path / "n.onnx"
    onnx.save(model, path)
    try:
        network = load(path)
    except InputError:
        event("refused")
        return
    (entry,) = model.graph.input
    sizes = [size.dim_value or 3 for size in entry.type.tensor_type.shape.dim]
    x = np.random.default_rng(5).uniform(-1, 2, sizes).astype(np.float32)
    try:
        (wanted,) = ReferenceEvaluator(model).run(None, {"x": x})
    except Exception:  # noqa: BLE001 - an invalid graph has no right answer
        event("invalid")
        return
    event("read")
    features = len(network.inputs)
    found = np.array([network.forward(row) for row in x.reshape(-1, features).tolist()])
    tolerance = 1e-4 * max(1, abs(wanted).max())
    same = [np.allclose(found.ravel(), each.ravel(), rtol=1e-4, atol=tolerance)
            for each in (wanted, wanted.T)]  # fmt: skip
    assert any(same), f"{found} is not {wanted}"


def test_operators_documented_are_those_that_are_read() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "network.md"
    section = page.read_text("utf-8").split("## ONNX")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    named = {word for cell in cells for word in re.findall(r"`([A-Z]\w+)`", cell)}
    assert named == set(OPERATORS)
