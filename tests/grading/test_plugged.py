"""A sample of nbgrader's own tests of autograde, with the engine plugged in; `make test-nbgrader` runs all."""

import os
import subprocess
import sys
from pathlib import Path

SAMPLE = "test_grade_autotest or test_hidden_tests_single_notebook"
ASK = """
from nbgrader.apps import AutogradeApp
app = AutogradeApp.instance()
app.initialize([])
print(app.config.Autograde.exporter_class)
"""
PLUGGED = Path(__file__).parent / "plugged"


def run(folder, *arguments):
    """Run this Python with the engine in the configuration that nbgrader finds."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "JUPYTER_CONFIG_PATH": str(PLUGGED)}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True)


def test_a_sample_of_nbgraders_own_tests(tmp_path):
    assert "SubmissionExporter" in run(tmp_path, "-c", ASK).stdout
    tests = ["--pyargs", "nbgrader.tests.apps.test_nbgrader_autograde", "-k", SAMPLE]
    result = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout
