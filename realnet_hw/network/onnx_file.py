"""Networks as ONNX: a graph that is a chain of affine maps with ReLU between them.

Every operator that is read means an affine map of the outputs of the layer before, an exact ReLU,
or nothing; the maps between two ReLUs are multiplied out to one layer. So it does not matter how an
exporter wrote them down, and what is no such chain is refused by the name of its operator.

Ref: ONNX, "Open Neural Network Exchange Intermediate Representation Specification".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from realnet_hw import project
from realnet_hw.errors import InputError
from realnet_hw.network.contents import contents, name_of
from realnet_hw.network.naming import named
from realnet_hw.network.network import Network, refuse_too_many
from realnet_hw.network.onnx_operators import INSTEAD, OPERATORS, Arguments, Value
from realnet_hw.network.onnx_signal import Array, Chain, NoChain, Signal

_DOMAINS = ("", "ai.onnx")
_OLDEST_OPSET = 7
_MOST_NODES = 1000
_EXPORT = "export it with torch.onnx.export(model, example, 'net.onnx', external_data=False)"


def read(data: bytes, path: Path) -> Network:
    """Return the network of a file.

    Raises:
        InputError: not an ONNX file, or a graph that is no chain of fully connected layers with
            ReLU; says which operator is the first that is not.
    """
    import onnx
    from google.protobuf.message import DecodeError

    where = str(path)
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise InputError(f"not an ONNX file: {error}", where=where, mend=_EXPORT) from None
    graph = model.graph
    opset = _opset(model, where)
    values: dict[str, Value] = dict(_initial(graph, path))
    inputs = [entry for entry in graph.input if entry.name not in values]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise InputError(
            f"{len(inputs)} input tensors and {len(graph.output)} output tensors",
            where=where,
            allowed="one of each, with all inputs or outputs of the network in it",
            mend="export the model so that it takes and gives one tensor",
        )
    chain = Chain(where)
    start = _start(inputs[0], chain, where)
    values[inputs[0].name] = start
    functions = {(function.domain, function.name) for function in model.functions}
    for node in _needed(graph, set(values), where):
        if (node.domain, node.op_type) in functions or node.domain not in _DOMAINS:
            raise _refused(node, "is no operator of ONNX itself", where)
        _run(node, values, chain, opset, path)
    end = graph.output[0].name
    result = values.get(end)
    if not isinstance(result, Signal):
        raise InputError(
            f"its output {end[:40]!r} does not depend on its input",
            where=where,
            allowed="a chain of layers from the input to the output",
        )
    try:
        layers = chain.ended(result)
    except NoChain as why:
        raise InputError(
            f"its output {why}", where=where, allowed="the output of the last layer alone"
        ) from None
    trained: dict[str, Any] = {"file": name_of(path)}
    if model.producer_name:
        trained["exported_by"] = f"{model.producer_name} {model.producer_version}".strip()
    return named(layers, start.offset.size, trained, input_name=inputs[0].name, output_name=end)


def _opset(model: Any, where: str) -> int:
    """Return which version of the operators the file means."""
    import onnx

    newest = onnx.defs.onnx_opset_version()
    versions = [entry.version for entry in model.opset_import if entry.domain in _DOMAINS]
    if len(versions) != 1 or not _OLDEST_OPSET <= versions[0] <= newest:
        raise InputError(
            f"operators of opset {', '.join(map(str, versions)) or 'none'}",
            where=where,
            allowed=f"{_OLDEST_OPSET} to {newest}",
            mend=_EXPORT,
        )
    return int(versions[0])


def _initial(graph: Any, path: Path) -> Iterator[tuple[str, Array]]:
    """Yield the constants that the file holds."""
    if graph.sparse_initializer:
        raise InputError("sparse weights", where=str(path), allowed="dense ones", mend=_EXPORT)
    for tensor in graph.initializer:
        yield tensor.name, _array(tensor, path)


def _array(tensor: Any, path: Path) -> Array:
    """Return a tensor's numbers."""
    import onnx

    where = str(path)
    if any(size < 0 for size in tensor.dims):
        raise InputError(f"{tensor.name[:40]!r} has no shape", where=where, mend=_EXPORT)
    refuse_too_many(math.prod(tensor.dims), where)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        tensor = _with_data(tensor, path)
    try:
        array = np.asarray(onnx.numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"the weights {tensor.name[:40]!r} are damaged: {error}", where=where, mend=_EXPORT
        ) from None
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"{tensor.name[:40]!r} holds {array.dtype} numbers",
            where=where,
            allowed="float16, float32 or float64",
            mend="export model.float()",
        )
    return array


def _with_data(tensor: Any, path: Path) -> Any:
    """Return a tensor with its data from another file, which must lie beside the first.

    The location is what the file says: it must not lead elsewhere.
    """
    import onnx

    said = {entry.key: entry.value for entry in tensor.external_data}
    beside = (path.parent / said.get("location", "")).resolve()
    if beside.parent != path.parent.resolve() or not beside.is_file():
        raise InputError(
            f"the weights {tensor.name[:40]!r} are in {said.get('location', '')[:80]!r}",
            where=str(path),
            allowed="a file in the same folder",
            mend=_EXPORT,
        )
    data = contents(beside)
    numbers = [said.get("offset", "0"), said.get("length", str(len(data)))]
    if not all(number.isdecimal() for number in numbers):
        raise InputError(f"{tensor.name[:40]!r} is nowhere", where=str(path), mend=_EXPORT)
    start, length = (int(number[:18]) for number in numbers)
    whole = onnx.TensorProto()
    whole.CopyFrom(tensor)
    whole.data_location = onnx.TensorProto.DEFAULT
    whole.raw_data = data[start : start + length]
    return whole


def _start(entry: Any, chain: Chain, where: str) -> Signal:
    """Return the network's inputs, whose first axis is the batch where they have several."""
    import onnx

    kind = entry.type.tensor_type
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16)
    sizes = [size.dim_value or None for size in kind.shape.dim]
    batch = None if len(sizes) == 1 else 0
    if len(sizes) == 2 and sizes[0] and not sizes[1]:
        batch = 1
    features = [size for axis, size in enumerate(sizes) if axis != batch]
    if kind.elem_type not in floats or not features or not all(features):
        shape = ", ".join(str(size or "?") for size in sizes)
        names = {value: name.lower() for name, value in onnx.TensorProto.DataType.items()}
        raise InputError(
            f"its input is {names.get(kind.elem_type, 'no number')} of shape ({shape})",
            where=where,
            allowed="floating point, of shape (batch, features) with the number of features fixed",
            mend=_EXPORT,
        )
    return chain.start(tuple(filter(None, features)), batch, 1 if batch is None else sizes[batch])


def _needed(graph: Any, given: set[str], where: str) -> list[Any]:
    """Return the nodes that the output depends on, in the file's order."""
    nodes = list(graph.node)
    if len(nodes) > _MOST_NODES:
        raise InputError(
            f"{len(nodes)} operators", where=where, allowed=f"up to {_MOST_NODES}", mend=_EXPORT
        )
    makers: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.output):
            if name in makers or name in given:
                raise InputError(
                    f"{name[:40]!r} is made twice", where=where, allowed="each value once"
                )
            makers[name] = index
    wanted = [graph.output[0].name]
    needed: set[int] = set()
    while wanted:
        index = makers.get(wanted.pop(), -1)
        if index >= 0 and index not in needed:
            needed.add(index)
            wanted.extend(nodes[index].input)
    return [nodes[index] for index in sorted(needed)]


def _run(node: Any, values: dict[str, Value], chain: Chain, opset: int, path: Path) -> None:
    """Add what a node makes to the values known."""
    where = str(path)
    operator = OPERATORS.get(node.op_type)
    if operator is None:
        raise _refused(node, "can't become a circuit", where)
    for name in filter(None, node.input):
        if name not in values:
            raise InputError(
                f"{node.op_type} uses {name[:40]!r} before it is made: a cycle, or not in order",
                where=where,
                allowed="nodes from the input to the output",
                mend=_EXPORT,
            )
    inputs = [values[name] if name else None for name in node.input]
    try:
        with np.errstate(all="ignore"):
            given = Arguments(inputs, _attributes(node, path), opset)
            values[node.output[0]] = operator(given, chain)
    except NoChain as why:
        raise _refused(node, str(why), where) from None
    except (ValueError, TypeError, IndexError, KeyError, ZeroDivisionError) as error:
        raise _refused(node, f"does not fit its inputs: {error}", where) from None


def _attributes(node: Any, path: Path) -> Mapping[str, Any]:
    import onnx

    found = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        is_tensor = attribute.type == onnx.AttributeProto.TENSOR
        found[attribute.name] = _array(value, path) if is_tensor else value
    return found


def _refused(node: Any, why: str, where: str) -> InputError:
    name = f" {node.name[:40]!r}" if node.name else ""
    return InputError(
        f"{node.op_type[:40]}{name} {why}",
        where=where,
        allowed="linear layers with ReLU between them, one after the other",
        mend=INSTEAD.get(
            node.op_type, f"{project.page('network.md')} lists the operators that are read"
        ),
    )
