"""Arguments in the code are parameters as torch means them; what cannot be is a sentence, whatever is written."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstudio.compile.resolve import resolve
from nnstudio.export.code_editing import CodeError, edited
from nnstudio.export.python_source import Source, written
from nnstudio.graph import Network, edits
from nnstudio.layers import Layer, load


@functools.cache
def picture() -> Source:
    """The code of image (16×8×8) → e → flat → out."""
    types = load()
    layers = {
        "image": types["Input"](field="image", shape=(16, 8, 8)), "e": types["ReLU"](), "flat": types["Flatten"](),
        "out": types["Output"](),
    }  # fmt: skip
    made = edits.chain(
        *(edits.add(layer, name=id, id=id) for id, layer in layers.items()),
        *(edits.connect(one, "output", other, "input") for one, other in zip(layers, [*layers][1:], strict=False)),
    )(Network())
    return written(resolve(made), ends=True)


def made_by(call: str, step: str = "e = self.e(image)") -> Layer:
    """The layer that is made by a call in the constructor."""
    text = picture().text.replace("nn.ReLU()", call).replace("e = self.e(image)", step)
    layer = edited(picture(), text).network.nodes["e"].layer
    assert isinstance(layer, Layer)
    return layer


@pytest.mark.parametrize(
    ("call", "layer", "values"),
    [
        ("nn.ELU(inplace=True)", "ELU", {}),
        ("nn.LeakyReLU(0.1, True)", "LeakyReLU", {"negative_slope": 0.1}),
        ("nn.LayerNorm([16, 8, 8])", "LayerNorm", {"axes": 3}),
        ("nn.LayerNorm((8, 8))", "LayerNorm", {"axes": 2}),
        ("nn.LayerNorm(8)", "LayerNorm", {"axes": 1}),
        ("nn.Conv2d(16, 8, 3, padding='same')", "Conv2d", {"padding": "same"}),
        ("nn.Conv2d(16, 8, kernel_size=(3, 3), padding=[1, 1], device='cpu')", "Conv2d", {"kernel_size": 3}),
        ("nn.Upsample(scale_factor=2, mode='bilinear', align_corners=False)", "Upsample", {"mode": "bilinear"}),
        ("nn.Upsample(scale_factor=2.0)", "Upsample", {"scale_factor": 2}),
        ("nn.Unflatten(1, (4, 4))", "Unflatten", {"axis": 1, "unflattened_size": (4, 4)}),
        ("nn.Softmax(dim=1)", "Softmax", {"axis": 1}),
        ("nn.PReLU(16)", "PReLU", {"per_channel": True}),
    ],
)
def test_an_argument_is_what_it_is_in_torch(call: str, layer: str, values: dict[str, Any]) -> None:
    made = made_by(call)
    assert made.type_name() == layer
    for name, value in values.items():
        assert getattr(made, name) in (value, (value, value))


def test_arguments_without_names_are_in_torchs_order() -> None:
    made = made_by(
        "nn.TransformerEncoderLayer(8, 4, 64, 0.0, batch_first=True)",
        "x = torch.flatten(image, 1, 2)\n        e = self.e(x)",
    )
    assert (made.values()["nhead"], made.values()["dim_feedforward"], made.values()["dropout"]) == (4, 64, 0.0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("nn.BatchNorm2d(8)", "num_features follows from what is wired to it: it is 16, not 8"),
        ("nn.Upsample(size=(64, 64))", "Interpolate brings to a size"),
        ("nn.LSTM(8, 8, batch_first=False)", "Write batch_first=True"),
        ("nn.LazyConv2d(8, 3)", "no layer here: its sizes follow from what is wired"),
        ("nn.Linear(8, 8, dtype=torch.float64)", "the run chooses the number type"),
        ("nn.Sequential(nn.ReLU())", "a block or a repeat does that"),
        ("nn.Conv2d(16, *sizes)", "a star cannot be drawn"),
        ("nn.Conv2d(16, {8}, 3)", "Write a number"),
        ("nn.Softmax(dim=0)", "mixes the samples"),
        ("nn.LogSoftmax()", "Write dim=…"),
    ],
)
def test_what_cannot_be_says_what_can(call: str, said: str) -> None:
    with pytest.raises(CodeError) as caught:
        made_by(call)
    assert said in caught.value.sentence


def told(call: str, step: str = "e = self.e(image)") -> str:
    """Why it cannot be drawn, or that it is."""
    try:
        made_by(call, step)
    except CodeError as error:
        return error.sentence
    return "It is drawn."


def is_a_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text


VALUES = st.recursive(
    st.sampled_from(
        """0 1 -1 3 16 0.5 -0.0 1e400 -1e400 10**18 10**400 2**9999999 True None ... 'same' 'x' '' b'x' 1j x self image
        nn.ReLU() float('nan') float('inf') float('x') float() [] () {} {1} {1:2} (lambda:3) 1/0 1//0 -'x' WIDTH
        torch.float32 f'{x}' [*x] (i:=3) x[0] 'a'*9 *x [[1]] [[[[[[1]]]]]] nn.ReLU torch.tensor(3)
        __import__('os')""".split()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: f"[{', '.join(each)}]"),
        st.lists(inner, max_size=3).map(lambda each: f"({', '.join(each)},)" if each else "()"),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "**", "@", "<"]), inner).map(" ".join),
    ),
    max_leaves=4,
)
NAMES = st.sampled_from("kernel_size padding bias p dim inplace batch_first eps num_heads axes x device dtype".split())
ARGUMENTS = st.lists(st.one_of(VALUES, st.tuples(NAMES, VALUES).map("=".join)), max_size=4).map(", ".join)
LAYERS = st.sampled_from(sorted(cls.type_name() for cls in load() if cls.role == "layer"))
FUNCTIONS = st.sampled_from(
    """torch.permute torch.reshape torch.split torch.clamp torch.mean F.pad F.interpolate F.layer_norm torch.tile
    torch.cat torch.where torch.max torch.var torch.norm image.view image.expand image.repeat image.size image.flip
    image.to torch.einsum torch.narrow torch.unbind torch.topk F.max_pool2d F.normalize image.shape image.foo
    torch.nn.foo F.dropout abs len image""".split()
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(layer=LAYERS, arguments=ARGUMENTS)
def test_whatever_a_module_is_made_with_it_is_drawn_or_told_in_a_sentence(layer: str, arguments: str) -> None:
    assert is_a_sentence(told(f"nn.{layer}({arguments})"))


@settings(max_examples=80, deadline=None)
@given(
    function=FUNCTIONS,
    arguments=ARGUMENTS,
    after=st.sampled_from(["", "[0]", ".values", "[:, 0]", "[..., None]", "()"]),
)
def test_whatever_a_function_is_called_with_it_is_drawn_or_told_in_a_sentence(
    function: str, arguments: str, after: str
) -> None:
    said = f"x = {function}(image, {arguments}){after}"
    assert is_a_sentence(told("nn.ReLU()", f"{said}\n        e = self.e(x)"))


@pytest.mark.parametrize(
    "step",
    ["e = torch.relu()", "e = torch.cat()", "e = image + " + "9" * 400, "e = image[:, [0, 1], [1, 2]]"],
)
def test_a_call_that_torch_would_not_draw_so_is_told_in_a_sentence(step: str) -> None:
    assert is_a_sentence(told("nn.ReLU()", step))


@pytest.mark.parametrize("call", ["nn.GRU(8, 5)", "nn.TransformerEncoderLayer(8, 2, 16)"])
def test_layers_in_which_torch_takes_time_first_have_to_say_that_the_batch_is(call: str) -> None:
    assert "batch_first=True" in told(call)


def test_what_is_nested_too_deep_is_told_in_a_sentence() -> None:
    for deep in (" + ".join(["image"] * 3000), "-" * 5000 + "image", "(" * 500 + "image" + ")" * 500):
        with pytest.raises(CodeError, match="deep|Python"):
            made_by("nn.ReLU()", f"x = {deep}\n        e = self.e(x)")
