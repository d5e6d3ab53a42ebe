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
#: Rows by which texts are judged.
SAMPLED = 500


def with_tokens(dataset: Dataset, reopen: Callable[[DataReference], Dataset]) -> Dataset:
    """The data with a step for each column of texts that nothing reads; as it is where there is none."""
    reference = dataset.reference
    read = {name for step in reference.steps for name in step.reads}
    unwanted = {name for name, choice in reference.fields.items() if choice.role == "ignored"}
    texts = [
        column
        for name, column in dataset.columns.items()
        if column.kind == "text" and name not in read and name not in unwanted
    ]
    lengths = {column.name: _words(column, dataset) for column in texts}
    chosen = [column.name for column in texts if len(lengths[column.name]) and np.median(lengths[column.name]) >= WORDS]
    if not chosen:
        return dataset
    steps = tuple(
        Tokens.make(
            {
                "column": name, "by": "words", "lower": True, "vocabulary": VOCABULARY,
                "length": int(min(LONGEST, max(8, 1.3 * np.quantile(lengths[name], 0.95)))),
            }
        )
        for name in chosen
    )  # fmt: skip
    return reopen(reference.with_(steps=(*reference.steps, *steps), types={}))


def _words(column: Column, dataset: Dataset) -> np.ndarray:
    """How many words the texts of some training rows have."""
    rows = dataset.indices("train")[:SAMPLED]
    return np.array([len(str(text).split()) for text in column.values[rows] if text is not None])


def continued(drawing: Drawing, dataset: Dataset, field: Field, size: Size) -> list[str]:
    """A network that predicts each token of a text from those before it, and so can write on."""
    type_ = dataset.types[field.name]
    if type_.rank != 2 or not type_.classes:
        raise DataError(f"Nothing of “{dataset.title}” is to be predicted; give a column the role target")
    drawing.line()
    text = drawing.add("Input", name=field.name, field=field.name)
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
