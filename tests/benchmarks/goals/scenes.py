"""Networks that find and outline objects."""

from __future__ import annotations

from goals import Goal

GOALS: dict[str, Goal] = {
    "detect": Goal(480, "map", 0.95),
    "segment": Goal(360, "iou", 0.87),
    "instances": Goal(480, "precision", 0.95),
}
