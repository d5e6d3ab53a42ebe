"""The catalogue has what the foundation promises, and costs nothing to read."""

from __future__ import annotations

import subprocess
import sys

from nnstudio.layers import load

PROMISED = """Input Noise Output Linear Bilinear Conv1d Conv2d Conv3d ConvTranspose2d MaxPool1d MaxPool2d AvgPool1d
AvgPool2d AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool2d BatchNorm1d BatchNorm2d LayerNorm GroupNorm RMSNorm
Dropout Dropout2d ReLU LeakyReLU PReLU ELU GELU SiLU Sigmoid Tanh Softmax LogSoftmax Flatten Reshape Permute Upsample
Add Multiply Concatenate Subtract MatMul Embedding RNN GRU LSTM CrossEntropyLoss MSELoss L1Loss SmoothL1Loss
BCEWithLogitsLoss NLLLoss Accuracy MAE RMSE R2""".split()


def test_has_every_layer_of_the_foundation() -> None:
    names = {cls.type_name() for cls in load()}
    assert set(PROMISED) <= names


def test_families_stand_together_in_the_order_of_the_palette() -> None:
    titles = [cls.family.title for cls in load()]
    assert titles == sorted(titles, key=titles.index)
    assert titles[0] == "Inputs and outputs"
    assert titles[-1] == "Metrics"


def test_is_read_without_torch_or_qt() -> None:
    code = "import sys, nnstudio.layers as l; l.load(); print('torch' in sys.modules, 'PySide6' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_people_find_layers_by_other_words() -> None:
    catalogue = load()
    for word, name in {
        "dense": "Linear", "deconvolution": "ConvTranspose2d", "swish": "SiLU", "concat": "Concatenate",
        "residual": "Add", "huber": "SmoothL1Loss", "bce": "BCEWithLogitsLoss", "transpose": "Permute",
    }.items():  # fmt: skip
        assert word in catalogue[name].synonyms
