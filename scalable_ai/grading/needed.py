"""Which cells of a lesson a mark can depend on: cells that only measure or draw are not run again at grading.

The analysis errs on the side of running: a cell is left out only where nothing that it binds or may change is read,
directly or through other cells, by an answer, a hidden check or a cell that the learner added.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_grade

from scalable_ai.grading.effects import Effects, effects_of, root_of
from scalable_ai.grading.rebuild import is_answer

LEFT_OUT = "# Left out at grading"
"""How a cell of the course begins that is never run at grading, whatever it binds: it trains, or starts processes."""


def cells_to_run(nb: NotebookNode, given: NotebookNode, checks: Path) -> list[tuple[NotebookNode, str]]:
    """Return a lesson's code cells that are no checks, each with what of it has to run at grading.

    Args:
        nb: The notebook with the learner's answers.
        given: The instructor's notebook: what is not in it, the learner has added.
        checks: The file of hidden checks; where it cannot be read, all cells run.
    """
    cells = [cell for cell in nb.cells if cell.cell_type == "code" and not is_grade(cell)]
    added = {cell["id"] for cell in nb.cells} - {cell["id"] for cell in given.cells}
    roots = [number for number, cell in enumerate(cells) if is_answer(cell) or cell["id"] in added]
    try:
        asked = names_asked(checks.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, SystemError):
        return [(cell, cell.source) for cell in cells]
    return list(zip(cells, what_to_run([cell.source for cell in cells], roots, asked), strict=True))


def what_to_run(sources: Sequence[str], roots: Iterable[int], names: Iterable[str] = ()) -> list[str]:
    """Return what of each of a notebook's code cells has to run: all of it, its imports, or nothing.

    Args:
        sources: The code cells.
        roots: Those that run in any case: answers, and what the learner added.
        names: Names that are read from elsewhere, such as hidden checks.
    """
    effects = [effects_of(source) for source in sources]
    functions = {name: inner for one in effects for name, inner in one.functions.items()}
    own = {name for one in effects for name in one.binds - one.imports}
    others = set().union(*(one.imports for one in effects)) | set(functions)
    acts = [_acts_on(one, functions, others) - one.imports for one in effects]
    needed: set[int] = set()
    live = set(names)
    roots = set(roots)
    never = {number for number, source in enumerate(sources) if source.lstrip().startswith(LEFT_OUT)} - roots
    # What a function of a library does when it is called for its effect, no name here tells.
    waiting = roots | {number for number, one in enumerate(effects) if one.always or one.commands - own} - never
    while waiting:
        needed |= waiting
        live |= set().union(*(effects[number].reads for number in waiting))
        waiting = {number for number in range(len(sources)) if acts[number] & live} - needed - never
    return [
        source if number in needed else _imports_of(source) if one.imports & live else ""
        for number, (source, one) in enumerate(zip(sources, effects, strict=True))
    ]


def _imports_of(source: str) -> str:
    statements = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(statement) for statement in statements)


def _acts_on(effects: Effects, functions: dict[str, Effects], others: set[str]) -> set[str]:
    """Return the names that a cell binds or changes, itself or through functions of the notebook."""
    acts = effects.binds | effects.changes
    hands = list(effects.hands)
    called: set[str] = set()
    for callee, handed, may_be_object in hands:  # grows while it is read
        # Calling an object, such as a model, may change it; so may a function whatever is handed to it.
        if callee in functions or (may_be_object and callee not in others):
            acts |= (handed | {callee}) - others
        if callee in functions and callee not in called:
            called.add(callee)
            acts |= functions[callee].changes
            hands += functions[callee].hands
    return acts


@lru_cache(64)
def names_asked(checks: str) -> frozenset[str]:
    """Return the names that a file of hidden checks asks a learner's kernel for."""
    tree = ast.parse(checks)
    # A hidden check is a function (check, learner, reference, rng).
    learners = {
        node.args.args[1].arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and len(node.args.args) >= 4
    }
    questions = {"get", "call", "call_and_keep", "file"}
    asked = [
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and getattr(node.func, "attr", "") in questions
        if root_of(node.func) in {*learners, "learner"}
    ]
    if all(isinstance(name, ast.Constant) for name in asked):
        return frozenset(str(name.value).partition(".")[0] for name in asked)
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))
