"""The ideal forward pass, and what a network must hold together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from realnet_hw.errors import InputError
from realnet_hw.network.network import Layer, Network


def network(**changes: object) -> Network:
    content: dict[str, object] = {
        "format": "realnet-network",
        "version": 1,
        "inputs": ("X1", "X2"),
        "outputs": ("Y",),
        "layers": (
            Layer(((1.0, 1.0), (1.0, 1.0)), (0.0, -1.0), "relu"),
            Layer(((1.0, -2.0),), (0.0,), "linear"),
        ),
    }
    return Network(**(content | changes))  # type: ignore[arg-type]


def test_textbook_xor() -> None:
    # Goodfellow, Bengio, Courville, "Deep Learning", section 6.1.
    answers = [network().forward(x) for x in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert answers == [(0.0,), (1.0,), (1.0,), (0.0,)]


finite = st.floats(-10, 10, allow_nan=False)


@given(
    hnp.arrays(float, (4, 3), elements=finite),
    hnp.arrays(float, 4, elements=finite),
    hnp.arrays(float, 3, elements=finite),
    st.sampled_from(["relu", "linear", "threshold"]),
)
def test_layer_equals_numpy(weight, bias, x, activation) -> None:
    layer = Layer(tuple(map(tuple, weight.tolist())), tuple(bias.tolist()), activation)
    z = weight @ x + bias
    if activation == "threshold" and np.abs(z).min() < 1e-9:
        return
    wanted = {"relu": np.maximum(z, 0), "linear": z, "threshold": (z > 0).astype(float)}
    np.testing.assert_allclose(layer.forward(x.tolist()), wanted[activation], atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": ("X1",)}, "rows of 1 weights"),
        ({"inputs": ("X1", "x1")}, "same name"),
        ({"inputs": ("X1", "2")}, "no name"),
        ({"inputs": ("X1", "+12V")}, "no name"),
        ({"outputs": ("Y", "Z")}, "2 outputs are named"),
        ({"layers": ()}, "at least one input"),
        ({"layers": (Layer(((1.0, float("nan")),), (0.0,), "linear"),)}, "not finite"),
        ({"layers": (Layer(((1.0, 2.0),), (float("inf"),), "linear"),)}, "not finite"),
        ({"layers": (Layer(((1.0, 2.0), (1.0,)), (0.0, 0.0), "relu"),)}, "rows of"),
        ({"layers": (Layer(((1.0, 2.0),), (0.0, 0.0), "relu"),)}, "2 biases"),
    ],
)
def test_refuses_what_does_not_hold_together(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        network(**changes).check("net.json")


def test_hash_ignores_where_it_was_trained_but_not_a_weight() -> None:
    assert network().sha256() == network(trained={"by": "someone"}).sha256()
    other = network(layers=(network().layers[0], Layer(((1.0, -2.001),), (0.0,), "linear")))
    assert network().sha256() != other.sha256()
