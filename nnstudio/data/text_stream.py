"""Files of text larger than memory: decoded some at a time, and columns of texts made of them and kept on disk.

What is kept stands in the user's cache (`data.caching`) under the file's hash, so that the file opens at once when it
is chosen again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np

from nnstudio.data.blocks import decoder_of, other_encoding
from nnstudio.data.caching import kept, written
from nnstudio.data.columns import Array, Column, Source
from nnstudio.data.dialect import detect_encoding, encoding_doubts
from nnstudio.data.errors import DataError
from nnstudio.data.formats import known_by
from nnstudio.data.reference import DataReference
from nnstudio.data.stores import StoredTexts, TextsFile

#: A file of more bytes is kept on disk, where the option ``reading`` does not say otherwise; bytes read together.
LARGE, BLOCK = 64 << 20, 8 << 20
#: Characters that are shown at once.
FIRST = 256 << 10
#: What is kept by another version is made again.
VERSION = 1

Progress = Callable[[float], None]
#: Some rows, a list of texts for each column.
Rows = Sequence[list[str]]


def is_large(path: Path, reference: DataReference) -> bool:
    """Whether a text is kept on disk: by its size, or as the option ``reading`` says."""
    asked = reference.options.get("reading", "auto")
    return asked == "disk" or (asked == "auto" and path.stat().st_size > LARGE)


def encoding_of(path: Path, reference: DataReference) -> str:
    """The encoding that was chosen, or else the one by which the beginning can be read."""
    asked = str(reference.options.get("encoding", ""))
    if asked:
        return asked
    with path.open("rb") as stream:
        data = stream.read(BLOCK)
    return detect_encoding(data, whole=len(data) < BLOCK)


def doubts(path: Path, reference: DataReference, encoding: str) -> list[str]:
    """What to say of an encoding that was guessed."""
    return encoding_doubts(path.name, "" if "encoding" in reference.options else encoding)


def beginning(path: Path, reference: DataReference) -> str:
    """The first lines of a large text. DataError as for :func:`texts`."""
    text = next(texts(path, encoding_of(path, reference)), "")[:FIRST]
    return text[: text.rfind("\n") + 1] or text


def texts(path: Path, encoding: str, told: Progress = lambda _: None) -> Iterator[str]:
    """The text of a file some at a time, with newlines alone. DataError where it is empty or no text, EncodingError
    where it is in another encoding."""
    decoder = io.IncrementalNewlineDecoder(decoder_of(encoding, path.name), translate=True)
    size, at, lines, empty = max(1, path.stat().st_size), 0, 1, True
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(BLOCK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise other_encoding(path.name, encoding, chunk, lines, error) from None
            if "\0" in text:
                raise DataError(f"“{path.name}” is no text file (it holds zero bytes); a file with text was expected")
            text = text.removeprefix("\ufeff") if lines == 1 and empty else text
            empty = empty and not text.strip()
            lines += text.count("\n")
            at += len(chunk)
            if text:
                yield text
            told(at / size)
            if not chunk:
                break
    if empty:
        raise DataError(f"“{path.name}” is empty; a file with text was expected")


def in_lines(pieces: Iterator[str], end: str = "\n") -> Iterator[str]:
    """The same text cut behind line ends, or behind those that ``end`` is at."""
    left: list[str] = []
    for piece in pieces:
        cut = piece.rfind(end) + len(end)
        if cut < len(end):
            left.append(piece)
            continue
        yield "".join([*left, piece[:cut]])
        left = [piece[cut:]]
    if any(left):
        yield "".join(left)


def stored_texts(
    path: Path, reference: DataReference, names: tuple[str, ...], read: Callable[[Progress], Iterator[Rows]],
    told: Callable[[], list[str]], options: Mapping[str, Any], progress: Progress,
) -> Source:  # fmt: skip
    """A source with these columns of texts, each kept on disk. read: gives the rows, told: then says what the person
    should know of them. DataError and OSError as these raise, and where the disk has no room."""
    size = path.stat().st_size
    key = hashlib.sha256("\0".join((f"texts {VERSION}", known_by(path), str(sorted(options.items())))).encode())
    folder = kept(key.hexdigest()[:32], 0, path.name)
    about = _about(folder)
    if about is None:
        kept(folder.name, 2 * size, path.name)
        with ExitStack() as stack:
            made = []
            for at, _ in enumerate(names):
                own = f"{os.getpid()}-{time.monotonic_ns()}"
                files = [folder / f"{at}.{ending}+{own}" for ending in ("texts", "ends")]
                for file in files:
                    stack.callback(file.unlink, missing_ok=True)
                made.append(TextsFile(*files))
                stack.callback(made[-1].close)
            for rows in read(lambda share: progress(0.1 + 0.85 * share)):
                for sink, cells in zip(made, rows, strict=True):
                    sink.write(np.array(cells, dtype=object))
            for sink in made:
                sink.close()
                for file in (sink.path, sink.ends):
                    file.replace(file.with_name(file.name.partition("+")[0]))
            about = {"rows": made[0].rows, "told": told()}
            with written(folder / "texts.json") as aside:
                aside.write_text(json.dumps(about), "utf-8")
    columns = {}
    for at, name in enumerate(names):
        values: Any = StoredTexts(folder / f"{at}.texts", folder / f"{at}.ends", int(about["rows"]), 0)
        columns[name] = Column(name, "text", values, role="ignored")
    rows_of: dict[str, Array] = {name: column.values for name, column in columns.items()}
    warnings = (*doubts(path, reference, str(options["encoding"])), *about["told"])
    return Source(columns, int(about["rows"]), False, rows_of, warnings, options)


def _about(folder: Path) -> dict[str, Any] | None:
    """What is known of texts that are kept; None where they are not."""
    with suppress(OSError, ValueError):
        found = json.loads((folder / "texts.json").read_text("utf-8"))
        return found if isinstance(found, dict) else None
    return None
