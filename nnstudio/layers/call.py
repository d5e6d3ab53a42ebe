"""What a layer becomes: data that `compile` instantiates and `export` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Arg:
    """In a :class:`Function`'s arguments: the tensor at an input port (of a port for many: the ``index``-th)."""

    port: str
    index: int | None = None


@dataclass(frozen=True, slots=True, init=False)
class Function:
    """A call of a plain function on the layer's inputs: ``Function("torch.cat", (Arg("inputs", 0), …), dim=1)``.

    Arguments may be :class:`Arg`, other functions, tuples of these, and plain values.
    """

    target: str
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]

    def __init__(self, target: str, *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "args", args)
        object.__setattr__(self, "kwargs", tuple(kwargs.items()))

    def functions(self) -> Iterator[Function]:
        """This function and those among its arguments."""
        yield self
        for value in (*self.args, *(value for _, value in self.kwargs)):
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Function):
                    yield from item.functions()


@dataclass(frozen=True, slots=True, init=False)
class Call:
    """A module made once, ``Call("torch.nn.Conv2d", 3, 16, kernel_size=3)``, and called with the inputs.

    The module is called with the tensors of the connected input ports in the order of declaration; an
    optional input that is not connected is passed as ``None`` where one after it is connected. What it
    returns is one tensor for one output port, else a tuple in the order of the output ports.
    """

    target: str
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]

    def __init__(self, target: str, *args: Any, **kwargs: Any) -> None:
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "args", args)
        object.__setattr__(self, "kwargs", tuple(kwargs.items()))

    @property
    def keywords(self) -> Mapping[str, Any]:
        """The arguments that are passed by name."""
        return dict(self.kwargs)


@dataclass(frozen=True, slots=True)
class Draw:
    """A random source: the trainer (or whoever runs the model) draws a tensor of ``shape`` for each sample.

    distribution: ``normal`` (mean 0, standard deviation 1) or ``uniform`` (0 to 1).
    """

    distribution: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, init=False)
class Init:
    """An initialiser applied in place to parameters: ``Init("torch.nn.init.zeros_", "bias")``.

    ``matching`` is the beginning of the parameter names that it is for: ``weight`` also means ``weight_ih_l0``.
    """

    target: str
    matching: str
    kwargs: tuple[tuple[str, Any], ...]

    def __init__(self, target: str, matching: str, **kwargs: Any) -> None:
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "matching", matching)
        object.__setattr__(self, "kwargs", tuple(kwargs.items()))
