"""Which names of a notebook are the instructor's own, and which are the learner's."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_locked, is_solution

from scalable_ai.grading.foreign.magics import plain_python

_ORDER = {"__lt__", "__le__", "__gt__", "__ge__"}
STATEFUL = {"matplotlib", "pylab", "seaborn"}
"""Libraries whose state is the learner's work: their names mean those of the learner's kernel."""


@dataclass
class Piece:
    """A part of the notebook that the judge runs itself."""

    index: int
    """Of its cell."""
    code: ast.Module
    grade_id: str = ""
    """Of a test cell; empty for a statement of a locked one."""


@dataclass
class Plan:
    """What the judge needs to know about a notebook."""

    pieces: list[Piece] = field(default_factory=list)
    """Statements of locked cells that depend on nothing of the learner's, in order."""
    learners: set[str] = field(default_factory=set)
    """Names that the learner's code binds in the instructor's own version."""
    maybe: dict[str, str] = field(default_factory=dict)
    """Imports (`module` or `module:name`) that only the learner's cells make, by name."""
    used: set[str] = field(default_factory=set)
    """Names that occur in code other than tests."""
    classes: dict[str, set[str]] = field(default_factory=dict)
    """Special methods of each class that code other than tests defines."""
    roots: set[str] = field(default_factory=set)
    """Top-level packages that the notebook imports."""
    is_seeded: bool = False


def bound_names(tree: ast.AST) -> set[str]:
    """Return the names that running code binds or deletes at the top level of a notebook."""
    found: set[str] = set()

    def visit(node: ast.AST, is_inner: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not is_inner:
                found.add(node.name)
            declared = {name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names}
            found.update(declared)
            return
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            found.update(one.target.id for one in ast.walk(node) if isinstance(one, ast.NamedExpr))
            return
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update(imports(node))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        for child in ast.iter_child_nodes(node):
            visit(child, is_inner)

    visit(tree, False)
    return found


def imports(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Return what an import binds: `module` or `module:name` by name."""
    if isinstance(node, ast.Import):
        return {
            one.asname or one.name.partition(".")[0]: one.name if one.asname else one.name.partition(".")[0]
            for one in node.names
        }
    return {one.asname or one.name: f"{'.' * node.level}{node.module or ''}:{one.name}" for one in node.names}


def all_imports(tree: ast.AST) -> dict[str, str]:
    """Return all imports in some code."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= imports(node)
    return found


def names_in(tree: ast.AST) -> set[str]:
    """Return all names that occur in some code."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    return found


def parse(source: str) -> ast.Module:
    """Return a cell's code without its notebook syntax; empty where it is no Python."""
    try:
        return ast.parse(plain_python(source))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def is_test(cell: NotebookNode) -> bool:
    """Return whether a cell is one whose outcome is a mark."""
    return cell.cell_type == "code" and is_grade(cell) and not is_solution(cell)


def make_plan(notebook: NotebookNode) -> Plan:
    """Return whose each name of a notebook is."""
    plan = Plan()
    code = [(index, cell, parse(cell.source)) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    plan.is_seeded = any(re.search(r"seed\s*\(", cell.source) for _, cell, _ in code)
    learners = [tree for _, cell, tree in code if not is_locked(cell) and not is_test(cell)]
    locked = [
        (index, statement)
        for index, cell, tree in code
        if is_locked(cell) and not is_test(cell)
        for statement in tree.body
    ]
    open_imports: dict[str, str] = {}
    for _, cell, tree in code:
        plan.roots |= {path.partition(":")[0].partition(".")[0] for path in all_imports(tree).values()}
        if not is_test(cell):
            plan.used |= names_in(tree)
            _note_classes(tree, plan.classes)
        if not is_test(cell) and not is_locked(cell):
            (plan.maybe if is_solution(cell) else open_imports).update(all_imports(tree))
    for tree in learners:
        plan.learners |= {name for statement in tree.body for name in _bound_but_imports(statement)}
    provided = {name for name in open_imports if name not in plan.learners}
    plan.maybe = {name: path for name, path in plan.maybe.items() if name not in plan.learners | provided}
    for index, statement in _import_statements(code, provided):
        plan.pieces.append(Piece(index, ast.Module([statement], [])))
    mentioned = set().union(*(names_in(tree) for tree in learners)) if learners else set()
    plan.pieces += _local_pieces(locked, plan.learners, mentioned)
    plan.pieces += [Piece(index, tree, cell.metadata.nbgrader.grade_id) for index, cell, tree in code if is_test(cell)]
    plan.pieces.sort(key=lambda piece: piece.index)
    return plan


def _bound_but_imports(statement: ast.stmt) -> set[str]:
    return set() if isinstance(statement, ast.Import | ast.ImportFrom) else bound_names(statement)


def _import_statements(code: list[tuple[int, NotebookNode, ast.Module]], names: set[str]) -> list[tuple[int, ast.stmt]]:
    """Return imports in cells that nobody is asked to write in."""
    return [
        (index, statement)
        for index, cell, tree in code
        if not is_locked(cell) and not is_solution(cell)
        for statement in tree.body
        if isinstance(statement, ast.Import | ast.ImportFrom) and names.issuperset(imports(statement))
    ]


def _local_pieces(locked: list[tuple[int, ast.stmt]], learners: set[str], mentioned: set[str]) -> list[Piece]:
    """Return those statements of locked cells that the judge can run: their outcome is the same everywhere."""
    others = [bound_names(statement) for _, statement in locked if not _may_be_local(statement, set(), mentioned)]
    remote = learners.union(*others)
    while True:
        kept = [
            (i, one) for i, one in locked if _may_be_local(one, remote, mentioned) and not bound_names(one) & remote
        ]
        rest = [one for _, one in locked if all(one is not other for _, other in kept)]
        more = set().union(*(bound_names(one) for one in rest)) - remote
        if not more:
            return [Piece(index, ast.Module([statement], [])) for index, statement in kept]
        remote |= more


def _may_be_local(statement: ast.stmt, remote: set[str], mentioned: set[str]) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = statement.args
        outer = [*statement.decorator_list, *arguments.defaults, *(one for one in arguments.kw_defaults if one)]
        return not any(names_in(one) & remote for one in outer)
    if isinstance(statement, ast.ClassDef):
        names = {name for base in statement.bases for name in _last_names(base)}
        helper = any(name.endswith(("Error", "Exception", "Warning", "TestCase")) for name in names)
        return helper and statement.name not in mentioned and not names_in(statement) & remote
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if statement.value is None or not all(isinstance(target, ast.Name) for target in targets):
            return False
        if names_in(statement.value) & remote:
            return False
        if isinstance(statement.value, ast.Lambda) or _is_constant(statement.value):
            return True
        return _is_literal(statement.value) and not {target.id for target in targets} & mentioned
    return False


def _last_names(node: ast.expr) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} | {
        one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)
    }


def _is_constant(node: ast.expr) -> bool:
    kinds = ast.Constant | ast.UnaryOp | ast.BinOp | ast.Tuple | ast.operator | ast.unaryop | ast.expr_context
    return all(isinstance(one, kinds) for one in ast.walk(node))


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _note_classes(tree: ast.AST, classes: dict[str, set[str]]) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        found = {name for item in node.body for name in _names_bound_in_class(item)}
        for decorator in node.decorator_list:
            text: Any = ast.unparse(decorator)
            if "dataclass" in text:
                found |= {"__eq__", "__hash__"} if "eq=False" not in text else set()
                found |= _ORDER if "order=True" in text else set()
            if "total_ordering" in text:
                found |= _ORDER
        for base in node.bases:
            found |= classes.get(ast.unparse(base), set())
        classes[node.name] = classes.get(node.name, set()) | found


def _names_bound_in_class(item: ast.stmt) -> set[str]:
    if isinstance(item, ast.FunctionDef):
        return {item.name}
    if isinstance(item, ast.Assign):
        return {target.id for target in item.targets if isinstance(target, ast.Name)}
    return set()
