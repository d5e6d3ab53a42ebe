"""Networks on tables, series and sounds."""

from __future__ import annotations

from goals import Goal

GOALS: dict[str, Goal] = {}
