"""What went wrong, in a person's words."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from nnstudio.train.environment import TrainingError
from nnstudio.train.events import RunFailed
from nnstudio.train.replay import Culprit

if TYPE_CHECKING:
    from nnstudio.compile.lower import Compiled

_HINTS = {
    "data": "look for missing or infinite values in the data",
    "output": "lower the learning rate, clip the gradient, or normalise what this layer is fed",
    "loss": "lower the learning rate, or look at the targets",
    "gradient": "lower the learning rate or clip the gradient (1.0 is a common bound)",
    "weights": "lower the learning rate; the steps were too large",
}
#: By type of layer, where what came out of it is infinite by its nature.
_INFINITE = {
    "CTCLoss": "a target has more codes than fit into its steps (the same code twice takes one more): shrink the "
    "sequence less before it, or turn on Leave out impossible",
}
_WHAT = {
    "data": "the data at the input",
    "output": "what came out of",
    "gradient": "the gradient of",
    "weights": "the weights of",
}


def went_bad(culprit: Culprit, compiled: Compiled, time: float) -> RunFailed:
    """Numbers became NaN or Inf."""
    name = compiled.name(culprit.node) if culprit.node else ""
    where = f"{_WHAT[culprit.what]} “{name}”" if name else "the loss"
    kind = compiled.network.nodes[culprit.node].layer.type_name() if name else ""
    infinite = culprit.what == "output" and culprit.value == "Inf"
    began = f", first for row {culprit.sample + 1} of the training data" if culprit.sample >= 0 else ""
    return RunFailed(
        step=culprit.step, time=time, node=culprit.node,
        message=f"Training stopped at step {culprit.step + 1} (epoch {culprit.epoch + 1}, batch {culprit.batch + 1}): "
        f"{where} was no longer a finite number ({culprit.value}){began}; the last good weights are kept",
        hint=_INFINITE.get(kind, _HINTS["output"]) if infinite else _HINTS[culprit.what],
    )  # fmt: skip


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on whatever device."""
    import torch

    text = str(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and ("not enough memory" in text or "can't allocate memory" in text or "out of memory" in text)
    )


def failed(error: BaseException, batch_size: int, step: int, time: float) -> RunFailed:
    """The failure that an exception is. It holds text only, so nothing keeps the run's tensors alive."""
    detail = "".join(traceback.format_exception(error))
    message, hint, node = _told(error, batch_size)
    return RunFailed(step=step, time=time, message=message, hint=hint, node=node, detail=detail)


def _told(error: BaseException, batch_size: int) -> tuple[str, str, str]:
    if isinstance(error, TrainingError):
        return error.message, error.hint, error.node
    problems = getattr(error, "problems", ())
    if problems:  # a CompileError
        return str(error), getattr(problems[0], "hint", ""), getattr(problems[0], "node", "")
    if is_out_of_memory(error):
        return (
            f"Memory ran out while training with batches of {batch_size} samples",
            f"try a batch size of {max(1, batch_size // 2)}, or make the layers smaller",
            "",
        )
    if isinstance(error, ImportError) and "torch" in str(error):
        return (f"PyTorch cannot be loaded: {error}", "install it again, as the README says", "")
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "Expected more than 1 value per channel" in text:
        return (
            "Batch normalisation needs at least two samples in a batch, and a batch had one",
            "raise the batch size to 2 or more",
            "",
        )
    return (f"Training failed: {text}", "the details say where", "")
