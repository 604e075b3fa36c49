"""Hold the course to the rubric: the rules C1 to C14, over `solutions/course.yml` and the lessons that exist.

The facts are lists; an entry of `lessons` with `planned: true` stands for a lesson that does not exist yet:

    title, description
    audience:       [{who, why}]
    prerequisites:  [text]
    problems:       [text]
    objectives:     [{objective, lessons: ["1.1", …]}]
    technologies:   [{name, package}]
    glossary:       [term] or {term: …}
    analogies:      [text] or [{analogy, lessons}]
    misconceptions: [{misconception, lessons}]
    datasets:       [{name, description, use, source}]
    lessons:        [{id, title, objective, functions, chapter, planned}]
    capstones:      [{id, chapter, forms, planned}]
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from scalable_ai.course import Course
from scalable_ai.lessons.lint_facts import names_in_code
from scalable_ai.lessons.lint_finding import Finding, Findings, in_header
from scalable_ai.lessons.source import Lesson
from scalable_ai.lessons.syntax import imported

PROBLEMS, ANALOGIES, PREREQUISITES = 5, 2, 3
SHORTEST_DESCRIPTION = 80
# Field -> (rule, least number of items, what each item holds; nothing for plain texts).
LISTS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "problems": ("C1", PROBLEMS, ()),
    "objectives": ("C2", 1, ("objective", "lessons")),
    "technologies": ("C3", 1, ()),
    "glossary": ("C4", 1, ()),
    "analogies": ("C5", ANALOGIES, ()),
    "misconceptions": ("C6", 1, ("misconception", "lessons")),
    "datasets": ("C7", 1, ("name", "description", "use", "source")),
    "audience": ("C8", 1, ("who", "why")),
    "prerequisites": ("C9", PREREQUISITES, ()),
    "lessons": ("C10", 1, ("id", "title", "objective", "functions")),
    "capstones": ("C11", 1, ("id",)),
}
# Where the name of a distribution differs from what is imported.
IMPORTED_AS = {"pyyaml": "yaml", "pillow": "PIL", "scikit-learn": "sklearn"}


def course_facts(course: Course, lessons: list[Lesson], complete: bool = True) -> Findings:
    """Yield what breaks a course rule.

    Args:
        course: Where the folders are.
        lessons: All lessons and capstones that exist.
        complete: Whether all of them could be read; if not, what a missing one might mend is left out.
    """
    facts = Facts.read(course.solutions / "course.yml")
    yield from unique_names(lessons)
    yield from requirements(course, lessons)
    if isinstance(facts, Finding):
        yield facts
        return
    yield from lists(facts)
    if complete:
        yield from lessons_listed(facts, lessons)
        yield from linked_lessons(facts, lessons)
        yield from technologies(facts, lessons)
        yield from glossary(facts, lessons)
        yield from headers_agree(facts, lessons)
        yield from capstones(lessons)


class Facts:
    """What `course.yml` says, and where."""

    def __init__(self, path: Path, text: str, content: dict[str, Any]) -> None:
        self.path, self.text, self.content = path, text, content

    @classmethod
    def read(cls, path: Path) -> Facts | Finding:
        """Return the facts, or the finding that they cannot be read."""
        if not path.is_file():
            return Finding(path, 1, "C1", "The course's facts are missing.", "Write solutions/course.yml.")
        text = path.read_text(encoding="utf-8")
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            return Finding(path, mark.line + 1 if mark else 1, "C1", "This is not valid YAML.", "Quote texts with ': '.")
        if not isinstance(content, dict):
            return Finding(path, 1, "C1", "The facts are no 'key: value' lines.", "Begin with 'description: …'.")
        return cls(path, text, content)

    def items(self, key: str) -> list[Any]:
        """Return a list of facts; a mapping counts as the list of its keys."""
        value = self.content.get(key)
        return list(value) if isinstance(value, list | dict) else []

    def rows(self, key: str) -> list[dict[str, Any]]:
        """Return the items of a list that are mappings."""
        return [item for item in self.items(key) if isinstance(item, dict)]

    def found(self, rule: str, key: str, wrong: str, remedy: str) -> Finding:
        """Return a finding at the line of a key."""
        lines = [number for number, line in enumerate(self.text.splitlines(), 1) if line.startswith(f"{key}:")]
        return Finding(self.path, lines[0] if lines else 1, rule, wrong, remedy)


def lists(facts: Facts) -> Findings:
    """C13 and what the other rules list: enough items, each with all that belongs to it."""
    description = facts.content.get("description")
    if not isinstance(description, str) or len(description.strip()) < SHORTEST_DESCRIPTION:
        remedy = f"Write at least {SHORTEST_DESCRIPTION} characters: what the course teaches, and how."
        yield facts.found("C13", "description", "The course has no description.", remedy)
    for key, (rule, least, fields) in LISTS.items():
        items = facts.items(key)
        if len(items) < least:
            yield facts.found(rule, key, f"'{key}' lists {len(items)} items.", f"List at least {least}.")
        for number, item in enumerate(items, 1):
            missing = [field for field in fields if not (isinstance(item, dict) and item.get(field))]
            if missing:
                yield facts.found(rule, key, f"Item {number} of '{key}' lacks {', '.join(missing)}.", "Add it.")


def unique_names(lessons: list[Lesson]) -> Findings:
    """C14: an exercise's name stands for one exercise of the course, and an id for one lesson."""
    seen: dict[str, Path] = {}
    for lesson in lessons:
        for name in (lesson.meta["id"], *lesson.exercises, *lesson.quizzes):
            if name in seen:
                wrong = f"The name '{name}' is used in {seen[name].name} too."
                yield in_header(lesson, "C14", wrong, "Give each lesson and each exercise its own.")
            seen.setdefault(name, lesson.path)


def requirements(course: Course, lessons: list[Lesson]) -> Findings:
    """C12: what lessons import is required by the project."""
    path = course.root / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}) if path.is_file() else {}
    names = [_distribution(text) for text in project.get("dependencies", [])]
    required = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names} | {"scalable_ai"}
    for lesson in lessons:
        for package in sorted(packages(lesson) - required):
            remedy = "Add it to 'dependencies' of pyproject.toml, or do without it."
            yield in_header(lesson, "C12", f"The lesson imports '{package}', which is not required.", remedy)
