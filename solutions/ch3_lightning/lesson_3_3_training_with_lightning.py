# ---
# lesson:
#   id: "3.3"
#   title: Training with PyTorch Lightning
#   objective: Train efficiently; first taste of several devices
#   track: essentials
#   minutes: 75
#   functions:
#     - pytorch_lightning.Trainer.fit
#     - pytorch_lightning.callbacks.ModelCheckpoint
#     - pytorch_lightning.callbacks.EarlyStopping
#     - pytorch_lightning.loggers.CSVLogger
#     - pytorch_lightning.seed_everything
#     - torch.utils.data.DistributedSampler
#   know:
#     - LightningModule with validation and a log, from lesson 3.2
#     - Speed against scalability, from lesson 1.1
#     - Batches, gradients and one step of the optimizer
#   new:
#     - Checkpoints, early stopping and a log file, as options of a run
#     - Training in two processes, really started on your machine
#     - Shards, averaged gradients and the effective batch size
#     - Speed-up and efficiency, and what overhead does to them
#   misconceptions:
#     - More machines make it simply faster
#   analogies:
#     - Build the scale model first, then the house
# ---

# %% slide [markdown]
# ## Efficient means nothing is wasted
#
# - Keep the best weights, not the last
# - Stop when nothing improves
# - Leave a record behind

# %% fragment
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional


class Sorter(pl.LightningModule):
    def __init__(self, lr: float):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Linear(48, 10)

    def training_step(self, batch, batch_idx):
        return functional.cross_entropy(self.network(batch[0]), batch[1])

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", functional.cross_entropy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


# %% script [markdown]
# In this lesson you train efficiently with Lightning and get a first taste of several devices. It matters because a
# long run is expensive, and most of that expense can be wasted. The last weights are kept though better ones came
# earlier, or the run goes on although nothing improves, or nobody knows next week what was done. The module here is
# an old friend, ten scores from the forty-eight numbers of a small picture.

# %% slide [markdown]
# ## Three helpers around one fit
#
# - `ModelCheckpoint` keeps weights
# - `EarlyStopping` ends the run
# - `CSVLogger` writes a table

# %% fragment
from tempfile import mkdtemp

from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger

keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_loss", mode="min")
stop_early = EarlyStopping(monitor="val_loss", mode="min", patience=2)
logger = CSVLogger(mkdtemp())

# %% script [markdown]
# Three helpers stand around the fit. A checkpoint callback watches one logged value and keeps the weights of its best
# epoch. An early stopping callback watches it too, and ends the run when it has not improved for so many epochs,
# its patience. Both must be told whether best means low, as for a loss, or high, as for an accuracy. And a logger
# writes all that was logged into a table.

# %% slide [markdown]
# ## Several devices, two options
#
# - `devices`: how many in each machine
# - `num_nodes`: how many machines
# - `strategy="ddp"`: one process for each device
# - A process is known by its rank

# %% script [markdown]
# Distributed computing means that several processes share one task and exchange results. Lightning's option for it is
# called D D P, for distributed data parallel. Each device gets a process of its own, known by its rank from zero
# upwards, with a full copy of the model. Build the scale model first, then the
# house, for what goes wrong with two processes goes wrong with eight, only at a higher price.

# %% slide [markdown]
# ## Every rank has its own shard
#
# - Samples are dealt out in turn
# - No sample twice, none forgotten
# - Except to come out even

# %% fragment
from torch.utils.data import DistributedSampler

for rank in range(2):
    sampler = DistributedSampler(range(7), num_replicas=2, rank=rank, shuffle=False)
    print(f"rank {rank} gets", list(sampler))

# %% script [markdown]
# The copies would learn the same thing twice if they saw the same pictures. So the samples are dealt out like cards,
# and each rank has a shard of its own. Shuffling mixes the cards first, alike on every rank. Seven cards do not come
# out even for two players. Then the first ones are dealt again, because all ranks have to take equally many steps, or
# one would wait forever for the other.

# %% slide [markdown]
# ## One gradient from all of them
#
# - Each rank: the gradient of its batch
# - Exchange: their mean, everywhere
# - Every copy takes the same step

# %% fragment
torch.manual_seed(0)
weight, inputs = torch.randn(10, 48, requires_grad=True), torch.randn(12, 48)
targets = torch.randint(0, 10, (12,))


def gradient(part):
    return torch.autograd.grad(functional.cross_entropy(inputs[part] @ weight.T, targets[part]), weight)[0]


mean_of_two = (gradient(slice(0, 6)) + gradient(slice(6, 12))) / 2
print("mean of two halves is the whole:", torch.allclose(mean_of_two, gradient(slice(0, 12)), atol=1e-6))

# %% script [markdown]
# After the backward pass the ranks exchange their gradients, and each goes on with the mean. For batches of equal size
# that is exactly the gradient of one large batch. So two processes with six samples each do not take faster steps of
# six. They take steps of twelve. This number is the effective batch size, and the learning rate should know of it.

# %% slide [markdown]
# ## More machines, more overhead
#
# - Starting and exchanging take time
# - Speed-up: time alone over time together
# - Efficiency: speed-up over devices

# %% script [markdown]
# Do more machines make it simply faster? Processes have to be started, and in every step they wait for each other.
# Small work becomes slower. Large work becomes faster, though never by more than the number of processes. Speed-up
# and efficiency say how much of what you pay for arrives. You will compute both, and see them in your own measurement.

# %% [markdown]
# ## A run that looks after itself
#
# First one process and the three helpers of the lecture. The pictures of CIFAR-10, or their stand-ins, become rows of
# 48 tile means as in lesson 3.1. Announcements of Lightning are silenced, and `calm` holds the options that all our
# trainers share.

# %%
import csv
import logging
import warnings
from pathlib import Path

from torch.utils.data import DataLoader, TensorDataset

from scalable_ai.data import cifar10

logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
for words in ["many workers", "but not used", "LeafSpec"]:
    warnings.filterwarnings("ignore", f".*{words}")
calm = {"accelerator": "cpu", "log_every_n_steps": 1, "enable_progress_bar": False, "enable_model_summary": False}
data = cifar10(num_train=320, num_test=100)
train_rows, val_rows = (functional.avg_pool2d(one.images / 255, 8).flatten(1) - 0.5 for one in (data.train, data.test))
train_set, val_set = TensorDataset(train_rows, data.train.labels), TensorDataset(val_rows, data.test.labels)
val_loader = DataLoader(val_set, batch_size=100)

# %%
pl.seed_everything(1, verbose=False)
trainer = pl.Trainer(max_epochs=30, callbacks=[keep_best, stop_early], logger=logger, **calm)
trainer.fit(Sorter(lr=1.0), DataLoader(train_set, batch_size=32), val_loader)
print("epochs run, of 30 allowed:", trainer.current_epoch)
print("best loss:", keep_best.best_model_score.item(), " kept in:", keep_best.best_model_path.rpartition("/")[2])
with open(Path(logger.log_dir) / "metrics.csv") as file:
    table = list(csv.DictReader(file))
losses = [float(line["val_loss"]) for line in table]
print("columns:", list(table[0]), " lowest loss, in line:", losses.index(min(losses)), "of", len(losses))
restored = Sorter.load_from_checkpoint(keep_best.best_model_path)
print("restored rate:", restored.hparams.lr)

# %% [markdown]
# The name of the kept file says after which epoch, counted from 0, and step it was written: that of the lowest loss in
# the log. If fewer epochs were run than allowed, early stopping ended the run. `load_from_checkpoint` made a module
# with the saved hyperparameters and weights. A figure shows what the helpers saw: the best epoch, and those in which
# patience ran out.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
ax.plot(range(len(losses)), losses, "o-", label="validation loss")
best = losses.index(min(losses))
ax.plot([best], [losses[best]], "s", color="black", markersize=10, fillstyle="none", label="kept")
ax.set(xlabel="epoch", ylabel="loss")
ax.legend()
show(
    fig,
    "Validation loss after each epoch; a square marks the lowest point, whose weights were kept.",
)

# %% [markdown]
# How the helpers decide is easier to see without the noise of a real run. `Replay` trains nothing of use. It logs
# accuracies from a list, one for each epoch, and its only weight counts the epochs. So the weight in a checkpoint tells
# after how many epochs it was written.


# %%
class Replay(pl.LightningModule):
    def __init__(self, history):
        super().__init__()
        self.history = history
        self.epochs = nn.Parameter(torch.zeros(1))

    def training_step(self, batch, batch_idx):
        return -self.epochs.sum()

    def validation_step(self, batch, batch_idx):
        self.log("val_accuracy", self.history[self.current_epoch])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1.0)


history, patience = [0.31, 0.42, 0.40, 0.55, 0.52, 0.54, 0.53, 0.60], 3
one_batch = DataLoader(TensorDataset(torch.zeros(1, 1)))

# %% exercise: watch [markdown]
# title: Keep the best, stop in time
# difficulty: 2
# minutes: 15
# points: 4
# task: Set up a checkpoint, early stopping and a log for a run that is judged by accuracy.
# context: >-
#   Last month a run of two days at your bank ended with weights that were worse than those of the first evening. Nobody
#   noticed, because only the last weights were kept and nothing was written down. The network sorts scanned letters and
#   is judged by accuracy, where more is better. As the machine learning scientist in charge, you set up the helpers
#   with a replayed history before you trust them with the next two days.
# instructions:
#   - Keep the checkpoint of the epoch with the highest `val_accuracy`.
#   - Stop when `val_accuracy` has not risen for `patience` epochs.
#   - Hand both callbacks and the logger to the Trainer, and fit.
# hints:
#   - In the lecture the helpers watch a loss, for which low is good; here it is the other way round.
#   - Both callbacks have the arguments `monitor` and `mode`, and one of them needs the patience too.
#   - The Trainer takes callbacks as a list, and the logger under its own name.
# success: >-
#   The best weights are kept, the run ended when patience ran out, and the log shows why. For an accuracy the mode is
#   the opposite of that for a loss, and with the wrong one these helpers faithfully keep the worst.

# %% answer: watch
# Keep the checkpoint of the highest accuracy
keep_best = ModelCheckpoint(dirpath=mkdtemp(), monitor="val_accuracy", mode="max")  # blank: "val_accuracy" | "max"

# Stop when it has not risen for so many epochs
stop_early = EarlyStopping(monitor="val_accuracy", mode="max", patience=patience)  # blank: "max"

# Hand callbacks and logger to the Trainer, and fit
callbacks, logger = [keep_best, stop_early], CSVLogger(mkdtemp())  # blank: [keep_best, stop_early]
trainer = pl.Trainer(max_epochs=len(history), callbacks=callbacks, logger=logger, **calm)  # blank: logger=logger
trainer.fit(Replay(history), one_batch, one_batch)  # blank: fit

with open(Path(logger.log_dir) / "metrics.csv") as file:
    logged = [float(line["val_accuracy"]) for line in csv.DictReader(file)]
kept_after = torch.load(keep_best.best_model_path, weights_only=True)["state_dict"]["epochs"].item()
best_accuracy = keep_best.best_model_score.item()

# %% check: watch
from scalable_ai.checks import exercise

with exercise("watch") as check:
    likely = "Does early stopping know the mode and the patience, and does the Trainer know of it?"
    check.equal(logged, [0.31, 0.42, 0.40, 0.55, 0.52, 0.54, 0.53], "logged", likely=likely)
    likely = "Accuracy is better when it is high; which mode says so?"
    check.equal(best_accuracy, 0.55, "best_accuracy", likely=likely)
    check.equal(kept_after, 4.0, "kept_after", likely=likely)

# %% [markdown]
# Note the price of patience: the history had 0.60 to offer in its eighth epoch, which was never run. A larger patience
# costs time and finds such late gains.
#
# ## The batch behind one update
#
# The batch size of a loader is that of one rank. Several ranks multiply it, and so does accumulating: with
# `accumulate_grad_batches=4` the Trainer takes one step for every four batches, on the mean of their gradients.

# %%
ended = {}
for batch_size, accumulate, rate in [(64, 1, 0.1), (16, 4, 0.1), (16, 1, 0.1), (64, 1, 0.4)]:
    torch.manual_seed(2)
    sorter = Sorter(lr=rate)
    options = {"accumulate_grad_batches": accumulate, "logger": False, "enable_checkpointing": False}
    trainer = pl.Trainer(max_epochs=2, **options, **calm)
    trainer.fit(sorter, DataLoader(train_set, batch_size=batch_size), val_loader)
    ended[batch_size, accumulate, rate] = sorter.network.weight.detach()
    loss = trainer.callback_metrics["val_loss"].item()
    print(f"{accumulate} x {batch_size} at rate {rate}: {trainer.global_step:3} updates, validation loss {loss:.3f}")
same = torch.allclose(ended[64, 1, 0.1], ended[16, 4, 0.1], atol=1e-5)
print("64 at once and 4 times 16 end with the same weights:", same)

# %% [markdown]
# Four batches of 16 are one of 64: the effective batch size is the product of batch size, devices in each machine,
# machines and accumulated batches. Compare the lines with 16 and 64 at a rate of 0.1: a quarter of the updates covers
# less ground. A rule of thumb multiplies the rate by the factor by which the effective batch size has grown, as in the
# last line. Validate that guess.

# %% exercise: shards [markdown]
# title: Shards, batches and a rate
# difficulty: 2
# minutes: 16
# points: 4
# task: Write three functions that say what each rank sees and what stands behind one update.
# context: >-
#   At a technology company where you work as a data engineer, training moves from one device to a cluster next week.
#   The last move went wrong quietly. Every rank saw all the pictures, so eight devices did the same work eight times.
#   And the learning rate was still the one for a single device. This time you write down beforehand who sees which
#   sample, how many samples an update has, and with which rate to begin.
# instructions:
#   - Deal the numbers from 0 on to the ranks in turn, and return the shard of one rank.
#   - Multiply all that adds samples to one update.
#   - Scale the learning rate in proportion to the effective batch size.
# hints:
#   - A shard starts with the number of its rank, and from one sample to the next it jumps by the world size.
#   - Every shard has as many samples as the division, rounded up, says.
#   - A number past the last sample begins again from 0, which the remainder of a division gives.
# success: >-
#   You know each rank's shard, the effective batch size and a first learning rate before a single process is started.
#   More devices change all three, and so they change the training and not only its speed.


# %% answer: shards
# Deal the sample numbers out to one rank
def shard(num_samples: int, world_size: int, rank: int) -> list[int]:  # stub
    """Return one rank's sample numbers, dealt in turn as DistributedSampler does without shuffling.

    All shards are equally long: where numbers run out, 0, 1, 2 and so on are dealt again.
    """
    length = -(-num_samples // world_size)
    return [place % num_samples for place in range(rank, length * world_size, world_size)]


# Multiply all that adds samples to one update
def effective_batch_size(batch_size: int, devices: int, num_nodes: int, accumulate: int) -> int:  # stub
    """Return the samples behind one update; devices counts those of one machine, num_nodes the machines."""
    return batch_size * devices * num_nodes * accumulate


# Scale the learning rate in proportion
def scaled_lr(lr: float, old_batch: int, new_batch: int) -> float:  # stub
    """Return the rate for an effective batch size of new_batch, where lr was good for old_batch."""
    return lr * new_batch / old_batch


# %% check: shards
from scalable_ai.checks import exercise

with exercise("shards") as check:
    likely = "Start at the rank and go on in steps of the world size."
    check.equal(shard(8, 2, 1), [1, 3, 5, 7], "shard(8, 2, 1)", likely=likely)
    likely = "Shards are equally long; past the last sample the numbers begin again from 0."
    check.equal(shard(10, 4, 2), [2, 6, 0], "shard(10, 4, 2)", likely=likely)
    likely = "Devices, machines and accumulated batches all add samples to one update."
    check.equal(effective_batch_size(16, 4, 2, 3), 384, "effective_batch_size(16, 4, 2, 3)", likely=likely)
    likely = "A batch four times as large takes a rate four times as large."
    check.equal(scaled_lr(0.1, 64, 256), 0.4, "scaled_lr(0.1, 64, 256)", likely=likely)

# %% [markdown]
# ## Two processes, for real
#
# Now two processes on your processor, with `strategy="ddp"`, started as a script since a notebook cannot start them.
# The data are 48 machine parts with three readings and a label, by formula. The script's module is a witness: it notes
# the samples that its process has seen, each loss, and for its first batch two gradients, its own one before any
# exchange, and the one there after `backward`.

# %%
import json
import os
import socket
import subprocess
import sys
import time

loopback = {"linux": {"GLOO_SOCKET_IFNAME": "lo"}, "darwin": {"GLOO_SOCKET_IFNAME": "lo0"}}.get(sys.platform, {})
numbers = torch.arange(48)
readings = torch.stack([torch.sin(1.0 * numbers), torch.cos(2.0 * numbers), torch.sin(3.0 * numbers + 1)], dim=1)
labels = (readings @ torch.tensor([1.0, -2.0, 0.5]) > 0).long()
print("readings:", readings.shape, " parts of each kind:", labels.bincount().tolist())

# %%
module_text = """
import json, os, sys, time
from pathlib import Path
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

class Witness(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer, self.noted = nn.Linear(3, 2, bias=False), {"batches": [], "losses": []}
"""

# %%
steps_text = """
    def training_step(self, batch, batch_idx):
        loss = functional.cross_entropy(self.layer(batch[0]), batch[1])
        if batch_idx == 0:
            own = torch.autograd.grad(loss, self.layer.weight, retain_graph=True)[0]
            self.noted["own_gradient"] = own.tolist()
        self.noted["batches"].append(batch[2].tolist())
        self.noted["losses"].append(loss.item())
        self.log("train_loss", loss)
        return loss

    def on_after_backward(self):
        self.noted.setdefault("shared_gradient", self.layer.weight.grad.tolist())
"""

# %% [markdown]
# In the end the ranks hand their notes to each other with `all_gather_object`, so that rank 0 can write one file for
# all. Then one function trains and takes the time of `fit`, with one process or two: only options differ. Its
# `seed_everything` lets all ranks shuffle alike, and Lightning puts the `DistributedSampler` into the loader. The
# variable `LOCAL_RANK` tells a process its rank; rank 0 first runs alone, for comparison.

# %%
end_text = """
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def on_train_end(self):
        self.noted["rank"] = self.global_rank
        self.ranks = [self.noted]
        if self.trainer.world_size > 1:
            self.ranks = [None] * self.trainer.world_size
            torch.distributed.all_gather_object(self.ranks, self.noted)
"""

# %%
run_text = """
def run(devices, strategy):
    pl.seed_everything(3, verbose=False)
    data = torch.load(folder / "data.pt", weights_only=True)
    parts = TensorDataset(data["readings"], data["labels"], torch.arange(len(data["labels"])))
    trainer = pl.Trainer(accelerator="cpu", devices=devices, strategy=strategy, max_epochs=1,
        logger=CSVLogger(folder, name="log", version=f"{devices} devices"), log_every_n_steps=1,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    witness = Witness()
    found = {"weight": witness.layer.weight.tolist(), "world_size": trainer.world_size}
    start = time.perf_counter()
    trainer.fit(witness, DataLoader(parts, batch_size=6, shuffle=True))
    return {**found, "ranks": witness.ranks, "seconds": time.perf_counter() - start}
"""

# %%
main_text = """
folder = Path(sys.argv[1])
is_first = os.environ["LOCAL_RANK"] == "0"
alone = run(1, "auto") if is_first else None
report = run(2, "ddp")
if is_first:
    report["seconds"] = {"1": alone["seconds"], "2": report["seconds"]}
    (folder / "report.json").write_text(json.dumps(report))
"""
folder = Path(mkdtemp())
torch.save({"readings": readings, "labels": labels}, folder / "data.pt")
script = folder / "train_in_two.py"
script.write_text(module_text + steps_text + end_text + run_text + main_text)
print("lines in the script:", len(script.read_text().splitlines()))

# %% [markdown]
# On a command line `python train.py` is enough: without that variable Lightning starts the other ranks by itself, and
# `torchrun` does it on several machines. Here a function starts both, so that none can be left behind. They meet at a
# free port of the machine's own loopback connection, and need no network.


# %%
def run_in_two(script, seconds=18):
    """Run a script as two processes until both have ended, one fails or time is up; none is left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        told = {**os.environ, **loopback, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    command, deadline = [sys.executable, str(script), str(script.parent)], time.monotonic() + seconds
    with open(script.with_suffix(".txt"), "w") as said:
        processes = [subprocess.Popen(command, env={**told, "LOCAL_RANK": n}, stdout=said, stderr=said) for n in "01"]
    try:
        while time.monotonic() < deadline and {process.poll() for process in processes} in ({None}, {None, 0}):
            time.sleep(0.05)
    finally:
        for process in processes:
            process.kill()
            process.wait()


# %% [markdown]
# Now the script runs. Most of the time goes into importing PyTorch and Lightning twice. The report is a dictionary, and
# `logged` in it are the losses in the logger's table. In case your machine does not allow two processes, or takes more
# than 18 seconds, a report that was recorded elsewhere is used, and the cell says so. Then run it once more: a second
# start is often quicker.

# %%
recorded = json.loads("""{
"recorded": true, "world_size": 2, "seconds": {"1": 0.29692, "2": 0.90896},
"weight": [[-0.57243, -0.45545, -0.24729], [-0.54623, -0.03278, -0.50793]],
"logged": [0.77978, 0.88432, 0.79892, 0.74054],
"ranks": [{"rank": 0, "losses": [0.77978, 0.88432, 0.79892, 0.74054], "batches": [[10, 39, 32, 36, 29, 4],
[41, 0, 1, 11, 40, 16], [24, 13, 42, 6, 44, 23], [12, 20, 45, 25, 33, 17]],
"own_gradient": [[0.09155, -0.25174, -0.0253], [-0.09155, 0.25174, 0.0253]],
"shared_gradient": [[0.02566, -0.28983, -0.01209], [-0.02566, 0.28983, 0.01209]]},
{"rank": 1, "losses": [0.82327, 0.86062, 0.79701, 0.77308], "batches": [[2, 15, 34, 5, 28, 38],
[47, 9, 21, 19, 35, 8], [14, 22, 37, 46, 31, 7], [3, 27, 43, 30, 18, 26]],
"own_gradient": [[-0.04023, -0.32793, 0.00111], [0.04023, 0.32793, -0.00111]],
"shared_gradient": [[0.02566, -0.28983, -0.01209], [-0.02566, 0.28983, 0.01209]]}]}""")

# %%
run_in_two(script)
report_file = folder / "report.json"
if report_file.exists():
    report = {"recorded": False, **json.loads(report_file.read_text())}
    with open(folder / "log" / "2 devices" / "metrics.csv") as file:
        report["logged"] = [float(line["train_loss"]) for line in csv.DictReader(file)]
else:
    report = recorded
print("This report was", "recorded elsewhere." if report["recorded"] else "measured here, just now.")
print("seconds of fit, by number of processes:", report["seconds"])

# %% [markdown]
# ## What the processes saw
#
# The list `report["ranks"]` has one dictionary for each rank. Look at the samples of the first step and at what the
# ranks knew of the gradient, before and after the exchange. The weight has shape [2, 3], and so have its gradients;
# the cell prints the first row. The last line is what the log holds.

# %%
for rank in report["ranks"]:
    print(f"rank {rank['rank']}: {len(rank['batches'])} steps, samples of the first:", rank["batches"][0])
    print("  own gradient:   ", [round(value, 4) for value in rank["own_gradient"][0]])
    print("  after exchange: ", [round(value, 4) for value in rank["shared_gradient"][0]])
    print("  losses:         ", [round(loss, 4) for loss in rank["losses"]])
print("losses in the log:", [round(loss, 4) for loss in report["logged"]])

# %% [markdown]
# Own gradients differ, since each rank saw other samples; after the exchange they are one. The weights began alike, so
# the copies stay equal. Alone, one process would take eight steps for 48 samples in batches of six; together they take
# four. Only rank 0 writes the log, the loss of its own shard. With `self.log(…, sync_dist=True)` Lightning logs the
# mean over all ranks, at the cost of another exchange.

# %% exercise: gradients [markdown]
# title: One gradient from several shards
# difficulty: 2
# minutes: 16
# points: 4
# task: Compute from the report the averaged gradient, the gradient of the whole batch, and whether shards are disjoint.
# context: >-
#   Before the company pays for a cluster, its head of quality wants to know what several processes really compute. The
#   place is a manufacturer that sorts machine parts, and you are the data scientist who has to answer. The report of
#   two processes is at hand, with everything each of them saw and found. You show that their exchange gives the
#   gradient of one large batch, and that no part was seen twice.
# instructions:
#   - Average the gradients that the ranks found before their exchange.
#   - Join the samples that all ranks saw in their first step.
#   - Take the gradient of the loss on the whole batch, at the first weights.
#   - Compare the number of samples seen with the number of different ones.
# hints:
#   - Stacked gradients have the shape [ranks, 2, 3], and the ranks are dimension 0.
#   - The list of batches of a rank begins with that of its first step.
#   - After `backward`, autograd has left the gradient at the tensor that was marked.
#   - A set keeps each number once.
# success: >-
#   The mean of the gradients of equal shards is the gradient of the whole batch. So more devices take larger steps
#   and not more of them, and that is why the effective batch size belongs in every plan.

# %% answer: gradients
# Average the gradients before the exchange
own = torch.tensor([rank["own_gradient"] for rank in report["ranks"]])
averaged = own.mean(dim=0)  # blank: mean(dim=0)

# Join the samples of the first step
first = [number for rank in report["ranks"] for number in rank["batches"][0]]  # blank: rank["batches"][0]

# Take the gradient on the whole batch
weight = torch.tensor(report["weight"], requires_grad=True)
functional.cross_entropy(readings[first] @ weight.T, labels[first]).backward()  # blank: backward
whole = weight.grad  # blank: weight.grad

# Compare samples seen with different ones
seen = [number for rank in report["ranks"] for batch in rank["batches"] for number in batch]
disjoint = len(seen) == len(set(seen))  # blank: set(seen)

# %% check: gradients
from scalable_ai.checks import exercise

with exercise("gradients") as check:
    exchanged = torch.tensor(report["ranks"][0]["shared_gradient"])
    likely = "Average over the ranks, which are dimension 0."
    check.equal(averaged, exchanged, "averaged", tolerance=1e-3, likely=likely)
    likely = "Join the first batches of all ranks; backward leaves the gradient at the marked tensor."
    check.equal(whole, exchanged, "whole", tolerance=1e-3, likely=likely)
    check.equal(disjoint, True, "disjoint", likely="A set holds each sample once.")

# %% [markdown]
# ## Does it pay?
#
# The report has the seconds of the whole `fit`, with one process and with two; starting two programs is not even
# counted. Take the difference as overhead. Together costs overhead plus half the work, alone costs the work, and they
# are equal where the work is twice the overhead. The figure draws that rule for two, four and eight processes, as if
# the overhead stayed the same.

# %%
jobs = {"nightly": {1: 40.0, 2: 46.0, 4: 58.0}, "weekly": {1: 3600.0, 2: 1860.0, 4: 990.0, 8: 590.0}}
alone, together = report["seconds"]["1"], report["seconds"]["2"]
overhead = max(together - alone, 0.01)
print(f"alone {alone:.2f} s, together {together:.2f} s, speed-up {alone / together:.3f}")
print(f"overhead {overhead:.2f} s, so two processes pay from {2 * overhead:.1f} s of work on")
work = torch.logspace(-1, 4, 60) * overhead
fig, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for devices, style in [(2, "-"), (4, "--"), (8, ":")]:
    ax.semilogx(work, work / (overhead + work / devices), style, label=f"{devices} processes")
ax.axhline(1, color="grey", linewidth=1)
ax.set(xlabel="seconds of work for one process", ylabel="speed-up")
ax.legend()
show(
    fig, "Speed-up against work: below one for little work, then rising, and levelling off at the number of processes."
)

# %% [markdown]
# Left of the crossing with the grey line, more processes are slower. Far to the right the speed-up comes near the
# number of processes and never exceeds it. Divided by that number it is the efficiency, the share of the devices you
# pay for that arrives as speed. The dictionary `jobs` holds the seconds of two real-sized jobs, by number of devices.

# %% exercise: scaling [markdown]
# title: Is another machine worth it?
# difficulty: 2
# minutes: 13
# points: 4
# task: Write two functions that judge measured times by speed-up and efficiency.
# context: >-
#   A vendor tells your retail chain that more machines make it simply faster, and offers eight for both of its jobs.
#   One refits a small model every night, the other trains a large model from all receipts once a week. The devices are
#   rented by the hour. As the programmer of both jobs you have their times, measured from start to end. Finance accepts
#   devices as long as their efficiency is at least eighty percent.
# instructions:
#   - Compute speed-up and efficiency for each number of devices.
#   - Return the largest number of devices whose efficiency is high enough.
# hints:
#   - Both measures compare with the time of one device, which is `seconds[1]`.
#   - Efficiency is the speed-up divided by the number of devices, so one device has 1.
#   - The second function may call the first one.
# success: >-
#   The nightly job is slower on two devices than on one, while the weekly one is worth four. More machines do not make
#   it simply faster, and measured speed-up and efficiency say where to stop.


# %% answer: scaling
# Compute speed-up and efficiency
def scaling(seconds: dict[int, float]) -> dict[int, tuple[float, float]]:  # stub
    """Return (speed-up, efficiency) for each number of devices; seconds gives the time of each, that of 1 included."""
    return {devices: (seconds[1] / time, seconds[1] / time / devices) for devices, time in seconds.items()}


# Return the largest number with enough efficiency
def devices_worth(seconds: dict[int, float], least: float) -> int:  # stub
    """Return the largest measured number of devices whose efficiency is at least the given one, from 0 to 1."""
    return max(devices for devices, (_, efficiency) in scaling(seconds).items() if efficiency >= least)


# %% check: scaling
from scalable_ai.checks import exercise

with exercise("scaling") as check:
    found = scaling({1: 40.0, 2: 50.0, 4: 20.0})
    check.that(
        isinstance(found, dict),
        "a dictionary by number of devices",
        got=type(found).__name__,
        likely="Return one dictionary, with a pair for each number.",
    )
    likely = "Speed-up is the time of one device over the time measured; efficiency divides it by the devices."
    check.equal(found, {1: (1.0, 1.0), 2: (0.8, 0.4), 4: (2.0, 0.5)}, "scaling(…)", likely=likely)
    check.equal(
        devices_worth(jobs["nightly"], 0.8), 1, "devices for the nightly job", likely="It has no speed-up at all."
    )
    likely = "At least this efficiency means that an equal one is enough."
    check.equal(devices_worth({1: 40.0, 2: 30.0, 4: 20.0}, 0.5), 4, "devices with an efficiency of 0.5", likely=likely)
    likely = "Four devices reach 0.91, eight reach 0.76."
    check.equal(devices_worth(jobs["weekly"], 0.8), 4, "devices for the weekly job", likely=likely)

# %% recap [markdown]
# - `ModelCheckpoint` and `EarlyStopping` follow one logged value and its mode, and a logger leaves the table.
# - With `strategy="ddp"` ranks have disjoint shards and share the mean gradient, so the effective batch size grows:
#   choose the rate for it, and set a seed.
# - More machines are faster only where the work outweighs the overhead; try two processes, then take speed-up and
#   efficiency.
