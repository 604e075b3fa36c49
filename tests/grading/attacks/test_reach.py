"""What a hand-in's code can reach outside its box: all of it as things stand without one, nothing in it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import time
from pathlib import Path

import pytest

from scalable_ai.grading import remote
from scalable_ai.grading.sandbox import DOES_NOT_HOLD, NAMESPACES
from tests.grading.attacks import reach
from tests.grading.conftest import RIGHT

START = """
import errno, json, os, re, resource, signal, socket, sqlite3
from scalable_ai.grading.sandbox.syscalls import call, prctl
found = {}
def attempt(name, function):
    try:
        found[name] = {"got": repr(function())[:200]}
    except BaseException as error:
        found[name] = {"error": type(error).__name__, "errno": getattr(error, "errno", None)}
"""
REFUSALS = {errno.EPERM, errno.ENOSYS}
NEED_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="without a box only root reaches all of it")


def script(places):
    """Return code that makes all attempts and writes down what they got: text, or an error's number or name."""
    lines = [START, *(f"{name} = {value!r}" for name, value in places.items())]
    for number, (name, body) in enumerate(reach.ALL.items()):
        lines += [f"def attempt_{number}():", textwrap.indent(body.strip(), "    ")]
        lines.append(f"attempt({name!r}, attempt_{number})")
    for name, arguments in reach.SYSTEM_CALLS.items():
        padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
        lines.append(f"attempt({name!r}, lambda: call({name!r}, *{padded}) + 1)")
    return "\n".join([*lines, "json.dump(found, open('found.json', 'w'))"])


@pytest.fixture
def places(scene, parents):
    return {**scene.places, "GRADER": remote.__file__, "PACKAGES": sysconfig.get_path("purelib")}


@NEED_ROOT
def test_without_a_box_all_of_it_is_reached(scene, places, tmp_path):
    decoy = tmp_path / "decoy"
    shutil.copytree(scene.folder, decoy, ignore=lambda folder, names: {"door"})
    shutil.copy(remote.__file__, decoy / "remote.py")
    moved = {
        name: value.replace(str(scene.folder), str(decoy)) if isinstance(value, str) and name != "LOCAL" else value
        for name, value in places.items()
    }
    moved |= {"GRADER": str(decoy / "remote.py"), "PACKAGES": str(decoy)}
    environment = {**os.environ, "INSTRUCTOR_TOKEN": scene.token}
    subprocess.run([sys.executable, "-c", script(moved)], cwd=tmp_path, env=environment, check=True)
    time.sleep(0.2)  # until those at the doors are noted
    scene.heard.clear()
    found = json.loads((tmp_path / "found.json").read_text())
    assert {name: found[name] for name in reach.ALL if not _is_got(found[name])} == {}
    # What the machine itself refuses, as a container's own filter does, tells nothing of the box.
    refused = {name for name in reach.SYSTEM_CALLS if _is_refused(found[name])}
    assert refused <= reach.MACHINES_REFUSE


def test_in_a_box_nothing_is_reached(attacked, scene, places, level):
    graded = attacked(RIGHT, extra=[script(places)], timeout=60)
    assert graded.scores == {"centered": 2, "clip": 3}
    found = json.loads((graded.folder / "found.json").read_text())
    assert set(found) == {*reach.ALL, *reach.SYSTEM_CALLS}
    reached = {name for name in reach.ALL if _is_got(found[name])}
    excused = {name for name, what in reach.NOT_HELD.items() if what in DOES_NOT_HOLD[level]}
    assert reached <= excused
    if "unix sockets" in DOES_NOT_HOLD[level]:
        time.sleep(0.2)
        assert set(scene.heard) <= {"local"}
        scene.heard.clear()
    assert {name: found[name] for name in reach.SYSTEM_CALLS if not _is_refused(found[name])} == {}
    assert not Path(places["PACKAGES"], "planted.pth").exists()
    assert level != NAMESPACES or not reached


def _is_got(what):
    return what.get("got", "None") not in {"None", "False", "0", "[]"}


def _is_refused(what):
    return what.get("errno") in REFUSALS
