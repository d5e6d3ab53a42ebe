"""Tables for a person, drawn by rich."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from nnstudio.cli.output import Output

#: Characters of a line where nobody watches: nothing is cut in a file or a pipe.
PIPED = 240


@dataclass(frozen=True)
class Column:
    """The head of a column. right: its cells are flush right. strong: the row whose cell stands out (−1: none)."""

    title: str
    right: bool = False
    strong: int = -1


def table(out: Output, title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with a title over it; nothing where a program reads."""
    if out.json:
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(Text(column.title), justify="right" if column.right else "left")
    for number, row in enumerate(rows):
        cells = [
            Text(cell, "bold" if column.strong == number else "") for column, cell in zip(columns, row, strict=True)
        ]
        made.add_row(*cells)
    live = sys.stdout.isatty()
    console = Console(
        width=shutil.get_terminal_size().columns if live else PIPED, force_terminal=live, color_system=None,
        highlight=False,
    )  # fmt: skip
    out.line()
    out.line(title)
    with console.capture() as captured:
        console.print(made)
    for line in captured.get().rstrip().splitlines():
        out.line(line.rstrip())
