"""Ordinary nbgrader test cells, judged outside the learner's kernel."""
