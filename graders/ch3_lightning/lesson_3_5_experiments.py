"""Hidden checks of lesson 3.5: a curve from a log, a sweep repaired, the best moment of all runs."""

import math

from scalable_ai.grading.hidden import compare, hidden

# --- metric_history --------------------------------------------------------------------------------------------------


def a_log(rng, metric):
    """Draw the text of a log with columns in any order, and the history of one metric in it."""
    others = ["epoch", "train_loss_step", "lr-SGD", "val_auc"]
    names = [str(name) for name in rng.permutation(["step", metric, *others])]
    lines, history, step = [",".join(names)], [], 0
    for _ in range(int(rng.integers(8, 15))):
        step += int(rng.integers(0, 50))
        cells = {"step": str(step), "epoch": str(step // 100)}
        for name in [metric, *others[1:]]:
            if rng.random() < 0.5:
                cells[name] = repr(float(rng.choice([0.0, rng.normal(), 1e-7 * rng.random()])))
        if metric in cells:
            history.append((step, float(cells[metric])))
        lines.append(",".join(cells.get(name, "") for name in names))
    return "\n".join(lines) + "\n", history


@hidden("metric_history", "Other logs, columns in any order", weight=2)
def other_logs(check, learner, reference, rng):
    for metric in ["val_loss", "recall", "val_accuracy"]:
        text, history = a_log(rng, metric)
        got = learner.call("metric_history", text, metric)
        likely = "Leave the empty cells out, keep the order, and take the columns by their names."
        check.equal(got, history, "metric_history(…)", likely=likely)


@hidden("metric_history", "A logged zero is a value")
def zeros(check, learner, reference, rng):
    steps = sorted(rng.choice(500, 4, replace=False).tolist())
    text = "step,loss,val_loss\n" + "".join(f"{step},{step / 7},0.0\n{step},,\n" for step in steps)
    likely = "The text '0.0' is a value like any other; only the empty text was not logged."
    got = learner.call("metric_history", text, "val_loss")
    check.equal(got, [(step, 0.0) for step in steps], "metric_history(…)", likely=likely)


@hidden("metric_history", "The step is a whole number, the value a float")
def kinds(check, learner, reference, rng):
    step, whole = int(rng.integers(1, 900)), int(rng.integers(1, 9))
    got = learner.call("metric_history", f"step,epoch,wrong_labels\n{step},0,{whole}\n", "wrong_labels")
    check.equal(got, [(step, float(whole))], "metric_history(…)", likely="A list of tuples (step, value).")
    kinds_found = [type(part).__name__ for part in got[0]]
    check.equal(
        kinds_found, ["int", "float"], "kinds of step and value", likely="`int` for the one, `float` the other."
    )


# --- run_sweep -------------------------------------------------------------------------------------------------------


def some_rates(rng):
    """Draw three learning rates, the first of them again at the end, and a seed."""
    rates = [round(float(rate), 3) for rate in rng.uniform([0.02, 0.1, 0.3], [0.08, 0.2, 0.5])]
    return [*rates[:2], rates[0]], int(rng.integers(10, 10_000))


def swept(check, answerer, rates, seed):
    """Return what a sweep logged, once it is a list with a log for each rate."""
    found = answerer.call("run_sweep", rates, seed)
    check.that(isinstance(found, list), "a list", got=type(found).__name__, likely="Return the list of logs.")
    likely = "Each run needs a logger of its own, made inside the loop."
    check.equal(len(found), len(rates), "number of logs", likely=likely)
    fits = all(isinstance(one, dict) and {"settings", "rows"} <= set(one) for one in found)
    check.that(fits, "what `read_log` returns, for each run", likely="Collect read_log(logger.log_dir).")
    return found


def curve(log, name="val_loss"):
    """Return the values of a metric in a log."""
    return [float(row[name]) for row in log["rows"] if row.get(name)]


@hidden("run_sweep", "A log for each run")
def own_log(check, learner, reference, rng):
    rates, seed = some_rates(rng)
    found = swept(check, learner, rates, seed)
    likely = "Two epochs leave two values; more of them mean that runs share a log."
    check.equal([len(curve(log)) for log in found], [2, 2, 2], "validation losses in each log", likely=likely)


@hidden("run_sweep", "Every log stays, that of a repeated rate too")
def logs_left(check, learner, reference, rng):
    rates, seed = some_rates(rng)
    likely = "A run must not write over the log of an earlier one with the same rate; give each a version of its own."
    check.equal(learner.call("count_logs", rates, seed), len(rates), "logs below `folder`", likely=likely)


@hidden("run_sweep", "The settings that each run had")
def own_settings(check, learner, reference, rng):
    rates, seed = some_rates(rng)
    noted = [float(log["settings"].get("lr", "nan")) for log in swept(check, learner, rates, seed)]
    likely = "`save_hyperparameters` notes what the constructor is given; pass the rate there."
    check.equal(noted, rates, "learning rates in the logs", likely=likely)


@hidden("run_sweep", "Equal settings, equal curves")
def equal_curves(check, learner, reference, rng):
    rates, seed = some_rates(rng)
    first, second, third = (curve(log) for log in swept(check, learner, rates, seed))
    likely = "Set the seed again for each run, before its module is built."
    check.equal(third, first, "curve of the repeated rate", likely=likely)
    check.that(first != second, "another curve from another rate", got="the same", likely="Use the rate.")


@hidden("run_sweep", "The seed that was given")
def given_seed(check, learner, reference, rng):
    rates, seed = some_rates(rng)
    expected = [curve(log) for log in swept(check, reference, rates[:2], seed)]
    got = [curve(log) for log in swept(check, learner, rates[:2], seed)]
    likely = "Each run starts from the given seed, gets its own rate, and trains by `train(module, logger)`."
    check.equal(got, expected, "validation losses", likely=likely, tolerance=1e-3)


# --- best_run --------------------------------------------------------------------------------------------------------


def some_runs(rng):
    """Draw histories of different lengths, some values nan, and a mode."""
    histories = {}
    for number in rng.permutation(int(rng.integers(3, 6))):
        steps = [int(step) for step in rng.integers(5, 30, int(rng.integers(3, 9))).cumsum()]
        values = [math.nan if rng.random() < 0.2 else round(float(rng.normal()), 4) for _ in steps]
        histories[f"run-{number}"] = list(zip(steps, values, strict=True))
    histories["sound"] = [(1, 0.125), (2, 0.25)]
    return histories, str(rng.choice(["min", "max"]))


compare(
    "best_run",
    call="best_run",
    args=some_runs,
    repeats=8,
    likely="Compare all steps of all runs, in the direction that the mode says.",
    weight=2,
)


@hidden("best_run", "The best moment lies before the end")
def before_the_end(check, learner, reference, rng):
    low, high = sorted(float(value) for value in rng.uniform(0.1, 0.9, 2))
    histories = {"steady": [(5, high), (10, low + (high - low) / 2)], "overfit": [(5, high), (10, low), (15, high)]}
    got = learner.call("best_run", histories, "min")
    check.equal(got, ("overfit", 10, low), "best_run(…)", likely="The last value of a run need not be its best.")


@hidden("best_run", "Runs that broke")
def broken_runs(check, learner, reference, rng):
    for mode, best in [("min", 1.25), ("max", 4.5)]:
        value = {"min": [1.25, 4.5], "max": [4.5, 1.25]}[mode]
        histories = {
            "broken": [(1, math.nan), (2, math.nan)],
            "late": [(1, value[1]), (2, math.nan), (3, value[0])],
            "gone": [(1, value[1]), (2, math.nan)],
        }
        got = learner.call("best_run", histories, mode)
        likely = "A comparison with nan is never true, so nan must be left out before `min` and `max`."
        check.equal(got, ("late", 3, best), "best_run(…)", likely=likely)


@hidden("best_run", "Equal values")
def equal_values(check, learner, reference, rng):
    value = float(rng.uniform(0.2, 0.8))
    histories = {"zeta": [(9, value + 1), (30, value), (40, value)], "alpha": [(2, value), (7, value + 1)]}
    got = learner.call("best_run", histories, "min")
    check.equal(got, ("zeta", 30, value), "best_run(…)", likely="Of equal values the first in the given order counts.")
