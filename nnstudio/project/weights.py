"""Trained weights into a compiled network and out of it, by node name and shape. Imports torch when called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nnstudio.graph import Network
from nnstudio.layers import TensorType
from nnstudio.project.tensors import Weights
from nnstudio.train.events import RunFailed, RunFinished

if TYPE_CHECKING:
    import numpy as np

    from nnstudio.compile.lower import Compiled


def weights_of(compiled: Compiled) -> Weights:
    """A copy of every weight and buffer by its state-dict key, ``"<node name>.<torch's name>"``."""
    state = compiled.training.state_dict()
    return {key: value.detach().cpu().numpy().copy() for key, value in state.items()}


def after_run(
    compiled: Compiled, ended: RunFinished | RunFailed, epochs: int, earlier: Weights | None
) -> Weights | None:
    """The weights to have after a run, which left in ``compiled`` the last good ones.

    Those of a run that failed are kept where it had done ``epochs`` whole epochs, or where there were none before:
    nobody loses a trained network to a run that broke at its beginning.
    """
    if isinstance(ended, RunFinished):
        return weights_of(compiled)
    if not epochs and (earlier is not None or not ended.step):
        return earlier
    try:
        return weights_of(compiled)
    except RuntimeError:  # the device itself is broken
        return earlier


@dataclass(frozen=True)
class Trained:
    """A compiled network with the weights that fitted. notes: a sentence on each part that is not trained, and why."""

    compiled: Compiled
    notes: tuple[str, ...] = ()


def compiled_with(
    network: Network,
    fields: Mapping[str, TensorType],
    seed: int,
    weights: Weights | None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Trained:
    """Compile a network and put in the weights, where name and shape fit. CompileError where it has problems.

    names: what each node (by id) was called when the weights were trained, so that renamed nodes keep theirs.
    """
    from nnstudio.compile.lower import compile_network

    compiled = compile_network(network, fields, seed)
    if weights is None:
        return Trained(compiled, ("This network has not been trained: its weights are as they start.",))
    now = {old: network.nodes[id].name for id, old in names.items() if id in network.nodes}
    split = {key: key.partition(".") for key in weights}
    renamed = {f"{now.get(node, node)}.{part}": weights[key] for key, (node, _, part) in split.items()}
    return Trained(compiled, apply_weights(compiled, renamed))


def apply_weights(compiled: Compiled, weights: Mapping[str, np.ndarray[Any, Any]]) -> tuple[str, ...]:
    """Put saved weights where name and shape are the same; say of each node what was left out, and why."""
    import torch

    notes: dict[str, str] = {}
    state = compiled.training.state_dict()
    with torch.no_grad():
        for key, value in state.items():
            node, _, part = key.partition(".")
            saved = weights.get(key)
            if saved is None:
                notes.setdefault(node, f"“{node}” starts untrained: no {part} is saved for it; train it again.")
            elif tuple(saved.shape) != tuple(value.shape):
                notes.setdefault(
                    node,
                    f"The saved {part} of “{node}” was left out: {_shape(value.shape)} was expected, "
                    f"{_shape(saved.shape)} came; train it again.",
                )
            else:
                value.copy_(torch.from_numpy(saved.copy()))
    for node in dict.fromkeys(key.partition(".")[0] for key in weights if key not in state):
        notes.setdefault(node, f"The saved weights of “{node}” were left out: no node of that name takes them.")
    return tuple(notes.values())


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape)) or "one number"
