"""Hidden checks of lesson 2.3: parameters counted, a classifier built, two linear layers merged into one."""

import torch

from scalable_ai.grading.hidden import compare, hidden

# --- count_parameters ------------------------------------------------------------------------------------------------


def some_widths(rng):
    """Draw a network of one to five layers."""
    return ([int(width) for width in rng.integers(1, 400, int(rng.integers(2, 7)))],)


compare(
    "count_parameters",
    call="count_parameters",
    args=some_widths,
    likely="Each layer has inputs times outputs weights and one bias for each output; add up all layers.",
    weight=2,
)


@hidden("count_parameters", "A single layer, and widths left as they were")
def single_layer(check, learner, reference, rng):
    for inputs, outputs in rng.integers(1, 50, (4, 2)).tolist():
        likely = "One layer has inputs times outputs weights, and as many biases as outputs."
        got = learner.call("count_parameters", [inputs, outputs])
        check.equal(got, inputs * outputs + outputs, f"count_parameters([{inputs}, {outputs}])", likely=likely)


# --- build -----------------------------------------------------------------------------------------------------------


def line(rng):
    """Draw another camera: image size, widths, parameters and a batch, so that scores of both signs occur."""
    channels, height, width = (int(number) for number in rng.integers([1, 3, 3], [4, 7, 7]))
    inputs = channels * height * width
    hidden_width, classes = (int(number) for number in rng.permutation([5, 6, 7, 8])[:2])
    shapes = [(hidden_width, inputs), (hidden_width,), (classes, hidden_width), (classes,)]
    weight1, bias1, weight2, bias2 = (torch.from_numpy(rng.normal(size=shape)).float() for shape in shapes)
    return {
        "widths": [inputs, hidden_width, classes],
        "tensors": [weight1 / inputs**0.5, bias1, weight2, bias2],
        "batch": torch.from_numpy(rng.random((int(rng.integers(2, 5)), channels, height, width))).float(),
    }


def logits_of(check, learner, given):
    """Return the learner's logits, once they are a tensor of the right shape."""
    got = learner.rerun("build", given, ["logits"])["logits"]
    shape = (len(given["batch"]), given["widths"][2])
    check.that(isinstance(got, torch.Tensor), "a tensor of logits", type(got).__name__, "Return what comes out.")
    likely = "One row for each image, one score for each class: flatten from dimension 1 on."
    check.that(tuple(got.shape) == shape, f"logits of shape {shape}", f"shape {tuple(got.shape)}", likely)
    return got


def by_hand(given, between=True):
    """Return the logits, with or without the ReLU between the layers."""
    weight1, bias1, weight2, bias2 = given["tensors"]
    values = given["batch"].flatten(1) @ weight1.T + bias1
    return (values.clamp(min=0) if between else values) @ weight2.T + bias2


@hidden("build", "Other images, other sizes: the shape of the logits")
def shapes(check, learner, reference, rng):
    for _ in range(3):
        logits_of(check, learner, line(rng))
    given = line(rng)
    logits_of(check, learner, {**given, "batch": given["batch"][:1]})


@hidden("build", "A bend between the layers")
def bend(check, learner, reference, rng):
    given = line(rng)
    got = logits_of(check, learner, given)
    likely = "Without ReLU between them the two linear layers are worth one."
    same = torch.allclose(got, by_hand(given, between=False), atol=1e-4)
    check.that(not same, "a ReLU between the layers", "what the linear layers give alone", likely)
    check.that(torch.isfinite(got).all().item(), "finite numbers", "others", "Return the output of the last layer.")


@hidden("build", "Logits as they come out of the last layer")
def no_end(check, learner, reference, rng):
    given = line(rng)
    weight1, bias1, weight2, bias2 = given["tensors"]
    given["tensors"] = [weight1, bias1, weight2, bias2 - 4]
    got = logits_of(check, learner, given)
    likely = "Nothing comes after the last layer: logits may be negative, and they do not add up to 1."
    check.that((got < 0).any().item(), "negative logits among them", "none below zero", likely)
    # A logarithm of probabilities is negative too; a larger bias for all classes would not change it.
    given["tensors"] = [weight1, bias1, weight2, bias2 + 4]
    raised = logits_of(check, learner, given)
    check.that((raised > 0).any().item(), "logits that rise with the last bias", "logits that stay", likely)


@hidden("build", "The logits themselves", weight=2)
def values(check, learner, reference, rng):
    for _ in range(3):
        given = line(rng)
        likely = (
            "Linear, ReLU, linear, in this order, from the flattened image; parts are stored as attributes of `self`, "
            "so that their parameters are found."
        )
        check.equal(logits_of(check, learner, given), by_hand(given), "logits", likely=likely, tolerance=1e-4)


# --- collapse --------------------------------------------------------------------------------------------------------


def two_layers(rng, inputs, between, outputs):
    """Draw weight and bias of two layers in a row."""
    shapes = [(between, inputs), (between,), (outputs, between), (outputs,)]
    return tuple(torch.from_numpy(rng.normal(size=shape)).float() for shape in shapes)


def same_layer(check, learner, reference, given, parts, likely):
    """Demand weight, bias or both of the merged layer."""
    got, expected = learner.call("collapse", *given), reference.call("collapse", *given)
    check.that(isinstance(got, tuple | list) and len(got) == 2, "weight and bias", type(got).__name__, "Return both.")
    for part in parts:
        check.equal(got[part], expected[part], ("weight", "bias")[part], likely=likely, tolerance=1e-4)


@hidden("collapse", "The weight of the merged layer", weight=2)
def merged_weight(check, learner, reference, rng):
    likely = "The second weight stands on the left, and rows are multiplied with columns, also where all sizes agree."
    for sizes in ([7, 5, 3], [4, 4, 4], [3, 8, 6]):
        same_layer(check, learner, reference, two_layers(rng, *sizes), [0], likely)


@hidden("collapse", "The bias of the merged layer", weight=2)
def merged_bias(check, learner, reference, rng):
    likely = "The first bias passes through the second weight, and the second bias is added to that."
    for sizes in ([6, 5, 2], [4, 4, 4], [2, 3, 3]):
        same_layer(check, learner, reference, two_layers(rng, *sizes), [1], likely)


@hidden("collapse", "The given layers stay as they were, and nothing of the lesson's is used")
def layers_unchanged(check, learner, reference, rng):
    weight1, bias1, weight2, bias2 = two_layers(rng, 5, 4, 4)
    nothing = (torch.zeros_like(weight1), bias1, weight2, torch.zeros_like(bias2))
    likely = "Compute from the four arguments alone."
    same_layer(check, learner, reference, nothing, [0, 1], likely)
    given = two_layers(rng, 3, 4, 2)
    _, after = learner.call_and_keep("collapse", *given)
    likely = "`+=` and methods with a trailing underscore write over what they are given; make new tensors."
    for name, before, left in zip(["weight1", "bias1", "weight2", "bias2"], given, after, strict=True):
        check.equal(left, before, name, likely=likely)
