"""NN Studio: draw a neural network, train it, and see it learn.

From Python (DESIGN 8)::

    import nnstudio as nns

    net = nns.Network()
    image = net.add("Input", field="image", shape=(1, 8, 8))
    scores = net.add("Linear", net.add("Flatten", image), out_features=10)
    net.add("Output", scores)
    model = nns.compile(net)  # a torch.nn.Module

    project = nns.open("digits.nnstudio")
    project.train(epochs=5)
    project.save()
    project.export("digits.onnx")

Importing this imports neither torch nor Qt.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from nnstudio.graph.builder import NetworkBuilder as Network
    from nnstudio.layers import TensorType
    from nnstudio.project.errors import ProjectError
    from nnstudio.project.project import Project

__version__ = "0.1.0"
__all__ = ["Network", "Project", "ProjectError", "compile", "open"]

#: Libraries for metrics and explanations import matplotlib, which tells of its font cache when a machine first does.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

_LATER = {
    "Network": ("nnstudio.graph.builder", "NetworkBuilder"),
    "Project": ("nnstudio.project.project", "Project"),
    "ProjectError": ("nnstudio.project.errors", "ProjectError"),
}


def open(path: str | Path) -> Project:
    """Read a project file. ProjectError, one sentence for a person, where it cannot be read."""
    from nnstudio.project.project import Project

    return Project.open(path)


def compile(net: Any, fields: Mapping[str, TensorType] | None = None, seed: int | None = None) -> nn.Module:
    """What a network predicts with, as a torch module.

    Args:
        net: what :class:`Network` built, or its ``network``.
        fields: types of the inputs' fields; without them the inputs' own shapes count.
        seed: what the weights start from; None: torch's present random state.

    Returns:
        A module that takes the inputs in the order in which they were added and gives the output's tensor, or a
        dict by name for several outputs.

    Raises:
        nnstudio.compile.lower.CompileError: the network has a problem; it says which, and what to do.
    """
    from nnstudio.compile.lower import compile_network

    return compile_network(getattr(net, "network", net), fields, seed).model


def __getattr__(name: str) -> Any:
    if name in _LATER:
        module, attribute = _LATER[name]
        found = globals()[name] = getattr(import_module(module), attribute)
        return found
    raise AttributeError(f"module 'nnstudio' has no attribute {name!r}")
