"""Training with every instrument live against loops written by hand, steps a second.

Run as ``python tests/benchmarks/training.py [--rounds N] [--epochs N]``; prints a table and a line of JSON.

Three ways of training the same network (same start weights, data, batch size, optimizer, threads; all work out the
running training loss, and the validation loss and accuracy of each epoch) are run in turn, again and again, in one
process, and the medians of their ratios are told:

- live: the worker thread, its events drained 30 times a second by another thread that feeds a History, and a recorder
  that writes the run database. The training accuracy is worked out too, as always.
- loader: the plain loop over ``torch.utils.data.DataLoader(TensorDataset(…), shuffle=True)``.
- sliced: the same loop over a permutation, ``x[order[i : i + batch]]``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from nnstudio.compile.lower import compile_network
from nnstudio.graph.builder import NetworkBuilder
from nnstudio.layers import TensorType
from nnstudio.runs import Recorder
from nnstudio.train.events import RunFailed
from nnstudio.train.history import History
from nnstudio.train.plan import Plan
from nnstudio.train.worker import Worker

RESOURCES = Path(__file__).resolve().parents[2] / "resources" / "datasets"
TARGETS = {"digits-mlp": (1.3, 0.95), "digits-cnn-small": (1.0, 0.95)}


class Digits:
    """The optical digits as in-memory arrays: 70 % to train on, 15 % to validate, 15 % to test."""

    def __init__(self, image: bool) -> None:
        from sklearn.datasets import load_digits

        found = load_digits()
        order = np.random.default_rng(0).permutation(len(found.target))
        x = (found.data[order] / 16).astype(np.float32)
        x = x.reshape(-1, 1, 8, 8) if image else x
        y = found.target[order].astype(np.int64)
        ends = (0, 1257, 1527, len(y))
        self.splits = {
            split: {"image": x[ends[i] : ends[i + 1]], "label": y[ends[i] : ends[i + 1]]}
            for i, split in enumerate(("train", "validation", "test"))
        }
        labels = ("N C H W", "N", 1, 8, 8) if image else ("N F", "N", 64)
        self.types = {
            "image": TensorType.of(*labels),
            "label": TensorType.of("N", "N", dtype="int64", classes=10),
        }

    def count(self, split: str) -> int:
        return len(self.splits[split]["label"])

    def arrays(self, split: str) -> dict[str, np.ndarray]:
        return self.splits[split]


class Mlp(nn.Module):
    """64 - 128 - 64 - 10, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 128)
        self.relu = nn.ReLU()
        self.linear2 = nn.Linear(128, 64)
        self.relu2 = nn.ReLU()
        self.linear3 = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.linear(x))
        x = self.relu2(self.linear2(x))
        return self.linear3(x)


class Cnn(nn.Module):
    """Two convolutions with batch normalisation, pooling and a classifier, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(1, 16, 3, padding=1)
        self.batchnorm2d = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.maxpool2d = nn.MaxPool2d(2)
        self.conv2d2 = nn.Conv2d(16, 32, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(512, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool2d(self.relu(self.batchnorm2d(self.conv2d(x))))
        x = self.relu2(self.conv2d2(x))
        return self.linear(self.flatten(x))


def drawn(image: bool) -> NetworkBuilder:
    """The same networks, drawn."""
    net = NetworkBuilder()
    x, y = net.add("Input", field="image", name="image"), net.add("Input", field="label", name="label")
    if image:
        x = net.add("Conv2d", x, out_channels=16, kernel_size=3, padding=1)
        x = net.add("MaxPool2d", net.add("ReLU", net.add("BatchNorm2d", x)), kernel_size=2)
        x = net.add("ReLU", net.add("Conv2d", x, out_channels=32, kernel_size=3, padding=1))
        x = net.add("Linear", net.add("Flatten", x), out_features=10)
    else:
        x = net.add("ReLU", net.add("Linear", x, out_features=128))
        x = net.add("ReLU", net.add("Linear", x, out_features=64))
        x = net.add("Linear", x, out_features=10)
    net.add("CrossEntropyLoss", x, y, name="loss_node")
    net.add("Accuracy", x, y, name="accuracy")
    net.add("Output", x, name="scores")
    return net


@dataclass
class Case:
    name: str
    data: Digits
    make: Callable[[], nn.Module]
    net: NetworkBuilder
    epochs: int
    plan: Plan

    @property
    def steps(self) -> int:
        return -(-self.data.count("train") // self.plan.batch_size) * self.epochs


def by_hand(case: Case, sliced: bool) -> float:
    """Seconds that a loop written by hand takes."""
    torch.manual_seed(0)
    model = case.make()
    train = {name: torch.from_numpy(array) for name, array in case.data.arrays("train").items()}
    held = {name: torch.from_numpy(array) for name, array in case.data.arrays("validation").items()}
    optimizer = torch.optim.Adam(model.parameters(), lr=case.plan.learning_rate)
    criterion = nn.CrossEntropyLoss()
    loader = DataLoader(
        TensorDataset(train["image"], train["label"]), batch_size=case.plan.batch_size, shuffle=True
    )
    held_loader = DataLoader(TensorDataset(held["image"], held["label"]), batch_size=256)

    def batches():
        if not sliced:
            yield from loader
            return
        order = torch.randperm(len(train["label"]))
        for start in range(0, len(order), case.plan.batch_size):
            index = order[start : start + case.plan.batch_size]
            yield train["image"][index], train["label"][index]

    began = time.perf_counter()
    for _ in range(case.epochs):
        model.train()
        running = 0.0
        for x, y in batches():
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(y)
        model.eval()
        lost, right = 0.0, 0
        with torch.no_grad():
            for x, y in [(held["image"], held["label"])] if sliced else held_loader:
                out = model(x)
                lost += criterion(out, y).item() * len(y)
                right += (out.argmax(1) == y).sum().item()
    return time.perf_counter() - began


def live(case: Case, folder: Path) -> tuple[float, History]:
    """Seconds that the worker takes with everything watching, from its first event to its last."""
    compiled = compile_network(case.net.network, case.data.types, seed=0)
    history, done = History(), threading.Event()
    recorder = Recorder(folder / "runs.sqlite")
    worker = Worker(lambda: compiled, case.data, case.plan, also=(recorder.put,))

    def watch() -> None:
        while not done.wait(1 / 30):
            for event in worker.stream.drain():
                history.feed(event)

    watcher = threading.Thread(target=watch)
    watcher.start()
    worker.start()
    worker.join()
    done.set()
    watcher.join()
    for event in worker.stream.drain():
        history.feed(event)
    recorder.close()
    assert history.ended is not None, "the run did not end"
    assert not isinstance(history.ended, RunFailed), history.ended
    assert not recorder.error, recorder.error
    return history.ended.seconds, history


def measure(case: Case, rounds: int) -> dict[str, float]:
    """Medians over interleaved rounds."""
    found: dict[str, list[float]] = {"live": [], "loader": [], "sliced": []}
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds + 1):
            taken = {"loader": by_hand(case, sliced=False)}
            taken["live"], history = live(case, Path(folder))
            taken["sliced"] = by_hand(case, sliced=True)
            if turn:  # the first round warms up
                for name, seconds in taken.items():
                    found[name].append(case.steps / seconds)
                shares.append(history.watching)
    ratio = {
        name: statistics.median(a / b for a, b in zip(found["live"], found[name], strict=True))
        for name in ("loader", "sliced")
    }
    return {
        **{f"{name}_steps_per_second": statistics.median(values) for name, values in found.items()},
        "live_to_loader": ratio["loader"],
        "live_to_sliced": ratio["sliced"],
        "watching": statistics.median(shares),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    plan = Plan(epochs=options.epochs, threads=options.threads, batch_size=32)
    cases = [
        Case("digits-mlp", Digits(image=False), Mlp, drawn(image=False), options.epochs, plan),
        Case("digits-cnn-small", Digits(image=True), Cnn, drawn(image=True), options.epochs, plan),
    ]
    print(f"{'':18}{'live':>9}{'loader':>9}{'sliced':>9}  steps a second   ÷ loader (at least)   ÷ sliced (at least)")
    for case in cases:
        made = measure(case, options.rounds)
        least, least_sliced = TARGETS[case.name]
        print(
            f"{case.name:18}{made['live_steps_per_second']:9.0f}{made['loader_steps_per_second']:9.0f}"
            f"{made['sliced_steps_per_second']:9.0f}{'':17}{made['live_to_loader']:10.2f} ({least:.2f})"
            f"{made['live_to_sliced']:15.2f} ({least_sliced:.2f})   watching {made['watching']:.1%}"
        )
        print(json.dumps({"benchmark": "training", "case": case.name, **made}))


if __name__ == "__main__":
    main()
