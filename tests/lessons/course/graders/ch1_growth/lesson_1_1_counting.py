from scalable_ai.grading.hidden import compare, hidden

compare(
    "count_pairs",
    given=lambda rng: {"parcels": [str(x) for x in rng.integers(0, 9, size=7)]},
    want=["listed", "by_rule"],
)


@hidden("growth_factor", "Twice the load costs more than twice", weight=1)
def more_than_twice(check, learner, reference, rng):
    got = learner.call("growth_factor", 50, 100)
    check.equal(got, reference.call("growth_factor", 50, 100), "growth_factor(50, 100)")
