"""Why an export did not happen."""

from __future__ import annotations


class ExportError(ValueError):
    """A network was not exported, and no file was written or changed. The text is one sentence for a person."""


def reason(error: BaseException) -> str:
    """What the error behind an error says first: exporters wrap the one that tells."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
