"""Functions of libraries that a test cell replaces: the learner's kernel gets the replacement too."""

from __future__ import annotations

import ast
import contextlib
import importlib
import sys
import types
from collections.abc import Callable
from typing import Any

from scalable_ai.grading.foreign.dataflow import STATEFUL, all_imports
from scalable_ai.grading.foreign.namespace import Namespace
from scalable_ai.grading.foreign.proxies import RemoteMeta

_ABSENT = object()
_STREAMS = {"stdout", "stderr", "displayhook", "excepthook"}


class Patches:
    """What a test cell has replaced.

    Args:
        namespace: The test's names.
    """

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._watched: dict[tuple[int, str], list[Any]] = {}

    def find(self, tree: ast.AST) -> None:
        """Note attributes of modules that the cell assigns to."""
        modules = all_imports(tree)
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else ()
            for target in targets:
                if isinstance(target, ast.Attribute):
                    owner = self._resolve(target.value, modules)
                    if owner is not None and target.attr not in _STREAMS:
                        self.watch(owner, target.attr)

    def _resolve(self, node: ast.expr, modules: dict[str, str]) -> Any:
        if isinstance(node, ast.Attribute):
            owner = self._resolve(node.value, modules)
            value = getattr(owner, node.attr, None) if owner is not None else None
        elif isinstance(node, ast.Name) and node.id in modules and modules[node.id].partition(".")[0] not in STATEFUL:
            module, _, name = modules[node.id].partition(":")
            with contextlib.suppress(Exception):
                value = importlib.import_module(module)
                return getattr(value, name) if name else value
            return None
        else:
            value = self._namespace.known(node.id) if isinstance(node, ast.Name) else None
        return value if isinstance(value, types.ModuleType | type) and not isinstance(value, RemoteMeta) else None

    def watch(self, target: Any, name: str) -> None:
        """Note a name of a module or class of a library before it may be replaced."""
        is_library = isinstance(target, types.ModuleType) or (
            isinstance(target, type) and target.__module__ != "__main__"
        )
        if is_library and not (target is sys and name in _STREAMS):
            before = vars(target).get(name, _ABSENT)
            self._watched.setdefault((id(target), name), [target, name, before, before])

    def news(self, encode: Callable[[Any], Any]) -> list[list[Any]]:
        """Return what was replaced, or put back, since the last call."""
        told = []
        for row in self._watched.values():
            target, name, before, last = row
            now = vars(target).get(name, _ABSENT)
            if now is not last:
                row[3] = now
                told.append([encode(target), name, "restore" if now is before else encode(now)])
        return told

    def restore(self) -> bool:
        """Undo what is left of it here; return whether the learner's kernel has to be told."""
        rows = list(self._watched.values())
        for target, name, before, _ in rows:
            if vars(target).get(name, _ABSENT) is not before:
                delattr(target, name) if before is _ABSENT else setattr(target, name, before)
        return any(last is not before for _, _, before, last in rows)

    def forget(self) -> None:
        """Watch nothing any more."""
        self._watched.clear()
