"""Figures by group: of each class, or of each value (or range) of a column, the worst group first."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Column
from nnstudio.project.errors import ProjectError
from nnstudio.project.judging.curves import curves_of
from nnstudio.project.judging.intervals import Interval, of_mean, of_share
from nnstudio.project.judging.judge import OBJECTS, Judged
from nnstudio.project.judging.objects import matched
from nnstudio.project.judging.places import by_row

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset

#: The name by which a person asks for the target's classes.
CLASS = "class"
#: Ranges that numbers are cut into, with as many rows each; different numbers up to which each is a group of its own.
RANGES, FEW = 4, 8
#: Values of a category or text that are groups of their own, the most frequent; the rest are one group.
MOST = 50
#: Rows that are looked at first for whether a column differs between them.
LOOKED_AT = 1000
#: Of which figures less is better.
LESS = frozenset({"loss", "absolute error", "squared error"})


@dataclass(frozen=True, eq=False)
class Slice:
    """One group: its name, the places of its rows in what was judged, and figures by name."""

    name: str
    places: NDArray[np.int64]
    figures: Mapping[str, Interval]

    @property
    def count(self) -> int:
        """How many rows it has."""
        return len(self.places)


@dataclass(frozen=True, eq=False)
class Sliced:
    """Figures by group. column: what the groups are of. figure: by which they are ordered, the worst first; whole: all
    rows together."""

    column: str
    figure: str
    whole: Slice
    slices: tuple[Slice, ...]

    def stands_out(self, slice: Slice) -> bool:
        """Whether a group is worse than the whole beyond what chance would explain: its range has no part in it."""
        own, whole = slice.figures[self.figure], self.whole.figures[self.figure].value
        return own.low > whole if self.figure in LESS else own.high < whole

    def gap(self, figure: str) -> Gap | None:
        """Between which groups a figure differs most; None where fewer than two have it."""
        known = [(each.figures[figure].value, each.name) for each in self.slices if figure in each.figures]
        known = [(value, name) for value, name in known if value == value]
        if len(known) < 2:
            return None
        (low, least), (high, most) = min(known), max(known)
        return Gap(figure, least, most, high - low, low / high if high else 1.0)


@dataclass(frozen=True)
class Gap:
    """A figure's least and greatest group, the difference, and the least as a share of the greatest (of shares of rows
    that are chosen, less than 0.8 is often taken as a sign of unequal treatment: the four-fifths rule)."""

    figure: str
    least: str
    most: str
    difference: float
    ratio: float


def sliced(judged: Judged, dataset: Dataset, column: str, figure: str = "", positive: int = 1) -> Sliced:
    """Figures by the groups of a column, or of the target's classes (``class``).

    figure: by which groups are ordered; the first where none is given. positive: of two classes, the one whose share is
    told (as with whom credit is given to). ProjectError where there is no such column, or nothing to group by in it.
    """
    found = groups(judged, dataset, column)
    everything = np.arange(len(judged.rows))
    whole = Slice("all", everything, figures_of(judged, everything, positive))
    figure = figure or next(iter(whole.figures))
    if figure not in whole.figures:
        raise ProjectError(f"There is no figure “{figure}”; those are: {', '.join(whole.figures)}.")
    made = [Slice(name, places, figures_of(judged, places, positive)) for name, places in found if len(places)]
    sign = -1.0 if figure in LESS else 1.0

    def badness(slice: Slice) -> float:
        value = slice.figures[figure].value
        return sign * value if value == value else float("inf")

    return Sliced(column, figure, whole, tuple(sorted(made, key=badness)))


def figures_of(judged: Judged, places: NDArray[np.int64], positive: int = 1) -> dict[str, Interval]:
    """Figures of some rows with their confidence intervals; which ones depends on what is predicted."""
    found: dict[str, Interval] = {}
    places = places[judged.counted[places]]
    count = len(places)
    if judged.kind == "classes":
        target, predicted = judged.target[places], judged.predicted[places]
        found["accuracy"] = of_share(int((target == predicted).sum()), count)
        if judged.shares.shape[1] == 2:
            said, is_ = predicted == positive, target == positive
            both = said & is_
            found["predicted share"] = of_share(int(said.sum()), count)
            found["true positive rate"] = of_share(int(both.sum()), int(is_.sum()))
            found["false positive rate"] = of_share(int((said & ~is_).sum()), int((~is_).sum()))
            found["precision"] = of_share(int(both.sum()), int(said.sum()))
            found["AUC"] = curves_of(np.asarray(judged.shares[places, positive], np.float64), is_).area
    elif judged.kind == "places":
        shares = by_row(judged)[places]
        found["accuracy"] = of_mean(shares[~np.isnan(shares)])
    elif judged.kind in OBJECTS:
        objects = matched(judged)
        count, hits, wrong = (int(part[places].sum()) for part in (objects.count, objects.found, objects.made_up))
        found["found"], found["right of what was found"] = of_share(hits, count), of_share(hits, hits + wrong)
    elif judged.kind == "numbers":
        found["absolute error"] = of_mean(judged.absolute[places])
        if judged.target.size:
            apart = (judged.predicted[places] - judged.target[places]).reshape(count, -1)
            found["bias"] = of_mean(apart.mean(axis=1))
        found["squared error"] = of_mean(judged.squared[places])
    losses = judged.losses[places]
    if np.isfinite(losses).any() or not found:
        found["loss"] = of_mean(losses[np.isfinite(losses)])
    return found


def columns_to_slice(judged: Judged, dataset: Dataset) -> tuple[str, ...]:
    """What groups can be of, by name: the target's classes, then columns of the data that differ between the rows."""
    usable = [
        name for name, column in dataset.columns.items() if column.kind in _KINDS and _differs(column, judged.rows)
    ]
    first = (CLASS,) if judged.kind == "classes" and CLASS not in usable else ()
    return (*first, *usable)


def _differs(column: Column, rows: NDArray[np.int64]) -> bool:
    """Whether the rows have not all the same in a column. Pictures are taken to differ."""
    if column.kind == "image":
        return True
    for some in (rows[:LOOKED_AT], rows):  # most columns show it at once
        values = np.asarray(column.values[some])
        same = values == values[:1]
        if column.kind in ("number", "time"):
            same |= np.isnan(values.astype(np.float64)) & np.isnan(values[:1].astype(np.float64))
        if not np.all(same):
            return True
    return False


def groups(judged: Judged, dataset: Dataset, column: str) -> list[tuple[str, NDArray[np.int64]]]:
    """Names of groups and the places of their rows in ``judged``."""
    known = dataset.columns.get(column)
    if known is None or known.kind not in _KINDS:
        if column == CLASS and judged.kind == "classes":
            return [(name, np.flatnonzero(judged.target == code)) for code, name in enumerate(judged.classes)]
        usable = columns_to_slice(judged, dataset)
        close = difflib.get_close_matches(column, usable, 1)
        meant = f"did you mean “{close[0]}”?" if close else f"there are {', '.join(usable)}."
        why = "has values that make no groups" if known is not None else "is no column of the data"
        raise ProjectError(f"“{column}” {why}; {meant}")
    return _KINDS[known.kind](known, judged.rows)


def _by_category(column: Column, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    codes = np.asarray(column.values[rows])
    names = ["missing" if code < 0 else column.categories[code] for code in codes.tolist()]
    return _by_name(names)


def _by_text(column: Column, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    """By text where texts come back, else by how many words (of single words: letters) they have."""
    texts = ["missing" if value is None else str(value) for value in column.values[rows]]
    if 2 * len(set(texts)) <= max(len(texts), 2 * FEW):
        return _by_name(texts)
    words = [len(text.split()) for text in texts]
    if max(words) > 1:
        return by_value(np.array(words, np.float64), "words ")
    return by_value(np.array([len(text) for text in texts], np.float64), "letters ")


def _by_name(names: list[str]) -> list[tuple[str, NDArray[np.int64]]]:
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    most = sorted(found, key=lambda name: -len(found[name]))
    made = [(name, np.array(found[name], np.int64)) for name in most[:MOST]]
    rest = sorted(place for name in most[MOST:] for place in found[name])
    return [*made, (f"{len(most) - MOST:,} others", np.array(rest, np.int64))] if rest else made


def _by_number(column: Column, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    return by_value(np.asarray(column.values[rows], np.float64))


def _by_time(column: Column, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    seconds = np.asarray(column.values[rows], np.float64)
    known = seconds[~np.isnan(seconds)]
    short = bool(len(known)) and float(known.max() - known.min()) < 3 * 86_400

    def told(value: float) -> str:
        moment = datetime.datetime.fromtimestamp(value, datetime.UTC)
        return f"{moment:%Y-%m-%d %H:%M}" if short else f"{moment:%Y-%m-%d}"

    return by_value(seconds, told=told)


def _by_length(column: Column, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    codes = np.asarray(column.values[rows])
    return by_value((codes.reshape(len(codes), -1) > 0).sum(axis=1).astype(np.float64), "length ")


def _by_brightness(column: Column, rows: NDArray[np.int64]) -> list[tuple[str, NDArray[np.int64]]]:
    bright = [float(np.asarray(column.values[row], np.float64).mean()) / column.divisor for row in rows.tolist()]
    return by_value(np.array(bright), "brightness ")


def by_value(
    values: NDArray[np.float64], prefix: str = "", told: Callable[[float], str] | None = None
) -> list[tuple[str, NDArray[np.int64]]]:  # fmt: skip
    """Each of a few different numbers, else ranges with about as many rows each; NaN is the group ``missing``."""
    known = ~np.isnan(values)
    lacking = [("missing", np.flatnonzero(~known))] if not known.all() else []
    different = np.unique(values[known])
    if len(different) <= FEW:
        say = told or (lambda value: f"{value:g}")
        return [*((f"{prefix}{say(value)}", np.flatnonzero(values == value)) for value in different), *lacking]
    say = told or (lambda value: f"{value:.4g}")
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, RANGES + 1)))
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    made = [
        (f"{prefix}{say(edges[at])} to {say(edges[at + 1])}", np.flatnonzero(known & (place == at)))
        for at in range(len(edges) - 1)
    ]
    return [*made, *lacking]


_KINDS = {
    "category": _by_category, "text": _by_text, "number": _by_number, "time": _by_time, "codes": _by_length,
    "image": _by_brightness,
}  # fmt: skip
