"""The pages for people: the same from the same sources, their links lead somewhere, their numbers are the lessons'."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from scalable_ai.cli import main
from scalable_ai.course import Course
from scalable_ai.lessons.build import build_all, write_all
from scalable_ai.lessons.pages import build_pages, edited_pages, stale_pages, write_pages
from scalable_ai.lessons.pages.limits import Limits, read_limits
from scalable_ai.lessons.pages.page import NAMES, WIDTH, chapter_title, table
from scalable_ai.lessons.pages.run_times import Machine, RunTime, RunTimes, code_fingerprint, write_run_times
from scalable_ai.lessons.rubric.glossary import terms_of
from scalable_ai.lessons.rubric.wording import count_words, without_fences
from scalable_ai.lessons.source import read_lesson

ROOT = Path(__file__).parents[2]
MACHINE = Machine("A processor", 2, 8, "Linux x86_64", "3.11.1", "2.15.0")
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


@pytest.fixture(scope="session")
def real():
    """Return the real course's lessons and pages."""
    built, _ = build_all(Course(ROOT))
    lessons = [item.lesson for item in built]
    return built, {page.name: page.text for page in build_pages(Course(ROOT), lessons)}


def pages_of(small):
    built, errors = build_all(small.course)
    assert not errors
    return build_pages(small.course, [item.lesson for item in built])


def text_of(small, name):
    return next(page.text for page in pages_of(small) if page.name == name)


def rows(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def rows_by_lesson(text):
    """Return the index's rows by the names of the lessons that they lead to."""
    found = ((LINK.search(row[0]), row) for row in rows(text))
    return {Path(link[2]).stem: row for link, row in found if link}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_of_a_page_leads_to_a_page_or_to_a_lesson(real, name):
    built, pages = real
    places = {item.release_path.relative_to(ROOT / "chapters").as_posix() for item in built} | set(NAMES)
    targets = [" ".join(target.split()) for _, target in LINK.findall(pages[name])]
    assert targets
    assert set(targets) <= places
    assert set(targets) >= set(NAMES) - {name}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_one_title_and_skips_no_level_of_headings(real, name):
    text = without_fences(real[1][name])
    headings = re.findall(r"^(#+) (.+)$", text, re.MULTILINE)
    levels = [len(marks) for marks, _ in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len({title for _, title in headings}) == len(headings)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_no_wall_of_text(real, name):
    for block in without_fences(real[1][name]).split("\n\n"):
        if block.startswith(("|", "#", "<!--")):
            continue
        assert count_words(block) <= 120, block
        for line in block.splitlines():
            assert len(LINK.sub("", line)) <= WIDTH or "](" in line, line


@pytest.mark.parametrize("name", NAMES)
def test_tables_are_whole_and_their_heads_say_what_is_below(real, name):
    for block in without_fences(real[1][name]).split("\n\n"):
        if block.startswith("|"):
            cells = rows(block)
            assert len({len(row) for row in cells}) == 1
            assert len(cells) > 2
            assert all(cells[0])
            assert all(all(row) for row in cells[2:]), block


def test_pages_neither_hold_answers_nor_shout(real):
    for text in real[1].values():
        assert "!" not in text.replace("<!--", "")
        assert "# blank:" not in text


def test_the_same_sources_make_the_same_pages(small):
    assert pages_of(small) == pages_of(small)


def test_the_glossary_has_each_term_once_with_its_definition_and_lesson(real):
    built, pages = real
    # A term that two lessons define is the linter's matter; the first one counts.
    wanted = {term: (text, item.lesson) for item in built[::-1] for term, text in terms_of(item.lesson).items()}
    text = pages["glossary.md"]
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [head.lower() for head in heads] == sorted(term.lower() for term in wanted)
    for section in text.split("\n## ")[1:]:
        definition, lesson = wanted[next(term for term in wanted if term.lower() == section.splitlines()[0].lower())]
        assert " ".join(definition.split()) in " ".join(section.split())
        assert f"({lesson.chapter}/{lesson.name}.ipynb)" in section


def test_the_index_has_a_row_for_each_lesson_with_what_its_notebook_is_worth(real):
    built, pages = real
    found = rows_by_lesson(pages["README.md"])
    for item in built:
        if item.lesson.is_readiness:
            continue
        cells = nbformat.reads(item.release, as_version=4).cells
        points = [cell.metadata.nbgrader.points for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
        title, objective, minutes, exercises, worth = found[item.lesson.name][:5]
        assert item.lesson.meta["title"] in title
        assert objective == f"{item.lesson.meta['objective'].rstrip('.')}."
        assert (minutes, exercises, worth) == (str(item.lesson.meta["minutes"]), str(len(points)), f"{sum(points):g}")


def test_the_page_about_grading_has_every_exercise_with_its_points(real):
    built, pages = real
    table_rows = rows(pages["grading.md"])
    for item in built:
        here = [row for row in table_rows if f"/{item.lesson.name}.ipynb)" in row[0]]
        wanted = [f"{card.points:g}" for card in (*item.lesson.exercises.values(), *item.lesson.quizzes.values())]
        assert [row[-1] for row in here] == wanted


def test_limits_of_the_page_are_those_of_the_engine_and_of_the_configuration(tmp_path):
    from scalable_ai.grading.execute import MIN_TIMEOUT, TIMES_REFERENCE, JudgedExecute
    from scalable_ai.grading.hidden import TIME_LIMIT
    from scalable_ai.grading.sandbox import Limits as Box

    engine = JudgedExecute()
    memory = Box().memory / 2**30
    assert Limits() == Limits(30, engine.notebook_timeout, memory, MIN_TIMEOUT, TIMES_REFERENCE, TIME_LIMIT)
    assert read_limits(Course(tmp_path)) == Limits()
    (tmp_path / "nbgrader_config.py").write_text(
        "c.JudgedExecute.timeout = 7\nc.JudgedExecute.notebook_timeout = 60 * 2\nc.Other.timeout = 1\n"
        "c.JudgedExecute.limits = {'memory': 3 * 2**30}\nc.JudgedExecute.environment = list('ab')\n"
    )
    assert read_limits(Course(tmp_path)) == replace(Limits(), cell=7, notebook=120, memory=3)
    real = read_limits(Course(ROOT))
    text = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    assert f"c.JudgedExecute.timeout = {real.cell:g} " in text


def test_a_limit_that_cannot_be_read_gets_a_sentence(small, monkeypatch, capsys):
    (small.course.root / "nbgrader_config.py").write_text("import os\nc.JudgedExecute.timeout = int(os.environ['T'])\n")
    monkeypatch.chdir(small.course.root)
    assert main(["build"]) == 1
    assert "nbgrader_config.py:2: write this limit as a number" in capsys.readouterr().err


def test_the_essentials_track_names_what_it_leaves_out(small):
    assert "the whole course without capstone_1." in " ".join(text_of(small, "README.md").split())
    folder = small.course.solutions / "ch2_more"
    folder.mkdir()
    small.capstone.rename(folder / "capstone_2.py")
    assert "the whole course without chapter 2." in " ".join(text_of(small, "README.md").split())
    small.edit(small.lesson, "#   track: essentials\n", "")
    assert "essentials" not in text_of(small, "README.md")


def test_a_lesson_without_a_measurement_says_so(small):
    assert rows_by_lesson(text_of(small, "README.md"))[small.read().name][-1] == "not measured"
    assert "`scalable-ai measure-lessons`" in text_of(small, "README.md")


def test_measured_times_and_code_that_changed_since(small):
    lesson, capstone = small.read(), read_lesson(small.capstone)
    times = {"1.1": RunTime([4.0, 12.3, 5.2], code_fingerprint(lesson))}
    write_run_times(small.course, RunTimes(MACHINE, "2026-01-31", 2.4, 0.1, times))
    text = text_of(small, "README.md")
    found = rows_by_lesson(text)
    assert (found[lesson.name][-1], found[capstone.name][-1]) == ("5 s", "not measured")
    prose = " ".join(text.split())
    for words in ("the median of 3 runs", "A processor with 2 cores and 8 GiB", "2026-01-31", "about 2 s of each"):
        assert words in prose
    assert "Other work ran" not in prose
    small.edit(small.lesson, "# The function `comb` returns", "# The useful function `comb` returns")
    assert "older code" not in text_of(small, "README.md")
    small.edit(small.lesson, 'print("load:", len(parcels))', 'print("the load:", len(parcels))')
    text = text_of(small, "README.md")
    assert rows_by_lesson(text)[lesson.name][-1] == "5 s (older code)"
    assert "*Older code* says" in text


def test_times_of_a_busy_machine_are_called_upper_bounds(small):
    write_run_times(small.course, RunTimes(MACHINE, "2026-01-31", 2.4, 3.0, {"1.1": RunTime([4.0], "x")}))
    assert "read the numbers as upper bounds" in " ".join(text_of(small, "README.md").split())


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"machine": {}, "lessons": {"1.1": {"speed": 1}}}'])
def test_run_times_that_cannot_be_read_get_a_sentence(small, monkeypatch, capsys, content):
    (small.course.solutions / "run_times.json").write_text(content)
    monkeypatch.chdir(small.course.root)
    assert main(["build"]) == 1
    assert "run_times.json: these run times cannot be read. Remove the file" in capsys.readouterr().err


def test_build_writes_the_pages_and_check_names_one_that_is_not_current(small, monkeypatch, capsys):
    monkeypatch.chdir(small.course.root)
    assert main(["build", "--check"]) == 1
    assert "README.md: not what its source builds" in capsys.readouterr().err
    assert main(["build"]) == 0
    assert "3 pages changed" in capsys.readouterr().out
    assert main(["build", "--check"]) == 0
    small.edit(small.lesson, "#     load: How much work arrives", "#     load: How many tasks arrive")
    assert main(["build", "--check"]) == 1
    error = capsys.readouterr().err
    assert "glossary.md: not what" in error
    assert "README.md" not in error


def test_a_page_that_somebody_edited_is_not_written_over(small, monkeypatch, capsys):
    write_pages(small.course, pages_of(small))
    path = small.course.chapters / "glossary.md"
    built = path.read_text(encoding="utf-8")
    for edited in (built.replace("requests", "orders"), "# My own\n", built + "My note\n", "My note\n" + built):
        path.write_text(edited, encoding="utf-8")
        assert edited_pages(small.course, pages_of(small)) == [path]
    monkeypatch.chdir(small.course.root)
    assert main(["build"]) == 1
    assert "glossary.md: edited since it was built" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8").startswith("My note")
    assert main(["build", "--force"]) == 0
    assert path.read_text(encoding="utf-8") == built


def test_a_page_of_older_sources_is_replaced(small):
    write_pages(small.course, pages_of(small))
    small.edit(small.lesson, "#     load: How much work arrives", "#     load: How many tasks arrive")
    pages = pages_of(small)
    assert [path.name for path in stale_pages(small.course, pages)] == ["glossary.md"]
    assert edited_pages(small.course, pages) == []
    assert [path.name for path in write_pages(small.course, pages)] == ["glossary.md"]
    assert stale_pages(small.course, pages) == []


def test_a_broken_lesson_leaves_the_pages_as_they_are(small, monkeypatch, capsys):
    monkeypatch.chdir(small.course.root)
    assert main(["build"]) == 0
    before = (small.course.chapters / "README.md").read_bytes()
    small.edit(small.lesson, "# %% note [markdown]", "# %% nota [markdown]")
    assert main(["build"]) == 1
    assert (small.course.chapters / "README.md").read_bytes() == before


def test_pages_are_no_leftovers_and_no_assignment(small):
    from scalable_ai.lessons.build import leftovers

    built, _ = build_all(small.course)
    write_all(built)
    write_pages(small.course, pages_of(small))
    assert leftovers(small.course, built) == []
    assert {path.name for path in small.course.chapters.iterdir() if path.is_file()} == set(NAMES)


def test_words_of_tables_and_chapters():
    assert table(("A", "B"), [("x|y", 1)], ("B",)) == "| A | B |\n| --- | ---: |\n| x\\|y | 1 |"
    assert chapter_title("ch2_foundations") == "Chapter 2: Foundations"
    assert chapter_title("final_capstone") == "Final capstone"
