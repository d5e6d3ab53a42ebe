"""What drawings of several projects that look at pictures have in common."""

from __future__ import annotations

from nnstudio.graph import View
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.project import library


def classifier(net: NetworkBuilder, scores: PortHandle, answer: str) -> None:
    """Label, loss, accuracy and output for scores of classes."""
    label = net.add("Input", name="label", field="label")
    net.add("CrossEntropyLoss", scores, label, name="loss")
    net.add("Accuracy", scores, label, name="accuracy")
    net.add("Output", scores, name=answer, kind="class scores")


def bring(net: NetworkBuilder, view: View, *names: str) -> tuple[NetworkBuilder, View]:
    """The builder and the view with blocks of the library in them."""
    for name in names:
        brought = library.bring(library.block(f"classical/{name}"), net.network)
        net.network, view = brought.edit(net.network), brought.view(view)
    return net, view
