# ---
# lesson:
#   id: "capstone_3"
#   kind: capstone
#   title: "Capstone 3: one module, two architectures, a log that decides"
#   objective: Rebuild the classifier as a LightningModule, train a CNN and an LSTM with it, and choose from the log
#   track: essentials
#   minutes: 80
#   functions:
#     - pytorch_lightning.LightningModule
#     - pytorch_lightning.LightningModule.training_step
#     - pytorch_lightning.LightningModule.validation_step
#     - pytorch_lightning.LightningModule.configure_optimizers
#     - pytorch_lightning.LightningModule.save_hyperparameters
#     - pytorch_lightning.LightningModule.load_from_checkpoint
#     - pytorch_lightning.Trainer.fit
#     - pytorch_lightning.Trainer.validate
#     - pytorch_lightning.callbacks.ModelCheckpoint
#     - pytorch_lightning.loggers.CSVLogger
#     - pytorch_lightning.seed_everything
#     - torch.nn.Conv2d
#     - torch.nn.LSTM
#   know:
#     - The training loop of chapter 2
#     - LightningModule, Trainer and checkpoints, from lessons 3.1 to 3.3
#     - Convolutions and LSTMs, from lesson 3.4
#     - Reading a log and choosing from it, from lesson 3.5
#   new:
#     - A proof that the module takes the very step of the plain loop
#     - One module and one training script for any network
#     - A checkpoint that is named by the log, loaded, and found to keep its promise
#   forms:
#     coding: [image_module, choose_run]
#     iterative: [two_networks]
#     sequential: [image_module, two_networks, track_run, choose_run]
#   glossary: {}
#   misconceptions: []
#   analogies: []
# ---

# %% [markdown]
# ## The goal
#
# You rebuild the image classifier of chapter 2 as a LightningModule and prove that one step of it is the step of the
# plain loop. You give it two networks, a CNN and an LSTM that reads image rows. You train both with a log and
# checkpoints, and in the end the log decides which checkpoint of which network is kept.

# %% [markdown]
# ## The steps
#
# | Step | You write | Form |
# |---|---|---|
# | 1. Module | training, validation, optimizer | one class |
# | 2. Networks | a CNN, then an LSTM | one task, repeated with changes |
# | 3. Track | a training with log and checkpoint | one function |
# | 4. Choose | the best moment within a budget | one function |
#
# Each step adds to one script, and the last section runs all of it. If a step does not pass yet, go on: no later step
# is marked down for it.

# %% [markdown]
# ## The pictures
#
# 1,000 pictures are for training, 200 for validation, and 200 others are kept for one look at the very end. Pixels are
# brought to numbers from −1 to 1. If CIFAR-10 itself is not on your machine, a drawn stand-in takes its place.
# Lightning's notices are turned down as in the lessons before.

# %%
import logging
import warnings

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from scalable_ai.data import cifar10

logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
for words in ["many workers", "but not used", "LeafSpec", "smaller than the logging interval"]:
    warnings.filterwarnings("ignore", f".*{words}")
data = cifar10(num_train=1200, num_test=200)
pictures, labels = data.train.images / 127.5 - 1, data.train.labels
train_set, val_set = TensorDataset(pictures[:1000], labels[:1000]), TensorDataset(pictures[1000:], labels[1000:])
train_loader, val_loader = DataLoader(train_set, batch_size=50, shuffle=True), DataLoader(val_set, batch_size=100)
test_loader = DataLoader(TensorDataset(data.test.images / 127.5 - 1, data.test.labels), batch_size=100)

# %% [markdown]
# Look at a few pictures and their classes before you train on them.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, panels = plt.subplots(1, 6, figsize=(8, 1.8), layout="constrained")
for place, ax in enumerate(panels):
    ax.imshow(data.train.images[place].permute(1, 2, 0).numpy())
    ax.set_title(data.classes[labels[place]], fontsize=9)
    ax.axis("off")
show(fig, "Six training pictures of 32 by 32 pixels in a row, each with the name of its class above it.")

# %% [markdown]
# ## Step 1: the module
#
# What you know from chapter 2 is the reference: one step of the plain loop, with given weights, on a given batch. Read
# it again, since your module has to do exactly this. The network here is a single linear layer, so that the step can
# be followed by hand if need be.


# %%
def plain_step(batch, targets, start, lr):
    """Take one step of the plain loop on a linear network, and return its loss and the new weights."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(batch[0].numel(), 10))
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(network(batch), targets)
    loss.backward()
    optimizer.step()
    right = network(batch).argmax(dim=1) == targets
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    return {"train_loss": loss.item(), "val_accuracy": right.float().mean().item(), "weights": weights}


# %%
torch.manual_seed(0)
start = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)).state_dict()
step_images, step_labels, lr = pictures[:50], labels[:50], 0.05
plain = plain_step(step_images, step_labels, start, lr)
print("loss:", plain["train_loss"], " accuracy after the step:", plain["val_accuracy"])

# %% [markdown]
# The constructor of your module is given. It stores any network, and notes the settings except for the network
# itself: a checkpoint should hold plain values, and the network's weights are in it anyway.


# %%
class Shell(pl.LightningModule):
    def __init__(self, network, lr):
        super().__init__()
        self.save_hyperparameters(ignore=["network"])
        self.network = network


print(Shell(nn.Linear(2, 2), lr=0.05).hparams)

# %% [markdown]
# To compare, the Trainer takes one step from the same start with your class. The function below hands it a single
# batch, for training and for validation, and collects what your module logged.

# %%
quiet = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False}


def lightning_step(module_class, batch, targets, start, lr):
    """Let the Trainer take one step from given weights; return what was logged, the weights and the settings."""
    module = module_class(nn.Sequential(nn.Flatten(), nn.Linear(batch[0].numel(), 10)), lr)
    module.network.load_state_dict(start)
    loader = DataLoader(TensorDataset(batch, targets), batch_size=len(batch))
    trainer = pl.Trainer(max_steps=1, logger=False, enable_checkpointing=False, **quiet)
    trainer.fit(module, loader, loader)
    logged = {name: value.item() for name, value in trainer.callback_metrics.items()}
    weights = {name: tensor.clone() for name, tensor in module.network.state_dict().items()}
    return {"logged": logged, "weights": weights, "settings": dict(module.hparams)}


# %% exercise: image_module [markdown]
# title: The step of the plain loop
# difficulty: 2
# minutes: 12
# points: 4
# task: Write the three methods with which a LightningModule takes the step of the plain loop.
# context: >-
#   You are a data scientist at a retail chain that sorts pictures of returned goods. The plain training loop has served
#   for a year, and its results are signed off. Now it has to move to several machines, and Lightning is to take
#   over the loop. The head of quality asks one question before she agrees, namely whether the new code computes the
#   same numbers. You answer with one step from the same weights, compared to the last digit that matters.
# instructions:
#   - Compute the loss in the training step, log it as `train_loss` and return it.
#   - Log the share of right answers in the validation step as `val_accuracy`.
#   - Return SGD over the parameters, with the learning rate among the settings.
# hints:
#   - The class inherits `self.network`, and its settings are in `self.hparams`.
#   - The Trainer clears gradients, goes backward and steps by itself, as long as the training step returns the loss.
#   - Cross-entropy takes raw scores; the right answers are found along the dimension of the classes.
# success: >-
#   One step of your module gives the loss and the weights of the plain loop. Lightning is not another way of learning:
#   it is the same loop, organised so that it can be moved to other machines.


# %% answer: image_module
# Write training, validation and optimizer
class ImageModule(Shell):
    def training_step(self, batch: list, batch_idx: int) -> torch.Tensor:  # stub
        """Return the mean cross-entropy of a batch [images, labels]; log it as train_loss."""
        loss = nn.functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list, batch_idx: int) -> None:  # stub
        """Log the share of right answers in a batch as val_accuracy."""
        right = self.network(batch[0]).argmax(dim=1) == batch[1]
        self.log("val_accuracy", right.float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:  # stub
        """Return plain SGD over all parameters, with the learning rate lr of the settings."""
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


one_step = lightning_step(ImageModule, step_images, step_labels, start, lr)

# %% check: image_module
from scalable_ai.checks import exercise

with exercise("image_module") as check:
    names = {"train_loss", "val_accuracy"} & set(one_step["logged"])
    likely = "Both steps log a value with `self.log(name, value)`, under these very names."
    check.equal(names, {"train_loss", "val_accuracy"}, "names of what was logged", likely=likely)
    likely = "The training step gives raw scores and labels to cross-entropy."
    check.equal(one_step["logged"]["train_loss"], plain["train_loss"], "train_loss", likely=likely)
    likely = "Return the loss; plain SGD takes its learning rate from the settings."
    check.equal(one_step["weights"], plain["weights"], "weights after one step", likely=likely)
    faster = lightning_step(ImageModule, step_images, step_labels, start, 0.25)["weights"]
    wanted = plain_step(step_images, step_labels, start, 0.25)["weights"]
    likely = "The learning rate is `self.hparams.lr`, whatever it is."
    check.equal(faster, wanted, "weights after a step with a learning rate of 0.25", likely=likely)
    likely = "The largest of the ten scores of each picture is its answer, and accuracy is the mean of what is right."
    check.equal(one_step["logged"]["val_accuracy"], plain["val_accuracy"], "val_accuracy", likely=likely)

# %% [markdown]
# One equal step is a strong test. Loss, gradient, optimizer and learning rate all enter the new weights, and from
# equal weights on equal batches the next step is equal again.

# %% [markdown]
# ## Step 2: two networks
#
# The module takes any network that turns pictures [N, 3, 32, 32] into scores [N, 10]. Chapter 2 used linear layers.
# Here is that one again, beside a building block for the CNN: a convolution that keeps the size, ReLU, and a pooling
# layer that halves it.


# %%
def make_mlp(hidden):
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def stage(before, after):
    return nn.Sequential(nn.Conv2d(before, after, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2))


print("scores of the MLP:", list(make_mlp(32)(pictures[:4]).shape))
print("after one stage:  ", list(stage(3, 8)(pictures[:4]).shape))

# %% [markdown]
# Random first weights would make two right networks give different scores. For a fair test, `try_network` sets the
# numbers of each parameter to a fixed ramp. Then the scores depend on the architecture alone.


# %%
def try_network(network, batch):
    """Return the size and the scores of a network whose parameters were set to ramps."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.linspace(-0.04, 0.06, parameter.numel()).view_as(parameter))
        return {"parameters": sum(p.numel() for p in network.parameters()), "scores": network(batch)}


few, width = pictures[:6], 4
print("MLP:", try_network(make_mlp(width), few)["parameters"], "parameters")

# %% exercise: two_networks [markdown]
# title: A CNN, then an LSTM
# difficulty: 2
# minutes: 12
# points: 4
# task: Complete two networks that turn pictures into ten scores, first a CNN and then an LSTM over rows.
# context: >-
#   You are a machine learning scientist at a technology company whose cameras sort parcels. One team believes in
#   convolutions, another reads the picture line by line as the sensor delivers it. Both get the same module, the same
#   data and the same training, so that nothing but the architecture differs. Your part is to build both networks for
#   any width, so that small and large versions come from the same lines.
# instructions:
#   - Build two stages, from 3 channels to width and on to twice the width.
#   - Count the numbers that reach the last layer of the CNN.
#   - Make one step from each row, with its three channels, and repeat the task with an LSTM.
#   - Take the output after the last row.
# hints:
#   - Each stage halves the side, so 32 becomes 16 and then 8.
#   - One row has 32 numbers in each of three channels.
#   - The order of dimensions is picture, channel, row, column, and the steps have to come second.
# success: >-
#   Two architectures, one task, and one shape of scores. A CNN shares its weights over places, an LSTM over
#   rows, and the module that trains them need not know which it holds.


# %% answer: two_networks
# Build two stages and count the last layer's numbers
def make_cnn(width):
    stages = [stage(3, width), stage(width, 2 * width)]  # blank: 3, width | width, 2 * width
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(128 * width, 10))  # blank: 128 * width


# Repeat the task with an LSTM over rows
class RowLSTM(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(96, hidden, batch_first=True)  # blank: 96 | batch_first=True
        self.head = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.permute(0, 2, 1, 3).flatten(2)  # blank: 0, 2, 1, 3
        outputs, _ = self.lstm(rows)
        return self.head(outputs[:, -1])  # blank: :, -1


tried = {build.__name__: try_network(build(width), few) for build in [make_cnn, RowLSTM]}


# %% check: two_networks
from scalable_ai.checks import exercise

with exercise("two_networks") as check:
    likely = "3 to 4 channels, 4 to 8, and a last layer that reads 8 channels of 8 by 8."
    check.equal(tried["make_cnn"]["parameters"], 5538, "parameters of the CNN of width 4", likely=likely)
    check.equal(
        tuple(tried["make_cnn"]["scores"].shape), (6, 10), "shape of the CNN's scores", likely="Ten outputs last."
    )
    wider = tuple(make_cnn(6)(pictures[:6]).shape)
    check.equal(wider, (6, 10), "shape of the scores of a CNN of width 6", likely="Every size follows from the width.")
    likely = "Each step has 96 numbers, one row of three channels."
    check.equal(tried["RowLSTM"]["parameters"], 1682, "parameters of the LSTM of width 4", likely=likely)
    likely = "One output for each picture: the pictures come first, and one step is taken."
    check.equal(tuple(tried["RowLSTM"]["scores"].shape), (6, 10), "shape of the LSTM's scores", likely=likely)
    alone = try_network(RowLSTM(4), pictures[2:3])["scores"][0]
    likely = "The scores of a picture depend on its neighbours: the first dimension was read as steps."
    near = torch.allclose(alone, tried["RowLSTM"]["scores"][2], rtol=1e-4, atol=1e-6)
    check.that(near, "equal scores of picture 2, alone and in a batch", got="two different rows", likely=likely)
    ramp = nn.LSTM(96, 4, batch_first=True)
    try_network(ramp, torch.zeros(1, 32, 96))
    with torch.no_grad():
        last = ramp(torch.cat([pictures[:6, channel] for channel in range(3)], dim=2))[0][:, 31]
    wanted = last @ torch.linspace(-0.04, 0.06, 40).view(10, 4).T + torch.linspace(-0.04, 0.06, 10)
    likely = "Step t is row t, red then green then blue, and the last step has seen them all."
    check.equal(tried["RowLSTM"]["scores"], wanted, "scores of the LSTM", likely=likely, tolerance=1e-4)

# %% [markdown]
# ## Step 3: track
#
# Now a training that leaves a log and a checkpoint. Which checkpoint? Training goes on after the best moment, so the
# last state need not be the best one. To test your function without waiting, a module rehearses: it learns
# nothing, and its accuracy follows a script, one value for each epoch.


# %%
class Rehearsal(Shell):
    def __init__(self, script):
        super().__init__(network=nn.Linear(1, 1), lr=0.1)
        self.save_hyperparameters()

    def training_step(self, batch, batch_idx):
        loss = self.network(batch[0]).square().mean()
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", self.hparams.script[self.current_epoch])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


# %% [markdown]
# All runs leave their files in one temporary folder, which is removed when the session ends.

# %%
import tempfile
from pathlib import Path

from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

workspace = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
folder = workspace.name

# %% [markdown]
# `rehearse` hands a Rehearsal to a tracking function and looks at what is left behind: the place of the log below the
# folder, its text, the epoch of the checkpoint that was chosen, and the epochs of all checkpoints that were kept.
# Epochs count from 0.


# %%
def rehearse(track, script, name):
    """Call a tracking function on a Rehearsal and return what it left behind."""
    loader = DataLoader(TensorDataset(torch.ones(4, 1)), batch_size=2)
    left = track(Rehearsal(script), name, len(script), loader, loader)
    files = Path(left["checkpoint"]).parent.glob("*.ckpt")
    epochs = {str(file): torch.load(file, weights_only=True)["epoch"] for file in files}
    log = Path(left["log"], "metrics.csv").read_text()
    place = Path(left["log"]).relative_to(folder).parts[0]
    return {"place": place, "log": log, "chosen": epochs[left["checkpoint"]], "kept": sorted(epochs.values())}


script, run_name = [0.25, 0.75, 0.5], "rehearsal"

# %% exercise: track_run [markdown]
# title: A training that leaves its best behind
# difficulty: 2
# minutes: 12
# points: 4
# task: Write a function that trains a module with a log of its own and keeps the checkpoint of its best epoch.
# context: >-
#   You are a programmer at a manufacturer of bearings, where a network listens to machines. Trainings run at night on a
#   shared cluster, and in the morning only what they left behind counts. Last week the best epoch was the seventh,
#   the file on the disk was from the thirtieth, and the log of another run stood in between. Your function will be
#   called for every module and every network, and must leave one log and one checkpoint each time.
# instructions:
#   - Give the run a CSV log below the folder, under the name of the run.
#   - Keep one checkpoint, that of the highest `val_accuracy`.
#   - Train, and return where log and checkpoint are.
# hints:
#   - "`ModelCheckpoint` takes the name of a metric to monitor, and a mode."
#   - The logger knows its `log_dir`, and the callback its `best_model_path`.
#   - The Trainer takes `logger=…`, `callbacks=[…]`, and the settings in `quiet`.
# success: >-
#   Each run leaves a log of its own and the checkpoint of its best epoch, chosen by the metric and not by the clock. So
#   a training may run on for too long without harm.


# %% answer: track_run
# Train with a log, and keep the best checkpoint
def track_run(
    module: pl.LightningModule, name: str, epochs: int, train_data: DataLoader, val_data: DataLoader
) -> dict:  # stub
    """Train a module with a CSV log below folder, called name, and keep the one checkpoint of highest val_accuracy.

    Returns {"log": folder of the log, "checkpoint": path of the checkpoint}, both as texts.
    """
    logger = CSVLogger(folder, name=name)
    keeper = ModelCheckpoint(monitor="val_accuracy", mode="max", save_top_k=1)
    trainer = pl.Trainer(max_epochs=epochs, logger=logger, callbacks=[keeper], **quiet)
    trainer.fit(module, train_data, val_data)
    return {"log": logger.log_dir, "checkpoint": keeper.best_model_path}


seen = rehearse(track_run, script, run_name)

# %% check: track_run
from scalable_ai.checks import exercise

with exercise("track_run") as check:
    likely = "The logger is called by the name of the run: `CSVLogger(folder, name=…)`."
    check.equal(seen["place"], "rehearsal", "name of the log", likely=likely)
    columns = seen["log"].splitlines()[0].split(",")
    likely = "The Trainer writes what the module logs to the logger that it was given."
    check.that({"epoch", "step", "train_loss", "val_accuracy"} <= set(columns), "all keys in the log", columns, likely)
    likely = "Epoch 1 was the best one: monitor val_accuracy, and say that large values are good."
    check.equal(seen["chosen"], 1, "epoch of the checkpoint", likely=likely)
    check.equal(seen["kept"], [1], "epochs of all checkpoints kept", likely="Only the best one stays.")
    second = rehearse(track_run, [0.5, 0.25], "second")
    likely = "Name and number of epochs are arguments."
    check.equal((second["place"], second["chosen"]), ("second", 0), "name and epoch of a second run", likely=likely)
    epochs_seen = {line.split(",")[columns.index("epoch")] for line in second["log"].splitlines()[1:]}
    check.equal(epochs_seen, {"0", "1"}, "epochs in its log", likely=likely)

# %% [markdown]
# ## Step 4: choose
#
# Several runs leave several logs. The kept checkpoint is the best of its run, and the log tells which run. But the
# best network may be too large for the device that it goes to. So the choice has a budget of parameters, and what
# is too large does not take part. A log of one run looks like this; its columns may stand in any order.

# %%
import csv
import io
import math

example_log = "epoch,step,train_loss,val_accuracy\n0,11,,0.25\n0,11,2.25,\n1,23,,0.5\n2,35,,0.5\n3,47,,nan\n"
print(example_log)

# %% exercise: choose_run [markdown]
# title: The best within the budget
# difficulty: 3
# minutes: 12
# points: 4
# task: Write a function that chooses the best moment of all runs from their logs, within a budget of parameters.
# context: >-
#   You are a data engineer in a hospital group. Teams hand in their runs with logs, and a small device beside the bed
#   has to run the winner, so the number of parameters is limited. Some runs broke, some were at their best long before
#   their end, and it may happen that nothing fits. Nobody should have to look at curves by eye at night. A function
#   reads the logs and names run and epoch, or says that there is none.
# instructions:
#   - Leave out the runs that are larger than the budget.
#   - Read the accuracy of every epoch, and leave out what is empty or not a number.
#   - Choose the highest accuracy, or return `None` if nothing is left.
# hints:
#   - "`csv.DictReader(io.StringIO(text))` gives the rows of a log, with all cells as texts."
#   - The text nan can be converted to a float, and `math.isnan` finds it.
#   - Tuples compare from left to right, so put the accuracy first and then what decides between equals.
# success: >-
#   The log decides, within the budget: not the last value, not a broken run, and not a network that does not fit.
#   Anyone can repeat the choice from the same files.


# %% answer: choose_run
# Choose the highest accuracy within the budget
def choose_run(runs: list, most: int) -> tuple | None:  # stub
    """Return (name, epoch, val_accuracy) of the best epoch of all runs with at most `most` parameters, or None.

    runs: dicts of "name", "parameters" and "log", the text of a CSV log with the columns epoch and val_accuracy. Of
    equal accuracies the one with fewer parameters counts, and then the earlier epoch.
    """
    found = []
    for run in runs:
        for row in csv.DictReader(io.StringIO(run["log"])):
            value = float(row["val_accuracy"] or "nan")
            if run["parameters"] <= most and not math.isnan(value):
                found.append((-value, run["parameters"], int(row["epoch"]), run["name"]))
    best = min(found, default=None)
    return best and (best[3], best[2], -best[0])


# %% check: choose_run
from scalable_ai.checks import exercise

with exercise("choose_run") as check:
    better = "step,val_accuracy,epoch\n11,0.75,0\n23,0.625,1\n"
    runs_given = [
        {"name": "a broken one", "parameters": 50, "log": "step,val_accuracy,epoch\n11,nan,0\n"},
        {"name": "a twin", "parameters": 950, "log": better},
        {"name": "large", "parameters": 900, "log": better},
        {"name": "small", "parameters": 100, "log": example_log},
    ]
    likely = "A broken run wins nothing, the best epoch need not be the last, and of equals the smaller run counts."
    check.equal(choose_run(runs_given, 1000), ("large", 0, 0.75), "choice with room for all", likely=likely)
    likely = "Only runs of at most 100 parameters take part; of equal epochs the earlier one counts."
    check.equal(choose_run(runs_given, 100), ("small", 1, 0.5), "choice with 100 parameters", likely=likely)
    check.equal(choose_run(runs_given, 99), None, "choice where only a broken run fits", likely="Return None then.")

# %% [markdown]
# ## The whole script
#
# Everything together: three networks, one module, one tracked training each from the same seed. The learning
# rate is the same for all, so it suits some better than others; a fair contest would tune it for each, as in
# lesson 3.5.

# %%
networks = {"mlp": lambda: make_mlp(32), "cnn": lambda: make_cnn(16), "lstm": lambda: RowLSTM(64)}
runs, checkpoints = [], {}
for name, make_network in networks.items():
    pl.seed_everything(5, verbose=False)
    module = ImageModule(make_network(), lr=0.1)
    left = track_run(module, name, 8, train_loader, val_loader)
    size = sum(p.numel() for p in module.parameters())
    runs.append({"name": name, "parameters": size, "log": Path(left["log"], "metrics.csv").read_text()})
    checkpoints[name] = left["checkpoint"]
    print(f"{name:5} {size:7,} parameters   {Path(checkpoints[name]).name}")

# %% [markdown]
# The names of the files tell the epoch that was kept. The log decides, once without a limit and once with room for
# 60,000 parameters.

# %%
for most in [1_000_000, 60_000]:
    name, epoch, accuracy = choose_run(runs, most)
    print(f"at most {most:9,} parameters: {name}, epoch {epoch}, val_accuracy {accuracy:.4f}")

# %% [markdown]
# Does the checkpoint keep what the log promises? A module is loaded from the file, with a new network of the same kind
# to hold the weights, and validated again. Only now, after the choice, the test pictures are looked at, once.

# %%
chosen, epoch, promised = choose_run(runs, 60_000)
loaded = ImageModule.load_from_checkpoint(checkpoints[chosen], network=networks[chosen]())
judge = pl.Trainer(logger=False, enable_checkpointing=False, **quiet)
kept = judge.validate(loaded, val_loader, verbose=False)[0]["val_accuracy"]
tested = judge.validate(loaded, test_loader, verbose=False)[0]["val_accuracy"]
print(f"chosen {chosen}, epoch {epoch}: promised {promised:.4f}, loaded {kept:.4f}, on test pictures {tested:.4f}")
print("settings in the checkpoint:", dict(loaded.hparams))

# %%
fig, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
for run in runs:
    rows = [row for row in csv.DictReader(io.StringIO(run["log"])) if row["val_accuracy"]]
    ax.plot([int(row["epoch"]) for row in rows], [float(row["val_accuracy"]) for row in rows], "o-", label=run["name"])
ax.plot(epoch, promised, "*", markersize=18, color="black", label="chosen")
ax.set(xlabel="epoch", ylabel="validation accuracy", title="The log decides")
ax.legend()
show(
    fig, "Validation accuracy by epoch for an MLP, a CNN and an LSTM; a star marks the chosen epoch of the chosen run."
)

# %% [markdown]
# ## What you have shown
#
# The loaded module has the accuracy that the log promised, since the checkpoint was taken at that moment. The
# value on the test pictures tells what to expect outside; with two hundred of them it can differ by some hundredths
# from luck alone. Guessing reaches about 0.1.

# %% recap [markdown]
# - A module can be proven: equal weights, equal batch, equal step, as in the plain loop.
# - One module trains any network; a log and the checkpoint of the best epoch are what a run leaves behind.
# - Choose from the logs within the budget, load the checkpoint, and see that it keeps its promise.
