"""Hold a lesson to the files around it: links, hidden checks, gallery and formatting. The rules S8, H1 to H3 and V6."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from scalable_ai.course import Course
from scalable_ai.lessons.gallery import Entry, read_gallery
from scalable_ai.lessons.rubric.finding import Finding, Findings, at
from scalable_ai.lessons.rubric.syntax import parses
from scalable_ai.lessons.rubric.wording import without_code
from scalable_ai.lessons.source import Lesson

WRONG, RIGHT = 3, 2
_LINK = re.compile(r"""\]\(\s*<?([^)\s>]+)[^)]*\)|\b(?:src|href)=["']([^"']+)["']""")
_HIDDEN = re.compile(r"""(?:@hidden|\bcompare)\(\s*["'](\w+)["']""")


def local_links(course: Course, lesson: Lesson) -> Findings:
    """S8: every local link leads somewhere, seen from the learner's notebook."""
    folder = course.chapters / lesson.chapter
    for cell in lesson.cells:
        if cell.type != "markdown":
            continue
        text = without_code(cell.text)
        for match in _LINK.finditer(text):
            target = (match[1] or match[2]).partition("#")[0]
            if not target or re.match(r"[a-z][a-z0-9+.-]*:|//", target):
                continue
            if not _leads_somewhere(course, folder, target):
                remedy = f"Mend it; it is looked up from {folder.relative_to(course.root)}/."
                offset = text[: match.start()].count("\n")
                yield at(lesson, cell, "S8", f"The link to '{target}' leads nowhere.", remedy, offset)


def hidden_checks(course: Course, lesson: Lesson) -> Findings:
    """H1: each exercise has hidden checks, and hidden checks name exercises."""
    path = course.graders / lesson.chapter / f"{lesson.name}.py"
    if not path.is_file():
        if lesson.exercises:
            remedy = f"Write them in {path.relative_to(course.root)}."
            yield Finding(lesson.path, 1, "H1", "The lesson has no hidden checks.", remedy)
        return
    text = path.read_text(encoding="utf-8")
    if not parses(text):
        yield Finding(path, 1, "H1", "The hidden checks are not valid Python.", "Run the file to see where.")
        return
    named = {match[1]: text[: match.start()].count("\n") + 1 for match in reversed(list(_HIDDEN.finditer(text)))}
    for name in lesson.exercises:
        if name not in named:
            remedy = f"""Add 'compare("{name}", …)' or '@hidden("{name}", …)'."""
            yield Finding(path, 1, "H1", f"The exercise '{name}' has no hidden check.", remedy)
    for name, line in named.items():
        if name not in lesson.exercises and name not in lesson.quizzes:
            yield Finding(path, line, "H1", f"'{name}' is no exercise of the lesson.", f"Use {_names(lesson)}.")


def gallery(course: Course, lesson: Lesson) -> Findings:
    """H2, H3: a gallery with three wrong and two right answers of each exercise, with what it is told."""
    path = course.graders / lesson.chapter / "answers" / f"{lesson.name}.py"
    if not path.is_file():
        if lesson.exercises:
            remedy = f"Write one in {path.relative_to(course.root)}."
            yield Finding(lesson.path, 1, "H2", "The lesson has no gallery of answers.", remedy)
        return
    entries, unread = read_gallery(path.read_text(encoding="utf-8"))
    for line in unread:
        remedy = "Write '# %% wrong: NAME - title' or '# %% right: NAME - title'."
        yield Finding(path, line, "H3", "This mark of the gallery cannot be read.", remedy)
    for name in lesson.exercises:
        for kind, least in (("wrong", WRONG), ("right", RIGHT)):
            count = sum((entry.kind, entry.exercise) == (kind, name) for entry in entries)
            if count < least:
                wrong = f"The exercise '{name}' has {count} {kind} answers."
                yield Finding(path, 1, "H2", wrong, f"Give at least {least}, each '# %% {kind}: {name} - title'.")
    for entry in entries:
        yield from _entry(path, lesson, entry)


def _entry(path: Path, lesson: Lesson, entry: Entry) -> Findings:
    if entry.exercise not in lesson.exercises:
        wrong = f"'{entry.exercise}' is no exercise of the lesson."
        yield Finding(path, entry.line, "H3", wrong, f"Use {_names(lesson)}.")
    if entry.kind == "wrong" and not entry.says:
        remedy = "Add '# says: …' below its mark, a fragment of the message."
        yield Finding(path, entry.line, "H3", "This wrong answer does not say what the learner reads.", remedy)
    if not entry.code:
        yield Finding(path, entry.line, "H3", "This answer is empty.", "Write the complete answer cell below its mark.")
    if entry.scores and not re.fullmatch(r"0(\.\d+)?|\d+/\d+", entry.scores):
        remedy = "Write a fraction below 1, such as 0.67."
        yield Finding(path, entry.line, "H3", f"'{entry.scores}' is no score of a wrong answer.", remedy)


def formatted(course: Course, paths: list[Path]) -> Findings:
    """V6: the code of the sources is formatted; one call of ruff looks at all of them."""
    ruff = _ruff()
    if ruff is None:
        wrong = "Formatting cannot be looked at, because ruff is not installed."
        yield Finding(course.solutions, 1, "V6", wrong, "Run pip install -e '.[dev]'.")
        return
    if not paths:
        return
    # Its diff reads the same in all versions of ruff; what `--check` prints does not.
    call = [ruff, "format", "--diff", "--no-cache", *map(str, paths)]
    result = subprocess.run(call, cwd=course.root, capture_output=True, text=True, check=False)
    for name, line in re.findall(r"^--- (.+)\n\+\+\+ .+\n@@ -(\d+)", result.stdout, re.MULTILINE):
        path = (course.root / name).resolve()
        yield Finding(path, int(line), "V6", "The code near here is not formatted.", f"Run 'ruff format {name}'.")
    if result.returncode not in {0, 1}:
        wrong = f"ruff could not look at the formatting: {' '.join(result.stderr.split())}."
        yield Finding(course.solutions, 1, "V6", wrong, "Mend that and lint again.")


def _leads_somewhere(course: Course, folder: Path, target: str) -> bool:
    """Return whether a link's file exists; a notebook exists when its source does."""
    place = (folder / target).resolve()
    if place.exists():
        return True
    chapters = course.chapters.resolve()
    if place.suffix != ".ipynb" or not place.is_relative_to(chapters):
        return False
    return (course.solutions / place.relative_to(chapters)).with_suffix(".py").is_file()


def _ruff() -> str | None:
    """Return ruff's program, beside this Python before anything on the PATH."""
    beside = shutil.which("ruff", path=str(Path(sys.executable).parent))
    return beside or shutil.which("ruff")


def _names(lesson: Lesson) -> str:
    return ", ".join(lesson.exercises) or "the names of its exercises"
