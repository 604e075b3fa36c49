"""The instructor's guide: every command of the page, run in its order, by a class of three."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

from scalable_ai.grading.rebuild import is_answer
from tests.grading.batch.klass import COURSE, LIGHT, RIGHT, marks
from tests.grading.conftest import ROOT, SCALES, SHORT_LIMITS, TOTALS
from tests.grading.formgrader import KEY, Formgrader
from tests.grading.intake.parcels import put, zipped

GUIDE = ROOT / "docs" / "instructor.md"
CHAPTER = "ch1_introduction"
PEOPLE = {"GIT_AUTHOR_NAME": "i", "GIT_AUTHOR_EMAIL": "i@x", "GIT_COMMITTER_NAME": "i", "GIT_COMMITTER_EMAIL": "i@x"}
INSTALL = """set -eu
mkdir -p .venv/bin
echo 'export PATH="{bin}:$PATH"' > .venv/bin/activate
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guide is for grading on Linux")


def blocks():
    """Return the guide's blocks of commands."""
    return re.findall(r"^```bash\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), flags=re.S | re.M)


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, env={**os.environ, **PEOPLE}, capture_output=True)


def course_repository(folder):
    """Return a small course as a repository, with the real Makefile; what it installs is there already."""
    for name in ("solutions", "graders"):
        shutil.copytree(
            COURSE / name / "ch1_sums", folder / name / CHAPTER, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("Makefile", ".gitignore"):
        shutil.copy(ROOT / name, folder / name)
    put(folder / "requirements.sh", INSTALL.format(bin=Path(sys.executable).parent).encode())
    config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8") + SHORT_LIMITS
    put(folder / "nbgrader_config.py", config.encode())
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "the course")
    return folder


def notebook(root, name, exercises):
    """Return a learner's notebook with some answers right, as a file's content."""
    found = nbformat.read(root / "chapters" / CHAPTER / f"{name}.ipynb", as_version=4)
    for cell in found.cells:
        if is_answer(cell) and cell.metadata.nbgrader.grade_id in exercises:
            cell.source = RIGHT[cell.metadata.nbgrader.grade_id]
    return nbformat.writes(found).encode()


def edit_a_lesson(root):
    path = root / "solutions" / CHAPTER / f"{TOTALS}.py"
    path.write_text(path.read_text(encoding="utf-8").replace("what a shift carries", "what our night shift carries"))


def hand_in(root):
    """Put down what platforms and people send: all of ann, half of bob, one lesson of cid."""
    whole = {name: notebook(root, name, RIGHT) for name in (TOTALS, SCALES)}
    half = {f"{name}.ipynb": notebook(root, name, ("total", "centered")) for name in (TOTALS, SCALES)}
    put(
        root / "canvas.zip",
        zipped({f"leeann_1001_90{n}_{name}.ipynb": raw for n, (name, raw) in enumerate(whole.items(), 10)}),
    )
    put(root / "moodle.zip", zipped({f"Bob Kim_2002_assignsubmission_file_/{name}": raw for name, raw in half.items()}))
    clone = root / "clones" / "chapter-1-cid"
    put(clone / CHAPTER / f"{TOTALS}.ipynb", notebook(root, TOTALS, ()))
    git(clone, "init", "--quiet")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "mine")
    put(root / "mail" / "bob.zip", zipped({f"work/{name}": raw for name, raw in half.items()}))
    put(root / "ch1_introduction.zip", zipped({f"{CHAPTER}/{TOTALS}.ipynb": notebook(root, TOTALS, RIGHT)}))


def mend_a_check(root):
    path = root / "graders" / CHAPTER / f"{TOTALS}.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# mended\n", encoding="utf-8")


def platforms_files(root):
    canvas = [["Student", "ID", "SIS Login ID", "Section", "Essay (1)", "Ch1 introduction (2)"],
              ["    Points Possible", "", "", "", "5", "10"], ["Kim, Bob", "2002", "b", "A", "4", ""]]  # fmt: skip
    moodle = [["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"],
              ["Participant 2002", "Bob Kim", "bob@example.org", "", "10.00", "-"]]  # fmt: skip
    for name, rows in (("from-canvas.csv", canvas), ("from-moodle.csv", moodle)):
        with (root / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)


class Shell:
    """One shell for all blocks, as a person has."""

    def __init__(self, folder, environment):
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.process = subprocess.Popen(["bash"], cwd=folder, env=environment, start_new_session=True, **options)
        self.run("set -euo pipefail")

    def run(self, commands):
        """Run a block and return what it said; fail where a command of it failed."""
        # In braces, so that no command reads the blocks that follow.
        self.process.stdin.write(f"{{\n{commands}\n}} < /dev/null\necho; echo '--- done'\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line == "--- done\n":
                return "".join(said)
            said.append(line)
        pytest.fail(f"this block of the guide failed:\n{commands}\nIt said:\n{''.join(said)[-3000:]}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def look_with_formgrader(shell, command, root, port):
    """Run the block that does not end, ask formgrader for the class, and end it."""
    shell.run(f"{command.strip()} > lab.log 2>&1 &\nSERVER=$!")
    formgrader = Formgrader(f"http://127.0.0.1:{port}")
    try:
        for _ in range(1200):
            try:
                rows = json.loads(formgrader.ask(f"/formgrader/api/submissions/{CHAPTER}"))
                break
            except OSError:
                time.sleep(0.2)
        return {row["student"]: row["score"] for row in rows}
    finally:
        shell.run("kill $SERVER; wait $SERVER || true")


def test_the_guide_leads_from_an_empty_machine_to_marks_and_feedback(tmp_path):
    course_repository(tmp_path / "upstream")
    git(tmp_path, "init", "--quiet", "--bare", "fork.git")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    extensions = {"nbgrader.server_extensions.formgrader": True}
    server = {"port": port, "allow_root": True, "jpserver_extensions": extensions}
    config = {"ServerApp": server, "IdentityProvider": {"token": KEY}}
    put(tmp_path / "config" / "jupyter_server_config.json", json.dumps(config).encode())
    light = shutil.copytree(LIGHT, tmp_path / "light", ignore=shutil.ignore_patterns("matplotlib.py", "__pycache__"))
    path = os.pathsep.join(filter(None, [str(light), os.environ.get("PYTHONPATH")]))  # kernels need no torch here
    places = {"COURSE": tmp_path / "upstream", "FORK": tmp_path / "fork.git", "JUPYTER_CONFIG_DIR": tmp_path / "config"}
    places = {name: str(place) for name, place in places.items()}
    environment = {**os.environ, **PEOPLE, **places, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    root = tmp_path / "my-course"
    before = {
        "scalable-ai build\ngit commit": edit_a_lesson,
        'scalable-ai collect "$CHAPTER" canvas.zip moodle.zip': hand_in,
        "scalable-ai build\nnbgrader generate": mend_a_check,
        "nbgrader export --to": platforms_files,
    }
    shell, said, done = Shell(tmp_path, environment), {}, set()
    try:
        for number, block in enumerate(blocks()):
            for start, prepare in before.items():
                if block.startswith(start):
                    prepare(root)
                    done.add(start)
            if block.startswith("jupyter lab"):
                scores = look_with_formgrader(shell, block, root, port)
            else:
                said[number] = shell.run(block)
    finally:
        shell.close()
    assert done == set(before), "the guide has changed: say here what people do between its blocks"
    everything = "\n".join(said.values())
    assert scores == {"ann": 10, "bob": 6, "cid": 5}
    assert marks(root) == {"ann": 10, "bob": 6, "cid": 5}
    for text in (
        "none is inside",
        "3 new, 1 unchanged; 0 refused",
        "1 replaced; 0 refused",
        "24 rows of everything.csv",
    ):
        assert text in everything, text
    assert everything.count("3 graded in") == 2, "a mended check concerns everybody"
    with zipfile.ZipFile(root / "course-for-learners.zip") as archive:
        assert f"course/chapters/{CHAPTER}/{TOTALS}.ipynb" in archive.namelist()
        assert "our night shift" in archive.read(f"course/chapters/{CHAPTER}/{TOTALS}.ipynb").decode()
    with (root / "grades.csv").open() as file:
        final = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert final == {"ann": 0, "bob": 6, "cid": 5}, "ann was late"
    assert [row[-1] for row in csv.reader((root / "canvas.csv").open())] == ["Ch1 introduction (2)", "10", "6"]
    assert [row[3] for row in csv.reader((root / "moodle.csv").open())] == ["Grade", "6"]
    assert (root / "reports" / CHAPTER / "index.html").is_file()
    for learner, name in (("ann", SCALES), ("bob", TOTALS), ("cid", TOTALS)):
        assert (root / "feedback" / learner / CHAPTER / f"{name}.html").is_file()
    log = subprocess.run(["git", "-C", root, "log", "--format=%s"], capture_output=True, text=True, check=True).stdout
    assert log.splitlines()[0] == "Our dates and examples"
