"""The page of what a class got wrong: its numbers, its words, and the pairs of hand-ins that are alike."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from unittest import mock

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from scalable_ai.cards import Finding
from scalable_ai.grading.insight.alike import alike, fingerprints, tokens
from scalable_ai.grading.insight.answers import Answer, read_answers
from scalable_ai.grading.insight.command import pages, run_class_report
from scalable_ai.grading.insight.statistics import correlation, histogram, items, totals
from scalable_ai.grading.verdict import Verdict

SCAFFOLD = '''def mean_of_group(values, groups):
    """Return the mean of each group."""
    # Collect, then divide
    raise NotImplementedError("Exercise 1")
'''
LOOP = '''def mean_of_group(values, groups):
    """Return the mean of each group."""
    sums, counts = {}, {}
    for value, group in zip(values, groups):
        sums[group] = sums.get(group, 0) + value
        counts[group] = counts.get(group, 0) + 1
    for group in sums:
        sums[group] /= counts[group]
    return sums
'''
RENAMED = (
    LOOP.replace("sums", "t").replace("counts", "how_many").replace("group, 0", "g, 0x0").replace("value", "item")
    .replace("    for", "    # my own idea\n    for")
)  # fmt: skip
OTHER = '''def mean_of_group(values, groups):
    """Return the mean of each group."""
    names = sorted(set(groups))
    return {n: float(np.mean([v for v, g in zip(values, groups) if g == n])) for n in names}
'''


def answer(learner, exercise, score, **more):
    return Answer(learner, "lesson", exercise, score, 4.0, title=f"Exercise {exercise}", **more)


def test_a_copy_with_other_names_and_comments_is_found_and_another_way_is_not():
    codes = {"ann": [LOOP], "bob": [OTHER], "cid": [RENAMED], "dot": [SCAFFOLD]}
    (pair,) = alike(codes, [SCAFFOLD])
    assert (pair.left, pair.right) == ("ann", "cid")
    assert pair.share > 0.9
    assert fingerprints(LOOP) == fingerprints(LOOP.replace("sums", "x").replace("#", "# more"))


def test_what_was_given_and_what_many_have_does_not_count():
    assert alike({"ann": [SCAFFOLD * 5], "bob": [SCAFFOLD * 5]}, [SCAFFOLD * 2]) == []
    many = {f"learner{n}": [LOOP] for n in range(9)}
    assert alike(many) == []
    assert len(alike({**{f"learner{n}": [OTHER] for n in range(9)}, "ann": [LOOP], "bob": [RENAMED]})) == 1


@given(st.text(max_size=200))
def test_any_text_has_tokens(text):
    assert isinstance(tokens(text), list)
    fingerprints(text)


@given(st.lists(st.floats(0, 50), min_size=1), st.floats(1, 50))
def test_every_learner_is_in_one_bar(scores, most):
    assert sum(histogram(scores, most)) == len(scores)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=30))
def test_the_correlation_is_pearsons(pairs):
    left, right = [[float(one) for one in side] for side in zip(*pairs, strict=True)]
    found = correlation(left, right)
    if found is None:
        assert len(set(left)) == 1 or len(set(right)) == 1
    else:
        assert found == pytest.approx(np.corrcoef(left, right)[0, 1], abs=1e-9)


def a_class():
    """Return six learners: `a` tells them apart, `b` everybody has, `c` those have who are weak elsewhere."""
    answers = []
    for n in range(6):
        wrong = "`x`: a <likely> mistake"
        answers.append(answer(f"l{n}", "a", 4.0 * (n > 2), message="" if n > 2 else wrong, seconds=n / 10))
        answers.append(answer(f"l{n}", "b", 4.0, code=(LOOP, RENAMED, OTHER)[n] if n < 3 else ""))
        answers.append(answer(f"l{n}", "c", 4.0 * (n < 2), message="" if n < 2 else "`y`: expected 3"))
        answers.append(answer(f"l{n}", "d", 0.5 * n, message="`z`: half" if n < 5 else ""))
    return answers


def test_exercises_are_told_apart():
    a, b, c, d = items(a_class())
    assert (a.difficulty, a.full, a.messages, a.seconds) == (0.5, 3, (("`x`: a <likely> mistake", 3),), (0.25, 0.5))
    assert (b.difficulty, b.discrimination, b.remark) == (1.0, None, "everybody has it: it tells nobody apart")
    assert c.discrimination < 0
    assert "at fault" in c.remark
    assert d.discrimination > 0.1
    assert totals(a_class())["l5"] == 10.5


def words(page):
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_the_pages_say_it_in_words_and_escape_what_learners_wrote():
    hostile = replace(
        a_class()[0], learner="<script>alert(1)</script>", message="<img src=x onerror=alert(1)>", code=LOOP
    )
    made = pages("ch1", [*a_class(), hostile], [SCAFFOLD])
    assert set(made) == {"index.html", "alike.html"}
    for page in made.values():
        assert "<script>" not in page
        assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", page)
    said = words(made["index.html"])
    for text in ("7 hand-ins, 16 points", "3 × lesson, Exercise a: `x`: a <likely> mistake", "3 of 7", "at fault"):
        assert text in said
    alts = re.findall(r'<img alt="([^"]+)"', made["index.html"])
    assert len(alts) == 2
    assert "Exercise b: 100 %" in alts[1]
    assert "l0 and l1" in words(made["alike.html"])
    assert "This is no verdict" in words(made["alike.html"])
    assert "<mark>    return" not in made["alike.html"], "another name, so another line"
    assert "<mark>    &#34;&#34;&#34;Return the mean of each group.&#34;&#34;&#34;</mark>" in made["alike.html"]


def test_a_class_in_which_nothing_is_wrong_or_alike_has_a_page_too():
    said = words(pages("ch1", [answer("ann", "a", 4.0)], [])["index.html"])
    assert "Nothing was wrong" in said
    assert "No two hand-ins are alike" in said


def test_marks_come_from_the_gradebook_and_the_rest_from_graded_notebooks(tmp_path):
    with mock.patch("nbgrader.api.get_alembic_version", return_value="0"):
        gradebook = Gradebook("sqlite://")
    gradebook.add_assignment("ch1")
    gradebook.add_notebook("lesson", "ch1")
    gradebook.add_grade_cell("a-check", "lesson", "ch1", max_score=4, cell_type="code")
    for name in ("ann", "bob"):
        gradebook.add_student(name)
        grade = gradebook.add_submission("ch1", name).notebooks[0].grades[0]
        grade.auto_score, grade.manual_score = 1, 3 if name == "ann" else None
    gradebook.db.commit()
    verdict = Verdict("Exercise 1: A", 1.0, 4.0, (Finding("`x`", "3", "4", "Too many."), Finding("`y`", "1", "2")))
    times = {"iopub.execute_input": "2031-01-01T00:00:00.5Z", "shell.execute_reply": "2031-01-01T00:00:02.0Z"}
    solution, check = {"grade_id": "a", "solution": True}, {"grade_id": "a-check", "grade": True}
    new = nbformat.v4.new_code_cell
    cells = [
        new("x = 4", metadata={"nbgrader": solution, "execution": times}),
        new("", metadata={"nbgrader": check}, outputs=verdict.outputs()),
    ]
    path = tmp_path / "ann" / "ch1" / "lesson.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    ann, bob = read_answers(gradebook, "ch1", tmp_path)
    assert ann == Answer("ann", "lesson", "a", 3, 4, "Exercise 1: A", "`x`: Too many.", 1.5, "x = 4")
    assert bob == Answer("bob", "lesson", "a", 1, 4)
    gradebook.close()


def test_it_says_where_it_cannot_begin(tmp_path, capsys):
    assert run_class_report(tmp_path, "ch1", tmp_path) == 1
    assert "there is no nbgrader course here" in capsys.readouterr().err
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    assert run_class_report(tmp_path, "ch1", tmp_path) == 1
    assert "there is no gradebook here" in capsys.readouterr().err
