"""Answers as texts."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.judging.explaining import window_names
from nnstudio.project.judging.judge import OBJECTS, Judged
from nnstudio.project.judging.objects import matched

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.encoding import ColumnEncoding

#: A name, what stood there, and what it was changed to.
Change = tuple[str, float, float]


def answer_texts(judged: Judged, place: int) -> tuple[str, str]:
    """What is right of a row and what was predicted, as texts."""
    if judged.kind == "classes":
        names = judged.classes
        said = int(judged.predicted[place])
        right = names[int(judged.target[place])] if judged.target[place] >= 0 else "does not count"
        return right, f"{names[said]} ({100 * judged.shares[place, said]:.1f} %)"
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


def _in_unit(column: ColumnEncoding, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers (rows, K) in the data's own unit, what is 0 but for rounding as 0."""
    told = np.asarray(column.decoded(values), np.float64)
    least = 1e-6 * column.divisor * (np.abs(column.mean) + np.array(column.std))
    return np.where(np.abs(told) < least, 0.0, told)


def changes(dataset: Dataset, field: str, before: NDArray[Any], after: NDArray[Any]) -> list[Change]:
    """What was changed of a field's numbers, given as the network is fed them (…): each with its name, in the data's
    own unit, those that changed most first; of a category one for each of its values."""
    prepared = dataset.prepared
    known, pair = prepared.fields.get(field), np.stack([before, after]).astype(np.float64)
    flat = pair.reshape(2, -1)
    order = np.argsort(-np.abs(flat[1] - flat[0]).round(5), kind="stable").tolist()
    names: list[str] = []
    if known is not None and known.form == "vector":
        for name in known.columns:
            column = prepared.columns[name]
            at, wide = len(names), len(column.categories) or 1
            names += [f"{name}: {each}" for each in column.categories] or [name]
            if not column.categories:
                flat[:, at : at + wide] = _in_unit(column, flat[:, at : at + wide])
    elif known is not None and len(known.columns) == 1:
        column = prepared.columns[known.columns[0]]
        if column.kind in ("number", "array") and len(column.std) in (1, math.prod(before.shape)):
            flat = _in_unit(column, flat)
        names = list(window_names(dataset, field, before.shape)) or ([field] if before.size == 1 else [])
        if before.ndim == 2 and len(names) == before.size:  # of moments that changed as much the last ones first
            sizes, wide = np.abs(pair[1] - pair[0]).round(5).reshape(-1), before.shape[1]
            order = sorted(range(before.size), key=lambda at: (-sizes[at], -(at // wide), at))
    if len(names) != before.size:
        names = [f"{field} {at + 1}" for at in range(before.size)]
    return [(names[at], float(flat[0, at]), float(flat[1, at])) for at in order]
