"""The grading engine: nbgrader's commands and gradebook, with sandboxed kernels and a judge in a process of its own."""

from __future__ import annotations

from typing import Any


def use_engine(config: Any) -> None:
    """Have nbgrader grade with this engine; called in `nbgrader_config.py`, with `get_config()`.

    Only what reads, runs and marks a hand-in is replaced. Settings that stand after this call win.
    """
    from nbgrader import preprocessors as stock

    from scalable_ai.grading import preprocessors as ours
    from scalable_ai.grading.exporter import SubmissionExporter

    config.Autograde.exporter_class = SubmissionExporter
    config.Autograde.sanitize_preprocessors = [ours.RebuildSubmission]
    config.Autograde.autograde_preprocessors = [
        ours.JudgedExecute,
        stock.IgnorePattern,
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        stock.LimitOutput,
        ours.SaveMarks,
        stock.AssignLatePenalties,
    ]
