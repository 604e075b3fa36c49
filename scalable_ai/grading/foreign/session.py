"""One hand-in's test cells: the names they share, and how one of them is run."""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import importlib.util
import re
import sys
import tokenize
from io import StringIO
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from scalable_ai.grading.cell_verdict import ForeignVerdict, unjudged
from scalable_ai.grading.foreign import outcome
from scalable_ai.grading.foreign.dataflow import STATEFUL, Piece, Plan, bound_names, names_in
from scalable_ai.grading.foreign.errors import LostError, UnjudgedError
from scalable_ai.grading.foreign.link import Link
from scalable_ai.grading.foreign.magics import Shell, plain_python
from scalable_ai.grading.foreign.namespace import Namespace
from scalable_ai.grading.foreign.surroundings import Output, Surroundings


class Session:
    """A hand-in's kernel, and what its test cells have defined so far.

    Args:
        plan: Of the notebook.
        source_folder: Where the instructor's notebook lies.
    """

    def __init__(self, plan: Plan, source_folder: Path | None) -> None:
        self._plan, self._source_folder = plan, source_folder
        self._names = Namespace(plan.learners, plan.maybe)
        self.link = Link(self._names, plan.classes, plan.roots)
        self._around = Surroundings(self.link, plan.used, plan.is_seeded, self._source_of)
        self.link.surroundings = self._around
        self._names.link, self._names.find = self.link, self._own
        hidden = dict.__getitem__(self._names, "__builtins__")
        shell = Shell(self.link, self._names)
        dict.update(hidden, {"__import__": self._import, "get_ipython": lambda: shell})
        self._done: set[int] = set()
        self.answers: dict[str, str] = {}

    def run(self, grade_id: str, cell: NotebookNode, folder: Path) -> ForeignVerdict:
        """Run one test cell."""
        try:
            source = plain_python(cell.source)
            tree = ast.parse(source)
        except (SyntaxError, ValueError) as error:
            return unjudged(grade_id, f"it is no Python ({error})")
        if _awaits(tree):
            return unjudged(grade_id, "it awaits outside a function, which needs the kernel's own loop")
        here = next(piece for piece in self._plan.pieces if piece.grade_id == grade_id)
        self._prepare(tree, source)
        out, outputs = Output(), []
        filename = f"<{grade_id}>"
        try:
            with self._around.entered(folder, out):
                self._catch_up(here, tree)
                self._around.watch(tree)
                value = self._execute(tree, source, filename)
                outputs = outcome.shown(value, float(cell.metadata.nbgrader.points))
        except (LostError, UnjudgedError) as ended:
            self.link.lost = self.link.lost or ended
        except BaseException as error:
            outputs = [outcome.failed(error, grade_id, cell.source, filename)]
        if self.link.unmet is not None and not any(output.output_type == "error" for output in outputs):
            outputs = [outcome.failed(self.link.unmet, grade_id, cell.source, filename)]
        self._done.add(here.index)
        if isinstance(self.link.lost, UnjudgedError):
            return unjudged(grade_id, str(self.link.lost))
        if self.link.lost is not None:
            return outcome.lost(grade_id, self.link.lost)
        return ForeignVerdict([*outcome.printed(out.getvalue()), *outputs])

    def _prepare(self, tree: ast.Module, source: str) -> None:
        self.link.mentioned = names_in(tree) & set(self._plan.classes)
        hidden = outcome.hidden_lines(source)
        shown = [statement for statement in tree.body if statement.lineno not in hidden]
        words = set(re.findall(r"\w+", " ".join(self.answers.values())))
        self._around.visible = bound_names(ast.Module(shown, [])) & words

    def _catch_up(self, here: Piece, tree: ast.Module) -> None:
        """Run what the instructor's cells above define, and those test cells whose names this one needs."""
        above = [one for one in self._plan.pieces if one.index < here.index and one.index not in self._done]
        needed = names_in(tree)
        wanted = []
        for piece in reversed(above):
            if not piece.grade_id or bound_names(piece.code) & needed:
                wanted.append(piece)
                needed |= names_in(piece.code)
        for piece in reversed(wanted):
            self._around.watch(piece.code)
            with contextlib.suppress(Exception), contextlib.redirect_stdout(Output()):
                exec(compile(ast.fix_missing_locations(piece.code), "<above>", "exec"), self._names)
            if not piece.grade_id:
                self._names.settle()
        self._done |= {piece.index for piece in wanted}

    def _execute(self, tree: ast.Module, source: str, filename: str) -> Any:
        body, last = tree.body, None
        if body and isinstance(body[-1], ast.Expr) and not _ends_quietly(source):
            body, last = body[:-1], ast.Expression(body[-1].value)
        exec(compile(ast.Module(body, []), filename, "exec"), self._names)
        return eval(compile(last, filename, "eval"), self._names) if last is not None else None

    def _source_of(self, name: str) -> str | None:
        """Return the text of a function or class among the learner's answers."""
        found = None
        for answer in self.answers.values():
            with contextlib.suppress(SyntaxError, ValueError):
                text = plain_python(answer)
                for node in ast.parse(text).body:
                    if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                        found = "\n".join(text.splitlines()[first - 1 : node.end_lineno]) + "\n"
        return found

    # imports

    def _own(self, path: str) -> Any:
        """Return what an import of the instructor's means in the judge; None where it is the learner's to say."""
        module, _, name = path.partition(":")
        if module.partition(".")[0] in STATEFUL or self._is_beside(module):
            return None
        with contextlib.suppress(ImportError, AttributeError):
            value = importlib.import_module(module)
            return getattr(value, name) if name else value
        return None

    def _is_beside(self, module: str) -> bool:
        return not module or module.startswith(".") or self._file(Path.cwd(), module) is not None

    @staticmethod
    def _file(folder: Path | None, module: str) -> Path | None:
        root = module.partition(".")[0]
        choices = (folder / f"{root}.py", folder / root / "__init__.py") if folder else ()
        return next((choice for choice in choices if choice.is_file()), None)

    def _import(
        self, name: str, space: Any = None, local: Any = None, wanted: tuple[str, ...] | None = (), level: int = 0
    ) -> Any:
        """Import as a test cell does: libraries are the judge's, files beside the notebook are their owner's."""
        root = name.partition(".")[0]
        if root in STATEFUL:
            module = self.link.request("import", name)
            return module if wanted else self.link.request("import", root)
        if self._file(self._source_folder, name):
            return self._import_instructors(name, wanted)
        if self._file(Path.cwd(), name) is None:
            try:
                return builtins.__import__(name, {}, {}, wanted or (), level)
            except ModuleNotFoundError as missing:
                if missing.name is None or missing.name.partition(".")[0] != root:
                    raise
                self.link.request("import", name)  # where the learner's kernel has it no more, that is the error
                refused = UnjudgedError(f"it imports '{name}', which is not installed where the judge runs")
        elif self._source_folder is not None:
            module = self.link.request("import", name)
            return module if wanted else self.link.request("import", root)
        else:
            refused = UnjudgedError(f"it imports '{name}', a file beside the notebook that may be the learner's")
        self.link.lost = refused
        raise refused

    def _import_instructors(self, name: str, wanted: tuple[str, ...] | None) -> Any:
        """Import a file of the instructor's, without leaving it to other notebooks that have one of that name."""
        before, path = dict(sys.modules), list(sys.path)
        sys.path.insert(0, str(self._source_folder))
        for key in [key for key in sys.modules if key.partition(".")[0] == name.partition(".")[0]]:
            del sys.modules[key]
        importlib.invalidate_caches()
        try:
            return builtins.__import__(name, {}, {}, wanted or ())
        finally:
            sys.path[:] = path
            for key, module in list(sys.modules.items()):
                file = getattr(module, "__file__", None)
                if key not in before and file and Path(file).is_relative_to(self._source_folder):
                    del sys.modules[key]
            sys.modules.update({key: module for key, module in before.items() if key not in sys.modules})


def _awaits(tree: ast.Module) -> bool:
    def visit(node: ast.AST) -> bool:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return False
        kinds = ast.Await | ast.AsyncFor | ast.AsyncWith
        return isinstance(node, kinds) or any(visit(child) for child in ast.iter_child_nodes(node))

    return visit(tree)


def _ends_quietly(source: str) -> bool:
    """Return whether a cell's last expression is followed by a semicolon, so that its value is not shown."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.DEDENT}
    last = ""
    with contextlib.suppress(tokenize.TokenError, IndentationError):
        for token in tokenize.generate_tokens(StringIO(source).readline):
            last = last if token.type in skipped else token.string
    return last == ";"
