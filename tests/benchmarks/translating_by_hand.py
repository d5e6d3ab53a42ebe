"""What a transformer written by hand in PyTorch reaches on the sentences of the gallery's *translate*.

The gallery asks for twice the chrF of a word-for-word dictionary. A dictionary made of the training pairs has more than
0.5 here, and nothing is above 1, so the floor is about what this script reaches on the same split in three epochs.

Run as ``python tests/benchmarks/translating_by_hand.py [--seeds N] [--epochs N]``; prints the dictionary's chrF and a
line of JSON for each seed. Width, depth, rate and length of the run were chosen on the validation split.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torchmetrics.functional.text import chrf_score

sys.path.insert(0, str(Path(__file__).resolve().parent))

from goals.texts import dictionary_likeness

from nnstudio.data.dataset import Dataset
from nnstudio.project.gallery import template
from nnstudio.project.project import Project

START, END, WIDTH, HEADS, LAYERS, BATCH, RATE = 2, 3, 96, 3, 2, 64, 0.003


class Translator(nn.Module):
    """torch's own encoder and decoder, norms first, with learned places."""

    def __init__(self, english: int, spanish: int, length: int) -> None:
        super().__init__()
        layer = {"dim_feedforward": 4 * WIDTH, "dropout": 0.0, "activation": "gelu", "batch_first": True,
                 "norm_first": True}  # fmt: skip
        self.words, self.palabras = nn.Embedding(english, WIDTH), nn.Embedding(spanish, WIDTH)
        self.places, self.lugares = (nn.Parameter(torch.randn(length, WIDTH) * 0.02) for _ in range(2))
        encoder = nn.TransformerEncoderLayer(WIDTH, HEADS, **layer)
        decoder = nn.TransformerDecoderLayer(WIDTH, HEADS, **layer)
        self.encoder = nn.TransformerEncoder(encoder, LAYERS, nn.LayerNorm(WIDTH), enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(decoder, LAYERS, nn.LayerNorm(WIDTH))
        self.scores = nn.Linear(WIDTH, spanish)

    def read(self, english: torch.Tensor) -> torch.Tensor:
        """N×S codes → N×S×F."""
        x = self.words(english) + self.places[: english.shape[1]]
        return self.encoder(x, src_key_padding_mask=english == 0)  # type: ignore[no-any-return]

    def write(self, memory: torch.Tensor, pads: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """Scores N×T×V of what comes after each of N×T codes."""
        x = self.palabras(before) + self.lugares[: before.shape[1]]
        later = torch.ones(before.shape[1], before.shape[1], dtype=torch.bool).triu(1)
        x = self.decoder(x, memory, tgt_mask=later, memory_key_padding_mask=pads, tgt_is_causal=True)
        return self.scores(x)  # type: ignore[no-any-return]


def codes(dataset: Dataset, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """English N×S and Spanish N×T of a split, as the gallery's project has them."""
    arrays = dataset.arrays(split)
    return tuple(torch.from_numpy(np.array(arrays[field])) for field in ("english", "spanish"))  # type: ignore[return-value]


def trained(dataset: Dataset, epochs: int, seed: int) -> Translator:
    """A translator after so many epochs, at a rate that rises and falls."""
    torch.manual_seed(seed)
    english, spanish = codes(dataset, "train")
    model = Translator(int(english.max()) + 1, int(spanish.max()) + 1, max(english.shape[1], spanish.shape[1]))
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    steps = epochs * -(-len(english) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(english)).split(BATCH):
            read, said = english[rows], spanish[rows]
            scores = model.write(model.read(read), read == 0, said[:, :-1])
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), said[:, 1:].flatten(), ignore_index=0)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    return model.eval()


@torch.no_grad()
def likeness(model: Translator, dataset: Dataset, split: str) -> float:
    """chrF of what it writes, always the likeliest word, against what is right."""
    english, spanish = codes(dataset, split)
    memory, pads = model.read(english), english == 0
    written = torch.full((len(english), 1), START)
    while written.shape[1] < spanish.shape[1]:
        following = model.write(memory, pads, written)[:, -1].argmax(1)
        following[(written == END).any(1)] = 0
        written = torch.cat([written, following[:, None]], 1)
    told, right = (dataset.decode("spanish", each.numpy()) for each in (written, spanish))
    return float(chrf_score(told, [[text] for text in right], n_word_order=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    dataset = Project.open(template("translate").path).dataset
    print(f"a dictionary, word for word: chrF {dictionary_likeness(dataset):.4f}", flush=True)
    for seed in range(options.seeds):
        began = time.process_time()
        model = trained(dataset, options.epochs, seed)
        spent = time.process_time() - began
        made = {split: round(likeness(model, dataset, split), 5) for split in ("validation", "test")}
        print(json.dumps({"benchmark": "translating by hand", "seed": seed, "chrF": made,
                          "processor_seconds": round(spent, 1)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
