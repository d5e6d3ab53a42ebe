"""The rows of the table of the network: plain values, made in the background. No Qt, no torch."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnstudio.compile.figures import count_text, memory_text, reach_size, reach_text, seconds_text
from nnstudio.layers.families import Family

if TYPE_CHECKING:
    from nnstudio.compile.costs import NetworkCosts, NodeCosts
    from nnstudio.compile.resolve import Resolution
    from nnstudio.graph import Node
    from nnstudio.layers import AnyLayer


@dataclass(slots=True)
class Row:
    """A node, a block, or one copy of a block. id: as in the expanded network. parts: what is inside."""

    id: str
    name: str
    type: str
    output: str
    family: Family | None
    costs: NodeCosts
    seconds: float | None = None
    parts: list[Row] = field(default_factory=list)
    found: str = ""  # what the filter looks into
    role: str = "layer"


@dataclass(frozen=True, slots=True)
class Column:
    """title, what it means, the text of a row, what rows are sorted by; ``plain``: the value in a file."""

    title: str
    help: str
    text: Callable[[Row], str]
    key: Callable[[Row], str | float]
    plain: Callable[[Row], str | int | float]
    number: bool = True


def _known(row: Row, text: str) -> str:
    return text if row.costs.known else "–" if text in ("0", "0 B", "") else f"≥ {text}"


COLUMNS: tuple[Column, ...] = (
    Column("Name", "The layer's name", lambda r: r.name, lambda r: r.name.lower(), lambda r: r.name, number=False),
    Column("Type", "Its type", lambda r: r.type, lambda r: r.type.lower(), lambda r: r.type, number=False),
    Column("Gives", "The sizes of one sample of its output", lambda r: r.output, lambda r: r.output,
           lambda r: r.output, number=False),
    Column("Parameters", "Numbers in its weights", lambda r: f"{r.costs.parameters:,}" if r.costs.parameters else "",
           lambda r: r.costs.parameters, lambda r: r.costs.parameters),
    Column("Multiply–adds", "Products that are summed, in matrix products and convolutions, for one sample",
           lambda r: _known(r, count_text(r.costs.multiply_adds) if r.costs.multiply_adds else ""),
           lambda r: r.costs.multiply_adds, lambda r: r.costs.multiply_adds),
    Column("To train", "Memory while training: weights, gradients, the optimizer's state, the best epoch's weights, "
           "and what is kept for the backward pass",
           lambda r: _known(r, memory_text(r.costs.training_memory) if r.costs.training_memory else ""),
           lambda r: r.costs.training_memory, lambda r: r.costs.training_memory),
    Column("Sees", "Receptive field: how many places of the data one number of its output comes from",
           lambda r: reach_text(r.costs.reach), lambda r: reach_size(r.costs.reach),
           lambda r: reach_text(r.costs.reach)),
    Column("Time", "Of one forward pass of a batch, measured on this machine",
           lambda r: seconds_text(r.seconds) if r.seconds is not None else "",
           lambda r: r.seconds if r.seconds is not None else -1.0,
           lambda r: r.seconds if r.seconds is not None else ""),
)  # fmt: skip


def rows_of(resolution: Resolution, costs: NetworkCosts) -> list[Row]:
    """Rows of what is drawn, in the order of the drawing, with what is inside blocks as their parts."""
    inside: dict[str, list[str]] = {}
    for id in costs.nodes:
        parent, slash, _ = id.rpartition("/")
        if slash:
            inside.setdefault(parent, []).append(id)
    return [_row(id, resolution, costs, inside) for id in resolution.network.nodes if id in costs.nodes]


def _row(id: str, resolution: Resolution, costs: NetworkCosts, inside: Mapping[str, Sequence[str]]) -> Row:
    node = _drawn(id, resolution)
    resolved = resolution.nodes.get(id)
    layer: AnyLayer | None = node.layer if node is not None else None
    parts = [_row(each, resolution, costs, inside) for each in inside.get(id, ())]
    types = list(resolved.outputs.values()) if resolved is not None else []
    output = parts[-1].output if parts and not types else ", ".join(type.per_sample() for type in types)
    name = node.name if node is not None else _copy_name(id)
    kind = layer.subtitle().split(" · ")[0] if layer is not None else f"{len(parts)} layers"
    return Row(
        id, name, kind, output, layer.family if layer is not None else None, costs.nodes[id], parts=parts,
        found=f"{name} {kind}".lower(), role=layer.role if layer is not None else "block",
    )  # fmt: skip


def _drawn(id: str, resolution: Resolution) -> Node | None:
    """The node as it is drawn, in the definition that it stands in; None for a single copy of a block."""
    parent, slash, last = id.rpartition("/")
    if not slash:
        return resolution.network.nodes.get(id)
    opened = resolution.expansion.opened.get(parent)
    return opened.network.nodes.get(last) if opened is not None else None


def _copy_name(id: str) -> str:
    last = id.rpartition("/")[2]
    return f"copy {int(last) + 1}" if last.isdigit() else last


def each_row(rows: Iterable[Row]) -> Iterator[Row]:
    """These rows and all inside them."""
    for row in rows:
        yield row
        yield from each_row(row.parts)


def leaves(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows that have nothing inside."""
    for row in rows:
        if row.parts:
            yield from leaves(row.parts)
        else:
            yield row


def as_text(rows: Iterable[Row], separator: str) -> str:
    """A table for a spreadsheet, a line for each row; ``separator``: a comma or a tab."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow([column.title for column in COLUMNS])
    for row in rows:
        writer.writerow([column.plain(row) for column in COLUMNS])
    return out.getvalue()
