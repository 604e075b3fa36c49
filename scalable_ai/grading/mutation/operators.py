"""Changed operators: arithmetic, comparisons, logic, and the conditions that they make."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scalable_ai.grading.mutation.constants import number
from scalable_ai.grading.mutation.places import Place

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
"""Operators whose operands cannot be swapped."""
OPTIONAL = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
"""Operators one of whose operands is easily forgotten."""
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}


def arithmetic(place: Place) -> Iterator[ast.AST]:
    """Take another operator, swap the operands, or forget one of them."""
    node = place.node
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
        if isinstance(node.op, ORDERED):
            yield ast.BinOp(node.right, node.op, node.left)
        if isinstance(node.op, OPTIONAL):
            yield from (node.left, node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert) and number(node) is None:
        yield node.operand
    if isinstance(node, ast.AugAssign):
        yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
        yield ast.Assign([node.target], node.value, lineno=node.lineno)


def comparisons(place: Place) -> Iterator[ast.expr]:
    """Move a bound by one, or turn the comparison round."""
    node = place.node
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield ast.Compare(node.left, [*node.ops[:index], other(), *node.ops[index + 1 :]], node.comparators)


def logic(place: Place) -> Iterator[ast.expr]:
    """Take `or` for `and` and back, forget a part of a condition, or a `not`."""
    node = place.node
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for index in range(len(node.values)):
            rest = [*node.values[:index], *node.values[index + 1 :]]
            yield ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def conditions(place: Place) -> Iterator[ast.AST]:
    """Negate a condition, or do without it."""
    node = place.node
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    if isinstance(node, ast.If):
        yield ast.If(_not(node.test), node.body, node.orelse)
        yield ast.If(ast.Constant(True), node.body, node.orelse)
        if node.orelse:
            yield ast.If(node.test, node.body, [])
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for index, loop in enumerate(node.generators):
            for tests in _other_tests(loop.ifs):
                changed = ast.comprehension(loop.target, loop.iter, tests, loop.is_async)
                loops = [*node.generators[:index], changed, *node.generators[index + 1 :]]
                yield type(node)(**{**dict(ast.iter_fields(node)), "generators": loops})


def _other_tests(tests: list[ast.expr]) -> Iterator[list[ast.expr]]:
    """Leave out one of the conditions of a comprehension, or negate it."""
    for index, test in enumerate(tests):
        yield [*tests[:index], *tests[index + 1 :]]
        yield [*tests[:index], _not(test), *tests[index + 1 :]]


def _not(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and len(COMPARISONS[type(test.ops[0])]) == 1:
        return ast.Compare(test.left, [COMPARISONS[type(test.ops[0])][0]()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)
