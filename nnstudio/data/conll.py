"""CoNLL files: a token and its tags a line, sentences parted by blank lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

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
    found = _sentences(text.rpartition("\n")[0])
    widths = [len(values) for sentence in found for _, values in sentence]
    if len(found) < 3 or len(widths) < 2 * len(found) or not 2 <= widths[0] <= 16:
        return False
    return widths.count(widths[0]) >= 0.95 * len(widths)


def _sentences(text: str) -> list[list[Line]]:
    """Sentences as lists of lines: number in the file and values."""
    sentences: list[list[Line]] = [[]]
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            if sentences[-1]:
                sentences.append([])
        elif not line.startswith(("# ", "-DOCSTART-")):
            values = line.split("\t") if "\t" in line else line.split()
            sentences[-1].append((number, ["_".join(value.split()) or "_" for value in values]))
    return [sentence for sentence in sentences if sentence]


def read_conll(path: Path, reference: DataReference, progress: Progress) -> Source:
    """Sentences as rows: ``tokens``, ``tags`` (the last column), and ``column_2`` … between them, each the values of a
    sentence with spaces between them. Of CoNLL-U, the universal tags.

    Sentences with a line of another number of values than most are left out and told of. DataError where most are.
    """
    text, warnings, encoding = text_of(path, reference)
    found = _sentences(text)
    progress(0.4)
    widths = [len(values) for sentence in found for _, values in sentence]
    width = max(set(widths), key=widths.count) if widths else 0
    if width < 2:
        raise DataError(f"“{path.name}” has one value a line; a token and its tag on each line were expected")
    ragged = [line for sentence in found for line in sentence if len(line[1]) != width]
    whole = [sentence for sentence in found if all(len(values) == width for _, values in sentence)]
    if ragged:
        named = ", ".join(f"line {number:,} has {len(values)}" for number, values in ragged[:3])
        told = f"have another number of values than {width} ({named})"
        if len(whole) * 2 < len(found):
            raise DataError(f"Lines of “{path.name}” {told}; put a token and its tags on each line")
        lost = len(found) - len(whole)
        number = "1 sentence is" if lost == 1 else f"{lost:,} sentences are"
        warnings.append(f"{number} left out, since lines {told}; correct them to use all")
    universal = width == len(UNIVERSAL)
    if universal:  # words of several parts, and empty ones, stand beside those that are counted
        whole = [[line for line in sentence if line[1][0].isdigit()] for sentence in whole]
    names = UNIVERSAL if universal else ("tokens", *(f"column_{at}" for at in range(2, width)), "tags")
    wanted = ("tokens", "tags") if universal else names
    columns = {}
    for name in wanted:
        at = names.index(name)
        values = np.array([" ".join(values[at] for _, values in sentence) for sentence in whole], dtype=object)
        columns[name] = Column(name, "text", values, role="ignored")
    rows = {name: column.values for name, column in columns.items()}
    progress(0.9)
    return Source(columns, len(whole), False, rows, tuple(warnings), {"format": "conll", "encoding": encoding})


def tokens_of() -> tuple[Step, ...]:
    """What makes sentences trainable: tokens and tags as codes, as many in a row."""
    return tuple(Tokens.make({"column": name, "by": "spaces"}) for name in ("tokens", "tags"))
