"""Readiness checks: questions without points, about lessons that exist, that nobody grades."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from scalable_ai.checks import NotYet
from scalable_ai.lessons.build import build_all, build_lesson, write_all
from scalable_ai.lessons.lint import lint_course
from scalable_ai.lessons.pages import build_pages
from scalable_ai.lessons.source import SourceError, find_lessons, find_readiness, read_lesson
from scalable_ai.readiness import question, result

HEADER = """\
# ---
# lesson:
#   id: "readiness_1"
#   kind: readiness
#   title: "Readiness check: may you skip the counting?"
#   objective: Find out whether you may skip the counting
#   minutes: 10
# ---

# %% [markdown]
# Six questions about counting. Answer them, then read your result.

# %%
from math import comb
"""
QUESTION = """
# %% question: pairs_{n} [markdown]
# title: Pairs of {n} parcels
# task: Fill in the number of pairs.
# lesson: "1.1"
# success: You counted each pair once, so the rule for pairs is yours.

# %% answer: pairs_{n}
# Count the pairs
pairs_{n} = comb({n}, 2)  # blank: comb

# %% check: pairs_{n}
from scalable_ai.readiness import question

with question("pairs_{n}") as check:
    check.equal(pairs_{n}, {result}, "pairs_{n}", likely="Each pair is counted once.")
"""


def source_text(count=6):
    texts = [QUESTION.format(n=n, result=n * (n - 1) // 2) for n in range(3, 3 + count)]
    return HEADER + "\n".join(texts)


@pytest.fixture
def check(small):
    path = small.lesson.parent / "readiness_check.py"
    path.write_text(source_text(), encoding="utf-8")
    return path


def release(small, path):
    return nbformat.reads(build_lesson(small.course, path).release, as_version=4)


def named(notebook, name):
    return next(cell for cell in notebook.cells if cell["id"] == name)


def test_it_is_found_apart_from_the_lessons(small, check):
    assert check not in find_lessons(small.course.solutions)
    assert find_readiness(small.course.solutions) == [check]
    assert read_lesson(check).is_readiness
    assert not read_lesson(small.lesson).is_readiness


def test_nothing_in_its_notebooks_is_nbgraders(small, check):
    built = build_lesson(small.course, check)
    for text in (built.source, built.release):
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        assert len(notebook.cells) > 6 * 3
        assert not [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
        assert "point" not in "".join(cell.source for cell in notebook.cells if cell["id"].endswith("-question"))


def test_learners_get_the_blanks_and_the_lesson_to_take(small, check):
    notebook = release(small, check)
    assert named(notebook, "pairs_3-answer").source == "# Count the pairs\npairs_3 = ____(3, 2)"
    card = named(notebook, "pairs_3-question").source
    assert card.startswith("### Question 1: Pairs of 3 parcels\n\n**Fill in the number of pairs.**")
    assert "take [1.1 Counting work with Python](lesson_1_1_counting.ipynb)" in card
    text = named(notebook, "pairs_3-check").source
    compile(text, "check", "exec")
    assert 'lesson="1.1 Counting work with Python"' in text
    assert 'title="Question 1: Pairs of 3 parcels"' in text
    assert "# blank" not in json.dumps(notebook)


def test_the_result_knows_every_question(small, check):
    code = release(small, check).cells[-1]
    asked = json.loads(re.search(r"result\((.*)\)", code.source, re.DOTALL)[1])
    assert asked == {
        "1.1 Counting work with Python": {f"pairs_{n}": f"Question {n - 2}: Pairs of {n} parcels" for n in range(3, 9)}
    }


def test_a_lesson_of_another_chapter_is_linked_there(small, check):
    folder = small.course.solutions / "ch2_more"
    folder.mkdir()
    moved = check.rename(folder / check.name)
    assert "(../ch1_growth/lesson_1_1_counting.ipynb)" in named(release(small, moved), "pairs_3-question").source


def test_it_is_built_with_the_others_and_is_in_the_index_without_points(small, check):
    built, errors = build_all(small.course)
    assert not errors
    assert "readiness_check.ipynb" in {path.name for path in write_all(built)}
    index, _, grading = (page.text for page in build_pages(small.course, [item.lesson for item in built]))
    assert "[readiness check](ch1_growth/readiness_check.ipynb): 6 questions without points" in " ".join(index.split())
    assert "readiness" not in grading


def rules(small):
    return {finding.rule for finding in lint_course(small.course, [])}


def test_nothing_fires_on_a_good_one(small, check):
    assert [str(found) for found in lint_course(small.course, [])] == []
    assert lint_course(small.course, [check]) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("R1", source_text(), source_text(5)),
        ("R1", source_text(), source_text(9)),
        ("R1", "#   minutes: 10\n", ""),
        ("R2", "# title: Pairs of 3 parcels", "# title: Pairs Of 3 parcels"),
        ("R2", "# task: Fill in the number of pairs.", "# task: You fill in the number of pairs."),
        ("R2", "# success: You counted each pair once, so the rule for pairs is yours.", "# success: Well done."),
        ("R3", '# lesson: "1.1"\n# success: You counted', '# lesson: "1.9"\n# success: You counted'),
        ("E10", "# Count the pairs\npairs_3", f"# Count the pairs{' of all of them' * 4}\npairs_3"),
        ("E15", "# blank: comb\n", "# blank: count\n"),
        ("S3", "# Six questions about", "# # Six questions\n#\n# About"),
        ("S5", "then read your result.", "then read your result!"),
        ("S11", 'check.equal(pairs_3, 3, "pairs_3", likely="Each pair is counted once.")', "pass"),
        ("S12", "check.equal(pairs_3, 3,", "check.equal(pairs_3, pairs_3,"),
        ("C14", "pairs_3", "count_pairs"),
        ("M", "with question", "with questions"),
    ],
)
def test_exactly_this_rule_fires(small, check, rule, old, new):
    text = check.read_text(encoding="utf-8")
    assert old in text
    count = -1 if rule == "C14" else 1
    check.write_text(text.replace(old, new, count), encoding="utf-8")
    assert rules(small) == {rule}


def test_a_lesson_of_the_chapter_that_nobody_asks_about_is_named(small, check):
    text = check.read_text(encoding="utf-8")
    check.write_text(text.replace('# lesson: "1.1"', '# lesson: "1.9"'), encoding="utf-8")
    found = lint_course(small.course, [])
    assert {finding.rule for finding in found} == {"R3", "R4"}
    assert any("No question is about lesson 1.1." in str(finding) for finding in found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("#   kind: readiness\n", "", "The file's name and the header's 'kind' do not fit."),
        ("# %% question: pairs_3", "# %% exercise: pairs_3", "'exercise: pairs_3' would be graded."),
        ('# lesson: "1.1"', "# lesson: 1.1", "'lesson' must be a text."),
        ('# lesson: "1.1"\n', "# points: 3\n", "add lesson."),
        ("# task: Fill", "# points: 3\n# task: Fill", "remove points."),
        ("# %% check: pairs_3", "# %% check: pairs_4", "has the cells"),
    ],
)
def test_a_source_that_would_be_graded_or_cannot_be_read_gets_a_sentence(small, check, old, new, said):
    text = check.read_text(encoding="utf-8").replace(old, new, 1)
    if "would be graded" in said:
        card = "# title: A\n# difficulty: 1\n# minutes: 1\n# points: 1\n# task: B.\n# context: C\n# instructions: [D]\n"
        text = re.sub(r"(exercise: pairs_3 .*\n)(# .*\n)+", rf"\1{card}# hints: [E]\n# success: F\n", text)
    check.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=re.escape(said)):
        read_lesson(check)


def test_a_question_in_a_lesson_is_refused(small):
    small.edit(small.lesson, "# %% recap [markdown]", QUESTION.format(n=3, result=3) + "\n# %% recap [markdown]")
    with pytest.raises(SourceError, match="A question belongs into a readiness check"):
        read_lesson(small.lesson)


LESSONS = {
    "1.1 Counting": {"first_one": "Question 1: One", "second_one": "Question 2: Two"},
    "1.2 More": {"third": "Q 3"},
}


def test_the_result_says_what_is_open_and_what_may_be_skipped():
    with question("first_one", "One") as check:
        check.equal(1, 1, "one")
    with question("third") as check:
        check.equal(3, 3, "three")
    said = result(LESSONS)
    assert said.sentence() == "2 of 3 questions passed: 1 of 2 lessons may be skipped."
    assert re.search(r"take it\s+1\.1 Counting\n\s+open Question 2: Two\nmay be skipped\s+1\.2 More", str(said))
    html = said._repr_html_()
    assert "Question 2: Two" in html
    assert "Question 1: One" not in html
    assert html.count('scope="row"') == 2


def test_a_question_that_stops_passing_is_open_again(capsys):
    with question("third") as check:
        check.equal(3, 3, "three")
    with pytest.raises(NotYet), question("third", "Three", lesson="1.2 More") as check:
        check.equal(2, 3, "three")
    assert result(LESSONS).rows[1].advice == "take it"
    assert "take 1.2 More" in " ".join(capsys.readouterr().out.split())
