"""`python -m scalable_ai.capstone VERB`, for `torchrun` and for processes that start others."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
