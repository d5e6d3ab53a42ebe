"""How rows are cut from a sequence: chunks of a text, windows over time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column, Source, quoted
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy, Picked, is_lazy
from nnstudio.data.long_text import LongText, cut
from nnstudio.data.steps.tokenizing import texts_of

if TYPE_CHECKING:
    from nnstudio.data.steps.texts import Chunks
    from nnstudio.data.steps.windows import Windows

Rows = NDArray[np.int64]
#: Windows of more bytes than this are made when they are asked for.
KEPT = 256 << 20


class Windowed(Lazy):
    """Windows of a table of numbers: N×past×F float32."""

    def __init__(self, values: NDArray[np.float32], starts: Rows, past: int) -> None:
        self.values, self.starts, self.past = values, starts, past
        self.shape, self.dtype = (len(starts), past, values.shape[1]), values.dtype

    def take(self, rows: Rows) -> Array:
        return np.asarray(self.values[self.starts[rows][:, None] + np.arange(self.past)])


def chunked(step: Chunks, source: Source, column: Column) -> Source:
    """The source with a row for each chunk. DataError where there is no text."""
    size, stride = step.length + 1, step.stride or step.length
    values: Any = column.values
    if isinstance(values, LongText):
        values, reach = cut(values, step.by == "words", size, stride)
        return _of_chunks(step, source, replace(column, values=values), reach)
    texts = [text or "" for text in texts_of(column)]
    if step.join:
        texts = ["\n".join(texts)]
    pieces: list[str] = []
    owners: list[int] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for owner, text in enumerate(texts):
        whole: Any = text if step.by == "characters" else text.split()
        joined = "" if step.by == "characters" else " "
        for start in range(0, max(1, len(whole) - size + 1), stride):
            piece = joined.join(whole[start : start + size])
            if piece:
                pieces.append(piece)
                owners.append(owner)
                spans.append((at + start, at + min(start + size, len(whole))))
        at += len(whole)
    if not pieces:
        raise DataError(f"“{column.name}” holds no text to cut; choose another column")
    kept = {} if step.join else _picked(source.columns, np.array(owners, dtype=np.int64))
    made = replace(source, columns={**kept, column.name: column})
    return _of_chunks(step, made, replace(column, values=np.array(pieces, object)), np.array(spans, dtype=np.int64))


def _of_chunks(step: Chunks, source: Source, column: Column, spans: Rows) -> Source:
    """The source with the rows of a column of chunks, and where each stands in the text. source: of the other columns
    those that go with the rows."""
    told: tuple[str, ...] = ()
    if len(spans) == 1 and spans[0, 1] < step.length + 1:
        told = (
            f"“{column.name}” is shorter than one chunk of {step.length}; choose a longer text, or shorten the chunks",
        )
    role = "input" if column.role == "ignored" else column.role
    chunks = replace(column, kind="text", categories=(), role=role)
    made = _source(source, {**source.columns, column.name: chunks}, spans, told)
    return replace(made, overlapping=bool(step.stride) and step.stride < step.length)


def settled(step: Windows, columns: Mapping[str, Column]) -> Windows:
    """The step with its columns and its target named. DataError where they cannot be."""
    aims = [name for name, column in columns.items() if column.role == "target"]
    present = (step.target or next(iter(aims), "")) if not step.horizon else ""
    if not step.horizon and not present:
        raise DataError(f"The step “{step.title}” has a horizon of 0 and no target; choose the target's column")
    names = step.columns or tuple(
        name
        for name, column in columns.items()
        if column.kind == "number" and column.role in ("input", "target") and name != present
    )
    if not names:
        raise DataError(f"The step “{step.title}” needs columns of numbers, and there are none; choose other data")
    for name in names:
        step.taken(columns, name, ("number",))
    target = step.target or present or next((name for name in names if name in aims), names[0])
    step.taken(columns, target, ("number",) if step.horizon else ("number", "category"))
    for name in filter(None, (step.order,)):
        step.taken(columns, name, ("time", "number"))
    for name in filter(None, (step.group,)):
        step.taken(columns, name, ("category", "number", "text"))
    return step.with_(columns=names, target=target)


def windowed(step: Windows, source: Source) -> Source:
    """The source with a row for each window. DataError where the rows are fewer than one window takes."""
    reach = step.past + step.horizon
    order, blocks = _blocks(step, source.columns, source.count)
    starts = _starts(blocks, reach, step.stride)
    if not len(starts):
        raise DataError(
            f"A window takes {reach:,} rows one after the other, and there are {source.count:,}; make the past or the "
            "horizon shorter"
        )
    warnings: list[str] = []
    columns: dict[str, Column] = {}
    future = None
    if step.horizon:
        target = source.columns[step.target]
        series = target.values[order]
        future = series[starts[:, None] + step.past + np.arange(step.horizon)].astype(np.float32)
        whole = ~np.isnan(future).any(axis=1)
        if not whole.all():
            warnings.append(
                f"{int((~whole).sum()):,} windows are left out, since “{step.target}” lacks values that are to be "
                "forecast"
            )
            starts, future = starts[whole], future[whole]
        if not len(starts):
            raise DataError(f"“{step.target}” has no stretch of {step.horizon} values to forecast; choose another")
    columns["past"] = _past(step, source.columns, order, starts)
    if future is not None:
        columns["future"] = Column(
            "future", "array", future, role="target", standardise=target.standardise, pooled="all",
            scaling=target.scaling,
        )  # fmt: skip
    last = order[starts + step.past - 1]
    kept = _picked(source.columns, last)
    for name in {*step.columns, step.target} if step.horizon else {*step.columns} - {step.target}:
        kept.pop(name, None)
    if not step.horizon:
        kept[step.target] = replace(kept[step.target], role="target")
    positions = _positions(step, source.columns, order, blocks)
    spans = np.stack([positions[starts], positions[starts + reach - 1] + 1], axis=1)
    made = _source(source, {**kept, **columns}, spans, tuple(warnings))
    return replace(made, overlapping=step.stride < reach)


def windows_given(step: Windows, columns: Mapping[str, Column]) -> dict[str, Column]:
    """Every window of the rows that a person gave, the last one among them. DataError where they are too few."""
    given = [name for name in step.columns if name in columns]
    if len(given) < len(step.columns):
        return dict(columns)
    count = len(columns[given[0]].values)
    order, blocks = _blocks(step, columns, count)
    if not any(stop - start >= step.past for start, stop in blocks):
        raise DataError(
            f"A forecast takes the last {step.past:,} rows of {quoted(step.columns)}, and {count:,} came; give more"
        )
    starts = _starts(blocks, step.past, step.stride)
    ends = [stop - step.past for start, stop in blocks if stop - start >= step.past]
    starts = np.union1d(starts, np.array(ends, dtype=np.int64))
    kept = _picked(columns, order[starts + step.past - 1])
    for name in step.columns:
        if step.horizon or name != step.target:
            kept.pop(name)
    return {**kept, "past": _past(step, columns, order, starts)}


def _past(step: Windows, columns: Mapping[str, Column], order: Rows, starts: Rows) -> Column:
    parts = [columns[name] for name in step.columns]
    table = np.stack([part.values[order] for part in parts], axis=1).astype(np.float32)
    lazily = Windowed(table, starts, step.past)
    values: Any = lazily if lazily.nbytes > KEPT else lazily.take(np.arange(len(starts)))
    return Column(
        "past", "array", values, standardise=any(part.standardise for part in parts), pooled="last",
        scaling=next(filter(None, (part.scaling for part in parts)), ""),
    )  # fmt: skip


def _blocks(step: Windows, columns: Mapping[str, Column], count: int) -> tuple[Rows, list[tuple[int, int]]]:
    """The rows in the order of windows, and the stretches of it (from, up to) that no window leaves."""
    order = np.arange(count, dtype=np.int64)
    if step.order in columns:
        order = np.argsort(columns[step.order].values, kind="stable")
    if step.group not in columns:
        return order, [(0, count)]
    group = columns[step.group]
    values = group.values if group.kind != "text" else np.array([text or "" for text in group.values], dtype=str)
    codes = np.unique(values, return_inverse=True)[1][order]
    within = np.argsort(codes, kind="stable")
    borders = np.flatnonzero(np.diff(codes[within])) + 1
    ends = [0, *borders.tolist(), count]
    return order[within], list(itertools.pairwise(ends))


def _starts(blocks: list[tuple[int, int]], reach: int, stride: int) -> Rows:
    parts = [np.arange(start, stop - reach + 1, stride, dtype=np.int64) for start, stop in blocks]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _positions(step: Windows, columns: Mapping[str, Column], order: Rows, blocks: list[tuple[int, int]]) -> Rows:
    """Where each row (in the order of windows) stands in time, as a whole number."""
    if len(blocks) == 1:
        return np.arange(len(order), dtype=np.int64)
    if step.order in columns:
        return np.unique(columns[step.order].values, return_inverse=True)[1][order].astype(np.int64)
    return np.concatenate([np.arange(stop - start, dtype=np.int64) for start, stop in blocks])


def _picked(columns: Mapping[str, Column], rows: Rows) -> dict[str, Column]:
    made = {}
    for name, column in columns.items():
        values: Any = column.values
        taken: Any = Picked(values, rows) if is_lazy(values) else values[rows]
        made[name] = replace(column, values=taken)
    return made


def _source(source: Source, columns: Mapping[str, Column], spans: Rows, warnings: tuple[str, ...]) -> Source:
    rows = {name: column.values for name, column in columns.items()}
    return replace(
        source, columns=columns, count=len(spans), is_table=False, rows=rows, spans=spans,
        warnings=(*source.warnings, *warnings), part=source.part if source.part in columns else "",
    )  # fmt: skip
