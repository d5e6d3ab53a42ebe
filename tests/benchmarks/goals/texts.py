"""Networks that read and write."""

from __future__ import annotations

from pathlib import Path

from goals import Goal

#: The worst loss of lstm-text (nats a character), which gpt has to be below.
LSTM_TEXT = 1.75


def nats_a_character(project: Path) -> float:
    """The loss of a language model for each character of the test rows, whatever its tokens are."""
    from nnstudio.project.project import Project

    made = Project.open(project)
    targets = made.dataset.arrays("test")["text"][:, 1:]
    texts = made.dataset.decode("text", targets)
    return made.evaluate("test")["loss"] * int((targets != 0).sum()) / sum(map(len, texts))


def exact(project: Path) -> float:
    """The share of test questions of which both ends of the answer are right."""
    import torch

    from nnstudio.project.project import Project
    from nnstudio.train.evaluate import evaluating

    made = Project.open(project)
    arrays, compiled = made.dataset.arrays("test"), made.compiled()
    inputs = [torch.from_numpy(arrays[spec.field].copy()) for spec in compiled.model_inputs]
    with evaluating(compiled.model):
        scores = compiled.model(*inputs)
    right = torch.ones(len(inputs[0]), dtype=torch.bool)
    for field in ("start", "end"):
        right &= scores[f"{field}_answer"].argmax(1) == torch.from_numpy(arrays[field].copy())
    return float(right.float().mean())


GOALS = {
    "rnn-names": Goal(180, "accuracy", 0.78),
    "lstm-text": Goal(360, "nats a character", most=1.75, judge=nats_a_character),
    "seq2seq": Goal(480, "wrong_sounds", most=0.15),
    "translate": Goal(480, "likeness", 0.9),
    "sentiment": Goal(180, "accuracy", 0.80),
    "gpt": Goal(480, "nats a character", most=LSTM_TEXT, judge=nats_a_character),
    "ner": Goal(240, "entities", 0.9),
    "qa": Goal(360, "exact match", 0.6, judge=exact),
}
