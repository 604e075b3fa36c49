"""Edits of the good lesson that break its marks (M) and its lecture (G, V)."""

from __future__ import annotations

import re

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
    check.equal(again_NAME, 6, "again", likely="Of four parcels.")

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

# Rule -> named edits of the lesson, one (old, new) or several; each must make exactly that rule fire.
LECTURE_EDITS = {
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
        "four slides": (
            re.compile(r"# %% slide \[markdown\]\n# ## What growth looks like\n.*?(?=# %% script)", re.S),
            "",
        ),
        "five exercises": (
            "# %% quiz: twice [markdown]",
            EXTRA_EXERCISE.replace("NAME", "one")
            + EXTRA_EXERCISE.replace("NAME", "two")
            + "# %% quiz: twice [markdown]",
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
        "script too short": (
            re.compile(r"# Now compare two loads\..*?night shift\.\n", re.S),
            "# Now compare two loads.\n",
        ),
        "script too long": (
            "# Now compare two loads.",
            "\n".join(
                ["# We say it once more and in other words so that it stays, calmly and slowly and clearly."] * 15
            )
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
            "to count the work of a program and to predict how it grows. That matters",
            "something that is useful on many evenings and days. That matters",
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
        "snake case in a card": (
            "#   - Both costs come from the same rule.",
            "#   - Both costs come from the_same rule.",
        ),
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
        "no full sentence": ("before anything else is done.", "before anything else is done and"),
    },
}
