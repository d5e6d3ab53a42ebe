"""Where a table of text begins: below the line that tells Excel the delimiter, remarks and a title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nnstudio.data.columns import shortened
from nnstudio.data.dialect import (
    MISSING,
    SAMPLE,
    Dialect,
    decoded,
    detect_decimal,
    detect_delimiter,
    detect_encoding,
    detect_header,
    is_number,
    record,
    records,
)  # fmt: skip
from nnstudio.data.errors import DataError

#: Lines that a title has at most.
TITLE = 20

_SEP = re.compile(r'"?sep=([^"\s\w]|\t)"?[ ,;\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a table. start: characters of it; lines: how many; title: the first that is no remark."""

    start: int = 0
    lines: int = 0
    title: str = ""

    def told(self, name: str, header: bool) -> list[str]:
        """What the person should know of it."""
        if not self.title:
            return []
        what = "header" if header else "first row"
        return [found(what, name, f"line {self.lines + 1:,}", self.title)]


def found(what: str, name: str, place: str, title: str) -> str:
    """That a header was found below a title."""
    return (
        f"The {what} of “{shortened(name)}” was found in {place}; what stands above it (“{shortened(title)}”) "
        "was left out"
    )


def detect(data: bytes, name: str) -> Dialect:
    """How a CSV file is written. DataError where it is empty or no text."""
    encoding = detect_encoding(data)
    text = decoded(data, encoding, name)
    if not text.strip():
        raise DataError(f"“{name}” is empty; a CSV file with one row a line was expected")
    named = _SEP.match(text)
    delimiter = named[1] if named else detect_delimiter(without_remarks(text))
    rows = records(text[heading(text, delimiter).start :], delimiter)
    decimal = detect_decimal(rows, delimiter)
    return Dialect(encoding, delimiter, detect_header(rows, decimal), decimal)


def without_remarks(text: str) -> str:
    """A text without the lines that begin with # at its beginning; all of it where nothing else is there."""
    start = 0
    for line in _LINE.finditer(text[:SAMPLE]):
        if line[0].strip() and not line[0].lstrip().startswith("#"):
            break
        start = line.end()
    return text[start:] if text[start:].strip() else text


def heading(text: str, delimiter: str) -> Heading:
    """What stands above the table in a text. delimiter: between its columns."""
    named = _SEP.match(text)
    start = named.end() if named else 0
    lines: list[str] = _LINE.findall(text[start : start + SAMPLE])
    first, offset = _below_remarks(lines, delimiter)
    begins = first + _titles(lines[first:], text[start + sum(map(len, lines[:first])) :], delimiter)
    titles = [line for line in lines[first:begins] if line.strip()]
    title = next((cell.strip() for line in titles for cell in record(line, delimiter) if cell.strip()), "")
    start += sum(map(len, lines[:begins])) + (offset if begins == first else 0)
    return Heading(start, begins + (named is not None), title)


def _below_remarks(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    """The place of the first line that is no remark, and how many of its characters (a # before names) are none."""
    place = 0
    told = [at for at, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")][:1]
    if not told:
        return 0, 0
    below = record(lines[told[0]], delimiter)
    numbers = any(is_number(cell) for cell in below)
    for place, line in enumerate(lines[: told[0]]):
        text = line.strip()
        loose = text.startswith("# ")
        if not text or (loose and not numbers):
            continue
        if loose and len(record(text[1:].strip(), delimiter)) == len(below):
            return place, line.index("#") + 2
        if not loose and len(record(text, delimiter)) == len(below):
            return place, 0
    return told[0], 0


def _titles(lines: Sequence[str], text: str, delimiter: str) -> int:
    """How many of these lines are a title: texts alone in their lines above a line of more, which is the header."""
    if not any(len(record(line, delimiter)) > 1 for line in lines[: TITLE + 1]):
        return 0
    widths = Counter(map(len, records(text, delimiter)))
    width = max(widths, key=lambda width: (widths[width], width), default=1)
    above = [record(line, delimiter) for line in lines[:TITLE]]
    count = title_rows(above, width)
    if not count:
        return 0
    padded = all(len(row) == width for row in above[:count] if any(cell.strip() for cell in row))
    parted = any(not any(cell.strip() for cell in row) for row in above[:count])
    below = records("".join(lines[count:]), delimiter)
    named = detect_header(below, detect_decimal(below, delimiter))
    return count if (named and (parted or width > 2)) or (parted and not padded) else 0


def header_of_sheet(rows: Sequence[Sequence[str]]) -> int:
    """The place of the header in the first rows of a sheet, all as long; 0 where no title stands above."""
    width = len(rows[0]) if rows else 0
    count = title_rows(rows[: TITLE + 1], width)
    parted = any(not any(row) for row in rows[:count])
    named = detect_header(rows[count:], ".")
    return count if named and (parted or width > 2) else 0


def title_rows(rows: Sequence[Sequence[str]], width: int) -> int:
    """How many of the first rows have at most one text each, and no number, above one with most cells filled."""
    if width < 2:
        return 0
    titled = False
    for place, row in enumerate(rows):
        filled = [cell.strip() for cell in row if cell.strip()]
        if len(filled) > 1:
            return place if titled and len(filled) * 2 > width else 0
        if filled and (is_number(filled[0]) or filled[0].lower() in MISSING):
            return 0
        titled = titled or bool(filled)
    return 0
