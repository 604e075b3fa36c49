"""The learner's archive: what is in it, and that no answer gets into it, however it is wrapped."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import lzma
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalable_ai.cli import main
from scalable_ai.course import Course
from scalable_ai.lessons import bundle as bundle_module
from scalable_ai.lessons.build import build_all
from scalable_ai.lessons.bundle import BundleError, bundle, prove
from scalable_ai.lessons.readable import texts_in
from scalable_ai.lessons.secrets import Search, find_secrets
from tests.lessons.conftest import SMALL_COURSE

ROOT = Path(__file__).parents[2]
ANSWER = "sizes = Counter(streets)\n\npairs_inside = sum(comb(size, 2) for size in sizes.values())"
CHECK = 'compare("group_cost", given=lambda rng: {"streets": list("aabbbc")}, want=["pairs_inside"])'
GALLERY = "pairs_inside = 0\nfor street in set(streets):\n    pairs_inside += comb(streets.count(street), 2)"


@pytest.fixture(scope="module")
def built():
    """Return the small course's lessons."""
    built, errors = build_all(Course(SMALL_COURSE))
    assert not errors
    return built


@pytest.fixture(scope="module")
def search(built):
    """Return a search for the small course's secrets."""
    return Search(find_secrets(Course(SMALL_COURSE), built))


def names_in(path):
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_it_holds_notebooks_and_pages_and_nothing_of_the_instructors(small, monkeypatch, capsys):
    root = small.course.root
    (root / "datasets").mkdir()
    (root / "datasets" / "mine.md").write_text("# A card", encoding="utf-8")
    (root / "datasets" / "mine.bin").write_bytes(b"\0" * 9)
    (root / "Makefile").write_text("A := 1\n\n.PHONY: lab test\n\nlab: install  ## open\n\t@lab\n\ntest:\n\t@test\n")
    (root / "requirements.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    monkeypatch.chdir(root)
    assert main(["bundle", "--out", "out/learners.zip"]) == 0
    assert "none is inside" in capsys.readouterr().out
    names = names_in(root / "out" / "learners.zip")
    chapter = "course/chapters/ch1_growth"
    assert {f"{chapter}/lesson_1_1_counting.ipynb", f"{chapter}/capstone_1.ipynb", "course/README.md"} <= names
    assert {"course/chapters/README.md", "course/datasets/mine.md"} <= names
    assert not [name for name in names if "graders" in name or "solutions" in name or name.endswith(".bin")]
    with zipfile.ZipFile(root / "out" / "learners.zip") as archive:
        assert (
            archive.read("course/Makefile").decode()
            == "A := 1\n\n.PHONY: help install lab\n\nlab: install  ## open\n\t@lab\n"
        )
        assert archive.getinfo("course/requirements.sh").external_attr >> 16 & stat.S_IXUSR
    first = (root / "out" / "learners.zip").read_bytes()
    assert main(["bundle", "--out", "out/learners.zip"]) == 0
    assert (root / "out" / "learners.zip").read_bytes() == first


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ANSWER, "the reference answer to 'group_cost' of ch1_growth/capstone_1"),
        (CHECK, "the hidden check in graders/ch1_growth/capstone_1.py, line 3,"),
        (GALLERY, "the gallery's right answer 'loop' to 'group_cost'"),
        ("\n".join([*GALLERY.splitlines()[:1], "    for a in b:"]), ""),
    ],
)
def test_a_leak_is_named_and_nothing_is_written(small, monkeypatch, capsys, text, named):
    root = small.course.root
    (root / "deploy").mkdir()
    (root / "deploy" / "notes.md").write_text(f"# Notes\n\n```python\n{text}\n```\n", encoding="utf-8")
    monkeypatch.chdir(root)
    Path("kept.zip").write_bytes(b"an earlier one")
    status = main(["bundle", "--out", "kept.zip"])
    said = capsys.readouterr().err
    assert (status, named in said) == (1 if named else 0, True)
    if named:
        assert "deploy/notes.md" in said
        assert said.count("\n") == 1
        assert Path("kept.zip").read_bytes() == b"an earlier one"
    assert not list(root.glob("*.part"))


def test_a_notebook_that_was_not_cleared_is_found(small, monkeypatch):
    """The search does not lean on what should have removed the answers."""
    built, _ = build_all(small.course)
    leaky = [type(item)(item.lesson, item.source_path, item.source, item.release_path, item.source) for item in built]
    with pytest.raises(BundleError, match=r"\.ipynb: the reference answer to 'group_cost'"):
        bundle(small.course, leaky, {}, small.course.root / "learners.zip")
    monkeypatch.setattr(bundle_module, "TAKEN", ("graders/**/*",))
    with pytest.raises(BundleError, match="this belongs to the instructor"):
        bundle(small.course, built, {}, small.course.root / "learners.zip")


def zipped(raw, name="a.txt"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, raw)
    return buffer.getvalue()


def tarred(raw):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = len(raw)
        archive.addfile(info, io.BytesIO(raw))
    return buffer.getvalue()


def notebook(raw):
    text = raw.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text)])).encode()


WRAPPINGS = {
    "zip": zipped,
    "tar.xz": tarred,
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "base64": base64.b64encode,
    "data in JSON": lambda raw: json.dumps({"blob": base64.b64encode(raw).decode()}).encode(),
}
DISGUISES = {
    "plain": str.encode,
    "notebook": lambda text: notebook(text.encode()),
    "commented out": lambda text: "\n".join(f"# {line}" for line in text.splitlines()).encode(),
    "quoted": lambda text: "\n".join(f"> {line}" for line in text.splitlines()).encode(),
    "indented": lambda text: "\n".join(f"\t  {line}" for line in text.splitlines()).encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "Windows": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "HTML": lambda text: html.escape(text).encode(),
    "a string of Python's": lambda text: repr(text).encode(),
    "a string of JSON's in a notebook": lambda text: notebook(json.dumps(text).encode()),
}


@given(
    st.sampled_from([ANSWER, CHECK, GALLERY]),
    st.sampled_from(sorted(DISGUISES)),
    st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=3),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_a_secret_is_found_however_it_is_wrapped(search, text, disguise, wrappings, before, after):
    raw = DISGUISES[disguise](f"{before}\n{text}\n{after}")
    for wrapping in wrappings:
        raw = WRAPPINGS[wrapping](raw)
    assert any(search.found_in(found) for _, found in texts_in("file", raw))


def test_what_cannot_be_searched_is_refused(small, built):
    nested = b"text"
    for _ in range(9):
        nested = zipped(nested)
    for raw, why in ((nested, "packed too often"), (gzip.compress(b"x" * 99)[:-9], "cannot be searched")):
        path = small.course.root / "odd.bin"
        path.write_bytes(raw)
        with pytest.raises(BundleError, match=why):
            prove(small.course, built, path)


def test_a_folder_or_an_archive_can_be_searched_by_itself(small, monkeypatch, capsys):
    monkeypatch.chdir(small.course.root)
    assert main(["bundle", "--check", "solutions"]) == 1
    assert "the reference answer" in capsys.readouterr().err
    Path("clean").mkdir()
    Path("clean/readme.md").write_text("nothing", encoding="utf-8")
    assert main(["bundle", "--check", "clean"]) == 0
    assert main(["bundle", "--check", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_the_courses_own_archive_works_without_the_rest(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["bundle", "--out", str(tmp_path / "learners.zip")]) == 0, capsys.readouterr().err
    with zipfile.ZipFile(tmp_path / "learners.zip") as archive:
        archive.extractall(tmp_path)
    code = (
        "from scalable_ai.checks import exercise; import scalable_ai, pathlib, sys\n"
        "with exercise('one') as check: check.equal(1, 1, 'one')\n"
        "assert pathlib.Path(scalable_ai.__file__).is_relative_to(sys.argv[1])"
    )
    root = tmp_path.resolve() / "course"
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
