"""Mutation testing of the hidden checks: every reference answer with one small fault at a time, graded.

The libraries for this were looked at and do not fit. mutmut rewrites the functions of an installed package and lets
pytest judge; cosmic-ray rewrites modules on disk. Neither drops a statement, changes an axis, a slice or a reduction,
or removes a `detach`, and an answer is the text of a cell that only a lesson's namespace can run. What is here makes
mutants on Python's own `ast` and grades them as a gallery's answers are graded.
"""
