"""Hidden checks of lesson 3.1: a first LightningModule, and the same weights without Lightning."""

import torch

from scalable_ai.grading.hidden import compare, hidden

# --- first_module ----------------------------------------------------------------------------------------------------


def tools(rng):
    """Draw other tools, first weights, rate and number of epochs."""
    num_tools = int(rng.integers(20, 60))
    readings = torch.from_numpy(rng.normal(size=(num_tools, 6))).float()
    return {
        "readings": readings,
        "wear": readings @ torch.from_numpy(rng.uniform(-3, 3, (6, 1))).float() + float(rng.uniform(1, 5)),
        "start": {
            "weight": torch.from_numpy(rng.uniform(-1, 1, (1, 6))).float(),
            "bias": torch.from_numpy(rng.uniform(-1, 1, 1)).float(),
        },
        "lr": float(rng.uniform(0.01, 0.06)),
        "epochs": int(rng.integers(3, 6)),
    }


compare(
    "first_module",
    given=tools,
    want=["weights"],
    repeats=3,
    tolerance=1e-4,
    weight=2,
    likely="The loss is the mean squared difference, the rate is `self.lr`, and `epochs` says how often the Trainer "
    "goes through the tools.",
)


@hidden("first_module", "A single step from given weights", weight=2)
def single_step(check, learner, reference, rng):
    given = tools(rng)
    given |= {"readings": given["readings"][:16], "wear": given["wear"][:16], "epochs": 1}
    got = learner.rerun("first_module", given, ["weights"])["weights"]
    check.that(
        isinstance(got, dict),
        "a state dict in `weights`",
        got=type(got).__name__,
        likely="`state_dict()` gives the parameters by name.",
    )
    gap = given["readings"] @ given["start"]["weight"].T + given["start"]["bias"] - given["wear"]
    slope = 2 / 16 * gap.T @ given["readings"]
    likely = "Is the loss returned as a tensor, and is it the mean of the squared differences?"
    expected = given["start"]["weight"] - given["lr"] * slope
    check.equal(got.get("weight"), expected, "weights['weight']", likely=likely, tolerance=1e-4)
    expected = given["start"]["bias"] - given["lr"] * 2 * gap.mean(dim=0)
    likely = "The optimizer needs all parameters of the module, the bias among them."
    check.equal(got.get("bias"), expected, "weights['bias']", likely=likely, tolerance=1e-4)


# --- plain_loop ------------------------------------------------------------------------------------------------------


def pictures(rng):
    """Draw other rows, labels, first weights, rate and number of epochs; the last batch is a small one."""
    count = 64 * int(rng.integers(1, 3)) + int(rng.integers(5, 60))
    start = {
        "weight": torch.from_numpy(rng.uniform(-0.2, 0.2, (10, 48))).float(),
        "bias": torch.from_numpy(rng.uniform(-0.2, 0.2, 10)).float(),
    }
    rows = torch.from_numpy(rng.uniform(-0.5, 0.5, (count, 48))).float()
    labels = torch.from_numpy(rng.integers(0, 10, count))
    return start, rows, labels, float(rng.uniform(0.1, 0.9)), int(rng.integers(2, 5))


compare(
    "plain_loop",
    call="plain_loop",
    args=pictures,
    repeats=3,
    tolerance=1e-4,
    weight=2,
    likely="Same start, same order of rows, the small last batch too, and gradients that are cleared in every step.",
)


@hidden("plain_loop", "One step of one batch, from given weights")
def one_step(check, learner, reference, rng):
    start, rows, labels, lr, _ = pictures(rng)
    got = learner.call("plain_loop", start, rows[:64], labels[:64], lr, 1)
    check.that(isinstance(got, dict), "a state dict", got=type(got).__name__, likely="Return `.state_dict()`.")
    shares = torch.softmax(rows[:64] @ start["weight"].T + start["bias"], dim=1)
    gaps = (shares - torch.nn.functional.one_hot(labels[:64], 10)) / 64
    likely = "Begin with the given weights, and take one step against the gradient of the cross-entropy."
    check.equal(got.get("weight"), start["weight"] - lr * gaps.T @ rows[:64], "weight", likely=likely, tolerance=1e-4)
    check.equal(got.get("bias"), start["bias"] - lr * gaps.sum(dim=0), "bias", likely=likely, tolerance=1e-4)


@hidden("plain_loop", "The lesson's own network stays as it was")
def network_of_its_own(check, learner, reference, rng):
    before = learner.get("network.weight")
    got = learner.call("plain_loop", *pictures(rng))
    check.that(isinstance(got, dict), "a state dict", got=type(got).__name__, likely="Return `.state_dict()`.")
    likely = "Make a new network within the function; without one, Python finds the one that the lesson made before."
    check.equal(learner.get("network.weight"), before, "weights of the lesson's network", likely=likely)


@hidden("plain_loop", "Two epochs equal one and another one")
def one_after_the_other(check, learner, reference, rng):
    start, rows, labels, lr, _ = pictures(rng)
    halfway = reference.call("plain_loop", start, rows, labels, lr, 1)
    expected = reference.call("plain_loop", halfway, rows, labels, lr, 1)
    got = learner.call("plain_loop", start, rows, labels, lr, 2)
    likely = "Every epoch goes through all rows in the given order, and changes the same network."
    check.equal(got, expected, "weights after two epochs", likely=likely, tolerance=1e-4)
