"""Answers that are sequences: texts that were written or read, a tag for each place, a span of a text, a sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted

_PAD = "<pad>"
#: Steps of a span at most.
_LONGEST = 60


def tokens(
    layer: Any, array: np.ndarray[Any, Any], field: str, dataset: Dataset | Fitted | None,
    steps: np.ndarray[Any, Any] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Texts of what was written (codes N×T), or the best code of each place (scores N×T×C or N×C×T): ``text`` and
    ``tokens``. steps: how many places of each row CTC reads, (N,); None: all."""
    names = _vocabulary(dataset, field)
    codes = array if np.issubdtype(array.dtype, np.integer) else _read(layer, array, len(names), steps)
    rows = [_cut([int(code) for code in row], names) for row in codes]
    told = [[names[code] if code < len(names) else str(code) for code in row] for row in rows]
    if dataset is None or not names:
        return [{"text": " ".join(row), "tokens": row} for row in told]
    texts = dataset.decode(field, codes) if len(codes) else []
    return [{"text": str(text), "tokens": row} for text, row in zip(texts, told, strict=True)]


def _vocabulary(dataset: Dataset | Fitted | None, field: str) -> tuple[str, ...]:
    """What the codes of a field stand for; empty where they have no names."""
    known = dataset.fields.get(field) if dataset is not None else None
    if dataset is None or known is None or known.kind != "codes":
        return ()
    return tuple(dataset.prepared.columns[known.columns[0]].categories)


def _read(
    layer: Any, scores: np.ndarray[Any, Any], count: int, steps: np.ndarray[Any, Any] | None
) -> np.ndarray[Any, Any]:
    """Codes of scores for each place: joined where CTC says so."""
    import torch

    from nnstudio.nn.decoding import ctc_ways

    last = scores if scores.shape[-1] == count or scores.shape[1] != count else np.moveaxis(scores, 1, -1)
    if getattr(layer, "decoder", "") != "ctc":
        best: np.ndarray[Any, Any] = last.argmax(-1)
        return best
    ends = [max(0, int(step)) for step in steps] if steps is not None else [last.shape[1]] * len(last)
    rows = [np.ascontiguousarray(row[:end]) for row, end in zip(last, ends, strict=True)]
    ways = [ctc_ways(torch.from_numpy(row), layer.beams) for row in rows]
    read = np.zeros((len(ways), max(1, *map(len, ways))), np.int64)
    for line, way in zip(read, ways, strict=True):
        line[: len(way)] = way
    return read


def _cut(codes: list[int], names: tuple[str, ...]) -> list[int]:
    """Codes without what fills them up at the end."""
    while codes and codes[-1] == 0 and (not names or names[0] == _PAD):
        codes.pop()
    return codes


def spans(array: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """The most probable span of scores for its first and its last place (N×T×2 or N×2×T): ``start`` and ``end``, both
    within it; or the most probable ``place`` of scores N×T. With its ``probability``."""
    found = []
    for row in array.astype(np.float64):
        if row.ndim == 1:
            shares = _shares(row)
            found.append({"place": int(shares.argmax()), "probability": round(float(shares.max()), 6)})
            continue
        first, last = (_shares(each) for each in (row.T if row.shape[1] == 2 else row)[:2])
        both = np.triu(np.outer(first, last)) - np.triu(np.outer(first, last), _LONGEST)
        start, end = np.unravel_index(int(both.argmax()), both.shape)
        found.append({"start": int(start), "end": int(end), "probability": round(float(both.max()), 6)})
    return found


def sounds(array: np.ndarray[Any, Any], field: str, dataset: Dataset | Fitted | None) -> list[dict[str, Any]]:
    """Sounds (N×C×T or N×T), such as those of a field: ``sound``, channels × time from −1 to 1, and ``rate``, samples a
    second, where the data says it."""
    known = dataset.fields.get(field) if dataset is not None else None
    values = array[:, None] if array.ndim == 2 else array
    told: dict[str, Any] = {}
    if dataset is not None and known is not None:
        encoding = dataset.prepared.columns[known.columns[0]]
        if values.shape[1:] == encoding.shape:
            values = encoding.decoded(values) / encoding.divisor
        told = {"rate": encoding.rate} if encoding.rate else {}
    return [{"sound": row.tolist(), **told} for row in values]


def _shares(scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    powers = np.exp(scores - scores.max())
    shares: np.ndarray[Any, Any] = powers / powers.sum()
    return shares
