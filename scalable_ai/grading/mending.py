"""Wrong answers that get nearer to the reference answer, a statement at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

THROWN_AWAY = "_"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_OWN_NAMES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.FunctionDef, ast.ClassDef)


def mended(wrong: str, reference: str) -> list[str]:
    """Return answers between a wrong one and the reference answer, each with one more statement of the latter.

    The reference's first statements come first, and what the wrong answer does in their place is left out. So each of
    these answers gives all that the one before got right, and one result of the reference more.

    Args:
        wrong: The whole answer cell.
        reference: The reference answer.

    Returns:
        From one statement of the reference to all of them, without those that what is left of the wrong answer could
        undo; nothing where there is but one result, or the wrong answer cannot be read.
    """
    try:
        own = ast.parse(wrong).body
    except SyntaxError:
        return []
    steps = _steps(ast.parse(reference).body)
    if len(steps) < 2:
        return []
    answers = []
    for count in range(1, len(steps) + 1):
        taken = [statement for step in steps[:count] for statement in step]
        names, done = set().union(*map(bound, taken)), set(map(_called, taken)) - {""}
        kept = [one for one in own if _called(one) not in done and _without(one, names) is not None]
        if not any(_interferes(one, names) for one in kept):
            rest = [_without(one, names) for one in kept]
            answers.append(ast.unparse(ast.Module([*taken, *rest], [])))
    return answers


def bound(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds at its own level: assignments, definitions and imports."""
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(one.asname or one.name).partition(".")[0] for one in statement.names}
    return {node.id for node in _stored(statement)}


def _stored(node: ast.AST) -> Iterator[ast.Name]:
    """Yield the names that are assigned here, not those within comprehensions and functions."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _OWN_NAMES):
            yield from _stored(child)


def _interferes(statement: ast.stmt, names: set[str]) -> bool:
    """Return whether a statement may change other results: it writes in place, or is a block that uses their names."""
    nodes = list(ast.walk(statement))
    if any(isinstance(node, ast.AugAssign) for node in nodes):
        return True
    methods = [node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    if any(method.endswith("_") and not method.endswith("__") for method in methods):
        return True
    is_block = isinstance(statement, ast.For | ast.While | ast.With | ast.If | ast.Try)
    return is_block and not names.isdisjoint(node.id for node in nodes if isinstance(node, ast.Name))


def _called(statement: ast.stmt) -> str:
    """Return the name of what a statement calls for its effect alone, such as `backward`, which is not done twice."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _steps(statements: list[ast.stmt]) -> list[list[ast.stmt]]:
    """Return the statements in groups that end with a result.

    What only prepares a result belongs to it, and so do definitions in a row: one may read what the other writes.
    """
    steps: list[list[ast.stmt]] = []
    prepares: list[ast.stmt] = []
    for statement, following in zip(statements, [*statements[1:], None], strict=True):
        prepares.append(statement)
        if isinstance(statement, _DEFINITIONS) and isinstance(following, _DEFINITIONS):
            continue
        if not isinstance(statement, ast.Import | ast.ImportFrom) and bound(statement):
            steps.append(prepares)
            prepares = []
    if prepares and steps:
        steps[-1] = [*steps[-1], *prepares]
    return steps


def _without(statement: ast.stmt, names: set[str]) -> ast.stmt | None:
    """Return a statement that binds none of the names, or None where it binds no others."""
    binds = bound(statement)
    if not binds & names:
        return statement
    if binds <= names:
        return None
    statement = copy.deepcopy(statement)
    for node in _stored(statement):
        if node.id in names:
            node.id = THROWN_AWAY
    return statement
