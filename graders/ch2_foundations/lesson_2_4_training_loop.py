"""Hidden checks of lesson 2.4: one step, a score without learning, a mended epoch; all from given weights."""

import torch

from scalable_ai.grading.hidden import hidden


def tensor(rng, *shape, scale=1.0):
    """Draw a float tensor of a shape."""
    return torch.from_numpy(scale * rng.normal(size=shape)).float()


def problem(rng, num_rows):
    """Draw rows and labels of a small classification problem; every class occurs."""
    num_inputs, num_classes = int(rng.integers(3, 7)), int(rng.integers(3, 6))
    labels = rng.permutation([*range(num_classes), *rng.integers(0, num_classes, num_rows - num_classes)])
    return tensor(rng, num_rows, num_inputs), torch.from_numpy(labels), num_inputs, num_classes


def linear(rng, number, num_in, num_out):
    """Draw weight and bias of one linear layer, named as in the bench's network."""
    return {
        f"{number}.weight": tensor(rng, num_out, num_in, scale=num_in**-0.5),
        f"{number}.bias": tensor(rng, num_out, scale=0.1),
    }


# --- assemble_step ---------------------------------------------------------------------------------------------------


def steps(rng, num_steps):
    """Draw the inputs of the first bench."""
    rows, labels, num_inputs, num_classes = problem(rng, int(rng.integers(8, 14)))
    num_hidden = int(rng.integers(4, 9))
    weights = linear(rng, 0, num_inputs, num_hidden) | linear(rng, 2, num_hidden, num_classes)
    return {"start": weights, "step_case": (rows, labels, float(rng.uniform(0.1, 0.5)), num_steps)}


@hidden("assemble_step", "The weights after one step", weight=2)
def first_update(check, learner, reference, rng):
    for _ in range(3):
        given = steps(rng, 1)
        got = learner.rerun("assemble_step", given, ["stepped"])["stepped"]["weights"]
        likely = "No weight moved: the gradients were empty or not yet computed when the optimizer was called."
        check.that(
            not torch.equal(got["2.bias"], given["start"]["2.bias"]),
            "weights that change",
            got="the same",
            likely=likely,
        )
        expected = reference.rerun("assemble_step", given, ["stepped"])["stepped"]["weights"]
        likely = (
            "The loss is the mean cross-entropy of the logits as they are, and one update follows one backward pass."
        )
        check.equal(got, expected, "weights", likely=likely, tolerance=1e-4)


@hidden("assemble_step", "The weights after several steps")
def later_updates(check, learner, reference, rng):
    given = steps(rng, int(rng.integers(3, 6)))
    got, expected = (
        learner.rerun("assemble_step", given, ["stepped"])["stepped"]["weights"],
        reference.rerun("assemble_step", given, ["stepped"])["stepped"]["weights"],
    )
    likely = "Each update follows its own batch alone: clear the gradients in every step, before the backward pass."
    check.equal(got, expected, "weights", likely=likely, tolerance=1e-4)


@hidden("assemble_step", "The loss that is returned")
def returned_loss(check, learner, reference, rng):
    given = steps(rng, 1)
    got, expected = (
        learner.rerun("assemble_step", given, ["stepped"])["stepped"]["losses"],
        reference.rerun("assemble_step", given, ["stepped"])["stepped"]["losses"],
    )
    likely = "Return the batch's loss from before the update, as a plain number, with `.item()`."
    check.equal(got, expected, "loss", likely=likely, tolerance=1e-4)


@hidden("assemble_step", "The mode of every step")
def step_mode(check, learner, reference, rng):
    num_steps = int(rng.integers(2, 5))
    got = learner.rerun("assemble_step", steps(rng, num_steps), ["stepped"])["stepped"]["modes"]
    likely = "The network comes in evaluation mode; switch it to training mode before the forward pass."
    check.that(len(got) >= num_steps, f"{num_steps} forward passes or more", got=len(got), likely="Call the model.")
    check.equal(got, ["training"] * len(got), "mode of each forward pass", likely=likely)


# --- score_model -----------------------------------------------------------------------------------------------------


def evaluation(rng):
    """Draw the inputs of the second bench; the last batch is smaller than the others."""
    batch_size = int(rng.integers(5, 9))
    rows, labels, num_inputs, num_classes = problem(rng, 2 * batch_size + int(rng.integers(2, 4)))
    num_hidden = int(rng.integers(4, 9))
    weights = linear(rng, 1, num_inputs, num_hidden) | linear(rng, 5, num_hidden, num_classes)
    weights |= {"2.weight": torch.ones(num_hidden), "2.bias": tensor(rng, num_hidden)}
    weights |= {"2.running_mean": tensor(rng, num_hidden), "2.running_var": torch.ones(num_hidden) / 2}
    weights["2.num_batches_tracked"] = torch.tensor(int(rng.integers(1, 9)))
    return {"known": weights, "known_case": (3 * rows, labels, batch_size)}


@hidden("score_model", "Loss and accuracy", weight=2)
def scores(check, learner, reference, rng):
    likely = {
        "loss": 'Add up over images with `reduction="sum"`, on the logits, then divide once by the number of images.',
        "accuracy": "Count right answers in evaluation mode, then divide by the number of images.",
    }
    for _ in range(3):
        given = evaluation(rng)
        got, expected = (
            learner.rerun("score_model", given, ["scored"])["scored"]["scores"],
            reference.rerun("score_model", given, ["scored"])["scored"]["scores"],
        )
        check.that(
            isinstance(got, dict),
            "a dictionary",
            got=type(got).__name__,
            likely="Return one dictionary with the keys that the task names.",
        )
        for name in ["accuracy", "loss"]:
            check.equal(got.get(name), expected[name], name, likely=likely[name], tolerance=1e-4)


@hidden("score_model", "The network stays as it was, in evaluation mode")
def network_unchanged(check, learner, reference, rng):
    given = evaluation(rng)
    got = learner.rerun("score_model", given, ["scored"])["scored"]
    check.equal(got["modes"], ["evaluation"] * 3, "mode of each batch", likely="Call `model.eval()` before the loop.")
    likely = "In training mode batch normalization writes its running statistics."
    check.equal(got["weights"], given["known"], "what the network stores", likely=likely)


@hidden("score_model", "No gradients are recorded")
def without_gradients(check, learner, reference, rng):
    got = learner.rerun("score_model", evaluation(rng), ["scored"])["scored"]
    likely = "Evaluation mode does not stop the recording; `torch.no_grad()` around the forward pass does."
    check.equal(got["gradients"], [False] * 3, "gradients recorded", likely=likely)


# --- mend_training ---------------------------------------------------------------------------------------------------


def epochs(rng, num_epochs, num_batches=4):
    """Draw the inputs of the third bench: batches of equal size."""
    batch_size = int(rng.integers(3, 6))
    rows, labels, num_inputs, num_classes = problem(rng, num_batches * batch_size)
    num_hidden = int(rng.integers(5, 9))
    weights = linear(rng, 1, num_inputs, num_hidden) | linear(rng, 3, num_hidden, num_classes)
    return {"fresh": weights, "heart_case": (rows, labels, batch_size, float(rng.uniform(0.1, 0.3)), num_epochs)}


@hidden("mend_training", "A single batch: the loss takes logits")
def one_batch(check, learner, reference, rng):
    given = epochs(rng, 1, num_batches=2)
    rows, labels, batch_size, *rest = given["heart_case"]
    given["heart_case"] = (rows[:batch_size], labels[:batch_size], batch_size, *rest)
    got, expected = (
        learner.rerun("mend_training", given, ["mended"])["mended"],
        reference.rerun("mend_training", given, ["mended"])["mended"],
    )
    likely = (
        "The cross-entropy contains softmax already, so the logits go into it as they are; then backward, then update."
    )
    check.equal(got["losses"], expected["losses"], "loss", likely=likely, tolerance=1e-4)
    check.equal(got["weights"], expected["weights"], "weights", likely=likely, tolerance=1e-4)


@hidden("mend_training", "Several batches: each update follows its own", weight=2)
def several_batches(check, learner, reference, rng):
    given = epochs(rng, 2)
    got, expected = (
        learner.rerun("mend_training", given, ["mended"])["mended"],
        reference.rerun("mend_training", given, ["mended"])["mended"],
    )
    likely = "Clear the gradients for every batch, before its backward pass."
    check.equal(got["weights"], expected["weights"], "weights", likely=likely, tolerance=1e-4)
    likely = "Return the sum of the batch losses divided by the number of batches, each from before its update."
    check.equal(got["losses"], expected["losses"], "losses", likely=likely, tolerance=1e-4)


@hidden("mend_training", "The mode of every batch")
def training_mode(check, learner, reference, rng):
    got = learner.rerun("mend_training", epochs(rng, 3), ["mended"])["mended"]
    likely = "A score between two epochs leaves evaluation mode on; switch back when an epoch begins."
    check.equal(got["modes"], ["training"] * 12, "mode of each batch", likely=likely)
