"""Grades all hand-ins of an assignment: in parallel, resumable, with one writer to the gradebook."""
