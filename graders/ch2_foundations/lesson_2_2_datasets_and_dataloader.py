"""Hidden checks of lesson 2.2: a Dataset, two loaders with their orders, an evaluation without shuffled labels."""

import ast

import torch

from scalable_ai.grading.hidden import compare, hidden

# --- dataset ---------------------------------------------------------------------------------------------------------


def archive(rng):
    """Draw images of another size and number, with labels."""
    count, height, width = (int(number) for number in rng.integers([9, 5, 6], [30, 12, 14]))
    return {
        "images": torch.from_numpy(rng.integers(0, 256, (count, 3, height, width)).astype("uint8")),
        "labels": torch.from_numpy(rng.integers(0, 10, count)),
    }


compare(
    "dataset",
    given=archive,
    want=["length", "batch_images", "batch_labels"],
    repeats=3,
    likely={
        "length": "It is the number of examples, one for each label.",
        "batch_images": "Take the image at the index, make it float32, and divide by 255, once.",
        "batch_labels": "The label stands at the same place as the image, and stays a whole number.",
    },
)


@hidden("dataset", "The archive stays as it is, in bytes")
def stays_bytes(check, learner, reference, rng):
    given = archive(rng)
    got = learner.rerun("dataset", given, ["image_set.images", "images", "batch_images"])
    likely = "Convert in `__getitem__`, one image at a time; a float32 copy of everything takes four times the memory."
    kept = got["image_set.images"]
    check.that(getattr(kept, "dtype", None) == torch.uint8, "images kept as torch.uint8", f"{kept.dtype}", likely)
    check.equal(kept, given["images"], "image_set.images", likely="The Dataset wrote over the archive.")
    check.equal(got["images"], given["images"], "images", likely="The Dataset wrote over the archive.")
    check.that(
        got["batch_images"].dtype == torch.float32,
        "a batch of torch.float32",
        f"{got['batch_images'].dtype}",
        likely="Bytes become float32 in `__getitem__`, before they are divided.",
    )
    # The values agree however much is converted on the way, so only the text of the answer tells.
    likely = "Take the image at the index first, and convert only this one."
    got = "all images converted for each example"
    check.that(not converts_all(learner.source("dataset")), "one image converted for an example", got, likely)
    likely = "Read `self.images` and `self.labels`, so that the class serves any archive."
    fixed = reads_globals(learner.source("dataset"))
    check.that(
        not fixed, "methods that read what the object holds", "methods that read the notebook's variables", likely
    )


def methods(source):
    """Return `__len__` and `__getitem__` of the answer; none where the cell holds what is not Python."""
    try:
        nodes = ast.walk(ast.parse(source))
    except (SyntaxError, ValueError):
        return []
    return [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name in ("__len__", "__getitem__")]


def converts_all(source):
    """Return whether a method calculates with, or converts, the images before it takes one of them."""
    for part in (part for method in methods(source) for part in ast.walk(method)):
        operands = [part.left, part.right] if isinstance(part, ast.BinOp) else []
        if isinstance(part, ast.Attribute) and part.attr in (
            "float",
            "double",
            "to",
            "type",
            "div",
            "mul",
            "true_divide",
        ):
            operands = [part.value]
        if any(isinstance(one, ast.Attribute) and one.attr == "images" for one in operands):
            return True
    return False


def reads_globals(source):
    """Return whether a method reads the notebook's `images` or `labels` in place of its object's."""
    for method in methods(source):
        names = [node for node in ast.walk(method) if isinstance(node, ast.Name) and node.id in ("images", "labels")]
        own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        if any(node.id not in own for node in names):
            return True
    return False


# --- loaders ---------------------------------------------------------------------------------------------------------

LOADED = ["epochs", "tested", "num_train_batches", "num_test_batches"]


def run(rng):
    """Draw a number of images that is no multiple of the batch size, and a seed."""
    batch_size = int(rng.integers(6, 14))
    whole, left = int(rng.integers(4, 9)), int(rng.integers(1, batch_size))
    return {"num_images": batch_size * whole + left, "batch_size": batch_size, "seed": int(rng.integers(1, 10_000))}


def flat(check, noted):
    """Return the places of all batches in one list."""
    is_noted = isinstance(noted, list) and all(isinstance(batch, list) for batch in noted)
    check.that(
        is_noted,
        "a list of batches, each a list of places",
        got=type(noted).__name__,
        likely="Leave the recording of places as it is given.",
    )
    return [place for batch in noted for place in batch]


@hidden("loaders", "Training: full batches, each image at most once")
def full_batches(check, learner, reference, rng):
    for _ in range(3):
        given = run(rng)
        for epoch in learner.rerun("loaders", given, LOADED)["epochs"]:
            noted = flat(check, epoch)
            sizes = sorted({len(batch) for batch in epoch})
            likely = "With `drop_last=True` the incomplete batch at the end is left out."
            check.that(sizes == [given["batch_size"]], f"batches of {given['batch_size']} only", sizes, likely)
            whole = given["num_images"] // given["batch_size"] * given["batch_size"]
            inside = set(noted) <= set(range(given["num_images"]))
            check.that(
                len(set(noted)) == len(noted) == whole and inside,
                f"{whole} different places",
                len(set(noted)),
                likely="Every place comes once and only once.",
            )


@hidden("loaders", "Training: a new order in each epoch, repeatable from the seed", weight=2)
def orders(check, learner, reference, rng):
    given = run(rng)
    first, second = learner.rerun("loaders", given, LOADED)["epochs"]
    shuffled = flat(check, first) != sorted(flat(check, first))
    check.that(shuffled, "places out of order", "places in order", "Training data are shuffled: `shuffle=True`.")
    likely = "Make generator and loader once; each epoch then draws on, and gets an order of its own."
    check.that(first != second, "two epochs in two orders", "the same order twice", likely)
    again = learner.rerun("loaders", given, LOADED)["epochs"]
    likely = "Start the generator from `seed` and hand it to the loader for training."
    check.that(again == [first, second], "the same orders from the same seed", "other orders", likely)
    other = learner.rerun("loaders", {**given, "seed": given["seed"] + 1}, LOADED)["epochs"]
    check.that(other != again, "other orders from another seed", "the same orders", likely)


@hidden("loaders", "Testing: every image, in order")
def in_order(check, learner, reference, rng):
    for _ in range(3):
        given = run(rng)
        tested = learner.rerun("loaders", given, LOADED)["tested"]
        noted, every = flat(check, tested), list(range(given["num_images"]))
        likely = "A test covers the last and smaller batch too: do not drop it."
        check.that(len(noted) == len(every), f"{len(every)} places", f"{len(noted)} places", likely)
        check.that(noted == every, "places in order", "another order", "Labels are looked up by place: do not shuffle.")
        largest = max(len(batch) for batch in tested)
        check.that(
            largest == given["batch_size"],
            f"batches of {given['batch_size']}",
            f"batches of {largest}",
            likely="Hand the given batch size to the loader.",
        )


compare(
    "loaders",
    given=run,
    want=["num_train_batches", "num_test_batches"],
    likely={
        "num_train_batches": "Full batches only, so the quotient is rounded down.",
        "num_test_batches": "The incomplete batch counts as well, so the quotient is rounded up.",
    },
)


# --- evaluate --------------------------------------------------------------------------------------------------------


def shelf(learner, reference, rng):
    """Draw photos in another order, with other labels that do not fit, and a batch size that leaves a rest."""
    photos = learner.get("photos")
    batch_size = int(rng.integers(11, 17))
    count = batch_size * int(rng.integers(3, 6)) + int(rng.integers(1, batch_size))
    photos = photos[torch.from_numpy(rng.permutation(len(photos))[:count])]
    truth = reference.call("evaluate", photos, torch.zeros(len(photos), dtype=torch.int64), batch_size)["predictions"]
    wrong = torch.from_numpy(rng.permutation(len(photos))[: int(rng.integers(4, 9))])
    wrong = torch.cat([wrong, torch.tensor([len(photos) - 1])]).unique()
    truth[wrong] = (truth[wrong] + torch.from_numpy(rng.integers(1, 10, len(wrong)))) % 10
    return photos, truth, batch_size


def one_key(key, what, likely, weight=1):
    """Register a check that evaluates two other shelves and looks at one of the three results."""

    @hidden("evaluate", what, weight=weight)
    def look(check, learner, reference, rng):
        for _ in range(2):
            given = shelf(learner, reference, rng)
            got, expected = learner.call("evaluate", *given), reference.call("evaluate", *given)
            check.that(isinstance(got, dict), "a dictionary", type(got).__name__, "Return all three together.")
            check.that(key in got, f"the key {key}", sorted(map(str, got)), "Name the results as the docstring does.")
            if key == "predictions" and isinstance(got[key], torch.Tensor):
                count = f"{got[key].numel()} predictions"
                likely_count = "The last, smaller batch belongs to the test: do not drop it."
                check.that(len(got[key]) == len(given[1]), f"{len(given[1])} predictions", count, likely_count)
            check.equal(got[key], expected[key], key, likely=likely)


one_key(
    "predictions",
    "The prediction for each photo, at its place",
    "Prediction i belongs to photo i, so the loader keeps the order.",
)
one_key(
    "accuracy",
    "The accuracy over all photos",
    "Hits of all photos divided by all photos; a mean of batches weighs the photos of the small last batch too much.",
)
one_key(
    "mistakes",
    "The places of the mistakes",
    "Places count from 0 over all photos, in their order, the last batch with them.",
    weight=2,
)
