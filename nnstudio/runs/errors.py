"""What goes wrong with run databases."""

from __future__ import annotations


class RunsError(ValueError):
    """The run database cannot be used. The text is one sentence for a person."""
