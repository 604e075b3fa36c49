"""Test cells as teachers write them: each answer gets the marks that one kernel would give it."""

from __future__ import annotations

import numpy as np
import pytest

from scalable_ai.grading.foreign.bench import ForeignBench
from tests.grading.foreign.notebooks import handed_in, judged_marks, notebook, stock_marks, verdicts
from tests.grading.foreign.styles import STYLES


@pytest.mark.parametrize("style", STYLES, ids=[style.name for style in STYLES])
def test_marks_are_those_of_one_kernel(style, tmp_path):
    pytest.importorskip(style.needs)
    source = notebook(*style.cells)
    for label, answer in style.answers():
        hand_in = handed_in(source, *answer)
        stock = stock_marks(hand_in, tmp_path)
        found = verdicts(source, hand_in, tmp_path)
        said = [(verdict.flag, verdict.outputs) for verdict in found]
        assert judged_marks(source, hand_in, found) == stock, (label, said)
        assert not any(verdict.flag for verdict in found), (label, said)
        if label == "right":
            assert all(mark > 0 for mark in stock), (stock, said)
        elif label.startswith("wrong"):
            assert sum(stock) < 2 * len(stock), label


@pytest.mark.parametrize("kind", ["given", "locked", "answer"])
def test_what_a_test_takes_from_a_library_is_gone_for_this_learner_and_there_for_the_next(kind, tmp_path):
    own = "def solve(a, b):\n    return np.linalg.inv(a) @ b"
    test = "np.linalg.solve = None\nassert solve(np.eye(2), np.ones(2)).sum() == 2"
    source = notebook((kind, "import numpy as np"), ("answer", own), ("test", test), ("test", test.replace("2", "3")))
    bench, before = ForeignBench(source), np.linalg.solve
    for answer in (own, "solve = lambda a, b: np.linalg.solve(a, b)", own):
        hand_in = handed_in(source, *([None, answer] if kind == "answer" else [answer]))
        found = judged_marks(source, hand_in, folder=tmp_path, bench=bench)
        assert found == stock_marks(hand_in, tmp_path) == ([2, 2] if answer == own else [0, 0])
        assert np.linalg.solve is before
