"""The rules about the course as a whole, each seen to fire alone."""

from __future__ import annotations

import re

import pytest

from scalable_ai.lessons.lint import lint_course

DATASET = """\
  - name: Parcels
    description: Names of streets, written out in the lesson.
    use: Loads of any size.
    source: The lesson itself
"""
PREDICT = '  - problem: Predict how work grows\n    lessons: ["1.1"]'
MISCONCEPTION = "- Twice the parcels need twice the comparisons"
# rule -> named edits, each one or several (file, old, new); each must make exactly that rule fire.
EDITS = {
    "C1": {
        "four problems": ("facts", '  - problem: Measure a design\n    lessons: ["1.2"]\n    planned: true\n', ""),
        "problem without lessons": ("facts", PREDICT, "  - problem: Predict"),
    },
    "C2": {
        "unknown lesson": ("facts", PREDICT, '  - problem: Predict\n    lessons: ["1.9"]'),
        "lesson without promise": ("facts", '["1.1", capstone_1]', '["1.1"]'),
        "no longer planned": ("facts", 'lessons: ["1.3"]\n    planned', 'lessons: ["1.1"]\n    planned'),
    },
    "C3": {
        "not listed": ("facts", "technologies: [matplotlib]", "technologies: []"),
        "not imported": ("facts", "technologies: [matplotlib]", "technologies: [matplotlib, torch]"),
    },
    "C4": {
        "no terms": ("facts", re.compile(r"glossary:\n(  .*\n){3}"), "glossary: []\n"),
        "nobody defines it": ("facts", "  - term: queue\n    planned: true\n", "  - term: queue\n"),
        "no longer planned": ("facts", "  - term: load\n", "  - term: load\n    planned: true\n"),
        "nameless": ("facts", "  - term: queue\n", "  - word: queue\n"),
        "used before it is defined": (
            "capstone",
            "#   forms:\n",
            "#   glossary:\n#     night shift: Those who work while the others sleep.\n#   forms:\n",
        ),
    },
    "C5": {
        "one analogy": ("facts", re.compile(r"  - analogy: A toolbox.*\n.*\n.*\n"), ""),
        "not told": (
            "facts",
            "analogy: Build the scale model first, then the house",
            "analogy: A blueprint on the wall",
        ),
    },
    "C6": {
        "not in the header": ("lesson", f"#   misconceptions:\n#     {MISCONCEPTION}\n", ""),
        "not in the course": ("lesson", MISCONCEPTION, f"{MISCONCEPTION}\n#     - Pairs are free"),
        "says nothing": ("facts", 'lessons: ["1.1"]\n\nrequirements', 'where: ["1.1"]\n\nrequirements'),
    },
    "C7": {
        "none": ("facts", f"datasets:\n{DATASET}", "datasets: []\n"),
        "no source": ("facts", "    source: The lesson itself\n", ""),
        "no use": ("facts", "    use: Loads of any size.\n", ""),
        "no description": ("facts", "    description: Names of streets, written out in the lesson.\n", ""),
    },
    "C8": {
        "no reason": ("facts", "    reason: They write what has to hold under load.\n", ""),
        "nobody": ("facts", re.compile(r"audience:\n.*\n.*\n"), "audience: []\n"),
    },
    "C9": {
        "two skills": ("facts", "  - skill: Lists\n    used_for: Loads are lists.\n", ""),
        "no use": ("facts", "    used_for: Loads are lists.\n", ""),
    },
    "C11": {
        "no function of the lesson": [
            ("capstone", "functions: [math.comb, collections.Counter]", "functions: [collections.Counter]"),
            ("capstone", "from math import comb\n", ""),
            ("capstone", "sum(comb(size, 2) for", "sum((size, 2)[0] for"),
        ],
        "no capstone": ("capstone", None, None),
    },
    "C12": {
        "not required": ("project", "matplotlib>=3", "numpy>=3"),
        "another Python": ("facts", 'python: ">=3.11"', 'python: ">=3.9"'),
        "no Python": ("facts", 'requirements:\n  python: ">=3.11"\n', ""),
    },
    "C13": {
        "no description": ("facts", re.compile(r"description: >-\n.*\n.*\n"), ""),
        "no YAML": ("facts", "title: Counting", "title: Counting: more"),
        "no mapping": ("facts", re.compile(r".*", re.S), "- a list\n"),
    },
    "C14": {
        "exercise used twice": [
            ("lesson", re.compile(r"\bgroup_cost\b|\bcount_pairs\b"), "group_cost"),
            ("checks", re.compile(r"\bcount_pairs\b"), "group_cost"),
            ("gallery", re.compile(r"\bcount_pairs\b"), "group_cost"),
        ],
        "term defined twice": (
            "capstone",
            "#   forms:\n",
            "#   glossary:\n#     load: How much work arrives at a system.\n#   forms:\n",
        ),
    },
}


def cases():
    return [pytest.param(rule, name, id=f"{rule}-{name}") for rule, named in EDITS.items() for name in named]


def edit(small, kind, old, new):
    path = small.course.root / "pyproject.toml" if kind == "project" else getattr(small, kind)
    if old is None:
        path.unlink()
        return
    text = path.read_text(encoding="utf-8")
    changed = (
        old.sub(new, text, count=0 if kind != "facts" else 1) if isinstance(old, re.Pattern) else text.replace(old, new)
    )
    assert changed != text, f"{old!r} is not found"
    path.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize(("rule", "name"), cases())
def test_exactly_this_rule_fires(small, rule, name):
    edits = EDITS[rule][name]
    for kind, old, new in edits if isinstance(edits, list) else [edits]:
        edit(small, kind, old, new)
    if name == "no capstone":
        edit(small, "facts", '["1.1", capstone_1]', '["1.1"]')
    found = lint_course(small.course, [])
    assert {finding.rule for finding in found} == {rule}, "\n".join(map(str, found))


def test_missing_facts_are_asked_for_and_lessons_are_still_looked_at(small):
    small.facts.unlink()
    edit(small, "capstone", "# ## The task", "# # The task")
    found = lint_course(small.course, [])
    assert [(finding.rule, str(finding.path)) for finding in found] == [
        ("S3", "solutions/ch1_growth/capstone_1.py"),
        ("C13", "solutions/course.yml"),
    ]


def test_facts_are_left_alone_when_single_lessons_are_asked_for(small):
    small.facts.unlink()
    assert lint_course(small.course, [small.lesson]) == []


def test_a_lesson_that_cannot_be_read_makes_no_claim_about_the_course(small):
    edit(small, "lesson", "# %% note [markdown]", "# %% nota [markdown]")
    assert [finding.rule for finding in lint_course(small.course, [])] == ["M"]


def test_a_finding_in_the_facts_names_its_line(small):
    edit(small, "facts", "technologies: [matplotlib]", "technologies: [matplotlib, torch]")
    (found,) = lint_course(small.course, [])
    assert small.facts.read_text().splitlines()[found.line - 1].startswith("technologies:")
    assert str(found).endswith("C3 No lesson imports 'torch'. Take it off 'technologies'.")


def test_a_term_that_is_used_too_early_is_named_where_it_stands(small):
    edit(small, "capstone", "#   forms:\n", "#   glossary:\n#     depot: Where parcels are sorted.\n#   forms:\n")
    (found,) = lint_course(small.course, [])
    line = small.lesson.read_text().splitlines()[found.line - 1]
    assert "depot" in line
    assert "'depot' is used here, and lesson capstone_1 defines it" in str(found)


def test_a_complete_course_needs_nothing_planned(small):
    """All lessons are there: every promise is kept by one of them, and no entry says otherwise."""
    edit(
        small,
        "facts",
        '  - problem: Measure a design\n    lessons: ["1.2"]\n    planned: true',
        '  - problem: Measure\n    lessons: ["1.1"]',
    )
    edit(
        small,
        "facts",
        'several machines\n    lessons: ["1.3"]\n    planned: true',
        "several machines\n    lessons: [capstone_1]",
    )
    edit(small, "facts", "  - term: queue\n    planned: true\n", "")
    edit(small, "facts", 'lessons: ["1.2"]\n    planned: true', 'lessons: ["1.1"]')
    edit(
        small,
        "lesson",
        "#     - Build the scale model first, then the house\n",
        "#     - Build the scale model first, then the house\n#     - A toolbox with the right tool for the job\n",
    )
    assert "planned" not in small.facts.read_text()
    assert [finding.rule for finding in lint_course(small.course, [])] == ["C5", "C5"]
    edit(
        small,
        "lesson",
        "whatever the load may be.",
        "whatever the load. A good toolbox has the right tool for the job.",
    )
    assert lint_course(small.course, []) == []
