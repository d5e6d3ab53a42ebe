"""What augmentation costs: its share of a training step, for each kind and for a usual mixture.

    python tests/benchmarks/augmenting.py [ROWS]

A small convolutional network is trained on random pictures of 28×28, in batches of 64, on one thread; seconds are the
processor's. On a busy machine of 2 cores (2026-11-21): 0.4 % of a step (flip) to 2.2 % (rotate); flip, shift and cutout
together 2.0 %.
"""

from __future__ import annotations

import sys
from time import process_time
from typing import Any

import numpy as np
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.data.augment import AUGMENTATIONS, Augmentation
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.train.augmenting import augmenting_of
from nnstudio.train.batches import Batches, Rows
from nnstudio.train.loop import run
from nnstudio.train.plan import Plan

BATCH, CPU = 64, torch.device("cpu")
TYPES = {
    "image": TensorType.of("N C H W", "N", 1, 28, 28), "label": TensorType.of("N F", "N", 10)
}  # fmt: skip


class Pictures:
    """Random pictures with one-hot classes."""

    def __init__(self, rows: int, *augment: Augmentation) -> None:
        drawn = np.random.default_rng(0)
        self.augment, self.rows = augment, rows
        self.taken = {
            "image": drawn.random((rows, 1, 28, 28), np.float32),
            "label": np.eye(10, dtype=np.float32)[drawn.integers(0, 10, rows)],
        }

    def count(self, split: str) -> int:
        return self.rows if split == "train" else 0

    def arrays(self, split: str) -> dict[str, Any]:
        return self.taken


def network() -> Any:
    net = NetworkBuilder()
    x, label = net.add("Input", field="image", name="image"), net.add("Input", field="label", name="label")
    for channels in (16, 32):
        x = net.add("ReLU", net.add("Conv2d", x, out_channels=channels, kernel_size=3, padding=1))
        x = net.add("MaxPool2d", x)
    scores = net.add("Linear", net.add("Flatten", x), out_features=10, name="scores")
    net.add("BCEWithLogitsLoss", scores, label, name="entropy")
    return compile_network(net.network, TYPES, 0)


def seconds_of_a_step(rows: int) -> float:
    """The processor's seconds of a training step without augmentation, the least of three epochs."""
    taken = []
    for _ in range(3):
        compiled, plan = network(), Plan(epochs=1, batch_size=BATCH, threads=1, watching=0.001)
        start = process_time()
        for _ in run(compiled, Pictures(rows), plan):
            pass
        taken.append((process_time() - start) / (rows / BATCH))
    return min(taken)


def seconds_of_augmenting(rows: int, *augment: Augmentation) -> float:
    """The same of augmenting a batch, as a window of batches gets it."""
    data, inputs = Pictures(rows, *augment), network().inputs
    batches = Batches(Rows(inputs, data.arrays("train"), rows, CPU, augmenting_of(data, inputs)), BATCH, 0)
    window = batches.source.gather(slice(0, batches.window * BATCH), batches.window * BATCH, 0)
    taken = []
    for seed in range(7):
        start = process_time()
        batches.source.augmented(window, seed)
        taken.append((process_time() - start) / (len(window[0]) / BATCH))
    return min(taken)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    torch.set_num_threads(1)
    made = {kind: (cls.make({}),) for kind, cls in AUGMENTATIONS.items() if kind != "drop tokens"}
    made["flip, shift, cutout"] = tuple(AUGMENTATIONS[kind].make({}) for kind in ("flip", "shift", "cutout"))
    step = seconds_of_a_step(rows)
    print(f"a step of {BATCH} pictures: {step * 1e3:.2f} ms")
    for name, records in made.items():
        took = seconds_of_augmenting(rows, *records)
        print(f"{name:24}{took * 1e3:8.3f} ms{took / (step + took):8.1%}")


if __name__ == "__main__":
    main()
