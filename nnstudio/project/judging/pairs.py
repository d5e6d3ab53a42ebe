"""Up to which distance two things are taken for the same: so far that as many pairs that belong together are refused as
others are let pass, among rows that were held back while training. *Evaluate* and *Try it* both judge by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.project.judging.subjects import Subject
from nnstudio.project.judging.taps import fed
from nnstudio.project.neighbours import Threshold, equal_error, vectors_of

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset

#: Pairs that are looked at, at most.
PAIRS = 2000


def limit_of(compiled: Compiled, dataset: Dataset, subject: Subject) -> Threshold | None:
    """The limit for an output that is a distance of pairs, midway to the first pair beyond it; of the validation rows,
    or the training rows where there are none. None where the subject is something else or there is nothing to choose
    by."""
    known = subject.link == "distance" and subject.output and subject.field in dataset.fields
    if not known or fed(compiled.network, subject.output, "input") != subject.prediction:
        return None
    split = "validation" if dataset.count("validation") else "train"
    count = dataset.count(split)
    places = np.unique(np.linspace(0, count - 1, min(PAIRS, count)).round().astype(np.int64))
    distances = vectors_of(compiled, dataset, subject.name, split, places).reshape(-1)
    same = np.asarray(dataset.arrays(split)[subject.field][places]).reshape(-1) > 0.5
    found = equal_error(distances, same)
    if np.isnan(found.distance):
        return None
    beyond = distances[distances > found.distance]
    return replace(found, distance=float(found.distance + beyond.min()) / 2) if len(beyond) else found


def parted(compiled: Compiled, dataset: Dataset, subject: Subject) -> Subject:
    """The subject with half way where that limit is; itself where there is none."""
    limit = limit_of(compiled, dataset, subject)
    return replace(subject, scale=limit.distance) if limit is not None and limit.distance > 0 else subject
