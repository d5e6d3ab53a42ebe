"""Figures of what a network writes: it is let write for each row, and that is compared with the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnstudio.train.batches import Data
from nnstudio.train.environment import TrainingError
from nnstudio.train.figures import Figures, writes

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled

#: Rows that are read and compared at once.
ROWS = 512


def figures_of_writing(compiled: Compiled, data: Data, split: str) -> Figures:
    """Values of the metrics for which the network writes, by their names. TrainingError where no output writes what
    one of them compares."""
    import torch

    from nnstudio.train.generating import Writer

    found: Figures = {}
    texts: dict[str, Any] = {}
    for id in (id for id in compiled.metrics if writes(compiled, id)):
        metric, output, field = compiled.metric(id), _output_of(compiled, id), _target(compiled, id)
        if hasattr(metric, "texts") and hasattr(data, "decode"):
            metric.texts = lambda codes, field=field: data.decode(field, codes)
        if output not in texts:
            texts[output] = Writer(compiled, output)
        writer: Writer = texts[output]
        arrays, rows = data.arrays(split), data.count(split)
        for start in range(0, rows, ROWS):
            stop = min(start + ROWS, rows)
            fields = {name: np.asarray(arrays[name][start:stop]) for name in writer.takes if name in arrays}
            codes = writer.write(fields, rows=stop - start)
            metric.update(torch.from_numpy(codes), torch.from_numpy(np.array(arrays[field][start:stop])))
        found[compiled.name(id)] = float(metric.compute())
    return found


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


def _target(compiled: Compiled, metric: str) -> str:
    """The field that a metric compares with. TrainingError where it is none."""
    wire = next(wire for wire in compiled.network.incoming[metric] if wire.input == "target")
    field = str(getattr(compiled.network.nodes[wire.source].layer, "field", ""))
    if not field:
        raise TrainingError(
            f"“{compiled.name(metric)}” needs its target straight from an Input", "wire the Input to it", metric
        )
    return field
