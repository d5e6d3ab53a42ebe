"""Why an export did not happen."""

from __future__ import annotations


class ExportError(ValueError):
    """A network was not exported, and no file was written or changed. The text is one sentence for a person."""
