"""The families of layers, in the order of the palette. A family's colour is the theme's (`ui/theme.py`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """A group of layer types; ``color`` is the name of the theme token that all of them share."""

    title: str
    color: str


FAMILIES: tuple[Family, ...] = (
    Family("Inputs and outputs", "io"),
    Family("Linear", "linear"),
    Family("Convolution", "convolution"),
    Family("Pooling", "pooling"),
    Family("Normalisation", "normalisation"),
    Family("Activation", "activation"),
    Family("Regularisation", "regularisation"),
    Family("Recurrent", "recurrent"),
    Family("Attention", "attention"),
    Family("Graphs", "attention"),
    Family("Shape", "shape"),
    Family("Padding and resizing", "shape"),
    Family("Joining and splitting", "shape"),
    Family("Selection", "selection"),
    Family("Arithmetic", "arithmetic"),
    Family("Functions", "arithmetic"),
    Family("Matrices", "matrix"),
    Family("Reduction", "reduction"),
    Family("Comparison and logic", "comparison"),
    Family("Constants and types", "selection"),
    Family("Blocks", "block"),
    Family("Losses", "loss"),
    Family("Losses on pairs", "loss"),
    Family("Metrics", "metric"),
    Family("Unknown", "problem"),
)
BY_TITLE = {family.title: family for family in FAMILIES}
