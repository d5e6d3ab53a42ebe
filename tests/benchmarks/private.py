"""What private training costs: seconds of a step over those of a plain one, and what its noise costs digits-mlp.

    python tests/benchmarks/private.py [--accuracy]

Networks on random data, batches of 64, one thread, the processor's seconds, the median of the steps. With --accuracy:
digits-mlp, trained with several ε, and what it reaches on the test rows.

On a busy machine of 2 cores (2026-11-21), private over plain: MLP 12.6 ×, CNN 1.6 ×, LSTM 15.4 ×. Accuracy of three
seeds: 0.959 to 0.970 without, 0.907 to 0.918 at ε = 8, 0.870 to 0.888 at ε = 3.
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
import torch

from nnstudio.compile.lower import compile_network
from nnstudio.graph.builder import NetworkBuilder, PortHandle
from nnstudio.layers import TensorType
from nnstudio.train.batches import Rows
from nnstudio.train.losses import Losses
from nnstudio.train.plan import Plan
from nnstudio.train.privacy import noise_for
from nnstudio.train.private import batches_of
from nnstudio.train.state import State
from nnstudio.train.stepping import Stepper

ROWS, BATCH, CPU = 1024, 64, torch.device("cpu")
Body = Callable[[NetworkBuilder, PortHandle], PortHandle]


def mlp(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    return net.add("ReLU", net.add("Linear", net.add("Flatten", x), out_features=128))


def cnn(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    for channels in (16, 32):
        x = net.add("ReLU", net.add("Conv2d", x, out_channels=channels, kernel_size=3, padding=1))
        x = net.add("MaxPool2d", x)
    return net.add("Flatten", x)


def lstm(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    return net.add("LSTM", net.add("Squeeze", x, axis=1), hidden_size=64).last


def transformer(net: NetworkBuilder, x: PortHandle) -> PortHandle:
    tokens = net.add("Linear", net.add("Squeeze", x, axis=1), out_features=32)
    return net.add("Flatten", net.add("TransformerEncoderLayer", tokens, nhead=4, dim_feedforward=64))


class Pictures:
    """Random pictures of 28×28 in ten classes."""

    def __init__(self) -> None:
        drawn = np.random.default_rng(0)
        self.taken = {
            "image": drawn.random((ROWS, 1, 28, 28), np.float32), "label": drawn.integers(0, 10, ROWS).astype(np.int64)
        }  # fmt: skip

    def count(self, split: str) -> int:
        return ROWS if split == "train" else 0

    def arrays(self, split: str) -> dict[str, Any]:
        return self.taken


def seconds_of_a_step(body: Body, *, private: bool) -> float:
    """The processor's seconds of a step, the median."""
    net = NetworkBuilder()
    x, label = net.add("Input", field="image", name="image"), net.add("Input", field="label", name="label")
    net.add("CrossEntropyLoss", net.add("Linear", body(net, x), out_features=10), label, name="entropy")
    types = {
        "image": TensorType.of("N C H W", "N", 1, 28, 28),
        "label": TensorType.of("N", "N", dtype="int64", classes=10),
    }
    compiled, data = compile_network(net.network, types, 0), Pictures()
    plan = Plan(batch_size=BATCH, threads=1, private=private, repeatable=True)
    state = State(compiled, plan, CPU)
    batches = batches_of(state, Rows(compiled.inputs, data.arrays("train"), ROWS, CPU))
    step = Stepper(compiled, state, Losses(state), batches.steps_per_epoch).plain()
    compiled.train()
    taken = []
    for batch in batches.epoch(0):
        start = process_time()
        step(batch)
        taken.append(process_time() - start)
    return statistics.median(taken[2:])


def accuracy(epsilon: float | None, seed: int) -> float:
    """What digits-mlp reaches on the test rows."""
    from nnstudio.project.gallery import templates
    from nnstudio.project.project import Project

    project = Project.open(next(each.path for each in templates() if each.id == "digits-mlp"))
    project.path = None  # nothing is written beside the gallery
    plan = project.plan.with_(threads=1, epochs=30, batch_size=128, learning_rate=0.01, seed=seed)
    if epsilon is not None:
        private = plan.with_(private=True, sample_norm=1.0, keep_best=False)
        plan = private.with_(noise_multiplier=noise_for(private, project.dataset.count("train"), epsilon))
    project.sheet = dataclasses.replace(project.sheet, plan=plan)
    from nnstudio.train.evaluate import evaluate
    from nnstudio.train.loop import run

    compiled = project.compiled(seed=seed)
    for _ in run(compiled, project.dataset, plan):
        pass
    return evaluate(compiled, project.dataset, "test")["accuracy"]


def main() -> None:
    torch.set_num_threads(1)
    if "--accuracy" in sys.argv:
        for epsilon in (None, 8.0, 3.0, 1.0):
            found = [accuracy(epsilon, seed) for seed in range(3)]
            told = "without" if epsilon is None else f"ε = {epsilon:g}"
            print(f"digits-mlp, {told}: accuracy {', '.join(f'{each:.3f}' for each in found)} (three seeds)")
        return
    for name, body in {"MLP": mlp, "CNN": cnn, "LSTM": lstm, "transformer": transformer}.items():
        plain, private = seconds_of_a_step(body, private=False), seconds_of_a_step(body, private=True)
        print(f"{name}: {1e3 * plain:.2f} ms plain, {1e3 * private:.2f} ms private, {private / plain:.1f} ×")


if __name__ == "__main__":
    main()
