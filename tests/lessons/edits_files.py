"""Edits of the files around the good lesson: hidden checks, gallery and capstone."""

from __future__ import annotations

import re

BY_LISTS = "# %% right: growth_factor - by lists"

COMPARE = 'compare(\n    "count_pairs"'

# Rule -> named edits of (file, old, new); each must make exactly that rule fire.
FILE_EDITS = {
    "H1": {
        "no hidden check": ("checks", '@hidden("growth_factor"', '@other("growth_factor"'),
        "unknown exercise": ("checks", COMPARE, f'compare("count_pears", want=[])\n{COMPARE}'),
        "no Python": ("checks", "want=[", "want==["),
    },
    "H2": {
        "two wrong answers": ("gallery", re.compile(r"# %% wrong: growth_factor - squares.*?(?=# %%)", re.S), ""),
        "one right answer": ("gallery", re.compile(r"# %% right: growth_factor - by lists.*", re.S), ""),
    },
    "H3": {
        "wrong answer says nothing": ("gallery", "# says: another value\n", ""),
        "mark without title": (
            "gallery",
            "# %% wrong: growth_factor - squares",
            "# %% wrong: growth_factor - squares\n# says: x\nx = 1\n\n# %% wrong: growth_factor",
        ),
        "unknown exercise": ("gallery", BY_LISTS, f"# %% right: growth - by hand\nx = 1\n\n\n{BY_LISTS}"),
        "score of 1": ("gallery", "# scores: 0.5", "# scores: 1"),
        "empty answer": ("gallery", BY_LISTS, f"# %% right: growth_factor - empty\n\n{BY_LISTS}"),
    },
    "C11": {
        "no forms": ("capstone", re.compile(r"#   forms:\n(#     .*\n){3}"), ""),
        "a form without exercise": ("capstone", "#     iterative: [group_cost]\n", "#     iterative: []\n"),
        "unknown exercise": ("capstone", "sequential: [group_cost]", "sequential: [group_costs]"),
        "unknown form": (
            "capstone",
            "#     coding: [group_cost]",
            "#     coding: [group_cost]\n#     spoken: [group_cost]",
        ),
    },
    "E8": {
        "in a capstone": ("capstone", "# Count the parcels of each street\n", "# count the parcels of each street\n")
    },
    "S3": {"in a capstone": ("capstone", "# ## The task", "# # The task")},
    "V6": {"in a capstone": ("capstone", "# Compare parcels only", "# Compare parcels.sort() only")},
    "C10": {"in a capstone": ("capstone", "collections.Counter]", "collections.Counter, math.isqrt]")},
}
