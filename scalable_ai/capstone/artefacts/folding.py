"""Batch normalization behind a max-pooling, folded into the convolution before it.

Exporters fold it where it follows the convolution directly. A positive scale keeps the order of values, so the largest
of scaled ones is the scaled largest, and it can move through the pooling.
"""

import numpy as np
import onnx
from onnx import numpy_helper


def fold_pooled_norms(model: onnx.ModelProto) -> int:
    """Fold every Conv, MaxPool, BatchNormalization chain of a model in place, and return how many there were."""
    graph = model.graph
    values = {tensor.name: tensor for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    users: dict[str, int] = {output.name: 1 for output in graph.output}
    for node in graph.node:
        for name in node.input:
            users[name] = users.get(name, 0) + 1
    folded = 0
    for norm in [node for node in graph.node if node.op_type == "BatchNormalization"]:
        pool = makers.get(norm.input[0])
        conv = makers.get(pool.input[0]) if pool is not None and pool.op_type == "MaxPool" else None
        if conv is None or conv.op_type != "Conv" or users[pool.output[0]] > 1 or users[conv.output[0]] > 1:
            continue
        if not {*norm.input[1:], *conv.input[1:]} <= values.keys():
            continue
        gamma, beta, mean, variance = (numpy_helper.to_array(values[name]) for name in norm.input[1:])
        epsilon = next((item.f for item in norm.attribute if item.name == "epsilon"), 1e-5)
        scale = gamma / np.sqrt(variance + epsilon)
        if not (scale > 0).all():
            continue
        weight = numpy_helper.to_array(values[conv.input[1]])
        bias = numpy_helper.to_array(values[conv.input[2]]) if len(conv.input) > 2 else np.zeros_like(mean)
        # New names, since others may share the old tensors.
        names = (f"{conv.output[0]}_folded_weight", f"{conv.output[0]}_folded_bias")
        arrays = (weight * scale[:, None, None, None], (bias - mean) * scale + beta)
        for name, array in zip(names, arrays, strict=True):
            graph.initializer.append(numpy_helper.from_array(array.astype(np.float32), name))
        del conv.input[1:]
        conv.input.extend(names)
        pool.output[0] = norm.output[0]
        graph.node.remove(norm)
        folded += 1
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    # Shapes noted for what is gone would contradict the graph.
    del graph.value_info[:]
    return folded
