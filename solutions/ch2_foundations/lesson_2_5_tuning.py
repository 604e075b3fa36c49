# ---
# lesson:
#   id: "2.5"
#   title: Experimentation and hyperparameter tuning
#   objective: Run experiments that can be compared, and tune hyperparameters from their log
#   minutes: 50
#   functions:
#     - torch.optim.lr_scheduler.StepLR
#     - torch.optim.lr_scheduler.CosineAnnealingLR
#     - torch.optim.lr_scheduler.OneCycleLR
#     - torch.optim.SGD
#     - torch.manual_seed
#   know:
#     - The training loop and its two modes, lesson 2.4
#     - Training and validation data
#     - Means, and Python dictionaries
#   new:
#     - Learning rates from a sweep, and what too small and too large look like
#     - Three schedules whose every value you can compute beforehand
#     - A manual search in which only the configuration differs
#     - Choosing from a log, with several seeds and by validation
#   glossary: {}
#   misconceptions: []
#   analogies:
#     - Build the scale model first, then the house
# ---

# %% slide [markdown]
# ## Numbers that nobody learns
#
# - Parameters: weights, learned by training
# - Hyperparameters: chosen by you, before it begins
# - Learning rate, momentum, width, epochs

# %% script [markdown]
# In this lesson you run experiments that can be compared, and you tune hyperparameters from their log. Training finds
# the weights of a network. It does not find the learning rate, the number of epochs or the width of a layer. Those
# hyperparameters you choose. It matters, because the same network with the same data can learn well, hardly at
# all, or blow up. Tuning is an experiment, and this lesson makes it a fair one.

# %% slide [markdown]
# ## The learning rate comes first
#
# - Too small: no progress in the time you have
# - Too large: every step overshoots
# - In between: a range, not a point

# %% fragment
for lr in [0.01, 0.4, 1.1]:
    x = 1.0
    for _ in range(10):
        x = x - lr * 2 * x
    print(f"lr {lr}: x after ten steps {x:.6f}")

# %% script [markdown]
# Begin with the learning rate, which usually matters most. The code on the slide walks down the simplest curve there
# is, x squared, whose gradient is two x and whose lowest point is zero. With the small rate ten steps hardly get
# anywhere. With the middle one they arrive. With the large one every step jumps over the lowest point and lands
# further away. A network has a million such directions.

# %% slide [markdown]
# ## A rate that changes
#
# - Large steps first, small steps last
# - Step: drop it every few epochs
# - Cosine: lower it smoothly
# - One cycle: warm up, then cool down

# %% fragment
import torch
from torch.optim.lr_scheduler import StepLR

one_weight = torch.nn.Parameter(torch.zeros(1))
plain_sgd = torch.optim.SGD([one_weight], lr=0.8)
halving = StepLR(plain_sgd, step_size=2, gamma=0.5)
for epoch in range(6):
    print(epoch, halving.get_last_lr()[0])
    plain_sgd.step()
    halving.step()

# %% script [markdown]
# One rate is seldom best from start to end. Early on, large steps make progress. Later they jump around the goal, and
# smaller ones settle. A schedule changes the rate while you train. The one on the slide halves it after every second
# epoch. First the optimizer moves the weights, then the schedule moves the rate. Each schedule is a formula, so you can
# check it before you spend an hour of training.

# %% slide [markdown]
# ## A fair comparison
#
# - Same data, same start, same effort
# - One thing differs: the configuration
# - Every run leaves a line in the log
# - First the scale model, then the house

# %% script [markdown]
# A search compares several configurations, and the comparison is fair only if nothing else differs. Each run starts
# with a new network, from the same seed, and sees the same data for the same time. Each run leaves a line in a log, the
# bad ones too. Since a search multiplies the cost of training, build the scale model first, then the house. Search
# small, and train the full size once.

# %% slide [markdown]
# ## Repeat before you compare
#
# - Same configuration, other seed: noise
# - Difference below the noise: no discovery
# - Several seeds, then means

# %% script [markdown]
# Even a fair run has luck in it, since the first weights and the order of the batches are drawn at random. So repeat
# one configuration with several seeds and look at the spread. A difference smaller than that is noise, and you do not
# take it for a discovery.

# %% slide [markdown]
# ## Validation chooses, test reports
#
# - Best of many: partly the luckiest
# - Choosing uses the data up
# - Test data: once, at the end

# %% fragment
guesses = torch.Generator().manual_seed(5)
val_scores = torch.rand(200, 100, generator=guesses).lt(0.1).float().mean(dim=1)
test_scores = torch.rand(200, 100, generator=guesses).lt(0.1).float().mean(dim=1)
winner = val_scores.argmax()
print("best of 200 on validation:", round(val_scores[winner].item(), 2))
print("the same one on test:     ", round(test_scores[winner].item(), 2))

# %% script [markdown]
# One trap remains. On the slide two hundred models guess among ten classes, so each is worth a tenth, and each is
# scored on one hundred images. The best of them looks twice as good as it is, by luck alone. On fresh images the luck
# is gone. Whatever data you choose by flatters the winner, so you choose by validation and keep the test data for one
# honest report at the end.

# %% [markdown]
# ## A bench for experiments
#
# The scale model of this lesson has 600 pictures for training and 400 for validation, 192 numbers each, prepared as
# in lesson 2.4. Mean and deviation come from the training pictures alone. The 250 test pictures are prepared too, and
# then nobody looks at them.

# %%
from torch import nn

from scalable_ai.data import cifar10

data = cifar10(num_train=1000, num_test=250)
squares = nn.functional.avg_pool2d(data.train.images.float(), kernel_size=4).flatten(1)
mean, std = squares[:600].mean(dim=0), squares[:600].std(dim=0)
train_rows, train_labels = (squares[:600] - mean) / std, data.train.labels[:600]
val_rows, val_labels = (squares[600:] - mean) / std, data.train.labels[600:]
test_squares = nn.functional.avg_pool2d(data.test.images.float(), kernel_size=4).flatten(1)
test_rows, test_labels = (test_squares - mean) / std, data.test.labels
print(len(train_rows), len(val_rows), len(test_rows))

# %% [markdown]
# Two functions make an experiment: one creates a network, the other trains it. The batches come in an order that a
# generator of its own draws, so that it is the same in every run. `momentum` lets the optimizer keep a part of the
# direction of its last step. The step and the accuracy are those of lesson 2.4, on rows that lie in memory.


# %%
def make_model():
    """Return a new network; its weights come from PyTorch's random numbers."""
    return nn.Sequential(nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 10))


def fit(model, lr, momentum=0.0, num_epochs=5):
    """Train in place, and return the mean loss of the last epoch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    order = torch.Generator().manual_seed(0)
    for _ in range(num_epochs):
        losses = []
        for places in torch.randperm(len(train_rows), generator=order).split(50):
            losses.append(take_step(model, optimizer, places))
    return sum(losses) / len(losses)


# %%
def take_step(model, optimizer, places):
    """Take one training step on the pictures at some places, and return the loss."""
    model.train()
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(train_rows[places]), train_labels[places])
    loss.backward()
    optimizer.step()
    return loss.item()


def accuracy(model, rows, labels):
    """Return the share of rows that get their own label."""
    model.eval()
    with torch.no_grad():
        return (model(rows).argmax(dim=1) == labels).double().mean().item()


# %% [markdown]
# ## A sweep of the learning rate
#
# A sweep tries values that differ by equal factors, since a rate of 0.2 is to 0.1 what 0.02 is to 0.01. Each run
# starts with the same seed. Read the column for the two ends and the range in between.

# %%
rates = [10**exponent for exponent in (-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5)]
swept = []
for lr in rates:
    torch.manual_seed(0)
    swept.append(fit(make_model(), lr))
    print(f"lr {lr:8.4f}   loss of the last epoch {swept[-1]:.4g}")

# %%
import math

import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.loglog(rates, swept, "o-")
ax.axhline(math.log(10), color="grey", linestyle=":", label="ln 10, no knowledge")
ax.set(xlabel="learning rate", ylabel="training loss, last epoch", ylim=(1, 10))
ax.legend()
show(
    fig,
    "Training loss after five epochs against eight learning rates, both axes logarithmic. It is near ln 10 at the "
    "smallest rate, lowest in a range in the middle, and leaves the picture at the top at the largest rates.",
)

# %% [markdown]
# On the left five epochs of tiny steps lead nowhere. On the right the loss grows beyond all bounds; `nan`, not a
# number, is left when numbers have become too large. Take a rate from the middle of the range between, not the last
# value before the cliff.
#
# ## How large is the noise?
#
# Before two settings are compared, repeat one. Only the seed differs next, so the differences are noise.

# %%
repeated = []
for seed in range(6):
    torch.manual_seed(seed)
    model = make_model()
    fit(model, lr=0.1)
    repeated.append(accuracy(model, val_rows, val_labels))
print("validation accuracy:", [round(value, 3) for value in repeated])
print("spread:             ", round(max(repeated) - min(repeated), 3))

# %% [markdown]
# If another configuration is better by less than this spread, a single run of each tells you nothing. Run both with
# several seeds, and compare means.
#
# ## Schedules, value by value
#
# The cosine goes down half a wave from `high` to `low`: low plus half the distance times one plus the cosine of an
# angle, which grows from 0 to π. The cell compares this formula with PyTorch's values.

# %%
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

high, low, total = 0.8, 0.0, 8
by_formula = [low + (high - low) / 2 * (1 + math.cos(math.pi * step / total)) for step in range(total)]
plain_sgd = torch.optim.SGD([one_weight], lr=high)
falling = CosineAnnealingLR(plain_sgd, T_max=total, eta_min=low)
by_torch = []
for _ in range(total):
    by_torch.append(falling.get_last_lr()[0])
    plain_sgd.step()
    falling.step()
print([round(rate, 4) for rate in by_formula])
print([round(rate, 4) for rate in by_torch])
print("T_max = 20, stepped after each of 12 batches, is reached after", round(20 / 12, 2), "epochs")

# %% [markdown]
# `T_max` counts calls of `step`. Whether a call means an epoch or a batch is your decision: a schedule for 20 epochs
# that is stepped by batch has run through before the second epoch ends. Another mistake is the order of calls, so the
# next optimizer writes down the rate of every update. `OneCycleLR` warms up to `max_lr` and cools down to nearly zero
# within `total_steps`.


# %%
class NotingSGD(torch.optim.SGD):
    """SGD that notes the learning rate of every update in `used`."""

    def __init__(self, lr):
        super().__init__([nn.Parameter(torch.zeros(1))], lr=lr)
        self.used = []

    def step(self, closure=None):
        self.used.append(self.param_groups[0]["lr"])
        return super().step(closure)


base_lr, num_steps = 0.1, 12
drop_every, drop_by = 4, 0.5
lowest_lr, peak_lr = 0.01, 0.4
trial = NotingSGD(base_lr)
trial.step()
print("used:", trial.used)

# %% exercise: follow_schedules [markdown]
# title: Three schedules, step by step
# difficulty: 2
# minutes: 10
# points: 4
# task: Complete the loop that follows a schedule, and use it for three of them.
# context: >-
#   Training the full model of a chain of hospitals takes a night on a rented machine. Last week a night was lost,
#   because a schedule had fallen to zero after two epochs. You are the machine learning scientist who now rehearses
#   every schedule first, with an optimizer that notes the rate of each update, so that the whole night can be seen as a
#   list of numbers beforehand.
# instructions:
#   - Update the weights first, then move the schedule.
#   - Multiply the rate by `drop_by` after every `drop_every` steps.
#   - Lower the rate along a cosine to `lowest_lr`, and let the other schedule peak at `peak_lr`, within `num_steps`.
# hints:
#   - Both the optimizer and the scheduler have a method `step`; the first update must use the first rate.
#   - The factor of `StepLR` is called `gamma`, and its number of steps `step_size`.
#   - The lowest rate of the cosine is `eta_min`, and the length of a cycle is `total_steps`.
# success: >-
#   Each schedule gave the list of rates that its formula promises, and the optimizer used them from the first update
#   on. A rehearsal like this takes no training at all.


# %% answer: follow_schedules
# Update the weights, then move the schedule
def follow(schedule, **settings):
    optimizer = NotingSGD(base_lr)
    scheduler = schedule(optimizer, **settings)
    for _ in range(num_steps):
        optimizer.step()  # blank: optimizer
        scheduler.step()  # blank: scheduler
    return optimizer.used


# Multiply after every few steps
dropping = follow(StepLR, step_size=drop_every, gamma=drop_by)  # blank: drop_every | drop_by

# Lower along a cosine, and peak in one cycle
cosine = follow(CosineAnnealingLR, T_max=num_steps, eta_min=lowest_lr)  # blank: num_steps | lowest_lr
cycle = follow(OneCycleLR, max_lr=peak_lr, total_steps=num_steps)  # blank: peak_lr | num_steps

# %% check: follow_schedules
from scalable_ai.checks import exercise

with exercise("follow_schedules") as check:
    likely = "Each round is one update, then one move of the schedule; moved first, it costs you the first rate."
    check.equal(dropping[3:6], [0.1, 0.05, 0.05], "dropping, steps 3 to 5", likely=likely)
    check.equal(dropping, [0.1] * 4 + [0.05] * 4 + [0.025] * 4, "dropping", likely="Every 4 steps, times 0.5.")
    wave = [0.01 + 0.045 * (1 + math.cos(math.pi * step / 12)) for step in range(12)]
    likely = "`T_max` is the number of steps, `eta_min` the rate at the bottom."
    check.equal(cosine, wave, "cosine", likely=likely)
    likely = "The peak is `max_lr`, the length `total_steps`; the schedule sets the rate of the start itself."
    check.equal(len(cycle), 12, "number of steps in the cycle", likely=likely)
    check.equal(max(cycle), 0.4, "peak of the cycle", tolerance=0.02, likely=likely)
    check.equal([cycle[0], cycle[-1]], [0.016, 1.6e-6], "start and end of the cycle", likely=likely, tolerance=1e-6)

# %% [markdown]
# Here are the same three schedules with other numbers, drawn over a training of 100 steps. Look at where each one
# spends its large steps.

# %%
schedules = {
    "StepLR": lambda sgd: StepLR(sgd, step_size=25, gamma=0.5),
    "CosineAnnealingLR": lambda sgd: CosineAnnealingLR(sgd, T_max=100),
    "OneCycleLR": lambda sgd: OneCycleLR(sgd, max_lr=0.4, total_steps=100),
}
drawn = {}
for name, make in schedules.items():
    noting = NotingSGD(0.4)
    scheduler = make(noting)
    for _ in range(100):
        noting.step()
        scheduler.step()
    drawn[name] = noting.used
print({name: round(max(used), 3) for name, used in drawn.items()})

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
for (name, used), style in zip(drawn.items(), ["-", "--", ":"], strict=True):
    ax.plot(used, style, label=name)
ax.set(xlabel="step", ylabel="learning rate")
ax.legend()
show(
    fig,
    "Learning rate over 100 steps. StepLR: a staircase from 0.4 that halves every 25 steps. CosineAnnealingLR: a "
    "smooth fall from 0.4 to 0. OneCycleLR: from a low start up to 0.4 at about step 30, then down to nearly 0.",
)

# %% [markdown]
# ## A search that is not fair
#
# With momentum as a second knob, several combinations have to be tried. The search below goes through them one by one,
# and its log looks reasonable. Put it to the test as you would a pair of scales: weigh the same thing four times.


# %%
def search_v0(configs, seed):
    torch.manual_seed(seed)
    model = make_model()
    log = []
    for config in configs:
        fit(model, config["lr"], config["momentum"])
        score = accuracy(model, test_rows, test_labels)
        log.append({**config, "seed": seed, "val_accuracy": score})
    return log


same = {"lr": 0.03, "momentum": 0.5}
for line in search_v0([same, same, same, same], seed=1):
    print(line)

# %% [markdown]
# Four runs of one configuration from one seed should give one result. The code with `{**config, …}` copies a
# dictionary and adds to it, and that is sound. The faults are elsewhere: read which lines run once, and which run for
# each configuration, and compare the name of the score with the pictures it was measured on.

# %% exercise: fair_search [markdown]
# title: Make the search fair
# difficulty: 3
# minutes: 12
# points: 4
# task: Repair the search so that nothing but the configuration differs between its runs.
# context: >-
#   Whatever is tried last tends to win. This is what the team of a fashion retailer noticed, after months in which the
#   search above set up the model that sorts product photos. The order in which people typed their ideas decided what
#   went into production. As its data scientist you repair the search before the next season. It must give the same line
#   for the same configuration, in whatever order the list arrives.
# instructions:
#   - Give every configuration a new network from the same seed.
#   - Measure the accuracy on the pictures that are meant for choosing.
#   - Keep the form of the log, one line for each configuration in the order given.
# hints:
#   - Two lines stand before the loop that belong inside it.
#   - A network is drawn from random numbers at the moment it is made, so the seed has to be set just before.
#   - The score is called `val_accuracy`; which rows does that promise?
# success: >-
#   Each configuration now starts from the same weights and is scored on validation pictures. What differs in your log
#   is due to the configuration, and the test pictures are still unused.


# %% answer: fair_search
# Give every configuration a new network from the seed
def search(configs: list, seed: int) -> list:  # stub
    """Train one new network for each configuration and return the log, in the order given.

    configs: dicts with "lr" and "momentum". seed: what the weights of every network are drawn from.
    Returns a list of new dicts: the configuration, "seed" and "val_accuracy", a float.
    """
    log = []
    for config in configs:
        torch.manual_seed(seed)
        model = make_model()
        fit(model, config["lr"], config["momentum"])
        score = accuracy(model, val_rows, val_labels)
        log.append({**config, "seed": seed, "val_accuracy": score})
    return log


# %% check: fair_search
from scalable_ai.checks import exercise

with exercise("fair_search") as check:
    rates = [0.03, 0.03, 0.3, 0.03]
    configs = [{"lr": lr, "momentum": 0.5} for lr in rates]
    weighed = search(configs, 1)
    check.equal(len(weighed), 4, "number of lines in the log", likely="One line for each configuration.")
    kept = [{"lr": lr, "momentum": 0.5} for lr in rates]
    likely = "Make a new dictionary for each line, and leave those that are given as they are."
    check.equal(configs, kept, "the configurations after the search", likely=likely)
    likely = "The lines stand in the order in which the configurations were given."
    check.equal([line["lr"] for line in weighed], rates, "learning rates in the log", likely=likely)
    keys = {"lr", "momentum", "seed", "val_accuracy"}
    check.equal(set(weighed[0]), keys, "keys of a line", likely="Keep the form that the log had.")
    results = [weighed[place]["val_accuracy"] for place in (0, 1, 3)]
    likely = "Make the network inside the loop, and set the seed just before."
    check.that(len(set(results)) == 1, "one result for one configuration", got=results, likely=likely)
    torch.manual_seed(1)
    alone = make_model()
    fit(alone, 0.03, 0.5)
    likely = "Train with rate and momentum of the configuration, from the given seed, and score on validation pictures."
    check.equal(results[0], accuracy(alone, val_rows, val_labels), "val_accuracy", likely=likely)

# %% [markdown]
# Now let your search go through four combinations, each with three seeds, twelve runs in all. If your function does
# not pass yet, this cell stops with its error.

# %%
knobs = [{"lr": lr, "momentum": momentum} for lr in (0.01, 0.1) for momentum in (0.0, 0.9)]
searched = [line for seed in (0, 1, 2) for line in search(knobs, seed)]
for knob in knobs:
    scores = [line["val_accuracy"] for line in searched if line.items() >= knob.items()]
    print(knob, [round(value, 3) for value in scores], "mean", round(sum(scores) / len(scores), 3))

# %% [markdown]
# ## Reading a log
#
# Your own log decides by the means in its last column. Here is one that was handed over at the end of a search, with
# one line for each run: three seeds for each of four configurations. A run that blew up has no number, which Python
# writes as `nan`. Test accuracies were noted too, although nobody should have looked.

# %%
import io

import numpy as np

text = """lr momentum seed val_accuracy test_accuracy
0.1 0.9 0 nan nan
0.03 0.0 0 0.402 0.395
0.1 0.0 0 0.431 0.409
0.03 0.9 0 0.418 0.401
0.03 0.0 1 0.395 0.401
0.1 0.0 1 0.379 0.388
"""

# %%
text += """0.03 0.9 1 0.421 0.380
0.1 0.9 1 0.452 0.430
0.03 0.9 2 0.415 0.377
0.1 0.0 2 0.398 0.412
0.1 0.9 2 0.449 0.428
0.03 0.0 2 0.409 0.433
"""
table = np.genfromtxt(io.StringIO(text), names=True)
handed_over = [dict(zip(table.dtype.names, row.tolist(), strict=True)) for row in table]
print(len(handed_over), "runs, the first:", handed_over[0])

# %% [markdown]
# Picking the largest value seems to be one call of `max`. Be careful with a `nan`: every comparison with it is false,
# so the result depends on where it stands. Arithmetic is more honest, since a sum with a `nan` in it is `nan`.

# %%
nan = float("nan")
print("max:", max([nan, 0.3, 0.4]), max([0.3, 0.4, nan]), "  is nan larger?", nan > 0.4, "  smaller?", nan < 0.4)
print("mean:", sum([0.45, nan, 0.44]) / 3, "  math.isnan:", math.isnan(nan))

# %% exercise: read_log [markdown]
# title: The configuration that follows from the log
# difficulty: 3
# minutes: 12
# points: 4
# task: Write the function that chooses a configuration from the log of a search.
# context: >-
#   At a bank, models may only go into service with a written rule of choice, so that an auditor gets the same answer
#   from the same log. The rule that you get as its data engineer reads: the mean over seeds of the validation accuracy
#   decides; a configuration that has blown up with any seed is out; test accuracies take no part. You write the rule as
#   a function, for logs of any length, with lines in any order.
# instructions:
#   - Collect the validation accuracies of each pair of learning rate and momentum.
#   - Leave out each pair in which a run has blown up.
#   - Return the pair with the highest mean, together with that mean.
# hints:
#   - A dictionary may have the pair `(lr, momentum)` as its key, and a list of accuracies as its value.
#   - The method `setdefault` returns the list of a key, and makes an empty one where there is none yet.
#   - The mean of a list that holds a `nan` is `nan`; leave such pairs out before you look for the highest.
# success: >-
#   Your choice follows from the log alone. The mean over seeds tamed the lucky run, the configuration that blows up
#   is out, and the test data was not used for choosing.


# %% answer: read_log
# Return the pair with the highest mean over seeds
def choose(log: list) -> dict:  # stub
    """Return {"lr": …, "momentum": …, "val_mean": …} of the best configuration, all floats.

    log: dicts with "lr", "momentum", "seed", "val_accuracy", "test_accuracy", in any order. val_mean is
    the mean over seeds. A configuration with a nan is out. Of equal means the first in the log wins.
    """
    runs = {}
    for line in log:
        runs.setdefault((line["lr"], line["momentum"]), []).append(line["val_accuracy"])
    means = {pair: sum(values) / len(values) for pair, values in runs.items()}
    whole = {pair: mean for pair, mean in means.items() if not math.isnan(mean)}
    lr, momentum = max(whole, key=whole.get)
    return {"lr": lr, "momentum": momentum, "val_mean": whole[lr, momentum]}


# %% check: read_log
from scalable_ai.checks import exercise

with exercise("read_log") as check:
    chosen = choose(handed_over)
    check.that(
        isinstance(chosen, dict),
        "a dictionary",
        got=type(chosen).__name__,
        likely="Return one dictionary, with its values by name.",
    )
    check.equal(set(chosen), {"lr", "momentum", "val_mean"}, "keys", likely="The pair, and its mean.")
    pair = (chosen["lr"], chosen["momentum"])
    likely = "It has the highest single runs, but blew up with one seed; leave it out before you look for the highest."
    check.that(pair != (0.1, 0.9), "a pair that never blew up", got=pair, likely=likely)
    likely = "Compare means of `val_accuracy` over the seeds, not single runs and not the test column."
    check.equal(pair, (0.03, 0.9), "the pair", likely=likely)
    check.equal(chosen["val_mean"], 0.418, "val_mean", likely="The mean over its three seeds.", tolerance=1e-6)
    tie = [{"lr": lr, "momentum": 0.0, "seed": 0, "val_accuracy": 0.5, "test_accuracy": lr} for lr in (0.2, 0.1, 0.3)]
    check.equal(choose(tie)["lr"], 0.2, "the learning rate in a tie", likely="The first in the log wins.")
    uneven = [tie[0], {**tie[0], "seed": 1}, {**tie[1], "val_accuracy": 0.6}]
    likely = "Divide by the number of runs of that pair, which may differ from pair to pair."
    check.equal(choose(uneven)["val_mean"], 0.6, "val_mean with two seeds against one", likely=likely)

# %% [markdown]
# ## Why the test data had no vote
#
# The slide showed one lucky winner among 200 guessing models. Here are all of them. If validation scores told
# something about models that only guess, the points would lie along a rising line.

# %%
fig, ax = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
ax.plot(val_scores, test_scores, "o", alpha=0.35, label="200 guessing models")
ax.plot(val_scores[winner], test_scores[winner], "rs", markersize=9, label="chosen by validation")
ax.axhline(0.1, color="grey", linestyle=":")
ax.axvline(0.1, color="grey", linestyle=":")
ax.set(xlabel="validation accuracy", ylabel="test accuracy")
ax.legend()
show(
    fig,
    "Test against validation accuracy of 200 models that guess among ten classes: a round cloud around 0.1 and 0.1. "
    "The chosen model is furthest to the right, yet its test accuracy is about as low as that of the others.",
)

# %% [markdown]
# The winner stands far to the right and no higher than the rest. Its validation score is the luckiest of 200, so it
# says too much; its test score is honest, because nobody chose by it. Had you chosen by the test score, the honest
# number would be gone.

# %% quiz: chosen_by_test [markdown]
# question: >-
#   A team tries 40 configurations, picks the one with the highest test accuracy, 0.71, and reports 0.71 to the
#   customer. What should the customer expect on new pictures?
# options:
#   - text: 0.71, since it was measured on pictures that no model was trained on
#     why: >-
#       The weights never saw them, but the choice did. The best of 40 is partly the luckiest, and luck does not
#       repeat.
#   - text: Probably less than 0.71, and no data is left to say how much less
#     right: true
#     why: >-
#       Choosing the highest of 40 favours lucky ones. A validation set for choosing would have kept the test set
#       honest.
#   - text: Probably more than 0.71, as the final model can be trained for longer
#     why: >-
#       Longer training may help or harm. It does not turn the highest of 40 readings into an honest one.
#   - text: 0.71, provided that all 40 runs had the same seed
#     why: >-
#       One seed makes the runs comparable. It takes nothing away from the advantage of the luckiest.
# points: 1

# %% recap [markdown]
# - Sweep the learning rate by factors first; repeat one run with several seeds to know the noise.
# - Rehearse a schedule: the optimizer updates, then the schedule moves, by batch or by epoch as its length says.
# - In a fair search only the configuration differs; the log decides by validation, and test reports once.
