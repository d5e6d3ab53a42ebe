"""Running one layer to see what comes out: on torch's meta device, or on the CPU where that is small work.

On the meta device nothing is computed, but much of torch 2.13's meta device is Python: a Linear takes 1.5 ms there and
0.03 ms on the CPU, and the first use imports sympy and the compiler (2 to 3 s). So a layer whose work is surely small
is built without initialisation and run on a few zeros; everything else goes to the meta device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from nnstudio.compile.sequences import one_step
from nnstudio.compile.shapes import Inputs, Runner, is_followed, runner
from nnstudio.layers import Call, Function, Layer, TensorType

#: Values of a symbol at which a layer is run. Large and divisible, so that halving and small kernels fit.
_PROBES: Mapping[str, tuple[int, int]] = {"N": (2, 3)}
_OTHER_PROBES = (96, 144)
#: Further lengths at which a size that seems to follow straight is checked, and those that show how it is rounded.
_CHECKS = (97, 98, 99)
_ROUNDING = (range(100, 104), range(104, 112), (*range(112, 144), 145, 288))
#: A batch size that nothing else has: where each output size is either this or far smaller, one run is enough.
TELLING = 1_000_003
#: What counts as small: numbers in a module, numbers that a function puts out, products in a module (each weight with
#: each number, at most), and those in one where they are known (10 ms on one core).
_NUMBERS, _RESULT, _WORK, _KNOWN_WORK = 4_000_000, 250_000, 500_000_000, 100_000_000
#: Modules whose output can be far larger than their input, and which :func:`_grown` does not know.
_GROWING = ("Pad", "Fold", "Unpool", "PixelShuffle")
_PADDING = 16
#: Functions that put out as many times more numbers as their arguments say, and those that pair all with all.
_MULTIPLYING = frozenset(
    f"torch.{name}"
    for name in "broadcast_to tile repeat_interleave nn.functional.one_hot nn.functional.pad "
    "nn.functional.interpolate".split()
)
_PAIRING = frozenset({"torch.einsum", "torch.unsqueeze"})

Point = Mapping[str, int]


class Trial:
    """A layer's module (or function) on ``device``, ready to be run on inputs of given types."""

    def __init__(self, layer: Layer, built: Call | Function, inputs: Inputs, symbols: Sequence[str]) -> None:
        self.inputs, self.symbols = inputs, symbols
        self.device = "cpu" if _seems_small(layer, built, inputs, self._points()[0]) else "meta"
        self.call = self._make(layer, built)
        if self.device == "cpu" and not self._is_small():
            self.device = "meta"
            self.call = self._make(layer, built)

    def _make(self, layer: Layer, built: Call | Function) -> Runner:
        with torch.device(self.device), _Uninitialised():
            made = runner(layer, built)
        if made.module is not None:
            made.module.eval()  # as many numbers come out, sooner, and none is drawn
        return made

    @property
    def parameters(self) -> int:
        """Trainable numbers."""
        return sum(p.numel() for p in self.call.module.parameters()) if self.call.module is not None else 0

    def _is_small(self) -> bool:
        products = _products(self.call.module, self.inputs, self._points()[0])
        if products is not None:
            return products <= _KNOWN_WORK
        return self.parameters * max(1, _numel(self.inputs, self._points()[0])) <= _WORK

    def run(self) -> tuple[list[Point], list[tuple[torch.Tensor, ...]]]:
        """What comes out at several values of the symbols: the values, and the tensors for each."""
        with torch.no_grad(), one_step(self.call.module):
            if self.device == "meta" and self.symbols == ["N"]:
                result = self._at({"N": TELLING})
                if all(size == TELLING or size < TELLING // 10 for tensor in result for size in tensor.shape):
                    return [{"N": TELLING}], [result]
            points = self._points()
            results = [self._at(point) for point in points]
            for name in self.symbols:
                if name not in _PROBES:
                    self._add_lengths(name, points, results)
            return points, results

    def _add_lengths(self, name: str, points: list[Point], results: list[tuple[torch.Tensor, ...]]) -> None:
        """Run at more lengths where a size that follows ``name`` may be rounded: enough of them to see how."""
        base = points[0]
        self._run_at([{**base, name: length} for length in _CHECKS], points, results)
        known = {size for type in _types(self.inputs) for size in type.sizes if not isinstance(size, int)}
        for more in _ROUNDING:
            here = [place for place, point in enumerate(points) if all(point[o] == base[o] for o in base if o != name)]
            if all(
                any(all(size.at(points[place]) == seen[points[place][name]] for place in here) for size in known)
                or is_followed(seen)
                for seen in self._seen(name, points, results, here)
            ):
                return
            self._run_at([{**base, name: length} for length in more], points, results)

    def _seen(
        self, name: str, points: list[Point], results: list[tuple[torch.Tensor, ...]], here: list[int]
    ) -> Iterator[dict[int, int]]:
        """Each size of what came out, by length."""
        for output in range(len(results[0])):
            for axis in range(results[0][output].dim()):
                yield {points[place][name]: results[place][output].shape[axis] for place in here}

    def _run_at(self, more: list[Point], points: list[Point], results: list[tuple[torch.Tensor, ...]]) -> None:
        """Run at further points; one at which the layer does not work (a length that does not divide) tells nothing."""
        for point in more:
            try:
                made = self._at(point)
            except Exception:
                continue
            points.append(point)
            results.append(made)

    def _points(self) -> list[Point]:
        base = {name: _PROBES.get(name, _OTHER_PROBES)[0] for name in self.symbols}
        return [base, *({**base, name: _PROBES.get(name, _OTHER_PROBES)[1]} for name in self.symbols)]

    def _at(self, point: Point) -> tuple[torch.Tensor, ...]:
        make: Callable[..., torch.Tensor] = torch.zeros if self.device == "cpu" else torch.empty

        def tensor(type: TensorType) -> torch.Tensor:
            return make(type.shape(point), dtype=getattr(torch, type.dtype), device=self.device)

        values = {
            name: tuple(map(tensor, value)) if isinstance(value, tuple) else None if value is None else tensor(value)
            for name, value in self.inputs.items()
        }
        with _default_device(self.device):
            result = self.call(values)
        return result if isinstance(result, tuple) else (result,)


class _Uninitialised(TorchFunctionMode):
    """Leaves new weights as they are: no time goes into them, and no random number is drawn."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == nn.init.__name__:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


@contextmanager
def _default_device(device: str) -> Iterator[None]:
    """Tensors that a module makes of its own are made on this device (the CPU is the default and costs nothing)."""
    if device == "cpu":
        yield
    else:
        with torch.device(device):
            yield


def _seems_small(layer: Layer, built: Call | Function, inputs: Inputs, point: Point) -> bool:
    """Whether building and running a layer on the CPU is surely little work and memory."""
    if not type(layer).__module__.startswith("nnstudio."):
        return False  # what a plugin's layer does with its numbers is not known
    if isinstance(built, Function):
        return _put_out(built, inputs, point) <= _RESULT
    if any(word in built.target for word in _GROWING):
        return False
    padding = getattr(layer, "padding", 0)
    largest = max(padding) if isinstance(padding, tuple) else padding if isinstance(padding, int) else 0
    numbers = [*_integers(built.args), *_integers(tuple(value for _, value in built.kwargs))]
    small = largest <= _PADDING and math.prod(numbers) <= _NUMBERS and _numel(inputs, point) <= _RESULT
    return small and _grown(layer, built.target, inputs, point) <= _RESULT


def _products(module: nn.Module | None, inputs: Inputs, point: Point) -> int | None:
    """At most as many products as a module does: each weight meets each place once. None where that is not known."""
    first = next(_types(inputs), None)
    if first is None:
        return None
    shape = first.shape(point)
    if isinstance(module, nn.Linear):
        return module.weight.numel() * math.prod(shape[:-1])
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        padding = (0,) * len(shape[2:]) if isinstance(module.padding, str) else module.padding  # "same" adds no place
        places = math.prod(size + 2 * around for size, around in zip(shape[2:], padding, strict=False))
        return module.weight.numel() * shape[0] * places
    return None


def _grown(layer: Layer, target: str, inputs: Inputs, point: Point) -> int:
    """About as many numbers as come out of a layer that enlarges what it is fed; 0 for one that does not."""
    first = next(_types(inputs), None)
    if first is None or not any(word in target for word in ("ConvTranspose", "Upsample", "Adaptive")):
        return 0
    batch, *rest = first.shape(point)
    sizes = rest[1:]

    def each(name: str, default: int) -> list[int]:
        value = getattr(layer, name, default)
        known = list(value) if isinstance(value, tuple) else [value] * len(sizes)
        return [math.ceil(item) if item is not None else size for item, size in zip(known, sizes, strict=False)]

    if "Adaptive" in target:
        return batch * rest[0] * math.prod(each("output_size", 1)) if rest else 0
    if "Upsample" in target:
        return batch * math.prod(rest) * math.prod(each("scale_factor", 1))
    reach = zip(sizes, each("stride", 1), each("kernel_size", 1), each("dilation", 1), strict=False)
    return batch * int(getattr(layer, "out_channels", 1)) * math.prod(size * s + k * d for size, s, k, d in reach)


def _integers(values: Any) -> Iterator[int]:
    for value in values:
        if isinstance(value, tuple):
            yield from _integers(value)
        elif isinstance(value, int) and not isinstance(value, bool) and value > 0:
            yield value


def _types(inputs: Inputs) -> Iterator[TensorType]:
    for value in inputs.values():
        yield from value if isinstance(value, tuple) else () if value is None else (value,)


def _numel(inputs: Inputs, point: Point) -> int:
    return sum(math.prod(type.shape(point)) for type in _types(inputs))


def _put_out(built: Function, inputs: Inputs, point: Point) -> int:
    """At least as many numbers as a function puts out."""
    count = _broadcast(inputs, point)
    for part in built.functions():
        if part.target in _MULTIPLYING:
            count *= math.prod(_integers((*part.args, *(value for _, value in part.kwargs))))
        elif part.target in _PAIRING:
            count = max(count, math.prod(math.prod(type.shape(point)) for type in _types(inputs)))
    return count


def _broadcast(inputs: Inputs, point: Point) -> int:
    """At least as many numbers as come out where inputs are spread against each other, multiplied or joined."""
    shapes = [type.shape(point) for type in _types(inputs)]
    rank = max((len(shape) for shape in shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return max(math.prod(max(sizes) for sizes in zip(*padded, strict=True)), _numel(inputs, point)) if shapes else 0
