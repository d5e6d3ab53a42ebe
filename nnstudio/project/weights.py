"""Trained weights into a compiled network and out of it. Imports torch when called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnstudio.graph import Network
from nnstudio.layers import TensorType
from nnstudio.project.tensors import Weights
from nnstudio.train.events import RunFailed, RunFinished

if TYPE_CHECKING:
    from nnstudio.compile.carrying import Carried
    from nnstudio.compile.lower import Compiled
    from nnstudio.compile.resolve import Resolution
    from nnstudio.data.dataset import Dataset
    from nnstudio.data.fitted import Fitted


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


@dataclass
class Trained:
    """A compiled network with the weights that fitted. notes: a sentence on each part that is not trained, and why;
    carried: what became of the weights of each node (None where there were none); fitted: what the data taught that
    they were trained on, None where that is not known."""

    compiled: Compiled
    notes: tuple[str, ...] = ()
    carried: Carried | None = None
    fitted: Fitted | None = None
    _data: tuple[Dataset, Dataset] | None = None

    def data(self, dataset: Dataset) -> Dataset:
        """The data as this network is to be fed with it, prepared by what was learned when it was trained. DataError
        where it no longer has the columns for that."""
        if self.fitted is None:
            return dataset
        if self._data is None or self._data[0] is not dataset:
            self._data = (dataset, dataset.prepared_as(self.fitted))
        return self._data[1]


def fitting(fitted: Fitted | None, network: Network) -> Fitted | None:
    """What was learned from the data, where it has all that the network takes; else None."""
    needed = {str(getattr(node.layer, "field", "")) for node in network.of_role("input")}
    return fitted if fitted is not None and needed <= {*fitted.types, ""} else None


def compiled_with(
    network: Network,
    fields: Mapping[str, TensorType],
    seed: int,
    weights: Weights | None,
    was: Network | None = None,
    *,
    only_frozen: bool = False,
    fitted: Fitted | None = None,
) -> Trained:
    """Compile a network and put in the weights, as far as they fit. CompileError where it has problems.

    was: the network in which the weights were trained, so that renamed nodes keep theirs and wider ones their old part;
    left out, it counts as this one. only_frozen: put in those of frozen nodes alone, without a note on the others: a
    run that begins anew keeps what it does not train. fitted: what the data taught that they were trained on; where it
    has what the network takes, the network is compiled for that.
    """
    from nnstudio.compile.carrying import carry
    from nnstudio.compile.lower import compile_network
    from nnstudio.compile.resolve import resolve

    known = fitting(fitted, network) if weights is not None else None
    fields = known.types if known is not None else fields
    compiled = compile_network(network, fields, seed)
    if weights is not None and only_frozen:
        weights = _of_frozen(compiled.resolution, weights, was)
        if not weights:
            return Trained(compiled)
    if weights is None:
        return Trained(compiled, ("This network has not been trained: its weights are as they start.",))
    before = compiled.resolution if was is None or was is network else resolve(was, fields)
    carried = carry(compiled, weights, before)
    return Trained(compiled) if only_frozen else Trained(compiled, carried.notes(), carried, known)


def _of_frozen(now: Resolution, weights: Weights, was: Network | None) -> Weights:
    """The weights of nodes that are frozen in the network as it is now, by the names that they had."""
    from nnstudio.compile.matching import sources
    from nnstudio.graph.expanding import expand

    before = now.expansion if was is None or was is now.network else expand(was)
    found = sources(before, now.expansion)
    names = tuple(f"{before.flat.nodes[found[id]].name}." for id in now.expansion.frozen if id in found)
    return {key: value for key, value in weights.items() if names and key.startswith(names)}
