"""Forward and backward of compiled modules against the same modules written by hand: the ratio of their times.

Run as ``python tests/benchmarks/compiled.py [--rounds N]``; target: at most 1.02. The two are timed in turn, in blocks
of steps, and the ratio is of the medians; each pair has the same weights, and their losses are compared first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from training import Case, Cnn, Mlp

TARGET = 1.02


class WithLoss(nn.Module):
    """What one trains by hand: the network and its criterion."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body, self.criterion = body, nn.CrossEntropyLoss()

    def forward(self, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return self.criterion(self.body(image), label)


def seconds_of(step: object, steps: int) -> float:
    began = time.perf_counter()
    for _ in range(steps):
        step()  # type: ignore[operator]
    return (time.perf_counter() - began) / steps


def measure(case: Case, batch: int, rounds: int, steps: int) -> dict[str, float]:
    compiled = case.compiled()
    by_hand = WithLoss(case.make())
    by_hand.body.load_state_dict(compiled.model.state_dict())
    arrays = case.data.arrays("train")
    inputs = [torch.tensor(arrays[spec.field][:batch]) for spec in compiled.inputs]
    image, label = (torch.tensor(arrays[name][:batch]) for name in ("image", "label"))
    loss, training = compiled.losses[0], compiled.training
    own, hand = tuple(training.parameters()), tuple(by_hand.parameters())

    def step_compiled() -> None:
        training(*inputs)[loss].backward()
        for parameter in own:
            parameter.grad = None

    def step_by_hand() -> None:
        by_hand(image, label).backward()
        for parameter in hand:
            parameter.grad = None

    torch.testing.assert_close(training(*inputs)[loss], by_hand(image, label))
    for step in (step_compiled, step_by_hand):
        seconds_of(step, 50)
    ours, theirs = [], []
    for turn in range(rounds):
        for step, found in ((step_compiled, ours), (step_by_hand, theirs))[:: 1 if turn % 2 else -1]:
            found.append(seconds_of(step, steps))
    return {
        "compiled_us": statistics.median(ours) * 1e6,
        "by_hand_us": statistics.median(theirs) * 1e6,
        "ratio": statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'':28}{'compiled':>10}{'by hand':>10}  µs      ratio (at most {TARGET})")
    for name, make in (("digits-mlp", Mlp), ("digits-cnn-small", Cnn)):
        for batch in (32, 256):
            made = measure(Case.of(name, make, 1, 1), batch, options.rounds, options.steps)
            print(
                f"{name:18} batch {batch:<4}{made['compiled_us']:10.0f}{made['by_hand_us']:10.0f}{made['ratio']:13.3f}"
            )
            print(json.dumps({"benchmark": "compiled", "case": name, "batch": batch, **made}))


if __name__ == "__main__":
    main()
