"""Tensor operations do what their help says, also where the battery cannot wire them: optional ports and masks."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.compile.resolve import resolve
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import TensorType

N = 3


def run(layer: str, *tensors: torch.Tensor, classes: int | None = None, **parameters: Any) -> Any:
    """What a layer of this type puts out: a tensor, or a list of them in the order of its ports."""
    net = NetworkBuilder()
    fields = {}
    sources = []
    for place, tensor in enumerate(tensors):
        labels = " ".join(["N", *"ABCDE"[: tensor.dim() - 1]])
        dtype = str(tensor.dtype).removeprefix("torch.")
        fields[f"field{place}"] = TensorType.of(labels, "N", *tensor.shape[1:], dtype=dtype, classes=classes)
        sources.append(net.add("Input", field=f"field{place}"))
    made = net.add(layer, *sources, **parameters)
    ports = net.network.nodes[made.node].layer.outputs
    for port in ports:
        net.add("Output", PortHandle(made.node, port, ()), name=f"out_{port}")
    resolution = resolve(net.network, fields)
    assert not resolution.errors, resolution.errors
    found = compile_network(net.network, fields).model(*tensors)
    return [found[f"out_{port}"] for port in ports] if len(ports) > 1 else found


def problem(layer: str, *shapes: tuple[int, ...], dtype: str = "float32", **parameters: Any) -> tuple[str, str]:
    """What is said of a layer on inputs of these shapes (without the batch): message and hint."""
    net = NetworkBuilder()
    made = net.add(layer, *(net.add("Input", shape=shape, dtype=dtype) for shape in shapes), **parameters)
    (found,) = [each for each in resolve(net.network).problems_of(made.node) if each.severity == "error"]
    return found.message, found.hint


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(N, *shape, generator=torch.Generator().manual_seed(1))


def test_a_split_has_an_output_for_each_size_and_the_rest_goes_where_minus_one_stands() -> None:
    x = numbers(7, 2)
    parts = run("Split", x, sizes=(1, -1, 2))
    assert [part.shape[1] for part in parts] == [1, 4, 2]
    assert torch.equal(torch.cat(parts, 1), x)


def test_a_chunk_cuts_into_equal_parts_and_unbind_takes_an_axis_apart() -> None:
    x = numbers(6, 2)
    assert torch.equal(torch.cat(run("Chunk", x, parts=3), 1), x)
    apart = run("Unbind", x, parts=6)
    assert torch.equal(torch.stack(apart, 1), x)


def test_what_cannot_be_cut_so_is_said_with_what_can() -> None:
    assert problem("Chunk", (6,), parts=4) == (
        "chunk (Chunk) cannot cut 6 into 4 equal parts", "choose 2 or 3 or 6 parts, or use Split with sizes"
    )  # fmt: skip
    assert problem("Unbind", (6,), parts=4)[1] == "set parts to 6"
    assert problem("Split", (6,), sizes=(4, 4))[1] == "choose sizes that add up to 6"


def test_top_k_gives_the_numbers_and_where_they_stood() -> None:
    x = numbers(5)
    found, places = run("TopK", x, k=2)
    assert torch.equal(found, x.sort(descending=True).values[:, :2])
    assert torch.equal(x.gather(1, places), found)
    smallest, _ = run("TopK", x, k=2, smallest=True)
    assert torch.equal(smallest, x.sort().values[:, :2])


def test_comparisons_take_a_number_or_another_input() -> None:
    x, y = numbers(4), numbers(4).flip(1)
    assert torch.equal(run("Greater", x, value=0.5), x > 0.5)
    assert torch.equal(run("LessEqual", x, y), x <= y)


def test_where_chooses_between_two_inputs_or_an_input_and_a_number() -> None:
    x, y = numbers(4), numbers(4).flip(1)
    mask = x > 0
    assert torch.equal(run("Where", mask, x, y), torch.where(mask, x, y))
    assert torch.equal(run("Where", mask, x, value=7.0), torch.where(mask, x, torch.tensor(7.0)))


def test_lerp_takes_its_share_from_an_input_where_one_is_wired() -> None:
    x, y, w = numbers(4), numbers(4).flip(1), numbers(4).sigmoid()
    assert torch.allclose(run("Lerp", x, y, w), (1 - w) * x + w * y, atol=1e-6)
    assert torch.allclose(run("Lerp", x, y, share=0.25), 0.75 * x + 0.25 * y, atol=1e-6)


def test_a_causal_mask_hides_what_comes_later() -> None:
    weights = run("CausalMask", numbers(2, 4, 4)).softmax(-1)
    assert torch.equal(weights, weights.tril())
    assert torch.allclose(weights.sum(-1), torch.ones(N, 2, 4))


def test_attention_by_hand_is_torchs_attention() -> None:
    q, k, v = numbers(4, 8), numbers(4, 8).flip(1), numbers(4, 8).flip(2)
    net = NetworkBuilder()
    query, key, value = (net.add("Input", shape=(4, 8), name=name) for name in "qkv")
    scores = net.add("Scale", net.add("MatMul", query, key, transpose_right=True), factor=8**-0.5)
    weights = net.add("Softmax", net.add("CausalMask", scores))
    net.add("Output", net.add("MatMul", weights, value))
    found = compile_network(net.network).model(q, k, v)
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("pattern", "shapes"), [("nik,nkj->nij", [(2, 3), (3, 4)]), ("ni,nj->nij", [(2,), (3,)]), ("nij->ni", [(2, 3)])]
)
def test_einsum_is_torchs(pattern: str, shapes: list[tuple[int, ...]]) -> None:
    tensors = [numbers(*shape) for shape in shapes]
    assert torch.allclose(run("Einsum", *tensors, pattern=pattern), torch.einsum(pattern, *tensors))


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("nik,nkj", "cannot be read"),
        ("nik->ni", "a pattern for 1 inputs"),
        ("nik,njk->nq", "does not follow from"),
        ("nii,nkj->nij", "different sizes"),
        ("nik,nkj->ij", "does not keep the samples apart"),
        ("nikl,nkj->nij", "for 4 axes"),
    ],
)
def test_einsum_says_what_is_wrong_with_a_pattern(pattern: str, says: str) -> None:
    message, hint = problem("Einsum", (2, 3), (3, 4), pattern=pattern)
    assert says in message
    assert hint


def test_one_hot_takes_the_number_of_classes_from_the_data() -> None:
    codes = torch.tensor([2, 0, 1])
    assert torch.equal(run("OneHot", codes, classes=4), torch.nn.functional.one_hot(codes, 4).float())
    assert "how many classes" in problem("OneHot", (), dtype="int64")[0]


def test_positions_count_along_any_length() -> None:
    net = NetworkBuilder()
    net.add("Output", net.add("Positions", net.add("Input", field="text")))
    compiled = compile_network(net.network, {"text": TensorType.of("N T", "N", "T", dtype="int64", classes=9)})
    for length in (2, 5):
        found = compiled.model(torch.zeros(N, length, dtype=torch.int64))
        assert torch.equal(found, torch.arange(length).expand(N, length))


def test_powers_that_are_not_whole_take_negative_numbers_as_very_small_ones() -> None:
    x = torch.tensor([[-1.0, 4.0]])
    assert torch.allclose(run("Power", x, exponent=0.5), torch.tensor([[1e-3, 2.0]]))
    assert torch.allclose(run("Power", x, exponent=3.0), torch.tensor([[-1.0, 64.0]]))


def test_interpolate_takes_height_and_width_of_the_picture_wired_to_like() -> None:
    x, like = torch.rand(2, 3, 4, 4), torch.rand(2, 1, 7, 5)
    expected = torch.nn.functional.interpolate(x, size=(7, 5), mode="nearest")
    assert torch.equal(run("Interpolate", x, like, size=9, mode="nearest"), expected)


@pytest.mark.parametrize("name", ["Repeat", "Expand", "Interpolate", "Pad", "OneHot", "OuterProduct"])
def test_a_huge_result_is_worked_out_without_making_it(name: str) -> None:
    from nnstudio.compile.shapes import Inputs
    from nnstudio.compile.trial import Trial
    from nnstudio.layers import load

    values = {"Repeat": {"times": 10**6}, "Expand": {"size": 10**6}, "Interpolate": {"size": 60_000},
              "Pad": {"after": 100_000}, "OneHot": {"classes": 100_000}, "OuterProduct": {}}  # fmt: skip
    image, codes = TensorType.of("N C H W", "N", 8, 8, 1), TensorType.of("N T", "N", 50, dtype="int64")
    inputs: Inputs = {"input": codes if name == "OneHot" else image}
    if name == "OuterProduct":
        inputs = dict.fromkeys(("left", "right"), TensorType.of("N F", "N", 5000))
    layer = load()[name](**values[name])
    assert Trial(layer, layer.build(**inputs), inputs, ["N"]).device == "meta"
