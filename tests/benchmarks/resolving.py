"""Resolving a network of 1,000 layers against building the same module eagerly and running it once.

Run as ``python tests/benchmarks/resolving.py [--rounds N]``; target: at most 0.15 of the time, with nothing remembered
from before; and one edit at the end must work out anew only what lies behind it.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from nnstudio.compile import resolve as resolving
from nnstudio.compile.resolve import resolve
from nnstudio.graph import edits
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType

TARGET = 0.15
LAYERS = 1000
WIDTH = 128
TYPES = {"x": TensorType.of("N F", "N", 64), "label": TensorType.of("N", "N", dtype="int64", classes=10)}


class Stack(nn.Module):
    """Pairs of Linear and ReLU; ``varied``: no two neighbours are of one width, so that little can be remembered."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        before, layers = 64, []
        for width in widths:
            layers += [nn.Linear(before, width), nn.ReLU()]
            before = width
        self.layers = nn.ModuleList(layers)
        self.scores = nn.Linear(before, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.scores(x)


def drawn(widths: list[int]) -> tuple[NetworkBuilder, str]:
    """The same network, drawn; and the id of its last hidden layer."""
    net = NetworkBuilder()
    x, label = net.add("Input", field="x", name="x"), net.add("Input", field="label", name="label")
    last = ""
    for width in widths:
        x = net.add("Linear", x, out_features=width)
        last = x.node
        x = net.add("ReLU", x)
    scores = net.add("Linear", x, out_features=10)
    net.add("CrossEntropyLoss", scores, label)
    net.add("Output", scores)
    return net, last


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(widths: list[int], rounds: int) -> dict[str, float]:
    net, last = drawn(widths)
    batch = torch.randn(32, 64)
    eager, ours, edited, counts = [], [], [], []
    for turn in range(rounds + 1):
        seconds = timed(lambda: Stack(widths)(batch))
        resolving.forget()
        fresh = edits.set_params(last, out_features=WIDTH)(net.network)  # another value: no cached graph
        found = timed(lambda network=fresh: resolve(network, TYPES))
        before = resolve(net.network, TYPES)
        assert not before.errors, before.errors
        after_edit = edits.set_params(last, out_features=WIDTH + 1 + turn)(net.network)
        began = time.perf_counter()
        after = resolve(after_edit, TYPES, before)
        spent = time.perf_counter() - began
        behind = net.network.descendants([last])
        assert after.computed <= behind, "an edit worked out what does not lie behind it"
        if turn:
            eager.append(seconds)
            ours.append(found)
            edited.append(spent)
            counts.append(len(after.computed))
    return {
        "nodes": len(net.network.nodes),
        "eager_ms": statistics.median(eager) * 1e3,
        "resolve_ms": statistics.median(ours) * 1e3,
        "ratio": statistics.median(a / b for a, b in zip(ours, eager, strict=True)),
        "edit_ms": statistics.median(edited) * 1e3,
        "computed_by_edit": max(counts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    gc.disable()  # as the window does, and timeit; for both sides
    cases = {
        "one width": [WIDTH] * (LAYERS // 2),
        "every width different": [64 + place % 129 for place in range(LAYERS // 2 - 1)] + [WIDTH],
    }
    print(f"{'':24}{'eager':>9}{'resolve':>9} ms     ratio (at most {TARGET})    an edit at the end: ms, nodes")
    for name, widths in cases.items():
        made = measure(widths, options.rounds)
        print(
            f"{name:24}{made['eager_ms']:9.0f}{made['resolve_ms']:9.0f}{made['ratio']:13.3f}"
            f"{made['edit_ms']:28.1f}{made['computed_by_edit']:6.0f}"
        )
        print(json.dumps({"benchmark": "resolving", "case": name, **made}))


if __name__ == "__main__":
    main()
