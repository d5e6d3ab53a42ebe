"""`nnstudio predict --explain`: which parts of an input made the network say what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnstudio.cli.output import Output
from nnstudio.cli.tables import Column, table

if TYPE_CHECKING:
    from nnstudio.project.judging.explaining import Explained, Part
    from nnstudio.project.project import Project

#: Columns or words that are told, those that count most; characters that a picture is wide at most; its shades.
MOST, WIDE, SHADES = 12, 48, " ░▒▓█"


def reasons(project: Project, rows: Mapping[str, Sequence[Any]], way: str) -> list[Reason]:
    """Why each of these new rows gets its answer."""
    from nnstudio.project.judging.asking import Asking
    from nnstudio.project.judging.explaining import explain

    judge, encoded = project.judge(), project.dataset.encode(rows)
    count = len(next(iter(encoded.values())))
    found = []
    for place in range(count):
        one = {name: array[place : place + 1] for name, array in encoded.items()}
        found.append(Reason(explain(Asking(judge, "", [0], rows=one), project.dataset, place, way)))
    return found


@dataclass(frozen=True)
class Reason:
    """What made the network say what it says of one row."""

    explained: Explained

    def item(self) -> dict[str, Any]:
        """For a program."""
        parts = {
            part.field: {"names": list(part.names), "values": part.values.tolist()} for part in self.explained.parts
        }
        found = self.explained
        where = {"place": found.at + 1} if found.at >= 0 else {}
        return {"explained": {"way": found.way, "class": found.asked, **where, "score": found.score,
                              "baseline": found.baseline, "fields": parts}}  # fmt: skip

    def show(self, out: Output) -> None:
        """For a person: what counts most, with its sign; of a picture a map of where it is."""
        from nnstudio.project.judging.explaining import WAYS

        for part in self.explained.parts:
            title = f"What counts for {self.explained.told} in {part.field} ({WAYS[self.explained.way]})"
            if part.kind == "image":
                out.line(title)
                for line in shaded(part):
                    out.line(f"  {line}")
                continue
            flat = part.values.reshape(-1)
            names = part.names or tuple(map(str, range(len(flat))))
            rows = [(names[at], f"{flat[at]:+.4g}") for at in part.strongest[:MOST]]
            table(out, title, [Column("part"), Column("counts", right=True)], rows)


def shaded(part: Part) -> list[str]:
    """A picture's attributions as lines of shades, the darker the more a place counts."""
    sizes = np.abs(part.values).sum(axis=0)
    step = max(1, -(-sizes.shape[1] * 2 // WIDE))
    high, wide = (-(-size // step) for size in sizes.shape)
    padded = np.zeros((high * step, wide * step))
    padded[: sizes.shape[0], : sizes.shape[1]] = sizes
    blocks = padded.reshape(high, step, wide, step).mean(axis=(1, 3))
    levels = np.round(blocks / (blocks.max() or 1.0) * (len(SHADES) - 1)).astype(int)
    return ["".join(SHADES[level] * 2 for level in row) for row in levels]
