from scalable_ai.grading.hidden import compare

compare("total", given=lambda rng: {"weights": rng.normal(size=4).tolist()}, want=["heavy"])
