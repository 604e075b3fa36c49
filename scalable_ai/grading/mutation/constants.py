"""Changed constants: numbers off by one or of the other sign, flags, and texts that name a mode."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scalable_ai.grading.mutation.places import Place

MODES = {
    "sum": "mean",
    "mean": "sum",
    "none": "mean",
    "min": "max",
    "max": "min",
    "micro": "macro",
    "macro": "micro",
    "step": "epoch",
    "epoch": "step",
    "cpu": "cuda",
    "cuda": "cpu",
    "ASC": "DESC",
    "DESC": "ASC",
    "<=": "<",
    ">=": ">",
    "<": "<=",
    ">": ">=",
}
"""Texts, or words of them, that say how something is done, and what a learner takes them for."""
_MODE = re.compile("|".join(rf"(?<![\w<>=]){re.escape(word)}(?![\w<>=])" for word in MODES))


def numbers(place: Place) -> Iterator[ast.expr]:
    """Change a number by one, and its sign; an axis becomes its neighbour."""
    value = number(place.node)
    if value is None or (isinstance(place.parent, ast.UnaryOp) and number(place.parent) is not None):
        return
    if isinstance(value, int):
        changed = [value + 1, value - 1]
        if place.is_axis:
            changed = [one for one in changed if one >= 0 or value < 0]
        elif value:
            changed.append(-value)
    else:
        changed = [value + 1, -value] if value else [1.0]
    for one in dict.fromkeys(changed):
        yield literal(one)


def number(node: ast.AST) -> int | float | None:
    """Return the value of a number with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand)
        return None if value is None else -value
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def literal(value: float) -> ast.expr:
    """Return the node of a number, as Python parses it."""
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def flags(place: Place) -> Iterator[ast.expr]:
    """Turn True into False and back.

    Only `strict=True` stays: it guards against inputs that the task rules out, and is no part of the answer.
    """
    is_guard = isinstance(place.parent, ast.keyword) and place.parent.arg == "strict"
    if (
        isinstance(place.node, ast.Constant)
        and isinstance(place.node.value, bool)
        and not (is_guard and place.node.value)
    ):
        yield ast.Constant(not place.node.value)


def texts(place: Place) -> Iterator[ast.expr]:
    """Take another mode where a text names one; spell any other text wrong."""
    node = place.node
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        swapped = _other_mode(node.value)
        yield ast.Constant(f"{node.value}_" if swapped == node.value else swapped)
    if isinstance(node, ast.JoinedStr):
        for index, part in enumerate(node.values):
            if isinstance(part, ast.Constant) and _other_mode(part.value) != part.value:
                changed = ast.Constant(_other_mode(part.value))
                yield ast.JoinedStr([*node.values[:index], changed, *node.values[index + 1 :]])


def _other_mode(text: str) -> str:
    return _MODE.sub(lambda found: MODES[found[0]], text)
