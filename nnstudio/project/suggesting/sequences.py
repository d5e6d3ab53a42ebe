"""Sequences as answers: a label for each token, or another sequence, written token by token."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnstudio.data.dataset import Dataset, Field
from nnstudio.data.errors import DataError
from nnstudio.data.reference import DataReference
from nnstudio.data.steps.texts import Tokens
from nnstudio.graph.builder import PortHandle
from nnstudio.project.suggesting.drawing import Drawing
from nnstudio.project.suggesting.reading import Size

#: The code that a text that is written begins with; rows by which two sequences are compared.
START, SAMPLED = 2, 500


def sequence(dataset: Dataset, field: Field) -> bool:
    """Whether a field is a sequence of codes, N×T."""
    type_ = dataset.types[field.name]
    return type_.is_int and type_.rank == 2 and bool(type_.classes)


def side_by_side(dataset: Dataset, read: Field, answer: Field) -> bool:
    """Whether a code of one sequence stands beside each code of another, and is one of fewer kinds."""
    first, second = (_codes(dataset, field) for field in (read, answer))
    fewer = (dataset.types[answer.name].classes or 0) < (dataset.types[read.name].classes or 0)
    return fewer and first.shape == second.shape and bool(((first > 0) == (second > 0)).all())


def with_ends(dataset: Dataset, field: Field, reopen: Callable[[DataReference], Dataset]) -> Dataset:
    """The data with a start before each text of a field and an end behind it, as one that is written needs them.

    DataError where its codes are not made of texts, and so cannot have any.
    """
    codes = _codes(dataset, field)
    if bool((codes[:, 0] == START).all()):
        return dataset
    reference = dataset.reference
    steps = tuple(
        step.with_(start=True, end=True) if isinstance(step, Tokens) and set(field.columns) & set(step.reads) else step
        for step in reference.steps
    )
    if steps == reference.steps:
        raise DataError(
            f"“{field.name}” is to be written, but its rows do not begin with the code {START}, which starts a text; "
            "choose another target, or draw a network"
        )
    return reopen(reference.with_(steps=steps, types={}))


def labelled(drawing: Drawing, dataset: Dataset, read: Field, answer: Field, size: Size) -> list[str]:
    """A label for each token, from what stands on both sides of it."""
    drawing.line()
    source = drawing.source(read.name)
    x = drawing.add("Embedding", source, name="embedding", embedding_dim=size.units(64), padding_idx=0)
    x = drawing.add("Dropout", x, name="blur", p=size.dropout)
    x = drawing.add("LSTM", x, name="reader", hidden_size=size.units(64), bidirectional=True)
    x = drawing.add("Dropout", x, name="dropout", p=size.dropout)
    scores = drawing.add("Linear", x, name="scores", out_features=dataset.types[answer.name].classes)
    drawing.add("Output", scores, name="answer", kind="tokens")
    drawing.line(2)
    target = drawing.source(answer.name)
    drawing.add("SequenceCrossEntropyLoss", scores, target, name="loss")
    drawing.add("Accuracy", scores, target, name="accuracy", ignore_index=0)
    return [f"“{answer.name}” stands beside each token of “{read.name}”: a label for each, read from both sides"]


def written(drawing: Drawing, dataset: Dataset, read: Field, answer: Field, size: Size) -> list[str]:
    """An encoder reads one sequence; a decoder writes the other and looks back at it."""
    width = size.units(128)
    drawing.line()
    source = drawing.source(read.name)
    x = drawing.add("Embedding", source, name="embedding", embedding_dim=size.units(64), padding_idx=0)
    encoder = drawing.add("GRU", x, name="encoder", hidden_size=width // 2, bidirectional=True)
    decoder = _decoder(drawing, answer, encoder.last, width, size)
    fill = drawing.add("Equal", source, name="only fills up", value=0)
    drawing.line(2)
    back = drawing.add("MultiheadAttention", decoder, encoder, name="looks back", num_heads=1, need_weights=True,
                       padding=fill)  # fmt: skip
    x = drawing.add("Concatenate", decoder, back, name="both", axis=2)
    x = drawing.add("Linear", x, name="mix", out_features=width)
    drawing.line()
    _following(drawing, dataset, answer, drawing.add("Tanh", x, name="bend"))
    return [f"“{answer.name}” is written token by token from “{read.name}”, at which the decoder looks back"]


def told_from(drawing: Drawing, dataset: Dataset, answer: Field, features: PortHandle, size: Size) -> str:
    """A decoder writes a sequence from a vector, N×F; a sentence on it."""
    decoder = _decoder(drawing, answer, features, size.units(128), size)
    drawing.line(2)
    _following(drawing, dataset, answer, decoder)
    return f"“{answer.name}” is written token by token, beginning with what is known of the row"


def _decoder(drawing: Drawing, answer: Field, features: PortHandle, width: int, size: Size) -> PortHandle:
    """The states of a decoder that begins with features, N×F, one for each token that was written so far."""
    first = drawing.add("Linear", features, name="hand over", out_features=width)
    first = drawing.add("Tanh", first, name="begin")
    drawing.line()
    target = drawing.source(answer.name)
    x = drawing.add("Slice", target, name="written so far", end=-1, axis=1)
    x = drawing.add("Embedding", x, name="embedding of it", embedding_dim=size.units(64))
    return drawing.add("GRU", x, name="decoder", hidden_size=width, initial=first)


def _following(drawing: Drawing, dataset: Dataset, answer: Field, states: PortHandle) -> None:
    """The scores of each next token from the states of a decoder, with their loss, metric and Output."""
    target = drawing.source(answer.name)
    scores = drawing.add("Linear", states, name="scores", out_features=dataset.types[answer.name].classes)
    following = drawing.add("Slice", target, name="to be written", start=1, axis=1)
    drawing.add("SequenceCrossEntropyLoss", scores, following, name="loss")
    drawing.add("ErrorRate", scores, following, name="wrong tokens")
    drawing.line(2)
    drawing.add("Output", scores, name="answer", kind="tokens", feeds=drawing.network.nodes[target.node].name)


def _codes(dataset: Dataset, field: Field) -> np.ndarray:
    """The codes of some training rows, N×T."""
    rows = dataset.indices("train")[:SAMPLED]
    return np.asarray(dataset.fed[field.columns[0]].values[rows])
