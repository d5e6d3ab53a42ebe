"""Figures of what a network writes: it is let write for each row, and that is compared with the target."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from nnstudio.train.batches import Data, Rows
from nnstudio.train.environment import TrainingError
from nnstudio.train.figures import Figures, writes

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled

#: Rows that are read and compared at once.
ROWS = 512


def figures_of_writing(compiled: Compiled, data: Data, split: str, most: int | None = None) -> Figures:
    """Values of the metrics for which the network writes, by their names, over the first ``most`` rows (all, where that
    is left out). TrainingError where no output writes what one of them compares."""
    import torch

    from nnstudio.train.evaluate import device_of, evaluating
    from nnstudio.train.generating import Writer

    wanted = [id for id in compiled.metrics if writes(compiled, id)]
    if not wanted:
        return {}
    metrics = {id: compiled.metric(id) for id in wanted}
    outputs = {id: _output_of(compiled, id) for id in wanted}
    writers = {output: Writer(compiled, output) for output in outputs.values()}
    for id, metric in metrics.items():
        if hasattr(metric, "texts") and hasattr(data, "decode") and (field := _field(compiled, id)):
            metric.texts = functools.partial(data.decode, field)
    arrays, rows = data.arrays(split), min(data.count(split), most or data.count(split))
    source = Rows(compiled.inputs, arrays, rows, device_of(compiled.training))
    with evaluating(compiled.training):
        for start in range(0, rows, ROWS):
            stop = min(start + ROWS, rows)
            out = compiled.training(*source.gather(slice(start, stop), stop - start, 0))
            codes = {}
            for output, writer in writers.items():
                fields = {name: np.asarray(arrays[name][start:stop]) for name in writer.takes if name in arrays}
                codes[output] = torch.from_numpy(writer.write(fields, rows=stop - start))
            for id, metric in metrics.items():
                ends = [out[name].cpu() for name in (f"{id}.target", f"{id}.padding") if name in out]
                metric.update(codes[outputs[id]], *ends)
    return {compiled.name(id): float(metric.compute()) for id, metric in metrics.items()}


def _output_of(compiled: Compiled, metric: str) -> str:
    """The output that writes what a metric compares: the one with the same scores, else the first that writes."""
    from nnstudio.train.generating import writing

    network, there = compiled.network, writing(compiled)
    source = next(wire for wire in network.incoming[metric] if wire.input == "prediction")
    for output in there:
        wire = network.incoming[output][0]
        if (wire.source, wire.output) == (source.source, source.output):
            return output
    if there:
        return there[0]
    raise TrainingError(
        f"“{compiled.name(metric)}” compares what the network writes, and no output writes",
        "give an Output the kind tokens, and in Feeds the name of the Input whose codes it continues",
        metric,
    )


def _field(compiled: Compiled, metric: str) -> str:
    """The field whose codes a metric compares with; "" where there is not exactly one."""
    wire = next(wire for wire in compiled.network.incoming[metric] if wire.input == "target")
    nodes = compiled.network.nodes
    fields = {str(getattr(nodes[id].layer, "field", "")) for id in compiled.network.ancestors([wire.source])} - {""}
    return fields.pop() if len(fields) == 1 else ""
