"""A few training samples as they are and as they are trained on: pictures, sounds and tokens, for a preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.augment import Augmentation, Mixup
from nnstudio.data.steps.tokenizing import PAD
from nnstudio.train.augmenting import ALONG, Augmenting, check

#: Kinds of fields that are previewed.
SHOWN = ("image", "sound", "codes")


@dataclass(frozen=True, eq=False)
class Tokens:
    """Rows of tokens, and which of each are dropped. joiner: what stands between them."""

    rows: tuple[tuple[str, ...], ...]
    dropped: tuple[tuple[bool, ...], ...]
    joiner: str


@dataclass(frozen=True, eq=False)
class Preview:
    """Samples before and after; None where the data has none of a kind.

    pictures: uint8, N×H×W or N×H×W×3. sounds: from −1 to 1, N×T, the mean of their channels.
    """

    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
    sounds: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    tokens: Tokens | None = None


def shown_fields(data: Any, records: Sequence[Augmentation]) -> dict[str, str]:
    """By kind the field that is previewed: one that a record names, else the first that is no target."""
    kinds = {name: field.kind for name, field in data.fields.items() if field.kind in SHOWN}
    named = [record.only for record in records if record.only in kinds]
    inputs = [name for name in kinds if data.fields[name].role != "target"]
    found: dict[str, str] = {}
    for name in (*named, *inputs, *kinds):
        found.setdefault(kinds[name], name)
    return found


def previewed(data: Any, records: Sequence[Augmentation], count: int, seed: int) -> Preview:
    """Some training samples of a data set as they are, and as they would be trained on.

    TrainingError where the records cannot be used on them.
    """
    rows = np.sort(np.random.Generator(np.random.PCG64(seed)).permutation(data.count("train"))[:count])
    parts: dict[str, Any] = {}
    for kind, name in shown_fields(data, records).items():
        before, after = _changed(data, records, name, rows, seed)
        column = data.fields[name].columns[0]
        encoding = data.prepared.columns[column]
        if kind == "image":
            parts["pictures"] = (_pixels(encoding, before), _pixels(encoding, after))
        elif kind == "sound":
            parts["sounds"] = (_heard(encoding, before), _heard(encoding, after))
        elif encoding.categories:
            parts["tokens"] = _tokens(encoding, before, after)
    return Preview(**parts)


def _changed(
    data: Any, records: Sequence[Augmentation], name: str, rows: NDArray[np.int64], seed: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Encoded rows of a field before and after the records that change its kind."""
    import torch

    known, kind, arrays = data.fields, data.fields[name].kind, data.arrays("train")
    along = ALONG if kind == "image" else ()
    wanted = [each for each, field in known.items() if field.kind in (kind, *along)]
    made = Augmenting(
        tuple(record for record in records if _changes(record, kind, wanted, known)),
        {each: known[each].kind for each in wanted},
        frozenset(each for each in wanted if known[each].role == "target"),
    )
    fields = {each: torch.from_numpy(np.array(arrays[each][rows])) for each in wanted}
    for record in made.records:
        check(record, made, set(wanted))
    after = made(fields, seed)[name]
    mixing = tuple(record for record in records if isinstance(record, Mixup) and kind in record.changes)
    if mixing:
        after = Augmenting(mixing, {name: kind}, frozenset())({name: after}, seed)[name]
    return fields[name].numpy(), after.numpy()


def _changes(record: Augmentation, kind: str, wanted: Sequence[str], known: Any) -> bool:
    """Whether a record is for these fields of a kind, or for one that there is not."""
    mine = not record.only or record.only in wanted or record.only not in known
    return kind in record.changes and mine and not isinstance(record, Mixup)


def _pixels(encoding: Any, array: NDArray[Any]) -> NDArray[np.uint8]:
    """Encoded pictures (N×C×H×W) for the screen."""
    known = encoding.divisor if encoding.divisor != 1.0 else 1.0
    pixels = np.clip(encoding.decoded(array) / known, 0.0, 1.0)
    shown = (pixels * 255.0 + 0.5).astype(np.uint8)
    return np.ascontiguousarray(shown[:, 0] if shown.shape[1] < 3 else shown[:, :3].transpose(0, 2, 3, 1))


def _heard(encoding: Any, array: NDArray[Any]) -> NDArray[np.float32]:
    """Encoded sounds (N×C×T) as waves."""
    return np.asarray((encoding.decoded(array) / encoding.divisor).mean(axis=1), np.float32)


def _tokens(encoding: Any, before: NDArray[Any], after: NDArray[Any]) -> Tokens:
    names, rows, dropped = encoding.categories, [], []
    for old, new in zip(before, after, strict=True):
        kept = np.flatnonzero(old != PAD)
        rows.append(tuple(names[code] if code < len(names) else str(code) for code in old[kept].tolist()))
        dropped.append(tuple((old != new)[kept].tolist()))
    return Tokens(tuple(rows), tuple(dropped), encoding.joiner)
