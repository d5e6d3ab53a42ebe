"""Another plan in the middle of a run: what the optimizers remember goes on where it can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnstudio.train.changing import changed, same_kind
from nnstudio.train.plan import Plan
from nnstudio.train.state import State
from nnstudio.train.tracks import Track, Tracks

if TYPE_CHECKING:
    import torch


def replan(state: State, plan: Plan) -> None:
    """Have a run go on by another plan. TrainingError where it does not fit the network; then all is as it was.

    Each weight keeps what its optimizer remembers of past gradients, where the optimizer is of the same kind as before.
    A learning rate or schedule that is set holds as it was set: what a plateau took off it is forgotten.
    """
    before = state.plan
    state.tracks.leave()
    tracks = Tracks(state.compiled, plan, state.device)
    for new in tracks.all:
        remember(new, {id(p): found for p in new.parameters if (found := _remembered(state.tracks, new, p))})
        same = [old for old in state.tracks.all if old.metrics.modules.keys() == new.metrics.modules.keys()]
        if same:
            new.metrics = same[0].metrics
    state.plan, state.tracks, state.parameters = plan, tracks, tracks.parameters
    if {"learning_rate", "schedule"} & set(changed(before, plan)):
        best, _, _ = state.progress.plateau
        state.progress.plateau = (best, 0, 1.0)
    if not plan.keeps_best:
        state.best = {}  # or it might be put back after a better epoch that was not kept


def remember(track: Track, known: Mapping[int, Mapping[str, Any]]) -> None:
    """Give a phase's optimizer what is remembered of its weights, by their identity, as far as its options use it."""
    import torch

    kind, momentum = track.plan.optimizer, track.plan.momentum
    buffered = kind == "RMSprop" or any(values.get("momentum_buffer") is not None for values in known.values())
    for group in track.optimizer.param_groups:
        for parameter in group["params"]:
            found = dict(known.get(id(parameter), {}))
            if kind in ("SGD", "RMSprop") and not momentum:
                found.pop("momentum_buffer", None)
            elif buffered and (kind == "SGD" or found) and found.get("momentum_buffer") is None:
                found["momentum_buffer"] = torch.zeros_like(parameter)  # torch wants all to have one, or none
            if found:
                track.optimizer.state[parameter] = found


def _remembered(tracks: Tracks, new: Track, parameter: torch.nn.Parameter) -> Mapping[str, Any] | None:
    """What an optimizer of the same kind remembers of a weight: that of the phase of the same name first."""
    for old in sorted(tracks.all, key=lambda each: each.name != new.name):
        if same_kind(old.plan.optimizer, new.plan.optimizer) and old.optimizer.state.get(parameter):
            found: Mapping[str, Any] = old.optimizer.state[parameter]
            return found
    return None
