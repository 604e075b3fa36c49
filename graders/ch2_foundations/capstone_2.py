"""Hidden checks of capstone 2. Each step is judged on inputs of its own, so none needs an earlier one to be right."""

import math

import numpy as np
import torch

from scalable_ai.grading.hidden import compare, hidden


def tensor(rng, *shape, scale=1.0):
    """Draw a float tensor of a shape."""
    return torch.from_numpy(scale * rng.normal(size=shape)).float()


# Step 1: sets without a leak ------------------------------------------------------------------------------------


def parts(rng):
    """Draw three parts with columns, and parts, that differ in mean and deviation."""
    width = int(rng.integers(3, 7))
    names = ["train_part", "val_part", "test_part"]
    counts = rng.integers([400, 60, 40], [500, 90, 60])
    level, scale = rng.uniform(-50, 50, width), rng.uniform(5, 20, width)
    drawn = {}
    for number, (name, count) in enumerate(zip(names, counts, strict=True)):
        rows = level * (1 + number / 2) + scale * (1 + number) * rng.normal(size=(count, width))
        drawn[name] = (torch.from_numpy(rows).float(), torch.from_numpy(rng.integers(0, 10, count)))
    return drawn


@hidden("leak_free", "Training rows when the test changes")
def leak_from_test(check, learner, reference, rng):
    given = parts(rng)
    before = learner.rerun("leak_free", given, ["loaded"])["loaded"]["rows"][0]
    for name in ("test_part", "val_part"):
        rows, labels = given[name]
        after = learner.rerun("leak_free", given | {name: (3 * rows + 100, labels)}, ["loaded"])["loaded"]["rows"][0]
        likely = "Something leaks into training: compute mean and deviation from the training rows alone."
        check.equal(after, before, "training rows", likely=likely)
    rows = given["train_part"][0]
    expected = (rows - rows.mean(dim=0)) / rows.std(dim=0)
    likely = "Subtract the mean of each column and divide by its deviation."
    check.equal(before, expected, "training rows", likely=likely, tolerance=5e-3)


@hidden("leak_free", "One mean and one deviation for all parts")
def same_scale(check, learner, reference, rng):
    given = parts(rng)
    got = learner.rerun("leak_free", given, ["loaded"])["loaded"]["rows"]
    mean, std = given["train_part"][0].mean(dim=0), given["train_part"][0].std(dim=0)
    for place, name in enumerate(given):
        expected = (given[name][0] - mean) / std
        likely = "Validation and test are scaled by the training rows' mean and deviation, column by column."
        check.equal(got[place], expected, f"rows of {name}", likely=likely, tolerance=2e-2)


@hidden("leak_free", "Lengths and labels")
def lengths_and_labels(check, learner, reference, rng):
    given = parts(rng)
    got = learner.rerun("leak_free", given, ["loaded"])["loaded"]
    likely = "The length is the number of pictures, and a place gives a row with the label of the same place."
    check.equal(got["lengths"], [len(labels) for _, labels in given.values()], "lengths", likely=likely)
    for place, (_, labels) in enumerate(given.values()):
        check.equal(got["labels"][place], labels, "labels", likely=likely)


# Step 2: the network and its parts ------------------------------------------------------------------------------


def network(rng):
    """Draw weights and rows; some hidden values and some logits are negative."""
    num_inputs, num_hidden, num_classes = (int(size) for size in rng.integers([3, 9, 4], [8, 14, 8]))
    weights = [tensor(rng, num_hidden, num_inputs), tensor(rng, num_hidden)]
    weights += [tensor(rng, num_classes, num_hidden), tensor(rng, num_classes)]
    return {"mlp_weights": weights, "mlp_rows": tensor(rng, int(rng.integers(5, 9)), num_inputs)}


compare(
    "mlp_parts",
    given=network,
    want=["answered"],
    tolerance=1e-4,
    likely="First layer, ReLU, last layer, whose logits are returned as they are.",
)


# Step 3: an epoch with a schedule -------------------------------------------------------------------------------


def training(rng, num_epochs, num_batches=4):
    """Draw weights and batches of equal size for the bench."""
    num_inputs, num_hidden, num_classes = (int(size) for size in rng.integers([3, 6, 3], [7, 10, 6]))
    batch_size = int(rng.integers(4, 7))
    weights = [tensor(rng, num_hidden, num_inputs, scale=num_inputs**-0.5), tensor(rng, num_hidden, scale=0.1)]
    weights += [tensor(rng, num_classes, num_hidden, scale=num_hidden**-0.5), tensor(rng, num_classes, scale=0.1)]
    count = num_batches * batch_size
    rows, labels = tensor(rng, count, num_inputs), torch.from_numpy(rng.integers(0, num_classes, count))
    base_lr = float(rng.uniform(0.2, 0.5))
    return {"loop_weights": weights, "loop_case": (rows, labels, batch_size, base_lr, num_epochs)}


def both(learner, reference, given):
    """Return what the bench says of the learner's and of the reference epoch."""
    return tuple(one.rerun("scheduled_loop", given, ["trained"])["trained"] for one in (learner, reference))


@hidden("scheduled_loop", "The first batch: logits, and weights that move")
def first_batch(check, learner, reference, rng):
    given = training(rng, 1, num_batches=1)
    got, expected = both(learner, reference, given)
    likely = "Cross-entropy contains softmax already, so the logits go into it as they are."
    check.equal(float(got["history"][0][0]), expected["history"][0][0], "loss", likely=likely, tolerance=1e-4)
    likely = "The order is clear, forward, backward, update, and the update uses this batch's gradient and rate."
    check.equal(got["weights"], expected["weights"], "weights", likely=likely, tolerance=1e-4)


@hidden("scheduled_loop", "Several epochs: weights and losses", weight=2)
def several_epochs(check, learner, reference, rng):
    given = training(rng, 3)
    got, expected = both(learner, reference, given)
    likely = "Clear the gradients for every batch, and move the schedule after every update."
    check.equal(got["weights"], expected["weights"], "weights", likely=likely, tolerance=1e-4)
    likely = "One pair for every batch, with the loss from before the update as a float."
    check.equal(got["history"], expected["history"], "history", likely=likely, tolerance=1e-4)


@hidden("scheduled_loop", "The rate of every batch")
def rates(check, learner, reference, rng):
    given = training(rng, 3)
    got, _ = both(learner, reference, given)
    base_lr = given["loop_case"][3]
    wave = [base_lr / 2 * (1 + math.cos(math.pi * batch / 12)) for batch in range(12)]
    likely = "Move the schedule once for every batch, after the update, and log the rate that the update used."
    check.equal([pair[1] for pair in got["history"]], wave, "rates", likely=likely)


@hidden("scheduled_loop", "The mode of every batch")
def training_mode(check, learner, reference, rng):
    got, _ = both(learner, reference, training(rng, 3))
    likely = "A measurement between epochs leaves evaluation mode on; switch back when an epoch begins."
    check.equal(got["in_training"], [True] * 12, "training mode", likely=likely)


# Step 4: three formulas -----------------------------------------------------------------------------------------


@hidden("rate_formulas", "`step_rate` at every step")
def staircase(check, learner, reference, rng):
    base, every, factor = float(rng.uniform(0.1, 2)), int(rng.integers(2, 6)), float(rng.uniform(0.1, 0.9))
    for step in range(3 * every + 1):
        likely = "Count the complete groups of `every` steps with `//`; the factor is applied once for each."
        expected = base * factor ** (step // every)
        check.equal(learner.call("step_rate", step, base, every, factor), expected, "step_rate(…)", likely=likely)


@hidden("rate_formulas", "`cosine_rate` at every step")
def half_wave(check, learner, reference, rng):
    base, total = float(rng.uniform(0.1, 2)), int(rng.integers(7, 20))
    for step in range(total + 1):
        expected = base * (1 + math.cos(math.pi * step / total)) / 2
        likely = "The angle grows from 0 at step 0 to pi at step `total`; half of one plus its cosine, times base."
        got = learner.call("cosine_rate", step, base, total)
        check.equal(got, expected, "cosine_rate(…)", likely=likely, tolerance=1e-6)


@hidden("rate_formulas", "`warmup_rate` in the warm-up")
def warm_up(check, learner, reference, rng):
    base, warmup = float(rng.uniform(0.1, 2)), int(rng.integers(3, 8))
    for step in range(warmup):
        likely = "The rise begins with base / warmup at step 0 and reaches base at step warmup - 1."
        got = learner.call("warmup_rate", step, base, warmup, 3 * warmup)
        check.equal(got, base * (step + 1) / warmup, "warmup_rate(…)", likely=likely)


@hidden("rate_formulas", "`warmup_rate` after the warm-up")
def after_warm_up(check, learner, reference, rng):
    base, warmup, rest = float(rng.uniform(0.1, 2)), int(rng.integers(3, 8)), int(rng.integers(6, 15))
    for step in range(rest + 1):
        expected = base * (1 + math.cos(math.pi * step / rest)) / 2
        likely = "The cosine begins at step warmup with the full rate, and has total - warmup steps."
        got = learner.call("warmup_rate", warmup + step, base, warmup, warmup + rest)
        check.equal(got, expected, "warmup_rate(…)", likely=likely, tolerance=1e-6)


# Step 5: the configuration that the curves favour ---------------------------------------------------------------


def search_log(rng):
    """Draw a log in random order; best mean, best single value, best last epoch and best test loss differ."""
    pairs = [(lr, num_hidden) for lr in (0.01, 0.1, 1.0) for num_hidden in (16, 32, 64)]
    pairs = [pairs[place] for place in rng.permutation(len(pairs))[:5]]
    num_epochs, log = int(rng.integers(5, 8)), []
    for rank, (lr, num_hidden) in enumerate(pairs):
        turn = int(rng.integers(1, num_epochs - 2))
        bowl = 1.5 + 0.1 * rank + (0.1 if rank == 0 else 0.01) * np.abs(np.arange(num_epochs) - turn)
        for seed in range(3):
            curve = bowl + rng.uniform(-0.01, 0.01, num_epochs)
            if rank == 1:  # one lucky seed, two unlucky ones
                curve += -0.6 if seed == 0 else 0.35
            if rank == 2:
                curve = curve - 0.8
                curve[:] = np.where(seed == 1, [math.nan, math.inf][int(rng.integers(2))], curve)
            losses = [float(loss) for loss in curve]
            test = float(2 - 0.2 * rank + rng.uniform(0, 0.05))
            line = {"lr": lr, "num_hidden": num_hidden, "seed": seed, "val_losses": losses, "test_loss": test}
            log.append(line)
    return [log[place] for place in rng.permutation(len(log))]


RULE = "The lowest mean over seeds of `val_losses`, epoch by epoch, decides; means that are not finite are out."
compare("pick_config", call="pick", args=lambda rng: (search_log(rng),), likely=RULE, weight=2)


@hidden("pick_config", "An epoch that blew up, wherever it stands")
def blown_up(check, learner, reference, rng):
    low = float(rng.uniform(1.0, 1.4))
    one = {"lr": 0.1, "num_hidden": 8, "seed": 0, "val_losses": [low + 0.4, low, math.nan], "test_loss": 1.0}
    two = {**one, "seed": 1, "val_losses": [low + 0.5, low + 0.1, low - 0.5]}
    three = {**one, "lr": 0.3, "val_losses": [math.nan, low + 0.3, low + 0.2]}
    expected = {"lr": 0.1, "num_hidden": 8, "epoch": 1, "val_loss": low + 0.05}
    likely = "Leave out the means that are not finite, epoch by epoch, and keep the epochs in which all went well."
    for log in ([one, two, three], [three, two, one]):
        check.equal(learner.call("pick", log), expected, "pick(…)", likely=likely)


@hidden("pick_config", "Pairs with different numbers of seeds")
def uneven_seeds(check, learner, reference, rng):
    low = float(rng.uniform(1.0, 1.4))
    log = [{"lr": 0.1, "num_hidden": 8, "seed": seed, "val_losses": [low + 0.3, low]} for seed in range(3)]
    log += [{"lr": 0.3, "num_hidden": 8, "seed": 0, "val_losses": [low + 0.2, low + 0.1]}]
    log = [{**line, "test_loss": 1.0} for line in log]
    likely = "Divide by the number of seeds of that pair, which may differ from pair to pair."
    expected = {"lr": 0.1, "num_hidden": 8, "epoch": 1, "val_loss": low}
    check.equal(learner.call("pick", log), expected, "pick(…)", likely=likely)


@hidden("pick_config", "Equal losses")
def equal_losses(check, learner, reference, rng):
    low = float(rng.uniform(1.0, 1.4))
    line = {"lr": 0.1, "num_hidden": 8, "seed": 0, "val_losses": [low + 1, low, low + 1, low], "test_loss": 1.0}
    expected = {"lr": 0.1, "num_hidden": 8, "epoch": 1, "val_loss": low}
    likely = "Of equal losses the earlier epoch wins; epochs count from 0."
    check.equal(learner.call("pick", [line]), expected, "pick(…)", likely=likely)
