"""What the entries of an embedding stand for: their names, and the class in whose rows each of them mostly stands."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.lazy import is_lazy
from nnstudio.graph import Network
from nnstudio.ui.docks.sample import target_of

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

Codes = NDArray[np.int64]

#: Training rows that are counted; rows in which an entry must stand, and how much oftener in those of a class than
#: chance has it, to be coloured by that class.
ROWS, SEEN, OFTENER = 5_000, 5, 1.3
#: Classes that can be told apart by colour.
CLASSES = 12


@dataclass(frozen=True, eq=False)
class Entries:
    """names: what each entry stands for; () where that is not known. classes: of the target. leaning: the class in
    whose training rows each entry stands oftener than in others', −1 for none, shape (entries,). fed_by: the data's
    field whose codes they are."""

    fed_by: str = ""
    names: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    leaning: Codes = field(default_factory=lambda: np.empty(0, np.int64))

    def used(self, dataset: Dataset, split: str, sample: int) -> frozenset[int]:
        """The entries that a row uses."""
        if not self.fed_by or not 0 <= sample < dataset.count(split):
            return frozenset()
        return frozenset(np.asarray(dataset.arrays(split)[self.fed_by][sample]).reshape(-1).astype(int).tolist())


def entries_of(dataset: Dataset, network: Network, node: str) -> Entries:
    """What is known of the entries of an embedding of the plain network."""
    name = _fed_by(dataset, network, node)
    if not name:
        return Entries()
    known = dataset.fields[name]
    names = known.classes or dataset.fed[known.columns[0]].categories
    classes, leaning = _leaning(dataset, name, len(names))
    return Entries(name, tuple(names), classes, leaning)


def _fed_by(dataset: Dataset, network: Network, node: str) -> str:
    """The nearest field of codes that comes to a node; "" where there is none."""
    waiting, seen = deque([node]), {node}
    while waiting:
        at = waiting.popleft()
        name = str(getattr(network.nodes[at].layer, "field", "")) if at in network.nodes else ""
        known = dataset.fields.get(name)
        if known is not None:
            return name if known.kind in ("codes", "category") and len(known.columns) == 1 else ""
        for wire in network.incoming.get(at, ()):
            if wire.source not in seen:
                seen.add(wire.source)
                waiting.append(wire.source)
    return ""


def _leaning(dataset: Dataset, name: str, entries: int) -> tuple[tuple[str, ...], Codes]:
    """The target's classes, and to which of them each entry leans."""
    none: tuple[tuple[str, ...], Codes] = ((), np.full(entries, -1, np.int64))
    target, arrays = target_of(dataset), dataset.arrays("train")
    if target is None or not 2 <= len(target.classes) <= CLASSES or target.name == name or not entries:
        return none
    codes, right = arrays[name], arrays[target.name]
    if is_lazy(codes) or is_lazy(right) or np.asarray(right[:1]).ndim != 1:
        return none
    right = np.asarray(right[:ROWS]).astype(np.int64)
    codes = np.asarray(codes[:ROWS]).reshape(len(right), -1).astype(np.int64)
    kept = (codes >= 0) & (codes < entries)
    rows, many = np.nonzero(kept)[0], len(target.classes)
    pairs = np.unique(rows * entries + codes[kept])  # an entry counts once a row
    table = np.bincount((pairs % entries) * many + right[pairs // entries], minlength=entries * many)
    counts = table.reshape(entries, many).astype(np.float64)
    usual = np.bincount(right, minlength=many) / max(1, len(right))
    total = counts.sum(axis=1, keepdims=True)
    oftener = counts / np.maximum(total, 1.0) / np.maximum(usual, 1e-9)
    best = oftener.argmax(axis=1)
    sure = (total[:, 0] >= SEEN) & (oftener.max(axis=1) >= OFTENER)
    return target.classes, np.where(sure, best, -1)
