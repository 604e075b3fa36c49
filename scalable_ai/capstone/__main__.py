"""`python -m scalable_ai.capstone fit | evaluate | export`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
