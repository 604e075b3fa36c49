"""What a notebook cell reads, binds and may change, as far as its text tells."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass, field
from functools import lru_cache

SHOWS = {"print", "display", "show", "plt"}
"""What may be called for its effect on the page alone."""
STATES = {
    # Classes count as drawing numbers: layers initialize themselves, loaders shuffle.
    "<random state>": re.compile(
        r"_?[A-Z]\w*(?<!Error)(?<!Warning)(?<!Exception)|\w*rand\w*|\w*seed\w*|shuffle|choices?|sample|\w*normal_?|\w*uniform_?|permutation|multinomial"
        r"|bernoulli_?|dropout\w*|fit\w*"
    ),
    "<files>": re.compile(r"open|\w*save\w*|load\w*|\w*write\w*|read\w*|Path|\w*dump|mkdir|chdir|unlink|to_csv|tofile"),
}
"""What cells share without a name for it, and what is called to read or change it."""
MUTATORS = {
    *("append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "discard", "sort", "reverse"),
    *("setdefault", "train", "eval", "step", "zero_grad", "backward", "load_state_dict", "fit"),
    *("register_buffer", "register_parameter", "register_module", "register_forward_hook", "apply", "fill"),
}
UNREADABLE = {"exec", "eval", "globals", "locals", "vars", "get_ipython", "setattr", "delattr", "__import__"}
_BUILTINS = set(dir(builtins))


@dataclass
class Effects:
    """What a cell, or a function defined in one, reads, binds and may change."""

    reads: set[str] = field(default_factory=set)
    """Names and states that it takes from elsewhere."""
    binds: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    """Those of the names it binds that stand for what a library holds."""
    changes: set[str] = field(default_factory=set)
    hands: list[tuple[str, frozenset[str], bool]] = field(default_factory=list)
    """What it calls: a function's or method's name, the names handed to it, and whether it may be an object."""
    functions: dict[str, Effects] = field(default_factory=dict)
    """Functions, classes and methods that it defines, with what they do to names outside them."""
    commands: set[str] = field(default_factory=set)
    """What it calls for nothing but the effect."""
    always: bool = False
    """Whether it has to run in any case: it cannot be read, or acts on something that has no name here."""


@lru_cache(1024)
def effects_of(source: str) -> Effects:
    """Return what a cell does, as far as its text tells."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):  # the last is Python 3.11's own fault
        return Effects(always=True)
    effects = Effects()
    _Reader(effects).visit(tree)
    effects.always |= bool(effects.reads & UNREADABLE)
    effects.reads -= _BUILTINS
    return effects


class _Reader(ast.NodeVisitor):
    """Collects a cell's effects in the order of its running."""

    def __init__(self, effects: Effects) -> None:
        self.effects = effects
        self._bound: set[str] = set()
        self._is_sure = True

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.effects.binds.add(node.id)
            self._bound.add(node.id)
        elif node.id not in self._bound:
            self.effects.reads.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._change(node.target)
        if isinstance(node.target, ast.Name) and node.target.id not in self._bound:
            self.effects.reads.add(node.target.id)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        self.effects.always |= "*" in names
        self.effects.binds |= names
        self.effects.imports |= names if self._is_sure else set()
        self._bound |= names

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._branch(node.target, *node.body)
        self._branch(*node.orelse)

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branch(*node.body)
        self._branch(*node.orelse)

    visit_While = visit_If  # noqa: N815

    def visit_Try(self, node: ast.Try) -> None:
        self._branch(*node.body, *node.orelse)
        for handler in node.handlers:
            self.effects.binds |= {handler.name} if handler.name else set()
            self._branch(*filter(None, [handler.type]), *handler.body)
        self._branch(*node.finalbody)

    def _branch(self, *nodes: ast.AST) -> None:
        """Visit what may not run: what it binds is not sure to be bound afterwards."""
        before = set(self._bound), self._is_sure
        self._is_sure = False
        for node in nodes:
            self.visit(node)
        self._bound, self._is_sure = before

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        types = [item.annotation for item in ast.walk(node) if isinstance(item, ast.arg)]
        outside = [*node.decorator_list, *getattr(node, "bases", []), *types, getattr(node, "returns", None)]
        for item in filter(None, outside):
            self.visit(item)
        inner = self._inner(node.body, {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)})
        for item in ast.walk(node):
            if isinstance(item, ast.arguments):
                for default in filter(None, [*item.defaults, *item.kw_defaults]):
                    self.visit(default)
        self.effects.functions |= {name: inner for name in (node.name, *inner.functions)}
        self.effects.reads |= inner.reads
        self.effects.binds.add(node.name)
        self._bound.add(node.name)

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef  # noqa: N815

    def _inner(self, nodes: list[ast.AST], parameters: set[str]) -> Effects:
        """Return what a body does to names outside of it."""
        inner = Effects()
        reader = _Reader(inner)
        reader._bound = parameters
        for node in nodes:
            reader.visit(node)
        shared = {name for node in nodes for item in ast.walk(node) for name in _declared(item)}
        own = (inner.binds | parameters) - shared
        inner.reads, inner.changes = (inner.reads - own) | shared, (inner.changes - own) | shared
        inner.hands = [(callee, handed - own, may_be) for callee, handed, may_be in inner.hands]
        self.effects.always |= inner.always
        self.effects.commands |= inner.commands - own
        return inner

    def visit_Lambda(self, node: ast.Lambda) -> None:
        inner = self._inner([node.body], {arg.arg for arg in ast.walk(node) if isinstance(arg, ast.arg)})
        self.effects.reads |= inner.reads
        self.effects.changes |= inner.changes
        self.effects.hands += inner.hands

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        before, bound = set(self._bound), set(self.effects.binds)
        for part in node.generators:
            self.visit(part.iter)
            self.visit(part.target)
            for condition in part.ifs:
                self.visit(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)
        self._bound, self.effects.binds = before, bound

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # noqa: N815

    def visit_Attribute(self, node: ast.Attribute | ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute  # noqa: N815

    def visit_Call(self, node: ast.Call) -> None:
        callee = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        handed = {root_of(part) for part in (*node.args, *(keyword.value for keyword in node.keywords))}
        if isinstance(node.func, ast.Attribute):
            handed.add(root_of(node.func))
            if callee in MUTATORS or callee.endswith("_"):
                self._change(node.func)
        self.effects.hands.append((callee, frozenset(filter(None, handed)), self._may_be_object(node.func)))
        for changed in [
            *(node.args if callee == "next" else ()),
            *(kw.value for kw in node.keywords if kw.arg == "out"),
        ]:
            self._change(changed)
        for state, words in STATES.items():
            if words.fullmatch(callee):
                self.effects.reads.add(state)
                self.effects.changes.add(state)
        self.generic_visit(node)

    @staticmethod
    def _may_be_object(callee: ast.AST) -> bool:
        return isinstance(callee, ast.Name) and callee.id not in _BUILTINS

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call) and (root := root_of(node.value.func)) not in SHOWS:
            # Called for its effect: on what it is a method of, or on nobody knows what.
            self._change(node.value.func)
            if isinstance(node.value.func, ast.Name):
                self.effects.commands.add(root)
        self.generic_visit(node)

    def _change(self, node: ast.AST) -> None:
        root = root_of(node)
        if root is None:
            self.effects.always = True
        else:
            self.effects.changes.add(root)


def _declared(node: ast.AST) -> list[str]:
    return node.names if isinstance(node, ast.Global | ast.Nonlocal) else []


def root_of(node: ast.AST) -> str | None:
    """Return the name that an expression such as `a.b[0].c()` starts from."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
