from scalable_ai.grading.hidden import compare

compare("centered", given=lambda rng: {"values": rng.normal(size=3).tolist()}, want=["centered"])
compare("clip", call="clip", args=lambda rng: (rng.normal(size=6).tolist(), -0.5, 0.5))
