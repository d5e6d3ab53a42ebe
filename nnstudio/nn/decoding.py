"""From scores at each step to codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import torch

_Text: TypeAlias = tuple[int, ...]
_Logs: TypeAlias = tuple[float, float]


def best_codes(scores: torch.Tensor) -> torch.Tensor:
    """The best code at each step: scores N×*s×C, codes N×*s."""
    return scores.argmax(-1)


def ctc_codes(scores: torch.Tensor, blank: int = 0, lengths: torch.Tensor | None = None) -> torch.Tensor:
    """What CTC reads on the best path: repeats joined and blanks left out. scores N×T×C, codes N×T filled up with the
    blank; lengths: how many steps of each sample are read, N whole numbers, None: all (Graves et al., "Connectionist
    temporal classification" (2006), section 3.2)."""
    path = scores.argmax(-1)
    if lengths is not None:
        path = path.masked_fill(torch.arange(path.shape[1], device=path.device) >= lengths.view(-1, 1), blank)
    before = torch.nn.functional.pad(path[:, :-1], (1, 0), value=-1)
    kept = (path != blank) & (path != before)
    order = (~kept).to(torch.int8).argsort(dim=1, stable=True)
    return path.masked_fill(~kept, blank).gather(1, order)


def ctc_ways(scores: torch.Tensor, beams: int, blank: int = 0) -> list[int]:
    """What CTC reads by a search over prefixes: all ways to stretch a text over the steps count together.

    scores: T×C of one sample. Source: Hannun et al., "First-pass large vocabulary continuous speech recognition using
    bi-directional recurrent DNNs" (2014), algorithm 1, without a language model.
    """
    chances = scores.double().log_softmax(-1).cpu()
    most = min(2 * beams, chances.shape[1])
    ways: dict[_Text, _Logs] = {(): (0.0, -math.inf)}  # ending in a blank, and not
    for row in chances:
        codes = row.topk(most).indices.tolist()
        if blank not in codes:
            codes.append(blank)
        step = row.tolist()
        found: dict[_Text, _Logs] = {}
        for text, (silent, spoken) in ways.items():
            for code in codes:
                if code == blank:
                    _add(found, text, _sum((silent, spoken)) + step[code], -math.inf)
                elif text and code == text[-1]:
                    _add(found, text, -math.inf, spoken + step[code])
                    _add(found, (*text, code), -math.inf, silent + step[code])
                else:
                    _add(found, (*text, code), -math.inf, _sum((silent, spoken)) + step[code])
        ways = dict(sorted(found.items(), key=lambda way: -_sum(way[1]))[:beams])
    return list(max(ways.items(), key=lambda way: _sum(way[1]))[0])


def _add(found: dict[_Text, _Logs], text: _Text, silent: float, spoken: float) -> None:
    one, other = found.get(text, (-math.inf, -math.inf))
    found[text] = (_sum((one, silent)), _sum((other, spoken)))


def _sum(logs: Sequence[float]) -> float:
    """The logarithm of a sum of numbers that are given by theirs."""
    most = max(logs)
    return most if most == -math.inf else most + math.log(sum(math.exp(log - most) for log in logs))
