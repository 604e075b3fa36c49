"""The limits that learners are told of, read from the course's `nbgrader_config.py` without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from scalable_ai.course import Course

SETTINGS = {"timeout": "cell", "notebook_timeout": "notebook"}
"""Name under `c.JudgedExecute` -> field of `Limits`."""


@dataclass(frozen=True)
class Limits:
    """What an answer may take at grading. The defaults are the grading engine's own."""

    cell: float = 30
    """Seconds of one cell."""
    notebook: float = 300
    """Seconds of a notebook, its judging included."""
    memory: float = 4
    """GiB of a notebook."""
    answer: float = 5
    """Seconds that an answer has in any case …"""
    times_reference: float = 10
    """… and so many times what the reference answer takes."""
    check: float = 10
    """Seconds that a hidden check waits, where it says nothing else."""


def read_limits(course: Course) -> Limits:
    """Return the limits of a course; the engine's own where its configuration says nothing.

    Raises:
        ValueError: A limit is not written as a number, or as a product or power of numbers.
    """
    path = course.root / "nbgrader_config.py"
    limits = Limits()
    for node in ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []:
        try:
            limits = _with(limits, node)
        except (ValueError, TypeError):
            raise ValueError(f"{path}:{node.lineno}: write this limit as a number, such as 20 or 4 * 2**30.") from None
    return limits


def _with(limits: Limits, node: ast.stmt) -> Limits:
    """Return the limits with what one statement of the configuration sets."""
    if not isinstance(node, ast.Assign):
        return limits
    owner, _, name = ast.unparse(node.targets[0]).rpartition(".")
    if owner != "c.JudgedExecute":
        return limits
    if name in SETTINGS:
        return replace(limits, **{SETTINGS[name]: _number(node.value)})
    if name == "limits" and isinstance(node.value, ast.Dict):
        keys = [ast.literal_eval(key) for key in node.value.keys]
        if "memory" in keys:
            return replace(limits, memory=_number(node.value.values[keys.index("memory")]) / 2**30)
    return limits


def _number(node: ast.expr) -> float:
    """Return what a number, or a product or power of numbers, comes to.

    Raises:
        ValueError: It is written in another way.
    """
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Pow):
        left, right = _number(node.left), _number(node.right)
        return left * right if isinstance(node.op, ast.Mult) else left**right
    return float(ast.literal_eval(node))
