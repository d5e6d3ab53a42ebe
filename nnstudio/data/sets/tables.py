"""Sets that are tables."""

from __future__ import annotations

from nnstudio.data.described import CSV, Packaged, Shipped, choice
from nnstudio.data.reference import Split

SHIPPED: tuple[Shipped, ...] = (
    Shipped("iris", "Iris", "150 flowers, four lengths in cm, three species", "iris.csv", CSV),
    Shipped(
        "breast_cancer", "Breast cancer", "569 tissue samples, 30 measures each, benign or malignant",
        "breast_cancer.csv", CSV,
    ),
    Shipped(
        "line", "The line y = 4x", "five rows, x = 0..4, the numbers as they are", "line.csv", CSV,
        {"x": choice(kind="number", role="input", scaling="none"),
         "y": choice(kind="number", role="target", scaling="none")},
        Split.everything(),
    ),
)  # fmt: skip
PACKAGED: tuple[Packaged, ...] = ()
