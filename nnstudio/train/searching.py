"""Choosing tokens, one after the other: the most probable, one drawn at random, or the best of several ways."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

PAD, UNKNOWN, START, END = range(4)
#: Codes that are never written.
_NEVER = (PAD, UNKNOWN, START)
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are chosen.

    decoder: ``greedy``, ``beam`` or ``sample``. temperature, top_k: of samples. beams: ways that are followed at once.
    length: how many tokens at most; None: as many as the Input takes.
    """

    decoder: str = "greedy"
    temperature: float = 1.0
    top_k: int | None = None
    beams: int = 4
    length: int | None = None

    @classmethod
    def of(cls, layer: Any) -> Decoding:
        """As an Output layer says."""
        return cls(**{each.name: getattr(layer, each.name) for each in fields(cls)})

    def with_(self, **values: Any) -> Decoding:
        """A copy with other values."""
        return replace(self, **values)


class Steps(Protocol):
    """A network that is asked what comes next; ``train.feeding`` has one."""

    @property
    def device(self) -> torch.device: ...
    def scores(self, codes: torch.Tensor) -> torch.Tensor:
        """Scores N×C of the next code after N×T codes, T at least 1."""
        ...


def written(steps: Steps, begun: Codes, chosen: Decoding, length: int, random: torch.Generator) -> list[Codes]:
    """What follows rows of codes N×P: for each row up to ``length`` codes, without the end."""
    if chosen.decoder == "beam":
        return _best_ways(steps, begun, chosen.beams, length)
    return _one_way(steps, begun, chosen, length, random)


def chosen(scores: torch.Tensor, decoding: Decoding, random: torch.Generator) -> torch.Tensor:
    """The next code of each row, N, from scores N×C."""
    import torch

    device, scores = scores.device, _allowed(scores)
    if decoding.decoder != "sample":
        return scores.argmax(1)
    scores = (scores - scores.amax(1, keepdim=True)).cpu().double() / decoding.temperature
    if decoding.top_k is not None and decoding.top_k < scores.shape[1]:
        scores = scores.masked_fill(~_best(scores, decoding.top_k), -torch.inf)
    return torch.multinomial(scores.softmax(1), 1, generator=random)[:, 0].to(device)


def _best(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Which scores of each row are among its best, just so many: of equal ones the first. Bool N×C."""
    least = scores.topk(count, 1).values[:, -1:]
    better, equal = scores > least, scores == least
    found: torch.Tensor = better | (equal & (equal.cumsum(1) <= count - better.sum(1, keepdim=True)))
    return found


def _allowed(scores: torch.Tensor) -> torch.Tensor:
    """Scores in which nothing that is never written can win."""
    import torch

    scores = scores.float().clone()
    scores[:, : min(len(_NEVER), scores.shape[1] - 1)] = -torch.inf
    return scores


def _one_way(steps: Steps, begun: Codes, decoding: Decoding, length: int, random: torch.Generator) -> list[Codes]:
    import torch

    codes = torch.from_numpy(begun).to(steps.device)
    done = torch.zeros(len(begun), dtype=torch.bool, device=steps.device)
    for _ in range(length):
        following = chosen(steps.scores(codes), decoding, random)
        following = torch.where(done, PAD, following)
        codes = torch.cat((codes, following.unsqueeze(1)), 1)
        done = done | (following == END)
        if bool(done.all()):
            break
    return [_until_end(row) for row in codes[:, begun.shape[1] :].cpu().numpy()]


def _best_ways(steps: Steps, begun: Codes, beams: int, length: int) -> list[Codes]:
    """Beam search; ways are compared by their mean log probability, so that short ones have no advantage.

    The rows that ``steps`` knows are each repeated ``beams`` times, one copy after the other.
    """
    import torch

    rows, device = len(begun), steps.device
    codes = torch.from_numpy(begun).to(device).repeat_interleave(beams, 0)
    total = torch.full((rows, beams), -torch.inf, device=device)
    total[:, 0] = 0  # the copies are the same as yet
    lengths = torch.zeros(rows, beams, device=device)
    done = torch.zeros(rows, beams, dtype=torch.bool, device=device)
    first = torch.arange(rows, device=device).unsqueeze(1) * beams
    for _ in range(length):
        scores = _allowed(steps.scores(codes)).log_softmax(1).reshape(rows, beams, -1)
        size = scores.shape[2]
        waits = torch.full((size,), -torch.inf, device=device)
        waits[PAD] = 0
        scores = torch.where(done.unsqueeze(2), waits, scores)
        sums = total.unsqueeze(2) + scores
        longer = lengths + (~done).float()
        means = sums / longer.clamp(min=1).unsqueeze(2)
        best = means.flatten(1).topk(beams, 1).indices
        way, following = best // size, best % size
        total = sums.flatten(1).gather(1, best)
        lengths, done = longer.gather(1, way), done.gather(1, way)
        codes = torch.cat((codes[(first + way).flatten()], following.reshape(-1, 1)), 1)
        done = done | (following == END)
        if bool(done.all()):
            break
    best = (total / lengths.clamp(min=1)).argmax(1)
    kept = codes.reshape(rows, beams, -1)[torch.arange(rows, device=device), best]
    return [_until_end(row) for row in kept[:, begun.shape[1] :].cpu().numpy()]


def _until_end(codes: Codes) -> Codes:
    stops = np.flatnonzero((codes == END) | (codes == PAD))
    return codes[: stops[0]] if len(stops) else codes
