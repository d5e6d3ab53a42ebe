"""Answers as texts."""

from __future__ import annotations

import dataclasses

from nnstudio.project.judging.judge import OBJECTS, Judged
from nnstudio.project.judging.objects import matched


def answer_texts(judged: Judged, place: int) -> tuple[str, str]:
    """What is right of a row and what was predicted, as texts."""
    if judged.kind == "classes":
        names = judged.classes
        said = int(judged.predicted[place])
        return names[int(judged.target[place])], f"{names[said]} ({100 * judged.shares[place, said]:.1f} %)"
    if judged.kind == "places":
        known = judged.target[place] >= 0
        hits = int(((judged.target[place] == judged.predicted[place]) & known).sum())
        return f"{int(known.sum()):,} {'pixels' if known.ndim > 1 else 'places'}", f"{hits:,} of them right"
    if judged.kind in OBJECTS:
        one = dataclasses.replace(judged, target=judged.target[place : place + 1],
                                  predicted=judged.predicted[place : place + 1])  # fmt: skip
        found = matched(one)
        count, hits, wrong = (int(part[0]) for part in (found.count, found.found, found.made_up))
        more = f", {wrong:,} made up" if wrong else ""
        return f"{count:,} {'object' if count == 1 else 'objects'}", f"{hits:,} of them found{more}"
    if judged.kind == "losses":
        return "", ""
    if judged.target.shape[1] == 1:
        return _figure(float(judged.target[place, 0])), _figure(float(judged.predicted[place, 0]))
    what = "pixels" if judged.subject.painted else "numbers"
    return f"{judged.target.shape[1]:,} {what}", f"{_figure(float(judged.absolute[place]))} off on average"


def _figure(value: float) -> str:
    return f"{value:.4g}"
