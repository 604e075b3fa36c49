"""Notebook syntax in test cells: what changes nothing is left out, the rest runs in the learner's kernel."""

from __future__ import annotations

import re
from typing import Any

_TIMERS = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*%%(time|capture|prun)\b[^\n]*\n")
_HARMLESS = {
    "matplotlib",
    "config",
    "load_ext",
    "reload_ext",
    "autoreload",
    "precision",
    "pylab",
    "pdb",
    "xmode",
    "time",
}


def plain_python(source: str) -> str:
    """Return a cell's text with its notebook syntax as calls; line numbers stay."""
    from IPython.core.inputtransformer2 import TransformerManager

    while found := _TIMERS.match(source):
        source = "\n" * found[0].count("\n") + source[found.end() :]
    above = "\n" * (len(source) - len(source.lstrip("\n")))
    return above + TransformerManager().transform_cell(source)


class Shell:
    """What `get_ipython()` returns in a test cell.

    Args:
        link: To the learner's kernel.
        namespace: The test's names.
    """

    def __init__(self, link: Any, namespace: Any) -> None:
        self._link, self.user_ns, self.user_global_ns = link, namespace, namespace

    def run_line_magic(self, name: str, line: str, *_: Any) -> Any:
        """Leave a harmless magic out; run another in the learner's kernel."""
        if name in {"time", "timeit"} and line:
            exec(compile(plain_python(line), "<test>", "exec"), self.user_ns)
            return None
        return None if name in _HARMLESS else self._link.request("magic", "run_line_magic", (name, line))

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        """Run a cell magic in the learner's kernel."""
        return self._link.request("magic", "run_cell_magic", (name, line, cell))

    def magic(self, text: str) -> Any:
        """Run a magic that is given as a line."""
        name, _, line = text.partition(" ")
        return self.run_line_magic(name, line)

    def system(self, command: str) -> Any:
        """Run a shell command where the learner's kernel runs."""
        return self._link.request("magic", "system", (command,))

    def getoutput(self, command: str, *_: Any) -> Any:
        """Return the lines that a shell command prints where the learner's kernel runs."""
        return self._link.request("magic", "getoutput", (command,))
