"""State_dicts: the order of layers from names and shapes; what else is in them is refused."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from realnet_hw.errors import InputError
from realnet_hw.network.chain import network_of
from realnet_hw.network.files import load
from tests.network.networks import Arrays, forward, layers, state_dict


def tensors(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Tensors by name, "__" for the dot; a name alone is a layer's, out x in."""
    generator = np.random.default_rng(1)
    found = {}
    for name, shape in shapes.items():
        key = name.replace("__", ".")
        found[key if "." in key else f"{key}.weight"] = generator.normal(size=shape)
    return found


def shape_of(content: dict[str, np.ndarray]) -> tuple[int, ...]:
    return network_of(content, "n.safetensors", {}).shape


@given(layers(), st.sampled_from(["net.{}", "layers.{}.linear", "fc{}", "a.b{}.c", "{}"]))
@settings(max_examples=60, deadline=None)
def test_numbers_in_names_say_the_order(arrays: Arrays, names: str) -> None:
    content = list(state_dict(arrays, names.format).items())
    random.Random(0).shuffle(content)
    network = network_of(dict(content), "", {})
    x = np.random.default_rng(0).uniform(-1, 2, arrays[0][0].shape[1])
    np.testing.assert_allclose(network.forward(x.tolist()), forward(arrays, x), atol=1e-12)


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        # Shapes leave one order, whatever the names say.
        (tensors(output=(1, 5), hidden=(5, 3), entry=(3, 2)), (2, 3, 5, 1)),
        (tensors(fc1=(1, 4), fc2=(4, 2)), (2, 4, 1)),
        # Numbers decide where shapes do not.
        (tensors(fc1=(4, 4), fc2=(4, 4), fc10=(4, 4), out=(2, 4)), (4, 4, 4, 4, 2)),
        (tensors(l1=(2, 2), l2=(2, 2)), (2, 2, 2)),
        ({"weight": np.ones((3, 2)), "bias": np.zeros(3)}, (2, 3)),
        ({"weight": np.ones((3, 2))}, (2, 3)),
    ],
)
def test_order_from_shapes(content: dict[str, np.ndarray], shape: tuple[int, ...]) -> None:
    assert shape_of(content) == shape


def test_a_missing_bias_is_zero() -> None:
    (layer,) = network_of(tensors(only=(2, 3)), "", {}).layers
    assert layer.bias == (0.0, 0.0)


def test_what_is_assumed_is_said() -> None:
    assumed = network_of(tensors(l1=(2, 2), l2=(2, 2)), "", {"file": "x"}).trained
    assert "ReLU between" in assumed["assumed"]
    assert assumed["file"] == "x"
    assert "no activation after" in network_of(tensors(only=(2, 2)), "", {}).trained["assumed"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tensors(hidden=(2, 2), output=(2, 2)), "chain as hidden, output and as output, hidden"),
        (tensors(encoder=(2, 4), decoder=(4, 2)), "chain as .*layer1, layer2"),
        (tensors(fc1=(4, 2), fc2=(1, 3)), "no chain: fc1 2 to 4, fc2 3 to 1"),
        (tensors(conv__weight=(2, 1, 3, 3)), "'conv.weight' .*convolution \\(2-D\\)"),
        (tensors(conv__weight=(2, 1, 3)), "convolution \\(1-D\\)"),
        (tensors(n__weight=(3,), n__bias=(3,)), "LayerNorm"),
        (
            tensors(n__weight=(3,), n__bias=(3,), n__running_mean=(3,)),
            "batch norm.*before or after ReLU.*eval.*ONNX",
        ),
        (tensors(rnn__weight_ih_l0=(8, 2)), "recurrent"),
        (tensors(a__in_proj_weight=(6, 2)), "attention"),
        (tensors(l__weight_g=(6, 1), l__weight_v=(6, 2)), "parametrised"),
        (tensors(embedding__weight=(10, 2)), "embedding"),
        (tensors(l=(2, 3), scale__value=(1,)), "'scale.value' .*no weight or bias"),
        (tensors(l=(2, 3), l__bias=(3,)), "l.bias has 3 numbers .*2, as many"),
        (tensors(l__bias=(3,)), "a lone bias"),
        (tensors(l=(0, 3)), "empty"),
        ({}, "0 linear layers"),
        (tensors(**{f"l{i}": (1, 1) for i in range(65)}), "65 linear layers .*1 to 64"),
        (tensors(l=(200, 200)), "40000 weights"),
    ],
)
def test_anything_else_is_refused_by_its_name(content: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        shape_of(content)


def test_a_search_that_would_not_end_is_given_up() -> None:
    # Two rings of one width that can't be joined: every order of the first is tried in vain.
    content = {f"{chr(97 + i)}.weight": np.ones((1, 1)) for i in range(12)}
    content |= {"y.weight": np.ones((3, 2)), "z.weight": np.ones((2, 3))}
    with pytest.raises(InputError, match="no order found for its 14 layers"):
        shape_of(content)


def test_numbers_that_are_no_floats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    safetensors.numpy.save_file({"l.weight": np.ones((2, 2), np.int8)}, path)
    with pytest.raises(InputError, match=r"int8 numbers .*before it is quantised"):
        load(path)
