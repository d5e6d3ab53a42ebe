"""What is odd about data before anything is trained on it, each with its evidence and cures that are choices about the
data. Looks at a sample of bounded size; NumPy only. Takes up to a second: for a background thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column, quoted
from nnstudio.data.dataset import Dataset
from nnstudio.data.evenness import hardly_chance, uneven
from nnstudio.data.reference import SPLITS, DataReference
from nnstudio.data.steps import Step, step_from_json
from nnstudio.data.weighing import weighed
from nnstudio.graph.edits import Edit

#: Rows that are looked at.
ROWS = 50_000
#: How many times the middle half's width a number lies from the median, for an outlier; and the share of rows up to
#: which there are outliers.
FAR, FEW = 12.0, 0.01
#: Of rows that lack a value, a share so great that the column says little; and one too small to speak of.
MOSTLY, HARDLY = 0.5, 0.0
#: Rows for each value of a column, at least, for it to be said to determine the target.
EACH = 5
#: Rows that make a column of different values one that only names rows.
NAMES = 30

DataChange = Callable[[DataReference], DataReference]


@dataclass(frozen=True)
class DataCure:
    """A choice about the data that mends a finding, as one step that can be undone. explains: why, a sentence.

    network: an edit of the network that mends it instead, which changes nothing where it cannot.
    """

    title: str
    explains: str
    change: DataChange = field(compare=False)
    network: Edit | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Finding:
    """Something odd. code: of its kind. message: a sentence for a person. columns: that it is about. rows: numbers of
    the first rows that show it. evidence: figures by name."""

    code: str
    message: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict, compare=False)
    cures: tuple[DataCure, ...] = ()


@dataclass(frozen=True)
class Sample:
    """Rows of a data set, in their order, and the columns that are used. split: for each row its part, -1 none."""

    dataset: Dataset
    rows: NDArray[np.int64]
    values: Mapping[str, Array]
    split: NDArray[np.int8]

    @property
    def inputs(self) -> list[Column]:
        """Columns that the network may be fed."""
        return [column for name in self.values if (column := self.dataset.columns[name]).role == "input"]

    @property
    def targets(self) -> list[Column]:
        """Columns to be predicted."""
        return [column for name in self.values if (column := self.dataset.columns[name]).role == "target"]


def findings(dataset: Dataset, wanted: Callable[[], bool] = lambda: True) -> tuple[Finding, ...]:
    """All that is odd, what spoils figures first. False of ``wanted`` ends the search with what was found."""
    sample = sampled(dataset)
    found: list[Finding] = []
    for rule in RULES:
        if not wanted():
            break
        found += rule(sample)
    return tuple(found)


def sampled(dataset: Dataset) -> Sample:
    """The rows and columns that are looked at: numbers, categories and texts."""
    rows = np.unique(np.linspace(0, dataset.total - 1, min(dataset.total, ROWS)).astype(np.int64))
    kinds = ("number", "category", "text", "time")
    fed = [column for column in dataset.columns.values() if column.role in ("input", "target")]
    used = [column for column in fed if column.kind in kinds]
    split = np.full(dataset.total, -1, np.int8)
    for place, part in enumerate(SPLITS):
        split[dataset.indices(part)] = place
    return Sample(dataset, rows, {column.name: column.values[rows] for column in used}, split[rows])


def _absent(column: Column, values: Array) -> NDArray[np.bool_]:
    if column.kind == "category":
        return np.asarray(values < 0)
    if column.kind == "text":
        return np.array([value is None for value in values], bool)
    return np.isnan(values)


def ignoring(name: str) -> DataCure:
    """No longer feed a column to the network."""
    return DataCure(
        f"Ignore “{name}”", "The network is then not fed this column.",
        lambda reference: reference.with_choice(name, role="ignored"),
    )  # fmt: skip


def _with_step(kind: str, **values: Any) -> DataChange:
    step: Step = step_from_json({"kind": kind, **values})
    return lambda reference: reference.with_(steps=(*reference.steps, step))


def determined(sample: Sample) -> Iterator[Finding]:
    """A column alone tells the target, so it may have been made from it."""
    for target in sample.targets:
        aims = sample.values[target.name]
        for column in sample.inputs:
            values = sample.values[column.name]
            known = ~_absent(column, values) & ~_absent(target, aims)
            if column.kind not in ("number", "category") or int(known.sum()) < 20:
                continue
            if target.kind == "category":
                tells = _tells_class(column, values[known], aims[known])
            else:
                tells = (
                    target.kind == "number" and column.kind == "number" and _tells_number(values[known], aims[known])
                )
            if tells:
                yield Finding(
                    "column-tells-target",
                    f"“{column.name}” alone tells “{target.name}” in all {int(known.sum()):,} rows looked at; if "
                    "it is made from the target or known only afterwards, figures are far too good",
                    (column.name, target.name), evidence={"rows": int(known.sum())}, cures=(ignoring(column.name),),
                )  # fmt: skip


def _tells_class(column: Column, values: Array, classes: Array) -> bool:
    """Whether each value has one class, and enough rows; of numbers, whether borders between them do."""
    present = len(np.unique(classes))
    if present < 2:
        return False
    different, place = np.unique(values, return_inverse=True)
    if column.kind == "category" or len(different) * EACH <= len(values):
        table = np.zeros((len(different), int(classes.max()) + 1), np.int64)
        np.add.at(table, (place, classes), 1)
        return len(different) * EACH <= len(values) and bool((np.count_nonzero(table, axis=1) == 1).all())
    ordered = classes[np.argsort(values, kind="stable")]
    return int(np.count_nonzero(np.diff(ordered))) == present - 1 and len(ordered) >= 20 * present


def _tells_number(values: Array, aims: Array) -> bool:
    """Whether the target is the column, or a multiple of it with something added."""
    if np.ptp(values) == 0 or np.ptp(aims) == 0:
        return False
    slope, intercept = np.polyfit(values, aims, 1)
    return bool(np.max(np.abs(aims - slope * values - intercept)) <= 1e-6 * np.ptp(aims))


def _keys(sample: Sample) -> NDArray[np.uint64]:
    """A number for each row, the same for rows that are the same in all columns that are used."""
    keys = np.zeros(len(sample.rows), np.uint64)
    for values in sample.values.values():
        code = np.unique([text or "" for text in values] if values.dtype == object else values, return_inverse=True)[1]
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + code.astype(np.uint64) + np.uint64(1)
        keys ^= keys >> np.uint64(29)
    return keys


def repeated(sample: Sample) -> Iterator[Finding]:
    """The same row stands in two splits, or several times."""
    if not sample.values or not hardly_chance([values for values in sample.values.values() if values.dtype != object]):
        return
    _, first, place, counts = np.unique(_keys(sample), return_index=True, return_inverse=True, return_counts=True)
    again = np.ones(len(sample.rows), bool)
    again[first] = False
    if not again.any():
        return
    parts = np.zeros((len(counts), len(SPLITS)), bool)
    inside = sample.split >= 0
    parts[place[inside], sample.split[inside]] = True
    trained = parts[:, 0] & parts[:, 1:].any(axis=1)
    leaked = int(np.count_nonzero(trained[place] & (sample.split > 0)))
    rows = tuple(sample.rows[again][:5].tolist())
    split = sample.dataset.reference.split
    if leaked and not split.together:
        held = int(np.count_nonzero(sample.split > 0))
        yield Finding(
            "rows-in-two-splits",
            f"{leaked:,} of {held:,} rows to be judged by ({leaked / max(1, held):.0%}) stand among the training rows "
            "too, so figures are better than they should be",
            rows=rows, evidence={"rows": leaked, "share": leaked / max(1, held)},
            cures=(DataCure("Keep equal rows together", "Rows that are the same then all go to one part.",
                            lambda reference: reference.with_(split=reference.split.with_(together=True))),),
        )  # fmt: skip
    elif int(again.sum()) > 0.01 * len(again):
        yield Finding(
            "repeated-rows",
            f"{int(again.sum()):,} rows ({again.mean():.0%}) are the same as an earlier one, such as row "
            f"{rows[0] + 1:,}; they count several times",
            rows=rows, evidence={"rows": int(again.sum()), "share": float(again.mean())},
        )  # fmt: skip


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
        known = values[~_absent(column, values)]
        if column.kind in ("number", "category") and len(known) > 1 and (known == known[0]).all():
            yield Finding(
                "constant-column", f"“{column.name}” has the same value in all rows, so it tells nothing",
                (column.name,), evidence={"rows": len(known)}, cures=(ignoring(column.name),),
            )  # fmt: skip


def names_rows(sample: Sample) -> Iterator[Finding]:
    """A column has another value in each row, and so only names it."""
    for column in sample.inputs:
        values = sample.values[column.name]
        known = values[~_absent(column, values)]
        if len(known) < NAMES or column.kind == "time":
            continue
        if column.kind == "number":
            steps = np.diff(known)
            only = bool((known == np.round(known)).all() and len(steps) and (steps > 0).all())
        else:
            only = len(np.unique(known.astype(str) if known.dtype == object else known)) == len(known)
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
    for column in sample.inputs:
        count = sample.dataset.columns[column.name].missing
        share = count / max(1, sample.dataset.total)
        if share <= HARDLY or any(column.name in step.reads for step in sample.dataset.reference.steps):
            continue
        if column.kind == "text":
            continue
        instead = "the training rows' mean" if column.kind == "number" else "the commonest category"
        cures = [ignoring(column.name)]
        if column.kind == "number" and share < MOSTLY:
            fill = DataCure(
                "Fill with the median", "The median is not drawn away by a few extreme values, as the mean is.",
                _with_step("impute", columns=[column.name], how="median"),
            )  # fmt: skip
            cures.insert(0, fill)
        yield Finding(
            "missing-values",
            f"“{column.name}” has no value in {count:,} rows ({share:.1%}); {instead} stands in for it",
            (column.name,), tuple(sample.rows[_absent(column, sample.values[column.name])][:5].tolist()),
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
        cures = []
        if column.role == "input":
            cures.append(
                DataCure(
                    "Scale by the middle half",
                    "A few extreme values then do not squeeze all others together.",
                    _with_step("scale", columns=[column.name], how="robust"),
                )
            )
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
