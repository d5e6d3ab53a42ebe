"""The sheet on which a classical network is drawn: rows, read as text is; a row with a title stands in a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nnstudio.graph import View
from nnstudio.graph.arrange import COLUMN
from nnstudio.graph.builder import NetworkBuilder, PortHandle, with_names_as_ids
from nnstudio.graph.places import FRAME_MARGIN, FRAME_TITLE, node_size
from nnstudio.graph.view import Frame
from nnstudio.project import library
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

#: Free height between two rows.
GAP = 56.0


@dataclass
class Page:
    """A network that is being drawn: its builder, the view inside its blocks, and where its nodes stand."""

    net: NetworkBuilder = field(default_factory=NetworkBuilder)
    view: View = field(default_factory=View)
    rows: list[tuple[str, str, Sequence[str]]] = field(default_factory=list)

    def use(self, *names: str) -> None:
        """Take blocks out of the library."""
        for name in names:
            brought = library.bring(library.block(f"classical/{name}"), self.net.network)
            self.net.network, self.view = brought.edit(self.net.network), brought.view(self.view)

    def add(self, layer: str, *inputs: PortHandle, name: str, **parameters: Any) -> PortHandle:
        """Place a layer, or a block that was taken out of the library."""
        if layer in self.net.network.blocks:
            parameters, layer = {"definition": layer, **parameters}, "Block"
        return self.net.add(layer, *inputs, name=name, **parameters)

    def row(self, names: str, title: str = "", color: str = "") -> None:
        """Put nodes into the next row; "." leaves a column free."""
        self.rows.append((title, color, names.split()))

    def sheet(self, title: str, summary: str, plan: Mapping[str, Any]) -> Sheet:
        """What was drawn."""
        network = with_names_as_ids(self.net.network)
        places, frames, top = {}, {}, 0.0
        for heading, color, names in self.rows:
            tallest = max(node_size(network.nodes[name].layer)[1] for name in names if name != ".")
            top += FRAME_TITLE + FRAME_MARGIN if heading else 0.0
            for column, name in enumerate(names):
                if name != ".":
                    places[name] = (column * COLUMN, top + tallest / 2)
            if heading:
                members = frozenset(name for name in names if name != ".")
                frames[heading] = Frame(heading, heading, members, color)
            top += tallest + GAP + (FRAME_MARGIN if heading else 0.0)
        if places.keys() != network.nodes.keys():
            raise SystemExit(f"{title}: {places.keys() ^ network.nodes.keys()} lack a place or a node")
        return Sheet(
            network, replace(self.view, positions=places, frames=frames), Plan.make(plan), None, title, summary
        )


def classifier(page: Page, scores: PortHandle, classes: int = 1000) -> None:
    """Label, loss, accuracy and output for the scores of pictures."""
    page.add("Output", scores, name="output", kind="class scores")
    label = page.add("Input", name="label", dtype="int64", classes=classes)
    page.add("CrossEntropyLoss", scores, label, name="loss")
    page.add("Accuracy", scores, label, name="accuracy")
