"""Stands in for torch where a test grades hundreds of hand-ins that use none of it: its import costs seconds."""


class Tensor:
    pass


class dtype:  # noqa: N801
    def __init__(self, name):
        self.name = name

    def __str__(self):
        return f"torch.{self.name}"


def ignore(value):
    return value


manual_seed = set_num_threads = ignore


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    return globals().setdefault(name, dtype(name))
