"""What is raised where data cannot be used."""

from __future__ import annotations


class DataError(ValueError):
    """Data cannot be used. The text is one sentence for a person: what was expected, what came, what to do."""


class EncodingError(DataError):
    """A file is not written in the encoding that its beginning suggests. better: the one that fits its other bytes."""

    def __init__(self, message: str, better: str) -> None:
        super().__init__(message)
        self.better = better


class MissingDataError(DataError):
    """The data is not where it was."""
