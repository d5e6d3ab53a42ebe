"""What tests/golden/project_v1.nnstudio was made from, on the day that format 1 was fixed. The file itself is never
made anew: it must always load."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnstudio.data import ColumnChoice, DataReference, Split
from nnstudio.graph import Network, View, Wire
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import layer_from_json
from nnstudio.project.files import save
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

UNKNOWN = {"type": "FromTheFuture", "version": 4, "parameters": {"depth": [1, 2, 3], "mode": "warp"}}


def sheet() -> Sheet:
    """A network with every part of the format in it."""
    net = NetworkBuilder()
    image = net.add("Input", name="image", field="image")
    conv = net.add("Conv2d", image, name="conv", out_channels=4, kernel_size=(3, 5), padding="same")
    pooled = net.add("AdaptiveAvgPool2d", conv, name="pool", output_size=2)
    scores = net.add("Linear", net.add("Flatten", pooled, name="flatten"), name="scores", out_features=10)
    label = net.add("Input", name="label", field="label")
    net.add("CrossEntropyLoss", scores, label, name="loss", weight=0.5)
    net.add("Output", scores, name="digit")
    names = {id: node.name for id, node in net.network.nodes.items()}
    nodes = {names[id]: replace(node, id=names[id]) for id, node in net.network.nodes.items()}
    strange = replace(nodes["pool"], id="strange", name="strange", layer=layer_from_json(UNKNOWN))
    wires = tuple(w._replace(source=names[w.source], target=names[w.target]) for w in net.network.wires)
    network = Network({**nodes, "strange": strange}, (*wires, Wire("conv", "output", "strange", "in")))
    view = View({id: (240.0 * place, -12.5) for place, id in enumerate(network.nodes)})
    plan = Plan.make({"epochs": 12, "optimizer": "SGD", "nesterov": True, "schedule": "cosine", "seed": 5})
    data = DataReference(
        "shipped:digits", sha256="0" * 64, fields={"label": ColumnChoice.make({"role": "target"})},
        split=Split.make({"seed": 3}),
    )  # fmt: skip
    return Sheet(network, view, plan, data, "Größe 1", "Everything that format 1 can hold.")


def weights() -> dict[str, np.ndarray]:
    """Weights of several types and shapes."""
    return {
        "conv.weight": np.arange(60, dtype=np.float32).reshape(4, 1, 3, 5) / 7,
        "conv.bias": np.array([0.5, -0.5, 0.25, 1e-8], np.float32),
        "scores.steps": np.array(41),
    }


if __name__ == "__main__":
    save(Path(sys.argv[1]), sheet(), weights())
