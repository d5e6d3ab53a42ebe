"""Metrics of sequences of codes: edits, shared pieces, spans. Codes 0 to 3 fill up, are unknown, begin and end.

A sequence ends before its first 3; 0 and 2 are left out of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from nnstudio.nn.decoding import best_codes, ctc_codes
from nnstudio.nn.metrics import counted

_PAD, _START, _END = 0, 2, 3


def sequences(codes: torch.Tensor) -> list[list[int]]:
    """The sequences in rows of codes N×T."""
    found = []
    for row in codes.reshape(len(codes), -1).tolist():
        row = row[: row.index(_END)] if _END in row else row
        found.append([code for code in row if code not in (_PAD, _START)])
    return found


class Sequences(torch.nn.Module):
    """Base: turns what it is fed into sequences.

    prediction: codes N×L where ``decode`` is ``generate`` (what the network wrote), else scores N×T×C (or N×C×T where
    ``axis`` is 1), of which the best code at each step is taken (``best``), or joined as CTC does (``ctc``).
    target: N×S codes; padding: N×S, true where a code does not count; prediction_lengths: N whole numbers, how many
    steps CTC reads.
    """

    def __init__(self, decode: str = "generate", axis: int = -1) -> None:
        super().__init__()
        self._decode, self._axis = decode, axis
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError

    def update(
        self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None,
        prediction_lengths: torch.Tensor | None = None,
    ) -> None:  # fmt: skip
        """Take in a batch."""
        kept = counted(target, padding, None, target.dim())
        target = target.detach() if kept is None else target.masked_fill(~kept, _PAD)
        if prediction.is_floating_point():
            scores = prediction.detach().movedim(self._axis, -1)
            codes = ctc_codes(scores, 0, prediction_lengths) if self._decode == "ctc" else best_codes(scores)
            if self._decode == "best":  # each place by itself: what fills up in the target counts in neither
                codes = codes.masked_fill(target == _PAD, _PAD)
        else:
            codes = prediction
        self.take(sequences(codes), sequences(target))

    def take(self, found: list[list[int]], true: list[list[int]]) -> None:
        """Take in sequences that were found, and the true ones."""
        raise NotImplementedError


class ErrorRate(Sequences):
    """Edits that are needed to make what was found right (Levenshtein, 1966), divided by the length of what is true:
    torchmetrics' ``CharErrorRate``, to which each code is a character."""

    def reset(self) -> None:
        self._rate: Any = None
        self.length = 0

    def take(self, found: list[list[int]], true: list[list[int]]) -> None:
        from torchmetrics.text import CharErrorRate

        if self._rate is None:
            self._rate = CharErrorRate()
        self._rate.update(list(map(_spelled, found)), list(map(_spelled, true)))
        self.length += sum(map(len, true))

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there was nothing to find."""
        return float(self._rate.compute()) if self.length else math.nan


def _spelled(codes: list[int]) -> str:
    """A string of which each character is another code; halves of characters are passed over."""
    return "".join(chr(code if code < 0xD800 else code + 0x800) for code in codes)


class ExactMatch(Sequences):
    """Share of sequences that are right from beginning to end."""

    def reset(self) -> None:
        self.right, self.count = 0, 0

    def take(self, found: list[list[int]], true: list[list[int]]) -> None:
        self.right += sum(one == other for one, other in zip(found, true, strict=True))
        self.count += len(true)

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there was none."""
        return self.right / self.count if self.count else math.nan


class _Texts(Sequences):
    """Base of metrics of texts: keeps all sequences, one after the other, each behind its length.

    texts: makes texts of rows of codes N×T; where it is None each code stands for a word, or for a character.
    """

    texts: Callable[[Any], list[str]] | None = None

    def reset(self) -> None:
        self.found: list[torch.Tensor] = []
        self.true: list[torch.Tensor] = []

    def take(self, found: list[list[int]], true: list[list[int]]) -> None:
        for kept, rows in ((self.found, found), (self.true, true)):
            kept.append(torch.tensor([code for row in rows for code in (len(row), *row)], dtype=torch.int64))

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there was none."""
        if not self.true:
            return math.nan
        return self.figure(self._texts(self.found), self._texts(self.true))

    def figure(self, found: list[str], true: list[str]) -> float:
        """The metric of texts."""
        raise NotImplementedError

    def plain(self, codes: list[int]) -> str:
        """A text of codes of which the tokens are not known."""
        raise NotImplementedError

    def _texts(self, kept: list[torch.Tensor]) -> list[str]:
        flat, rows, at = torch.cat(kept).tolist(), [], 0
        while at < len(flat):
            rows.append(flat[at + 1 : at + 1 + flat[at]])
            at += 1 + flat[at]
        if self.texts is None:
            return [self.plain(row) for row in rows]
        longest = max(map(len, rows), default=0)
        filled = np.zeros((len(rows), max(1, longest)), np.int64)
        for line, row in zip(filled, rows, strict=True):
            line[: len(row)] = row
        return list(self.texts(filled))


class BLEU(_Texts):
    """Precision of runs of 1 to ``n`` words, with a penalty for what is too short (Papineni et al., 2002)."""

    def __init__(self, decode: str = "generate", axis: int = -1, n: int = 4, smooth: bool = False) -> None:
        self._n, self._smooth = n, smooth
        super().__init__(decode, axis)

    def figure(self, found: list[str], true: list[str]) -> float:
        from torchmetrics.functional.text import bleu_score

        return float(bleu_score(found, [[text] for text in true], n_gram=self._n, smooth=self._smooth))

    def plain(self, codes: list[int]) -> str:
        return " ".join(map(str, codes))


class ChrF(_Texts):
    """F-score of runs of 1 to ``n`` characters, of those lengths that occur, recall counting ``beta`` times (Popović,
    2015). Spaces do not count."""

    def __init__(self, decode: str = "generate", axis: int = -1, n: int = 6, beta: float = 2.0) -> None:
        self._n, self._beta = n, beta
        super().__init__(decode, axis)

    def figure(self, found: list[str], true: list[str]) -> float:
        from torchmetrics.text import CHRFScore

        told, right = ([text.strip().replace(" ", "") for text in texts] for texts in (found, true))
        longest = min(self._n, max(map(len, told + right), default=0))
        if not longest:
            return math.nan
        metric: Any = CHRFScore(n_char_order=longest, n_word_order=0, beta=self._beta)
        metric.update(told, [[text] for text in right])
        for said, letters in zip(told, right, strict=True):
            if not set(said) & set(letters):  # torchmetrics does not count what is true of these, as if none were lost
                for size in range(1, longest + 1):
                    state = f"total_target_char_{size}_grams"
                    setattr(metric, state, getattr(metric, state) + max(0, len(letters) - size + 1))
        return float(metric.compute())

    def plain(self, codes: list[int]) -> str:
        return "".join(chr(0xE000 + code) for code in codes)


class EntityF1(torch.nn.Module):
    """F1 of spans, each right where its beginning, its end and its kind are.

    prediction: scores N×T×C (or N×C×T where ``axis`` is 1), or codes N×T; target: N×T codes; padding: N×T, true where a
    place does not count. kinds: for each code the kind of span that it is part of, −1 for none; begins: whether a span
    begins there at any rate. Places whose target is ``ignore_index`` do not count.
    """

    def __init__(
        self, kinds: Sequence[int], begins: Sequence[bool], axis: int = -1, ignore_index: int | None = None
    ) -> None:
        super().__init__()
        self._kinds, self._begins, self._axis, self._ignored = tuple(kinds), tuple(begins), axis, ignore_index
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self.right, self.found, self.true = 0, 0, 0

    def update(self, prediction: torch.Tensor, target: torch.Tensor, padding: torch.Tensor | None = None) -> None:
        """Take in a batch."""
        codes = prediction.detach()
        codes = best_codes(codes.movedim(self._axis, -1)) if codes.is_floating_point() else codes
        told = counted(target, padding, self._ignored, target.dim())
        kept = torch.ones_like(target, dtype=torch.bool) if told is None else told.expand(target.shape)
        rows = (each.reshape(len(target), -1).tolist() for each in (codes, target, kept))
        for given, goal, counts in zip(*rows, strict=True):
            found = self.spans([code for code, count in zip(given, counts, strict=True) if count])
            true = self.spans([code for code, count in zip(goal, counts, strict=True) if count])
            self.right, self.found, self.true = (
                self.right + len(found & true), self.found + len(found), self.true + len(true)
            )  # fmt: skip

    def spans(self, codes: Sequence[int]) -> set[tuple[int, int, int]]:
        """Spans as (kind, first, behind the last)."""
        spans, kind, first = set(), -1, 0
        for place, code in enumerate([*codes, -1]):
            known = 0 <= code < len(self._kinds)
            own, begins = (self._kinds[code], self._begins[code]) if known else (-1, False)
            if own != kind or begins:
                if kind >= 0:
                    spans.add((kind, first, place))
                kind, first = own, place
        return spans

    def compute(self) -> float:
        """The figure over all batches since the last reset; NaN where there is no span at all."""
        total = self.found + self.true
        return 2 * self.right / total if total else math.nan
