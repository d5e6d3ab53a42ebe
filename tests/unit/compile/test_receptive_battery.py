"""Receptive fields of every layer type that works on places, against the gradients of one output place."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nnstudio.compile.costs import Regime, costs
from nnstudio.compile.figures import reach_text
from nnstudio.compile.lower import compile_network
from nnstudio.compile.reach import Span
from nnstudio.compile.resolve import Resolution, resolve
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import TensorType, load

TYPES = {
    "image": TensorType.of("N C H W", "N", 4, 12, 16),
    "signal": TensorType.of("N C T", "N", 4, 16),
    "steps": TensorType.of("N T F", "N", 16, 8),
}
#: What takes the largest, or moves places: its field is all of an axis, of which one number at a time is seen.
PICKS = frozenset(
    """AdaptiveMaxPool1d AdaptiveMaxPool2d Max Min Sort TopK Roll Flip""".split()
)  # fmt: skip
#: Parameters besides the defaults, so that what a layer does is seen along places.
MORE: list[tuple[str, str, dict[str, Any]]] = [
    ("Slice", "image", {"axis": 2, "start": 2, "end": 10, "step": 3}), ("Slice", "image", {"axis": 3, "start": -6}),
    ("Slice", "steps", {"axis": 1, "start": 3}), ("Chunk", "image", {"axis": 3, "parts": 4}),
    ("Split", "image", {"axis": 2, "sizes": (5, -1)}), ("Select", "image", {"axis": 2, "index": 3}),
    ("Select", "signal", {"axis": 2, "index": -1}), ("Transpose", "image", {"first": 2, "second": 3}),
    ("Transpose", "steps", {"first": 1, "second": 2}), ("Unsqueeze", "image", {"axis": 2}),
    ("Permute", "image", {"order": (3, 1, 2)}), ("Pad", "image", {"axis": 2, "before": 2, "after": 1}),
    ("CircularPad2d", "image", {"padding": 2}), ("Roll", "image", {"axis": 2, "shift": 3}),
    ("Flip", "image", {"axis": 3}), ("Unfold", "image", {"kernel_size": (3, 2), "stride": 2}),
    ("PatchEmbedding", "image", {"patch_size": 4, "features": 5}), ("Repeat", "image", {"axis": 2, "order": "each"}),
    ("IndexSelect", "image", {"axis": 3, "indices": (1, 4, 7)}),
    ("IndexSelect", "image", {"axis": 3, "indices": (7, 1)}),
    ("Conv2d", "image", {"kernel_size": (5, 3), "stride": (2, 1), "dilation": (1, 2)}),
    ("ConvTranspose2d", "image", {"kernel_size": 4, "stride": 2, "padding": 1}),
    *(("Interpolate", "image", {"size": size, "mode": mode}) for mode in ("nearest", "bilinear", "bicubic", "area")
      for size in ((24, 32), (5, 7), (8, 24))),
    *(("Upsample", "image", {"mode": mode, "scale_factor": 3}) for mode in ("nearest", "bilinear", "bicubic")),
    ("Upsample", "image", {"mode": "bilinear", "align_corners": True, "scale_factor": 2}),
]  # fmt: skip


def drawn(name: str, kind: str, given: dict[str, Any]) -> tuple[NetworkBuilder, PortHandle, Resolution]:
    """A layer behind a convolution over three places (steps come as they are)."""
    net = NetworkBuilder()
    x = net.add("Input", field="x")
    if kind != "steps":
        x = net.add(f"Conv{'2' if kind == 'image' else '1'}d", x, out_channels=4, kernel_size=3, padding=1)
    cls = load()[name]
    many = max(1, len([port for port in cls.inputs.values() if not port.optional]))
    end = net.add(name, *[x] * many, **given)
    return net, end, resolve(net.network, {"x": TYPES[kind]})


def measured(net: NetworkBuilder, end: PortHandle, type: TensorType) -> list[tuple[tuple[int, ...], list[set[int]]]]:
    """For some numbers of the output their places, and the places of the data, axis by axis, that each comes from."""
    net.add("Output", end, kind="values", name="seen")
    model = compile_network(net.network, {"x": type}, seed=0).model.double().eval()
    found: dict[tuple[int, ...], list[set[int]]] = {}
    for seed in range(4):  # what a maximum takes depends on the numbers
        torch.manual_seed(seed)
        data = (0.5 + torch.rand(type.shape({"N": 1}), dtype=torch.float64)).requires_grad_()
        out = model(data)
        if not out.is_floating_point() or not out.requires_grad:
            return []
        last = [size - 1 for size in out.shape]
        for at in {tuple(size // 2 for size in out.shape), tuple(last), tuple(size // 3 for size in out.shape)}:
            (gradient,) = torch.autograd.grad(out[at], data, retain_graph=True)
            axes = found.setdefault(at, [set() for _ in type.axes])
            for axis, seen in enumerate(axes):
                others = [each for each in range(gradient.dim()) if each != axis]
                seen |= set(gradient.abs().sum(others).nonzero().flatten().tolist())
    return list(found.items())


def check(name: str, kind: str, given: dict[str, Any]) -> bool:
    """Whether the layer can stand there; what is told of its field is so, if it can."""
    net, end, resolution = drawn(name, kind, given)
    if resolution.errors:
        return False
    type = TYPES[kind]
    reach = costs(resolution, Regime(batch_size=1)).nodes[end.node].reach
    places = {(axis.label, axis.size): at for at, axis in enumerate(type.axes)}
    for at, seen in measured(net, end, type):
        for key, span in reach.items():
            told(span, at, seen[places[key]], name)
    return True


def told(span: Span, at: tuple[int, ...], seen: set[int], name: str) -> None:
    if span.unknown:
        return
    assert span.places is not None
    assert len(seen) <= span.places
    if span.whole and name not in PICKS and at[1:] and seen:
        assert isinstance(span.extent, int)
        assert len(seen) == span.extent or not all_seen(name), f"{name} tells of all, and sees {sorted(seen)}"
    if span.axis is not None and not span.whole:
        low = span.start + at[span.axis] * span.jump
        wraps = name.startswith(("Circular", "Reflection", "Replication"))
        assert wraps or all(low <= place <= low + span.size - 1 for place in seen)


def all_seen(name: str) -> bool:
    """Whether every number sees all; of those that go step by step the last does."""
    return name not in ("RNN", "GRU", "LSTM", "CumSum", "CumProd", "CausalMask")


@pytest.mark.parametrize("name", [cls.type_name() for cls in load() if cls.role == "layer" and cls.inputs])
def test_what_is_told_of_a_layer_is_what_gradients_say(name: str) -> None:
    for kind in TYPES:
        check(name, kind, {})


@pytest.mark.parametrize(("name", "kind", "given"), MORE)
def test_what_is_told_along_places_is_what_gradients_say(name: str, kind: str, given: dict[str, Any]) -> None:
    assert check(name, kind, given)


@pytest.mark.parametrize(
    ("name", "kind", "given", "text"),
    [
        ("Slice", "image", {"axis": 2, "start": 2, "end": 10}, "3 × 3"), ("Chunk", "image", {}, "3 × 3"),
        ("Split", "image", {"axis": 3, "sizes": (4, -1)}, "3 × 3"), ("Cast", "image", {}, "3 × 3"),
        ("Select", "image", {"axis": 2, "index": 3}, "3 × 3"), ("Unsqueeze", "image", {}, "3 × 3"),
        ("Transpose", "image", {"first": 2, "second": 3}, "3 × 3"), ("Pad", "image", {"axis": 2, "before": 2}, "3 × 3"),
        ("CircularPad2d", "image", {}, "3 × 3"), ("Roll", "image", {"axis": 2}, "all × 3"),
        ("Roll", "image", {"axis": 1}, "3 × 3"), ("Flip", "image", {"axis": 3}, "3 × all"),
        ("Interpolate", "image", {"size": (24, 32), "mode": "nearest"}, "3 × 3"),
        ("Interpolate", "image", {"size": (24, 32), "mode": "bilinear"}, "4 × 4"),
        ("Unfold", "image", {"kernel_size": (3, 2), "stride": 2}, "5 × 4"),
        ("PatchEmbedding", "image", {"patch_size": 4}, "6 × 6"), ("GLU", "signal", {}, "unknown"),
        ("FractionalMaxPool2d", "image", {}, "unknown"), ("MelSpectrogram", "signal", {}, "unknown"),
        ("Conv1d", "steps", {}, "all"), ("PositionalEncoding", "steps", {}, "1"), ("ClassToken", "steps", {}, "1"),
    ],
)  # fmt: skip
def test_each_tells_what_is_so_and_unknown_where_it_cannot_be_told(
    name: str, kind: str, given: dict[str, Any], text: str
) -> None:
    _, end, resolution = drawn(name, kind, given)
    assert not resolution.errors, resolution.errors
    assert reach_text(costs(resolution).nodes[end.node].reach) == text


def test_each_part_of_what_is_cut_begins_where_the_one_before_ends() -> None:
    net, end, _ = drawn("Split", "image", {"axis": 2, "sizes": (5, -1)})
    second = net.add("Identity", PortHandle(end.node, end.ports[1], end.ports))
    resolution = resolve(net.network, {"x": TYPES["image"]})
    starts = [costs(resolution).nodes[id].reach["H", 12].start for id in (end.node, second.node)]
    assert starts == [-1, 4]


def test_what_follows_something_unknown_is_unknown() -> None:
    net, end, _ = drawn("FractionalMaxPool2d", "image", {})
    for name in ("Conv2d", "AdaptiveAvgPool2d"):
        end = net.add(name, end)
    reach = costs(resolve(net.network, {"x": TYPES["image"]})).nodes[end.node].reach
    assert reach_text(reach) == "unknown"
