import torch

from scalable_ai.grading.hidden import compare

compare(
    "centered",
    given=lambda rng: {"values": torch.tensor(rng.normal(size=5))},
    want=["centered"],
    likely="`secret-reason`: the mean is subtracted.",
    time_limit=4,
)
compare(
    "clip",
    call="clip",
    args=lambda rng: (rng.normal(size=6).tolist(), -0.5, 0.5),
    likely="Both limits hold.",
    time_limit=4,
)
