"""`scalable-ai submit`: a chapter run as grading runs it, and packed for hand-in, with what is missing said."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from scalable_ai.lab.folders import Folders, LabError
from scalable_ai.lab.rehearse import Rehearsed, rehearse
from scalable_ai.lab.work import read

TAKEN = (".onnx",)
"""Endings of other files that are handed in, as in the course's nbgrader_config.py."""


@dataclass
class Report:
    """What a chapter's hand-in holds."""

    chapter: str
    notebooks: dict[str, list[Rehearsed]] = field(default_factory=dict)
    """File -> its exercises."""
    problems: list[str] = field(default_factory=list)
    """What is missing altogether, a sentence each."""
    files: list[str] = field(default_factory=list)
    """Other files that are handed in."""

    @property
    def is_complete(self) -> bool:
        """Whether everything is there and passes its visible checks."""
        return not self.problems and all(one.is_passed for each in self.notebooks.values() for one in each)

    def text(self) -> str:
        """Return the report for a terminal."""
        lines = []
        for name, exercises in self.notebooks.items():
            lines.append(name)
            for one in exercises:
                sign = "passed " if one.is_passed else "not yet"
                lines.append(f"  {sign}  {one.title} ({one.points:g})" + (f": {one.why_not}" if one.why_not else ""))
        lines += [f"{name} is handed in too" for name in self.files]
        lines += [f"Missing: {problem}" for problem in self.problems]
        total = [one for each in self.notebooks.values() for one in each]
        passed = sum(one.is_passed for one in total)
        lines.append(f"{passed} of {len(total)} visible checks pass. Hidden checks, on other inputs, run at grading.")
        return "\n".join(lines)


def run_submit(folders: Folders, chapter: str, out: Path | None, check_only: bool = False) -> Report:
    """Run a chapter as grading does, say what is missing, and pack it.

    Args:
        folders: The learner's.
        chapter: A chapter's folder, such as `ch1_introduction`.
        out: The archive to write; by default `CHAPTER.zip` in the course's folder.
        check_only: Whether to write nothing.

    Raises:
        LabError: There is no such chapter, nothing to hand in, or the archive cannot be written.
    """
    notebooks, report = collect(folders, chapter)
    desk = folders.desk / chapter
    texts = {path: path.read_bytes() for path in (desk / name for name in notebooks)}
    for name, notebook in notebooks.items():
        given = read(folders.chapters / chapter / name)
        report.notebooks[name] = rehearse(notebook, given, desk, folders.root)
    print(report.text())
    if not check_only:
        out = out or folders.root / f"{chapter}.zip"
        _pack(out, chapter, {**texts, **{path: path.read_bytes() for path in _others(desk)}})
        print(f"Packed in {out}: hand this file in." + ("" if report.is_complete else " You may hand in again later."))
    return report


def collect(folders: Folders, chapter: str) -> tuple[dict[str, NotebookNode], Report]:
    """Return a chapter's graded notebooks as the learner has them, and a report of what is missing.

    Raises:
        LabError: There is no such chapter, or nothing to hand in.
    """
    given = sorted((folders.chapters / chapter).glob("*.ipynb")) if chapter else []
    if not given:
        names = ", ".join(sorted({path.parent.name for path in folders.chapters.glob("*/*.ipynb")}))
        raise LabError(f"{chapter}: there is no such chapter. Name one of: {names}.")
    report = Report(chapter, files=[path.name for path in _others(folders.desk / chapter)])
    notebooks = {}
    for path in given:
        lesson = read(path)
        if lesson is None or not any(cell.metadata.get("nbgrader", {}).get("grade") for cell in lesson.cells):
            continue  # nothing in it is graded
        mine = folders.desk / chapter / path.name
        notebook = read(mine) if mine.is_file() else None
        if notebook is not None:
            notebooks[path.name] = notebook
        elif mine.is_file():
            report.problems.append(f"{path.name} is no notebook that can be read. Put it right, or leave it out.")
        else:
            report.problems.append(f"{path.name} is not in {folders.desk / chapter}. Get it back with scalable-ai lab.")
    if not notebooks:
        raise LabError(f"{folders.desk / chapter}: there is no notebook to hand in. {' '.join(report.problems)}")
    return notebooks, report


def _others(desk: Path) -> list[Path]:
    return sorted(path for path in desk.glob("*") if path.suffix in TAKEN and path.is_file() and not path.is_symlink())


def _pack(out: Path, chapter: str, files: dict[Path, bytes]) -> None:
    """Write the archive in one step.

    Raises:
        LabError: It cannot be written.
    """
    partial = out.with_name(f".{out.name}.part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in files.items():
                archive.writestr(f"{chapter}/{path.name}", content)
        partial.replace(out)
    except OSError as error:
        raise LabError(f"{out}: {error.strerror or error}. Name another place with --out.") from None
    finally:
        partial.unlink(missing_ok=True)
