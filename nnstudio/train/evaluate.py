"""Figures and predictions of a compiled network: evaluation mode, large batches, no gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.batches import Data, Rows
from nnstudio.train.environment import TrainingError
from nnstudio.train.figures import Figures, Metrics, Objective

if TYPE_CHECKING:
    import torch
    from torch import nn

    from nnstudio.compile.lower import Compiled


def evaluate(compiled: Compiled, data: Data, split: str = "test", *, batch_size: int = 1) -> Figures:
    """The figures of a split: ``loss`` and each loss's and metric's node name. Empty where the split has no rows.

    The weights are used where they are (the device of the first parameter). TrainingError where the data lacks a
    field that the network takes.
    """
    rows = data.count(split)
    if not rows:
        return {}
    source = Rows(compiled.inputs, data.arrays(split), rows, device_of(compiled.training))
    return evaluate_rows(compiled, source, batch_size)[0]


def evaluate_rows(
    compiled: Compiled, rows: Rows, batch_size: int, interrupted: Callable[[], bool] = lambda: False
) -> tuple[Figures, dict[str, NDArray[Any]]]:
    """The figures over these rows, and the outputs (by node id) of the first of them, up to 16.

    Both are empty where ``interrupted`` said so between two batches.
    """
    objective, metrics = Objective(compiled), Metrics(compiled, rows.device, together=1)
    totals: list[torch.Tensor] = []
    sizes: list[int] = []
    parts: dict[str, list[torch.Tensor]] = {id: [] for id in compiled.losses}
    samples: dict[str, NDArray[Any]] = {}
    with evaluating(compiled.training):
        for count, inputs in rows.in_order(batch_size):
            if interrupted():
                return {}, {}
            out = compiled.training(*inputs)
            if not sizes:
                samples = {id: out[id][:16].cpu().numpy().copy() for id in compiled.outputs if out[id].dim()}
            sizes.append(count)
            if compiled.losses:
                totals.append(objective.total(out))
            for id, values in parts.items():
                values.append(out[id])
            metrics.add(out)
        figures: Figures = metrics.compute()
        if totals:
            own = {id: _numbers(values) for id, values in parts.items()}
            figures = {**figures, **objective.figures(_numbers(totals), own, sizes)}
    return figures, samples


def predict(compiled: Compiled, fields: Mapping[str, NDArray[Any]], *, batch_size: int = 256) -> dict[str, Any]:
    """The outputs for new rows: by output node's name, NumPy arrays with one row a sample.

    fields: encoded arrays by field name (``Dataset.encode`` makes them), only those that the outputs depend on.
    TrainingError where one is missing or they differ in length.
    """
    import torch

    needed = {spec.field for spec in compiled.model_inputs if spec.draw is None}
    lengths = {name: len(array) for name, array in fields.items() if name in needed}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name}: {count}" for name, count in lengths.items())
        raise TrainingError(f"All fields of a prediction must have as many rows, not {told}")
    count = next(iter(lengths.values()), 1)
    device = device_of(compiled.model)
    rows = Rows(compiled.model_inputs, fields, count, device)
    names = [compiled.name(id) for id in compiled.outputs]
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    with evaluating(compiled.model):
        for _, inputs in rows.in_order(batch_size):
            out = compiled.model(*inputs)
            by_name = {names[0]: out} if isinstance(out, torch.Tensor) else out
            for name, value in by_name.items():
                found[name].append(value.cpu().numpy())
    return {name: np.concatenate(values) for name, values in found.items() if values}


def device_of(module: nn.Module) -> torch.device:
    """Where a module's weights are; the CPU where it has none."""
    import torch

    first = next(module.parameters(), None)
    return first.device if first is not None else torch.device("cpu")


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients; each module in the mode that it was in afterwards (frozen ones stay)."""
    import torch

    training = [each for each in module.modules() if each.training]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for each in training:
            each.training = True


def _numbers(values: list[torch.Tensor]) -> list[float]:
    import torch

    found: list[float] = torch.stack([value.float() for value in values]).tolist()
    return found
