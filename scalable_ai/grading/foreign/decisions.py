"""What the learner's own classes may decide in a test, and what they may not."""

from __future__ import annotations

import inspect
from typing import Any

from scalable_ai.grading.foreign.proxies import Remote, RemoteMeta


class Decisions:
    """Which special methods of the learner's classes are asked.

    Attributes:
        source_classes: The special methods of each class in the instructor's own version.
        mentioned: Those of these classes that the test cell names.
    """

    source_classes: dict[str, set[str]]
    mentioned: set[str]
    request: Any
    refuse: Any

    @staticmethod
    def raised_by_learner(error: BaseException) -> bool:
        """Return whether an exception came out of the learner's code."""
        return isinstance(error, Remote) or "_of_learner" in getattr(error, "__dict__", {})

    def decides(self, kind: type, name: str, *other: Any) -> bool:
        """Return whether a special method of the learner's class is asked.

        It is for classes that the instructor's own notebook gives that method; against plain data, only in a test
        that names such a class, so that an answer of another kind than was asked for is never asked what it equals.
        """
        method = "__eq__" if name == "ne" else f"__{name}__"
        names = [base._name_ for base in kind.__mro__ if isinstance(base, RemoteMeta)]
        if kind._library_ or not any(method in self.source_classes.get(one, ()) for one in names):
            return False
        return all(isinstance(type(one), RemoteMeta) for one in other) or not self.mentioned.isdisjoint(names)

    def compare(self, name: str, left: Any, *right: Any) -> Any:
        """Return what an operator of the learner's class says, where it is asked."""
        kind = type(left)
        if self.decides(kind, name, *right):
            return self.request("op", name, (left, *right))
        if kind._library_:
            claims = kind._claims_
            if name in {"eq", "ne"} and claims is not None and claims.__eq__ is object.__eq__:
                return NotImplemented
            if name in {"eq", "ne"} and right[0] is left:
                return name == "eq"
            if right[0] is None and name in {"eq", "ne"}:
                return name == "ne"
            what = f"{kind.__module__}.{kind._name_}"
            self.refuse(f"an object of class {what} is computed with, which only the learner's kernel can do")
        return NotImplemented

    def signature(self, function: Any) -> inspect.Signature:
        """Return the signature of a function of the learner's."""
        rows, has_result, result = self.request("signature", function)
        made = [
            inspect.Parameter(
                name,
                inspect._ParameterKind(kind),
                default=default if has_default else inspect.Parameter.empty,
                annotation=annotation if has_annotation else inspect.Parameter.empty,
            )
            for name, kind, has_default, default, has_annotation, annotation in rows
        ]
        return inspect.Signature(made, return_annotation=result if has_result else inspect.Signature.empty)
