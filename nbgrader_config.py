"""nbgrader's configuration: where the course lies, and the course's own preprocessors."""

from nbgrader import preprocessors as stock

from scalable_ai.grading import preprocessors as ours
from scalable_ai.grading.exporter import SubmissionExporter

c = get_config()  # noqa: F821 - nbgrader gives it

c.CourseDirectory.course_id = "scalable-ai"
c.CourseDirectory.source_directory = "source"  # built by `make build`
c.CourseDirectory.release_directory = "chapters"

c.GenerateAssignment.preprocessors = [
    stock.LockCells,
    ours.ClearAnswers,
    stock.ClearOutput,
    stock.CheckCellMetadata,
    stock.ComputeChecksums,
    stock.SaveCells,
    ours.Stamp,
    stock.CheckCellMetadata,
]

c.Autograde.exporter_class = SubmissionExporter
c.Autograde.sanitize_preprocessors = [ours.RebuildSubmission]
c.Autograde.autograde_preprocessors = [
    ours.JudgedExecute,
    stock.IgnorePattern,
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    stock.LimitOutput,
    ours.SaveMarks,
    stock.AssignLatePenalties,
]

c.JudgedExecute.timeout = 20  # seconds a cell
c.JudgedExecute.judge_time_limit = 180  # seconds an exercise
