"""Hidden checks of lesson 4.3: a decision inside the graph, an open batch size, a parity report."""

import numpy as np
import torch

from scalable_ai.grading.hidden import compare, hidden

# --- no_branches -----------------------------------------------------------------------------------------------------


def cameras(rng):
    """Draw an example of one kind of camera, and batches of either kind and of both mixed."""
    side = int(rng.integers(6, 12))

    def image(kind):
        is_bytes = bool(kind)
        values = rng.uniform(0.05, 0.95, (3, side, side)) * (255 if is_bytes else 1)
        if is_bytes:
            values[0, 0, :2] = rng.uniform(0.3, 0.9, 2)  # dark pixels of a bright image
            values[1, 1, 1] = 250.0
            values[2] /= 255  # a channel that is nearly black
            values[:, -1], values[:, :, -1] = 0.5, 0.5  # and a dark frame
        else:
            values[2, 2, 2] = 1.0  # the brightest there is
        if kind == "night":
            values[:] = rng.uniform(0.05, 0.95, values.shape)
            values[1, 1, 1] = 1.5
        return torch.tensor(values, dtype=torch.float32)

    def batch(*kinds):
        return torch.stack([image(kind) for kind in kinds])

    is_bytes = bool(rng.integers(2))
    trials = [batch(False, False), batch(True, "night"), batch(False, True), batch(True, False)]
    return {"example": batch(is_bytes, is_bytes), "trials": trials}


def unit_images(check, learner, rng, form, batches, likely):
    """Demand of one form that it brings some of the batches to the range from 0 to 1."""
    for _ in range(2):
        given = cameras(rng)
        got = learner.rerun("no_branches", given, ["results"])["results"]
        check.that(
            isinstance(got, dict) and form in got,
            f"results with an entry '{form}'",
            got=type(got).__name__,
            likely="Leave the trials as they are given.",
        )
        outputs = got[form]
        refused = isinstance(outputs, str)
        check.that(not refused, "an output for each batch", got="a refusal of the exporter", likely=likely)
        check.that(
            len(outputs) == len(given["trials"]),
            "one output for each batch",
            got=len(outputs),
            likely="Every batch of the trials is scored; take them from the arguments.",
        )
        for number in batches:
            batch = given["trials"][number]
            bright = batch.amax(dim=(1, 2, 3), keepdim=True) > 1
            expected = torch.where(bright, batch / 255, batch)
            check.equal(outputs[number], expected, f"the {form} form on batch {number}", likely=likely)


@hidden("no_branches", "The module itself, one kind of camera in a batch")
def eager_is_right(check, learner, reference, rng):
    likely = "An image with any value above 1 is divided as a whole, its dark pixels too, in all channels; others stay."
    unit_images(check, learner, rng, "eager", [0, 1], likely)


@hidden("no_branches", "The module itself, both kinds in a batch")
def images_are_apart(check, learner, reference, rng):
    likely = "The maximum of the batch lets one image decide for its neighbours; take one for each image."
    unit_images(check, learner, rng, "eager", [2, 3], likely)


@hidden("no_branches", "The trace, on inputs that its example did not show")
def trace_is_right(check, learner, reference, rng):
    likely = "What Python decides while tracing is frozen; choose with a tensor operation."
    unit_images(check, learner, rng, "traced", [0, 1, 2, 3], likely)


@hidden("no_branches", "The exported program, on inputs that its example did not show")
def export_is_right(check, learner, reference, rng):
    likely = "The exporter refuses an `if` on the values of a tensor; choose with a tensor operation."
    unit_images(check, learner, rng, "exported", [0, 1, 2, 3], likely)


# --- open_batch ------------------------------------------------------------------------------------------------------

SHAPES = {
    "layers.0.weight": (16, 3, 3, 3),
    "layers.0.bias": (16,),
    "layers.2.weight": (32, 16, 3, 3),
    "layers.2.bias": (32,),
    "layers.6.weight": (10, 32 * 7 * 7),
    "layers.6.bias": (10,),
}


def uploads(rng):
    """Draw other weights, and batches of one, of a few and of many images."""
    scale = {name: 1 / np.sqrt(np.prod(shape[1:]) or 1) for name, shape in SHAPES.items()}
    weights = {name: torch.tensor(rng.normal(size=shape) * scale[name]).float() for name, shape in SHAPES.items()}
    sizes = [1, int(rng.integers(3, 9)), int(rng.integers(20, 40))]
    return {"weights": weights, "batches": [torch.tensor(rng.random((size, 3, 32, 32))).float() for size in sizes]}


compare(
    "open_batch",
    given=uploads,
    want=["program_scores", "session_scores"],
    repeats=1,
    tolerance=1e-4,
    time_limit=40,
    likely={
        "program_scores": "Evaluation mode first, then a batch size that is declared open, with an example of two.",
        "session_scores": "The session reads the file of these weights, in evaluation mode and for any batch size.",
    },
)

# --- parity ----------------------------------------------------------------------------------------------------------


def forms(rng):
    """Draw scores and six forms of them: equal, rounded, with one large difference down or up, shuffled, doubled."""
    rows, classes = int(rng.integers(4, 12)), int(rng.integers(3, 8))
    expected = (rng.normal(size=(rows, classes)) * rng.uniform(0.5, 30)).astype("float32")
    outputs = {"equal": expected.copy(), "rounded": expected + rng.normal(size=expected.shape).astype("float32") * 1e-6}
    for name, sign in [("one low", -1), ("one high", 1)]:
        moved = expected.copy()
        moved[rng.integers(rows), rng.integers(classes)] += sign * np.float32(rng.uniform(0.2, 2) * abs(expected).max())
        outputs[name] = moved
    outputs["rolled"] = np.roll(expected, 1, axis=1)
    outputs["doubled"] = expected * 2
    return expected, outputs, float(rng.uniform(1e-3, 0.9))


compare(
    "parity",
    call="parity",
    args=forms,
    weight=2,
    likely="The gap is the largest absolute difference over the largest absolute expected score, and decides alone.",
)

FAILED = {"gap": float("inf"), "same_class": 0.0, "passed": False}


@hidden("parity", "Forms of another shape")
def other_shapes(check, learner, reference, rng):
    expected = np.ones((int(rng.integers(3, 6)), 4), dtype="float32")
    outputs = {
        "one row": expected[:1],
        "a column": expected[:, :1],
        "a vector": expected[0],
        "more rows": np.ones((9, 4), dtype="float32"),
    }
    got = learner.call("parity", expected, outputs, 0.5)
    check.that(
        isinstance(got, dict),
        "a dictionary",
        got=type(got).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    likely = "Compare the shapes before you subtract: broadcasting makes one row pass for all."
    check.equal(got, dict.fromkeys(outputs, FAILED), "the report", likely=likely)


@hidden("parity", "Values that are not finite")
def not_finite(check, learner, reference, rng):
    expected = rng.normal(size=(5, 4)).astype("float32")
    outputs = {}
    for name, value in [("nan", np.nan), ("infinite", np.inf), ("below", -np.inf)]:
        outputs[name] = expected.copy()
        outputs[name][rng.integers(5), rng.integers(4)] = value
    got = learner.call("parity", expected, outputs, 0.5)
    check.that(
        isinstance(got, dict),
        "a dictionary",
        got=type(got).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    likely = "No comparison with a value that is not a number is true, so ask `np.isfinite` first."
    check.equal(got, dict.fromkeys(outputs, FAILED), "the report", likely=likely)


@hidden("parity", "A gap that equals the tolerance, and one just above")
def at_the_limit(check, learner, reference, rng):
    expected = np.array([[4.0, 3.5], [0.0, 2.0]], dtype="float32")
    outputs = {
        "at": expected - np.array([[0, 0], [0, 1]], "float32"),
        "above": expected + np.float32(1.5),
        "another class": np.array([[3.5, 4.0], [0.0, 2.0]], dtype="float32"),
    }
    got = learner.call("parity", expected, outputs, 0.25)
    check.that(
        isinstance(got, dict),
        "a dictionary",
        got=type(got).__name__,
        likely="Return one dictionary with the keys that the task names.",
    )
    likely = "A form passes when its gap is at most the tolerance, whatever its classes are."
    wanted = {
        "at": {"gap": 0.25, "same_class": 1.0, "passed": True},
        "above": {"gap": 0.375, "same_class": 1.0, "passed": False},
        "another class": {"gap": 0.125, "same_class": 0.5, "passed": True},
    }
    check.equal(got, wanted, "the report", likely=likely)
