"""How a CSV file is written: its encoding, delimiter, header and decimal sign, detected from its text."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nnstudio.data import blanks
from nnstudio.data.errors import DataError

#: Cells that mean "nothing is known", compared in lower case.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "nil", "?", "-", "--", "missing", "#n/a", "<na>"})
#: Delimiters that are looked for, the more telling first.
DELIMITERS = ("\t", ";", "|", ",")
#: Encodings that begin with a mark.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: How many characters are looked at.
SAMPLE = 200_000

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
#: A number whose thousands are parted by commas, as polars and `re` read it.
THOUSANDS = r"^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$"
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d*([eE][+-]?\d+)?|[+-]?\d*,\d+([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What has to be known to read a CSV file."""

    encoding: str
    delimiter: str
    header: bool
    decimal: str

    @property
    def separator(self) -> str:
        """What stands between the values of its `spread` text."""
        return "\t" if self.delimiter in (blanks.ANY, blanks.SEVERAL) else self.delimiter

    def spread(self, text: str) -> str:
        """The text with one separator between values where blanks part them."""
        return text if self.separator == self.delimiter else blanks.tabbed(text, self.delimiter)


def detect_encoding(data: bytes, *, whole: bool = True) -> str:
    """The encoding by its mark, by its zero bytes, or as the first of UTF-8, Latin-1, Windows-1252 that fits. whole: it
    does not end amidst a character."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return encoding
    head = data[:SAMPLE]
    if head[1::2].count(0) > len(head) // 5:
        return "utf-16-le"
    if head[0::2].count(0) > len(head) // 5:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    if re.search(rb"[\x80-\x9f]", data) is None:
        return "latin-1"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def decoded(data: bytes, encoding: str, name: str) -> str:
    """The text of a file. DataError where it is not in that encoding or is not text."""
    try:
        text = data.decode(encoding)
    except LookupError:
        raise DataError(
            f"No encoding is called {encoding!r}; choose another, such as utf-8, to read “{name}”"
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"“{name}” is not written in {encoding} (line {line} has other bytes); choose another encoding"
        ) from None
    if "\0" in text:
        raise DataError(f"“{name}” is no text file (it holds zero bytes); a CSV, NPZ or NPY file was expected")
    return text.removeprefix("\ufeff")


def records(text: str, delimiter: str) -> list[list[str]]:
    """The first records of a text, blank lines left out."""
    lines = text[:SAMPLE].splitlines(keepends=True)
    if len(text) > SAMPLE and len(lines) > 1:
        lines.pop()
    if delimiter in (blanks.ANY, blanks.SEVERAL):
        return [row for line in lines[:1000] if (row := blanks.parted(line.rstrip("\r\n"), delimiter))]
    try:
        return [row for row in csv.reader(lines[:1000], delimiter=delimiter) if row]
    except csv.Error:  # a field beyond the csv module's limit: not this delimiter
        return []


def record(line: str, delimiter: str) -> list[str]:
    """The values of one line; none of a blank one."""
    found = records(line, delimiter)
    return found[0] if found else []


def detect_delimiter(text: str) -> str:
    """The delimiter that gives every record the same number of fields, and more than one, blanks where none other does;
    a comma where none does."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        rows = records(text, delimiter)
        widths = Counter(map(len, rows))
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if width < 2:
            continue
        agreement = count / len(rows)
        if delimiter == "," and best_score[0] >= 1.0 and _only_decimals(text, best):
            continue
        if (agreement, width) > best_score:
            best, best_score = delimiter, (agreement, width)
    if best_score[0] < 1.0:
        lines = text[:SAMPLE].splitlines()
        lines = lines[:-1] if len(text) > SAMPLE else lines
        best = blanks.detected(lines[:1000], lambda cell: is_number(cell, ".") or is_number(cell, ",")) or best
    return best


def _only_decimals(text: str, delimiter: str) -> bool:
    """Whether every comma of the first records stands in a number."""
    cells = [cell.strip() for row in records(text, delimiter) for cell in row if "," in cell]
    return all(_COMMA.fullmatch(cell) for cell in cells)


def detect_decimal(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """A comma where numbers are written with one and none is written with a point. Commas that part thousands are none:
    between quotation marks in a file of commas, or where one number has two of them or a point behind."""
    if delimiter == "," and not any("," in cell for row in rows for cell in row):
        return "."
    cells = [cell.strip() for row in rows for cell in row]
    decimals = [cell for cell in cells if _COMMA.fullmatch(cell)]
    parted = [cell for cell in cells if re.match(THOUSANDS, cell)]
    if all(re.match(THOUSANDS, cell) for cell in decimals) and (
        delimiter == "," or any(cell.count(",") > 1 or "." in cell for cell in parted)
    ):
        return "."
    commas = len(decimals)
    points = sum("." in cell and _PLAIN.fullmatch(cell) is not None for cell in cells)
    thousands = sum(re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", cell) is not None for cell in cells)
    return "," if commas and points == thousands else "."


def is_number(cell: str, decimal: str = ".") -> bool:
    """Whether a cell is written as a number."""
    cell = cell.strip()
    if decimal == "," and _COMMA.fullmatch(cell):
        return True
    if decimal == "." and re.match(THOUSANDS, cell):
        return True
    return _PLAIN.fullmatch(cell) is not None or cell.lower().lstrip("+-") in ("inf", "infinity")


def detect_header(rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Whether the first record names the columns: no number or repetition in it, and no cell that recurs below."""
    if not rows:
        return False
    first, below = [cell.strip() for cell in rows[0]], rows[1:]
    if any(is_number(cell, decimal) for cell in first):
        return False
    if all(cell.lower() in MISSING for cell in first):
        return False
    columns = [[row[index].strip() for row in below if index < len(row)] for index in range(len(first))]
    numbers = any(any(is_number(cell, decimal) for cell in column) for column in columns)
    if numbers or not below:
        return True
    return not any(cell in column for cell, column in zip(first, columns, strict=True))


def encoding_doubts(name: str, guessed: str) -> list[str]:
    """What to say where an encoding was guessed that fits nearly every file; "" where none was."""
    if guessed not in ("latin-1", "cp1252"):
        return []
    words = "Latin-1" if guessed == "latin-1" else "Windows-1252"
    return [f"“{name}” is not in UTF-8 and was read as {words}; choose the encoding if letters look wrong"]
