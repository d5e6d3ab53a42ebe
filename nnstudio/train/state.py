"""The state of a run: all that changes while training, in one place, with an exact copy of it as a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nnstudio.train.environment import TrainingError
from nnstudio.train.figures import Metrics
from nnstudio.train.optimizers import make_optimizer
from nnstudio.train.plan import Plan
from nnstudio.train.schedules import Plateau

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
    waited: epochs since then. seconds: trained so far, pauses left out.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best_loss: float | None = None
    best_epoch: int = 0
    waited: int = 0
    seconds: float = 0.0
    plateau: tuple[float | None, int, float] = (None, 0, 1.0)


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
        module = compiled.training
        self.parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self.optimizer = make_optimizer(plan, self.parameters)
        self.metrics = Metrics(compiled, device)
        self.progress = Progress()
        #: each step's total loss and loss parts of the epoch that is under way
        self.losses: list[float] = []
        self.parts: dict[str, list[float]] = {id: [] for id in compiled.losses} if len(compiled.losses) > 1 else {}
        #: weights of the best epoch, by their names in the model
        self.best: dict[str, torch.Tensor] = {}
        self.weights: dict[str, torch.Tensor] = dict(module.state_dict())

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

    def forget_epoch(self) -> None:
        """An epoch has ended: its losses and metrics have been told."""
        self.metrics.reset()
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
        for index, values in self.optimizer.state_dict()["state"].items():
            for name, value in values.items():
                if isinstance(value, torch.Tensor):
                    tensors[f"optimizer.{index}.{name}"] = value
                elif value is not None:
                    numbers[f"optimizer.{index}.{name}"] = value
        tensors |= self.metrics.tensors()
        numbers |= self.metrics.numbers()
        tensors["epoch.losses"] = torch.tensor(self.losses, dtype=torch.float32)
        for id, values in self.parts.items():
            tensors[f"epoch.parts.{self.compiled.name(id)}"] = torch.tensor(values, dtype=torch.float32)
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
        saved: dict[int, dict[str, Any]] = {}
        for name, value in {**_under("optimizer.", tensors), **_under("optimizer.", moment.inside)}.items():
            index, _, key = name.partition(".")
            saved.setdefault(int(index), {})[key] = value
        groups = self.optimizer.state_dict()["param_groups"]
        # the optimizer keeps the tensors that it is given where device and dtype agree: give it copies
        own = {
            index: {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in values.items()}
            for index, values in saved.items()
        }
        self.optimizer.load_state_dict({"state": own, "param_groups": groups})
        self.metrics.restore(tensors, moment.inside, self.device)
        self.losses = tensors["epoch.losses"].tolist()
        self.parts = {id: tensors[f"epoch.parts.{self.compiled.name(id)}"].tolist() for id in self.parts}
        torch.set_rng_state(tensors["random.cpu"])
        if self.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.device)
        values = dict(moment.progress)
        best, waited, scale = values["plateau"]
        self.progress = Progress(**{**values, "plateau": (best, waited, scale)})


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
