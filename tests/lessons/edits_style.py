"""Edits of the good lesson that break its style (S) and its header (C)."""

from __future__ import annotations

import re

# Rule -> named edits of the lesson, one (old, new) or several; each must make exactly that rule fire.
STYLE_EDITS = {
    "S1": {
        "long prose": (
            "# The function `comb` returns",
            "# Parcels travel in vans, and vans travel in streets.\n" * 10 + "# The function `comb` returns",
        )
    },
    "S2": {
        "long code": ("loads = [10, 20, 40, 80]", "loads = [10, 20, 40, 80]\n" + "loads.sort()\n" * 9 + "loads.sort()")
    },
    "S3": {"level one": ("# ## Pairs of parcels", "# # Pairs of parcels")},
    "S4": {"emoji": ("# - Ask early, not at night", "# - Ask early, not at night 🚀")},
    "S5": {"shouting": ("The function `comb` does the counting.", "The function `comb` does the counting!")},
    "S6": {
        "no figure": [
            ("\nfrom scalable_ai.figures import show\n", ""),
            (re.compile(r'show\(fig, "[^"]*"\)\n'), ""),
        ],
        "described too shortly": (re.compile(r'show\(fig, "[^"]*"\)'), 'show(fig, "A line.")'),
        "not described": (re.compile(r'show\(fig, "[^"]*"\)'), "show(fig)"),
        "pyplot's show": ('ylabel="comparisons")\n', 'ylabel="comparisons")\nplt.show()\n'),
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
    }
    | {"fenced": ("# %% note [markdown]\n", "# %% note [markdown]\n# ```python\n# Trainer(gpus=2)\n# ```\n#\n")},
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
        "checks nothing": (re.compile(r"    check\.equal\((listed|by_rule), .*\n"), r"    assert \1 == 6\n"),
        "a clock": (
            "    check.equal(by_rule, 6",
            '    check.that(timeit(comb) < 1, "fast", likely="A slow machine.")\n    check.equal(by_rule, 6',
        ),
    },
    "S12": {
        "compared with itself": ('check.equal(by_rule, 6, "by_rule"', 'check.equal(by_rule, listed, "by_rule"'),
        "through another name": (
            '    check.equal(by_rule, 6, "by_rule"',
            '    wanted = listed\n    check.equal(by_rule, wanted, "by_rule"',
        ),
        "by keyword": ('check.equal(by_rule, 6, "by_rule"', 'check.equal(by_rule, name="by_rule", expected=listed'),
        "calls the learner's function": ('6.0, "growth from 2 to 4"', 'growth_factor(2, 4), "same"'),
    },
    "S13": {
        "no likely mistake": (', likely="A group has two parcels.")', ")"),
    },
    "C4": {
        "term not used": ("#     load: How much", "#     orchestration: How much"),
        "term not defined": ("load: How much work arrives at a system, such as requests or parcels.", "load: Work."),
    },
    "C5": {
        "not told": (
            "Build the scale model first, then the house\n# ---",
            "A toolbox with the right tool for the job\n# ---",
        )
    },
    "C6": {"not targeted": ("Twice the parcels need twice the comparisons", "Vectors belong to matrices")},
    "C10": {
        "not used": ("functions: [itertools.combinations, math.comb]", "functions: [math.comb, math.isqrt]"),
        "none listed": ("#   functions: [itertools.combinations, math.comb]\n", ""),
    },
}
