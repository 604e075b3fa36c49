"""Marks that were not earned: full ones in stock nbgrader, none here."""

from __future__ import annotations

import logging

import nbformat
import pytest
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade

from scalable_ai.grading.provisioner import WarmKernelManager
from tests.grading.attacks.forgeries import ALL
from tests.grading.conftest import RIGHT

CHECK = """
assert clip([1.0, 5.0], 2.0, 3.0) == [2.0, 3.0]
assert clip([0.5, 9.0], 1.0, 2.0) == [1.0, 2.0]
"""
"""What a stock course would have in its test cell, one hidden test included."""


def stock_score(answer, folder):
    """Return the marks that stock nbgrader gives."""
    marks = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3}
    check = nbformat.v4.new_code_cell(CHECK, metadata={"nbgrader": {**marks, "grade_id": "clip-check", "points": 3}})
    cells = [nbformat.v4.new_code_cell("import torch"), nbformat.v4.new_code_cell(answer), check]
    notebook = nbformat.v4.new_notebook(cells=cells)
    execute = Execute(timeout=5, shutdown_kernel="immediate", kernel_manager_class=WarmKernelManager)
    try:
        execute.preprocess(notebook, {"metadata": {"path": str(folder)}})
    except Exception:
        return None
    return determine_grade(check, logging.getLogger())[0]


def test_stock_nbgrader_tells_right_from_wrong(tmp_path, best):
    assert stock_score(RIGHT["clip"], tmp_path) == 3
    assert stock_score("def clip(*args):\n    return []", tmp_path) == 0


@pytest.mark.parametrize("forgery", ALL)
def test_a_forgery_has_full_marks_in_stock_nbgrader(forgery, tmp_path, best):
    assert stock_score(ALL[forgery], tmp_path) == 3


@pytest.mark.parametrize("forgery", ALL)
def test_a_forgery_earns_nothing(forgery, attacked, best):
    graded = attacked({**RIGHT, "clip": ALL[forgery]})
    assert graded.scores == {"centered": 2, "clip": 0}
    assert graded.flags == {}
