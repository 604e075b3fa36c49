import torch

from scalable_ai.grading.hidden import compare, hidden

SECRET_OF_THE_GRADER = 1


def load(rng):
    return {"weights": torch.tensor(rng.normal(size=4)), "prices": torch.tensor(rng.normal(size=4))}


LIKELY = {"heavy": "Add up, do not average.", "cost": "Pairs are multiplied first."}
compare("total", given=load, want=["heavy", "cost"], likely=LIKELY)


@hidden("total", "The inputs stay as they were", weight=2)
def inputs_unchanged(check, learner, reference, rng):
    inputs = load(rng)
    got = learner.rerun("total", given=inputs, want=["heavy", "weights"])
    check.equal(
        got["weights"], inputs["weights"], "weights", likely="A method that ends in an underscore changes its tensor."
    )
