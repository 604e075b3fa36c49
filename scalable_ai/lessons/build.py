"""Write the notebooks of a course: nbgrader's source version and the learner's version."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from scalable_ai.course import Course
from scalable_ai.lessons.notebook import clear_answers, source_notebook, title_text, write_text
from scalable_ai.lessons.readiness import Target, targets
from scalable_ai.lessons.source import Lesson, SourceError, find_lessons, find_readiness, read_lesson


class EditedError(Exception):
    """A notebook in `chapters/` holds somebody's work and would be overwritten."""


@dataclass(frozen=True)
class Built:
    """One lesson's notebooks, in memory."""

    lesson: Lesson
    source_path: Path
    source: str
    release_path: Path
    release: str

    @property
    def is_current(self) -> bool:
        """Whether the learner notebook on disk is what the source builds."""
        return self.release_path.is_file() and self.release_path.read_text(encoding="utf-8") == self.release


def build_lesson(course: Course, path: Path) -> Built:
    """Build one lesson without writing anything.

    Raises:
        SourceError: The source breaks a rule of its marks.
    """
    lesson = read_lesson(path)
    known = _targets(course, lesson.chapter) if lesson.is_readiness else {}
    source = source_notebook(lesson, known)
    release = release_notebook(source)
    place = Path(lesson.chapter) / f"{lesson.name}.ipynb"
    return Built(lesson, course.source / place, write_text(source), course.chapters / place, write_text(release))


def _targets(course: Course, chapter: str) -> dict[str, Target]:
    lessons = []
    for path in find_lessons(course.solutions):
        with contextlib.suppress(SourceError):  # said when that lesson is built
            lessons.append(read_lesson(path))
    return targets([(lesson, title_text(lesson)) for lesson in lessons], chapter)


def release_notebook(source: NotebookNode) -> NotebookNode:
    """Return the learner's version, through the preprocessors that `nbgrader generate_assignment` uses."""
    from nbgrader.preprocessors import ClearOutput, ComputeChecksums, LockCells

    notebook = clear_answers(source)
    for preprocessor in (LockCells, ClearOutput, ComputeChecksums):
        notebook, _ = preprocessor().preprocess(notebook, {})
    notebook.metadata["scalable_ai"]["built"] = fingerprint(notebook)
    return notebook


def fingerprint(notebook: NotebookNode) -> str:
    """Return a hash of what a person could have edited: the cells' texts, in order."""
    texts = "\0".join(cell.source for cell in notebook.cells)
    return hashlib.sha256(texts.encode()).hexdigest()[:16]


def is_edited(path: Path) -> bool:
    """Return whether a learner notebook holds somebody's work."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception:
        return True
    return notebook.metadata.get("scalable_ai", {}).get("built") != fingerprint(notebook)


def build_all(course: Course) -> tuple[list[Built], list[SourceError]]:
    """Build every lesson and readiness check; a broken one does not stop the others."""
    built, errors = [], []
    for path in (*find_lessons(course.solutions), *find_readiness(course.solutions)):
        try:
            built.append(build_lesson(course, path))
        except SourceError as error:
            errors.append(error)
    return built, errors


def write_all(built: list[Built], force: bool = False) -> list[Path]:
    """Write what has changed and return the paths written.

    Raises:
        EditedError: A learner notebook was edited since it was built; nothing is written.
    """
    stale = [item for item in built if not item.is_current]
    if not force:
        refuse_edited(
            [item.release_path for item in stale if item.release_path.exists() and is_edited(item.release_path)]
        )
    for item in built:
        _write(item.source_path, item.source)
    for item in stale:
        _write(item.release_path, item.release)
    return [item.release_path for item in stale]


def refuse_edited(paths: list[Path]) -> None:
    """Refuse to write over files that were edited since they were built.

    Raises:
        EditedError: There are any.
    """
    if paths:
        names = ", ".join(str(path) for path in paths)
        raise EditedError(
            f"{names}: edited since it was built, so it may hold somebody's work. "
            "Move it away, or build with --force to write over it."
        )


def leftovers(course: Course, built: list[Built]) -> list[Path]:
    """Return the learner notebooks that no source builds."""
    wanted = {item.release_path for item in built}
    return sorted(
        path
        for path in course.chapters.glob("*/*.ipynb")
        if path not in wanted and ".ipynb_checkpoints" not in path.parts
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)
