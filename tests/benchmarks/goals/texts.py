"""Networks that read and write."""

from __future__ import annotations

from goals import Goal

GOALS: dict[str, Goal] = {}
