"""Tables whose columns are parted by blanks, as many as make them stand below each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

#: Delimiters that are blanks: one or more of them, or two and more, so that one can stand in a text.
ANY, SEVERAL = " ", "  "
#: As many lines at least tell whether blanks part columns.
LINES = 3
_CELLS = {
    ANY: re.compile(r'"[^"\n]*"(?=[ \t]|$)|[^ \t\n]+', re.MULTILINE),
    SEVERAL: re.compile(r"[^ \t\n]+(?: [^ \t\n]+)*"),
}


def parted(line: str, delimiter: str) -> list[str]:
    """The cells of one line."""
    cells = _CELLS[delimiter].findall(line)
    return [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell for cell in cells]


def tabbed(text: str, delimiter: str) -> str:
    """The text with a tab between the cells of each line; quotation marks around them stay."""
    return "\n".join("\t".join(_CELLS[delimiter].findall(line)) for line in text.split("\n"))


def detected(lines: Sequence[str], is_number: Callable[[str], bool]) -> str:
    """The delimiter of these lines where all have as many cells between blanks, and a column of numbers; "" where not,
    as in prose."""
    lines = [line for line in lines if line.strip()]
    if len(lines) < LINES:
        return ""
    wide = [parted(line, SEVERAL) for line in lines]
    if _is_table(wide, is_number) and not any(_is_row(cell, is_number) for row in wide for cell in row):
        return SEVERAL if any(" " in cell for row in wide for cell in row) else ANY
    rows = [parted(line, ANY) for line in lines]
    numbers = _is_table(rows, is_number)
    return ANY if numbers and (len(rows[0]) > 2 or numbers == 2) else ""


def _is_row(cell: str, is_number: Callable[[str], bool]) -> bool:
    parts = cell.split()
    return len(parts) > 1 and all(map(is_number, parts))


def _is_table(rows: Sequence[Sequence[str]], is_number: Callable[[str], bool]) -> int:
    """How many columns hold numbers below the first line, 0 where the lines have different numbers of cells."""
    width = len(rows[0])
    if width < 2 or any(len(row) != width for row in rows):
        return 0
    return sum(all(is_number(row[place]) for row in rows[1:]) for place in range(width))
