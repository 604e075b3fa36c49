"""Hand-ins as they really come, through `collect` and `grade` to the mark and the feedback."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from scalable_ai.grading.intake.collect import Options, collect
from scalable_ai.grading.intake.item import IntakeError
from scalable_ai.grading.stock import nbgrader
from tests.grading.batch.klass import RIGHT, marks, new_course, run, surroundings
from tests.grading.conftest import CHAPTER, SCALES, TOTALS, answered
from tests.grading.intake.parcels import bare, from_windows, loud, put, raw, zipped

HTML = b"<!DOCTYPE html><html>Your session has expired.</html>"
ERROR_PAGE = b'{"message": "Not Found", "status": 404}'
WRONG = {**RIGHT, "total": "heavy = 1"}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return the light course, assigned."""
    return new_course(tmp_path_factory.mktemp("intake") / "course")


@pytest.fixture(scope="module")
def totals(course):
    return answered(course, TOTALS, RIGHT)


@pytest.fixture(scope="module")
def scales(course):
    return answered(course, SCALES, RIGHT)


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.get("id") == f"{name}-answer")


def duplicated(notebook):
    notebook = copy.deepcopy(notebook)
    second = copy.deepcopy(cell_of(notebook, "total"))
    second.source, second["id"] = "heavy = -1", "copied"
    notebook.cells.append(second)
    return notebook


def split(notebook):
    notebook = copy.deepcopy(notebook)
    at = notebook.cells.index(cell_of(notebook, "clip"))
    second = copy.deepcopy(notebook.cells[at])
    notebook.cells[at].source, second["id"] = "import math", "split"
    notebook.cells.insert(at + 1, second)
    return notebook


def asking(notebook):
    notebook = copy.deepcopy(notebook)
    cell_of(notebook, "centered").source = "name = input('who are you? ')\n" + RIGHT["centered"]
    return notebook


@pytest.fixture(scope="module")
def graded(course, totals, scales, tmp_path_factory):
    """Return what `collect` and `grade` made of a class of oddities: from Canvas, Moodle, clones, a folder, by hand."""
    t, s, place = raw(totals), raw(scales), tmp_path_factory.mktemp("parcels")
    wrong, blank = raw(answered(course, TOTALS, WRONG)), raw(answered(course, TOTALS, {}))
    own = zipped({"work/final (2).ipynb": t, "work/.ipynb_checkpoints/final.ipynb": wrong, "__MACOSX/._final": b"x"})
    put(place / "submissions.zip", zipped({
        f"doejane_101_9001_{TOTALS}.ipynb": t, f"doejane_101_9002_{SCALES}.ipynb": s,
        f"müllerzoë_LATE_102_9003_{TOTALS}-1.ipynb": t, "müllerzoë_LATE_102_9004_work.docx": b"PK..",
        f"twofiles_103_9006_{TOTALS}.ipynb": wrong, f"twofiles_103_9008_{TOTALS}-1.ipynb": t,
        f"blankcopy_104_9009_{TOTALS}.ipynb": t, f"blankcopy_104_9010_{TOTALS}-1.ipynb": blank,
        "zipper_105_9011_my work.zip": own, "typed_106_text.html": b"<p>see my laptop</p>",
        "onlydoc_107_9012_homework.pdf": b"%PDF", f"page_108_9013_{TOTALS}.ipynb": HTML,
        f"error_109_9014_{SCALES}.ipynb": ERROR_PAGE,
    }))  # fmt: skip
    moodle = {
        ("Ünal Öz_201", f"/{TOTALS}.ipynb"): raw(duplicated(totals)),
        ("Ünal Öz_201", f"/{SCALES}.ipynb"): raw(split(scales)),
        ("Old Format_202", f"/{TOTALS}.ipynb"): raw(totals, 3),
        ("Old Format_202", f"/{SCALES}.ipynb"): raw(scales, 3),
        ("Flat File_203", f"{TOTALS}.ipynb"): t,
        ("Bare Cells_204", "/Untitled7.ipynb"): raw(bare(totals)),
        ("Bare Cells_204", "/x.ipynb"): raw(bare(scales)),
        ("Win Dows_205", f"\\Mein Ordner\\{TOTALS}.ipynb"): from_windows(totals),
        ("Asks Too_206", f"/{SCALES}.ipynb"): raw(asking(scales)),
    }
    files = {f"{who}_assignsubmission_file_{name}": content for (who, name), content in moodle.items()}
    files["Flat File_203_assignsubmission_onlinetext_/onlinetext.html"] = b"hello"
    put(place / "moodle.zip", zipped(files))
    class_folder = place / "folder" / "all of them"
    put(class_folder / "ann" / f"{TOTALS}.ipynb", loud(totals, 50_000_000))
    put(class_folder / "ann" / "timestamp.txt", b"2031-05-06 07:08:09 UTC")
    put(class_folder / "bob" / CHAPTER / f"{TOTALS}.ipynb", raw(scales))
    put(class_folder / "bob" / CHAPTER / f"{SCALES}.ipynb", t)
    put(class_folder / "bob" / CHAPTER / "timestamp.txt", b"yesterday, honestly")
    put(class_folder / "carl" / f"{TOTALS}.ipynb", b"")
    (place / "times.csv").write_text("learner,time\n102,2031-01-02 03:04:05 +0100\n", encoding="utf-8")
    paths = [place / "submissions.zip", place / "moodle.zip", place / "folder"]
    said = scalable_ai(course.root, "collect", CHAPTER, *map(str, paths), "--times", str(place / "times.csv"))
    put(course.root / "submitted" / "byhand" / CHAPTER / f"{TOTALS}.ipynb", t)
    put(course.root / "submitted" / "byhand" / CHAPTER / "timestamp.txt", b"half past ten")
    batch = run(course.root, "--workers=2")
    return said, batch, marks(course.root)


def scalable_ai(root, *arguments):
    command = [sys.executable, "-m", "scalable_ai", *arguments]
    return subprocess.run(command, cwd=root, env=surroundings(root), capture_output=True, text=True, check=False)


def flat(table):
    return re.sub(r"[│\s]+", " ", table)


def test_every_hand_in_that_can_be_graded_gets_its_mark(graded):
    said, batch, found = graded
    assert batch.returncode == 0, batch.stdout + batch.stderr
    assert found == {
        "doejane_101": 10, "müllerzoë_102": 5, "twofiles_103": 5, "blankcopy_104": 5, "zipper_105": 5, "page_108": 0,
        "error_109": 0, "Ünal_Öz_201": 10, "Old_Format_202": 10, "Flat_File_203": 5, "Bare_Cells_204": 10,
        "Win_Dows_205": 5, "Asks_Too_206": 3, "ann": 5, "bob": 10, "carl": 0, "byhand": 5,
    }  # fmt: skip
    assert "timestamp.txt holds no time that can be read" in flat(batch.stdout)
    assert "Traceback" not in said.stderr + batch.stderr


def test_what_is_odd_is_said_to_the_instructor(graded):
    said = flat(graded[0].stdout)
    for text in (
        "müllerzoë_102", "Left out, since only .ipynb, .onnx is handed in: work.docx.",
        f"'{TOTALS}-1.ipynb' is graded as {TOTALS}.ipynb and not '{TOTALS}.ipynb': it is the latest.",
        f"'{TOTALS}.ipynb' is graded as {TOTALS}.ipynb and not '{TOTALS}-1.ipynb': nothing is answered in the others.",
        f"final (2).ipynb: taken for {TOTALS}.ipynb by what is in it. Keep the name that it had.",
        f"refused: no notebook of '{CHAPTER}' is in it.", "it was typed into Canvas's form, and is no file.",
        f"{TOTALS}.ipynb: this file is not a notebook: it is a web page.", "it is JSON without cells",
        f"{TOTALS}.ipynb: taken for {SCALES}.ipynb by what is in it, though it is called like {TOTALS}.",
        "The time 'yesterday, honestly' cannot be read, so it counts as in time.", "it is empty",
    ):  # fmt: skip
        assert text in said, text
    assert "16 new; 2 refused." in said
    assert graded[0].returncode == 1


def test_times_reach_the_gradebook(course, graded):
    submitted = course.root / "submitted"
    assert (submitted / "ann" / CHAPTER / "timestamp.txt").read_text() == "2031-05-06 07:08:09 UTC\n"
    assert (submitted / "müllerzoë_102" / CHAPTER / "timestamp.txt").read_text() == "2031-01-02 02:04:05 UTC\n"
    assert not (submitted / "bob" / CHAPTER / "timestamp.txt").exists()


def test_what_matters_to_the_learner_is_in_the_feedback(course, graded):
    nbgrader(course.root, "generate_feedback", CHAPTER, "--student=[tzÜBpA]*")
    for learner, name, text in (
        ("twofiles_103", TOTALS, "is graded as"),
        ("zipper_105", TOTALS, "Keep the name that it had"),
        ("Ünal_Öz_201", TOTALS, "is there twice; the first one is graded"),
        ("Bare_Cells_204", SCALES, "had lost its mark and was found by its place"),
        ("page_108", TOTALS, "it is a web page"),
        ("Asks_Too_206", SCALES, "input"),
    ):
        page = (course.root / "feedback" / learner / CHAPTER / f"{name}.html").read_text(encoding="utf-8")
        assert text in page, (learner, text)


def test_collecting_again_changes_nothing_and_a_later_hand_in_replaces(course, graded, totals, tmp_path):
    place = put(tmp_path / "ann.zip", zipped({f"{TOTALS}.ipynb": raw(totals)}))
    os.utime(place)
    before = collect(Options(course.root, CHAPTER, (place,)))[0][0]
    assert (before.learner, before.status) == ("ann", "replaced")
    assert collect(Options(course.root, CHAPTER, (place,)))[0][0].status == "unchanged"
    times = tmp_path / "times.csv"
    for time, file, status in (
        ("2031-02-02", "a", "replaced"),
        ("2031-01-01", "b", "kept"),
        ("2031-03-03", "c", "replaced"),
    ):
        times.write_text(f"learner,time\nann,{time}\n", encoding="utf-8")
        notebook = copy.deepcopy(totals)
        notebook.cells.append(nbformat.v4.new_code_cell(file))
        place.write_bytes(zipped({f"{TOTALS}.ipynb": raw(notebook)}))
        result = collect(Options(course.root, CHAPTER, (place,), times=times))[0][0]
        assert (result.status, result.refused) == (status, "")
    text = (course.root / "submitted" / "ann" / CHAPTER / f"{TOTALS}.ipynb").read_text(encoding="utf-8")
    assert '"c"' in text
    assert not list((course.root / "submitted").glob(".*"))


def test_the_same_commands_again_bring_nothing_older_back(course, graded, totals, tmp_path):
    blank = copy.deepcopy(totals)
    blank.cells.append(nbformat.v4.new_code_cell("blank"))
    first, second = (tmp_path / name / "eve.zip" for name in ("moodle", "mail"))
    put(first, zipped({f"{TOTALS}.ipynb": raw(blank)}))
    put(second, zipped({f"{TOTALS}.ipynb": raw(totals)}))
    said = [collect(Options(course.root, CHAPTER, (path,)))[0][0] for path in (first, second, first, second)]
    assert [one.status for one in said] == ["new", "replaced", "kept", "unchanged"]
    assert "takes the place of what came from eve.zip" in " ".join(said[1].notes)
    assert collect(Options(course.root, CHAPTER, (first,), force=True))[0][0].status == "replaced"
    shutil.rmtree(course.root / "submitted" / "eve")


def test_a_time_that_was_said_stays(course, graded, totals, tmp_path):
    place = put(tmp_path / "eve.zip", zipped({f"{TOTALS}.ipynb": raw(totals)}))
    stamp = course.root / "submitted" / "eve" / CHAPTER / "timestamp.txt"
    times = tmp_path / "times.csv"
    for text, status in (("eve,2031-05-05 10:00", "new"), ("bob,2031-06-06", "unchanged"), ("eve,soon", "unchanged")):
        times.write_text(f"Learner, time\n{text}\n", encoding="utf-8")
        assert collect(Options(course.root, CHAPTER, (place,), times=times))[0][0].status == status
        assert stamp.read_text() == "2031-05-05 10:00:00 UTC\n"
    assert collect(Options(course.root, CHAPTER, (place,)))[0][0].status == "unchanged"
    times.write_text("eve,2031-05-05\n", encoding="utf-8")
    with pytest.raises(IntakeError, match="first line is not 'learner,time'"):
        collect(Options(course.root, CHAPTER, (place,), times=times))
    shutil.rmtree(course.root / "submitted" / "eve")


def test_what_came_by_another_way_stays_until_forced(course, graded, totals, tmp_path):
    own = put(course.root / "submitted" / "own" / CHAPTER / f"{TOTALS}.ipynb", b"by hand")
    place = put(tmp_path / "own.zip", zipped({f"{TOTALS}.ipynb": raw(totals)}))
    result = collect(Options(course.root, CHAPTER, (place,)))[0][0]
    assert "came there by another way" in result.refused
    assert own.read_bytes() == b"by hand"
    assert collect(Options(course.root, CHAPTER, (place,), force=True))[0][0].status == "replaced"
    shutil.rmtree(own.parents[1])


def test_the_roster_gives_ids(course, graded, totals, tmp_path):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_student("s1", first_name="Mia", last_name="Wallace", lms_user_id="901")
        gradebook.update_or_create_student("s2", first_name="José", last_name="Niño")
    place = put(tmp_path / "all.zip", zipped({
        f"someone_901_11_{TOTALS}.ipynb": raw(totals), f"niñojosé_902_12_{TOTALS}.ipynb": raw(totals),
        f"mia wallace_903_13_{TOTALS}.ipynb": raw(totals),
    }))  # fmt: skip
    results, lost = collect(Options(course.root, CHAPTER, (place,)))
    assert [(one.learner, bool(one.refused)) for one in results] == [("s1", False), ("s2", False), ("s1", True)]
    assert "would both be 's1'" in results[2].refused
    assert not lost
    name = f"Mia Wallace_55_assignsubmission_file_/{TOTALS}.ipynb"
    other = put(tmp_path / "moodle.zip", zipped({name: raw(totals)}))
    results, _ = collect(Options(course.root, CHAPTER, (place, other)))
    assert [(one.learner, one.status) for one in results if not one.refused] == [
        ("s1", "unchanged"), ("s2", "unchanged"), ("s1", "unchanged"),
    ]  # fmt: skip
    for name in ("s1", "s2"):
        shutil.rmtree(course.root / "submitted" / name)


def test_clones_of_github_classroom(course, graded, totals, scales, tmp_path):
    for name, notebooks in (("adatha", (totals, scales)), ("ada-b", (totals,))):
        clone = tmp_path / "clones" / f"chapter-1-{name}"
        for place, notebook in zip((f"chapters/{CHAPTER}/{TOTALS}", f"{CHAPTER}/{SCALES}"), notebooks, strict=False):
            put(clone / f"{place}.ipynb", raw(notebook))
        git(clone, "init", "-q")
        git(clone, "add", ".")
        git(clone, "commit", "-q", "-m", "mine")
    put(tmp_path / "clones" / "notes.txt", b"mine")
    results, lost = collect(Options(course.root, CHAPTER, (tmp_path / "clones",)))
    assert {one.learner: (one.notebooks, one.status) for one in results} == {"adatha": (2, "new"), "ada-b": (1, "new")}
    assert lost == ["notes.txt: whose it is cannot be told. Put it into a folder named after its learner."]
    stamp = course.root / "submitted" / "adatha" / CHAPTER / "timestamp.txt"
    assert stamp.read_text() == "2031-07-08 07:10:11 UTC\n"
    for name in ("adatha", "ada-b"):
        shutil.rmtree(course.root / "submitted" / name)


def test_folders_beside_clones_lose_the_prefix_and_a_broken_clone_has_no_time(course, graded, totals, tmp_path):
    for name in ("chapter-1-gus", "chapter-1-fay"):
        put(tmp_path / "clones" / name / f"{TOTALS}.ipynb", raw(totals))
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "the instructor's")
    (tmp_path / "clones" / "chapter-1-fay" / ".git").mkdir()
    results, _ = collect(Options(course.root, CHAPTER, (tmp_path / "clones",), prefix="chapter-1-"))
    assert sorted(one.learner for one in results) == ["fay", "gus"]
    assert not (course.root / "submitted" / "fay" / CHAPTER / "timestamp.txt").exists()
    for name in ("fay", "gus"):
        shutil.rmtree(course.root / "submitted" / name)


def git(folder, *arguments):
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (
        ("NAME", "n"), ("EMAIL", "e@x"), ("DATE", "2031-07-08T09:10:11+02:00"))}  # fmt: skip
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **who}, check=True)


def test_a_record_cannot_carry_markup_or_break_grading(course, graded, totals, tmp_path):
    from scalable_ai.grading.intake.record import notes_about

    for text in ("", "[]", '{"notes": 3}', '{"notes": {"a": [1, {}]}}', '{"notes": ' + "[" * 10**5):
        (tmp_path / "collected.json").write_text(text)
        assert notes_about(tmp_path, "a") == []
    (tmp_path / "collected.json").write_text(json.dumps({"notes": {"a": ["said"]}}))
    assert notes_about(tmp_path, "a") == ["said"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"paths": ("nowhere",)}, "nowhere: there is nothing here"),
        ({"assignment": "ch9_none"}, "there is no notebook of 'ch9_none' here"),
        ({"assignment": "../ch1_sums"}, "this is no assignment's name"),
        ({"learner": "../ada"}, "use letters, digits"),
        ({"times": "nowhere.csv"}, "nowhere.csv: there is nothing here"),
        ({"root": "elsewhere"}, "there is no nbgrader course here"),
    ],
)
def test_bad_requests_get_a_sentence(course, tmp_path, options, why):
    paths = {key: tmp_path / value for key, value in options.items() if key in {"times", "root"}}
    asked = {"root": course.root, "assignment": CHAPTER, **options, **paths}
    asked["paths"] = tuple(tmp_path / path for path in options.get("paths", ()))
    with pytest.raises(IntakeError, match=re.escape(why)):
        collect(Options(**asked))
