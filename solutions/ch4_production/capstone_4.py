# ---
# lesson:
#   id: "capstone_4"
#   kind: capstone
#   title: "Capstone 4: from a trained network to a service"
#   objective: Evaluate, save, export, serve and log one network, and prove that every stage agrees with the one before
#   track: essentials
#   minutes: 90
#   functions:
#     - torchmetrics.classification.MulticlassAccuracy
#     - torchmetrics.Metric.update
#     - torchmetrics.Metric.compute
#     - torch.save
#     - torch.load
#     - torch.nn.Module.load_state_dict
#     - torch.nn.Module.eval
#     - torch.inference_mode
#     - torch.jit.trace
#     - torch.export.export
#     - torch.onnx.export
#     - onnxruntime.InferenceSession
#     - fastapi.FastAPI
#     - fastapi.testclient.TestClient
#     - pydantic.BaseModel
#     - mlflow.start_run
#     - mlflow.log_metrics
#     - mlflow.search_runs
#   know:
#     - Metrics over batches, from lesson 4.1
#     - State dicts, safe loading and evaluation mode, from lesson 4.2
#     - Three export formats with an open batch size, from lesson 4.3
#     - FastAPI, pydantic and MLflow, from lesson 4.4
#   new:
#     - One network followed from its evaluation to its address
#     - A proof of agreement at every hand-over
#     - A release that the log decides
#   forms:
#     coding: [measured_twice, contract, logbook]
#     iterative: [three_formats]
#     sequential: [measured_twice, round_trip, three_formats, contract, logbook]
#   glossary: {}
#   misconceptions: []
#   analogies: []
# ---

# %% [markdown]
# ## The goal
#
# A trained network passes through five hands before it answers anybody: it is evaluated, saved, exported, served and
# logged. At each hand-over something can change without an error. You build all five stages, and at each of them you
# prove that the network is still the same. Inspect at every stage, as builders do.

# %% [markdown]
# ## The stages
#
# | Stage | You write | The proof |
# |---|---|---|
# | 1. Evaluate | a metric, and a count by hand | both agree |
# | 2. Save and load | a round trip through a file | same scores |
# | 3. Export | one task in three formats | same scores, any batch size |
# | 4. Serve | a service with a contract | valid answered, broken refused |
# | 5. Log | a record of candidates | the log names the release |
#
# If a stage does not pass yet, go on: no later one is marked down for it.

# %% [markdown]
# ## The network
#
# A phone shrinks a photograph to a thumbnail, 8 by 8 pixels in three colours, and wants a class for it. CIFAR-10's
# pictures, or the generated stand-in where they are not at hand, are averaged down to that size. The network has batch
# normalization and dropout, two layers that behave otherwise in training than in use.

# %%
import torch
from torch import nn

from scalable_ai.data import cifar10

torch.set_num_threads(1)
data = cifar10(num_train=2000, num_test=500)
train_thumbs = nn.functional.avg_pool2d(data.train.images / 255, 4)
test_thumbs = nn.functional.avg_pool2d(data.test.images / 255, 4)


class ThumbNet(nn.Module):
    def __init__(self):
        super().__init__()
        convolution = [nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()]
        self.layers = nn.Sequential(*convolution, nn.Flatten(), nn.Dropout(0.3), nn.Linear(16 * 64, 10))

    def forward(self, images):
        return self.layers(images)


# %%
torch.manual_seed(0)
trained = ThumbNet()
optimizer = torch.optim.AdamW(trained.parameters(), lr=2e-3)
for _ in range(6):
    for batch in torch.randperm(len(train_thumbs)).split(100):
        loss = nn.functional.cross_entropy(trained(train_thumbs[batch]), data.train.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
weights = {name: value.clone() for name, value in trained.eval().state_dict().items()}
with torch.inference_mode():
    test_scores = trained(test_thumbs).clone()
print("thumbnails:", list(test_thumbs.shape), " scores:", list(test_scores.shape))

# %% [markdown]
# Look at what the network sees before you judge it.

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, panels = plt.subplots(2, 5, figsize=(8, 3.4), layout="constrained")
for label, ax in enumerate(panels.flat):
    place = data.test.labels.tolist().index(label)
    ax.imshow(test_thumbs[place].permute(1, 2, 0).numpy())
    ax.set_title(f"{data.classes[label]}\nseen as {data.classes[test_scores[place].argmax()]}", fontsize=8)
    ax.axis("off")
show(fig, "One thumbnail of 8 by 8 pixels for each of the ten classes, with its class and the class that the net sees.")

# %% [markdown]
# ## Stage 1: evaluate
#
# On a busy day three of the ten classes arrive far more often than the others, 200 images in batches of 64, so the last
# batch is small. A metric of torchmetrics gathers over batches, and its setting `average` decides what it means. The
# next cell shows three numbers that are all called accuracy.

# %%
from torchmetrics.classification import MulticlassAccuracy

is_busy = (data.test.labels < 3) | (torch.arange(500) % 5 == 0)
busy_scores, busy_labels = test_scores[is_busy][:200], data.test.labels[is_busy][:200]
batches = list(zip(busy_scores.split(64), busy_labels.split(64), strict=True))
micro, macro = [MulticlassAccuracy(num_classes=10, average=way) for way in ("micro", "macro")]
means = []
for scores, labels in batches:
    means.append(micro(scores, labels).item())
    macro.update(scores, labels)
print("sizes of the batches:", [len(labels) for _, labels in batches])
print(f"all images alike:     {micro.compute().item():.4f}")
print(f"all classes alike:    {macro.compute().item():.4f}")
print(f"mean of batch values: {sum(means) / len(means):.4f}")

# %% [markdown]
# The first treats all images alike, the second all classes, however rare, and the third gives the images of the last
# batch more weight than others. None is wrong by itself. But a bar is set for one of them, so you compute the first,
# and count by hand to be sure that you did.

# %% exercise: measured_twice [markdown]
# title: A metric and a count
# difficulty: 2
# minutes: 14
# points: 4
# task: Write a function that measures accuracy with torchmetrics and counts it by hand.
# context: >-
#   You are a data scientist at a manufacturer of sorting machines. The contract says that at least so many of all
#   parts must be sorted correctly, and the customer counts. Last year's report was made with a default setting that
#   gives every class the same weight, and it averaged over batches of unequal size. The customer's count was lower.
#   From now on the report carries the metric and a count by hand side by side, and the share of each class, so that
#   nobody has to argue.
# instructions:
#   - Let the metric gather all batches, with all images alike.
#   - Count right and seen images for each true class.
#   - Return both accuracies and the share of each class, None for a class that was not seen.
# hints:
#   - The default of `MulticlassAccuracy` is another one; the cell above names it in words.
#   - "`update` gathers and `compute` gives the value of everything gathered."
#   - Count under the true label, not under the guess; the share of a class is right divided by seen.
# success: >-
#   The metric equals the count, image for image. A number that two independent ways agree on is one that you can put
#   into a contract, and you know which of several accuracies it is.


# %% answer: measured_twice
# Gather the metric and count by hand
def measure(batches: list, num_classes: int) -> dict:  # stub
    """Return {"metric", "by_hand", "by_class"} of some batches (scores [n, C], labels [n]) of unequal size.

    metric, by_hand: share of right images among all, by torchmetrics and counted. by_class: for each true class
    its share of right images, None without images.
    """
    metric = MulticlassAccuracy(num_classes=num_classes, average="micro")
    right, seen = [0] * num_classes, [0] * num_classes
    for scores, labels in batches:
        metric.update(scores, labels)
        for guess, label in zip(scores.argmax(dim=1).tolist(), labels.tolist(), strict=True):
            seen[label] += 1
            right[label] += guess == label
    by_class = [hits / count if count else None for hits, count in zip(right, seen, strict=True)]
    return {"metric": metric.compute().item(), "by_hand": sum(right) / sum(seen), "by_class": by_class}


# %% check: measured_twice
from scalable_ai.checks import exercise

with exercise("measured_twice") as check:
    scores = torch.tensor([[3.0, 1.0, 0.0], [2.0, 1.0, 0.0], [0.0, 5.0, 1.0], [0.0, 4.0, 1.0], [1.0, 9.0, 1.0]])
    labels = torch.tensor([0, 0, 1, 0, 0])
    got = measure([(scores[:4], labels[:4]), (scores[4:], labels[4:])], 3)
    likely = "Three of five are right; the mean of the two batches and the mean of the classes are other numbers."
    check.equal(got["by_hand"], 0.6, "by_hand", likely=likely)
    check.equal(got["metric"], 0.6, "metric", likely="Set `average`, and gather with update before compute.")
    likely = "Right divided by seen, both under the true label; the third class was not seen."
    check.equal(got["by_class"], [0.5, 1.0, None], "by_class", likely=likely)
    agreeing = (busy_scores.argmax(dim=1) == busy_labels).sum().item()
    likely = "A metric keeps what it has seen: each call begins with a new one, of `num_classes` classes."
    busy = measure(batches, 10)["metric"]
    check.equal(busy, agreeing / 200, "metric on the busy day", tolerance=1e-6, likely=likely)

# %% [markdown]
# Your report on all 500 test images, the bar's number for what follows. The spread of the classes says what the single
# number hides.

# %%
report = measure([(test_scores, data.test.labels)], 10)
print(f"metric {report['metric']:.4f}, by hand {report['by_hand']:.4f}")
for name, share in zip(data.classes, report["by_class"], strict=True):
    print(f"  {name:11} {share:.2f}")

# %% [markdown]
# ## Stage 2: save and load
#
# What travels is the state dict: names and numbers, no code. What receives it is a new network, made from the class,
# whose first state is random and whose mode is training. The next cell shows why that mode matters here.

# %%
fresh = ThumbNet()
print("training mode:", fresh.training, " running mean:", fresh.layers[1].running_mean[:3].tolist())
with torch.no_grad():
    once, twice = fresh(test_thumbs[:4]), fresh(test_thumbs[:4])
print("same scores twice:", torch.equal(once, twice))
print("running mean after:", fresh.layers[1].running_mean[:3].tolist())

# %% [markdown]
# In training mode two calls with the same images differ, because of dropout, and each call moves the statistics of
# batch normalization. A network left in this mode answers differently every time and drifts with each request.

# %%
import tempfile
from pathlib import Path

workspace = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
folder = Path(workspace.name)
weights_path = str(folder / "weights.pt")
images = test_thumbs[:20]


def build(weights):
    """Return a ThumbNet with these weights, in training mode."""
    network = ThumbNet()
    network.load_state_dict(weights)
    return network


# %% exercise: round_trip [markdown]
# title: Through a file and back
# difficulty: 1
# minutes: 10
# points: 3
# task: Save a network's state dict, load it safely into a new network and score images with it.
# context: >-
#   You are a machine learning scientist at a hospital. The network is trained in one building and used in another, and
#   the file between them lies on a shared drive to which many can write. Whoever loads it must not run code that
#   somebody put into it. Last month a network was loaded in training mode: its answers changed from call to call, and
#   its state with them. You write both sides of the hand-over, and record what the receiving side got.
# instructions:
#   - Save the names and numbers, not the network.
#   - Load only numbers, into a new network.
#   - Switch to evaluation mode and score without recording gradients.
# hints:
#   - A module gives its names and numbers with `state_dict()`.
#   - "`torch.load` has an argument that refuses everything but plain data."
#   - Modes are switched by methods of the module, and `torch.inference_mode()` is a context for scoring.
# success: >-
#   The scores after the round trip are those from before. Only names and numbers went through the file, nothing in it
#   could run, and the receiving network neither guesses nor drifts.

# %% answer: round_trip
# Save names and numbers
source = build(weights)
torch.save(source.state_dict(), weights_path)  # blank: source.state_dict()

# Load only numbers into a new network
loaded = torch.load(weights_path, weights_only=True)  # blank: weights_only=True
restored = ThumbNet()
restored.load_state_dict(loaded)  # blank: load_state_dict(loaded)

# Score in evaluation mode
restored.eval()  # blank: eval
with torch.inference_mode():  # blank: torch.inference_mode()
    restored_scores = restored(images)
received = {"names": list(loaded), "training": restored.training, "gradients": restored_scores.requires_grad}

# %% check: round_trip
from scalable_ai.checks import exercise

with exercise("round_trip") as check:
    likely = "What is loaded is a dictionary from names to tensors, which a state dict is and a network is not."
    check.equal(received["names"], list(weights), "the names that were received", likely=likely)
    check.equal(received["training"], False, "training mode", likely="Call `.eval()` before scoring.")
    check.equal(received["gradients"], False, "gradients", likely="Score inside `torch.inference_mode()`.")
    likely = "Are the weights in the new network, and is it in evaluation mode?"
    check.equal(restored_scores, test_scores[:20], "scores of 20 images", likely=likely, tolerance=1e-5)

# %% [markdown]
# ## Stage 3: export
#
# Now one task three times with changes: write a file, read it back without the class, and run batches of several
# sizes. Use what you know of lesson 4.3: the mode is frozen into the file, and so is a size that was not declared
# open. TorchScript's deprecation notices are known by now and silenced.

# %%
import warnings

import onnxruntime
from torch.export import Dim

warnings.filterwarnings("ignore", message="`torch.jit")
example = test_thumbs[:2].clone()
open_size = ({0: Dim("batch")},)
names = {"input_names": ["images"], "output_names": ["scores"]}
files = [str(folder / name) for name in ("thumbs.pt", "thumbs.pt2", "thumbs.onnx")]
loads = [test_thumbs[:1], test_thumbs[:7], test_thumbs[100:150]]
print([list(load.shape) for load in loads])

# %% exercise: three_formats [markdown]
# title: One network, three files
# difficulty: 2
# minutes: 15
# points: 6
# task: Write, read and run the network in three formats, for batches of any size.
# context: >-
#   You are a programmer at a retail marketplace. Three teams wait for the same network: an older service reads
#   TorchScript, a new one is written with PyTorch, and the phone app brings ONNX Runtime. All must give a seller the
#   same department. Each team will send batches of its own size, from one thumbnail to a night's worth. You write the
#   three files from one set of weights, read each of them back as the teams will, and run the same batches through all
#   of them.
# instructions:
#   - Trace the network in evaluation mode, save the trace and load it.
#   - Export it with an open size, save the program and load it.
#   - Export it to ONNX with the same open size, and open a session on the file.
#   - Run every load through each of them.
# hints:
#   - The names `example`, `open_size`, `names` and `files` of the cell above are all you need.
#   - A loaded program is called through its method `.module()`.
#   - A session takes a dictionary from the input's name to a NumPy array, and returns a list.
# success: >-
#   One network went into three files and came back the same from each, for one thumbnail and for many. Whoever reads a
#   file needs neither your class nor your mode, because both were settled when it was written.

# %% answer: three_formats
# Trace in evaluation mode, read back and run
ready = build(weights).eval()  # blank: eval
torch.jit.trace(ready, example).save(files[0])  # blank: torch.jit.trace
traced = torch.jit.load(files[0])
traced_scores = [traced(load) for load in loads]  # blank: traced(load)

# Export with an open size, read back and run
program = torch.export.export(ready, (example,), dynamic_shapes=open_size)  # blank: dynamic_shapes=open_size
torch.export.save(program, files[1])
exported = torch.export.load(files[1]).module()  # blank: torch.export.load
exported_scores = [exported(load) for load in loads]

# Export to ONNX, open a session and run
torch.onnx.export(ready, (example,), files[2], dynamic_shapes=open_size, verbose=False, **names)  # blank: open_size
session = onnxruntime.InferenceSession(files[2], providers=["CPUExecutionProvider"])  # blank: files[2]
onnx_scores = [session.run(["scores"], {"images": load.numpy()})[0] for load in loads]  # blank: load.numpy()

# %% check: three_formats
from scalable_ai.checks import exercise

with exercise("three_formats") as check:
    wanted = [test_scores[:1], test_scores[:7], test_scores[100:150]]
    results = {"traced_scores": traced_scores, "exported_scores": exported_scores, "onnx_scores": onnx_scores}
    for name, scores in results.items():
        likely = "Run every load, one after the other, and keep the scores of each."
        check.equal([len(one) for one in scores], [1, 7, 50], f"rows in {name}", likely=likely)
    likely = "Is the network in evaluation mode, with the weights in it, and the size declared open?"
    check.equal([got.detach() for got in traced_scores], wanted, "traced_scores", likely=likely, tolerance=1e-4)
    check.equal([got.detach() for got in exported_scores], wanted, "exported_scores", likely=likely, tolerance=1e-4)
    arrays = [scores.numpy() for scores in wanted]
    check.equal(list(onnx_scores), arrays, "onnx_scores", likely=likely, tolerance=1e-4)

# %% [markdown]
# The proof for the hand-over is a parity report on the largest load: the largest gap relative to the largest score,
# and the share of equal classes.

# %%
expected = test_scores[100:150]
forms = {"TorchScript": traced_scores[-1], "exported": exported_scores[-1], "ONNX": torch.from_numpy(onnx_scores[-1])}
gaps = {}
for name, got in forms.items():
    gaps[name] = ((got - expected).abs().max() / expected.abs().max()).item()
    same = (got.argmax(dim=1) == expected.argmax(dim=1)).float().mean().item()
    print(f"{name:12} gap {gaps[name]:.1e}   same class {same:.2f}")

# %% [markdown]
# ## Stage 4: serve
#
# A thumbnail in a request is a list of three channels, each a list of eight rows of eight numbers. That is a shape,
# and NumPy can tell it. A validator in pydantic is a method that looks at a value, and refuses it by raising
# `ValueError`. Here is one for square tables.

# %%
import numpy as np
from pydantic import BaseModel, Field, ValidationError, field_validator


class Table(BaseModel):
    rows: list[list[float]] = Field(min_length=1)

    @field_validator("rows")
    @classmethod
    def is_square(cls, rows):
        if np.shape(rows) != (len(rows), len(rows)):
            raise ValueError("a table has as many columns as rows")
        return rows


# %%
for rows in [[[1, 2], [3, 4]], [[1, 2, 3], [4, 5, 6]], [[1, 2], [3]]]:
    try:
        print("accepted:", Table(rows=rows))
    except ValidationError as error:
        print("refused: ", rows, "because", error.errors()[0]["msg"][:60])

# %% [markdown]
# The last table has rows of unequal length. NumPy itself raised `ValueError` for it, and pydantic took that as a
# refusal too. Three more helpers are given: one that classifies, one that starts an app with its health path, and the
# one from lesson 4.4 that asks an app without a server.

# %%
from fastapi import FastAPI

warnings.filterwarnings("ignore", message="Using `httpx`")
from fastapi.testclient import TestClient


def classify(instances):
    """Return the class and its probability for each thumbnail, as a list of dictionaries."""
    with torch.inference_mode():
        shares, places = trained.eval()(torch.tensor(instances, dtype=torch.float32)).softmax(dim=1).max(dim=1)
    pairs = zip(places.tolist(), shares.tolist(), strict=True)
    return [{"label": data.classes[place], "probability": share} for place, share in pairs]


def ask(app, method, path, body=None):
    """Send one request to an app; return its status and its decoded JSON."""
    reply = TestClient(app, raise_server_exceptions=False).request(method, path, json=body)
    return [reply.status_code, reply.json() if reply.headers.get("content-type") == "application/json" else reply.text]


# %%
def new_app():
    """Return an app that knows the health path only."""
    app = FastAPI()

    @app.get("/health")
    def health():
        return {"status": "ok"}

    return app


# %%
address = "/v1/models/thumbs:predict"
some = test_thumbs[:2].tolist()
trials = [
    ["GET", "/health"],
    ["POST", address, {"instances": some}],
    ["POST", address, {"instances": some[0]}],
    ["POST", address, {"instances": [some[0][:2]]}],
    ["POST", address, {"instances": []}],
    ["GET", address],
]
print([ask(new_app(), *trial)[0] for trial in trials])

# %% [markdown]
# An app with a health path alone answers 404 to all else. Of the six requests the first two are to be answered with
# 200, the next three refused with 422, and the last one, which reads where one has to post, with 405.

# %% exercise: contract [markdown]
# title: The service and its contract
# difficulty: 2
# minutes: 14
# points: 4
# task: Complete a service that answers thumbnails of the right shape and refuses all other requests.
# context: >-
#   You are a data engineer at a technology company. Thousands of phones will call the service, and nobody can update
#   all of them. Some send a single thumbnail without the list around it, others gray pictures with one channel, and
#   one version sends nothing at all. Inside the network such input becomes an error with status 500, which wakes the
#   people on call for faults that are not theirs. The contract has to stand before the network and tell the sender
#   what was expected.
# instructions:
#   - Demand at least one instance, nested as deeply as a thumbnail is.
#   - Refuse every shape but three channels of 8 by 8.
#   - Answer with predictions at the path of the model.
# hints:
#   - A batch of thumbnails has four levels of lists, and only the innermost holds numbers.
#   - "`np.shape(instances)` begins with the number of instances, which may be any; compare the rest."
#   - A `ValueError` raised in a validator becomes status 422; an exception such as `KeyError` ends as status 500.
# success: >-
#   Valid thumbnails are answered and everything else is refused with a reason, before the network sees it. A contract
#   that is checked at the door turns faults of others into messages to them.


# %% answer: contract
# Demand instances of the right shape
class Thumbnails(BaseModel):
    instances: list[list[list[list[float]]]] = Field(min_length=1)  # blank: list[list[list[list[float]]]]

    @field_validator("instances")
    @classmethod
    def is_thumbnail(cls, instances):
        if np.shape(instances)[1:] != (3, 8, 8):  # blank: np.shape(instances)[1:] | (3, 8, 8)
            raise ValueError("each instance has the shape [3, 8, 8]")  # blank: ValueError
        return instances


# Answer with predictions
api = new_app()


@api.post(address)  # blank: post(address)
def predict(batch: Thumbnails):  # blank: Thumbnails
    return {"predictions": classify(batch.instances)}  # blank: "predictions" | batch.instances


replies = [ask(api, *trial) for trial in trials]

# %% check: contract
from scalable_ai.checks import exercise

with exercise("contract") as check:
    check.equal(replies[0], [200, {"status": "ok"}], "the health path", likely="Start from `new_app()`.")
    causes = {
        404: "The function has to be reached at `address`.",
        405: "The function has to be reached with POST.",
        422: "Your contract refuses it: four levels of lists, and `np.shape` gives a tuple to compare with (3, 8, 8).",
        500: "The function itself failed: hand the instances of the request to `classify`.",
    }
    likely = causes.get(replies[1][0], "")
    check.equal(replies[1][0], 200, "the status of a valid request", likely=likely)
    likely = "A dictionary with the key predictions and what `classify` returns."
    check.equal(replies[1][1], {"predictions": classify(some)}, "the body of the reply", likely=likely)
    for number, what in [(2, "one thumbnail without a list"), (3, "two channels"), (4, "no thumbnail")]:
        likely = "Four levels of lists, at least one instance, (3, 8, 8) after the first dimension, and a `ValueError`."
        check.equal(replies[number][0], 422, f"the status for {what}", likely=likely)
    check.equal(replies[5][0], 405, "the status of GET at the path of predictions", likely="Only POST is served.")

# %% [markdown]
# ## Stage 5: log
#
# Several candidates could be released, and a log should say which one is and why. The rule was agreed before: a
# candidate must reproduce the scores of the evaluated network within the tolerance, and of those that do, the most
# accurate is released. MLflow keeps the record in a database in the temporary folder; reports of usage are switched
# off.

# %%
import logging
import os

os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
import mlflow

logging.getLogger("mlflow").setLevel(logging.ERROR)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("warm-up")
    with mlflow.start_run(run_name="first"):
        mlflow.log_metrics({"gap": 0.5, "accuracy": 0.25})
found = mlflow.search_runs(experiment_names=["warm-up"], filter_string="metrics.gap < 1", output_format="list")
print([(run.info.run_name, run.data.metrics) for run in found])

# %% [markdown]
# The experiment is a folder of runs, and a run has a name, settings and metrics. `search_runs` asks the log: the
# filter compares a metric, and `order_by` takes a list such as `["metrics.gap ASC"]`. Some candidates, made up for the
# rehearsal:

# %%
release, tolerance = "release-1", 0.001
candidates = [
    {"name": "onnx", "params": {"format": "onnx", "bits": 32}, "metrics": {"gap": 0.0000004, "accuracy": 0.41}},
    {"name": "half", "params": {"format": "onnx", "bits": 16}, "metrics": {"gap": 0.0009, "accuracy": 0.44}},
    {"name": "eighth", "params": {"format": "onnx", "bits": 8}, "metrics": {"gap": 0.08, "accuracy": 0.47}},
    {"name": "limit", "params": {"format": "pt2", "bits": 16}, "metrics": {"gap": 0.001, "accuracy": 0.42}},
]

# %% exercise: logbook [markdown]
# title: The log decides
# difficulty: 2
# minutes: 12
# points: 4
# task: Log every candidate as a run and let the log name the release.
# context: >-
#   You are a machine learning scientist at a bank. The auditors ask twice a year why this very network is answering,
#   who compared it with what, and by which rule. Until now the answer was a chat message. From now on each candidate
#   is a run with its settings and metrics, and the release is the answer to a query: within the tolerance, the most
#   accurate. Last year the most accurate candidate was released although it no longer gave the evaluated scores.
# instructions:
#   - Log settings and metrics of each candidate in a run that bears its name.
#   - Ask for the runs whose gap is at most the tolerance, the most accurate first.
#   - Release the first one, or None when there is none.
# hints:
#   - Settings are logged by `log_params`, metrics by `log_metrics`, both from a dictionary.
#   - The filter is a text like the one in the cell above, with another comparison and the value of `tolerance` in it.
#   - Descending order is written `DESC`.
# success: >-
#   The release follows from the log by a rule that was there before the candidates. Whoever asks later can put the
#   same question to the same record, and will get the same answer.

# %% answer: logbook
# Log each candidate as a run of its own
mlflow.set_experiment(release)
for candidate in candidates:
    with mlflow.start_run(run_name=candidate["name"]):  # blank: candidate["name"]
        mlflow.log_params(candidate["params"])  # blank: log_params
        mlflow.log_metrics(candidate["metrics"])  # blank: log_metrics

# Ask for the most accurate within tolerance
rule = f"metrics.gap <= {tolerance}"  # blank: f"metrics.gap <= {tolerance}"
order = ["metrics.accuracy DESC"]  # blank: "metrics.accuracy DESC"
found = mlflow.search_runs(experiment_names=[release], filter_string=rule, order_by=order, output_format="list")
ranking = [run.info.run_name for run in found]
settings = {run.info.run_name: dict(run.data.params) for run in found}

# Release the first one, or None
released = ranking[0] if ranking else None  # blank: ranking[0] if ranking else None

# %% check: logbook
from scalable_ai.checks import exercise

with exercise("logbook") as check:
    likely = "At most the tolerance lets the limit itself pass; the most accurate comes first."
    check.equal(list(dict.fromkeys(ranking)), ["half", "limit", "onnx"], "ranking", likely=likely)
    likely = "Log the settings of each candidate; MLflow gives them back as texts."
    check.equal(settings["half"], {"format": "onnx", "bits": "16"}, "settings of half", likely=likely)
    check.equal(released, "half", "released", likely="The first of the ranking.")

# %% [markdown]
# ## The whole way
#
# Last, all stages in one go. Uvicorn serves your app on a free port, the test thumbnails go through the door in
# requests of 50, and the answers are counted by your own function from stage 1. Everything that is started is stopped.

# %%
import threading
import time

import requests
import uvicorn

server = uvicorn.Server(uvicorn.Config(api, host="127.0.0.1", port=0, log_level="warning"))
thread = threading.Thread(target=server.run, daemon=True)
thread.start()
while not server.started and thread.is_alive():
    time.sleep(0.01)
url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
print("listening:", server.started)

# %%
labels_heard = []
with requests.Session() as client:
    client.trust_env = False
    for part in test_thumbs.split(50):
        reply = client.post(url + address, json={"instances": part.tolist()}, timeout=20)
        labels_heard += [prediction["label"] for prediction in reply.json()["predictions"]]

# %%
server.should_exit = True
thread.join(timeout=10)
print("still running:", thread.is_alive())
places = torch.tensor([data.classes.index(label) for label in labels_heard])
heard = measure([(nn.functional.one_hot(places, 10).float(), data.test.labels)], 10)
from_file = session.run(["scores"], {"images": test_thumbs.numpy()})[0].argmax(axis=1)
print(f"accuracy in the notebook {report['metric']:.4f}, through the door {heard['metric']:.4f}")
print("same class from the ONNX file:", (from_file == places.numpy()).mean())

# %% [markdown]
# The same accuracy inside and outside, and the same classes from the file that the phones will carry: read it in the
# two lines above. That is what the proofs at the hand-overs were for. When one of these numbers differs some day, you
# know five places to look, and a check for each.

# %% recap [markdown]
# - Know which accuracy you report, and count it once by hand.
# - At every hand-over compare scores: after loading, in every format, for every batch size, and through the door.
# - Let the log decide by a rule that was written down before the candidates.
