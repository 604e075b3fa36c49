"""Whose a file is and which notebook it is, told from names and content, without a course."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from scalable_ai.grading.intake.gather import gather
from scalable_ai.grading.intake.item import parts_of
from scalable_ai.grading.intake.owner import Owner, Student, claim_of, common_prefix, learner_of, plain_stem, safe_name
from tests.grading.intake.parcels import put, zipped

OURS = {"lesson_10_12_totals"}


@pytest.mark.parametrize(
    ("name", "owner", "file", "late"),
    [
        ("doejane_1234_5678_work.ipynb", Owner("doejane", "1234", "Canvas"), "work.ipynb", False),
        ("doejane_LATE_1234_5678_work_12_34.ipynb", Owner("doejane", "1234", "Canvas"), "work_12_34.ipynb", True),
        ("van_der_berg_1234_5678_a.ipynb", Owner("van_der_berg", "1234", "Canvas"), "a.ipynb", False),
        ("anon_ab1cd_5678_a.ipynb", Owner("anon_ab1cd", "ab1cd", "Canvas"), "a.ipynb", False),
        ("LATE_anon_ab1cd_5678_a.ipynb", Owner("anon_ab1cd", "ab1cd", "Canvas"), "a.ipynb", True),
        ("Jane Doe_77_assignsubmission_file_/a/b.ipynb", Owner("Jane Doe", "77", "Moodle"), "b.ipynb", False),
        ("x/jd Jane Doe_77_assignsubmission_file/b.ipynb", Owner("jd Jane Doe", "77", "Moodle"), "b.ipynb", False),
        ("Jane_77_assignsubmission_file_b_c.ipynb", Owner("Jane", "77", "Moodle"), "b_c.ipynb", False),
        ("Participant_77_assignsubmission_file_/b.ipynb", Owner("Participant", "77", "Moodle"), "b.ipynb", False),
        ("ada/doejane_1234_5678_work.ipynb", None, "", False),
        ("lesson_10_12_totals.ipynb", None, "", False),
        ("lesson_10_12_totals (3).ipynb", None, "", False),
        ("work.ipynb", None, "", False),
    ],
)
def test_platforms_names_are_read(name, owner, file, late):
    claim = claim_of(parts_of(name), OURS)
    assert (claim and claim.owner, claim.file[-1] if claim else "", bool(claim and claim.is_late)) == (
        owner,
        file,
        late,
    )


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("work.ipynb", "work"), ("work (2).ipynb", "work"), ("work-1.ipynb", "work"), ("Copy of work.ipynb", "work"),
        ("work - Copy (2).ipynb", "work"), ("work-Copy1.ipynb", "work"), ("work - Kopie.ipynb", "work"),
        ("(1).ipynb", "(1)"), ("lesson_1_2.ipynb", "lesson_1_2"), ("no ending", "no ending"),
    ],
)  # fmt: skip
def test_what_is_added_to_copies_is_taken_off(name, stem):
    assert plain_stem(name) == stem


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("ada", "ada"), ("Zoë Ähren", "Zoë_Ähren"), ("../../etc", "etc"), ("..", "unnamed"), ("", "unnamed"),
        ("a/b\\c", "a_b_c"), ("a\0b\nc", "a_b_c"), ("x" * 300, "x" * 100), ("a*?[b]", "a_b"), ("名前", "名前"),
        ("e\u0301", "é"), (".hidden", "hidden"), ("a@b.org", "a@b.org"),
    ],
)  # fmt: skip
def test_a_learners_folder_has_a_name_that_can_do_no_harm(name, safe):
    assert safe_name(name) == safe


def test_a_roster_is_asked_for_numbers_first_then_ids_then_names_that_one_has_alone():
    roster = [
        Student("s1", "Ann", "Lee", lms_user_id="7"),
        Student("s2", "Bo", "Kim", "bo@x.org"),
        Student("s3", "Ann", "Poe"),
        Student("s4", "Ann", "Poe"),
    ]
    assert learner_of(Owner("whoever", "7", "Canvas"), roster) == ("s1", True)
    assert learner_of(Owner("kimbo", "9", "Canvas"), roster) == ("s2", True)
    assert learner_of(Owner("Bo Kim", "9", "Moodle"), roster) == ("s2", True)
    assert learner_of(Owner("bo@x.org"), roster) == ("s2", True)
    assert learner_of(Owner("s3"), roster) == ("s3", True)
    assert learner_of(Owner("Ann Poe", "5", "Moodle"), roster) == ("Ann_Poe_5", False)
    assert learner_of(Owner("s1", "5", "Canvas"), roster) == ("s1_5", False), "a name may be chosen, a number may not"


def found(path, **options):
    with ExitStack() as files:
        gathering = gather(path, "ch1", OURS, files, **options)
        return {
            one.owner.name: sorted(offer.name for offer in one.offers) for one in gathering.deliveries.values()
        }, gathering.lost


A, B = b"{}", b"[]"
CANVAS = {"ann_11_12_w.ipynb": A, "bob_13_14_w.ipynb": B}
EACH = {"ann": ["w.ipynb"], "bob": ["w.ipynb"]}
LAYOUTS = {
    "Canvas's archive": (CANVAS, EACH),
    "Canvas's archive, in a folder": ({f"sub/{name}": content for name, content in CANVAS.items()}, EACH),
    "folders of learners": ({"ann/w.ipynb": A, "bob/ch1/w.ipynb": B}, EACH),
    "folders in folders": ({"all/of/ann/w.ipynb": A, "all/of/bob/w.ipynb": B}, EACH),
    "one folder of one learner": ({"ann/w.ipynb": A, "ann/v.ipynb": B}, {"ann": ["v.ipynb", "w.ipynb"]}),
    "nbgrader's own layout": ({"ann/ch1/w.ipynb": A, "ann/ch1/v.ipynb": B}, {"ann": ["v.ipynb", "w.ipynb"]}),
    "archives of learners": ({"ann.zip": zipped({"x/w.ipynb": A}), "bob.tar.gz": B}, {"ann": ["ann.zip"], "bob": []}),
    "a platform's archive among others": (
        {"all.zip": zipped({"ann_11_12_w.ipynb": A}), "bob.zip": zipped({"w.ipynb": A})},
        {"ann": ["w.ipynb"], "bob": ["bob.zip"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True])
def test_layouts(tmp_path, layout, packed):
    files, expected = LAYOUTS[layout]
    place = tmp_path / "given"
    if packed:
        place = put(tmp_path / "given.zip", zipped(files))
    else:
        for name, content in files.items():
            put(place / name, content)
    assert found(place)[0] == expected


def test_one_learners_own_archive_is_called_after_its_learner(tmp_path):
    for files in (
        {"w.ipynb": A, "lesson_10_12_totals.ipynb": B},
        {"ch1/w.ipynb": A, "ch1/lesson_10_12_totals.ipynb": B},
    ):
        assert found(put(tmp_path / "ann.zip", zipped(files)))[0] == {"ann": ["lesson_10_12_totals.ipynb", "w.ipynb"]}
    files = {"a/b/w.ipynb": A, "c/v.ipynb": B}
    assert found(put(tmp_path / "x.zip", zipped(files)), learner="ann")[0] == {"ann": ["v.ipynb", "w.ipynb"]}


def test_an_archive_of_submit_needs_its_learners_name_around_it(tmp_path):
    packed = zipped({"ch1/w.ipynb": A})
    for name in ("ch1.zip", "ch1 (2).zip"):
        place = put(tmp_path / "all" / name, packed)
        assert found(place) == ({}, [f"{name}: whose it is cannot be told. Say whose with --learner."])
        assert found(place, learner="ann")[0] == {"ann": ["w.ipynb"]}
    assert found(tmp_path / "all")[0] == {}
    put(tmp_path / "each" / "ann" / "ch1.zip", packed)
    put(tmp_path / "each" / "bob" / "ch1.zip", packed)
    assert found(tmp_path / "each")[0] == {"ann": ["ch1.zip"], "bob": ["ch1.zip"]}
    platform = zipped({"Jane_77_assignsubmission_file_/ch1.zip": packed, "annlee_11_12_ch1.zip": packed})
    assert found(put(tmp_path / "moodle.zip", platform))[0] == {"Jane": ["ch1.zip"], "annlee": ["ch1.zip"]}


def test_a_loose_file_is_nobodys(tmp_path):
    put(tmp_path / "w.ipynb", A)
    assert found(tmp_path) == (
        {},
        ["w.ipynb: whose it is cannot be told. Put it into a folder named after its learner."],
    )
    assert found(tmp_path / "w.ipynb", learner="ann")[0] == {"ann": ["w.ipynb"]}


def test_what_clones_are_called():
    assert common_prefix(["hw-1-ann", "hw-1-anton"]) == "hw-1-"
    assert common_prefix(["hw-1-ann"]) == ""
    assert common_prefix(["ann", "bob"]) == ""
