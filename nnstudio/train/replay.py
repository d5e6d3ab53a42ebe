"""The flight recorder: where numbers went bad, the steps since the last good moment are done again, looking at each.

It names the first node, the batch and, where it can be told, the sample in which a number was NaN or Inf, and keeps the
largest numbers of every node over the last steps. Doing them again costs nothing while training goes well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.batches import Batch
from nnstudio.train.events import FlightRecorded
from nnstudio.train.private import aside
from nnstudio.train.state import Moment, State

if TYPE_CHECKING:
    import torch

    from nnstudio.train.batches import Batches
    from nnstudio.train.tracks import Track

#: Steps whose numbers are kept.
KEPT = 32
#: Samples of a batch that are tried one by one, at most, where it is a gradient that went bad.
TRIED = 256


@dataclass(frozen=True, slots=True)
class Culprit:
    """The first thing that was not finite: at which step, what of which node (``""`` where it is none's).

    what: ``data``, ``output``, ``gradient``, ``weights`` or ``loss``. value: ``NaN`` or ``Inf``. epoch and batch count
    from 0. rows: of the training split in the batch. sample: the row in which it began, -1 where that cannot be told.
    """

    step: int
    node: str
    what: str
    value: str = "NaN"
    epoch: int = 0
    batch: int = 0
    rows: tuple[int, ...] = ()
    sample: int = -1


@dataclass(frozen=True, slots=True)
class _Seen:
    """One step: the loss, and the largest absolute number of each node's output, gradient and weights, by node id."""

    loss: float
    outputs: Mapping[str, float]
    gradients: Mapping[str, float]
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Found:
    """What the flight recorder found out, and the numbers of the last steps with their steps."""

    culprit: Culprit
    steps: tuple[int, ...]
    seen: tuple[_Seen, ...]

    def event(self, time: float) -> FlightRecorded:
        """As an event; nodes in the order in which they run."""
        culprit = self.culprit
        nodes = tuple(dict.fromkeys(id for one in self.seen for id in (*one.outputs, *one.weights)))

        def table(name: str) -> NDArray[np.float32]:
            rows = [[getattr(one, name).get(id, np.nan) for id in nodes] for one in self.seen]
            return np.asarray(rows, np.float32).reshape(len(rows), len(nodes))

        return FlightRecorded(
            step=culprit.step, time=time, node=culprit.node, what=culprit.what, value=culprit.value,
            epoch=culprit.epoch + 1, batch=culprit.batch, rows=np.asarray(culprit.rows, np.int64),
            sample=culprit.sample, steps=np.asarray(self.steps, np.int64), nodes=nodes,
            losses=np.asarray([one.loss for one in self.seen], np.float32), outputs=table("outputs"),
            gradients=table("gradients"), weights=table("weights"),
        )  # fmt: skip


def find_culprit(
    state: State,
    batches: Batches,
    moment: Moment,
    bad_step: int,
    update: Callable[[], None],
    abandoned: Callable[[], bool],
) -> Found:
    """Do the steps from ``moment`` on again, up to ``bad_step`` and a few more, and say what first went bad.

    Each step is looked at in the order in which a number can go bad: the inputs, the activations in forward order, the
    gradients in backward order, the updated weights. ``update`` does what the trainer does between backward and the
    next step. On a GPU a repeated run may differ in the last digits, hence the few steps more.
    """
    state.restore(moment)
    finder = _Finder(state)
    place = state.progress
    while place.step <= bad_step + 3 and not abandoned():
        for batch in batches.epoch(place.epoch, place.batch):
            found = finder.step(batch, update)
            if found:
                rows = batches.rows_of(place.epoch, place.batch)
                node, what, value, at = found
                sample = rows[at] if 0 <= at < len(rows) else -1
                culprit = Culprit(place.step, node, what, value, place.epoch, place.batch, rows, sample)
                return finder.found(culprit)
            place.step += 1
            place.batch += 1
            if place.step > bad_step + 3 or abandoned():
                break
        else:
            place.epoch, place.batch = place.epoch + 1, 0
    return finder.found(Culprit(bad_step, "", "loss", epoch=place.epoch, batch=place.batch))


class _Finder:
    """Does steps and looks at every number of them."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.steps: deque[int] = deque(maxlen=KEPT)
        self.seen: deque[_Seen] = deque(maxlen=KEPT)
        self._owned = {track: _owned(state, track) for track in state.tracks.all}

    def found(self, culprit: Culprit) -> Found:
        return Found(culprit, tuple(self.steps), tuple(self.seen))

    def step(self, batch: Batch, update: Callable[[], None]) -> tuple[str, str, str, int] | None:
        """One step; the node that went bad, what of it, how, and in which sample of the batch (-1: cannot be told).

        None where all was finite.
        """
        compiled, track = self.state.compiled, self.state.track
        owned = self._owned[track]
        self.state.tracks.enter(track)
        for spec, tensor in zip(compiled.inputs, batch, strict=True):
            if not _finite(tensor):
                self._keep(weights=_peaks_of(owned))
                return spec.node, "data", _kind(_peaks({"": tensor})[""]), _sample(tensor, len(tensor))
        if track.private is not None and not len(batch[0]):  # noise alone
            track.private(batch)
            update()
            return None
        with aside(self.state.device) if track.private is not None else nullcontext():
            out, activations = track.part.observed(*batch)
        outputs = _peaks(activations)
        total = track.objective.total(out)
        loss = float(total.detach())
        bad = _first(outputs, outputs)
        if bad is not None:
            self._keep(loss, outputs, weights=_peaks_of(owned))
            at = _sample(activations[bad], len(batch[0]) if batch else 0)
            return bad, "output" if _finite_weights(owned.get(bad, ())) else "weights", _kind(outputs[bad]), at
        if not np.isfinite(loss):
            self._keep(loss, outputs, weights=_peaks_of(owned))
            return "", "loss", _kind(loss), -1
        if track.private is not None:
            track.private(batch)
        else:
            total.backward()  # type: ignore[no-untyped-call]
        gradients = _peaks_of(owned, gradient=True)
        bad = _first(gradients, reversed(owned))
        if bad is not None:
            self._keep(loss, outputs, gradients, _peaks_of(owned))
            return bad, "gradient", _kind(gradients[bad]), self._tried(batch, bad)
        update()
        weights = _peaks_of(owned)
        self._keep(loss, outputs, gradients, weights)
        bad = _first(weights, owned)
        return None if bad is None else (bad, "weights", _kind(weights[bad]), -1)

    def _keep(
        self, loss: float = np.nan, outputs: Mapping[str, float] | None = None,
        gradients: Mapping[str, float] | None = None, weights: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self.steps.append(self.state.progress.step)
        self.seen.append(_Seen(loss, outputs or {}, gradients or {}, weights or {}))

    def _tried(self, batch: Batch, node: str) -> int:
        """The first sample that makes the node's gradient go bad all by itself; -1 where none does."""
        track = self.state.track
        parameters = self._owned[track][node]
        training = [each for each in self.state.compiled.training.modules() if each.training]
        self.state.compiled.training.eval()  # batch normalisation cannot work on one sample
        try:
            for at in range(min(TRIED, len(batch[0]) if batch else 0)):
                for parameter in track.parameters:
                    parameter.grad = None
                out = track.part.training(*(tensor[at : at + 1] for tensor in batch))
                track.objective.total(out).backward()  # type: ignore[no-untyped-call]
                if not all(_finite(parameter.grad) for parameter in parameters if parameter.grad is not None):
                    return at
        except RuntimeError:  # a layer that does not work on one sample
            return -1
        finally:
            for each in training:
                each.training = True
        return -1


def _owned(state: State, track: Track) -> dict[str, list[torch.nn.Parameter]]:
    """The weights of each node that a phase trains, by id, in forward order."""
    trained, compiled = set(map(id, track.parameters)), state.compiled
    found = {}
    for node in compiled.resolution.order:
        module = None if node in compiled.resolution.expansion.shared else compiled.modules.get(node)
        own = [parameter for parameter in module.parameters() if id(parameter) in trained] if module is not None else []
        if own:
            found[node] = own
    return found


def _peaks(tensors: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """The largest absolute number of each tensor, NaN where one is; in one transfer."""
    import torch

    real = {id: value.detach() for id, value in tensors.items() if value.is_floating_point() and value.numel()}
    if not real:
        return {}
    largest = torch.stack([value.abs().amax().float() for value in real.values()]).tolist()
    return dict(zip(real, largest, strict=True))


def _peaks_of(owned: Mapping[str, list[torch.nn.Parameter]], gradient: bool = False) -> dict[str, float]:
    """The largest absolute number of each node's weights, or of their gradients."""
    tensors = {
        f"{place} {id}": parameter.grad if gradient else parameter
        for id, parameters in owned.items()
        for place, parameter in enumerate(parameters)
    }
    each = _peaks({name: tensor for name, tensor in tensors.items() if tensor is not None})
    found: dict[str, float] = {}
    for name, value in each.items():
        id = name.partition(" ")[2]
        found[id] = value if id not in found else float(np.maximum(found[id], value))  # NaN stays
    return found


def _first(peaks: Mapping[str, float], order: Iterable[str]) -> str | None:
    return next((id for id in order if id in peaks and not np.isfinite(peaks[id])), None)


def _sample(value: torch.Tensor, count: int) -> int:
    """The first sample of a batch whose numbers are not all finite; -1 where the first axis is not the batch's."""
    value = value.detach()
    if not value.dim() or len(value) != count:
        return -1
    bad = ~value.isfinite().reshape(count, -1).all(dim=1)
    return int(bad.int().argmax()) if bool(bad.any()) else -1


def _kind(value: float) -> str:
    return "NaN" if np.isnan(value) else "Inf"


def _finite(tensor: torch.Tensor) -> bool:
    return not tensor.is_floating_point() or bool(tensor.detach().isfinite().all())


def _finite_weights(parameters: Iterable[Any]) -> bool:
    return all(_finite(parameter) for parameter in parameters)
