"""Hidden checks of lesson 1.2: parts and price of a batch, normalizing by channel, a gradient in two ways."""

import ast

import torch

from scalable_ai.grading.hidden import compare, hidden

# --- inspect ---------------------------------------------------------------------------------------------------------


def other_batch(rng):
    """Draw a batch of another size whose values use the whole range of uint8."""
    return {"batch": torch.from_numpy(rng.integers(0, 256, (int(rng.integers(2, 9)), 3, 32, 32)).astype("uint8"))}


compare(
    "inspect",
    given=other_batch,
    want=["red", "middle", "brighter", "num_bytes"],
    repeats=3,
    likely={
        "red": "Keep all images with a colon; the channel is the second dimension.",
        "middle": "Rows and columns are the last two dimensions, with a margin of 4 on each side.",
        "brighter": "Widen before adding, cut off at 255 before narrowing to uint8.",
        "num_bytes": "It is the count of numbers times the bytes of one number.",
    },
)


@hidden("inspect", "`num_bytes` follows the dtype")
def bytes_follow_dtype(check, learner, reference, rng):
    batch = other_batch(rng)["batch"].to(torch.int16)
    got = learner.rerun("inspect", {"batch": batch}, ["num_bytes"])["num_bytes"]
    likely = "Numbers of other dtypes take more than one byte; `.element_size()` knows how many."
    check.equal(got, batch.numel() * batch.element_size(), "num_bytes of an int16 batch", likely=likely)


@hidden("inspect", "The batch stays as it was")
def batch_unchanged(check, learner, reference, rng):
    given = other_batch(rng)
    after = learner.rerun("inspect", given, ["batch", "brighter"])["batch"]
    check.equal(after, given["batch"], "batch", likely="An underscore method, `+=` or an assignment changed the input.")


# --- normalize -------------------------------------------------------------------------------------------------------


def photographs(rng, num_images, num_channels, height, width):
    """Draw uint8 images whose channels, and whose images, differ in brightness and contrast."""
    level = rng.uniform(60, 190, (num_images, num_channels, 1, 1))
    contrast = rng.uniform(10, 30, (1, num_channels, 1, 1))
    values = level + contrast * rng.normal(size=(num_images, num_channels, height, width))
    return torch.from_numpy(values.clip(0, 255).astype("uint8"))


def normalized(check, learner, images):
    """Return what the learner's function gives, once it is a float32 tensor of the right shape."""
    got = learner.call("normalize", images)
    check.that(isinstance(got, torch.Tensor), "a tensor", got=type(got).__name__, likely="Return the result.")
    shape = tuple(images.shape)
    check.that(
        tuple(got.shape) == shape,
        f"the shape of the images, {shape}",
        got=f"{tuple(got.shape)}",
        likely="Every number is moved and scaled in its place: the result is as large as the batch.",
    )
    likely = "Convert the images before computing with them."
    check.that(got.dtype == torch.float32, "dtype torch.float32", got=str(got.dtype), likely=likely)
    return got


def same_images(check, learner, reference, images, likely):
    """Demand the reference's values, with room for either kind of standard deviation (N or N - 1)."""
    got, expected = normalized(check, learner, images), reference.call("normalize", images)
    check.equal(got, expected, "normalize(images)", likely=likely, tolerance=1e-2)


@hidden("normalize", "Batches and crops of other sizes")
def other_sizes(check, learner, reference, rng):
    for _ in range(3):
        sizes = [int(size) for size in rng.integers([4, 2, 9, 20], [9, 6, 20, 30])]
        likely = "Mean and deviation run over the dimensions 0, 2 and 3, one number for each channel."
        same_images(check, learner, reference, photographs(rng, *sizes), likely)


@hidden("normalize", "As many columns as channels")
def silent_axis(check, learner, reference, rng):
    images = photographs(rng, int(rng.integers(12, 20)), 3, 11, 3)
    likely = "Without two more dimensions of size 1 the channel's numbers meet the columns, silently."
    same_images(check, learner, reference, images, likely)


@hidden("normalize", "A single image")
def single_image(check, learner, reference, rng):
    images = photographs(rng, 1, 3, int(rng.integers(15, 24)), int(rng.integers(24, 32)))
    same_images(check, learner, reference, images, "The function may not rely on the batch of the lesson.")


# --- gradient --------------------------------------------------------------------------------------------------------


def camera(rng):
    """Draw another set of images, gain and target."""
    return {
        "brightness": torch.from_numpy(rng.uniform(0.1, 0.9, int(rng.integers(5, 40)))).float(),
        "gain": float(rng.uniform(0.3, 2.0)),
        "target": float(rng.uniform(0.3, 0.8)),
    }


def same_derivative(check, learner, reference, rng, name, likely):
    """Re-run the answer on three other cameras and demand the reference's derivative, as one number."""
    for _ in range(3):
        given = camera(rng)
        expected = reference.rerun("gradient", given, [name])[name]
        got = learner.rerun("gradient", given, [name])[name]
        if isinstance(got, torch.Tensor) and got.numel() == 1:
            got = got.item()
        check.equal(got, float(expected), name, likely=likely, tolerance=1e-4)


@hidden("gradient", "`by_autograd` on new inputs")
def autograd_is_right(check, learner, reference, rng):
    likely = "The loss is the mean of the squared error, and its derivative is stored on the marked tensor."
    same_derivative(check, learner, reference, rng, "by_autograd", likely)


@hidden("gradient", "`by_hand` on new inputs, and not from autograd")
def hand_is_right(check, learner, reference, rng):
    likely = "It is 2 times error times brightness, averaged over the images."
    same_derivative(check, learner, reference, rng, "by_hand", likely)
    # The two derivatives are equal by design, so only the text of the answer tells a copy from a computation.
    try:
        tree = ast.parse(learner.source("gradient"))
    except (SyntaxError, ValueError):  # notebook magic in the cell; its values were right
        return
    assigned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Assign) and _names(node, "by_hand")]
    copied = any(
        (isinstance(part, ast.Attribute) and part.attr == "grad")
        or (isinstance(part, ast.Name) and part.id == "by_autograd")
        for value in assigned
        for part in ast.walk(value)
    )
    likely = "Use the chain rule with error and brightness; a copy of the other result checks nothing."
    check.that(not copied, "a derivative from error and brightness", got="autograd's result again", likely=likely)


def _names(node, name):
    """Return whether an assignment has a name among its targets."""
    return any(isinstance(part, ast.Name) and part.id == name for target in node.targets for part in ast.walk(target))
