"""Hidden checks of lesson 4.1: a report over batches, a production bar, a monitor for drift."""

import math

import torch

from scalable_ai.grading.hidden import hidden

# --- batch_report ----------------------------------------------------------------------------------------------------


def night(rng):
    """Draw predictions and labels of unequal classes, all of them present, and the number of classes."""
    num_classes = int(rng.integers(3, 7))
    counts = rng.permutation([int(rng.integers(2, 4)) * 3**k for k in range(num_classes)][:num_classes]).clip(2, 90)
    labels = torch.from_numpy(rng.permutation([k for k, count in enumerate(counts) for _ in range(count)]))
    hit = torch.from_numpy(rng.random(len(labels)) < rng.uniform(0.2, 0.95, num_classes)[labels.numpy()])
    guess = torch.from_numpy(rng.integers(0, num_classes, len(labels)))
    return torch.where(hit, labels, guess), labels, num_classes


def batched(predicted, labels, size):
    """Cut into batches of a size, the last one shorter unless the size divides the count."""
    return list(zip(predicted.split(size), labels.split(size), strict=True))


def report_check(name, likely):
    @hidden("batch_report", f"`{name}` over batches of unequal size")
    def equal_to_the_count(check, learner, reference, rng):
        for _ in range(3):
            predicted, labels, num_classes = night(rng)
            batches = batched(predicted, labels, len(labels) // 2 - 1)
            got = learner.call("batch_report", batches, num_classes)
            check.that(
                isinstance(got, dict) and name in got,
                f"a dictionary with '{name}'",
                got=type(got).__name__,
                likely="Return one dictionary with the keys that the task names.",
            )
            expected = reference.call("batch_report", batches, num_classes)[name]
            check.equal(got[name], expected, name, likely=likely, tolerance=1e-4)


report_check("accuracy", "Right images over all images: micro, gathered with update and divided once by compute.")
report_check("macro", "The mean of the recalls over all images; a batch alone has too few of some classes.")
report_check("recall", "One number for each class, in order: its right images divided by its images.")


@hidden("batch_report", "The same images in other batches")
def any_batching(check, learner, reference, rng):
    predicted, labels, num_classes = night(rng)
    expected = reference.call("batch_report", [(predicted, labels)], num_classes)
    for size in (1, 4, 7, len(labels)):
        got = learner.call("batch_report", batched(predicted, labels, size), num_classes)
        likely = "Every image counts once, in whatever batch it comes; keep no value of a single batch."
        check.equal(got, expected, f"batch_report(…) with batches of {size}", likely=likely, tolerance=1e-4)


# --- production_bar --------------------------------------------------------------------------------------------------


def results(rng):
    """Draw a confusion matrix whose rows have unequal sums, every class measured."""
    num_classes = int(rng.integers(3, 7))
    counts = torch.from_numpy(rng.integers(0, 9, (num_classes, num_classes)))
    return counts + torch.diag(torch.from_numpy(rng.integers(20, 90, num_classes)))


def verdict(check, learner, *args):
    """Return what the learner's function says, once it has the three entries."""
    got = learner.call("meets_bar", *args)
    check.that(isinstance(got, dict), "a dictionary", got=type(got).__name__, likely="Return all three entries.")
    keys = ["failing", "low", "ship"]
    check.that(
        sorted(map(str, got)) == keys,
        f"the keys {keys}",
        got=sorted(map(str, got)),
        likely="Name the entries as the task does, and leave none out.",
    )
    return got


@hidden("production_bar", "`low` of other confusion matrices")
def lower_end(check, learner, reference, rng):
    for _ in range(3):
        confusion = results(rng)
        n = int(confusion.sum())
        p = int(confusion.trace()) / n
        expected = p - 1.96 * math.sqrt(p * (1 - p) / n)
        likely = "Accuracy minus 1.96 times the root of p (1 - p) / n, with n the number of images."
        check.equal(verdict(check, learner, confusion, 0.5, 0.5)["low"], expected, "low", likely, tolerance=1e-4)


@hidden("production_bar", "`failing` of other confusion matrices")
def failing_classes(check, learner, reference, rng):
    for _ in range(4):
        confusion = results(rng)
        recall = (confusion.diagonal() / confusion.sum(dim=1)).sort().values
        widest = int(recall.diff().argmax())
        floor = float((recall[widest] + recall[widest + 1]) / 2)
        expected = reference.call("meets_bar", confusion, 0.5, floor)["failing"]
        likely = (
            "Recall divides the diagonal by the sums of the rows, the true classes; name each class below the floor."
        )
        check.equal(verdict(check, learner, confusion, 0.5, floor)["failing"], expected, "failing", likely=likely)


@hidden("production_bar", "`ship` asks for both parts of the bar")
def both_parts(check, learner, reference, rng):
    confusion = results(rng)
    p, n = float(confusion.trace() / confusion.sum()), int(confusion.sum())
    error = math.sqrt(p * (1 - p) / n)
    recall = confusion.diagonal() / confusion.sum(dim=1)
    lowest, middle = float(recall.min()), float((recall.min() + recall.mean()) / 2)
    cases = [
        (p - 2.5 * error, lowest - 0.05, True, "Both parts hold here."),
        (p - 1.0 * error, lowest - 0.05, False, "The accuracy itself lies above the floor, its lower end does not."),
        (p - 2.5 * error, middle, False, "One class below its floor is enough to fail."),
    ]
    for accuracy_floor, recall_floor, expected, likely in cases:
        got = verdict(check, learner, confusion, accuracy_floor, recall_floor)["ship"]
        check.equal(got, expected, "ship", likely=likely)


@hidden("production_bar", "A class without images")
def unmeasured_class(check, learner, reference, rng):
    confusion = results(rng)
    absent = int(rng.integers(len(confusion)))
    confusion[absent] = 0
    got = verdict(check, learner, confusion, 0.1, 0.05)
    likely = "Its recall is 0 / 0, which is nan; ask whether the recall reaches the floor, and whether it does not."
    check.equal(got["failing"], [absent], "failing", likely=likely)
    check.equal(got["ship"], False, "ship", likely="What was not measured has not passed.")


@hidden("production_bar", "A recall that just reaches the floor")
def just_reached(check, learner, reference, rng):
    unit = int(rng.integers(5, 20))
    confusion = torch.tensor([[3 * unit, unit], [unit, 7 * unit]])
    likely = "A floor that is reached is met; only what lies below it fails."
    check.equal(verdict(check, learner, confusion, 0.1, 0.75)["failing"], [], "failing", likely=likely)


@hidden("production_bar", "A lower end that just reaches the floor")
def lower_end_just_reached(check, learner, reference, rng):
    confusion = torch.diag(torch.from_numpy(rng.integers(5, 20, 3)))
    likely = "Without mistakes the standard error is 0 and `low` is 1, which reaches a floor of 1."
    check.equal(verdict(check, learner, confusion, 1.0, 0.5)["ship"], True, "ship", likely=likely)


# --- drift_alarms ----------------------------------------------------------------------------------------------------


def statistic(rng, mean, std, count):
    return torch.from_numpy(rng.normal(mean, std, count)).float()


def watched(check, learner, reference, rng, old, new, name, likely, other=None):
    """Demand an alarm just above the true distance and none just below it; `other` is a part that stays calm."""
    calm = statistic(rng, 0.5, 0.1, 50)
    before, after = {name: old, "calm": calm}, {name: new, "calm": calm}
    distance = true_distance(old, new, name)
    for factor, expected in [(0.9, [name]), (1.1, [])]:
        got = learner.call("drift_alarms", before, after, {"calm": 0.1, name: factor * distance})
        check.equal(got, expected, f"alarms at {factor:g} times the distance", likely=likely)


def true_distance(old, new, name):
    if name != "predictions":
        return float((new.mean() - old.mean()).abs() / old.std())
    share = [torch.bincount(each, minlength=10) / len(each) for each in (old, new)]
    return float((share[0] - share[1]).abs().sum() / 2)


@hidden("drift_alarms", "Statistics that rise and fall", weight=2)
def both_directions(check, learner, reference, rng):
    for sign in (1, -1, -1, 1):
        name = str(rng.choice(["brightness", "contrast", "sharpness"]))
        mean, std = float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.02, 0.2))
        old = statistic(rng, mean, std, int(rng.integers(80, 200)))
        new = statistic(rng, mean + sign * rng.uniform(1, 2) * std, std, int(rng.integers(80, 200)))
        likely = "The difference of the means without its sign, divided by the reference's standard deviation."
        watched(check, learner, reference, rng, old, new, name, likely)


@hidden("drift_alarms", "A week with another spread than the reference")
def other_spread(check, learner, reference, rng):
    old, new = statistic(rng, 0.5, 0.05, 150), statistic(rng, 0.6, 0.2, 150)
    likely = "The unit is the standard deviation of the reference, not that of the week."
    watched(check, learner, reference, rng, old, new, "brightness", likely)


@hidden("drift_alarms", "Another mix in a week of another length", weight=2)
def other_mix(check, learner, reference, rng):
    for _ in range(3):
        before, after = rng.dirichlet([2] * 10), rng.dirichlet([1] * 10)
        old = torch.from_numpy(rng.choice(10, int(rng.integers(200, 300)), p=before))
        new = torch.from_numpy(rng.choice(9, int(rng.integers(40, 90)), p=after[:9] / after[:9].sum()))
        likely = "Compare shares and not counts or class numbers, and take half of the summed absolute differences."
        watched(check, learner, reference, rng, old, new, "predictions", likely)


@hidden("drift_alarms", "Names in the order of the limits")
def order_of_limits(check, learner, reference, rng):
    names = [str(name) for name in rng.permutation(["brightness", "roughness", "predictions"])]
    old = {"brightness": statistic(rng, 0.5, 0.1, 90), "roughness": statistic(rng, 0.1, 0.01, 90)}
    new = {"brightness": statistic(rng, 0.9, 0.1, 60), "roughness": statistic(rng, 0.2, 0.01, 60)}
    old["predictions"], new["predictions"] = torch.arange(90) % 5, torch.arange(60) % 5 + 5
    likely = "Each drifted name once, in the order of the limits; only what has a limit is watched."
    for wanted in (names, names[:2]):
        got = learner.call("drift_alarms", old, new, dict.fromkeys(wanted, 0.5))
        check.equal(got, wanted, f"alarms for {len(wanted)} limits", likely=likely)


@hidden("drift_alarms", "A week like the reference, at limits of 0")
def no_drift(check, learner, reference, rng):
    week = {
        # Shares of 64 are exact in binary, so that 1 minus their sum is 0 however they are added up.
        "predictions": torch.from_numpy(rng.integers(0, 10, 64)),
        "brightness": statistic(rng, 0.5, 0.1, 60),
        "contrast": statistic(rng, 0.2, 0.1, 60),
    }
    shifted = {**week, "contrast": week["contrast"] + 1}
    got = learner.call("drift_alarms", week, shifted, dict.fromkeys(week, 0.0))
    likely = "A distance of 0 is not above a limit of 0: only what lies above its limit is an alarm."
    check.equal(got, ["contrast"], "alarms", likely=likely)
