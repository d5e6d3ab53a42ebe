"""Layers as they are typed into the search: what a person writes, and what it is understood to be."""

from __future__ import annotations

from typing import Any

import pytest

from nnstudio.graph.parameters import set_network_parameter
from nnstudio.layers import load
from nnstudio.ui.layer_list import find_layers
from nnstudio.ui.typed_layers import Read, layers_of, parse, preview_of, said_of, trouble_of


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


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("linear 1/0", "“1/0”: 1/0 divides by zero; change the divisor."),
        ("linear 2.5", "out_features must be a whole number, not 2.5."),
        ("conv 64 2.5", "kernel must be a whole number, not 2.5."),
        ("relu > linear 10*1.5/4", "“10*1.5/4”: must be a whole number, and this gives 3.75; round it."),
    ],
)
def test_a_number_that_no_parameter_can_have_places_nothing_and_is_told(text: str, sentence: str) -> None:
    reads = understood(text)
    assert layers_of(reads) == []
    assert trouble_of(reads) == sentence


def test_a_free_number_is_for_a_parameter_that_has_an_effect() -> None:
    assert "takes no further number" in trouble_of(understood("linear 10 0.5"))
    (one,) = understood("linear 10 normal 0.5")
    assert one.layer == load()["Linear"].make({"out_features": 10, "weight_init": "normal", "init_std": 0.5})
    (one,) = understood("lstm 128 0.3")
    assert one.layer == load()["LSTM"].make({"hidden_size": 128, "dropout": 0.3})


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


KNOWN = {"width": 8, "k": 5, "depth": 2}


def worked_out(text: str) -> Read:
    types = list(load())
    typed = parse(text, types, types, find_layers, KNOWN)
    return typed.chosen(typed.found[0])[-1]


@pytest.mark.parametrize(
    ("text", "type", "values", "said"),
    [
        ("conv 2*64", "Conv2d", {"out_channels": 128}, {"out_channels": "2*64"}),
        ("conv width k5", "Conv2d", {"out_channels": 8, "kernel_size": 5}, {"out_channels": "width"}),
        ("conv depth", "Conv2d", {"out_channels": 2}, {"out_channels": "depth"}),
        ("conv 4*width k=k p=k//2", "Conv2d", {"out_channels": 32, "kernel_size": 5, "padding": 2},
         {"out_channels": "4*width", "kernel_size": "k", "padding": "k//2"}),
        ("conv 64 k2*k-1", "Conv2d", {"kernel_size": 9}, {"kernel_size": "2*k-1"}),
        ("conv 64 kernel k,3", "Conv2d", {"kernel_size": (5, 3)}, {"kernel_size": "k, 3"}),
        ("conv 64 k=2*2×3", "Conv2d", {"kernel_size": (4, 3)}, {"kernel_size": "2*2, 3"}),
        ("reshape 2*8,4", "Reshape", {"shape": (16, 4)}, {"shape": "2*8, 4"}),
        ("dropout 1/4", "Dropout", {"p": 0.25}, {"p": "1/4"}),
        ("linear width x3", "Linear", {"out_features": 8}, {"out_features": "width"}),
        ("conv 1 3 > linear 2*width", "Linear", {"out_features": 16}, {"out_features": "2*width"}),
    ],
)  # fmt: skip
def test_arithmetic_and_named_parameters_are_kept(text: str, type: str, values: dict[str, Any], said: Any) -> None:
    one = worked_out(text)
    assert (one.type.type_name(), one.trouble) == (type, "")
    assert one.layer is not None
    told = one.layer.values()
    assert {name: told[name] for name in values} == values
    assert dict(one.said) == said


def test_a_preview_shows_arithmetic_with_what_it_gives() -> None:
    assert worked_out("conv 4*width 3").preview == "Conv2d · out_channels 4*width = 32 · kernel 3×3"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("conv 2*height", "“2*height”: nothing is called height; there is width, k, depth."),
        ("max pool 5/2", "“5/2”: must be a whole number, and this gives 2.5; round it."),
        ("conv 0*width", "out_channels must be a whole number of at least 1, not 0."),
    ],
)
def test_arithmetic_without_a_value_is_told(text: str, sentence: str) -> None:
    read = worked_out(text)
    assert (read.layer, read.trouble) == (None, sentence)


def test_each_repeat_has_the_expressions() -> None:
    reads = (worked_out("linear width x2"),)
    assert said_of(reads) == [(("out_features", "width"),)] * 2


def test_what_is_typed_on_the_canvas_follows_the_named_parameter(hands: Any) -> None:
    session = hands.session
    session.do("Name", set_network_parameter("width", 8))
    hands.resolve()
    hands.drag(hands.at("active", "outputs", "output"), hands.void())
    hands.type("linear 2*width x2 > dropout 1/width")
    made = [node for node in session.network.nodes.values() if node.expressions]
    assert [(node.layer.type_name(), node.expressions) for node in made] == [
        ("Linear", (("out_features", "2*width"),)),
        ("Linear", (("out_features", "2*width"),)),
        ("Dropout", (("p", "1/width"),)),
    ]
    session.do("Change", set_network_parameter("width", 16))
    assert [getattr(session.network.nodes[node.id].layer, "out_features", 32) for node in made] == [32] * 3
    session.undo()
    session.undo()
    assert not [node for node in session.network.nodes.values() if node.expressions], "one step"


def test_a_layer_that_takes_anothers_place_has_the_expressions_too(hands: Any) -> None:
    hands.session.do("Name", set_network_parameter("width", 8))
    hands.resolve()
    id = hands.id("hidden")
    hands.session.select([id])
    hands.view.replace_selected()
    hands.type("bilinear 2*width")
    node = hands.session.network.nodes[id]
    assert node.expression("out_features") == "2*width"
    assert node.layer.out_features == 16
