"""How texts become codes: cutting them, learning a vocabulary, looking it up."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.data.columns import Array, Column
from nnstudio.data.errors import DataError
from nnstudio.data.lazy import Lazy, Mapped, is_lazy

if TYPE_CHECKING:
    from nnstudio.data.steps.texts import Tokens

PAD, UNKNOWN, START, END = range(4)
SPECIAL = ("<pad>", "<unknown>", "<start>", "<end>")
#: The longest row where no length is set.
LONGEST = 1024
#: Texts that are looked at together.
TOGETHER = 1 << 14
#: The share of tokens that may be unknown before it is told.
RARE = 0.1
#: What stands for a space in parts of words.
SPACE = "▁"
_WORDS = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
Learned = Mapping[str, Any]


def texts_of(column: Column) -> Array:
    """A column's values as an object array of texts, None where one is missing."""
    values = column.values[:]
    if column.kind == "category":
        names = np.array([*column.categories, None], dtype=object)
        return np.asarray(names[np.where(values < 0, len(column.categories), values)])
    return values


def learned(step: Tokens, columns: Sequence[Column], train: NDArray[np.int64]) -> dict[str, Any]:
    """Vocabulary (with what parts of words are joined, for bpe) and length, from the rows ``train``."""
    longest = 0
    if step.by == "bpe":
        known = (text for texts in _parts(step, columns, train) for text in texts if text)
        vocabulary, merges = _pairs_learned(known, step.vocabulary)
        found: dict[str, Any] = {"vocabulary": vocabulary, "merges": merges}
        if not step.length:
            parts = (_pairs_coded(texts, found) for texts in _parts(step, columns, train))
            longest = max((len(ids) for part in parts for ids in part), default=0)
    else:
        counts: Counter[str] = Counter()
        for texts in _parts(step, columns, train):
            if step.by == "characters":
                counts.update(_characters(texts))
                longest = max(longest, max(map(len, texts), default=0))
            else:
                rows = [_pieces(step.by, text) for text in texts]
                counts.update(itertools.chain.from_iterable(rows))
                longest = max(longest, max(map(len, rows), default=0))
        for special in SPECIAL:
            counts.pop(special, None)
        order = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        found = {"vocabulary": [*SPECIAL, *(token for token, _ in order[: max(1, step.vocabulary - len(SPECIAL))])]}
    length = step.length
    if not length:
        length = max(1, min(LONGEST, longest + step.start + step.end))
    return {**found, "length": length}


def _parts(step: Tokens, columns: Sequence[Column], train: NDArray[np.int64]) -> Iterator[list[str]]:
    """The texts of rows some at a time, in small letters where the step says so; those on disk are read forwards."""
    for column in columns:
        rows = np.sort(train) if is_lazy(column.values) else train
        for start in range(0, len(rows), TOGETHER):
            part = replace(column, values=column.values[rows[start : start + TOGETHER]])
            yield [_cased(step, text) for text in texts_of(part)]


def _characters(texts: Sequence[str]) -> dict[str, int]:
    """How often each character occurs."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    counts = np.bincount(points)
    return {chr(point): int(counts[point]) for point in np.flatnonzero(counts).tolist()}


def coded(step: Tokens, column: Column, learned: Learned) -> Column:
    """The column as codes, int32 N×length."""
    categories = tuple(learned["vocabulary"])
    if step.by == "bpe":
        categories = tuple(token.replace(SPACE, " ") for token in categories)

    def change(values: Array) -> Array:
        return _codes(step, texts_of(replace(column, values=values)), learned)

    values = column.values
    made = Mapped(_lazy(values), change) if is_lazy(values) else change(values)
    return replace(
        column, kind="codes", values=made, categories=categories, size=len(categories),  # type: ignore[arg-type]
        joiner=" " if step.by in ("words", "spaces") else "",
        role="input" if column.role == "ignored" else column.role,
    )  # fmt: skip


def doubts(step: Tokens, columns: Mapping[str, Column], learned: Learned) -> list[str]:
    """What is not in the vocabulary, and what was cut."""
    told = []
    for name in step.reads:
        values = columns[name].values
        if is_lazy(values):
            continue
        unknown, tokens = int((values == UNKNOWN).sum()), int((values != PAD).sum())
        if unknown > RARE * tokens:
            told.append(
                f"{unknown / tokens:.0%} of the tokens in “{name}” are not in its vocabulary; raise the vocabulary, or "
                "cut into characters or parts of words"
            )
        full = int((values[:, -1] != PAD).sum())
        if not step.length and learned["length"] == LONGEST and full > 1:
            told.append(f"{full:,} texts in “{name}” have {LONGEST:,} tokens or more and are cut; set a length")
    return told


def decoded(codes: Iterable[int], categories: Sequence[str], joiner: str) -> str:
    """Codes as text: up to <end>, without <pad> and <start>."""
    tokens = []
    for code in codes:
        if code == END:
            break
        if code not in (PAD, START):
            tokens.append(categories[code] if 0 <= code < len(categories) else SPECIAL[UNKNOWN])
    text = joiner.join(tokens)
    return text.removeprefix(" ") if not joiner else text


def _lazy(values: Any) -> Lazy:
    assert isinstance(values, Lazy)
    return values


def _cased(step: Tokens, text: str | None) -> str:
    text = text or ""
    return text.lower() if step.lower else text


def _pieces(by: str, text: str) -> Sequence[str]:
    if by == "words":
        return _WORDS.findall(text)
    return text.split() if by == "spaces" else text


def cut(by: str, text: str) -> tuple[str, ...]:
    """Characters, words and signs, or what stands between spaces, as the text has them."""
    return tuple(_pieces(by, text))


def _codes(step: Tokens, texts: Array, learned: Learned) -> NDArray[np.int32]:
    """Codes of texts, N×length: with the marks, cut and filled up."""
    length = int(learned["length"])
    room = max(0, length - step.start - step.end)
    cased = [_cased(step, text) for text in texts]
    if step.by == "characters":
        flat, sizes = _characters_coded([text[:room] for text in cased], learned["vocabulary"])
    else:
        if step.by == "bpe":
            rows: Sequence[Sequence[int]] = [ids[:room] for ids in _pairs_coded(cased, learned)]
        else:
            places = {token: code for code, token in enumerate(learned["vocabulary"]) if code >= len(SPECIAL)}
            rows = [[places.get(piece, UNKNOWN) for piece in _pieces(step.by, text)[:room]] for text in cased]
        sizes = np.array([len(row) for row in rows], dtype=np.int64)
        flat = np.fromiter(itertools.chain.from_iterable(rows), dtype=np.int32, count=int(sizes.sum()))
    made = np.full((len(cased), length), PAD, dtype=np.int32)
    if step.start:
        made[:, 0] = START
    inside = np.arange(length) - int(step.start)
    made[(inside >= 0) & (inside < sizes[:, None])] = flat
    if step.end and length > step.start:
        made[np.arange(len(cased)), np.minimum(sizes + step.start, length - 1)] = END
    return made


def _characters_coded(texts: Sequence[str], vocabulary: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The codes of all characters in a row, and how many each text has."""
    sizes = np.array([len(text) for text in texts], dtype=np.int64)
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    known = np.array([ord(token) for token in vocabulary[len(SPECIAL) :]], dtype=np.uint32)
    if not known.size:
        return np.full(len(points), UNKNOWN, dtype=np.int32), sizes
    order = np.argsort(known)
    at = np.minimum(np.searchsorted(known, points, sorter=order), len(known) - 1)
    found = order[at]
    return np.where(known[found] == points, found + len(SPECIAL), UNKNOWN).astype(np.int32), sizes


def _library() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise DataError(
            "Parts of words need the package tokenizers, which is not installed; run pip install tokenizers, or cut "
            "into words or characters"
        ) from None
    return tokenizers


def _pairs_learned(texts: Iterable[str], size: int) -> tuple[list[str], list[list[str]]]:
    """Vocabulary and merges of a byte-pair encoding (Sennrich et al., 2016); the same for the same texts."""
    library = _library()
    tokenizer = library.Tokenizer(library.models.BPE(unk_token=SPECIAL[UNKNOWN]))
    tokenizer.pre_tokenizer = library.pre_tokenizers.Metaspace(replacement=SPACE)
    trainer = library.trainers.BpeTrainer(vocab_size=size, special_tokens=list(SPECIAL), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [pair.split(" ") if isinstance(pair, str) else list(pair) for pair in model["merges"]]
    return sorted(model["vocab"], key=model["vocab"].__getitem__), merges


def _pairs_coded(texts: Sequence[str], learned: Learned) -> list[list[int]]:
    library = _library()
    places = {token: code for code, token in enumerate(learned["vocabulary"])}
    merges = [(first, second) for first, second in learned["merges"]]
    tokenizer = library.Tokenizer(library.models.BPE(places, merges, unk_token=SPECIAL[UNKNOWN]))
    tokenizer.pre_tokenizer = library.pre_tokenizers.Metaspace(replacement=SPACE)
    return [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
