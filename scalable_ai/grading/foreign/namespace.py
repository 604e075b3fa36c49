"""The names of a test cell: its own in the judge, all others in the learner's kernel."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from typing import Any

_ABSENT = object()


class Namespace(dict):
    """Globals of a test cell.

    Names that it binds lie in the dict itself. For others, the learner's kernel is asked.
    """

    def __init__(self, learners: set[str], maybe: dict[str, str]) -> None:
        super().__init__(__name__="__main__", __doc__=None)
        self._learners, self._maybe = learners, maybe
        self._synced: dict[str, Any] = {}
        self._deleted: set[str] = set()
        self._untold: set[str] = set()
        self._cached: dict[str, Any] = {}
        self.link: Any = None
        self.find: Callable[[str], Any] = lambda path: None
        dict.__setitem__(self, "__builtins__", Builtins(self))

    # as seen by the test

    def __getitem__(self, name: str) -> Any:
        value = dict.get(self, name, _ABSENT)
        if value is not _ABSENT:
            return value
        value = self.remote(name) if isinstance(name, str) and not self._is_builtin(name) else _ABSENT
        if value is _ABSENT:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self._deleted.discard(name)
        dict.__setitem__(self, name, value)

    def __delitem__(self, name: str) -> None:
        was_here = dict.pop(self, name, _ABSENT) is not _ABSENT
        if not was_here and self.remote(name) is _ABSENT:
            raise KeyError(name)
        self._deleted.add(name)
        self._untold.add(name)

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or (isinstance(name, str) and self.remote(name) is not _ABSENT)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a name's value, here or in the learner's kernel."""
        try:
            return self[name]
        except KeyError:
            return default

    def keys(self) -> Any:
        """Return all names."""
        theirs = [] if self.link is None else self.link.request("names")
        return dict.fromkeys([*dict.keys(self), *(name for name in theirs if name not in self._deleted)]).keys()

    def __iter__(self) -> Any:
        return iter(self.keys())

    # the learner's

    def is_learners(self, name: str) -> bool:
        """Return whether the learner's code binds a name in the instructor's own version."""
        return name in self._learners or name in self._maybe

    def _is_builtin(self, name: str) -> bool:
        return name not in self._learners and (hasattr(builtins, name) or name == "get_ipython")

    def remote(self, name: str) -> Any:
        """Return a name's value in the learner's kernel, or a mark that there is none."""
        if name in self._deleted or self.link is None or (name.startswith("__") and name.endswith("__")):
            return _ABSENT
        if name in self._cached:
            return self._cached[name]
        found = self.link.request("get", name)
        if not found:
            return _ABSENT
        value = found[0]
        if name in self._maybe:
            own = self.find(self._maybe[name])
            value = value if own is None else own
        self._cached[name] = value
        return value

    def known(self, name: str) -> Any:
        """Return a name's value as far as it is the instructor's, or None; the learner's kernel is not asked."""
        if dict.__contains__(self, name):
            return dict.__getitem__(self, name)
        return self.find(self._maybe[name]) if name in self._maybe else None

    def forget_cached(self, names: Iterable[str]) -> None:
        """Have names looked up again."""
        for name in names:
            self._cached.pop(name, None)

    # what the learner's kernel has to be told

    def settle(self) -> None:
        """Take the names as they are for known on the other side."""
        self._synced = dict(dict.items(self))

    def news(self) -> tuple[dict[str, Any], list[str]]:
        """Return names that were bound since the last call, and names that were deleted."""
        now = dict(dict.items(self))
        bound = {name: value for name, value in now.items() if self._synced.get(name, _ABSENT) is not value}
        gone = [name for name in {*self._synced, *self._untold} if name not in now]
        self._synced, self._untold = now, set()
        self._deleted.update(gone)
        for name in bound:
            self._cached.pop(name, None)
            self._deleted.discard(name)
        return bound, gone

    def hand_over(self, name: str) -> None:
        """Let a name that the learner's code binds itself be the learner's kernel's again, with its new value."""
        if name in self._learners:
            self._cached[name] = dict.pop(self, name)
            self._synced.pop(name, None)


class Builtins(dict):
    """Builtin names; the learner's names come first where the code of a class body is looking."""

    def __init__(self, namespace: Namespace) -> None:
        super().__init__(vars(builtins))
        self._namespace = namespace

    def __getitem__(self, name: str) -> Any:
        space = self._namespace
        if not dict.__contains__(space, name) and not space._is_builtin(name):
            value = space.remote(name)
            if value is not _ABSENT:
                return value
        if name in _KEPT or not hasattr(builtins, name):
            return dict.__getitem__(self, name)
        return getattr(builtins, name)


_KEPT = {"__import__", "__build_class__"}
