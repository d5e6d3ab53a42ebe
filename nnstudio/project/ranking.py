"""Rankings: which values of one column a network rates highest while the others stay, such as films for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.errors import ProjectError

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset

#: Categories that a column needs at least so that ranking them says more than a list of answers would.
LEAST = 20


@dataclass(frozen=True)
class Ranked:
    """column: whose values are ranked. best: values with what the network answers (a number, or the probability of the
    second class), the greatest first. met: how many are left out, since a row of the data has them with the same other
    values."""

    column: str
    best: tuple[tuple[str, float], ...]
    met: int


def rankable(dataset: Dataset, columns: list[str]) -> tuple[str, ...]:
    """Columns among those that a prediction takes whose values can be ranked: there must be two, of many categories
    each, as people and films are."""
    many = [name for name in columns if name in dataset.columns and len(dataset.columns[name].categories) >= LEAST]
    return tuple(many) if len(many) >= 2 and len(many) == len(columns) else ()


def ranked(
    compiled: Compiled, dataset: Dataset, given: Mapping[str, Any], column: str, output: str, top: int = 10
) -> Ranked:  # fmt: skip
    """The values of ``column`` that ``output`` rates highest for the other values ``given``.

    ProjectError where the column has no categories, or the output is no number (or a class of two) for each row.
    """
    from nnstudio.project.answers import answers
    from nnstudio.train.evaluate import predict

    known = dataset.columns.get(column)
    if known is None or not known.categories:
        raise ProjectError(f"“{column}” has no values that could be ranked; give a column of categories.")
    names = list(known.categories)
    others = {name: value for name, value in given.items() if name != column}
    rows = {column: names, **{name: [value] * len(names) for name, value in others.items()}}
    said = predict(compiled, dataset.encode(rows)).get(output)
    if said is None:
        raise ProjectError(f"There is no output “{output}” to rank by.")
    told = answers(compiled.network, dataset, {output: np.asarray(said)})
    scores = np.array([_score(answer[output]) for answer in told])
    met = _met(dataset, column, others)
    order = [at for at in np.argsort(-scores, kind="stable").tolist() if names[at] not in met]
    return Ranked(column, tuple((names[at], float(scores[at])) for at in order[:top]), len(met))


def _score(answer: Mapping[str, Any]) -> float:
    value = answer.get("value")
    if isinstance(value, int | float):
        return float(value)
    shares = list(answer.get("probabilities", {}).values())
    if len(shares) == 2:
        return float(shares[1])
    raise ProjectError("Only an output that is one number, or one of two classes, can rank values; rank by such a one.")


def _met(dataset: Dataset, column: str, others: Mapping[str, Any]) -> set[str]:
    """Values that rows of the data have together with these others."""
    rows: NDArray[np.bool_] = np.ones(dataset.total, dtype=bool)
    for name, value in others.items():
        known = dataset.columns.get(name)
        if known is None or not known.categories:
            return set()
        rows &= np.asarray(known.values[:]) == (known.categories.index(value) if value in known.categories else -2)
    own = dataset.columns[column]
    codes = np.unique(np.asarray(own.values[:])[rows]) if others else np.empty(0, np.int64)
    return {own.categories[code] for code in codes.tolist() if code >= 0}
