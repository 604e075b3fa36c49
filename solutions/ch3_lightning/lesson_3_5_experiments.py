# ---
# lesson:
#   id: "3.5"
#   title: Experiment management with PyTorch Lightning
#   objective: Track and compare experiments
#   track: essentials
#   minutes: 55
#   functions:
#     - pytorch_lightning.loggers.CSVLogger
#     - pytorch_lightning.loggers.TensorBoardLogger
#     - pytorch_lightning.loggers.MLFlowLogger
#     - pytorch_lightning.loggers.Logger.log_hyperparams
#     - pytorch_lightning.LightningModule.save_hyperparameters
#     - pytorch_lightning.seed_everything
#     - tensorboard.backend.event_processing.event_accumulator.EventAccumulator
#     - mlflow.search_runs
#     - mlflow.MlflowClient.get_metric_history
#   know:
#     - A LightningModule, and what self.log does
#     - The Trainer and its options
#     - Learning rates, and runs that differ in one setting
#   new:
#     - Loggers for a file, for TensorBoard and for MLflow, and how to read each of them back
#     - A sweep whose runs can be compared
#     - Choosing the best run, and the best moment of it, from the log
#   glossary: {}
#   misconceptions: []
#   analogies:
#     - Inspect at every stage
# ---

# %% slide [markdown]
# ## Which run was that?
#
# - Settings changed by hand are forgotten
# - Printed numbers scroll away
# - A log still knows, months later

# %% script [markdown]
# In this lesson you track and compare experiments with PyTorch Lightning. It matters because a model is rarely the
# result of one training. It is the best of dozens of runs, and somebody will ask which settings made it, and how much
# better it really was. Whoever builds a house does not look at it for the first time when the roof is on. The rule is
# to inspect at every stage, and to write down what was seen. A log is that notebook, kept by the machine.

# %% slide [markdown]
# ## What a run leaves behind
#
# - Settings: once, at the start
# - Metrics: a name, a value, a step
# - A place of its own

# %% fragment
import tempfile
from pathlib import Path

from pytorch_lightning.loggers import CSVLogger

workspace = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
folder = workspace.name
logger = CSVLogger(folder, name="by_hand")
logger.log_hyperparams({"lr": 0.1, "batch_size": 50})
logger.log_metrics({"val_loss": 2.25}, step=10)
logger.log_metrics({"val_loss": 1.75}, step=20)
logger.save()
for name in ["hparams.yaml", "metrics.csv"]:
    print(name, Path(logger.log_dir, name).read_text(), sep="\n")

# %% script [markdown]
# A run leaves three things behind. Its settings are written once, at the start. Its metrics come again and again,
# each with a name, a value and the step at which it was seen. And all of it goes to a place that belongs to this run
# alone. Here a logger is used by hand. It wrote two small text files that any program can read.

# %% slide [markdown]
# ## One argument chooses the log
#
# - `CSVLogger`: a text file for each run
# - `TensorBoardLogger`: event files, drawn as curves
# - `MLFlowLogger`: one database for all runs

# %% fragment
from pytorch_lightning.loggers import Logger, MLFlowLogger, TensorBoardLogger

for kind in [CSVLogger, TensorBoardLogger, MLFlowLogger]:
    methods = [name for name in ["log_hyperparams", "log_metrics", "finalize"] if hasattr(kind, name)]
    print(f"{kind.__name__:18} is a Logger: {issubclass(kind, Logger)}, with {methods}")

# %% script [markdown]
# Lightning has loggers for many tools, and all of them have the same methods. So the choice is one argument of the
# Trainer. A text file needs nothing and can be read anywhere. TensorBoard draws curves while a training runs. MLflow
# puts all runs of a team into one database, where they can be searched. You may hand the Trainer several at once.

# %% slide [markdown]
# ## The module says what, the Trainer where
#
# - `save_hyperparameters`: settings go to every logger
# - `self.log`: metrics go to every logger
# - `Trainer(logger=…)`: which loggers there are

# %% fragment
import pytorch_lightning as pl
import torch
from torch import nn


class TileClassifier(pl.LightningModule):
    def __init__(self, lr=0.1, hidden=32):
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(192, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


print(TileClassifier(lr=0.3).hparams)

# %% script [markdown]
# The module does not know any logger. It says what there is to write. One line in its constructor saves the arguments
# that it was built with, and one line in a step logs a number. Where they go is the business of the Trainer. So the
# same module runs on your laptop with a text file and on the cluster with a database, without a change.

# %% slide [markdown]
# ## Compare what can be compared
#
# - One setting differs, all else is equal
# - Same data, same seed, same number of steps
# - A lead smaller than the seeds' spread is none

# %% script [markdown]
# A comparison is only as good as what was kept equal. If two runs differ in the learning rate and also in their
# first random weights, the log cannot tell which of them made the difference. So start each from the same seed. And
# then repeat the comparison with another seed. If a change of seed moves the result as much as your new setting did,
# you have found nothing yet.

# %% slide [markdown]
# ## Choose from the log
#
# - By a validation metric, never by the test set
# - The best moment, not the last
# - A run that broke is no winner

# %% script [markdown]
# In the end you choose. Choose by a metric on validation data, and keep the test data for one final look. Look at
# the whole curve of each run, because the best moment is often not the last one. And mind the runs that broke, since
# a loss that is not a number compares with nothing. Today you write each of these steps, and a log will decide.

# %% [markdown]
# ## A training that writes
#
# The experiments of this lesson are small, so that many of them fit in. Each picture becomes 8 by 8 coloured tiles, a
# row of 192 numbers. 600 pictures are for training and 200 others for validation.

# %%
import logging
import warnings

from torch.utils.data import DataLoader, TensorDataset

from scalable_ai.data import cifar10

data = cifar10(num_train=800, num_test=100)
tiles = nn.functional.avg_pool2d(data.train.images.float() / 255, kernel_size=4).flatten(1)
train_set = TensorDataset(tiles[:600], data.train.labels[:600])
val_set = TensorDataset(tiles[600:], data.train.labels[600:])
train_loader, val_loader = DataLoader(train_set, batch_size=50, shuffle=True), DataLoader(val_set, batch_size=200)
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
for words in ["many workers", "but not used", "LeafSpec"]:
    warnings.filterwarnings("ignore", f".*{words}")
print("a row:", list(tiles[0].shape), " batches an epoch:", len(train_loader))

# %% [markdown]
# The last lines turned down Lightning's notices, as in lesson 3.1. Now the module gets its steps. The training loss
# is logged at steps and also as a mean over the epoch. A metric of validation is averaged over the epoch by default.


# %%
class Experiment(TileClassifier):
    def training_step(self, batch, batch_idx):
        rows, labels = batch
        loss = nn.functional.cross_entropy(self.network(rows), labels)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        rows, labels = batch
        scores = self.network(rows)
        self.log("val_loss", nn.functional.cross_entropy(scores, labels))
        self.log("val_accuracy", (scores.argmax(dim=1) == labels).float().mean())


# %% [markdown]
# One function trains a module with whatever loggers it is given. With `log_every_n_steps=4`, values of single steps
# are written at every fourth step only: at scale, writing each of a million steps would cost time and help nobody.


# %%
def train(module, loggers, epochs=2):
    """Train a module on the tiles, with one logger or a list of them."""
    trainer = pl.Trainer(
        max_epochs=epochs,
        logger=loggers,
        log_every_n_steps=4,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, train_loader, val_loader)


# %%
pl.seed_everything(1, verbose=False)
logger = CSVLogger(folder, name="first")
train(Experiment(lr=0.2), logger)
text = Path(logger.log_dir, "metrics.csv").read_text()
print(text)

# %% [markdown]
# Read the first line, which has the names of the columns. From `train_loss` two keys were made, `train_loss_step`
# and `train_loss_epoch`, and `epoch` and `step` came along. Most cells are empty, because a row holds only what was
# logged at that moment. Python's `csv` module turns each row into a dictionary of texts.

# %%
import csv
import io

for row in csv.DictReader(io.StringIO(text)):
    print({name: value for name, value in row.items() if name in ["step", "train_loss_step", "val_loss"]})

# %% exercise: metric_history [markdown]
# title: A curve from a log
# difficulty: 1
# minutes: 8
# points: 3
# task: Write a function that reads the history of one metric from the text of a CSV log.
# context: >-
#   You are a data engineer at a bank. The teams that train fraud models use several tools, but each run leaves a CSV
#   log, and an audit has to be able to draw its curves years later, when the tools are gone. The present reader
#   treats empty cells as zeros, and a model seemed to have a loss of zero at every other step. You write the reader
#   that the archive will keep.
# instructions:
#   - Go through the rows of the log in their order.
#   - Leave out the rows in which the metric was not logged.
#   - Collect the step as a whole number and the value as a float.
# hints:
#   - The call `csv.DictReader(io.StringIO(text))` gives one dictionary for each row.
#   - A cell that was not logged is the empty text, and everything else is a value.
#   - Both cells are texts; `int` and `float` convert them.
# success: >-
#   You read the history of a metric from a log that is mostly empty. Missing and zero are two different things, and a
#   log that anybody can read needs no tool to be alive.


# %% answer: metric_history
# Collect step and value where the metric was logged
def metric_history(text: str, metric: str) -> list:  # stub
    """Return the history of a metric as a list of tuples (step, value), in the order of the log.

    text: what CSVLogger wrote, a line of column names, among them step, and a line for each moment; a cell is empty
    where nothing was logged. metric: the name of a column. step is an int, value a float.
    """
    history = []
    for row in csv.DictReader(io.StringIO(text)):
        if row[metric] != "":
            history.append((int(row["step"]), float(row[metric])))
    return history


# %% check: metric_history
from scalable_ai.checks import exercise

with exercise("metric_history") as check:
    example = "epoch,step,train_loss,val_loss\n0,3,0.5,\n0,7,,0.75\n1,9,0.0,\n1,15,,0.25\n"
    likely = "Skip the empty cells; the step is an int and the value a float."
    check.equal(metric_history(example, "val_loss"), [(7, 0.75), (15, 0.25)], "val_loss", likely=likely)
    likely = "A value of zero was logged, only the empty text was not."
    check.equal(metric_history(example, "train_loss"), [(3, 0.5), (9, 0.0)], "train_loss", likely=likely)

# %% [markdown]
# ## A sweep that cannot be compared
#
# Next, several runs. A sweep trains the same module once for each value of a setting. A colleague wrote one. To
# test it, we give it the same learning rate twice: two runs with equal settings should leave equal logs. The helper
# `read_log` returns what stands in a run's two files, and `count_logs` tells how many logs your own sweep will leave.


# %%
def read_log(log_dir):
    """Return a run's settings and the rows of its metrics, all as texts."""
    lines = Path(log_dir, "hparams.yaml").read_text().splitlines()
    text = Path(log_dir, "metrics.csv").read_text()
    return {"settings": dict(line.split(": ") for line in lines), "rows": list(csv.DictReader(io.StringIO(text)))}


def count_logs(rates, seed):
    """Run your `run_sweep` with an empty folder in place of `folder`; return how many logs it leaves there."""
    global folder
    with tempfile.TemporaryDirectory() as empty:
        folder, kept = empty, folder
        try:
            run_sweep(rates, seed)
        finally:
            folder = kept
        return len(list(Path(empty).rglob("metrics.csv")))


# %%
def colleague_sweep(rates, seed):
    pl.seed_everything(seed, verbose=False)
    logger = CSVLogger(folder, name="colleague")
    for lr in rates:
        module = Experiment()
        module.hparams.lr = lr
        train(module, logger)
    return [read_log(logger.log_dir)]


records = colleague_sweep([0.2, 0.2], seed=3)
print("logs:", len(records), " settings:", records[0]["settings"])
for row in records[0]["rows"]:
    if row["val_loss"]:
        print("epoch", row["epoch"], " step", row["step"], " val_loss", row["val_loss"])

# %% [markdown]
# Three things went wrong, and none raised an error. Both runs wrote into one log, whose steps start again in the
# middle. The settings name a learning rate of 0.1, the default, since they were saved before it was changed. And the
# second run, with equal settings, shows other losses: it began with other random weights.

# %% exercise: run_sweep [markdown]
# title: Repair a sweep
# difficulty: 3
# minutes: 12
# points: 4
# task: Write the colleague's sweep anew, so that every run starts alike and has a log of its own.
# context: >-
#   Last month's sweep at an online retailer that predicts returns chose a learning rate that did no better than the
#   old one in production. As the machine learning scientist there you look into its log and find the runs written
#   into each other, the wrong settings noted, and the luck of the first weights mixed into every comparison. The next
#   sweep has to be one that you would sign.
# instructions:
#   - Start each run from the given seed.
#   - Give each run, also of a rate that comes twice, a logger and a log of its own below `folder`.
#   - Build the module with the learning rate that is to be noted.
#   - Train it for two epochs and collect what its log says.
# hints:
#   - What stands before the loop happens once, and what stands in it happens for each run.
#   - A new `CSVLogger` finds the next free version below its name, and `logger.log_dir` says where it writes.
#   - What is passed to the constructor of the module is what `save_hyperparameters` notes.
# success: >-
#   Each run of your sweep starts from one seed, writes a log of its own and notes the setting it really had. Equal
#   settings now give equal curves, so a difference between two runs can only come from the setting.


# %% answer: run_sweep
# Start each run alike and give it its own log
def run_sweep(rates: list, seed: int) -> list:  # stub
    """Train one Experiment for each learning rate, by train(module, logger), each from the given seed.

    Each run has a CSVLogger of its own below folder. Returns read_log(…) of each run, in the order of rates, which
    may hold a rate twice.
    """
    records = []
    for lr in rates:
        pl.seed_everything(seed, verbose=False)
        logger = CSVLogger(folder, name="sweep")
        train(Experiment(lr=lr), logger)
        records.append(read_log(logger.log_dir))
    return records


# %% check: run_sweep
from scalable_ai.checks import exercise

with exercise("run_sweep") as check:
    found = run_sweep([0.2, 0.05, 0.2], 3)
    check.equal(len(found), 3, "number of logs", likely="Each run needs a logger of its own, made in the loop.")
    rates = [float(one["settings"].get("lr", "nan")) for one in found]
    likely = "Pass the rate to the constructor: what is changed afterwards is not noted."
    check.equal(rates, [0.2, 0.05, 0.2], "learning rates in the settings", likely=likely)
    losses = [[float(row["val_loss"]) for row in one["rows"] if row["val_loss"]] for one in found]
    likely = "Two epochs leave two values, unless two runs write into one log."
    check.equal([len(curve) for curve in losses], [2, 2, 2], "validation losses in each log", likely=likely)
    likely = "The first and the third run have equal settings; set the seed again before each module is built."
    check.that(losses[0] == losses[2], "equal curves from equal settings", got="two different curves", likely=likely)
    likely = "Different rates should leave different curves; does the module get the rate?"
    check.that(losses[0] != losses[1], "another curve from another rate", got="the same curve", likely=likely)
    left = count_logs([0.2, 0.2], 3)
    likely = "A run with the same rate must not write over the log of an earlier one; give it a version of its own."
    check.that(left == 2, "two logs of one rate given twice, below `folder`", got=f"{left} found", likely=likely)
    other = [float(row["val_loss"]) for row in run_sweep([0.2], 4)[0]["rows"] if row["val_loss"]]
    likely = "Start from the seed that the function is given."
    check.that(other != losses[0], "another curve from another seed", got="the same curve", likely=likely)

# %% [markdown]
# ## The same run in three logs
#
# MLflow keeps runs in a database. Here it is a single SQLite file in the temporary folder, so no server is needed.
# Before it is imported, its documented switches turn its usage reports off and its messages down to warnings. A warning
# about the inside of its database library is left out too.

# %%
import os

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_LOGGING_LEVEL="WARNING")
import mlflow

warnings.filterwarnings("ignore", ".*noload")
uri = f"sqlite:///{folder}/mlflow.db"
mlflow.set_tracking_uri(uri)
for name in ["one run", "sweep"]:
    if mlflow.get_experiment_by_name(name) is None:
        mlflow.create_experiment(name, artifact_location=Path(folder, "artifacts").as_uri())
print([experiment.name for experiment in mlflow.search_experiments()])

# %% [markdown]
# Now one training writes three logs at once: the Trainer takes a list of loggers. TensorBoard's logger would also
# write a placeholder metric for its table of settings, which `default_hp_metric=False` leaves out.

# %%
pl.seed_everything(1, verbose=False)
to_csv = CSVLogger(folder, name="three")
to_board = TensorBoardLogger(folder, name="board", default_hp_metric=False)
to_mlflow = MLFlowLogger(experiment_name="one run", run_name="three logs", tracking_uri=uri)
train(Experiment(lr=0.2), [to_csv, to_board, to_mlflow], epochs=3)

# %% [markdown]
# Read the history of `val_loss` back from each. The CSV log is read as in your first exercise. TensorBoard's event
# files are read by an `EventAccumulator`, and MLflow is asked through a client. Do the three agree?

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

rows = read_log(to_csv.log_dir)["rows"]
from_csv = [(int(row["step"]), float(row["val_loss"])) for row in rows if row["val_loss"]]
events = EventAccumulator(to_board.log_dir).Reload()
from_board = [(event.step, event.value) for event in events.Scalars("val_loss")]
client = mlflow.MlflowClient()
from_mlflow = [(one.step, one.value) for one in client.get_metric_history(to_mlflow.run_id, "val_loss")]
for name, history in [("CSV", from_csv), ("TensorBoard", from_board), ("MLflow", from_mlflow)]:
    print(f"{name:12}", [(step, round(value, 5)) for step, value in history])
print("keys in TensorBoard:", events.Tags()["scalars"])

# %% [markdown]
# One training, three logs, one truth. What differs is who reads it best: a script, the eye, or a search over many
# runs.

# %% tip [markdown]
# To look at logs of your own in the browser, run one of these commands in a terminal, with the folder or the URI that
# your loggers were given: `tensorboard --logdir FOLDER`, or `mlflow ui --backend-store-uri URI`.

# %% [markdown]
# ## Many runs, one table
#
# Now a sweep in MLflow: three learning rates, each with two seeds, six runs of five epochs. The module notes its own
# settings. The seed is no argument of the module, so the logger is told.

# %%
for lr in [0.1, 0.4, 1.0]:
    for seed in [1, 2]:
        pl.seed_everything(seed, verbose=False)
        run_name = f"lr {lr}, seed {seed}"
        to_mlflow = MLFlowLogger(experiment_name="sweep", run_name=run_name, tracking_uri=uri)
        to_mlflow.log_hyperparams({"seed": seed})
        train(Experiment(lr=lr), to_mlflow, epochs=5)

table = mlflow.search_runs(experiment_names=["sweep"], order_by=["metrics.val_accuracy DESC"])
print(table[["params.lr", "params.seed", "metrics.val_accuracy", "metrics.val_loss"]].to_string())

# %% [markdown]
# One line of code searched all runs and sorted them. It is tempting to take the first row. But which moment of a run
# does its number belong to? The next cell asks for the whole history of each run, and prints the last value
# beside the best one.

# %%
histories = {}
for run_id, run_name in zip(table["run_id"], table["tags.mlflow.runName"], strict=True):
    points = client.get_metric_history(run_id, "val_accuracy")
    histories[run_name] = [(point.step, point.value) for point in points]
for run_name, history in histories.items():
    last, best = history[-1][1], max(value for _, value in history)
    print(f"{run_name:16} last {last:.3f}   best {best:.3f}")

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
for run_name, history in sorted(histories.items()):
    steps, values = zip(*history, strict=True)
    ax, best = axes[int(run_name[-1]) - 1], values.index(max(values))
    (line,) = ax.plot(steps, values, label=run_name.split(",")[0])
    ax.plot(steps[best], values[best], "*", markersize=14, color=line.get_color())
    ax.set(title=f"{run_name[-6:]}, best moments starred", xlabel="step", ylabel="validation accuracy")
    ax.legend()
show(
    fig,
    "Validation accuracy against the step for three learning rates, in one panel for each of two seeds. A star marks "
    "the best moment of each run, which need not be its last.",
)

# %% [markdown]
# The table of `search_runs` holds the last value of each metric, wherever the best one was. A star that is not at the
# end of its line is a model that a checkpoint at the best moment would have kept. Compare the panels, too: how far a
# line moves from one seed to the other tells how large a lead must be before you believe it.

# %% exercise: best_run [markdown]
# title: The best moment of all runs
# difficulty: 2
# minutes: 10
# points: 4
# task: Write a function that finds the best value of a metric over all runs and all their steps.
# context: >-
#   Each night the cluster of a manufacturer of pumps trains some hundred models that predict failures. In the morning
#   a script by you, the data scientist, has to name the run and the step whose checkpoint goes on trial. Some runs
#   diverge, and from then on their loss is not a number. Last week such a run was declared the winner, because a
#   comparison with it never came out as better or worse.
# instructions:
#   - Look at every step of every run, not only at the last.
#   - Leave out the values that are not a number.
#   - Pick the smallest or the largest value, as the mode says, and return where it stands.
# hints:
#   - A list of candidates, one for each step of each run, makes the rest one call of `min` or `max`.
#   - The function `math.isnan` tells whether a float is no number; a comparison with `==` does not.
#   - Both `min` and `max` take a `key` and return the first of equal ones.
# success: >-
#   Your script names the best run and its best step from the log alone, and a broken run cannot win. The last value of
#   a run says where training stopped, and not which checkpoint to keep.

# %% answer: best_run
import math


# Look at every step and leave out what is no number
def best_run(histories: dict, mode: str) -> tuple:  # stub
    """Return the tuple (run, step, value) of the best value of a metric.

    histories: name of each run -> list of tuples (step, value), in order. mode: "min" if small values are good, "max"
    if large ones are. Values may be nan, but not all. Of equal values the first counts, in the order of histories.
    """
    candidates = [
        (name, step, value) for name, history in histories.items() for step, value in history if not math.isnan(value)
    ]
    choose = min if mode == "min" else max
    return choose(candidates, key=lambda candidate: candidate[2])


# %% check: best_run
from scalable_ai.checks import exercise

with exercise("best_run") as check:
    example = {"a": [(1, 0.5), (2, 0.25), (3, 0.75)], "b": [(1, 0.5), (2, 0.5), (3, 0.5)]}
    likely = "Look at every step: run a was at its best before its end."
    check.equal(best_run(example, "min"), ("a", 2, 0.25), "smallest loss", likely=likely)
    check.equal(best_run(example, "max"), ("a", 3, 0.75), "largest accuracy", likely="The mode says which end is good.")
    nan = float("nan")
    broken = {"broken": [(1, nan), (2, nan)], "sound": [(1, 2.0), (2, nan), (3, 1.5), (4, 1.5)]}
    likely = "Leave nan out before you compare, and of equal values take the first."
    check.equal(best_run(broken, "min"), ("sound", 3, 1.5), "a run that broke", likely=likely)
    tied = {"zeta": [(7, 0.5)], "alpha": [(5, 0.5)]}
    likely = "Neither name nor step decides between equals, but the order in which they come."
    check.equal(best_run(tied, "max"), ("zeta", 7, 0.5), "two runs with equal values", likely=likely)

# %% [markdown]
# Apply the rule to the sweep of this lesson. The cell names what your function finds.

# %%
run_name, step, value = best_run(histories, "max")
print(f"best: {run_name}, at step {step}, with a validation accuracy of {value:.3f}")

# %% quiz: last_value [markdown]
# question: >-
#   A table from `mlflow.search_runs` shows `metrics.val_accuracy` of 0.61 for run A and 0.58 for run B. Both had the
#   same data, one seed and equal epochs. What do you know?
# options:
#   - text: The best checkpoint of A is better than the best one of B
#     why: >-
#       The table holds the last value of each run. B may have stood at 0.65 some epochs earlier; only the history of
#       the metric tells.
#   - text: At the end of training, A stood above B, for this seed
#     right: true
#     why: >-
#       That is what a last value says, and no more. For the best moment ask for the metric's history, and for the
#       setting repeat the runs with other seeds.
#   - text: The settings of A are better than those of B
#     why: >-
#       One seed cannot tell a better setting from better luck. See first how far equal settings move from seed to seed.
#   - text: A will be right on 61 percent of the test pictures
#     why: >-
#       It is a value on validation data, by which the run is chosen. The chosen run tends to look a little better there
#       than on data that took no part in the choice.
# points: 1

# %% recap [markdown]
# - The module says what to log, the Trainer's `logger` says where; all of them hold the same history.
# - Runs can be compared when each has the same seed, a log of its own and the settings it really had.
# - Choose by the best validation value over all steps, leave nan out, and mind the spread of the seeds.
