"""The runner of scripts: what a fresh Python would find wrong with a lesson, it finds wrong too."""

from __future__ import annotations

import sys
import time

import pytest

from tests.scripts import Job, Scripts, run_fresh

WARNS = "import warnings\nwarnings.warn('{words}', DeprecationWarning)\nprint('went on')\n"
STORIES = {
    "good": ("import os\nopen('here', 'w').close()\nprint(__name__, os.path.exists('here'))", 0, "__main__ True", ""),
    "error": ("print('first')\nraise ValueError('a planted error')", 1, "first", "ValueError: a planted error"),
    "status": ("import sys\nsys.exit(3)", 3, "", ""),
    "missing_import": ("torch.zeros(1)", 1, "", "NameError: name 'torch' is not defined"),
    "own_deprecation": (WARNS.format(words="old"), 1, "", "DeprecationWarning: old"),
    "allowed_deprecation": (WARNS.format(words="`torch.jit.script` is old"), 0, "went on", ""),
    "other_deprecation": (WARNS.format(words="`torch.save` is old"), 1, "", "DeprecationWarning"),
    "library_deprecation": (
        "import warnings\nwarnings.warn_explicit('old', DeprecationWarning, 'library.py', 1, module='library')",
        0,
        "",
        "",
    ),
    "leaves_nothing_behind": ("import torch\nprint(hasattr(torch, 'planted'))\ntorch.planted = 1", 0, "False", ""),
    "leaves_nothing_behind_again": (
        "import torch\nprint(hasattr(torch, 'planted'))\ntorch.planted = 1",
        0,
        "False",
        "",
    ),
    "waits_for_threads": (
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.3), print('later'))).start()",
        0,
        "later",
        "",
    ),
    "asks": ("input()", 1, "", "EOFError"),
    "crash": ("import os\nos.kill(os.getpid(), 9)", -9, "", ""),
}
ALLOWED = {"allowed_deprecation": "`torch.jit.", "other_deprecation": "`torch.jit."}

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")


def job(folder, name):
    path = folder / f"{name}.py"
    path.write_text(STORIES[name][0], encoding="utf-8")
    return Job(str(path), str(folder / name), ALLOWED.get(name, ""))


@pytest.fixture(scope="module")
def forked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stories")
    scripts = Scripts([job(folder, name) for name in STORIES], 3, ("torch",))
    yield folder, scripts
    scripts.close()


def assert_is(done, name):
    _, status, out, err = STORIES[name]
    assert done.returncode == status, done.stderr
    assert done.stdout.strip().startswith(out)
    assert err in done.stderr
    if name.endswith("_deprecation") and status:
        assert "went on" not in done.stdout


@needs_linux
@pytest.mark.parametrize("name", STORIES)
def test_a_fork_tells_the_story_of_a_script(forked, name):
    folder, scripts = forked
    assert_is(scripts.result(folder / f"{name}.py"), name)


@pytest.mark.parametrize("name", ["good", "error", "own_deprecation", "allowed_deprecation", "other_deprecation"])
def test_a_fresh_process_tells_the_same(tmp_path, name):
    assert_is(run_fresh(job(tmp_path, name)), name)


@needs_linux
def test_scripts_run_side_by_side_and_closing_ends_them(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(
            f"import os, time\nopen('../{name}', 'w').close()\n"
            "while not (os.path.exists('../one') and os.path.exists('../two')):\n    time.sleep(0.01)"
        )
    (tmp_path / "long.py").write_text("import time\nopen('../long', 'w').close()\ntime.sleep(600)")
    names = ("one", "two", "long")
    scripts = Scripts([Job(str(tmp_path / f"{name}.py"), str(tmp_path / f"in_{name}")) for name in names], 3, ())
    try:
        assert [scripts.result(tmp_path / f"{name}.py").returncode for name in ("one", "two")] == [0, 0]
        deadline = time.monotonic() + 60
        while not (tmp_path / "long").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (tmp_path / "long").exists()
    finally:
        scripts.close()
    with pytest.raises(RuntimeError, match="has ended"):
        scripts.result(tmp_path / "long.py")
