"""The linter: nothing on a good lesson, and each rule seen to fire, alone, on the smallest edit that breaks it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from scalable_ai.lessons.lint import lint_course

from .edits_exercise import EXERCISE_EDITS
from .edits_files import FILE_EDITS
from .edits_lecture import EXTRA_GALLERY, EXTRA_GRADERS, LECTURE_EDITS, QUIZ
from .edits_style import STYLE_EDITS

LESSON_EDITS = LECTURE_EDITS | EXERCISE_EDITS | STYLE_EDITS


def cases(edits):
    return [pytest.param(rule, name, id=f"{rule}-{name}") for rule, named in edits.items() for name in named]


def replaced(text, old, new):
    if isinstance(old, re.Pattern):
        text, count = old.subn(new, text)
        assert count >= 1, f"{old.pattern!r} is not found"
        return text
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def rewrite(path, old, new):
    path.write_text(replaced(path.read_text(encoding="utf-8"), old, new), encoding="utf-8")


def findings(small, paths=None):
    return lint_course(small.course, [small.lesson] if paths is None else paths)


def test_nothing_fires_on_a_good_course(small):
    assert [str(found) for found in findings(small, [])] == []


@pytest.mark.parametrize(("rule", "name"), cases(LESSON_EDITS))
def test_exactly_this_rule_fires(small, rule, name):
    edits = LESSON_EDITS[rule][name]
    for old, new in edits if isinstance(edits, list) else [edits]:
        rewrite(small.lesson, old, new)
    if name == "five exercises":
        small.checks.write_text(small.checks.read_text() + EXTRA_GRADERS)
        small.gallery.write_text(small.gallery.read_text() + EXTRA_GALLERY)
    if name == "one coding exercise":
        rewrite(small.checks, re.compile(r"@hidden.*", re.S), "")
        rewrite(small.gallery, re.compile(r"# %% wrong: growth_factor.*", re.S), "")
    found = findings(small)
    assert {finding.rule for finding in found} == {rule}, "\n".join(map(str, found))


@pytest.mark.parametrize(("rule", "name"), cases(FILE_EDITS))
def test_exactly_this_rule_fires_on_the_files_around(small, rule, name):
    kind, old, new = FILE_EDITS[rule][name]
    rewrite(getattr(small, kind), old, new)
    found = findings(small, [small.lesson, small.capstone])
    assert {finding.rule for finding in found} == {rule}, "\n".join(map(str, found))


def test_every_rule_of_the_rubric_is_seen_to_fire():
    from .test_lint_course import EDITS as COURSE_EDITS

    rubric = {f"G{n}" for n in range(1, 6)} | {f"V{n}" for n in range(1, 8)} | {f"E{n}" for n in range(1, 16)}
    house = {f"S{n}" for n in range(1, 14)} | {f"H{n}" for n in range(1, 4)} | {f"C{n}" for n in range(1, 15)} | {"M"}
    assert {*LESSON_EDITS, *FILE_EDITS, *COURSE_EDITS} == rubric | house


def test_files_that_are_not_there_are_asked_for(small):
    small.checks.unlink()
    small.gallery.unlink()
    assert [(finding.rule, finding.remedy) for finding in findings(small)] == [
        ("H1", "Write them in graders/ch1_growth/lesson_1_1_counting.py."),
        ("H2", "Write one in graders/ch1_growth/answers/lesson_1_1_counting.py."),
    ]


def test_a_finding_names_file_line_rule_and_remedy(small):
    rewrite(small.lesson, "# ## Pairs of parcels", "# # Pairs of parcels")
    line = small.lesson.read_text().splitlines().index("# # Pairs of parcels") + 1
    assert [str(found) for found in findings(small)] == [
        f"solutions/ch1_growth/lesson_1_1_counting.py:{line}: S3 This is a heading of level 1. "
        "Write '## …'; the builder makes the title."
    ]


LINES = {
    "V2": ("# - Load: how much arrives", "# - Load: how much arrives."),
    "V5": ("# - Small loads are cheap to count", "# - Titanic loads are cheap to count"),
    "V6": ("The function `comb` does", "The function math.comb does"),
    "V7": ("# Two words are enough", "# Two `words` are enough"),
    "E9": ("# Count the pairs by rule\nby_rule", "# Count the `pairs` by rule\nby_rule"),
    "S5": ("# The function `comb` returns a whole number", "# The function! `comb` returns a whole number"),
    "S12": ('    check.equal(by_rule, 6, "by_rule"', '    check.equal(by_rule, listed, "by_rule"'),
    "S13": (
        '    check.equal(by_rule, 6, "by_rule", likely="A group has two parcels.")',
        '    check.equal(by_rule, 6, "by_rule")',
    ),
}


@pytest.mark.parametrize("rule", LINES)
def test_the_line_is_that_of_the_fault(small, rule):
    before = small.lesson.read_text().splitlines()
    rewrite(small.lesson, *LINES[rule])
    after = small.lesson.read_text().splitlines()
    changed = [number for number, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]]
    assert [finding.line for finding in findings(small)] == changed


def test_all_faults_are_found_in_order_of_their_place(small):
    rewrite(small.lesson, "# %% recap [markdown]", QUIZ + "# %% recap [markdown]")
    rewrite(small.lesson, "# ## Pairs of parcels", "# # Pairs of parcels")
    rewrite(small.capstone, "# ## The task", "# # The task")
    found = findings(small, [small.lesson, small.capstone])
    assert [finding.rule for finding in found] == ["S3", "S3", "G3"]
    assert found == sorted(found)


def test_a_broken_lesson_does_not_hide_another_ones_faults(small):
    rewrite(small.lesson, "# %% note [markdown]", "# %% nota [markdown]")
    rewrite(small.capstone, "# ## The task", "# # The task")
    assert {finding.rule for finding in findings(small, [])} == {"M", "S3"}


def test_folders_and_wrong_paths(small):
    rewrite(small.capstone, "# ## The task", "# # The task")
    assert [finding.rule for finding in findings(small, [small.lesson.parent])] == ["S3"]
    assert findings(small, [small.lesson]) == []
    stray = small.course.root / "nowhere.py"
    (found,) = findings(small, [stray])
    assert str(found) == (
        "nowhere.py:1: M This is no lesson source of the course. Name a file solutions/CHAPTER/LESSON.py."
    )


@pytest.mark.parametrize(
    "text",
    [
        "[next lesson](lesson_1_1_counting.ipynb#pairs)",
        "[capstone](./capstone_1.ipynb)",
        "[the same](#pairs-of-parcels)",
        "[facts](../../solutions/course.yml)",
        "[site](https://example.org/x.html)",
        "`[no link](none.ipynb)`",
    ],
)
def test_links_that_lead_somewhere(small, text):
    rewrite(small.lesson, "The function `comb` does", f"The {text} `comb` does")
    assert findings(small) == []


@pytest.mark.parametrize(
    "prose",
    [
        "Ask for 3.5 or 1.1 items, e.g. at 10.30 and so on.",
        "PyTorch and NumPy, and/or both.",
        "Is `a != b` so?",
        "A picture: ![alt text](https://example.org/x.png).",
    ],
)
def test_prose_that_only_looks_wrong(small, prose):
    rewrite(small.lesson, "The function `comb` returns a whole number, whatever the size.", prose)
    assert findings(small) == []


def test_the_linter_imports_no_torch():
    program = (
        "import sys, scalable_ai.lessons.lint; print([m for m in ('torch', 'numpy', 'nbgrader') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_missing_ruff_is_said(small, monkeypatch):
    from scalable_ai.lessons.rubric import files as lint_files

    monkeypatch.setattr(lint_files, "_ruff", lambda: None)
    (found,) = findings(small)
    assert found.rule == "V6"
    assert "ruff is not installed. Run pip install" in str(found)


def test_ruff_that_cannot_run_is_said(small):
    (small.course.root / "pyproject.toml").write_text("[tool.ruff]\nline-length = 'wide'\n")
    (found,) = findings(small)
    assert found.rule == "V6"
    assert "ruff could not look at the formatting" in str(found)
