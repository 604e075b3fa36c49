# ---
# lesson:
#   id: "4.4"
#   title: Introduction to other libraries
#   objective: Know what serves a model in production
#   track: essentials
#   minutes: 55
#   functions:
#     - fastapi.FastAPI
#     - fastapi.testclient.TestClient
#     - pydantic.BaseModel
#     - pydantic.Field
#     - uvicorn.Config
#     - uvicorn.Server
#     - requests.Session
#     - mlflow.start_run
#     - mlflow.log_metric
#     - mlflow.pytorch.log_model
#     - mlflow.pytorch.load_model
#   know:
#     - Python functions, classes and decorators
#     - A trained network in evaluation mode, from lesson 4.2
#     - Exported files and the parity check, from lesson 4.3
#   new:
#     - A service with FastAPI, whose contract pydantic enforces
#     - The request and reply of TensorFlow Serving's REST interface
#     - Batching, and load balancing over several copies
#     - A model that MLflow stores together with how it was made
#   misconceptions: []
#   analogies:
#     - Build the scale model first, then the house
# ---

# %% slide [markdown]
# ## From file to service
#
# - A file answers nobody by itself
# - A service has an address and a contract
# - Libraries do most of the work

# %% script [markdown]
# In this lesson you get to know what serves a model in production. This matters because an exported file answers
# nobody by itself. It needs a service with an address, a contract that says what may be asked, and somebody who
# watches it. You will not write web servers. You will use a handful of libraries, each for the one thing that it does
# well, and you will see what every one of them adds.

# %% slide [markdown]
# ## FastAPI: functions with an address
#
# - A path and a method lead to a function
# - What it returns goes out as JSON
# - A health path says that it is alive

# %% fragment
import warnings

from fastapi import FastAPI

warnings.filterwarnings("ignore", message="Using `httpx`")
from fastapi.testclient import TestClient

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}


reply = TestClient(app).get("/health")
print(reply.status_code, reply.json())

# %% script [markdown]
# FastAPI gives a function an address. Here the path health leads to a function of one line, and what it returns goes
# out as text in the format called JSON. The number two hundred is the status that means all is well. Notice that no
# server is running yet. A test client calls the app inside this notebook. Build the scale model first, then the house:
# what works here will work behind a real address.

# %% slide [markdown]
# ## A contract at the door
#
# - pydantic describes a valid request
# - Anything else is answered with 422
# - The model never sees it

# %% fragment
from pydantic import BaseModel


class Reading(BaseModel):
    values: list[float]


@app.post("/mean")
def mean(reading: Reading):
    return {"mean": sum(reading.values) / len(reading.values)}


for body in [{"values": [1, 2, 6]}, {"values": "warm"}, {"numbers": [1]}, {"values": []}]:
    reply = TestClient(app, raise_server_exceptions=False).post("/mean", json=body)
    print(reply.status_code, body, reply.json()["detail"][0]["msg"] if reply.status_code == 422 else reply.text)

# %% script [markdown]
# Requests come from people you do not know, so describe what you accept. The class says that there are values and that
# they are numbers. Whatever does not fit is turned away with status four hundred and twenty-two and a reason, before
# it reaches your code. The last request shows what happens when the contract says too little. An empty list was let
# in, the division failed, and the answer is five hundred, which means that the fault is ours.

# %% slide [markdown]
# ## A shape that others know
#
# - `{"instances": […]}` goes in
# - `{"predictions": […]}` comes out
# - At `/v1/models/NAME:predict`

# %% script [markdown]
# How should such a request look? TensorFlow Serving, an early and widely used model server, settled on a simple shape.
# A list of instances goes in, a list of predictions in the same order comes out, and the name of the model stands in
# the path. Other servers and many clients know this shape too. Keep to it, and your service can be replaced without
# touching those who call it.

# %% slide [markdown]
# ## More load: batches and copies
#
# - Batching: one call for several requests
# - Load balancing: several copies, one door
# - The health path tells which copies may serve

# %% script [markdown]
# When the load grows, two things help. Batching collects waiting requests and answers them with one call of the
# network, because a call has an entry fee, as you know. Load balancing puts several copies behind one door and sends
# each request to a copy that is free. It asks the health path which copies may serve, so that a broken one gets
# nothing to do.

# %% slide [markdown]
# ## MLflow: which model is this
#
# - A run keeps settings, metrics and the model
# - A model is loaded by its name
# - Nobody asks which file is the right one

# %% script [markdown]
# And some day somebody asks which model is answering, and how it was made. MLflow stores a model together with its
# settings, its metrics and a description of its inputs, and gives it back by name. You met it as a logger of
# experiments. Here it is the shelf from which a service takes its model. With these libraries you can name what serves
# a model in production, from the door to the shelf.

# %% note [markdown]
# The filter beside the import of the test client silences one notice of its authors, about the package that it sends
# requests with. It says nothing about your app.

# %% [markdown]
# ## A model to serve
#
# The model is kept small, so that all attention goes to the service. As in the first capstone, each picture is
# described by 12 numbers, the mean of every colour in four tiles. A small network scores the ten classes from them.

# %%
import torch
from torch import nn

from scalable_ai.data import cifar10

torch.set_num_threads(1)
data = cifar10(num_train=2000, num_test=500)


def tile_means(images):
    """Describe each image by the mean of every colour in four tiles: float32 [N, 12], from 0 to 1."""
    return nn.functional.avg_pool2d(images / 255, 16).flatten(1)


# %%
train_rows, test_rows = tile_means(data.train.images), tile_means(data.test.images)
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
for _ in range(100):
    loss = nn.functional.cross_entropy(model(train_rows), data.train.labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %% [markdown]
# A service speaks JSON, and JSON knows lists and numbers but no tensors. So one function stands between the two: lists
# in, probabilities as lists out. Its rows are rounded here for reading only.


# %%
def score(instances):
    """Return ten probabilities for each list of 12 numbers."""
    with torch.inference_mode():
        return model.eval()(torch.tensor(instances, dtype=torch.float32)).softmax(dim=1).tolist()


accuracy = (torch.tensor(score(test_rows.tolist())).argmax(dim=1) == data.test.labels).float().mean().item()
print("test accuracy:", accuracy)
example_rows = [[round(value, 3) for value in row] for row in test_rows[:3].tolist()]
print("one row:", example_rows[0])
print("answer: ", [round(value, 2) for value in score(example_rows)[0]])

# %% [markdown]
# ## How much the contract says
#
# A type such as `list[float]` leaves the length open. `Annotated` with `Field` closes it. Here is a contract for
# colours, which are three numbers each, of which there is at least one. The cell tries five bodies on it.

# %%
from typing import Annotated

from pydantic import Field, ValidationError


class Palette(BaseModel):
    colours: list[Annotated[list[float], Field(min_length=3, max_length=3)]] = Field(min_length=1)


good = {"colours": [[0.1, 0.2, 0.3]]}
for body in [good, {"colours": [[0.1, 0.2]]}, {"colours": []}, {"colours": [0.1, 0.2, 0.3]}, {}]:
    try:
        print("accepted:", Palette(**body))
    except ValidationError as error:
        print("rejected:", body, "because", error.errors()[0]["msg"])

# %% [markdown]
# Only the first body is accepted. Read the reasons: too short, too few, one bracket missing, nothing there. Each of
# them would otherwise have become an error inside the network, or worse, an answer.

# %% [markdown]
# One more tool. `ask` sends one request to an app, without a server, and returns the status with the decoded body.
# The trials are what you will send to your own service in a moment: three that it has to answer, and five that it has
# to refuse.


# %%
def ask(app, method, path, body=None):
    """Send one request to an app; return its status and its decoded JSON."""
    reply = TestClient(app, raise_server_exceptions=False).request(method, path, json=body)
    return [reply.status_code, reply.json() if reply.headers.get("content-type") == "application/json" else reply.text]


# %%
address = "/v1/models/tiles:predict"
trials = [
    ["GET", "/health"],
    ["POST", address, {"instances": example_rows[:1]}],
    ["POST", address, {"instances": example_rows}],
    ["POST", address, {"instances": [example_rows[0][:11]]}],
    ["POST", address, {"instances": [example_rows[0] + [0.5]]}],
    ["POST", address, {"instances": []}],
    ["POST", address, {"rows": example_rows}],
    ["POST", "/v1/models/other:predict", {"instances": example_rows}],
]
print(ask(app, "GET", "/health"), ask(app, *trials[1]))

# %% [markdown]
# The lecture's app knows the health path and answers 404, not found, at the other one. Now you build the app that
# knows both.

# %% exercise: endpoint [markdown]
# title: A service with a contract
# difficulty: 2
# minutes: 14
# points: 4
# task: Build a FastAPI app that answers predictions in TensorFlow Serving's shape and refuses all else.
# context: >-
#   You are a programmer at a retail marketplace. The app on the sellers' phones shrinks a photograph to 12 numbers and
#   asks your service for a department. Phones keep old versions of the app for years, and some of those send 11
#   numbers, an empty list or another key. A first service answered such requests with status 500, so the people on
#   call were woken for faults that were not theirs. You write the contract down, so that each caller reads at once
#   what is wrong.
# instructions:
#   - Describe a row as 12 numbers, and a request as at least one row under its key.
#   - Answer the health path for the method that reads.
#   - Answer predictions at the path of the model called tiles, in TensorFlow Serving's shape.
# hints:
#   - "`Palette` above is the same contract with another length and another key."
#   - The trials name the method and the path of each request, and the constant for the path is `address`.
#   - The parameter of the function must have the type of your request class, or nothing is validated.
# success: >-
#   Your service answers what fits its contract and says what is wrong with the rest, before the network sees it. Status
#   422 puts a fault where it can be mended, and the known shape lets clients stay when the server changes.


# %% answer: endpoint
# Describe a row and a request
class Batch(BaseModel):
    instances: list[  # blank: instances
        Annotated[list[float], Field(min_length=12, max_length=12)]  # blank: min_length=12, max_length=12
    ] = Field(min_length=1)  # blank: min_length=1


# Answer health and predictions
service = FastAPI()


@service.get("/health")  # blank: get
def health():
    return {"status": "ok"}


@service.post(address)  # blank: address
def predict(batch: Batch):  # blank: Batch
    return {"predictions": score(batch.instances)}  # blank: {"predictions": score(batch.instances)}


replies = [ask(service, *trial) for trial in trials]

# %% check: endpoint
from scalable_ai.checks import exercise

with exercise("endpoint") as check:
    status = [reply[0] for reply in replies]
    check.equal(replies[0], [200, {"status": "ok"}], "the health path", likely="The method that reads is GET.")
    causes = {
        404: "Is the path that of the trials?",
        405: "Predictions are asked for with POST.",
        422: "Your contract refuses it: look at the key, at the lengths, and at the type of the function's parameter.",
        500: "The function itself failed: hand `score` the list of rows, not the whole request.",
    }
    likely = causes.get(status[1], "")
    check.equal(status[1:3], [200, 200], "status of two valid requests", likely=likely)
    likely = "A dictionary with the key predictions, one list of ten for each instance, in order."
    check.equal(replies[2][1], {"predictions": score(example_rows)}, "three predictions", likely=likely)
    likely = (
        "The function's parameter is of your class: 12 numbers in a row, at least one row, under the key instances."
    )
    for number, what in enumerate(["a row of 11", "a row of 13", "no row at all", "another key"], start=3):
        check.equal(status[number], 422, f"status for {what}", likely=likely)
    check.equal(status[7], 404, "status for another model's name", likely="Only the model called tiles is served.")

# %% [markdown]
# ## A real address
#
# Now from the scale model to the house. Uvicorn is a server that listens on a port and hands requests to the app. It
# runs in a thread of its own, so that the notebook stays free. Port 0 lets the system pick a free port, which avoids a
# quarrel with whatever else is running; the line with `url` reads which one it became.

# %%
import threading
import time

import requests
import uvicorn

server = uvicorn.Server(uvicorn.Config(service, host="127.0.0.1", port=0, log_level="warning"))
thread = threading.Thread(target=server.run, daemon=True)
thread.start()
while not server.started and thread.is_alive():
    time.sleep(0.01)
url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
print("listening:", server.started)

# %% [markdown]
# From here on anybody on this machine could ask. `requests` is the client that most Python programs use. A time limit
# belongs to every call, since a server that hangs would otherwise hang its callers too. `trust_env = False` keeps a
# proxy of your network out of a call to your own machine.

# %%
with requests.Session() as client:
    client.trust_env = False
    print("health: ", client.get(url + "/health", timeout=5).json())
    reply = client.post(url + address, json={"instances": example_rows[:1]}, timeout=5)
    print("valid:  ", reply.status_code, [round(value, 2) for value in reply.json()["predictions"][0]])
    reply = client.post(url + address, json={"instances": [[1, 2, 3]]}, timeout=5)
    print("refused:", reply.status_code, reply.json()["detail"][0]["msg"], "at", reply.json()["detail"][0]["loc"])
    start = time.perf_counter()
    for _ in range(50):
        client.post(url + address, json={"instances": example_rows[:1]}, timeout=5)
    over_http = (time.perf_counter() - start) / 50

# %% [markdown]
# The refusal names the place of the fault down to the number of the row. Before anything else, stop the server, or it
# would listen until the notebook ends. Then compare a request over HTTP with a plain call of the function.

# %%
server.should_exit = True
thread.join(timeout=10)
print("still running:", thread.is_alive())
start = time.perf_counter()
for _ in range(50):
    score(example_rows[:1])
plain = (time.perf_counter() - start) / 50
print(f"one prediction: {plain * 1e3:.2f} ms as a call, {over_http * 1e3:.2f} ms over HTTP")

# %% [markdown]
# The difference is the price of the way: writing and reading JSON, validation, two trips through a socket. For a
# network as small as ours the way costs more than the work. That is one reason to send several instances in one
# request, and to collect requests that arrive together.

# %% [markdown]
# ## Batching requests
#
# The network answers 64 rows in one call or in 64 calls. The next cell takes the median of nine readings for both. What
# you see is the entry fee of a call, paid once or 64 times.

# %%
from statistics import median

rows = test_rows[:64].tolist()
ways = {"one call of 64 rows ": lambda: score(rows), "64 calls of one row": lambda: [score([row]) for row in rows]}
for name, way in ways.items():
    readings = []
    for _ in range(10):
        start = time.perf_counter()
        way()
        readings.append(time.perf_counter() - start)
    print(f"{name}: {median(readings[1:]) * 1e3:7.2f} ms")

# %% [markdown]
# A service that batches holds requests for a few milliseconds, puts their instances into one list, calls the network
# once, and hands every caller its own part of the answer. The danger lies in the last step: somebody else's prediction
# looks just as plausible as one's own. `Counted` wraps a function and notes how many rows each call had.


# %%
class Counted:
    def __init__(self, function):
        self.function, self.sizes = function, []

    def __call__(self, rows):
        self.sizes.append(len(rows))
        return self.function(rows)


waiting = [{"instances": example_rows[:2]}, {"instances": example_rows[2:]}, {"instances": example_rows[::-1]}]
print("instances of each request:", [len(request["instances"]) for request in waiting])

# %% exercise: one_call [markdown]
# title: One call for all who wait
# difficulty: 2
# minutes: 10
# points: 3
# task: Write a function that answers several waiting requests with one call of the model.
# context: >-
#   The service that reads amounts from a bank's scanned cheques is asked by many branches, each with one cheque or a
#   small stack. Every call of the network has an entry fee, and in the morning the queue grows. A first version of
#   batching gave each branch an equal share of the answers, which was right in the test, where all stacks were
#   equally high. You are the data engineer who writes it so that each branch gets exactly its own, in its own order.
# instructions:
#   - Collect the instances of all requests in one list.
#   - Call the model once.
#   - Give each request as many predictions as it had instances, in order.
# hints:
#   - Two loops in one comprehension walk through the requests and then through the instances of each.
#   - Keep a place in the list of predictions that moves on by the number of instances of each request.
#   - An iterator over the predictions does this by itself, and `next` takes the following one.
# success: >-
#   All who waited were answered by one call, and each got its own predictions, however many it had asked for. Batching
#   trades a short wait for far fewer entry fees, which is what keeps a queue from growing.

# %% answer: one_call
from collections.abc import Callable


# Collect, call once, and hand out
def answer_together(requests: list, predict: Callable) -> list:  # stub
    """Return the replies to several requests, made with one call of predict.

    requests: dicts {"instances": [row, …]} with one row or more. predict: takes a list of rows and
    returns a list of predictions, one for each row. Returns a list of dicts {"predictions": […]}.
    """
    predictions = iter(predict([row for request in requests for row in request["instances"]]))
    return [{"predictions": [next(predictions) for _ in request["instances"]]} for request in requests]


counted = Counted(score)
together = answer_together(waiting, counted)
call_sizes = counted.sizes

# %% check: one_call
from scalable_ai.checks import exercise

with exercise("one_call") as check:
    left = [len(request["instances"]) for request in waiting]
    likely = "Your function changed a request. Collect in a new list, and run the cell that makes `waiting` again."
    check.equal(left, [2, 1, 3], "instances of each request afterwards", likely=likely)
    likely = "Call `predict` once, with the instances of all requests."
    check.equal(call_sizes, [6], "rows in each call", likely=likely)
    check.equal(len(together), 3, "number of replies", likely="One reply for each request.")
    for number, asked in enumerate(waiting):
        expected = {"predictions": score(asked["instances"])}
        likely = "The requests have different numbers of instances; move on by as many as each one has."
        check.equal(together[number], expected, f"reply {number}", likely=likely)
    names = answer_together([{"instances": ["a", "b", "c"]}, {"instances": ["d"]}], list)
    likely = "Call the function that is handed in, and pass its results on as they are."
    letters = [{"predictions": ["a", "b", "c"]}, {"predictions": ["d"]}]
    check.equal(names, letters, "letters in order", likely=likely)

# %% [markdown]
# ## Load balancing
#
# When one copy is busy all the time, a second one is needed, and load balancing decides who serves whom. The simplest
# rule, round robin, deals requests out in turn. The next cell makes 200 requests over about ten seconds. Most of them
# take a short while, a few take long, and the same seed draws them on every machine.

# %%
import numpy as np

rng = np.random.default_rng(7)
arrivals = np.sort(rng.uniform(0, 10, 200)).round(3).tolist()
durations = np.where(rng.random(200) < 0.1, 0.6, 0.06).tolist()


def waits(arrivals, durations, chosen):
    """Return how long each request waits when request i is served by copy chosen[i]."""
    free, waited = {}, []
    for arrival, duration, copy in zip(arrivals, durations, chosen, strict=True):
        start = max(arrival, free.get(copy, 0.0))
        waited.append(start - arrival)
        free[copy] = start + duration
    return waited


for copies in [1, 2, 3]:
    in_turn = waits(arrivals, durations, [number % copies for number in range(200)])
    print(f"{copies} copies in turn: mean wait {np.mean(in_turn):.3f} s, longest {max(in_turn):.2f} s")

# %% [markdown]
# `free` remembers when each copy will be done, and a request starts then or when it arrives, whichever is later. A
# second copy shortened the waits a great deal. But dealing in turn is blind: it sends a request to a copy that still
# has a long one to do while another stands idle. And a copy that has failed its health check must get nothing at all.
# You write a rule that sees both.

# %% exercise: least_busy [markdown]
# title: To the copy that is free first
# difficulty: 2
# minutes: 12
# points: 3
# task: Write a function that sends each request to the healthy copy that is free first.
# context: >-
#   Three copies of a hospital's service look at X-ray images; most of them take a fraction of a second and a few,
#   with many slices, take long. The balancer in front deals them out in turn, so short examinations wait behind long
#   ones, and last night every third request went to a copy whose health path no longer answered. You, the data
#   engineer, write the rule that the balancer should have had, and try it on the recorded load.
# instructions:
#   - Keep for every healthy copy the time at which it will be free.
#   - Choose the copy with the earliest time, the lowest number of equal ones.
#   - Move its time on, from its free time or the arrival, whichever is later.
# hints:
#   - The function `waits` above keeps such a dictionary; yours also has to choose from it.
#   - "`enumerate(healthy)` gives the number of a copy together with True or False."
#   - "`min(free, key=free.get)` returns the key with the smallest value, the first one of equal ones."
# success: >-
#   Requests go where a copy is free first, and a copy that is not healthy gets none. Good load balancing shortens the
#   queue with the same machines; it cannot make the work of one request any shorter.


# %% answer: least_busy
# Choose the healthy copy that is free first
def least_busy(arrivals: list, durations: list, healthy: list) -> list:  # stub
    """Return the number of the copy that serves each request.

    arrivals: n times in seconds, ascending. durations: n lengths of the work. healthy: True or False for each copy, at
    least one True. A copy is free from 0.0 on, and serves its requests one after the other, none before its arrival.
    """
    free = {copy: 0.0 for copy, is_healthy in enumerate(healthy) if is_healthy}
    chosen = []
    for arrival, duration in zip(arrivals, durations, strict=True):
        copy = min(free, key=free.get)
        free[copy] = max(free[copy], arrival) + duration
        chosen.append(copy)
    return chosen


# %% check: least_busy
from scalable_ai.checks import exercise

with exercise("least_busy") as check:
    got = least_busy([0.0, 1.0, 2.0, 3.0], [5.0, 1.0, 1.0, 1.0], [True, True])
    check.equal(got, [0, 1, 1, 1], "a long request, then short ones", likely="Copy 0 is busy until 5.")
    got = least_busy([0.0, 0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 1.5, 1.0], [True, True, True])
    likely = "Of equal times take the lowest number; a copy that is busy starts the next one when it is free."
    check.equal(got, [0, 1, 2, 0, 1], "five at once", likely=likely)
    got = least_busy([0.0, 0.1, 0.2], [1.0, 1.0, 1.0], [False, True, False])
    check.equal(got, [1, 1, 1], "one healthy copy of three", likely="Leave out copies that are not healthy.")
    got = least_busy([0.0, 0.0, 10.0, 10.5], [6.0, 1.0, 3.0, 1.0], [True, True])
    likely = "A copy that stands idle starts a request when it arrives, not when it became free."
    check.equal(got, [0, 1, 1, 0], "a pause in between", likely=likely)

# %% [markdown]
# Compare the two rules for one to six copies. The figure shows the mean wait, which excludes the work itself.

# %%
numbers = list(range(1, 7))
rules = {
    "in turn": lambda copies: [number % copies for number in range(200)],
    "free first": lambda copies: least_busy(arrivals, durations, [True] * copies),
}
mean_wait = {
    name: [float(np.mean(waits(arrivals, durations, rule(copies)))) for copies in numbers]
    for name, rule in rules.items()
}
for name, line in mean_wait.items():
    print(f"{name:10}", [round(value, 3) for value in line])

# %%
import matplotlib.pyplot as plt

from scalable_ai.figures import show

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for (name, line), style in zip(mean_wait.items(), ["o--", "s-"], strict=True):
    ax.plot(numbers, line, style, label=name)
ax.axhline(np.mean(durations), color="grey", linestyle=":", label="mean work of one request")
ax.set(xlabel="copies", ylabel="seconds", title="Mean wait for a copy")
ax.set_yscale("symlog", linthresh=0.01)
ax.legend()
show(
    fig,
    "Mean wait in seconds against one to six copies, for requests dealt out in turn and for requests sent to the copy "
    "that is free first. Both curves fall towards zero, the second faster; a dotted line marks the mean work.",
)

# %% [markdown]
# Both curves fall, and the better rule gets by with fewer copies. Then look at the dotted line, the work of one
# request. No number of copies moves it. More machines shorten the queue, and once nobody waits a further one adds only
# cost.

# %% [markdown]
# ## MLflow as the shelf
#
# A service should fetch its model from a place that knows how it was made. MLflow keeps its records in a database,
# here SQLite in a temporary folder, so nothing leaves your machine. It also reports usage to its makers unless told
# not to, which the first lines do. Its notes about creating tables are silenced.

# %%
import logging
import os
import tempfile
from pathlib import Path

os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
import mlflow
import mlflow.pytorch

logging.getLogger("mlflow").setLevel(logging.ERROR)
shelf = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
store = Path(shelf.name)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    mlflow.set_tracking_uri(f"sqlite:///{store / 'mlflow.db'}")
    experiment = mlflow.create_experiment("tiles", artifact_location=(store / "models").as_uri())
print("experiment:", experiment)

# %% [markdown]
# `log_model` exports the network as in lesson 4.3, from an example whose batch has more than one row. It also derives
# a signature from the example, which is the contract of the model. The requirements are given, so that MLflow need not
# find them out.

# %%
with mlflow.start_run(experiment_id=experiment) as run:
    mlflow.log_params({"hidden": 32, "epochs": 100})
    mlflow.log_metric("test_accuracy", accuracy)
    info = mlflow.pytorch.log_model(
        model.eval(), name="tiles", input_example=test_rows[:2].numpy(), pip_requirements=["torch"]
    )
print("inputs: ", info.signature.inputs)
print("outputs:", info.signature.outputs)

# %%
shelved = mlflow.pytorch.load_model(info.model_uri)
with torch.inference_mode():
    print("largest difference:", (shelved(test_rows) - model(test_rows)).abs().max().item())
made = mlflow.get_run(run.info.run_id).data
print("made with", made.params, "and reached", made.metrics)
for file in sorted(store.rglob("*.pt2")):
    print(file.name, file.stat().st_size, "bytes")

# %% [markdown]
# The signature says 12 numbers in a row and leaves the number of rows open, which it writes as -1. The loaded model
# gives the scores of the original without its class, and the run says how it was made. Had you given an example with
# one row, the file would have accepted one row only, for the reason you met in lesson 4.3.

# %% note [markdown]
# Other tools cover the same ground with other weights. MLflow can serve a logged model itself, TensorFlow Serving
# serves TensorFlow's saved models, and several servers read ONNX files directly. The terms stay: contract, health,
# batches, copies, records.

# %% quiz: refused_request [markdown]
# question: >-
#   A client calls a service that runs as three copies behind a load balancer. Its request comes back with status 422.
#   What should the client do?
# options:
#   - text: Mend the request, since no copy will accept it as it is
#     right: true
#     why: >-
#       A 422 says that the request broke the contract and where. The service is well, and sending the same request
#       again, to any copy, gives the same refusal.
#   - text: Send the same request again until it is accepted
#     why: >-
#       Repeating helps against a passing fault, such as a copy that was just being replaced. A broken contract does not
#       pass, so this only adds load.
#   - text: Ask the load balancer for another copy
#     why: >-
#       All copies run the same app with the same contract. Another copy helps when one is down, which shows as no
#       answer or as a status from 500 on.
#   - text: Report that the model is broken
#     why: >-
#       The model never saw the request. Validation stands before it, which is why the answer came with a reason.
# points: 1

# %% recap [markdown]
# - A service is a contract: pydantic checks it, 422 explains a refusal, a health path says who may serve.
# - Batching saves entry fees, load balancing shortens queues, and neither makes the work of one request shorter.
# - Take the model from a shelf that knows how it was made, and stop whatever you have started.
