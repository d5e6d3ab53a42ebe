"""Networks that look at pictures."""

from __future__ import annotations

from goals import Goal

GOALS: dict[str, Goal] = {}
