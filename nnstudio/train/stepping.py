"""One step of training, made into a function once: it runs thousands of times a second."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from nnstudio.train import schedules
from nnstudio.train.batches import Batch
from nnstudio.train.events import Event
from nnstudio.train.kernels import backward_on, forward_of, update_of
from nnstudio.train.looking import Finish, Looker, Where
from nnstudio.train.losses import Losses
from nnstudio.train.optimizers import gradient_work
from nnstudio.train.state import State
from nnstudio.train.tracks import Track

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled


class Stepper:
    """Steps of a run, plain and looked at. Both do the same arithmetic."""

    def __init__(self, compiled: Compiled, state: State, losses: Losses, steps_per_epoch: int) -> None:
        self.compiled, self.state, self.losses = compiled, state, losses
        tracks = state.tracks.all
        self.lookers = {track: Looker(compiled, track, state.device) for track in tracks}
        self.schedules = {track: schedules.schedule(track.plan, steps_per_epoch) for track in tracks}
        self.steps_per_epoch = steps_per_epoch
        self.backward = backward_on(state.device)
        self._forwards: dict[Track, Callable[..., Any]] = {}
        self._updates: dict[torch.optim.Optimizer, Callable[[], None]] = {}
        self._next_look = 0

    @property
    def trained(self) -> tuple[str, ...]:
        """Ids of the nodes with weights that are trained."""
        found = {id for looker in self.lookers.values() for id in looker.norms.nodes}
        return tuple(id for id in self.compiled.resolution.order if id in found)

    def rate(self, step: int) -> float:
        """The learning rate of a step, as the plateau stands now."""
        return self._rate(self.state.tracks.at(step), step)

    def _rate(self, track: Track, step: int) -> float:
        """Schedules count steps as if every epoch so far had had as many as this one: others may have had a batch size
        of their own."""
        place = self.state.progress
        at = step + place.epoch * self.steps_per_epoch + place.batch - place.step
        return self.schedules[track](at) * place.plateau[2]

    def plain(self) -> Callable[[Batch], None]:
        """A step as a function, good for one epoch (the plateau may change after it)."""
        tracks, progress = self.state.tracks, self.state.progress
        steps = [self._plain(track) for track in tracks.all]
        if len(steps) == 1:
            tracks.enter(tracks.all[0])
            return steps[0]
        turn = [(tracks.all[place], steps[place]) for place in tracks.turn]

        def step(batch: Batch) -> None:
            track, own = turn[progress.step % len(turn)]
            tracks.enter(track)
            own(batch)

        return step

    def _plain(self, track: Track) -> Callable[[Batch], None]:
        if track not in self._forwards:
            self._forwards[track] = forward_of(track.part.training)
        forward, total_of, backward = self._forwards[track], track.objective.total, self.backward
        finish, private = self.finisher(track), track.private
        if private is not None:
            return lambda batch: finish(*private(batch))

        def step(batch: Batch) -> None:
            out = forward(*batch)
            total = total_of(out)
            backward(total)
            finish(out, total)

        return step

    def finisher(self, track: Track) -> Finish:
        """What follows after backward: the optimizer's step, and the figures put aside on the device."""
        update, progress, rates, waiting = (
            self.updater(track), self.state.progress, self.losses.rates, self.losses.waiting,
        )  # fmt: skip
        add = track.metrics.add if track.metrics.modules else None
        every = self.losses.waiting_parts.items()
        parts = tuple((id, values) for id, values in every if id in track.part.losses)
        others, unknown = tuple(values for id, values in every if id not in track.part.losses), self.losses.unknown
        changing, groups, rate = schedules.changes(track.plan), _groups(track), self._rate
        now = rate(track, progress.step)
        for group, factor in groups:
            group["lr"] = now * factor

        def finish(out: dict[str, torch.Tensor], total: torch.Tensor) -> None:
            nonlocal now
            if changing:
                now = rate(track, progress.step)
                for group, factor in groups:
                    group["lr"] = now * factor
            update()
            rates.append(now)
            waiting.append(total.detach())
            for id, values in parts:
                values.append(out[id].detach())
            for values in others:
                values.append(unknown)
            if add is not None:
                add(out)
            progress.step += 1
            progress.batch += 1

        return finish

    def updater(self, track: Track) -> Callable[[], None]:
        """From gradients to new weights: L1, clipping, the optimizer; then the gradients are dropped."""
        if track.optimizer not in self._updates:
            self._updates[track.optimizer] = update_of(track.optimizer)
        parameters, update, work = track.parameters, self._updates[track.optimizer], gradient_work(track.plan)

        def step() -> None:
            if work is not None:
                work(parameters)
            update()
            for parameter in parameters:
                parameter.grad = None

        return step

    def update_again(self) -> None:
        """The update of a step that is done again, at the rate that it had."""
        track = self.state.track
        now = self.rate(self.state.progress.step)
        for group, factor in _groups(track):
            group["lr"] = now * factor
        self.updater(track)()

    def look_now(self) -> bool:
        """Whether a look that is due falls on the next step: phases are looked at in turn."""
        tracks = self.state.tracks
        return len(tracks.all) == 1 or self.state.track is tracks.all[self._next_look]

    def look(self, batch: Batch, at: Where, what: Collection[str] = ("activations", "gradients")) -> list[Event]:
        """A step that is looked at: Activations, Gradients or both. ``at`` gives an event's step and time."""
        tracks = self.state.tracks
        self._next_look = (tracks.all.index(self.state.track) + 1) % len(tracks.all)
        looker = self.enter_looker()
        return looker.look(batch, self.finisher(looker.track), at, what)

    def enter_looker(self) -> Looker:
        """What looks at the phase of the next step, which is entered."""
        track = self.state.track
        self.state.tracks.enter(track)
        return self.lookers[track]


def _groups(track: Track) -> list[tuple[dict[str, Any], float]]:
    """The optimizer's groups of parameters, each with what the learning rate is multiplied by."""
    return [(group, group["factor"]) for group in track.optimizer.param_groups]
