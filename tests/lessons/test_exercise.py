"""Cards of exercises and quizzes as the learner sees them."""

from __future__ import annotations

import re

import pytest

from scalable_ai.lessons.exercise import parse_exercise, parse_quiz, points_text

CARD = """\
title: Count
difficulty: 2
minutes: 5
points: 1.5
task: Count the pairs.
context: >-
  You are a programmer
  in retail.
instructions:
  - Count.
  - Compare.
hints:
  - Begin with two.
success: Counting shows growth.
"""

QUIZ = """\
question: Which?
options:
  - text: One
    why: Because of one.
  - text: Two
    why: Because of two.
  - text: Three
    right: true
    why: Because of three.
"""


def test_an_exercise_card_shows_difficulty_minutes_points_task_and_bullets():
    card = parse_exercise("count", CARD)
    shown = card.markdown(3, "<details>hints</details>")
    assert shown.startswith("### Exercise 3: Count\n")
    assert "●●○ medium · 5 minutes · 1.5 points" in shown
    assert "**Count the pairs.**" in shown
    assert "You are a programmer in retail." in shown
    assert "- Count.\n- Compare.\n" in shown
    assert shown.endswith("<details>hints</details>")
    assert "Counting shows growth" not in shown


def test_a_quiz_knows_its_key_and_hides_it_from_the_card():
    quiz = parse_quiz("which", QUIZ)
    assert quiz.key == "C"
    assert quiz.points == 1
    assert quiz.packed_options()["A"] == (False, "Because of one.")
    assert "- **C.** Three" in quiz.markdown()
    assert "Because" not in quiz.markdown()


def test_points_are_counted_in_words():
    assert [points_text(points) for points in (1, 1.0, 3, 0.5)] == ["1 point", "1 point", "3 points", "0.5 points"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("points: 1.5", "points: true", "'points' must be a positive number."),
        ("minutes: 5", "minutes: soon", "'minutes' must be a positive number."),
        ("difficulty: 2", "difficulty: hard", "'difficulty' must be 1, 2 or 3."),
        ("  - Begin with two.", "  - `a: b", "it is not valid YAML in line"),
        ("  - Count.\n  - Compare.", "  Count", "'instructions' must be a list of texts"),
        ("title: Count\n", "", "add title."),
    ],
)
def test_a_wrong_card_says_what_to_do(old, new, said):
    assert old in CARD
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_exercise("count", CARD.replace(old, new))


@pytest.mark.parametrize("text", ["just text", "", "- a\n- b"])
def test_a_card_that_is_no_mapping_says_so(text):
    with pytest.raises(ValueError, match="it must be 'key: value' lines"):
        parse_exercise("count", text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    right: true\n", ""),
        ("text: One\n", "text: One\n    right: true\n"),
        ("  - text: One\n    why: Because of one.\n", ""),
    ],
)
def test_a_quiz_needs_three_or_four_options_and_one_right(old, new):
    assert old in QUIZ
    with pytest.raises(ValueError, match="3 or 4 options, exactly one"):
        parse_quiz("which", QUIZ.replace(old, new))
