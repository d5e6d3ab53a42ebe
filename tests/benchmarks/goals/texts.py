"""Networks that read and write."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from goals import Goal, nnstudio, trained_by_command

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: What translate has to reach, as chrF. Twice a word-for-word dictionary cannot be asked for: it reaches 0.53 on these
#: sentences, and nothing is above 1. translating_by_hand.py reaches 0.9965, 0.9953 and 0.9957 in three epochs (155 to
#: 173 s of the processor) and, in the five that the project has, 0.9991 and 0.9990 (271 and 288 s).
BY_HAND = 0.996


def nats_a_character(project: Path) -> float:
    """The loss of a language model for each character of the test rows, whatever its tokens are."""
    from nnstudio.project.project import Project

    made = Project.open(project)
    targets = made.dataset.arrays("test")["text"][:, 1:]
    texts = made.dataset.decode("text", targets)
    return made.evaluate("test")["loss"] * int((targets != 0).sum()) / sum(map(len, texts))


def ahead_of_lstm(project: Path, spent: float) -> float:
    """By how many nats a character gpt is below lstm-text, which is trained from the same seed for as many epochs as
    take at least as much of the processor's time, its schedule stretched over them."""
    from goals.vision import seed_of

    own, rival = nats_a_character(project), project.with_name("rival.nnstudio")
    epochs, took = 0, 0.0
    while took < spent:
        epochs = max(epochs + 1, math.ceil(epochs * spent / took)) if epochs else 1  # never too many
        nnstudio("new", "lstm-text", "-o", str(rival), "--force")
        took = trained_by_command(rival, "--epochs", str(epochs), "--seed", str(seed_of(project)))
    other = nats_a_character(rival)
    print(f"  gpt {own:.4f} in {spent:.0f} s of the processor, lstm-text {other:.4f} in {took:.0f} s ({epochs} epochs)")
    return other - own


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


def dictionary_likeness(dataset: Dataset) -> float:
    """The chrF on the test split of a word-for-word dictionary made of the training pairs: for each English word the
    Spanish one that goes with it most closely (Dice's coefficient)."""
    from torchmetrics.functional.text import chrf_score

    texts = {
        (split, field): [text.lower().split() for text in dataset.decode(field, dataset.arrays(split)[field])]
        for split in ("train", "test")
        for field in ("english", "spanish")
    }
    english, spanish = Counter[str](), Counter[str]()
    both: dict[str, Counter[str]] = defaultdict(Counter)
    for source, target in zip(texts["train", "english"], texts["train", "spanish"], strict=True):
        english.update(set(source))
        spanish.update(set(target))
        for word in set(source):
            both[word].update(set(target))
    dictionary = {
        word: max(known, key=lambda other, word=word, known=known: known[other] / (english[word] + spanish[other]))
        for word, known in both.items()
    }
    written = [" ".join(dictionary.get(word, word) for word in source) for source in texts["test", "english"]]
    right = [[" ".join(target)] for target in texts["test", "spanish"]]
    return float(chrf_score(written, right, n_word_order=0))


GOALS = {
    "rnn-names": Goal(180, "accuracy", 0.78),
    "lstm-text": Goal(360, "nats a character", most=1.75, judge=nats_a_character),
    "seq2seq": Goal(480, "wrong_sounds", most=0.15),
    "translate": Goal(480, "likeness", BY_HAND),
    "sentiment": Goal(180, "accuracy", 0.82),
    "gpt": Goal(480, "nats a character ahead of lstm-text in the same time", 0.01, rivalled=ahead_of_lstm),
    "ner": Goal(240, "entities", 0.9),
    "qa": Goal(360, "exact match", 0.6, judge=exact),
}
