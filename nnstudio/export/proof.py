"""Proof: the exported model beside the trained one, on the same samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.export.errors import ExportError

if TYPE_CHECKING:
    from nnstudio.compile.lower import InputSpec

#: How many samples are tried.
SAMPLES = 32
#: An export whose answers differ by more than this share of the largest answer (or of 1) is not the same model.
TOLERANCE = 1e-3
#: What a symbolic size other than the batch is, where there are no real samples.
LENGTH = 12

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was written, and how it was checked.

    samples: on how many samples both models were run (for weights: how many tensors were read back).
    largest_difference: the largest absolute difference between two numbers that should be the same.
    """

    format: str
    path: Path
    samples: int
    largest_difference: float
    sentence: str


def spoken(number: float) -> str:
    """A small number as people write it: ``2·10⁻⁶``, ``0.03``; ``0`` for none."""
    if number == 0 or not math.isfinite(number):
        return "0" if number == 0 else str(number)
    mantissa, exponent = f"{number:.0e}".split("e")
    if int(exponent) >= -2:
        return f"{number:.1g}" if abs(number) < 1 else f"{number:g}"
    return f"{mantissa}·10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def sentence(count: int, difference: float, *, real: bool) -> str:
    """``exported and checked: 32 samples, largest difference 2·10⁻⁶``."""
    kind = "sample" if real else "random sample"
    return f"exported and checked: {count} {kind}{'' if count == 1 else 's'}, largest difference {spoken(difference)}"


def largest_difference(title: str, ours: Arrays, theirs: Arrays) -> float:
    """The largest absolute difference. Numbers that are NaN, or the same infinity, in both do not differ.

    Raises:
        ExportError: shapes are others, or the difference is beyond :data:`TOLERANCE`.
    """
    largest = scale = 0.0
    for mine, other in zip(ours, theirs, strict=True):
        if mine.shape != other.shape:
            raise ExportError(
                f"the {title} export gives {shape(other)} where the trained model gives {shape(mine)}, so it was not "
                "written; please report this network."
            )
        with np.errstate(invalid="ignore"):
            same = (mine == other) | (np.isnan(mine) & np.isnan(other))
            difference = np.where(same, 0.0, np.abs(mine.astype(np.float64) - other.astype(np.float64)))
        largest = max(largest, float(np.where(np.isnan(difference), np.inf, difference).max(initial=0.0)))
        scale = max(scale, float(np.abs(mine[np.isfinite(mine)]).max(initial=0.0)))
    if largest > TOLERANCE * max(1.0, scale):
        raise ExportError(
            f"the {title} export gives other numbers than the trained model (largest difference {spoken(largest)}), "
            "so it was not written; please report this network."
        )
    return largest


def shape(array: np.ndarray) -> str:
    """``32×10``."""
    return "×".join(map(str, array.shape)) or "one number"


def chosen(inputs: Sequence[InputSpec], samples: Mapping[str, np.ndarray] | None) -> tuple[list[np.ndarray], bool]:
    """What the model is tried on: an array for each input, of the same few samples; whether they are real ones.

    Real are the first samples of the given fields; where a field is missing, random numbers of the input's type stand
    in for all. Random sources are drawn, from a fixed seed.
    """
    fields = [spec.field for spec in inputs if spec.draw is None]
    given = samples or {}
    real = bool(fields) and all(field in given and len(given[field]) for field in fields)
    count = min([SAMPLES, *(len(given[field]) for field in fields)]) if real else SAMPLES
    generator = np.random.default_rng(0)
    arrays = []
    for spec in inputs:
        if spec.draw is None and real:
            arrays.append(np.array(given[spec.field][:count]))  # a copy: data is read-only
        else:
            arrays.append(_random(spec, count, generator))
    return arrays, real


def _random(spec: InputSpec, count: int, generator: np.random.Generator) -> np.ndarray:
    sizes = dict.fromkeys(spec.type.symbols, LENGTH) | {"N": count}
    shape = spec.type.shape(sizes)
    if spec.type.dtype == "bool":
        return generator.random(shape) < 0.5
    if not spec.type.is_float:
        return generator.integers(0, spec.type.classes or 1, shape).astype(spec.type.dtype)
    uniform = spec.draw is not None and spec.draw.distribution == "uniform"
    drawn = generator.random(shape) if uniform else generator.standard_normal(shape)
    return drawn.astype("float32" if spec.type.dtype == "bfloat16" else spec.type.dtype)
