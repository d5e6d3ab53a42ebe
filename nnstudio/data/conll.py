"""CoNLL files: a token and its tags a line, sentences parted by blank lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnstudio.data import text_stream
from nnstudio.data.columns import Column, Source
from nnstudio.data.dialect import decoded, detect_encoding
from nnstudio.data.errors import DataError
from nnstudio.data.lines import text_of
from nnstudio.data.reference import DataReference
from nnstudio.data.steps import Step
from nnstudio.data.steps.texts import Tokens

SUFFIXES = (".conll", ".conllu", ".iob", ".bio", ".conll03")
#: What a file is taken for is seen by its first bytes.
HEAD = 64 << 10
#: The columns of CoNLL-U.
UNIVERSAL = ("id", "tokens", "lemmas", "tags", "xpos", "feats", "heads", "relations", "deps", "misc")

Progress = Callable[[float], None]
Line = tuple[int, list[str]]


def is_conll(path: Path, _head: bytes) -> bool:
    """Whether a file holds tokens and tags: by its name, or where lines of as many values are parted by blank ones."""
    if path.suffix.lower() in SUFFIXES:
        return True
    if path.suffix.lower() != ".txt":
        return False
    with path.open("rb") as stream:
        data = stream.read(HEAD)
    try:
        text = decoded(data, detect_encoding(data), path.name)
    except DataError:
        return False
    found = _sentences(text.replace("\r\n", "\n").rpartition("\n")[0])
    widths = [len(values) for sentence in found for _, values in sentence]
    if len(found) < 3 or len(widths) < 2 * len(found) or not 2 <= widths[0] <= 16:
        return False
    return widths.count(widths[0]) >= 0.95 * len(widths)


def _sentences(text: str, before: int = 0) -> list[list[Line]]:
    """Sentences as lists of lines: number in the file, where so many lines are before, and values."""
    sentences: list[list[Line]] = [[]]
    for number, line in enumerate(text.split("\n"), before + 1):
        if not line.strip():
            if sentences[-1]:
                sentences.append([])
        elif not line.startswith(("# ", "-DOCSTART-")):
            values = line.split()
            if "\t" in line and (" " in line or line.count("\t") + 1 != len(values)):
                values = ["_".join(value.split()) or "_" for value in line.split("\t")]
            sentences[-1].append((number, values))
    return [sentence for sentence in sentences if sentence]


def read_conll(path: Path, reference: DataReference, progress: Progress) -> Source:
    """Sentences as rows: ``tokens``, ``tags`` (the last column), and ``column_2`` … between them, each the values of a
    sentence with spaces between them. Of CoNLL-U, the universal tags.

    Sentences with a line of another number of values than most are left out and told of. DataError where most are.
    """
    if text_stream.is_large(path, reference):
        return _read_large(path, reference, progress)
    text, warnings, encoding = text_of(path, reference)
    found = _sentences(text)
    progress(0.4)
    reading = Reading(path.name, found)
    columns = _columns(reading, found)
    progress(0.9)
    options = {"format": "conll", "encoding": encoding}
    return replace(_source(columns, options), warnings=(*warnings, *reading.told()))


def first_sentences(path: Path, reference: DataReference) -> Source | None:
    """The first sentences of a large file; None of one that is not large."""
    if not text_stream.is_large(path, reference):
        return None
    found = _sentences(text_stream.beginning(path, reference))[:-1]
    return _source(_columns(Reading(path.name, found), found), {"format": "conll"})


def _read_large(path: Path, reference: DataReference, progress: Progress) -> Source:
    encoding = text_stream.encoding_of(path, reference)
    reading = Reading(path.name, _sentences(next(_paragraphs(path, encoding))))

    def read(told: Progress) -> Iterator[text_stream.Rows]:
        lines = 0
        for piece in _paragraphs(path, encoding, told):
            yield reading.columns(_sentences(piece, lines))
            lines += piece.count("\n")

    options = {"format": "conll", "encoding": encoding}
    return text_stream.stored_texts(path, reference, reading.wanted, read, reading.told, options, progress)


def _paragraphs(path: Path, encoding: str, told: Progress = lambda _: None) -> Iterator[str]:
    return text_stream.in_lines(text_stream.texts(path, encoding, told), "\n\n")


class Reading:
    """Sentences as they become rows: of how many values lines are, and which lines have others.

    wanted: the names of the columns. DataError where lines have one value.
    """

    def __init__(self, name: str, first: list[list[Line]]) -> None:
        self._name = name
        widths = [len(values) for sentence in first for _, values in sentence]
        self._width = max(set(widths), key=widths.count) if widths else 0
        if self._width < 2:
            raise DataError(f"“{name}” has one value a line; a token and its tag on each line were expected")
        self._universal = self._width == len(UNIVERSAL)
        between = (f"column_{at}" for at in range(2, self._width))
        self._names = UNIVERSAL if self._universal else ("tokens", *between, "tags")
        self.wanted = ("tokens", "tags") if self._universal else self._names
        self._ragged: list[Line] = []
        self._sentences = self._lost = 0

    def columns(self, found: list[list[Line]]) -> list[list[str]]:
        """The values of each column for the sentences that are not ragged."""
        self._sentences += len(found)
        ragged = [line for sentence in found for line in sentence if len(line[1]) != self._width]
        self._ragged += ragged[: 3 - len(self._ragged)]
        whole = [s for s in found if all(len(values) == self._width for _, values in s)] if ragged else found
        self._lost += len(found) - len(whole)
        if self._universal:  # words of several parts, and empty ones, stand beside those that are counted
            whole = [[line for line in sentence if line[1][0].isdigit()] for sentence in whole]
        places = [self._names.index(name) for name in self.wanted]
        return [[" ".join(values[at] for _, values in sentence) for sentence in whole] for at in places]

    def told(self) -> list[str]:
        """What the person should know of ragged lines. DataError where most sentences have some."""
        if not self._lost:
            return []
        named = ", ".join(f"line {number:,} has {len(values)}" for number, values in self._ragged)
        told = f"have another number of values than {self._width} ({named})"
        if (self._sentences - self._lost) * 2 < self._sentences:
            raise DataError(f"Lines of “{self._name}” {told}; put a token and its tags on each line")
        number = "1 sentence is" if self._lost == 1 else f"{self._lost:,} sentences are"
        return [f"{number} left out, since lines {told}; correct them to use all"]


def _columns(reading: Reading, found: list[list[Line]]) -> dict[str, Column]:
    made = zip(reading.wanted, reading.columns(found), strict=True)
    return {name: Column(name, "text", np.array(values, object), role="ignored") for name, values in made}


def _source(columns: Mapping[str, Column], options: Mapping[str, Any]) -> Source:
    rows = {name: column.values for name, column in columns.items()}
    return Source(columns, len(next(iter(rows.values()))), False, rows, (), options)


def tokens_of() -> tuple[Step, ...]:
    """What makes sentences trainable: tokens and tags as codes, as many in a row."""
    return tuple(Tokens.make({"column": name, "by": "spaces"}) for name in ("tokens", "tags"))
