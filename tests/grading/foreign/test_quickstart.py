"""nbgrader's example course: the judge gives the marks that nbgrader's own run of the notebook gives."""

# ruff: noqa: E501 - answers as text
from __future__ import annotations

import contextlib
import os
from pathlib import Path

import nbformat
import nbgrader
import pytest
from jupyter_client.manager import start_new_kernel
from nbgrader.preprocessors import Execute

from scalable_ai.grading.channel import KernelChannel
from scalable_ai.grading.foreign.bench import ForeignBench
from tests.grading.foreign.kernels import marks
from tests.grading.foreign.notebooks import handed_in, is_test, judged_marks, verdicts

EXAMPLE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide" / "source" / "ps1" / "problem1.ipynb"

SQUARES = """
def squares(n):
    if n < 1:
        raise ValueError("n must be greater than or equal to 1")
    return [i ** 2 for i in range(1, n + 1)]
"""
SUM = "def sum_of_squares(n):\n    return sum(squares(n))"
BLANK = "raise NotImplementedError()"

HAND_INS = {
    "right": (SQUARES, SUM, 3.0),
    "right with a loop": (
        "def squares(n):\n    assert_positive(n)\n    found = []\n    for i in range(n):\n        found.append((i + 1) ** 2)\n"
        "    return found\ndef assert_positive(n):\n    if n < 1: raise ValueError(n)",
        "def sum_of_squares(n):\n    total = 0\n    for square in squares(n): total += square\n    return total",
        3.0,
    ),
    "own subclass of the error": (
        "class Small(ValueError): pass\n" + SQUARES.replace("ValueError", "Small"),
        SUM,
        3.0,
    ),
    "numpy numbers": (
        "import numpy as np\ndef squares(n):\n    if n < 1: raise ValueError\n    return list(np.arange(1, n + 1) ** 2)",
        SUM,
        3.0,
    ),
    "an array": ("import numpy as np\ndef squares(n):\n    return np.arange(1, n + 1) ** 2", SUM, 1.0),
    "a tuple": (SQUARES.replace("[", "tuple(").replace("]", ")"), SUM, 2.0),
    "no error": ("def squares(n):\n    return [i ** 2 for i in range(1, n + 1)]", SUM, 2.0),
    "another error": (SQUARES.replace("ValueError", "TypeError"), SUM, 2.0),
    "off by one": (SQUARES.replace("n + 1", "n"), SUM, 1.5),
    "sum by itself": (SQUARES, "def sum_of_squares(n):\n    return sum(i * i for i in range(1, n + 1))", 2.5),
    "sum wrong": (SQUARES, "def sum_of_squares(n):\n    return sum(squares(n)[:-1])", 2.5),
    "blank": (BLANK, BLANK, 0.0),
    "half blank": (SQUARES, BLANK, 2.5),
    "no Python": ("def squares(n:\n", SUM, 0.0),
    "prints": (SQUARES.replace("    return", "    print(n)\n    return"), SUM, 3.0),
    "constant": ("def squares(n): return [1]", "def sum_of_squares(n): return 1", 0.0),
}


@pytest.fixture(scope="module")
def source():
    return nbformat.read(EXAMPLE, as_version=4)


@contextlib.contextmanager
def kernel():
    manager, client = start_new_kernel(env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def stock(source):
    """Return the marks of nbgrader's own preprocessor, all hand-ins after each other in one kernel."""
    found, made, places = {}, nbformat.v4.new_notebook(), []
    for name, (*answers, _) in HAND_INS.items():
        made.cells.append(nbformat.v4.new_code_cell("%reset -f"))
        for cell in handed_in(source, *answers).cells:
            made.cells.append(nbformat.from_dict(cell))
            if is_test(cell):
                places.append((name, len(made.cells) - 1))
    for number, cell in enumerate(made.cells):
        cell["id"] = f"cell-{number}"
    done, _ = Execute(timeout=60).preprocess(made, {"metadata": {}})
    for name, place in places:
        found.setdefault(name, []).append(marks(done.cells[place], done.cells[place].outputs))
    return found


class Talk:
    """A channel to a real kernel that also runs cells, cleared for each hand-in."""

    def __init__(self, channel, client):
        self._channel, self._client = channel, client
        self.run("%reset -f")

    def run(self, text):
        self._client.execute_interactive(text, output_hook=lambda message: None, timeout=60)

    def request(self, text, timeout):
        return self._channel.request(text, timeout)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        pass


@pytest.fixture(scope="module")
def channel():
    with kernel() as (manager, client):
        channel = KernelChannel(manager.get_connection_info())
        yield lambda folder: Talk(channel, client)
        channel.close()


@pytest.mark.parametrize("name", HAND_INS)
def test_marks_are_nbgraders(name, source, stock, channel):
    *answers, total = HAND_INS[name]
    hand_in = handed_in(source, *answers)
    found = verdicts(source, hand_in, channel=channel)
    assert judged_marks(source, hand_in, found) == stock[name], [verdict.outputs for verdict in found]
    assert sum(stock[name]) == total
    assert not any(verdict.flag or verdict.stopped for verdict in found)


def test_expanded_lines_are_needed_for_autotest():
    source = nbformat.read(EXAMPLE.parents[1] / "ps1_autotest" / "problem1.ipynb", as_version=4)
    verdict = ForeignBench(source).judge("correct_squares", None, {}, Path(), 1)
    assert "AUTOTEST" in verdict.flag
    cell = next(cell for cell in source.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "correct_squares")
    assert marks(cell, verdict.outputs) == 0
