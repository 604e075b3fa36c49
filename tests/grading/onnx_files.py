"""Small ONNX files, right and wrong, made without PyTorch."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
SHAPE = ("N", 3, 8, 8)


def file(nodes, weights=(), inputs=SHAPE, outputs=("N", 10), kind=FLOAT, metadata=None, domains=()) -> bytes:
    """Return an ONNX file from `images` to `logits`."""
    graph = helper.make_graph(
        nodes,
        "design",
        [helper.make_tensor_value_info("images", kind, list(inputs))],
        [helper.make_tensor_value_info("logits", FLOAT, list(outputs))],
        [tensor if isinstance(tensor, onnx.TensorProto) else numpy_helper.from_array(*tensor) for tensor in weights],
    )
    opsets = [helper.make_opsetid("", 18), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    helper.set_model_props(model, metadata or {})
    return model.SerializeToString()


def linear(metadata=None, inputs=SHAPE, outputs=10, last=(), **more) -> bytes:
    """Return a linear classifier, which may have further nodes from `raw` to `logits`."""
    rng = np.random.default_rng(0)
    size = int(np.prod([side for side in inputs[1:] if isinstance(side, int)]))
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["raw" if last else "logits"]),
        *last,
    ]
    weights = [((rng.normal(size=(size, outputs)) / 10).astype(np.float32), "weights"), *more.pop("weights", ())]
    return file(nodes, weights, inputs, ("N", outputs), metadata=metadata, **more)


def convolution(channels: int, side: int, inputs: int | None = None, fixed: int | str = 1) -> bytes:
    """Return one 3 by 3 convolution, which stands for so much work."""
    inputs = inputs or channels
    weights = np.zeros((channels, inputs, 3, 3), np.float32)
    node = helper.make_node("Conv", ["images", "weights"], ["logits"], pads=[1, 1, 1, 1])
    return file([node], [(weights, "weights")], (fixed, inputs, side, side), (fixed, channels, side, side))


def slow(times: int) -> bytes:
    """Return a classifier that first goes through a loop so many times."""
    inner = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["still"]),
            helper.make_node("MatMul", ["state", "square"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", FLOAT, ["N", 10]),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", FLOAT, ["N", 10]),
        ],
    )
    loop = helper.make_node("Loop", ["times", "yes", "raw"], ["logits"], body=inner)
    constants = [(np.array(times), "times"), (np.array(True), "yes"), (np.eye(10, dtype=np.float32), "square")]
    return linear(last=[loop], weights=constants)


def hungry(numbers: int) -> bytes:
    """Return a classifier that first makes a tensor of so many numbers."""
    side = int(numbers**0.5)
    nodes = [
        # The zero comes from the input, so that nothing of it can be computed ahead.
        helper.make_node("ReduceSum", ["raw"], ["sum"], keepdims=0),
        helper.make_node("Expand", ["sum", "shape"], ["large"]),
        helper.make_node("MatMul", ["large", "large"], ["larger"]),
        helper.make_node("ReduceMax", ["larger"], ["most"], keepdims=0),
        helper.make_node("Add", ["raw", "most"], ["logits"]),
    ]
    return linear(last=nodes, weights=[(np.array([side, side]), "shape")])


def external() -> bytes:
    """Return a classifier whose weights are said to lie in another file."""
    tensor = TensorProto(name="weights", data_type=FLOAT, dims=[192, 10], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    nodes = [
        helper.make_node("Flatten", ["images"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    return file(nodes, [tensor])


def external_in_a_branch() -> bytes:
    """Return a classifier with a constant in a branch that is said to lie in another file."""
    tensor = TensorProto(name="c", data_type=FLOAT, dims=[10], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../secret")
    out = [helper.make_tensor_value_info("out", FLOAT, [10])]
    branch = helper.make_graph([helper.make_node("Constant", [], ["out"], value=tensor)], "branch", [], out)
    choice = helper.make_node("If", ["yes"], ["more"], then_branch=branch, else_branch=branch)
    last = [choice, helper.make_node("Add", ["raw", "more"], ["logits"])]
    return linear(last=last, weights=[(np.array(True), "yes")])
