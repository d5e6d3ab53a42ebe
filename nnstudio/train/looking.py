"""Looking: what the instruments see of one phase's steps, of its weights and of what its nodes take."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from nnstudio.train.clock import busy_clock
from nnstudio.train.events import Activations, Event, Gradients, Histogram, Timings, Weights
from nnstudio.train.noise import Noise
from nnstudio.train.observing import Observing
from nnstudio.train.private import aside
from nnstudio.train.probes import Norms, histograms
from nnstudio.train.timings import Stopwatch
from nnstudio.train.walking import Route

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.train.batches import Batch
    from nnstudio.train.private import PrivateGradients
    from nnstudio.train.tracks import Track

#: Gives the step and time that an event has.
Where = Callable[[], dict[str, Any]]
#: What follows after backward.
Finish = Callable[["dict[str, torch.Tensor]", "torch.Tensor"], None]


class Looker:
    """Looks at the steps of one phase. ``spent``: seconds that each instrument took at the last look, beyond the step
    itself (on a GPU, what the host did and waited)."""

    def __init__(self, compiled: Compiled, track: Track, device: torch.device) -> None:
        self.compiled, self.track, self.device = compiled, track, device
        self.norms = Norms(compiled, track.parameters)
        self.spent: dict[str, float] = {}
        self.clock = busy_clock(device.type)
        self._observing: Observing | None = None
        self._noise: Noise | None = None
        self._stopwatch: Stopwatch | None = None

    def look(self, batch: Batch, finish: Finish, at: Where, what: Collection[str]) -> list[Event]:
        """A step that is looked at, by ``gradients``, ``activations`` or both; what was seen."""
        track = self.track
        found: list[Event] = []
        if not len(batch[0]):  # a private step may draw no rows
            what = set(what) - {"activations"}
        gradients = _GradientLook(self) if "gradients" in what else None
        if track.private is not None:
            if "activations" in what:
                with aside(self.device):
                    _, *seen = self.observing.forward(*batch)
            out, total = track.private(batch)
        else:
            if "activations" in what:
                out, *seen = self.observing.forward(*batch)
            else:
                out = track.part.training.forward(*batch)
            total = track.objective.total(out)
            total.backward()  # type: ignore[no-untyped-call]
        if gradients is not None:
            gradients.after_backward()
        finish(out, total)
        where = at()
        self.spent = {}
        if "activations" in what:
            began = self.clock()
            found.append(Activations(**where, **self.observing.told(*seen)))
            self.spent["activations"] = self.clock() - began
        if gradients is not None:
            found.append(gradients.after_update(where))
            self.spent["gradients"] = gradients.spent
        return found

    def timed(self, batch: Batch, finish: Finish, at: Where) -> list[Event]:
        """A step that is done node by node, with a watch."""
        if self._stopwatch is None:
            inputs = [spec.node for spec in self.compiled.inputs]
            self._stopwatch = Stopwatch(Route(self.track.part.observed, inputs), self.device)
        private = self.track.private
        if private is not None:
            return self._timed_privately(private, batch, finish, at)
        out = self._stopwatch.forward(batch)
        total = self.track.objective.total(out)
        total.backward()  # type: ignore[no-untyped-call]
        forward, backward = self._stopwatch.stop()
        finish(out, total)
        return [Timings(**at(), forward=forward, backward=backward)]

    def _timed_privately(self, private: PrivateGradients, batch: Batch, finish: Finish, at: Where) -> list[Event]:
        """A private step, after its nodes were watched on their way forward."""
        assert self._stopwatch is not None
        found: list[Event] = []
        if len(batch[0]):
            with aside(self.device):
                self._stopwatch.forward(batch)
            forward, _ = self._stopwatch.stop()
            found.append(Timings(**at(), forward=forward))
        finish(*private(batch))
        return found

    def weights(self, at: Where) -> Weights:
        """How the weights of the nodes that the phase trains are distributed, as they are now."""
        modules = {id: self.compiled.modules[id] for id in self.norms.nodes}
        named = {(id, name): p for id, module in modules.items() for name, p in module.named_parameters()}
        found: dict[str, dict[str, Histogram]] = {}
        for (id, name), histogram in histograms(named).items():
            found.setdefault(id, {})[name] = histogram
        return Weights(**at(), layers=found)

    @property
    def observing(self) -> Observing:
        """The phase's forward pass with all that its layers put out."""
        if self._observing is None:
            self._observing = Observing(self.compiled, self.track.part.observed)
        return self._observing

    @property
    def noise(self) -> Noise:
        """The gradients of the last looks."""
        if self._noise is None:
            self._noise = Noise(self.norms.parameters)
        return self._noise


class _GradientLook:
    """Gradients of one step: begun before it, noted after backward and measured after the update."""

    def __init__(self, looker: Looker) -> None:
        began = looker.clock()
        self.looker = looker
        self.before = looker.norms.before()
        self.spent = looker.clock() - began

    def after_backward(self) -> None:
        began = self.looker.clock()
        self.gradients = self.looker.norms.gradients()
        self.looker.noise.take()
        self.spent += self.looker.clock() - began

    def after_update(self, where: dict[str, Any]) -> Gradients:
        began = self.looker.clock()
        found = self.looker.norms.measure(self.gradients, self.before, self.looker.noise.norms())
        self.spent += self.looker.clock() - began
        sizes, weights, updates, signal = found
        return Gradients(**where, gradients=sizes, weights=weights, updates=updates, signal=signal)
