"""What lies near a sample: the rows of the data whose vectors are nearest to the one that a network gives it.

How near the same and others lie is told by the distance at which as many pairs that belong together are refused as
others are let pass (Maio et al., "FVC2000: fingerprint verification competition", 2002, section 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.graph import Network

Floats = NDArray[np.float32]
#: Rows whose vectors are kept; rows that are asked at once; rows of which all pairs are compared.
MOST, AT_ONCE, PAIRED = 2000, 256, 400


@dataclass(frozen=True)
class Neighbour:
    """A row of the data's file, how far away it lies (0 to 2), and what it is ("" where that is not known)."""

    row: int
    distance: float
    label: str


@dataclass(frozen=True)
class Threshold:
    """The distance up to which two are taken for the same, and the share of pairs that this judges wrongly, of the same
    as of others. NaN where there are no pairs of both kinds."""

    distance: float
    error: float


class Neighbourhood:
    """The vectors that one output gives to rows of a split, evenly spread over it.

    Distances are ``1 − cosine``. ``stop`` may end the work: then there are fewer rows.
    """

    def __init__(
        self, compiled: Compiled, dataset: Dataset, output: str, split: str = "train", most: int = MOST,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        count = dataset.count(split)
        places = np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(np.int64))
        vectors: list[Floats] = []
        for start in range(0, len(places), AT_ONCE):
            if stop():
                break
            vectors.append(vectors_of(compiled, dataset, output, split, places[start : start + AT_ONCE]))
        self.vectors = _unit(np.concatenate(vectors)) if vectors else np.zeros((0, 1), np.float32)
        self.rows = dataset.indices(split)[places[: len(self.vectors)]]
        self.labels = labels_of(dataset, self.rows)
        self.threshold = _threshold(self.vectors, self.labels)

    def nearest(self, vector: NDArray[Any], count: int = 5, without: int = -1) -> list[Neighbour]:
        """The rows nearest to a vector (F,), the nearest first; the row ``without`` is left out."""
        if not len(self.vectors):
            return []
        apart = 1.0 - self.vectors @ _unit(np.asarray(vector, np.float32).reshape(1, -1))[0]
        order = [at for at in np.argsort(apart, kind="stable").tolist() if self.rows[at] != without][:count]
        return [
            Neighbour(int(self.rows[at]), float(np.maximum(apart[at], 0.0)), self.labels[at] if self.labels else "")
            for at in order
        ]


def embedding_outputs(network: Network) -> tuple[str, ...]:
    """Names of the outputs that give each sample a vector."""
    return tuple(node.name for node in network.of_role("output") if getattr(node.layer, "kind", "") == "embedding")


def vectors_of(
    compiled: Compiled, dataset: Dataset, output: str, split: str, places: NDArray[np.int64]
) -> Floats:  # fmt: skip
    """The vectors N×F that an output gives to rows of a split."""
    from nnstudio.train.evaluate import predict

    arrays = dataset.arrays(split)
    needed = {spec.field for spec in compiled.model_inputs if spec.draw is None}
    made = predict(compiled, {name: np.asarray(arrays[name][places]) for name in needed})[output]
    return np.asarray(made, np.float32).reshape(len(places), -1)


def labels_of(dataset: Dataset, rows: NDArray[np.int64]) -> list[str]:
    """The class of each row of the file; [] where the data knows none."""
    columns = [column for column in dataset.columns.values() if column.kind == "category"]
    column = next((each for each in columns if each.role == "target"), None)
    if column is None:
        return []
    return [column.categories[code] if code >= 0 else "" for code in np.asarray(column.values[rows]).tolist()]


def _unit(vectors: Floats) -> Floats:
    made: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return made


def _threshold(vectors: Floats, labels: list[str]) -> Threshold:
    step = max(1, len(vectors) // PAIRED)
    some, names = vectors[::step][:PAIRED], np.array(labels[::step][:PAIRED], dtype=str)
    if len(names) != len(some) or len(some) < 2:
        return Threshold(float("nan"), float("nan"))
    first, second = np.triu_indices(len(some), 1)
    return equal_error((1.0 - some @ some.T)[first, second], names[first] == names[second])


def equal_error(distances: NDArray[np.floating], same: NDArray[np.bool_]) -> Threshold:
    """Where as large a share of the same is refused as of others is let pass, as EqualErrorRate says."""
    import torch

    from nnstudio.nn import metrics_gathered

    return Threshold(*metrics_gathered.equal_error(torch.as_tensor(distances), torch.as_tensor(same)))
