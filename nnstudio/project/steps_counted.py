"""How many steps of a sequence count where CTC reads it: as many as its loss is told of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from nnstudio.project.judging.taps import Tap, fed, tapped

if TYPE_CHECKING:
    import numpy as np
    import torch

    from nnstudio.compile.lower import Compiled
    from nnstudio.graph import Network


def steps_counted(
    compiled: Compiled, inputs: Sequence[torch.Tensor], given: Collection[str] | None = None
) -> dict[str, np.ndarray[Any, Any]]:
    """By output's name, of those that CTC reads, how many steps of each row count, (N,).

    inputs: of ``compiled.training`` in their order. given: the fields that are known among them, None: all. An output
    whose loss is told no lengths, or lengths that follow from a field that is not known, is left out.
    """
    from nnstudio.train.evaluate import evaluating

    network, found = compiled.network, {}
    for id in compiled.outputs:
        tap = _lengths(network, id)
        if tap is None:
            continue
        needed = {tap[0], *network.ancestors([tap[0]])}
        fields = {spec.field for spec in compiled.inputs if spec.node in needed and spec.draw is None}
        if given is None or fields <= set(given):
            with evaluating(compiled.training):
                found[compiled.name(id)] = tapped(compiled, (tap,))(*inputs)[0].reshape(-1).cpu().numpy()
    return found


def _lengths(network: Network, output: str) -> Tap | None:
    """What tells the loss on the same prediction as an output how many steps count; None where nothing does."""
    if getattr(network.nodes[output].layer, "decoder", "") != "ctc":
        return None
    read = fed(network, output, "input")
    losses = (node.id for node in network.of_role("loss") if fed(network, node.id, "prediction") == read)
    return next((tap for id in losses if (tap := fed(network, id, "prediction_lengths")) is not None), None)
