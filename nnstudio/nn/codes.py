"""Vectors for bags of codes, and probabilities of many classes."""

from __future__ import annotations

import torch


class EmbeddingBag(torch.nn.EmbeddingBag):
    """torch.nn.EmbeddingBag on codes N×T, with a weight for each code (N×T) where they are given. Gives N×E."""

    def forward(  # type: ignore[override]
        self, input: torch.Tensor, weights: torch.Tensor | None = None
    ) -> torch.Tensor:
        return super().forward(input, None, weights)


class AdaptiveLogSoftmax(torch.nn.AdaptiveLogSoftmaxWithLoss):
    """torch.nn.AdaptiveLogSoftmaxWithLoss as log probabilities of every class: N×F gives N×C."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return self.log_prob(input)


class TiedEmbedding(torch.nn.Embedding):
    r"""An embedding that gives its table too: codes (N, \*) become vectors (N, \*, E) and the table (V, E)."""

    def forward(self, input: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        return super().forward(input), self.weight
