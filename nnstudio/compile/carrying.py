"""Trained weights carried over into a network that was edited since: what still fits is kept, to the bit.

A layer that grew keeps its old part; what is new in it starts afresh, and does not speak at first in the layers that
read it (their new columns are zero), so that a wider network begins as good as it was. A layer that shrank is cut.
Nodes are known by their ids, so that a name may change. Source of the zero columns: after Chen et al., "Net2Net:
accelerating learning via knowledge transfer" (2015).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nnstudio.compile import features
from nnstudio.compile.lower import Compiled
from nnstudio.compile.resolve import Resolution
from nnstudio.graph import Network
from nnstudio.graph.expanding import expand

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

    Arrays = Mapping[str, np.ndarray[Any, Any]]

#: From a parameter's key and its old and new shape to the old place of each new one, for each axis.
_Placing = Callable[[str, tuple[int, ...], tuple[int, ...]], list[list[int]] | None]
#: What became of a node's weights. ``lost``: the node is no longer there, or takes none.
STATES = ("kept", "grown", "cut", "fresh", "lost")


@dataclass(frozen=True, slots=True)
class Part:
    """What became of the weights of one node. id: in the flat network ("" where it is gone). detail: a sentence.
    weights: what became of each, by its state-dict key."""

    id: str
    name: str
    state: str
    detail: str = ""
    weights: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Carried:
    """What was kept, what grew, what was cut and what starts afresh, by node."""

    parts: tuple[Part, ...] = ()

    def of(self, state: str) -> tuple[Part, ...]:
        """The parts of one state (see STATES)."""
        return tuple(part for part in self.parts if part.state == state)

    @property
    def whole(self) -> bool:
        """Whether every weight is as it was trained."""
        return all(part.state == "kept" for part in self.parts)

    def summary(self) -> str:
        """In a line: ``5 layers keep their weights, 1 has grown, 1 starts afresh``."""
        words = {
            "kept": ("layer keeps its weights", "layers keep their weights"), "grown": ("has grown", "have grown"),
            "cut": ("was cut", "were cut"), "fresh": ("starts afresh", "start afresh"),
            "lost": ("was left out", "were left out"),
        }  # fmt: skip
        counts = [(len(self.of(state)), state) for state in STATES]
        return ", ".join(f"{n} {words[state][n != 1]}" for n, state in counts if n) or "no layer has weights"

    def notes(self) -> tuple[str, ...]:
        """A sentence on each node whose weights are not as they were."""
        return tuple(part.detail for part in self.parts if part.state != "kept")


def carry(
    compiled: Compiled, old: Arrays, was: Resolution | None = None, names: Mapping[str, str] | None = None
) -> Carried:
    """Put trained weights into a compiled network, which keeps its own where there are none for it.

    Args:
        old: by state-dict key, as they were trained.
        was: the network in which they were trained; None: nothing is known of it but the keys.
        names: what each node (by flat id) was called then; taken from ``was`` where it is not given.
    """
    import torch

    called = dict(names) if names is not None else _names(was)
    by_name = _by_node(old, called.values())
    source = _Sources(compiled, called, by_name)
    owners = {id: module for id, module in compiled.modules.items() if id not in compiled.resolution.expansion.shared}
    parts, taken = [], set()
    with torch.no_grad():
        for id, module in owners.items():
            state = module.state_dict()
            if state:
                before = source.of(id)
                taken.add(before)
                parts.append(_Carrier(compiled, id, module, was, before).carried(state, by_name.get(before, {})))
    for name in by_name:
        if name not in taken:
            told = f"The saved weights of “{name}” were left out: no node of that name takes them."
            parts.append(Part("", name, "lost", told))
    return Carried(tuple(parts))


def renamed(old: Arrays, was: Network, now: Network) -> dict[str, np.ndarray[Any, Any]]:
    """The same weights under the names that their nodes have now; those of nodes that are gone keep theirs."""
    called = {id: node.name for id, node in expand(was).flat.nodes.items()}
    present = {id: node.name for id, node in expand(now).flat.nodes.items()}
    turned = {name: present.get(id, name) for id, name in called.items()}
    parts = _by_node(old, called.values())
    return {f"{turned.get(node, node)}.{key}": value for node, each in parts.items() for key, value in each.items()}


def _names(was: Resolution | None) -> dict[str, str]:
    return {id: node.name for id, node in was.flat.nodes.items()} if was is not None else {}


def _by_node(old: Arrays, names: Any) -> dict[str, dict[str, Any]]:
    """The arrays by node name and torch's own name. A node inside a block has dots in its name."""
    known = set(names)
    split: dict[str, dict[str, Any]] = {}
    for key, value in old.items():
        parts = key.split(".")
        places = range(len(parts) - 1, 0, -1)
        at = next((place for place in places if ".".join(parts[:place]) in known), None)
        at = at if at is not None else len(parts) - 1
        split.setdefault(".".join(parts[:at]), {})[".".join(parts[at:])] = value
    return split


class _Sources:
    """Which old node each node of the new network goes on from, by its name then."""

    def __init__(self, compiled: Compiled, called: Mapping[str, str], old: Mapping[str, Any]) -> None:
        self._compiled, self._called, self._old = compiled, called, old
        present = compiled.network.nodes
        self._ends: dict[str, list[str]] = {}
        for id, name in called.items():
            if id not in present and name in old:
                self._ends.setdefault(id.rpartition("/")[2], []).append(name)
        self._bound = {name for id, name in called.items() if id in present}

    def of(self, id: str) -> str:
        """The name; where no node of that id was there, that of a node that went into a block or came out of one,
        else of the same name."""
        if id in self._called:
            return self._called[id]
        moved = self._ends.get(id.rpartition("/")[2])
        if moved:
            return moved.pop(0)
        name = self._compiled.network.nodes[id].name
        if name in self._bound:
            return ""
        return name


class _Carrier:
    """Carries the weights of one node."""

    def __init__(self, compiled: Compiled, id: str, module: nn.Module, was: Resolution | None, before: str) -> None:
        self._compiled, self._id, self._module, self._was = compiled, id, module, was
        self._name = compiled.network.nodes[id].name
        by_name = {node.name: each for each, node in was.flat.nodes.items()} if was is not None else {}
        self._old_id = by_name.get(before, "")

    def carried(self, state: Mapping[str, torch.Tensor], old: Mapping[str, Any]) -> Part:
        """Fill the module's tensors from the old arrays; say what became of them."""
        if not old:
            key = next(iter(state))
            told = f"“{self._name}” starts untrained: no {key} is saved for it; train it again."
            return Part(self._id, self._name, "fresh", told, {f"{self._name}.{key}": "fresh" for key in state})
        found = [self._one(key, value, old.get(key)) for key, value in state.items()]
        weights = {f"{self._name}.{key}": what for key, (what, _) in zip(state, found, strict=True)}
        for rank in ("fresh", "cut", "grown"):
            detail = next((detail for what, detail in found if what == rank), None)
            if detail is not None:
                return Part(self._id, self._name, rank, detail, weights)
        return Part(self._id, self._name, "kept", weights=weights)

    def _one(self, key: str, value: torch.Tensor, saved: Any) -> tuple[str, str]:
        import torch

        if saved is None:
            return "fresh", f"“{self._name}” starts untrained: no {key} is saved for it; train it again."
        if self._was is self._compiled.resolution and saved.shape == tuple(value.shape):
            value.copy_(torch.from_numpy(saved.copy()).to(value.dtype))
            return "kept", ""
        expected, came = _shape(value.shape), _shape(saved.shape)
        places = self._places(key, tuple(saved.shape), tuple(value.shape))
        if places is None:
            told = f"The saved {key} of “{self._name}” was left out: {expected} was expected, {came} came"
            return "fresh", f"{told}; train it again."
        given = torch.from_numpy(saved.copy()).to(value.dtype)
        if all(features.same(each) for each in places) and saved.shape == tuple(value.shape):
            value.copy_(given)
            return "kept", ""
        _fill(value, given, places, self._reading(key))
        if all(new >= old for new, old in zip(value.shape, saved.shape, strict=True)):
            return (
                "grown",
                f"“{self._name}” has grown: its {key} was {came} and is {expected}; the new part is untrained.",
            )
        told = f"The saved {key} of “{self._name}” was cut to fit: {expected} was expected, {came} came"
        return "cut", f"{told}; train it again."

    def _reading(self, key: str) -> tuple[int, ...]:
        """The axes of a weight along which it reads what comes in, whose new places are silent at first."""
        kind = type(self._module).__name__
        if "weight" not in key or kind == "Embedding":
            return ()
        if kind.startswith("ConvTranspose"):
            return (0,)
        if kind in ("RNN", "LSTM", "GRU") or kind.startswith(("Linear", "Conv", "Bilinear", "Multihead")):
            return tuple(range(1, 6))
        return ()

    def _places(self, key: str, old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]] | None:
        """For each axis the old place of each new one; None where nothing can be kept."""
        if len(old) != len(new):
            return None
        kind = type(self._module).__name__
        by_kind: dict[str, _Placing] = {
            "Linear": self._linear, "Bilinear": self._bilinear, "RNN": self._recurrent, "LSTM": self._recurrent,
            "GRU": self._recurrent, "MultiheadAttention": self._attention,
        }  # fmt: skip
        for each in ("Conv1d", "Conv2d", "Conv3d"):
            by_kind[each] = self._convolution
        for each in ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"):
            by_kind[each] = self._transposed
        if kind in by_kind:
            return by_kind[kind](key, old, new)
        if len(old) == 1 and ("Norm" in kind or kind == "PReLU"):
            return [self._columns(-1 if kind in ("LayerNorm", "RMSNorm") else 1, old[0], new[0])]
        return [features.leading(a, b) for a, b in zip(old, new, strict=True)]

    def _columns(self, axis: int, old: int, new: int) -> list[int]:
        """The features that the node reads along an axis of its input (−1: the last)."""
        if self._was is None or self._old_id not in self._was.flat.nodes:
            return features.leading(old, new)
        pieces = []
        for resolution, id in ((self._was, self._old_id), (self._compiled.resolution, self._id)):
            place = axis if axis >= 0 else _rank_fed(resolution, id) - 1
            pieces.append(features.arriving(resolution, id, place) if place > 0 else ())
        return features.placed(pieces[0], pieces[1], old, new)

    def _linear(self, key: str, old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]]:
        rows = features.leading(old[0], new[0])
        return [rows, self._columns(-1, old[1], new[1])] if len(old) == 2 else [rows]

    def _bilinear(self, key: str, old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]]:
        return [features.leading(a, b) for a, b in zip(old, new, strict=True)]

    def _convolution(self, key: str, old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]] | None:
        groups = int(getattr(self._module, "groups", 1))
        spatial = [features.centred(a, b) for a, b in zip(old[2:], new[2:], strict=True)]
        reads = self._columns(1, old[1], new[1]) if len(old) > 1 and groups == 1 else []
        if groups == 1:
            rows = features.leading(old[0], new[0])
            return [rows, reads, *spatial] if len(old) > 1 else [rows]
        channels = int(getattr(self._module, "in_channels", 1))
        if channels == groups and new[0] == channels:  # one filter a channel: rows follow the channels
            rows = self._columns(1, old[0], new[0])
        elif old[0] == new[0]:
            rows = features.leading(old[0], new[0])
        else:
            rows = features.blocks(old[0], new[0], groups)
        return [rows, features.leading(old[1], new[1]), *spatial] if len(old) > 1 else [rows]

    def _transposed(self, key: str, old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]]:
        if len(old) == 1:
            return [features.leading(old[0], new[0])]
        spatial = [features.centred(a, b) for a, b in zip(old[2:], new[2:], strict=True)]
        return [self._columns(1, old[0], new[0]), features.leading(old[1], new[1]), *spatial]

    def _recurrent(self, key: str, old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]]:
        gates = {"LSTM": 4, "GRU": 3}.get(type(self._module).__name__, 1)
        rows = features.blocks(old[0], new[0], gates)
        if len(old) == 1:
            return [rows]
        if key.startswith("weight_ih_l0"):
            return [rows, self._columns(-1, old[1], new[1])]
        both = 2 if key.startswith("weight_ih") and getattr(self._module, "bidirectional", False) else 1
        return [rows, features.blocks(old[1], new[1], both)]

    def _attention(self, key: str, old: tuple[int, ...], new: tuple[int, ...]) -> list[list[int]]:
        heads = int(getattr(self._module, "num_heads", 1))
        stacked = 3 * heads if key.startswith("in_proj") else 1
        rows = features.blocks(old[0], new[0], stacked)
        if len(old) == 1:
            return [rows]
        reads = features.blocks(old[1], new[1], heads) if key.startswith("out_proj") else None
        return [rows, reads if reads is not None else features.leading(old[1], new[1])]


def _rank_fed(resolution: Resolution, id: str) -> int:
    """The number of axes of what arrives at a node; 0 where that is not known."""
    wires = resolution.flat.incoming.get(id, ())
    made = resolution.nodes.get(wires[0].source) if wires else None
    type = made.outputs.get(wires[0].output) if made is not None else None
    return type.rank if type is not None else 0


def _fill(value: torch.Tensor, given: torch.Tensor, places: list[list[int]], reading: tuple[int, ...]) -> None:
    """Copy what stays into its places. Where old rows read new features, they are silent at first."""
    import torch

    kept = [[new for new, old in enumerate(axis) if old >= 0] for axis in places]
    for axis in reading:
        if axis < len(places) and len(kept[axis]) < len(places[axis]):
            rows = [list(each) for each in kept]
            rows[axis] = [new for new, old in enumerate(places[axis]) if old < 0]
            for other in reading:
                if other < len(places) and other != axis:
                    rows[other] = list(range(len(places[other])))
            if all(rows):
                value[torch.meshgrid(*map(torch.tensor, rows), indexing="ij")] = 0.0
    if all(kept):
        came = [[old for old in axis if old >= 0] for axis in places]
        value[torch.meshgrid(*map(torch.tensor, kept), indexing="ij")] = given[
            torch.meshgrid(*map(torch.tensor, came), indexing="ij")
        ]


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape)) or "one number"
