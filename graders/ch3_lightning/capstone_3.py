"""Hidden checks of capstone 3. Each step is called with inputs of its own, so none needs an earlier one to be right."""

import math

import torch
from torch import nn

from scalable_ai.grading.hidden import compare, hidden

# Step 1: the module ---------------------------------------------------------------------------------------------


def a_step(rng):
    """Draw a batch of small pictures, labels, first weights and a learning rate."""
    count, height, width = int(rng.integers(9, 20)), int(rng.integers(4, 8)), int(rng.integers(4, 8))
    batch = torch.from_numpy(rng.normal(size=(count, 3, height, width))).float()
    targets = torch.from_numpy(rng.integers(0, 10, count))
    torch.manual_seed(int(rng.integers(1_000_000)))
    start = dict(nn.Sequential(nn.Flatten(), nn.Linear(batch[0].numel(), 10)).state_dict())
    return batch, targets, start, round(float(rng.uniform(0.02, 0.5)), 3)


def plain(batch, targets, start, lr):
    """Return loss and weights of one step of the plain loop."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(batch[0].numel(), 10))
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    loss = nn.functional.cross_entropy(network(batch), targets)
    loss.backward()
    optimizer.step()
    return loss.item(), {name: tensor.detach() for name, tensor in network.state_dict().items()}


def stepped(check, learner, drawn):
    """Return what one step of the learner's module left."""
    given = dict(zip(["step_images", "step_labels", "start", "lr"], drawn, strict=True))
    got = learner.rerun("image_module", given, ["one_step"])["one_step"]
    check.that(
        isinstance(got, dict) and {"logged", "weights"} <= set(got),
        "the result of `lightning_step`",
        likely="Leave `lightning_step` and its call as they are given.",
    )
    return got


@hidden("image_module", "The loss that is logged")
def same_loss(check, learner, reference, rng):
    for _ in range(2):
        drawn = a_step(rng)
        logged = stepped(check, learner, drawn)["logged"]
        check.that(
            "train_loss" in logged,
            "`train_loss` among what is logged",
            got=f"{sorted(logged)}",
            likely="Log the loss with `self.log` in the training step, under the name of the task.",
        )
        likely = "Raw scores and labels go into cross-entropy, which applies softmax itself."
        check.equal(logged["train_loss"], plain(*drawn)[0], "train_loss", likely=likely, tolerance=1e-4)


@hidden("image_module", "The weights after one step", weight=2)
def same_weights(check, learner, reference, rng):
    for _ in range(2):
        drawn = a_step(rng)
        likely = "Return the loss, and use plain SGD with the learning rate of the settings."
        got = stepped(check, learner, drawn)["weights"]
        check.equal(got, plain(*drawn)[1], "weights", likely=likely, tolerance=1e-4)


@hidden("image_module", "The accuracy that is logged")
def same_accuracy(check, learner, reference, rng):
    for _ in range(2):
        batch, targets, start, lr = a_step(rng)
        targets = half_right(batch, targets, start)
        got = stepped(check, learner, (batch, targets, start, lr))
        check.that(
            "val_accuracy" in got["logged"],
            "`val_accuracy` among what is logged",
            got=f"{sorted(got['logged'])}",
            likely="The name in `self.log` is the name of the task, letter by letter.",
        )
        # With the weights that the learner's step left, so that this check asks about validation alone.
        expected = (answers_of(batch, got["weights"]) == targets).float().mean().item()
        likely = "Take the largest score of each picture, along dimension 1, and the mean of what is right."
        check.equal(got["logged"]["val_accuracy"], expected, "val_accuracy", likely=likely, tolerance=1e-4)


def answers_of(batch, weights):
    """Return the classes that a linear network of given weights names."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(batch[0].numel(), 10))
    network.load_state_dict(weights)
    with torch.no_grad():
        return network(batch).argmax(dim=1)


def half_right(batch, targets, start):
    """Return labels of which the first network gets about half right."""
    return torch.where(torch.arange(len(batch)) % 2 == 0, answers_of(batch, start), targets)


# Step 2: two networks -------------------------------------------------------------------------------------------


def some_pictures(rng):
    """Draw a batch of pictures."""
    return torch.from_numpy(rng.uniform(-1, 1, (int(rng.integers(3, 8)), 3, 32, 32))).float()


def tried(answerer, name, width, few):
    """Return what a network made of some pictures."""
    return answerer.rerun("two_networks", {"width": width, "few": few}, ["tried"])["tried"][name]


@hidden("two_networks", "The CNN of other widths")
def same_cnn(check, learner, reference, rng):
    for _ in range(3):
        drawn = "make_cnn", int(rng.integers(3, 9)), some_pictures(rng)
        likely = "The CNN goes from 3 channels to width and to twice the width, and ends with 8 by 8 maps."
        check.equal(tried(learner, *drawn), tried(reference, *drawn), "the CNN", likely=likely, tolerance=1e-4)


@hidden("two_networks", "The LSTM of other widths")
def same_lstm(check, learner, reference, rng):
    for _ in range(3):
        drawn = "RowLSTM", int(rng.integers(3, 9)), some_pictures(rng)
        likely = "Step t is row t of all three channels, pictures come first, and the last step is taken."
        check.equal(tried(learner, *drawn), tried(reference, *drawn), "the LSTM", likely=likely, tolerance=1e-4)


@hidden("two_networks", "The LSTM reads each picture for itself")
def own_picture(check, learner, reference, rng):
    width, few = int(rng.integers(3, 9)), some_pictures(rng)
    together = tried(learner, "RowLSTM", width, few)["scores"]
    check.that(
        tuple(together.shape) == (len(few), 10),
        "ten scores for each picture",
        got=f"{tuple(together.shape)}",
        likely="One row for each picture and ten columns: of the LSTM's outputs take the last row of each picture.",
    )
    likely = "The first dimension was read as steps; `batch_first=True` says that it counts pictures."
    for place in (0, len(few) - 1):
        alone = tried(learner, "RowLSTM", width, few[place : place + 1])["scores"][0]
        check.equal(alone, together[place], "scores of a picture, alone", likely=likely, tolerance=1e-4)


# Step 3: a training that leaves its best behind -----------------------------------------------------------------


def a_script(rng, best):
    """Draw accuracies by epoch, of which one is the highest, and neither the first nor the last."""
    script = [round(float(value), 3) for value in rng.uniform(0.1, 0.6, 5)]
    script[best] = 0.75
    return script


def rehearsed(check, learner, script, name):
    """Return what a rehearsal left behind."""
    seen = learner.rerun("track_run", {"script": script, "run_name": name}, ["seen"])["seen"]
    check.that(
        isinstance(seen, dict),
        "the result of `rehearse`",
        got=type(seen).__name__,
        likely="Leave `rehearse` and its call as they are given.",
    )
    return seen


@hidden("track_run", "The best epoch, not the last", weight=2)
def best_epoch(check, learner, reference, rng):
    for best in rng.choice([1, 2, 3], 2, replace=False).tolist():
        name = f"best-{int(rng.integers(10**6))}"
        seen = rehearsed(check, learner, a_script(rng, best), name)
        likely = "Monitor `val_accuracy`, of which large values are good; the last epoch is not the best one."
        check.equal(seen["chosen"], best, "epoch of the checkpoint", likely=likely)
        check.equal(seen["kept"], [best], "epochs of all checkpoints kept", likely="Only the best one stays.")


@hidden("track_run", "The log has its keys and lines")
def log_has_keys(check, learner, reference, rng):
    script = a_script(rng, 2)
    first, *lines = rehearsed(check, learner, script, "keys")["log"].strip().splitlines()
    columns = first.split(",")
    wanted = {"epoch", "step", "train_loss", "val_accuracy"}
    likely = "The Trainer writes what the module logs to the logger that it was given."
    check.that(wanted <= set(columns), "all keys in the log", got=f"{columns}", likely=likely)
    cells = [line.split(",")[columns.index("val_accuracy")] for line in lines]
    logged = [float(cell) for cell in cells if cell]
    likely = "One value for each epoch, so train for as many epochs as asked."
    check.equal(logged, script, "val_accuracy in the log", likely=likely, tolerance=1e-5)


@hidden("track_run", "A log under the name of the run")
def log_has_name(check, learner, reference, rng):
    name = f"run-{int(rng.integers(1000))}"
    likely = "The run's name is an argument, and the logger takes it as `name=…`."
    for _ in range(2):
        seen = rehearsed(check, learner, [0.25, 0.5], name)
        check.equal(seen["place"], name, "name of the log", likely=likely)
        lines = [line for line in seen["log"].splitlines()[1:] if "0.5" in line.split(",")]
        check.equal(len(lines), 1, "lines with the accuracy of epoch 1", likely="Each run has a log of its own.")


# Step 4: the best within the budget -----------------------------------------------------------------------------


def a_text(rng, accuracies):
    """Return the text of a log with columns in any order and other lines between."""
    names = [str(name) for name in rng.permutation(["epoch", "step", "train_loss", "val_accuracy"])]
    lines = [",".join(names)]
    for epoch, accuracy in enumerate(accuracies):
        moments = [{"train_loss": repr(float(rng.uniform(1, 2)))}, {"val_accuracy": repr(accuracy)}]
        for moment in moments if rng.random() < 0.5 else moments[::-1]:
            cells = {"epoch": str(epoch), "step": str(epoch * 20 + 19), **moment}
            lines.append(",".join(cells.get(name, "") for name in names))
    return "\n".join(lines) + "\n"


def some_runs(rng):
    """Draw runs of several sizes, some of them broken, and a budget that some do not keep."""
    runs = []
    for number in rng.permutation(int(rng.integers(4, 7))).tolist():
        accuracies = [round(float(value), 4) for value in rng.uniform(0.1, 0.9, int(rng.integers(3, 7)))]
        if rng.random() < 0.4:
            accuracies[-2:] = [math.nan, math.nan]
        size = int(rng.integers(1, 100)) * 1000
        runs.append({"name": f"net-{number}", "parameters": size, "log": a_text(rng, accuracies)})
    sizes = sorted(run["parameters"] for run in runs)
    return runs, sizes[len(sizes) // 2]


compare(
    "choose_run",
    call="choose_run",
    args=some_runs,
    repeats=8,
    likely="The highest accuracy over all epochs of all runs within the budget, with name and epoch of its line.",
    weight=2,
)


@hidden("choose_run", "A run as large as the budget, and nothing that fits")
def budget(check, learner, reference, rng):
    size, accuracy = int(rng.integers(100, 900)), round(float(rng.uniform(0.2, 0.8)), 3)
    runs = [
        {"name": "exact", "parameters": size, "log": a_text(rng, [0.125, accuracy])},
        {"name": "over", "parameters": size + 1, "log": a_text(rng, [0.9, 0.95])},
    ]
    likely = "A run with exactly as many parameters as the budget takes part; one more is too many."
    check.equal(learner.call("choose_run", runs, size), ("exact", 1, accuracy), "choose_run(…)", likely=likely)
    likely = "Where no run keeps the budget, the answer is None."
    check.equal(learner.call("choose_run", runs, size - 1), None, "choose_run(…)", likely=likely)


@hidden("choose_run", "Broken runs")
def broken(check, learner, reference, rng):
    accuracy = round(float(rng.uniform(0.2, 0.8)), 3)
    runs = [
        {"name": "broken", "parameters": 5, "log": a_text(rng, [math.nan, math.nan])},
        {"name": "half", "parameters": 5, "log": a_text(rng, [0.125, accuracy, math.nan])},
    ]
    likely = "A comparison with nan is never true, so leave nan out first."
    check.equal(learner.call("choose_run", runs, 10), ("half", 1, accuracy), "choose_run(…)", likely=likely)
    check.equal(learner.call("choose_run", runs[:1], 10), None, "choose_run(…) of a broken run", likely=likely)


@hidden("choose_run", "Equal accuracies")
def equals(check, learner, reference, rng):
    high = round(float(rng.uniform(0.5, 0.8)), 3)
    runs = [
        {"name": "alpha", "parameters": 90, "log": a_text(rng, [high, 0.25])},
        {"name": "zeta", "parameters": 40, "log": a_text(rng, [0.25, high, high])},
    ]
    likely = "Of equal accuracies the run with fewer parameters counts, and in it the earlier epoch."
    check.equal(learner.call("choose_run", runs, 100), ("zeta", 1, high), "choose_run(…)", likely=likely)
