"""Networks that find and outline objects."""

from __future__ import annotations

from goals import Goal

GOALS: dict[str, Goal] = {}
