"""Hidden checks of lesson 2.5: schedules against their formulas, a fair search, a choice that follows from a log."""

import math

import numpy as np

from scalable_ai.grading.hidden import compare, hidden

# --- follow_schedules ------------------------------------------------------------------------------------------------


def rehearsal(rng):
    """Draw other rates and lengths."""
    return {
        "base_lr": float(rng.uniform(0.05, 0.9)),
        "num_steps": int(rng.integers(15, 30)),
        "drop_every": int(rng.integers(2, 6)),
        "drop_by": float(rng.uniform(0.2, 0.8)),
        "lowest_lr": float(rng.uniform(0.001, 0.01)),
        "peak_lr": float(rng.uniform(1.0, 2.0)),
    }


def half_wave(start, end, share):
    """Return what half a cosine gives on its way from start to end."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def one_cycle(step, total, peak):
    """Return the rate of OneCycleLR with its own settings: up to 0.3 of the steps, then down."""
    low, top = peak / 25, 0.3 * total - 1
    if step <= top:
        return half_wave(low, peak, step / top)
    return half_wave(peak, low / 1e4, (step - top) / (total - 1 - top))


def check_rates(check, learner, rng, name, formula, likely):
    """Re-run the answer with other numbers three times and demand the formula's rate at every step."""
    for _ in range(3):
        given = rehearsal(rng)
        got = learner.rerun("follow_schedules", given, [name])[name]
        check.equal(got, [formula(step, given) for step in range(given["num_steps"])], name, likely=likely)


@hidden("follow_schedules", "The rates of a falling staircase", weight=2)
def staircase(check, learner, reference, rng):
    likely = "Update first, then move the schedule; multiply by `drop_by` after every `drop_every` steps."

    def formula(step, given):
        return given["base_lr"] * given["drop_by"] ** (step // given["drop_every"])

    check_rates(check, learner, rng, "dropping", formula, likely)


@hidden("follow_schedules", "The rates of a cosine")
def cosine(check, learner, reference, rng):
    likely = (
        "Half a wave from `base_lr` to `lowest_lr` takes `num_steps`; the optimizer updates before the schedule moves."
    )

    def formula(step, given):
        return half_wave(given["base_lr"], given["lowest_lr"], step / given["num_steps"])

    check_rates(check, learner, rng, "cosine", formula, likely)


@hidden("follow_schedules", "The rates of one cycle")
def cycle(check, learner, reference, rng):
    likely = "The cycle peaks at `peak_lr` and lasts `num_steps`; the optimizer updates before the schedule moves."

    def formula(step, given):
        return one_cycle(step, given["num_steps"], given["peak_lr"])

    check_rates(check, learner, rng, "cycle", formula, likely)


# --- fair_search -----------------------------------------------------------------------------------------------------


def configurations(rng, count):
    """Draw different configurations."""
    rates = rng.permutation([0.02, 0.05, 0.1, 0.2, 0.3])[:count]
    return [{"lr": float(lr), "momentum": float(rng.choice([0.0, 0.3, 0.6]))} for lr in rates]


@hidden("fair_search", "The log of new configurations", weight=2)
def new_configurations(check, learner, reference, rng):
    for _ in range(2):
        configs, seed = configurations(rng, 3), int(rng.integers(10, 1000))
        got, expected = learner.call("search", configs, seed), reference.call("search", configs, seed)
        likely = "Every run begins with the given seed and a new network, and is scored on the validation pictures."
        check.equal(got, expected, "search(…)", likely=likely)


@hidden("fair_search", "The same configuration, weighed twice")
def weighed_twice(check, learner, reference, rng):
    one, other, third = configurations(rng, 3)
    got = learner.call("search", [one, other, third, one], int(rng.integers(10, 1000)))
    check.that(
        isinstance(got, list) and len(got) == 4,
        "a list of 4 lines",
        got=type(got).__name__,
        likely="One line for each run, those that are tried in the order given.",
    )
    first, last = got[0].get("val_accuracy"), got[3].get("val_accuracy")
    check.that(
        isinstance(first, float),
        "a float as val_accuracy",
        got=type(first).__name__,
        likely="`.item()` or `float` turns a tensor of one value into a plain number.",
    )
    likely = "Something is carried over from run to run: the network, or the state of the random numbers."
    check.equal(last, first, "val_accuracy of the repeated configuration", likely=likely)
    scores = {line.get("val_accuracy") for line in got}
    likely = "Use the learning rate and momentum of each configuration."
    check.that(len(scores) > 1, "results that depend on the configuration", got="one result for all", likely=likely)


# --- read_log --------------------------------------------------------------------------------------------------------


def search_log(rng):
    """Draw a log in random order; the best mean, the best single run and the best test score differ."""
    pairs = [(float(lr), float(momentum)) for lr in (0.01, 0.03, 0.1) for momentum in (0.0, 0.5, 0.9)]
    pairs = [pairs[place] for place in rng.permutation(len(pairs))[:6]]
    log = []
    for rank, (lr, momentum) in enumerate(pairs):
        level = 0.6 - 0.02 * rank
        values = level + rng.uniform(-0.004, 0.004, 3)
        if rank == 1:
            values = level + 0.005 + np.array([0.06, -0.03, -0.03])
        if rank == 4:
            values = 0.7 + rng.uniform(-0.01, 0.01, 3)
            values[rng.integers(3)] = math.nan
        for seed, value in enumerate(values):
            test = float(0.5 + 0.05 * rank + rng.uniform(0, 0.01))
            log.append(
                {"lr": lr, "momentum": momentum, "seed": seed, "val_accuracy": float(value), "test_accuracy": test}
            )
    return [log[place] for place in rng.permutation(len(log))]


RULE = "The highest mean of `val_accuracy` over a pair's seeds decides; a pair with a `nan` is out, test has no vote."
compare("read_log", call="choose", args=lambda rng: (search_log(rng),), likely=RULE, weight=2)


@hidden("read_log", "A configuration that blew up, wherever it stands")
def blown_up(check, learner, reference, rng):
    log = sorted(search_log(rng), key=lambda line: not math.isnan(line["val_accuracy"]))
    likely = "No comparison with `nan` holds, so the position in the log would decide; leave such pairs out first."
    for given in (log, log[::-1]):
        check.equal(learner.call("choose", given), reference.call("choose", given), "choose(…)", likely=likely)


@hidden("read_log", "Pairs with different numbers of seeds")
def uneven_seeds(check, learner, reference, rng):
    base = float(rng.uniform(0.3, 0.5))
    log = [{"lr": 0.2, "momentum": 0.0, "seed": seed, "val_accuracy": base} for seed in range(5)]
    log += [{"lr": 0.1, "momentum": 0.0, "seed": seed, "val_accuracy": base + 0.05} for seed in range(2)]
    log = [{**line, "test_accuracy": 0.5} for line in log]
    likely = "Divide by the number of runs of that pair; a sum favours pairs with more seeds."
    check.equal(learner.call("choose", log), reference.call("choose", log), "choose(…)", likely=likely)


@hidden("read_log", "Equal means")
def equal_means(check, learner, reference, rng):
    value = float(rng.uniform(0.3, 0.5))
    rates = [float(lr) for lr in rng.permutation([0.01, 0.02, 0.05, 0.1])]
    log = [{"lr": lr, "momentum": 0.5, "seed": 0, "val_accuracy": value, "test_accuracy": lr} for lr in rates]
    got = learner.call("choose", log)
    check.equal(
        got, {"lr": rates[0], "momentum": 0.5, "val_mean": value}, "choose(…)", likely="The first in the log wins."
    )
