"""What people type, and the layer that they mean: the first that is found."""

from __future__ import annotations

import pytest

from nnstudio.graph import Network
from nnstudio.layers import load
from nnstudio.layers.families import FAMILIES
from nnstudio.ui import theme
from nnstudio.ui.layer_list import find_layers
from nnstudio.ui.offered import types_for

MEANT = """
Linear: dense, fully connected, fc, affine, perceptron
Conv2d: conv, convolution, cnn
Conv1d: conv 1d
Conv3d: conv3d
ConvTranspose2d: deconv, deconvolution, transposed convolution, upconv
MaxPool2d: max pool, maxpool, max pooling
AvgPool2d: average pooling, avg pool
AdaptiveAvgPool2d: global average pooling, gap
BatchNorm2d: batchnorm, batch norm, batch normalization, batch normalisation, bn
LayerNorm: layer norm, layer normalization
GroupNorm: group norm
InstanceNorm2d: instance norm
RMSNorm: rms norm
LocalResponseNorm: lrn, local response normalization
Dropout: dropout
ReLU: relu
LeakyReLU: leaky relu
SiLU: swish, silu
GELU: gelu
Hardswish: hard swish
Sigmoid: sigmoid, logistic
Softmax: softmax
LogSoftmax: log softmax
Add: skip, residual, shortcut, skip connection, plus
Concatenate: concat, cat, merge
MultiheadAttention: attention, self attention, multi-head attention, mha
ScaledDotProductAttention: sdpa
TransformerEncoder: transformer encoder
Transformer: transformer
PositionalEncoding: positional encoding
ClassToken: class token
Embedding: word vectors, embedding, lookup table
LSTM: lstm
GRU: gru
RNN: rnn
Flatten: flatten
Reshape: view, reshape
Unflatten: unflatten
Transpose: transpose, swap axes
Permute: permute
Upsample: upsample
Interpolate: resize, interpolate
PixelShuffle: pixel shuffle
ZeroPad2d: zero padding
CrossEntropyLoss: cross entropy
MSELoss: mse, mean squared error
MAE: mae
L1Loss: l1
HuberLoss: huber
BCELoss: bce loss
BCEWithLogitsLoss: bce with logits
KLDivLoss: kl
CTCLoss: ctc
Accuracy: accuracy
MatthewsCorrelation: confusion matrix, mcc
Split: split
Chunk: split in half, halves
Unbind: unstack
Einsum: einsum
MatMul: bmm, matrix product
DistanceMatrix: cdist
Normalize: l2 normalise, l2 normalize
OneHot: one-hot
Positions: arange
Clamp: clip
Where: if else
CausalMask: causal mask, look ahead mask
TopK: top-k
ArgMax: argmax
Gather: gather
Slice: crop
Select: last step
Repeat: tile
Expand: broadcast
FoldTime: time distributed, timedistributed, per frame
Squeeze: squeeze
Unsqueeze: expand dims
Flip: reverse
Remainder: modulo
Multiply: gating
Cast: to float
StandardDeviation: std
Identity: identity
StopGradient: detach
Shared: siamese
Noise: noise
Input: data
Output: prediction
"""
QUERIES = [
    (query, name)
    for name, _, queries in (line.partition(": ") for line in MEANT.strip().splitlines())
    for query in queries.split(", ")
]


@pytest.mark.parametrize(("query", "name"), QUERIES, ids=[query for query, _ in QUERIES])
def test_the_layer_that_is_meant_is_found_first(query: str, name: str) -> None:
    assert [cls.type_name() for cls in find_layers(query, load())][:1] == [name]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("separable", "SeparableConv"), ("depthwise separable", "SeparableConv"), ("separable conv", "SeparableConv"),
        ("SeparableConv2d", "SeparableConv"), ("separable convolution", "SeparableConv"),
        ("TimeDistributed", "TimeDistributed"),
    ],
)  # fmt: skip
def test_the_classical_block_that_is_meant_is_found_first(query: str, name: str) -> None:
    assert [cls.type_name() for cls in find_layers(query, types_for(Network()))][:1] == [name]


def test_every_layer_is_found_by_its_name_and_by_each_of_its_other_words() -> None:
    catalogue = load()
    for cls in catalogue:
        assert find_layers(cls.type_name(), catalogue)[0] is cls
        for word in cls.synonyms:
            assert cls in find_layers(word, catalogue), word


def _contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=lambda tokens: tokens.name)
def test_the_colour_of_every_family_stands_out_from_what_it_lies_on(tokens: theme.Tokens) -> None:
    """3:1, which WCAG 2.2 (1.4.11) asks of graphics."""
    for family in FAMILIES:
        color = tokens.families.get(family.color, tokens.problem)
        assert color != tokens.problem or family.title == "Unknown"
        for surface in (tokens.canvas, tokens.panel, tokens.raised):
            assert _contrast(color, surface) >= 3, family.title


def test_families_are_small_enough_to_look_through() -> None:
    count = {family.title: sum(cls.family is family for cls in load()) for family in FAMILIES}
    assert all(count[family.title] for family in FAMILIES if family.title != "Unknown"), "an empty family"
    assert max(count.values()) <= 32, count
