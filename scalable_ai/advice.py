"""The likeliest mistake behind an exception, for a learner who also reads its own message."""

from __future__ import annotations

import re

# What a message says decides before the exception's type does; the first pattern that is found counts.
_BY_MESSAGE = {
    r"mat1 and mat2 shapes|mismatch in its core dimension|inconsistent tensor size": (
        "In a matrix product the columns of the left factor meet the rows of the right one. For a layer: its number of "
        "inputs is the last dimension of what it is given."
    ),
    r"size of tensor a .* must match|could not be broadcast": (
        "Shapes meet from the right, and sizes must be equal or 1. Keep a reduced dimension with `keepdim=True`, or "
        "put one in with `None`."
    ),
    r"is invalid for input of size": (
        "A reshape keeps the number of elements. Take sizes from what comes in; here they differ from the lesson's."
    ),
    r"loading state_dict": (
        "Names and shapes in the file must be those of the network: build the same network, and change names only "
        "where they differ."
    ),
    r"does not require grad": (
        "What `backward` is called on has lost its way back to the weights: `detach`, `item`, `no_grad` or a new "
        "tensor cuts it."
    ),
    r"grad can be implicitly created only for scalar": "`backward` begins at one number: take the mean of the losses.",
    r"a second time": "Each step needs a forward pass of its own before its `backward`.",
    r"cannot assign module before|has no attribute '_(modules|parameters)'": (
        "The first line of `__init__` is `super().__init__()`; only then can layers be kept."
    ),
    r"Expected more than 1 value per channel": (
        "Batch norm in training mode needs several values of each channel: score in evaluation mode, and see that it "
        "reaches every layer."
    ),
    r"unique values in `?(target|preds)": "Take the number of classes from the arguments, not from the lesson.",
    r"manual_backward|automatic_optimization": (
        "The Trainer calls `backward` and `step` itself: return the loss and leave both to it."
    ),
    r"conditioned on metric|not available\. Pass in": "Watch a name that is logged, letter by letter.",
    r"must be a `LightningModule`": "Derive the class from `LightningModule`.",
    r"Input must be a list of dictionaries or a single numpy|not a numpy|expected numpy": (
        "ONNX Runtime takes NumPy arrays: `.numpy()` makes one of a tensor."
    ),
    r"Guard failed": (
        "The exported program keeps the sizes of its example. Declare as dynamic what may change, and take an example "
        "of more than one image."
    ),
    r"same device|cuda|CUDA": "Model and data belong on one device, which must be there: take it from the arguments.",
    r"expected scalar type|same dtype|but found \w+|not implemented for '\w+'": (
        "Convert the dtype first; bytes and whole numbers become float32 before they are computed with."
    ),
    r"positional argument|keyword argument|multiple values for argument": (
        "Look at the signature: number, order and names of the arguments."
    ),
    r"values to unpack": "The code counts on as many values as in the lesson; here there may be more or fewer.",
    r"empty sequence|argument is empty|empty list": "Think of the case in which nothing is left to choose from.",
    r"could not convert string|invalid literal": "Some texts are no numbers, such as an empty one: leave them out.",
    r"argument \d is (shorter|longer) than": "Sequences of different lengths are paired: see what each runs over.",
}
_BY_TYPE = {
    "NameError": "Every name needs a definition in this cell or an earlier one, in the spelling of the task.",
    "UnboundLocalError": "A name that a function assigns is its own everywhere in it; give it a value first.",
    "IndexError": "Places count from 0 to the length minus one, and the inputs here may be shorter than the lesson's.",
    "KeyError": "That key is not there: see what the keys are, and think of the case that one is missing.",
    "StopIteration": "`next` was asked for more than there is, or the order of the calls differs from the lesson's.",
    "ZeroDivisionError": "Think of the case in which what is divided by is zero, such as an empty list.",
    "FileNotFoundError": "Use the path that is given, and read no file before it is written or after it is removed.",
    "FileExistsError": "The file is there from an earlier run; the task says whether it may be replaced.",
    "PackageNotFoundError": "A package that is not installed raises this; catch it and report the package as missing.",
    "InvalidRequirement": "Not every line is a requirement: leave comments and blank lines out first.",
    "AttributeError": "The object is of another kind than the code expects: look at what the line before returns.",
    "TypeError": "An argument is of another kind than the function takes: look at what is passed, and in which order.",
    "SyntaxError": "Python cannot read the cell; look at this line and the one above it.",
    "IndentationError": "Python cannot read the cell; see that the lines of a block begin in the same column.",
    "RecursionError": "The function calls itself without an end.",
    "MemoryError": "Something grows with every step, or far more is kept than the task needs.",
    "AssertionError": "An `assert` in the code that was called does not hold for these inputs.",
    "NotImplementedError": "A method that the task needs is not written yet.",
}
_ANY = "The inputs differ from the lesson's in size and content: see what this line takes for granted."


def likely_mistake(kind: str, message: str) -> str:
    """Return the likeliest mistake behind an exception, as a sentence or two.

    Args:
        kind: The exception's type, such as `KeyError`.
        message: What it says.
    """
    for pattern, advice in _BY_MESSAGE.items():
        if re.search(pattern, message):
            return advice
    return _BY_TYPE.get(kind, _ANY)
