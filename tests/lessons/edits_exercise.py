"""Edits of the good lesson that break its exercises (E)."""

from __future__ import annotations

import re

SUCCESS = "The list and the rule agree, so that the cost of a load can be predicted without running through its pairs."

# Rule -> named edits of the lesson, one (old, new) or several; each must make exactly that rule fire.
EXERCISE_EDITS = {
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
        "no instruction": (re.compile(r"# instructions:\n#   - List the pairs.*\n.*\n"), "# instructions: []\n"),
        "five instructions": ("#   - Count the pairs by rule.\n", "#   - Count the pairs by rule.\n" * 4),
    },
    "E4": {
        "no hint": (re.compile(r"# hints:\n#   - The list of pairs.*?\n#   - The rule takes.*?\n"), "# hints: []\n"),
        "five hints": (
            "#   - Both costs come from the same rule.\n",
            "#   - Both costs come from the same rule.\n" * 4,
        ),
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
        "only praise": (
            f"# success: {SUCCESS}",
            "# success: Well done, very good work, that is really excellent and perfect.",
        ),
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
        "solution with a blank": ("listed = len(list(", "listed = ____ or len(list("),
        "stub without types": ("def growth_factor(small: int, large: int)", "def growth_factor(small, large: int)"),
        "stub without result": ("large: int) -> float:  # stub", "large: int):  # stub"),
    },
}
