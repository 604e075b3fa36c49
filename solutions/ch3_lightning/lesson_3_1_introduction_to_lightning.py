# ---
# lesson:
#   id: "3.1"
#   title: Introduction to PyTorch Lightning
#   objective: Know what Lightning gives and how to start
#   track: essentials
#   minutes: 45
#   functions:
#     - pytorch_lightning.LightningModule
#     - pytorch_lightning.Trainer
#     - torch.nn.Linear
#     - torch.optim.SGD
#     - torch.utils.data.DataLoader
#     - torch.nn.functional.cross_entropy
#   know:
#     - Tensors, shapes and autograd, from lesson 1.2
#     - The training loop of chapter 2, or your own work with PyTorch
#     - Python classes that inherit from another class
#   new:
#     - LightningModule, the class for what is particular to your model
#     - Trainer, the class for what all training has in common
#     - A proof that both ways end with the same weights
#     - Options that change a run without changing the model
#   glossary:
#     LightningModule: >-
#       A PyTorch module that also says how it is trained: its loss for a batch and its optimizer, as methods with
#       fixed names.
#     Trainer: >-
#       The part of Lightning that runs the training loop around a LightningModule, on the devices and for the time
#       that its options say.
#   misconceptions:
#     - PyTorch and Lightning are rivals, or the same
#   analogies:
#     - Lightning is a modular furniture kit with instructions
# ---

# %% slide [markdown]
# ## The loop that everybody writes
#
# - The same steps in every project
# - One slip, and nothing is learned
# - More devices, more lines around it

# %% fragment
import torch
from torch.nn import functional

from scalable_ai.data import cifar10

data = cifar10(num_train=640, num_test=100)
rows = functional.avg_pool2d(data.train.images / 255, 8).flatten(1) - 0.5
labels = data.train.labels
print("rows:", rows.shape, " labels:", labels.shape)

# %% script [markdown]
# In this lesson you get to know what Lightning gives you and how to start with it. It matters because every training
# script repeats the same loop, and each repetition is a chance for a slip. The loop also grows when the work grows,
# since checkpoints, logs and several devices all want lines of their own. Our data are the small pictures of
# CIFAR-10, or drawn stand-ins for them. Each picture is cut into sixteen tiles, and the mean of three colours in each
# tile makes a row of forty-eight numbers.

# %% slide [markdown]
# ## One step in plain PyTorch
#
# - Compute the loss of a batch
# - Clear old gradients, then run backward
# - Let the optimizer change the weights

# %% fragment
from torch import nn

torch.manual_seed(1)
network = nn.Linear(48, 10)
optimizer = torch.optim.SGD(network.parameters(), lr=0.5)

loss = functional.cross_entropy(network(rows[:64]), labels[:64])
optimizer.zero_grad()
loss.backward()
optimizer.step()
print("loss of the first batch:", loss.item())

# %% script [markdown]
# Here is one step in plain PyTorch. A linear layer turns each row into ten scores, one for each class. Cross-entropy
# turns scores and labels into a loss. Then the old gradients are cleared, the backward pass finds new ones, and the
# optimizer moves every weight a little. Only the network, the loss and the optimizer are particular to this model.
# All the rest would read the same in any other project.

# %% slide [markdown]
# ## A kit with instructions
#
# - Plain Python: raw material
# - PyTorch: prefabricated parts
# - Lightning: those parts, a plan, and instructions

# %% script [markdown]
# Plain Python was building from raw material, and PyTorch brought prefabricated parts. Lightning is a modular
# furniture kit with instructions. The boards and screws in the box are still PyTorch, every one of them. What is new
# is a fixed place for each part and somebody who follows the instructions step by step. So Lightning is not a rival
# of PyTorch, and it is not the same thing under another name.

# %% slide [markdown]
# ## LightningModule: what is yours
#
# - It is an `nn.Module`
# - `training_step`: the loss of a batch
# - `configure_optimizers`: who changes the weights

# %% fragment
import pytorch_lightning as pl


class Sorter(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.network = nn.Linear(48, 10)

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return functional.cross_entropy(self.network(inputs), targets)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.5)


# %% script [markdown]
# A LightningModule is a PyTorch module that also says how it is trained. One method takes a batch and returns its
# loss. Another returns the optimizer. Their names are fixed, since that is how they will be found. Look for what is
# missing. Nobody clears gradients here, nobody calls backward, and nobody loops.

# %% slide [markdown]
# ## Trainer: what everybody shares
#
# - Loops over epochs and batches
# - Clears, runs backward, steps
# - Takes options for time, devices and records

# %% fragment
import logging
import warnings

from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
for words in ["many workers", "but not used", "LeafSpec"]:
    warnings.filterwarnings("ignore", f".*{words}")
quiet = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False}
quiet.update({"enable_progress_bar": False, "enable_model_summary": False})

trainer = pl.Trainer(max_epochs=3, **quiet)
trainer.fit(Sorter(), DataLoader(TensorDataset(rows, labels), batch_size=64))
print("steps taken:", trainer.global_step)

# %% script [markdown]
# The Trainer is the one who follows the instructions. You say for how long, hand it a module and a loader that deals
# out batches, and call fit. The lines above it only silence announcements, so that we can see what we print. Six
# hundred and forty rows in batches of sixty-four make ten steps an epoch, and three epochs make thirty.

# %% slide [markdown]
# ## Same start, same batch, same result
#
# - One step with the Trainer
# - The loss of the plain step
# - The weights of the plain step

# %% fragment
torch.manual_seed(1)
module = Sorter()
loss_here = module.training_step((rows[:64], labels[:64]), 0)
pl.Trainer(max_steps=1, **quiet).fit(module, DataLoader(TensorDataset(rows, labels), batch_size=64))
print("same loss:   ", torch.equal(loss_here, loss))
print("same weights:", torch.allclose(module.network.weight, network.weight))

# %% script [markdown]
# Now the test. The same seed gives the same first weights, the same rows make the first batch, and one step is
# taken. Loss and weights come out as in the plain step, because the same PyTorch calls were made. When the load
# grows, you change options of the Trainer and leave the module as it is. That is what Lightning gives you.

# %% [markdown]
# ## Batches without a loop of your own
#
# A dataset answers with one sample for each number, and a `DataLoader` deals its samples out in batches.
# `TensorDataset` makes a dataset from tensors of equal length. The next cell looks at what a training step will be
# handed, one pair of tensors at a time.

# %%
loader = DataLoader(TensorDataset(rows, labels), batch_size=64)
inputs, targets = next(iter(loader))
print("batches:", len(loader))
print("one batch:", inputs.shape, inputs.dtype, "and", targets.shape, targets.dtype)

# %% [markdown]
# This pair is the argument `batch` of `training_step`, and the number of the batch is `batch_idx`. A LightningModule
# stays an ordinary PyTorch module: it has parameters and a state dict, the dictionary of its weights by name, and it
# can be called piece by piece.

# %%
sorter = Sorter()
print("an nn.Module:", isinstance(sorter, nn.Module))
print("weights:", {name: list(value.shape) for name, value in sorter.state_dict().items()})
print("loss of a batch:", sorter.training_step((inputs, targets), 0).item())

# %% [markdown]
# ## What the Trainer did
#
# Lightning calls further methods, known as hooks, at fixed moments, and you may fill in any of them. The next cell
# fills in three that do nothing but print, which makes the order of one step visible.


# %%
class Watched(Sorter):
    def training_step(self, batch, batch_idx):
        print("training_step, in training mode:", self.training)
        return super().training_step(batch, batch_idx)

    def on_before_zero_grad(self, optimizer):
        print("zero_grad comes next")

    def on_before_backward(self, loss):
        print("backward comes next, from a loss of shape", list(loss.shape))

    def on_before_optimizer_step(self, optimizer):
        print("optimizer step comes next")


pl.Trainer(max_steps=1, **quiet).fit(Watched(), loader)

# %% [markdown]
# The four lines are the plain step again, in its order: loss, clear, backward, step. Before them, the Trainer put the
# module into training mode. What `training_step` returns, a tensor without dimensions, is the loss from which backward
# is run.

# %% warning [markdown]
# Return the loss itself, a tensor that autograd can follow. With `.item()` it would become a plain number, without a
# way back to the weights. A forgotten `return` gives `None`, and Lightning takes that for a step to be left out; lesson
# 3.2 shows how it looks.

# %% [markdown]
# ## A model of your own
#
# For the exercise, 96 cutting tools were measured. Six sensor readings belong to each, and the wear of its edge
# in hundredths of a millimetre. A linear network is to predict the wear. Because the loss is a mean squared
# difference, targets are floats here, with shape [N, 1] like the predictions.

# %%
torch.manual_seed(5)
readings = torch.randn(96, 6)
wear = readings @ torch.tensor([[1.5], [-2.0], [0.0], [0.5], [3.0], [-1.0]]) + 4 + 0.1 * torch.randn(96, 1)
start = {"weight": torch.zeros(1, 6), "bias": torch.zeros(1)}
lr, epochs = 0.1, 2


def network_from(start):
    """Return a linear network that begins with the given weights."""
    network = nn.Linear(start["weight"].shape[1], start["weight"].shape[0])
    network.load_state_dict(start)
    return network


print("readings:", readings.shape, " wear:", wear.shape, " first loss:", wear.pow(2).mean().item())

# %% [markdown]
# The network starts from weights of zero, so its first predictions are zero and the first loss is the mean of the
# squared wear. `network_from` makes a fresh network from a state dict, so that two ways of training can begin at the
# same place.

# %% exercise: first_module [markdown]
# title: Your first LightningModule
# difficulty: 1
# minutes: 10
# points: 4
# task: Complete a LightningModule for tool wear and let a Trainer fit it.
# context: >-
#   In a plant that makes engine parts, a cutting tool that is changed too late ruins parts, and one that is changed
#   too early costs money, so the plant predicts wear from sensor readings. The programmer before you left a network
#   in plain PyTorch and a training script of many pages. The next plant has other machines and wants the same model,
#   so you move what is particular to it into a LightningModule, and leave the loop to the Trainer.
# instructions:
#   - Inherit from Lightning's class for modules.
#   - Return the mean squared difference, `functional.mse_loss`, of predictions and targets.
#   - Define the optimizer over all parameters of the module.
#   - Limit the Trainer to the given number of epochs and fit the module.
# hints:
#   - The class `Sorter` above has the same three methods.
#   - Predictions come from calling the network on the inputs, and `functional.mse_loss` takes them and the targets.
#   - Parameters come from a method of the module itself, which has to be called.
# success: >-
#   Your LightningModule holds the network, its loss and its optimizer, and the Trainer did the rest. Nothing in the
#   class says how often or on which device it runs, so it can move to the next plant as it is.


# %% answer: first_module
# Define the loss and the optimizer
class WearModel(pl.LightningModule):  # blank: pl.LightningModule
    def __init__(self, network, lr):
        super().__init__()
        self.network, self.lr = network, lr

    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        return functional.mse_loss(self.network(inputs), targets)  # blank: self.network(inputs), targets

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)  # blank: self.parameters()


# Fit the module with a Trainer
module = WearModel(network_from(start), lr)
trainer = pl.Trainer(max_epochs=epochs, **quiet)  # blank: max_epochs=epochs
trainer.fit(module, DataLoader(TensorDataset(readings, wear), batch_size=16))  # blank: fit
weights = module.network.state_dict()

# %% check: first_module
from scalable_ai.checks import exercise

with exercise("first_module") as check:
    parents = [parent.__name__ for parent in WearModel.__mro__]
    likely = "The class to inherit from stands in brackets after the name of the new one."
    check.that("LightningModule" in parents, "`WearModel` to inherit from `pl.LightningModule`", parents[1], likely)
    column, gaps = torch.zeros(7, 1), []
    sensors = torch.cat([readings, torch.ones(96, 1)], dim=1)
    for place in [*range(0, 96, 16)] * 2:
        part, target = sensors[place : place + 16], wear[place : place + 16]
        column = column - 0.1 * 2 / 16 * part.T @ (part @ column - target)
    likely = "Is the loss returned, is it the mean squared difference, and are all parameters with the optimizer?"
    moved = bool(weights["weight"].abs().sum() > 0)
    check.that(moved, "weights that have moved from zero", got="weights of zero", likely=likely)
    steps = "Two epochs of 96 tools in batches of 16 are twelve steps: limit the Trainer by its `max_epochs`."
    check.equal(trainer.global_step, 12, "steps that the Trainer took", likely=steps)
    check.equal(weights["weight"], column[:6].T, "weights['weight']", tolerance=1e-4, likely=likely)
    check.equal(weights["bias"], column[6], "weights['bias']", tolerance=1e-4, likely=likely)

# %% [markdown]
# The check knew neither your class nor Lightning. It worked out the derivative of a mean squared difference by hand,
# took twelve steps, and arrived at your weights. In the next exercise you do the same for the ten classes, with a
# loop in plain PyTorch. First, what has to be equal for two runs to agree?


# %%
class Recorder(Sorter):
    def __init__(self, start):
        super().__init__()
        self.network.load_state_dict(start)
        self.losses = []

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        self.losses.append(loss.item())
        return loss


torch.manual_seed(2)
first_weights = nn.Linear(48, 10).state_dict()
runs = {"in order": False, "in order, again": False, "shuffled": True}

# %% [markdown]
# `Recorder` begins with given weights and notes the loss of each step. Three runs start alike. Two of them take the
# rows in their order, the third shuffles them. The figure lays the losses over one another.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, shuffle), style in zip(runs.items(), ["-", "--", ":"], strict=True):
    recorder = Recorder(first_weights)
    batches = DataLoader(TensorDataset(rows, labels), batch_size=64, shuffle=shuffle)
    pl.Trainer(max_epochs=3, **quiet).fit(recorder, batches)
    ax.plot(recorder.losses, style, label=name, linewidth=2)
    print(f"{name:16} first loss {recorder.losses[0]:.4f}, last loss {recorder.losses[-1]:.4f}")
ax.set(xlabel="step", ylabel="loss of the batch")
ax.legend()
show(
    fig,
    "Loss at each of 30 steps: two runs in the same order lie exactly on one another, a shuffled run goes its own way.",
)

# %% [markdown]
# Two runs agree at every step when they share their first weights, their batches in the same order, their loss and
# their optimizer. The shuffled one meets other rows at each step and goes its own way. Whether Lightning or you write
# the loop is not on this list. You can prove that now.

# %%
by_lightning = Recorder(first_weights)
pl.Trainer(max_epochs=3, **quiet).fit(by_lightning, loader)
print("weights after 30 steps:", {name: list(value.shape) for name, value in by_lightning.network.state_dict().items()})

# %% exercise: plain_loop [markdown]
# title: The same weights without Lightning
# difficulty: 2
# minutes: 12
# points: 4
# task: Write the training loop in plain PyTorch so that it ends with Lightning's weights.
# context: >-
#   You are a machine learning scientist at a bank. The fraud team wants to move its PyTorch code to Lightning, and an
#   auditor objects that the two are rivals, so a model trained by one could not be compared with a model trained by
#   the other. Opinions will not settle this. You take a ten-class model that Lightning has trained, repeat its
#   training in plain PyTorch from the same first weights, and compare all 490 numbers.
# instructions:
#   - Make a linear network from 48 numbers to 10 and load the first weights into it.
#   - Make the optimizer, SGD with the given rate, over the network's parameters.
#   - Repeat the training step for each batch of each epoch, in the order of the rows.
#   - Return the network's state dict.
# hints:
#   - The slide on one step in plain PyTorch holds all that happens inside the two loops.
#   - A new `DataLoader` over the rows and labels, without shuffling, deals out the same batches in every epoch.
#   - Gradients add up until they are cleared, so clear them in every step.
# success: >-
#   A loop of your own and the Trainer end with the same weights. Lightning runs PyTorch in an agreed order, so you can
#   move between the two whenever you like, and a result of one stands for the other.


# %% answer: plain_loop
# Repeat the training step for each batch of each epoch
def plain_loop(start: dict, rows: torch.Tensor, labels: torch.Tensor, lr: float, epochs: int) -> dict:  # stub
    """Return the state dict of a linear network, 48 to 10, after training without Lightning.

    start: its first state dict. rows: float32 [N, 48]. labels: int64 [N]. Batches hold 64 rows in the
    given order, the last one what is left. SGD with rate lr on the cross-entropy loss."""
    network = nn.Linear(48, 10)
    network.load_state_dict(start)
    optimizer = torch.optim.SGD(network.parameters(), lr=lr)
    for _ in range(epochs):
        for inputs, targets in DataLoader(TensorDataset(rows, labels), batch_size=64):
            loss = functional.cross_entropy(network(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.state_dict()


# %% check: plain_loop
from scalable_ai.checks import exercise

with exercise("plain_loop") as check:
    before = {name: value.clone() for name, value in first_weights.items()}
    trained = plain_loop(first_weights, rows, labels, 0.5, 3)
    check.that(isinstance(trained, dict), "a state dict", got=type(trained).__name__, likely="Return `.state_dict()`.")
    check.equal(
        first_weights, before, "first_weights", likely="The network must not train the given tensors themselves."
    )
    lightning = by_lightning.network.state_dict()
    likely = "Begin with the given weights, keep the order of the rows, and clear the gradients in every step."
    check.equal(trained.get("weight"), lightning["weight"], "weight after 3 epochs", likely=likely, tolerance=1e-4)
    check.equal(trained.get("bias"), lightning["bias"], "bias after 3 epochs", likely=likely, tolerance=1e-4)

# %% [markdown]
# ## Options in place of edits
#
# If the result is the same, why use the Trainer? Because the next demand on your loop is an option here. Four trainers
# get the same module class and the same loader of ten batches, and none of them needs another line in the module.

# %%
options = {
    "two epochs": {"max_epochs": 2},
    "stop after 7 steps": {"max_steps": 7},
    "3 batches of each epoch": {"max_epochs": 2, "limit_train_batches": 3},
    "a rehearsal of one batch": {"fast_dev_run": True},
}
for name, option in options.items():
    trainer = pl.Trainer(**{**quiet, **option})
    trainer.fit(Sorter(), loader)
    print(f"{name:26} {trainer.global_step:3} steps")

# %% [markdown]
# `fast_dev_run=True` sends one batch through everything and stops, which finds most mistakes in a second and before a
# long run. The device is an option as well: `accelerator="cpu"` in our `quiet` settings keeps all learners on the same
# kind of device, and `"auto"`, the default, takes a GPU where there is one.

# %%
automatic = {name: value for name, value in quiet.items() if name != "accelerator"}
for choice in ["cpu", "auto"]:
    trainer = pl.Trainer(accelerator=choice, max_steps=1, **automatic)
    print(f"accelerator={choice!r:7} computes on {trainer.strategy.root_device}")

# %% tip [markdown]
# Keep `training_step` free of devices. Lightning moves the module and each batch to where the Trainer computes, so a
# call such as `.cuda()` inside the module only ties it to one kind of machine.

# %% quiz: rivals_or_same [markdown]
# question: >-
#   A colleague trains one network twice, with a plain PyTorch loop and with a Lightning Trainer. First weights, order
#   of batches, loss and optimizer are equal. The weights after 100 steps agree. What does that say about the two?
# options:
#   - text: They are rivals that happen to be equally good at this task
#     why: >-
#       Rivals would each do the mathematics in their own way, and 100 steps would not agree number by number. Both runs
#       made the same PyTorch calls.
#   - text: They are the same, so Lightning's class adds nothing to a plain module
#     why: >-
#       The calculation is the same, but not the work of writing it. The loop, its order and options for devices and
#       time came from the Trainer in one run and from the colleague's own lines in the other.
#   - text: Lightning organises and runs PyTorch code, and PyTorch does the calculation in both
#     right: true
#     why: >-
#       The module is an `nn.Module`, its loss and optimizer are PyTorch's, and the Trainer calls them in the agreed
#       order. So results agree, and only who writes the loop differs.
#   - text: Lightning found a better optimizer by itself that ends at the same place
#     why: >-
#       The Trainer uses the optimizer that `configure_optimizers` returns and no other one. Another optimizer would
#       have left other weights after 100 steps.
# points: 1

# %% recap [markdown]
# - A LightningModule holds the network, the loss of a batch and the optimizer; it remains a PyTorch module.
# - A Trainer runs the loop: loss, clear, backward, step, for as long and on what its options say.
# - With the same start, batches, loss and optimizer, plain PyTorch and Lightning end with the same weights.
