"""Asking the network again about some rows: which inputs can be changed, and what it then says, with gradients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.project.errors import ProjectError
from nnstudio.project.judging.judge import ONE_NUMBER, Judge, codes_of, shares_of, yes_of
from nnstudio.project.judging.objects import OVERLAP
from nnstudio.project.judging.subjects import Subject
from nnstudio.project.judging.taps import tapped

if TYPE_CHECKING:
    import torch

#: Why answers of a kind cannot be attacked or explained.
_WITHOUT = {
    "losses": "This network gives no answer that is compared with a target, so that there is nothing to attack or "
    "explain; only its losses can be judged.",
    "objects": "This network answers with the number of each pixel's object, which does not change little by little, "
    "so that it can be neither attacked nor explained; its worst rows and slices can be looked at.",
}

_OF_CODES = (
    "This network takes class codes or tokens alone, which cannot be changed little by little; an attack needs an "
    "input of numbers, such as a picture."
)


def why_not_attacked(judge: Judge, name: str = "") -> str:
    """Why a subject cannot be attacked, in a sentence; "" where it can."""
    subject = judge.subject(name)
    if subject.kind in _WITHOUT:
        return _WITHOUT[subject.kind]
    needed = judge.compiled.network.ancestors([subject.prediction[0]])
    known = [spec for spec in judge.compiled.inputs if spec.draw is None and spec.node in needed]
    return "" if any(not spec.type.is_int for spec in known) else _OF_CODES


class Asking:
    """Some rows of a split, and the network's prediction of one subject for changed inputs.

    inputs: tensors in the order of ``compiled.inputs``. changeable: places among them of float fields of the data on
    which the prediction depends. target: as the loss is fed it. Inside :meth:`still` nothing of the network changes.
    """

    def __init__(
        self, judge: Judge, split: str, places: Sequence[int] | NDArray[np.int64], name: str = "",
        rows: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:  # fmt: skip
        """``rows``: encoded arrays by field of rows that are not in the data, in the place of those of the split."""
        self.judge, self.split, self.places = judge, split, np.asarray(places, np.int64)
        self.subject: Subject = judge.subject(name)
        if self.subject.kind in _WITHOUT:
            raise ProjectError(_WITHOUT[self.subject.kind])
        self.module = tapped(judge.compiled, (self.subject.prediction,), through=True)
        self.inputs = judge.batch(split, self.places) if rows is None else judge.batch_of(rows)
        network, specs = judge.compiled.network, judge.compiled.inputs
        needed = network.ancestors([self.subject.prediction[0]])
        self.changeable = tuple(
            place for place, (spec, tensor) in enumerate(zip(specs, self.inputs, strict=True))
            if spec.draw is None and spec.node in needed and tensor.dtype.is_floating_point
        )  # fmt: skip
        self.coded = tuple(
            place for place, (spec, tensor) in enumerate(zip(specs, self.inputs, strict=True))
            if spec.draw is None and spec.node in needed and not tensor.dtype.is_floating_point
        )  # fmt: skip
        with self.still():
            taps = (self.subject.target, self.subject.padding or self.subject.target)
            target, padding = tapped(judge.compiled, taps)(*self.inputs)
            self.target: torch.Tensor = self.subject.own(target.detach())
            if self.subject.padding is not None:
                self.target = self.target.masked_fill(padding.bool().reshape(target.shape), self.ignored)

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Evaluation mode (dropout off); parameters need no gradients, and everything is as before afterwards."""
        import torch

        module = self.judge.compiled.training
        training = [each for each in module.modules() if each.training]
        learning = [each for each in module.parameters() if each.requires_grad]
        module.eval()
        for parameter in learning:
            parameter.requires_grad_(False)
        try:
            with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # its RNNs know no gradients in it
                yield
        finally:
            for parameter in learning:
                parameter.requires_grad_(True)
            for each in training:
                each.training = True

    @property
    def ignored(self) -> int:
        """The class code that does not count."""
        return -100 if self.subject.ignored is None else self.subject.ignored

    def require_numbers(self) -> None:
        """ProjectError where no input of numbers can be changed little by little."""
        if not self.changeable:
            raise ProjectError(_OF_CODES)

    def predict(self, changed: Sequence[torch.Tensor]) -> torch.Tensor:
        """The prediction where the changeable inputs are these."""
        inputs = list(self.inputs)
        for place, tensor in zip(self.changeable, changed, strict=True):
            inputs[place] = tensor
        prediction: torch.Tensor = self.subject.own(self.module(*inputs)[0])
        return prediction

    def loss(self, prediction: torch.Tensor) -> torch.Tensor:
        """How wrong each row is, (rows,): cross-entropy for classes, the squared error for numbers; of boxes, how
        unsure the network is of all that it finds."""
        import torch
        from torch.nn import functional

        subject = self.subject
        if subject.kind == "boxes":
            return 1.0 - prediction[..., 5].mean(dim=1)
        if subject.kind == "numbers":
            told = prediction.sigmoid() if subject.link == "sigmoid" else prediction
            return _by_row((told - self.target) ** 2)
        if subject.link in ONE_NUMBER or (subject.link == "none" and prediction.shape == self.target.shape):
            right = self.target.reshape(prediction.shape).to(prediction.dtype)
            likely = subject.link == "sigmoid"
            logits = prediction if likely else torch.logit(yes_of(subject, prediction).clamp(1e-7, 1 - 1e-7))
            each = functional.binary_cross_entropy_with_logits(logits, right, reduction="none")
            return _by_row(each)
        prediction = prediction.movedim(-1, 1) if subject.last else prediction
        logs = prediction if subject.link == "exp" else functional.log_softmax(prediction, dim=1)
        right = self.target.reshape(len(logs), *logs.shape[2:]).long()
        each = functional.nll_loss(logs, right, reduction="none", ignore_index=self.ignored)
        return _by_row(each)

    def right(self, prediction: torch.Tensor) -> torch.Tensor:
        """Of each row whether it is right: bool (rows,) for classes; of places and boxes, whether more than half
        are; of numbers, none."""
        import torch

        from nnstudio.nn.metrics_detection import matched_boxes

        subject = self.subject
        if subject.kind == "boxes":
            found = matched_boxes(prediction.detach(), self.target, OVERLAP).sum(dim=1)
            return (2 * found > (self.target[..., 4] > -0.5).sum(dim=1)).cpu()
        if subject.kind == "classes":
            target = self.target.reshape(len(prediction), -1)[:, 0].round().long()
            right: torch.Tensor = shares_of(subject, prediction).argmax(dim=1) == target
            return right
        if subject.kind == "places":
            codes = codes_of(subject, prediction)
            most: torch.Tensor = self.share_right(codes) > 0.5
            return most
        return torch.zeros(len(prediction), dtype=torch.bool, device=prediction.device)

    def share_right(self, codes: torch.Tensor) -> torch.Tensor:
        """Of each row the share of its places that is right, (rows,)."""
        target = self.target.reshape(codes.shape).round().long()
        known = target != self.ignored
        hits = ((codes == target) & known).reshape(len(codes), -1).sum(dim=1)
        share: torch.Tensor = hits / known.reshape(len(codes), -1).sum(dim=1).clamp_min(1)
        return share


def _by_row(values: torch.Tensor) -> torch.Tensor:
    """The mean of each row, (rows,)."""
    made: torch.Tensor = values.reshape(len(values), -1).mean(dim=1)
    return made
