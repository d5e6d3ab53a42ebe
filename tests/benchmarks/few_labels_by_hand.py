"""What a network written by hand in PyTorch learns from the hundred labelled digits of *self-supervised* alone.

The same encoder, and a Linear layer behind it. The pictures are seen as they are, as in Kingma et al., "Semi-supervised
learning with deep generative models" (2014), table 1; rate, decay, dropout and length of the run are the best of seven
settings that were tried.

Run as ``python tests/benchmarks/few_labels_by_hand.py [--seeds N]``; prints a line of JSON for each seed.
"""

from __future__ import annotations

import argparse
import json

import torch
from torch import nn
from torch.nn import functional

from nnstudio.data.dataset import Dataset
from nnstudio.project.gallery import template
from nnstudio.project.project import Project

CHANNELS, DROPOUT, DECAY, RATE, EPOCHS, BATCH = (24, 48, 96, 128), 0.5, 1.0, 0.005, 60, 10
#: What stands where the label is not shown.
HIDDEN = 10


def encoder() -> nn.Sequential:
    """Pictures N×1×28×28 → features N×512."""
    made: list[nn.Module] = []
    for before, channels in zip((1, *CHANNELS), CHANNELS, strict=False):
        made += [nn.Conv2d(before, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*made, nn.Flatten())


def accuracy(data: Dataset, seed: int) -> float:
    """The share of test pictures that are told right after training from this seed."""
    torch.manual_seed(seed)
    training, test = data.arrays("train"), data.arrays("test")
    shown = training["shown"] != HIDDEN
    pictures, labels = torch.tensor(training["image"][shown]), torch.tensor(training["shown"][shown])
    model = nn.Sequential(encoder(), nn.Dropout(DROPOUT), nn.Linear(512, HIDDEN))
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * (len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(labels)).split(BATCH):
            loss = functional.cross_entropy(model(pictures[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        told = model(torch.tensor(test["image"])).argmax(1)
    return float((told == torch.tensor(test["label"])).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = Project.open(template("self-supervised").path).dataset
    for seed in range(options.seeds):
        print(json.dumps({"benchmark": "few labels by hand", "seed": seed, "accuracy": round(accuracy(data, seed), 4)}))


if __name__ == "__main__":
    main()
