"""Where a run comes from, as its RunStarted says it. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """network: a hash of the drawn network (`project.drawings`). parent: the run that it was forked from, at
    ``parent_step``; "" where it began by itself. Fields of :class:`~nnstudio.train.events.RunStarted`, by their names.
    """

    network: str = ""
    parent: str = ""
    parent_step: int = 0
