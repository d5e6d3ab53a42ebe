"""The ways by which parts of an input are held answerable, on a prediction as a function of the inputs that count.

Sources: Simonyan et al., "Deep inside convolutional networks" (2014); Sundararajan et al., "Axiomatic attribution for
deep networks" (2017); Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from nnstudio.project.judging.asking import Asking
from nnstudio.project.judging.judge import ONE_NUMBER
from nnstudio.project.judging.lookups import Lookup, looked_up
from nnstudio.project.judging.subjects import Subject
from nnstudio.project.judging.taps import copied, let_through, prune, tap_value

if TYPE_CHECKING:
    import torch
    from torch import fx

    from nnstudio.data.encoding import ColumnEncoding

#: Passes of the network at once.
AT_ONCE = 64
#: The window that is moved over a picture is about this share of its side.
WINDOW = 0.25


class Model:
    """The prediction as a function of the inputs that count; what is looked up in an Embedding enters as the vectors
    that it finds, so that gradients reach it.

    inputs, baselines: what the function takes; places: of each, that of its input among ``compiled.inputs``, which may
    be looked up several times; raw: the numbers as the network is fed them, or the codes that are looked up; lookups:
    of each, None where it does not enter as vectors.
    """

    def __init__(self, asking: Asking) -> None:
        import torch

        self.asking = asking
        self.module, looked = _with_vectors(asking)
        self.places, self.inputs, self.baselines, self.raw = [], [], [], []
        self.lookups: list[Lookup | None] = []
        for place in (*asking.changeable, *asking.coded):
            tensor = asking.inputs[place].detach()
            own: list[Lookup | None] = [each for each in looked if each.place == place]
            for lookup in own or [None]:
                self.places.append(place)
                self.lookups.append(lookup)
                self.raw.append(tensor if lookup is None else lookup.codes)
                self.inputs.append(tensor if lookup is None else lookup.vectors)
                self.baselines.append(torch.zeros_like(tensor) if lookup is None else lookup.nothing)
        self._order = [self.lookups.index(lookup) for lookup in looked]
        self._chosen: Callable[[torch.Tensor], torch.Tensor] = lambda prediction: prediction

    def prediction(self, *inputs: torch.Tensor) -> torch.Tensor:
        """The prediction for a batch: every input that is not given is repeated."""
        rows = len(inputs[0])
        whole = [tensor.expand(rows, *tensor.shape[1:]) for tensor in self.asking.inputs]
        for place, given, lookup in zip(self.places, inputs, self.lookups, strict=True):
            if lookup is None:
                whole[place] = given
        vectors = [inputs[at] for at in self._order]
        made: torch.Tensor = self.asking.subject.own(self.module(*whole, *vectors)[0])
        return made

    def choose(self, code: int, shape: Sequence[int], at: int = -1) -> None:
        """Explain this class: its score at a place of a sequence, the sum of its scores where there are several places
        and none is meant; of numbers their mean in the data's own unit, of a picture its squared error; of boxes, how
        sure the network is of all of them."""
        asking, subject = self.asking, self.asking.subject
        if subject.kind == "boxes":
            self._chosen = lambda made: made[..., 5].sum(dim=1)
        elif is_painted(subject, shape):
            target = asking.target
            sharp = subject.link == "sigmoid"
            self._chosen = lambda made: (
                ((made.sigmoid() if sharp else made) - target).square().reshape(len(made), -1).mean(dim=1)
            )
        elif subject.kind == "numbers":
            unit = asking.judge.unit(subject, math.prod(shape[1:]))
            shares = subject.link == "sigmoid"
            self._chosen = lambda made: in_unit(unit, made.sigmoid() if shares else made).mean(dim=1)
        elif len(shape) < 2 or shape[1] == 1 or subject.link in (*ONE_NUMBER, "none"):
            sign = 1.0 if code == 1 else -1.0
            sign = -sign if subject.link == "distance" else sign
            self._chosen = lambda made: sign * made.reshape(len(made), -1).sum(dim=1)
        else:
            axis = -1 if subject.last else 1
            if at >= 0:
                self._chosen = lambda made: made.select(axis, code)[:, at]
                return
            self._chosen = lambda made: made.select(axis, code).reshape(len(made), -1).sum(dim=1)

    @property
    def smooth(self) -> bool:
        """Whether gradients reach every input."""
        return all(tensor.dtype.is_floating_point for tensor in self.inputs)

    def by_input(self, values: Sequence[torch.Tensor]) -> list[tuple[int, torch.Tensor]]:
        """Attributions of what the function takes as those of the network's inputs, each with its place: of vectors
        that were looked up, what all their numbers gave together, wherever they were looked up."""
        found: dict[int, torch.Tensor] = {}
        for place, value, lookup in zip(self.places, values, self.lookups, strict=True):
            told = value if lookup is None else lookup.gathered(value, self.asking.inputs[place])
            found[place] = found[place] + told if place in found else told
        return list(found.items())

    def field(self, place: int) -> str:
        """The field of one of the inputs."""
        return self.asking.judge.compiled.inputs[self.places[place]].field

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self._chosen(self.prediction(*inputs))


def in_unit(unit: ColumnEncoding | None, numbers: torch.Tensor) -> torch.Tensor:
    """Numbers (rows, …) in the unit of a column, (rows, K), as `ColumnEncoding.decoded` gives them; gradients pass."""
    import torch

    flat = numbers.reshape(len(numbers), -1)
    if unit is None:
        return flat
    flat = flat * flat.new_tensor(unit.std) + flat.new_tensor(unit.mean)
    return (flat.sign() * torch.expm1(flat.abs()) if unit.log else flat) * unit.divisor


def _with_vectors(asking: Asking) -> tuple[fx.GraphModule, list[Lookup]]:
    """The prediction's module, in which looked-up vectors are further inputs behind the others."""
    from torch import fx

    compiled = asking.judge.compiled
    graph = fx.Graph()
    values = copied(compiled, graph)
    graph.output((tap_value(compiled, graph, values, asking.subject.prediction),))
    prune(graph)
    let_through(graph)
    found = looked_up(compiled.observed, graph, asking.inputs, asking.coded)
    return fx.GraphModule(compiled.observed, graph, "Explained"), found


def is_painted(subject: Subject, shape: Sequence[int]) -> bool:
    """Whether a prediction of this shape is a picture, of which single numbers mean nothing."""
    return subject.kind == "numbers" and len(shape) == 4


def _gradients(model: Model, steps: int) -> list[torch.Tensor]:
    from captum.attr import IntegratedGradients

    def integrated(part: _Part) -> tuple[torch.Tensor, ...]:
        found: tuple[torch.Tensor, ...] = IntegratedGradients(part).attribute(
            part.inputs, part.baselines, n_steps=steps, internal_batch_size=AT_ONCE
        )
        return found

    return _mixed(model, integrated)


def _saliency(model: Model, _: int) -> list[torch.Tensor]:
    from captum.attr import Saliency

    def slopes(part: _Part) -> tuple[torch.Tensor, ...]:
        inputs = tuple(tensor.clone().requires_grad_(True) for tensor in part.inputs)
        found: tuple[torch.Tensor, ...] = Saliency(part).attribute(inputs)
        return found

    return _mixed(model, slopes)


def _mixed(model: Model, work: Callable[[_Part], tuple[torch.Tensor, ...]]) -> list[torch.Tensor]:
    """Gradients where there are any; codes without a table are covered up one by one."""
    smooth = [place for place, tensor in enumerate(model.inputs) if tensor.dtype.is_floating_point]
    made: dict[int, torch.Tensor] = {}
    if smooth:
        made.update(zip(smooth, work(_Part(model, smooth)), strict=True))
    rest = [place for place in range(len(model.inputs)) if place not in made]
    if rest:
        part = _Part(model, rest)
        made.update(zip(rest, _ablated(part, part.inputs, part.baselines), strict=True))
    return [made[place] for place in range(len(model.inputs))]


class _Part:
    """The model as a function of some of its inputs."""

    def __init__(self, model: Model, places: Sequence[int]) -> None:
        self.model, self.places = model, tuple(places)
        self.inputs = tuple(model.inputs[place] for place in places)
        self.baselines = tuple(model.baselines[place] for place in places)

    def __call__(self, *given: torch.Tensor) -> torch.Tensor:
        rows = len(given[0])
        whole = [tensor.expand(rows, *tensor.shape[1:]) for tensor in self.model.inputs]
        for place, tensor in zip(self.places, given, strict=True):
            whole[place] = tensor
        return self.model(*whole)


def _ablated(
    part: _Part, inputs: tuple[torch.Tensor, ...], baselines: tuple[torch.Tensor, ...],
    masks: tuple[torch.Tensor, ...] | None = None,
) -> tuple[torch.Tensor, ...]:  # fmt: skip
    """What the score loses when a number (or all of a group of ``masks``) is as in the baseline."""
    from captum.attr import FeatureAblation

    found: tuple[torch.Tensor, ...] = FeatureAblation(part).attribute(
        inputs, baselines, feature_mask=masks, perturbations_per_eval=AT_ONCE
    )
    return found


def _occlusion(model: Model, _: int) -> list[torch.Tensor]:
    """A window over a picture, or a column or code at a time, is covered up; what the score loses is what it gave."""
    from captum.attr import Occlusion

    made = []
    for place, tensor in enumerate(model.inputs):
        part = _Part(model, [place])
        base = part.baselines[0]
        if tensor.dim() == 4 and model.lookups[place] is None:
            channels, sides = tensor.shape[1], tensor.shape[2:]
            window = (channels, *(max(1, round(WINDOW * side)) for side in sides))
            stride = (channels, *(max(1, size // 2) for size in window[1:]))
            made.append(
                Occlusion(part).attribute(
                    tensor, sliding_window_shapes=window, strides=stride, baselines=base, perturbations_per_eval=AT_ONCE
                )
            )
        else:
            mask = _mask(model, place)
            (found,) = _ablated(part, (tensor,), (base,), (mask,))
            made.append(found / mask.reshape(-1).bincount()[mask])  # what a group gave is told of each number in it
    return made


def _mask(model: Model, place: int) -> torch.Tensor:
    """What is covered up together: all numbers of a vector that was looked up, and of a column's one-hot."""
    import torch

    tensor, raw = model.inputs[place], model.raw[place]
    if model.lookups[place] is not None:
        each = torch.arange(raw[0].numel()).reshape(1, *raw.shape[1:], 1)
        return each.expand(1, *tensor.shape[1:])
    groups = columns_of(model.asking, model.field(place))
    if groups is not None and tensor.dim() == 2:
        return torch.tensor([groups])
    return torch.arange(tensor[0].numel()).reshape(1, *tensor.shape[1:])


def columns_of(asking: Asking, field: str) -> list[int] | None:
    """For each number of a table's vector the column that it belongs to; None where it is none."""
    prepared = asking.judge.dataset.prepared
    known = prepared.fields.get(field)
    if known is None or known.form != "vector":
        return None
    widths = [len(prepared.columns[name].categories) or 1 for name in known.columns]
    return [at for at, width in enumerate(widths) for _ in range(width)]


#: Ways by name: each gives the attributions of a model's inputs, like those, in as many steps where it takes steps.
BY_WAY: Mapping[str, Callable[[Model, int], list[torch.Tensor]]] = {
    "gradients": _gradients, "saliency": _saliency, "occlusion": _occlusion,
}  # fmt: skip
