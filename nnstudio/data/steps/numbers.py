"""Steps for numbers, categories and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnstudio.data.steps.base import Columns, Learned, Step, step
from nnstudio.layers.params import param

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCALED = ("number", "array", "image", "sound")
#: What is learned for each way of scaling: a value becomes (value - first) / second.
SCALES = {
    "standardise": ("mean", "deviation"), "min–max": ("least", "range"), "robust": ("median", "middle half"),
    "log1p": ("mean of logarithms", "deviation"),
}  # fmt: skip


@step("scale", "Scale numbers")
class Scale(Step):
    """Numbers are brought to a common scale, and what is predicted is brought back to the file's.

    Standardise: mean 0, standard deviation 1. Min–max: from 0 to 1 over the training rows. Robust: median 0, middle
    half 1, which outliers hardly move. log1p: the logarithm of 1 + |value| with the value's sign, then standardised.
    """

    columns: tuple[str, ...] = param((), kind="columns", help="columns of numbers; none: all of a table's inputs")
    how: str = param("standardise", choices=(*SCALES, "none"), help="how they are scaled")

    learns = False
    kinds = SCALED

    @property
    def reads(self) -> tuple[str, ...]:
        return self.columns

    @property
    def numbers(self) -> tuple[str, ...]:
        return self.columns

    def settled(self, columns: Columns) -> Scale:
        names = self.columns or tuple(n for n, c in columns.items() if c.kind == "number" and c.role == "input")
        for name in names:
            self.taken(columns, name, SCALED)
        return self.with_(columns=names)

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        """Columns that say how they are to be scaled, which is learned where they are encoded."""
        scaled = {
            name: replace(columns[name], standardise=self.how != "none", scaling="" if self.how == "none" else self.how)
            for name in self.columns
            if name in columns
        }
        return {**columns, **scaled}

    def told(self, learned: Learned, encodings: Mapping[str, Any]) -> str:
        parts = []
        for name in self.columns if self.how in SCALES else ():
            encoding = encodings.get(name)
            if encoding is not None and len(encoding.mean) == 1:
                first, second = SCALES[self.how]
                parts.append(f"{name}: {first} {encoding.mean[0]:.4g}, {second} {encoding.std[0]:.4g}")
        return "; ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "")


@step("impute", "Fill missing values")
class Impute(Step):
    """Missing values get one that the training rows tell.

    Without this step the mean stands in for a number and the most frequent category for a category.
    """

    columns: tuple[str, ...] = param(
        (), kind="columns", help="columns of numbers or categories; none: all inputs that lack values"
    )
    how: str = param(
        "median", choices=("mean", "median", "most frequent", "constant"), help="what stands in for a missing value"
    )
    value: float = param(0.0, when=("how", ("constant",)), help="the number that stands in")
    indicator: bool = param(False, help="also add a column …_missing that is 1 where the value was missing")

    kinds = ("number", "category")

    @property
    def reads(self) -> tuple[str, ...]:
        return self.columns

    def settled(self, columns: Columns) -> Impute:
        from nnstudio.data.steps import filling

        return filling.settled(self, columns)

    def origins(self, name: str) -> tuple[str, ...]:
        base = name.removesuffix("_missing")
        return (base,) if self.indicator and base in self.columns else (name,)

    def learn(self, columns: Columns, train: NDArray[np.int64]) -> dict[str, Any]:
        from nnstudio.data.steps import filling

        return filling.learned(self, columns, train)

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        from nnstudio.data.steps import filling

        return filling.filled(self, columns, learned)

    def told(self, learned: Learned, encodings: Mapping[str, Any]) -> str:
        fills = [f"{name}: {value if isinstance(value, str) else f'{value:.4g}'}" for name, value in learned.items()]
        return ", ".join(fills[:4]) + (f" and {len(fills) - 4} more" if len(fills) > 4 else "")


@step("encode", "Encode categories")
class Encode(Step):
    """Categories, texts or numbers that name something (an id) become numbers.

    Codes: whole numbers for an Embedding, 0 for what the training rows do not have. One-hot: a place of its own for
    each category, all 0 for what they do not have. Ordinal: a number, in the order of the categories.
    """

    column: str = param("", kind="column", help="the column of categories")
    how: str = param("codes", choices=("codes", "one-hot", "ordinal"), help="what becomes of them")
    least: int = param(1, min=1, unit="rows", help="categories in fewer training rows count as unknown")

    kinds = ("category", "text", "number")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def feeds(self) -> tuple[str, ...]:
        return self.reads

    @property
    def frees(self) -> tuple[str, ...]:
        return self.reads

    def learn(self, columns: Columns, train: NDArray[np.int64]) -> dict[str, Any]:
        from nnstudio.data.steps import recoding

        return recoding.learned(self, self.taken(columns, self.column, recoding.CODED), train)

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        from nnstudio.data.steps import recoding

        if self.column not in columns:
            return columns
        return {**columns, self.column: recoding.recoded(self, columns[self.column], learned)}

    def told(self, learned: Learned, encodings: Mapping[str, Any]) -> str:
        return f"{len(learned['categories']):,} categories"

    def doubts(self, columns: Columns, learned: Learned) -> list[str]:
        from nnstudio.data.steps import recoding

        return recoding.doubts(self, columns[self.column])


@step("dates", "Parts of dates")
class Dates(Step):
    """A date becomes numbers: what returns as a point on a circle (sine and cosine), so that December is next to
    January."""

    column: str = param("", kind="column", help="the column of dates")
    year: bool = param(True, help="the year, as a number")
    month: bool = param(True, help="the time of the year, on a circle")
    weekday: bool = param(True, help="the time of the week, on a circle")
    hour: bool = param(True, help="the time of the day, on a circle")

    learns = False
    kinds = ("time",)

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the columns that it adds."""
        circles = [part for part in ("month", "weekday", "hour") if getattr(self, part)]
        ends = [*(["year"] if self.year else []), *(f"{part}_{f}" for part in circles for f in ("sin", "cos"))]
        return tuple(f"{self.column}_{end}" for end in ends)

    def settled(self, columns: Columns) -> Dates:
        self.taken(columns, self.column, ("time",))
        return self

    def origins(self, name: str) -> tuple[str, ...]:
        return (self.column,) if name in self.parts else (name,)

    def apply(self, columns: Columns, learned: Learned) -> Columns:
        from nnstudio.data.steps import recoding

        return {**columns, **recoding.dated(self, columns[self.column])} if self.column in columns else columns
