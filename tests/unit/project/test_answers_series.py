"""Forecasts in the unit of the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nnstudio.data import DataReference, open_data
from nnstudio.data.steps import STEPS
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.project.answers import answers


def test_the_steps_of_a_forecast_are_told_in_the_unit_of_the_data(tmp_path: Path) -> None:
    demand = 1000 + 50 * np.sin(np.arange(60))
    (tmp_path / "demand.csv").write_text("demand\n" + "\n".join(f"{value:.3f}" for value in demand))
    window = STEPS["windows"].make({"columns": ("demand",), "past": 4, "horizon": 3, "target": "demand"})
    data = open_data(DataReference.file(tmp_path / "demand.csv", steps=(window,)))
    net = NetworkBuilder()
    flat = net.add("Flatten", net.add("Input", field="past"))
    guess = net.add("Linear", flat, out_features=3)
    net.add("MSELoss", guess, net.add("Input", field="future"))
    net.add("Output", guess, name="next", kind="number")
    future = np.asarray(data.arrays("train")["future"][np.arange(2)])
    told = answers(net.network, data, {"next": future})
    truth = data.columns["future"].values[data.indices("train")[:2]]
    assert np.allclose([row["next"]["value"] for row in told], truth, atol=1e-3)
    assert min(told[0]["next"]["value"]) > 900
