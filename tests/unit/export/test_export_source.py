"""The Python source of a network reads as a person would have written it."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.export import source
from nnstudio.export.embedding import embedded
from nnstudio.export.python_source import class_name
from nnstudio.graph import Network
from nnstudio.graph.builder import NetworkBuilder

Networks = Mapping[str, Callable[[], Network]]

MLP = '''"""Digits: a network of 2,410 parameters, drawn in NN Studio.

This file needs torch and safetensors alone; nothing of NN Studio has to be installed.
The trained weights are in digits.safetensors beside it; `load()` brings both together.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_name("digits.safetensors")


class Digits(nn.Module):
    """Takes image: N×1×8×8."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        nn.init.kaiming_normal_(self.hidden.weight, nonlinearity="relu")
        nn.init.zeros_(self.hidden.bias)
        self.relu = nn.ReLU()
        self.scores = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        flatten = torch.flatten(image, 1)  # N×64
        hidden = self.hidden(flatten)  # N×32
        relu = self.relu(hidden)  # N×32
        scores = self.scores(relu)  # N×10
        return scores


def load(weights: str | Path = WEIGHTS) -> Digits:
    """The trained model, ready to predict."""
    model = Digits()
    model.load_state_dict(load_file(weights))
    return model.eval()


if __name__ == "__main__":
    inputs = {  # made-up samples, to see it run
        "image": torch.randn(4, 1, 8, 8),
    }
    with torch.no_grad():
        print(load()(**inputs))
'''


def test_the_whole_file(networks: Networks) -> None:
    assert source(compile_network(networks["mlp"]()), "digits", "digits.safetensors") == MLP


def test_a_network_that_is_only_resolved_has_the_same_source(networks: Networks) -> None:
    assert source(resolve(networks["mlp"]()), "digits", "digits.safetensors") == MLP


def test_without_weights_it_needs_torch_alone(networks: Networks) -> None:
    text = source(resolve(networks["skip"]()))
    assert "safetensors" not in text
    assert "load" not in text
    namespace: dict[str, object] = {}
    exec(compile(text, "<source>", "exec"), namespace)
    assert isinstance(namespace["Model"], type)


def test_operators_are_signs_and_loops_are_straight_lines(networks: Networks) -> None:
    text = source(resolve(networks["skip"]()))
    assert "joined = first + conv2d + groupnorm  # N×8×16×16" in text
    assert 'return {"picture": sigmoid, "kind": logsoftmax, "a_pooled": multiply}' in text


def test_ends_that_nobody_uses_are_not_named(networks: Networks) -> None:
    text = source(resolve(networks["sequence"]()))
    assert "lstm_sequence, lstm_last, _, _ = self.lstm(embedding, start)" in text


def test_layers_of_ours_stand_in_the_file_once(networks: Networks) -> None:
    text = source(resolve(networks["sequence"]()), "LSTM")
    assert text.count("class LSTM(torch.nn.LSTM):") == 1
    assert "class LSTMModel(nn.Module):" in text
    assert "import nnstudio" not in text
    assert "type: ignore" not in text


def test_names_of_ends_give_way_to_names_of_nodes() -> None:
    net = NetworkBuilder()
    x = net.add("Input", field="series", shape=(5, 3))
    lstm = net.add("LSTM", x, hidden_size=4, name="lstm")
    last = net.add("ReLU", lstm.last, name="lstm_last")
    net.add("Output", net.add("Add", lstm.last, last))
    text = source(resolve(net.network))
    assert "_, lstm_last2, _, _ = self.lstm(series)" in text
    assert "lstm_last = self.lstm_last(lstm_last2)" in text


def test_weights_start_as_the_drawing_says_when_it_is_trained_anew() -> None:
    net = NetworkBuilder()
    x = net.add("Input", field="series", shape=(5, 3))
    net.add("Output", net.add("GRU", x, hidden_size=4, weight_init="orthogonal", name="gru").last)
    text = source(resolve(net.network))
    assert "nn.init.orthogonal_(self.gru.weight_hh_l0)" in text
    assert "nn.init.zeros_(self.gru.bias_ih_l0)" in text


@pytest.mark.parametrize(
    ("stem", "name"),
    [("digits-mlp", "DigitsMlp"), ("my net 2", "MyNet2"), ("2nd", "Model2nd"), ("none", "NoneModel"),
     ("tensor", "TensorModel"), ("日本", "Model"), ("a\"b'c", "ABC")],
)  # fmt: skip
def test_class_names(stem: str, name: str) -> None:
    assert class_name(stem) == name


def test_a_file_name_with_quotes_is_written_so_that_python_reads_it(networks: Networks) -> None:
    weights = 'a"""b\\c\'.safetensors'
    text = source(resolve(networks["mlp"]()), 'a"""b', weights)
    namespace: dict[str, object] = {"__file__": "/x/y.py", "__name__": "read"}
    exec(compile(text, "<source>", "exec"), namespace)
    assert str(namespace["WEIGHTS"]).endswith(weights)


def test_what_a_class_uses_comes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "plugged"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "numbers.py").write_text("import math\nGAIN = 2.0\ndef gain(x):\n    return x * GAIN * math.e\n")
    (package / "layers.py").write_text(
        "from torch import nn\nfrom .numbers import gain\nUNUSED = 1\nclass Gain(nn.Module):\n"
        "    def forward(self, x):\n        return gain(x)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    layers = __import__("plugged.layers", fromlist=["Gain"])
    found = embedded([layers.Gain])
    assert list(found.definitions) == ["GAIN", "gain", "Gain"]
    assert set(found.imports) == {"import math", "from torch import nn"}
    namespace = types.ModuleType("alone").__dict__
    exec("\n".join([*found.imports, *found.definitions.values()]), namespace)
    one = torch.ones(1)
    assert torch.equal(namespace["Gain"]()(one), layers.Gain()(one))
    for name in [name for name in sys.modules if name.startswith("plugged")]:
        monkeypatch.delitem(sys.modules, name)
