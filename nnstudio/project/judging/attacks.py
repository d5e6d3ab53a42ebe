"""How small a change of its inputs fools a network: FGSM and PGD, beside random noise of the same size.

Sources: Goodfellow et al., "Explaining and harnessing adversarial examples" (2015); Madry et al., "Towards deep
learning models resistant to adversarial attacks" (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.errors import ProjectError
from nnstudio.project.judging.asking import Asking
from nnstudio.project.judging.explaining import window_names
from nnstudio.project.judging.judge import Judge, Progress, codes_of, unheard

if TYPE_CHECKING:
    import torch

    from nnstudio.data.dataset import Dataset

Floats = NDArray[np.float64]
WAYS, NORMS = ("fgsm", "pgd"), ("inf", "2")
#: Rows that are attacked unless another number is asked for; strengths that are tried; PGD's steps; halvings by which
#: the smallest change is found.
ROWS, STRENGTHS, STEPS, HALVINGS = 128, 9, 10, {"fgsm": 12, "pgd": 6}
#: The greatest strength that is tried by itself: this share of the range of a picture's pixels, twice that of other
#: numbers (for L2, times half the root of how many numbers a sample has), doubled until half is fooled, but no more
#: often than this.
REACH, DOUBLINGS = 0.3, 4
#: Training rows that tell how far each number goes, at most.
KNOWN = 2000


@dataclass(frozen=True)
class Attack:
    """How to attack. strengths: sizes of the change, rising, in units of what the network is fed; () for sensible ones.
    norm ``inf``: no number changes by more; ``2``: the root of all squared changes of a sample. bounded: nothing goes
    beyond the range of the training rows, each column its own (a picture stays one)."""

    way: str = "fgsm"
    norm: str = "inf"
    strengths: tuple[float, ...] = ()
    steps: int = STEPS
    rows: int = ROWS
    bounded: bool = True

    def __post_init__(self) -> None:
        if self.way not in WAYS or self.norm not in NORMS:
            raise ProjectError(f"An attack is one of {', '.join(WAYS)} by norm {' or '.join(NORMS)}.")
        if any(not strength >= 0 or strength == float("inf") for strength in self.strengths):
            raise ProjectError("The strength of an attack must be a number from 0 up, such as 0.1.")


@dataclass(frozen=True, eq=False)
class Attacked:
    """What came of an attack on rows of a split.

    places: of the rows among those of the split (R,). strengths (S,). right, noise: for classes the share of rows
    that is right at each strength, under attack and under noise of the same size; for places the share of those;
    for numbers their mean absolute error (S,). smallest: the least strength that fools each row (R,), 0 where it is
    wrong anyway, infinite where none up to the greatest does, and for numbers. before, after: what the network said
    of each row and says of the changed one: codes, a number (of several their mean absolute error), or how many
    boxes (R,). original, changed: by field, as the network is fed them (R, …); changed by the smallest change that
    fools the row, by the greatest strength where none does.
    """

    attack: Attack
    places: NDArray[np.int64]
    strengths: Floats
    right: Floats
    noise: Floats
    smallest: Floats
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    original: dict[str, NDArray[np.float32]]
    changed: dict[str, NDArray[np.float32]]

    @property
    def fooled(self) -> NDArray[np.bool_]:
        """Of each row whether it was right and a change made it wrong."""
        return np.isfinite(self.smallest) & (self.smallest > 0)

    @property
    def median(self) -> float:
        """The strength that fools half of the rows that were right; infinite where less than half can be."""
        able = self.smallest[self.smallest > 0]
        return float(np.median(able)) if len(able) else 0.0


def attacked(
    judge: Judge, attack: Attack, split: str = "test", name: str = "", places: Sequence[int] = (),
    progress: Progress = unheard,
) -> Attacked:  # fmt: skip
    """Attack rows of a split that count, evenly spread over it, or those given. ProjectError where no input can be
    changed."""
    count = judge.dataset.count(split)
    if not count:
        raise ProjectError(f"The data has no rows for {split}; give that split a share, or evaluate another.")
    chosen = np.asarray(places, np.int64) if len(places) else np.unique(
        np.linspace(0, count - 1, min(attack.rows, count)).round().astype(np.int64)
    )  # fmt: skip
    asking = Asking(judge, split, chosen, name)
    if asking.subject.kind == "classes" and not len(places):
        counted = (asking.target.reshape(len(chosen), -1)[:, 0] != asking.ignored).cpu().numpy()
        if 0 < counted.sum() < len(chosen):
            asking = Asking(judge, split, chosen[counted], name)
    asking.require_numbers()
    with asking.still():
        return _Attacker(asking, attack, progress).run()


class _Attacker:
    """Attacks the rows of an ``Asking``, all at once, each with a strength of its own."""

    def __init__(self, asking: Asking, attack: Attack, progress: Progress) -> None:
        import torch

        self.asking, self.attack, self.progress = asking, attack, progress
        self.clean = [asking.inputs[place].detach() for place in asking.changeable]
        self.limits = [
            limits_of(asking.judge.dataset, asking.judge.compiled.inputs[place].field, tensor)
            for place, tensor in zip(asking.changeable, self.clean, strict=True)
        ]
        self.numbers = asking.subject.kind == "numbers"
        self.random = torch.Generator().manual_seed(0)
        self.direction = self._direction(self.clean) if attack.way == "fgsm" else None

    def run(self) -> Attacked:
        import torch

        strengths = np.asarray(self.attack.strengths or self._usual(), np.float64)
        rows = len(self.clean[0])
        right, noise = np.zeros(len(strengths)), np.zeros(len(strengths))
        found = torch.full((rows,), float("inf"), dtype=torch.float64)
        below = torch.zeros(rows, dtype=torch.float64)
        total = len(strengths) + (0 if self.numbers else HALVINGS[self.attack.way])
        for place, strength in enumerate(strengths):
            self.progress(place / total)
            fine, right[place] = self._try(self._changed(torch.full((rows,), float(strength))))
            noise[place] = self._try(self._noisy(float(strength)))[1]
            new = ~fine & torch.isinf(found)
            found[new] = float(strength)
            below[fine & torch.isinf(found)] = float(strength)
        fine, _ = self._try(self.clean)
        found[~fine] = 0.0
        if self.numbers:
            found[:] = float("inf")
        else:
            self._halve(below, found, len(strengths), total)
        largest = float(strengths[-1]) if len(strengths) else 0.0
        changed = self._changed(torch.where(torch.isinf(found), torch.full_like(found, largest), found).float())
        self.progress(1.0)
        return self._told(strengths, right, noise, found, changed)

    def _halve(self, below: torch.Tensor, found: torch.Tensor, done: int, total: int) -> None:
        """Find the least strength of each row that is fooled, between one that does not fool it and one that does."""
        import torch

        for round in range(HALVINGS[self.attack.way]):
            self.progress((done + round) / total)
            open_ = torch.isfinite(found) & (found > 0)
            if not bool(open_.any()):
                return
            middle = torch.where(open_, (below + found) / 2, torch.zeros_like(found))
            fine, _ = self._try(self._changed(middle.float()))
            found[open_ & ~fine] = middle[open_ & ~fine]
            below[open_ & fine] = middle[open_ & fine]

    def _told(
        self, strengths: Floats, right: Floats, noise: Floats, found: torch.Tensor, changed: list[torch.Tensor]
    ) -> Attacked:
        import torch

        fields = [self.asking.judge.compiled.inputs[place].field for place in self.asking.changeable]
        with torch.no_grad():
            before, after = (self._says(inputs) for inputs in (self.clean, changed))
        return Attacked(
            self.attack, self.asking.places, strengths, right, noise, found.numpy(), before, after,
            {field: tensor.cpu().numpy() for field, tensor in zip(fields, self.clean, strict=True)},
            {field: tensor.detach().cpu().numpy() for field, tensor in zip(fields, changed, strict=True)},
        )  # fmt: skip

    def _says(self, inputs: Sequence[torch.Tensor]) -> NDArray[np.float64]:
        from nnstudio.project.judging.judge import shares_of

        prediction, subject = self.asking.predict(inputs), self.asking.subject
        if self.numbers:
            told, target = self._answers(prediction)
            return told[:, 0] if told.shape[1] == 1 else np.asarray(np.abs(told - target).mean(axis=1))
        if subject.kind == "classes":
            made = shares_of(subject, prediction).argmax(dim=1)
        elif subject.kind == "boxes":
            made = (prediction[..., 4] > -0.5).sum(dim=1)
        else:
            made = codes_of(subject, prediction)
            made = made.reshape(len(made), -1)[:, 0]
        return np.asarray(made.double().cpu().numpy())

    def _answers(self, prediction: torch.Tensor) -> tuple[Floats, Floats]:
        """What is predicted and what is right, (rows, K) each, in the data's own unit."""
        told = prediction.sigmoid() if self.asking.subject.link == "sigmoid" else prediction
        return self._numbers(told), self._numbers(self.asking.target)

    def _numbers(self, values: torch.Tensor) -> Floats:
        """Numbers (rows, K) in the data's own unit."""
        flat = values.reshape(len(values), -1).float().cpu().numpy()
        return np.asarray(self.asking.judge.in_own_unit(self.asking.subject, flat), np.float64)

    def _usual(self) -> Floats:
        """Strengths from 0 to one that is seen."""
        span = max(float((high - low).max()) for low, high in self.limits)
        pictures = any(tensor.dim() == 4 for tensor in self.clean)
        reach = REACH * span if pictures else 2 * REACH
        if self.attack.norm == "2":
            reach *= 0.5 * sum(tensor[0].numel() for tensor in self.clean) ** 0.5
        if not (pictures or self.numbers):
            reach = self._reaching(reach)
        return np.linspace(0.0, reach, STRENGTHS)

    def _reaching(self, reach: float) -> float:
        """A strength that fools half of the rows that are right: this one, or what it is after some doublings."""
        import torch

        fine = self._try(self.clean)[0]
        for _ in range(DOUBLINGS):
            left = fine & self._try(self._changed(torch.full((len(fine),), reach)))[0]
            if 2 * int(left.sum()) <= int(fine.sum()):
                break
            reach *= 2
        return reach

    def _try(self, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, float]:
        """Of each row whether it is right, and the share that is (the mean absolute error, of numbers)."""
        import torch

        with torch.no_grad():
            prediction = self.asking.predict(inputs)
            if self.numbers:
                told, target = self._answers(prediction)
                return torch.ones(len(prediction), dtype=torch.bool), float(np.abs(told - target).mean())
            right = self.asking.right(prediction).cpu()
            if self.asking.subject.kind == "places":
                share = self.asking.share_right(codes_of(self.asking.subject, prediction))
                return right, float(share.mean())
        return right, float(right.double().mean())

    # --- changes ------------------------------------------------------------------------------------------------

    def _changed(self, strength: torch.Tensor) -> list[torch.Tensor]:
        """The inputs, each row changed with its strength (rows,)."""
        if self.direction is not None:
            return self._within([x + _rows(strength, d) * d for x, d in zip(self.clean, self.direction, strict=True)])
        return self._descend(strength)

    def _descend(self, strength: torch.Tensor) -> list[torch.Tensor]:
        """PGD: steps along the slope, each brought back to within the strength; of all that it came by, and of FGSM's
        one step, what is worst for each row."""
        at = [tensor.clone() for tensor in self.clean]
        each, best = 2.5 * strength / self.attack.steps, _Worst(self.asking)
        for step in range(self.attack.steps):
            direction = self._direction(at)
            if not step:
                leaps = [x + _rows(strength, d) * d for x, d in zip(at, direction, strict=True)]
                best.take(self._within(leaps))
            moved = [x + _rows(each, d) * d for x, d in zip(at, direction, strict=True)]
            at = self._within(self._near(moved, strength))
            best.take(at)
        return best.inputs

    def _near(self, moved: Sequence[torch.Tensor], strength: torch.Tensor) -> list[torch.Tensor]:
        """Changes no larger than the strength."""
        import torch

        apart = [x - clean for x, clean in zip(moved, self.clean, strict=True)]
        if self.attack.norm == "inf":
            apart = [torch.minimum(torch.maximum(d, -_rows(strength, d)), _rows(strength, d)) for d in apart]
        else:
            size = _sizes(apart)
            shrink = torch.where(size > strength.to(size), strength.to(size) / size.clamp_min(1e-30), 1.0)
            apart = [d * _rows(shrink, d) for d in apart]
        return [clean + d for clean, d in zip(self.clean, apart, strict=True)]

    def _within(self, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        if not self.attack.bounded:
            return list(inputs)
        return [x.clamp(low.to(x), high.to(x)) for x, (low, high) in zip(inputs, self.limits, strict=True)]

    def _direction(self, at: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Where the loss of each row rises fastest by the norm, with size 1."""
        import torch

        inputs = [tensor.detach().clone().requires_grad_(True) for tensor in at]
        slopes = torch.autograd.grad(self.asking.loss(self.asking.predict(inputs)).sum(), inputs, allow_unused=True)
        known = [torch.zeros_like(x) if slope is None else slope for x, slope in zip(inputs, slopes, strict=True)]
        if self.attack.norm == "inf":
            return [slope.sign() for slope in known]
        size = _sizes(known).clamp_min(1e-30)
        return [slope / _rows(size, slope) for slope in known]

    def _noisy(self, strength: float) -> list[torch.Tensor]:
        """Noise of this size: each number up or down by the strength, or a random direction of that length."""
        import torch

        drawn = [torch.randn(tensor.shape, generator=self.random).to(tensor) for tensor in self.clean]
        if self.attack.norm == "inf":
            drawn = [d.sign() for d in drawn]
        else:
            size = _sizes(drawn).clamp_min(1e-30)
            drawn = [d / _rows(size, d) for d in drawn]
        return self._within([x + strength * d for x, d in zip(self.clean, drawn, strict=True)])


class _Worst:
    """Of several changed inputs that which is worst for each row: one that makes it wrong, then by the loss."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.inputs: list[torch.Tensor] = []
        self._badness: torch.Tensor | None = None

    def take(self, inputs: Sequence[torch.Tensor]) -> None:
        """Keep of these what is worse than what was there."""
        import torch

        with torch.no_grad():
            prediction = self.asking.predict(inputs)
            loss = self.asking.loss(prediction).double().nan_to_num(nan=0.0)
            wrong = ~self.asking.right(prediction).to(loss.device)
        badness = loss + 1e6 * wrong
        if self._badness is None:
            self.inputs, self._badness = list(inputs), badness
            return
        worse = badness > self._badness
        self._badness = torch.where(worse, badness, self._badness)
        self.inputs = [
            torch.where(_rows(worse, new) > 0, new, old) for new, old in zip(inputs, self.inputs, strict=True)
        ]


def limits_of(dataset: Dataset, field: str, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The least and greatest that a field has in training rows and in these: of each column of a table (1, F) or of a
    window over time (1, 1, F), else of all its numbers together."""
    import torch

    arrays = dataset.arrays("train")
    apart = rows.dim() == 2 or (rows.dim() == 3 and bool(window_names(dataset, field, tuple(rows.shape[1:]))))
    axes = tuple(range(rows.dim() - 1)) if apart else tuple(range(rows.dim()))
    low, high = rows.amin(dim=axes, keepdim=True), rows.amax(dim=axes, keepdim=True)
    if field in arrays and (count := len(arrays[field])):
        some = np.unique(np.linspace(0, count - 1, min(KNOWN, count)).round().astype(np.int64))
        known = torch.from_numpy(np.ascontiguousarray(arrays[field][some])).to(rows)
        low = torch.minimum(low, known.amin(dim=axes, keepdim=True))
        high = torch.maximum(high, known.amax(dim=axes, keepdim=True))
    return low, high


def _rows(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A number for each row (rows,) as it is multiplied with (rows, …)."""
    return values.to(like).reshape(-1, *(1,) * (like.dim() - 1))


def _sizes(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """The L2 size of each row over all inputs together, (rows,)."""
    import torch

    return torch.sqrt(torch.stack([part.reshape(len(part), -1).square().sum(dim=1) for part in parts]).sum(dim=0))
