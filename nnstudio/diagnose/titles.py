"""What findings are called: titles of cards, and of the sections of the help page on diagnoses."""

from __future__ import annotations

from collections.abc import Mapping

#: Title by code.
TITLES: Mapping[str, str] = {
    "vanishing-gradient": "Vanishing gradient",
    "exploding-gradient": "Exploding gradient",
    "dead-output": "Dead units",
    "saturated": "Saturated units",
    "no-gradient": "A layer without a gradient",
    "weights-never-move": "Weights that never move",
    "learning-rate-high": "Learning rate too high",
    "learning-rate-low": "Learning rate too low",
    "not-finite": "Numbers that are no longer finite",
    "overfitting": "Overfitting",
    "underfitting": "Underfitting",
    "chance": "A loss at chance",
    "class-imbalance": "Uneven classes",
    "unscaled-inputs": "Unscaled inputs",
    "labels-shifted": "Labels off by one row",
    "labels-shuffled": "Labels that do not belong to the data",
    "validation-in-training": "Validation rows seen in training",
    "softmax-before-loss": "A softmax before the loss",
    "batch-norm-batch-one": "Batch normalisation on single samples",
}
#: Title of the help page that explains them.
PAGE = "What training can suffer from"


def title(code: str) -> str:
    """The title of a finding; "" where it has none."""
    return TITLES.get(code, "")
