"""What the bars of the network panel are made of: a part for each layer, or for each family."""

from __future__ import annotations

from collections.abc import Sequence

from nnstudio.compile.figures import count_text, seconds_text
from nnstudio.ui import theme
from nnstudio.ui.docks.cost_bars import Share
from nnstudio.ui.docks.network_rows import Row, leaves

#: So many of the largest layers have a part of their own in a bar; more could not be seen.
MOST = 300


def cut_up(rows: Sequence[Row], what: str, by: int) -> list[Share]:
    """The parts of a bar: a layer each (by = 0; of very many, the smallest together), or a family."""
    if by == 1:
        families: dict[str, list[Row]] = {}
        for each in leaves(rows):
            families.setdefault(each.family.title if each.family else each.type, []).append(each)
        return [_share(title, members, what) for title, members in families.items()]
    rest: list[Row] = []
    if len(rows) > MOST:
        size = (lambda row: row.seconds or 0.0) if what == "time" else (lambda row: getattr(row.costs, what))
        ordered = sorted(range(len(rows)), key=lambda at: -size(rows[at]))
        rest = [rows[at] for at in ordered[MOST:]]
        rows = [rows[at] for at in sorted(ordered[:MOST])]
    shares = [_share(each.name, [each], what) for each in rows]
    return [*shares, *([_share(f"{len(rest):,} smaller layers", rest, what)] if rest else [])]


def _share(name: str, rows: Sequence[Row], what: str) -> Share:
    if what == "time":
        size = sum(each.seconds or 0.0 for each in rows)
        text = seconds_text(size)
    else:
        size = sum(getattr(each.costs, what) for each in rows)
        text = f"{count_text(int(size))} {what.replace('multiply_adds', 'multiply–adds')}"
    return Share(tuple(each.id for each in rows), name, theme.family_color(rows[0]).name(), size, text)
