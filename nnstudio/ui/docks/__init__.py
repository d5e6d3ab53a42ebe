"""The panels below the canvas, and what the inspector shows live.

Importing this package is light: each panel's module, and with it pyqtgraph, is imported when the panel is first asked
for. Panels take the session, listen to it and hold nothing that matters.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnstudio.ui.docks.activations import ActivationsPanel
    from nnstudio.ui.docks.data import DataPanel
    from nnstudio.ui.docks.gradients import GradientsPanel
    from nnstudio.ui.docks.inside import InsidePanel
    from nnstudio.ui.docks.judging.panel import JudgingPanel
    from nnstudio.ui.docks.network_table import NetworkPanel
    from nnstudio.ui.docks.node import NodeGradient, NodeHistogram
    from nnstudio.ui.docks.problems import ProblemsPanel
    from nnstudio.ui.docks.runs import RunsPanel
    from nnstudio.ui.docks.training import TrainingPanel
    from nnstudio.ui.docks.try_panel import TryPanel
    from nnstudio.ui.docks.weights import WeightsPanel

_HOME = {
    "ActivationsPanel": "activations",
    "DataPanel": "data",
    "GradientsPanel": "gradients",
    "InsidePanel": "inside",
    "JudgingPanel": "judging.panel",
    "NetworkPanel": "network_table",
    "NodeGradient": "node",
    "NodeHistogram": "node",
    "ProblemsPanel": "problems",
    "RunsPanel": "runs",
    "TrainingPanel": "training",
    "TryPanel": "try_panel",
    "WeightsPanel": "weights",
}

__all__ = [
    "ActivationsPanel",
    "DataPanel",
    "GradientsPanel",
    "InsidePanel",
    "JudgingPanel",
    "NetworkPanel",
    "NodeGradient",
    "NodeHistogram",
    "ProblemsPanel",
    "RunsPanel",
    "TrainingPanel",
    "TryPanel",
    "WeightsPanel",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
