"""Looking inside: what nodes do with one sample, as arrays that can be drawn.

The sample goes through the network as for a prediction (dropout off, batch normalisation by its running statistics),
through as much of it as the nodes need. Weights, running statistics, gradients and random state stay as they are.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnstudio.layers import TensorType
from nnstudio.train.attention_maps import attention_map
from nnstudio.train.events import Inside
from nnstudio.train.walking import Route

if TYPE_CHECKING:
    import torch
    from torch import nn

    from nnstudio.compile.lower import Compiled

#: What is given at most: channels of an image and their height and width in pixels (larger ones are scaled down);
#: heads of attention and places on each side (longer sequences are averaged); steps of a sequence (averaged) and
#: features (the first); entries of an embedding (the first); numbers of a vector (the first).
CHANNELS, PIXELS, HEADS, PLACES, STEPS, FEATURES, ENTRIES, NUMBERS = 64, 64, 32, 128, 512, 256, 1024, 4096

_routes: weakref.WeakKeyDictionary[Any, Route] = weakref.WeakKeyDictionary()


def insides(compiled: Compiled, inputs: Sequence[torch.Tensor], nodes: Iterable[str]) -> dict[str, Inside]:
    """What each of these nodes does with the first row of a batch.

    compiled is not to be run by another thread meanwhile. inputs: as for ``compiled.training``; one row is enough
    unless :func:`rows_needed` says otherwise. nodes: ids; one that no loss, metric or output depends on is left
    out, and so is what a batch of one row cannot go through.
    A node's kind (`events.Inside`): attention for layers that attend and for weights that are their output; an
    embedding's table; states of recurrent layers and of other sequences; maps of images (of a volume, its middle
    slice); else a vector. A stack of layers that attend gives the heads of each layer in turn, in each those that look
    at the sequence itself, then those that look at another; maps of different sizes are filled up with zeros.
    """
    import torch

    route = _route(compiled)
    ends = {id: route.results[id] for id in compiled.outputs if id in route.results}
    wanted = [id for id in dict.fromkeys(nodes) if id in route.made or id in ends]
    looker = _Looker(compiled, route, {node: id for id in wanted for node in [route.calls.get(id)] if node is not None})
    shown = {id: route.made.get(id, ends.get(id)) for id in wanted}
    with torch.no_grad(), _undisturbed(compiled, inputs):
        values = looker.run(inputs, shown.values())
        found: dict[str, Inside | None] = {}
        for id, node in shown.items():
            if id in looker.attention:
                found[id] = looker.attention[id]
            elif node in values:
                found[id] = _inside(compiled, id, values[node])
    return {id: inside for id, inside in found.items() if inside is not None}


def predictions(compiled: Compiled, inputs: Sequence[torch.Tensor]) -> dict[str, NDArray[Any]]:
    """What the outputs (by node id) say of every row of a batch; as :func:`insides`, it changes nothing."""
    import torch

    route = _route(compiled)
    ends = {id: route.results[id] for id in compiled.outputs if id in route.results}
    with torch.no_grad(), _undisturbed(compiled, inputs):
        values = _Looker(compiled, route, {}).run(inputs, ends.values())
        found = {id: values[node] for id, node in ends.items() if node in values}
    return {id: value.cpu().numpy().copy() for id, value in found.items() if value.dim()}


def rows_needed(compiled: Compiled) -> int:
    """How many rows a batch for :func:`insides` needs: more than one where a layer always normalises by the batch."""
    from torch.nn.modules.batchnorm import _BatchNorm

    batchwise = any(
        isinstance(module, _BatchNorm) and module.running_mean is None for module in compiled.training.modules()
    )
    return 8 if batchwise else 1


def _route(compiled: Compiled) -> Route:
    route = _routes.get(compiled.observed)
    if route is None:
        route = _routes[compiled.observed] = Route(compiled.observed, [spec.node for spec in compiled.inputs])
    return route


class _Looker:
    """Runs what is needed, and looks at attention while its arguments are there."""

    def __init__(self, compiled: Compiled, route: Route, wanted: Mapping[Any, str]) -> None:
        self.compiled, self.route, self.wanted = compiled, route, wanted
        self.attention: dict[str, Inside] = {}

    def run(self, inputs: Sequence[torch.Tensor], sources: Iterable[Any]) -> Mapping[Any, Any]:
        values: dict[Any, Any] = {}

        def call(node: Any, args: Any, kwargs: Any) -> Any:
            made = self._do(node, args, kwargs)
            values[node] = made
            return made

        try:
            return self.route.run(inputs, call, self.route.needed_by(sources))
        except Exception:  # one row is too few for a layer, say: looking ends no run, and what came before is shown
            return {**dict(zip(self.route.placeholders, inputs, strict=True)), **values}

    def _do(self, node: Any, args: Any, kwargs: Any) -> Any:
        if node.op != "call_module":
            return self.route.do(node, args, kwargs)
        module = self.route.module.get_submodule(node.target)
        id = self.wanted.get(node)
        if id is not None:
            weights, made = attention_map(module, args)
            if weights is not None:
                self.attention[id] = _attention(weights)
                return made
        if getattr(module, "max_norm", None) is not None:  # it would shorten the vectors that it is asked for
            import torch

            own = {name: parameter.clone() for name, parameter in module.named_parameters()}
            return torch.func.functional_call(module, own, args, kwargs)
        return module(*args, **kwargs)


@contextmanager
def _undisturbed(compiled: Compiled, inputs: Sequence[torch.Tensor]) -> Iterator[None]:
    """Evaluation mode; all modules and the random state as they were afterwards."""
    import torch

    device = next((tensor.device for tensor in inputs), torch.device("cpu"))
    changed = {id(each): each for module in compiled.modules.values() for each in module.modules() if each.training}
    state = torch.get_rng_state()
    own = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
    for each in changed.values():
        each.training = False
    try:
        yield
    finally:
        for each in changed.values():
            each.training = True
        torch.set_rng_state(state)
        if own is not None:
            torch.cuda.set_rng_state(own, device)


def _inside(compiled: Compiled, id: str, value: Any) -> Inside | None:
    """A node's output as what it is best drawn as."""
    from torch import nn

    module = compiled.modules.get(id)
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return _table(module)
    if not hasattr(value, "detach") or not value.dim():
        return None if not hasattr(value, "detach") else _vector(value.reshape(1))
    sample = value[0].detach()
    type = _type(compiled, id)
    labels = type.labels[1:] if type is not None and type.rank == value.dim() else ("",) * sample.dim()
    sample = sample.float()
    if sample.dim() >= 2 and labels[-2:] == ("T", "S"):
        return _attention(sample.reshape(-1, *sample.shape[-2:]))
    if sample.dim() in (3, 4) and labels[0] == "C":
        return _maps(sample[:, sample.shape[1] // 2] if sample.dim() == 4 else sample)
    if sample.dim() == 3 and labels[-1] == "C":
        return _maps(sample.movedim(-1, 0))
    if sample.dim() == 2 and labels == ("C", "T"):
        return _states(sample.T)
    if sample.dim() == 2 and labels[0] in ("T", "S", "L"):
        return _states(sample)
    if sample.dim() == 2 and labels[-2:] == ("H", "W"):
        return _maps(sample.unsqueeze(0))
    if sample.dim() == 1 and isinstance(module, nn.RNNCellBase):
        return _states(sample.unsqueeze(0))
    return _vector(sample.reshape(-1))


def _type(compiled: Compiled, id: str) -> TensorType | None:
    """The type of a node's first output (of what an output node is fed)."""
    resolved = compiled.resolution.nodes.get(id)
    if resolved is not None and resolved.outputs:
        return next(iter(resolved.outputs.values()))
    for wire in compiled.network.incoming.get(id, ()):
        source = compiled.resolution.nodes.get(wire.source)
        if source is not None and source.outputs:
            return source.outputs.get(wire.output)
    return None


def _maps(sample: torch.Tensor) -> Inside:
    """Channels C×H×W."""
    from torch.nn import functional

    kept = sample[:CHANNELS]
    height, width = (min(PIXELS, size) for size in kept.shape[1:])
    if kept.shape[1:] != (height, width):
        kept = functional.adaptive_avg_pool2d(kept.unsqueeze(0), (height, width)).squeeze(0)
    return Inside("maps", _array(kept), len(sample))


def _attention(weights: torch.Tensor) -> Inside:
    """Heads × queries × keys."""
    from torch.nn import functional

    kept = weights[:HEADS].float()
    queries, keys = (min(PLACES, size) for size in kept.shape[1:])
    if kept.shape[1:] != (queries, keys):
        kept = functional.adaptive_avg_pool2d(kept.unsqueeze(0), (queries, keys)).squeeze(0)
    return Inside("attention", _array(kept), len(weights))


def _states(sample: torch.Tensor) -> Inside:
    """Steps × features."""
    from torch.nn import functional

    kept = sample[:, :FEATURES]
    if len(kept) > STEPS:
        kept = functional.adaptive_avg_pool1d(kept.T.unsqueeze(0), STEPS).squeeze(0).T
    return Inside("states", _array(kept), sample.shape[1])


def _table(module: nn.Embedding | nn.EmbeddingBag) -> Inside:
    return Inside("embedding", _array(module.weight.detach()[:ENTRIES, :FEATURES]), len(module.weight))


def _vector(values: torch.Tensor) -> Inside:
    return Inside("vector", _array(values[:NUMBERS]), len(values))


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    """A copy on the host."""
    found: NDArray[np.float32] = np.array(tensor.detach().float().cpu().numpy(), np.float32)
    return found
