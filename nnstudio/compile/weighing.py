"""What one layer costs, as torch itself says: a trial of its forward pass in which products are counted and tensors
that are kept for the backward pass are noted.

Small work is really done, on the CPU; everything else on torch's fake tensors, which choose the CPU's kernels but
compute nothing and hold no memory. No random number is drawn, so a run that goes on meanwhile stays as it was.
"""

from __future__ import annotations

import inspect
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from nnstudio.compile.counting import counted
from nnstudio.compile.shapes import Inputs, Runner, runner
from nnstudio.compile.trial import _Uninitialised
from nnstudio.layers import Call, Function, Layer, TensorType

#: What is small enough to be really run: numbers in weights, numbers in and out, products.
_WEIGHTS, _NUMBERS, _WORK = 1_000_000, 1_000_000, 100_000_000
#: Modules that draw random numbers while training.
_RANDOM = ("Dropout", "RReLU", "FractionalMaxPool", "Transformer", "MultiheadAttention", "RandomAffine")
#: Products that a recurrent layer may be tried with, and steps that it is tried with at least. It is really run, since
#: torch's fake tensors unroll it step by step; on longer sequences its costs grow evenly.
_STEPPED, _STEPS = 300_000_000, 8


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a layer costs at one batch size.

    multiply_adds: products that are summed, in matrix products and convolutions. Its flat inputs are those of its
    ports in order. kept_inputs, kept_outputs: places of the inputs and outputs that are kept for the backward
    pass; kept_inside: bytes of all else that is. aliases: for each output, the place of the input whose memory it
    shares, or −1. gradients: for each output, whether the backward pass comes through it. parameter_bytes,
    buffer_bytes: of the module. known: False where the layer could not be tried, and all of it is 0.
    """

    multiply_adds: int = 0
    kept_inputs: frozenset[int] = frozenset()
    kept_outputs: frozenset[int] = frozenset()
    kept_inside: int = 0
    aliases: tuple[int, ...] = ()
    gradients: tuple[bool, ...] = ()
    parameter_bytes: int = 0
    buffer_bytes: int = 0
    known: bool = True


_Key = tuple[Layer, tuple[Any, ...], tuple[bool, ...], bool, tuple[tuple[str, int], ...]]
_MEMORY: dict[_Key, Weighed] = {}
_MEMORY_LIMIT = 8192
_LOCK = threading.Lock()


def flat_types(inputs: Inputs) -> list[TensorType]:
    """The types at a layer's ports in order, a port for many as several, without those that are not wired."""
    flat: list[TensorType] = []
    for value in inputs.values():
        flat.extend(value if isinstance(value, tuple) else () if value is None else (value,))
    return flat


def weigh(
    layer: Layer,
    built: Call | Function,
    inputs: Inputs,
    gradients: Sequence[bool],
    frozen: bool,
    point: Mapping[str, int],
    parameters: int = 0,
) -> Weighed:
    """Try a layer.

    Args:
        parameters: how many it has.
        gradients: for each flat input, whether the backward pass goes on to it.
        frozen: its parameters are not trained.
        point: what the symbols in its input types stand for.
    """
    flat = flat_types(inputs)
    symbols = frozenset().union(*(type.symbols for type in flat)) if flat else frozenset()
    at = tuple(sorted((name, size) for name, size in point.items() if name in symbols))
    key = (layer, tuple(inputs.items()), tuple(gradients), frozen, at)
    with _LOCK:
        if key not in _MEMORY:
            if len(_MEMORY) >= _MEMORY_LIMIT:
                _MEMORY.clear()
            _MEMORY[key] = _weigh(layer, built, inputs, gradients, frozen, point, parameters)
        return _MEMORY[key]


def _weigh(
    layer: Layer, built: Call | Function, inputs: Inputs, gradients: Sequence[bool], frozen: bool,
    point: Mapping[str, int], parameters: int,
) -> Weighed:  # fmt: skip
    own = type(layer).__module__.startswith("nnstudio.")
    try:
        if own and isinstance(built, Call) and built.target.rpartition(".")[2] in ("RNN", "LSTM", "GRU"):
            return _recurrent(layer, built, inputs, gradients, frozen, point, parameters)
        shapes = [type.shape(point) for type in flat_types(inputs)]
        small = own and not _is_random(built) and _is_small(parameters, sum(map(math.prod, shapes)))
        with nullcontext() if small else _fake():
            return _Tried(layer, built, frozen).run(inputs, gradients, point)
    except Exception:  # what a layer that cannot be tried so costs is not known
        return Weighed(known=False, aliases=(-1,) * len(layer.outputs), gradients=(True,) * len(layer.outputs))


def _is_small(parameters: int, numbers: int) -> bool:
    return parameters <= _WEIGHTS and numbers <= _NUMBERS and max(1, parameters) * numbers <= _WORK


@contextmanager
def _fake() -> Iterator[None]:
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        yield


def _is_random(built: Call | Function) -> bool:
    return isinstance(built, Call) and any(word in built.target for word in _RANDOM)


def _recurrent(
    layer: Layer, built: Call, inputs: Inputs, gradients: Sequence[bool], frozen: bool, point: Mapping[str, int],
    parameters: int,
) -> Weighed:  # fmt: skip
    """A recurrent layer, tried at its own length or, where that is much work, at two that are shorter."""
    sequence = inputs["input"]
    assert isinstance(sequence, TensorType)
    batch, steps = sequence.shape(point)[:2]
    calm = _with_keywords(built, dropout=0.0)
    high = min(steps, max(_STEPS, _STEPPED // max(1, parameters * batch)))
    low = high // 2

    def tried(length: int) -> Weighed:
        axes = tuple(replace(axis, size=length) if place == 1 else axis for place, axis in enumerate(sequence.axes))
        short = {**inputs, "input": replace(sequence, axes=axes)}
        return _Tried(layer, calm, frozen).run(short, gradients, point)

    long = tried(high)
    work, inside = long.multiply_adds, long.kept_inside
    if steps > high:
        short = tried(low)
        work += (work - short.multiply_adds) * (steps - high) // (high - low)
        inside += (inside - short.kept_inside) * (steps - high) // (high - low)
    keywords = built.keywords
    if keywords.get("dropout"):  # a mask between each two layers
        ways = 2 if keywords.get("bidirectional") else 1
        inside += (int(keywords.get("num_layers", 1)) - 1) * batch * steps * ways * int(built.args[1]) * 4
    return replace(long, multiply_adds=work, kept_inside=inside)


def _with_keywords(built: Call, **values: Any) -> Call:
    """The same call with other values for keyword arguments that it has."""
    keywords = {name: values.get(name, value) for name, value in built.kwargs}
    return Call(built.target, *built.args, **keywords)


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the multiply–adds of all that torch is told to do."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.multiply_adds = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        self.multiply_adds += counted(func._overloadpacket, args, kwargs or {}, result)
        return result


# torch wraps this method to hide it from its compiler, and imports the compiler to do so (1.5 s): not needed here
_Counting.__torch_dispatch__ = inspect.unwrap(_Counting.__torch_dispatch__)  # type: ignore[method-assign]


class _Tried:
    """A layer's module (or function), in training, on the kind of tensors that are made where it is made."""

    def __init__(self, layer: Layer, built: Call | Function, frozen: bool) -> None:
        with _Uninitialised():
            self.call: Runner = runner(layer, built)
        self.module: nn.Module | None = self.call.module
        if self.module is not None:
            self.module.train()
            if frozen:
                self.module.requires_grad_(False)

    def run(self, inputs: Inputs, gradients: Sequence[bool], point: Mapping[str, int]) -> Weighed:
        flat: list[torch.Tensor] = []

        def tensor(type: TensorType) -> torch.Tensor:
            made = torch.zeros(type.shape(point), dtype=getattr(torch, type.dtype))
            made.requires_grad_(type.is_float and gradients[len(flat)])
            flat.append(made)
            return made

        values = {
            name: tuple(map(tensor, value)) if isinstance(value, tuple) else None if value is None else tensor(value)
            for name, value in inputs.items()
        }
        noted: list[torch.Tensor] = []  # held, so that no two of them get the same memory

        def note(kept: torch.Tensor) -> torch.Tensor:
            noted.append(kept)
            return kept

        hooks = torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept)
        with torch.enable_grad(), _Counting() as counting, hooks:
            result = self.call(values)
        outputs = [each for each in pytree.tree_leaves(result) if isinstance(each, torch.Tensor)]
        return self._sorted(counting.multiply_adds, flat, outputs, noted)

    def _sorted(
        self, multiply_adds: int, flat: list[torch.Tensor], outputs: list[torch.Tensor], noted: list[torch.Tensor]
    ) -> Weighed:
        own: dict[int, int] = {}
        bytes_of = {"parameters": 0, "buffers": 0}
        if self.module is not None:
            for kind in bytes_of:
                tensors = {_memory(tensor): _bytes(tensor) for tensor in getattr(self.module, kind)()}
                bytes_of[kind] = sum(tensors.values())
                own |= tensors
        at_input = {_memory(tensor): place for place, tensor in reversed(list(enumerate(flat)))}
        at_output = {_memory(tensor): place for place, tensor in reversed(list(enumerate(outputs)))}
        kept = {_memory(tensor): _bytes(tensor) for tensor in noted}
        inside = {memory for memory in kept if memory not in own and memory not in at_input and memory not in at_output}
        return Weighed(
            multiply_adds,
            frozenset(at_input[memory] for memory in kept if memory in at_input),
            frozenset(at_output[memory] for memory in kept if memory in at_output and memory not in at_input),
            sum(kept[memory] for memory in inside),
            tuple(at_input.get(_memory(tensor), -1) for tensor in outputs),
            tuple(tensor.requires_grad for tensor in outputs),
            bytes_of["parameters"], bytes_of["buffers"],
        )  # fmt: skip


def _memory(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _bytes(tensor: torch.Tensor) -> int:
    return int(tensor.untyped_storage().nbytes())
