"""The row that a network does worst at."""

from __future__ import annotations

import numpy as np
import pytest

from nnstudio.compile.lower import compile_network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train.worst import TRIED, worst_row


class Made:
    """Rows of x and y, in one split."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self._arrays = {"x": x.astype(np.float32), "y": y.astype(np.float32)}

    def count(self, split: str) -> int:
        return len(self._arrays["x"]) if split == "train" else 0

    def arrays(self, split: str) -> dict[str, np.ndarray]:
        return self._arrays


@pytest.fixture
def compiled():
    """The squared error of x itself against y."""
    net = NetworkBuilder()
    x, y = net.add("Input", field="x"), net.add("Input", field="y")
    net.add("MSELoss", net.add("Identity", x), y)
    type = TensorType.of("N F", "N", 1)
    return compile_network(net.network, {"x": type, "y": type})


def test_it_is_the_row_with_the_greatest_loss(compiled):
    x = np.zeros((50, 1))
    y = np.zeros((50, 1))
    y[17] = 3.0
    y[31] = -2.0
    assert worst_row(compiled, Made(x, y), "train") == (17, 9.0, 50)


def test_a_loss_that_is_not_finite_is_worse_than_any(compiled):
    y = np.zeros((10, 1))
    y[2], y[4] = 5.0, np.nan
    row, loss, _ = worst_row(compiled, Made(np.zeros((10, 1)), y), "train")
    assert row == 4
    assert np.isnan(loss)


def test_of_very_many_rows_some_are_tried_evenly_spread(compiled):
    y = np.zeros((5 * TRIED, 1))
    y[5 * 700] = 2.0
    assert worst_row(compiled, Made(np.zeros_like(y), y), "train") == (3500, 4.0, TRIED)


def test_there_is_none_where_there_are_no_rows_and_it_can_be_called_off(compiled):
    data = Made(np.zeros((9, 1)), np.ones((9, 1)))
    assert worst_row(compiled, data, "test")[0] == -1
    assert worst_row(compiled, data, "train", cancelled=lambda: True)[2] == 0
