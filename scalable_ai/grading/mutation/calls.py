"""Changed calls: another function, arguments swapped or left out, and calls that are forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scalable_ai.grading.mutation.places import Place

PAIRS = (
    ("mean", "sum"),
    ("max", "min"),
    ("argmax", "argmin"),
    ("amax", "amin"),
    ("any", "all"),
    ("add", "sub"),
    ("mul", "div"),
    ("train", "eval"),
    ("zeros", "ones"),
    ("sin", "cos"),
    ("exp", "log"),
    ("isnan", "isfinite"),
    ("floor", "ceil"),
    ("float32", "float64"),
    ("int16", "int64"),
    ("MaxPool2d", "AvgPool2d"),
    ("AdaptiveMaxPool2d", "AdaptiveAvgPool2d"),
    ("CosineAnnealingLR", "StepLR"),
    ("SGD", "Adam"),
    ("removeprefix", "removesuffix"),
)
OTHERS = {
    **dict(PAIRS),
    **{second: first for first, second in PAIRS},
    "no_grad": "enable_grad",
    "inference_mode": "enable_grad",
    "std": "var",
    "sqrt": "square",
    "matmul": "mul",
    "dot": "mul",
    "cat": "stack",
    "ReLU": "Identity",
    "relu": "sigmoid",
    "uint8": "int16",
    "mse_loss": "l1_loss",
    "cross_entropy": "mse_loss",
    "trace": "sum",
    "parameters": "buffers",
    "numel": "dim",
    "extend": "append",
}
"""Names of functions, methods, layers and dtypes, and what a learner takes them for."""
FORGOTTEN = frozenset(
    {
        "abs",
        "amax",
        "clamp",
        "clone",
        "compute",
        "contiguous",
        "copy",
        "cpu",
        "detach",
        "diagonal",
        "div",
        "eval",
        "exp",
        "flatten",
        "float",
        "inference",
        "int",
        "item",
        "log",
        "long",
        "mean",
        "mul",
        "nonzero",
        "numpy",
        "permute",
        "pow",
        "relu",
        "removeprefix",
        "removesuffix",
        "reshape",
        "softmax",
        "sort",
        "sqrt",
        "square",
        "strip",
        "sub",
        "sum",
        "tensor_split",
        "to",
        "tolist",
        "train",
        "transpose",
        "unsqueeze",
    }
)
"""Methods that one forgets to call, so that what they were called on is left."""
WRAPPERS = frozenset({"float", "int", "list", "sorted", "set", "abs", "str", "tuple", "dict", "bool", "len", "iter"})
"""Functions of one argument that one forgets to call."""


def other_functions(place: Place) -> Iterator[ast.expr]:
    """Take a function, method, layer or dtype for its neighbour."""
    node = place.node
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in OTHERS:
        yield ast.Attribute(node.value, OTHERS[node.attr], node.ctx)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in OTHERS and _is_function(place):
        yield ast.Name(OTHERS[node.id], node.ctx)


def _is_function(place: Place) -> bool:
    """Tell whether a bare name is called or chosen as a function, as in `min if … else max`."""
    return (isinstance(place.parent, ast.Call) and place.field == "func") or isinstance(place.parent, ast.IfExp)


def forgotten_calls(place: Place) -> Iterator[ast.expr]:
    """Leave out `.detach()`, `.eval()`, `float(…)` and their like."""
    node = place.node
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Attribute) and node.func.attr in FORGOTTEN:
        yield node.func.value
    if isinstance(node.func, ast.Name) and node.func.id in WRAPPERS and len(node.args) == 1 and not node.keywords:
        yield node.args[0]


def arguments(place: Place) -> Iterator[ast.expr]:
    """Swap neighbouring arguments, or leave out the last one or a keyword."""
    node = place.node
    if not isinstance(node, ast.Call):
        return
    for args in swaps(node.args):
        yield ast.Call(node.func, args, node.keywords)
    if len(node.args) > 1:
        yield ast.Call(node.func, node.args[:-1], node.keywords)
    for index, keyword in enumerate(node.keywords):
        # A flag that is left out is most often the flag flipped, which is tried anyway.
        if not (isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)):
            yield ast.Call(node.func, node.args, [*node.keywords[:index], *node.keywords[index + 1 :]])


def swaps(nodes: list[ast.expr]) -> Iterator[list[ast.expr]]:
    """Yield a list with each two neighbours swapped that differ."""
    for index in range(len(nodes) - 1):
        left, right = nodes[index : index + 2]
        if ast.dump(left) != ast.dump(right):
            yield [*nodes[:index], right, left, *nodes[index + 2 :]]
