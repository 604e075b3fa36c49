"""Whatever is handed in: only stated errors come out, and nothing is written but the hand-in's own files."""

from __future__ import annotations

import contextlib
import os
import shutil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scalable_ai.grading.intake import archive, hand_in
from scalable_ai.grading.intake.archive import items_of_archive
from scalable_ai.grading.intake.collect import Options, collect
from scalable_ai.grading.intake.gather import Delivery, Offer
from scalable_ai.grading.intake.hand_in import put_together
from scalable_ai.grading.intake.item import IntakeError, Item
from scalable_ai.grading.intake.match import match, read_known
from scalable_ai.grading.intake.owner import Owner
from tests.grading.conftest import CHAPTER, SCALES, TOTALS, answered, copy_of_tiny_course
from tests.grading.intake.parcels import bare, linked, put, raw, tarred, with_raw_names, zipped

LIGHT_RIGHT = {"total": "heavy = sum(weights)", "doubling": 'doubling = "B"'}
PARTS = st.sampled_from([
    *("..", ".", "", "ann", "bob", "C:", "CON", CHAPTER, ".git", "*", "\n", "-rf", "~", "\u202e", "é", "e\u0301"),
    "x" * 300,
    *(f"{TOTALS}.ipynb", f"{SCALES}.ipynb", "ann_11_12_x.ipynb", "LATE_anon_a_12_x.ipynb", "a.zip", "b.tar.gz"),
    *(f"Jane_77_assignsubmission_file_{TOTALS}.ipynb", "Jane_77_assignsubmission_file_", "final_capstone.onnx"),
    *("timestamp.txt", "collected.json", "nbgrader_config.py"),
])  # fmt: skip
NAMES = st.builds(
    lambda start, parts, by: start + by.join(parts),
    st.sampled_from(["", "", "", "/", "\\", "//host/", "C:\\"]),
    st.lists(PARTS, min_size=1, max_size=4),
    st.sampled_from(["/", "/", "\\"]),
)
JUNK = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"", b"<html>", b'{"message": 404}', b"[" * 5000, b"PK\5\6" + b"\xff" * 18]),
    st.just(b'{"cells": [{"cell_type": "code"}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}'),
)  # fmt: skip


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course that is built; it has no gradebook, which collecting does not need."""
    from tests.grading.batch.klass import COURSE

    return copy_of_tiny_course(tmp_path_factory.mktemp("hostile") / "course", COURSE)


NOTEBOOKS: list[bytes] = []
"""Filled by `known`; drawn by number, since hypothesis prints what it draws."""


@pytest.fixture(scope="module")
def known(course):
    """Return the notebooks of the assignment."""
    whole = answered(course, TOTALS, LIGHT_RIGHT)
    NOTEBOOKS[:] = [raw(whole), raw(whole, 3), raw(bare(whole)), raw(answered(course, SCALES, {}))]
    return read_known(course.source / CHAPTER)


WHOLE = st.integers(0, 3).map(lambda number: NOTEBOOKS[number])
FILES = st.one_of(WHOLE, st.builds(lambda *how: broken(*how), WHOLE, st.integers(), st.binary(max_size=3)), JUNK)


def archives(files):
    """Return a strategy for archives of files, some of them damaged."""
    inside = st.dictionaries(NAMES, files, max_size=4)
    links = st.dictionaries(NAMES, st.sampled_from(["/etc/passwd", "../../gradebook.db", "."]), max_size=2)
    whole = st.one_of(
        st.builds(lambda made: zipped({name.replace("\0", "0"): made[name] for name in made}), inside),
        st.builds(lambda made, to, mode: tarred(made, mode, to), inside, links, st.sampled_from(["w", "w:gz", "w:xz"])),
        st.builds(linked, NAMES, st.just("/etc/passwd")),
    )
    return st.one_of(whole, st.builds(broken, whole, st.integers(), st.binary(max_size=3)))


def broken(content, at, other):
    """Return content with some bytes in other bytes' place, or cut off."""
    at %= len(content) + 1
    return content[:at] + other + content[at + len(other) :] if other else content[:at]


CONTENTS = st.recursive(FILES, archives, max_leaves=6)


def tree(folder):
    """Return what lies in a folder, links as links."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() or path.is_symlink()}


@settings(max_examples=60)
@given(data=st.data())
def test_only_stated_errors_come_out_and_nothing_is_written_elsewhere(course, known, tmp_path_factory, data):
    place = tmp_path_factory.mktemp("parcel")
    put(
        place / "given" / data.draw(st.sampled_from(["all.zip", "ann.zip", "x.tar.gz", f"ann_11_12_{TOTALS}.ipynb"])),
        data.draw(archives(CONTENTS)),
    )
    for name, content in data.draw(
        st.dictionaries(st.sampled_from(["ann/a.ipynb", "ann/b.zip", "bob/c.tar", "d.rar"]), CONTENTS, max_size=2)
    ).items():
        put(place / "given" / name, content)
    os.symlink("/etc/passwd", place / "given" / "link.ipynb")
    submitted = course.root / "submitted"
    before = tree(course.root.parent)
    given = (
        place / "given"
        if data.draw(st.booleans())
        else next(path for path in (place / "given").iterdir() if path.is_file())
    )
    with contextlib.suppress(IntakeError):
        results, _ = collect(Options(course.root, CHAPTER, (given,)))
        for result in results:
            assert result.status or result.refused
    after = tree(course.root.parent)
    new = [path.relative_to(submitted).parts for path in after if path not in before]
    try:
        assert {path: stamp for path, stamp in after.items() if path in before and path.name != ".nbgrader.log"} == {
            path: stamp for path, stamp in before.items() if path.name != ".nbgrader.log"
        }
        for learner, assignment, name in new:
            assert assignment == CHAPTER
            assert name in {f"{TOTALS}.ipynb", f"{SCALES}.ipynb", "collected.json", "timestamp.txt"} or name.endswith(
                ".onnx"
            )
            assert not (submitted / learner / assignment / name).is_symlink()
    finally:
        shutil.rmtree(submitted, ignore_errors=True)
        shutil.rmtree(place)


@settings(max_examples=150)
@given(content=st.one_of(JUNK, st.recursive(JUNK, archives, max_leaves=8)), name=NAMES)
@example(content=linked("", "/etc/passwd"), name="a.zip")
@example(content=b"PK\5\6" + b"\0" * 18, name="a.zip")
def test_an_archive_is_read_or_refused(content, name):
    with contextlib.suppress(IntakeError):
        items, notes = items_of_archive(name, content)
        for item in items:
            assert ".." not in item.parts
            assert not item.parts[0].endswith(":")
            with contextlib.suppress(IntakeError):
                assert isinstance(item.read(), bytes)
        assert all(isinstance(note, str) for note in notes)


@settings(max_examples=80)
@given(data=st.data())
def test_any_content_is_matched_or_not(known, data):
    found = match(f"{TOTALS}.ipynb", data.draw(CONTENTS), known)
    assert found.known in known
    assert found.is_notebook or "this file is not a notebook" in found.note


def offered(name, content):
    return Delivery(Owner("ann"), [Offer(name, Item((name,), lambda: content))])


def notes_of(name, content, known):
    return " ".join(put_together(offered(name, content), known, [".onnx"]).all_notes)


def test_bombs_are_refused_each_with_a_sentence(course, known, monkeypatch):
    notebook = raw(answered(course, TOTALS, LIGHT_RIGHT))
    monkeypatch.setattr(archive, "MAX_BYTES", 3_000_000)
    monkeypatch.setattr(archive, "MAX_UNPACKED", 3_000_000)
    monkeypatch.setattr(archive, "RATIO_FROM", 1_000_000)
    monkeypatch.setattr(archive, "RATIO", 500)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 50)
    monkeypatch.setattr(archive.items_of_archive, "__defaults__", (50,))
    monkeypatch.setattr(hand_in, "MAX_HAND_IN", 4_000_000)
    zeros = b"0" * 4_000_000
    nested = zipped({"in.ipynb": notebook})
    for _ in range(5):
        nested = zipped({"in.zip": nested})
    loud = {f"{n}.ipynb": os.urandom(1_500_000) for n in range(3)}
    for name, content, why in (
        ("a.zip", zipped({"x.ipynb": zeros}), "x.ipynb: unpacked it is larger than 3 MB; left out."),
        ("a.zip", zipped({"x.ipynb": zeros[:2_000_000]}), "x.ipynb: it is packed so tightly"),
        ("a.tar.gz", tarred({"x.ipynb": zeros}), "broken or none at all (unpacked it is larger than 3 MB)"),
        ("a.tar.xz", tarred({"x.bin": zeros}, "w:xz"), "unpacked it is larger than 3 MB"),
        ("a.zip", zipped({f"{n}.txt": b"" for n in range(60)}), "a.zip: more than 50 files are in it."),
        ("a.tar", tarred({f"{n}.txt": b"" for n in range(60)}, "w"), "a.tar: more than 50 files are in it."),
        ("a.zip", nested, "in.zip: archives in archives in archives; left out."),
        ("a.zip", zipped(loud), "2.ipynb: all files together are larger than 4 MB; left out."),
        ("a.rar", b"Rar!", "a.rar: this kind of archive is not read."),
        ("a.zip", b"PK\3\4 and no more", "a.zip: this archive is broken or none at all"),
        ("a.zip", zipped({"../../x.ipynb": notebook}), "../../x.ipynb: its name leads out of the archive; left out."),
        ("a.zip", zipped({"/x.ipynb": notebook}), "/x.ipynb: its name leads out of the archive; left out."),
        ("a.zip", zipped({"C:\\x.ipynb": notebook}), "its name leads out of the archive; left out."),
        ("a.zip", linked("x.ipynb", "/etc/passwd"), "x.ipynb: it is a link and not a file; left out."),
        ("a.tar", tarred({}, "w", {"x.ipynb": "/etc/passwd"}), "it is a link or a device and not a file"),
    ):  # fmt: skip
        said = notes_of(name, content, known)
        assert why in said, (why, said)
    assert put_together(offered("a.zip", zipped({f"{TOTALS}.ipynb": notebook})), known, []).files == {
        f"{TOTALS}.ipynb": notebook
    }


def test_names_in_utf_8_that_are_not_announced_are_read(course, known):
    content = with_raw_names(
        zipped({"Zoxx.ipynb": raw(answered(course, TOTALS, LIGHT_RIGHT))}), b"Zoxx", "Zoë".encode()
    )
    assert [item.name for item in items_of_archive("a.zip", content)[0]] == ["Zoë.ipynb"]
    content = with_raw_names(zipped({"Zoxx.ipynb": b"{}"}), b"Zoxx", b"Zo\x89x")
    assert items_of_archive("a.zip", content)[0][0].name == "Zoëx.ipynb"
