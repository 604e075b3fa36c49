"""The learner's warm parent with few packages imported, for tests."""

import sys

from scalable_ai.lab import forkserver

if __name__ == "__main__":
    forkserver.MODULES = ("numpy", "matplotlib.pyplot", "ipykernel.debugger", "ipykernel.zmqshell")
    forkserver.main(sys.argv[1])
