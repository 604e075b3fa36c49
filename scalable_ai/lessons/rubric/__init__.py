"""The rules that every lesson passes, one file a subject."""

from scalable_ai.lessons.rubric import answer, exercise, facts, files, lesson, readiness, style

__all__ = ["answer", "exercise", "facts", "files", "lesson", "readiness", "style"]
