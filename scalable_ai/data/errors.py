"""The one error of this package."""

from pathlib import Path


class DataError(Exception):
    """A data set that cannot be used, told in one sentence.

    Args:
        file: The file, folder or address at fault.
        wrong: What is wrong with it, as a clause without a full stop.
        remedy: What to do about it, as a clause without a full stop.
    """

    def __init__(self, file: Path | str, wrong: str, remedy: str):
        super().__init__(f"{file}: {wrong}; {remedy}.")
        self.file = str(file)
        self.wrong = wrong
        self.remedy = remedy

    def __reduce__(self):
        return type(self), (self.file, self.wrong, self.remedy)
