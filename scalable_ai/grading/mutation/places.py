"""Where an answer can be changed: at every node of its syntax tree that is neither documentation nor a type."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

DIMS = frozenset({"dim", "axis", "dims", "start_dim", "end_dim", "axes"})
"""Keywords whose numbers count axes."""


@dataclass(frozen=True)
class Place:
    """One node, and where it hangs in the tree."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    """Where the field is a list."""
    is_axis: bool = False
    """Whether the node is (part of) the value of a keyword such as `dim`."""
    in_class: bool = False
    """Whether it stands in the body of a class."""

    def put(self, node: ast.AST) -> None:
        """Hang another node here."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def places(parent: ast.AST, is_axis: bool = False) -> Iterator[Place]:
    """Yield every place below a node, parents first."""
    for field, value in ast.iter_fields(parent):
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and field == "returns":
            continue
        if isinstance(parent, ast.arg):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_documentation(parent, field, node):
                continue
            axis = is_axis or (isinstance(node, ast.keyword) and node.arg in DIMS)
            yield Place(node, parent, field, index, axis, isinstance(parent, ast.ClassDef))
            # Before Python 3.12, what stands in an f-string has no position of its own.
            if not isinstance(node, ast.JoinedStr):
                yield from places(node, axis)


def _is_documentation(parent: ast.AST, field: str, node: ast.AST) -> bool:
    return field == "body" and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
