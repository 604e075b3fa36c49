"""Ordinary nbgrader test cells, judged outside the learner's kernel."""

from scalable_ai.grading.cell_verdict import ForeignVerdict
from scalable_ai.grading.foreign.bench import ForeignBench

__all__ = ["ForeignBench", "ForeignVerdict"]
