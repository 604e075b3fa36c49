"""Hidden checks of lesson 3.2: a classifier rebuilt as a LightningModule, and a module with three faults mended."""

import torch

from scalable_ai.grading.hidden import compare, hidden

# --- rebuild ---------------------------------------------------------------------------------------------------------


def other_case(rng, epochs=None):
    """Draw other rows, first weights and hyperparameters; the last batches are smaller than the others."""
    hidden_size = int(rng.integers(4, 12))
    num_rows, num_val = 64 * int(rng.integers(2, 4)) + 20, 64 + int(rng.integers(10, 40))

    def uniform(*shape):
        return torch.from_numpy(rng.uniform(-0.5, 0.5, shape)).float()

    return {
        "case": {
            "start": {
                "0.weight": uniform(hidden_size, 48),
                "0.bias": uniform(hidden_size),
                "2.weight": uniform(10, hidden_size),
                "2.bias": uniform(10),
            },
            "rows": uniform(num_rows, 48),
            "labels": torch.from_numpy(rng.integers(0, 10, num_rows)),
            "val_rows": uniform(num_val, 48),
            "val_labels": torch.from_numpy(rng.integers(0, 10, num_val)),
            "hidden": hidden_size,
            "lr": float(rng.uniform(0.1, 0.6)),
            "epochs": epochs or int(rng.integers(2, 4)),
        }
    }


def rebuilt_as(what, name, likely):
    """Register a check of one of the results on two other cases."""

    @hidden("rebuild", what)
    def run(check, learner, reference, rng):
        for _ in range(2):
            given = other_case(rng)
            expected = reference.rerun("rebuild", given, ["rebuilt"])["rebuilt"]
            got = learner.rerun("rebuild", given, ["rebuilt"])["rebuilt"]
            check.that(
                isinstance(got, dict) and name in got,
                "the results of `trial` in `rebuilt`",
                got="something else",
                likely="Leave the call of `trial` as it is given.",
            )
            check.equal(got[name], expected[name], name, likely=likely, tolerance=1e-4)


rebuilt_as("The hyperparameters of another case", "hparams", "`self.save_hyperparameters` remembers all arguments.")
rebuilt_as("The loss of each step", "losses", "Return the cross-entropy of the batch, and use the saved rate.")
rebuilt_as("The weights after all steps", "weights", "Return the loss, and take the rate from `self.hparams`.")


def logged(check, learner, reference, rng, name, likely):
    """Demand one logged value on two other cases."""
    for _ in range(2):
        given = other_case(rng)
        expected = reference.rerun("rebuild", given, ["rebuilt"])["rebuilt"]["logged"]
        got = learner.rerun("rebuild", given, ["rebuilt"])["rebuilt"]
        values = got.get("logged") if isinstance(got, dict) else None
        check.that(
            isinstance(values, dict) and name in values,
            f"`{name}` in the log",
            got="no such name in the log",
            likely="Log it with `self.log` under the name of the task.",
        )
        check.equal(values[name], expected[name], name, likely=likely, tolerance=1e-4)


@hidden("rebuild", "`train_loss` in the log")
def logs_train_loss(check, learner, reference, rng):
    logged(check, learner, reference, rng, "train_loss", "Log the loss of the batch as it is returned.")


@hidden("rebuild", "`val_accuracy` in the log")
def logs_accuracy(check, learner, reference, rng):
    likely = "A prediction is the place of the largest score among the classes, which are dimension 1."
    logged(check, learner, reference, rng, "val_accuracy", likely)


# --- mend ------------------------------------------------------------------------------------------------------------


def other_ward(rng):
    """Draw other patients, rate and number of epochs."""
    num_train, num_val = 32 * int(rng.integers(2, 5)), 64 + int(rng.integers(10, 60))
    weights = torch.from_numpy(rng.uniform(-2, 2, (6, 1))).float()
    arrivals = torch.from_numpy(rng.normal(size=(num_train + num_val, 6))).float()
    stays = arrivals @ weights + float(rng.uniform(4, 8))
    return {
        "ward": {
            "arrivals": arrivals[:num_train],
            "stays": stays[:num_train],
            "val_arrivals": arrivals[num_train:],
            "val_stays": stays[num_train:],
            "lr": float(rng.uniform(0.02, 0.08)),
            "epochs": int(rng.integers(3, 6)),
        }
    }


def both(learner, reference, rng):
    given = other_ward(rng)
    return [one.rerun("mend", given, ["mended"])["mended"] for one in (learner, reference)]


@hidden("mend", "Something is learned")
def learns(check, learner, reference, rng):
    got, _ = both(learner, reference, rng)
    check.that(
        isinstance(got, dict) and "weights" in got,
        "the results of `hospital_run` in `mended`",
        got="others",
        likely="Leave the call of `hospital_run` as it is given.",
    )
    moved = isinstance(got["weights"], dict) and all(bool(value.abs().sum() > 0) for value in got["weights"].values())
    likely = "Only a loss that is returned leads to a step."
    check.that(moved, "weights that have moved from zero", got="weights of zero", likely=likely)
    logged = [value for value in got.get("train_loss", []) if isinstance(value, float)]
    likely = "The task keeps the log: call `self.log` with the name train_loss, and return the loss."
    check.that(len(logged) > 0, "train_loss in the log", got="no such name", likely=likely)


@hidden("mend", "The saved rate is used")
def uses_rate(check, learner, reference, rng):
    for _ in range(2):
        got, expected = both(learner, reference, rng)
        likely = "Return the mean squared difference, and give the optimizer the rate of `self.hparams`."
        check.equal(got["weights"], expected["weights"], "weights", likely=likely, tolerance=1e-4)


@hidden("mend", "The worst gap of the latest validation alone")
def worst_alone(check, learner, reference, rng):
    ward = other_ward(rng)["ward"]
    got = learner.rerun("mend", {"ward": ward}, ["mended"])["mended"]
    weight, bias = got["weights"]["weight"], got["weights"]["bias"]
    check.that(
        bool(weight.abs().sum() > 0),
        "weights that have moved from zero",
        got="weights of zero",
        likely="The returned loss needs a way back to the weights, and the Trainer an optimizer over them.",
    )
    # From the learner's own weights, so that this fault is judged apart from the others.
    worst = (ward["val_arrivals"] @ weight.T + bias - ward["val_stays"]).abs().max().item()
    likely = "Earlier gaps, those of the sanity check too, have to be cleared when a validation ends."
    check.equal(got["worst"][-1], worst, "worst gap of the last epoch", likely=likely, tolerance=1e-4)


@hidden("mend", "The worst gap after every epoch")
def worst_of_all_epochs(check, learner, reference, rng):
    got, expected = both(learner, reference, rng)
    likely = "Log once, at the end of the validation, the largest of all gaps."
    check.equal(got["worst"], expected["worst"], "worst gap after each epoch", likely=likely, tolerance=1e-4)
