"""`scalable-ai lab`: JupyterLab with warm kernels where they are possible, and without a word where they are not."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from types import SimpleNamespace

import anyio.to_thread
import pytest
from jupyter_server.services.config import ConfigManager

from scalable_ai import lab
from scalable_ai.cli import main
from scalable_ai.lab.command import end_workers
from scalable_ai.lab.folders import LabError, find_folders

SAVING = "@jupyterlab/docmanager-extension:plugin"


@pytest.fixture
def launched(monkeypatch):
    """Return what JupyterLab was started with, and whether the parent runs, in order."""
    said = []
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/mine")
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", lambda argv: said.append(("lab", argv)))
    parent = SimpleNamespace(
        launch=lambda: said.append(("parent", "started")), stop=lambda: said.append(("parent", "stopped"))
    )
    # Stands in for the real one, which only Linux can import.
    module = SimpleNamespace(lab_parent=parent, register=lambda: "warm")
    monkeypatch.setitem(sys.modules, "scalable_ai.lab.provisioner", module)
    monkeypatch.setattr(lab, "provisioner", module, raising=False)
    return said


def test_on_linux_the_parent_imports_while_jupyterlab_starts_and_ends_with_it(launched, learner, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    assert main(["lab", "--no-browser", "--port=9"]) == 0
    (_, first), (_, options), (_, last) = launched
    assert (first, last) == ("started", "stopped")
    assert options[0] == f"--ServerApp.root_dir={learner.folders.work}"
    assert options[1] == "--LabApp.default_url=/lab/tree/start.ipynb"
    assert (learner.folders.work / "start.ipynb").is_file()
    assert "--KernelProvisionerFactory.default_provisioner_name=warm" in options
    assert options[-2:] == ["--no-browser", "--port=9"]


def test_elsewhere_jupyterlab_starts_with_its_ordinary_kernels(launched, learner, monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setitem(sys.modules, "scalable_ai.lab.provisioner", None)  # whose import would fail there
    assert main(["lab"]) == 0
    assert [what for what, _ in launched] == ["lab"]
    assert not any("provisioner" in option for option in launched[0][1])


def test_notebooks_are_saved_soon_and_the_learners_own_settings_stay(launched, learner):
    main(["lab"])
    assert ConfigManager(config_dir_name="labconfig").get("default_setting_overrides")[SAVING]["autosaveInterval"] == 10
    assert os.environ["JUPYTER_CONFIG_PATH"].endswith(f"{os.pathsep}/mine")


def test_what_has_changed_is_said(launched, learner, capsys):
    main(["lab"])
    assert capsys.readouterr().out == ""
    learner.answer("count_pairs", "listed = by_rule = 6")
    learner.give("text")
    main(["lab"])
    assert capsys.readouterr().out.startswith("work/ch1_growth/lesson_1_1_counting.ipynb is new, with your answers")


def test_a_folder_that_cannot_be_written_is_one_sentence(launched, learner, capsys):
    learner.folders.work.write_text("a file in its place")
    assert main(["lab"]) == 1
    assert "work" in capsys.readouterr().err
    assert not any(what == "lab" for what, _ in launched)


def test_the_parent_ends_when_jupyterlab_fails(launched, learner, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")

    def fail(argv):
        raise SystemExit(1)

    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", fail)
    with pytest.raises(SystemExit):
        main(["lab"])
    assert launched[-1] == ("parent", "stopped")


def test_outside_of_a_course_one_sentence_says_so(launched, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SCALABLE_AI_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["lab"]) == 1
    assert "there are no lessons here or above" in capsys.readouterr().err
    assert launched == []


def test_the_variable_names_another_course(learner, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("SCALABLE_AI_COURSE", str(learner.folders.root))
    assert find_folders().root == learner.folders.root
    with pytest.raises(LabError):
        find_folders(elsewhere)


def test_a_server_that_is_ended_while_it_answers_leaves_no_thread_that_python_would_wait_for():
    loop, workers = asyncio.new_event_loop(), []

    async def answer():
        workers.append(await anyio.to_thread.run_sync(threading.current_thread))
        loop.stop()
        await asyncio.sleep(3600)

    task = loop.create_task(answer())
    loop.run_forever()
    end_workers()
    workers[0].join(60)
    assert not workers[0].is_alive()
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()
