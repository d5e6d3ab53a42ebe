"""Everything in torch.nn is a layer type with all its arguments, or is named as left out with a reason."""

from __future__ import annotations

import inspect
import re

import pytest
from torch import nn

from nnstudio.layers import load
from nnstudio.layers.left_out import EVERYWHERE, FIXED, LEFT_OUT, RENAMED

CATALOGUE = load()
TORCH = sorted(name for name in dir(nn) if not name.startswith("_") and not inspect.ismodule(getattr(nn, name)))
SHARED = [name for name in TORCH if name in CATALOGUE]


@pytest.mark.parametrize("name", TORCH)
def test_is_a_layer_type_or_is_left_out_with_a_reason(name: str) -> None:
    assert (name in CATALOGUE) != (name in LEFT_OUT), f"{name} is new in torch: add it, or say why it is left out"
    assert name in CATALOGUE or len(LEFT_OUT[name]) > 15


def test_what_torch_exports_itself_is_looked_at_beside_its_modules() -> None:
    assert set(nn.modules.__all__) < set(TORCH)
    assert {"DataParallel", "Parameter"} <= set(TORCH)


def arguments(name: str) -> list[str]:
    """The arguments of a class of torch.nn; those of recurrent layers stand on their base."""
    cls = nn.RNNBase if name in ("RNN", "GRU", "LSTM") else getattr(nn, name)
    found = inspect.signature(cls.__init__).parameters
    return [key for key, given in found.items() if key != "self" and given.kind not in (2, 4)]


@pytest.mark.parametrize("name", SHARED)
def test_every_argument_is_a_parameter_or_follows_from_something_else(name: str) -> None:
    params = CATALOGUE[name].params
    for argument in arguments(name):
        other = RENAMED.get((name, argument)) or RENAMED.get(("*", argument), "")
        explained = argument in EVERYWHERE or (name, argument) in FIXED
        assert argument in params or other in params or explained, f"{name} has no parameter {argument}"


def test_nothing_is_explained_that_torch_does_not_have() -> None:
    assert set(LEFT_OUT) <= set(TORCH)
    for name, argument in FIXED:
        assert argument in arguments(name), f"{name} has no argument {argument} any more"
    everywhere = {argument for name in SHARED for argument in arguments(name)}
    assert set(EVERYWHERE) <= everywhere | {"_stacklevel"}


@pytest.mark.parametrize("name", SHARED)
def test_help_has_a_drawn_formula_shapes_and_a_source(name: str) -> None:
    text = CATALOGUE[name].help()
    assert re.search(r"^```math\n.+?\n```$", text, re.MULTILINE | re.DOTALL), "no formula"
    assert "\nSource: " in text
    assert "\nShapes: " in text
    assert "PyTorch `torch." in text.replace("\n", " ")


@pytest.mark.parametrize("name", sorted(set(SHARED)))
def test_people_find_it_by_other_words(name: str) -> None:
    assert len(CATALOGUE[name].synonyms) >= 2
    assert all(word == word.lower() for word in CATALOGUE[name].synonyms)


@pytest.mark.parametrize(
    ("word", "name"),
    [("dense", "Linear"), ("fc", "Linear"), ("fully connected", "Linear"), ("deconvolution", "ConvTranspose1d"),
     ("lrn", "LocalResponseNorm"), ("mha", "MultiheadAttention"), ("self-attention", "MultiheadAttention"),
     ("gap", "AdaptiveAvgPool2d"), ("vae", "Reparameterise"), ("rope", "RotaryEncoding"), ("ocr", "CTCLoss"),
     ("kullback-leibler", "KLDivLoss"), ("depth to space", "PixelShuffle"), ("im2col", "Unfold"),
     ("bag of words", "EmbeddingBag"), ("drop path", "StochasticDepth"), ("h-swish", "Hardswish")],
)  # fmt: skip
def test_the_fields_own_words_are_known(word: str, name: str) -> None:
    assert word in CATALOGUE[name].synonyms


def test_there_are_at_least_170_layer_types() -> None:
    assert len(CATALOGUE) >= 170
