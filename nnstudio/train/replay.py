"""Finding out where numbers went bad: the steps since the last good moment are done again, looking at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnstudio.train.batches import Batch
from nnstudio.train.probes import Norms
from nnstudio.train.state import Moment, State

if TYPE_CHECKING:
    import torch

    from nnstudio.train.batches import Batches


@dataclass(frozen=True, slots=True)
class Culprit:
    """The first thing that was not finite: at which step, what of which node (``""`` where it is none's)."""

    step: int
    node: str
    what: str


def find_culprit(
    state: State,
    batches: Batches,
    moment: Moment,
    bad_step: int,
    update: Callable[[], None],
    abandoned: Callable[[], bool],
) -> Culprit:
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
                return Culprit(place.step, *found)
            place.step += 1
            place.batch += 1
            if place.step > bad_step + 3 or abandoned():
                break
        else:
            place.epoch, place.batch = place.epoch + 1, 0
    return Culprit(bad_step, "", "loss")


class _Finder:
    def __init__(self, state: State) -> None:
        self.state = state
        self.norms = {track: Norms(state.compiled, track.parameters) for track in state.tracks.all}

    def step(self, batch: Batch, update: Callable[[], None]) -> tuple[str, str] | None:
        """One step; the node that went bad and what of it, or None where all was finite."""
        compiled, track = self.state.compiled, self.state.track
        norms = self.norms[track]
        self.state.tracks.enter(track)
        for spec, tensor in zip(compiled.inputs, batch, strict=True):
            if not _finite(tensor):
                return spec.node, "data"
        out, activations = track.part.observed(*batch)
        for id, value in activations.items():
            if not _finite(value):
                return id, "output" if self._finite_weights(id) else "weights"
        total = track.objective.total(out)
        if not _finite(total):
            return "", "loss"
        total.backward()  # type: ignore[no-untyped-call]
        for id in reversed(norms.nodes):
            if not self._finite_gradient(id):
                return id, "gradient"
        update()
        for id in norms.nodes:
            if not self._finite_weights(id):
                return id, "weights"
        return None

    def _finite_gradient(self, id: str) -> bool:
        parameters = self.state.compiled.modules[id].parameters()
        return all(_finite(parameter.grad) for parameter in parameters if parameter.grad is not None)

    def _finite_weights(self, id: str) -> bool:
        module = self.state.compiled.modules.get(id)
        return module is None or all(_finite(parameter) for parameter in module.parameters())


def _finite(tensor: torch.Tensor) -> bool:
    return not tensor.is_floating_point() or bool(tensor.detach().isfinite().all())
