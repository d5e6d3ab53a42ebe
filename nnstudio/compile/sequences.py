"""Recurrent layers in a trial run: on the meta device torch unrolls them in Python, seconds for a long sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_UNROLLED = frozenset({torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu})


class _OneStep(TorchFunctionMode):
    """Runs one step and repeats it: the sizes and types of what comes out are the same."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in _UNROLLED or not isinstance(args[2], list | tuple):  # a packed sequence comes otherwise
            return func(*args, **kwargs)
        time = 1 if args[-1] else 0  # batch_first
        steps = args[0].shape[time]
        if steps == 0:
            return func(*args, **kwargs)
        sequence, *states = func(args[0].narrow(time, 0, 1), *args[1:], **kwargs)
        return (sequence.repeat_interleave(steps, dim=time), *states)


@contextmanager
def one_step(module: nn.Module | None) -> Iterator[None]:
    """While it lasts, recurrent layers of ``module`` run one step for the whole sequence (for sizes alone)."""
    recurrent = module is not None and any(isinstance(part, nn.RNNBase) for part in module.modules())
    with _OneStep() if recurrent else nullcontext():
        yield
