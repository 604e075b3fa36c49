"""Hand-ins on a Dask cluster: the marks of a batch here, whatever becomes of workers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from scalable_ai.grading.batch import station
from scalable_ai.grading.batch.hand_in import installed, packages
from tests.grading.batch.klass import (
    command,
    graded_stamps,
    halves,
    hand_in_class,
    left_behind,
    marks,
    new_course,
    run,
    surroundings,
)
from tests.grading.batch.test_batch import one_sentence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks for workers among processes")

DASK = str(Path(sys.executable).with_name("dask"))
MAY_HAVE_CHILDREN = {"DASK_DISTRIBUTED__WORKER__DAEMON": "False"}


class Workers:
    """A scheduler, and workers that join it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.environment = {**surroundings(root), "DASK_LOGGING__DISTRIBUTED": "critical"}
        self.folder, self.processes = folder, []
        self._file = folder / "scheduler.json"
        self._start("scheduler", "--port", "0", "--no-dashboard")

    def _start(self, what: str, *arguments: str, **environment: str) -> psutil.Process:
        line = [DASK, what, "--scheduler-file", str(self._file), *arguments]
        surroundings = {**self.environment, **environment}
        process = psutil.Popen(line, cwd=self.folder, env=surroundings, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def join(self, **environment: str) -> psutil.Process:
        """Start a worker with its nanny, which starts a lost one anew."""
        arguments = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder))
        return self._start("worker", *arguments, **{**MAY_HAVE_CHILDREN, **environment})

    @property
    def address(self) -> str:
        """Where the scheduler answers."""
        while True:
            try:
                return json.loads(self._file.read_text())["address"]
            except (OSError, ValueError):
                time.sleep(0.05)

    def close(self) -> None:
        """End them, and all that they started."""
        family = [member for process in self.processes for member in [process, *process.children(recursive=True)]]
        for member in family:
            member.kill()
        psutil.wait_procs(family, 10)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """Return a course with the hand-ins of a class, and the marks that are due."""
    made = new_course(tmp_path_factory.mktemp("cluster") / "course")
    return made.root, hand_in_class(made, 8)


@pytest.fixture
def course(untouched, tmp_path):
    """Return a copy of that course, and the marks that are due."""
    root, due = untouched
    shutil.copytree(root, tmp_path / "course")
    return tmp_path / "course", due


@pytest.fixture
def workers(course, tmp_path):
    """Return a scheduler without workers."""
    (tmp_path / "cluster").mkdir()
    made = Workers(course[0], tmp_path / "cluster")
    yield made
    made.close()


def test_a_cluster_of_its_own_gives_the_marks_that_are_due(course):
    root, due = course
    said = run(root, "--scheduler=local", "--workers=2")
    assert said.returncode == 0, said.stdout + said.stderr
    assert marks(root) == due
    assert halves(root) == []
    assert left_behind(root) == []


def test_a_lost_worker_costs_nothing_and_what_is_done_is_not_repeated(course, workers):
    root, due = course
    nannies = [workers.join(), workers.join()]
    line = command(f"--scheduler={workers.address}")
    with subprocess.Popen(line, cwd=root, env=surroundings(root), stdout=subprocess.PIPE, text=True) as batch:
        while not marks(root):
            assert batch.poll() is None
            time.sleep(0.02)
        for worker in nannies[0].children():
            worker.kill()
        said, _ = batch.communicate(timeout=120)
    assert batch.returncode == 0, said
    assert marks(root) == due
    assert halves(root) == []
    before = graded_stamps(root)
    assert "8 unchanged" in run(root, f"--scheduler={workers.address}").stdout
    assert graded_stamps(root) == before


def test_a_batch_that_is_killed_is_gone_on_with(course, workers):
    root, due = course
    workers.join()
    line = command(f"--scheduler={workers.address}")
    with subprocess.Popen(line, cwd=root, env=surroundings(root), stdout=subprocess.DEVNULL) as batch:
        while len(marks(root)) < 2:
            assert batch.poll() is None
            time.sleep(0.02)
        batch.kill()
    done = graded_stamps(root)
    assert halves(root) == []
    assert run(root, f"--scheduler={workers.address}").returncode == 0
    assert marks(root) == due
    after = graded_stamps(root)
    assert len([name for name in done if after[name] == done[name]]) >= len(done) - 1


def test_a_scheduler_that_does_not_answer_is_said(course):
    root, _ = course
    one_sentence(run(root, "--scheduler=tcp://127.0.0.1:9"), "no Dask scheduler answers there")
    one_sentence(run(root, "--scheduler=nonsense://x"), "no Dask scheduler answers there")


def test_workers_that_may_not_start_processes_are_said(course, workers):
    workers.join(DASK_DISTRIBUTED__WORKER__DAEMON="True")
    one_sentence(run(course[0], f"--scheduler={workers.address}"), "DASK_DISTRIBUTED__WORKER__DAEMON=False")


def test_workers_with_other_packages_are_said(course, workers, tmp_path):
    (tmp_path / "other" / "strange-1.0.dist-info").mkdir(parents=True)
    (tmp_path / "other" / "strange-1.0.dist-info" / "METADATA").write_text("Name: strange\nVersion: 1.0\n")
    workers.join(PYTHONPATH=os.pathsep.join([workers.environment["PYTHONPATH"], str(tmp_path / "other")]))
    one_sentence(run(course[0], f"--scheduler={workers.address}"), "not the same is installed there (strange 1.0)")


def test_workers_that_do_not_see_the_course_are_told_which_folder(tmp_path):
    assert str(tmp_path / "no") in station.look(str(tmp_path / "no" / "course" / "token"), packages(), installed())


def test_a_second_note_of_the_same_package_makes_no_difference(tmp_path):
    ask = "from scalable_ai.grading.batch.hand_in import packages; print(packages())"
    (tmp_path / "scalable_ai.egg-info").mkdir()
    (tmp_path / "scalable_ai.egg-info" / "PKG-INFO").write_text(
        f"Name: scalable-ai\nVersion: {version('scalable-ai')}\n"
    )
    said = [
        subprocess.run([sys.executable, "-c", ask], cwd=folder, capture_output=True, text=True, check=True).stdout
        for folder in (tmp_path, Path(sys.prefix))
    ]
    assert said[0] == said[1]
