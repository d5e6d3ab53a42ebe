"""Figures and predictions of a compiled network: evaluation mode, large batches, no gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.train.batches import Data, Rows
from nnstudio.train.counted import counting
from nnstudio.train.environment import TrainingError
from nnstudio.train.figures import Figures, Metrics, Objective
from nnstudio.train.written import figures_of_writing

if TYPE_CHECKING:
    import torch
    from torch import nn

    from nnstudio.compile.lower import Compiled


def evaluate(
    compiled: Compiled, data: Data, split: str = "test", *, batch_size: int = 1, generated: bool = True
) -> Figures:
    """The figures of a split: ``loss`` and each loss's and metric's node name. Empty where the split has no rows.

    generated: also those of metrics for which the network writes, which takes as many passes as it writes tokens.

    The weights are used where they are (the device of the first parameter). TrainingError where the data lacks a
    field that the network takes.
    """
    rows = data.count(split)
    if not rows:
        return {}
    source = Rows(compiled.inputs, data.arrays(split), rows, device_of(compiled.training))
    found = evaluate_rows(compiled, source, batch_size)[0]
    return {**found, **(figures_of_writing(compiled, data, split) if generated else {})}


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
    with evaluating(compiled.training), counting(compiled) as counted:
        for count, inputs in rows.in_order(batch_size):
            if interrupted():
                return {}, {}
            out = compiled.training(*inputs)
            if not sizes:
                samples = {id: out[id][:16].cpu().numpy().copy() for id in compiled.outputs if out[id].dim()}
            sizes.append(count)
            counted.add()
            if compiled.losses:
                totals.append(objective.total(out))
            for id, values in parts.items():
                values.append(out[id])
            metrics.add(out)
        figures: Figures = metrics.compute()
        if totals:
            own = {id: _numbers(values) for id, values in parts.items()}
            figures = {**figures, **objective.figures(_numbers(totals), own, sizes, counted.numbers())}
    return figures, samples


def predict(compiled: Compiled, fields: Mapping[str, NDArray[Any]], *, batch_size: int = 256) -> dict[str, Any]:
    """The outputs for new rows: by output node's name, NumPy arrays with one row a sample.

    An output that writes (`train.generating`) gives the codes N×L that it wrote, whole numbers.

    fields: encoded arrays by field name (``Dataset.encode`` makes them), only those that the outputs depend on. What an
    output that writes feeds may be left out: it is then written from the beginning, and outputs of other kinds that
    depend on it are left out. TrainingError where one is missing or they differ in length.
    """
    import torch

    from nnstudio.train.generating import Writer, writing

    needed = {spec.field for spec in compiled.model_inputs if spec.draw is None}
    lengths = {name: len(array) for name, array in fields.items() if name in needed}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name}: {count}" for name, count in lengths.items())
        raise TrainingError(f"All fields of a prediction must have as many rows, not {told}")
    count = next(iter(lengths.values()), 1)
    writers = {id: Writer(compiled, id) for id in writing(compiled)}
    found = {compiled.name(id): writer.write(fields, rows=count) for id, writer in writers.items()}
    names = [compiled.name(id) for id in compiled.outputs]
    fed = {writer.fed.field for writer in writers.values()}
    if all(name in found for name in names) or not (needed - fields.keys()).isdisjoint(fed):
        return found
    rows = Rows(compiled.model_inputs, fields, count, device_of(compiled.model))
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in names if name not in found}
    with evaluating(compiled.model):
        for _, inputs in rows.in_order(batch_size):
            out = compiled.model(*inputs)
            by_name = {names[0]: out} if isinstance(out, torch.Tensor) else out
            for name, values in parts.items():
                values.append(by_name[name].cpu().numpy())
    found |= {name: np.concatenate(values) for name, values in parts.items() if values}
    return {name: found[name] for name in names if name in found}


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
