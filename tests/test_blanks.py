"""Blanks that are open: found in an answer's text, and named by a notebook's kernel."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from scalable_ai import blanks
from scalable_ai.blanks import Blank, open_blanks, still_open

ANSWER = "# Fill ____\nred = batch[____]\nsafe = (batch.to(____) + 60).____(0, 255)\nname = '____'\n"


@pytest.fixture
def shell(monkeypatch):
    shell = InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    blanks.explain_blanks()
    return shell


def test_lines_with_blanks_are_found_comments_and_strings_left_out():
    first, second = open_blanks(ANSWER)
    assert first == Blank(2, "red = batch[____]")
    assert second.line == 3
    assert "open in 2 lines, the first in line 2: `red = batch[____]`" in still_open([first, second])
    assert open_blanks("total = 3") == open_blanks("") == []


@pytest.mark.parametrize(
    "broken", ["x = ____(\n", "if True:\nx = ____", "!ls ____\n%time ____", '"""____', "x = ____\n  y"]
)
def test_text_that_is_no_python_is_read_as_far_as_it_goes(broken):
    assert all(isinstance(blank, Blank) for blank in open_blanks(broken))


def test_the_kernel_names_the_blank_that_a_cell_met(shell, capsys):
    result = shell.run_cell(ANSWER.replace("batch", "[1]"))
    assert isinstance(result.error_in_exec, NameError)
    out = capsys.readouterr().out
    assert out.startswith("Still open: the blank in line 2: `red = [1][____]`")
    assert "Traceback" not in out
    assert "NameError" not in out


def test_a_blank_inside_a_function_is_named_where_it_stands(shell, capsys):
    shell.run_cell("def total(a):\n    return a + ____")
    shell.run_cell("total(1)")
    assert "line 2: `return a + ____`" in capsys.readouterr().out


def test_other_missing_names_are_shown_as_ever(shell, capsys):
    shell.run_cell("missing + 1")
    out = capsys.readouterr().out
    assert "NameError" in out
    assert "Still open" not in out


def test_somebody_elses_handler_stays(shell):
    handler = shell.CustomTB
    blanks.explain_blanks()
    assert shell.CustomTB is handler
