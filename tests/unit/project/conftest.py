"""A drawn project and weights of every kind, to be saved."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstudio.data import DataReference
from nnstudio.graph import View
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.sheet import Sheet
from nnstudio.train.plan import Plan

sys.path.insert(0, str(Path(__file__).parent))  # for what these tests share in files of their own


@pytest.fixture
def sheet() -> Sheet:
    net = NetworkBuilder()
    image = net.add("Input", name="image", field="image")
    scores = net.add("Linear", net.add("Flatten", image), name="scores", out_features=10)
    net.add("Output", scores, name="digit")
    view = View({id: (240.0 * at, -0.5) for at, id in enumerate(net.network.nodes)})
    return Sheet(net.network, view, Plan.make({"epochs": 7}), DataReference("shipped:digits"), "Ziffern", "Größe: 8×8")


@pytest.fixture
def weights() -> dict[str, Any]:
    return {
        "scores.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
        "scores.count": np.array(3),
        "scores.mask": np.array([True, False, True]),
        "scores.half": np.array([0.5], np.float16),
        "scores.empty": np.zeros((0, 3), np.float64),
    }
