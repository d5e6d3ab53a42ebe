"""A small network run forwards and backwards one node at a time, in double precision. Imports torch when called.

Each node works on values that are cut off from what made them, so its own derivative is all that autograd gives; the
chain rule between nodes is done here, as it is shown. Tests compare the whole with autograd through the whole network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.learning import MOST_ROWS, Array, Check, LearningError, Passage
from nnstudio.train.learning_anatomy import Cell, Labels, Machine, anatomy_of

if TYPE_CHECKING:
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.data.dataset import Dataset

Rows = NDArray[np.int64]


class Lesson:
    """A network of single units on some samples. It keeps the compiled network for itself: its weights become double
    precision and change with each call. Used from one thread at a time.

    Weights are given as one vector, (weights,), in the order of ``anatomy.weights``; rows as numbers of samples. Losses
    are means or sums over the rows, as ``reduction`` says, whatever the loss nodes themselves take. count: the samples
    that it has, of ``there`` training rows.
    """

    def __init__(self, compiled: Compiled, arrays: Mapping[str, NDArray[Any]], labels: Labels, there: int = 0) -> None:
        """LearningError where the network cannot be shown unit by unit. there: training rows, where the arrays have
        not all of them."""
        import torch

        if not compiled.losses:
            raise LearningError("There is nothing to learn from", "add a loss, such as MSELoss, and wire it")
        self.compiled = compiled
        self._dtypes = {key: tensor.dtype for key, tensor in compiled.training.state_dict().items()}
        for module in (compiled.training, compiled.observed):
            module.double().eval()
        self._inputs: dict[str, torch.Tensor] = {}
        for spec in compiled.inputs:
            if spec.draw is None:
                tensor = torch.from_numpy(np.array(arrays[spec.field][:MOST_ROWS]))
                self._inputs[spec.node] = tensor.double() if tensor.is_floating_point() else tensor
        self._machine = Machine(compiled)
        needed = {id: value for id, value in self._inputs.items() if id in self._machine.needed}
        self.anatomy = anatomy_of(self._machine, needed, labels)
        self.count = len(next(iter(needed.values())))
        self.there = max(there, self.count)
        self._needed = needed
        self._tensors = self._weight_tensors()
        for tensor, _, _ in self._tensors:
            tensor.requires_grad_(True)
        self._factors = {id: (weight, self.own_reduction(id)) for id, weight in compiled.weighted}
        self.start = self._present()

    @property
    def reduction(self) -> str:
        """What the first loss itself takes: ``mean`` or ``sum``."""
        return self.own_reduction(self.compiled.losses[0])

    def own_reduction(self, id: str) -> str:
        """What a loss node takes itself, by id."""
        return str(getattr(self.compiled.network.nodes[id].layer, "reduction", "mean"))

    def weight_of(self, id: str) -> float:
        """How much a loss node counts in the total, by id."""
        return self._factors[id][0]

    def _weight_tensors(self) -> list[tuple[torch.nn.Parameter, int, int]]:
        """Each tensor of weights with the places of its first weight and of what follows its last."""
        own = dict(self.compiled.training.named_parameters())
        found, at = [], 0
        for key in dict.fromkeys(weight.key for weight in self.anatomy.weights):
            found.append((own[key], at, at + own[key].numel()))
            at += own[key].numel()
        return found

    def _present(self) -> Array:
        parts = [tensor.detach().reshape(-1).numpy() for tensor, _, _ in self._tensors]
        return np.concatenate(parts).astype(np.float64) if parts else np.empty(0)

    def _put(self, weights: Array) -> None:
        import torch

        with torch.no_grad():
            for tensor, start, stop in self._tensors:
                tensor.copy_(torch.from_numpy(weights[start:stop]).view_as(tensor))

    def state(self, weights: Array) -> dict[str, NDArray[Any]]:
        """These weights, and all else that the network holds, by state-dict key and in the precision it came in."""
        self._put(weights)
        state = self.compiled.training.state_dict()
        return {key: tensor.detach().to(self._dtypes[key]).numpy().copy() for key, tensor in state.items()}

    def vector(self, state: Mapping[str, NDArray[Any]]) -> Array:
        """The weights of a state dict, in the order of this lesson's."""
        return np.array([state[weight.key][weight.index] for weight in self.anatomy.weights], np.float64)

    # --- forwards -----------------------------------------------------------------------------------------------

    def loss(self, weights: Array, rows: Rows, reduction: str) -> float:
        """The loss at these weights."""
        with _one_thread():
            self._put(weights)
            return self._loss(self._batch(rows), reduction)

    def curve(self, weights: Array, place: int, values: Array, rows: Rows, reduction: str) -> Iterator[float]:
        """The loss at each of these values of one weight, the others as they are, one after the other."""
        batch, one = self._batch(rows), self._one(place)
        for value in values:
            yield self._loss_with(weights, one, float(value), batch, reduction)

    def checks(self, passage: Passage, epsilon: float, places: Sequence[int] | None = None) -> Iterator[Check]:
        """The slope by differences beside that of a passage's backpropagation, for these weights or for all, one after
        the other: at its weights, over its rows."""
        weights, slopes, reduction = passage.weights, passage.weight_gradients, passage.reduction
        here, batch = passage.loss, self._batch(passage.rows)
        for place in range(len(weights)) if places is None else places:
            one, value = self._one(place), float(weights[place])
            below = self._loss_with(weights, one, value - epsilon, batch, reduction)
            above = self._loss_with(weights, one, value + epsilon, batch, reduction)
            yield Check(place, value, epsilon, below, here, above, float(slopes[place]))

    def _loss_with(
        self, weights: Array, one: torch.Tensor, value: float, batch: list[torch.Tensor], reduction: str
    ) -> float:
        """The loss with one weight at another value. All are put in place, as something else may have been asked for
        since the last."""
        with _one_thread():
            self._put(weights)
            one.fill_(value)
            return self._loss(batch, reduction)

    def _one(self, place: int) -> torch.Tensor:
        """One weight as a tensor without dimensions, over the same memory."""
        tensor, start, _ = next(known for known in self._tensors if known[1] <= place < known[2])
        return tensor.detach().view(-1)[place - start]

    def _batch(self, rows: Rows) -> list[torch.Tensor]:
        import torch

        index = torch.from_numpy(np.asarray(rows, np.int64))
        return [self._inputs[spec.node][index] for spec in self.compiled.inputs]

    def _loss(self, batch: list[torch.Tensor], reduction: str) -> float:
        import torch

        with torch.no_grad():
            out = self.compiled.training.forward(*batch)
        return sum(float(out[id]) * self._factor(id, reduction, len(batch[0])) for id in self._factors)

    def _factor(self, id: str, reduction: str, rows: int) -> float:
        """What a loss node's value is multiplied by in the total."""
        weight, own = self._factors[id]
        return weight * {("mean", "sum"): float(rows), ("sum", "mean"): 1.0 / rows}.get((own, reduction), 1.0)

    # --- forwards and backwards, node by node -------------------------------------------------------------------

    def passage(self, weights: Array, rows: Rows, reduction: str) -> Passage:
        """Every value and every gradient."""
        with _one_thread():
            return self._passage(weights, rows, reduction)

    def _passage(self, weights: Array, rows: Rows, reduction: str) -> Passage:
        import torch

        self._put(weights)
        index = torch.from_numpy(np.asarray(rows, np.int64))
        outs = {id: tensor[index] for id, tensor in self._needed.items()}
        leaves = {id: _leaf(tensor) for id, tensor in outs.items()}
        for cell in self._machine.cells:
            outs[cell.id] = self._machine.run(cell, leaves)
            leaves[cell.id] = _leaf(outs[cell.id])
        gradients, own = self._backward(outs, leaves, reduction, len(index))
        losses = {id: float(outs[id].detach()) for id in self._factors}
        total = sum(losses[id] * self._factor(id, reduction, len(index)) for id in losses)
        return Passage(
            weights.copy(), np.asarray(rows, np.int64), {id: self._rows_of(outs[id], len(index)) for id in outs},
            {id: self._rows_of(gradient, len(index)) for id, gradient in gradients.items()}, own, losses, total,
            self._row_losses(leaves, len(index)), reduction,
        )  # fmt: skip

    def _backward(
        self, outs: Mapping[str, torch.Tensor], leaves: Mapping[str, torch.Tensor], reduction: str, rows: int
    ) -> tuple[dict[str, torch.Tensor], Array]:
        """Gradients by node id, and those of the weights: from the losses back, each node's own derivative times what
        comes from behind it."""
        import torch

        gradients = {node: torch.zeros_like(leaf) for node, leaf in leaves.items() if leaf.requires_grad}
        for loss in self._factors:
            gradients[loss] = torch.full_like(outs[loss].detach(), self._factor(loss, reduction, rows))
        own = {id(tensor): torch.zeros_like(tensor) for tensor, _, _ in self._tensors}
        for cell in reversed(self._machine.cells):
            if not outs[cell.id].requires_grad:
                continue
            wanted = {leaves[source]: source for source in cell.sources if leaves[source].requires_grad}
            tensors = self._tensors_of(cell)
            if not wanted and not tensors:
                continue
            found = _derivatives((outs[cell.id] * gradients[cell.id]).sum(), [*wanted, *tensors])
            for source, gradient in zip(wanted.values(), found, strict=False):
                if gradient is not None:
                    gradients[source] = gradients[source] + gradient
            for tensor, gradient in zip(tensors, found[len(wanted) :], strict=True):
                if gradient is not None:
                    own[id(tensor)] += gradient
        parts = [own[id(tensor)].reshape(-1).numpy() for tensor, _, _ in self._tensors]
        return gradients, np.concatenate(parts) if parts else np.empty(0)

    def _tensors_of(self, cell: Cell) -> list[torch.nn.Parameter]:
        module = self.compiled.modules.get(cell.id)
        return list(module.parameters()) if module is not None else []

    def _row_losses(self, leaves: Mapping[str, torch.Tensor], rows: int) -> Array:
        """The loss of each sample alone."""
        import torch

        found = np.zeros(rows)
        with torch.no_grad():
            for cell in self._machine.cells:
                if cell.id in self._factors:
                    values = {id: leaves[id] for id in cell.sources}
                    found += self._factors[cell.id][0] * self._each(cell, values, rows)
        return found

    def _each(self, cell: Cell, values: Mapping[str, torch.Tensor], rows: int) -> Array:
        """A loss node's value for each sample: at once where its module can leave out the mean, else one by one."""
        module = self.compiled.modules.get(cell.id)
        if module is not None and type(module) in _at_once():
            own = str(module.reduction)
            setattr(module, "reduction", "none")  # noqa: B010 - to mypy a module has only tensors and modules
            try:
                entries = self._machine.run(cell, values).reshape(rows, -1)
            finally:
                setattr(module, "reduction", own)  # noqa: B010
            each = entries.mean(1) if own == "mean" else entries.sum(1)
            return each.numpy()
        alone = ({id: value[row : row + 1] for id, value in values.items()} for row in range(rows))
        return np.array([float(self._machine.run(cell, one)) for one in alone])

    def slopes(self, weights: Array, row: int) -> dict[tuple[str, str], Array]:
        """How each node's units change with those of each node that feeds it, at one sample: (units, units of the
        source) by the two ids. Losses are left out: their slope is the gradient that comes from them."""
        self._put(weights)
        leaves = {id: _leaf(tensor[row : row + 1]) for id, tensor in self._needed.items()}
        found: dict[tuple[str, str], Array] = {}
        for cell in self._machine.cells:
            out = self._machine.run(cell, leaves)
            leaves[cell.id] = _leaf(out)
            wanted = {source: leaves[source] for source in cell.sources if leaves[source].requires_grad}
            if cell.id in self._factors or not wanted or not out.requires_grad:
                continue
            units = [_derivatives(unit, list(wanted.values())) for unit in out.reshape(-1)]
            for at, (source, leaf) in enumerate(wanted.items()):
                rows = [one[at] for one in units]
                found[cell.id, source] = np.stack(
                    [np.zeros(leaf.numel()) if slope is None else slope.reshape(-1).numpy() for slope in rows]
                )
        return found

    def _rows_of(self, tensor: torch.Tensor, rows: int) -> Array:
        """A value as (rows, units)."""
        array = tensor.detach().double().numpy()
        return np.broadcast_to(array, (rows, 1)) if not array.ndim else array.reshape(rows, -1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Have torch work in this thread alone: waking others takes ten times as long as such small sums."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _at_once() -> tuple[type, ...]:
    """Modules of losses that can give the loss of each entry, of which each sample has as many."""
    from torch import nn

    from nnstudio.nn import losses

    return (
        nn.MSELoss,
        nn.L1Loss,
        nn.SmoothL1Loss,
        nn.HuberLoss,
        nn.CrossEntropyLoss,
        nn.NLLLoss,
        losses.BCEWithLogitsLoss,
        losses.BCELoss,
    )


def _derivatives(number: torch.Tensor, by: Sequence[torch.Tensor]) -> list[torch.Tensor | None]:
    """How a number changes with each of these; None where it does not depend on it. (``torch.autograd.grad`` does the
    same, and imports torch's compiler for it.)"""
    for one in by:
        one.grad = None
    number.backward(inputs=list(by), retain_graph=True)  # type: ignore[no-untyped-call]
    found = [one.grad for one in by]
    for one in by:
        one.grad = None
    return found


def _leaf(tensor: torch.Tensor) -> torch.Tensor:
    """The value alone, cut off from what made it, of which a gradient can be asked where it is real."""
    alone = tensor.detach()
    return alone.requires_grad_(True) if alone.is_floating_point() else alone


def lesson_on(compiled: Compiled, dataset: Dataset) -> Lesson:
    """A lesson on the training rows of a data set, in the order in which they stand in its file.

    LearningError where the network cannot be shown unit by unit.
    """
    order = np.argsort(dataset.indices("train"))[:MOST_ROWS]
    arrays = dataset.arrays("train")
    fields = {spec.field for spec in compiled.inputs if spec.draw is None}
    labels = Labels(
        {name: field.columns for name, field in dataset.fields.items()},
        {name: field.classes for name, field in dataset.fields.items()},
    )
    return Lesson(compiled, {name: arrays[name][order] for name in fields}, labels, dataset.count("train"))
