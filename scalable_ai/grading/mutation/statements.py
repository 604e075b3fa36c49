"""Changed statements: left out, in another order, without the context or the loop around them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scalable_ai.grading.mutation.places import Place

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Raise, ast.Delete, ast.Assert)
COMPOUND = (ast.For, ast.While, ast.If)


def dropped(place: Place) -> Iterator[ast.stmt]:
    """Leave out a statement or a method, or return nothing."""
    node = place.node
    if isinstance(node, (*SIMPLE, *COMPOUND)) or (isinstance(node, ast.FunctionDef) and place.in_class):
        yield ast.Pass()
    if isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(None)


def without_context(place: Place) -> Iterator[ast.stmt]:
    """Leave out a `with` such as `no_grad`, and run its body; take the body of a `try` alone."""
    node = place.node
    if isinstance(node, ast.With | ast.Try):
        yield ast.If(ast.Constant(True), node.body, [])


def jumps(place: Place) -> Iterator[ast.stmt]:
    """Take `break` for `continue` and back."""
    if isinstance(place.node, ast.Break):
        yield ast.Continue()
    if isinstance(place.node, ast.Continue):
        yield ast.Break()


def decorators(place: Place) -> Iterator[ast.stmt]:
    """Leave out a decorator."""
    node = place.node
    if isinstance(node, ast.FunctionDef):
        for index in range(len(node.decorator_list)):
            rest = [*node.decorator_list[:index], *node.decorator_list[index + 1 :]]
            yield ast.FunctionDef(node.name, node.args, node.body, rest, node.returns, lineno=node.lineno)


def reordered(place: Place) -> Iterator[ast.stmt]:
    """Swap two calls that follow one another, such as `loss.backward()` and `optimizer.step()`.

    What is yielded names the two in `swapped`, so that the text around them can stay.
    """
    node = place.node
    if not isinstance(node, ast.FunctionDef | ast.For | ast.While | ast.If | ast.With):
        return
    for index in range(len(node.body) - 1):
        first, second = node.body[index : index + 2]
        if _is_call(first) and _is_call(second):
            body = [*node.body[:index], second, first, *node.body[index + 2 :]]
            changed = type(node)(**{**dict(ast.iter_fields(node)), "body": body}, lineno=node.lineno)
            changed.swapped = (first, second)
            yield changed


def _is_call(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
