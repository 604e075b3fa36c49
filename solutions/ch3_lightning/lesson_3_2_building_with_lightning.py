# ---
# lesson:
#   id: "3.2"
#   title: Building models with PyTorch Lightning
#   objective: Rebuild a PyTorch model as a LightningModule
#   track: essentials
#   minutes: 50
#   functions:
#     - pytorch_lightning.LightningModule
#     - pytorch_lightning.LightningModule.training_step
#     - pytorch_lightning.LightningModule.validation_step
#     - pytorch_lightning.LightningModule.configure_optimizers
#     - pytorch_lightning.LightningModule.on_validation_epoch_end
#     - pytorch_lightning.LightningModule.log
#     - pytorch_lightning.LightningModule.save_hyperparameters
#     - pytorch_lightning.Trainer
#   know:
#     - LightningModule and Trainer, from lesson 3.1
#     - A plain training step and its order
#     - Training data and validation data, and why they are kept apart
#   new:
#     - Hyperparameters that the module itself remembers
#     - Validation and logging, averaged over an epoch for you
#     - Values of a whole validation set, at the end of an epoch
#     - Finding and mending the bugs that a LightningModule invites
#   glossary: {}
#   misconceptions:
#     - PyTorch and Lightning are rivals, or the same
#   analogies:
#     - The LightningModule is the blueprint
# ---

# %% slide [markdown]
# ## From a script to a blueprint
#
# - Network, loss, optimizer, loop: often one long script
# - Sorted into methods, each has its place
# - A colleague reads one class

# %% fragment
import torch
from torch import nn

torch.manual_seed(3)
readings = torch.randn(224, 6)
wear = readings @ torch.tensor([[1.5], [-2.0], [0.0], [0.5], [3.0], [-1.0]]) + 4 + 0.3 * torch.randn(224, 1)
network = nn.Linear(6, 1)
print("tools with readings:", readings.shape, " wear:", wear.shape)
print("first prediction:", network(readings[:1]).item())

# %% script [markdown]
# In this lesson you rebuild a PyTorch model as a LightningModule, with validation and a log. It matters because a
# script that grows line by line can be run by its author only, while a class with known methods can be read, tested and
# moved by anybody. Our first model is the one for tool wear. By the end each of its parts
# will have one place, and it will still be the same model.

# %% slide [markdown]
# ## The blueprint and its sizes
#
# - `__init__`: network and hyperparameters
# - `save_hyperparameters`: the module remembers its arguments
# - `self.hparams`: where they are found

# %% fragment
import pytorch_lightning as pl


class WearModel(pl.LightningModule):
    def __init__(self, lr: float, hidden: int):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(6, hidden), nn.ReLU(), nn.Linear(hidden, 1))


model = WearModel(lr=0.02, hidden=8)
print("hyperparameters:", dict(model.hparams))
print("parameters:", sum(parameter.numel() for parameter in model.parameters()))

# %% script [markdown]
# The LightningModule is the blueprint. A blueprint does not pour concrete. It says what belongs where, in which size,
# and any builder can follow it. The sizes are the hyperparameters, such as the learning rate and the width of a
# layer. One call makes the module remember all arguments it was made with, so that a checkpoint can tell later on
# how its model was built. Make them plain values, numbers and texts, since those can be read again anywhere.

# %% slide [markdown]
# ## Training: return and record
#
# - Return the loss for the backward pass
# - Record it with `self.log`
# - Take the rate from `self.hparams`

# %% fragment
from torch.nn import functional


class TrainedModel(WearModel):
    def training_step(self, batch, batch_idx):
        inputs, targets = batch
        loss = functional.mse_loss(self.network(inputs), targets)
        self.log("train_loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


# %% script [markdown]
# The training step does two things with its loss. It returns it, and from there the Trainer runs backward. And it
# records it under a name. Recording is not returning, and a loss that is recorded only will be drawn nicely while
# nothing is learned. The optimizer takes its rate from the hyperparameters, so that what the record says is what was
# done. Two numbers in two places would drift apart sooner or later, and nobody would notice.

# %% slide [markdown]
# ## Validation: measure, change nothing
#
# - No gradients, evaluation mode, all by the Trainer
# - `self.log` averages over the epoch
# - The end of the epoch has a hook


# %% fragment
class CheckedModel(TrainedModel):
    def validation_step(self, batch, batch_idx):
        inputs, targets = batch
        gaps = (self.network(inputs) - targets).abs()
        self.log("val_mean_gap", gaps.mean())


print("in the class itself:", [name for name in vars(CheckedModel) if name.endswith("step")])
print("from TrainedModel:  ", [name for name in vars(TrainedModel) if name.endswith("step")])

# %% script [markdown]
# The validation step sees batches that were kept apart. The Trainer turns gradients off and puts the network in
# evaluation mode, and afterwards turns both back. A value that is logged here is averaged over the whole epoch,
# each batch with the weight of its size. Some values must not be averaged, such as the worst gap of all. For those
# there is a hook at the end of the epoch, which comes up below.

# %% slide [markdown]
# ## Inspect before you build
#
# - One batch through every method
# - The loss next to the plain loss
# - Then the long run

# %% fragment
import logging
import warnings

from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
for words in ["many workers", "but not used", "LeafSpec"]:
    warnings.filterwarnings("ignore", f".*{words}")
quiet = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False}
quiet.update({"enable_progress_bar": False, "enable_model_summary": False})
model = CheckedModel(lr=0.02, hidden=8)
batch = readings[:32], wear[:32]
print("plain loss:    ", functional.mse_loss(model.network(batch[0]), batch[1]).item())
trainer = pl.Trainer(fast_dev_run=True, **quiet)
trainer.fit(model, DataLoader(TensorDataset(*batch), batch_size=32), DataLoader(TensorDataset(*batch), batch_size=32))
print("Lightning logs:", trainer.callback_metrics["train_loss"].item())

# %% script [markdown]
# Before a house is built, its blueprint is inspected. Send a single batch through every method and compare the loss
# with the one you compute by hand. The numbers have to be equal, because Lightning is no rival of PyTorch with a
# mathematics of its own. It is not the same either, since here nobody wrote the loop. If the first loss agrees and
# the weights after some steps agree too, the rebuilt model is the model you had. Only then is it worth your time to
# let it run for an hour.

# %% [markdown]
# ## What a log holds
#
# The first 160 tools train the model, the other 64 validate it. After `fit`, the dictionary `callback_metrics` holds
# the last value of each name that was logged. Announcements of Lightning are silenced by the lines before the
# Trainer in the lecture.

# %%
train_loader = DataLoader(TensorDataset(readings[:160], wear[:160]), batch_size=32)
val_loader = DataLoader(TensorDataset(readings[160:], wear[160:]), batch_size=24)
torch.manual_seed(4)
model = CheckedModel(lr=0.02, hidden=8)
trainer = pl.Trainer(max_epochs=5, **quiet)
trainer.fit(model, train_loader, val_loader)
print({name: round(value.item(), 4) for name, value in trainer.callback_metrics.items()})

# %% [markdown]
# The 64 tools come in batches of 24, 24 and 16. Is the logged value the mean of three batch means? The next cell
# compares it with that mean and with the mean over all tools, both computed by hand.

# %%
with torch.no_grad():
    gaps = (model.network(readings[160:]) - wear[160:]).abs()
batch_means = torch.stack([part.mean() for part in gaps.split(24)])
print("logged:              ", trainer.callback_metrics["val_mean_gap"].item())
print("mean over all tools: ", gaps.mean().item())
print("mean of batch means: ", batch_means.mean().item())

# %% [markdown]
# The logged value is the mean over all tools. `self.log` weights each batch by its size, which it reads from the batch
# itself. In `training_step` the same call keeps the value of the last batch, and in `validation_step` it averages over
# the epoch. The arguments `on_step` and `on_epoch` change either.

# %% [markdown]
# ## Values of the whole set
#
# The worst gap of a set is the largest of all gaps. It is not the average of the batches' largest gaps, so it cannot be
# logged batch by batch. Instead, collect the gaps in `validation_step`, and log once in `on_validation_epoch_end`,
# which the Trainer calls after the last batch of a validation.


# %%
class WorstGap(TrainedModel):
    def __init__(self, lr: float, hidden: int):
        super().__init__(lr, hidden)
        self.gaps = []

    def validation_step(self, batch, batch_idx):
        gaps = (self.network(batch[0]) - batch[1]).abs()
        self.gaps.append(gaps)
        self.log("mean_of_worst", gaps.max())

    def on_validation_epoch_end(self):
        self.log("val_worst_gap", torch.cat(self.gaps).max())
        self.gaps.clear()


# %% [markdown]
# Clearing at the end matters. The Trainer validates after each epoch, and before the first one it tries two batches,
# the sanity check, to find mistakes early. Whatever is not cleared would be counted again. The next cell defines a
# callback, an object with hooks that belongs to no model. It notes the loss of each step and, after each epoch, what
# was logged.


# %%
class Notes(pl.Callback):
    def __init__(self):
        self.losses, self.epochs = [], []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.losses.append(outputs["loss"].item() if outputs else None)

    def on_validation_end(self, trainer, pl_module):
        if not trainer.sanity_checking:
            self.epochs.append({name: value.item() for name, value in trainer.callback_metrics.items()})


# %%
torch.manual_seed(4)
notes = Notes()
pl.Trainer(max_epochs=8, callbacks=[notes], **quiet).fit(WorstGap(lr=0.02, hidden=8), train_loader, val_loader)
for number, values in enumerate(notes.epochs, 1):
    print(number, {name: round(value, 2) for name, value in values.items() if name != "train_loss"})

# %% [markdown]
# The average of the batches' worst gaps is too kind, in every line: only one of the three batches holds the worst tool.
# A figure shows how far the two are apart, and it is the upper line that a plant has to know.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
epochs = range(1, len(notes.epochs) + 1)
for name, style in [("val_worst_gap", "o-"), ("mean_of_worst", "s--")]:
    ax.plot(epochs, [values[name] for values in notes.epochs], style, label=name)
ax.set(xlabel="epoch", ylabel="gap in hundredths of a millimetre", ylim=(0, None))
ax.legend()
show(
    fig,
    "Two lines over eight epochs: the worst gap of the whole validation set lies above the average of batch worsts.",
)

# %% [markdown]
# ## Rebuild a classifier
#
# Now the pictures of CIFAR-10, or their stand-ins. As in lesson 3.1 a picture becomes a row of 48 numbers, the means
# of its tiles. The case below holds all that a training needs, as plain data: rows and labels for training and for
# validation, first weights, and hyperparameters.

# %%
from scalable_ai.data import cifar10

data = cifar10(num_train=320, num_test=100)


def rows_of(images):
    """Average each colour over tiles of 8 by 8 pixels: uint8 [N, 3, 32, 32] to float32 [N, 48]."""
    return functional.avg_pool2d(images / 255, 8).flatten(1) - 0.5


def accuracy(scores, labels):
    """Return the share of rows whose largest score is that of their own class."""
    return (scores.argmax(dim=1) == labels).float().mean()


torch.manual_seed(6)
start = nn.Sequential(nn.Linear(48, 16), nn.ReLU(), nn.Linear(16, 10)).state_dict()
case = {"start": start, "rows": rows_of(data.train.images), "labels": data.train.labels, "hidden": 16, "lr": 0.3}
case.update({"val_rows": rows_of(data.test.images), "val_labels": data.test.labels, "epochs": 3})
print({name: list(value.shape) for name, value in case.items() if isinstance(value, torch.Tensor)})

# %% [markdown]
# This is the plain model of the team: a network, and a loop over batches of 64 in the order of the rows. It keeps the
# loss of its first batch, and it ends with an accuracy, the share of validation rows that get their own class.

# %%
plain = nn.Sequential(nn.Linear(48, 16), nn.ReLU(), nn.Linear(16, 10))
plain.load_state_dict(case["start"])
optimizer = torch.optim.SGD(plain.parameters(), lr=case["lr"])
plain_losses = []
for _ in range(case["epochs"]):
    for inputs, targets in zip(case["rows"].split(64), case["labels"].split(64), strict=True):
        loss = functional.cross_entropy(plain(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        plain_losses.append(loss.item())
plain_accuracy = accuracy(plain(case["val_rows"]), case["val_labels"]).item()
print("first loss:", plain_losses[0], " accuracy:", plain_accuracy)

# %% [markdown]
# A rebuilt model has to give the same. The function `trial` makes a module of the class it is given, loads the first
# weights into the module's `network`, fits it, and returns what can be compared: hyperparameters, the loss of each
# step, the weights, and all that was logged.


# %%
def trial(module_class, case):
    """Make and fit a module that has a part called network; return plain results."""
    module = module_class(hidden=case["hidden"], lr=case["lr"])
    module.network.load_state_dict(case["start"])
    notes = Notes()
    train = DataLoader(TensorDataset(case["rows"], case["labels"]), batch_size=64)
    val = DataLoader(TensorDataset(case["val_rows"], case["val_labels"]), batch_size=64)
    trainer = pl.Trainer(max_epochs=case["epochs"], callbacks=[notes], **quiet)
    trainer.fit(module, train, val)
    logged = {name: value.item() for name, value in trainer.callback_metrics.items()}
    found = {"hparams": dict(module.hparams), "losses": notes.losses, "logged": logged}
    return {**found, "weights": module.network.state_dict()}


# %% exercise: rebuild [markdown]
# title: Rebuild the classifier
# difficulty: 2
# minutes: 15
# points: 5
# task: Complete the LightningModule so that it is the team's plain classifier, with a record.
# context: >-
#   A retail marketplace sorts product pictures into ten departments, and its classifier is the plain loop above. It
#   logs nothing, its learning rate stands somewhere in a script, and nobody validates while it trains. As the machine
#   learning scientist of the team you rebuild it as a LightningModule. Before the team lets go of the old code it
#   wants evidence, namely the same first loss, and the same weights after all steps.
# instructions:
#   - Save the hyperparameters `hidden` and `lr`.
#   - Log the loss of a batch as `train_loss`, and return it.
#   - Log the `accuracy` of a validation batch as `val_accuracy`.
#   - Take the optimizer's rate from the saved hyperparameters.
# hints:
#   - The class `WearModel` and its two children in the lecture hold one example of each line.
#   - A method of the module saves all arguments of `__init__` at once and needs none itself.
#   - The function `accuracy` takes scores, which the network gives for the rows, and labels.
#   - Saved hyperparameters are attributes of `self.hparams`.
# success: >-
#   Same first loss, same weights, and now a record and a validation. The LightningModule is PyTorch in a known order,
#   so rebuilding a model changes who reads it and not what it computes.


# %% answer: rebuild
# Save the hyperparameters, log, and return the loss
class Classifier(pl.LightningModule):
    def __init__(self, hidden: int, lr: float):
        super().__init__()
        self.save_hyperparameters()  # blank: save_hyperparameters
        self.network = nn.Sequential(nn.Linear(48, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)  # blank: log
        return loss  # blank: return loss

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", accuracy(self.network(batch[0]), batch[1]))  # blank: self.network(batch[0]), batch[1]

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)  # blank: self.hparams.lr


rebuilt = trial(Classifier, case)

# %% check: rebuild
from scalable_ai.checks import exercise

with exercise("rebuild") as check:
    hparams = rebuilt["hparams"]
    check.equal(hparams, {"hidden": 16, "lr": 0.3}, "hparams", likely="Save them in `__init__`, both of them.")
    likely = "Is the loss of the batch returned?"
    check.equal(rebuilt["losses"][0], plain_losses[0], "loss of the first step", likely=likely, tolerance=1e-4)
    likely = "Is the loss returned, and is the rate the saved one?"
    for name, value in plain.state_dict().items():
        check.equal(rebuilt["weights"][name], value, f"network.{name}", likely=likely, tolerance=1e-4)
    names = sorted(rebuilt["logged"])
    likely = "Hand each to `self.log` under this very name."
    both = names == ["train_loss", "val_accuracy"]
    check.that(both, "train_loss and val_accuracy in the log", got=", ".join(names), likely=likely)
    likely = "Hand the scores of the rows and the labels to `accuracy`."
    check.equal(rebuilt["logged"]["val_accuracy"], plain_accuracy, "val_accuracy", likely=likely, tolerance=1e-4)
    check.equal(
        rebuilt["logged"]["train_loss"],
        plain_losses[-1],
        "train_loss",
        tolerance=1e-4,
        likely="Log what the step returns.",
    )

# %% [markdown]
# ## A blueprint with faults
#
# The following module runs without an error, and yet it has three faults. It is meant to predict how many days a
# patient will stay, from six numbers known on arrival. The names are those of the wear model, so you can compare line
# by line. Read it before you look at how it behaves.


# %%
class StayModel(pl.LightningModule):
    def __init__(self, lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Linear(6, 1)
        self.gaps = []

    def training_step(self, batch, batch_idx):
        self.log("train_loss", functional.mse_loss(self.network(batch[0]), batch[1]))

    def validation_step(self, batch, batch_idx):
        self.gaps.append((self.network(batch[0]) - batch[1]).abs())

    def on_validation_epoch_end(self):
        self.log("val_worst_gap", torch.cat(self.gaps).max())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.001)


# %% [markdown]
# As before, a function trains a module and returns plain results: the value logged after each epoch, and the final
# weights. It begins from weights of zero and takes batches of 32 in order. `said` collects what Lightning warns of,
# which a reader of a long output would easily miss.


# %%
def hospital_run(module_class, ward):
    """Fit a module from weights of zero; return its weights, what it logged after each epoch, and warnings."""
    module = module_class(lr=ward["lr"])
    nn.init.zeros_(module.network.weight)
    nn.init.zeros_(module.network.bias)
    notes = Notes()
    train = DataLoader(TensorDataset(ward["arrivals"], ward["stays"]), batch_size=32)
    val = DataLoader(TensorDataset(ward["val_arrivals"], ward["val_stays"]), batch_size=32)
    with warnings.catch_warnings(record=True) as said:
        warnings.filterwarnings("always", message=".*returned .None")
        pl.Trainer(max_epochs=ward["epochs"], callbacks=[notes], **quiet).fit(module, train, val)
    worst, train_loss = ([one.get(name) for one in notes.epochs] for name in ("val_worst_gap", "train_loss"))
    found = {"worst": worst, "train_loss": train_loss, "said": [str(one.message) for one in said]}
    return {**found, "weights": module.network.state_dict()}


# %%
torch.manual_seed(7)
arrivals = torch.randn(224, 6)
stays = arrivals @ torch.tensor([[0.5], [1.0], [-1.0], [0.0], [2.0], [0.5]]) + 6 + 0.2 * torch.randn(224, 1)
ward = {"arrivals": arrivals[:160], "stays": stays[:160], "lr": 0.05, "epochs": 6}
ward.update({"val_arrivals": arrivals[160:], "val_stays": stays[160:]})
found = hospital_run(StayModel, ward)
print("weights:", found["weights"]["weight"].tolist())
print("worst gap after each epoch:", [round(value, 2) for value in found["worst"]])
print("Lightning said:", found["said"] or "nothing, since it says so only once in a session")

# %% [markdown]
# All weights are still zero, so nothing has been learned, and Lightning says why in a warning that is easy to miss. The
# worst gap has not moved either. Once the first fault is mended it will still not fall, for the reason that you met
# above. And the third fault shows when a rate is chosen and the result does not depend on it.

# %%
for rate in [0.01, 0.05]:
    module = StayModel(lr=rate)
    used = module.configure_optimizers().param_groups[0]["lr"]
    print(f"asked for {rate}, recorded {module.hparams.lr}, used {used}")

# %% [markdown]
# A record that differs from what was done is worse than none. You will mend the module by a child class that overrides
# the faulty methods only. Everything that is not written in the child comes from the parent, `StayModel`.

# %% exercise: mend [markdown]
# title: Mend a LightningModule
# difficulty: 3
# minutes: 15
# points: 5
# task: Write a child of `StayModel` in which its three faults are mended.
# context: >-
#   You are a data scientist in a hospital group. Beds are planned from a forecast of how long patients will stay, and
#   planners ask for the worst gap, since one forgotten long stay closes a ward to others. The forecast was rebuilt with
#   Lightning last week. It runs, it logs, and every morning it reports the same numbers. You are called before
#   the planners stop believing in it.
# instructions:
#   - Override the methods that are at fault, and leave the others to the parent.
#   - Make sure that the loss reaches the Trainer and is still logged as `train_loss`.
#   - Report the worst gap of the latest validation only, as `val_worst_gap`.
#   - Use the learning rate that was asked for and saved.
# hints:
#   - Ask of each method what it has to give back, to keep or to forget, and who relies on it.
#   - Compare `training_step` and the hook at the end of the epoch with those of `TrainedModel` and `WorstGap`.
#   - The sanity check before the first epoch fills the list of gaps as well.
# success: >-
#   The loss is returned, collected values are cleared after each validation, and the recorded rate is the one that is
#   used. None of the three faults raised an error, which is why you inspect a LightningModule against numbers you know.


# %% answer: mend
# Override the methods that are at fault
class MendedModel(StayModel):  # stub
    """StayModel that learns at the saved rate and reports the worst gap of the latest validation.

    Methods that are not written here come from StayModel.
    """

    def training_step(self, batch, batch_idx):
        loss = functional.mse_loss(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def on_validation_epoch_end(self):
        super().on_validation_epoch_end()
        self.gaps.clear()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


mended = hospital_run(MendedModel, ward)

# %% check: mend
from scalable_ai.checks import exercise

with exercise("mend") as check:
    moved = bool(mended["weights"]["weight"].abs().sum() > 0)
    check.that(moved, "weights that have moved from zero", got="weights of zero", likely="Is the loss returned?")
    likely = "Log the loss as `train_loss`, and return it too."
    check.that(None not in mended["train_loss"], "train_loss in the log", got="no such name", likely=likely)
    column, worst = torch.zeros(7, 1), []
    sensors = torch.cat([arrivals, torch.ones(224, 1)], dim=1)
    for _ in range(6):
        for place in range(0, 160, 32):
            part, target = sensors[place : place + 32], stays[place : place + 32]
            column = column - 0.05 * 2 / 32 * part.T @ (part @ column - target)
        worst.append((sensors[160:] @ column - stays[160:]).abs().max().item())
    likely = "Does the optimizer get the saved rate, and is the loss the mean squared difference?"
    check.equal(mended["weights"]["weight"], column[:6].T, "network.weight", tolerance=1e-4, likely=likely)
    check.equal(mended["weights"]["bias"], column[6], "network.bias", tolerance=1e-4, likely=likely)
    likely = "A maximum cannot be averaged: collect the gaps and log the largest once, at the end of the validation."
    check.that(mended["worst"][-1] > 0.99 * worst[-1], "the worst gap of all patients", mended["worst"][-1], likely)
    likely = "Gaps of earlier validations, the sanity check among them, have to be gone before the next one."
    check.equal(mended["worst"], worst, "worst gap after each epoch", tolerance=1e-4, likely=likely)

# %% quiz: same_start [markdown]
# question: >-
#   You rebuilt a model as a LightningModule. With one seed set before each, plain loop and Lightning begin with equal
#   weights and report an equal loss for the first batch of the first epoch. In later steps the losses drift apart. Both
#   loaders shuffle. What is the likeliest reason?
# options:
#   - text: Lightning computes gradients in its own way, as a rival of PyTorch
#     why: >-
#       Backward is PyTorch's in both. Had the gradients been different, the exercise above could not have ended with
#       equal weights after fifteen steps.
#   - text: From some point on the two draw different batches
#     right: true
#     why: >-
#       Shuffling draws from the random state, and everything else that draws in between, such as dropout or a sanity
#       check with random numbers, moves it. Compare without shuffling, or give each loader a generator of its own.
#   - text: "`self.log` changes the loss that is returned"
#     why: >-
#       It stores a copy under a name. The tensor that you return, and the path back to the weights, stay as they were.
#   - text: Nothing is wrong, since the same code always drifts apart
#     why: >-
#       On one machine, equal weights and equal batches give equal losses step after step, as you saw. A drift has a
#       cause that can be found.
# points: 1

# %% recap [markdown]
# - A LightningModule is a blueprint: sizes in `save_hyperparameters`, then training, validation and optimizer.
# - `self.log` averages validation values over the epoch; collect, log and clear what must not be averaged.
# - Compare first loss and later weights with the plain model; faults in a module are often silent.
