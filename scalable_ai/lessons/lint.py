"""Hold lessons to the rubric: every rule that a program can check, over every lesson that exists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.lessons import rubric
from scalable_ai.lessons.rubric.capstone import capstone_forms
from scalable_ai.lessons.rubric.course import course_facts
from scalable_ai.lessons.rubric.finding import Finding, Findings, LessonRule
from scalable_ai.lessons.rubric.syntax import parse
from scalable_ai.lessons.source import Cell, Lesson, SourceError, find_lessons, find_readiness, read_lesson

__all__ = ["Finding", "lint_course", "lint_lesson_source"]

LESSON_RULES: tuple[LessonRule, ...] = (
    *rubric.lesson.RULES,
    *rubric.exercise.RULES,
    *rubric.answer.RULES,
    *rubric.style.RULES,
    *rubric.facts.RULES,
)
CAPSTONE_RULES: tuple[LessonRule, ...] = (
    *rubric.lesson.EVERYWHERE,
    *rubric.exercise.RULES,
    *rubric.answer.RULES,
    *rubric.style.EVERYWHERE,
    *rubric.facts.EVERYWHERE,
    capstone_forms,
)
READINESS_RULES: tuple[LessonRule, ...] = (
    *rubric.readiness.RULES,
    *rubric.lesson.EVERYWHERE,
    *rubric.answer.WITHOUT_INSTRUCTIONS,
    *rubric.style.EVERYWHERE,
)


def lint_course(course: Course, paths: list[Path]) -> list[Finding]:
    """Return what breaks a rule, in order of file and line; nothing means that the rubric holds.

    Args:
        course: Where the folders are.
        paths: Lesson sources to look at. None of them means all, and the rules about the whole course too.
    """
    every = [*find_lessons(course.solutions), *find_readiness(course.solutions)]
    findings: list[Finding] = []
    wanted = every
    if paths:
        findings += [_no_lesson(path) for path in paths if not _sources(path, every)]
        wanted = [source for source in every if any(source in _sources(path, every) for path in paths)]
    lessons, broken = _read(wanted)
    findings += broken
    for lesson in lessons:
        findings += lint_lesson_source(course, lesson)
    unreadable = {finding.path for finding in findings if finding.rule == "M"}
    findings += rubric.files.formatted(course, [path for path in wanted if path not in unreadable])
    if not paths:
        findings += course_facts(course, lessons, complete=not broken)
    return sorted(_from_root(course, finding) for finding in findings)


def lint_lesson_source(course: Course, lesson: Lesson) -> Findings:
    """Yield what breaks a rule of one lesson or capstone."""
    unparsed = [finding for cell in lesson.cells if cell.type == "code" for finding in _unparsed(lesson, cell)]
    if unparsed or not lesson.cells:
        yield from unparsed
        if not lesson.cells:
            yield Finding(lesson.path, 1, "M", "The lesson has no cells.", "Write its first '# %%' cell.")
        return
    rules = READINESS_RULES if lesson.is_readiness else CAPSTONE_RULES if lesson.is_capstone else LESSON_RULES
    for rule in rules:
        yield from rule(lesson)
    for files_rule in (rubric.files.local_links, rubric.files.hidden_checks, rubric.files.gallery):
        yield from files_rule(course, lesson)


def _read(paths: list[Path]) -> tuple[list[Lesson], list[Finding]]:
    lessons, broken = [], []
    for path in paths:
        try:
            lessons.append(read_lesson(path))
        except SourceError as error:
            broken.append(Finding(error.path, error.line, "M", error.wrong, error.remedy))
    return lessons, broken


def _unparsed(lesson: Lesson, cell: Cell) -> Findings:
    try:
        parse(cell.text)
    except SyntaxError as error:
        line = cell.line + (error.lineno or 1)
        yield Finding(lesson.path, line, "M", f"This code cell is no Python: {error.msg}.", "Mend the syntax.")


def _sources(path: Path, every: list[Path]) -> list[Path]:
    """Return the lesson sources that a path names: itself, or those below it."""
    path = path.resolve()
    return [source for source in every if source.resolve() == path or path in source.resolve().parents]


def _no_lesson(path: Path) -> Finding:
    return Finding(path, 1, "M", "This is no lesson source of the course.", "Name a file solutions/CHAPTER/LESSON.py.")


def _from_root(course: Course, finding: Finding) -> Finding:
    """Name the file as seen from the course's root, where the command is run."""
    path, root = finding.path.resolve(), course.root.resolve()
    return replace(finding, path=path.relative_to(root)) if path.is_relative_to(root) else finding
