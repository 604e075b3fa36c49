"""Export plugins of nbgrader's: `nbgrader export --exporter=scalable_ai.grading.export.CanvasExport`."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin
from traitlets import Unicode

from scalable_ai.grading.export.everything import rows_of, write
from scalable_ai.grading.export.marks import Mark, read_marks
from scalable_ai.grading.export.sheet import Rows, SheetError, canvas_sheet, fill_canvas, fill_moodle, moodle_sheet


class _SheetExport(ExportPlugin):
    """Writes a table, made anew or as the platform's own one filled in."""

    template = Unicode("", help="the platform's own file, whose rows are filled in").tag(config=True)
    default_name = ""

    def export(self, gradebook: Gradebook) -> None:
        """Write the marks; what does not fit is logged as a warning."""
        marks = read_marks(gradebook, self.assignment, self.student)
        notes: list[str] = []
        try:
            if not marks:
                raise SheetError("there are no marks of these assignments and learners in the gradebook.")
            if self.template:
                rows, notes = self._filled(_read(Path(self.template)), marks)
            else:
                rows = self._made(marks)
        except SheetError as error:
            self.log.error("%s: %s", self.template or "export", error)
            raise SystemExit(1) from None
        for mark in marks:
            if mark.needs_manual_grade:
                notes.append(f"{mark.person.id}: {mark.assignment} still needs manual grading.")
        for note in notes:
            self.log.warning("%s", note)
        path = Path(self.to or self.default_name)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        self.log.info("%d marks written to %s", len(marks), path)

    _made: Callable[[list[Mark]], Rows]
    _filled: Callable[[Rows, list[Mark]], tuple[Rows, list[str]]]


class CanvasExport(_SheetExport):
    """For Canvas: Grades > Import. As template, Canvas's own export of the gradebook."""

    default_name = "canvas.csv"

    def _made(self, marks: list[Mark]) -> Rows:
        return canvas_sheet(marks)

    def _filled(self, rows: Rows, marks: list[Mark]) -> tuple[Rows, list[str]]:
        return fill_canvas(rows, marks)


class MoodleExport(_SheetExport):
    """For Moodle: Grades > Import > CSV. As template, an assignment's grading worksheet, which goes back there."""

    identifier = Unicode("Identifier", help="what the worksheet calls its column of participants").tag(config=True)
    grade = Unicode("Grade", help="what the worksheet calls its column of grades").tag(config=True)
    default_name = "moodle.csv"

    def _made(self, marks: list[Mark]) -> Rows:
        return moodle_sheet(marks)

    def _filled(self, rows: Rows, marks: list[Mark]) -> tuple[Rows, list[str]]:
        return fill_moodle(rows, marks, self.identifier, self.grade)


class EverythingExport(ExportPlugin):
    """All that the gradebook knows of its learners, cell by cell; `scalable-ai restore` takes it back."""

    def export(self, gradebook: Gradebook) -> None:
        """Write all rows."""
        path = Path(self.to or "everything.csv")
        write(path, rows_of(gradebook, self.assignment, self.student))
        self.log.info("everything written to %s", path)


def _read(path: Path) -> Rows:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeError) as error:
        raise SheetError(f"it cannot be read ({error}).") from None
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = ";" if head.count(";") > head.count(",") else ","
    try:
        return [row for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter) if row]
    except csv.Error as error:
        raise SheetError(f"it is not CSV ({error}).") from None
