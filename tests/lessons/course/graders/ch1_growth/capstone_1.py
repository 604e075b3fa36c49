from scalable_ai.grading.hidden import compare

compare("group_cost", given=lambda rng: {"streets": list("aabbbc")}, want=["pairs_inside"])
