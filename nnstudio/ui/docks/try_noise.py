"""Numbers that stand in the place of a network's noise, and the pictures that it paints from them. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled
    from nnstudio.train.batches import Batch

#: Pictures that a network which paints from noise shows beside the one that is looked at.
SAMPLES = 12


def more_noise(seed: int, count: int) -> NDArray[np.float32]:
    """Noise of many pictures, SAMPLES×count."""
    made: NDArray[np.float32] = (
        np.random.default_rng((seed, count, 1)).standard_normal((SAMPLES, count)).astype(np.float32)
    )
    return made


def with_noise(made: Compiled, batch: Batch, noises: Mapping[str, NDArray[np.float32]]) -> Batch:
    """A batch whose sources of noise give these numbers: (count,) for every row, or rows × count, for as many rows."""
    import torch

    rows = max([len(each) for each in noises.values() if each.ndim == 2], default=len(batch[0]) if batch else 1)
    changed = []
    for spec, tensor in zip(made.inputs, batch, strict=True):
        own = noises.get(spec.node)
        if own is None or spec.draw is None:
            changed.append(tensor if len(tensor) == rows else tensor[:1].expand(rows, *tensor.shape[1:]))
            continue
        values = torch.from_numpy(np.broadcast_to(own, (rows, own.shape[-1])).copy()).to(tensor)
        changed.append(values.reshape(rows, *tensor.shape[1:]))
    return tuple(changed)


def painted(made: Compiled, batch: Batch, many: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Pictures (N×C×H×W) from noise of the outputs that are pictures and depend on it, by output's name."""
    from nnstudio.train.inside import predictions

    network = made.network
    outputs = [
        id for id in made.outputs
        if getattr(network.nodes[id].layer, "kind", "") == "image" and many.keys() & network.ancestors([id])
    ]  # fmt: skip
    if not outputs:
        return {}
    said = predictions(made, with_noise(made, batch, many))
    return {made.name(id): np.asarray(said[id], np.float32) for id in outputs if id in said and said[id].ndim == 4}
