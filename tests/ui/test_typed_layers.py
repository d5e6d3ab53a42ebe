"""Layers as they are typed into the search: what a person writes, and what it is understood to be."""

from __future__ import annotations

from typing import Any

import pytest

from nnstudio.layers import load
from nnstudio.ui.layer_list import find_layers
from nnstudio.ui.typed_layers import Read, layers_of, parse, preview_of, trouble_of


def understood(text: str) -> tuple[Read, ...]:
    types = list(load())
    typed = parse(text, types, types, find_layers)
    return typed.chosen(typed.found[0])


@pytest.mark.parametrize(
    ("text", "type", "values"),
    [
        ("conv 64 k5 s2", "Conv2d", {"out_channels": 64, "kernel_size": 5, "stride": 2}),
        ("conv 64 5x5", "Conv2d", {"out_channels": 64, "kernel_size": (5, 5)}),
        ("conv 8 3x3x3", "Conv3d", {"out_channels": 8, "kernel_size": (3, 3, 3)}),
        ("conv1d 8 k=3", "Conv1d", {"out_channels": 8, "kernel_size": 3}),
        ("Conv 2d 64 P1 D2 G4", "Conv2d", {"out_channels": 64, "padding": 1, "dilation": 2, "groups": 4}),
        ("conv 32 3 same no bias", "Conv2d", {"kernel_size": 3, "padding": "same", "bias": False}),
        ("conv pad=same 32", "Conv2d", {"padding": "same", "out_channels": 32}),
        ("conv kernel 5 stride 2 64", "Conv2d", {"out_channels": 64, "kernel_size": 5, "stride": 2}),
        ("fully connected 10", "Linear", {"out_features": 10}),
        ("linear 10 bias off", "Linear", {"out_features": 10, "bias": False}),
        ("max pool 2", "MaxPool2d", {"kernel_size": 2}),
        ("lstm 128 2 bidirectional", "LSTM", {"hidden_size": 128, "num_layers": 2, "bidirectional": True}),
        ("dropout 0.3", "Dropout", {"p": 0.3}),
        ("dropout p.3", "Dropout", {"p": 0.3}),
        ("gelu tanh", "GELU", {"approximate": "tanh"}),
        ("reshape 3x4", "Reshape", {"shape": (3, 4)}),
        ("input image", "Input", {"field": "image"}),
    ],
)
def test_words_become_a_layer_with_its_parameters(text: str, type: str, values: dict[str, Any]) -> None:
    (one,) = understood(text)
    assert one.type.type_name() == type
    assert one.layer is not None
    assert not one.trouble
    told = one.layer.values()
    assert {name: told[name] for name in values} == values


def test_all_that_was_not_typed_keeps_its_default() -> None:
    (one,) = understood("conv 64")
    assert one.layer == load()["Conv2d"].make({"out_channels": 64})


def test_a_preview_says_what_was_understood() -> None:
    assert preview_of(understood("conv 64 k5 s2")) == "Conv2d · out_channels 64 · kernel 5×5 · stride 2"
    assert preview_of(understood("linear 9 > relu")) == "Linear · out_features 9  →  ReLU"


def test_a_chain_is_several_layers_and_a_repeat_is_as_many() -> None:
    made = layers_of(understood("linear 128 x2 > relu -> linear 10"))
    assert [layer.type_name() for layer in made] == ["Linear", "Linear", "ReLU", "Linear"]
    assert made[0].values()["out_features"] == 128
    assert made[-1].values()["out_features"] == 10


@pytest.mark.parametrize(
    ("text", "named"),
    [("linear 10 sparkling", "“sparkling”"), ("upsample 2 2.5", "“2.5”"), ("conv 64 k=big", "“k=big”")],
)
def test_what_was_not_understood_is_named_in_one_sentence(text: str, named: str) -> None:
    reads = understood(text)
    said = trouble_of(reads)
    assert named in said
    assert said.endswith(".")
    assert layers_of(reads), "what was understood can still be placed"


def test_a_value_that_is_not_allowed_places_nothing_and_says_what_is() -> None:
    reads = understood("conv 0")
    assert layers_of(reads) == []
    assert trouble_of(reads) == "out_channels must be a whole number of at least 1, not 0."


def test_a_layer_of_a_chain_that_does_not_exist_is_named() -> None:
    types = list(load())
    assert "“zzz”" in parse("zzz > relu", types, types, find_layers).trouble


def test_only_types_that_fit_are_taken_for_the_first_layer() -> None:
    linear = load()["Linear"]
    typed = parse("conv 3 > relu", [linear], list(load()), find_layers)
    assert typed.before == ()
    assert "“conv 3”" in typed.trouble


@pytest.mark.parametrize("cls", list(load()), ids=lambda cls: cls.type_name())
def test_every_type_is_found_by_its_own_name(cls: Any) -> None:
    types = list(load())
    typed = parse(cls.type_name(), types, types, find_layers)
    assert typed.found[0] is cls
