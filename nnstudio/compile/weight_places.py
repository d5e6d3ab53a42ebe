"""Where each number of an edited layer's weight was in the one that was trained, axis by axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnstudio.compile import features

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Gates whose rows lie one after the other in the weights of a recurrent layer.
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1, "LSTMCell": 4, "GRUCell": 3, "RNNCell": 1}
Shape = tuple[int, ...]
#: For each axis of a weight the old place of each new one; −1: it is new.
Axes = list[list[int]]
#: From an axis of what a node reads (−1: the last), its old size and its new one to the old place of each feature.
Columns = Callable[[int, int, int], list[int]]


@dataclass(frozen=True, slots=True)
class Placing:
    """Places for the weights of one module.

    columns: of what the node reads. both_ways: whether the module read in both directions before, if it is a recurrent
    one.
    """

    module: nn.Module
    columns: Columns
    both_ways: bool = False

    def places(self, key: str, old: Shape, new: Shape) -> Axes | None:
        """Where a weight's numbers were; None where nothing can be kept."""
        if len(old) != len(new):
            return None
        owner, outermost = self._owner(key)
        columns: Columns = self.columns if outermost else lambda _, was, now: features.leading(was, now)
        return self._of(owner, key.rpartition(".")[2], old, new, columns)

    def reading(self, key: str) -> tuple[int, ...]:
        """The axes of a weight along which it reads what comes in, whose new places are silent at first."""
        kind = type(self._owner(key)[0]).__name__
        if "weight" not in key or kind == "Embedding":
            return ()
        if kind.startswith("ConvTranspose"):
            return (0,)
        if kind in _GATES or kind.startswith(("Linear", "Conv", "Bilinear", "Multihead")):
            return tuple(range(1, 6))
        return ()

    def _owner(self, key: str) -> tuple[nn.Module, bool]:
        """The module inside this one whose weight it is, and whether it reads what the node reads."""
        owner, outermost = self.module, True
        for name in key.split(".")[:-1]:
            inner = owner._modules.get(name)
            if inner is None or type(owner).__name__ == "MultiheadAttention":  # its projection follows its heads
                break
            owner, outermost = inner, False
        return owner, outermost

    def _of(self, owner: nn.Module, key: str, old: Shape, new: Shape, columns: Columns) -> Axes:
        kind = type(owner).__name__
        if kind == "Linear":
            rows = features.leading(old[0], new[0])
            return [rows, columns(-1, old[1], new[1])] if len(old) == 2 else [rows]
        if kind in ("Conv1d", "Conv2d", "Conv3d"):
            return _convolution(owner, old, new, columns)
        if kind.startswith("ConvTranspose") and len(old) > 1:
            return [columns(1, old[0], new[0]), features.leading(old[1], new[1]), *_middles(old[2:], new[2:])]
        if kind in _GATES:
            return self._recurrent(owner, key, old, new, columns)
        if kind == "MultiheadAttention":
            return _attention(owner, key, old, new)
        if len(old) == 1 and ("Norm" in kind or kind == "PReLU"):
            return [columns(-1 if kind in ("LayerNorm", "RMSNorm") else 1, old[0], new[0])]
        return [features.leading(a, b) for a, b in zip(old, new, strict=True)]

    def _recurrent(self, owner: nn.Module, key: str, old: Shape, new: Shape, columns: Columns) -> Axes:
        if key.startswith("weight_hr"):  # what projects the state has no gates
            return [features.leading(a, b) for a, b in zip(old, new, strict=True)]
        rows = features.blocks(old[0], new[0], _GATES[type(owner).__name__])
        if len(old) == 1:
            return [rows]
        if key == "weight_ih" or key.startswith("weight_ih_l0"):
            return [rows, columns(-1, old[1], new[1])]
        both = key.startswith("weight_ih") and bool(getattr(owner, "bidirectional", False)) and self.both_ways
        return [rows, features.blocks(old[1], new[1], 2 if both else 1)]


def fill(value: torch.Tensor, given: torch.Tensor, places: Axes, reading: tuple[int, ...]) -> None:
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


def _middles(old: Shape, new: Shape) -> Axes:
    return [features.centred(a, b) for a, b in zip(old, new, strict=True)]


def _convolution(owner: nn.Module, old: Shape, new: Shape, columns: Columns) -> Axes:
    groups, channels = int(getattr(owner, "groups", 1)), int(getattr(owner, "in_channels", 1))
    if groups > 1 and channels == groups and new[0] == channels:  # one filter a channel: rows follow the channels
        rows = columns(1, old[0], new[0])
    elif groups == 1 or old[0] == new[0]:
        rows = features.leading(old[0], new[0])
    else:
        rows = features.blocks(old[0], new[0], groups)
    if len(old) == 1:
        return [rows]
    reads = columns(1, old[1], new[1]) if groups == 1 else features.leading(old[1], new[1])
    return [rows, reads, *_middles(old[2:], new[2:])]


def _attention(owner: nn.Module, key: str, old: Shape, new: Shape) -> Axes:
    heads = int(getattr(owner, "num_heads", 1))
    if len(old) > 2:  # the learned key and value at the end of the sequence
        return [
            *(features.leading(a, b) for a, b in zip(old[:-1], new[:-1], strict=True)),
            features.blocks(old[-1], new[-1], heads),
        ]
    if key.startswith("in_proj"):
        rows = features.blocks(old[0], new[0], 3 * heads)
    elif key.endswith("_proj_weight"):
        rows = features.blocks(old[0], new[0], heads)
    else:  # the projection of what the heads found
        rows = features.leading(old[0], new[0])
        return [rows, features.blocks(old[1], new[1], heads)] if len(old) == 2 else [rows]
    return [rows, features.leading(old[1], new[1])] if len(old) == 2 else [rows]
