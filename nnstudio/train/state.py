"""The state of a run: all that changes while training, in one place, with an exact copy of it as a value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nnstudio.train.environment import TrainingError
from nnstudio.train.figures import Figures, Objective
from nnstudio.train.plan import Plan
from nnstudio.train.private import secret_of
from nnstudio.train.schedules import Plateau
from nnstudio.train.tracks import Track, Tracks

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled


class NotFiniteError(Exception):
    """A loss that was fetched, or a weight, is NaN or Inf; ``step`` is the step at which it was seen."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        self.step = step


@dataclass(slots=True)
class Progress:
    """Where a run is, as plain numbers: JSON as it stands.

    epoch: epochs that are done; batch: batches done of the next one; step: steps done in all. best_loss,
    best_epoch: of the epochs that are done (validation loss, or the training loss where there are no validation rows).
    waited: epochs since then. loss: that of the last epoch. seconds: trained so far, pauses left out. spent: of a
    private run, how its steps were done (`privacy.Segment`).
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_loss: float | None = None
    best_epoch: int = 0
    waited: int = 0
    loss: float | None = None
    seconds: float = 0.0
    plateau: tuple[float | None, int, float] = (None, 0, 1.0)
    spent: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    """A run at one moment: tensors by name (on the CPU) and numbers. Restoring it and going on gives the same run."""

    tensors: Mapping[str, torch.Tensor]
    progress: Mapping[str, Any]
    inside: Mapping[str, Any] = field(default_factory=dict)


class State:
    """Weights, optimizer, metrics, place in the data and random state of a run."""

    def __init__(self, compiled: Compiled, plan: Plan, device: torch.device) -> None:
        compiled.training.to(device)
        self.compiled, self.plan, self.device = compiled, plan, device
        #: what the plan becomes with the next epoch, where that is another
        self.later: Plan | None = None
        module = compiled.training
        self.tracks = Tracks(compiled, plan, device)
        self.parameters = self.tracks.parameters
        #: of a private run, what its noise and its batches come from
        self.secret = secret_of(compiled, plan, device)
        self.progress = Progress()
        #: each step's total loss and loss parts of the epoch that is under way
        self.losses: list[float] = []
        self.parts: dict[str, list[float]] = {id: [] for id in compiled.losses} if len(compiled.losses) > 1 else {}
        #: whether the network became another in the epoch that is under way
        self.changed = False
        #: weights of the best epoch, by their names in the model
        self.best: dict[str, torch.Tensor] = {}
        self.weights: dict[str, torch.Tensor] = dict(module.state_dict())

    @property
    def track(self) -> Track:
        """The phase that does the next step."""
        return self.tracks.at(self.progress.step)

    @property
    def plateau(self) -> Plateau:
        """How long the validation loss has not improved: what the plateau schedule remembers."""
        best, waited, scale = self.progress.plateau
        return Plateau(math.inf if best is None else best, waited, scale)

    @plateau.setter
    def plateau(self, value: Plateau) -> None:
        best = None if math.isinf(value.best) else value.best
        self.progress.plateau = (best, value.waited, value.scale)

    def keep_best(self) -> None:
        """Keep a copy of the weights as they are now."""
        import torch

        if not self.best:
            self.best = {name: tensor.clone() for name, tensor in self.weights.items()}
        else:
            with torch.no_grad():
                torch._foreach_copy_(list(self.best.values()), list(self.weights.values()))

    def epoch_figures(self, sizes: Sequence[int]) -> tuple[Figures, Figures]:
        """Means over the epoch that has just been done, of batches of these sizes: by name of loss and metric, and by
        name of phase (empty where the plan has none)."""
        sizes = sizes if any(sizes) else [1] * len(sizes)  # a private epoch may have drawn no rows at all
        tracks, found = self.tracks, {}
        for track in tracks.all:
            found.update(track.metrics.compute())
        if self.changed:  # of steps before it some figures are not known
            found = {name: value for name, value in found.items() if not math.isnan(value)}
            if self.parts:
                return {**found, **Objective(self.compiled).figures_of_phases(self.parts, sizes)}, {}
        if not self.plan.phases:
            return {**found, **tracks.all[0].objective.figures(self.losses, self.parts, sizes)}, {}
        found = {name: value for name, value in found.items() if not math.isnan(value)}  # one that no step worked out
        first = self.progress.step - len(sizes)
        by_phase: dict[str, list[tuple[float, int]]] = {track.name: [] for track in tracks.all}
        for step, loss, size in zip(range(first, self.progress.step), self.losses, sizes, strict=True):
            by_phase[tracks.at(step).name].append((loss, size))
        phases = {
            name: sum(loss * size for loss, size in told) / sum(size for _, size in told)
            for name, told in by_phase.items()
            if told
        }
        objective = Objective(self.compiled)
        if self.parts:
            return {**found, **objective.figures_of_phases(self.parts, sizes)}, phases
        return {**found, **objective.figures(self.losses, self.parts, sizes)}, phases

    def forget_epoch(self) -> None:
        """An epoch has ended: its losses and metrics have been told."""
        for track in self.tracks.all:
            track.metrics.reset()
        self.changed = False
        self.losses.clear()
        for values in self.parts.values():
            values.clear()

    def put_back(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Give the model these weights."""
        import torch

        with torch.no_grad():
            for name, tensor in self.weights.items():
                tensor.copy_(weights[name])

    def finite(self) -> bool:
        """Whether every trained weight is a finite number."""
        import torch

        norms = torch._foreach_norm([parameter.detach() for parameter in self.parameters], math.inf)
        return bool(torch.stack([norm.float() for norm in norms]).isfinite().all())

    def capture(self) -> Moment:
        """A copy of everything as it is now. All losses must have been fetched into :attr:`losses`."""
        import torch

        tensors = {f"model.{name}": tensor for name, tensor in self.weights.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        numbers: dict[str, Any] = {}
        for prefix, track in self._optimizers():
            for index, values in track.optimizer.state_dict()["state"].items():
                for name, value in values.items():
                    if isinstance(value, torch.Tensor):
                        tensors[f"{prefix}{index}.{name}"] = value
                    elif value is not None:
                        numbers[f"{prefix}{index}.{name}"] = value
            tensors |= track.metrics.tensors()
            numbers |= track.metrics.numbers()
        tensors["epoch.losses"] = torch.tensor(self.losses, dtype=torch.float32)
        for id, values in self.parts.items():
            tensors[f"epoch.parts.{self.compiled.name(id)}"] = torch.tensor(values, dtype=torch.float32)
        tensors |= self.secret.tensors() if self.secret is not None else {}
        tensors["random.cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.device)
        copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        return Moment(copies, asdict(self.progress), numbers)

    def restore(self, moment: Moment) -> None:
        """Become what was captured. TrainingError where it is of another network."""
        import torch

        tensors = moment.tensors
        model = _under("model.", tensors)
        _check_same(model, self.weights)
        for name in map(self.compiled.name, self.parts):
            if f"epoch.parts.{name}" not in tensors:
                raise TrainingError(
                    f"The checkpoint is of another network: it has no loss “{name}”",
                    "train anew, or undo the changes to the network",
                )
        self.put_back(model)
        best = _under("best.", tensors)
        self.best = {name: best[name].to(self.device, copy=True) for name in self.weights if name in best}
        for prefix, track in self._optimizers():
            _restore(track.optimizer, {**_under(prefix, tensors), **_under(prefix, moment.inside)})
            track.metrics.restore(tensors, moment.inside, self.device)
        self.losses = tensors["epoch.losses"].tolist()
        self.parts = {id: tensors[f"epoch.parts.{self.compiled.name(id)}"].tolist() for id in self.parts}
        if self.secret is not None:
            self.secret.restore(tensors)
        torch.set_rng_state(tensors["random.cpu"])
        if self.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.device)
        values = dict(moment.progress)
        best, waited, scale = values["plateau"]
        spent = [list(segment) for segment in values.get("spent", ())]
        self.progress = Progress(**{**values, "plateau": (best, waited, scale), "spent": spent})

    def _optimizers(self) -> list[tuple[str, Track]]:
        """Each phase, and what the names of its optimizer's state begin with."""
        return [(f"optimizer{place or ''}.", track) for place, track in enumerate(self.tracks.all)]


def _restore(optimizer: torch.optim.Optimizer, named: Mapping[str, Any]) -> None:
    """Give an optimizer its state back: values by ``"<index>.<name>"``. It gets copies, since it keeps what it gets."""
    import torch

    saved: dict[int, dict[str, Any]] = {}
    for name, value in named.items():
        index, _, key = name.partition(".")
        saved.setdefault(int(index), {})[key] = value.clone() if isinstance(value, torch.Tensor) else value
    optimizer.load_state_dict({"state": saved, "param_groups": optimizer.state_dict()["param_groups"]})


def _under(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name[len(prefix) :]: value for name, value in values.items() if name.startswith(prefix)}


def _check_same(saved: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> None:
    """TrainingError where two sets of weights differ in names or shapes; it names the first that does."""
    for name, tensor in own.items():
        if name not in saved or saved[name].shape != tensor.shape:
            there = "×".join(map(str, saved[name].shape)) if name in saved else "missing"
            raise TrainingError(
                f"The checkpoint is of another network: the weight “{name}” is {'×'.join(map(str, tensor.shape))} here "
                f"and {there} there",
                "train anew, or undo the changes to the network",
            )
    extra = sorted(saved.keys() - own.keys())
    if extra:
        raise TrainingError(
            f"The checkpoint is of another network: it has the weight “{extra[0]}”, which the network lacks",
            "train anew, or undo the changes to the network",
        )
