"""Ordinary nbgrader test cells, judged outside the learner's kernel."""

from scalable_ai.grading.foreign.bench import ForeignBench
from scalable_ai.grading.foreign.outcome import ForeignVerdict

__all__ = ["ForeignBench", "ForeignVerdict"]
