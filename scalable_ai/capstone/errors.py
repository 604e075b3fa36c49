"""What every problem that a person can mend has in common."""


class CapstoneError(Exception):
    """A stated problem: one sentence that says what is wrong and what to do.

    Attributes:
        status: Exit status of a command that ends with it: 1 could not be done, 2 not understood.
    """

    status = 1


class FitInterruptedError(Exception):
    """Training was stopped from the keyboard; the message says where the checkpoint is."""
