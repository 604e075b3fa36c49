"""The environment of a boxed process: the settings that programs need, and none of the instructor's secrets."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from scalable_ai.grading.sandbox.levels import NAMESPACES
from scalable_ai.grading.sandbox.namespaces import HOME

KEPT = re.compile(
    r"LANG|LANGUAGE|LC_\w+|TZ|TERM|LD_LIBRARY_PATH|PYTHON\w+|VIRTUAL_ENV|CONDA_PREFIX|(OMP|MKL|OPENBLAS|NUMEXPR)_\w+"
    r"|MPLBACKEND|TORCH_(?!\w*(KEY|TOKEN))\w+|PL_\w+|SCALABLE_AI_(?!WARM|SANDBOX)\w+|NBGRADER_EXECUTION"
    r"|JPY_SESSION_NAME|JPY_PARENT_PID|COLUMNS|LINES"
)


def of_box(environment: Mapping[str, str], level: str, runtime: Path) -> dict[str, str]:
    """Return what a boxed process sees of an environment, with a home and a temporary folder of its own."""
    kept = {name: value for name, value in environment.items() if KEPT.fullmatch(name)}
    home, temporary = (HOME, Path("/tmp")) if level == NAMESPACES else (runtime / "home", runtime / "tmp")
    programs = f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin"
    own = {
        "PATH": programs,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "USER": "learner",
        "LOGNAME": "learner",
        "SHELL": "/bin/sh",
    }
    return {**kept, **own}
