"""A random network is the same network in every file format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from realnet_hw.network import json_file, points
from realnet_hw.network.files import load
from realnet_hw.network.ranges import Range, in_logic_units
from tests.network.networks import Arrays, forward, layers, network_of, state_dict

few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Single precision, summed in another order.
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def _inputs(arrays: Arrays) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 2, (4, arrays[0][0].shape[1]))


@given(layers())
@few
def test_json(tmp_path: Path, arrays: Arrays) -> None:
    network = network_of(arrays)
    path = tmp_path / "n.json"
    path.write_text(json_file.text(network))
    assert load(path) == network
    assert load(path).sha256() == network.sha256()


@given(layers(), st.randoms())
@few
def test_safetensors(tmp_path: Path, arrays: Arrays, random) -> None:
    tensors = list(state_dict(arrays).items())
    random.shuffle(tensors)
    path = tmp_path / "n.safetensors"
    safetensors.numpy.save_file(dict(tensors), path)
    for x in _inputs(arrays):
        np.testing.assert_allclose(load(path).forward(x.tolist()), forward(arrays, x), atol=1e-12)


@given(layers(), st.sampled_from(["", "state_dict", "model_state_dict", "model"]))
@few
def test_torch(tmp_path: Path, arrays: Arrays, wrapper: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    modules: list = []
    for weight, bias in arrays:
        linear = torch.nn.Linear(*weight.shape[::-1])
        linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
        modules += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1])
    content = model.state_dict()
    path = tmp_path / "n.pth"
    torch.save({wrapper: content, "epoch": 3} if wrapper else content, path)
    network = load(path)
    assert network.shape == network_of(arrays).shape
    for x in _inputs(arrays):
        answer = model.double()(torch.tensor(x)).detach().numpy()
        np.testing.assert_allclose(network.forward(x.tolist()), answer, atol=1e-9)


# ------------------------------------------------------------------------------------------ ONNX

FLAVOURS = ("gemm", "gemm turned", "matmul add", "add matmul", "constants", "scaled", "columns")


def onnx_model(arrays: Arrays, flavour: str, *, opset: int = 17) -> onnx.ModelProto:
    """The same network as different exporters write it."""
    nodes: list[onnx.NodeProto] = []
    initial: dict[str, np.ndarray] = {}

    def constant(name: str, array: np.ndarray) -> str:
        if flavour == "constants":
            value = numpy_helper.from_array(array, name)
            nodes.append(helper.make_node("Constant", [], [name], value=value))
        else:
            initial[name] = array
        return name

    def made(operator: str, *inputs: str, **attributes: object) -> str:
        name = f"v{len(nodes)}"
        nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    here = "x"
    if flavour == "columns":
        here = made("Transpose", here, perm=[1, 0])
    for index, (weight, bias) in enumerate(arrays):
        w, b = f"w{index}", f"b{index}"
        if flavour == "gemm":
            here = made("Gemm", here, constant(w, weight), constant(b, bias), transB=1)
        elif flavour == "gemm turned":
            here = made("Transpose", here)
            row = constant(b, bias[None, :])
            weights = constant(w, np.ascontiguousarray(weight.T))
            here = made("Gemm", here, weights, row, transA=1)
        elif flavour == "scaled":
            halves = constant(w, weight * 2), constant(b, bias * 4)
            here = made("Gemm", here, *halves, transB=1, alpha=0.5, beta=0.25)
        elif flavour == "columns":
            here = made("MatMul", constant(w, weight), here)
            here = made("Add", here, constant(b, bias[:, None]))
        else:
            here = made("MatMul", here, constant(w, np.ascontiguousarray(weight.T)))
            both = (here, constant(b, bias))
            here = made("Add", *(both if flavour == "matmul add" else both[::-1]))
        if index < len(arrays) - 1:
            here = made("Relu", made("Identity", here))
    if flavour == "columns":
        here = made("Transpose", here, perm=[1, 0])
    nodes.append(helper.make_node("Identity", [here], ["y"]))
    width, outputs = arrays[0][0].shape[1], arrays[-1][0].shape[0]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", width])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", outputs])],
        [numpy_helper.from_array(array, name) for name, array in initial.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    onnx.checker.check_model(model)
    return model


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(arrays=layers())
@settings(few, max_examples=10)
def test_onnx_answers_as_its_own_reference(tmp_path: Path, flavour: str, arrays: Arrays) -> None:
    model = onnx_model(arrays, flavour)
    path = tmp_path / "n.onnx"
    onnx.save(model, path)
    network = load(path)
    assert network.shape == network_of(arrays).shape
    batch = _inputs(arrays).astype(np.float32)
    (wanted,) = ReferenceEvaluator(model).run(None, {"x": batch})
    found = [network.forward(row) for row in batch.tolist()]
    np.testing.assert_allclose(found, wanted, **CLOSE)


# ----------------------------------------------------------------------------- ranges and points


@given(layers(), st.floats(-100, 100), st.floats(0.01, 100))
@few
def test_an_input_range_changes_the_units_and_no_answer(
    arrays: Arrays, low: float, span: float
) -> None:
    network, within = network_of(arrays), Range(low, low + span)
    taken = in_logic_units(network, within)
    for x in np.random.default_rng(1).uniform(within.low, within.high, (3, network.shape[0])):
        logic = [within.to_logic(value) for value in x]
        np.testing.assert_allclose(
            taken.forward(logic), network.forward(x.tolist()), rtol=1e-9, atol=1e-7
        )


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(
            st.tuples(*[st.integers(0, 1000).map(lambda v: v / 1000)] * n),
            min_size=1,
            max_size=20,
            unique=True,
        )
    )
)
@few
def test_points_are_read_as_they_were_written(tmp_path: Path, rows: list) -> None:
    names = [f"X{i}" for i in range(1, len(rows[0]) + 1)]
    path = tmp_path / "points.csv"
    path.write_text(points.text(rows, names))
    assert points.load_points(path, names) == rows
