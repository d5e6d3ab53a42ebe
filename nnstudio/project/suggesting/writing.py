"""Texts: as tokens that a network can read, and a network that continues them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnstudio.data.columns import Column
from nnstudio.data.dataset import Dataset, Field
from nnstudio.data.errors import DataError
from nnstudio.data.reference import DataReference
from nnstudio.data.steps.texts import Tokens
from nnstudio.project.suggesting.drawing import Drawing
from nnstudio.project.suggesting.reading import Size

#: A text is read where it has so many words, half of the rows more; tokens of a row, at most; different tokens.
WORDS, LONGEST, VOCABULARY = 3, 200, 10_000
#: Rows by which texts are judged; rows of each class, at least, on average.
SAMPLED, EACH = 500, 2


def with_tokens(dataset: Dataset, reopen: Callable[[DataReference], Dataset]) -> Dataset:
    """The data with a step for each column of texts that nothing reads; as it is where there is none.

    Texts of a few characters are names rather than something to be read, unless one is to be written. Single words to
    be predicted that recur are classes.
    """
    classes = [name for name, column in dataset.columns.items() if column.role == "target" and _recurs(column, dataset)]
    if classes:
        reference = dataset.reference
        for name in classes:
            reference = reference.with_choice(name, kind="category", role="target")
        dataset = reopen(reference.with_(types={}))
    reference = dataset.reference
    read = {name for step in reference.steps for name in step.reads}
    roles = {name: choice.role for name, choice in reference.fields.items()}
    texts = [
        column
        for name, column in dataset.columns.items()
        if column.kind == "text" and name not in read and roles.get(name) != "ignored"
    ]
    long = {column.name: _long(column, dataset) for column in texts}
    answers = [column.name for column in texts if roles.get(column.name) == "target"]
    chosen = [column for column in texts if long[column.name] or answers]
    if not chosen:
        return dataset
    if not answers and len(chosen) > 1 and not any(field.role == "target" for field in dataset.fields.values()):
        answers = [chosen[-1].name]
    labels = [name for name in answers if _beside(dataset, chosen[0], dataset.columns[name])]
    steps = tuple(
        _step(column, dataset, "spaces" if labels else "words" if long[column.name] else "characters",
              written=column.name in answers and not labels, lower=column.name not in answers)
        for column in chosen
    )  # fmt: skip
    for name in answers:
        reference = reference.with_choice(name, role="target")
    return reopen(reference.with_(steps=(*reference.steps, *steps), types={}))


def _step(column: Column, dataset: Dataset, by: str, written: bool, lower: bool) -> Tokens:
    """How a column's texts become codes."""
    counts = _counts(column, dataset, characters=by == "characters")
    longest = int(min(LONGEST, max(8, 1.3 * np.quantile(counts, 0.95) if len(counts) else 8)))
    return Tokens.make(
        {
            "column": column.name, "by": by, "lower": lower, "vocabulary": VOCABULARY, "length": longest,
            "start": written, "end": written,
        }
    )  # fmt: skip


def _long(column: Column, dataset: Dataset) -> bool:
    counts = _counts(column, dataset)
    return bool(len(counts)) and float(np.median(counts)) >= WORDS


def _recurs(column: Column, dataset: Dataset) -> bool:
    """Whether texts that nothing reads are single words, each in several rows."""
    read = {name for step in dataset.reference.steps for name in step.reads}
    if column.kind != "text" or column.name in read or _long(column, dataset):
        return False
    texts = [text for text in column.values[:] if text is not None]
    return len(set(texts)) * EACH <= len(texts)


def _beside(dataset: Dataset, read: Column, answer: Column) -> bool:
    """Whether a word of one column stands beside each word of another, and is one of far fewer."""
    rows = dataset.indices("train")[:SAMPLED]
    pairs = list(zip(_texts(read, rows), _texts(answer, rows), strict=True))
    words, labels = ({word for pair in pairs for word in pair[side]} for side in (0, 1))
    alike = all(len(first) == len(second) for first, second in pairs)
    return read is not answer and alike and 2 * len(labels) <= len(words)


def _texts(column: Column, rows: np.ndarray) -> list[list[str]]:
    return [str(text).split() if text is not None else [] for text in column.values[rows]]


def _counts(column: Column, dataset: Dataset, characters: bool = False) -> np.ndarray:
    """How many words (or characters) the texts of some training rows have."""
    rows = dataset.indices("train")[:SAMPLED]
    texts = [str(text) for text in column.values[rows] if text is not None]
    return np.array([len(text) if characters else len(text.split()) for text in texts])


def continued(drawing: Drawing, dataset: Dataset, field: Field, size: Size) -> list[str]:
    """A network that predicts each token of a text from those before it, and so can write on."""
    type_ = dataset.types[field.name]
    if type_.rank != 2 or not type_.classes:
        raise DataError(f"Nothing of “{dataset.title}” is to be predicted; give a column the role target")
    drawing.line()
    text = drawing.source(field.name)
    x = drawing.add("Slice", text, name="all but the last", end=-1, axis=1)
    x = drawing.add("Embedding", x, name="embedding", embedding_dim=size.units(64))
    x = drawing.add("GRU", x, name="memory", hidden_size=size.units(256))
    scores = drawing.add("Linear", x, name="scores", out_features=type_.classes)
    drawing.line(1)
    wanted = drawing.add("Slice", text, name="all but the first", start=1, axis=1)
    drawing.add("SequenceCrossEntropyLoss", scores, wanted, name="loss")
    drawing.add("Perplexity", scores, wanted, name="perplexity")
    drawing.add("Output", scores, name="answer", kind="tokens", feeds=field.name, decoder="sample", temperature=0.7)
    return [
        f"Nothing is to be predicted, so each token of “{field.name}” is, from those before it: the network can then "
        "write on"
    ]
