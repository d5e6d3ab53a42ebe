"""Networks that read and write."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from making import rows, sheet, texts_written
from making.texts_parts import prepared, tokens, told_apart, vocabulary
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan


def rnn_names() -> Sheet:
    """Letters one after another through a recurrent layer."""
    net = NetworkBuilder()
    name = net.add("Input", name="name", field="name")
    x = net.add("Embedding", name, name="letters", embedding_dim=32, padding_idx=0)
    x = net.add("Dropout", x, name="blur", p=0.1)
    states = net.add("GRU", x, name="reader", hidden_size=96, bidirectional=True)
    x = net.add("Max", states, name="strongest", axes=(1,))
    x = net.add("Dropout", x, name="dropout", p=0.4)
    scores = net.add("Linear", x, name="scores", out_features=3)
    kind = net.add("Input", name="kind", field="kind")
    net.add("CrossEntropyLoss", scores, kind, name="loss")
    net.add("Accuracy", scores, kind, name="accuracy")
    net.add("Output", scores, name="answer", kind="class scores")
    return sheet(
        net, rows("name letters blur reader", "strongest dropout scores answer", ". kind loss accuracy"),
        Plan.make({"epochs": 10, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.004, "weight_decay": 0.01,
                   "clip_norm": 1.0, "schedule": "one-cycle"}),
        prepared("names", tokens("name", "characters", 14, lower=True)),
        "Names, letter by letter",
        "A recurrent layer reads a name letter by letter and tells men, women and families apart.",
    )  # fmt: skip


def sentiment() -> Sheet:
    """Words, and how much each of them counts."""
    net = NetworkBuilder()
    review = net.add("Input", name="review", field="review")
    x = net.add("Embedding", review, name="words", embedding_dim=48, padding_idx=0,
                weight_init="normal", init_std=0.1)  # fmt: skip
    x = net.add("Dropout", x, name="blur", p=0.7)
    weight = net.add("Squeeze", net.add("Linear", x, name="weigh", out_features=1), name="one_each", axis=2)
    empty = net.add("Equal", review, name="no_word", value=0)
    weight = net.add("MaskedFill", weight, empty, name="words_alone", value=-10000.0)
    share = net.add("Unsqueeze", net.add("Softmax", weight, name="attention", axis=1), name="as_row", axis=1)
    x = net.add("Flatten", net.add("MatMul", share, x, name="gist"), name="flat")
    x = net.add("Dropout", x, name="dropout", p=0.5)
    scores = net.add("Linear", x, name="scores", out_features=2)
    mood = net.add("Input", name="mood", field="mood")
    net.add("CrossEntropyLoss", scores, mood, name="loss")
    net.add("Accuracy", scores, mood, name="accuracy")
    net.add("Output", scores, name="answer", kind="class scores")
    return sheet(
        net,
        rows("review words blur weigh one_each", "no_word . . . words_alone", "attention as_row gist flat dropout",
             ". mood . scores answer", ". . . loss accuracy", height=1.2),
        Plan.make({"epochs": 4, "batch_size": 64, "optimizer": "AdamW", "learning_rate": 0.01, "weight_decay": 0.01,
                   "schedule": "one-cycle"}),
        prepared("films", tokens("review", "words", 48, lower=True, vocabulary=6000)),
        "Is the critic happy?", "Attention finds the words that tell a good review of a film from a bad one.",
    )  # fmt: skip


def ner() -> Sheet:
    """A label for each word of a message."""
    data = prepared(
        "addresses",
        tokens("message", "words", 40, lower=True, vocabulary=2000),
        tokens("labels", "spaces", 40),
    )
    tags = vocabulary(data, "labels")
    net = NetworkBuilder()
    message = net.add("Input", name="message", field="message")
    x = net.add("Embedding", message, name="words", embedding_dim=64, padding_idx=0)
    x = net.add("Dropout", x, name="blur", p=0.3)
    x = net.add("LSTM", x, name="reader", hidden_size=64, bidirectional=True)
    x = net.add("Dropout", x, name="dropout", p=0.3)
    scores = net.add("Linear", x, name="scores", out_features=len(tags))
    labels = net.add("Input", name="labels", field="labels")
    told_apart(net, scores, labels, "")
    net.add("EntityF1", scores, labels, name="entities", tags=", ".join(tags), ignore_index=0)
    return sheet(
        net, rows("message words blur reader", "dropout scores classes_first answer", ". labels entities loss"),
        Plan.make({"epochs": 6, "batch_size": 32, "optimizer": "AdamW", "learning_rate": 0.005, "weight_decay": 0.01,
                   "clip_norm": 1.0, "schedule": "one-cycle"}),
        data,
        "Who and where (composite)", "An LSTM marks persons, streets, towns, states and postcodes in messages.",
    )  # fmt: skip


PROJECTS: Mapping[str, Callable[[], Sheet]] = {
    "rnn-names": rnn_names, "sentiment": sentiment, "ner": ner, **texts_written.PROJECTS,
}  # fmt: skip
