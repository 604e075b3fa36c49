"""Marks as others take them: for Canvas, for Moodle, and all that a gradebook holds, for another gradebook."""

from scalable_ai.grading.export.plugins import CanvasExport, EverythingExport, MoodleExport

__all__ = ["CanvasExport", "EverythingExport", "MoodleExport"]
