"""Hidden checks of capstone 4: a metric and a count, a round trip, three formats, a contract, a release by the log."""

import uuid

import numpy as np
import torch

from scalable_ai.grading.hidden import compare, hidden

SHAPES = {
    "layers.0.weight": (16, 3, 3, 3),
    "layers.0.bias": (16,),
    "layers.1.weight": (16,),
    "layers.1.bias": (16,),
    "layers.1.running_mean": (16,),
    "layers.1.running_var": (16,),
    "layers.5.weight": (10, 1024),
    "layers.5.bias": (10,),
}


def other_weights(rng):
    """Draw other weights for the network, with other statistics of its batch normalization."""
    weights = {name: torch.tensor(rng.normal(size=shape)).float() * 0.3 for name, shape in SHAPES.items()}
    weights["layers.1.running_var"] = torch.tensor(rng.uniform(0.5, 2, 16)).float()
    weights["layers.1.num_batches_tracked"] = torch.tensor(int(rng.integers(1, 99)))
    order = [*list(SHAPES)[:6], "layers.1.num_batches_tracked", *list(SHAPES)[6:]]
    return {name: weights[name] for name in order}


def thumbnails(rng, count):
    """Draw thumbnails with values from 0 to 1."""
    return torch.tensor(rng.random((count, 3, 8, 8))).float()


# --- measured_twice --------------------------------------------------------------------------------------------------


def uneven_batches(rng):
    """Draw batches of unequal size and of unequal difficulty, with rare classes and one that is absent."""
    num_classes = int(rng.integers(4, 8))
    shares = np.array([*rng.dirichlet(np.ones(num_classes - 1) * 0.8 + 0.2), 0.0])
    batches = []
    for size, hardness in [(int(rng.integers(30, 60)), 0.5), (int(rng.integers(10, 20)), 3.0), (3, 6.0)]:
        labels = rng.choice(num_classes, size, p=shares)
        scores = rng.normal(size=(size, num_classes)) * hardness
        scores[np.arange(size), labels] += 2
        batches.append((torch.tensor(scores).float(), torch.tensor(labels)))
    return batches, num_classes


def measured(check, learner, reference, rng, name, likely):
    """Demand the reference's value of one entry on three draws of batches."""
    for _ in range(3):
        batches, num_classes = uneven_batches(rng)
        got = learner.call("measure", batches, num_classes)
        is_report = isinstance(got, dict) and name in got
        check.that(
            is_report,
            f"a dictionary with the key '{name}'",
            got=type(got).__name__,
            likely="Return one dictionary with the keys that the task names.",
        )
        expected = reference.call("measure", batches, num_classes)[name]
        check.equal(got[name], expected, name, likely=likely)


@hidden("measured_twice", "`metric` on batches of unequal size")
def metric(check, learner, reference, rng):
    likely = "All images count alike, over all batches: `average='micro'`, then update, then compute once."
    measured(check, learner, reference, rng, "metric", likely)


@hidden("measured_twice", "`by_hand` on batches of unequal size")
def by_hand(check, learner, reference, rng):
    likely = "Divide all right images by all images; a mean of batch values weighs small batches too much."
    measured(check, learner, reference, rng, "by_hand", likely)


@hidden("measured_twice", "`by_class`, with rare classes and one that is absent", weight=2)
def by_class(check, learner, reference, rng):
    likely = "Count under the true label, divide by what was seen of it, and give None where nothing was seen."
    measured(check, learner, reference, rng, "by_class", likely)


# --- round_trip ------------------------------------------------------------------------------------------------------


def hand_over(rng):
    """Draw other weights and images."""
    return {"weights": other_weights(rng), "images": thumbnails(rng, int(rng.integers(5, 30)))}


compare(
    "round_trip",
    given=hand_over,
    want=["restored_scores"],
    repeats=2,
    tolerance=1e-4,
    weight=2,
    likely="The loaded weights belong into the new network, and it scores in evaluation mode.",
)


@hidden("round_trip", "What the receiving side got")
def received(check, learner, reference, rng):
    given = hand_over(rng)
    got = learner.rerun("round_trip", given, ["received"])["received"]
    check.that(
        isinstance(got, dict),
        "a dictionary",
        got=type(got).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    likely = "Only names and numbers go into the file, so what is loaded is a state dict."
    check.equal(got.get("names"), list(given["weights"]), "the names", likely=likely)
    likely = "`.eval()` leaves training mode; dropout and batch normalization depend on it."
    check.equal(got.get("training"), False, "training mode", likely=likely)
    likely = "Inside `torch.inference_mode()` nothing is recorded for a backward pass."
    check.equal(got.get("gradients"), False, "gradients of the scores", likely=likely)


@hidden("round_trip", "Loading refuses code")
def refuses_code(check, learner, reference, rng):
    # Behaviour cannot tell: a plain file loads either way. So the call itself is looked at; safe is the default.
    text = learner.source("round_trip").replace(" ", "")
    likely = "Ask for what refuses everything but numbers: `weights_only=True`."
    is_safe = "torch.load(" in text and "weights_only=False" not in text and "pickle" not in text
    check.that(is_safe, "safe loading", got="loading that may run code", likely=likely)
    # An answer that does nothing has no scores.
    given = hand_over(rng)
    shape = tuple(learner.rerun("round_trip", given, ["restored_scores"])["restored_scores"].shape)
    check.equal(
        shape,
        (len(given["images"]), 10),
        "the shape of the scores",
        likely="One row for each image, one column for each class.",
    )


# --- three_formats ---------------------------------------------------------------------------------------------------


def other_loads(rng):
    """Draw other weights, and loads of one, of some and of many thumbnails."""
    sizes = [1, int(rng.integers(3, 9)), int(rng.integers(20, 60))]
    return {"weights": other_weights(rng), "loads": [thumbnails(rng, size) for size in sizes]}


compare(
    "three_formats",
    given=other_loads,
    want=["traced_scores", "exported_scores", "onnx_scores"],
    repeats=1,
    tolerance=1e-4,
    time_limit=60,
    likely={
        "traced_scores": "Trace these weights in evaluation mode, then run every load.",
        "exported_scores": "Export these weights in evaluation mode with the size declared open, then run every load.",
        "onnx_scores": "The session reads the file that was just written, with the size declared open.",
    },
)

# --- contract --------------------------------------------------------------------------------------------------------

PREDICT = "/v1/models/thumbs:predict"


def send(check, learner, trials):
    """Send other requests to the learner's app and return its [status, body] for each."""
    replies = learner.rerun("contract", {"trials": trials}, ["replies"])["replies"]
    is_complete = isinstance(replies, list) and len(replies) == len(trials)
    check.that(is_complete, "one reply for each trial", got=type(replies).__name__, likely="Leave the last line as is.")
    return replies


@hidden("contract", "Health, and predictions for one and for several thumbnails", weight=2)
def predictions(check, learner, reference, rng):
    bodies = [{"instances": thumbnails(rng, count).tolist()} for count in (1, int(rng.integers(2, 6)))]
    (health, *replies) = send(check, learner, [["GET", "/health"], *(["POST", PREDICT, body] for body in bodies)])
    check.equal(health, [200, {"status": "ok"}], "the health path", likely="Start from `new_app()`.")
    for body, (status, got) in zip(bodies, replies, strict=True):
        likely = "A function for POST at `address`, whose parameter is of your request class."
        check.equal(status, 200, "the status of a valid request", likely=likely)
        expected = {"predictions": reference.call("classify", body["instances"])}
        likely = "A dictionary with the key predictions and one entry for each instance, in order."
        check.equal(got, expected, "the body of the reply", likely=likely, tolerance=1e-3)


@hidden("contract", "Thumbnails of another shape")
def other_shapes(check, learner, reference, rng):
    for shape in [(2, 1, 8, 8), (1, 3, 9, 8), (2, 3, 8, 1), (1, 4, 8, 8)]:
        body = {"instances": rng.random(shape).round(3).tolist()}
        ((status, _),) = send(check, learner, [["POST", PREDICT, body]])
        likely = "Compare all dimensions behind the first one with (3, 8, 8), and raise `ValueError`."
        check.equal(status, 422, f"the status for instances of shape {list(shape)}", likely=likely)


@hidden("contract", "Requests without instances, ragged, or nested otherwise")
def broken_requests(check, learner, reference, rng):
    ragged = thumbnails(rng, 1).tolist()
    ragged[0][1][2] = ragged[0][1][2][:5]
    mixed = thumbnails(rng, 1).tolist() + rng.random((1, 3, 8, 7)).round(3).tolist()
    worded = thumbnails(rng, 1).tolist()
    worded[0][1][2][3] = "dark"
    for what, body, likely in [
        ("no instances", {"instances": []}, "Demand at least one instance."),
        ("one thumbnail without a list", {"instances": thumbnails(rng, 1).tolist()[0]}, "There are four levels."),
        ("another key", {"images": thumbnails(rng, 1).tolist()}, "The key is instances."),
        ("a second thumbnail of another shape", {"instances": mixed}, "Every instance counts, not only the first."),
        ("a text among the numbers", {"instances": worded}, "Say in the type that the innermost level holds floats."),
        ("a ragged row", {"instances": ragged}, "A row of another length must be refused, not crash."),
    ]:
        ((status, _),) = send(check, learner, [["POST", PREDICT, body]])
        check.equal(status, 422, f"the status for {what}", likely=likely)


# --- logbook ---------------------------------------------------------------------------------------------------------


def rehearsal(rng, passing=True):
    """Draw candidates of a new release, some within the tolerance, one at it and one above; names tell nothing."""
    tolerance = float(rng.choice([0.002, 0.005, 0.02]))
    factors = [0.01, 0.5, 1.0, 1.5, 40.0] if passing else [1.5, 3.0, 40.0]
    accuracies = rng.choice(np.arange(30, 90), len(factors), replace=False) / 100
    accuracies[-1] = 0.95  # the most accurate is outside the tolerance
    candidates = [
        {
            "name": "".join(rng.choice(list("abcdefgh"), 6)),
            "params": {"format": str(rng.choice(["onnx", "pt2"])), "bits": int(rng.choice([8, 16, 32]))},
            "metrics": {"gap": tolerance * factor, "accuracy": float(accuracy)},
        }
        for factor, accuracy in zip(factors, accuracies, strict=True)
    ]
    candidates = shuffled(rng, candidates, tolerance)
    # A name that no log holds yet, whoever shares the log.
    release = f"release-{uuid.uuid4().hex}"
    return {"release": release, "tolerance": tolerance, "candidates": candidates}


def shuffled(rng, candidates, tolerance):
    """Put candidates into an order in which those within the tolerance neither rise nor fall in accuracy."""
    while True:
        order = [candidates[place] for place in rng.permutation(len(candidates))]
        found = [one["metrics"]["accuracy"] for one in order if one["metrics"]["gap"] <= tolerance]
        if len(found) < 3 or found not in (sorted(found), sorted(found, reverse=True)):
            return order


def from_the_log(check, learner, rng, name, likely, passing=True):
    """Demand what follows from the candidates by the rule, worked out here without a log."""
    given = rehearsal(rng, passing)
    within = [one for one in given["candidates"] if one["metrics"]["gap"] <= given["tolerance"]]
    within.sort(key=lambda one: -one["metrics"]["accuracy"])
    expected = {
        "ranking": [one["name"] for one in within],
        "settings": {one["name"]: {key: str(value) for key, value in one["params"].items()} for one in within},
        "released": within[0]["name"] if within else None,
    }
    got = learner.rerun("logbook", given, list(expected))
    if name == "released" and not within:
        check.that(got["ranking"] == [], "an empty ranking", got="names", likely=likely)
    check.equal(got[name], expected[name], name, likely=likely)


@hidden("logbook", "`ranking` of other candidates", time_limit=30)
def ranking(check, learner, reference, rng):
    likely = "The rule is a gap of at most the tolerance, and the order is by accuracy, the highest first."
    from_the_log(check, learner, rng, "ranking", likely)


@hidden("logbook", "`settings` of other candidates", time_limit=30)
def settings(check, learner, reference, rng):
    likely = "Each run bears its candidate's name and keeps its params."
    from_the_log(check, learner, rng, "settings", likely)


@hidden("logbook", "`released` among other candidates", time_limit=30)
def released(check, learner, reference, rng):
    likely = "The first of the ranking; the most accurate of all may lie outside the tolerance."
    from_the_log(check, learner, rng, "released", likely)


@hidden("logbook", "No candidate within the tolerance", time_limit=30)
def nothing_released(check, learner, reference, rng):
    likely = "Where nothing passes, nothing is released: None."
    from_the_log(check, learner, rng, "released", likely, passing=False)
