"""What is odd about data before anything is trained on it, each with its evidence and cures that are choices about the
data. Looks at a sample of bounded size; NumPy only. Takes up to a second, and longer where pictures or sounds are to be
read: for a background thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from nnstudio.data.columns import quoted
from nnstudio.data.dataset import Dataset
from nnstudio.data.evenness import uneven
from nnstudio.data.looking import DataChange, DataCure, Finding, Sample, absent, ignoring, sampled
from nnstudio.data.repeats import repeated
from nnstudio.data.steps import Step, step_from_json
from nnstudio.data.telling import determined
from nnstudio.data.weighing import weighed

__all__ = ["DataChange", "DataCure", "Finding", "Sample", "findings"]

#: How many times the middle half's width a number lies from the median, for an outlier; and the share of rows up to
#: which there are outliers.
FAR, FEW = 12.0, 0.01
#: Of rows that lack a value, a share so great that the column says little; and one too small to speak of.
MOSTLY, HARDLY = 0.5, 0.0
#: Rows that make a column of different values one that only names rows.
NAMES = 30


def findings(dataset: Dataset, wanted: Callable[[], bool] = lambda: True) -> tuple[Finding, ...]:
    """All that is odd, what spoils figures first. False of ``wanted`` ends the search with what was found."""
    sample = sampled(dataset, wanted)
    found: list[Finding] = []
    for rule in RULES:
        if not wanted():
            break
        found += rule(sample)
    return tuple(found)


def _with_step(kind: str, **values: Any) -> DataChange:
    step: Step = step_from_json({"kind": kind, **values})
    return lambda reference: reference.with_(steps=(*reference.steps, step))


def imbalanced(sample: Sample) -> Iterator[Finding]:
    """A class is far rarer than others."""
    for target in sample.targets:
        if target.kind != "category":
            continue
        codes = sample.values[target.name]
        counts = np.bincount(codes[codes >= 0], minlength=len(target.categories))
        shares = uneven(counts.tolist())
        if shares is None:
            continue
        stratified = DataCure(
            "Give each part its share of every class", "Rare classes are then in each part.",
            lambda reference: reference.with_(split=reference.split.with_(stratify=True)),
        )  # fmt: skip
        fields = (target.name, f"{target.name}_01")
        weighs = DataCure(
            "Give each class the same say", "A rare class then counts as much in the loss as a common one.",
            lambda reference: reference, partial(weighed, fields=fields, counts=tuple(counts.tolist())),
        )  # fmt: skip
        cures = (weighs,) if sample.dataset.reference.split.stratify else (weighs, stratified)
        present = [int(code) for code in np.argsort(counts, kind="stable") if counts[code]]
        rare, common = target.categories[present[0]], target.categories[present[-1]]
        yield Finding(
            "class-imbalance",
            f"{shares[0]:.0%} of the rows are “{common}” and {shares[1]:.1%} “{rare}” in “{target.name}”; give rare "
            "classes more weight in the loss, and judge by balanced accuracy",
            (target.name,), evidence={"counts": counts.tolist()}, cures=cures,
        )  # fmt: skip


def constant(sample: Sample) -> Iterator[Finding]:
    """A column has one value in all rows."""
    for column in sample.inputs:
        values = sample.values[column.name]
        known = values[~absent(column, values)]
        if column.kind in ("number", "category") and len(known) > 1 and (known == known[0]).all():
            yield Finding(
                "constant-column", f"“{column.name}” has the same value in all rows, so it tells nothing",
                (column.name,), evidence={"rows": len(known)}, cures=(ignoring(column.name),),
            )  # fmt: skip


def names_rows(sample: Sample) -> Iterator[Finding]:
    """A column has another value in each row, and so only names it."""
    for column in sample.inputs:
        values = sample.values[column.name]
        known = values[~absent(column, values)]
        if len(known) < NAMES or column.kind == "time":
            continue
        if column.kind == "number":
            steps = np.diff(known)
            only = bool((known == np.round(known)).all() and len(steps) and (steps > 0).all())
        else:
            only = len(set(known.tolist())) == len(known)
            only = only and not any(" " in str(text) for text in known[:20]) if column.kind == "text" else only
        if only:
            yield Finding(
                "identifier",
                f"“{column.name}” is different in each row and only names it; a network can learn rows by heart "
                "with it",
                (column.name,), evidence={"rows": len(known)}, cures=(ignoring(column.name),),
            )  # fmt: skip


def missing(sample: Sample) -> Iterator[Finding]:
    """Values are missing."""
    reference = sample.dataset.reference
    if reference.split.complete:
        return
    whole = DataCure(
        "Leave out rows that lack a value", "Only rows that have a value in each column are then used.",
        lambda reference: reference.with_(split=reference.split.with_(complete=True)),
    )  # fmt: skip
    for column in (*sample.inputs, *sample.texts):
        count = sample.dataset.columns[column.name].missing
        share = count / max(1, sample.dataset.total)
        read = any(column.name in step.reads for step in reference.steps)
        if share <= HARDLY or (read and column.kind != "text"):
            continue
        values = column.values[sample.rows]
        instead = {"number": "the training rows' mean stands in for it", "text": "it is read as an empty text"}.get(
            column.kind, "the commonest category stands in for it"
        )
        cures = [ignoring(column.name)]
        if share < MOSTLY and column.kind in ("text", "category"):
            cures.insert(0, whole)
        if column.kind == "number" and share < MOSTLY:
            fill = DataCure(
                "Fill with the median", "The median is not drawn away by a few extreme values, as the mean is.",
                _with_step("impute", columns=[column.name], how="median"),
            )  # fmt: skip
            cures.insert(0, fill)
        yield Finding(
            "missing-values", f"“{column.name}” has no value in {count:,} rows ({share:.1%}); {instead}",
            (column.name,), tuple(sample.rows[absent(column, values)][:5].tolist()),
            {"rows": count, "share": share}, tuple(cures),
        )  # fmt: skip


def outliers(sample: Sample) -> Iterator[Finding]:
    """A few numbers lie far from all others."""
    for column in (*sample.inputs, *sample.targets):
        read = any(column.name in step.reads for step in sample.dataset.reference.steps)
        if column.kind != "number" or read:
            continue
        values = sample.values[column.name]
        known = np.flatnonzero(~np.isnan(values))
        if len(known) < 20:
            continue
        low, middle, high = np.quantile(values[known], (0.25, 0.5, 0.75))
        if high <= low:
            continue
        far = known[np.abs(values[known] - middle) > FAR * (high - low)]
        if not 0 < len(far) <= max(1, FEW * len(known)):
            continue
        worst = far[np.argsort(-np.abs(values[far] - middle), kind="stable")]
        ways = [("Scale by the middle half", "A few extreme values then do not squeeze all others together.", "robust")]
        if column.role == "target":
            ways.insert(0, ("Take logarithms", "A few extreme values then do not outweigh all others.", "log1p"))
        cures = [
            DataCure(title, explains, _with_step("scale", columns=[column.name], how=how))
            for title, explains, how in ways
        ]
        number = "1 value lies" if len(far) == 1 else f"{len(far):,} values lie"
        first = quoted([f"{values[place]:.6g}" for place in worst[:3]], 3)
        yield Finding(
            "outliers",
            f"{number} far from all others in “{column.name}”, such as {first} in row {sample.rows[worst[0]] + 1:,}; "
            f"half of all are between {low:.4g} and {high:.4g}",
            (column.name,), tuple(sample.rows[worst][:5].tolist()), {"rows": len(far)}, tuple(cures),
        )  # fmt: skip


#: What spoils figures first, then what slows learning.
RULES: tuple[Callable[[Sample], Iterator[Finding]], ...] = (
    determined, repeated, names_rows, imbalanced, constant, missing, outliers,
)  # fmt: skip
