# ---
# lesson:
#   id: "capstone_2"
#   kind: capstone
#   title: "Capstone 2: from pictures to the best configuration"
#   objective: Feed, build, train and tune a network, and let the log decide
#   minutes: 90
#   functions:
#     - importlib.metadata.version
#     - torch.cuda.is_available
#     - torch.utils.data.Dataset
#     - torch.utils.data.DataLoader
#     - torch.nn.Module
#     - torch.nn.Linear
#     - torch.nn.ReLU
#     - torch.optim.SGD
#     - torch.Tensor.backward
#     - torch.optim.lr_scheduler.CosineAnnealingLR
#     - torch.optim.lr_scheduler.StepLR
#     - torch.optim.lr_scheduler.LambdaLR
#   know:
#     - Your environment, from lesson 2.1
#     - Datasets, loaders and networks, from lessons 2.2 and 2.3
#     - The training loop and its bugs, from lesson 2.4
#     - Schedules, fair searches and logs, from lesson 2.5
#   new:
#     - A leak from test to training data, and the test that finds it
#     - A schedule of your own, with a warm-up
#     - A choice of configuration and epoch from curves
#   forms:
#     coding: [leak_free, mlp_parts, scheduled_loop, pick_config]
#     iterative: [rate_formulas]
#     sequential: [leak_free, mlp_parts, scheduled_loop, rate_formulas, pick_config]
#   glossary: {}
#   misconceptions:
#     - The order of the training loop does not matter, nor how a DataLoader is used
#   analogies: []
# ---

# %% [markdown]
# ## The goal
#
# You build one small system from pictures to a tested network: a data set without a leak, a network, a training loop
# with a schedule, and a manual search whose log decides which configuration is best. Two of the parts come to you
# broken, as they would in a project that you take over.

# %% [markdown]
# ## The steps
#
# | Step | You write | Form |
# |---|---|---|
# | 1. Feed | a `Dataset`, and sets without a leak | mend and complete |
# | 2. Build | the network | one class |
# | 3. Train | an epoch with a schedule | mend four bugs |
# | 4. Schedule | three formulas for the rate | one task, repeated with changes |
# | 5. Choose | configuration and epoch, from a log | one function |
#
# Each step adds to one script, and the last section runs all of it. If a step does not pass yet, go on: no later step
# is marked down for it.

# %% [markdown]
# ## What you put to the test
#
# | You may have heard | Look at |
# |---|---|
# | Scaling all data in one go does no harm | step 1 |
# | The order of the training loop does not matter | step 3 |
# | A scheduler may be stepped anywhere | step 3 |
# | The best number in the log is the best configuration | step 5 |

# %% [markdown]
# ## The place and the pictures
#
# As in lesson 2.1, write down first what is installed. Everything here is small enough for the CPU, so it runs there
# even if a GPU is at hand.

# %%
from importlib.metadata import version

import torch

for package in ["torch", "numpy", "matplotlib"]:
    print(f"{package:11} {version(package)}")
print("GPU at hand:", torch.cuda.is_available())

# %% [markdown]
# From CIFAR-10 you take 1,200 pictures for training and validation, and 300 for the test. Averages over squares of 4
# by 4 pixels turn each picture into a row of 192 numbers. Three parts of rows and labels are kept apart from now on.

# %%
from torch import nn

from scalable_ai.data import cifar10

data = cifar10(num_train=1200, num_test=300)
rows = nn.functional.avg_pool2d(data.train.images.float(), kernel_size=4).flatten(1)
test_rows = nn.functional.avg_pool2d(data.test.images.float(), kernel_size=4).flatten(1)
train_part = (rows[:900], data.train.labels[:900])
val_part = (rows[900:], data.train.labels[900:])
test_part = (test_rows, data.test.labels)
print([tuple(part[0].shape) for part in (train_part, val_part, test_part)])

# %% [markdown]
# ## Step 1: feed
#
# Networks learn best from numbers around zero, so each column is scaled by a mean and a deviation. The function below
# does that, and it comes from the project that you take over. It runs, and the numbers look fine.

# %%
from torch.utils.data import DataLoader, Dataset, TensorDataset


def make_sets_v0(train, val, test):
    everything = torch.cat([train[0], val[0], test[0]])
    mean, std = everything.mean(dim=0), everything.std(dim=0)
    return [TensorDataset((rows - mean) / std, labels) for rows, labels in (train, val, test)]


# %% [markdown]
# Here is a test for such functions. Test pictures stand for a future that training knows nothing of. So replace them
# by others, twice as bright, and look at the training rows. If those change, something has leaked from the future
# into training.

# %%
brighter = (2 * test_part[0], test_part[1])
before = make_sets_v0(train_part, val_part, test_part)[0]
after = make_sets_v0(train_part, val_part, brighter)[0]
print("first training row before:", before[0][0][:3].tolist())
print("first training row after: ", after[0][0][:3].tolist())

# %% [markdown]
# It leaks. Whatever such a network scores on these test pictures, it was prepared with their help, and new pictures
# will not help in advance. The bench below takes your function, and reads each of the three sets through a loader, so
# that it needs your `Dataset` to be complete.


# %%
def read_out(make, train, val, test):
    """Make the three sets and read each in one batch; return lengths, rows and labels."""
    sets = make(train, val, test)
    batches = [next(iter(DataLoader(one, batch_size=len(one)))) for one in sets]
    lengths = [len(one) for one in sets]
    return {"lengths": lengths, "rows": [batch[0] for batch in batches], "labels": [batch[1] for batch in batches]}


# %% exercise: leak_free [markdown]
# title: Sets without a leak
# difficulty: 2
# minutes: 12
# points: 4
# task: Complete the data set and mend the leak in its preparation.
# context: >-
#   You are a data engineer at a hospital group in healthcare. A network that sorts X-ray images did well in the test
#   and poorly in the first clinic that used it. The preparation of the images had been computed over all of them,
#   those of the test included. In the clinic the images of next week do not exist yet, so nothing can be computed
#   from them. You rebuild the preparation, and the same mean and deviation must serve all three parts.
# instructions:
#   - Scale the rows of the data set with the mean and deviation it is given.
#   - Say how many pictures there are, and return row and label at a place.
#   - Mend the leak, so that mean and deviation come from where a project may learn from.
# hints:
#   - A `Dataset` needs `__len__` and `__getitem__`; the loader calls both.
#   - Each part is a pair of rows and labels, so `train[0]` holds the rows for training.
#   - One mean and one deviation for each column, over all rows, need `dim=0`.
# success: >-
#   Your sets use one mean and one deviation, both from training rows, so test pictures can change without training
#   noticing. That is what makes the test an honest stand-in for new pictures.


# %% answer: leak_free
# Scale the rows, and return row and label at a place
class Pictures(Dataset):
    def __init__(self, rows, labels, mean, std):
        self.rows, self.labels = (rows - mean) / std, labels  # blank: (rows - mean) / std

    def __len__(self):
        return len(self.labels)  # blank: len(self.labels)

    def __getitem__(self, place):
        return self.rows[place], self.labels[place]  # blank: self.rows[place], self.labels[place]


# Mend the leak in mean and deviation
def make_sets(train, val, test):
    mean, std = train[0].mean(dim=0), train[0].std(dim=0)  # blank: train[0].mean(dim=0), train[0].std(dim=0)
    return [Pictures(*part, mean, std) for part in (train, val, test)]


loaded = read_out(make_sets, train_part, val_part, test_part)

# %% check: leak_free
from scalable_ai.checks import exercise

with exercise("leak_free") as check:
    check.equal(loaded["lengths"], [900, 300, 300], "number of pictures", likely="`__len__` counts the labels.")
    check.equal(loaded["labels"][2], test_part[1], "labels of the test", likely="`__getitem__` returns row and label.")
    for place, name in [(1, "validation"), (2, "test")]:
        changed = [train_part, val_part, test_part]
        changed[place] = (3 * changed[place][0] + 9, changed[place][1])
        again = read_out(make_sets, *changed)["rows"][0]
        steady = bool((again == loaded["rows"][0]).all())
        likely = "Mean and deviation come from the training rows alone."
        check.that(steady, f"training rows that ignore the {name} rows", got="rows that follow them", likely=likely)
    middle, width = train_part[0].mean(dim=0), train_part[0].std(dim=0)
    for place, (given, _) in enumerate([train_part, val_part, test_part]):
        name = f"scaled rows of {['training', 'validation', 'test'][place]}"
        likely = "Every part is scaled by mean and deviation of the training rows, column by column."
        check.equal(loaded["rows"][place], (given - middle) / width, name, likely=likely, tolerance=5e-3)

# %% [markdown]
# ## Step 2: build
#
# The network is a multilayer perceptron, MLP for short: a linear layer, ReLU, and a linear layer that returns logits.
# The bench below fills a new network with given weights, layer by layer, so that its answers can be computed on
# paper.


# %%
def answers_of(network, weights, rows):
    """Make a network, fill its parameters in order with given weights, and return its answers."""
    (num_hidden, num_inputs), num_classes = weights[0].shape, len(weights[3])
    model = network(num_inputs, num_hidden, num_classes)
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), weights, strict=True):
            parameter.copy_(value)
        return model(rows)


# %%
mlp_weights = [torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]), torch.zeros(2)]
mlp_weights += [torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0.5, -1.0])]
mlp_rows = torch.tensor([[1.0, 2.0, 0.0], [-1.0, 0.0, 3.0]])
print([tuple(one.shape) for one in mlp_weights])

# %% exercise: mlp_parts [markdown]
# title: The network and its parts
# difficulty: 1
# minutes: 8
# points: 3
# task: Complete the class of a network with one hidden layer.
# context: >-
#   You are a programmer at a technology company whose photo app suggests an album for each picture. The same class is
#   to serve small networks on the telephone and wide ones on the server, so all sizes are arguments. The loss of the
#   training loop is cross-entropy, and the team that writes the app reads the class with the highest score itself.
# instructions:
#   - Make a linear layer from inputs to hidden values, a ReLU, and a linear layer from hidden values to classes.
#   - Run the rows through all three, and return logits.
# hints:
#   - A linear layer takes the number of values that come in, then the number that go out.
#   - What leaves the first layer has to fit into the last one.
#   - Cross-entropy takes logits, so nothing follows the last layer.
# success: >-
#   The parts of your network fit together at any width, and it returns logits, which is what the loss and an argmax
#   both want.


# %% answer: mlp_parts
# Make the parts, and run rows through them
class MLP(nn.Module):
    def __init__(self, num_inputs, num_hidden, num_classes):
        super().__init__()
        self.first = nn.Linear(num_inputs, num_hidden)  # blank: num_inputs, num_hidden
        self.bend = nn.ReLU()  # blank: nn.ReLU()
        self.last = nn.Linear(num_hidden, num_classes)  # blank: num_hidden, num_classes

    def forward(self, rows):
        return self.last(self.bend(self.first(rows)))  # blank: self.last(self.bend(self.first(rows)))


answered = answers_of(MLP, mlp_weights, mlp_rows)

# %% check: mlp_parts
from scalable_ai.checks import exercise

with exercise("mlp_parts") as check:
    sums = answered.sum(dim=1).tolist()
    likely = "Rows that add up to 1 are probabilities; return the logits as the last layer gives them."
    check.that(max(abs(total - 1) for total in sums) > 1e-4, "logits", got=f"rows that add up to {sums}", likely=likely)
    likely = (
        "First layer, ReLU, last layer: ReLU turns negative hidden values into zero, and nothing follows the logits."
    )
    check.equal(answered, torch.tensor([[2.5, 1.0], [0.5, -1.0]]), "the logits of two rows", likely=likely)
    count = sum(parameter.numel() for parameter in MLP(192, 32, 10).parameters())
    check.equal(count, 192 * 32 + 32 + 32 * 10 + 10, "number of parameters", likely="The sizes belong to both layers.")

# %% [markdown]
# ## Step 3: train
#
# Again something comes to you from the old project, one epoch of training with a scheduler. The schedule is made for
# batches: it is given the number of all batches in training. Read the function before you run it.


# %%
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler


def train_one_v0(model, optimizer, scheduler, loader):
    history = []
    for rows, labels in loader:
        loss = nn.functional.cross_entropy(model(rows).softmax(dim=1), labels)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        history.append((loss.item(), scheduler.get_last_lr()[0]))
    scheduler.step()
    return history


# %% [markdown]
# The bench trains a network with given weights, notes the mode at each forward pass, and leaves evaluation mode on
# after each epoch, as a measurement would.


# %%
def run_schedule(epoch, weights, rows, labels, batch_size, base_lr, num_epochs):
    """Train with the function `epoch` under a cosine schedule by batch; return what happened."""
    net = nn.Sequential(nn.Linear(*weights[0].T.shape), nn.ReLU(), nn.Linear(*weights[2].T.shape))
    net.load_state_dict(dict(zip(net.state_dict(), weights, strict=True)))
    modes, history = [], []
    net.register_forward_pre_hook(lambda module, inputs: modes.append(module.training))
    loader = DataLoader(TensorDataset(rows, labels), batch_size=batch_size)
    optimizer = torch.optim.SGD(net.parameters(), lr=base_lr)
    scheduler = CosineAnnealingLR(optimizer, T_max=num_epochs * len(loader))
    for _ in range(num_epochs):
        history += epoch(net, optimizer, scheduler, loader)
        net.eval()
    after = [value.clone() for value in net.state_dict().values()]
    return {"history": history, "in_training": modes, "weights": after}


# %%
generator = torch.Generator().manual_seed(6)
loop_weights = [torch.randn(16, 192, generator=generator) / 14, torch.zeros(16)]
loop_weights += [torch.randn(10, 16, generator=generator) / 4, torch.zeros(10)]
eight_rows = (train_part[0][:8] - train_part[0].mean(dim=0)) / train_part[0].std(dim=0)
loop_case = (eight_rows, train_part[1][:8], 4, 0.2, 60)

# %%
symptoms = run_schedule(train_one_v0, loop_weights, *loop_case)
losses, used = zip(*symptoms["history"], strict=True)
print("loss of the first batch, every tenth epoch:", [round(loss, 3) for loss in losses[::20]])
print("rate at first and last batch:              ", used[0], round(used[-1], 4))
print("epochs in training mode:                   ", sum(symptoms["in_training"][::2]), "of 60")

# %% [markdown]
# Each line of the output points at a bug. A loss that repeats itself to the last digit means that no weight moves. A
# cosine that should have come down to nearly zero is only half way there. And after the first epoch the network never
# returned to training mode. A fourth bug hides behind these; the floor from lesson 2.4 would show it.

# %% exercise: scheduled_loop [markdown]
# title: Four bugs in one epoch
# difficulty: 3
# minutes: 16
# points: 5
# task: Repair the epoch of training, its scheduler included.
# context: >-
#   You are a machine learning scientist at a maker of precision parts in manufacturing. The function above trained
#   the network that looks for scratches, or rather did not train it, and its log of losses and learning rates was
#   filed every night for a month. You repair it. The log stays, because the auditors want it: for every batch the
#   loss, and the rate with which the weights were updated on that batch.
# instructions:
#   - Copy the body of `train_one_v0` and find the four planted bugs.
#   - Repair the order of the calls, the mode, the loss and the pace of the scheduler.
# hints:
#   - Clear, forward, backward, update; which of these stands at the wrong place?
#   - Somebody else may have left evaluation mode on before your function is called.
#   - The schedule counts batches; it moves after the optimizer has used the rate of this batch.
# success: >-
#   Every batch now moves the weights, with its own gradient, from logits, in training mode, and at the rate the
#   schedule has for it. In the training loop the order of the calls is the program.


# %% answer: scheduled_loop
# Repair order, mode, loss and scheduler
def train_one(model: nn.Module, optimizer: Optimizer, scheduler: LRScheduler, loader: DataLoader) -> list:  # stub
    """Train one epoch and return (loss, rate) of every batch, floats: its mean cross-entropy before the
    update and the rate of the update. The model returns logits, comes in either mode; the schedule counts batches."""
    model.train()
    history = []
    for rows, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(rows), labels)
        loss.backward()
        history.append((loss.item(), scheduler.get_last_lr()[0]))
        optimizer.step()
        scheduler.step()
    return history


trained = run_schedule(train_one, loop_weights, *loop_case)

# %% check: scheduled_loop
import math

from scalable_ai.checks import exercise

with exercise("scheduled_loop") as check:
    check.equal(len(trained["history"]), 120, "number of logged batches", likely="One pair for every batch.")
    likely = "Switch to training mode at the start of the epoch."
    check.equal(sum(trained["in_training"]), 120, "batches in training mode", likely=likely)
    got_losses, got_rates = ([float(value) for value in column] for column in zip(*trained["history"], strict=True))
    likely = "Without a gradient the optimizer moves nothing: clear before the backward pass, not after it."
    check.that(got_losses[2] != got_losses[0], "a loss that changes", got="the same loss again", likely=likely)
    wave = [0.1 * (1 + math.cos(math.pi * batch / 120)) for batch in range(120)]
    likely = "Move the schedule once for every batch, after the update, and log the rate that the update used."
    check.equal(got_rates, wave, "rates", likely=likely)
    plain = [torch.eye(2), torch.zeros(2), torch.zeros(2, 2), torch.zeros(2)]
    three = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), torch.tensor([0, 1, 0])
    got = [
        pair[0] for pair in run_schedule(train_one, plain, *three, batch_size=1, base_lr=1.0, num_epochs=1)["history"]
    ]
    likely = "Cross-entropy takes logits, and the optimizer updates before the schedule moves."
    check.equal(got[:2], [0.6931, 1.3133], "first two losses of a tiny case", tolerance=1e-3, likely=likely)
    likely = "Clear the gradients for every batch."
    check.equal(got[2], 1.5330, "third loss of a tiny case", tolerance=1e-3, likely=likely)
    likely = "Far below 1.46 needs logits in the loss and cleared gradients."
    check.that(max(got_losses[-2:]) < 0.5, "a loss below 0.5 at the end", got=got_losses[-2:], likely=likely)

# %% [markdown]
# ## Step 4: schedule
#
# You know the two formulas below from lesson 2.5: a staircase, and half a cosine. Large networks often start with a
# warm-up, a few steps in which the rate rises to its full size. PyTorch takes such a schedule from any function of
# your own: `LambdaLR` calls it with the number of the step, and multiplies the optimizer's rate by what it returns.

# %%
import math

from torch.optim.lr_scheduler import LambdaLR, StepLR

one_weight = nn.Parameter(torch.zeros(1))
sgd = torch.optim.SGD([one_weight], lr=0.2)
own = LambdaLR(sgd, lambda step: 1 / (1 + step))
for step in range(4):
    print(step, round(own.get_last_lr()[0], 4))
    sgd.step()
    own.step()

# %% exercise: rate_formulas [markdown]
# title: One schedule, three formulas
# difficulty: 2
# minutes: 14
# points: 6
# task: Write three functions that return the learning rate of a step.
# context: >-
#   You are a machine learning scientist in the forecasting group of a supermarket chain in retail. The training
#   service takes a schedule as a function of the step, and the group wants to compare three shapes. Each is a small
#   change to the one before it. A wrong value would not raise an error; it would cost a night of training, so the
#   functions must agree with PyTorch's own schedulers at every step, the first and the last included.
# instructions:
#   - Drop the rate by a factor whenever a number of steps is complete.
#   - Repeat the task with half a cosine, from the full rate down to zero.
#   - Repeat it with a warm-up that rises in equal steps, and the cosine for what is left.
# hints:
#   - The operator `//` counts how often `every` fits into `step`.
#   - "Half a cosine: the angle grows from 0 to `math.pi` while `step` grows from 0 to `total`."
#   - After the warm-up the cosine begins anew, at its own step 0, and has fewer steps in all.
# success: >-
#   Three formulas, each a change of the one before, and each exact at every step. A learning rate schedule is nothing
#   but such a function, which you can test before you train with it.


# %% answer: rate_formulas
# Drop the rate by a factor
def step_rate(step: int, base: float, every: int, factor: float) -> float:  # stub
    """Return base, multiplied by factor once for each `every` steps complete; step counts from 0."""
    return base * factor ** (step // every)


# Repeat with half a cosine
def cosine_rate(step: int, base: float, total: int) -> float:  # stub
    """Return the rate on half a cosine, from base at step 0 to 0 at step total."""
    return base / 2 * (1 + math.cos(math.pi * step / total))


# Repeat with a warm-up before the cosine
def warmup_rate(step: int, base: float, warmup: int, total: int) -> float:  # stub
    """Rise by equal amounts, base / warmup at step 0, base at warmup - 1; then cosine, base at warmup, 0 at total."""
    in_warmup = base * (step + 1) / warmup
    return in_warmup if step < warmup else cosine_rate(step - warmup, base, total - warmup)


# %% check: rate_formulas
from scalable_ai.checks import exercise

with exercise("rate_formulas") as check:
    for make, formula, name in [
        (lambda sgd: StepLR(sgd, step_size=3, gamma=0.5), lambda step: step_rate(step, 0.8, 3, 0.5), "step_rate"),
        (lambda sgd: CosineAnnealingLR(sgd, T_max=10), lambda step: cosine_rate(step, 0.8, 10), "cosine_rate"),
    ]:
        sgd = torch.optim.SGD([one_weight], lr=0.8)
        scheduler, values = make(sgd), []
        for _ in range(10):
            values.append(scheduler.get_last_lr()[0])
            sgd.step()
            scheduler.step()
        likely = "The steps count from 0; compare your value at the first step, and at the first one that differs."
        check.equal([formula(step) for step in range(10)], values, name, likely=likely)
    check.equal(cosine_rate(10, 0.8, 10), 0.0, "cosine_rate at its end", likely="At step total the rate is 0.")
    rising = [warmup_rate(step, 0.8, 4, 12) for step in range(4)]
    check.equal(
        rising, [0.2, 0.4, 0.6, 0.8], "warmup_rate, the rise", likely="The first step already has base / warmup."
    )
    falling = [warmup_rate(step, 0.8, 4, 12) for step in (4, 8, 12)]
    likely = "The cosine has total - warmup steps and begins at step warmup with the full rate."
    check.equal(falling, [0.8, 0.4, 0.0], "warmup_rate, the fall", likely=likely)

# %% [markdown]
# ## Step 5: choose
#
# A search writes a curve for each run: the validation loss after every epoch. Two questions are then answered at
# once, which configuration, and after which epoch to stop. Losses are better when lower, seeds are averaged, and a
# run that blew up ends in `inf` or `nan`. Here is a handed-over log, and a careless way of reading it.

# %%
handed_log = [
    {"lr": 0.3, "num_hidden": 64, "seed": 0, "val_losses": [1.90, 1.62, 1.95, 2.30], "test_loss": 1.70},
    {"lr": 0.1, "num_hidden": 64, "seed": 0, "val_losses": [2.05, 1.88, 1.74, 1.79], "test_loss": 1.84},
    {"lr": 0.1, "num_hidden": 16, "seed": 0, "val_losses": [2.15, 1.98, 1.86, 1.83], "test_loss": 1.80},
    {"lr": 0.3, "num_hidden": 64, "seed": 1, "val_losses": [2.10, 2.02, 2.20, 2.60], "test_loss": 2.10},
    {"lr": 1.0, "num_hidden": 16, "seed": 1, "val_losses": [1.70, 1.65, 1.60, 1.55], "test_loss": 1.60},
    {"lr": 0.1, "num_hidden": 64, "seed": 1, "val_losses": [2.07, 1.86, 1.76, 1.81], "test_loss": 1.86},
    {"lr": 0.1, "num_hidden": 16, "seed": 1, "val_losses": [2.13, 2.00, 1.84, 1.81], "test_loss": 1.76},
    {"lr": 1.0, "num_hidden": 16, "seed": 0, "val_losses": [float("nan"), float("nan"), 9.0, 8.0], "test_loss": 8.0},
]
print("careless:", min(handed_log, key=lambda run: min(run["val_losses"])))

# %% [markdown]
# The careless reading takes the one lowest number. It belongs to a configuration whose other seed went wrong. To
# average curves epoch by epoch, `zip(*curves)` is handy: it hands out the first epoch of all curves, then the second,
# and so on. And `math.isfinite` says whether a mean is a number that can be compared.

# %%
curves = [[2.0, 1.5, 1.8], [2.2, 1.9, float("nan")]]
means = [sum(values) / len(values) for values in zip(*curves, strict=True)]
print(means, [math.isfinite(mean) for mean in means])
print("pairs are compared place by place:", min([(1.7, 3), (1.7, 1), (2.1, 0)]))

# %% exercise: pick_config [markdown]
# title: The configuration that the curves favour
# difficulty: 3
# minutes: 16
# points: 4
# task: Write the function that chooses configuration and epoch from the curves of a search.
# context: >-
#   You are a data scientist at an insurance company in finance. Every quarter the claims model is set up anew, and
#   the decision has to be repeatable by somebody who has nothing but the log. The rule is written down: the mean over
#   seeds of the validation loss decides, epoch by epoch; an epoch in which any seed of a configuration has blown up
#   does not count for it; what was noted about the test plays no part.
# instructions:
#   - Collect the curves of each pair of learning rate and hidden size, and average them over seeds.
#   - Leave out means that are not finite.
#   - Return the pair and the epoch with the lowest mean, and that mean.
# hints:
#   - Collect the curves in a dictionary, with the pair as its key.
#   - The function `enumerate` counts the epochs from 0.
#   - In tuples that begin with loss and epoch, `min` finds the lowest loss, and of equal losses the earlier epoch.
# success: >-
#   Configuration and epoch now follow from the log, by a rule that anybody can repeat. Averages over seeds kept one
#   lucky curve from deciding, and the test data is still unused.


# %% answer: pick_config
# Average over seeds, then choose pair and epoch
def pick(log: list) -> dict:  # stub
    """Return {"lr", "num_hidden", "epoch", "val_loss"} of the lowest mean validation loss.

    log: dicts with "lr", "num_hidden", "seed", "val_losses" (a list, epoch by epoch) and "test_loss", in
    any order. Epochs count from 0. Means that are not finite are out; of equal ones the earlier epoch wins.
    """
    curves, entries = {}, []
    for run in log:
        curves.setdefault((run["lr"], run["num_hidden"]), []).append(run["val_losses"])
    for pair, several in curves.items():
        means = [sum(values) / len(values) for values in zip(*several, strict=True)]
        entries += [(mean, epoch, *pair) for epoch, mean in enumerate(means) if math.isfinite(mean)]
    loss, epoch, lr, num_hidden = min(entries)
    return {"lr": lr, "num_hidden": num_hidden, "epoch": epoch, "val_loss": loss}


# %% check: pick_config
from scalable_ai.checks import exercise

with exercise("pick_config") as check:
    picked = pick(handed_log)
    check.that(
        isinstance(picked, dict),
        "a dictionary",
        got=type(picked).__name__,
        likely="Return one dictionary, with its values by name.",
    )
    check.equal(set(picked), {"lr", "num_hidden", "epoch", "val_loss"}, "keys", likely="The pair, epoch and mean.")
    pair = (picked["lr"], picked["num_hidden"])
    likely = "Its other seed had blown up or was much worse; average over seeds before you look for the lowest."
    check.that(pair not in [(1.0, 16), (0.3, 64)], "a pair that is good with both seeds", got=pair, likely=likely)
    likely = "The lowest mean over seeds decides; neither the last epoch nor the test loss has a say."
    check.equal(pair, (0.1, 64), "the pair", likely=likely)
    check.equal(picked["epoch"], 2, "epoch", likely="The epoch of the lowest mean, counted from 0.")
    check.equal(picked["val_loss"], 1.75, "val_loss", tolerance=1e-6, likely="The mean over seeds at that epoch.")
    tie = [{"lr": 0.1, "num_hidden": 8, "seed": 0, "val_losses": [2.0, 1.5, 1.5], "test_loss": 1.0}]
    check.equal(pick(tie)["epoch"], 1, "epoch of two equal losses", likely="The earlier one wins.")

# %% [markdown]
# ## The whole script
#
# Now everything works together. A run takes a learning rate, a hidden size and a seed, and returns a line for the
# log. The loader draws its order from the seed too, and the warm-up takes the first ten batches.

# %%
train_set, val_set, test_set = make_sets(train_part, val_part, test_part)


def score(model, dataset):
    """Return mean loss and accuracy over a data set, in evaluation mode and without gradients."""
    model.eval()
    inputs, labels = next(iter(DataLoader(dataset, batch_size=len(dataset))))
    with torch.no_grad():
        logits = model(inputs)
    right = (logits.argmax(dim=1) == labels).double().mean().item()
    return nn.functional.cross_entropy(logits, labels).item(), right


# %%
def run(lr, num_hidden, seed, last_epoch=7):
    """Train up to an epoch, counted from 0, under a schedule of eight epochs; return log line and model."""
    torch.manual_seed(seed)
    model = MLP(192, num_hidden, 10)
    loader = DataLoader(train_set, batch_size=50, shuffle=True, generator=torch.Generator().manual_seed(seed))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    scheduler = LambdaLR(optimizer, lambda step: warmup_rate(step, 1.0, 10, 8 * len(loader)))
    history, val_losses = [], []
    for _ in range(last_epoch + 1):
        history += train_one(model, optimizer, scheduler, loader)
        val_losses.append(score(model, val_set)[0])
    line = {"lr": lr, "num_hidden": num_hidden, "seed": seed, "val_losses": val_losses, "history": history}
    return line, model


# %% [markdown]
# The search itself: three learning rates, two hidden sizes, two seeds. The log keeps every run, and your rule reads
# it.

# %%
log = []
for lr in (0.03, 0.1, 0.3):
    for num_hidden in (16, 64):
        log += [run(lr, num_hidden, seed)[0] for seed in (0, 1)]
        print(lr, num_hidden, [[round(loss, 3) for loss in line["val_losses"][::3]] for line in log[-2:]])
best = pick(log)
print("picked:", best)

# %%
first, last = log[0]["history"][0], log[0]["history"][-1]
print(f"first run: training loss {first[0]:.3f} to {last[0]:.3f}, rate {first[1]:.4f} to {last[1]:.6f}")

# %% [markdown]
# The last line is the inspection of lesson 2.4: the training loss has fallen, and the rate came down to almost
# nothing. The figure shows what your rule has read.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

means = {}
for line in log:
    means.setdefault((line["lr"], line["num_hidden"]), []).append(line["val_losses"])
means = {pair: [sum(values) / 2 for values in zip(*two, strict=True)] for pair, two in means.items()}
rates = {line["lr"]: [rate for _, rate in line["history"]] for line in log}
print("configurations:", list(means))

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.8), layout="constrained")
for (lr, num_hidden), curve in means.items():
    left.plot(curve, "o-", label=f"lr {lr}, {num_hidden} hidden")
for lr, values in rates.items():
    right.plot(values, label=f"lr {lr}")
left.plot(best["epoch"], best["val_loss"], "k*", markersize=16, label="picked")
left.set(xlabel="epoch", ylabel="validation loss, mean over seeds")
right.set(xlabel="batch", ylabel="learning rate")
left.legend(fontsize=8)
right.legend()
show(
    fig,
    "Left: mean validation loss by epoch for six configurations, a star on the lowest point of all, which was picked. "
    "Right: the learning rate by batch, rising during ten batches to its full size and falling along a cosine to zero.",
)

# %% [markdown]
# One thing is left, and it is done once. Train the picked configuration anew, stop after the picked epoch, and look
# at the test pictures for the first time.

# %%
_, final = run(best["lr"], best["num_hidden"], seed=0, last_epoch=best["epoch"])
test_loss, test_accuracy = score(final, test_set)
print(f"validation: loss {best['val_loss']:.3f} (mean of two seeds, chosen as the lowest)")
print(f"test:       loss {test_loss:.3f}, accuracy {test_accuracy:.3f}; guessing would give about 0.1")

# %% [markdown]
# ## What you have shown
#
# The test pictures had no part in scaling, in training or in choosing, so the last line is an honest report. Every
# batch moved the weights at a rate that you can compute by a formula, and the configuration follows from the log by a
# rule. If you doubt the result, change one thing, run the search again, and let the log decide.

# %% recap [markdown]
# - Compute whatever prepares the data from training rows alone; change the test data to find a leak.
# - Clear, forward, backward, update, move the schedule: order and pace are part of the program.
# - Average over seeds, choose configuration and epoch by validation, and report on the test data once.
