"""Hidden checks of lesson 4.4: a service with a contract, one call for all who wait, load balancing."""

import numpy as np

from scalable_ai.grading.hidden import compare, hidden

# --- endpoint --------------------------------------------------------------------------------------------------------

PREDICT = "/v1/models/tiles:predict"


def rows_of(rng, count, length=12):
    """Draw rows of numbers from 0 to 1."""
    return rng.random((count, length)).round(4).tolist()


def send(check, learner, trials):
    """Send other requests to the learner's app and return its [status, body] for each."""
    replies = learner.rerun("endpoint", {"trials": trials}, ["replies"])["replies"]
    is_complete = isinstance(replies, list) and len(replies) == len(trials)
    check.that(is_complete, "one reply for each trial", got=type(replies).__name__, likely="Leave the last line as is.")
    return replies


@hidden("endpoint", "The health path")
def health(check, learner, reference, rng):
    good, posted = send(check, learner, [["GET", "/health"], ["POST", "/health", {}]])
    check.equal(good, [200, {"status": "ok"}], "GET /health", likely="The method that reads is GET.")
    check.equal(posted[0], 405, "the status of POST /health", likely="The health path is for reading only.")


@hidden("endpoint", "Predictions for one and for several instances", weight=2)
def predictions(check, learner, reference, rng):
    trials = [["POST", PREDICT, {"instances": rows_of(rng, count)}] for count in (1, int(rng.integers(2, 9)))]
    replies = send(check, learner, trials)
    for (_, _, body), (status, got) in zip(trials, replies, strict=True):
        likely = "A function for POST at the path of the trials, whose parameter is of your request class."
        check.equal(status, 200, "the status of a valid request", likely=likely)
        expected = {"predictions": reference.call("score", body["instances"])}
        likely = "A dictionary with the key predictions, and a list of ten for each instance in order."
        check.equal(got, expected, "the body of the reply", likely=likely, tolerance=1e-4)


@hidden("endpoint", "Rows of another length")
def wrong_lengths(check, learner, reference, rng):
    for length, likely in [
        (11, "A row with fewer than 12 numbers is refused by the contract, not by the network."),
        (13, "A row with more than 12 numbers is refused too: there is an upper limit as well."),
    ]:
        body = {"instances": rows_of(rng, 2) + rows_of(rng, 1, length)}
        ((status, _),) = send(check, learner, [["POST", PREDICT, body]])
        check.equal(status, 422, f"the status for a row of {length}", likely=likely)


@hidden("endpoint", "Requests without rows, under another key, or of another kind")
def broken_requests(check, learner, reference, rng):
    for what, body, likely in [
        ("no rows", {"instances": []}, "A request has at least one row."),
        ("another key", {"inputs": rows_of(rng, 1)}, "The key is instances, as in TensorFlow Serving's shape."),
        ("one bracket too few", {"instances": rows_of(rng, 1)[0]}, "Instances are a list of rows."),
        ("words", {"instances": [["warm"] * 12]}, "A row holds numbers."),
    ]:
        ((status, _),) = send(check, learner, [["POST", PREDICT, body]])
        check.equal(status, 422, f"the status for {what}", likely=likely)


@hidden("endpoint", "Other models, other methods")
def other_paths(check, learner, reference, rng):
    name = "".join(rng.choice(list("abcdefgh"), 5))
    body = {"instances": rows_of(rng, 1)}
    other, read, good = send(
        check,
        learner,
        [["POST", f"/v1/models/{name}:predict", body], ["GET", PREDICT], ["POST", PREDICT, body]],
    )
    check.equal(good[0], 200, "the status of a valid request", likely="Predictions are asked for with POST.")
    check.equal(other[0], 404, "the status for a model that is not there", likely="Only the model tiles is served.")
    check.equal(read[0], 405, "the status of GET at the path of predictions", likely="Use POST there, nothing else.")


# --- one_call --------------------------------------------------------------------------------------------------------


def queue(rng):
    """Draw waiting requests with different numbers of instances."""
    counts = rng.permutation([1, 2, 3, int(rng.integers(4, 8))])
    return {"waiting": [{"instances": rows_of(rng, int(count))} for count in counts]}


compare(
    "one_call",
    given=queue,
    want=["together"],
    tolerance=1e-4,
    weight=2,
    likely="Each request gets as many predictions as it had instances, its own ones, in order.",
)
compare(
    "one_call",
    given=queue,
    want=["call_sizes"],
    likely="Collect the instances of all requests first; then the model is called once.",
)

# --- least_busy ------------------------------------------------------------------------------------------------------


def load(rng, healthy=(True, True, True)):
    """Draw a load with long and short requests for some copies; in whole hundredths, so that sums are exact enough."""
    count = int(rng.integers(20, 40))
    arrivals = np.sort(rng.integers(0, 1000, count)) / 128
    durations = np.where(rng.random(count) < 0.3, 256, rng.integers(8, 64, count)) / 128
    return arrivals.tolist(), durations.tolist(), list(healthy)


compare(
    "least_busy",
    call="least_busy",
    args=load,
    weight=2,
    likely="The copy whose free time is earliest; it then starts at its free time or at the arrival, if that is later.",
)


@hidden("least_busy", "Copies that are not healthy")
def unhealthy_copies(check, learner, reference, rng):
    for _ in range(3):
        healthy = rng.permutation([True, True, False, False, True]).tolist()
        given = load(rng, healthy)
        got = learner.call("least_busy", *given)
        check.that(
            isinstance(got, list | tuple),
            "a list of numbers",
            got=type(got).__name__,
            likely="Return the numbers of all requests in one list.",
        )
        likely = "Leave copies that are not healthy out, and keep the numbers of the others."
        check.equal(got, reference.call("least_busy", *given), "least_busy(…)", likely=likely)


@hidden("least_busy", "A quiet time, when all copies stand idle")
def quiet_time(check, learner, reference, rng):
    start = float(rng.integers(20, 90))
    got = learner.call("least_busy", [0.0, 0.0, start, start + 0.25], [6.0, 1.0, 3.0, 0.5], [True, True])
    likely = "After a pause a copy starts at the arrival; adding the work to an old free time forgets the pause."
    check.equal(got, [0, 1, 1, 0], "least_busy(…)", likely=likely)
