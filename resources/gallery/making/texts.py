"""Networks that read and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nnstudio.project.sheet import Sheet

PROJECTS: Mapping[str, Callable[[], Sheet]] = {}
