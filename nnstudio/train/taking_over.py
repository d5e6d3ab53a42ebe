"""Another network in the middle of a run: it takes over what still fits, and what optimizers remember of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnstudio.train.changing import same_kind
from nnstudio.train.replanning import remember
from nnstudio.train.state import State
from nnstudio.train.tracks import Track

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.carrying import Carried
    from nnstudio.compile.lower import Compiled


def take_over(new: State, old: State) -> Carried:
    """Have a run's new state, of an edited network, go on where the old one is.

    Weights go over as `compile.carrying` says. What an optimizer remembers of a weight goes with it, at the same
    places; what is new in a weight begins with zeros there. The place in the data and the random state go on. Which
    epoch was best is forgotten: its weights are of another network. Figures of the epoch that is under way begin anew,
    but for its losses.
    """
    from nnstudio.compile.carrying import carry

    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in old.weights.items()}
    carried = carry(new.compiled, arrays, old.compiled.resolution)
    became = {key: what for part in carried.parts for key, what in part.weights.items()}
    for track in new.tracks.all:
        source = _source(track, old)
        if source is not None:
            remember(track, _memories(track, source, new, old, became))
    new.progress = replace(old.progress, best_loss=None, best_epoch=0, waited=0)
    new.later, new.secret = old.later, old.secret
    new.losses = list(old.losses)
    done = len(new.losses)
    new.parts = {id: (old.parts.get(id) or [float("nan")] * done)[:] for id in new.parts}
    new.changed = done > 0
    return carried


def _source(track: Track, old: State) -> Track | None:
    """The phase of the old network whose optimizer this one's goes on from."""
    alike = [each for each in old.tracks.all if same_kind(each.plan.optimizer, track.plan.optimizer)]
    return next((each for each in alike if each.name == track.name), None)


def _memories(
    track: Track, source: Track, new: State, old: State, became: Mapping[str, str]
) -> dict[int, dict[str, Any]]:
    """What is remembered of each weight that went over, by its identity."""
    key_of = {id(parameter): key for key, parameter in new.compiled.training.named_parameters()}
    wanted = {key_of[id(p)]: p for p in track.parameters if became.get(key_of[id(p)], "fresh") != "fresh"}
    found: dict[int, dict[str, Any]] = {}
    for name, (tensors, single) in _told(source, old).items():
        moved = _moved(new.compiled, tensors, old.compiled)
        for key, parameter in wanted.items():
            value = moved[key].max().cpu() if single else moved[key].to(new.device)
            found.setdefault(id(parameter), {})[name] = value
    return found


def _told(source: Track, old: State) -> dict[str, tuple[dict[str, torch.Tensor], bool]]:
    """What an optimizer remembers, by name and then by weight, in the weight's shape; and whether it is one number,
    which then stands at every place."""
    import torch

    key_of = {id(parameter): key for key, parameter in old.compiled.training.named_parameters()}
    told: dict[str, tuple[dict[str, torch.Tensor], bool]] = {}
    for parameter, values in source.optimizer.state.items():
        for name, value in values.items():
            if value is not None:
                single = name == "step"
                shaped = torch.full_like(parameter, float(value)) if single else value
                told.setdefault(name, ({}, single))[0][key_of[id(parameter)]] = shaped
    return told


def _moved(compiled: Compiled, tensors: Mapping[str, torch.Tensor], was: Compiled) -> dict[str, torch.Tensor]:
    """Tensors of the old weights' shapes at the places to which those weights went; zeros elsewhere. By key."""
    import torch

    from nnstudio.compile.carrying import carry

    state = compiled.training.state_dict()
    kept = {key: value.clone() for key, value in state.items()}
    with torch.no_grad():
        for parameter in compiled.training.parameters():
            parameter.zero_()
        carry(compiled, {key: value.detach().cpu().numpy() for key, value in tensors.items()}, was.resolution)
        moved = {key: value.detach().clone() for key, value in compiled.training.named_parameters()}
        for key, value in kept.items():
            state[key].copy_(value)
    return moved
