"""What the command line prints: lines for a person, or one JSON object a line."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any


class CallError(ValueError):
    """The command was called in a wrong way; the text is for a person."""


class Output:
    """Standard output. ``json``: objects are printed, lines are not; else the other way round."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json

    @property
    def live(self) -> bool:
        """Whether a person watches: a progress bar makes sense."""
        return not self.json and sys.stdout.isatty()

    def line(self, text: str = "") -> None:
        """A line for a person."""
        if not self.json:
            _write(text)

    def item(self, **values: Any) -> None:
        """An object for a program."""
        if self.json:
            _write(json.dumps(_plain(values), ensure_ascii=False))

    def table(self, rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
        """Rows in columns, those in ``right`` flush right."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [
                cell.rjust(width) if place in right else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.line("  ".join(cells).rstrip())


def note(text: str) -> None:
    """A sentence beside the output."""
    sys.stderr.write(f"nnstudio: {sentence(text)}\n")


def sentence(text: str, names: Collection[str] = ()) -> str:
    """One line that begins with a capital (but for a name, which is written as it is) and ends with a full stop."""
    text = " ".join(text.split())
    first = text.partition(" ")[0]
    text = text if "." in first or first in names else text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def figure(value: float) -> str:
    """Four digits that count: 0.9712, 12.35, 1.2e-07."""
    return f"{value:.4g}"


def figures(values: Mapping[str, float]) -> str:
    """``loss 0.1234  accuracy 0.97``."""
    return "  ".join(f"{name} {figure(value)}" for name, value in values.items())


def _plain(value: Any) -> Any:
    """What JSON can hold: NaN and infinity become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | None) else str(value)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
    except UnicodeEncodeError:  # a console of another encoding
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
