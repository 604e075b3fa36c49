"""A sample of nbgrader's own tests of its autograde command, with the engine plugged in; `make test-nbgrader` runs all."""

import os
import subprocess
import sys
from pathlib import Path

SAMPLE = "test_grade_autotest or test_hidden_tests_single_notebook"
PLUGGED = Path(__file__).parent / "plugged"


def test_a_sample_of_nbgraders_own_tests(tmp_path):
    tests = ["--pyargs", "nbgrader.tests.apps.test_nbgrader_autograde", "-k", SAMPLE]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "JUPYTER_CONFIG_DIR": str(PLUGGED)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout
