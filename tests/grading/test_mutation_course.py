"""The faults of the real course: a sample of them is tried, and what is kept of all of them reaches the goal."""

from __future__ import annotations

import sys

import pytest

from scalable_ai.course import Course
from scalable_ai.grading.mutation.mutants import make_mutants
from scalable_ai.lessons.equivalents import read_equivalents
from scalable_ai.lessons.pages.proof import read_proof, together
from scalable_ai.lessons.scaffold import solution_text
from scalable_ai.lessons.source import find_lessons, read_lesson
from tests.grading.conftest import ROOT
from tests.grading.test_mutation import mutation

SAMPLED = ("1.1", "1.3", "2.3", "2.5", "3.1", "3.4", "4.1", "4.2")
"""Lessons of each kind that run in a few seconds: tensors, networks, training, evaluation."""


@pytest.mark.skipif(sys.platform != "linux", reason="a fork for each mutant")
def test_a_sample_of_the_courses_faults_is_killed_or_explained():
    before = (ROOT / "graders" / "proof.json").read_bytes()
    done = mutation(ROOT, *SAMPLED, "--sample", "4", "--seed", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 survived" in done.stdout
    assert (ROOT / "graders" / "proof.json").read_bytes() == before


def test_every_explained_fault_of_the_course_is_one_that_is_made():
    course = Course(ROOT)
    for path in find_lessons(course.solutions):
        lesson = read_lesson(path)
        for entry in read_equivalents(course, lesson):
            mutants = make_mutants(solution_text(lesson.named("answer", entry.exercise).text))
            assert any(map(entry.means, mutants)), f"{path.stem}, {entry.exercise}: {entry.before} → {entry.after}"


def test_the_courses_figures_are_whole_and_reach_the_goal():
    course, counts = Course(ROOT), []
    proof = read_proof(course)
    lessons = [lesson for path in find_lessons(ROOT / "solutions") if (lesson := read_lesson(path)).exercises]
    assert set(proof.lessons) == {f"{lesson.chapter}/{lesson.name}" for lesson in lessons}
    for lesson in lessons:
        found = proof.lessons[f"{lesson.chapter}/{lesson.name}"]
        assert list(found.exercises) == list(lesson.exercises)
        counts += found.counts(course, lesson).values()
    everything = together(counts)
    assert everything.share_killed >= 0.95
    assert (everything.wrong_caught, everything.right_passed) == (everything.wrong, everything.right)
