"""Reading a lesson source: what it gives, and one sentence for each broken mark."""

from __future__ import annotations

import re

import pytest

from scalable_ai.lessons.source import SourceError, find_lessons, read_lesson


def test_a_lesson_is_read_whole(lesson):
    assert lesson.name == "lesson_1_1_counting"
    assert lesson.chapter == "ch1_growth"
    assert not lesson.is_capstone
    assert lesson.meta["id"] == "1.1"
    assert list(lesson.exercises) == ["count_pairs", "growth_factor"]
    assert list(lesson.quizzes) == ["twice"]
    assert [len(lesson.of(mark)) for mark in ("slide", "script", "fragment", "recap")] == [5, 5, 3, 1]
    assert lesson.exercises["growth_factor"].points == 3
    assert lesson.quizzes["twice"].key == "B"


def test_a_cell_knows_the_line_of_its_mark(lesson):
    lines = lesson.path.read_text().splitlines()
    for cell in lesson.cells:
        assert lines[cell.line - 1].startswith("# %%")
        assert cell.text.splitlines()[0] in lines[cell.line] or cell.text.splitlines()[0] in "\n".join(lines)
    assert lines[lesson.named("check", "growth_factor").line - 1] == "# %% check: growth_factor"


def test_a_missing_cell_is_a_key_error(lesson):
    with pytest.raises(KeyError, match="answer: nothing"):
        lesson.named("answer", "nothing")


def test_lessons_are_found_in_teaching_order_and_helpers_are_left_out(small):
    (small.lesson.parent / "_helper.py").write_text("")
    assert [path.name for path in find_lessons(small.course.solutions)] == ["lesson_1_1_counting.py", "capstone_1.py"]


BROKEN = {
    "unknown mark": ("# %% note [markdown]", "# %% nota [markdown]", "'nota' is no mark.", "Use one of: answer"),
    "markdown mark on code": (
        "# %% note [markdown]",
        "# %% note",
        "A cell 'note' is markdown, this one is code.",
        "Write '# %% note [markdown]'.",
    ),
    "code mark on markdown": (
        "# %% answer: count_pairs",
        "# %% answer: count_pairs [markdown]",
        "A cell 'answer' is code, this one is markdown.",
        "Write '# %% answer: count_pairs'.",
    ),
    "name missing": (
        "# %% answer: count_pairs",
        "# %% answer",
        "'answer' needs a name",
        "Write '# %% answer: some_name'",
    ),
    "name not in snake case": ("# %% answer: count_pairs", "# %% answer: Count", "needs a name in snake_case", "Write"),
    "name where none belongs": (
        "# %% note [markdown]",
        "# %% note: x [markdown]",
        "'note' takes no name.",
        "Write '# %% note'",
    ),
    "name used twice": ("# %% quiz: twice", "# %% quiz: count_pairs", "'count_pairs' is used twice.", "Give each"),
    "answer without exercise": (
        "# %% answer: count_pairs",
        "# %% answer: count_pears",
        "'answer: count_pears' has no exercise.",
        "Put '# %% exercise: count_pears [markdown]' before it",
    ),
    "check missing": ("# %% check: count_pairs", "# %%", "has the cells: exercise, answer.", "exactly one exercise"),
    "card not opened": (
        'with exercise("count_pairs") as check:',
        'with exercise("count_pears") as check:',
        "The check of 'count_pairs' does not open its card.",
        """Write 'with exercise("count_pairs") as check:'.""",
    ),
    "header without lesson": (
        "# lesson:\n",
        "# lessons:\n",
        "The header has no 'lesson:' block.",
        "Begin the file with",
    ),
    "header without title": (
        "#   title: Counting work with Python\n",
        "",
        "The header has no text 'title'.",
        "Add '#   title: …'",
    ),
    "header id not quoted": ('#   id: "1.1"', "#   id: 1.1", "The header has no text 'id'.", "Add '#   id: …'"),
    "header not YAML": ("#   minutes: 20", "#   minutes: a: b", "The header is not valid YAML.", "Quote texts"),
    "text before the first mark": (
        "# %% slide [markdown]\n# ## A depot that grows",
        "print('early')\n\n# %% slide [markdown]\n# ## A depot that grows",
        "There is text between the header and the first cell mark.",
        "Begin it with a '# %%' line.",
    ),
    "card not YAML": (
        "# title: Count the pairs",
        "# title: Count: the pairs",
        "not valid YAML in line 1",
        "Quote texts",
    ),
    "card field missing": ("# title: Count the pairs\n", "", "The card of 'count_pairs' is wrong:", "add title."),
    "card field unknown": ("# title: Count the pairs\n", "# title: Count\n# level: 2\n", "is wrong:", "remove level."),
    "difficulty": ("# difficulty: 1", "# difficulty: 4", "is wrong:", "'difficulty' must be 1, 2 or 3."),
    "points": ("# points: 2", "# points: 0", "is wrong:", "'points' must be a positive number."),
    "hint no text": (
        "#   - The factor is larger than the ratio of the loads.",
        "#   - The factor: larger than the ratio of the loads.",
        "is wrong:",
        "'hints' must be a list of texts",
    ),
    "empty task": (
        "# task: Compute the pairs of parcels by list and by rule.",
        '# task: ""',
        "is wrong:",
        "'task' must be a text.",
    ),
    "no right option": (
        "#     right: true\n",
        "",
        "The card of 'twice' is wrong:",
        "exactly one of them with 'right: true'",
    ),
    "option unexplained": (
        "#     why: New parcels are compared too, so the count cannot stay where it was.\n",
        "",
        "is wrong:",
        "Each option needs 'text' and 'why'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_mark_gets_one_sentence_with_file_line_and_remedy(small, case):
    old, new, wrong, remedy = BROKEN[case]
    small.edit(small.lesson, old, new)
    with pytest.raises(SourceError) as caught:
        read_lesson(small.lesson)
    message = str(caught.value)
    assert re.match(rf"{re.escape(str(small.lesson))}:\d+: ", message)
    assert wrong in message
    assert remedy in message
    assert "\n" not in message


def test_the_line_named_is_the_broken_cells(small):
    small.edit(small.lesson, "# %% note [markdown]", "# %% nota [markdown]")
    with pytest.raises(SourceError) as caught:
        read_lesson(small.lesson)
    assert small.lesson.read_text().splitlines()[caught.value.line - 1] == "# %% nota [markdown]"


def test_the_line_of_broken_yaml_in_the_header_is_the_files(small):
    small.edit(small.lesson, "#   minutes: 20", "#   minutes: a: b")
    with pytest.raises(SourceError) as caught:
        read_lesson(small.lesson)
    assert small.lesson.read_text().splitlines()[caught.value.line - 1] == "#   minutes: a: b"


def test_a_file_without_header_or_cells_gets_a_sentence(tmp_path):
    for text in ("", "# %% [markdown]\n# Hello\n", "x = 1\n"):
        path = tmp_path / "lesson.py"
        path.write_text(text)
        with pytest.raises(SourceError, match=r"lesson.py:1: The header is missing."):
            read_lesson(path)


def test_a_mark_inside_a_text_is_no_mark(small):
    small.edit(
        small.lesson, "# %% note [markdown]", '# %%\nexample = """\n    # %% nonsense\n"""\n\n# %% note [markdown]'
    )
    assert any("nonsense" in cell.text for cell in small.read().cells)


@pytest.mark.parametrize("mark", ["#%% note [markdown]", "# %%note [markdown]", "#%%note"])
def test_a_mark_written_otherwise_is_refused_rather_than_read_as_text(small, mark):
    small.edit(small.lesson, "# %% note [markdown]", mark)
    with pytest.raises(SourceError, match="A mark begins with '# %% '") as caught:
        small.read()
    assert small.lesson.read_text().splitlines()[caught.value.line - 1] == mark
