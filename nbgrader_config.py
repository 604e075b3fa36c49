"""nbgrader's configuration: where the course lies, how its assignments are made, and who grades."""

from nbgrader import preprocessors as stock

from scalable_ai.grading import preprocessors as ours
from scalable_ai.grading import use_engine

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

use_engine(c)

c.FileNameCollectorPlugin.valid_ext = [".ipynb", ".onnx"]  # the final capstone's model is handed in too

# All limits of grading stand here.
c.JudgedExecute.timeout = 20  # seconds a cell; an answer has less where the reference answer is quick
c.JudgedExecute.notebook_timeout = 300  # seconds a notebook
c.JudgedExecute.judge_time_limit = 180  # seconds for judging one exercise
c.JudgedExecute.limits = {"memory": 4 * 2**30, "disk": 2 * 2**30, "processes": 256}  # bytes, bytes, number
