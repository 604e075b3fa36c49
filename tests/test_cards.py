"""Cards as text and as HTML."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from scalable_ai.cards import KEY, Card, Finding, hints_html, inline

FAILED = Card(
    "Exercise 1: Count",
    passed=False,
    findings=(Finding("`total`", "shape (3,)", "shape (4,)", "Is `n` one too large?"),),
    hints=("Look at the range.", "It starts at <0>."),
    hints_in_text=1,
)
PASSED = Card("Exercise 1: Count", passed=True, success="You counted `pairs`.", hints=("Unneeded.",), footer="Next.")


class Balanced(HTMLParser):
    """Collects the text of HTML and demands that its tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words = ""
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


def parsed(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def test_a_failed_card_says_expected_got_likely_and_the_first_hint():
    assert FAILED.text().splitlines() == [
        "Not yet: Exercise 1: Count",
        "`total`",
        "  expected  shape (3,)",
        "  got       shape (4,)",
        "  likely    Is `n` one too large?",
        "Hint 1 of 2: Look at the range.",
    ]
    assert str(FAILED) == repr(FAILED) == FAILED.text()


def test_a_passed_card_says_why_and_shows_no_hint():
    assert PASSED.text().splitlines() == ["Passed: Exercise 1: Count", "You counted `pairs`.", "Next."]
    assert "Hint" not in parsed(PASSED._repr_html_()).words


def test_html_says_the_same_as_text():
    words = parsed(FAILED._repr_html_()).words
    for said in ("Not yet", "total", "shape (3,)", "shape (4,)", "Is n one too large?", "Look at the range."):
        assert said in words


def test_what_a_learner_wrote_is_text_and_no_markup():
    evil = "<script>alert(1)</script> `<b>`"
    card = Card(evil, passed=False, findings=(Finding(evil, evil, evil, evil),), hints=(evil,), footer=evil)
    tags = parsed(card._repr_html_()).tags
    assert "script" not in tags
    assert "b" not in tags
    assert inline("`<b>`") == "<code>&lt;b&gt;</code>"


def test_hints_fold_one_inside_the_other_and_start_closed():
    html = hints_html(("gentle", "nearly there"))
    assert html.count("<details") == 2
    assert "open" not in html
    assert html.index("gentle") < html.index("Hint 2 of 2") < html.index("nearly there")
    first = html.index("</details>")
    assert html.index("nearly there") < first
    assert hints_html(()) == ""


def test_a_right_answer_folds_away_below_the_last_hint_and_is_escaped():
    html = replace(FAILED, solution="total = a < b", solution_place="there, from line 7")._repr_html_()
    words = parsed(html).words
    assert words.index("It starts at <0>.") < words.index("for self-study") < words.index("total = a < b")
    assert html.count("<details") == 3
    assert html.index("total = a &lt; b") < html.index("</details>")
    assert "open" not in html


def test_text_says_where_a_right_answer_stands_once_all_hints_are_open():
    card = replace(FAILED, solution="total = a", solution_place="there, from line 7")
    assert "there" not in card.text()
    text = replace(card, hints_in_text=2).text()
    assert text.endswith("A right answer, for self-study: there, from line 7")
    assert "total = a" not in text


def test_the_notebooks_file_says_which_exercise_passed():
    data, metadata = replace(PASSED, name="pairs")._repr_mimebundle_()
    assert data == {}
    assert metadata == {KEY: {"exercise": "pairs", "passed": True}}
    assert FAILED._repr_mimebundle_()[1] == {}


def test_colour_is_never_all_that_tells():
    for card, verdict in ((PASSED, "Passed"), (FAILED, "Not yet")):
        html = card._repr_html_()
        assert verdict in parsed(html).words
        assert "color:" not in html, "text keeps the theme's own colour"


def test_long_lines_are_wrapped():
    card = Card("T", passed=False, findings=(Finding("x", "word " * 60, "other"),))
    assert all(len(line) <= 88 for line in card.text().splitlines())


def test_a_finding_is_one_sentence_for_logs():
    assert FAILED.findings[0].sentence() == "`total`: expected shape (3,), got shape (4,). Is `n` one too large?"
    assert Finding("x", "1", "2").sentence() == "x: expected 1, got 2."


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_closed_html(what, got):
    parsed(Card("T", passed=False, findings=(Finding(what, "1", got),))._repr_html_())
