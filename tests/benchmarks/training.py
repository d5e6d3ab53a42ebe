"""Training with every instrument live against loops written by hand, steps a second.

Run as ``python tests/benchmarks/training.py [--rounds N] [--epochs N]``; prints a table and a line of JSON for each.

Ways of training the gallery's digits networks (same start weights, data, batch size, optimizer, schedule, threads; all
work out the running training loss, and the validation loss and accuracy of each epoch) are run in turn, again and
again, in one process, and the medians of their ratios are told:

- live: the worker thread, its events drained 30 times a second by another thread that feeds a History, and a recorder
  that writes the run database. The training accuracy is worked out too, as always.
- loader: the plain loop over ``torch.utils.data.DataLoader(TensorDataset(…), shuffle=True)``.
- sliced: the same loop over a permutation, ``x[order[i : i + batch]]``.
- fused: sliced, with the optimizer's ``fused=True``, which few loops by hand ask for on a CPU. No target; it shows how
  much of the difference is the optimizer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from nnstudio.compile.lower import Compiled, compile_network
from nnstudio.data import Dataset, open_data
from nnstudio.graph import Network
from nnstudio.project.files import load
from nnstudio.project.gallery import templates
from nnstudio.runs import Recorder
from nnstudio.train.events import RunFailed
from nnstudio.train.history import History
from nnstudio.train.plan import Plan
from nnstudio.train.worker import Worker

#: At least so many times the steps a second of the loader's loop, and of the sliced loop.
TARGETS = {"digits-mlp": (1.3, 0.95), "digits-cnn-small": (1.0, 0.95)}
WAYS = ("loader", "live", "sliced", "fused")


class Mlp(nn.Module):
    """digits-mlp as one writes it by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.hidden1 = nn.Linear(64, 128)
        self.relu1 = nn.ReLU()
        self.hidden2 = nn.Linear(128, 64)
        self.relu2 = nn.ReLU()
        self.scores = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu1(self.hidden1(self.flatten(x)))
        x = self.relu2(self.hidden2(x))
        return self.scores(x)


class Cnn(nn.Module):
    """digits-cnn-small as one writes it by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding="same")
        self.bn1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(16, 16, 3, padding="same")
        self.relu2 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.scores = nn.Linear(256, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = self.relu1(self.bn1(self.conv1(x)))
        x = self.relu2(self.conv2(first)) + first
        return self.scores(self.flatten(self.pool(x)))


@dataclass
class Case:
    name: str
    make: Callable[[], nn.Module]
    network: Network
    data: Dataset
    plan: Plan

    @classmethod
    def of(cls, name: str, make: Callable[[], nn.Module], epochs: int, threads: int) -> Case:
        path = next(template.path for template in templates() if template.id == name)
        sheet = load(path).sheet
        assert sheet.data is not None
        plan = sheet.plan.with_(epochs=epochs, threads=threads, device="cpu")
        return cls(name, make, sheet.network, open_data(sheet.data), plan)

    def compiled(self) -> Compiled:
        return compile_network(self.network, self.data.types, seed=0)

    @property
    def steps(self) -> int:
        return -(-self.data.count("train") // self.plan.batch_size) * self.plan.epochs


def by_hand(case: Case, way: str) -> float:
    """Seconds that a loop written by hand takes."""
    torch.manual_seed(0)
    model, plan = case.make(), case.plan
    model.load_state_dict(case.compiled().model.state_dict())
    x, y, held_x, held_y = (
        torch.tensor(case.data.arrays(split)[field])
        for split in ("train", "validation")
        for field in ("image", "label")
    )
    fused = {"fused": True} if way == "fused" else {}
    optimizer = getattr(torch.optim, plan.optimizer)(
        model.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay, **fused
    )
    scheduler = None
    if plan.schedule == "one-cycle":
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.learning_rate, total_steps=case.steps)
    criterion = nn.CrossEntropyLoss()
    loader = DataLoader(TensorDataset(x, y), batch_size=plan.batch_size, shuffle=True)
    held_loader = DataLoader(TensorDataset(held_x, held_y), batch_size=256)

    def batches() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        if way == "loader":
            yield from loader
            return
        order = torch.randperm(len(y))
        for start in range(0, len(order), plan.batch_size):
            index = order[start : start + plan.batch_size]
            yield x[index], y[index]

    began = time.perf_counter()
    for _ in range(plan.epochs):
        model.train()
        running = 0.0
        for inputs, labels in batches():
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
            running += loss.item() * len(labels)
        model.eval()
        lost, right = 0.0, 0
        with torch.no_grad():
            for inputs, labels in held_loader if way == "loader" else [(held_x, held_y)]:
                out = model(inputs)
                lost += criterion(out, labels).item() * len(labels)
                right += (out.argmax(1) == labels).sum().item()
    return time.perf_counter() - began


def live(case: Case, folder: Path) -> tuple[float, History]:
    """Seconds that the worker takes with everything watching, from its first event to its last."""
    compiled = case.compiled()
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
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds + 1):
            for way in WAYS:
                if way == "live":
                    seconds, history = live(case, Path(folder))
                else:
                    seconds = by_hand(case, way)
                if turn:  # the first round warms up
                    found[way].append(case.steps / seconds)
            shares.append(history.watching)
    ratios = {
        f"live_to_{way}": statistics.median(a / b for a, b in zip(found["live"], found[way], strict=True))
        for way in WAYS
        if way != "live"
    }
    speeds = {f"{way}_steps_per_second": statistics.median(values) for way, values in found.items()}
    return {**speeds, **ratios, "watching": statistics.median(shares)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cases = [
        Case.of("digits-mlp", Mlp, options.epochs, options.threads),
        Case.of("digits-cnn-small", Cnn, options.epochs, options.threads),
    ]
    print(f"{'steps a second':18}" + "".join(f"{way:>9}" for way in WAYS) + "   live to loader   to sliced   to fused")
    for case in cases:
        made = measure(case, options.rounds)
        least, least_sliced = TARGETS[case.name]
        print(
            f"{case.name:18}"
            + "".join(f"{made[f'{way}_steps_per_second']:9.0f}" for way in WAYS)
            + f"{made['live_to_loader']:9.2f} (≥ {least:.1f}){made['live_to_sliced']:6.2f} (≥ {least_sliced:.2f})"
            + f"{made['live_to_fused']:7.2f}   watching {made['watching']:.1%}"
        )
        print(json.dumps({"benchmark": "training", "case": case.name, **made}))


if __name__ == "__main__":
    main()
