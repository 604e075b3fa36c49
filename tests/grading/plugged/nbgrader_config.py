"""What any course adds to its nbgrader configuration; `make test-nbgrader` runs nbgrader's own tests with it."""

from scalable_ai.grading import use_engine

c = get_config()  # noqa: F821 - nbgrader gives it
use_engine(c)
