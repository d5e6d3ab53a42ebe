"""A network's answers on a split, worked out once: beside what was right, with the loss of each row."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.errors import ProjectError
from nnstudio.project.judging.pairs import parted
from nnstudio.project.judging.subjects import Subject, subjects
from nnstudio.project.judging.taps import Tap, fed_all, filled, gathered, losses_by_row, tapped

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.encoding import ColumnEncoding

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
#: Told how far the work is, from 0 to 1. What it raises ends the work.
Progress = Callable[[float], object]
#: Rows that are asked at once, at most; numbers of predictions that are kept.
ROWS, KEPT = 256, 20_000_000
#: Losses that compare rows with one another: one row has none by itself.
TOGETHER = frozenset({"BatchTripletLoss", "NTXentLoss"})
#: Ways in which one number tells how likely a yes is.
ONE_NUMBER = frozenset({"sigmoid", "distance", "likeness", "amount"})
#: Kinds whose answers are objects that are found.
OBJECTS = ("boxes", "objects")


def unheard(_: float) -> None:
    """A progress that nobody follows."""


@dataclass(frozen=True, eq=False)
class Judged:
    """The answers of one subject on the rows of a split.

    rows: their numbers in the data's file, int64 (N,). losses: of each row by itself, all loss nodes weighted and
    added, float64 (N,), NaN where there is none. For ``classes``: target and predicted are codes (N,), −1 where a row
    does not count, shares probabilities float32 (N, C). For ``places``: codes (N, …), −1 where a place does not count.
    For ``numbers``: (N, K) in the data's own unit; K is 0 where there are too many to keep. For ``boxes``: target (N,
    M, 5), predicted (N, K, 6). For ``objects``: the number of each pixel's object (N, …). For ``losses``: (N, 0).
    absolute, squared: the mean absolute and squared error of each row, for numbers (N,), else empty.
    """

    subject: Subject
    split: str
    rows: Codes
    losses: Floats
    target: NDArray[Any]
    predicted: NDArray[Any]
    shares: NDArray[np.float32]
    absolute: Floats
    squared: Floats

    @property
    def kind(self) -> str:
        """``classes``, ``places``, ``numbers``, ``boxes``, ``objects`` or ``losses``."""
        return self.subject.kind

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The names of all classes, those that only have a number among them."""
        known = self.subject.classes
        count = self.shares.shape[1] if self.kind == "classes" else self._highest() + 1
        return (*known, *(str(code) for code in range(len(known), count)))

    def _highest(self) -> int:
        return int(max(self.target.max(initial=-1), self.predicted.max(initial=-1)))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Of each row, whether its class is right, or does not count; of places, whether all that count are; of
        objects, whether all are found and none is made up (N,)."""
        if self.kind in OBJECTS:
            from nnstudio.project.judging.objects import matched

            found = matched(self)
            return np.asarray((found.found == found.count) & (found.made_up == 0))
        flat = (self.target == self.predicted) | (self.target < 0)
        return np.asarray(flat.reshape(len(flat), -1).all(axis=1))

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Of each row, whether it counts: not where its only class is one that the loss leaves out (N,)."""
        return np.asarray(self.target >= 0) if self.kind == "classes" else np.ones(len(self.rows), np.bool_)

    @property
    def worst(self) -> Codes:
        """Places of rows, the greatest loss first; what is not finite before all."""
        key = np.where(np.isfinite(self.losses), self.losses, np.inf)
        return np.argsort(-key, kind="stable").astype(np.int64)


class Judge:
    """Asks a compiled network about a data set. What was worked out of a split is kept.

    compiled is not to be run by another thread meanwhile; its weights stay as they are. ProjectError where the network
    predicts nothing that the data knows the answer to.
    """

    def __init__(self, compiled: Compiled, dataset: Dataset) -> None:
        self.compiled, self.dataset = compiled, dataset
        self.subjects = tuple(parted(compiled, dataset, subject) for subject in subjects(compiled, dataset))
        self._judged: dict[str, dict[str, Judged]] = {}
        if not self.subjects:
            raise ProjectError(
                "This network predicts nothing that its data has the answer to; add an Output behind the layer that a "
                "loss compares with its target."
            )

    def subject(self, name: str = "") -> Subject:
        """The subject of this name (of an output with several, the first), the first of all where none is given.
        ProjectError where there is none of that name."""
        if not name:
            return self.subjects[0]
        output = self.compiled.network.by_name.get(name)
        alike = (subject for subject in self.subjects if output is not None and subject.output == output.id)
        found = next((subject for subject in self.subjects if subject.name == name), next(alike, None))
        if found is None:
            known = ", ".join(subject.name for subject in self.subjects)
            raise ProjectError(f"There is no output “{name}” that could be judged; those are: {known}.")
        return found

    def judged(self, split: str = "test", name: str = "", progress: Progress = unheard) -> Judged:
        """The answers on a split. ProjectError where it has no rows."""
        subject = self.subject(name)
        if split not in self._judged:
            if not self.dataset.count(split):
                raise ProjectError(f"The data has no rows for {split}; give that split a share, or evaluate another.")
            self._judged[split] = _Pass(self, split).run(progress)
        return self._judged[split][subject.name]

    def known(self, split: str, name: str = "") -> Judged | None:
        """As :meth:`judged`, where it was worked out before."""
        return self._judged.get(split, {}).get(self.subject(name).name)

    def unit(self, subject: Subject, width: int) -> ColumnEncoding | None:
        """The column in whose unit numbers (rows, width) of a subject can be told: where they are those of one column,
        or of an array such as the steps of a forecast."""
        known = self.dataset.fields.get(subject.field)
        if known is None or known.kind not in ("number", "array") or len(known.columns) != 1:
            return None
        column = self.dataset.prepared.columns[known.columns[0]]
        if known.kind == "array" and (math.prod(column.shape) != width or len(column.std) not in (1, width)):
            return None
        return column

    def in_own_unit(self, subject: Subject, values: Any) -> Any:
        """Numbers (rows, K) as they stand in the data's file, where they have a unit; else as they are."""
        column = self.unit(subject, values.shape[1])
        return values if column is None else column.decoded(values)

    def batch(self, split: str, places: Sequence[int] | Codes, seed: int = 0) -> tuple[torch.Tensor, ...]:
        """The inputs of these rows of a split, for what :func:`taps.tapped` gives."""
        arrays, wanted = self.dataset.arrays(split), np.asarray(places, dtype=np.int64)
        fields = {spec.field for spec in self.compiled.inputs if spec.draw is None}
        found = {name: arrays[name][wanted] for name in fields if name in arrays}
        return gathered(self.compiled, found, len(wanted), seed)

    def batch_of(self, rows: Mapping[str, NDArray[Any]]) -> tuple[torch.Tensor, ...]:
        """The inputs of new rows, encoded by field; what is not given (targets) is 0."""
        return filled(self.compiled, rows)


@dataclass
class _Gathered:
    """What came of the batches so far, of one subject."""

    target: list[Any] = field(default_factory=list)
    predicted: list[Any] = field(default_factory=list)
    shares: list[Any] = field(default_factory=list)
    absolute: list[Any] = field(default_factory=list)
    squared: list[Any] = field(default_factory=list)


class _Pass:
    """One pass over a split."""

    def __init__(self, judge: Judge, split: str) -> None:
        self.judge, self.split = judge, split
        self.compiled = judge.compiled
        network = self.compiled.network
        self.fed = {
            id: fed_all(network, id) for id in self.compiled.losses
            if network.nodes[id].layer.type_name() not in TOGETHER
        }  # fmt: skip
        compared = [subject for subject in judge.subjects if subject.kind != "losses"]
        taps = [tap for subject in compared for tap in (subject.prediction, subject.target, subject.padding) if tap]
        taps += [tap for ports in self.fed.values() for each in ports.values() for tap in each]
        self.taps: tuple[Tap, ...] = tuple(dict.fromkeys(taps))
        self.module = tapped(self.compiled, self.taps)
        self.gathered = {subject.name: _Gathered() for subject in judge.subjects}
        self.losses: list[Any] = []

    def run(self, progress: Progress) -> dict[str, Judged]:
        from nnstudio.train.evaluate import evaluating

        dataset, count = self.judge.dataset, self.judge.dataset.count(self.split)
        with evaluating(self.compiled.training):
            for start in range(0, count, ROWS):
                progress(start / count)
                places = np.arange(start, min(start + ROWS, count))
                values = dict(zip(self.taps, self.module(*self.judge.batch(self.split, places, start)), strict=True))
                self.losses.append(self._losses(values, len(places)))
                for subject in self.judge.subjects:
                    self._take(subject, values, count, len(places))
        progress(1.0)
        rows = np.asarray(dataset.indices(self.split), dtype=np.int64)
        return {subject.name: self._judged(subject, rows) for subject in self.judge.subjects}

    def _losses(self, values: dict[Tap, torch.Tensor], rows: int) -> Floats:
        total = np.zeros(rows)
        if not self.fed:
            return np.full(rows, np.nan)
        weights = dict(self.compiled.weighted)
        for id, ports in self.fed.items():
            own = {port: tuple(values[tap] for tap in taps) for port, taps in ports.items()}
            total += weights.get(id, 1.0) * losses_by_row(self.compiled, id, own).numpy()
        return total

    def _take(self, subject: Subject, values: dict[Tap, torch.Tensor], count: int, rows: int) -> None:
        found = self.gathered[subject.name]
        if subject.kind == "losses":
            found.target.append(np.zeros((rows, 0)))
            found.predicted.append(np.zeros((rows, 0)))
            return
        prediction, target = subject.own(values[subject.prediction]), subject.own(values[subject.target])
        if subject.kind == "numbers":
            told = prediction.sigmoid() if subject.link == "sigmoid" else prediction
            self._take_numbers(subject, found, told, target, count)
            return
        if subject.kind in OBJECTS:
            found.target.append(target.cpu().numpy())
            found.predicted.append(prediction.cpu().numpy())
            return
        if subject.kind == "classes":
            shares = shares_of(subject, prediction)
            found.shares.append(shares.float().cpu().numpy())
            found.predicted.append(shares.argmax(dim=1).cpu().numpy())
            one = target.reshape(len(target), -1)[:, 0].round().long()
            one = one if subject.ignored is None else one.masked_fill(one == subject.ignored, -1)
            found.target.append(one.clamp(min=-1).cpu().numpy())
            return
        codes = codes_of(subject, prediction)
        right = target.round().long() if target.dtype.is_floating_point else target
        right = right.reshape(codes.shape)
        if subject.ignored is not None:
            right = right.masked_fill(right == subject.ignored, -1)
        if subject.padding is not None:
            right = right.masked_fill(values[subject.padding].bool().reshape(right.shape), -1)
        found.target.append(right.clamp(min=-1).cpu().numpy())
        found.predicted.append(codes.cpu().numpy())

    def _take_numbers(self, subject: Subject, found: _Gathered, prediction: Any, target: Any, count: int) -> None:
        rows = len(target)
        target = target.expand_as(prediction) if target.shape != prediction.shape else target
        told, right = (tensor.detach().float().cpu().numpy().reshape(rows, -1) for tensor in (prediction, target))
        told, right = (self.judge.in_own_unit(subject, values) for values in (told, right))
        apart = told.astype(np.float64) - right
        found.absolute.append(np.abs(apart).mean(axis=1))
        found.squared.append((apart**2).mean(axis=1))
        keep = count * told.shape[1] <= KEPT
        found.target.append(right if keep else right[:, :0])
        found.predicted.append(told if keep else told[:, :0])

    def _judged(self, subject: Subject, rows: Codes) -> Judged:
        found, none = self.gathered[subject.name], np.zeros(0)
        return Judged(
            subject, self.split, rows, np.concatenate(self.losses),
            np.concatenate(found.target), np.concatenate(found.predicted),
            np.concatenate(found.shares) if found.shares else np.zeros((len(rows), 0), np.float32),
            np.concatenate(found.absolute) if found.absolute else none,
            np.concatenate(found.squared) if found.squared else none,
        )  # fmt: skip


def shares_of(subject: Subject, prediction: torch.Tensor) -> torch.Tensor:
    """Probabilities (N, C) of what a network says of classes: scores (N, C), or one number (N, 1) or (N,) for two."""
    import torch

    flat = prediction.reshape(len(prediction), -1)
    if flat.shape[1] == 1:
        yes = yes_of(subject, flat)
        return torch.cat([1 - yes, yes], dim=1)
    if subject.link == "exp":
        return flat.exp()
    if subject.link == "softmax":
        if bool((flat >= 0).all()) and bool(((flat.sum(dim=1) - 1).abs() < 1e-3).all()):
            return flat  # they are probabilities already
        return torch.softmax(flat.float(), dim=1)
    return flat


def yes_of(subject: Subject, numbers: torch.Tensor) -> torch.Tensor:
    """How likely one number for two classes makes the second."""
    import torch

    match subject.link:
        case "sigmoid":
            return torch.sigmoid(numbers)
        case "distance":
            return torch.exp2(-numbers.clamp(min=0) / subject.scale)
        case "likeness":
            return (numbers + 1).clamp(0, 2) / 2
        case "amount":
            return torch.where(numbers < 0, torch.zeros_like(numbers), numbers / (1 + numbers.abs()))
    return numbers.clamp(0, 1)


def codes_of(subject: Subject, prediction: torch.Tensor) -> torch.Tensor:
    """The most probable class at each place: scores (N, C, …) become (N, …); numbers of yes and no keep their shape."""
    if subject.link == "sigmoid":
        return (prediction > 0).long()
    if subject.link == "none":
        return (prediction > 0.5).long()
    return prediction.argmax(dim=-1 if subject.last else 1)
