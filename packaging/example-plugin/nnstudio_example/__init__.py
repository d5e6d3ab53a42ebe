"""Layers that NN Studio finds by the entry point in pyproject.toml."""
