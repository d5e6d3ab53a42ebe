"""What the cells of a table mean: the kind of a column by looking at its first cells, and the values of each kind.

Tables in memory and tables that are read in blocks go through the same gatherers, so that both give the same numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nnstudio.data import units
from nnstudio.data.columns import Array, Column, usable
from nnstudio.data.dialect import MISSING, THOUSANDS
from nnstudio.data.errors import DataError
from nnstudio.data.reference import ColumnChoice

#: A column of texts is a category up to so many different ones ...
FEW, MANY = 20, 1000
#: ... of its first cells, of which so many are looked at.
LOOKED = 100_000
#: Different texts beyond these count as missing in a category.
MOST_CATEGORIES = 100_000
#: Odd cells that are named.
NAMED = 3
#: Times are written in one of these ways.
TIMES = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%+",
    "%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
)  # fmt: skip
#: Names of columns that number the rows.
COUNTERS = frozenset({"", "id", "index", "unnamed: 0", "row", "no", "nr", "#"})
AUTOMATIC = ColumnChoice.make({})


@dataclass(frozen=True)
class Meaning:
    """How the cells of one column are read. kind: as of a `Column`; way: how its times are written; decimal: the sign
    before decimals; unit: what each number is written with."""

    kind: str
    way: str = ""
    decimal: str = "."
    unit: str = ""


def cleaned(cells: pl.Series) -> pl.Series:
    """Cells without blanks around them, null where they mean that nothing is known."""
    stripped = cells.str.strip_chars()
    return stripped.set(stripped.str.to_lowercase().is_in(list(MISSING)).fill_null(False), None)


def meaning(
    cells: pl.Series, choice: ColumnChoice, decimal: str, was_number: bool, typed: bool = False
) -> tuple[Meaning, list[str]]:
    """How a column is read, by its first cells (texts), and what the person should know of that.

    was_number: it held numbers when the data was chosen, and does so still where a few texts are among them. typed: the
    file has types and says that these are texts. DataError where a kind was chosen that the cells cannot have.
    """
    name, kind = cells.name, choice.kind
    told: list[str] = []
    head = cells.head(LOOKED)
    if kind == "auto" and decimal == "." and not typed and len(head) > head.null_count():
        plain = head.cast(pl.Float64, strict=False)
        if plain.null_count() == head.null_count():  # at once, for tables of thousands of columns
            return Meaning("number", decimal=decimal), told
    head = cleaned(head)
    way = ""
    if kind in ("auto", "number") and (unit := _unit(head, kind)):
        known_cells = head.drop_nulls().to_list()
        told.append(f"Column “{name}” has {unit} in each cell and was read as numbers of that unit")
        return Meaning("number", decimal=units.decimal_of(known_cells, unit, decimal), unit=unit), told
    if kind == "auto":
        known = len(head) - head.null_count()
        odd = numbers(head, decimal)[1]
        numeric = known - len(odd)
        if known == numeric and not typed:
            kind = "number"
        elif way := _way(head):
            kind = "time"
        else:
            different = head.drop_nulls().n_unique()
            kind = "category" if different <= FEW or (different <= MANY and different * 2 <= known) else "text"
        if kind != "number" and known > numeric >= 0.8 * known and not typed:
            if was_number:
                kind = "number"
            else:
                told.append(
                    f"Column “{name}” holds numbers except for {texts(known - numeric)} such as “{head[int(odd[0])]}”; "
                    "choose “number” as its kind to count those as missing"
                )
    way = way or (_way(head) if kind == "time" else "")
    if kind == "time" and not way:
        raise DataError(f"Column “{name}” holds no dates such as 2024-12-31; choose another kind for it")
    if kind in GATHERERS:
        return Meaning(kind, way if kind == "time" else "", decimal), told
    raise DataError(f"Column “{name}” of a table cannot be of the kind {kind}; choose number or category as its kind")


def _unit(head: pl.Series, kind: str) -> str:
    """The unit of all known cells, of most where numbers were chosen as the kind; "" where there is none."""
    known = head.drop_nulls()
    if not len(known) or not known.head(NAMED).str.contains(units.CELL).any():
        return ""
    fitting = known.filter(known.str.contains(units.CELL))
    enough = len(known) if kind == "auto" else 0.5 * len(known)
    return units.unit_of(fitting.to_list()) if len(fitting) >= enough else ""


def _without_unit(cells: pl.Series, unit: str) -> pl.Series:
    """Cells without the unit; those with another one, or none, as they are."""
    plain = cells.str.strip_chars()
    own = plain.str.contains(units.CELL) & plain.str.contains(unit, literal=True)
    return cells.zip_with(~own.fill_null(False), plain.str.replace(unit, "", literal=True).str.replace_all(r"\s", ""))


def _way(head: pl.Series) -> str:
    """How times are written in cells, "" where they are none."""
    known = head.drop_nulls()
    dated = (
        len(known) and any(sign.isdigit() for sign in str(known[0])) and any(sign in str(known[0]) for sign in "-./")
    )
    for way in TIMES if dated else ():
        if not known.head(50).str.to_datetime(way, strict=False).null_count() and not (
            known.str.to_datetime(way, strict=False, time_unit="us").null_count()
        ):
            return way
    return ""


def numbers(cells: pl.Series, decimal: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Texts as numbers, NaN where missing or none, and the places of those that are known and no numbers."""
    found = _cast(cells, decimal)
    if found.null_count() == cells.null_count():
        return found.to_numpy().astype(np.float64), np.zeros(0, np.int64)
    doubtful = (found.is_null() & cells.is_not_null()).arg_true()
    values = found.fill_null(float("nan")).to_numpy().astype(np.float64)
    if not len(doubtful):
        return values, np.zeros(0, np.int64)
    places = doubtful.to_numpy().astype(np.int64)
    rest = cleaned(cells.gather(doubtful))
    if decimal == ".":
        parted = rest.str.contains(THOUSANDS).fill_null(False)
        rest = rest.zip_with(~parted, rest.str.replace_all(",", "", literal=True))
    again = _cast(rest, decimal)
    values[places] = again.fill_null(float("nan")).to_numpy()
    return values, places[(again.is_null() & rest.is_not_null()).to_numpy()]


def _cast(cells: pl.Series, decimal: str) -> pl.Series:
    if decimal == ",":
        cells = cells.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return cells.cast(pl.Float64, strict=False)


def texts(count: int) -> str:
    return "1 text" if count == 1 else f"{count:,} texts"


class Sink(Protocol):
    """Takes a column's values part by part, in memory or on disk."""

    def write(self, values: Array) -> None: ...
    def finish(self, mapped: Callable[[Array], Array] | None = None) -> Array:
        """All values; ``mapped``: changed part by part."""
        ...


class Memory:
    """Keeps what is written in memory."""

    def __init__(self) -> None:
        self._parts: list[Array] = []

    def write(self, values: Array) -> None:
        """Take the next rows."""
        self._parts.append(values)

    def finish(self, mapped: Callable[[Array], Array] | None = None) -> Array:
        """All that was written, one after the other."""
        parts = [mapped(part) for part in self._parts] if mapped is not None else self._parts
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


@dataclass
class Gatherer(ABC):
    """Makes one column of its cells, which come in blocks of texts (polars String)."""

    name: str
    meaning: Meaning
    sink: Sink
    rows: int = 0
    odd: int = 0
    first_odd: list[tuple[int, str]] = field(default_factory=list)
    dtype: ClassVar[Any]

    @abstractmethod
    def add(self, cells: pl.Series) -> None:
        """Take the next rows."""

    @abstractmethod
    def finish(self, choice: ColumnChoice) -> tuple[Column, list[str]]:
        """The column, and what the person should know of it."""

    def _note_odd(self, cells: pl.Series, places: NDArray[np.int64]) -> None:
        """Remember how many cells are not of this kind, and the first."""
        self.odd += len(places)
        for place in places[: max(0, NAMED - len(self.first_odd))].tolist():
            text = str(cells[place])
            self.first_odd.append((self.rows + place, text if len(text) <= 40 else text[:37] + "…"))

    def _tell_odd(self, expected: str) -> list[str]:
        if not self.odd:
            return []
        named = ", ".join(f"“{text}” (row {row + 1:,})" for row, text in self.first_odd)
        return [
            f"Column “{self.name}” has {texts(self.odd)} where {expected} were expected, such as {named}; "
            "they count as missing"
        ]


class Numbers(Gatherer):
    """Numbers: float64, NaN where missing."""

    dtype = np.float64
    unusable = 0
    present = 0
    counts_rows = True
    _last: float | None = None

    def add(self, cells: pl.Series) -> None:
        unit = self.meaning.unit
        values, odd = numbers(_without_unit(cells, unit) if unit else cells, self.meaning.decimal)
        if len(odd):
            self._note_odd(cells, odd)
        self.add_numbers(values)

    def add_numbers(self, values: NDArray[np.float64]) -> None:
        """Take the next rows, which are numbers already."""
        unusable = ~np.isnan(values) & ~usable(values)
        if unusable.any():
            self.unusable += int(unusable.sum())
            values = np.where(unusable, np.nan, values)
        known = int(np.count_nonzero(~np.isnan(values)))
        self.present += known
        if self.counts_rows and len(values):
            steps = np.diff(values, prepend=self._last) if self._last is not None else np.diff(values)
            self.counts_rows = known == len(values) and bool((steps == 1).all())
            self._last = float(values[-1])
        self.rows += len(values)
        self.sink.write(values)

    def finish(self, choice: ColumnChoice) -> tuple[Column, list[str]]:
        told = self._tell_odd("numbers")
        if self.unusable:
            told.append(
                f"Column “{self.name}” has {self.unusable:,} values that are infinite or too large for a 32-bit "
                "number; they count as missing"
            )
        role = "input"
        if not self.present:
            role = "ignored" if choice.kind == "auto" else role
            ignored = " and is ignored" if role == "ignored" else ""
            told.append(f"Column “{self.name}” has no values at all{ignored}")
        elif self.name.lower() in COUNTERS and self.counts_rows and self.rows > 2:
            role = "ignored"
        unit, decimal = self.meaning.unit, self.meaning.decimal if self.meaning.unit else "."
        return Column(self.name, "number", self.sink.finish(), role=role, unit=unit, decimal=decimal), told


@dataclass
class Categories(Gatherer):
    """Codes into the sorted different texts (where all are numbers, sorted as such), -1 where missing."""

    dtype = np.int32
    _codes: dict[str, int] = field(default_factory=dict)

    def add(self, cells: pl.Series) -> None:
        different = cells.unique()
        meant = dict(zip(different.to_list(), cleaned(different).to_list(), strict=True))
        new = {text for text in meant.values() if text is not None} - self._codes.keys()
        beyond: set[str] = set()
        for text in sorted(new):
            if len(self._codes) < MOST_CATEGORIES:
                self._codes[text] = len(self._codes)
            else:
                beyond.add(text)
        if beyond:
            raw = [cell for cell, text in meant.items() if text in beyond]
            self._note_odd(cells, cells.is_in(raw).fill_null(False).arg_true().to_numpy().astype(np.int64))
        codes = {cell: self._codes.get(text, -1) for cell, text in meant.items() if cell is not None and text}
        if codes:
            values = cells.replace_strict(codes, default=-1, return_dtype=pl.Int32).fill_null(-1).to_numpy()
        else:
            values = np.full(len(cells), -1, np.int32)
        self.rows += len(cells)
        self.sink.write(np.ascontiguousarray(values, np.int32))

    def finish(self, choice: ColumnChoice) -> tuple[Column, list[str]]:
        different = list(self._codes)
        try:
            different.sort(key=float)
        except ValueError:
            different.sort()
        place = np.full(len(different) + 1, -1, np.int64)  # the last one stands for -1
        for code, text in enumerate(different):
            place[self._codes[text]] = code
        told = []
        if self.odd:
            told.append(
                f"Column “{self.name}” has more than {MOST_CATEGORIES:,} different texts; the later ones "
                f"({texts(self.odd)}) count as missing; ignore it, or choose “text” as its kind"
            )
        values = self.sink.finish(lambda codes: place[codes])
        return Column(self.name, "category", values, tuple(map(str, different)), role="input"), told


class Times(Gatherer):
    """Times: seconds since 1970, float64, NaN where missing."""

    dtype = np.float64

    def add(self, cells: pl.Series) -> None:
        plain = cleaned(cells)
        times = plain.str.to_datetime(self.meaning.way, strict=False, time_unit="us")
        odd = (times.is_null() & plain.is_not_null()).arg_true().to_numpy().astype(np.int64)
        if len(odd):
            self._note_odd(cells, odd)
        seconds = times.dt.epoch("us").cast(pl.Float64) / 1e6
        self.rows += len(cells)
        self.sink.write(seconds.fill_null(float("nan")).to_numpy().astype(np.float64))

    def finish(self, choice: ColumnChoice) -> tuple[Column, list[str]]:
        return Column(self.name, "time", self.sink.finish(), role="ignored"), self._tell_odd("times")


class Texts(Gatherer):
    """Texts, None where missing."""

    dtype = object

    def add(self, cells: pl.Series) -> None:
        self.rows += len(cells)
        self.sink.write(cleaned(cells).to_numpy())

    def finish(self, choice: ColumnChoice) -> tuple[Column, list[str]]:
        return Column(self.name, "text", self.sink.finish(), role="ignored"), []


GATHERERS: Mapping[str, type[Gatherer]] = {
    "number": Numbers, "category": Categories, "time": Times, "text": Texts,
}  # fmt: skip


def chosen(column: Column, choice: ColumnChoice) -> Column:
    """The column with the role and scaling that were chosen for it."""
    role = column.role if choice.role == "auto" else choice.role
    scaled = column.kind == "number" and choice.scaling in ("auto", "standardise")
    return replace(column, role=role, standardise=scaled)
