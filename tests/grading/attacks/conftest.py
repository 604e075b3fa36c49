"""The scene of the attacks, kernels at each level of isolation, and what must hold after each attack."""

from __future__ import annotations

import os
import sys

import pytest

from scalable_ai.grading import provisioner, warm
from scalable_ai.grading.court import court_of
from scalable_ai.grading.sandbox import LANDLOCK, NAMESPACES
from scalable_ai.grading.sandbox.levels import LEVELS, VARIABLE
from scalable_ai.grading.warm import WarmParent, warm_parent
from tests.grading.conftest import RIGHT, ROOT

pytest.register_assert_rewrite("tests.grading.attacks.scene")
from tests.grading.attacks.scene import Boxes, Scene, grade  # noqa: E402

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]


@pytest.fixture(scope="session")
def scene():
    """Return the course under attack; the canaries are in its instructor's environment and home, too."""
    scene = Scene()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INSTRUCTOR_TOKEN", scene.token)
        patch.setenv("HOME", str(scene.home))
        yield scene
    court_of(scene.course).close()
    scene.close()


OPENER = """#!{python}
import os, sys
sys.path.insert(0, {root!r})
from tests.grading.sandbox.stage import open_the_interpreter
open_the_interpreter()
os.execv({python!r}, [{python!r}, *sys.argv[1:]])
"""


@pytest.fixture(scope="session")
def parents(scene, tmp_path_factory):
    """Return a warm parent for each level."""
    lower = WarmParent()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, LANDLOCK)
        if os.getuid() == 0:  # other users may not be able to run the interpreter of root's own home folder
            opener = tmp_path_factory.mktemp("opener") / "python"
            opener.write_text(OPENER.format(python=sys.executable, root=str(ROOT)))
            opener.chmod(0o755)
            patch.setattr(sys, "executable", str(opener))
        lower.start()
    warm_parent.stop()  # one that was started before has no canary in its home
    warm_parent.start()
    # The judge imports torch: where a machine is busy, not within the time that an attack has.
    grade(scene, RIGHT, tmp_path_factory.mktemp("first"), time_limit=200, allow_unsandboxed=True)
    yield {NAMESPACES: warm_parent, LANDLOCK: lower}
    lower.stop()


@pytest.fixture(scope="session")
def boxes():
    """Return a list of all kernels forked from here on."""
    boxes = Boxes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WarmParent, "fork", boxes.note(WarmParent.fork))
        yield boxes


def at_level(parents, monkeypatch, level):
    """Have kernels boxed at a level."""
    if LEVELS.index(parents[level].level) > LEVELS.index(level):
        pytest.skip(f"this machine has no better isolation than '{parents[level].level}'")
    for module in (provisioner, warm):
        monkeypatch.setattr(module, "warm_parent", parents[level])


@pytest.fixture(params=[NAMESPACES, LANDLOCK])
def level(request, parents, monkeypatch):
    """Have the test's kernels boxed at each level in turn."""
    at_level(parents, monkeypatch, request.param)
    return request.param


@pytest.fixture
def best(parents, monkeypatch):
    """Have the test's kernels boxed at the best level."""
    at_level(parents, monkeypatch, NAMESPACES)
    return NAMESPACES


@pytest.fixture
def attacked(scene, boxes, parents, tmp_path):
    """Return a way to grade an attack; afterwards all is as it was, and the next hand-in gets its marks."""

    def run(answers, **settings):
        folder = tmp_path / f"hand-in-{len(os.listdir(tmp_path))}"
        folder.mkdir()
        graded = grade(scene, answers, folder, **settings)
        graded.folder = folder
        return graded

    yield run
    scene.assert_untouched()
    boxes.assert_gone()


@pytest.fixture
def next_one(attacked):
    """Check after an attack that the next hand-in gets its marks."""
    yield
    assert attacked(RIGHT).scores == {"centered": 2, "clip": 3}
