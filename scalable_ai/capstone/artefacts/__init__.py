"""The files that a network is exported as: how each is written, and how it is opened without running pickled code."""
