"""Networks that together use every layer type that can stand between an input and an output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder

sys.path.insert(0, str(Path(__file__).parent))  # for what these tests share in files of their own


def mlp() -> Network:
    """A plain classifier."""
    net = NetworkBuilder()
    image = net.add("Input", field="image", shape=(1, 8, 8))
    hidden = net.add("Linear", net.add("Flatten", image), out_features=32, name="hidden", weight_init="he normal")
    scores = net.add("Linear", net.add("ReLU", hidden), out_features=10, name="scores")
    net.add("Output", scores, name="digit")
    label = net.add("Input", field="label", shape=(), dtype="int64", classes=10)
    net.add("CrossEntropyLoss", scores, label, name="loss")
    return net.network


def skip() -> Network:
    """Images: every layer for pictures, with a skip over normalised convolutions, and three outputs."""
    net = NetworkBuilder()
    image = net.add("Input", field="image", shape=(3, 16, 16))
    first = net.add("Conv2d", image, out_channels=8, padding="same", name="first")
    second = net.add("Conv2d", net.add("ReLU", net.add("BatchNorm2d", first)), out_channels=8, padding="same")
    joined = net.add("Add", first, second, net.add("GroupNorm", second, num_groups=2), name="joined")
    x = net.add("MaxPool2d", net.add("LeakyReLU", joined), kernel_size=2)
    x = net.add("AvgPool2d", net.add("PReLU", x), kernel_size=2)
    x = net.add("Dropout2d", net.add("Upsample", x, scale_factor=2))
    x = net.add("ConvTranspose2d", net.add("SiLU", x), out_channels=4, name="widened")
    net.add("Output", net.add("Sigmoid", x), kind="image", name="picture")
    pooled = net.add("Multiply", net.add("AdaptiveAvgPool2d", x), net.add("AdaptiveMaxPool2d", x))
    net.add("Output", net.add("LogSoftmax", net.add("Flatten", pooled)), name="kind")
    net.add("Output", pooled, kind="values", name="a_pooled")
    return net.network


def volumes() -> Network:
    """Signals and volumes: one- and three-dimensional convolutions."""
    net = NetworkBuilder()
    volume = net.add("Input", field="volume", shape=(1, 6, 6, 6))
    x = net.add("ELU", net.add("Conv3d", volume, out_channels=4, name="solid"))
    x = net.add("Reshape", x, shape=(4, -1))
    x = net.add("BatchNorm1d", net.add("Conv1d", x, out_channels=6))
    x = net.add("MaxPool1d", net.add("AvgPool1d", x, kernel_size=2), kernel_size=2)
    x = net.add("AdaptiveAvgPool1d", net.add("GELU", x), output_size=5)
    net.add("Output", x, kind="values", name="signal")
    return net.network


def sequence() -> Network:
    """Two inputs, one of noise: embedded words through every recurrent layer, and attention by hand."""
    net = NetworkBuilder()
    words = net.add("Input", field="words", shape=(7,), dtype="int64", classes=20)
    start = net.add("Linear", net.add("Noise", shape=(5,)), out_features=16, name="start")
    x = net.add("Embedding", words, embedding_dim=12)
    lstm = net.add("LSTM", x, hidden_size=16, initial=start, bidirectional=False)
    gru = net.add("GRU", net.add("LayerNorm", lstm), hidden_size=16, num_layers=2)
    rnn = net.add("RNN", net.add("RMSNorm", gru), hidden_size=16, bidirectional=True)
    weights = net.add("Softmax", net.add("MatMul", rnn, net.add("Permute", rnn, order=(2, 1))))
    seen = net.add("MatMul", weights, rnn, name="seen")
    both = net.add("Concatenate", rnn.last, lstm.last, net.add("Dropout", gru.last), name="both")
    left = net.add("Linear", both, out_features=8, name="left")
    right = net.add("Tanh", net.add("Linear", net.add("Flatten", seen), out_features=8, name="right"))
    met = net.add("Bilinear", left, net.add("Subtract", left, right), out_features=3, name="met")
    net.add("Output", met, name="kind")
    return net.network


@pytest.fixture(scope="session")
def networks() -> Mapping[str, Callable[[], Network]]:
    return {"mlp": mlp, "skip": skip, "volumes": volumes, "sequence": sequence}


@pytest.fixture(scope="session")
def drawing() -> Network:
    """Four inputs, and an Add whose line is replaced."""
    from lines_of_code import drawing_of_lines

    return drawing_of_lines()
