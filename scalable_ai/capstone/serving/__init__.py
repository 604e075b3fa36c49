"""Serving the exported network over HTTP, and measuring such a server."""

from .command import load_test, serve

__all__ = ["load_test", "serve"]
