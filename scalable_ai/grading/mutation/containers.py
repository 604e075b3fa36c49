"""Changed containers: slices, indices, and parts that are swapped or left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scalable_ai.grading.mutation.calls import swaps
from scalable_ai.grading.mutation.constants import literal
from scalable_ai.grading.mutation.places import Place


def slices(place: Place) -> Iterator[ast.expr]:
    """Leave out a bound of a slice, or cut one element more."""
    node = place.node
    if not isinstance(node, ast.Slice):
        return
    if node.lower is not None:
        yield ast.Slice(None, node.upper, node.step)
    if node.upper is not None:
        yield ast.Slice(node.lower, None, node.step)
    if node.step is not None:
        yield ast.Slice(node.lower, node.upper, None)
    if node.lower is None and node.upper is not None:
        yield ast.Slice(literal(1), node.upper, node.step)
    if node.upper is None and node.lower is not None:
        yield ast.Slice(node.lower, literal(-1), node.step)


def indices(place: Place) -> Iterator[ast.expr]:
    """Swap the axes of an index, or leave it out."""
    node = place.node
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield node.value


def parts(place: Place) -> Iterator[ast.expr]:
    """Swap neighbouring parts of a tuple or list, or leave out one part of a list, a dictionary or several axes."""
    node = place.node
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load):
        # The axes that a reduction takes have no order.
        for elements in [] if place.is_axis else swaps(node.elts):
            yield type(node)(elements, node.ctx)
        if isinstance(node, ast.List) or place.is_axis:
            for index in range(len(node.elts)):
                yield type(node)([*node.elts[:index], *node.elts[index + 1 :]], node.ctx)
    if isinstance(node, ast.Dict):
        for index in range(len(node.keys)):
            keys, values = [*node.keys], [*node.values]
            del keys[index], values[index]
            yield ast.Dict(keys, values)
