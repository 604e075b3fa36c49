"""Hold the course to the rubric: the rules C1 to C14, over `solutions/course.yml` and the lessons that exist.

An entry with `planned: true` speaks of lessons that are not written yet. Whatever a lesson says of itself (objective,
functions, definitions) stands in the lesson's own header and is not said again in `course.yml`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from scalable_ai.course import Course
from scalable_ai.lessons.rubric.facts import TOLD, misconception_met, names_in_code, texts
from scalable_ai.lessons.rubric.finding import Finding, Findings, in_header
from scalable_ai.lessons.rubric.glossary import defined_where_first_used, promised_terms
from scalable_ai.lessons.rubric.readiness import fits_the_lessons
from scalable_ai.lessons.rubric.syntax import imported
from scalable_ai.lessons.rubric.wording import stems
from scalable_ai.lessons.source import Lesson

SHORTEST_DESCRIPTION = 80
# Key of course.yml -> (rule, least number of entries, what each entry says; nothing for plain texts).
LISTS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "problems": ("C1", 5, ("problem", "lessons")),
    "technologies": ("C3", 1, ()),
    "glossary": ("C4", 1, ("term",)),
    "analogies": ("C5", 2, ("analogy", "lessons")),
    "misconceptions": ("C6", 1, ("misconception", "lessons")),
    "datasets": ("C7", 1, ("name", "description", "use", "source")),
    "audience": ("C8", 1, ("who", "reason")),
    "prerequisites": ("C9", 3, ("skill", "used_for")),
}
# Where the name of a distribution differs from what is imported.
IMPORTED_AS = {"pyyaml": "yaml", "pillow": "PIL", "scikit-learn": "sklearn"}


class Facts:
    """What `course.yml` says, and where."""

    def __init__(self, path: Path, text: str, content: dict[str, Any]) -> None:
        self.path, self.text, self.content = path, text, content

    def entries(self, key: str) -> list[Any]:
        """Return a list of facts; empty where there is none."""
        value = self.content.get(key)
        return value if isinstance(value, list) else []

    def linked(self, key: str) -> list[dict[str, Any]]:
        """Return the entries that name lessons."""
        rows = (entry for entry in self.entries(key) if isinstance(entry, dict))
        return [row for row in rows if isinstance(row.get("lessons"), list)]

    def found(self, rule: str, text: str, wrong: str, remedy: str) -> Finding:
        """Return a finding at the first line that holds a text: a key, or an entry."""
        lines = [number for number, line in enumerate(self.text.splitlines(), 1) if text in line]
        return Finding(self.path, lines[0] if lines else 1, rule, wrong, remedy)


def read_facts(path: Path) -> Facts | Finding:
    """Return what `course.yml` says, or the finding that it cannot be read."""
    if not path.is_file():
        return Finding(path, 1, "C13", "The course's facts are missing.", "Write solutions/course.yml.")
    text = path.read_text(encoding="utf-8")
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return Finding(path, mark.line + 1 if mark else 1, "C13", "This is not valid YAML.", "Quote texts with ': '.")
    if not isinstance(content, dict):
        return Finding(path, 1, "C13", "The facts are no 'key: value' lines.", "Begin with 'description: …'.")
    return Facts(path, text, content)


def course_facts(course: Course, lessons: list[Lesson], complete: bool = True) -> Findings:
    """Yield what breaks a course rule.

    Args:
        course: Where the folders are.
        lessons: All lessons, capstones and readiness checks that exist.
        complete: Whether all of them could be read; if not, what the others might prove is left out.
    """
    facts = read_facts(course.solutions / "course.yml")
    yield from unique_names(lessons)
    yield from required(course, lessons)
    readiness = [lesson for lesson in lessons if lesson.is_readiness]
    lessons = [lesson for lesson in lessons if not lesson.is_readiness]
    if isinstance(facts, Finding):
        yield facts
        return
    yield from listed(facts)
    yield from same_python(course, facts)
    if complete:
        yield from linked_to_lessons(facts, lessons)
        yield from technologies(facts, lessons)
        yield from analogies_told(facts, lessons)
        yield from misconceptions_met(facts, lessons)
        yield from one_capstone_a_chapter(lessons)
        yield from promised_terms(facts.entries("glossary"), lessons, facts.found)
        yield from defined_where_first_used(lessons)
        yield from fits_the_lessons(readiness, lessons)


def listed(facts: Facts) -> Findings:
    """C13, and what C1 and C3 to C9 list: enough entries, each with all that it should say."""
    description = facts.content.get("description")
    if not isinstance(description, str) or len(description.strip()) < SHORTEST_DESCRIPTION:
        remedy = f"Say in {SHORTEST_DESCRIPTION} characters or more what the course teaches, and how."
        yield facts.found("C13", "description:", "The course has no description.", remedy)
    for key, (rule, least, fields) in LISTS.items():
        entries = facts.entries(key)
        if len(entries) < least:
            yield facts.found(rule, f"{key}:", f"'{key}' lists {len(entries)} entries.", f"List at least {least}.")
        for number, entry in enumerate(entries, 1):
            missing = [field for field in fields if not (isinstance(entry, dict) and entry.get(field))]
            if missing:
                wrong = f"Entry {number} of '{key}' lacks {', '.join(missing)}."
                yield facts.found(rule, f"{key}:", wrong, "Add what is missing.")


def linked_to_lessons(facts: Facts, lessons: list[Lesson]) -> Findings:
    """C2: what the course promises is linked to lessons that exist, and each lesson keeps a promise."""
    ids = {lesson.meta["id"] for lesson in lessons}
    for key in ("problems", "analogies", "misconceptions"):
        for row in facts.linked(key):
            said = str(row.get(LISTS[key][2][0], "?"))
            missing = [str(name) for name in row["lessons"] if name not in ids]
            if missing and not row.get("planned"):
                wrong = f"'{said}' is linked to {', '.join(missing)}, which does not exist."
                yield facts.found("C2", said[:40], wrong, "Mend the id, or add 'planned: true'.")
            elif row.get("planned") and not missing:
                wrong = f"'{said}' is called planned, and all its lessons exist."
                yield facts.found("C2", said[:40], wrong, "Take 'planned: true' off.")
    promised = {name for row in facts.linked("problems") for name in row["lessons"]}
    for lesson in lessons:
        if lesson.meta["id"] not in promised:
            remedy = "Name its id under a problem in solutions/course.yml."
            yield in_header(lesson, "C2", "No problem of the course is linked to this lesson's objective.", remedy)


def technologies(facts: Facts, lessons: list[Lesson]) -> Findings:
    """C3: the list of technologies equals the imports found."""
    said = set(map(str, facts.entries("technologies")))
    found = {package for lesson in lessons for package in third_party(lesson)}
    for package in sorted(found - said):
        wrong = f"Lessons import '{package}', and 'technologies' does not list it."
        yield facts.found("C3", "technologies:", wrong, "Add it.")
    for package in sorted(said - found):
        yield facts.found("C3", "technologies:", f"No lesson imports '{package}'.", "Take it off 'technologies'.")


def analogies_told(facts: Facts, lessons: list[Lesson]) -> Findings:
    """C5: each analogy of the course is told in the script of the lessons it names."""
    for row in facts.linked("analogies"):
        wanted = stems(str(row.get("analogy")))
        for lesson in lessons:
            told = stems(" ".join(cell.text for cell in lesson.of("script")))
            if lesson.meta["id"] in row["lessons"] and len(wanted & told) < TOLD * len(wanted):
                wrong = f"The course's analogy '{row.get('analogy')}' is not told in the script."
                yield in_header(lesson, "C5", wrong, "Tell it in these words, or mend solutions/course.yml.")


def misconceptions_met(facts: Facts, lessons: list[Lesson]) -> Findings:
    """C6: each misconception of the course is targeted by the lessons it names, and no lesson has one of its own."""
    rows = facts.linked("misconceptions")
    for lesson in lessons:
        own = texts(lesson, "misconceptions")
        for row in rows:
            text = str(row.get("misconception"))
            if lesson.meta["id"] not in row["lessons"]:
                continue
            if text not in own or not misconception_met(lesson, text):
                remedy = "List it under 'misconceptions' of the header, and let an exercise or a quiz option meet it."
                yield in_header(lesson, "C6", f"The lesson does not target '{text}', as course.yml says.", remedy)
        known = {str(row.get("misconception")) for row in rows if lesson.meta["id"] in row["lessons"]}
        for text in own:
            if text not in known:
                wrong = f"course.yml does not link the misconception '{text}' to this lesson."
                yield in_header(lesson, "C6", wrong, "Add the lesson there, in the same words.")


def one_capstone_a_chapter(lessons: list[Lesson]) -> Findings:
    """C11: one capstone a chapter, with functions of each of its lessons."""
    chapters: dict[str, list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        chapters[lesson.chapter].append(lesson)
    for members in chapters.values():
        capstones = [lesson for lesson in members if lesson.is_capstone]
        for extra in capstones[1:]:
            yield in_header(extra, "C11", "The chapter has another capstone.", "Keep one.")
        if not capstones:
            remedy = "Write one, with 'kind: capstone' in its header."
            yield in_header(members[-1], "C11", "The chapter has no capstone.", remedy)
        for capstone in capstones[:1]:
            used = names_in_code(capstone)
            for lesson in (member for member in members if not member.is_capstone):
                functions = [name.rpartition(".")[2] for name in texts(lesson, "functions")]
                if not used & set(functions):
                    wrong = f"The capstone uses no function of lesson {lesson.meta['id']}."
                    yield in_header(capstone, "C11", wrong, f"Use one of {', '.join(functions)}.")


def unique_names(lessons: list[Lesson]) -> Findings:
    """C14: an exercise's name stands for one exercise of the course, an id for one lesson, a term is defined once."""
    seen: dict[tuple[str, str], str] = {}
    for lesson in lessons:
        glossary = lesson.meta.get("glossary")
        names = [("id", lesson.meta["id"])]
        names += [("exercise", name) for name in (*lesson.exercises, *lesson.quizzes, *lesson.questions)]
        names += [("glossary term", str(term)) for term in (glossary if isinstance(glossary, dict) else ())]
        for name in names:
            if name in seen:
                wrong = f"The {name[0]} '{name[1]}' is in {seen[name]} too."
                yield in_header(lesson, "C14", wrong, "Keep it in one place, or give it another name.")
            seen.setdefault(name, lesson.path.name)


def required(course: Course, lessons: list[Lesson]) -> Findings:
    """C12: what lessons import is required by the project."""
    distributions = [re.split(r"[^\w.-]", text)[0].lower() for text in _project(course).get("dependencies", [])]
    known = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in distributions}
    for lesson in lessons:
        for package in sorted(third_party(lesson) - known):
            remedy = "Add it to 'dependencies' of pyproject.toml, or do without it."
            yield in_header(lesson, "C12", f"The lesson imports '{package}', which is not required.", remedy)


def same_python(course: Course, facts: Facts) -> Findings:
    """C12: the Python that the course asks for is the one that the project asks for."""
    said = facts.content.get("requirements")
    python = said.get("python") if isinstance(said, dict) else None
    wanted = _project(course).get("requires-python")
    if python != wanted:
        wrong = f"The course asks for Python {python}, pyproject.toml for {wanted}."
        yield facts.found("C12", "requirements:", wrong, "Write the same in 'requirements: python:'.")


def third_party(lesson: Lesson) -> set[str]:
    """Return the packages that a lesson imports, the standard library and this course left out."""
    found = {name for cell in lesson.cells if cell.type == "code" for name in imported(cell.text)}
    return found - sys.stdlib_module_names - {"scalable_ai"}


def _project(course: Course) -> dict[str, Any]:
    path = course.root / "pyproject.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}) if path.is_file() else {}
