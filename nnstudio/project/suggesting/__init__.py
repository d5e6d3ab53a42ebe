"""Suggesting a network: from the data's fields a sound first drawing with losses, metrics and plan, ready to train."""

from __future__ import annotations

from nnstudio.project.suggesting.suggestion import Suggestion, suggest

__all__ = ["Suggestion", "suggest"]
