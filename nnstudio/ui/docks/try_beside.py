"""What is told beside an answer: what is right, what lies near, a ranking, the past of a forecast, words. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.steps.tokenizing import UNKNOWN
from nnstudio.project.answers import target_field
from nnstudio.project.judging.pairs import limit_of
from nnstudio.project.neighbours import Neighbourhood, Threshold, embedding_outputs, vectors_of
from nnstudio.project.ranking import Ranked, rankable, ranked
from nnstudio.ui.docks import numbers

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset
    from nnstudio.project.judging.subjects import Subject

#: Neighbours and places of a ranking that are told; steps of the past beside a forecast, as multiples of it; rows by
#: which it is told how unusual a score is.
NEAR, TOP, BACK, PAIRS = 8, 12, 8, 400
#: Tokens that fill up a sequence or begin and end it.
_SILENT = ("<pad>", "<start>", "<end>")
#: What says of a word that it has no name of its own.
OUTSIDE = ("O", "", *_SILENT)


@dataclass(frozen=True, eq=False)
class Series:
    """A forecast: the past (T,), what is forecast and, where it is known, what came (H,). name: of what."""

    name: str
    past: NDArray[np.float64]
    forecast: NDArray[np.float64]
    came: NDArray[np.float64] | None


@dataclass(frozen=True)
class Words:
    """A text word by word, each with its label ("" for none). joiner: what stands between them. unknown: places of
    words that are not in the vocabulary."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    joiner: str = " "
    unknown: frozenset[int] = frozenset()


@dataclass
class Beside:
    """Works out what stands beside the answers to one input. Kept: vectors of the data's rows, per network."""

    column: str = ""
    _near: dict[str, Neighbourhood] = field(default_factory=dict)
    _limits: dict[str, Threshold | None] = field(default_factory=dict)
    _scores: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _subjects: dict[str, Subject | None] = field(default_factory=dict)
    _of: Compiled | None = None

    def told(
        self, made: Compiled, dataset: Dataset, answers: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any],
        fields: Mapping[str, NDArray[Any]], row: int, *, own: bool, stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, dict[str, Any]]:  # fmt: skip
        """The answers, each with what stands beside it. given: values by column; fields: as they are encoded, one row
        each; row: of the file, with which the input began; own: whether the person changed it since."""
        if self._of is not made:
            self._of, self._near, self._limits, self._scores, self._subjects = made, {}, {}, {}, {}
        found = {name: dict(answer) for name, answer in answers.items()}
        vectors = embedding_outputs(made.network)
        for name, answer in found.items():
            node = made.network.named(name)
            target = target_field(made.network, node.id)
            if name in vectors and "embedding" in answer:
                near = self._neighbourhood(made, dataset, name, stop)
                vector = np.asarray(answer["embedding"], np.float32).reshape(-1)
                answer["neighbours"] = near.nearest(vector, NEAR, -1 if own else row)
                answer["threshold"] = near.threshold
            if not own and "embedding" not in answer:
                answer["right"] = right(dataset, target, row)
            if not own and "labels" in answer:
                answer["right"] = _right_labels(made, dataset, node.id, tuple(answer["probabilities"]), row)
            if isinstance(answer.get("value"), float):
                answer.update(self._among(made, dataset, name, answer["value"], row, own=own))
            limit = self._limit(made, dataset, name)
            if limit is not None and isinstance(answer.get("value"), float):
                answer.update(distance=answer["value"], limit=limit, same=answer["value"] <= limit.distance)
            series = _series(dataset, target, answer, given, row, own=own)
            if series is not None:
                answer["series"] = series
            words = _words(dataset, answer, fields, given)
            if words is not None:
                answer["words"] = words
            ranking = self._ranking(made, dataset, name, given)
            if ranking is not None:
                answer["ranking"] = ranking
        return _spanned(made, dataset, found, fields, given)

    def _among(
        self, made: Compiled, dataset: Dataset, output: str, value: float, row: int, *, own: bool
    ) -> dict[str, Any]:  # fmt: skip
        """Of a score that only orders rows (how unusual one is): what share of the rows held back it exceeds, and what
        the row is."""
        subject = self._subject(made, dataset, output)
        if subject is None or subject.link != "amount":
            return {}
        if output not in self._scores:
            split = "validation" if dataset.count("validation") else "train"
            count = dataset.count(split)
            places = np.unique(np.linspace(0, count - 1, min(PAIRS, count)).round().astype(np.int64))
            self._scores[output] = vectors_of(made, dataset, output, split, places).reshape(-1)
        found: dict[str, Any] = {"above": float((self._scores[output] < value).mean())}
        return found if own else {**found, "right": right(dataset, subject.field, row)}

    def _subject(self, made: Compiled, dataset: Dataset, output: str) -> Subject | None:
        """What of the network is judged by an output."""
        from nnstudio.project.judging.subjects import subjects

        if output not in self._subjects:
            found = next((each for each in subjects(made, dataset) if each.name == output), None)
            self._subjects[output] = found
        return self._subjects[output]

    def _limit(self, made: Compiled, dataset: Dataset, output: str) -> Threshold | None:
        """Up to which distance two are the same, for an output that is the distance of pairs."""
        if output not in self._limits:
            subject = self._subject(made, dataset, output)
            self._limits[output] = limit_of(made, dataset, subject) if subject is not None else None
        return self._limits[output]

    def _neighbourhood(
        self, made: Compiled, dataset: Dataset, output: str, stop: Callable[[], bool]
    ) -> Neighbourhood:  # fmt: skip
        if output not in self._near:
            found = Neighbourhood(made, dataset, output, stop=stop)
            if stop():
                return found
            self._near[output] = found
        return self._near[output]

    def _ranking(self, made: Compiled, dataset: Dataset, output: str, given: Mapping[str, Any]) -> Ranked | None:
        columns = rankable(dataset, list(given))
        if not columns:
            return None
        column = self.column if self.column in columns else columns[-1]
        return ranked(made, dataset, given, column, output, TOP)


def right(dataset: Dataset, target: str, row: int) -> str:
    """What the data says of a row, as a text; "" where it is no single thing."""
    known = dataset.fields.get(target)
    if known is None or known.kind not in ("category", "number") or len(known.columns) != 1:
        return ""
    column = dataset.columns.get(known.columns[0])
    if column is None:
        return ""
    value = column.values[row]
    if column.kind == "category":
        return column.categories[int(value)] if int(value) >= 0 else ""
    return numbers.figure(float(value)) if np.ndim(value) == 0 else ""


def _right_labels(made: Compiled, dataset: Dataset, output: str, names: tuple[str, ...], row: int) -> str:
    """The labels that a row has, as a text; "" where they do not stand in columns."""
    from nnstudio.project.labels import fields_of, target_of_labels

    found: list[float] = []
    for each in fields_of(made.network, target_of_labels(made.network, output)):
        for name in dataset.fields[each].columns if each in dataset.fields else ():
            found += np.asarray(dataset.columns[name].values[row], np.float64).reshape(-1).tolist()
    if len(found) != len(names):
        return ""
    return ", ".join(name for name, value in zip(names, found, strict=True) if value > 0.5) or "none of them"


def _series(
    dataset: Dataset, target: str, answer: Mapping[str, Any], given: Mapping[str, Any], row: int, *, own: bool
) -> Series | None:  # fmt: skip
    """The forecast beside its past, where the answer is the future of a window over time."""
    step = dataset.prepared.reshaping
    value, columns = answer.get("value"), getattr(step, "columns", ())
    name = str(getattr(step, "target", ""))
    if target != "future" or not isinstance(value, list) or "past" not in given or name not in columns:
        return None
    past = np.asarray(given["past"], np.float64)[:, columns.index(name)]
    forecast = np.asarray(value, np.float64).reshape(-1)
    came = dataset.columns["future"].values[row] if not own and "future" in dataset.columns else None
    kept = past[-BACK * len(forecast) :]
    return Series(name, kept, forecast, np.asarray(came, np.float64).reshape(-1) if came is not None else None)


def _words(
    dataset: Dataset, answer: Mapping[str, Any], fields: Mapping[str, NDArray[Any]], given: Mapping[str, Any]
) -> Words | None:  # fmt: skip
    """The words of the input beside a label for each, where the answer is one for each place."""
    tags = answer.get("tokens")
    if not tags:
        return None
    for name in fields:
        words, joiner, codes = tokens(dataset, name, fields, given)
        if words and len(codes) == fields[name].shape[1] and len(tags) >= len(words) and joiner == " ":
            labels = tuple("" if tag in OUTSIDE else tag for tag in tags[: len(words)])
            return Words(tuple(words), labels, joiner, unknown_in(codes)) if _are_labels(tags) else None
    return None


def _are_labels(tags: Sequence[str]) -> bool:
    """Whether these are of few kinds, as labels are, not words themselves."""
    kinds = {tag for tag in tags if tag not in _SILENT}
    return len(kinds) <= 24 and all(len(tag) <= 12 for tag in kinds) and any(tag in OUTSIDE for tag in kinds)


def unknown_in(codes: Sequence[int]) -> frozenset[int]:
    """Places of tokens that are not in the vocabulary."""
    return frozenset(at for at, code in enumerate(codes) if code == UNKNOWN)


def tokens(
    dataset: Dataset, name: str, fields: Mapping[str, NDArray[Any]], given: Mapping[str, Any]
) -> tuple[list[str], str, list[int]]:  # fmt: skip
    """The tokens of a field of codes up to the last that says anything, what joins them, and all its codes. given: by
    column the text, from which words are taken that are not in the vocabulary."""
    known = dataset.fields.get(name)
    if known is None or known.kind != "codes" or len(known.columns) != 1 or name not in fields:
        return [], "", []
    column = dataset.fed[known.columns[0]]
    codes = np.asarray(fields[name])[0].reshape(-1).tolist()
    words = list(dataset.prepared.written(known.columns[0], given.get(known.columns[0]), codes))
    while words and words[-1] in _SILENT[:1]:
        words.pop()
    return words, column.joiner, codes


def _spanned(
    made: Compiled, dataset: Dataset, found: dict[str, dict[str, Any]], fields: Mapping[str, NDArray[Any]],
    given: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Answers that are places in a text, with the text and what is marked in it: one place, or from the first to the
    second of two. They have a score for each place, where a class that is a number has one for each number."""
    digits = [name for name, answer in found.items() if str(answer.get("class", "")).isdigit()]
    scores = {name: _scores(made, name) for name in digits}
    for name in fields if digits else ():
        words, joiner, codes = tokens(dataset, name, fields, given)
        places = [each for each in digits if scores[each] == len(codes)]
        if not words or not places or len(found[places[0]].get("probabilities", {})) < len(words):
            continue
        at = [int(found[place]["class"]) for place in places[:2]]
        for name_, place in zip(places[:2], at, strict=True):
            found[name_]["place"] = words[place] if place < len(words) else ""
            found[name_].pop("right", None)
        start, end = min(at), max(at)
        labels = tuple("answer" if start <= place <= end else "" for place in range(len(words)))
        found[places[0]]["words"] = Words(tuple(words), labels, joiner or "", unknown_in(codes))
        found[places[0]]["begin"] = start
        found[places[0]]["span"] = joiner.join(words[start : end + 1])
        break
    return found


def _scores(made: Compiled, output: str) -> int:
    """How many scores an output has for each row; 0 where that is not fixed."""
    resolution = made.resolution
    wires = resolution.network.incoming.get(resolution.network.named(output).id, ())
    type = resolution.wire_type(wires[0]) if wires else None
    size = type.sizes[-1] if type is not None and type.rank == 2 else 0
    return size if isinstance(size, int) else 0
