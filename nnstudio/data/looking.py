"""What a rule that looks at data is given, a `Sample`, and what it gives: a `Finding` with cures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.dataset import Dataset
from nnstudio.data.reference import SPLITS, DataReference
from nnstudio.graph.edits import Edit

#: Rows that are looked at.
ROWS = 50_000

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
    """Rows of a data set, in their order, and the columns that are used. split: for each row its part, -1 none.
    wanted: whether what is found is still asked for."""

    dataset: Dataset
    rows: NDArray[np.int64]
    values: Mapping[str, Array]
    split: NDArray[np.int8]
    wanted: Callable[[], bool] = lambda: True

    @property
    def inputs(self) -> list[Column]:
        """Columns that the network may be fed."""
        return [column for name in self.values if (column := self.dataset.columns[name]).role == "input"]

    @property
    def texts(self) -> list[Column]:
        """Columns of texts that nothing feeds yet, and nobody chose to ignore."""
        choices, columns = self.dataset.reference.fields, self.dataset.columns.values()
        free = [c for c in columns if c.name not in choices or choices[c.name].role == "auto"]
        return [column for column in free if column.kind == "text" and column.role == "ignored"]

    @property
    def targets(self) -> list[Column]:
        """Columns to be predicted."""
        return [column for name in self.values if (column := self.dataset.columns[name]).role == "target"]


def sampled(dataset: Dataset, wanted: Callable[[], bool] = lambda: True) -> Sample:
    """The rows and columns that are looked at: numbers, categories and texts."""
    rows = np.unique(np.linspace(0, dataset.total - 1, min(dataset.total, ROWS)).astype(np.int64))
    kinds = ("number", "category", "text", "time")
    fed = [column for column in dataset.columns.values() if column.role in ("input", "target")]
    used = [column for column in fed if column.kind in kinds]
    split = np.full(dataset.total, -1, np.int8)
    for place, part in enumerate(SPLITS):
        split[dataset.indices(part)] = place
    return Sample(dataset, rows, {column.name: column.values[rows] for column in used}, split[rows], wanted)


def absent(column: Column, values: Array) -> NDArray[np.bool_]:
    if column.kind == "category":
        return np.asarray(values < 0)
    if column.kind == "text":
        return np.array([value is None for value in values], bool)
    return np.isnan(values)


def ignoring(*names: str) -> DataCure:
    """No longer feed columns to the network, nor what steps make of them."""

    def change(reference: DataReference) -> DataReference:
        for name in names:
            reference = reference.with_choice(name, role="ignored")
        steps = (step.without(set(names)) for step in reference.steps)
        return reference.with_(steps=tuple(step for step in steps if step is not None))

    title = f"Ignore “{names[0]}”" if len(names) == 1 else f"Ignore these {len(names)} columns"
    return DataCure(title, f"The network is then not fed {'this column' if len(names) == 1 else 'them'}.", change)
