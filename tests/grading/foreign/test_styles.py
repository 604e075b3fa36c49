"""Test cells as teachers write them: each answer gets the marks that one kernel would give it."""

from __future__ import annotations

import pytest

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
