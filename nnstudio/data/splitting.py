"""Which rows are trained on, watched and kept for the end. The same seed gives the same split on every platform."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Column
from nnstudio.data.encoding import FED
from nnstudio.data.errors import DataError
from nnstudio.data.likeness import digests
from nnstudio.data.reference import SPLITS, UNFED, ColumnChoice, Split

Rows = NDArray[np.int64]
#: Of more rows, those of training stay in the order of the file, so that a large file is read forwards.
MANY = 1 << 20
#: Of more groups, each is not weighed against the others.
MOST_GROUPS = 20_000


def split_rows(
    split: Split,
    usable: Rows,
    classes: NDArray[np.int64] | None = None,
    times: NDArray[np.float64] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> Mapping[str, Rows]:
    """Row numbers for each of training, validation and test: disjoint, and together ``usable``.

    classes: for every row of the data its class, where parts are to be stratified; times: for every row its time,
    where they are to be split by a time column (rows without one count as the latest). Each part's size is its
    share of the rows, rounded; within a class likewise. groups: for every row its group, below 0 where it has none: no
    group is in two parts, and parts have about their share of the rows and of each class. Rows are in random order for
    training (which shuffles them anyway; where they are MANY, by number), by number elsewhere; by time, all are in the
    order of time. Training has a row if there is one.
    """
    usable = np.sort(np.asarray(usable, dtype=np.int64))
    if split.by_time:
        order = usable if times is None else usable[np.argsort(times[usable], kind="stable")]
        return _cut(order, _sizes(split.shares, len(order), np.zeros(3)))
    # Doubles from PCG64 are the part of NumPy's random numbers that is the same everywhere and for all versions.
    random = np.random.Generator(np.random.PCG64(split.seed))
    shuffled = usable[np.argsort(random.random(len(usable)), kind="stable")]
    if groups is not None:
        parts = by_group(split, shuffled, groups, classes if split.stratify else None)
    elif classes is None or not split.stratify:
        parts = _cut(shuffled, _sizes(split.shares, len(shuffled), np.zeros(3)))
    else:
        parts = _stratified(split, shuffled, classes[shuffled])
    few = len(usable) <= MANY
    return {name: rows if name == "train" and few else np.sort(rows) for name, rows in parts.items()}


def by_group(
    split: Split, shuffled: Rows, groups: NDArray[np.int64], classes: NDArray[np.int64] | None
) -> dict[str, Rows]:
    """Rows in three parts, those of a group in one. The largest groups first, each goes where most is owed of its
    classes (or rows); rows without a group each count as one of their own."""
    owner = _owners(shuffled, groups, classes, np.array(split.shares))
    return {name: shuffled[owner == at] for at, name in enumerate(SPLITS)}


def folded(
    split: Split, rows: Rows, fold: int, folds: int, classes: NDArray[np.int64] | None = None,
    times: NDArray[np.float64] | None = None, groups: NDArray[np.int64] | None = None,
) -> Mapping[str, Rows]:  # fmt: skip
    """The parts of one fold (from 0) of a cross-validation over these rows: the fold is tested, of the others the share
    of validation is watched while training on the rest. Over all folds each row is tested once.

    Classes, groups and times as for :func:`split_rows`. By time, a fold is tested after training on all before it but
    rows of its groups, and the earliest rows are never tested. DataError where there are fewer rows or groups than
    folds, or by time none is left to train on.
    """
    rows = np.sort(rows)
    rest_split = split.with_(test=0.0, column="")
    if split.by_time:
        order = rows if times is None else rows[np.argsort(times[rows], kind="stable")]
        if len(order) <= folds:
            raise DataError(f"{len(order)} rows are too few for {folds} folds by time; take fewer folds")
        pieces = np.array_split(order, folds + 1)
        before, tested = np.concatenate(pieces[: fold + 1]), pieces[fold + 1]
        if groups is None:
            return {**split_rows(rest_split, before, None, times), "test": tested}
        before = before[(groups[before] < 0) | ~np.isin(groups[before], groups[tested])]
        parts = split_spans(rest_split, before, spans_of_groups(before, times, groups))
        if not len(parts["train"]):
            raise DataError(f"Fold {fold + 1} has no group that ends before it; take fewer folds, or no time or group")
        return {**parts, "test": tested}
    if len(rows) < folds:
        raise DataError(f"{len(rows)} rows are too few for {folds} folds; take fewer folds")
    random = np.random.Generator(np.random.PCG64(split.seed))
    shuffled = rows[np.argsort(random.random(len(rows)), kind="stable")]
    kinds = classes if split.stratify else None
    if groups is not None:
        known = groups[rows]
        if len(np.unique(known[known >= 0])) + int((known < 0).sum()) < folds:
            raise DataError(f"There are fewer groups than {folds} folds; take fewer folds")
        owner = _owners(shuffled, groups, kinds, np.full(folds, 1.0 / folds))
    else:
        owner = np.empty(len(rows), np.int64)
        order = np.argsort(kinds[shuffled], kind="stable") if kinds is not None else np.arange(len(rows))
        owner[order] = np.arange(len(rows)) % folds
    parts = split_rows(rest_split, shuffled[owner != fold], classes, None, groups)
    return {**parts, "test": np.sort(shuffled[owner == fold])}


def _owners(
    shuffled: Rows, groups: NDArray[np.int64], classes: NDArray[np.int64] | None, shares: NDArray[np.float64]
) -> NDArray[np.int64]:
    """For each row which part its group goes to, of as many as there are shares."""
    numbers = groups[shuffled]
    alone = numbers < 0
    numbers = np.where(alone, numbers.max(initial=-1) + 1 + np.arange(len(numbers)), numbers)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    codes = classes[shuffled] if classes is not None else np.zeros(len(shuffled), np.int64)
    kinds, codes = np.unique(codes, return_inverse=True)
    if len(first) > MOST_GROUPS:  # so many that chance evens them out
        place = np.empty(len(first), np.int64)
        place[np.argsort(first, kind="stable")] = np.arange(len(first))
        ends = np.cumsum(np.bincount(place[inverse], minlength=len(first))) / len(shuffled)
        part = np.minimum(np.searchsorted(np.cumsum(shares) + 1e-9, ends), len(shares) - 1)[place]
    else:
        held = np.zeros((len(first), len(kinds)))
        np.add.at(held, (inverse, codes), 1.0)
        part = _dealt(held, first, shares)
    return np.asarray(part[inverse])


def _dealt(held: NDArray[np.float64], first: Rows, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """To which part each group goes. held: rows by group and class."""
    wanted = shares[:, None] * held.sum(axis=0)
    owed = wanted.copy()
    part = np.zeros(len(held), np.int64)
    weights = 1.0 / np.maximum(held.sum(axis=0), 1.0)
    order = np.lexsort((first, -held.sum(axis=1)))
    for at, group in enumerate(order.tolist()):
        due = ((owed * weights) @ (held[group] > 0)) / np.maximum(shares, 1e-9)
        due[shares == 0] = -np.inf
        to = 0 if at == 0 else int(np.argmax(due))
        part[group] = to
        owed[to] -= held[group]
    return part


#: How the parts are called in a column or in folders.
PARTS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip


def split_as_told(
    split: Split, usable: Rows, told: Sequence[str], classes: NDArray[np.int64] | None = None
) -> Mapping[str, Rows]:
    """Row numbers for each part, as a column says; rows of which it says nothing are left out.

    told: what the column says of every row. Where it names no validation, that is taken from training by the shares.
    """
    named = np.array([PARTS.get(text.strip().lower(), "") for text in told])
    parts = {name: usable[named[usable] == name] for name in SPLITS}
    if len(parts["validation"]) or not split.validation or len(parts["train"]) < 2:
        return parts
    share = split.validation / (split.train + split.validation)
    rest = split.with_(train=1.0 - share, validation=share, test=0.0, by_time=False)
    return {
        **parts,
        **{name: rows for name, rows in split_rows(rest, parts["train"], classes).items() if name != "test"},
    }


def split_by_time(
    split: Split, usable: Rows, times: NDArray[np.float64] | None, spans: Rows | None,
    groups: NDArray[np.int64] | None, names: tuple[str, str], told: list[str],
) -> Mapping[str, Rows]:  # fmt: skip
    """Row numbers for each part, by time, where rows or their groups cover stretches of it: those that reach over the
    border of two parts are in none, and ``told`` gets a sentence on those that do for their group.

    times, groups: as for :func:`split_rows`; spans: as for :func:`split_spans`; names: of the data and of the column of
    groups. DataError where none is left for training.
    """
    title, group = names
    reach = spans_of_groups(usable, times, groups, spans) if groups is not None else spans
    if reach is None:
        return split_rows(split, usable, None, times)
    parts = split_spans(split, usable, reach)
    if not len(parts["train"]):
        if groups is None:
            raise DataError(f"No row of “{title}” lies in training as a whole; give training a larger share")
        raise DataError(
            f"All groups of “{group}” reach beyond the time of training, so none is left for it; split by time or by "
            "group, not by both"
        )
    left = len(usable) - sum(map(len, parts.values()))
    if groups is not None and left:
        number = "1 row is" if left == 1 else f"{left:,} rows are"
        told.append(
            f"{number} in no part, since groups of “{group}” reach from the time of one part into that of another; "
            "split by time or by group alone to use all"
        )
    return parts


def spans_of_groups(
    usable: Rows, times: NDArray[np.float64] | None, groups: NDArray[np.int64], spans: Rows | None = None
) -> Rows:
    """For every row of the data from where to where (the last excluded) its group reaches, as :func:`split_spans` takes
    it: in places in the order of time, or where rows cover stretches (``spans``) in those. Rows without a group reach
    over their own place; those without a time stand last.
    """
    order = usable if times is None else usable[np.argsort(times[usable], kind="stable")]
    numbers = groups[order]
    numbers = np.where(numbers < 0, groups.max(initial=-1) + 1 + np.arange(len(order)), numbers)
    here = np.stack([np.arange(len(order)), np.arange(len(order)) + 1], axis=1) if spans is None else spans[order]
    _, inverse = np.unique(numbers, return_inverse=True)
    first = np.full(len(order), np.iinfo(np.int64).max)
    last = np.zeros(len(order), np.int64)
    np.minimum.at(first, inverse, here[:, 0])
    np.maximum.at(last, inverse, here[:, 1])
    made = np.zeros((len(groups), 2), np.int64)
    made[order] = np.stack([first[inverse], last[inverse]], axis=1)
    return made


def split_spans(split: Split, usable: Rows, spans: Rows) -> Mapping[str, Rows]:
    """Row numbers for each part, by time, where rows cover stretches of a sequence: those that reach over the border
    of two parts are in none.

    spans: for every row of the data where its stretch begins and ends, shape (rows, 2).
    """
    usable = usable[np.argsort(spans[usable, 0], kind="stable")]
    begins, ends = spans[usable, 0], spans[usable, 1]
    low, high = int(begins.min(initial=0)), int(ends.max(initial=0))
    train, validation, _ = split.shares
    first = low + round((high - low) * train)
    second = low + round((high - low) * (train + validation))
    return {
        "train": usable[ends <= first],
        "validation": usable[(begins >= first) & (ends <= second)],
        "test": usable[begins >= second],
    }


def compared(columns: Iterable[Column], fed: Container[str], choices: Mapping[str, ColumnChoice]) -> list[Column]:
    """The columns by which rows are the same: all that a network may be fed, and texts that it may be fed as tokens."""
    found = []
    for column in columns:
        offered = column.kind in FED or column.name in fed
        free = column.name not in choices or choices[column.name].role == "auto"
        if (offered and column.role not in UNFED) or (column.kind == "text" and (free or column.role not in UNFED)):
            found.append(column)
    return found


def used_rows(split: Split, rows: Rows, columns: Sequence[Column], told: list[str]) -> Rows:
    """Of these rows those that the split uses: that lack nothing, and each once, where it says so.

    columns: by which they are compared. told: gets a sentence on those that are left out.
    """
    if split.complete:
        lacking = np.zeros(len(rows), bool)
        for column in columns:
            lacking |= column.absent()[rows]
        if lacking.any():
            number = "1 row lacks" if lacking.sum() == 1 else f"{int(lacking.sum()):,} rows lack"
            told.append(f"{number} a value; no split uses {'it' if lacking.sum() == 1 else 'them'}")
        rows = rows[~lacking]
    if split.once:
        seen: set[bytes] = set()
        first = np.zeros(len(rows), bool)
        for place, digest in enumerate(digests(columns, rows)):
            first[place] = digest not in seen
            seen.add(digest)
        again = len(rows) - int(first.sum())
        if again:
            number = "1 row is" if again == 1 else f"{again:,} rows are"
            told.append(f"{number} the same as an earlier one; no split uses {'it' if again == 1 else 'them'}")
        rows = rows[first]
    return rows


def joined(groups: NDArray[np.int64] | None, columns: Sequence[Column], rows: Rows, count: int) -> NDArray[np.int64]:
    """For each of ``count`` rows the group to which it belongs, -1 where it has none: equal ones among ``rows`` are in
    one, with all that the groups given hold.

    columns: by which rows are compared.
    """
    code = np.full(count, -1, np.int64)
    seen: dict[bytes, int] = {}
    for row, digest in zip(rows.tolist(), digests(columns, rows), strict=True):
        code[row] = seen.setdefault(digest, len(seen))
    alone = np.bincount(code[rows], minlength=len(seen))[code] < 2
    code[alone | (code < 0)] = -1
    if groups is None:
        return code
    first = int(groups.max(initial=-1)) + 1
    leader = list(range(first + len(seen)))

    def lead(group: int) -> int:
        while leader[group] != group:
            leader[group] = leader[leader[group]]
            group = leader[group]
        return group

    for row in np.flatnonzero((code >= 0) & (groups >= 0)).tolist():
        leader[lead(first + int(code[row]))] = lead(int(groups[row]))
    both = np.where(groups >= 0, groups, np.where(code >= 0, first + code, -1))
    return np.array([lead(group) if group >= 0 else -1 for group in both.tolist()], np.int64)


def together(parts: Mapping[str, Rows], columns: Sequence[Column]) -> Mapping[str, Rows]:
    """The parts with every row that equals one of an earlier part moved to that part (training, validation, test).

    columns: by which rows are compared.
    """
    owner: dict[bytes, str] = {}
    moved: dict[str, list[int]] = {name: [] for name in parts}
    for name, rows in parts.items():
        for row, digest in zip(rows.tolist(), digests(columns, rows), strict=True):
            moved[owner.setdefault(digest, name)].append(row)
    return {name: np.asarray(rows, dtype=np.int64) for name, rows in moved.items()}


def _stratified(split: Split, rows: Rows, classes: NDArray[np.int64]) -> dict[str, Rows]:
    """Each class cut by the shares; what rounding took from a part in one class it gets back in the next."""
    owed = np.zeros(3)
    gathered: dict[str, list[Rows]] = {name: [] for name in SPLITS}
    codes, counts = np.unique(classes, return_counts=True)
    for code in codes[np.argsort(counts, kind="stable")]:
        members = rows[classes == code]
        sizes = _sizes(split.shares, len(members), owed)
        owed += np.array(split.shares) * len(members) - sizes
        for name, part in _cut(members, sizes).items():
            gathered[name].append(part)
    places = np.empty(int(rows.max(initial=0)) + 1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    joined = {name: np.concatenate(parts) if parts else rows[:0] for name, parts in gathered.items()}
    return {name: part[np.argsort(places[part], kind="stable")] for name, part in joined.items()}


def _sizes(shares: tuple[float, float, float], count: int, owed: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many of ``count`` rows each part gets: its share rounded down or up; what is left goes to those that are
    owed most, to training first where it would have none."""
    exact = np.array(shares) * count
    sizes = np.floor(exact + 1e-9).astype(np.int64)
    due = exact - sizes + owed
    due[np.array(shares) == 0] = -np.inf
    left = count - int(sizes.sum())
    if left and sizes[0] == 0:
        sizes[0] += 1
        due[0] -= 1
        left -= 1
    for part in np.argsort(-due, kind="stable")[:left]:
        sizes[part] += 1
    return sizes


def _cut(rows: Rows, sizes: NDArray[np.int64]) -> dict[str, Rows]:
    first, second = int(sizes[0]), int(sizes[0] + sizes[1])
    return {"train": rows[:first], "validation": rows[first:second], "test": rows[second:]}
