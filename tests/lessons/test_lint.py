"""The linter: nothing on a good lesson, and each rule seen to fire, alone, on the smallest edit that breaks it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from scalable_ai.lessons.lint import lint_course

SUCCESS = "The list and the rule agree, so that the cost of a load can be predicted without running through its pairs."
EXTRA_EXERCISE = """\
# %% exercise: NAME [markdown]
# title: Count again
# difficulty: 1
# minutes: 5
# points: 1
# task: Compute the pairs of parcels once more.
# context: >-
#   You are a data engineer at a retail company. The depot compares each parcel with each other one before the vans are
#   loaded, and the shift leader wants to know how many comparisons tonight's parcels will take. You count them again.
# instructions:
#   - Count the pairs by rule.
# hints:
#   - The rule takes the number of parcels.
# success: The rule predicts the cost of a load without running through its pairs of parcels.

# %% answer: NAME
# Count the pairs by rule
again_NAME = comb(len(parcels), 2)  # blank: comb

# %% check: NAME
from scalable_ai.checks import exercise

with exercise("NAME") as check:
    check.equal(again_NAME, 6, "again")

"""
QUIZ = """\
# %% quiz: second [markdown]
# question: Which count is exact?
# options:
#   - text: The list
#     why: A list holds every pair, so its length is exact.
#     right: true
#   - text: The seconds
#     why: Seconds belong to one machine and one afternoon.
#   - text: The guess
#     why: A guess is not exact, however well it is meant.

"""
EXTRA_GRADERS = "".join(f'compare("{name}", given=lambda rng: {{}}, want=["x"])\n' for name in ("one", "two"))
EXTRA_GALLERY = "\n".join(
    f"# %% {kind}: {name} - number {number}\n{'# says: x' if kind == 'wrong' else ''}\nx = {number}\n"
    for name in ("one", "two")
    for kind, number in [("wrong", 1), ("wrong", 2), ("wrong", 3), ("right", 4), ("right", 5)]
)

# rule -> named edits of the lesson, one (old, new) or several; each must make exactly that rule fire.
LESSON_EDITS = {
    "M": {
        "broken mark": ("# %% note [markdown]", "# %% nota [markdown]"),
        "broken code": ('print("load:", len(parcels))', 'print("load:", len(parcels)'),
    },
    "G1": {
        "no script": (
            "# %% slide [markdown]\n# ## Load and cost",
            "# %% slide [markdown]\n# ## Between\n#\n# - Wait\n\n# %% slide [markdown]\n# ## Load and cost",
        ),
        "slide after an exercise": (
            "# %% quiz: twice [markdown]",
            "# %% fragment\nprint(6)\n\n# %% quiz: twice [markdown]",
        ),
        "four slides": (re.compile(r"# %% slide \[markdown\]\n# ## What growth looks like\n.*?(?=# %% script)", re.S), ""),
        "five exercises": (
            "# %% quiz: twice [markdown]",
            EXTRA_EXERCISE.replace("NAME", "one") + EXTRA_EXERCISE.replace("NAME", "two") + "# %% quiz: twice [markdown]",
        ),
    },
    "G2": {"one coding exercise": (re.compile(r"# %% exercise: growth_factor.*?(?=# %% quiz)", re.S), "")},
    "G3": {
        "second quiz": ("# %% recap [markdown]", QUIZ + "# %% recap [markdown]"),
        "option hardly explained": (
            "why: New parcels are compared too, so the count cannot stay where it was.",
            "why: No, wrong.",
        ),
    },
    "G4": {
        "script too short": (re.compile(r"# Now compare two loads\..*?night shift\.\n", re.S), "# Now compare two loads.\n"),
        "script too long": (
            "# Now compare two loads.",
            "\n".join(["# We say it once more and in other words so that it stays, calmly and slowly and clearly."] * 15)
            + "\n# Now compare two loads.",
        ),
    },
    "G5": {
        "title of an exercise": ("# title: Count the pairs", "# title: Count The Pairs"),
        "title of a slide": ("# ## Load and cost", "# ## Load And cost"),
        "title of the lesson": ("title: Counting work with Python", "title: Counting Work with Python"),
        "small at the start": ("# ## Pairs of parcels", "# ## pairs of parcels"),
        "shouted": ("# ## Pairs of parcels", "# ## PAIRS of parcels"),
    },
    "V1": {
        "slide without build-up": (
            "# - Twice the load: about four times the cost\n# - Ask early, not at night\n",
            "",
        ),
    },
    "V2": {
        "long bullet": ("# - Load: how much arrives", "# - Load: how much arrives at the gate on a busy day this year"),
        "full stop": ("# - Load: how much arrives", "# - Load: how much arrives."),
        "running text": ("# - Ten parcels: done before lunch", "# Ten parcels\n#\n# - Ten parcels: done before lunch"),
        "no heading": ("# ## Load and cost\n#\n", ""),
    },
    "V3": {
        "objective not echoed": (
            "# In this lesson you learn to count the work of a program and to predict how it grows. That matters because a program\n",
            "# In this lesson you learn something about code that is useful on many evenings and days. That matters because code\n",
        ),
        "no reason": ("That matters because a program\n# is written", "A program\n# is written"),
    },
    "V4": {
        "no code": [
            (re.compile(r"# %% fragment\n.*?(?=# %% script)", re.S), ""),
            ("# - Small loads are cheap to count\n", "# - Small loads are cheap\n#\n# ```python\n# x = 1\n# ```\n#\n"),
        ],
    },
    "V5": {
        "over-used": ('parcels = ["oak", "elm", "oak", "ash"]', 'parcels = ["oak", "elm", "oak", "iris"]'),
        "in prose": ("# - Small loads are cheap to count", "# - Titanic loads are cheap to count"),
    },
    "V6": {
        "name without backticks": ("The function `comb` does", "The function math.comb does"),
        "snake case in a card": ("#   - Both costs come from the same rule.", "#   - Both costs come from the_same rule."),
        "a call": ("The function `comb` returns", "The function comb() returns"),
        "fenced code broken": ("# %% note [markdown]\n", "# %% note [markdown]\n# ```python\n# print(\n# ```\n#\n"),
        "fence without language": ("# %% note [markdown]\n", "# %% note [markdown]\n# ```\n# plain\n# ```\n#\n"),
        "not formatted": ('print("cost:", len(pairs))', "print('cost:',len(pairs))"),
    },
    "V7": {
        "backticks": ("# Two words are enough", "# Two `words` are enough"),
        "a list": ("# Two words are enough", "# - Two words are enough"),
        "asterisks": ("# Two words are enough", "# Two *words* are enough"),
        "a heading": ("# Two words are enough", "# ## Words\n#\n# Two words are enough"),
        "a link": ("# Two words are enough", "# Two https://words are enough"),
        "no full sentence": ("# belong to one machine and one afternoon, while a count belongs to the program itself. On the slide the load is four,\n# and it is written down before anything else is done.", "# belong to one machine and one afternoon, while a count belongs to the program itself, and then"),
    },
    "E1": {
        "two sentences": ("by list and by rule.", "by list. Then compute them by rule."),
        "no imperative": ("task: Compute the pairs", "task: You compute the pairs"),
        "gerund": ("task: Compute the pairs", "task: Computing the pairs"),
        "third person": ("task: Compute the pairs", "task: Computes the pairs"),
        "no full stop": ("by list and by rule.", "by list and by rule"),
    },
    "E2": {
        "short context": (re.compile(r"The depot compares each parcel.*?be compared\.", re.S), "Count."),
        "long context": (
            "#   first and then by rule",
            "#   You count the parcels of yet another quiet evening in the depot.\n" * 9 + "#   first and then by rule",
        ),
    },
    "E3": {
        "no instruction": ("# instructions:\n#   - List the pairs of the parcels and count them.\n#   - Count the pairs by rule.\n", "# instructions: []\n"),
        "five instructions": ("#   - Count the pairs by rule.\n", "#   - Count the pairs by rule.\n" * 4),
    },
    "E4": {
        "no hint": (re.compile(r"# hints:\n#   - The list of pairs.*?\n#   - The rule takes.*?\n"), "# hints: []\n"),
        "five hints": ("#   - Both costs come from the same rule.\n", "#   - Both costs come from the same rule.\n" * 4),
        "the answer": (
            "#   - The rule takes the number of parcels and the size of a group.",
            "#   - Write `by_rule = comb(len(parcels), 2)` there.",
        ),
    },
    "E5": {
        "long solution": (
            "    # Divide the larger cost by the smaller\n",
            "    # Divide the larger cost by the smaller\n" + "    after += 0\n" * 6,
        ),
    },
    "E6": {
        "short": (f"# success: {SUCCESS}", "# success: List and rule agree."),
        "only praise": (f"# success: {SUCCESS}", "# success: Well done, very good work, that is really excellent and perfect."),
    },
    "E7": {
        "comment lost in the stub": (
            "    return after / before",
            "    return after / before  # Divide the larger by the smaller",
        ),
    },
    "E8": {
        "small letter": ("# List the pairs and count them\nlisted", "# list the pairs and count them\nlisted"),
        "full stop": ("# List the pairs and count them\nlisted", "# List the pairs and count them.\nlisted"),
        "another thing": ("# List the pairs and count them\nlisted", "# Do what is asked\nlisted"),
    },
    "E9": {"backticks": ("# List the pairs and count them\nlisted", "# List the `pairs` and count them\nlisted")},
    "E10": {
        "long comment": (
            "# List the pairs and count them\nlisted",
            "# List the pairs and count them one after the other, as long as it takes\nlisted",
        ),
    },
    "E11": {"no single space": ("# List the pairs and count them\nlisted", "#  List the pairs and count them\nlisted")},
    "E12": {"no blank line": ("# blank: combinations\n\n# Count", "# blank: combinations\n# Count")},
    "E13": {
        "no imperative": ("#   - Count the pairs by rule.\n", "#   - The pairs should be counted by rule.\n"),
        "a list in a bullet": ("#   - Count the pairs by rule.\n", '#   - "- Count the pairs by rule."\n'),
    },
    "E14": {"a list in a bullet": ("#   - Both costs come", '#   - "1. Both"\n#   - Both costs come')},
    "E15": {
        "blanks run together": ("# blank: combinations", "# blank: combinations | list("),
        "mark that does not fit": ("# blank: combinations", "# blank: permutations"),
        "nothing marked": [("  # blank: combinations\n", "\n"), ("  # blank: comb\n", "\n")],
        "solution with a blank": ("listed = len(list(combinations(parcels, 2)))", "listed = ____ or len(list(combinations(parcels, 2)))"),
        "stub without types": ("def growth_factor(small: int, large: int)", "def growth_factor(small, large: int)"),
        "stub without result": ("large: int) -> float:  # stub", "large: int):  # stub"),
    },
    "S1": {"long prose": ("# The function `comb` returns", "# Every parcel has its place and its time. " * 1 + "\n".join(["# Parcels travel in vans, and vans travel in streets, and streets have names that we compare."] * 6) + "\n# The function `comb` returns")},
    "S2": {"long code": ("loads = [10, 20, 40, 80]", "loads = [10, 20, 40, 80]\n" + "loads.sort()\n" * 9 + "loads.sort()")},
    "S3": {"level one": ("# ## Pairs of parcels", "# # Pairs of parcels")},
    "S4": {"emoji": ("# - Ask early, not at night", "# - Ask early, not at night 🚀")},
    "S5": {"shouting": ("The function `comb` does the counting.", "The function `comb` does the counting!")},
    "S6": {
        "no figure": (re.compile(r"\nfrom scalable_ai.figures import show\n(.*?)show\(fig, \"[^\"]*\"\)\n", re.S), r"\1"),
        "described too shortly": (re.compile(r'show\(fig, "[^"]*"\)'), 'show(fig, "A line.")'),
        "not described": (re.compile(r'show\(fig, "[^"]*"\)'), "show(fig)"),
        "pyplot's show": ('ax.set(xlabel="parcels", ylabel="comparisons")', 'ax.set(xlabel="parcels", ylabel="comparisons")\nplt.show()'),
    },
    "S7": {
        name: ("# %% note [markdown]", f"# %%\n{code}\n\n# %% note [markdown]")
        for name, code in {
            "next method": "first = data_iter.next()",
            "gpus": "trainer = Trainer(gpus=1)",
            "checkpoint_callback": "trainer = Trainer(checkpoint_callback=False)",
            "progress bar": "trainer = Trainer(progress_bar_refresh_rate=5)",
            "epoch end": "model.training_epoch_end = print",
            "resume": 'trainer = Trainer(resume_from_checkpoint="x")',
            "backend": 'trainer = Trainer(distributed_backend="ddp")',
            "Variable": "x = Variable(parcels)",
            "pretrained": "net = resnet(pretrained=True)",
            "amp": "scaler = torch.cuda.amp.GradScaler()",
            "size_average": "loss = mse(size_average=True)",
            "metrics": "accuracy = pl.metrics.Accuracy()",
            "pkg_resources": "import pkg_resources",
            "pip magic": "# !pip install torch",
            "pip by subprocess": 'subprocess.run(["pip", "install", "torch"])',
        }.items()
    } | {"fenced": ("# %% note [markdown]\n", "# %% note [markdown]\n# ```python\n# Trainer(gpus=2)\n# ```\n#\n")},
    "S8": {
        "no such file": ("The function `comb` does", "The [function](lesson_9_9_none.ipynb) `comb` does"),
        "no such picture": ("The function `comb` does", '<img src="img/none.png" alt="x"> The function `comb` does'),
    },
    "S9": {
        "nothing new": ("#   new:\n#     - Load and cost\n#     - Counting pairs without running through them\n", ""),
        "one known": ("#     - Reading a plot\n", ""),
        "no minutes": ("#   minutes: 20\n", ""),
        "another id": ('id: "1.1"', 'id: "1.2"'),
    },
    "S10": {
        "no recap": (re.compile(r"\n# %% recap \[markdown\]\n.*", re.S), ""),
        "one bullet": ("# - Pairs grow about fourfold when the load doubles.\n", ""),
    },
    "S11": {
        "checks nothing": (re.compile(r"    check\.equal\(listed.*?\n    check\.equal\(by_rule.*?\n"), "    assert listed == by_rule\n"),
        "a clock": ('    check.equal(by_rule, 6', '    check.that(timeit(comb) < 1, "fast")\n    check.equal(by_rule, 6'),
    },
    "S12": {
        "compared with itself": ('check.equal(by_rule, 6, "by_rule"', 'check.equal(by_rule, listed, "by_rule"'),
        "through another name": ('    check.equal(by_rule, 6, "by_rule"', '    wanted = listed\n    check.equal(by_rule, wanted, "by_rule"'),
        "by keyword": ('check.equal(by_rule, 6, "by_rule"', 'check.equal(by_rule, name="by_rule", expected=listed'),
        "calls the learner's function": ('6.0, "growth from 2 to 4"', 'growth_factor(2, 4), "same"'),
    },
    "C4": {
        "term not used": ("#     load: How much", "#     orchestration: How much"),
        "term not defined": ("load: How much work arrives at a system, such as requests or parcels.", "load: Work."),
    },
    "C5": {"not told": ("Build the scale model first, then the house\n# ---", "A toolbox with the right tool for the job\n# ---")},
    "C6": {"not targeted": ("Twice the parcels need twice the comparisons", "Vectors belong to matrices")},
    "C10": {
        "not used": ("functions: [itertools.combinations, math.comb]", "functions: [math.comb, math.isqrt]"),
        "none listed": ("#   functions: [itertools.combinations, math.comb]\n", ""),
    },
}  # fmt: skip

# Rules about other files: rule -> named edits of (file, old, new).
FILE_EDITS = {
    "H1": {
        "no hidden check": ("checks", '@hidden("growth_factor"', '@other("growth_factor"'),
        "unknown exercise": ("checks", "compare(\n    \"count_pairs\"", 'compare("count_pears", want=[])\ncompare(\n    "count_pairs"'),
        "no Python": ("checks", "want=[", "want==["),
    },
    "H2": {
        "two wrong answers": ("gallery", re.compile(r"# %% wrong: growth_factor - squares.*?(?=# %%)", re.S), ""),
        "one right answer": ("gallery", re.compile(r"# %% right: growth_factor - by lists.*", re.S), ""),
    },
    "H3": {
        "wrong answer says nothing": ("gallery", "# says: another value\n", ""),
        "mark without title": ("gallery", "# %% wrong: growth_factor - squares", "# %% right: growth_factor - by lists too\nx = 1\n\n# %% wrong: growth_factor - squares\n# says: x\nx = 1\n\n# %% wrong: growth_factor"),
        "unknown exercise": ("gallery", "# %% right: growth_factor - by lists", "# %% right: growth - by hand\nx = 1\n\n\n# %% right: growth_factor - by lists"),
        "score of 1": ("gallery", "# scores: 0.5", "# scores: 1"),
        "empty answer": ("gallery", "# %% right: growth_factor - by lists", "# %% right: growth_factor - empty\n\n# %% right: growth_factor - by lists"),
    },
    "C11": {
        "no forms": ("capstone", re.compile(r"#   forms:\n(#     .*\n){3}"), ""),
        "a form without exercise": ("capstone", "#     iterative: [group_cost]\n", "#     iterative: []\n"),
        "unknown exercise": ("capstone", "sequential: [group_cost]", "sequential: [group_costs]"),
        "unknown form": ("capstone", "#     coding: [group_cost]", "#     coding: [group_cost]\n#     spoken: [group_cost]"),
    },
    "E8": {"in a capstone": ("capstone", "# Count the parcels of each street\n", "# count the parcels of each street\n")},
    "S3": {"in a capstone": ("capstone", "# ## The task", "# # The task")},
    "V6": {"in a capstone": ("capstone", "# Compare parcels only", "# Compare parcels.sort() only")},
    "C10": {"in a capstone": ("capstone", "collections.Counter]", "collections.Counter, math.isqrt]")},
}  # fmt: skip


def cases(edits):
    return [pytest.param(rule, name, id=f"{rule}-{name}") for rule, named in edits.items() for name in named]


def replaced(text, old, new):
    if isinstance(old, re.Pattern):
        text, count = old.subn(new, text)
        assert count >= 1, f"{old.pattern!r} is not found"
        return text
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def rewrite(path, old, new):
    path.write_text(replaced(path.read_text(encoding="utf-8"), old, new), encoding="utf-8")


def findings(small, paths=None):
    return lint_course(small.course, [small.lesson] if paths is None else paths)


def test_nothing_fires_on_a_good_course(small):
    assert [str(found) for found in findings(small, [])] == []


@pytest.mark.parametrize(("rule", "name"), cases(LESSON_EDITS))
def test_exactly_this_rule_fires(small, rule, name):
    edits = LESSON_EDITS[rule][name]
    for old, new in edits if isinstance(edits, list) else [edits]:
        rewrite(small.lesson, old, new)
    if name == "five exercises":
        small.checks.write_text(small.checks.read_text() + EXTRA_GRADERS)
        small.gallery.write_text(small.gallery.read_text() + EXTRA_GALLERY)
    if name == "one coding exercise":
        rewrite(small.checks, re.compile(r"@hidden.*", re.S), "")
        rewrite(small.gallery, re.compile(r"# %% wrong: growth_factor.*", re.S), "")
    found = findings(small)
    assert {finding.rule for finding in found} == {rule}, "\n".join(map(str, found))


@pytest.mark.parametrize(("rule", "name"), cases(FILE_EDITS))
def test_exactly_this_rule_fires_on_the_files_around(small, rule, name):
    kind, old, new = FILE_EDITS[rule][name]
    rewrite(getattr(small, kind), old, new)
    found = findings(small, [small.lesson, small.capstone])
    assert {finding.rule for finding in found} == {rule}, "\n".join(map(str, found))


def test_files_that_are_not_there_are_asked_for(small):
    small.checks.unlink()
    small.gallery.unlink()
    assert [(finding.rule, finding.remedy) for finding in findings(small)] == [
        ("H1", "Write them in graders/ch1_growth/lesson_1_1_counting.py."),
        ("H2", "Write one in graders/ch1_growth/answers/lesson_1_1_counting.py."),
    ]


def test_a_finding_names_file_line_rule_and_remedy(small):
    rewrite(small.lesson, "# ## Pairs of parcels", "# # Pairs of parcels")
    line = small.lesson.read_text().splitlines().index("# # Pairs of parcels") + 1
    assert [str(found) for found in findings(small)] == [
        f"solutions/ch1_growth/lesson_1_1_counting.py:{line}: S3 This is a heading of level 1. "
        "Write '## …'; the builder makes the title."
    ]


LINES = {
    "V2": ("# - Load: how much arrives", "# - Load: how much arrives."),
    "V5": ("# - Small loads are cheap to count", "# - Titanic loads are cheap to count"),
    "V6": ("The function `comb` does", "The function math.comb does"),
    "V7": ("# Two words are enough", "# Two `words` are enough"),
    "E9": ("# Count the pairs by rule\nby_rule", "# Count the `pairs` by rule\nby_rule"),
    "S5": ("# The function `comb` returns a whole number", "# The function! `comb` returns a whole number"),
    "S12": ('    check.equal(by_rule, 6, "by_rule"', '    check.equal(by_rule, listed, "by_rule"'),
}


@pytest.mark.parametrize("rule", LINES)
def test_the_line_is_that_of_the_fault(small, rule):
    before = small.lesson.read_text().splitlines()
    rewrite(small.lesson, *LINES[rule])
    after = small.lesson.read_text().splitlines()
    changed = [number for number, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]]
    assert [finding.line for finding in findings(small)] == changed


def test_all_faults_are_found_in_order_of_their_place(small):
    rewrite(small.lesson, "# %% recap [markdown]", QUIZ + "# %% recap [markdown]")
    rewrite(small.lesson, "# ## Pairs of parcels", "# # Pairs of parcels")
    rewrite(small.capstone, "# ## The task", "# # The task")
    found = findings(small, [small.lesson, small.capstone])
    assert [finding.rule for finding in found] == ["S3", "S3", "G3"]
    assert found == sorted(found)


def test_a_broken_lesson_does_not_hide_another_ones_faults(small):
    rewrite(small.lesson, "# %% note [markdown]", "# %% nota [markdown]")
    rewrite(small.capstone, "# ## The task", "# # The task")
    assert {finding.rule for finding in findings(small, [])} == {"M", "S3"}


def test_folders_and_wrong_paths(small):
    rewrite(small.capstone, "# ## The task", "# # The task")
    assert [finding.rule for finding in findings(small, [small.lesson.parent])] == ["S3"]
    assert findings(small, [small.lesson]) == []
    stray = small.course.root / "nowhere.py"
    (found,) = findings(small, [stray])
    assert str(found) == (
        "nowhere.py:1: M This is no lesson source of the course. Name a file solutions/CHAPTER/LESSON.py."
    )


@pytest.mark.parametrize(
    "text",
    [
        "[next lesson](lesson_1_1_counting.ipynb#pairs)",
        "[capstone](./capstone_1.ipynb)",
        "[the same](#pairs-of-parcels)",
        "[facts](../../solutions/course.yml)",
        "[site](https://example.org/x.html)",
        "`[no link](none.ipynb)`",
    ],
)
def test_links_that_lead_somewhere(small, text):
    rewrite(small.lesson, "The function `comb` does", f"The {text} `comb` does")
    assert findings(small) == []


@pytest.mark.parametrize(
    "prose",
    [
        "Ask for 3.5 or 1.1 items, e.g. at 10.30 and so on.",
        "PyTorch and NumPy, and/or both.",
        "Is `a != b` so?",
        "A picture: ![alt text](https://example.org/x.png).",
    ],
)
def test_prose_that_only_looks_wrong(small, prose):
    rewrite(small.lesson, "The function `comb` returns a whole number, whatever the size.", prose)
    assert findings(small) == []


def test_the_linter_imports_no_torch():
    program = (
        "import sys, scalable_ai.lessons.lint; print([m for m in ('torch', 'numpy', 'nbgrader') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_missing_ruff_is_said(small, monkeypatch):
    from scalable_ai.lessons import lint_files

    monkeypatch.setattr(lint_files, "_ruff", lambda: None)
    (found,) = findings(small)
    assert found.rule == "V6"
    assert "ruff is not installed. Run pip install" in str(found)


def test_ruff_that_cannot_run_is_said(small):
    (small.course.root / "pyproject.toml").write_text("[tool.ruff]\nline-length = 'wide'\n")
    (found,) = findings(small)
    assert found.rule == "V6"
    assert "ruff could not look at the formatting" in str(found)
